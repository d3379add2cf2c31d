"""Takes completed tasks out of a project again, and what followed from them: a demo goes on for ever."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from storage.database import Database
from storage.driver import Document, ReturnDocument, Session
from storage.pybossa.contributions import contributor, move_of
from storage.pybossa.projects import COMPLETED
from storage.pybossa.ranking import Ranking, Reseat


class Retiring:
    """Undoes what `Contributions` did, task by task."""

    def __init__(self, database: Database, ranking: Ranking) -> None:
        self._users = database["users"]
        self._projects = database["projects"]
        self._tasks = database["tasks"]
        self._runs = database["task_runs"]
        self._rows = database["contributions"]
        self._ranking = ranking

    async def retire(self, project_id: int, keep: int) -> bool:
        """Remove a project's oldest completed task where it has more than `keep`; tell whether it had."""
        return await self._ranking.transact(lambda session: self._retire(project_id, keep, session))

    async def _retire(self, project_id: int, keep: int, session: Session) -> bool:
        held = {"$inc": {"pulse": 1}}
        project = await self._projects.find_one_and_update({"_id": project_id}, held, session=session)
        if project is None or project["stats"]["n_completed"] <= keep:
            return False
        wanted = {"project_id": project_id, "state": COMPLETED}
        task = await self._tasks.find_one_and_delete(wanted, sort=[("_id", 1)], session=session)
        if task is None:
            return False
        mine = {"project_id": project_id, "task_id": task["_id"]}
        runs = await self._runs.find(mine, session=session).to_list(None)
        await self._runs.delete_many(mine, session=session)
        gone = await self._discount(project_id, runs, session)
        fewer = {"n_tasks": 1, "n_completed": 1, "n_runs": len(runs), "n_volunteers": gone}
        counts = {"$inc": {f"stats.{name}": -number for name, number in fewer.items()}}
        await self._projects.update_one({"_id": project_id}, counts, session=session)
        moves = await self._discredit(runs, session)
        await self._ranking.reseat(moves, session)
        await self._ranking.refresh([seat for move in moves for seat in (move.before, move.after)], session)
        return True

    async def _discount(self, project_id: int, runs: Sequence[Document], session: Session) -> int:
        """Count runs out of the project's contributors; return how many of those have none left."""
        gone = 0
        for who, number in Counter(contributor(run["user_id"], run.get("user_ip")) for run in runs).items():
            if who is None:
                continue
            key = {"project_id": project_id, "who": who}
            row = await self._rows.find_one_and_update(
                key, {"$inc": {"runs": -number}}, return_document=ReturnDocument.AFTER, session=session
            )
            if row is not None and row["runs"] <= 0:
                await self._rows.delete_one(key, session=session)
                gone += 1
        return gone

    async def _discredit(self, runs: Sequence[Mapping[str, object]], session: Session) -> list[Reseat]:
        """Lower the scores of people; return how that moves them."""
        moves = []
        for number, lost in Counter(run["user_id"] for run in runs).items():
            person = await self._users.find_one_and_update(
                {"id": number, "pybossa": {"$exists": True}},
                {"$inc": {"pybossa.score": -lost}},
                return_document=ReturnDocument.AFTER,
                session=session,
            )
            if person is not None:
                moves.append(move_of(person))
        return moves
