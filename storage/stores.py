"""All stores of one database, made once in each process."""

from __future__ import annotations

from dataclasses import dataclass

from storage.accounts import Accounts
from storage.addresses import Addresses
from storage.counters import Counters
from storage.database import Database, Index
from storage.jobs import Jobs
from storage.journal import Journal
from storage.polls import Polls
from storage.roles import Roles
from storage.statistics import Statistics
from storage.throttle import Throttle

INDEXED = (Accounts, Addresses, Jobs, Journal, Polls, Roles, Statistics, Throttle)


def all_indexes() -> tuple[Index, ...]:
    """Return the indexes that the stores declare."""
    return tuple(each for store in INDEXED for each in store.INDEXES)


@dataclass(frozen=True)
class Stores:
    """One store per aggregate."""

    database: Database
    accounts: Accounts
    addresses: Addresses
    counters: Counters
    jobs: Jobs
    journal: Journal
    polls: Polls
    roles: Roles
    statistics: Statistics
    throttle: Throttle

    @classmethod
    def over(cls, database: Database) -> Stores:
        """Make every store over one database; nothing is sent yet."""
        counters = Counters(database)
        addresses = Addresses(database, counters)
        jobs = Jobs(database)
        return cls(
            database=database,
            accounts=Accounts(database, counters, addresses, jobs),
            addresses=addresses,
            counters=counters,
            jobs=jobs,
            journal=Journal(database),
            polls=Polls(database),
            roles=Roles(database),
            statistics=Statistics(database),
            throttle=Throttle(database),
        )

    async def prepare(self) -> None:
        """Make what must exist before the first request: indexes, poll 1, the data model's version."""
        await self.database.ensure_indexes(all_indexes())
        await self.polls.ensure_first()
        await self.statistics.ensure_meta()
