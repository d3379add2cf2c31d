"""Leads files through loaders: everything is checked first, then written in batches.

What holds: of a file with a bad record nothing is stored, because nothing is written before the whole
file has been checked. Writing takes many transactions, one a batch, each of which leaves the
database sound; rows are stored under their keys. A run that is killed in between leaves the first
part of a good file, and running it again completes it. What others change between the check and the
writing (somebody leaves) is seen again by each batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from storage.errors import Busy
from storage.imports.ledger import open_ledger
from storage.imports.lines import Lines
from storage.imports.record import Loader, Outcome, Progress, Record

ROWS, BYTES = 250, 2 * 1024 * 1024  # of a batch: well under the seconds that a transaction may last
TRIES = 10


async def import_file(lines: Lines, loader: Loader, progress: Progress, *, dry: bool = False) -> Outcome:
    """Import a file, or (dry) only check it; raises BadRecord, Changed, OSError."""
    outcome, done, total = Outcome(), 0, (1 if dry else 2) * lines.size
    with open_ledger() as ledger:
        for batch in batches(lines.records()):
            outcome.add(await loader.check(batch, ledger))
            done += sum(record.size for record in batch)
            progress(done, total)
    if dry:
        return outcome
    outcome = Outcome()
    for batch in batches(lines.records()):
        outcome.add(await insist(loader, batch))
        done += sum(record.size for record in batch)
        progress(done, total)
    await loader.finish()
    return outcome


async def insist(loader: Loader, batch: Sequence[Record]) -> Outcome:
    """Write a batch, again while a running server is in the way; raises Busy in the end."""
    for _ in range(TRIES - 1):
        try:
            return await loader.write(batch)
        except Busy:
            continue
    return await loader.write(batch)


def batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Cut records into batches, by number and by size."""
    batch: list[Record] = []
    size = 0
    for record in records:
        if batch and (len(batch) == ROWS or size + record.size > BYTES):
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += record.size
    if batch:
        yield batch
