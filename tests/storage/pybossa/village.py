"""People and projects for tests, and the slow way to their ranks and numbers."""

from __future__ import annotations

from collections import Counter
from typing import Any

from storage.integrity import Integrity
from storage.pybossa.contributions import Run
from storage.pybossa.people import PyBossaUser
from storage.pybossa.projects import NewProject
from storage.pybossa.ranking import PER_PAGE
from storage.stores import Stores, all_indexes, all_traces

Row = dict[str, Any]


class Village:
    """A few people of the community."""

    def __init__(self, stores: Stores) -> None:
        self.stores = stores

    async def join(self, name: str, **fields: Any) -> PyBossaUser:
        """Make an account that joins."""
        email = f"{name.replace(' ', '.')}@example.org"
        made = await self.stores.accounts.register(email, {"name": name}, ip=None, mails=lambda _: ())
        return await self.admit(made.person["_id"], **fields)

    async def admit(self, oid: Any, **fields: Any) -> PyBossaUser:
        """Let an account join."""
        given = {"name": fields.pop("name", None), "fields": fields}
        return await self.stores.ranking.transact(
            lambda session: self.stores.pybossa.join(oid, session, **given)
        )

    async def project(
        self, owner: PyBossaUser, *, published: bool = True, tasks: int = 1, **more: Any
    ) -> Any:
        """Make a project with tasks; return it and the ids of the tasks."""
        new = NewProject("Rivers", "rivers", owner.id, published=published)
        made = await self.stores.projects.create(new)
        return made, [await self.stores.projects.add_task(made.id, **more) for _ in range(tasks)]

    async def run(self, task: int, user: PyBossaUser | None, ip: str | None = None) -> int:
        """Answer a task."""
        return await self.stores.contributions.add(Run(task, user.id if user else None, ip))

    async def now(self, user: PyBossaUser) -> PyBossaUser:
        """Read a person anew."""
        found = await self.stores.pybossa.by_id(user.id)
        assert found is not None
        return found

    async def rank(self, user: PyBossaUser) -> int | None:
        """Read somebody's rank."""
        return (await self.stores.ranking.standing(await self.now(user))).rank


async def find_all(stores: Stores, collection: str) -> list[Row]:
    """Return all documents of a collection."""
    return await stores.database[collection].find({}).sort("_id", 1).to_list(None)


async def assert_exact(stores: Stores) -> None:
    """Compare scores, ranks, lists and numbers with a count over everything; run every check as well."""
    people = [row for row in await find_all(stores, "users") if "pybossa" in row]
    scores = Counter(row["user_id"] for row in await find_all(stores, "task_runs"))
    for row in people:
        assert row["pybossa"]["score"] == scores[row["id"]]
    ranked = sorted(
        (row for row in people if not row["pybossa"]["restrict"]),
        key=lambda row: (-scores[row["id"]], row["pybossa"]["created"], row["id"]),
    )
    for rank, row in enumerate(ranked, 1):
        assert (await stores.ranking.standing(PyBossaUser.of(row))).rank == rank
    names = [row["pybossa"]["name"] for row in ranked]
    top = await stores.ranking.top(20)
    assert [(each["rank"], each["name"]) for each in top] == list(enumerate(names[:20], 1))
    board = await stores.ranking.board()
    assert board is not None
    assert list(board.users[:20]) == top
    assert await stores.ranking.joined() == len(people)
    await assert_listed(stores, [row for row in ranked if scores[row["id"]]])
    await assert_numbers(stores)
    integrity = Integrity(stores.database, all_indexes(), all_traces(), lag=0.1)
    assert [finding async for finding in integrity.check_community()] == []


async def assert_listed(stores: Stores, people: list[Row]) -> None:
    """Compare every page of the public list."""
    people.sort(key=lambda row: (row["pybossa"]["created"], row["id"]), reverse=True)
    for number in range(len(people) // PER_PAGE + 2):
        rows, total = await stores.ranking.page(number + 1)
        assert total == len(people)
        there = people[number * PER_PAGE : (number + 1) * PER_PAGE]
        assert [row["id"] for row in rows] == [row["id"] for row in there]


async def assert_numbers(stores: Stores) -> None:
    """Compare the numbers of every project."""
    tasks, runs = await find_all(stores, "tasks"), await find_all(stores, "task_runs")
    answers = Counter(row["task_id"] for row in runs)
    for project in await find_all(stores, "projects"):
        own = [row for row in tasks if row["project_id"] == project["_id"]]
        mine = [row for row in runs if row["project_id"] == project["_id"]]
        people = {row["user_id"] for row in mine} - {None}
        addresses = {row["user_ip"] for row in mine if row["user_id"] is None} - {None}
        completed = [row for row in own if row["state"] == "completed"]
        assert project["stats"] == {
            "n_tasks": len(own),
            "n_completed": len(completed),
            "n_runs": len(mine),
            "n_volunteers": len(people) + len(addresses),
        }
        for row in own:
            done = row.get("stated") == "completed" or answers[row["_id"]] >= row["n_answers"]
            assert (row["state"] == "completed") == done
