"""OAuth2 clients of partners and the tokens that they were given; neither is stored in the clear."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from storage.database import Database, Index, index
from storage.driver import Document

SCOPES = (
    "read",
    "write",
    "can_create_profiles",
    "can_check_if_exist",
    "can_create_interactions",
    "can_check_last_payments",
    "can_create_credit_card_payment",
    "can_view_events",
    "can_view_administrative_units",
    "can_create_userprofile_interaction",
)
USUAL_SCOPES = ("read", "write")
ID_BYTES, SECRET_BYTES, TOKEN_BYTES = 20, 48, 32


@dataclass(frozen=True, slots=True)
class App:
    """Who an access token speaks for: a partner's program with some scopes, never a user."""

    client_id: str
    scopes: frozenset[str]
    expires: float


@dataclass(frozen=True, slots=True)
class Client:
    """A registered client; its scopes in the order in which they were given."""

    client_id: str
    name: str
    secret_hash: str
    scopes: tuple[str, ...]

    def fits(self, secret: str) -> bool:
        """Tell whether it is the client's secret, in constant time."""
        return hmac.compare_digest(hash_secret(secret), self.secret_hash)


@dataclass(frozen=True, slots=True)
class NewClient:
    """A client that was just made; the secret is never seen again."""

    client_id: str
    client_secret: str


def hash_secret(secret: str) -> str:
    """Hash a secret or a token: both are long and random, so that one round is enough."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


class OAuth:
    """Rows of `oauth_clients` and `oauth_tokens`."""

    INDEXES: tuple[Index, ...] = (
        index("oauth_clients", "client_id", unique=True),
        index("oauth_tokens", "token_hash", unique=True),
        index("oauth_tokens", "expires", expire_after=0),
    )

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._clients = database["oauth_clients"]
        self._tokens = database["oauth_tokens"]
        self._clock = clock

    async def add_client(self, name: str, scopes: Collection[str] = USUAL_SCOPES) -> NewClient:
        """Register a client."""
        made = NewClient(secrets.token_hex(ID_BYTES), secrets.token_urlsafe(SECRET_BYTES))
        await self._clients.insert_one(
            {
                "client_id": made.client_id,
                "name": name,
                "secret_hash": hash_secret(made.client_secret),
                "scopes": list(dict.fromkeys(scopes)),
                "created_at": self._clock(),
            }
        )
        return made

    async def client(self, client_id: str) -> Client | None:
        """Find a client."""
        row = await self._clients.find_one({"client_id": client_id})
        if row is None:
            return None
        return Client(row["client_id"], row["name"], row["secret_hash"], tuple(row["scopes"]))

    async def issue(self, client_id: str, scopes: Collection[str], token: str, seconds: int) -> None:
        """Remember a token that is handed out; older ones stay valid."""
        ends = datetime.fromtimestamp(self._clock() + seconds, UTC)
        await self._tokens.insert_one(
            {
                "token_hash": hash_secret(token),
                "client_id": client_id,
                "scopes": list(scopes),
                "issued_at": self._clock(),
                "expires": ends,
            }
        )

    async def app(self, token: str) -> App | None:
        """Find out who a token speaks for; None for one that is unknown, expired or revoked."""
        row = await self._tokens.find_one({"token_hash": hash_secret(token)})
        if row is None:
            return None
        ends = seconds_of(row)
        return App(row["client_id"], frozenset(row["scopes"]), ends) if ends > self._clock() else None

    async def revoke(self, client_id: str, token: str) -> None:
        """End a token of a client; other clients' and unknown ones are left alone."""
        await self._tokens.delete_one({"token_hash": hash_secret(token), "client_id": client_id})


def make_token() -> str:
    """Make an opaque access token; it has no dot, so that nobody takes it for a JWT."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def seconds_of(row: Document) -> float:
    """Return when a token ends, in Unix seconds."""
    ends: datetime = row["expires"]
    return ends.replace(tzinfo=UTC).timestamp()
