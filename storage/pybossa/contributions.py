"""Task runs, one by one, and everything that follows from each in the same transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from storage.counters import Counters
from storage.database import Database, Index, Restart, index
from storage.driver import Document, DuplicateKeyError, ReturnDocument, Session
from storage.errors import Departed, NotFound
from storage.pybossa.feed import Feed, News
from storage.pybossa.people import show, write_moment
from storage.pybossa.projects import COMPLETED, project_news
from storage.pybossa.ranking import Ranking, Reseat, Seat


@dataclass(frozen=True, slots=True)
class Run:
    """An answer to a task, by a person or (None) from an address."""

    task_id: int
    user_id: int | None
    user_ip: str | None = None
    info: Mapping[str, Any] = field(default_factory=dict)


def contributor(user_id: int | None, user_ip: str | None) -> str | None:
    """Name who a run is by, as `contributions` does; None where nobody knows."""
    if user_id is not None:
        return f"u{user_id}"
    return f"ip{user_ip}" if user_ip else None


class Contributions:
    """Rows of `task_runs`, counted by project and contributor in `contributions`."""

    INDEXES: tuple[Index, ...] = (
        index("task_runs", "project_id", "task_id"),
        index("task_runs", "user_id", partial={"user_id": {"$type": "number"}}),
        index("contributions", "project_id", "who", unique=True),
        index("contributions", "user_id", partial={"user_id": {"$type": "number"}}),
    )

    def __init__(
        self,
        database: Database,
        counters: Counters,
        ranking: Ranking,
        feed: Feed,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._users = database["users"]
        self._projects = database["projects"]
        self._tasks = database["tasks"]
        self._runs = database["task_runs"]
        self._rows = database["contributions"]
        self._counters = counters
        self._ranking = ranking
        self._feed = feed
        self._clock = clock

    async def add(self, run: Run) -> int:
        """Store a run and return its id; raises NotFound for the task, Departed for who has not joined."""
        number, now = await self._counters.take("task_runs"), self._clock()
        await self._ranking.transact(lambda session: self._add(number, run, now, session))
        return number

    async def _add(self, number: int, run: Run, now: float, session: Session) -> None:
        task = await self._tasks.find_one({"_id": run.task_id}, session=session)
        if task is None:
            raise NotFound("task")
        moment = write_moment(now)
        row: Document = {
            "_id": number,
            "project_id": task["project_id"],
            "task_id": run.task_id,
            "user_id": run.user_id,
            "user_ip": run.user_ip,
            "created": moment,
            "finish_time": moment,
            "info": dict(run.info),
        }
        person = await self._credit(run.user_id, session) if run.user_id is not None else None
        await self._runs.insert_one(row, session=session)
        completes = await self._complete(task, session)
        project = await self._count(row, completes, moment, session)
        news = self._tell(project, person, completes, now)
        if person is not None:
            move = move_of(person)
            await self._ranking.reseat([move], session)
            await self._ranking.refresh([move.before, move.after], session)
        await self._feed.add(news, session)

    async def _credit(self, user_id: int, session: Session) -> Document:
        """Raise a person's score; return their document with the former seat."""
        person = await self._users.find_one_and_update(
            {"id": user_id, "pybossa": {"$exists": True}},
            {"$inc": {"pybossa.score": 1}},
            return_document=ReturnDocument.AFTER,
            session=session,
        )
        if person is None:
            raise Departed
        return person

    async def _complete(self, task: Mapping[str, Any], session: Session) -> bool:
        """Complete a task that has all its answers; tell whether it had not before."""
        if task["state"] == COMPLETED:
            return False
        wanted = task["n_answers"]
        runs = {"project_id": task["project_id"], "task_id": task["_id"]}
        if await self._runs.count_documents(runs, limit=max(wanted, 1), session=session) < wanted:
            return False
        await self._tasks.update_one({"_id": task["_id"]}, {"$set": {"state": COMPLETED}}, session=session)
        return True

    async def _count(
        self, row: Mapping[str, Any], completes: bool, moment: str, session: Session
    ) -> Document:
        """Count a run for its contributor and its project; return the project."""
        steps = {
            "pulse": 1,
            "stats.n_runs": 1,
            "stats.n_volunteers": int(await self._count_contributor(row, moment, session)),
            "stats.n_completed": int(completes),
        }
        project = await self._projects.find_one_and_update(
            {"_id": row["project_id"]}, {"$inc": steps}, session=session
        )
        if project is None:
            raise NotFound("project")
        return project

    async def _count_contributor(self, row: Mapping[str, Any], moment: str, session: Session) -> bool:
        """Count a run for its contributor; tell whether it is their first in the project."""
        who = contributor(row["user_id"], row["user_ip"])
        if who is None:
            return False
        key = {"project_id": row["project_id"], "who": who}
        one_more = {"$inc": {"runs": 1}, "$set": {"user_id": row["user_id"]}, "$max": {"last": moment}}
        try:
            counted = await self._rows.update_one(key, one_more, upsert=True, session=session)
        except DuplicateKeyError as error:
            raise Restart from error
        return counted.upserted_id is not None

    @staticmethod
    def _tell(project: Document, person: Document | None, completes: bool, now: float) -> list[News]:
        if not project["published"]:
            return []
        news = []
        if person is not None and not person["pybossa"]["restrict"]:
            news.append(contribution_news(now, person, project))
        if completes:
            news.append(project_news("TaskCompleted", now, project))
        return news


def move_of(person: Mapping[str, Any]) -> Reseat:
    """Return the way from the seat that is stored to the one that is due."""
    own = person["pybossa"]
    return Reseat(person["_id"], Seat.of(own), Seat.due(person["id"], own))


def contribution_news(updated: float, person: Mapping[str, Any], project: Mapping[str, Any]) -> News:
    """Tell of a person's run."""
    entry = {
        **show(person),
        "project_id": project["_id"],
        "project_name": project["name"],
        "project_short_name": project["short_name"],
        "category_id": project.get("category_id"),
    }
    return News("UserContribution", updated, entry, person["id"], person["_id"], project["_id"])
