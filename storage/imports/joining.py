"""What an account's row changes: it makes a person, or joins the one who is there already."""

from __future__ import annotations

from storage.addresses import make_row
from storage.driver import Document, UpdateOne
from storage.imports.arrival import Arrival, Seat
from storage.imports.mapping import ImportMap
from storage.imports.writes import Writes
from storage.person import ELECTORAL, UNVALIDATED, derive, new_person


def settle(
    seat: Seat, number: int, row_number: int | None, writes: Writes, *, label: str, origin: str, now: float
) -> None:
    """Make an account out of a row; `now` is when it joined where the row does not say so."""
    arrival = seat.arrival
    joined = arrival.joined if arrival.joined is not None else now
    person = new_person(number, arrival.email, arrival.fields, now=joined, ip=None)
    password = arrival.usable if seat.first else ""
    person |= {
        "email_validated": arrival.verified and bool(arrival.email),
        "is_active": arrival.active is not False,
        "password": password,
        "set_password": bool(password),
    }
    person["auth"]["origin"] = origin
    if arrival.last_login is not None:
        person["auth"]["last_login"] = arrival.last_login
    if row_number is not None:
        verified = person["email_validated"]
        writes.rows.append(make_row(row_number, person["_id"], arrival.email, verified=verified))
    else:
        del person["email_lower"]
    writes.people.append(person)
    remember(seat, person, row_number, writes, label=label, made=True)


def join(
    seat: Seat, person: Document, fresh_row: int | None, writes: Writes, *, label: str, origin: str
) -> None:
    """Bring a row into the account of its person, who keeps address, id and password."""
    arrival, address = seat.arrival, seat.address
    fields = {name: value for name, value in arrival.fields.items() if says_more(seat, person, name)}
    changes = derive(person, fields, fields)
    if not ELECTORAL.isdisjoint(changes):
        changes |= UNVALIDATED
    changes |= overwrite(arrival, person) if seat.own else {}
    if address is not None and address["user_id"] != person["_id"]:
        address = None  # the address left this account for another one
    if seat.moved and address is None and fresh_row is not None:
        address = make_row(fresh_row, person["_id"], arrival.email, primary=False, verified=arrival.verified)
        writes.rows.append(address)
    if address is not None:
        changes |= prove(arrival, address, writes)
        changes |= move(person, address, writes) if seat.moved else {}
    if seat.first and arrival.usable and not person.get("set_password"):
        changes |= {"password": arrival.usable, "set_password": True}
    if person["auth"].get("origin") != origin and not person["auth"].get("joined"):
        changes["auth.joined"] = True  # its owner may have a way in that it was not made with
    if changes:
        writes.changes.append(UpdateOne({"_id": person["_id"]}, {"$set": changes}))
    row_number = address["id"] if address is not None else None
    remember(seat, person, row_number, writes, label=label, made=seat.own)


def says_more(seat: Seat, person: Document, name: str) -> bool:
    """Tell whether a field of a row counts for an account that is there.

    A row overwrites what it made, but only fills gaps of somebody whom it joined.
    """
    value = seat.arrival.fields[name]
    return person.get(name) != value if seat.own else bool(value) and not person.get(name)


def overwrite(arrival: Arrival, person: Document) -> Document:
    """Return what another load of a row changes of the account that it made."""
    changes: Document = {} if arrival.active is None else {"is_active": arrival.active}
    if arrival.joined is not None:
        changes["timestamp"] = arrival.joined
    seen = person["auth"].get("last_login")
    if arrival.last_login is not None and (seen is None or seen < arrival.last_login):
        changes["auth.last_login"] = arrival.last_login
    return changes


def prove(arrival: Arrival, address: Document, writes: Writes) -> Document:
    """Verify the address if the row says so; return what follows for the account."""
    if not arrival.verified or address["verified"]:
        return {}
    writes.row_changes.append(UpdateOne({"id": address["id"]}, {"$set": {"verified": True}}))
    return {"email_validated": True} if address["primary"] else {}


def move(person: Document, address: Document, writes: Writes) -> Document:
    """Make another address the primary one, as the dump's account did; return what the person repeats."""
    former = {"user_id": person["_id"], "primary": True}
    writes.row_changes.append(UpdateOne(former, {"$set": {"primary": False}}))
    writes.row_changes.append(UpdateOne({"id": address["id"]}, {"$set": {"primary": True}}))
    writes.moved.append(person["_id"])
    email = address["email"]
    names = {"username": email} if person.get("username") == person.get("email") else {}
    values = {"email": email, "email_lower": email.lower(), "email_validated": address["verified"]}
    return {**values, **names}


def remember(
    seat: Seat, person: Document, row_number: int | None, writes: Writes, *, label: str, made: bool
) -> None:
    """Remember what became of a row, and which address row is that of its address."""
    values = {"target": person["_id"], "email_id": row_number, "made": made}
    writes.memories.append(ImportMap.remember(label, seat.arrival.key, **values))
