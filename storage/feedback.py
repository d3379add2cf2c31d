"""Members' feedback: one document a member, so many messages a day."""

from __future__ import annotations

import time
from collections.abc import Callable

from storage.database import Database, Index, index
from storage.driver import ObjectId, Session
from storage.errors import Exhausted
from storage.presence import hold
from storage.traces import Trace

DAY = 86_400  # seconds
MOST = 700  # messages of 5 000 characters, four bytes each: what fits into one document


class Feedback:
    """The collection `app_feedback`."""

    INDEXES: tuple[Index, ...] = (index("app_feedback", "user_id", unique=True),)
    TRACES = (Trace("app_feedback", "user_id"),)

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._rows = database["app_feedback"]
        self._users = database["users"]
        self._clock = clock

    async def add(self, member: ObjectId, text: str, quota: int) -> None:
        """Store a message; raises Exhausted when the member has sent `quota` in the last 24 hours.

        Messages of one member follow one another (see hold), so that each one counts the earlier ones.
        """
        now = int(self._clock())

        async def work(session: Session) -> None:
            await hold(self._users, member, session)
            times = {"feedbacks.submission_time": 1}
            row = await self._rows.find_one({"user_id": member}, times, session=session) or {}
            sent = [each.get("submission_time", 0) for each in row.get("feedbacks", ())]
            recent = sorted(moment for moment in sent if moment > now - DAY)
            if len(recent) >= quota or len(sent) >= MOST:
                raise Exhausted("feedback", recent[0] + DAY - now if recent else DAY)
            message = {"feedback": text, "submission_time": now}
            await self._rows.update_one(
                {"user_id": member},
                {"$push": {"feedbacks": message}, "$inc": {"n_feedbacks": 1}},
                upsert=True,
                session=session,
            )

        await self._database.transaction(work)
