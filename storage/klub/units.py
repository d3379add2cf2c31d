"""Administrative units: the clubs, sections and centers that events belong to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from storage.database import Database, Index, index
from storage.klub.register import Register
from storage.traces import Fate, Trace

UNITS = "administrative_units"
LEADERS = ("president", "vice_president", "manager")


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit; `president` and `manager` are the numbers of accounts."""

    id: int
    name: str
    street: str
    city: str
    zip_code: str
    telephone: str
    from_email_address: str
    web_url: str | None
    president: int | None
    manager: int | None
    gps_latitude: float | None
    gps_longitude: float | None
    level: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read the stored form; what an import left out has its default."""
        return cls(
            id=row["_id"],
            name=row["name"],
            street=row.get("street") or "",
            city=row.get("city") or "",
            zip_code=row.get("zip_code") or "",
            telephone=row.get("telephone") or "",
            from_email_address=row.get("from_email_address") or "",
            web_url=row.get("web_url") or None,
            president=row.get("president"),
            manager=row.get("manager"),
            gps_latitude=row.get("gps_latitude"),
            gps_longitude=row.get("gps_longitude"),
            level=row.get("level") or "club",
        )


class Units(Register[Unit]):
    """The `administrative_units` collection; only imports write it."""

    INDEXES: tuple[Index, ...] = tuple(index(UNITS, name) for name in LEADERS)
    TRACES = tuple(Trace(UNITS, name, Fate.NULL, by="id") for name in LEADERS)

    def __init__(self, database: Database) -> None:
        super().__init__(database, UNITS, Unit)
        self._users = database["users"]

    async def names_of(self, people: Iterable[int | None]) -> Mapping[int, str]:
        """Return the "First Last" of accounts by their numbers; who has neither is left out."""
        wanted = sorted({number for number in people if number is not None})
        if not wanted:
            return {}
        found = self._users.find({"id": {"$in": wanted}}, {"id": 1, "fname": 1, "sname": 1})
        names = {
            row["id"]: f"{row.get('fname') or ''} {row.get('sname') or ''}".strip()
            for row in await found.to_list(None)
        }
        return {number: name for number, name in names.items() if name}
