"""What a batch of people's rows changes, and how far into a batch that can be told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from storage.database import Database
from storage.driver import Document, ObjectId, Session, UpdateOne


@dataclass(frozen=True, slots=True)
class Writes:
    """New people and address rows, changes of others, what is to be remembered.

    `renamed` has secrets and what replaces them, `moved` whose primary address is another one.
    """

    people: list[Document] = field(default_factory=list)
    rows: list[Document] = field(default_factory=list)
    changes: list[UpdateOne] = field(default_factory=list)
    row_changes: list[UpdateOne] = field(default_factory=list)
    memories: list[UpdateOne] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    moved: list[ObjectId] = field(default_factory=list)

    async def store(self, database: Database, session: Session) -> None:
        """Store all of it."""
        for name, documents in (("users", self.people), ("email_addresses", self.rows)):
            if documents:
                await database[name].insert_many(documents, session=session)
        for name, updates in (
            ("users", self.changes),
            ("email_addresses", self.row_changes),
            ("import_map", self.memories),
        ):
            if updates:
                await database[name].bulk_write(updates, session=session)
        for former, fresh in self.renamed.items():
            renamed = {"$set": {"s": fresh}}
            await database["notify_queue"].update_many({"s": former}, renamed, session=session)

        if self.moved:
            # Proofs that name no address were mailed to the primary one of that time.
            nameless = {"user_id": {"$in": self.moved}, "email_id": None}
            await database["email_validation"].delete_many(nameless, session=session)


class Marked(Protocol):
    """A row that has something in common with others."""

    @property
    def marks(self) -> frozenset[object]:
        """Return what no two rows of one batch may share."""


M = TypeVar("M", bound=Marked)


def unrelated(seats: Iterable[M]) -> list[M]:
    """Return the first rows, up to one that has the person or the key of an earlier one."""
    seen: set[object] = set()
    ahead: list[M] = []
    for seat in seats:
        if seat.marks & seen:
            break
        seen |= seat.marks
        ahead.append(seat)
    return ahead
