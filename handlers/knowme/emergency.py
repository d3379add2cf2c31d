"""Emergency items and contacts of a Know Me user."""

from __future__ import annotations

from handlers.core.dialect import Route
from handlers.core.operation import operation
from handlers.core.rest.fields import as_patch
from handlers.knowme.items import MediaUser
from handlers.knowme.objects import ContactObject, EmergencyItemObject
from handlers.knowme.schemas import ContactBody, EmergencyItemBody
from handlers.knowme.users import TreeHandler
from storage.belongings import EmergencyContact, EmergencyItem, KnowMeUser


class EmergencyItemShower(MediaUser):
    """Shows emergency items."""

    async def show(self, *items: EmergencyItem) -> list[EmergencyItemObject]:
        """Expand emergency items: their media in one query."""
        media = await self.knowme.media_by_id(self.owner.oid, (each.media_resource for each in items))
        return [self.objects.emergency_item(each, media) for each in items]


class EmergencyItemsHandler(EmergencyItemShower):
    """The emergency items of a Know Me user."""

    user: KnowMeUser

    async def find(self, user: int) -> None:
        """Find the Know Me user."""
        self.user = await self.knowme.users.find(self.owner.oid, user)

    @operation(returns=list[EmergencyItemObject])
    async def get(self) -> list[EmergencyItemObject]:
        """List the emergency items."""
        return await self.show(*await self.knowme.emergency_items.within(self.owner.oid, self.user.id))

    @operation(body=EmergencyItemBody, returns=EmergencyItemObject, status=201)
    async def post(self, body: EmergencyItemBody) -> EmergencyItemObject:
        """Make an emergency item."""
        fields = {"description": "", "media_resource": None, **body.changes}
        made = await self.knowme.emergency_items.add(self.owner.oid, fields, parent=self.user.id)
        return (await self.show(made))[0]


class EmergencyItemHandler(EmergencyItemShower):
    """One emergency item."""

    item: EmergencyItem

    async def find(self, item: int) -> None:
        """Find the emergency item."""
        self.item = await self.knowme.emergency_items.find(self.owner.oid, item)

    @operation(returns=EmergencyItemObject)
    async def get(self) -> EmergencyItemObject:
        """Return the emergency item."""
        return (await self.show(self.item))[0]

    async def change(self, body: EmergencyItemBody) -> EmergencyItemObject:
        """Change what is sent."""
        item = await self.knowme.emergency_items.change(self.owner.oid, self.item.id, body.changes)
        return (await self.show(item))[0]

    patch = operation(body=as_patch(EmergencyItemBody), returns=EmergencyItemObject)(change)
    put = operation(body=EmergencyItemBody, returns=EmergencyItemObject)(change)

    @operation(status=204)
    async def delete(self) -> None:
        """Delete the emergency item."""
        await self.knowme.emergency_items.remove(self.owner.oid, self.item.id)


class ContactsHandler(TreeHandler):
    """The emergency contacts of a Know Me user."""

    user: KnowMeUser

    async def find(self, user: int) -> None:
        """Find the Know Me user."""
        self.user = await self.knowme.users.find(self.owner.oid, user)

    @operation(returns=list[ContactObject])
    async def get(self) -> list[ContactObject]:
        """List the contacts."""
        found = await self.knowme.emergency_contacts.within(self.owner.oid, self.user.id)
        return [self.objects.contact(each) for each in found]

    @operation(body=ContactBody, returns=ContactObject, status=201)
    async def post(self, body: ContactBody) -> ContactObject:
        """Make a contact."""
        fields = body.model_dump()
        return self.objects.contact(
            await self.knowme.emergency_contacts.add(self.owner.oid, fields, parent=self.user.id)
        )


class ContactHandler(TreeHandler):
    """One emergency contact."""

    contact: EmergencyContact

    async def find(self, contact: int) -> None:
        """Find the contact."""
        self.contact = await self.knowme.emergency_contacts.find(self.owner.oid, contact)

    @operation(returns=ContactObject)
    async def get(self) -> ContactObject:
        """Return the contact."""
        return self.objects.contact(self.contact)

    async def change(self, body: ContactBody) -> ContactObject:
        """Change what is sent."""
        contacts = self.knowme.emergency_contacts
        return self.objects.contact(await contacts.change(self.owner.oid, self.contact.id, body.changes))

    patch = operation(body=as_patch(ContactBody), returns=ContactObject)(change)
    put = operation(body=ContactBody, returns=ContactObject)(change)

    @operation(status=204)
    async def delete(self) -> None:
        """Delete the contact."""
        await self.knowme.emergency_contacts.remove(self.owner.oid, self.contact.id)


ROUTES = (
    Route("/know-me/users/{user}/emergency-items/", EmergencyItemsHandler),
    Route("/know-me/emergency-items/{item}/", EmergencyItemHandler),
    Route("/know-me/users/{user}/emergency-contacts/", ContactsHandler),
    Route("/know-me/emergency-contacts/{contact}/", ContactHandler),
)
