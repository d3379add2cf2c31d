"""All stores of one database, made once in each process."""

from __future__ import annotations

from storage.accounts import Accounts
from storage.addresses import Addresses
from storage.announcements import Announcements
from storage.calls import Calls
from storage.confirmations import Confirmations
from storage.counters import Counters
from storage.credentials import Credentials, Holding
from storage.database import Database, Index
from storage.deletion import Deletion
from storage.donations import Donations
from storage.enrolment import Enrolment
from storage.feedback import Feedback
from storage.files import Files
from storage.gazetteer import Gazetteer
from storage.imports.mapping import ImportMap
from storage.jobs import Jobs
from storage.journal import Journal
from storage.knowme import KnowMe
from storage.magic_links import MagicLinks
from storage.mailboxes import Mailboxes
from storage.nonces import Nonces
from storage.outbox import USUAL, Outbox, Retention
from storage.people import People
from storage.phones import Phones
from storage.polls import Polls
from storage.profiles import Profiles
from storage.reports import Reports
from storage.resets import OpenResets, Resets
from storage.revocations import Revocations
from storage.roles import Roles
from storage.signin import SignIn
from storage.statistics import Statistics
from storage.subscribers import Subscribers
from storage.throttle import Throttle
from storage.tokens import Tokens
from storage.traces import Trace
from storage.validation import ValidationQueue
from storage.withdrawal import Withdrawal

INDEXED = (
    *(Accounts, Addresses, Calls, Deletion, Donations, Feedback, Files, Gazetteer, Jobs, Journal, KnowMe),
    *(Confirmations, Resets, Subscribers),
    *(ImportMap, Nonces, Outbox, Revocations),
    *(MagicLinks, Phones, Polls, Profiles, Reports, Roles, Statistics, Throttle, Tokens, ValidationQueue),
)


def all_indexes() -> tuple[Index, ...]:
    """Return the indexes that the stores declare."""
    return tuple(each for store in INDEXED for each in store.INDEXES)


def all_traces() -> tuple[Trace, ...]:
    """Return where the stores keep what names a person."""
    return tuple(each for store in INDEXED for each in getattr(store, "TRACES", ()))


class Stores:
    """One store per aggregate, all over one database; nothing is sent while they are made."""

    def __init__(self, database: Database, retention: Retention = USUAL) -> None:
        self.database = database
        self._lay_ground(retention)
        self._open_accounts()
        self._open_members()
        self._open_knowme()
        self._tie_deletion()

    @classmethod
    def over(cls, database: Database, retention: Retention = USUAL) -> Stores:
        """Make every store over one database; `retention` bounds the histories of channels."""
        return cls(database, retention)

    def _lay_ground(self, retention: Retention) -> None:
        """Make what knows of no person, and what follows from a change."""
        database = self.database
        self.counters = Counters(database)
        self.files = Files(database)
        self.gazetteer = Gazetteer(database)
        self.jobs = Jobs(database)
        self.journal = Journal(database)
        self.nonces = Nonces(database)
        self.outbox = Outbox(database, retention)
        self.announcements = Announcements(database, self.outbox)
        self.throttle = Throttle(database)

    def _open_accounts(self) -> None:
        """Make what all dialects share of a person: accounts, addresses, and how one gets in."""
        database, counters, jobs = self.database, self.counters, self.jobs
        self.addresses = Addresses(database, counters)
        self.confirmations = Confirmations(database, self.addresses)
        self.revocations = Revocations(database)
        self.tokens = Tokens(database)
        ends = (
            (Holding.TOKEN, self.tokens.revoke),
            (Holding.LINKS, OpenResets(database).end),
            (Holding.SECRET, self.revocations.end_secret),
            (Holding.SOCKETS, self.revocations.end_sockets),
            (Holding.SOCKETS, self.announcements.tell_of_password),
        )
        self.credentials = Credentials(database, jobs, ends)
        told = self.announcements
        self.accounts = Accounts(
            database, counters, self.addresses, jobs, self.credentials, announcements=told
        )
        self.enrolment = Enrolment(database, counters, self.addresses, self.confirmations, jobs)
        self.magic_links = MagicLinks(database, self.accounts, self.addresses, jobs, told)
        self.mailboxes = Mailboxes(database, self.accounts, self.addresses, self.confirmations, jobs)
        self.resets = Resets(database, self.accounts, self.addresses, self.credentials, jobs)
        self.roles = Roles(database)
        self.signin = SignIn(database, self.addresses, self.tokens, told)

    def _open_members(self) -> None:
        """Make what the members' dialect keeps."""
        database = self.database
        self.calls = Calls(database, self.counters)
        self.donations = Donations(database)
        self.feedback = Feedback(database)
        self.people = People(database)
        self.phones = Phones(database)
        self.polls = Polls(database)
        self.profiles = Profiles(database)
        self.reports = Reports(database)
        self.statistics = Statistics(database)
        self.validation = ValidationQueue(database)

    def _open_knowme(self) -> None:
        """Make what Know Me keeps."""
        self.knowme = KnowMe(self.database, self.counters, self.files)
        self.subscribers = Subscribers(self.database)

    def _tie_deletion(self) -> None:
        """Make what removes a person from all of these."""
        steps = (
            Withdrawal(self.database).withdraw,
            self.knowme.withdraw_files,
            self.outbox.redact,
            self.revocations.end_all,
        )
        self.deletion = Deletion(self.database, self.jobs, self.journal, all_traces(), steps)

    async def prepare(self) -> None:
        """Make what must exist before the first request: indexes, poll 1, the data model's version."""
        await self.database.ensure_indexes(all_indexes())
        await self.polls.ensure_first()
        await self.statistics.ensure_meta()
        await self.files.sweep()
