"""Counts task runs anew, for the projects and people that an import has touched."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from storage.database import Database
from storage.driver import DeleteOne, Document, Session, UpdateOne
from storage.imports.rows import restarting
from storage.pybossa.contributions import contributor, move_of
from storage.pybossa.projects import COMPLETED, ONGOING
from storage.pybossa.ranking import Ranking, Seat

PORTION = 2000  # documents that one transaction changes
PEOPLE = 250


@dataclass(frozen=True, slots=True)
class Completed:
    """A task that has become complete, and when its last run was finished (ISO text, if that is known)."""

    task_id: int
    project_id: int
    finished: str | None


@dataclass(slots=True)
class Sums:
    """What a project's runs amount to, and which documents have to change for it."""

    stats: Document
    contributions: list[tuple[str, Document | None]] = field(default_factory=list)
    tasks: list[tuple[int, str]] = field(default_factory=list)
    completed: list[Completed] = field(default_factory=list)


class Moved(Exception):
    """Somebody has changed the project while its runs were counted."""


class Recount:
    """Brings contributions, tasks, project numbers and scores up to date with `task_runs`."""

    def __init__(self, database: Database, ranking: Ranking) -> None:
        self._database = database
        self._users = database["users"]
        self._projects = database["projects"]
        self._tasks = database["tasks"]
        self._runs = database["task_runs"]
        self._contributions = database["contributions"]
        self._ranking = ranking

    async def project(self, project_id: int, suspects: Collection[int] = ()) -> list[Completed]:
        """Count a project; return the tasks that its runs have completed.

        `suspects` are tasks that may have lost runs, or need more of them than before.

        Counting takes longer than a transaction may last: the project's pulse tells whether what was
        counted still holds, when it is written.
        """
        while True:
            project = await self._projects.find_one({"_id": project_id}, {"pulse": 1})
            if project is None:
                return []
            sums = await self._count(project_id, suspects)
            try:
                await self._store(project_id, project.get("pulse", 0), sums)
            except Moved:
                continue
            return sums.completed

    async def _count(self, project_id: int, suspects: Collection[int]) -> Sums:
        """Count, without storing anything."""
        runs, counted = 0, {}
        by_person: Document = {"user_id": "$user_id", "ip": {"$cond": ["$user_id", None, "$user_ip"]}}
        group = {"_id": by_person, "runs": {"$sum": 1}, "last": {"$max": "$finish_time"}}
        pipeline: list[Document] = [{"$match": {"project_id": project_id}}, {"$group": group}]
        async for row in await self._database.aggregate("task_runs", pipeline):
            runs += row["runs"]
            user_id = row["_id"].get("user_id")
            if (who := contributor(user_id, row["_id"].get("ip"))) is not None:
                counted[who] = {"user_id": user_id, "runs": row["runs"], "last": row["last"]}
        sums = Sums({"n_runs": runs, "n_volunteers": len(counted)})
        await self._compare_contributions(project_id, counted, sums)
        await self._compare_tasks(project_id, suspects, sums)
        return sums

    async def _compare_contributions(
        self, project_id: int, counted: Mapping[str, Document], sums: Sums
    ) -> None:
        left = dict(counted)
        async for row in self._contributions.find({"project_id": project_id}):
            fresh = left.pop(row["who"], None)
            if fresh is None:
                sums.contributions.append((row["who"], None))
            elif any(row.get(name) != value for name, value in fresh.items()):
                sums.contributions.append((row["who"], fresh))
        sums.contributions += left.items()

    async def _compare_tasks(self, project_id: int, suspects: Collection[int], sums: Sums) -> None:
        """Find tasks whose state is not the one that they came with, or that their runs make."""
        counts = {"_id": "$task_id", "n": {"$sum": 1}, "last": {"$max": "$finish_time"}}
        task = {"from": "tasks", "localField": "_id", "foreignField": "_id", "as": "task"}
        done = {"$gte": ["$n", "$task.n_answers"]}
        pipeline: list[Document] = [
            {"$match": {"project_id": project_id}},
            {"$group": counts},
            {"$lookup": task},
            {"$unwind": "$task"},
            {"$match": {"task.state": {"$ne": COMPLETED}, "$expr": done}},
            {"$project": {"last": 1}},
        ]
        async for row in await self._database.aggregate("task_runs", pipeline):
            sums.tasks.append((row["_id"], COMPLETED))
            sums.completed.append(Completed(row["_id"], project_id, row["last"]))
        reopened = await self._find_reopened(project_id, suspects)
        sums.tasks += ((number, ONGOING) for number in reopened)
        of_project = {"project_id": project_id}
        completed = await self._tasks.count_documents({**of_project, "state": COMPLETED})
        sums.stats["n_tasks"] = await self._tasks.count_documents(of_project)
        sums.stats["n_completed"] = completed + len(sums.completed) - len(reopened)

    async def _find_reopened(self, project_id: int, suspects: Collection[int]) -> list[int]:
        """Find tasks that only their runs had completed, and that have not enough of them now."""
        by_runs = {"project_id": project_id, "state": COMPLETED, "stated": {"$ne": COMPLETED}}
        doubtful = self._tasks.find({"_id": {"$in": list(suspects)}, **by_runs}, {"n_answers": 1})
        reopened = []
        for task in await doubtful.to_list(None):
            runs = {"project_id": project_id, "task_id": task["_id"]}
            if await self._runs.count_documents(runs, limit=max(1, task["n_answers"])) < task["n_answers"]:
                reopened.append(task["_id"])
        return reopened

    async def _store(self, project_id: int, pulse: int, sums: Sums) -> None:
        """Write what differs, in several transactions where it is much; raises Moved."""
        contributions = [write_contribution(project_id, *each) for each in sums.contributions]
        tasks = [UpdateOne({"_id": number}, {"$set": {"state": state}}) for number, state in sums.tasks]
        portions = [("contributions", each) for each in split(contributions)]
        portions += [("tasks", each) for each in split(tasks)]
        for number, (name, updates) in enumerate(portions):
            await self._write(project_id, pulse + number, {}, {name: updates})
        values = {f"stats.{name}": value for name, value in sums.stats.items()}
        await self._write(project_id, pulse + len(portions), values, {})

    async def _write(
        self, project_id: int, pulse: int, values: Document, updates: Mapping[str, Sequence[Any]]
    ) -> None:
        same = {"_id": project_id, "pulse": pulse if pulse else {"$in": [0, None]}}

        async def work(session: Session) -> None:
            change: Document = {"$inc": {"pulse": 1}} | ({"$set": values} if values else {})
            found = await self._projects.update_one(same, change, session=session)
            if not found.matched_count:
                raise Moved
            for name, each in updates.items():
                await self._database[name].bulk_write(list(each), ordered=False, session=session)

        await restarting(self._database, work)

    async def scores(self, user_ids: Collection[int]) -> None:
        """Make scores the sums of contributions, and seat people anew."""
        ordered = sorted(user_ids)
        for start in range(0, len(ordered), PEOPLE):
            numbers = ordered[start : start + PEOPLE]
            await self._ranking.transact(partial(self._score, numbers))

    async def _score(self, numbers: Sequence[int], session: Session) -> None:
        group = {"_id": "$user_id", "runs": {"$sum": "$runs"}}
        pipeline: list[Document] = [{"$match": {"user_id": {"$in": list(numbers)}}}, {"$group": group}]
        rows = await self._database.aggregate("contributions", pipeline, session)
        sums = {row["_id"]: row["runs"] async for row in rows}
        joined = {"id": {"$in": list(numbers)}, "pybossa": {"$exists": True}}
        people = await self._users.find(joined, {"id": 1, "pybossa": 1}, session=session).to_list(None)
        changes, moves = [], []
        for person in people:
            own, score = person["pybossa"], sums.get(person["id"], 0)
            if own["score"] != score:
                own["score"] = score
                changes.append(UpdateOne({"_id": person["_id"]}, {"$set": {"pybossa.score": score}}))
            if own.get("place") is None or Seat.of(own) != Seat.due(person["id"], own):
                moves.append(move_of(person))
        if changes:
            await self._users.bulk_write(changes, ordered=False, session=session)
        await self._ranking.reseat(moves, session)


def write_contribution(project_id: int, who: str, values: Document | None) -> Any:
    """Return the write that stores what somebody contributed, or removes it."""
    key = {"project_id": project_id, "who": who}
    return DeleteOne(key) if values is None else UpdateOne(key, {"$set": values}, upsert=True)


def split(updates: Sequence[Any]) -> list[Sequence[Any]]:
    """Cut a list into what one transaction may change."""
    return [updates[start : start + PORTION] for start in range(0, len(updates), PORTION)]
