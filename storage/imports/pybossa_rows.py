"""Loads what PyBossa's users work on: categories, projects, tasks, and the runs of these."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from storage.database import Database
from storage.driver import Document, Session, UpdateOne
from storage.imports.ledger import Ledger, Want
from storage.imports.pybossa_aftermath import Aftermath, Tiding
from storage.imports.pybossa_crowd import Crowd
from storage.imports.pybossa_kinds import (
    CATEGORIES,
    CATEGORY,
    PROJECT,
    PROJECTS,
    TASK,
    TASK_RUNS,
    TASKS,
    USER,
    RowKind,
    accuse,
    check_row,
    read_row,
)
from storage.imports.record import Outcome, Record
from storage.imports.rows import restarting
from storage.imports.sequences import raise_sequences
from storage.pybossa.projects import COMPLETED, NO_STATS, ONGOING

Former = Mapping[int, Document]


class KeptRows(ABC):
    """The loader of rows that keep their ids: new ones come, changed ones are overwritten."""

    kind: RowKind
    # Which field names a row of which label.
    links: Sequence[tuple[str, str]] = ()

    def __init__(self, database: Database, crowd: Crowd, aftermath: Aftermath) -> None:
        self.database = database
        self.crowd = crowd
        self.aftermath = aftermath
        self._rows = database[self.kind.collection]
        self._highest = self._raised = 0

    @property
    def label(self) -> str:
        """Name the records."""
        return self.kind.label

    async def check(self, records: Sequence[Record], ledger: Ledger) -> Outcome:
        """Find rows of another shape, and note what they refer to."""
        rows = [check_row(record, self.kind.shape) for record in records]
        ledger.want(self._wants(records, rows))
        self._highest = max(self._highest, *(row["id"] for row in rows))
        await self.look(records, rows, ledger)
        outcome = Outcome()
        outcome.take(self.label, len(rows))
        return outcome

    def _wants(self, records: Sequence[Record], rows: Sequence[Document]) -> Iterable[Want]:
        """Return what rows refer to, each thing once."""
        wants: dict[tuple[str, int], Want] = {}
        for record, row in zip(records, rows, strict=True):
            for name, label in self.links:
                value = row[name]
                for key in value if isinstance(value, list) else [] if value is None else [value]:
                    wants.setdefault((label, key), Want(label, key, self.label, name, record.place))
        return wants.values()

    async def look(self, records: Sequence[Record], rows: Sequence[Document], ledger: Ledger) -> None:
        """Note the rows themselves, and whatever else a kind has to."""
        ledger.define(self.label, (row["id"] for row in rows))

    async def write(self, records: Sequence[Record]) -> Outcome:
        """Store a batch in one transaction; of rows with one id the last one counts."""
        rows = {row["id"]: row for row in (read_row(record, self.kind.shape) for record in records)}
        if self._highest > self._raised:
            await raise_sequences(self.database, {self.kind.collection: self._highest})
            self._raised = self._highest

        async def work(session: Session) -> Former:
            return await self._replace(rows, session)

        former = await restarting(self.database, work)
        self.aftermath.note(self.tell(rows, former))
        outcome = Outcome()
        outcome.take(self.label, len(records))
        return outcome

    async def _replace(self, rows: Mapping[int, Document], session: Session) -> Former:
        stored = await self._rows.find({"_id": {"$in": list(rows)}}, session=session).to_list(None)
        former = {row["_id"]: row for row in stored}
        fresh = await self.compose(rows, former, session)
        if new := [row for number, row in fresh.items() if number not in former]:
            await self._rows.insert_many(new, ordered=False, session=session)
        changed = [row for number, row in fresh.items() if former.get(number, row) != row]
        if changed:
            updates = [UpdateOne({"_id": row["_id"]}, {"$set": row}) for row in changed]
            await self._rows.bulk_write(updates, ordered=False, session=session)
        await self.follow([*new, *changed], former, session)
        return former

    async def compose(
        self, rows: Mapping[int, Document], former: Former, session: Session
    ) -> dict[int, Document]:
        """Return the documents of rows, whole."""
        return {number: document_of(row, former.get(number)) for number, row in rows.items()}

    async def follow(  # noqa: B027  not all kinds leave something elsewhere
        self, changed: Sequence[Document], former: Former, session: Session
    ) -> None:
        """Change in the same transaction what new and changed rows leave elsewhere."""

    @abstractmethod
    def tell(self, rows: Mapping[int, Document], former: Former) -> Iterable[Tiding]:
        """Return what is new in a batch that has been stored."""

    async def finish(self) -> None:  # noqa: B027  all kinds are settled together
        """Nothing is derived from the rows of one kind alone."""


def document_of(row: Mapping[str, Any], former: Mapping[str, Any] | None, **values: Any) -> Document:
    """Return a row as it is stored, over what was stored before."""
    fields = {name: value for name, value in row.items() if name != "id"}
    return {"_id": row["id"], **(former or {}), **fields, **values}


class CategoryRows(KeptRows):
    """The loader of `pybossa.category`."""

    kind = CATEGORIES

    def tell(self, rows: Mapping[int, Document], former: Former) -> Iterable[Tiding]:
        """Nobody is told of categories."""
        return ()


class ProjectRows(KeptRows):
    """The loader of `pybossa.project`."""

    kind = PROJECTS
    links = (("owner_id", USER), ("owners_ids", USER), ("category_id", CATEGORY))

    async def compose(
        self, rows: Mapping[int, Document], former: Former, session: Session
    ) -> dict[int, Document]:
        """Put accounts in the place of owners; those who were deleted own nothing."""
        sources = {row["owner_id"] for row in rows.values()}
        sources.update(each for row in rows.values() for each in row["owners_ids"] or ())
        people = await self.crowd.find(sources, session)
        fresh = {}
        for number, row in rows.items():
            given = [row["owner_id"]] if row["owners_ids"] is None else row["owners_ids"]
            owners = [people[each].id for each in given if each in people]
            owner = people.get(row["owner_id"])
            first = {} if number in former else {"stats": dict(NO_STATS), "pulse": 0}
            values = {"owner_id": owner.id if owner else next(iter(owners), None), "owners_ids": owners}
            fresh[number] = document_of(row, former.get(number), **first, **values)
        return fresh

    async def follow(self, changed: Sequence[Document], former: Former, session: Session) -> None:
        """Count the projects; one that is a draft now leaves the feed."""
        for row in changed:
            self.aftermath.touched.project(row["_id"])
            if former.get(row["_id"], row)["published"] and not row["published"]:
                await self.aftermath.feed.forget_project(row["_id"], session)

    def tell(self, rows: Mapping[int, Document], former: Former) -> Iterable[Tiding]:
        """Tell of new projects that everybody may see."""
        for number in rows.keys() - former.keys():
            if rows[number]["published"]:
                yield Tiding(self.aftermath.moment(rows[number]["created"]), number, "Project", None, number)


class TaskRows(KeptRows):
    """The loader of `pybossa.task`; `stated` is what a row says of its state, `state` what its runs make."""

    kind = TASKS
    links = (("project_id", PROJECT),)

    async def look(self, records: Sequence[Record], rows: Sequence[Document], ledger: Ledger) -> None:
        """Note which project a task is of: its runs have to name the same."""
        ledger.define(self.label, (row["id"] for row in rows))
        for record, row in zip(records, rows, strict=True):
            project = str(row["project_id"])
            if (other := ledger.claim(TASK, str(row["id"]), project, record.place)) is not None:
                raise accuse(record, f"task {row['id']} is in another project at {other - 1}")

    async def compose(
        self, rows: Mapping[int, Document], former: Former, session: Session
    ) -> dict[int, Document]:
        """Leave the state to be counted, where the row does not call it complete."""
        fresh = {}
        for number, row in rows.items():
            stored = former.get(number)
            counted = stored["state"] if stored is not None and row["state"] == ONGOING else row["state"]
            fresh[number] = document_of(row, stored, state=counted, stated=row["state"])
        return fresh

    async def follow(self, changed: Sequence[Document], former: Former, session: Session) -> None:
        """Let runs go along with a task that moves to another project."""
        for row in changed:
            stored = former.get(row["_id"])
            suspects = [row["_id"]] if stored is not None and stored["state"] == COMPLETED else []
            self.aftermath.touched.project(row["project_id"], *suspects)
            if stored is not None and stored["project_id"] != row["project_id"]:
                self.aftermath.touched.project(stored["project_id"])
                runs, there = self.database["task_runs"], {"task_id": row["_id"]}
                people = await runs.distinct("user_id", there, session=session)
                self.aftermath.touched.people.update(each for each in people if each is not None)
                moved = {"$set": {"project_id": row["project_id"]}}
                await runs.update_many({"project_id": stored["project_id"], **there}, moved, session=session)
        await self.crowd.mark({row["project_id"] for row in changed}, session)

    def tell(self, rows: Mapping[int, Document], former: Former) -> Iterable[Tiding]:
        """Tell of new tasks in projects that everybody may see."""
        for number in rows.keys() - former.keys():
            project = rows[number]["project_id"]
            if project in self.crowd.published:
                yield Tiding(self.aftermath.moment(rows[number]["created"]), number, "Task", None, project)


class RunRows(KeptRows):
    """The loader of `pybossa.task_run`."""

    kind = TASK_RUNS
    links = (("project_id", PROJECT), ("task_id", TASK), ("user_id", USER))

    async def look(self, records: Sequence[Record], rows: Sequence[Document], ledger: Ledger) -> None:
        """Find runs of another project than their task's."""
        claimed = {row["task_id"]: ledger.claimant(TASK, str(row["task_id"])) for row in rows}
        stored = {"_id": {"$in": [number for number, project in claimed.items() if project is None]}}
        async for task in self.database["tasks"].find(stored, {"project_id": 1}):
            claimed[task["_id"]] = str(task["project_id"])
        for record, row in zip(records, rows, strict=True):
            if claimed[row["task_id"]] not in {None, str(row["project_id"])}:
                raise accuse(record, f"task {row['task_id']} is in project {claimed[row['task_id']]}")

    async def compose(
        self, rows: Mapping[int, Document], former: Former, session: Session
    ) -> dict[int, Document]:
        """Put accounts in the place of contributors; for those who were deleted an address stands."""
        people = await self.crowd.find({row["user_id"] for row in rows.values()} - {None}, session)
        await self.crowd.hold(people.values(), session)
        fresh = {}
        for number, row in rows.items():
            values: Document = {}
            if row["user_id"] is not None:
                person = people.get(row["user_id"])
                values["user_id"] = person.id if person else None
                if person is None and number in former:
                    values["user_ip"] = former[number]["user_ip"]
            fresh[number] = document_of(row, former.get(number), **values)
        return fresh

    async def follow(self, changed: Sequence[Document], former: Former, session: Session) -> None:
        """Note whose numbers change, where a run was before included."""
        touched = self.aftermath.touched
        for row in changed:
            touched.project(row["project_id"])
            stored = former.get(row["_id"])
            if stored is not None:
                touched.project(stored["project_id"], stored["task_id"])
            both = (row["user_id"], stored["user_id"] if stored is not None else None)
            touched.people.update(each for each in both if each is not None)
        await self.crowd.mark({row["project_id"] for row in changed}, session)

    def tell(self, rows: Mapping[int, Document], former: Former) -> Iterable[Tiding]:
        """Tell of new runs by people who may be shown, in projects that everybody may see."""
        for number in rows.keys() - former.keys():
            row = rows[number]
            person = self.crowd.known.get(row["user_id"])
            if person is not None and not person.restrict and row["project_id"] in self.crowd.published:
                finished = self.aftermath.moment(row["finish_time"], row["created"])
                yield Tiding(finished, number, "UserContribution", person.id, row["project_id"])
