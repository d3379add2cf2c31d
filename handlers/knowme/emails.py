"""The addresses of an account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from handlers.core.dialect import Route
from handlers.core.errors import Invalid
from handlers.core.operation import operation
from handlers.core.rest.fields import as_patch, spell
from handlers.core.rest.handler import Refused
from handlers.core.rest.words import WHOLE
from handlers.knowme.account_schemas import (
    ADDRESS_EXISTS,
    UNVERIFIED,
    KnownMailbox,
    MailboxBody,
    NewMailboxBody,
)
from handlers.knowme.auth import AccountHandler
from handlers.knowme.rules import Access
from storage.driver import Document
from storage.errors import Rejected, Taken
from storage.jobs import NewJob
from storage.mailboxes import Added, Mailbox

ACTIONS = ((1, "noop"), (2, "replace primary email"))
PRIMARY_STAYS = "This email address cannot be deleted because it is the primary email for the account."


@dataclass(frozen=True, slots=True)
class MailboxObject:
    """An address of an account."""

    id: int
    url: str
    email: str
    verified: bool
    verified_action: int
    primary: bool


@dataclass(frozen=True, slots=True)
class ActionObject:
    """What may happen when an address is verified."""

    id: int
    label: str


class AddressHandler(AccountHandler):
    """What the paths about addresses share."""

    def show(self, mailbox: Mailbox) -> MailboxObject:
        """Make an answer of an address."""
        url = f"{self.base_url}/account/emails/{mailbox.id}/"
        return MailboxObject(
            mailbox.id, url, mailbox.email, mailbox.verified, mailbox.verified_action, mailbox.primary
        )


class MailboxesHandler(AddressHandler):
    """The account's addresses."""

    @operation(returns=list[MailboxObject])
    async def get(self) -> list[MailboxObject]:
        """List the addresses."""
        return [self.show(each) for each in await self.stores.mailboxes.of(self.owner.oid)]

    async def known(self, fields: Mapping[str, Any]) -> bool:
        """Tell whether the address is taken."""
        return await self.is_taken(fields)

    @operation(body=NewMailboxBody, returns=MailboxObject, status=201)
    async def post(self, body: NewMailboxBody) -> MailboxObject:
        """Add an address, ask it for its proof and tell the primary one."""
        action = body.verified_action
        try:
            made = await self.stores.mailboxes.add(self.owner.oid, body.email, action, self.notices)
        except Taken:
            raise Invalid.field("email", ADDRESS_EXISTS) from None
        return self.show(made)

    def notices(self, added: Added) -> Sequence[NewJob]:
        """Write to both addresses."""
        letterhead = self.letterhead
        proof = letterhead.confirm(added.email, added.person, added.key)
        return [proof, *letterhead.added(added.person, added.email)]


class MailboxHandler(AddressHandler):
    """One address."""

    mailbox: Mailbox

    async def find(self, mailbox: int) -> None:
        """Find the address."""
        self.mailbox = await self.stores.mailboxes.find(self.owner.oid, mailbox)

    async def known(self, fields: Mapping[str, Any]) -> KnownMailbox:
        """Return what the body is held against."""
        sent = (spell(fields.get("email")) or "").strip()
        row = await self.stores.addresses.taken(sent) if sent else None
        return KnownMailbox(self.mailbox, taken=row is not None and row["id"] != self.mailbox.id)

    @operation(returns=MailboxObject)
    async def get(self) -> MailboxObject:
        """Return the address."""
        return self.show(self.mailbox)

    async def change(self, body: MailboxBody) -> MailboxObject:
        """Make the address the primary one, where the body says so."""
        if not body.primary:
            return self.show(self.mailbox)
        promote = self.stores.mailboxes.promote
        try:
            return self.show(await promote(self.owner.oid, self.mailbox.id, self.switched))
        except Rejected:
            raise Invalid.field("primary", UNVERIFIED) from None

    def switched(self, person: Document) -> Sequence[NewJob]:
        """Tell the mailing list of another primary address."""
        return self.listing(person)

    patch = operation(body=as_patch(MailboxBody), returns=MailboxObject)(change)
    put = operation(body=MailboxBody, returns=MailboxObject)(change)

    @operation(status=204)
    async def delete(self) -> None:
        """Delete the address, unless it is the primary one."""
        try:
            await self.stores.mailboxes.remove(self.owner.oid, self.mailbox.id)
        except Rejected:
            raise Refused(409, {WHOLE: PRIMARY_STAYS}) from None


class ActionsHandler(AddressHandler):
    """What an address can do once it is verified."""

    access = Access.PUBLIC

    @operation(returns=list[ActionObject])
    async def get(self) -> list[ActionObject]:
        """List the actions."""
        return [ActionObject(number, label) for number, label in ACTIONS]


ROUTES = (
    Route("/account/emails/", MailboxesHandler),
    Route("/account/emails/actions/", ActionsHandler),
    Route("/account/emails/{mailbox}/", MailboxHandler),
)
