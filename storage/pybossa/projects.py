"""Projects and their tasks, with the numbers that follow from task runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from storage.counters import Counters
from storage.database import Database, Index, index
from storage.driver import Document, Session
from storage.errors import Departed, NotFound
from storage.pybossa.feed import Feed, News
from storage.pybossa.people import public_info, write_moment

PUBLIC_INFO = ("container", "thumbnail", "thumbnail_url")
COMPLETED, ONGOING = "completed", "ongoing"
USUAL_ANSWERS = 30
NO_STATS: Mapping[str, int] = {"n_tasks": 0, "n_completed": 0, "n_runs": 0, "n_volunteers": 0}


@dataclass(frozen=True, slots=True)
class Project:
    """A project; `overall_progress` is in whole percent."""

    id: int
    name: str
    short_name: str
    description: str
    info: Any
    owner_id: int | None
    owners_ids: Sequence[int]
    published: bool
    n_tasks: int
    n_completed: int
    n_volunteers: int

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read the stored form."""
        stats = row.get("stats") or NO_STATS
        return cls(
            row["_id"],
            row["name"],
            row["short_name"],
            row.get("description") or "",
            row.get("info"),
            row.get("owner_id"),
            row.get("owners_ids") or [],
            row.get("published", False),
            stats["n_tasks"],
            stats["n_completed"],
            stats["n_volunteers"],
        )

    @property
    def overall_progress(self) -> int:
        """Return how much of it is done."""
        return 100 * self.n_completed // self.n_tasks if self.n_tasks else 0

    @property
    def public_info(self) -> Document:
        """Return what of its `info` everybody may see."""
        return public_info(self.info, PUBLIC_INFO)


@dataclass(frozen=True, slots=True)
class NewProject:
    """A project to be made."""

    name: str
    short_name: str
    owner_id: int
    description: str = ""
    published: bool = False
    info: Mapping[str, Any] = field(default_factory=dict)


def project_news(kind: str, updated: float, row: Mapping[str, Any]) -> News:
    """Tell of a project: made, got a task, had one completed."""
    entry = {
        "id": row["_id"],
        "name": row["name"],
        "short_name": row["short_name"],
        "info": public_info(row.get("info"), PUBLIC_INFO),
    }
    return News(kind, updated, entry, project_id=row["_id"])


class Projects:
    """Rows of `projects` and `tasks`; a project's `pulse` counts the changes of its runs and tasks."""

    INDEXES: tuple[Index, ...] = (
        index("projects", "owners_ids"),
        index("projects", "owner_id"),
        index("projects", "short_name"),
        index("tasks", "project_id", "state"),
    )

    def __init__(
        self, database: Database, counters: Counters, feed: Feed, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._users = database["users"]
        self._projects = database["projects"]
        self._tasks = database["tasks"]
        self._contributions = database["contributions"]
        self._counters = counters
        self._feed = feed
        self._clock = clock

    async def owned_by(self, user_id: int) -> list[Project]:
        """List the projects that a person owns alone or with others, by id."""
        return await self._list({"owners_ids": user_id}, [("_id", 1)])

    async def contributed_by(self, user_id: int) -> list[Project]:
        """List the projects with a run of a person's, by name from the end."""
        rows = await self._contributions.find({"user_id": user_id}, {"project_id": 1}).to_list(None)
        there = {"_id": {"$in": [row["project_id"] for row in rows]}}
        return await self._list(there, [("name", -1), ("_id", 1)]) if rows else []

    async def named(self, short_names: Sequence[str]) -> list[Project]:
        """List the projects with some short names, by id."""
        return await self._list({"short_name": {"$in": list(short_names)}}, [("_id", 1)])

    async def open_tasks(self, project_id: int, most: int = 100) -> list[int]:
        """Return tasks of a project that want more answers."""
        wanted = {"project_id": project_id, "state": ONGOING}
        rows = await self._tasks.find(wanted, {"_id": 1}).limit(most).to_list(None)
        return [row["_id"] for row in rows]

    async def _list(self, query: Document, order: Sequence[tuple[str, int]]) -> list[Project]:
        rows = await self._projects.find(query).sort(list(order)).to_list(None)
        return [Project.of(row) for row in rows]

    async def create(self, new: NewProject) -> Project:
        """Make a project; raises Departed where its owner is gone."""
        now = self._clock()
        row: Document = {
            "_id": await self._counters.take("projects"),
            "name": new.name,
            "short_name": new.short_name,
            "description": new.description,
            "owner_id": new.owner_id,
            "owners_ids": [new.owner_id],
            "published": new.published,
            "created": write_moment(now),
            "info": dict(new.info),
            "stats": dict(NO_STATS),
            "pulse": 0,
        }

        async def work(session: Session) -> None:
            held = {"$inc": {"auth.held": 1}}
            if not (await self._users.update_one({"id": new.owner_id}, held, session=session)).matched_count:
                raise Departed
            await self._projects.insert_one(row, session=session)
            if new.published:
                await self._feed.add([project_news("Project", now, row)], session)

        await self._database.transaction(work)
        return Project.of(row)

    async def add_task(self, project_id: int, n_answers: int = USUAL_ANSWERS) -> int:
        """Add a task that so many runs complete, and return its id; raises NotFound."""
        number, now = await self._counters.take("tasks"), self._clock()
        row: Document = {
            "_id": number,
            "project_id": project_id,
            "state": ONGOING,
            "n_answers": n_answers,
            "created": write_moment(now),
            "info": {},
        }

        async def work(session: Session) -> None:
            more = {"$inc": {"stats.n_tasks": 1, "pulse": 1}}
            project = await self._projects.find_one_and_update({"_id": project_id}, more, session=session)
            if project is None:
                raise NotFound("project")
            await self._tasks.insert_one(row, session=session)
            if project["published"]:
                await self._feed.add([project_news("Task", now, project)], session)

        await self._database.transaction(work)
        return number
