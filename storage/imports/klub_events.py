"""Loads events, who organizes them and what people do at them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from storage.driver import Document, Session, UpdateOne
from storage.files import Files
from storage.imports import klub_models as models
from storage.imports.comics_rows import differs
from storage.imports.klub_rows import Base, Draft, OwnRows, SluggedRows, resolve
from storage.imports.ledger import Key
from storage.imports.rows import restarting
from storage.klub.attendance import Attendance
from storage.klub.event import DEFAULTS, OWN_FILES, name_photos, new_event
from storage.klub.event_tree import EventTree

PORTION = 500
OLD_NAMES = {"date_from": "datetime_from", "date_to": "datetime_to"}
NEVER_BLANK = ("intended_for", "basic_purpose", "registration_method")
PRIORITIES = 9_999_999_999


class EventRows(SluggedRows):
    """The loader of events; parents, which may come behind their children, are found in the end."""

    def __init__(self, base: Base, files: Files, tree: EventTree) -> None:
        super().__init__(base, models.EVENTS, "events")
        self._files = files
        self._tree = tree
        self._parents: dict[int, Key | None] = {}

    def describe(self, draft: Draft) -> Document:
        """Fill in defaults, and what older dumps called otherwise."""
        values = super().describe(draft)
        for old, name in OLD_NAMES.items():
            values[name] = values[name] or values.pop(old)
            values.pop(old, None)
        for name in NEVER_BLANK:
            values[name] = values[name] or DEFAULTS[name]
        priority = values["tn_priority"] or 0
        values["tn_priority"] = min(max(priority, -PRIORITIES), PRIORITIES)
        del values["tn_parent"]
        return values

    def begin(self, draft: Draft, values: Document) -> Document:
        """Make the document of a new event."""
        slug = values.pop("slug")
        return new_event(draft.number, slug, values)

    async def compose(self, drafts: Sequence[Draft], session: Session) -> Sequence[Document]:
        """Derive the photos; uploaded ones that are named no more are hidden."""
        composed = await super().compose(drafts, session)
        for draft, values in zip(drafts, composed, strict=True):
            parent = draft.row.fields["tn_parent"]
            if parent is not None or (draft.former or {}).get("tn_parent") is not None:
                self._parents[draft.number] = parent
            if draft.former is not None:
                values["photos"] = name_photos({**draft.former, **values})
                for path in sorted({*draft.former["photos"]} - {*values["photos"]}):
                    await self._files.discard(OWN_FILES + path, session)
        return composed

    async def finish(self) -> None:
        """Find the parents, and put everything into order."""
        children = sorted(self._parents)
        for start in range(0, len(children), PORTION):
            await self._adopt(children[start : start + PORTION])
        await self._tree.settle()

    async def _adopt(self, children: Sequence[int]) -> None:
        keys = {key for number in children if (key := self._parents[number]) is not None}

        async def work(session: Session) -> None:
            found = await resolve(self.base, models.EVENT, keys, session)
            updates = [
                UpdateOne({"_id": number}, {"$set": {"tn_parent": found.get(self._parents[number] or 0)}})
                for number in children
            ]
            await self.rows.bulk_write(updates, session=session)

        await restarting(self.base.database, work)


class TeamRows(OwnRows):
    """The loader of who organizes what."""

    def __init__(self, base: Base, tree: EventTree) -> None:
        super().__init__(base, models.TEAM, "organization_team")
        self._tree = tree

    async def finish(self) -> None:
        """Name the teams in their events."""
        await self._tree.settle()


class InteractionRows(OwnRows):
    """The loader of interactions; the counts of their events follow in the end."""

    def __init__(self, base: Base, attendance: Attendance, now: datetime) -> None:
        super().__init__(base, models.INTERACTIONS, "interactions")
        self._attendance = attendance
        self._events: set[int] = set()
        self._now = now

    async def compose(self, drafts: Sequence[Draft], session: Session) -> Sequence[Document]:
        """Fill in whose an interaction is and when it was, where its row does not say so."""
        composed = await super().compose(drafts, session)
        events = await self._read("events", {each["event"] for each in composed}, session)
        types = await self._read("event_types", {each["type"] for each in events.values()}, session)
        for draft, values in zip(drafts, composed, strict=True):
            event = events.get(values["event"], {})
            self._events |= {each for each in (values["event"], (draft.former or {}).get("event")) if each}
            if values["unit"] is None:
                values["unit"] = unit_of(event, types.get(event.get("type"), {}))
            created = values["created"] or (draft.former or {}).get("created") or self._now
            values["created"] = created
            values["updated"] = values["updated"] or (draft.former or {}).get("updated") or created
            values["date_from"] = values["date_from"] or event.get("start_date") or created
        await self._tell(drafts, composed, session)
        return composed

    async def _tell(self, drafts: Sequence[Draft], composed: Sequence[Document], session: Session) -> None:
        """Tell who manages the events of what is new or has changed."""
        users = {values["user"] for values in composed}
        found = self.base.database["users"].find({"id": {"$in": list(users)}}, session=session)
        people = {row["id"]: row for row in await found.to_list(None)}
        sheet = await self._attendance.sheet(session)
        for draft, values in zip(drafts, composed, strict=True):
            after = {"_id": draft.number, **values}
            if draft.former is None or differs(after, draft.former):
                sheet.report(people[values["user"]], draft.former, after)
        await sheet.close()

    async def _read(self, collection: str, ids: set[Any], session: Session) -> Mapping[Any, Document]:
        wanted = {"_id": {"$in": [each for each in ids if each is not None]}}
        fields = {"type": 1, "units": 1, "start_date": 1, "unit": 1}
        found = self.base.database[collection].find(wanted, fields, session=session)
        return {row["_id"]: row for row in await found.to_list(None)}

    async def finish(self) -> None:
        """Count the events anew; whoever follows them is told."""
        await self._attendance.recount(self._events)


def unit_of(event: Document, kind: Document) -> int | None:
    """Return the unit that what people do at an event belongs to: that of its type, else its first."""
    first = next(iter(event.get("units") or ()), None)
    found = kind.get("unit")
    return first if found is None else found


def now() -> datetime:
    """Return the moment in the precision in which it is stored."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
