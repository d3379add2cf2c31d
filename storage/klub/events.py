"""Events: made, changed and deleted together with their photos, teams and places in lists."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from storage.accounts import Member
from storage.counters import Counters
from storage.database import Database, Index, index
from storage.driver import Document, DuplicateKeyError, ObjectId, Session
from storage.errors import NotFound
from storage.files import Files, StoredFile
from storage.klub import event_queries
from storage.klub.attendance import CANCELLATIONS
from storage.klub.event import OWN_FILES, PHOTOS, Event, Photo, fold, name_photos, new_event, place
from storage.klub.event_counts import EventCounts
from storage.klub.places import Locations, Positions
from storage.klub.team import Seat, Team
from storage.media import MediaFolder, Naming
from storage.presence import hold

KEPT = ("interactions", "donor_channels")  # stay when their event goes: history and money
UNNAMED = "event"  # the slug of a name of which no letter is left


class Events:
    """The `events` collection and what changes together with it."""

    INDEXES: tuple[Index, ...] = (
        *event_queries.INDEXES,
        index("events", "slug", unique=True),
        index("events", "location"),
        index("events", "photos"),
        index("events", "tn_parent", partial={"tn_parent": {"$type": "number"}}),
    )
    NAMINGS = (Naming("events", "photos"),)

    def __init__(
        self,
        database: Database,
        counters: Counters,
        files: Files,
        folder: MediaFolder,
        *,
        counts: EventCounts,
        locations: Locations,
        positions: Positions,
        team: Team,
    ) -> None:
        self._database = database
        self._events = database["events"]
        self._users = database["users"]
        self._counters = counters
        self._files = files
        self._folder = folder
        self._counts = counts
        self._locations = locations
        self._positions = positions
        self._team = team

    async def find(self, number: int) -> Event:
        """Find an event; raises NotFound."""
        row = await self._events.find_one({"_id": number})
        if row is None:
            raise NotFound("events")
        return Event.of(row)

    async def some(self, numbers: Collection[int]) -> Mapping[int, Event]:
        """Find those with one of the numbers; unknown ones are left out."""
        if not numbers:
            return {}
        rows = await self._events.find({"_id": {"$in": sorted(numbers)}}).to_list(None)
        return {row["_id"]: Event.of(row) for row in rows}

    async def create(self, values: Mapping[str, Any], creator: Member) -> Event:
        """Make an event whose creator is in its team; photos among the values are kept; raises Departed."""
        number = await self._counters.take("events")
        seat = Seat(
            await self._team.number(), number, creator.id, position=await self._positions.of_creators()
        )
        stored = await self._receive(values)
        base = slug = fold(values["name"]) or UNNAMED
        while True:
            row = new_event(number, slug, stored)
            try:
                await self._insert(row, values, creator, seat)
            except DuplicateKeyError as error:
                if "slug" not in (error.details or {}).get("keyPattern", {}):
                    raise
                slug = f"{base}-{await self._counters.take(f'event slug {base}', start=2)}"
            else:
                return Event.of({**row, "team": [creator.id]})

    async def _insert(self, row: Document, values: Mapping[str, Any], creator: Member, seat: Seat) -> None:
        async def work(session: Session) -> None:
            await hold(self._users, creator.oid, session)
            await self._hold_location(row, session)
            await self._events.insert_one(row, session=session)
            await self._team.seat(seat, session)
            await self._keep_photos(values, session)
            await self._counts.note(1, int(row["public_on_web"]), session)

        await self._database.transaction(work)

    async def change(self, number: int, values: Mapping[str, Any]) -> Event:
        """Set fields; replaced photos are gone once that is stored; raises NotFound."""
        if not values:
            return await self.find(number)
        stored = await self._receive(values)

        async def work(session: Session) -> tuple[Document, list[ObjectId]]:
            before = await self._events.find_one({"_id": number}, session=session)
            if before is None:
                raise NotFound("events")
            if "location" in stored:
                await self._hold_location(stored, session)
            row = {**before, **stored}
            above = before["order"].removesuffix(place(before))
            order, photos = place(row, above), name_photos(row)
            derived = {**stored, "photos": photos, "order": order}
            # Counted: whoever may no longer see or manage the event is noticed by that.
            changed = {"$set": derived, "$inc": {"held": 1}}
            await self._events.update_one({"_id": number}, changed, session=session)
            await self._move_below(before["order"], order, session)
            await self._keep_photos(values, session)
            gone = await self._drop_photos(set(before["photos"]) - set(photos), session)
            await self._counts.note(0, row["public_on_web"] - before["public_on_web"], session)
            return row, gone

        row, gone = await self._database.transaction(work)
        await self._clear(gone)
        return Event.of(row)

    async def remove(self, number: int) -> None:
        """Delete an event, its team and its photos; what people did there stays, without it.

        Children become events of their own. Raises NotFound.
        """

        async def work(session: Session) -> list[ObjectId]:
            row = await self._events.find_one_and_delete({"_id": number}, session=session)
            if row is None:
                raise NotFound("events")
            await self._team.dissolve(number, session)
            await self._database[CANCELLATIONS].delete_many({"event": number}, session=session)
            for name in KEPT:
                await self._database[name].update_many(
                    {"event": number}, {"$set": {"event": None}}, session=session
                )
            await self._events.update_many(
                {"tn_parent": number}, {"$set": {"tn_parent": None}}, session=session
            )
            await self._move_below(row["order"], "", session)
            gone = await self._drop_photos(set(row["photos"]), session)
            await self._counts.note(-1, -int(row["public_on_web"]), session)
            return gone

        await self._clear(await self._database.transaction(work))

    async def photo_at(self, path: str) -> StoredFile | None:
        """Find the photo with an address below /upload/, while an event names it."""
        if await self._events.find_one({"photos": path}, {"_id": 1}) is None:
            return None
        return await self._files.open(OWN_FILES + path) or await self._folder.find(path)

    async def _receive(self, values: Mapping[str, Any]) -> Document:
        """Have the photos stored whole, before a transaction; return the values with their paths."""
        stored = dict(values)
        for name in PHOTOS:
            if isinstance(photo := values.get(name), Photo):
                await photo.draft.flush()
                stored[name] = photo.path
        return stored

    async def _keep_photos(self, values: Mapping[str, Any], session: Session) -> None:
        for name in PHOTOS:
            if isinstance(photo := values.get(name), Photo):
                await self._files.keep(photo.draft, photo.file, session)

    async def _drop_photos(self, paths: set[str], session: Session) -> list[ObjectId]:
        """Hide photos that their event names no more; an imported one may belong to others, too."""
        gone = []
        for path in sorted(paths):
            if (former := await self._files.discard(OWN_FILES + path, session)) is not None:
                gone.append(former)
            else:
                await self._folder.release(path, session)
        return gone

    async def _clear(self, gone: list[ObjectId]) -> None:
        for former in gone:
            await self._files.clear(former)

    async def _hold_location(self, row: Mapping[str, Any], session: Session) -> None:
        if row["location"] is not None:
            await self._locations.hold(row["location"], session)

    async def _move_below(self, former: str, order: str, session: Session) -> None:
        """Let what follows an event in the tree follow it to another place."""
        if former == order:
            return
        below = {"order": {"$gt": former, "$lt": former + "\uffff"}}
        for row in await self._events.find(below, {"order": 1}, session=session).to_list(None):
            moved = order + row["order"].removeprefix(former)
            await self._events.update_one({"_id": row["_id"]}, {"$set": {"order": moved}}, session=session)
