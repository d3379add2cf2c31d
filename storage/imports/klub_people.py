"""Loads profiles of Klub's dumps, which are people or companies, and what is said of them in several rows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from storage.driver import Document, ObjectId, Session, UpdateOne
from storage.imports import klub_models as models
from storage.imports.arrival import Accounts, Arrival
from storage.imports.arrivals import Arrivals
from storage.imports.klub_companies import CompanyRows
from storage.imports.klub_rights import ADD_EVENT, merge_rights, rights_of
from storage.imports.klub_rows import Base, resolve
from storage.imports.ledger import Key, Ledger
from storage.imports.models import Row
from storage.imports.record import Outcome, Record
from storage.imports.rows import restarting
from storage.klub.directory import SHARED
from storage.klub.usernames import FIELD, LONGEST

ORIGIN = "klub"
PRIMARY, FIRST = "klub primary address", "klub address"  # what the ledger keeps of further rows
OWN = ("nickname", "maiden_name", "sex", "note", "title_before", "title_after")
ORDER = (models.PROFILE, models.USERPROFILE, models.COMPANY)


@dataclass(slots=True)
class Wholes:
    """What the rows of a file say about each profile, put together from parents and children."""

    ledger: Ledger | None = None

    @property
    def open(self) -> Ledger:
        """Return the ledger, which is there from the first check on."""
        assert self.ledger is not None
        return self.ledger

    def keep(self, label: str, rows: Sequence[Row], ledger: Ledger) -> None:
        """Keep what rows of a label say."""
        self.ledger = ledger
        ledger.define(models.PROFILE, [row.key for row in rows])
        for row in rows:
            said = {name: value for name, value in row.fields.items() if value not in (None, [])}
            ledger.extend(label, str(row.key), said, row.place)

    def of(self, key: Key) -> Document:
        """Return all that is said of a profile."""
        whole: Document = {}
        for label in ORDER:
            whole |= self.open.said(label, str(key))
        return whole

    def chief(self, key: Key) -> str:
        """Return the label whose rows are loaded for a profile; the others are part of them."""
        return next(each for each in ORDER if self.open.claimant(each, str(key)) is not None)

    def email_of(self, key: Key, whole: Mapping[str, Any]) -> str:
        """Return the address of a profile: the primary one, its own, or the first one."""
        primary, first = (self.open.claimant(kind, str(key)) for kind in (PRIMARY, FIRST))
        return str(primary or whole.get("email") or first or "")

    def is_company(self, key: Key) -> bool:
        """Tell whether the file says that a profile is a company."""
        return self.open.claimant(models.COMPANY, str(key)) is not None


class PeopleRows:
    """The loader of one label of profiles."""

    def __init__(
        self,
        base: Base,
        label: str,
        wholes: Wholes,
        arrivals: Arrivals,
        companies: CompanyRows,
        *,
        after: Callable[[], Awaitable[None]],
    ) -> None:
        self.label = label
        self._base = base
        self._model = models.PEOPLE[label]
        self._wholes = wholes
        self._arrivals = arrivals
        self._companies = companies
        self._after = after

    async def check(self, records: Sequence[Record], ledger: Ledger) -> Outcome:
        """Find rows of another shape, and keep them for those that belong to them."""
        rows = [self._model.read(record) for record in records]
        self._model.note(rows, ledger)
        self._wholes.keep(self.label, rows, ledger)
        await self._arrivals.check(records, ledger)
        outcome = Outcome()
        outcome.take(self.label, len(rows))
        return outcome

    async def write(self, records: Sequence[Record]) -> Outcome:
        """Store a batch; rows that are part of another label's are stored with those."""
        wholes = self._wholes
        chiefs = {
            row.key: record
            for record in records
            if wholes.chief((row := self._model.read(record)).key) == self.label
        }
        known = await self._companies.known([*chiefs])
        firms = {key for key in chiefs if key in known or wholes.is_company(key)}
        people = [key for key in chiefs if key not in firms]
        await self._companies.store({key: wholes.of(key) for key in firms})
        await self._arrivals.write([chiefs[key] for key in people])
        await Completion(self._base, {key: wholes.of(key) for key in people}, wholes).run()
        outcome = Outcome()
        outcome.take(self.label, len(records))
        return outcome

    async def finish(self) -> None:
        """Count the members anew, and let those go on who waited for people."""
        await self._arrivals.finish()
        await self._after()


class Completion:
    """Adds to accounts what only Klub knows of people: names, units, rights."""

    def __init__(self, base: Base, wholes: Mapping[Key, Document], file: Wholes) -> None:
        self._base = base
        self._wholes = wholes
        self._file = file
        self._users = base.database["users"]

    async def run(self) -> None:
        """Store it."""
        if self._wholes:
            await restarting(self._base.database, self._work)

    async def _work(self, session: Session) -> None:
        memories = self._base.mapping.collection
        wanted = {"label": models.PROFILE, "key": {"$in": [*self._wholes]}}
        rows = await memories.find(wanted, session=session).to_list(None)
        oids = [row["target"] for row in rows if row.get("target") is not None]
        await self._base.mapping.hold(oids, session)
        found = await self._users.find({"_id": {"$in": oids}}, session=session).to_list(None)
        people = {row["_id"]: row for row in found}
        units = await self._units(session)
        names = await self._holders(session)
        changes, remembered = [], []
        for row in rows:
            if (person := people.get(row.get("target"))) is None:
                continue
            whole = self._wholes[row["key"]]
            values = complete(person, whole, units, own=row.get("made", False))
            values |= self._name(person, whole, names, own=row.get("made", False))
            rights = rights_of(whole, units, self._adds_events)
            values |= merge_rights(person, row.get("rights") or {}, rights)
            for name, value in values.items():
                person.setdefault("klub", {})[name.removeprefix("klub.")] = value
            if values:
                changes.append(UpdateOne({"_id": person["_id"]}, {"$set": values}))
            remembered.append(UpdateOne({"_id": row["_id"]}, {"$set": {"rights": rights}}))
        if changes:
            await self._users.bulk_write(changes, session=session)
        if remembered:
            await memories.bulk_write(remembered, session=session)

    async def _units(self, session: Session) -> Mapping[Key, int]:
        fields = ("administrative_units", "administrated_units")
        keys = {key for whole in self._wholes.values() for name in fields for key in whole.get(name) or ()}
        return await resolve(self._base, models.UNIT, keys, session) if keys else {}

    async def _holders(self, session: Session) -> dict[str, ObjectId]:
        """Return whose the usernames are that the rows want."""
        names = [name for whole in self._wholes.values() if (name := whole.get("username"))]
        found = self._users.find({FIELD: {"$in": names}}, {FIELD: 1}, session=session)
        return {row["klub"]["username"]: row["_id"] for row in await found.to_list(None)}

    def _name(self, person: Document, whole: Document, names: dict[str, ObjectId], *, own: bool) -> Document:
        """Return the username, if it is nobody else's and no foreign address.

        Nobody changes it here: an account that the profile made takes another one, too.
        """
        name, held = whole.get("username") or "", (person.get("klub") or {}).get("username")
        if not name or len(name) > LONGEST or name == held or (held and not own):
            return {}
        if "@" in name and name.lower() != (person.get("email") or "").lower():
            return {}
        return {FIELD: name} if names.setdefault(name, person["_id"]) == person["_id"] else {}

    def _adds_events(self, permission: str) -> bool:
        """Tell whether a permission, by codename or key, is the one to add events."""
        return permission == ADD_EVENT or self._file.open.claimant(models.PERMISSION, permission) == ADD_EVENT


def complete(person: Document, whole: Mapping[str, Any], units: Mapping[Key, int], *, own: bool) -> Document:
    """Return what a profile changes of an account: all of one that it made, else only what is empty."""
    known = person.get("klub") or {}
    said = {name: whole[name] for name in OWN if name in whole}
    values = {
        f"klub.{name}": value
        for name, value in said.items()
        if known.get(name) != value and (own or not known.get(name))
    }
    held = known.get("units") or []
    joined = [*held, *(units[key] for key in whole.get("administrative_units") or () if key in units)]
    if (after := list(dict.fromkeys(joined))) != held:
        values["klub.units"] = after
    return values


def make_accounts(wholes: Wholes) -> Accounts:
    """Say what profiles are like that are people."""
    return Accounts(models.PROFILE, make_reader(wholes), ORIGIN, needed=False)


def make_reader(wholes: Wholes) -> Callable[[Record], Arrival]:
    """Return what reads a profile, with all that the file's other rows say of it."""

    def read(record: Record) -> Arrival:
        row = models.PEOPLE[record.label].read(record)
        assert isinstance(row.key, int)
        whole = wholes.of(row.key)
        return Arrival(
            place=row.place,
            key=row.key,
            email=wholes.email_of(row.key, whole),
            fields={stored: str(whole[name]) for name, stored in SHARED.items() if name in whole},
            password=whole.get("password") or "",
            active=whole.get("is_active"),
            joined=whole.get("date_joined"),
            last_login=whole.get("last_login"),
        )

    return read
