"""All stores of one database, made once in each process."""

from __future__ import annotations

from dataclasses import dataclass

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
    *(Nonces, Outbox, Revocations),
    *(MagicLinks, Phones, Polls, Profiles, Reports, Roles, Statistics, Throttle, Tokens, ValidationQueue),
)


def all_indexes() -> tuple[Index, ...]:
    """Return the indexes that the stores declare."""
    return tuple(each for store in INDEXED for each in store.INDEXES)


def all_traces() -> tuple[Trace, ...]:
    """Return where the stores keep what names a person."""
    return tuple(each for store in INDEXED for each in getattr(store, "TRACES", ()))


@dataclass(frozen=True)
class Stores:
    """One store per aggregate."""

    database: Database
    accounts: Accounts
    addresses: Addresses
    announcements: Announcements
    calls: Calls
    confirmations: Confirmations
    counters: Counters
    credentials: Credentials
    deletion: Deletion
    donations: Donations
    enrolment: Enrolment
    feedback: Feedback
    files: Files
    gazetteer: Gazetteer
    jobs: Jobs
    journal: Journal
    knowme: KnowMe
    magic_links: MagicLinks
    mailboxes: Mailboxes
    nonces: Nonces
    outbox: Outbox
    people: People
    phones: Phones
    polls: Polls
    profiles: Profiles
    reports: Reports
    resets: Resets
    revocations: Revocations
    roles: Roles
    signin: SignIn
    statistics: Statistics
    subscribers: Subscribers
    throttle: Throttle
    tokens: Tokens
    validation: ValidationQueue

    @classmethod
    def over(cls, database: Database, retention: Retention = USUAL) -> Stores:
        """Make every store over one database; nothing is sent yet."""
        counters = Counters(database)
        addresses = Addresses(database, counters)
        jobs = Jobs(database)
        journal = Journal(database)
        tokens = Tokens(database)
        revocations = Revocations(database)
        outbox = Outbox(database, retention)
        announcements = Announcements(database, outbox)
        ends = (
            (Holding.TOKEN, tokens.revoke),
            (Holding.LINKS, OpenResets(database).end),
            (Holding.SECRET, revocations.end_secret),
            (Holding.SOCKETS, revocations.end_sockets),
            (Holding.SOCKETS, announcements.tell_of_password),
        )
        credentials = Credentials(database, jobs, ends)
        accounts = Accounts(database, counters, addresses, jobs, credentials)
        confirmations = Confirmations(database, addresses)
        files = Files(database)
        knowme = KnowMe(database, counters, files)
        steps = (
            Withdrawal(database).withdraw,
            knowme.withdraw_files,
            outbox.redact,
            revocations.end_all,
        )
        return cls(
            database=database,
            accounts=accounts,
            addresses=addresses,
            announcements=announcements,
            calls=Calls(database, counters),
            confirmations=confirmations,
            counters=counters,
            credentials=credentials,
            deletion=Deletion(database, jobs, journal, all_traces(), steps),
            donations=Donations(database),
            enrolment=Enrolment(database, counters, addresses, confirmations, jobs),
            feedback=Feedback(database),
            files=files,
            gazetteer=Gazetteer(database),
            jobs=jobs,
            journal=journal,
            knowme=knowme,
            magic_links=MagicLinks(database, accounts, addresses, jobs),
            mailboxes=Mailboxes(database, accounts, addresses, confirmations, jobs),
            nonces=Nonces(database),
            outbox=outbox,
            people=People(database),
            phones=Phones(database),
            polls=Polls(database),
            profiles=Profiles(database),
            reports=Reports(database),
            resets=Resets(database, accounts, addresses, credentials, jobs),
            revocations=revocations,
            roles=Roles(database),
            signin=SignIn(database, addresses, tokens),
            statistics=Statistics(database),
            subscribers=Subscribers(database),
            throttle=Throttle(database),
            tokens=tokens,
            validation=ValidationQueue(database),
        )

    async def prepare(self) -> None:
        """Make what must exist before the first request: indexes, poll 1, the data model's version."""
        await self.database.ensure_indexes(all_indexes())
        await self.polls.ensure_first()
        await self.statistics.ensure_meta()
        await self.files.sweep()
