"""Companies that give money, and the people there whom one writes to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from storage.counters import Counters
from storage.database import Database, Index, Restart, index
from storage.driver import Document, DuplicateKeyError, Session

COMPANIES, CONTACTS = "companies", "company_contacts"
NUMBERS = "users"  # one sequence: a payer's number means a person or a company, never both


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody at a company, as one unit knows them."""

    email: str
    telephone: str = ""
    first_name: str = ""
    last_name: str = ""


@dataclass(frozen=True, slots=True)
class Company:
    """A company as a partner describes it; `crn` is its number in the Czech register, "" where unknown."""

    name: str
    contact: Contact
    crn: str = ""
    address: Mapping[str, str] = field(default_factory=dict)


class Companies:
    """The `companies` collection; `known_by` is the crn under which a company is found, one for each."""

    INDEXES: tuple[Index, ...] = (
        index(COMPANIES, "known_by", unique=True, partial={"known_by": {"$exists": True}}),
        index(CONTACTS, "company"),
        index(CONTACTS, "email"),
    )

    def __init__(self, database: Database, counters: Counters) -> None:
        self._rows = database[COMPANIES]
        self._contacts = database[CONTACTS]
        self._counters = counters

    async def admit(self, company: Company, unit: int | None, session: Session) -> int:
        """Return the number of a company, which is made or completed; raises Restart."""
        number = await self._find(company, session) if company.crn else None
        if number is None:
            number = await self._create(company, session)
        await self._meet(number, company.contact, unit, session)
        return number

    async def _find(self, company: Company, session: Session) -> int | None:
        """Find a company by its crn, and fill in what it lacks."""
        wanted, held = {"known_by": company.crn}, {"$inc": {"held": 1}}
        row = await self._rows.find_one_and_update(wanted, held, session=session)
        if row is None:
            return None
        said = {"name": company.name, **company.address}
        if lacking := {name: value for name, value in said.items() if value and not row.get(name)}:
            await self._rows.update_one({"_id": row["_id"]}, {"$set": lacking}, session=session)
        return int(row["_id"])

    async def _create(self, company: Company, session: Session) -> int:
        number = await self._counters.take(NUMBERS)
        row: Document = {"_id": number, "name": company.name, "crn": company.crn, **company.address}
        if company.crn:
            row["known_by"] = company.crn
        try:
            await self._rows.insert_one(row, session=session)
        except DuplicateKeyError as error:  # made in the same moment: the next try will find it
            raise Restart from error
        return number

    async def _meet(self, company: int, contact: Contact, unit: int | None, session: Session) -> None:
        """Store a contact, unless there is the same already."""
        row: Document = {
            "company": company,
            "unit": unit,
            "email": contact.email.lower(),
            "telephone": contact.telephone,
            "contact_first_name": contact.first_name,
            "contact_last_name": contact.last_name,
        }
        if await self._contacts.find_one(row, {"_id": 1}, session=session) is not None:
            return
        first = await self._contacts.find_one({"company": company}, {"_id": 1}, session=session) is None
        row = {"_id": await self._counters.take(CONTACTS), **row, "is_primary": first}
        await self._contacts.insert_one(row, session=session)

    async def with_contact(self, email: str) -> Sequence[int]:
        """Return the companies where somebody has an address, by ascending number."""
        return sorted(await self._contacts.distinct("company", {"email": email.lower()}))

    async def some(self, numbers: Collection[int]) -> Collection[int]:
        """Return which of the numbers are companies'."""
        rows = await self._rows.find({"_id": {"$in": sorted(numbers)}}, {"_id": 1}).to_list(None)
        return {row["_id"] for row in rows}
