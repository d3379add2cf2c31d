"""Loads PyBossa's users: the account as any dump's, then what is the community's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from storage.database import Database
from storage.driver import Document, ObjectId, Session, UpdateOne
from storage.imports.arrivals import Arrivals
from storage.imports.ledger import Ledger
from storage.imports.mapping import ImportMap
from storage.imports.pybossa_aftermath import Aftermath, Tiding
from storage.imports.pybossa_kinds import OWN, PERSON, USER, accuse, check_row, read_row
from storage.imports.record import Outcome, Record
from storage.imports.rows import restarting
from storage.person import NAME_PARTS
from storage.pybossa.community import split_name
from storage.pybossa.contributions import move_of
from storage.pybossa.people import new_membership, write_moment

# What of a row belongs to the account, or counts only once.
ACCOUNT = ("id", "fullname", "api_key")
# What belongs to one person alone: the field of a row, and where it is stored.
UNIQUE = (("name", "pybossa.name"), ("api_key", "pybossa.api_key"))


@dataclass(frozen=True, slots=True)
class Claims:
    """To whom the stored names, keys and addresses belong."""

    people: Mapping[int, ObjectId | None]
    owners: Mapping[tuple[str, str], ObjectId]

    def contradict(self, row: Mapping[str, Any]) -> str | None:
        """Say what a row takes that is somebody else's, None where it takes nothing."""
        own = self.people.get(row["id"]) or self.owners.get(("email_addr", row["email_addr"].lower()))
        for name, value in unique_values(row):
            owner = self.owners.get((name, value))
            if owner is not None and owner != own:
                return f"{name} belongs to another account"
        return None


def unique_values(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what nobody else may have."""
    values = [("email_addr", row["email_addr"].lower()), ("name", row["name"])]
    return [*values, ("api_key", row["api_key"])] if row["api_key"] else values


class PeopleRows:
    """The loader of `pybossa.user`."""

    label = USER

    def __init__(
        self,
        database: Database,
        mapping: ImportMap,
        arrivals: Arrivals,
        aftermath: Aftermath,
    ) -> None:
        self._database = database
        self._users = database["users"]
        self._addresses = database["email_addresses"]
        self._mapping = mapping
        self._arrivals = arrivals
        self._aftermath = aftermath

    async def check(self, records: Sequence[Record], ledger: Ledger) -> Outcome:
        """Find rows of another shape, and names, keys and addresses of different accounts."""
        rows = [check_row(record, PERSON) for record in records]
        claims = await self._find_claims(rows)
        for record, row in zip(records, rows, strict=True):
            if (reason := claims.contradict(row)) is not None:
                raise accuse(record, reason)
            for name, value in unique_values(row):
                other = ledger.claim(f"{USER}.{name}", value, str(row["id"]), record.place)
                if other is not None:
                    raise accuse(record, f"{name} is that of {other - 1}, too")
        return await self._arrivals.check(records, ledger)

    async def _find_claims(self, rows: Sequence[Document]) -> Claims:
        entries = await self._mapping.entries(self.label, [row["id"] for row in rows])
        targets = {key: entry.target for key, entry in entries.items()}
        lowers = {"email_lower": {"$in": [row["email_addr"].lower() for row in rows]}}
        found = await self._addresses.find(lowers).to_list(None)
        owners = {("email_addr", row["email_lower"]): row["user_id"] for row in found}
        there = {"_id": {"$in": [each for each in targets.values() if each is not None]}}
        known = {row["_id"] async for row in self._users.find(there, {"_id": 1})}
        for name, path in UNIQUE:
            values = [row[name] for row in rows if row[name]]
            async for person in self._users.find({path: {"$in": values}}, {path: 1}):
                owners[name, person["pybossa"][name]] = person["_id"]
        return Claims({key: oid if oid in known else None for key, oid in targets.items()}, owners)

    async def write(self, records: Sequence[Record]) -> Outcome:
        """Store a batch: first the accounts, then their part in the community."""
        outcome = await self._arrivals.write(records)
        rows = {row["id"]: row for row in map(read_own, records)}

        async def work(session: Session) -> list[Tiding]:
            return await self._join(rows, session)

        self._aftermath.note(await restarting(self._database, work))
        return outcome

    async def _join(self, rows: Mapping[int, Document], session: Session) -> list[Tiding]:
        entries = await self._mapping.entries(self.label, rows, session)
        oids = {key: entry.target for key, entry in entries.items() if entry.target is not None}
        await self._mapping.hold(oids.values(), session)
        found = self._users.find({"_id": {"$in": list(oids.values())}}, session=session)
        people = {person["_id"]: person for person in await found.to_list(None)}
        changes, moves, tidings = [], [], []
        for key, row in rows.items():
            person = people.get(oids[key]) if key in oids else None
            if person is None:
                continue
            former = person.get("pybossa")
            own = person["pybossa"] = self._compose(former, row)
            if former is None and not own["restrict"]:
                created = self._aftermath.moment(own["created"])
                tidings.append(Tiding(created, person["id"], "User", person["id"]))
            elif former is not None and own["restrict"] and not former["restrict"]:
                await self._aftermath.feed.forget_person(person["id"], person["_id"], session)
            values = name_parts(person, row["fullname"], made=entries[key].made)
            if own != former or values:
                changes.append(UpdateOne({"_id": person["_id"]}, {"$set": {"pybossa": own, **values}}))
            moves.append(move_of(person))
        if changes:
            await self._users.bulk_write(changes, session=session)
        await self._aftermath.ranking.reseat(moves, session)
        return tidings

    def _compose(self, former: Document | None, row: Mapping[str, Any]) -> Document:
        """Return what becomes of a person's part; keys and the time of joining count once."""
        given = {name: value for name, value in row.items() if name not in ACCOUNT}
        if former is not None:
            return {**former, **given}
        now = self._aftermath.moment()
        own = new_membership(row["name"], write_moment(now), now, given)
        return own | ({"api_key": row["api_key"]} if row.get("api_key") else {})

    async def finish(self) -> None:
        """Count the members anew."""
        await self._arrivals.finish()


def name_parts(person: Mapping[str, Any], fullname: str, *, made: bool) -> Document:
    """Return the parts of a full name that a row brought; who had parts of their own keeps them."""
    parts = split_name(fullname)
    own = any(person.get(part) for part in NAME_PARTS) and not made
    if own or person.get("name") != fullname or all(person.get(part) == parts[part] for part in NAME_PARTS):
        return {}
    return parts


def read_own(record: Record) -> Document:
    """Read what a row says of a person in the community; what it does not mention stays as it is."""
    row = read_row(record, PERSON)
    names = (*OWN, *ACCOUNT, "info", "user_pref", "name")
    kept = {name: row[name] for name in names if name in record.row}
    optional = {name: row[name] for name in ("created", "locale") if row[name]}
    return {**kept, **optional}
