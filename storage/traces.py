"""What of a person is where: each store declares it, so that a deletion finds all of it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

from storage.driver import Collection, Session


class Fate(enum.Enum):
    """What becomes of a trace when its person is deleted."""

    ROW = "the whole document goes"
    NULL = "the document stays without the person"
    ENTRY = "the entry leaves the list"


@dataclass(frozen=True, slots=True)
class Trace:
    """A field that names a person, by the value of the field `by` of their own document.

    With `or_in` it may name a document of that collection instead, by its `_id`.
    Declare an index that begins with the field, too: a deletion looks for all traces in one transaction.
    """

    collection: str
    field: str
    fate: Fate = Fate.ROW
    by: str = "_id"
    or_in: str | None = None

    async def wipe(self, rows: Collection, value: Any, session: Session) -> None:
        """Remove the trace of the person with this value."""
        found = {self.field: value}
        match self.fate:
            case Fate.ROW:
                await rows.delete_many(found, session=session)
            case Fate.NULL:
                await rows.update_many(found, {"$set": {self.field: None}}, session=session)
            case Fate.ENTRY:
                await rows.update_many(found, {"$pull": found}, session=session)
