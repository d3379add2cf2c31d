"""Loads what lets people in: addresses, tokens, keys that were mailed; each counts once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from storage.addresses import make_row
from storage.database import Database
from storage.driver import Collection as Rows
from storage.driver import Document, Session, UpdateOne
from storage.imports.ledger import Key, Ledger
from storage.imports.linked import Bound, LinkedRows, Reasons, as_number
from storage.imports.mapping import ImportMap
from storage.imports.models import Model, Row
from storage.imports.sequences import Numbers
from storage.imports.things import SECOND

FOREIGN = "another account has the address"
REMOVED = "the address has left the account"
IN_USE = "somebody has the same key"


class AddressRows(LinkedRows):
    """The loader of e-mail addresses: the primary one is the account's, further ones join it.

    What was proven here stays so; an address that left its account since does not come back.
    """

    def __init__(self, database: Database, mapping: ImportMap, model: Model, numbers: Numbers) -> None:
        super().__init__(database, mapping, model, numbers)
        self._rows = database["email_addresses"]
        self._users = database["users"]
        self._ids = numbers

    def look(self, rows: Sequence[Row], ledger: Ledger) -> None:
        """Let the account's loader find which number its address has here."""
        super().look(rows, ledger)
        for row in rows:
            person = row.fields[self.parent]
            ledger.claim(self.label, claim_of(person, row.fields["email"]), str(row.key), row.place)

    async def store(self, bound: Sequence[Bound], session: Session) -> Reasons:
        """Add addresses, and note which are proven."""
        lowers = [each.fields["email"].lower() for each in bound]
        found = await self._rows.find({"email_lower": {"$in": lowers}}, session=session).to_list(None)
        stored = {row["email_lower"]: row for row in found}
        new = [each for each in bound if each.fields["email"].lower() not in stored]
        numbers = await self._ids.assign({each.key: as_number(each.key) for each in new}, session)
        there = await self._known_ids(bound, session)
        reasons, memories = {}, {}
        for each in bound:
            row = stored.get(each.fields["email"].lower())
            if row is None and is_removed(each, there):
                reasons[each.key] = REMOVED
                continue
            if row is None:
                row = await self._add(each, numbers[each.key], session)
                stored[row["email_lower"]] = row
            elif row["user_id"] != each.owner(self.parent):
                reasons[each.key] = FOREIGN
                continue
            else:
                await self._overwrite(each, row, session)
            memories[each.key] = {"target": row["user_id"], "id": row["id"]}
        await self.remember(memories, session)
        return reasons

    async def _known_ids(self, bound: Sequence[Bound], session: Session) -> set[int]:
        """Return which of the rows that were made earlier are still there."""
        ids = [each.own.id for each in bound if each.own is not None and each.own.id is not None]
        found = self._rows.find({"id": {"$in": ids}}, {"id": 1}, session=session)
        return {row["id"] for row in await found.to_list(None)}

    async def _add(self, bound: Bound, number: int, session: Session) -> Document:
        fields = bound.fields
        row = make_row(
            number,
            bound.owner(self.parent),
            fields["email"],
            primary=False,
            verified=fields["verified"],
            action=fields["verified_action"],
        )
        await self._rows.insert_one(row, session=session)
        return row

    async def _overwrite(self, bound: Bound, row: Document, session: Session) -> None:
        verified = bool(row["verified"] or bound.fields["verified"])
        values = {"verified": verified, "verified_action": bound.fields["verified_action"]}
        await self._rows.update_one({"_id": row["_id"]}, {"$set": values}, session=session)
        if row["primary"]:
            proven = {"$set": {"email_validated": verified}}
            await self._users.update_one({"_id": row["user_id"]}, proven, session=session)


def is_removed(bound: Bound, there: Collection[int]) -> bool:
    """Tell whether an address was taken once, and has left its account since."""
    own = bound.own
    return own is not None and not own.left_out and own.target is not None and own.id not in there


def claim_of(person: int, email: str) -> str:
    """Name an address of a person of the dump."""
    return f"{person} {email.lower()}"


class Keys(LinkedRows):
    """The loader of secrets, each stored the first time that its row comes, whatever became of it since.

    `compose` makes the document. Of a `single` kind an account has one.
    """

    def __init__(
        self,
        database: Database,
        mapping: ImportMap,
        model: Model,
        collection: str,
        compose: Callable[[Bound], Document],
        *,
        single: bool = False,
    ) -> None:
        super().__init__(database, mapping, model)
        self._rows = database[collection]
        self._addresses = database["email_addresses"]
        self._compose = compose
        self._single = single

    async def store(self, bound: Sequence[Bound], session: Session) -> Reasons:
        """Store the rows that were never taken."""
        # The account's own token may have been revoked since: that must not let the dump's in.
        late = {each.key: SECOND for each in bound if self._single and each.own and each.own.left_out}
        documents = {each.key: self._compose(each) for each in bound if each.first and each.key not in late}
        reasons = await self._refuse(documents, session)
        fresh = {key: document for key, document in documents.items() if key not in reasons}
        if fresh:
            await self._rows.insert_many(list(fresh.values()), session=session)
        await self.remember({key: {"target": row["user_id"]} for key, row in fresh.items()}, session)
        return {**late, **reasons}

    async def _refuse(self, documents: Mapping[Key, Document], session: Session) -> dict[Key, str]:
        """Say why rows are left out: key or owner are taken, or the address has gone."""
        keys = await self._used(self._rows, "key", documents, session)
        owners = await self._used(self._rows, "user_id", documents, session) if self._single else set()
        mailed = {key: {"id": row["email_id"]} for key, row in documents.items() if "email_id" in row}
        there = await self._used(self._addresses, "id", mailed, session)
        reasons: dict[Key, str] = {}
        for key, row in documents.items():
            if key in mailed and row["email_id"] not in there:
                reasons[key] = REMOVED
            elif self._single and row["user_id"] in owners:
                reasons[key] = SECOND
            elif row["key"] in keys:
                reasons[key] = IN_USE
            else:
                keys.add(row["key"])
                owners.add(row["user_id"])
        return reasons

    @staticmethod
    async def _used(rows: Rows, field: str, documents: Mapping[Key, Document], session: Session) -> set[Any]:
        """Return which values of a field are stored."""
        values = [document[field] for document in documents.values()]
        found = rows.find({field: {"$in": values}}, {field: 1}, session=session)
        return {row[field] for row in await found.to_list(None)}


class Subscriptions(LinkedRows):
    """The loader of the hashes under which a mailing list knows accounts; each account has one."""

    def __init__(self, database: Database, mapping: ImportMap, model: Model) -> None:
        super().__init__(database, mapping, model)
        self._rows = database["mailchimp_users"]

    async def store(self, bound: Sequence[Bound], session: Session) -> Reasons:
        """Store the hashes of accounts that have none, and overwrite what the same rows brought."""
        owners = [each.owner(self.parent) for each in bound]
        found = self._rows.find({"user_id": {"$in": owners}}, {"user_id": 1}, session=session)
        taken = {row["user_id"] for row in await found.to_list(None)}
        updates, memories, reasons = [], {}, {}
        for each in bound:
            owner = each.owner(self.parent)
            if owner in taken and (each.first or each.own is None or each.own.target != owner):
                reasons[each.key] = SECOND
                continue
            taken.add(owner)
            values = {name: each.fields[name] for name in self.model.shape}
            updates.append(UpdateOne({"user_id": owner}, {"$set": values}, upsert=True))
            memories[each.key] = {"target": owner}
        if updates:
            await self._rows.bulk_write(updates, session=session)
        await self.remember(memories, session)
        return reasons
