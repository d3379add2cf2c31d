"""Takes a person out of the community: their runs stay, from one address that is nobody's."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from storage.database import Database
from storage.driver import Document, ObjectId, Session
from storage.jobs import Jobs
from storage.pybossa.contributions import contributor, move_of
from storage.pybossa.feed import Feed
from storage.pybossa.ranking import NOWHERE, Ranking, Reseat, Seat

SWEEP = "pybossa_sweep"  # the kind of job that does what a transaction has no time for
AT_ONCE = 2000  # documents that a transaction may change in well under a second
BATCH = 1000


class Leaving:
    """A step of every account's deletion."""

    def __init__(
        self, database: Database, ranking: Ranking, feed: Feed, jobs: Jobs, chance: random.Random
    ) -> None:
        self._users = database["users"]
        self._projects = database["projects"]
        self._tasks = database["tasks"]
        self._runs = database["task_runs"]
        self._contributions = database["contributions"]
        self._ranking = ranking
        self._feed = feed
        self._jobs = jobs
        self._chance = chance

    async def leave(self, oid: ObjectId, session: Session) -> None:
        """Take a person out, in the transaction that deletes them.

        Ranks, numbers of projects and contributions follow at once; very many runs by and by.
        """
        person = await self._users.find_one({"_id": oid}, session=session)
        if person is None or "pybossa" not in person:
            return
        number = person["id"]
        address = await self._replace_contributor(number, session)
        drafts = await self._hand_over(number, session)
        await self._withdraw_drafts(drafts, session)
        # Read again: a draft that went may have taken some of the score along.
        person = await self._users.find_one({"_id": oid}, session=session)
        if person is not None:
            seat = Seat.of(person["pybossa"])
            await self._ranking.reseat([Reseat(oid, seat, NOWHERE)], session)
            await self._ranking.refresh([seat], session)
        await self._sweep_or_promise({"user_id": number, "address": address, "drafts": drafts}, session)

    async def _replace_contributor(self, number: int, session: Session) -> str:
        """Let an unused address stand for a person in every project of theirs; return it."""
        rows = await self._contributions.find({"user_id": number}, session=session).to_list(None)
        projects = [row["project_id"] for row in rows]
        while True:
            address = ".".join(str(self._chance.randrange(1, 255)) for _ in range(4))
            same = {"project_id": {"$in": projects}, "who": contributor(None, address)}
            if await self._contributions.find_one(same, {"_id": 1}, session=session) is None:
                break
        values = {"$set": {"who": contributor(None, address), "user_id": None}}
        await self._contributions.update_many({"user_id": number}, values, session=session)
        await self._projects.update_many({"_id": {"$in": projects}}, {"$inc": {"pulse": 1}}, session=session)
        return address

    async def _hand_over(self, number: int, session: Session) -> list[int]:
        """Give projects to the next owner; return the drafts that have none."""
        owned = {"$or": [{"owners_ids": number}, {"owner_id": number}]}
        drafts = []
        for project in await self._projects.find(owned, session=session).to_list(None):
            owners = [each for each in project["owners_ids"] if each != number]
            owner = project["owner_id"]
            if owner == number:
                owner = owners[0] if owners else None
            values = {"owners_ids": owners, "owner_id": owner}
            await self._projects.update_one({"_id": project["_id"]}, {"$set": values}, session=session)
            if not owners and owner is None and not project["published"]:
                drafts.append(project["_id"])
        return drafts

    async def _withdraw_drafts(self, drafts: Sequence[int], session: Session) -> None:
        """Delete projects, and take back what others were credited for in them."""
        if not drafts:
            return
        there = {"project_id": {"$in": drafts}}
        lost: dict[int, int] = {}
        for row in await self._contributions.find(there, session=session).to_list(None):
            if row["user_id"] is not None:
                lost[row["user_id"]] = lost.get(row["user_id"], 0) + row["runs"]
        moves = []
        for number, runs in lost.items():
            less = {"$inc": {"pybossa.score": -runs}}
            person = await self._users.find_one_and_update({"id": number}, less, session=session)
            if person is not None:
                person["pybossa"]["score"] -= runs
                moves.append(move_of(person))
        await self._ranking.reseat(moves, session)
        await self._ranking.refresh([seat for move in moves for seat in (move.before, move.after)], session)
        await self._contributions.delete_many(there, session=session)
        await self._projects.delete_many({"_id": {"$in": drafts}}, session=session)
        for project in drafts:
            await self._feed.forget_project(project, session)

    async def _sweep_or_promise(self, args: Mapping[str, Any], session: Session) -> None:
        """Change runs and tasks at once where they are few, else let a job do it."""
        left = AT_ONCE
        for rows, query in self._swept(args):
            left -= await rows.count_documents(query, limit=left + 1, session=session)
            if left < 0:
                await self._jobs.add(SWEEP, args, session=session)
                return
        for rows, query in self._swept(args):
            await self._apply(rows, query, args, session)

    def _swept(self, args: Mapping[str, Any]) -> list[tuple[Any, Document]]:
        drafts = {"project_id": {"$in": list(args["drafts"])}}
        found: list[tuple[Any, Document]] = [(self._runs, {"user_id": args["user_id"]})]
        return [*found, (self._runs, drafts), (self._tasks, drafts)] if args["drafts"] else found

    @staticmethod
    async def _apply(
        rows: Any, query: Mapping[str, Any], args: Mapping[str, Any], session: Session | None = None
    ) -> None:
        if "user_id" in query:
            anonymous = {"$set": {"user_id": None, "user_ip": args["address"]}}
            await rows.update_many(query, anonymous, session=session)
        else:
            await rows.delete_many(query, session=session)

    async def sweep(self, args: Mapping[str, Any]) -> None:
        """Do what a deletion has left for later, in batches; as often as anybody likes."""
        for rows, query in self._swept(args):
            while found := await rows.find(query, {"_id": 1}).limit(BATCH).to_list(None):
                await self._apply(rows, {**query, "_id": {"$in": [row["_id"] for row in found]}}, args)
