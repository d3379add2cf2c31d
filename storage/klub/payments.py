"""Payments: what came in on donor channels, and who is up to date with what they pay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Self

from storage.counters import Counters
from storage.database import Database, Index, index
from storage.driver import Document, Session
from storage.klub.channels import CHANNELS, Channel

PAYMENTS = "payments"
TRANSFER, CARD = "bank-transfer", "creadit_card"  # spelt like this on the wire
MONTH, YEAR, GRACE = 40, 375, 10  # days
PERIODS = {"monthly": 31, "quaterly": 92, "biannually": 183, "annually": 366}
LONGEST_PERIOD = 366


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment on a channel; the date is YYYY-MM-DD, `details` what the bank said besides."""

    channel: int | None
    date: str
    amount: int | float
    type: str
    account: int | None
    operation: str | None = None
    details: Mapping[str, str] | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read the stored form."""
        return cls(
            row["channel"],
            row["date"],
            row["amount"],
            row["type"],
            row.get("recipient_account"),
            row.get("operation_id"),
        )

    def row(self, number: int) -> Document:
        """Make the document."""
        return {
            "_id": number,
            **(self.details or {}),
            "channel": self.channel,
            "date": self.date,
            "amount": self.amount,
            "type": self.type,
            "recipient_account": self.account,
            "operation_id": self.operation,
        }


@dataclass(frozen=True, slots=True)
class Quotas:
    """What somebody must have paid within a month or a year; zero stands for no such rule."""

    month: int
    year: int


class Payments:
    """The `payments` collection."""

    INDEXES: tuple[Index, ...] = (index(PAYMENTS, "channel", "date"),)

    def __init__(self, database: Database, counters: Counters) -> None:
        self._rows = database[PAYMENTS]
        self._channels = database[CHANNELS]
        self._database = database
        self._counters = counters

    async def add(self, payment: Payment) -> int | None:
        """Store a payment; return who pays on its channel now, None where the channel is gone."""
        number = await self._counters.take(PAYMENTS)

        async def work(session: Session) -> int | None:
            # Written to, so that the payer can't leave in between: the answer names them.
            found = await self._channels.find_one_and_update(
                {"_id": payment.channel}, {"$inc": {"held": 1}}, session=session
            )
            if found is None or found["user"] is None:
                return None
            await self._rows.insert_one(payment.row(number), session=session)
            return int(found["user"])

        return await self._database.transaction(work)

    async def channel(self, event: int, account: int, symbol: str) -> Channel | None:
        """Find the channel for an event whose payments come to an account under a variable symbol."""
        wanted = {"event": event, "money_account": account, "VS": symbol}
        row = await self._channels.find_one(wanted)
        return Channel.of(row) if row is not None else None

    async def between(
        self, channel: int, first: date, last: date, amount: int, kind: str
    ) -> Sequence[Payment]:
        """Return payments of one amount and kind, both days included, by date."""
        days = {"$gte": first.isoformat(), "$lte": last.isoformat()}
        wanted = {"channel": channel, "date": days, "amount": amount, "type": kind}
        found = self._rows.find(wanted).sort([("date", 1), ("_id", 1)])
        return [Payment.of(row) for row in await found.to_list(None)]

    async def up_to_date(self, user: int, quotas: Quotas, today: date) -> bool:
        """Tell whether somebody pays what they mean to, or what everybody should."""
        rows = await self._channels.find({"user": user}).to_list(None)
        channels = {row["_id"]: Channel.of(row) for row in rows}
        # Somebody east of here may have paid tomorrow already.
        days = {"$gte": before(today, LONGEST_PERIOD + GRACE), "$lte": before(today, -1)}
        wanted = {"channel": {"$in": list(channels)}, "date": days}
        paid = [Payment.of(row) for row in await self._rows.find(wanted).to_list(None)]
        if any(0 < quota <= total(paid, before(today, span)) for quota, span in spans(quotas)):
            return True
        return any(
            is_paid(channel, [each for each in paid if each.channel == number], today)
            for number, channel in channels.items()
        )


def spans(quotas: Quotas) -> Sequence[tuple[int, int]]:
    """Return the quotas, each with its days."""
    return ((quotas.month, MONTH), (quotas.year, YEAR))


def is_paid(channel: Channel, payments: Sequence[Payment], today: date) -> bool:
    """Tell whether a channel got its amount, and at least one payment, within its period."""
    first = before(today, PERIODS.get(channel.frequency or "", LONGEST_PERIOD) + GRACE)
    recent = [each for each in payments if each.date >= first]
    return bool(recent) and total(recent, first) >= (channel.amount or 0)


def total(payments: Sequence[Payment], first: str) -> int | float:
    """Add up what was paid since a day."""
    return sum(each.amount for each in payments if each.date >= first)


def before(day: date, days: int) -> str:
    """Return the day so many days earlier, as it is stored."""
    return (day - timedelta(days=days)).isoformat()
