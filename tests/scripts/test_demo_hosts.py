"""The people that a demo introduces by name: there with their passwords in every dialect, nowhere else."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from handlers.core.rest.strength import check_password
from scripts.demo.cast import CAST, derive_password
from scripts.demo.comics import found_comics
from scripts.demo.events import found_events
from scripts.demo.founding import OPTIONS
from scripts.demo.hosts import welcome
from scripts.demo.people import invent
from scripts.demo.projects import found_projects
from storage.community import Community
from storage.demo_hosts import DemoHosts
from storage.integrity import Integrity
from storage.passwords import Passwords
from storage.polls import FIRST_POLL
from storage.stores import Stores, all_indexes, all_traces

KEY = b"the signing key of one installation, 32 bytes"
ADA = CAST[0]


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    passwords = Passwords(4, 2)
    yield passwords
    passwords.close()


async def found(stores: Stores, *, whole: bool = False) -> None:
    """Let few people be there that a demo has founded, and all that the named ones take part in."""
    await stores.polls.create(FIRST_POLL, OPTIONS, "What first?")
    chance = random.Random(1)
    people = [invent(chance, number, now=1e9) for number in range(1, 5)]
    crowd = await Community(stores.database).settle(people, "founder")
    if whole:
        await found_comics(stores, 1, 1.7e9)
        await found_projects(stores, crowd, 4)
        await found_events(stores, crowd, 1.7e9)


async def stored(stores: Stores, email: str) -> str:
    """Return the hash of somebody's password."""
    person = await stores.accounts.by_address(email)
    assert person is not None
    return str(person["password"])


async def test_they_are_made_once_and_whole(stores: Stores, passwords: Passwords) -> None:
    """A second start changes nothing; all that hangs together does, in every dialect."""
    await found(stores, whole=True)
    assert await welcome(stores, KEY, passwords) == len(CAST)
    first = [await stores.accounts.by_address(part.email) for part in CAST]
    assert await welcome(stores, KEY, passwords) == len(CAST)
    assert [await stores.accounts.by_address(part.email) for part in CAST] == first
    for part in CAST:
        assert await passwords.verify(derive_password(KEY, part.email), await stored(stores, part.email))
    ada, ben, cleo, dev, rossi = (person for person in first if person is not None)
    assert (ada["auth"]["superuser"], ada["onAECRoll"], ada["klub"]["username"]) == (True, True, "ada")
    assert [grant["role"] for grant in ben["klub"]["grants"]] == ["event_organizer"]
    assert await stores.roles.held_by(cleo["_id"]) == ("admin", "phone_bank")
    assert await stores.database["comic_subscriptions"].count_documents({"user_id": dev["id"]}) == 4
    assert [each.name for each in await stores.projects.owned_by(rossi["id"])] == ["Dawn chorus"]
    assert await stores.knowme.user_of(ada["_id"]) is not None
    integrity = Integrity(stores.database, all_indexes(), all_traces(), lag=3)
    assert [finding for check in integrity.checks().values() async for finding in check()] == []


async def test_a_changed_password_or_key_is_put_right_at_the_next_start(
    stores: Stores, passwords: Passwords
) -> None:
    """Whoever tried the demo may have set another one; of another key the passwords are others."""
    await found(stores)
    await welcome(stores, KEY, passwords)
    person = await stores.accounts.by_address(ADA.email)
    assert person is not None
    hashed = await passwords.hash("something else 1")
    await stores.credentials.change_password(person["_id"], person["password"], hashed, lambda _: ())
    assert await welcome(stores, KEY, passwords) == len(CAST)
    assert await passwords.verify(derive_password(KEY, ADA.email), await stored(stores, ADA.email))
    other = b"another signing key, 32 bytes or more"
    assert await welcome(stores, other, passwords) == len(CAST)
    assert await passwords.verify(derive_password(other, ADA.email), await stored(stores, ADA.email))
    assert not await passwords.verify(derive_password(KEY, ADA.email), await stored(stores, ADA.email))


async def test_a_database_of_other_people_gets_none(stores: Stores, passwords: Passwords) -> None:
    await stores.accounts.register("ann@example.org", {}, ip=None, mails=lambda _: ())
    assert await welcome(stores, KEY, passwords) == 0
    assert await stores.database["users"].count_documents({}) == 1


async def test_who_has_one_of_their_addresses_stays_who_they_are(
    stores: Stores, passwords: Passwords
) -> None:
    """Somebody real under a demo address keeps account and password; the others are there."""
    await found(stores)
    await stores.accounts.register(ADA.email, {}, ip=None, mails=lambda _: ())
    before = await stores.accounts.by_address(ADA.email)
    assert await welcome(stores, KEY, passwords) == len(CAST) - 1
    assert await stores.accounts.by_address(ADA.email) == before
    hosts = await DemoHosts(stores.database, stores.credentials).listed()
    assert [row["email"] for row in hosts] == [part.email for part in CAST[1:]]


def test_passwords_are_strong_and_each_key_has_its_own() -> None:
    """They hold for every dialect's rules, and the same key gives the same ones."""
    first = [derive_password(KEY, part.email) for part in CAST]
    assert first == [derive_password(KEY, part.email) for part in CAST]
    other = [derive_password(b"another key", part.email) for part in CAST]
    assert len({*first, *other}) == 2 * len(CAST)
    assert [list(check_password()(password)) for password in first] == [[]] * len(CAST)
    assert all(len(password) >= 16 for password in first)
