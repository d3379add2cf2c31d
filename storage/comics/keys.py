"""Secret keys: one an account, by which the apps of comic readers ask; in the account's own document."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from storage.batching import Batcher
from storage.credentials import Ending
from storage.database import Database, Index, index
from storage.driver import Document, DuplicateKeyError, ObjectId, ReturnDocument, Session
from storage.errors import Departed, Taken
from storage.revocations import Revocations, name_credential
from storage.signin import MICROSECONDS

KEY = "comics.secret_key"
SCHEME = "comics"  # what names of revoked keys begin with
FIELDS = dict.fromkeys(
    ("id", "is_active", "email", "timestamp", "auth.generation", "auth.last_login", KEY), 1
)


def make_key() -> str:
    """Make a secret key: 32 lower-case hex digits."""
    return uuid.uuid4().hex


def name_key(key: str) -> str:
    """Name a key as a credential, without telling anything of it."""
    return name_credential(SCHEME, key)


@dataclass(frozen=True, slots=True)
class Reader:
    """Whose key it is; times are microseconds since 1970."""

    oid: ObjectId
    id: int
    active: bool
    generation: int
    email: str
    date_joined: int
    last_login: int | None
    secret_key: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read the stored form of an account that has a key."""
        auth = row.get("auth") or {}
        return cls(
            row["_id"],
            row["id"],
            row.get("is_active", True),
            auth.get("generation", 0),
            row["email"],
            round(row.get("timestamp", 0) * MICROSECONDS),
            auth.get("last_login"),
            row["comics"]["secret_key"],
        )


class SecretKeys:
    """The field `comics.secret_key` of `users`; an account gets its key when it is first asked for."""

    INDEXES: tuple[Index, ...] = (index("users", KEY, unique=True, partial={KEY: {"$exists": True}}),)

    def __init__(
        self, database: Database, revocations: Revocations, *, new_key: Callable[[], str] = make_key
    ) -> None:
        self._database = database
        self._users = database["users"]
        self._revocations = revocations
        self._new_key = new_key
        self._holders: Batcher[str, Reader | None] = Batcher(self._find_holders)

    async def holder(self, key: str) -> Reader | None:
        """Find whose key it is, deactivated or not; look-ups of one moment share a round trip."""
        return await self._holders.submit(key)

    async def _find_holders(self, keys: Sequence[str]) -> Sequence[Reader | None]:
        rows = await self._users.find({KEY: {"$in": list(set(keys))}}, FIELDS).to_list(None)
        found = {row["comics"]["secret_key"]: Reader.of(row) for row in rows}
        return [found.get(key) for key in keys]

    async def reader(self, number: int) -> Reader:
        """Find an active account by its id; its key is made if it has none yet; raises Departed."""
        active: Document = {"id": number, "is_active": {"$ne": False}}
        row = await self._users.find_one({**active, KEY: {"$exists": True}}, FIELDS)
        if row is None:
            row = await self._users.find_one_and_update(
                {**active, KEY: {"$exists": False}},
                {"$set": {KEY: self._new_key()}},
                FIELDS,
                return_document=ReturnDocument.AFTER,
            )
        # Where neither found it, another request has just made the key.
        row = row or await self._users.find_one({**active, KEY: {"$exists": True}}, FIELDS)
        if row is None:
            raise Departed
        return Reader.of(row)

    async def of(self, number: int) -> str:
        """Return the key of the active account with an id, made on the first need; raises Departed."""
        return (await self.reader(number)).secret_key

    async def rotate(self, number: int) -> str:
        """Give the active account with an id another key; the former one is dead at once; raises Departed."""
        fresh = self._new_key()

        async def work(session: Session) -> None:
            active = {"id": number, "is_active": {"$ne": False}}
            person = await self._users.find_one(active, {"_id": 1}, session=session)
            if person is None:
                raise Departed
            await self.replace(person["_id"], fresh, session)

        await self._database.transaction(work)
        return fresh

    async def replace(self, oid: ObjectId, key: str, session: Session) -> None:
        """Put a key in the place of the account's; ends what the former one opened.

        Raises Departed, and Taken where the key is somebody else's.
        """
        try:
            await self._put(oid, {"$set": {KEY: key}}, key, session)
        except DuplicateKeyError as error:
            raise Taken("secret_key") from error

    async def renew(self, ending: Ending, session: Session) -> None:
        """End the account's key: the next request for it makes another."""
        await self._put(ending.person["_id"], {"$unset": {KEY: ""}}, None, session)

    async def _put(self, oid: ObjectId, change: Document, key: str | None, session: Session) -> None:
        before = await self._users.find_one_and_update({"_id": oid}, change, {KEY: 1}, session=session)
        if before is None:
            raise Departed
        former = (before.get("comics") or {}).get("secret_key")
        if former is not None and former != key:
            await self._revocations.end(oid, name_key(former), session)
