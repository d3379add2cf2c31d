"""Lets the named people into a demo's database, and gives them something in every dialect."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from scripts.demo.cast import CAST, Part, derive_password, make_seal
from scripts.demo.comics import open_press
from scripts.demo.founding import OPTIONS
from scripts.demo.projects import ANSWERS, SHORT_NAMES
from storage.community import Settler
from storage.demo_hosts import DemoHosts, Host
from storage.driver import Document
from storage.errors import StorageError, Taken
from storage.klub.grants import ORGANIZER
from storage.passwords import Passwords
from storage.polls import FIRST_POLL
from storage.pybossa.contributions import Run
from storage.pybossa.projects import NewProject
from storage.stores import Stores

FOLLOWED = 4  # comics
YEAR = 365 * 86_400  # seconds
PROJECT = NewProject("Dawn chorus", "demo-birds", 0, "Say which birds sing in a minute of morning.", True)
VALIDATED = {"email_validated": True, "needsValidating": False, "detailsValid": True, "valid_federal": True}
COMMUNITY = {"privacy_mode": False, "newsletter": True, "newsletter_prompted": True, "consent": True}


async def welcome(
    stores: Stores, key: bytes, passwords: Passwords, *, clock: Callable[[], float] = time.time
) -> int:
    """See to it that the named people are there with their passwords; return how many are.

    Where no demo was founded there are none: other people's accounts stay among themselves.
    """
    hosts = DemoHosts(stores.database, stores.credentials)
    if not await hosts.belongs_to_demo():
        return 0
    known = {part: await hosts.find(part.email) for part in CAST}
    wanting = [part for part, person in known.items() if person is None or not fits(key, person)]
    if not wanting and all(is_settled(person) for person in known.values()):
        return len(CAST)
    hashes = await asyncio.gather(*(passwords.hash(derive_password(key, part.email)) for part in wanting))
    for part, hashed in zip(wanting, hashes, strict=True):
        host = make_host(key, part, hashed, clock())
        known[part] = await let_in(hosts, known[part], host)
    for part, person in known.items():
        if person is not None and not is_settled(person):
            await furnish(stores, part, person)
    await stores.statistics.count()
    return sum(person is not None for person in known.values())


def is_settled(person: Document | None) -> bool:
    """Tell whether somebody has all that they should."""
    return person is not None and bool(person["auth"].get("settled"))


def fits(key: bytes, person: Document) -> bool:
    """Tell whether a host's password is the one that the demo shows."""
    seal = make_seal(key, person["email"], person.get("password") or "")
    return hmac.compare_digest(seal, person["auth"].get("seal", ""))


def make_host(key: bytes, part: Part, hashed: str, now: float) -> Host:
    """Put together what an account is made of."""
    fields = {"fname": part.first, "sname": part.last, "onAECRoll": True, "volunteer": True, **part.fields}
    standing = {**VALIDATED, "valid_state": True, "lastValidated": int(now)}
    settler = Settler(part.email, fields, standing, now - YEAR)
    return Host(settler, part.username, hashed, make_seal(key, part.email, hashed))


async def let_in(hosts: DemoHosts, person: Document | None, host: Host) -> Document | None:
    """Make an account, or give it its password again; None where the address is somebody else's."""
    if person is not None:
        await hosts.rekey(person, host)
        return person
    try:
        return await hosts.admit(host)
    except Taken:
        return None


async def furnish(stores: Stores, part: Part, person: Document) -> None:
    """Give somebody what they have in every dialect; what an interrupted start has given stays."""
    await join_community(stores, part, person)
    await introduce(stores, part, person)
    await stores.polls.cast(FIRST_POLL, person["_id"], list(OPTIONS)[CAST.index(part)])
    if part.superuser:
        await stores.accounts.make_superuser(person["_id"], superuser=True)
    if (deed := DEEDS.get(part.also)) is not None:
        await deed(stores, person)
    phone = {"telephone": part.fields["contact_number"].replace(" ", ""), "note": "", "is_primary": True}
    values: Mapping[str, Any] = {"klub.nickname": part.first, "klub.telephones": [phone]}
    await DemoHosts(stores.database, stores.credentials).settle(person["_id"], values)


async def join_community(stores: Stores, part: Part, person: Document) -> None:
    """Make somebody a member of PyBossa's community, under their username if nobody else has it."""

    async def join(name: str | None) -> None:
        await stores.ranking.transact(
            lambda session: stores.pybossa.join(person["_id"], session, name=name, fields=COMMUNITY)
        )

    try:
        await join(part.username)
    except Taken:
        await join(None)


async def introduce(stores: Stores, part: Part, person: Document) -> None:
    """Give somebody a Know Me user with a profile, a topic, a list and whom to call."""
    me, oid = stores.knowme, person["_id"]
    if await me.user_of(oid) is not None:
        return
    user = await me.add_user(oid, {"name": None, "quote": part.quote})
    profile = await me.profiles.add(oid, {"name": "Neighbours", "is_default": True}, parent=user.id)
    topic = await me.topics.add(oid, {"name": "About me", "topic_type": 3}, parent=profile.id)
    item = await me.add_item(oid, topic.id, "Good to know", None)
    for line in (part.about, part.quote):
        await me.entries.add(oid, {"text": line}, parent=item.id)
    contact = {"name": "The town hall", "relation": "Neighbour", "phone_number": "0255500100"}
    await me.emergency_contacts.add(oid, {**contact, "alt_phone_number": "", "email": ""}, parent=user.id)


async def organize(stores: Stores, person: Document) -> None:
    """Make somebody organizer of the first unit."""
    units = await stores.units.all()
    if units:
        await stores.grants.give(ORGANIZER, person["_id"], units[0].id)


async def serve(stores: Stores, person: Document) -> None:
    """Give somebody the roles of Flux's staff."""
    for role in ("admin", "phone_bank"):
        await stores.roles.give(role, person["_id"])


async def follow(stores: Stores, person: Document) -> None:
    """Let somebody follow the first comics."""
    for comic in (await open_press(stores).listed())[:FOLLOWED]:
        try:
            await stores.subscriptions.add(person["id"], comic)
        except Taken:
            continue


async def contribute(stores: Stores, person: Document) -> None:
    """Let somebody own a project, and answer a task of each other one."""
    if not await stores.projects.named([PROJECT.short_name]):
        own = NewProject(PROJECT.name, PROJECT.short_name, person["id"], PROJECT.description, published=True)
        made = await stores.projects.create(own)
        for _ in range(3):
            await stores.projects.add_task(made.id, ANSWERS)
    for project in await stores.projects.named(SHORT_NAMES):
        for task in await stores.projects.open_tasks(project.id, 1):
            try:
                await stores.contributions.add(Run(task, person["id"]))
            except StorageError:
                continue


DEEDS: Mapping[str, Callable[[Stores, Document], Awaitable[None]]] = {
    "organizer": organize,
    "staff": serve,
    "reader": follow,
    "volunteer": contribute,
}
