"""Klub's dumps: which loader takes the rows of each model, step by step."""

from __future__ import annotations

from functools import partial

from storage.counters import Counters
from storage.imports import klub_models as models
from storage.imports.arrivals import Arrivals
from storage.imports.klub_companies import CompanyRows, ContactRows
from storage.imports.klub_events import EventRows, InteractionRows, TeamRows, now
from storage.imports.klub_kinds import CategoryRows, KindRows
from storage.imports.klub_means import ClientRows, EmailRows, SelectorRows, TelephoneRows
from storage.imports.klub_money import ChannelRows, PaymentRows
from storage.imports.klub_people import PeopleRows, Wholes, make_accounts
from storage.imports.klub_places import AccountRows, TypeRows, UnitRows
from storage.imports.klub_rights import PermissionRows
from storage.imports.klub_rows import Base, OwnRows
from storage.imports.mapping import ImportMap
from storage.imports.plan import Plan
from storage.imports.record import Loader
from storage.imports.sequences import Numbers
from storage.klub.pdfs import PDFS
from storage.stores import Stores


def make_plan(stores: Stores) -> Plan:
    """Make the loaders for one file."""
    database = stores.database
    base = Base(database, ImportMap(database), Counters(database))
    units = UnitRows(base)
    addresses = Numbers(database, "email_addresses")
    steps: tuple[tuple[Loader, ...], ...] = (
        (
            units,
            CategoryRows(base),
            OwnRows(base, models.LOCATIONS, "locations"),
            OwnRows(base, models.POSITIONS, "organization_positions"),
            PermissionRows(),
            ClientRows(base),
        ),
        make_people(stores, base, units, addresses),
        (
            EmailRows(base, addresses),
            TelephoneRows(base),
            ContactRows(base),
            TypeRows(base),
            KindRows(base),
            *(AccountRows(base, label) for label in models.KINDS_OF_ACCOUNTS),
            OwnRows(base, models.PDFS, PDFS),
            SelectorRows(base),
        ),
        (EventRows(base, stores.files, stores.event_tree),),
        (
            TeamRows(base, stores.event_tree),
            ChannelRows(base, stores.channels),
            InteractionRows(base, stores.attendance, now()),
        ),
        (PaymentRows(base),),
    )
    known = {label: partial(base.mapping.known, label) for label in models.REFERRED}
    return Plan([{loader.label: loader for loader in step} for step in steps], known)


def make_people(stores: Stores, base: Base, units: UnitRows, addresses: Numbers) -> tuple[Loader, ...]:
    """Make the loaders of profiles, which share what the file says of each."""
    wholes = Wholes()
    arrivals = Arrivals(base.database, base.mapping, stores.statistics, make_accounts(wholes), addresses)
    companies = CompanyRows(base)
    # Units are stored before people, because people name them; who leads a unit follows.
    return tuple(
        PeopleRows(base, label, wholes, arrivals, companies, after=units.finish) for label in models.PEOPLE
    )
