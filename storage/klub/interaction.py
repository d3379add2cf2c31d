"""An interaction as it is stored: who did or wants to do what, where, and what they say about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from storage.driver import Document
from storage.klub.interaction_types import InteractionType

INTERACTIONS = "interactions"


@dataclass(frozen=True, slots=True)
class Interaction:
    """A stored interaction; people, events, types and units by their numbers."""

    id: int
    user: int
    event: int | None
    type: int
    unit: int | None
    note: str | None
    summary: str
    created: datetime
    updated: datetime

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read the stored form; what an import left out has its default."""
        return cls(
            row["_id"],
            row["user"],
            row["event"],
            row["type"],
            row.get("unit"),
            row.get("note"),
            row.get("summary") or "",
            row["created"],
            row["updated"],
        )


@dataclass(frozen=True, slots=True)
class Draft:
    """An interaction that is to be made; `date_from` None stands for now."""

    type: InteractionType
    event: int | None = None
    unit: int | None = None
    note: str | None = None
    summary: str = ""
    subject: str = ""
    skills: str = ""
    location: int | None = None
    program_of_interest: tuple[str, ...] = ()
    date_from: datetime | None = None

    def row(self, number: int, user: int, now: datetime) -> Document:
        """Make the document."""
        return {
            "_id": number,
            "user": user,
            "event": self.event,
            "type": self.type.id,
            "unit": self.unit,
            "note": self.note,
            "summary": self.summary,
            "subject": self.subject,
            "skills": self.skills,
            "location": self.location,
            "program_of_interest": list(self.program_of_interest),
            "date_from": self.date_from or now,
            "created": now,
            "updated": now,
        }
