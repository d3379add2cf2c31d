"""The account's names, and the proof of its addresses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from handlers.core.dialect import Route
from handlers.core.errors import Invalid
from handlers.core.operation import operation
from handlers.core.rest.about import Nothing
from handlers.core.rest.fields import as_patch, spell
from handlers.core.rest.words import WHOLE
from handlers.knowme.account_schemas import LONGEST_KEY, ProfileBody, VerifyBody
from handlers.knowme.auth import AccountHandler, AccountObject
from handlers.knowme.rules import Access
from storage.accounts import Amended, Amendment
from storage.confirmations import Confirmation
from storage.driver import Document
from storage.errors import Departed, NotFound
from storage.jobs import NewJob

DAY = 86400  # seconds
BAD_KEY = "This key is invalid."
OLD_KEY = "This key has expired. Please send a new verification email and try again."
BAD_CREDENTIALS = "The provided credentials were invalid."
NAMES = {"first_name": "fname", "last_name": "sname"}


class ProfileHandler(AccountHandler):
    """The names of the account."""

    @operation(returns=AccountObject)
    async def get(self) -> AccountObject:
        """Return the account."""
        return AccountObject.of(await self.stores.accounts.document(self.owner.oid))

    async def change(self, body: ProfileBody) -> AccountObject:
        """Change the names, for all dialects."""
        sent = {NAMES[name]: value for name, value in body.changes.items()}

        def decide(stored: Document) -> Amendment:
            values = {name: value for name, value in sent.items() if stored.get(name) != value}
            return Amendment(values, values.keys(), revalidate=bool(values))

        amended = await self.stores.accounts.amend(self.owner.oid, decide, self.notices)
        return AccountObject.of(amended.person)

    def notices(self, amended: Amended) -> Sequence[NewJob]:
        """Tell the mailing list."""
        return self.listing(amended.person)

    patch = operation(body=as_patch(ProfileBody), returns=AccountObject)(change)
    put = operation(body=ProfileBody, returns=AccountObject)(change)


class VerifyHandler(AccountHandler):
    """The target of what the mailed confirmation leads to."""

    access = Access.PUBLIC
    found: Confirmation | None = None

    async def known(self, fields: Mapping[str, Any]) -> str | None:
        """Look the key up; return what is wrong with it."""
        key = (spell(fields.get("key")) or "").strip()
        if not 0 < len(key) <= LONGEST_KEY:
            return None
        try:
            self.found = await self.stores.confirmations.find(key)
        except NotFound:
            return BAD_KEY
        life = self.services.settings.email_confirmation_expiration_days * DAY
        return OLD_KEY if self.found.age > life else None

    @operation(body=VerifyBody, returns=Nothing)
    async def post(self, body: VerifyBody) -> dict[str, Any]:
        """Verify the address that the key was mailed to."""
        found = self.found
        assert found is not None
        hashed = await self.services.tries.check(
            await self.person(found), body.password, asked=found.address["email"], client=self.client
        )
        if hashed is None:
            raise Invalid.field(WHOLE, BAD_CREDENTIALS)
        try:
            await self.stores.mailboxes.confirm(found, hashed, self.switched)
        except Departed:
            raise Invalid.field(WHOLE, BAD_CREDENTIALS) from None
        except NotFound:
            raise Invalid.field("key", BAD_KEY) from None
        return {}

    async def person(self, found: Confirmation) -> Document | None:
        """Return whose address it is, None where that account is closed."""
        try:
            person = await self.stores.accounts.document(found.user_id)
        except Departed:
            return None
        return person if person.get("is_active", True) else None

    def switched(self, person: Document) -> Sequence[NewJob]:
        """Tell the mailing list of another primary address."""
        return self.listing(person)


ROUTES = (Route("/account/profile/", ProfileHandler), Route("/account/verify-email/", VerifyHandler))
