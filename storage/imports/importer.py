"""Leads files through loaders: everything is checked first, then written in batches.

What holds: of a file with a bad record nothing is stored, because nothing is written before the whole
file has been checked, its references included. Writing takes many transactions, one a batch, each of
which leaves the database sound; rows are stored under their keys. A run that is killed in between leaves
the first part of a good file, and running it again completes it. What others change between the check
and the writing (somebody leaves) is seen again by each batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from storage.errors import Busy
from storage.imports.ledger import Ledger, Want, open_ledger
from storage.imports.plan import CONTESTED, DISCLAIMED, Plan, disclaimed
from storage.imports.record import BadRecord, Loader, Outcome, Progress, Record
from storage.imports.source import Source

ROWS, BYTES = 250, 2 * 1024 * 1024  # of a batch: well under the seconds that a transaction may last
TRIES = 10
UNCLAIMED = "no dialect of ours takes it"


class Import:
    """One file on its way."""

    def __init__(self, source: Source, plan: Plan, progress: Progress, ledger: Ledger) -> None:
        self._source = source
        self._plan = plan
        self._progress = progress
        self._ledger = ledger
        self._rows: Counter[str] = Counter()  # of each label
        self._sizes: Counter[str] = Counter()  # bytes of each label
        self._faults: dict[str, BadRecord] = {}
        self._done = 0

    async def check(self) -> Outcome:
        """Look at every record, changing nothing; raises BadRecord, Changed, OSError."""
        outcomes: dict[str, Outcome] = {}
        for label, batch in batches(self._source.records()):
            found = await self._check_batch(label, batch)
            outcomes.setdefault(label, Outcome()).add(found)
            self._rows[label] += len(batch)
            self._sizes[label] += sum(record.size for record in batch)
            self._advance(batch, self._source.file.size)
        for label in disclaimed(self._rows):
            self._ledger.forget(label)
            self._faults.pop(label, None)
            outcomes[label] = Outcome()
            outcomes[label].skip(label, DISCLAIMED, self._rows[label])
        if self._faults:
            raise min(self._faults.values(), key=lambda fault: fault.place)
        await self._check_references()
        for verdict in self._plan.verdicts:
            await verdict()
        total = Outcome()
        for outcome in outcomes.values():
            total.add(outcome)
        return total

    async def _check_batch(self, label: str, batch: Sequence[Record]) -> Outcome:
        outcome = Outcome()
        loader = self._plan.loaders.get(label)
        if loader is None:
            outcome.skip(label, UNCLAIMED, len(batch))
        elif label not in self._faults:
            try:
                return await loader.check(batch, self._ledger)
            except BadRecord as fault:
                # Whether anybody takes such rows is known at the end of the file.
                if label not in CONTESTED:
                    raise
                self._faults[label] = fault
        return outcome

    async def _check_references(self) -> None:
        """Find the first reference to a row that is neither in the file nor stored."""
        for wants in self._ledger.dangling():
            stored: set[tuple[str, int | str]] = set()
            for label in {want.label for want in wants} & self._plan.known.keys():
                keys = [want.key for want in wants if want.label == label]
                stored |= {(label, key) for key in await self._plan.known[label](keys)}
            for want in wants:
                if (want.label, want.key) not in stored:
                    raise BadRecord(want.place, describe(want))

    async def write(self) -> Outcome:
        """Store what was checked, step after step; raises Changed and OSError."""
        outcome = Outcome()
        labels = self._rows.keys() - disclaimed(self._rows)
        steps = [{k: loader for k, loader in step.items() if k in labels} for step in self._plan.steps]
        total = self._done + sum(self._sizes[label] for step in steps for label in step)
        for step in filter(None, steps):
            for label, batch in batches(self._records_of(step)):
                outcome.add(await insist(step[label], batch))
                self._advance(batch, total)
            for loader in step.values():
                await loader.finish()
        return outcome

    def _records_of(self, labels: Collection[str]) -> Iterator[Record]:
        """Go through the records of some labels, not beyond the last one: most files keep them together."""
        left = sum(self._rows[label] for label in labels)
        for record in self._source.records():
            if record.label in labels:
                yield record
                left -= 1
                if not left:
                    break
        with self._source.file.open():
            """The file is still what was checked, or this raises Changed."""

    def _advance(self, batch: Sequence[Record], total: int) -> None:
        self._done += sum(record.size for record in batch)
        self._progress(self._done, total)


async def import_file(source: Source, plan: Plan, progress: Progress, *, dry: bool = False) -> Outcome:
    """Import a file, or (dry) only check it; raises BadRecord, Changed, OSError."""
    with open_ledger() as ledger:
        work = Import(source, plan, progress, ledger)
        checked = await work.check()
        if dry:
            return checked
        written = await work.write()
    left = {key: n for key, n in checked.skipped.items() if is_untouched(key, plan.loaders)}
    written.skipped.update(left)
    return written


def is_untouched(skipped: tuple[str, str], loaders: Mapping[str, Loader]) -> bool:
    """Tell whether no loader will say once more that these rows are left out."""
    label, reason = skipped
    return label not in loaders or reason == DISCLAIMED


def describe(want: Want) -> str:
    """Say what is missing."""
    return f"{want.source}: {want.field}: there is no {want.label} {want.key}"


async def insist(loader: Loader, batch: Sequence[Record]) -> Outcome:
    """Write a batch, again while a running server is in the way; raises Busy in the end."""
    for _ in range(TRIES - 1):
        try:
            return await loader.write(batch)
        except Busy:
            continue
    return await loader.write(batch)


def batches(records: Iterable[Record]) -> Iterator[tuple[str, list[Record]]]:
    """Collect the records of each label into batches, by number and by size; nothing of a kind waits long."""
    waiting: dict[str, list[Record]] = {}
    sizes: Counter[str] = Counter()
    for record in records:
        label = record.label
        batch = waiting.setdefault(label, [])
        if batch and (len(batch) == ROWS or sizes[label] + record.size > BYTES):
            yield label, batch
            batch = waiting[label] = []
            sizes[label] = 0
        batch.append(record)
        sizes[label] += record.size
    yield from ((label, batch) for label, batch in waiting.items() if batch)
