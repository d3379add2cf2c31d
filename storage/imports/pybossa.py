"""PyBossa's exports: which kinds there are, and what loads each."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import Any

from storage.database import Database
from storage.imports.arrival import Accounts
from storage.imports.arrivals import Arrivals
from storage.imports.ledger import Key, Ledger
from storage.imports.mapping import ImportMap
from storage.imports.plan import Known, Plan
from storage.imports.pybossa_aftermath import Aftermath
from storage.imports.pybossa_crowd import Crowd
from storage.imports.pybossa_kinds import CATEGORIES, PROJECTS, TASK_RUNS, TASKS, USER, read_arrival
from storage.imports.pybossa_people import PeopleRows
from storage.imports.pybossa_rows import CategoryRows, KeptRows, ProjectRows, RunRows, TaskRows
from storage.imports.pybossa_source import KINDS, LABEL, SPACE
from storage.imports.record import Loader, Outcome, Record
from storage.imports.sequences import Numbers
from storage.stores import Stores

__all__ = ["KINDS", "make_plan"]

ORIGIN = "pybossa"
STORED = (CATEGORIES, PROJECTS, TASKS, TASK_RUNS)
LOADERS: Sequence[type[KeptRows]] = (CategoryRows, ProjectRows, TaskRows, RunRows)


def make_plan(stores: Stores) -> Plan:
    """Make the plan for one file."""
    database, mapping = stores.database, ImportMap(stores.database)
    aftermath = Aftermath(database, stores.ranking, stores.feed)
    arrivals = Arrivals(
        database,
        mapping,
        stores.statistics,
        Accounts(USER, read_arrival, ORIGIN),
        Numbers(database, "email_addresses"),
    )
    people = PeopleRows(database, mapping, arrivals, aftermath)
    crowd = Crowd(database, mapping)
    loaders: list[Loader] = [people, *(make(database, crowd, aftermath) for make in LOADERS)]
    known: dict[str, Known] = {kind.label: partial(find_stored, database, kind.collection) for kind in STORED}
    known[USER] = partial(mapping.known, USER)
    return Plan([{LABEL: AllKinds(loaders, aftermath)}], known)


class AllKinds:
    """The loader of whole files: hands rows to the loaders of their kinds, run by run as they stand."""

    label = LABEL

    def __init__(self, loaders: Sequence[Loader], aftermath: Aftermath) -> None:
        self._loaders = {loader.label: loader for loader in loaders}
        self._present: set[str] = set()
        self._aftermath = aftermath

    async def check(self, records: Sequence[Record], ledger: Ledger) -> Outcome:
        """Find what is wrong with the rows."""
        outcome = Outcome()
        for label, rows in sort_out(records):
            self._present.add(label)
            outcome.add(await self._loaders[label].check(rows, ledger))
        return outcome

    async def write(self, records: Sequence[Record]) -> Outcome:
        """Store the rows."""
        outcome = Outcome()
        for label, rows in sort_out(records):
            outcome.add(await self._loaders[label].write(rows))
        return outcome

    async def finish(self) -> None:
        """Settle what follows from all of them."""
        for label in self._present:
            await self._loaders[label].finish()
        await self._aftermath.settle()


def sort_out(records: Sequence[Record]) -> Iterator[tuple[str, list[Record]]]:
    """Return the rows by kind, each labelled by it."""
    for kind, rows in groupby(records, key=lambda record: str(record.row["kind"])):
        label = SPACE + kind
        yield label, [Record(each.place, each.row["row"], each.size, label) for each in rows]


async def find_stored(database: Database, collection: str, keys: Sequence[Key]) -> Collection[Any]:
    """Return which of some rows are stored."""
    found = database[collection].find({"_id": {"$in": list(keys)}}, {"_id": 1})
    return {row["_id"] for row in await found.to_list(None)}
