"""The members' dialect's dumps: which collections can be imported, and what loads each."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from storage.database import Index
from storage.imports.ballots import PollOptions, Tallies, Votes
from storage.imports.flux_kinds import INDEXES as OWN_INDEXES
from storage.imports.flux_kinds import KINDS
from storage.imports.mapping import ImportMap
from storage.imports.members import Members
from storage.imports.merged import CounterRows, FeedbackRows, PublicFigures, RoleRows, recompute
from storage.imports.record import Loader
from storage.imports.rows import Rows, nothing
from storage.stores import Stores

Make = Callable[[Stores, ImportMap], Loader]

SPECIAL: dict[str, Make] = {
    "users": lambda stores, mapping: Members(stores.database, mapping, stores.statistics),
    "poll_options": lambda stores, _: PollOptions(stores.database, stores.polls),
    "poll_stats": lambda stores, _: Tallies(stores.database),
    "votes": lambda stores, mapping: Votes(stores.database, mapping),
    "roles": lambda stores, mapping: RoleRows(stores.database, mapping),
    "public_stats": lambda stores, _: PublicFigures(stores.database, stores.statistics),
    "app_feedback": lambda stores, mapping: FeedbackRows(stores.database, mapping),
    "counters": lambda stores, _: CounterRows(stores.database),
}
INDEXES: tuple[Index, ...] = (*ImportMap.INDEXES, *OWN_INDEXES)
COLLECTIONS = (*SPECIAL, *(kind.name for kind in KINDS))


def make_loader(collection: str, stores: Stores) -> Loader:
    """Make the loader of a collection; raises KeyError for one that can't be imported."""
    mapping = ImportMap(stores.database)
    if collection in SPECIAL:
        return SPECIAL[collection](stores, mapping)
    kinds = {kind.name: kind for kind in KINDS}
    # The counters show the data model's version.
    after = partial(recompute, stores.statistics) if collection == "db_meta" else nothing
    return Rows(stores.database, mapping, kinds[collection], after)
