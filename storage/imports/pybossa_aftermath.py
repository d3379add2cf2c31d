"""What follows from a file's rows: counters, scores, ranks and news, once at its end."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from storage.database import Database
from storage.driver import Document, Session
from storage.pybossa.contributions import contribution_news
from storage.pybossa.feed import KEPT, Feed, News
from storage.pybossa.people import read_moment, show
from storage.pybossa.projects import project_news
from storage.pybossa.ranking import Ranking
from storage.pybossa.recount import Recount


@dataclass(frozen=True, slots=True, order=True)
class Tiding:
    """Something new in a file, before it is told: the kind of entry, a person, a project."""

    updated: float
    number: int
    kind: str
    user_id: int | None = None
    project_id: int | None = None


@dataclass(slots=True)
class Touched:
    """Whose numbers may be others now: projects with their suspect tasks, and people."""

    projects: dict[int, set[int]] = field(default_factory=dict)
    people: set[int] = field(default_factory=set)

    def project(self, project_id: int, *suspects: int) -> None:
        """Note a project, and tasks of it that may have to be opened again."""
        self.projects.setdefault(project_id, set()).update(suspects)


class Aftermath:
    """Collects what the loaders of one file touch, and settles it behind the last row."""

    def __init__(
        self, database: Database, ranking: Ranking, feed: Feed, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._users = database["users"]
        self._projects = database["projects"]
        self.ranking = ranking
        self.feed = feed
        self._recount = Recount(database, ranking)
        self._clock = clock
        self._newest: list[Tiding] = []
        self.touched = Touched()

    def note(self, tidings: Iterable[Tiding]) -> None:
        """Note new things; only the newest are kept."""
        for each in tidings:
            if len(self._newest) < KEPT:
                heapq.heappush(self._newest, each)
            elif each > self._newest[0]:
                heapq.heapreplace(self._newest, each)

    def moment(self, *texts: str | None) -> float:
        """Return the first time that is known, else now."""
        return next((read_moment(each) for each in texts if each is not None), self._clock())

    async def settle(self) -> None:
        """Count what was touched, then tell of what is new."""
        published = await self._find_published(self.touched.projects)
        for project_id, suspects in sorted(self.touched.projects.items()):
            completed = await self._recount.project(project_id, suspects)
            if project_id in published:
                self.note(
                    Tiding(self.moment(each.finished), each.task_id, "TaskCompleted", None, project_id)
                    for each in completed
                    if each.task_id not in suspects
                )
        await self._recount.scores(self.touched.people)
        await self.ranking.transact(self._tell)

    async def _find_published(self, project_ids: Iterable[int]) -> frozenset[int]:
        found = {"_id": {"$in": list(project_ids)}, "published": True}
        return frozenset([row["_id"] async for row in self._projects.find(found, {"_id": 1})])

    async def _tell(self, session: Session) -> None:
        """Tell of what is new, and bring the top list up to date."""
        tidings = sorted(self._newest, key=attrgetter("updated"))
        wanted = [each.user_id for each in tidings if each.user_id is not None]
        named = {"id": {"$in": wanted}, "pybossa.restrict": False}
        await self._users.update_many(named, {"$inc": {"auth.held": 1}}, session=session)
        people = {row["id"]: row for row in await self._users.find(named, session=session).to_list(None)}
        there = {"_id": {"$in": [each.project_id for each in tidings]}, "published": True}
        rows = await self._projects.find(there, session=session).to_list(None)
        news = compose(tidings, people, {row["_id"]: row for row in rows})
        await self.ranking.redraw(session)
        await self.feed.add(news, session)


def compose(
    tidings: Sequence[Tiding], people: Mapping[int, Document], projects: Mapping[int, Document]
) -> list[News]:
    """Make entries of tidings; those about nobody who may be shown are left out."""
    news = []
    for each in tidings:
        person = people.get(each.user_id) if each.user_id is not None else None
        project = projects.get(each.project_id) if each.project_id is not None else None
        if each.kind == "User" and person is not None:
            news.append(News("User", each.updated, show(person), person["id"], person["_id"]))
        elif each.kind == "UserContribution" and person is not None and project is not None:
            news.append(contribution_news(each.updated, person, project))
        elif each.user_id is None and project is not None:
            news.append(project_news(each.kind, each.updated, project))
    return news
