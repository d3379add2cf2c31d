"""Lists of members for admins, and marks on single ones."""

from __future__ import annotations

from contextlib import aclosing
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from tornado.iostream import StreamClosedError

from handlers.core.dialect import Route
from handlers.core.errors import NotFound
from handlers.core.handler import JSON
from handlers.core.operation import operation
from handlers.flux.answers import FoundMembers, ListedMember, MemberSearch, Okay, RoleHolders, Said
from handlers.flux.members import BY_ADDRESS, MembersHandler
from handlers.flux.rules import ADMIN, FluxHandler, with_alias
from handlers.flux.schemas import PRIVATE, AddressBody, AnyBody, Body
from storage.driver import Document
from storage.people import Search

# The secret of somebody else is the key to their account.
HIDDEN = PRIVATE | {"s"}
NAMES = frozenset({"name", "fname", "mnames", "sname"})
ADDRESSES = frozenset({"address", "addr_street", "addr_suburb", "addr_postcode"})
SEARCHABLE = NAMES | ADDRESSES | {"email"}
LONGEST_TEXT = 500
AUDITED = (
    *("name", "fname", "mnames", "sname", "email", "contact_number", "addr_suburb", "addr_postcode"),
    *("onAECRoll", "needsValidating", "detailsValid", "doubleCheckedValidation", "volunteer", "reliable"),
)


def read_search(value: Any) -> tuple[str, str]:
    """Read `{field: {"$regex": text}}`; the text is no pattern, whatever the key says."""
    if not isinstance(value, dict) or len(value) != 1:
        raise ValueError("is not one field")
    [(name, condition)] = value.items()
    if name not in SEARCHABLE:
        raise ValueError(f"is not about one of {', '.join(sorted(SEARCHABLE))}")
    if not isinstance(condition, dict) or list(condition) != ["$regex"]:
        raise ValueError('is not {"$regex": text}')
    text = condition["$regex"]
    if not isinstance(text, str) or len(text) > LONGEST_TEXT:
        raise ValueError(f"is not a text of at most {LONGEST_TEXT} characters")
    return name, text


def read_query(value: Any) -> tuple[Search, ...]:
    """Read one search, or several of which one has to match: what the members' page builds, nothing else."""
    if isinstance(value, dict) and list(value) == ["$or"]:
        parts = value["$or"]
        if not isinstance(parts, list) or not 1 <= len(parts) <= len(SEARCHABLE):
            raise ValueError("is not a list of searches")
    else:
        parts = [value]
    return tuple(Search(text, frozenset({name})) for name, text in map(read_search, parts))


class SubsetBody(Body):
    """A search and the page of its result."""

    query: Annotated[tuple[Search, ...], BeforeValidator(read_query)]
    page: Annotated[int, Field(ge=0, le=10**9)] = 0


class ReliabilityBody(Body):
    """Whether somebody keeps what they promise."""

    email: str
    reliable: bool


class AllMembersHandler(FluxHandler):
    """All members at once."""

    @operation(body=AnyBody, access=ADMIN, returns=list[ListedMember])
    async def post(self, body: AnyBody) -> None:
        """Send every member, oldest first, as one array; no more than a batch is ever in memory."""
        self.set_header("Content-Type", JSON)
        self.write(b"[")
        try:
            await self.send_batches()
        except StreamClosedError:
            return  # the reader has gone
        self.finish(b"]")

    async def send_batches(self) -> None:
        """Send batch after batch, each when the one before is on its way."""
        comma = b""
        async with aclosing(self.stores.people.everyone(HIDDEN)) as batches:
            async for batch in batches:
                self.write(comma + b",".join(map(self.encode, batch)))
                await self.flush()
                comma = b","


class SubsetHandler(FluxHandler):
    """Searching members."""

    @operation(body=SubsetBody, access=ADMIN, takes=MemberSearch, returns=FoundMembers)
    async def post(self, body: SubsetBody) -> Document:
        """Return a page of the members who match, and how many there are."""
        members, total = await self.stores.people.search(body.query, body.page, HIDDEN)
        return {"members": members, "n_members": total}


class KnownHandler(MembersHandler):
    """What calls about the owner of an address share."""

    async def owner(self, email: str) -> Document:
        """Return the account with an address; raises NotFound."""
        person = await self.stores.accounts.by_address(email.strip())
        if person is None:
            raise NotFound("there is no account with this address")
        return person


class ReliabilityHandler(KnownHandler):
    """Marks members."""

    @operation(body=ReliabilityBody, access=ADMIN, returns=Okay)
    async def post(self, body: ReliabilityBody) -> Document:
        """Note whether a member is reliable."""
        person = await self.owner(body.email)
        await self.stores.people.set_flag(person["_id"], "reliable", body.reliable)
        return {"status": "okay"}


class VolunteerHandler(KnownHandler):
    """Takes offers of help."""

    @operation(body=AddressBody, returns=Said)
    async def post(self, body: AddressBody) -> Document:
        """Note that a member wants to help."""
        person = await self.owner(body.email)
        await self.stores.people.set_flag(person["_id"], "volunteer", True)
        return {"status": "Thank you for volunteering!"}


class VoteLinkHandler(KnownHandler):
    """Mails somebody the link to their vote."""

    @operation(body=AddressBody, limits=(BY_ADDRESS,), returns=Said)
    async def post(self, body: AddressBody) -> Document:
        """Send the link to an address that belongs to an account."""
        person = await self.owner(body.email)
        await self.stores.jobs.promise(self.letterhead.sent_vote_link(body.email.strip(), person["s"]).job())
        return {"status": "Email sent: please look into your mailbox."}


class RoleAuditHandler(FluxHandler):
    """Who may do what."""

    @operation(body=AnyBody, access=ADMIN, returns=list[RoleHolders])
    async def post(self, body: AnyBody) -> list[Document]:
        """Return every role with the members who hold it."""
        holders = await self.stores.roles.holders()
        people = await self.stores.people.by_ids({oid for _, oids in holders for oid in oids}, AUDITED)
        return [
            {"role": role, "users": [people[oid] for oid in oids if oid in people]} for role, oids in holders
        ]


ROUTES = (
    *with_alias("/all_members", AllMembersHandler),
    Route("/api/v0/subset_members", SubsetHandler),
    Route("/api/v0/mark_reliability", ReliabilityHandler),
    Route("/api/v0/become_volunteer", VolunteerHandler),
    Route("/api/v0/iiccot/email", VoteLinkHandler),
    Route("/v2/admin/getRoleAudit", RoleAuditHandler),
)
