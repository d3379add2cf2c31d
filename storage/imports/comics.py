"""Dumps of comics: which loader takes the rows of each model, step by step."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from functools import partial

from storage.comics.news import News
from storage.imports import comics_models as models
from storage.imports.arrival import Accounts
from storage.imports.arrivals import Arrivals
from storage.imports.comics_accounts import ProfileRows, SubscriptionRows
from storage.imports.comics_news import Newest
from storage.imports.comics_rows import CatalogueRows, ComicRows, ImageRows, ReleaseRows
from storage.imports.ledger import Key
from storage.imports.mapping import ImportMap
from storage.imports.plan import Plan
from storage.imports.record import Loader
from storage.imports.sequences import Numbers
from storage.stores import Stores

ORIGIN = "comics"


def make_plan(stores: Stores, *, clock: Callable[[], float] = time.time) -> Plan:
    """Make the loaders for one file."""
    database, mapping, now = stores.database, ImportMap(stores.database), round(clock() * models.MICROSECONDS)
    accounts = Accounts(models.USER, models.read_user, ORIGIN)
    numbers = Numbers(database, "email_addresses")
    comics, images = ComicRows(database, now), ImageRows(database, now)
    steps: tuple[tuple[Loader, ...], ...] = (
        (Arrivals(database, mapping, stores.statistics, accounts, numbers, clock=clock), comics),
        (ProfileRows(database, mapping, stores.secret_keys), images),
        (
            ReleaseRows(database, now, Newest(make_news(stores))),
            SubscriptionRows(database, mapping),
        ),
    )
    known = {
        **{model.label: partial(mapping.known, model.label) for model in (models.USERS, models.PROFILES)},
        **{rows.label: partial(find_stored, rows) for rows in (comics, images)},
    }
    return Plan([{loader.label: loader for loader in step} for step in steps], known, (comics.judge,))


async def find_stored(rows: CatalogueRows, keys: Sequence[Key]) -> Collection[Key]:
    """Return which numbers are stored already."""
    found = rows.rows.find({"_id": {"$in": list(keys)}}, {"_id": 1})
    return {row["_id"] for row in await found.to_list(None)}


async def tell_news(stores: Stores) -> None:
    """Tell of the new releases, when all files of a call are through, whatever became of the last one."""
    await make_news(stores).tell()


def make_news(stores: Stores) -> News:
    """Make what remembers new releases until they are told."""
    return News(stores.database, stores.posting, stores.outbox.retention.size)
