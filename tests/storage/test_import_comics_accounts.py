"""Importing readers of comics: who they are here, their keys, what they follow."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from pathlib import Path
from typing import Any

import bcrypt
import pytest

from storage.stores import Stores
from tests.knowme.client import App
from tests.realtime.watching import connected
from tests.scripts.comics_dump import KEY, Shelf, comic, profile, subscription, user, whole_dump
from tests.scripts.django_dump import PASSWORD, Load, django_hash, django_loader, enter
from tests.scripts.dumps import address_of, assert_sound, dump, find_user
from tests.serving import Api, Served

OTHER = "f" * 32
ORPHANED = "what it belongs to was left out"


@pytest.fixture
def load(stores: Stores, tmp_path: Path) -> Load:
    return django_loader(stores, tmp_path)


async def basic(api: Api, email: str, password: str = PASSWORD) -> int:
    """Ask for oneself by address and password."""
    pair = base64.b64encode(f"{email}:{password}".encode()).decode()
    return (await api.get("/api/v1/users/", Authorization=f"Basic {pair}")).status


def skipped(outcome: Any) -> dict[tuple[str, str], int]:
    return {(each["model"], each["reason"]): each["count"] for each in outcome["skipped"]}


async def test_an_account_is_made_without_rights(load: Load, api: Api, stores: Stores) -> None:
    await load([user(41, "Ann@Example.com")])
    person = await find_user(stores)
    assert (person["id"], person["fname"], person["sname"], person["name"]) == (41, "Ann", "Lee", "Ann Lee")
    assert (person["timestamp"], person["auth"]["last_login"]) == (1339283394.312109, 1_351_764_000_500_000)
    assert (person["email_validated"], person["auth"]["origin"]) == (True, "comics")
    assert (await address_of(stores, "ann@example.com"))["verified"] is True
    assert not {"is_staff", "is_superuser", "groups", "user_permissions"} & person.keys()
    assert (await enter(api, stores, "ann@example.com")).number == 41


async def test_whoever_is_inactive_stays_so_and_has_proven_nothing(
    load: Load, api: Api, stores: Stores
) -> None:
    await load([user(41, "ann@example.com", is_active=False), profile(51, 41)])
    person = await find_user(stores)
    assert (person["is_active"], person["email_validated"]) == (False, False)
    assert not await Shelf(api).is_open()
    assert await basic(api, "ann@example.com") == 401


def bcrypt_hash(password: str) -> str:
    """Hash a password as Django's BCryptSHA256PasswordHasher does."""
    digest = hashlib.sha256(password.encode()).hexdigest().encode()
    return f"bcrypt_sha256${bcrypt.hashpw(digest, bcrypt.gensalt(4)).decode()}"


@pytest.mark.parametrize("hashed", [django_hash(PASSWORD), bcrypt_hash(PASSWORD)], ids=["pbkdf2", "bcrypt"])
async def test_passwords_work_at_every_door(load: Load, api: Api, stores: Stores, hashed: str) -> None:
    await load([user(41, "ann@example.com", password=hashed)])
    assert await basic(api, "ANN@example.com") == 200
    assert await basic(api, "ann@example.com", "wrong") == 401
    assert (await enter(api, stores, "ann@example.com")).number == 41


@pytest.mark.parametrize("hashed", ["!unusable", "", None, "argon2$argon2i$v=19$m=512,t=2,p=2$c2Fs$aGFzaA"])
async def test_what_is_no_hash_opens_nothing(load: Load, api: Api, stores: Stores, hashed: str) -> None:
    await load([user(41, "ann@example.com", password=hashed), profile(51, 41)])
    assert await basic(api, "ann@example.com", hashed or "x") == 401
    assert await Shelf(api).is_open()


async def test_a_known_person_is_joined(load: Load, server: Served, stores: Stores) -> None:
    """By the address without case; what is here stays, but for the key."""
    hashed = await server.application.services.passwords.hash("own horse 3")
    ann = await App.sign_up(server.api, stores, "ANN@example.com", first_name="")
    changes = {"password": hashed, "set_password": True, "sname": "Own", "fname": ""}
    await stores.database["users"].update_one({"_id": ann.oid}, {"$set": changes})
    own = await stores.secret_keys.of(ann.number)
    outcome = await load([*whole_dump(), user(41, "aNN@example.com", password=django_hash(PASSWORD))])
    assert outcome["skipped"] == []
    person = await find_user(stores)
    assert (person["id"], person["email"], person["sname"]) == (ann.number, "ANN@example.com", "Own")
    assert (person["fname"], person["password"]) == ("Ann", hashed)
    shelf = Shelf(server.api)
    assert await shelf.followed() == [(61, 18), (62, 19)]
    assert (await shelf.get("users/"))["objects"][0]["resource_uri"] == f"/api/v1/users/{ann.number}/"
    assert not await Shelf(server.api, own).is_open()
    assert await basic(server.api, "ann@example.com", "own horse 3") == 200
    assert await basic(server.api, "ann@example.com") == 401
    await assert_sound(stores)


async def test_a_pk_that_is_taken_is_not_the_id(load: Load, api: Api, stores: Stores) -> None:
    bob = await App.sign_up(api, stores, "bob@example.com")
    await load([user(bob.number, "ann@example.com"), profile(51, bob.number)])
    person = await find_user(stores, email="ann@example.com")
    assert person["id"] > bob.number
    found = (await Shelf(api).get("users/"))["objects"]
    assert found[0]["resource_uri"] == f"/api/v1/users/{person['id']}/"


async def test_an_imported_key_closes_what_the_former_one_opened(
    load: Load, server: Served, stores: Stores
) -> None:
    ann = await App.sign_up(server.api, stores, "ann@example.com")
    own = await stores.secret_keys.of(ann.number)
    async with connected(server.socket_url, f"Key {own}") as (_, diary):
        await load([user(41, "ann@example.com"), profile(51, 41)])
        async with asyncio.timeout(2):
            assert (await diary.next("disconnected")).code == 3503
    async with connected(server.socket_url, f"Key {KEY}"):
        pass


async def test_a_key_counts_the_first_time_only(load: Load, api: Api, stores: Stores) -> None:
    """What was revoked since does not come back, nor does a key that the row has later."""
    records = [user(41, "ann@example.com"), profile(51, 41)]
    await load(records)
    fresh = await stores.secret_keys.rotate(41)
    for again in (records, [records[0], profile(51, 41, OTHER)]):
        assert (await load(again))["skipped"] == []
        assert await Shelf(api, fresh).is_open()
        assert not await Shelf(api).is_open()
        assert not await Shelf(api, OTHER).is_open()


async def test_a_key_that_somebody_else_has_is_left_out(load: Load, api: Api, stores: Stores) -> None:
    await load([user(41, "ann@example.com"), profile(51, 41), comic(18, "xkcd")])
    more = [user(42, "bob@example.com"), user(43, "cat@example.com")]
    outcome = await load(
        [*more, profile(52, 42), profile(53, 43, OTHER), subscription(1, 52, 18), subscription(2, 53, 18)]
    )
    assert outcome["imported"] == {
        "auth.user": 2,
        "accounts.userprofile": 1,
        "accounts.subscription": 1,
    }
    assert skipped(outcome) == {
        ("accounts.userprofile", "somebody has the same key"): 1,
        ("accounts.subscription", ORPHANED): 1,
    }
    (found,) = (await Shelf(api).get("users/"))["objects"]
    assert found["email"] == "ann@example.com"


async def test_whoever_has_no_address_is_left_out_with_all_that_hangs_on_it(
    load: Load, api: Api, stores: Stores
) -> None:
    records = [
        *(subscription(1, 52, 18), subscription(2, 51, 18), profile(51, 41), profile(52, 42, OTHER)),
        *(user(41, ""), user(42, "ann@example.com"), comic(18, "xkcd")),
    ]
    for _ in range(2):
        outcome = await load(records)
        assert skipped(outcome) == {
            ("auth.user", "it has no e-mail address"): 1,
            ("accounts.userprofile", ORPHANED): 1,
            ("accounts.subscription", ORPHANED): 1,
        }
        assert await Shelf(api, OTHER).followed() == [(1, 18)]
    assert await stores.database["users"].count_documents({}) == 1


async def test_whoever_was_deleted_here_takes_the_key_along(load: Load, api: Api, stores: Stores) -> None:
    await load(whole_dump())
    await stores.deletion.delete((await find_user(stores))["_id"])
    assert await stores.database["comic_subscriptions"].count_documents({}) == 0
    outcome = await load([profile(51, 41), subscription(61, 51, 18)])
    assert {each["model"] for each in outcome["skipped"]} == {"accounts.userprofile", "accounts.subscription"}
    assert not await Shelf(api).is_open()


def readers() -> list[dict[str, Any]]:
    """Return an account that follows nothing yet, and comics."""
    return [user(41, "ann@example.com"), profile(51, 41), *(comic(n, f"c{n}") for n in (18, 19, 20))]


@pytest.mark.parametrize("order", [(5, 9, 7), (9, 7, 5), (7, 5, 9)])
async def test_of_subscriptions_to_one_comic_the_lowest_stays(
    load: Load, api: Api, stores: Stores, order: tuple[int, ...]
) -> None:
    """In one file, and each in a file of its own."""
    rows = [subscription(pk, 51, 18) for pk in order]
    outcome = await load([*readers(), *rows])
    assert outcome["imported"]["accounts.subscription"] == 1
    assert await Shelf(api).followed() == [(5, 18)]
    before = await dump(stores, "public_stats")
    assert skipped(await load(rows)) == skipped(outcome)
    assert await dump(stores, "public_stats") == before
    await stores.database["comic_subscriptions"].delete_many({})
    await stores.database["import_map"].delete_many({"label": "accounts.subscription"})
    for row in rows:
        await load([row])
    assert await Shelf(api).followed() == [(5, 18)]
    await assert_sound(stores)


async def test_a_subscription_that_was_made_here_stays(load: Load, api: Api, stores: Stores) -> None:
    await load(readers())
    await stores.subscriptions.add(41, 19)
    number = await stores.subscriptions.add(41, 18)
    outcome = await load([subscription(100, 51, 18), subscription(number, 51, 20)])
    assert skipped(outcome) == {
        ("accounts.subscription", "the account follows the comic by another subscription"): 1
    }
    followed = await Shelf(api).followed()
    assert followed == [(1, 19), (number, 18), (101, 20)]  # its pk is somebody's already
    assert await load([subscription(number, 51, 20)]) == {
        "imported": {"accounts.subscription": 1},
        "skipped": [],
    }
    assert await Shelf(api).followed() == followed


async def test_subscriptions_may_change_their_comics(load: Load, api: Api, stores: Stores) -> None:
    """All ids stay, also where one takes what another one leaves."""
    await load([*readers(), subscription(1, 51, 18), subscription(2, 51, 19)])
    await load([subscription(1, 51, 19), subscription(2, 51, 18)])
    assert await Shelf(api).followed() == [(1, 19), (2, 18)]
    await load([subscription(2, 51, 20), subscription(3, 51, 18)])
    assert await Shelf(api).followed() == [(1, 19), (2, 20), (3, 18)]
    await assert_sound(stores)


async def test_two_rows_of_one_person_share_an_account(load: Load, api: Api, stores: Stores) -> None:
    records = [*readers(), user(42, "ANN@example.com"), profile(52, 42, OTHER)]
    outcome = await load(
        [*records, subscription(1, 51, 18), subscription(2, 52, 18), subscription(3, 52, 19)]
    )
    assert outcome["imported"]["auth.user"] == 2
    assert await stores.database["users"].count_documents({}) == 1
    assert await Shelf(api, OTHER).followed() == [(1, 18), (3, 19)]
    assert not await Shelf(api).is_open()
    await assert_sound(stores)
