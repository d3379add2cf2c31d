"""Loads the members' dialect's `users`: each line makes an account, or joins the one of its person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from storage.addresses import make_row
from storage.database import Database
from storage.driver import Document, ObjectId, Session, UpdateOne
from storage.imports.ledger import Ledger
from storage.imports.mapping import PEOPLE, Entry, ImportMap
from storage.imports.member_lines import MemberLine, read_member
from storage.imports.record import BadRecord, Outcome, Record
from storage.imports.rows import restarting
from storage.imports.sequences import Numbers, take_run
from storage.imports.writes import Writes, unrelated
from storage.person import NAME_PARTS, derive, make_secret, new_person
from storage.statistics import Statistics

NAMES = ("name", *NAME_PARTS)


@dataclass(frozen=True, slots=True)
class Seat:
    """A line and what is stored of its person: the account, and the row of the line's address.

    Credentials of the line count when it is the `first` time that it is loaded.
    """

    line: MemberLine
    person: Document | None
    address: Document | None
    first: bool

    @property
    def identity(self) -> object:
        """Return what two lines of one person have in common, before or after the first is stored."""
        return self.person["_id"] if self.person else self.line.email.lower() or self.line.key

    @property
    def marks(self) -> frozenset[object]:
        """Return what no two lines of one batch may share."""
        return frozenset({self.identity, self.line.key})

    @property
    def secret(self) -> str | None:
        """Return the secret that the line brings, None where it brings none."""
        return self.line.secret if self.first else None


@dataclass(frozen=True, slots=True)
class Found:
    """What is stored that lines may refer to."""

    entries: Mapping[ObjectId, Entry]
    people: Mapping[ObjectId, Document]
    addresses: Mapping[str, Document]

    def seat(self, line: MemberLine) -> Seat:
        """Find the person of a line: by what is remembered of it, by its `_id`, by the address."""
        entry, row = self.entries.get(line.key), self.addresses.get(line.email.lower())
        candidates = (entry.target if entry else None, line.key, row["user_id"] if row else None)
        person = next(
            (self.people[oid] for oid in candidates if oid is not None and oid in self.people), None
        )
        return Seat(line, person, row, entry is None and line.key not in self.people)


class Members:
    """The loader of `users`."""

    label = PEOPLE

    def __init__(self, database: Database, mapping: ImportMap, statistics: Statistics) -> None:
        self._database = database
        self._users = database["users"]
        self._rows = database["email_addresses"]
        self._numbers = Numbers(database, "users")
        self._mapping = mapping
        self._statistics = statistics

    async def check(self, records: Sequence[Record], ledger: Ledger) -> Outcome:
        """Find lines of another shape, and secrets that are somebody else's."""
        outcome = Outcome()
        lines = [read_member(record) for record in records]
        seats = (await self._find(lines)).values()
        brought = [seat.secret for seat in seats if seat.secret is not None]
        rows = await self._users.find({"s": {"$in": brought}}, {"s": 1}).to_list(None)
        owners = {row["s"]: row["_id"] for row in rows}
        for seat in seats:
            self._check_secret(seat, owners, ledger)
        outcome.take(self.label, len(lines))
        return outcome

    def _check_secret(self, seat: Seat, owners: Mapping[str, ObjectId], ledger: Ledger) -> None:
        if seat.secret is None:
            return
        place = seat.line.place
        if (other := ledger.claim("s", seat.secret, str(seat.identity), place)) is not None:
            raise BadRecord(place, f"s is that of line {other}, too")
        owner = owners.get(seat.secret)
        if owner is not None and (seat.person is None or owner != seat.person["_id"]):
            raise BadRecord(place, "s belongs to another account")

    async def write(self, records: Sequence[Record]) -> Outcome:
        """Store a batch; several lines of one person follow one another."""
        await self._write([read_member(record) for record in records])
        outcome = Outcome()
        outcome.take(self.label, len(records))
        return outcome

    async def _write(self, lines: Sequence[MemberLine]) -> None:
        seats = unrelated((await self._find(lines)).values())
        new = [seat.line for seat in seats if seat.person is None]
        numbers = await self._numbers.assign({line.key: line.number for line in new})
        row_numbers = await take_run(self._database, "email_addresses", len(new))
        given = {line.key: (numbers[line.key], row) for line, row in zip(new, row_numbers, strict=True)}

        async def work(session: Session) -> int:
            # Whoever has left since the numbers were taken comes with the next round.
            found = unrelated((await self._find(lines, session)).values())
            ahead = list(takewhile(lambda seat: seat.person or seat.line.key in given, found))
            await plan(ahead, given).store(self._database, session)
            return len(ahead)

        done: int = await restarting(self._database, work)
        if done < len(lines):
            await self._write(lines[done:])

    async def _find(self, lines: Sequence[MemberLine], session: Session | None = None) -> dict[int, Seat]:
        """Seat the lines, by their place."""
        keys = [line.key for line in lines]
        entries = await self._mapping.entries(self.label, keys, session)
        lowers = {"email_lower": {"$in": [line.email.lower() for line in lines if line.email]}}
        rows = await self._rows.find(lowers, session=session).to_list(None)
        oids = {*keys, *(row["user_id"] for row in rows)}
        oids |= {entry.target for entry in entries.values() if entry.target is not None}
        people = await self._users.find({"_id": {"$in": list(oids)}}, session=session).to_list(None)
        found = Found(
            entries, {each["_id"]: each for each in people}, {row["email_lower"]: row for row in rows}
        )
        return {line.place: found.seat(line) for line in lines}

    async def finish(self) -> None:
        """Count the members anew; the wide figures may be minutes old, and take long for very many."""
        await self._statistics.count()


def plan(seats: Sequence[Seat], given: Mapping[ObjectId, tuple[int, int]]) -> Writes:
    """Work out what lines of different people change."""
    writes = Writes()
    for seat in seats:
        if seat.person is None:
            settle(seat, *given[seat.line.key], writes)
        else:
            join(seat, seat.person, writes)
    return writes


def settle(seat: Seat, number: int, row_number: int, writes: Writes) -> None:
    """Make an account out of a line, under the line's `_id`."""
    line = seat.line
    person = new_person(number, line.email, line.fields, now=line.joined, ip=line.fields.get("signup_ip"))
    person |= {
        "_id": line.key,
        "s": seat.secret or make_secret(),
        "email_validated": line.verified,
        "is_active": line.active,
        "timestamp": line.joined,
        "password": line.password if seat.first else "",
        "set_password": seat.first and line.has_password,
        "username": person["username"] or line.email,
    }
    if line.email:
        writes.rows.append(
            make_row(row_number, person["_id"], person["email"], verified=person["email_validated"])
        )
    else:
        del person["email_lower"]
    writes.people.append(person)
    remember(seat, line.key, row_number if line.email else None, writes)


def join(seat: Seat, person: Document, writes: Writes) -> None:
    """Bring a line's fields into the account of its person, who keeps address, id and password."""
    line, address = seat.line, seat.address
    fields = {name: value for name, value in line.fields.items() if says_more(seat, person, name, value)}
    changes = derive(person, fields, fields)
    if address is not None and address["user_id"] != person["_id"]:
        address = None  # the address left this account for another one
    if address is not None and line.verified and not address.get("verified"):
        writes.row_changes.append(UpdateOne({"_id": address["_id"]}, {"$set": {"verified": True}}))
        if address["primary"]:
            changes["email_validated"] = True
    if person["_id"] != line.key and not person["auth"].get("joined"):
        changes["auth.joined"] = True  # its owner may have a way in that it was not made with
    if seat.secret is not None and seat.secret != person["s"]:
        changes["s"] = seat.secret
        writes.renamed[person["s"]] = seat.secret
    if seat.first and line.has_password and not person.get("set_password"):
        changes |= {"password": line.password, "set_password": True}
    if changes:
        writes.changes.append(UpdateOne({"_id": person["_id"]}, {"$set": changes}))
    remember(seat, person["_id"], address["id"] if address is not None else None, writes)


def says_more(seat: Seat, person: Document, name: str, value: object) -> bool:
    """Tell whether a field of a line counts for an account that is there.

    The e-mail is no user name to be told of, and an empty name none at all where another dialect knows one.
    """
    if name == "username":
        return bool(value) and str(value).lower() != seat.line.email.lower()
    return bool(value) or name not in NAMES or person["_id"] == seat.line.key


def remember(seat: Seat, target: ObjectId, row_number: int | None, writes: Writes) -> None:
    """Remember what became of a line."""
    writes.memories.append(ImportMap.remember(PEOPLE, seat.line.key, target=target, email_id=row_number))
