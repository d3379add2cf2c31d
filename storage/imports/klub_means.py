"""Loads how people are reached, and the apps of partners: addresses, telephones, clients of OAuth2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from storage.driver import Document, Session, UpdateOne
from storage.imports import klub_models as models
from storage.imports.arrivals import NAMELESS
from storage.imports.entrances import AddressRows
from storage.imports.joining import move
from storage.imports.klub_people import FIRST, PRIMARY
from storage.imports.klub_rows import Base, Draft, OwnRows
from storage.imports.ledger import Key, Ledger
from storage.imports.linked import Bound, LinkedRows, Reasons
from storage.imports.models import Row
from storage.imports.sequences import Numbers
from storage.imports.writes import Writes
from storage.klub.oauth import SCOPES, USUAL_SCOPES, hash_secret

COMPANY = "it belongs to a company"
OTHER_GRANT = "its grant type is not client-credentials"
GRANT = "client-credentials"


def why_missing(bound: Bound, parent: str, usual: str | None) -> str | None:
    """Say why a row has no person to belong to."""
    entry = bound.links.get(parent)
    return COMPANY if entry is not None and entry.target is None and entry.id is not None else usual


class EmailRows(AddressRows):
    """The loader of addresses; which of them is a profile's own is known before profiles are stored."""

    def __init__(self, base: Base, numbers: Numbers) -> None:
        super().__init__(base.database, base.mapping, models.EMAILS, numbers)
        self._rows = base.database["email_addresses"]
        self._users = base.database["users"]
        self._ledger: Ledger | None = None

    def look(self, rows: Sequence[Row], ledger: Ledger) -> None:
        """Keep the addresses that profiles may be found by."""
        named = [row for row in rows if row.fields["email"]]
        super().look(named, ledger)
        self._ledger = ledger
        for row in named:
            person, email = str(row.fields["user"]), row.fields["email"]
            ledger.claim(FIRST, person, email, row.place)
            if row.fields["is_primary"]:
                ledger.claim(PRIMARY, person, email, row.place)

    def _missing(self, bound: Bound) -> str | None:
        usual = super()._missing(bound) or (None if bound.fields["email"] else NAMELESS)
        return why_missing(bound, self.parent, usual)

    async def store(self, bound: Sequence[Bound], session: Session) -> Reasons:
        """Add addresses; whose profile came without one, with an earlier file, gets it as the primary one."""
        reasons = await super().store(bound, session)
        added = [each for each in bound if each.key not in reasons]
        chosen = {
            each.fields["email"].lower(): each.owner(self.parent) for each in added if self._leads(each)
        }
        bare = {"_id": {"$in": list(chosen.values())}, "email": ""}
        people = await self._users.find(bare, {"email": 1, "username": 1}, session=session).to_list(None)
        found = await self._rows.find({"email_lower": {"$in": list(chosen)}}, session=session).to_list(None)
        rows = {row["user_id"]: row for row in found}
        writes = Writes()
        for person in people:
            change = {"$set": move(person, rows[person["_id"]], writes)}
            writes.changes.append(UpdateOne({"_id": person["_id"]}, change))
        await writes.store(self.database, session)
        return reasons

    def _leads(self, bound: Bound) -> bool:
        """Tell whether an address is the one that its profile is known by."""
        assert self._ledger is not None
        person = str(bound.fields["user"])
        first = self._ledger.claimant(PRIMARY, person) or self._ledger.claimant(FIRST, person)
        return bool(first == bound.fields["email"])


class TelephoneRows(LinkedRows):
    """The loader of telephones; a number that somebody has already is not added again."""

    def __init__(self, base: Base) -> None:
        super().__init__(base.database, base.mapping, models.TELEPHONES)
        self._users = base.database["users"]

    def _missing(self, bound: Bound) -> str | None:
        return why_missing(bound, self.parent, super()._missing(bound))

    async def store(self, bound: Sequence[Bound], session: Session) -> Reasons:
        """Add numbers, and change those that the same rows brought."""
        owners = list({each.owner(self.parent) for each in bound})
        rows = self._users.find({"_id": {"$in": owners}}, {"klub.telephones": 1}, session=session)
        sets = {
            row["_id"]: list((row.get("klub") or {}).get("telephones") or ())
            for row in await rows.to_list(None)
        }
        for each in bound:
            enlist(sets[each.owner(self.parent)], each)
        updates = [UpdateOne({"_id": oid}, {"$set": {"klub.telephones": held}}) for oid, held in sets.items()]
        await self._users.bulk_write(updates, ordered=False, session=session)
        await self.remember({each.key: {"target": each.owner(self.parent)} for each in bound}, session)
        return {}


def enlist(held: list[Document], bound: Bound) -> None:
    """Bring a row into the telephones of a person, of which one at most is primary."""
    fields = bound.fields
    number, key = fields["telephone"].strip(), bound.key
    own = next((each for each in held if each.get("row") == key), None)
    same = own or next((each for each in held if each["telephone"] == number), None)
    primary = fields["is_primary"] and not any(each["is_primary"] for each in held if each is not same)
    values = {"telephone": number, "note": fields["note"], "is_primary": primary, "row": key}
    if same is None:
        if number:
            held.append(values)
    elif own is not None:
        own.update(values)


class ClientRows(OwnRows):
    """The loader of partners' apps; their secrets count only the first time."""

    def __init__(self, base: Base) -> None:
        super().__init__(base, models.APPLICATIONS, "oauth_clients")

    async def find(self, rows: Sequence[Row], session: Session) -> dict[Key, Document]:
        """Take every row for a new one: what is stored is found by the client's id."""
        return {}

    async def put(self, drafts: Sequence[Draft], session: Session) -> Mapping[Key, int]:
        """Store new clients, and the names of others."""
        known = await self.base.mapping.entries(self.key, [draft.row.key for draft in drafts], session)
        updates = []
        for draft in drafts:
            fields = draft.row.fields
            usable = fields["client_id"] and fields["client_secret"]
            if fields["authorization_grant_type"] != GRANT or not usable or draft.row.key in known:
                continue
            made = {
                "name": fields["name"],
                "secret_hash": hash_secret(fields["client_secret"]),
                "scopes": list(USUAL_SCOPES),
                "imported": draft.row.key,
            }
            client = {"client_id": fields["client_id"]}
            updates.append(UpdateOne(client, {"$setOnInsert": made}, upsert=True))
        if updates:
            await self.rows.bulk_write(updates, session=session)
        return {draft.row.key: draft.number for draft in drafts}


class SelectorRows(OwnRows):
    """The loader of apps' scopes, which count only the first time; unknown ones are left out."""

    def __init__(self, base: Base) -> None:
        super().__init__(base, models.SELECTORS, "oauth_clients")

    async def find(self, rows: Sequence[Row], session: Session) -> dict[Key, Document]:
        """Take every row for a new one: what is stored is found by the application."""
        return {}

    def _missing(self, row: Row, ids: Any) -> str | None:
        return None

    async def put(self, drafts: Sequence[Draft], session: Session) -> Mapping[Key, int]:
        """Store scopes."""
        known = await self.base.mapping.entries(self.key, [draft.row.key for draft in drafts], session)
        updates = []
        for draft in drafts:
            fields = draft.row.fields
            named = " ".join(fields["default_scopes"]).split()
            scopes = [each for each in dict.fromkeys(named) if each in SCOPES]
            if draft.row.key not in known:
                client = {"imported": fields["application"]}
                updates.append(UpdateOne(client, {"$set": {"scopes": scopes}}))
        if updates:
            await self.rows.bulk_write(updates, session=session)
        return {draft.row.key: draft.number for draft in drafts}
