"""Compares the community's counters, ranks and lists with the task runs and people that they follow from."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from typing import Any

from storage.database import Database
from storage.driver import Document, Session
from storage.pybossa.contributions import contributor
from storage.pybossa.feed import KEPT
from storage.pybossa.ladder import Ladder, order
from storage.pybossa.people import SHOWN, show
from storage.pybossa.projects import COMPLETED, NO_STATS
from storage.pybossa.ranking import BOARD, Ranking, Seat

Difference = tuple[str, str]  # where, and what differs
REFERENCES = (
    ("tasks", "project_id", "projects", "_id"),
    ("task_runs", "project_id", "projects", "_id"),
    ("task_runs", "task_id", "tasks", "_id"),
    ("task_runs", "user_id", "users", "id"),
    ("contributions", "user_id", "users", "id"),
    ("contributions", "project_id", "projects", "_id"),
    ("projects", "owners_ids", "users", "id"),
    ("projects", "owner_id", "users", "id"),
    ("projects", "category_id", "categories", "_id"),
)


class Audit:
    """The comparisons, each at one moment of the database: the session reads a snapshot."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ranking = Ranking(database)

    async def differences(self, session: Session) -> AsyncIterator[Difference]:
        """Go through everything that differs."""
        for check in (self._runs, self._references, self._seats, self._rungs, self._board, self._feed):
            async for difference in check(session):
                yield difference

    async def _group(
        self, rows: str, by: Any, session: Session, matching: Mapping[str, Any] | None = None
    ) -> Counter[Any]:
        pipeline: list[Document] = [
            {"$match": dict(matching or {})},
            {"$group": {"_id": by, "n": {"$sum": 1}}},
        ]
        found = await self._database.aggregate(rows, pipeline, session)
        return Counter({freeze(row["_id"]): row["n"] async for row in found})

    async def _runs(self, session: Session) -> AsyncIterator[Difference]:
        """Compare contributions, project numbers and scores with the runs themselves."""
        by = {"project": "$project_id", "user": "$user_id", "ip": {"$cond": ["$user_id", None, "$user_ip"]}}
        counted: Counter[tuple[int, str]] = Counter()
        totals: Counter[int] = Counter()
        scores: Counter[int] = Counter()
        for (project, user, ip), n in (await self._group("task_runs", by, session)).items():
            totals[project] += n
            scores[user] += n
            if (who := contributor(user, ip)) is not None:
                counted[project, who] += n
        rows = self._database["contributions"].find({}, session=session)
        stored = Counter({(row["project_id"], row["who"]): row["runs"] async for row in rows})
        for project, who in sorted(counted.keys() | stored.keys()):
            if counted[project, who] != stored[project, who]:
                detail = f"{stored[project, who]} runs are noted, there are {counted[project, who]}"
                yield f"contributions of {who} to {project}", detail
        volunteers = Counter(project for project, _ in counted)
        async for difference in self._stats(totals, volunteers, session):
            yield difference
        async for row in self._joined({"id": 1, "pybossa.score": 1}, session):
            score = row["pybossa"].get("score")
            if score != scores[row["id"]]:
                yield f"user {row['id']}", f"score is {score}, there are {scores[row['id']]} runs"

    async def _stats(
        self, runs: Counter[int], volunteers: Counter[int], session: Session
    ) -> AsyncIterator[Difference]:
        tasks = await self._group("tasks", "$project_id", session)
        completed = await self._group("tasks", "$project_id", session, {"state": COMPLETED})
        async for row in self._database["projects"].find({}, {"stats": 1}, session=session):
            number, stats = row["_id"], row.get("stats") or NO_STATS
            counts = (tasks[number], completed[number], runs[number], volunteers[number])
            for name, count in zip(NO_STATS, counts, strict=True):
                if stats.get(name) != count:
                    yield f"project {number}", f"{name} is {stats.get(name)}, counted {count}"

    def _joined(self, fields: Mapping[str, Any], session: Session) -> Any:
        return self._database["users"].find({"pybossa": {"$exists": True}}, fields, session=session)

    async def _references(self, session: Session) -> AsyncIterator[Difference]:
        """Find what points to nothing; each thing is looked for once."""
        for rows, name, target, key in REFERENCES:
            lookup = {"from": target, "localField": "_id", "foreignField": key, "as": "found"}
            pipeline: list[Document] = [
                {"$unwind": f"${name}"},
                {"$group": {"_id": f"${name}"}},
                {"$match": {"_id": {"$ne": None}}},
                {"$lookup": {**lookup, "pipeline": [{"$project": {"_id": 1}}]}},
                {"$match": {"found": []}},
            ]
            async for row in await self._database.aggregate(rows, pipeline, session):
                yield f"{rows}.{name}", f"there is no {row['_id']} in {target}"

    async def _seats(self, session: Session) -> AsyncIterator[Difference]:
        """Find people whose place is not what follows from score, age and restriction."""
        async for row in self._joined({"id": 1, "pybossa": 1}, session):
            if Seat.of(row["pybossa"]) != Seat.due(row["id"], row["pybossa"]):
                yield f"user {row['id']}", "has another place than score and age give"

    async def _rungs(self, session: Session) -> AsyncIterator[Difference]:
        """Compare each rung with the people on it."""
        for ladder in (self._ranking.standings, self._ranking.listing):
            rungs = await ladder.rungs(session)
            async for at, count in self._count_rungs(ladder, [order(rung.low) for rung in rungs], session):
                noted = rungs[at].n if at >= 0 else 0
                if noted != count:
                    yield f"ladder {ladder.name}", f"rung {at} has {noted}, counted {count}"

    async def _count_rungs(
        self, ladder: Ladder, lows: list[tuple[Any, ...]], session: Session
    ) -> AsyncIterator[tuple[int, int]]:
        """Count the people of each rung in the order of the ladder; -1 stands for before the first."""
        there = {ladder.field: {"$exists": True}}
        found = self._database["users"].find(there, {ladder.field: 1}, session=session).sort(ladder.field, 1)
        at, count = -1, 0
        async for row in found:
            place = order(ladder.read(row))
            while at + 1 < len(lows) and lows[at + 1] <= place:
                yield at, count
                at, count = at + 1, 0
            count += 1
        yield at, count
        for rest in range(at + 1, len(lows)):
            yield rest, 0

    async def _board(self, session: Session) -> AsyncIterator[Difference]:
        """Compare the top list with the people who lead."""
        board = await self._database[BOARD].find_one({"name": BOARD}, session=session)
        if board is None:
            return
        ranked = {"pybossa.place": {"$lt": {"r": 1}}}
        found = self._database["users"].find(ranked, SHOWN, session=session).sort("pybossa.place", 1)
        leaders = await found.limit(len(board["users"]) + 1).to_list(None)
        fresh = [standing(show(row, rank)) for rank, row in enumerate(leaders, 1)]
        stored = [standing(row) for row in board["users"]]
        if fresh[: len(stored)] != stored or (board["last"] is None and len(fresh) != len(stored)):
            yield BOARD, "is not the people who lead"

    async def _feed(self, session: Session) -> AsyncIterator[Difference]:
        """Find too many entries, and entries of people whom nobody may see."""
        rows = await self._database["update_feed"].find({}, {"user_id": 1}, session=session).to_list(None)
        if len(rows) > KEPT:
            yield "update_feed", f"has {len(rows)} entries"
        named = {"id": {"$in": [row["user_id"] for row in rows]}, "pybossa.restrict": True}
        async for row in self._database["users"].find(named, {"id": 1}, session=session):
            yield "update_feed", f"tells of user {row['id']}, who is restricted"


def freeze(value: Any) -> Any:
    """Return a group's key as something that can be counted."""
    return tuple(value.get(name) for name in ("project", "user", "ip")) if isinstance(value, dict) else value


def standing(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return who stands where; what people call themselves may have changed since."""
    return row["rank"], row["score"], row["name"], row["created"]
