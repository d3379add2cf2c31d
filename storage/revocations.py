"""Which credentials are void: every process hears of it and closes what they had opened."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from storage.batching import Batcher
from storage.credentials import Ending, Event
from storage.database import Database, Index, index
from storage.driver import Document, ObjectId, ReturnDocument, Session
from storage.errors import Departed

KEEP = 86_400  # seconds; longer than any token lives that was bought with a credential
SECRET = "flux"  # noqa: S105  # the scheme of the member's secret


def name_credential(scheme: str, secret: str) -> str:
    """Name a credential, so that its connections can be found, without telling anything of the secret."""
    return name_digest(scheme, hashlib.sha256(secret.encode()).hexdigest())


def name_digest(scheme: str, digest: str) -> str:
    """Name a credential of which only the SHA-256 is known."""
    return f"{scheme}:{digest[:16]}"


@dataclass(frozen=True, slots=True)
class Revocation:
    """The end of one credential of an account or, where None is named, of all older than a generation."""

    user: int
    generation: int
    credential: str | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Revocation:
        """Read the stored form."""
        return cls(row["user"], row["generation"], row["credential"])


class Revocations:
    """Rows of `revocations`, written in the transaction of whatever revokes."""

    COLLECTION = "revocations"
    INDEXES: tuple[Index, ...] = (
        index(COLLECTION, "user", "credential"),
        index(COLLECTION, "expires", expire_after=0),
    )

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._rows = database[self.COLLECTION]
        self._users = database["users"]
        self._clock = clock
        self._voids: Batcher[tuple[int, str], bool] = Batcher(self._find_void)

    async def end(self, user_id: ObjectId, credential: str | None, session: Session) -> None:
        """Revoke one credential, by the name that `name_credential` gives it, or (None) all of an account.

        All: the account's generation is raised, which voids the tokens of the hub too. Raises Departed.
        """
        person = await self._users.find_one_and_update(
            {"_id": user_id},
            {"$inc": {"auth.generation" if credential is None else "auth.held": 1}},
            {"id": 1, "auth.generation": 1},
            return_document=ReturnDocument.AFTER,
            session=session,
        )
        await self._note(person, credential, session)

    async def end_all(self, user_id: ObjectId, session: Session) -> None:
        """Revoke everything: a step of the account's deletion."""
        await self.end(user_id, None, session)

    async def end_sockets(self, ending: Ending, session: Session) -> None:
        """Close the live connections of an account whose generation was just raised."""
        person = await self._users.find_one(
            {"_id": ending.person["_id"]}, {"id": 1, "auth.generation": 1}, session=session
        )
        await self._note(person, None, session)

    async def end_secret(self, ending: Ending, session: Session) -> None:
        """Close what the former secret of a member had opened, where the rest stays open."""
        if ending.event is Event.PROVEN:
            await self._note(ending.person, name_credential(SECRET, ending.person["s"]), session)

    async def _note(self, person: Document | None, credential: str | None, session: Session) -> None:
        if person is None:
            raise Departed
        row: Document = {
            "user": person["id"],
            "generation": person.get("auth", {}).get("generation", 0),
            "credential": credential,
            "expires": datetime.fromtimestamp(self._clock() + KEEP, UTC),
        }
        await self._rows.insert_one(row, session=session)

    async def is_void(self, user: int, credential: str) -> bool:
        """Tell whether a credential was revoked by name; look its generation up for the rest.

        Look-ups of one moment share a round trip.
        """
        return await self._voids.submit((user, credential))

    async def _find_void(self, named: Sequence[tuple[int, str]]) -> Sequence[bool]:
        users, credentials = ({each[place] for each in named} for place in (0, 1))
        query = {"user": {"$in": list(users)}, "credential": {"$in": list(credentials)}}
        rows = await self._rows.find(query, {"user": 1, "credential": 1}).to_list(None)
        void = {(row["user"], row["credential"]) for row in rows}
        return [each in void for each in named]

    async def recent(self) -> Sequence[Revocation]:
        """Read all that are kept, for whoever may have missed some."""
        return [Revocation.of(row) async for row in self._rows.find()]
