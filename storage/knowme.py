"""What Know Me keeps of a person: user, profiles, topics, items, entries, media, emergency data."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from storage.belongings import (
    OWN_FILES,
    Contents,
    EmergencyContact,
    EmergencyItem,
    Entry,
    Item,
    KnowMeUser,
    Media,
    Profile,
    Topic,
    Upload,
)
from storage.counters import Counters
from storage.database import Database, Index, index
from storage.driver import Document, DuplicateKeyError, ObjectId, Session
from storage.errors import Departed, NotFound, Taken
from storage.files import Files, StoredFile
from storage.media import MediaFolder, Naming
from storage.owned import Shelf
from storage.traces import Trace

PARENTS: Mapping[str, str | None] = {
    "km_users": None,
    "km_profiles": "km_user_id",
    "km_topics": "profile_id",
    "km_items": "topic_id",
    "km_list_entries": "item_id",
    "km_media_resources": "km_user_id",
    "km_emergency_items": "km_user_id",
    "km_emergency_contacts": "km_user_id",
}


class KnowMe:
    """One shelf a kind, and what takes more than one of them."""

    INDEXES: tuple[Index, ...] = (
        *(
            each
            for name, parent in PARENTS.items()
            for each in Shelf.indexes(name, parent, only_one=name == "km_users")
        ),
        index("km_media_resources", "path", unique=True),
        index("km_media_resources", "source", partial={"source": {"$exists": True}}),
    )

    TRACES = tuple(Trace(name, "user_id") for name in PARENTS)
    NAMINGS = (Naming("km_media_resources", "source"),)  # only what an import brought has a source

    def __init__(self, database: Database, counters: Counters, files: Files, folder: MediaFolder) -> None:
        def shelf(collection: str, kind: type[Any]) -> Shelf[Any]:
            return Shelf(database, counters, collection, kind, PARENTS[collection])

        self._database = database
        self._counters = counters
        self._files = files
        self._folder = folder
        self._people = database["users"]
        self._media_rows = database["km_media_resources"]
        self.users: Shelf[KnowMeUser] = shelf("km_users", KnowMeUser)
        self.profiles: Shelf[Profile] = shelf("km_profiles", Profile)
        self.topics: Shelf[Topic] = shelf("km_topics", Topic)
        self.items: Shelf[Item] = shelf("km_items", Item)
        self.entries: Shelf[Entry] = shelf("km_list_entries", Entry)
        self.media: Shelf[Media] = shelf("km_media_resources", Media)
        self.emergency_items: Shelf[EmergencyItem] = shelf("km_emergency_items", EmergencyItem)
        self.emergency_contacts: Shelf[EmergencyContact] = shelf("km_emergency_contacts", EmergencyContact)

    async def user_of(self, owner: ObjectId) -> KnowMeUser | None:
        """Return the account's one Know Me user, if it has one."""
        row = await self._database["km_users"].find_one({"user_id": owner})
        return KnowMeUser.of(row) if row is not None else None

    async def add_user(self, owner: ObjectId, fields: Mapping[str, Any]) -> KnowMeUser:
        """Make the account's Know Me user; the unique index lets one through; raises Taken."""
        try:
            return await self.users.add(owner, fields)
        except DuplicateKeyError as error:
            raise Taken("user") from error

    async def first_name(self, owner: ObjectId) -> str:
        """Return the account's first name as it is now."""
        row = await self._people.find_one({"_id": owner}, {"fname": 1})
        if row is None:
            raise Departed
        return str(row.get("fname", ""))

    async def contents(self, owner: ObjectId, items: Sequence[Item]) -> Contents:
        """Read what the items show, in two queries whatever their number."""
        lists = [item.id for item in items if item.list_id is not None]
        images = [item.image_content for item in items if item.image_content is not None]
        wanted = {number for image in images for number in (image.image_resource, image.media_resource)}
        entries, media = await asyncio.gather(
            self.entries.within(owner, *lists), self.media_by_id(owner, wanted)
        )
        by_item: dict[int, list[Entry]] = defaultdict(list)
        for entry in entries:
            by_item[entry.item_id].append(entry)
        return Contents(by_item, media)

    async def media_by_id(self, owner: ObjectId, numbers: Iterable[int | None]) -> Mapping[int, Media]:
        """Read media resources by their ids; those that aren't the owner's are left out."""
        wanted = sorted({number for number in numbers if number is not None})
        return {each.id: each for each in await self.media.among(owner, wanted)}

    async def add_item(
        self, owner: ObjectId, topic: int, name: str, image_content: Mapping[str, Any] | None
    ) -> Item:
        """Make an item with image content, or with an empty list."""
        fields: Document = {"name": name, "image_content": None, "list_content": None}
        if image_content is not None:
            number = await self._counters.take("km_image_contents")
            fields["image_content"] = {"id": number, "description": "", **image_content}
        else:
            fields["list_content"] = {"id": await self._counters.take("km_list_contents")}
        return await self.items.add(owner, fields, parent=topic)

    async def add_media(self, owner: ObjectId, km_user: int, name: str, upload: Upload) -> Media:
        """Keep an upload as a new media resource: file and row, or neither."""
        number = await self.media.number()
        await upload.draft.flush()

        async def work(session: Session) -> Media:
            kept = await self._files.keep(upload.draft, upload.file, session)
            fields = {"name": name, **_file_fields(upload, kept)}
            return await self.media.add(owner, fields, parent=km_user, number=number, session=session)

        return await self._database.transaction(work)

    async def change_media(
        self, owner: ObjectId, number: int, fields: Mapping[str, Any], upload: Upload | None
    ) -> Media:
        """Change name or file; a replaced file is gone once the change is stored."""
        if upload is None:
            return await self.media.change(owner, number, fields)
        await upload.draft.flush()

        async def work(session: Session) -> tuple[Media, ObjectId | None]:
            before = await self._media_rows.find_one({"id": number, "user_id": owner}, session=session)
            if before is None:
                raise NotFound("km_media_resources")
            kept = await self._files.keep(upload.draft, upload.file, session)
            values = {**fields, **_file_fields(upload, kept)}
            if "source" in before:
                values["source"] = None
            after = await self.media.change(owner, number, values, session)
            return after, await self._withdraw_file(before, session)

        after, former = await self._database.transaction(work)
        if former is not None:
            await self._files.clear(former)
        return after

    async def withdraw_files(self, owner: ObjectId, session: Session) -> None:
        """Take an account's media resources away, and their files out of sight; part of its deletion."""
        rows = await self._media_rows.find({"user_id": owner}, session=session).to_list(None)
        await self._media_rows.delete_many({"user_id": owner}, session=session)
        for row in rows:
            await self._withdraw_file(row, session)

    async def _withdraw_file(self, row: Document, session: Session) -> ObjectId | None:
        """Hide the file that a row named; an imported one may belong to further things."""
        if source := row.get("source"):
            await self._folder.release(source, session)
        file = row.get("file") or ""
        return await self._files.discard(file, session) if file.startswith(OWN_FILES) else None

    async def file_at(self, path: str) -> StoredFile | None:
        """Find the file at an unguessable address; an imported resource names it as its source."""
        row = await self._media_rows.find_one({"path": path}, {"file": 1, "source": 1}) or {}
        if source := row.get("source"):
            return await self._folder.find(source)
        file = row.get("file")  # an import may have brought a resource without any
        return await self._files.open(file) if file else None


def _file_fields(upload: Upload, kept: StoredFile) -> Document:
    return {
        "path": upload.path,
        "file": upload.file,
        "size": kept.length,
        "content_type": upload.content_type,
    }
