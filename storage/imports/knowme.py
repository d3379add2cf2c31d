"""Know Me's dumps: which loader takes the rows of each model, step by step."""

from __future__ import annotations

from functools import partial

from storage.database import Database, Index
from storage.driver import Document, Session
from storage.file_names import make_address
from storage.files import Files
from storage.imports import knowme_models as models
from storage.imports.arrival import Accounts, Arrival
from storage.imports.arrivals import Arrivals
from storage.imports.contents import IMAGE, LIST, Contents, Part
from storage.imports.contents import INDEXES as CONTENT_INDEXES
from storage.imports.entrances import AddressRows, Keys, Subscriptions, claim_of
from storage.imports.ledger import Ledger
from storage.imports.linked import Bound
from storage.imports.mapping import ImportMap
from storage.imports.models import Model
from storage.imports.plan import Plan
from storage.imports.record import Loader
from storage.imports.sequences import Numbers
from storage.imports.things import Kind, Seats, Things
from storage.stores import Stores

INDEXES: tuple[Index, ...] = (*ImportMap.INDEXES, *CONTENT_INDEXES)
ORIGIN = "knowme"
USERS = Kind(models.KM_USERS, "km_users", blank={"name": None})
PARTS = (
    Part(models.IMAGES, IMAGE, "km_image_contents"),
    Part(models.LISTS, LIST, "km_list_contents"),
)


def make_plan(stores: Stores) -> Plan:
    """Make the loaders for one file."""
    database, mapping = stores.database, ImportMap(stores.database)

    def things(model: Model, collection: str, parent: str, **blank: None) -> Loader:
        return Things(database, mapping, Kind(model, collection, parent, blank))

    steps = (
        *make_entrances(stores, mapping),
        (
            things(models.PROFILES, "km_profiles", "km_user_id"),
            MediaRows(database, mapping, stores.files),
            things(models.EMERGENCY_CONTACTS, "km_emergency_contacts", "km_user_id"),
        ),
        (
            things(models.TOPICS, "km_topics", "profile_id"),
            things(models.EMERGENCY_ITEMS, "km_emergency_items", "km_user_id"),
        ),
        (things(models.ITEMS, "km_items", "topic_id", image_content=None, list_content=None),),
        tuple(Contents(database, mapping, part) for part in PARTS),
        (things(models.ENTRIES, "km_list_entries", "item_id"),),
    )
    known = {model.label: partial(mapping.known, model.label) for model in models.ALL}
    return Plan([{loader.label: loader for loader in step} for step in steps], known)


def make_entrances(stores: Stores, mapping: ImportMap) -> tuple[tuple[Loader, ...], ...]:
    """Make the loaders of accounts and what lets people into them."""
    database = stores.database
    numbers = Numbers(database, "email_addresses")
    accounts = Accounts(models.USER, models.read_user, ORIGIN, row_key=find_row_key)
    return (
        (Arrivals(database, mapping, stores.statistics, accounts, numbers),),
        (
            AddressRows(database, mapping, models.ADDRESSES, numbers),
            Keys(database, mapping, models.RESETS, "password_resets", make_reset),
            Keys(database, mapping, models.TOKENS, "auth_tokens", make_token, single=True),
            Subscriptions(database, mapping, models.SUBSCRIBERS),
            Seats(database, mapping, USERS),
        ),
        (Keys(database, mapping, models.CONFIRMATIONS, "email_confirmations", make_confirmation),),
    )


def find_row_key(arrival: Arrival, ledger: Ledger) -> int | None:
    """Find which number the file gives to the address of an account."""
    found = ledger.claimant(models.ADDRESS, claim_of(arrival.key, arrival.email))
    return None if found is None else int(found)


def make_reset(bound: Bound) -> Document:
    """Make a reset; it names no address, as a dump's doesn't."""
    fields = bound.fields
    return {"key": fields["key"], "user_id": bound.owner("user"), "created_at": fields["created_at"]}


def make_confirmation(bound: Bound) -> Document:
    """Make the key that was mailed to an address."""
    row = {"key": bound.fields["key"], "email_id": bound.id_of("email"), "user_id": bound.owner("email")}
    return {**row, "created_at": bound.fields["created_at"]}


def make_token(bound: Bound) -> Document:
    """Make an app's token, which is the key of its row."""
    fields = bound.fields
    return {"key": fields["pk"], "user_id": bound.owner("user"), "created_at": fields["created"]}


class MediaRows(Things):
    """The loader of media resources; their files come on another way, before or after."""

    def __init__(self, database: Database, mapping: ImportMap, files: Files) -> None:
        super().__init__(database, mapping, Kind(models.MEDIA_RESOURCES, "km_media_resources", "km_user_id"))
        self._files = files

    async def compose(self, bound: Bound, former: Document | None, session: Session) -> Document:
        """Keep the unguessable address while the file is the same."""
        values = await super().compose(bound, former, session)
        source = values.pop("file")
        if former is not None and former.get("source") == source:
            return values
        if former is not None and former.get("file"):
            await self._files.discard(former["file"], session)
            values["file"] = None
        return {**values, "path": make_address(source), "source": source}
