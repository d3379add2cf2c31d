"""The queue of members whose details are checked by people."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from storage.database import Database, Index, index
from storage.driver import Document, ReturnDocument
from storage.errors import NotFound

# Named in every hand-out: a plan that was cached while there were few members may be a bad one for many.
WAITING = index("users", "onAECRoll", "needsValidating", "lastValidationGet")
PAUSE = 60  # seconds in which a member who was handed out isn't handed out again


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a checker found; `second` marks the second look at a validated member."""

    valid: bool
    federal: bool
    state: bool
    second: bool
    reason: str


class ValidationQueue:
    """Hands members out and takes verdicts."""

    INDEXES: tuple[Index, ...] = (WAITING,)

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._users = database["users"]
        self._clock = clock

    async def next(self, *, state: str | None = None, second: bool = False) -> Document | None:
        """Hand out whoever waits longest, or None; of parallel callers each gets somebody else."""
        now = int(self._clock())
        waiting: Document = {
            "onAECRoll": True,
            "needsValidating": not second,
            # Missing sorts first: never handed out comes before long ago.
            "lastValidationGet": {"$not": {"$gt": now - PAUSE}},
            "is_active": {"$ne": False},
        }
        if second:
            waiting |= {"detailsValid": True, "doubleCheckedValidation": {"$ne": True}}
        if state is not None:
            waiting["addr_state"] = state
        return await self._users.find_one_and_update(
            waiting,
            {"$set": {"lastValidationGet": now}},
            sort=[("lastValidationGet", 1)],
            hint=list(WAITING.keys),
            return_document=ReturnDocument.AFTER,
        )

    async def member(self, secret: str) -> Document | None:
        """Return one member by their secret."""
        return await self._users.find_one({"s": secret, "is_active": {"$ne": False}})

    async def report(self, secret: str, verdict: Verdict) -> None:
        """Store a verdict about the member with this secret; raises NotFound."""
        values: Document = {
            "needsValidating": False,
            "detailsValid": verdict.valid,
            "valid_federal": verdict.federal,
            "valid_state": verdict.state,
            "lastValidated": int(self._clock()),
        }
        # A first look that finds the details valid says nothing about the second one.
        if verdict.second or not verdict.valid:
            values["doubleCheckedValidation"] = verdict.valid
        update: Document = {"$set": values}
        if verdict.reason:
            values["validationReason"] = verdict.reason
        else:
            update["$unset"] = {"validationReason": ""}
        result = await self._users.update_one({"s": secret}, update)
        if not result.matched_count:
            raise NotFound("member")
