"""All stores of one database, made once in each process."""

from __future__ import annotations

import random

from storage.accounts import Accounts
from storage.addresses import Addresses
from storage.admin.appointments import Appointments
from storage.admin.clients import Clients
from storage.admin.dossier import Dossiers
from storage.admin.lockout import Lockout
from storage.admin.overviews import Overviews
from storage.admin.queue import Queue
from storage.admin.search import PeopleSearch
from storage.announcements import Announcements
from storage.calls import Calls
from storage.comics.catalogue import Catalogue
from storage.comics.keys import SecretKeys
from storage.comics.posting import Posting
from storage.comics.subscriptions import Subscriptions
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
from storage.klub.attendance import Attendance
from storage.klub.channels import Channels
from storage.klub.companies import Companies
from storage.klub.directory import Directory
from storage.klub.event_counts import EventCounts
from storage.klub.event_queries import EventLists
from storage.klub.event_tree import EventTree
from storage.klub.events import Events
from storage.klub.figures import EventFigures
from storage.klub.grants import Grants
from storage.klub.guests import Guests
from storage.klub.interaction_types import InteractionCategories, InteractionTypes
from storage.klub.interactions import Interactions
from storage.klub.oauth import OAuth
from storage.klub.payments import Payments
from storage.klub.pdfs import Pdfs
from storage.klub.places import EventTypes, Locations, Positions
from storage.klub.pledges import Pledges
from storage.klub.registrations import Registrations
from storage.klub.rights import Rights
from storage.klub.senders import Senders
from storage.klub.team import Team
from storage.klub.units import Units
from storage.klub.usernames import Usernames
from storage.knowme import KnowMe
from storage.magic_links import MagicLinks
from storage.mailboxes import Mailboxes
from storage.media import MediaFolder, Naming
from storage.nonces import Nonces
from storage.outbox import USUAL, Outbox, Retention
from storage.people import People
from storage.phones import Phones
from storage.polls import Polls
from storage.profiles import Profiles
from storage.pybossa.avatars import Avatars
from storage.pybossa.community import Community
from storage.pybossa.contributions import Contributions
from storage.pybossa.entrance import Entrance
from storage.pybossa.exports import EXPORT, Exports
from storage.pybossa.feed import Feed
from storage.pybossa.leaving import Leaving
from storage.pybossa.links import Links
from storage.pybossa.pending import PendingRegistrations
from storage.pybossa.projects import Projects
from storage.pybossa.ranking import Ranking
from storage.pybossa.removal import Clearance, Departures
from storage.pybossa.revision import Revision
from storage.pybossa.sessions import Sessions
from storage.reports import Reports
from storage.resets import OpenResets, Resets
from storage.revocations import Revocations
from storage.roles import Roles
from storage.roll_calls import RollCalls
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
    *(ImportMap, Nonces, Outbox, Revocations, RollCalls),
    *(Channels, OAuth, Usernames),
    *(EventFigures, EventTypes, Events, Positions, Team, Units),
    *(Attendance, InteractionCategories, InteractionTypes),
    *(Companies, Payments, Pdfs),
    *(Catalogue, SecretKeys, Subscriptions),
    *(Community, Contributions, Feed, Projects, Ranking),
    *(Links, PendingRegistrations, Sessions),
    *(Clients, PeopleSearch, Queue),
    *(MagicLinks, Phones, Polls, Profiles, Reports, Roles, Statistics, Throttle, Tokens, ValidationQueue),
)


def all_indexes() -> tuple[Index, ...]:
    """Return the indexes that the stores declare."""
    return tuple(each for store in INDEXED for each in store.INDEXES)


def all_traces() -> tuple[Trace, ...]:
    """Return where the stores keep what names a person."""
    return tuple(each for store in INDEXED for each in getattr(store, "TRACES", ()))


def all_namings() -> tuple[Naming, ...]:
    """Return where the stores name files that imports brought."""
    return tuple(each for store in INDEXED for each in getattr(store, "NAMINGS", ()))


class Stores:
    """One store per aggregate, all over one database; nothing is sent while they are made."""

    def __init__(self, database: Database, retention: Retention = USUAL) -> None:
        self.database = database
        self._lay_ground(retention)
        self._open_accounts()
        self._open_members()
        self._open_knowme()
        self._open_comics()
        self._open_klub()
        self._open_events()
        self._open_attendance()
        self._open_payments()
        self._open_pybossa()
        self._open_administration()
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
        self.media_folder = MediaFolder(database, self.files, all_namings())
        self.gazetteer = Gazetteer(database)
        self.jobs = Jobs(database)
        self.journal = Journal(database)
        self.nonces = Nonces(database)
        self.outbox = Outbox(database, retention)
        self.announcements = Announcements(database, self.outbox)
        self.feed = Feed(database, self.outbox)
        self.ranking = Ranking(database)
        self.throttle = Throttle(database)

    def _open_accounts(self) -> None:
        """Make what all dialects share of a person: accounts, addresses, and how one gets in."""
        database, counters, jobs = self.database, self.counters, self.jobs
        self.addresses = Addresses(database, counters)
        self.confirmations = Confirmations(database, self.addresses)
        self.revocations = Revocations(database)
        self.roll_calls = RollCalls(database)
        self.secret_keys = SecretKeys(database, self.revocations)
        self.tokens = Tokens(database)
        told = self.announcements
        self.pybossa = Community(database, self.ranking, self.feed, self.revocations, told)
        self.sessions = Sessions(database, self.revocations)
        ends = (
            # First, so that who listens is told why before the connection ends.
            (Holding.SOCKETS, told.tell_of_password),
            (Holding.KEYS, self.secret_keys.renew),
            (Holding.KEYS, self.pybossa.renew_key),
            (Holding.TOKEN, self.tokens.revoke),
            (Holding.SESSIONS, self.sessions.end),
            (Holding.LINKS, OpenResets(database).end),
            (Holding.LINKS, self.pybossa.forget_pending),
            (Holding.SECRET, self.revocations.end_secret),
            (Holding.SOCKETS, self.revocations.end_sockets),
        )
        self.credentials = Credentials(database, jobs, ends)
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
        self.knowme = KnowMe(self.database, self.counters, self.files, self.media_folder)
        self.subscribers = Subscribers(self.database)

    def _open_comics(self) -> None:
        """Make what readers of comics look at, and what they follow."""
        self.catalogue = Catalogue(self.database)
        self.posting = Posting(self.database, self.outbox)
        self.subscriptions = Subscriptions(self.database, self.counters)

    def _open_klub(self) -> None:
        """Make what Klub keeps."""
        database, counters = self.database, self.counters
        self.channels = Channels(database, counters)
        self.grants = Grants(database)
        self.oauth = OAuth(database)
        self.senders = Senders(database)
        self.usernames = Usernames(database, counters)
        self.registrations = Registrations(database, counters, self.addresses, self.usernames, self.channels)

    def _open_events(self) -> None:
        """Make what Klub keeps of events, and of what they belong to."""
        database, counters = self.database, self.counters
        self.units = Units(database)
        self.event_types = EventTypes(database)
        self.locations = Locations(database, counters)
        self.positions = Positions(database, counters)
        self.team = Team(database, counters)
        self.event_counts = EventCounts(database)
        self.event_lists = EventLists(database, self.event_counts, self.event_types)
        self.event_figures = EventFigures(database)
        self.event_tree = EventTree(database, self.event_counts)
        self.rights = Rights()
        self.events = Events(
            database,
            counters,
            self.files,
            self.media_folder,
            counts=self.event_counts,
            locations=self.locations,
            positions=self.positions,
            team=self.team,
        )

    def _open_attendance(self) -> None:
        """Make what Klub keeps of who takes part in what."""
        database, counters = self.database, self.counters
        self.directory = Directory(database)
        self.interaction_categories = InteractionCategories(database)
        self.interaction_types = InteractionTypes(database, counters)
        self.attendance = Attendance(database, self.interaction_types, self.outbox)
        self.guests = Guests(database, counters, self.addresses, self.accounts)
        self.interactions = Interactions(database, counters, self.attendance, self.event_types, self.guests)

    def _open_payments(self) -> None:
        """Make what Klub keeps of who pays, and what payers get."""
        database, counters = self.database, self.counters
        self.companies = Companies(database, counters)
        self.payments = Payments(database, counters)
        self.pdfs = Pdfs(database, self.media_folder)
        self.pledges = Pledges(database, self.channels, self.guests, self.companies)

    def _open_pybossa(self) -> None:
        """Make what the community works on, and what takes somebody out of it."""
        database, counters, ranking, feed = self.database, self.counters, self.ranking, self.feed
        self.projects = Projects(database, counters, feed)
        self.contributions = Contributions(database, counters, ranking, feed)
        self.entrance = Entrance(database, self.pybossa, self.sessions, self.signin)
        self.links = Links(database, self.accounts, self.addresses, self.mailboxes, self.entrance)
        self.pending = PendingRegistrations(
            database,
            counters,
            self.addresses,
            self.jobs,
            self.pybossa,
            entrance=self.entrance,
            links=self.links,
        )
        self.revision = Revision(self.pybossa, self.links, self.sessions, self.jobs)
        self.avatars = Avatars(database, self.files, self.pybossa)
        self.exports = Exports(database, self.files, self.jobs)
        self.leaving = Leaving(database, ranking, feed, self.jobs, random.SystemRandom())

    def _open_administration(self) -> None:
        """Make what administrators look at and act by."""
        database = self.database
        self.appointments = Appointments(self.accounts, self.grants, self.roles, self.journal)
        self.clients = Clients(database)
        self.dossiers = Dossiers(database, self.appointments)
        self.lockout = Lockout(database, self.credentials, self.journal)
        self.overviews = Overviews(database)
        self.people_search = PeopleSearch(database)
        self.queue = Queue(database, self.jobs)

    def _tie_deletion(self) -> None:
        """Make what removes a person from all of these."""
        steps = (
            self.attendance.claim,
            Withdrawal(self.database).withdraw,
            self.attendance.withdraw,
            self.knowme.withdraw_files,
            Clearance(self.database, self.files, self.jobs, EXPORT).clear,
            self.leaving.leave,
            self.outbox.redact,
            self.revocations.end_all,
        )
        self.deletion = Deletion(
            self.database, self.jobs, self.journal, all_traces(), steps, tidy=self.files.sweep_all
        )
        self.departures = Departures(self.jobs, self.deletion)

    async def prepare(self) -> None:
        """Make what must exist before the first request: indexes, poll 1, the data model's version."""
        await self.database.ensure_indexes(all_indexes())
        await self.polls.ensure_first()
        await self.interaction_types.ensure_first()
        await self.statistics.ensure_meta()
        await self.ranking.ensure_board()
        await self.files.sweep()
