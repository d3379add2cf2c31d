"""Entries of list items."""

from __future__ import annotations

from handlers.core.dialect import Route
from handlers.core.errors import NotFound
from handlers.core.operation import operation
from handlers.core.rest.fields import as_patch
from handlers.knowme.objects import EntryObject
from handlers.knowme.schemas import EntryBody
from handlers.knowme.users import TreeHandler
from storage.belongings import Entry, Item


class EntriesHandler(TreeHandler):
    """The entries of a list item, by the item's id."""

    item: Item

    async def find(self, item: int) -> None:
        """Find the item; one with image content takes no entries."""
        self.item = await self.knowme.items.find(self.owner.oid, item)
        if self.item.list_id is None and self.request.method == "POST":
            raise NotFound

    @operation(returns=list[EntryObject])
    async def get(self) -> list[EntryObject]:
        """List the entries; an item with image content has none."""
        found = await self.knowme.entries.within(self.owner.oid, self.item.id)
        return [EntryObject(each.id, each.text) for each in found]

    @operation(body=EntryBody, returns=EntryObject, status=201)
    async def post(self, body: EntryBody) -> EntryObject:
        """Add an entry at the end."""
        made = await self.knowme.entries.add(self.owner.oid, body.changes, parent=self.item.id)
        return EntryObject(made.id, made.text)


class EntryHandler(TreeHandler):
    """One entry."""

    entry: Entry

    async def find(self, entry: int) -> None:
        """Find the entry."""
        self.entry = await self.knowme.entries.find(self.owner.oid, entry)

    @operation(returns=EntryObject)
    async def get(self) -> EntryObject:
        """Return the entry."""
        return EntryObject(self.entry.id, self.entry.text)

    async def change(self, body: EntryBody) -> EntryObject:
        """Change the text."""
        entry = await self.knowme.entries.change(self.owner.oid, self.entry.id, body.changes)
        return EntryObject(entry.id, entry.text)

    patch = operation(body=as_patch(EntryBody), returns=EntryObject)(change)
    put = operation(body=EntryBody, returns=EntryObject)(change)

    @operation(status=204)
    async def delete(self) -> None:
        """Delete the entry."""
        await self.knowme.entries.remove(self.owner.oid, self.entry.id)


ROUTES = (
    Route("/know-me/items/{item}/list-entries/", EntriesHandler),
    Route("/know-me/list-entries/{entry}/", EntryHandler),
)
