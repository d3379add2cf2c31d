"""All that the dialects know of one person: facts, addresses, roles, ways in; never a secret."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from storage.admin.appointments import Appointments
from storage.database import Database
from storage.driver import Document, ObjectId
from storage.errors import NotFound
from storage.klub.grants import list_grants

DIALECTS = ("flux", "knowme", "klub", "pybossa", "comics")
MOST = 50  # sessions that are listed
MICROSECONDS = 1_000_000
# What is told of a person, by dialect: the field's name on the page and where it is stored.
FACTS: Mapping[str, Mapping[str, str]] = {
    "flux": {
        "electoral roll": "onAECRoll",
        "details valid": "detailsValid",
        "state": "addr_state",
        "suburb": "addr_suburb",
        "postcode": "addr_postcode",
        "country": "addr_country",
        "phone": "contact_number",
        "phone verified": "phone_verified",
        "volunteer": "volunteer",
    },
    "klub": {
        "username": "klub.username",
        "nickname": "klub.nickname",
        "units": "klub.units",
        "sex": "klub.sex",
    },
    "pybossa": {
        "name": "pybossa.name",
        "joined": "pybossa.created",
        "locale": "pybossa.locale",
        "score": "pybossa.score",
        "restricted": "pybossa.restrict",
        "private": "pybossa.privacy_mode",
    },
}
# Collections that count what a person has there, by their internal or their public id.
BELONGINGS: Mapping[str, Mapping[str, tuple[str, str, str]]] = {
    "knowme": {
        "profiles": ("km_profiles", "user_id", "_id"),
        "pictures and files": ("km_media_resources", "user_id", "_id"),
    },
    "comics": {"subscriptions": ("comic_subscriptions", "user_id", "id")},
    "flux": {"votes": ("votes", "user_id", "_id")},
    "klub": {"interactions": ("interactions", "user", "id")},
}
KEYS: Mapping[str, str] = {
    "Flux secret": "s",
    "Comics secret key": "comics.secret_key",
    "PyBossa API key": "pybossa.api_key",
}


@dataclass(frozen=True, slots=True)
class Address:
    """An e-mail address of a person."""

    email: str
    primary: bool
    verified: bool


@dataclass(frozen=True, slots=True)
class Grant:
    """A role of Klub's: for administrative units, or (None) for all."""

    role: str
    units: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class WayIn:
    """Something by which the account is entered; times in Unix seconds, None where nobody noted them.

    `kind` says what it is; lasting keys have no end.
    """

    kind: str
    lasting: bool
    made: float | None = None
    seen: float | None = None
    ends: float | None = None


@dataclass(frozen=True, slots=True)
class Dossier:
    """One person; `facts` are by dialect and name, times in Unix seconds."""

    id: int
    email: str
    name: str
    active: bool
    superuser: bool
    has_password: bool
    joined: float | None
    last_login: float | None
    addresses: tuple[Address, ...]
    roles: tuple[str, ...]
    grants: tuple[Grant, ...]
    facts: Mapping[str, Mapping[str, Any]]
    ways_in: tuple[WayIn, ...]


class Dossiers:
    """Reads dossiers: a fixed number of indexed queries, side by side."""

    def __init__(self, database: Database, appointments: Appointments) -> None:
        self._database = database
        self._users = database["users"]
        self._appointments = appointments

    async def find(self, number: int) -> ObjectId:
        """Return the internal id of a person; raises NotFound."""
        row = await self._users.find_one({"id": number}, {"_id": 1})
        if row is None:
            raise NotFound("account")
        return row["_id"]  # type: ignore[no-any-return]

    async def read(self, number: int) -> Dossier:
        """Read what is known of a person; raises NotFound."""
        person = await self._users.find_one({"id": number})
        if person is None:
            raise NotFound("account")
        roles, addresses, belongings, ways = await asyncio.gather(
            self._appointments.held_by(person),
            self._addresses(person["_id"]),
            self._belongings(person),
            self._ways_in(person),
        )
        last = dig(person, "auth.last_login")
        return Dossier(
            number,
            str(person.get("email") or ""),
            str(person.get("name") or ""),
            person.get("is_active", True),
            bool(dig(person, "auth.superuser")),
            bool(person.get("password")),
            person.get("timestamp"),
            last / MICROSECONDS if last is not None else None,
            addresses,
            tuple(roles),
            tuple(map(read_grant, list_grants(person))),
            {name: {**read_facts(person, name), **belongings.get(name, {})} for name in DIALECTS},
            ways,
        )

    async def _addresses(self, oid: ObjectId) -> tuple[Address, ...]:
        rows = await self._database["email_addresses"].find({"user_id": oid}).sort("id", 1).to_list(None)
        return tuple(Address(row["email"], row["primary"], row["verified"]) for row in rows)

    async def _belongings(self, person: Document) -> dict[str, dict[str, int]]:
        places = [(name, *place) for name, found in BELONGINGS.items() for place in found.items()]
        numbers = await asyncio.gather(
            *(
                self._database[collection].count_documents({field: person[by]})
                for _, _, (collection, field, by) in places
            )
        )
        found: dict[str, dict[str, int]] = {}
        for (name, label, _), number in zip(places, numbers, strict=True):
            found.setdefault(name, {})[label] = number
        return found

    async def _ways_in(self, person: Document) -> tuple[WayIn, ...]:
        oid = person["_id"]
        token, sessions, remembered = await asyncio.gather(
            self._database["auth_tokens"].find_one({"user_id": oid}, {"created_at": 1}),
            self._newest("sessions", oid),
            self._newest("remember_tokens", oid),
        )
        found = [WayIn(kind, True) for kind, field in KEYS.items() if dig(person, field)]
        if token is not None:
            found.append(WayIn("Know Me token", False, token.get("created_at")))
        found += [read_session("PyBossa session", row, "last_seen") for row in sessions]
        found += [read_session("PyBossa remembered browser", row, "used") for row in remembered]
        return tuple(found)

    async def _newest(self, collection: str, oid: ObjectId) -> Sequence[Document]:
        shown = dict.fromkeys(("created", "last_seen", "used", "expires"), 1)
        rows = self._database[collection].find({"user_id": oid}, shown).sort("created", -1).limit(MOST)
        return await rows.to_list(None)


def dig(row: Mapping[str, Any], path: str) -> Any:
    """Return what is stored under a dotted path, None where there is nothing."""
    value: Any = row
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def read_facts(person: Mapping[str, Any], dialect: str) -> dict[str, Any]:
    """Return what a dialect keeps in the person's document, in values that JSON has."""
    found = {label: dig(person, path) for label, path in FACTS.get(dialect, {}).items()}
    return {label: plain(value) for label, value in found.items() if value not in (None, "", [])}


def plain(value: Any) -> Any:
    """Return a stored value as JSON has it; what nobody expects there, as text."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value if isinstance(value, str | int | float | bool) else str(value)


def read_grant(row: Mapping[str, Any]) -> Grant:
    """Read a stored grant."""
    return Grant(row["role"], None if row["units"] is None else tuple(row["units"]))


def read_session(kind: str, row: Mapping[str, Any], seen: str) -> WayIn:
    """Read a stored session or token."""
    ends: datetime = row["expires"]
    return WayIn(kind, False, row.get("created"), row.get(seen), ends.replace(tzinfo=UTC).timestamp())
