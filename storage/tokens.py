"""The lasting tokens of apps: one an account, made at its first sign-in and the same ever after."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from storage.accounts import MEMBER_FIELDS, Member
from storage.batching import Batcher
from storage.credentials import Ending
from storage.database import Database, Index, Restart, index
from storage.driver import DuplicateKeyError, ObjectId, ReturnDocument, Session
from storage.traces import Trace

KEY_BYTES = 20  # 160 random bits, as 40 hex digits


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose token it is, and whether that account may still do anything."""

    member: Member
    active: bool


class Tokens:
    """Rows of `auth_tokens`: {key, user_id, created_at}."""

    INDEXES: tuple[Index, ...] = (
        index("auth_tokens", "key", unique=True),
        index("auth_tokens", "user_id", unique=True),
    )
    TRACES = (Trace("auth_tokens", "user_id"),)

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._rows = database["auth_tokens"]
        self._users = database["users"]
        self._clock = clock
        self._holders: Batcher[str, Holder | None] = Batcher(self._find_holders)

    async def holder(self, key: str) -> Holder | None:
        """Find whose token it is; look-ups of one moment share their round trips."""
        return await self._holders.submit(key)

    async def _find_holders(self, keys: Sequence[str]) -> Sequence[Holder | None]:
        tokens = await self._rows.find({"key": {"$in": list(set(keys))}}).to_list(None)
        owners = {row["key"]: row["user_id"] for row in tokens}
        people = await self._users.find({"_id": {"$in": list(owners.values())}}, MEMBER_FIELDS).to_list(None)
        found = {row["_id"]: Holder(Member.of(row), row.get("is_active", True)) for row in people}
        return [found.get(owners.get(key)) for key in keys]

    async def current(self, user_id: ObjectId, session: Session) -> str | None:
        """Return the account's token, None before its first sign-in."""
        row = await self._rows.find_one({"user_id": user_id}, session=session)
        return None if row is None else str(row["key"])

    async def revoke(self, ending: Ending, session: Session) -> None:
        """Delete the account's token; the next sign-in makes another."""
        await self._rows.delete_one({"user_id": ending.person["_id"]}, session=session)

    async def issue(self, user_id: ObjectId, session: Session | None = None) -> str:
        """Return the account's token; two first sign-ins at once get the same one."""
        fresh = {"key": secrets.token_hex(KEY_BYTES), "created_at": self._clock()}
        for last in (False, True):
            try:
                row = await self._rows.find_one_and_update(
                    {"user_id": user_id},
                    {"$setOnInsert": fresh},
                    upsert=True,
                    return_document=ReturnDocument.AFTER,
                    session=session,
                )
            except DuplicateKeyError as error:
                if session is not None:
                    raise Restart from error
                if last:
                    raise
                continue  # the other one inserted in the same moment; its row is there now
            assert row is not None
            return str(row["key"])
        raise AssertionError("unreachable")
