"""Changing a password, by the old one or by a mailed key, and asking for such a key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from handlers.core.dialect import Route
from handlers.core.errors import ApiError, Invalid, Unauthenticated
from handlers.core.operation import operation
from handlers.core.rest.about import Nothing
from handlers.core.rest.fields import spell
from handlers.core.rest.words import WHOLE
from handlers.knowme.account_schemas import WRONG_OLD, ChangePasswordBody, ResetBody
from handlers.knowme.auth import AccountHandler
from handlers.knowme.mails import Letterhead
from handlers.knowme.rules import Access
from settings import Settings
from storage.driver import Document
from storage.errors import NotFound, Rejected
from storage.jobs import NewJob
from storage.passwords import can_match
from storage.resets import Offered, Reset, Resets

KIND = "password_reset"
HOUR = 3600  # seconds
SAME = "The new password must be different from the current password."
BAD_KEY = "The provided password reset key is invalid."
OLD_KEY = "The provided key has expired. Please request a new password reset."


class ChangePasswordHandler(AccountHandler):
    """Sets passwords; with a key it needs no token."""

    access = Access.PUBLIC
    former: str | None = None

    def permit(self) -> None:
        """Ask for a token where there is no key."""
        super().permit()
        if self.member is None and not self.has_key():
            raise Unauthenticated

    def has_key(self) -> bool:
        """Tell whether the body, which need not even be readable, has a key."""
        try:
            return "key" in self.read_fields()
        except ApiError:
            return False

    async def known(self, fields: Mapping[str, Any]) -> bool:
        """Try the old password, so that what is wrong with it is told along with everything else."""
        old = spell(fields.get("old_password"))
        if "key" in fields or old is None:
            return False
        person = await self.stores.accounts.document(self.owner.oid)
        asked = person.get("email") or f"#{person['id']}"  # imports may have brought people without any
        self.former = await self.services.tries.check(person, old, asked=asked, client=self.client)
        return self.former is not None

    @operation(body=ChangePasswordBody, returns=Nothing)
    async def post(self, body: ChangePasswordBody) -> dict[str, Any]:
        """Set the password."""
        if body.key:
            await self.redeem(body)
        else:
            await self.replace(body)
        return {}

    async def redeem(self, body: ChangePasswordBody) -> None:
        """Set the password of the account whose key it is; only success uses the key up."""
        found = await self.open_reset(body.key)
        passwords, stored = self.services.passwords, str(found.person.get("password") or "")
        if can_match(stored) and await passwords.verify(body.new_password, stored):
            raise Invalid.field(WHOLE, SAME)
        hashed = await passwords.hash(body.new_password)
        try:
            await self.stores.resets.redeem(found, hashed, self.notices)
        except NotFound:
            raise Invalid.field(WHOLE, BAD_KEY) from None

    async def open_reset(self, key: str) -> Reset:
        """Find what a key is for; raises Invalid."""
        try:
            found = await self.stores.resets.find(key)
        except NotFound:
            raise Invalid.field(WHOLE, BAD_KEY) from None
        if found.age > self.services.settings.password_reset_expiration_hours * HOUR:
            raise Invalid.field(WHOLE, OLD_KEY)
        return found

    async def replace(self, body: ChangePasswordBody) -> None:
        """Set the caller's password in the place of the old one."""
        if body.new_password == body.old_password.strip():
            raise Invalid.field(WHOLE, SAME)
        assert self.former is not None
        hashed = await self.services.passwords.hash(body.new_password)
        change = self.stores.credentials.change_password
        try:
            await change(self.owner.oid, self.former, hashed, self.notices)
        except Rejected:
            raise Invalid.field("old_password", WRONG_OLD) from None

    def notices(self, person: Document) -> Sequence[NewJob]:
        """Tell the owner and the mailing list."""
        return [*self.letterhead.changed(person), *self.listing(person)]


class ResetHandler(AccountHandler):
    """Takes orders for keys; whether the address is known shows only in its mailbox."""

    access = Access.PUBLIC

    @operation(body=ResetBody, returns=ResetBody)
    async def post(self, body: ResetBody) -> dict[str, str]:
        """Mail a key to the address, if it may have one.

        A job looks the address up, so that the answer can't tell by its time what was found.
        """
        await self.count("mails_per_address", f"knowme {body.email.lower()}")
        order = {"email": body.email, "sender": self.letterhead.sender}
        await self.stores.jobs.promise(NewJob(KIND, order))
        return {"email": body.email}


@dataclass(frozen=True, slots=True)
class ResetOrders:
    """Runs the orders."""

    settings: Settings
    resets: Resets

    async def run(self, args: Mapping[str, Any]) -> None:
        """Make a key and queue its mail, or do nothing."""
        letterhead = Letterhead(self.settings, args["sender"])

        def mail(offered: Offered) -> NewJob:
            return letterhead.reset(offered.email, offered.person, offered.key)

        await self.resets.offer(args["email"], self.settings.password_reset_expiration_hours * HOUR, mail)


ROUTES = (
    Route("/account/change-password/", ChangePasswordHandler),
    Route("/account/reset-password/", ResetHandler),
)
