"""Items of a topic: image content or list content, for good."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handlers.core.dialect import Route
from handlers.core.errors import Invalid
from handlers.core.operation import operation
from handlers.core.rest.fields import as_patch
from handlers.core.rest.words import WHOLE
from handlers.knowme.objects import ItemObject
from handlers.knowme.schemas import ItemBody, NewItemBody, named_media
from handlers.knowme.users import TreeHandler
from storage.belongings import Item, Topic

OTHER_KIND = "The type of content attached to a profile item may not change."


class MediaUser(TreeHandler):
    """Checks the media resources that bodies name."""

    async def known(self, fields: Mapping[str, Any]) -> frozenset[int]:
        """Return which of the named media resources are the account's own."""
        return frozenset(await self.knowme.media_by_id(self.owner.oid, named_media(fields)))


class ItemShower(MediaUser):
    """Shows items."""

    async def show(self, *items: Item) -> list[ItemObject]:
        """Expand items: entries and media in two queries, whatever the number of items."""
        contents = await self.knowme.contents(self.owner.oid, items)
        return [self.objects.item(each, contents) for each in items]


class ItemsHandler(ItemShower):
    """The items of a topic."""

    topic: Topic

    async def find(self, topic: int) -> None:
        """Find the topic."""
        self.topic = await self.knowme.topics.find(self.owner.oid, topic)

    @operation(returns=list[ItemObject])
    async def get(self) -> list[ItemObject]:
        """List the items, fully expanded."""
        return await self.show(*await self.knowme.items.within(self.owner.oid, self.topic.id))

    @operation(body=NewItemBody, returns=ItemObject, status=201)
    async def post(self, body: NewItemBody) -> ItemObject:
        """Make an item."""
        image = body.image_content.changes if body.image_content is not None else None
        made = await self.knowme.add_item(self.owner.oid, self.topic.id, body.name, image)
        return (await self.show(made))[0]


class ItemHandler(ItemShower):
    """One item."""

    item: Item

    async def find(self, item: int) -> None:
        """Find the item."""
        self.item = await self.knowme.items.find(self.owner.oid, item)

    @operation(returns=ItemObject)
    async def get(self) -> ItemObject:
        """Return the item, fully expanded."""
        return (await self.show(self.item))[0]

    async def change(self, body: ItemBody) -> ItemObject:
        """Change what is sent; image content keeps what isn't."""
        other = body.image_content if self.item.image_content is None else body.list_content
        if other is not None:
            raise Invalid.field(WHOLE, OTHER_KIND)
        values = {"name": body.name} if "name" in body.model_fields_set else {}
        if body.image_content is not None:
            values |= {f"image_content.{name}": value for name, value in body.image_content.changes.items()}
        return (await self.show(await self.knowme.items.change(self.owner.oid, self.item.id, values)))[0]

    patch = operation(body=as_patch(ItemBody), returns=ItemObject)(change)
    put = operation(body=ItemBody, returns=ItemObject)(change)


ROUTES = (
    Route("/know-me/topics/{topic}/items/", ItemsHandler),
    Route("/know-me/items/{item}/", ItemHandler),
)
