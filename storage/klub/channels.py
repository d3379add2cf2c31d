"""Donor channels: what somebody pays for an event, to which account, under which variable symbol."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from storage.counters import Counters
from storage.database import Database, Index, Restart, index
from storage.driver import Document, DuplicateKeyError, Session
from storage.traces import Fate, Trace

CHANNELS, ACCOUNTS = "donor_channels", "money_accounts"
HIGHEST = 99_999  # symbols of one prefix
NUMBER = {"$type": "number"}


@dataclass(frozen=True, slots=True)
class MoneyAccount:
    """An account that money is paid to, and the administrative unit whose it is."""

    id: int
    slug: str
    unit: int | None


@dataclass(frozen=True, slots=True)
class Cause:
    """An event as far as payments go: `prefix` begins its variable symbols."""

    id: int
    slug: str
    prefix: int | None


@dataclass(frozen=True, slots=True)
class Pledge:
    """What somebody means to pay; `regular` with a frequency, or once; the date is YYYY-MM-DD."""

    cause: Cause
    account: MoneyAccount
    amount: int | None
    frequency: str | None
    first_payment: str
    regular: bool = True


@dataclass(frozen=True, slots=True)
class Channel:
    """A stored channel; `user` is the number of an account or a company."""

    id: int
    user: int | None
    event: int | None
    account: int
    symbol: str
    amount: int | None
    frequency: str | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Channel:
        """Read the stored form."""
        return cls(
            row["_id"],
            row["user"],
            row["event"],
            row["money_account"],
            row["VS"],
            row["regular_amount"],
            row["regular_frequency"],
        )


class Channels:
    """The `donor_channels` collection; one channel for a payer and an event, one symbol in a unit."""

    INDEXES: tuple[Index, ...] = (
        index(ACCOUNTS, "slug", unique=True),
        index(CHANNELS, "user", "event", unique=True, partial={"user": NUMBER, "event": NUMBER}),
        index(CHANNELS, "unit", "VS", unique=True),
        index(CHANNELS, "user"),
    )
    TRACES = (Trace(CHANNELS, "user", Fate.NULL, by="id", or_in="companies"),)

    def __init__(self, database: Database, counters: Counters) -> None:
        self._rows = database[CHANNELS]
        self._accounts = database[ACCOUNTS]
        self._events = database["events"]
        self._counters = counters

    async def accounts(self, slugs: Collection[str]) -> Mapping[str, MoneyAccount]:
        """Find money accounts by their slugs."""
        rows = await self._accounts.find({"slug": {"$in": list(slugs)}}).to_list(None)
        return {row["slug"]: MoneyAccount(row["_id"], row["slug"], row.get("unit")) for row in rows}

    async def causes(self, slugs: Collection[str]) -> Mapping[str, Cause]:
        """Find events by their slugs."""
        fields = {"slug": 1, "variable_symbol_prefix": 1}
        rows = await self._events.find({"slug": {"$in": list(slugs)}}, fields).to_list(None)
        return {
            row["slug"]: Cause(row["_id"], row["slug"], row.get("variable_symbol_prefix")) for row in rows
        }

    async def find(self, user: int, event: int, session: Session | None = None) -> Channel | None:
        """Find the channel of a payer for an event."""
        row = await self._rows.find_one({"user": user, "event": event}, session=session)
        return Channel.of(row) if row is not None else None

    async def open(self, user: int, pledge: Pledge, session: Session) -> Channel:
        """Make a channel with a symbol of its own, in the caller's transaction.

        Raises Restart where another call made the channel or took the symbol in the same moment: look
        with `find` first, and the next try will see it.
        """
        unit = pledge.account.unit
        row: Document = {
            "_id": await self._counters.take(CHANNELS),
            "user": user,
            "event": pledge.cause.id,
            "money_account": pledge.account.id,
            "unit": unit,
            "VS": await self.take_symbol(unit, pledge.cause.prefix, session),
            "regular_payments": "regular" if pledge.regular else "onetime",
            "regular_amount": pledge.amount,
            "regular_frequency": pledge.frequency,
            "expected_date_of_first_payment": pledge.first_payment,
        }
        try:
            await self._rows.insert_one(row, session=session)
        except DuplicateKeyError as error:
            raise Restart from error
        return Channel.of(row)

    async def take_symbol(self, unit: int | None, prefix: int | None, session: Session) -> str:
        """Take the next symbol that nobody in the unit has; imports may have brought some.

        Without a prefix, or when all of the prefix are gone, it is the unit's running number.
        """
        while True:
            name = f"VS {unit}" if prefix is None else f"VS {unit} {prefix}"
            number = await self._counters.take(name)
            if prefix is not None and number > HIGHEST:
                prefix = None
                continue
            symbol = f"{number:010}" if prefix is None else f"{prefix}{number:05}"
            if await self._rows.find_one({"unit": unit, "VS": symbol}, {"_id": 1}, session=session) is None:
                return symbol
