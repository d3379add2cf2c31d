"""Leads files through loaders: everything is checked first, then written in batches.

What holds: of a file with a bad record nothing is stored, because nothing is written before the whole
file has been checked. Writing takes many transactions, one a batch, each of which leaves the
database sound; rows are stored under their keys. A run that is killed in between leaves the first
part of a good file, and running it again completes it. What others change between the check and the
writing (somebody leaves) is seen again by each batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from storage.errors import Busy
from storage.imports.ledger import open_ledger
from storage.imports.record import Loader, Outcome, Progress, Record
from storage.imports.source import Source

ROWS, BYTES = 250, 2 * 1024 * 1024  # of a batch: well under the seconds that a transaction may last
TRIES = 10
UNCLAIMED = "no dialect of ours takes it"


class Import:
    """One file on its way; `loaders` are by label, in the order in which they write."""

    def __init__(self, source: Source, loaders: Mapping[str, Loader], progress: Progress) -> None:
        self._source = source
        self._loaders = loaders
        self._progress = progress
        self._sizes: Counter[str] = Counter()  # bytes of each label
        self._done = 0

    async def check(self) -> Outcome:
        """Look at every record, changing nothing; raises BadRecord, Changed, OSError."""
        outcome = Outcome()
        with open_ledger() as ledger:
            for label, batch in batches(self._source.records()):
                if label in self._loaders:
                    outcome.add(await self._loaders[label].check(batch, ledger))
                else:
                    outcome.skip(label, UNCLAIMED, len(batch))
                self._sizes[label] += sum(record.size for record in batch)
                self._advance(batch, self._source.file.size)
        return outcome

    async def write(self) -> Outcome:
        """Store what was checked, label after label; raises Changed and OSError."""
        outcome = Outcome()
        present = [label for label in self._loaders if label in self._sizes]
        total = self._done + sum(self._sizes[label] for label in present)
        for wanted in present:
            records = (record for record in self._source.records() if record.label == wanted)
            for _, batch in batches(records):
                outcome.add(await insist(self._loaders[wanted], batch))
                self._advance(batch, total)
            await self._loaders[wanted].finish()
        return outcome

    def _advance(self, batch: Sequence[Record], total: int) -> None:
        self._done += sum(record.size for record in batch)
        self._progress(self._done, total)


async def import_file(
    source: Source, loaders: Mapping[str, Loader], progress: Progress, *, dry: bool = False
) -> Outcome:
    """Import a file, or (dry) only check it; raises BadRecord, Changed, OSError."""
    work = Import(source, loaders, progress)
    checked = await work.check()
    if dry:
        return checked
    written = await work.write()
    written.skipped.update({key: n for key, n in checked.skipped.items() if key[0] not in loaders})
    return written


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
