"""Loads what people pay: donor channels with their variable symbols, and payments."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from storage.driver import Document, Session
from storage.imports import klub_models as models
from storage.imports.klub_rows import Base, Draft, OwnRows
from storage.imports.ledger import Key
from storage.imports.sequences import raise_sequences
from storage.klub.channels import CHANNELS, Channels

OWN_SYMBOL = re.compile(r"0[0-9]{9}|[1-9][0-9]{9}")  # the forms that symbols get here
Pair = tuple[int, int]


class ChannelRows(OwnRows):
    """The loader of donor channels.

    Where a payer has another channel for the event, the row stands for that one. A symbol that is
    another channel's in the unit, or missing, is replaced by a new one.
    """

    companies = True

    def __init__(self, base: Base, channels: Channels) -> None:
        super().__init__(base, models.CHANNELS, CHANNELS)
        self._channels = channels

    async def put(self, drafts: Sequence[Draft], session: Session) -> Mapping[Key, int]:
        """Store the channels that are nobody's second one for an event."""
        holders = await self._holders(drafts, session)
        own: list[Draft] = []
        numbers: dict[Key, int] = {}
        for draft in drafts:
            pair = pair_of(draft)
            numbers[draft.row.key] = holders.setdefault(pair, draft.number) if pair else draft.number
            if numbers[draft.row.key] == draft.number:
                own.append(draft)
        await super().put(own, session)
        return numbers

    async def _holders(self, drafts: Sequence[Draft], session: Session) -> dict[Pair, int]:
        """Return which channels there are for the payers and events of rows."""
        pairs = {pair for draft in drafts if (pair := pair_of(draft)) is not None}
        wanted = {
            "user": {"$in": [user for user, _ in pairs]},
            "event": {"$in": [event for _, event in pairs]},
        }
        found = self.rows.find(wanted, {"user": 1, "event": 1}, session=session)
        return {(row["user"], row["event"]): row["_id"] for row in await found.to_list(None)}

    async def compose(self, drafts: Sequence[Draft], session: Session) -> Sequence[Document]:
        """Add the units of the accounts, and the symbols."""
        composed = await super().compose(drafts, session)
        accounts = await self._read(
            "money_accounts", {each["money_account"] for each in composed}, "unit", session
        )
        for values in composed:
            values["unit"] = accounts.get(values["money_account"])
            values["regular_payments"] = values["regular_payments"] or "regular"
            values["regular_frequency"] = values["regular_frequency"] or None
        await self._assign_symbols(drafts, composed, session)
        return composed

    async def _assign_symbols(
        self, drafts: Sequence[Draft], composed: Sequence[Document], session: Session
    ) -> None:
        symbols = [each["VS"] for each in composed if each["VS"]]
        symbols += [former["VS"] for draft in drafts if (former := draft.former) is not None]
        found = self.rows.find({"VS": {"$in": symbols}}, {"unit": 1, "VS": 1}, session=session)
        taken = {(row["unit"], row["VS"]): row["_id"] for row in await found.to_list(None)}
        events = {each["event"] for each in composed if each["event"] is not None}
        prefixes = await self._read("events", events, "variable_symbol_prefix", session)
        await self._pass_symbols(composed, prefixes)
        for draft, values in zip(drafts, composed, strict=True):
            unit, own = values["unit"], draft.number
            wished = (values["VS"], (draft.former or {}).get("VS"))
            symbol = next((each for each in wished if each and taken.get((unit, each), own) == own), None)
            if symbol is None:
                symbol = await self._channels.take_symbol(unit, prefixes.get(values["event"]), session)
            taken[unit, symbol] = own
            values["VS"] = symbol

    async def _pass_symbols(self, composed: Sequence[Document], prefixes: Mapping[int, int | None]) -> None:
        """Let the counters go on behind the symbols of rows that look like those made here."""
        least: dict[str, int] = {}
        for values in composed:
            if OWN_SYMBOL.fullmatch(values["VS"]) is None:
                continue
            prefix = prefixes.get(values["event"])
            if values["VS"].startswith("0"):
                name, number = f"VS {values['unit']}", int(values["VS"])
            elif prefix is not None and values["VS"].startswith(str(prefix)):
                name, number = f"VS {values['unit']} {prefix}", int(values["VS"][5:])
            else:
                continue
            least[name] = max(least.get(name, 0), number)
        await raise_sequences(self.base.database, least)

    async def _read(
        self, collection: str, ids: set[int], field: str, session: Session
    ) -> Mapping[int, int | None]:
        found = self.base.database[collection].find({"_id": {"$in": list(ids)}}, {field: 1}, session=session)
        return {row["_id"]: row.get(field) for row in await found.to_list(None)}


class PaymentRows(OwnRows):
    """The loader of payments."""

    def __init__(self, base: Base) -> None:
        super().__init__(base, models.PAYMENTS, "payments")

    def describe(self, draft: Draft) -> Document:
        """Let an amount be a number in any case."""
        values = super().describe(draft)
        return {**values, "amount": values["amount"] or 0, "date": values["date"] or ""}


def pair_of(draft: Draft) -> Pair | None:
    """Return whose channel for which event a row is."""
    user, event = draft.id_of("user"), draft.id_of("event")
    return (user, event) if user is not None and event is not None else None
