"""Loads what Klub's events and payments belong to: administrative units, types of events, money accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from storage.driver import Document, Session, UpdateOne
from storage.imports import klub_models as models
from storage.imports.klub_rows import Base, Draft, SluggedRows, resolve
from storage.imports.ledger import Key, Ledger
from storage.imports.models import Row
from storage.imports.rows import restarting

LEADERS = ("president", "vice_president", "manager")


class UnitRows(SluggedRows):
    """The loader of units; who leads them is stored when the people are there."""

    shared = True

    def __init__(self, base: Base) -> None:
        super().__init__(base, models.UNITS, "administrative_units")
        self._leaders: dict[Key, Mapping[str, Key | None]] = {}

    def look(self, rows: Sequence[Row], ledger: Ledger) -> None:
        """Keep who leads the units, which are few."""
        self._leaders |= {row.key: {name: row.fields[name] for name in LEADERS} for row in rows}

    def describe(self, draft: Draft) -> Document:
        """Leave the leaders out."""
        values = super().describe(draft)
        return {name: value for name, value in values.items() if name not in LEADERS}

    async def finish(self) -> None:
        """Store the leaders, as far as they are known: once now and once more behind the people."""
        if not self._leaders:
            return

        async def work(session: Session) -> None:
            keys = {key for each in self._leaders.values() for key in each.values() if key is not None}
            people = await resolve(self.base, models.PROFILE, keys, session)
            units = await resolve(self.base, models.UNIT, self._leaders.keys(), session)
            updates = [
                UpdateOne(
                    {"_id": units[unit]}, {"$set": {n: people.get(key or 0) for n, key in each.items()}}
                )
                for unit, each in self._leaders.items()
                if unit in units
            ]
            if updates:
                await self.rows.bulk_write(updates, session=session)

        await restarting(self.base.database, work)


class AccountRows(SluggedRows):
    """The loader of one kind of money accounts; a child's row and its parent's make one account."""

    named = "title"

    def __init__(self, base: Base, label: str) -> None:
        super().__init__(base, models.ACCOUNTS[label], "money_accounts")
        self.key = models.MONEY

    def look(self, rows: Sequence[Row], ledger: Ledger) -> None:
        """Keep what each row says for the other half of its account."""
        ledger.define(models.MONEY, [row.key for row in rows])
        for row in rows:
            said = {name: value for name, value in row.fields.items() if value is not None}
            ledger.extend(self.label, str(row.key), said, row.place)

    async def _store(self, rows: Sequence[Row], session: Session) -> Mapping[Key, str]:
        return await super()._store([self._join(row) for row in rows], session)

    def _join(self, row: Row) -> Row:
        """Put the halves of an account together."""
        assert self.ledger is not None
        whole: dict[str, Any] = dict.fromkeys(row.fields)
        for label in models.KINDS_OF_ACCOUNTS:
            whole |= self.ledger.said(label, str(row.key))
        return Row(row.place, row.key, whole)

    def describe(self, draft: Draft) -> Document:
        """Tell which kind of account it is; what an earlier file said stays."""
        assert self.ledger is not None
        values = {name: value for name, value in super().describe(draft).items() if value is not None}
        values.pop("event", None)  # comes later, and nothing depends on it
        for label, kind in models.KINDS_OF_ACCOUNTS.items():
            if kind is not None and self.ledger.claimant(label, str(draft.row.key)) is not None:
                values["kind"] = kind
        names = (values.get(name) for name in ("project_name", "bank_account", "note"))
        title = next((name for name in names if name), "")
        return {"slug": "", "unit": None, **(draft.former or {}), **values, "title": title}


class TypeRows(SluggedRows):
    """The loader of types of events; those of several units may have one slug."""

    shared = True

    def __init__(self, base: Base) -> None:
        super().__init__(base, models.TYPES, "event_types")
