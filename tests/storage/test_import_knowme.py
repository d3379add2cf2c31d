"""Importing Know Me's dumps: every model arrives, and is seen over HTTP as if it had been made there."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from storage.stores import Stores
from tests.knowme.accounts import Town
from tests.knowme.client import App
from tests.scripts.django_dump import (
    CONFIRM,
    PASSWORD,
    RESET,
    TOKEN,
    Load,
    account,
    address,
    ago,
    django_loader,
    enter,
    record,
    subtree,
    whole_dump,
)
from tests.scripts.dumps import address_of, assert_sound, dump, find_user
from tests.serving import Served


@pytest.fixture
def load(stores: Stores, tmp_path: Path) -> Load:
    return django_loader(stores, tmp_path)


@pytest.fixture
def town(server: Served, tmp_path: Path) -> Town:
    return Town(server, tmp_path / "mails")


def counts(records: list[dict[str, Any]]) -> Counter[str]:
    return Counter(each["model"] for each in records)


async def test_every_model_is_seen_over_http(load: Load, server: Served, stores: Stores) -> None:
    """The whole tree of a person, with the dump's ids, under the dump's token."""
    records = whole_dump()
    assert await load(records) == {"imported": counts(records), "skipped": []}
    person = await find_user(stores)
    ann, base = App(server.api, TOKEN, person["_id"], person["id"]), server.url
    assert (await ann.get("/account/profile/")).json == {
        "id": 70,
        "email": "Ann@Example.com",
        "first_name": "Ann",
        "last_name": "Lee",
    }
    found = (await ann.get("/account/emails/")).json
    assert [(row["id"], row["primary"], row["verified"], row["verified_action"]) for row in found] == [
        (71, True, True, 1),
        (72, False, False, 2),
    ]
    user = (await ann.get("/know-me/users/76/")).json
    assert (user["name"], user["quote"], [each["id"] for each in user["profiles"]]) == (
        "Ann",
        "Carpe diem",
        [78],
    )
    media = (await ann.get("/know-me/media-resources/77/")).json
    assert media["name"] == "Dog"
    assert media["file"].startswith(f"{base}/media/")
    assert media["file"].endswith("/my_dog.jpg")
    profile = (await ann.get("/know-me/profiles/78/")).json
    assert profile["is_default"] is True
    (topic,) = profile["topics"]
    assert (topic["id"], topic["name"], topic["topic_type"]) == (79, "Food", 4)
    assert topic["items"] == [
        {
            "id": 80,
            "url": f"{base}/know-me/items/80/",
            "name": "Tea",
            "list_content": None,
            "image_content": {
                "id": 81,
                "description": "Hot",
                "image_resource": media,
                "media_resource": None,
            },
        },
        {
            "id": 82,
            "url": f"{base}/know-me/items/82/",
            "name": "Likes",
            "image_content": None,
            "list_content": {"id": 83, "entries": [{"id": 84, "text": "milk"}]},
        },
    ]
    item = {"id": 85, "url": f"{base}/know-me/emergency-items/85/", "name": "Allergy", "description": "Nuts"}
    assert (await ann.get("/know-me/emergency-items/85/")).json == {**item, "media_resource": media}
    assert (await ann.get("/know-me/emergency-contacts/86/")).json == {
        "id": 86,
        "url": f"{base}/know-me/emergency-contacts/86/",
        "name": "Bo",
        "relation": "brother",
        "phone_number": "19195550100",
        "alt_phone_number": "",
        "email": "",
    }
    await assert_sound(stores)


async def test_the_documents_are_those_that_http_makes(load: Load, server: Served, stores: Stores) -> None:
    """The same fields in the same types, and a person of Know Me without rights."""
    await load(whole_dump())
    person = await find_user(stores)
    assert (person["id"], person["timestamp"], person["set_password"]) == (70, 1496311200.25, True)
    assert person["email_validated"] is True
    assert person["auth"]["origin"] == "knowme"
    assert person["auth"]["last_login"] == 1514862245678901
    assert (person["auth"]["superuser"], person["name"], person["fname"]) == (False, "Ann Lee", "Ann")
    assert await stores.subscribers.hash_of(person["_id"]) == "5f1e"
    bob = await App.sign_up(server.api, stores, "bob@example.com", "Bob")
    topic = await bob.topic()
    user = (await bob.get("/know-me/users/")).json[0]["id"]
    picture = await bob.picture(user)
    contents: tuple[dict[str, Any], ...] = (
        {"image_content": {"image_resource": picture["id"]}},
        {"list_content": {}},
    )
    for content in contents:
        made = await bob.make(f"/know-me/topics/{topic}/items/", name="x", **content)
    await bob.make(f"/know-me/items/{made['id']}/list-entries/", text="y")
    await bob.make(f"/know-me/users/{user}/emergency-items/", name="x", media_resource=picture["id"])
    phone = {"name": "x", "relation": "y", "phone_number": "19195550100"}
    await bob.make(f"/know-me/users/{user}/emergency-contacts/", **phone)
    for name in await stores.database.handle.list_collection_names():
        if not name.startswith("km_") or name == "km_media_resources":
            continue
        rows = await stores.database[name].find({}).sort("id", 1).to_list(None)
        shapes = [
            {field: type(value) for field, value in row.items() if field not in {"quote", "image"}}
            for row in rows
        ]
        imported = [shape for row, shape in zip(rows, shapes, strict=True) if row["user_id"] == person["_id"]]
        assert imported, name
        assert all(shape in shapes[len(imported) :] for shape in imported), name


async def test_records_come_in_any_order(load: Load, stores: Stores) -> None:
    """Whatever comes first, the result is the same."""
    counters = stores.database["counters"]
    begun = await counters.find().to_list(None)
    await load(whole_dump())
    first = await dump(stores, "import_map")
    for seed in range(3):
        for name in await stores.database.handle.list_collection_names():
            if name.startswith("km_") or name in {"users", "email_addresses", "import_map", "counters"}:
                await stores.database[name].delete_many({})
        for name in ("auth_tokens", "email_confirmations", "password_resets", "mailchimp_users"):
            await stores.database[name].delete_many({})
        await counters.insert_many(begun)
        records = whole_dump()
        random.Random(seed).shuffle(records)
        assert (await load(records))["imported"] == counts(records)
        again = await dump(stores, "import_map")
        assert again.keys() == first.keys()
        for name in first:
            assert sorted(map(stable, first[name])) == sorted(map(stable, again[name])), (seed, name)


def stable(row: dict[str, Any]) -> str:
    """Write a row without what is made at random."""
    random_fields = {"_id", "user_id", "path", "s", "created_at"}
    return repr(sorted((k, v) for k, v in row.items() if k not in random_fields))


async def test_a_second_load_changes_nothing(load: Load, stores: Stores) -> None:
    """The same counts, the same documents, the same sequences."""
    records = whole_dump()
    first = await load(records)
    before = await dump(stores)
    assert await load(records) == first
    assert await dump(stores) == before


async def test_the_password_signs_in(load: Load, server: Served, stores: Stores) -> None:
    """An imported hash fits, the dump's token is what a sign-in returns, sequences go on above pks."""
    await load(whole_dump())
    ann = await enter(server.api, stores, "ANN@example.com")
    assert ann.token == TOKEN
    made = await ann.make("/know-me/users/76/profiles/", name="Next")
    assert made["id"] == 79
    bob = await App.sign_up(server.api, stores, "bob@example.com")
    assert bob.number == 71


@pytest.mark.parametrize("password", ["", "!x8fQ", "!", None, "argon2$x"])
async def test_unusable_passwords_are_none(
    load: Load, town: Town, stores: Stores, password: str | None
) -> None:
    """Such a person asks for a reset, even when nobody proved the address."""
    await load([account(5, "ann@example.com", password=password)])
    assert (await find_user(stores))["set_password"] is False
    assert (await town.login("ann@example.com", password or "x")).status == 400
    await town.reset_key("ann@example.com")


async def test_keys_work_and_expire_by_their_age(load: Load, town: Town, stores: Stores) -> None:
    """A confirmation makes its address the primary one, a reset sets a password; old ones have expired."""
    old, older = "O" * 64, "P" * 64
    await load(
        [
            *whole_dump(),
            record("account.emailconfirmation", 90, email=72, key=old, created_at=ago(days=2)),
            record("account.passwordreset", 91, user=70, key=older, created_at=ago(hours=2)),
        ]
    )
    change = {"new_password": "entirely new 5"}
    answer = await town.post("/account/change-password/", {"key": older, **change})
    assert "expired" in answer.text
    assert (await town.post("/account/change-password/", {"key": RESET, **change})).status == 200
    expired = await town.verify(old, change["new_password"])
    assert "expired" in expired.text
    assert (await town.verify(CONFIRM, change["new_password"])).status == 200
    assert (await find_user(stores))["email"] == "second@example.com"
    assert (await town.login("second@example.com", change["new_password"])).status == 200


async def test_what_was_used_up_does_not_come_back(load: Load, town: Town, stores: Stores) -> None:
    """A later load restores no key, no token, no password, no address that was left."""
    records = whole_dump()
    await load(records)
    change = {"key": RESET, "new_password": "entirely new 5"}
    assert (await town.post("/account/change-password/", change)).status == 200
    assert (await town.verify(CONFIRM, "entirely new 5")).status == 200
    again = await load(records)
    reason = "the address has left the account"
    assert again["skipped"] == [{"model": "account.emailaddress", "count": 1, "reason": reason}]
    assert (await town.verify(CONFIRM, PASSWORD)).status == 400
    assert (await town.post("/account/change-password/", change)).status == 400
    assert (await town.login("ann@example.com")).status == 400
    assert (await town.login("second@example.com", PASSWORD)).status == 400
    signed = await town.login("second@example.com", "entirely new 5")
    assert signed.json["token"] != TOKEN
    assert (await find_user(stores))["email"] == "second@example.com"
    await assert_sound(stores)


async def test_a_known_person_is_joined(load: Load, town: Town, stores: Stores) -> None:
    """Id, spelling, password, token and names stay; the dump's things are theirs now."""
    known = await town.settle("ann@EXAMPLE.com", first_name="Anna", last_name="Known")
    records = whole_dump()
    outcome = await load(records)
    reason = "the account has one already"
    assert outcome["skipped"] == [{"model": "authtoken.token", "count": 1, "reason": reason}]
    assert await load(records) == outcome
    profile = (await known.get("/account/profile/")).json
    assert profile == {
        "id": known.number,
        "email": "ann@EXAMPLE.com",
        "first_name": "Anna",
        "last_name": "Known",
    }
    assert (await town.login("ann@example.com")).json["token"] == known.token
    assert (await town.login("ann@example.com", PASSWORD)).status == 400
    assert [each["id"] for each in (await known.get("/know-me/users/")).json] == [76]
    assert (await address_of(stores, "second@example.com"))["user_id"] == known.oid
    assert await stores.database["users"].count_documents({}) == 1
    await assert_sound(stores)


async def test_gaps_of_a_known_person_are_filled(load: Load, server: Served, stores: Stores) -> None:
    """Empty names and a missing password come from the dump."""
    await server.api.register("ann@example.com")
    await load([account(5, "ann@example.com"), address(6, 5, "ann@example.com")])
    person = await find_user(stores)
    assert (person["fname"], person["name"], person["set_password"]) == ("Ann", "Ann Lee", True)
    await enter(server.api, stores, "ann@example.com")
    await assert_sound(stores)


async def test_rows_of_one_address_are_one_person(load: Load, stores: Stores) -> None:
    """Two accounts of the dump with one address become one; the second Know Me user goes with all below."""
    records = [
        account(5, "ann@example.com"),
        account(6, "ANN@example.com", first_name="Other"),
        *subtree(5, 10),
        *subtree(6, 20),
    ]
    outcome = await load(records)
    assert outcome["imported"] == {"account.user": 2, **{each["model"]: 1 for each in subtree(5, 1)}}
    assert {each["model"]: (each["count"], each["reason"]) for each in outcome["skipped"]} == {
        "know_me.kmuser": (1, "the account has one already"),
        **{
            each["model"]: (1, "what it belongs to was left out")
            for each in subtree(6, 1)
            if each["model"] != "know_me.kmuser"
        },
    }
    assert (await find_user(stores))["fname"] == "Ann"
    before = await dump(stores)
    assert await load(records) == outcome
    # Children alone, of a parent that an earlier file left out, are no dangling references.
    late = await load([record("know_me.profile", 77, km_user=20, name="late")])
    assert late["skipped"][0]["reason"] == "what it belongs to was left out"
    assert {name: rows for name, rows in (await dump(stores)).items() if name != "import_map"} == {
        name: rows for name, rows in before.items() if name != "import_map"
    }
    await assert_sound(stores)


async def test_taken_ids_get_others_and_references_follow(load: Load, server: Served, stores: Stores) -> None:
    """Where a pk is in use here, a fresh id above all pks of the file stands for it, the next time, too."""
    bob = await App.sign_up(server.api, stores, "bob@example.com", "Bob")
    topic = await bob.topic()
    await bob.make(f"/know-me/topics/{topic}/items/", name="x", list_content={})
    records = [
        account(1, "ann@example.com"),
        address(1, 1, "ann@example.com"),
        *subtree(1, 1),
        *subtree(2, 9),
    ]
    records.append(account(2, "cat@example.com"))
    for _ in range(2):
        assert (await load(records))["skipped"] == []
    ann = await enter(server.api, stores, "ann@example.com")
    assert ann.number == 3
    assert (await address_of(stores, "ann@example.com"))["id"] == 2
    (user,) = (await ann.get("/know-me/users/")).json
    assert user["id"] == 10
    profile = (await ann.get("/know-me/profiles/10/")).json
    (item,) = profile["topics"][0]["items"]
    assert item["list_content"] == {"id": 10, "entries": [{"id": 1, "text": "E"}]}
    assert (await bob.get("/know-me/items/1/")).json["list_content"] == {"id": 1, "entries": []}
    assert await stores.database["km_items"].count_documents({}) == 3
    await assert_sound(stores)


async def test_the_same_pk_overwrites_what_it_made(load: Load, server: Served, stores: Stores) -> None:
    """Another export of the same rows: fields change, credentials don't, ids and addresses stay."""
    await load(whole_dump())
    before = (await stores.knowme.media.find((await find_user(stores))["_id"], 77)).path
    records = [
        account(70, "ann@example.com", first_name="Anne", password=""),
        record("know_me.kmuser", 76, user=70, quote="Memento"),
        record("know_me.mediaresource", 77, km_user=76, name="Cat", file="media/my dog.jpg"),
        record("know_me.imagecontent", 81, profile_item=80, description="Cold"),
        record("know_me.listentry", 84, list_content=83, text="cheese"),
        record("know_me.profileitem", 82, topic=79, name="Loves"),
    ]
    await load(records)
    ann = await enter(server.api, stores, "ann@example.com")
    user = (await ann.get("/know-me/users/")).json[0]
    assert (user["name"], user["quote"]) == ("Anne", "Memento")
    items = (await ann.get("/know-me/topics/79/items/")).json
    assert (items[0]["image_content"]["description"], items[0]["image_content"]["image_resource"]) == (
        "Cold",
        None,
    )
    assert (items[1]["name"], items[1]["list_content"]["entries"]) == (
        "Loves",
        [{"id": 84, "text": "cheese"}],
    )
    media = await stores.knowme.media.find(ann.oid, 77)
    assert (media.name, media.path) == ("Cat", before)
    await load([record("know_me.mediaresource", 77, km_user=76, name="Cat", file="media/cat.jpg")])
    moved = await stores.knowme.media.find(ann.oid, 77)
    assert moved.path != before
    assert moved.path.endswith("/cat.jpg")


async def test_another_primary_address_of_the_dump_is_followed(
    load: Load, town: Town, stores: Stores
) -> None:
    """Unless the person has chosen one here since; addresses that changed in the dump are added."""
    await load([account(5, "ann@example.com"), address(6, 5, "ann@example.com")])
    further = address(7, 5, "new@example.com")
    moved = [account(5, "New@example.com"), address(6, 5, "third@example.com", primary=False), further]
    first = await load(moved)
    assert first["skipped"] == []
    assert await load(moved) == first
    person = await find_user(stores)
    assert (person["email"], person["username"]) == ("New@example.com", "New@example.com")
    rows = [await address_of(stores, f"{name}@example.com") for name in ("new", "ann", "third")]
    assert [(row["id"], row["primary"], row["verified"]) for row in rows] == [
        (7, True, True),
        (6, False, True),
        (8, False, True),
    ]
    await assert_sound(stores)
    ann = await enter(town.api, stores, "new@example.com")
    assert (await ann.patch("/account/emails/8/", {"primary": True})).status == 200
    await load([account(5, "ann@example.com")])
    assert (await find_user(stores))["email"] == "third@example.com"
    await assert_sound(stores)


async def test_a_file_is_served_once_it_is_there(load: Load, server: Served, stores: Stores) -> None:
    """The address answers 404 until the dump's file has come, then its bytes."""
    await load(whole_dump())
    ann = App(server.api, TOKEN, (await find_user(stores))["_id"], 70)
    url = (await ann.get("/know-me/media-resources/77/")).json["file"].removeprefix(server.url)
    assert (await server.api.get(url)).status == 404
    await stores.media_folder.keep("media/my dog.jpg", [b"wo", b"of"])
    answer = await server.api.get(url)
    assert (answer.status, answer.body, answer.headers["Content-Type"]) == (200, b"woof", "image/jpeg")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_further_address_of_somebody_else_is_left_out(
    load: Load, server: Served, stores: Stores
) -> None:
    """And so are the keys that were mailed to it."""
    bob = await App.sign_up(server.api, stores, "second@example.com", "Bob")
    outcome = await load(whole_dump())
    assert outcome["skipped"] == [
        {"model": "account.emailaddress", "count": 1, "reason": "another account has the address"},
        {"model": "account.emailconfirmation", "count": 1, "reason": "what it belongs to was left out"},
    ]
    assert (await address_of(stores, "second@example.com"))["user_id"] == bob.oid
    await assert_sound(stores)


async def test_one_of_everything_an_account_has_one_of(load: Load, stores: Stores) -> None:
    """A second token, subscription, content or Know Me user is left out, the first one stays."""
    outcome = await load(
        [
            *whole_dump(),
            record("authtoken.token", "cd" * 20, user=70, created=ago(days=1)),
            record("mailing_list.mailchimpuser", 175, user=70, subscriber_hash="other"),
            record("know_me.kmuser", 176, user=70, quote="other"),
            record("know_me.listcontent", 181, profile_item=80),
            record("know_me.listcontent", 183, profile_item=82),
            record("account.passwordreset", 174, user=70, key=RESET, created_at=ago(hours=0)),
        ]
    )
    assert {each["model"]: each["count"] for each in outcome["skipped"]} == {
        "authtoken.token": 1,
        "mailing_list.mailchimpuser": 1,
        "know_me.kmuser": 1,
        "know_me.listcontent": 2,
        "account.passwordreset": 1,
    }
    person = await find_user(stores)
    assert await stores.tokens.issue(person["_id"]) == TOKEN
    assert await stores.subscribers.hash_of(person["_id"]) == "5f1e"


async def test_somebody_who_left_comes_back_without_credentials(
    load: Load, town: Town, stores: Stores
) -> None:
    """Things return with another load, secrets don't; without the account's row all is left out."""
    await load(whole_dump())
    await stores.deletion.delete((await find_user(stores))["_id"])
    left = str(await dump(stores)).lower()
    assert [
        word for word in ("ann", "second@", TOKEN, RESET.lower(), CONFIRM.lower(), "nuts") if word in left
    ] == []
    rest = [each for each in whole_dump() if each["model"] != "account.user"]
    outcome = await load(rest)
    assert outcome["imported"] == {}
    assert len(outcome["skipped"]) == len(counts(rest))
    await load(whole_dump())
    person = await find_user(stores)
    assert (person["id"], person["password"]) == (70, "")
    assert (await town.login("ann@example.com", PASSWORD)).status == 400
    assert await stores.database["auth_tokens"].count_documents({}) == 0
    assert await stores.database["password_resets"].count_documents({}) == 0
    assert await stores.database["km_list_entries"].count_documents({"user_id": person["_id"]}) == 1
    await assert_sound(stores)


async def test_a_deactivated_account_stays_out(load: Load, town: Town, stores: Stores) -> None:
    """Its things are imported, its token and its password refused, its address taken."""
    records = whole_dump()
    records[0]["fields"]["is_active"] = False
    assert (await load(records))["skipped"] == []
    assert (await town.login("ann@example.com", PASSWORD)).status == 400
    answer = await town.api.get("/account/profile/", Authorization=f"Token {TOKEN}")
    assert (answer.status, answer.json) == (403, {"detail": "User inactive or deleted."})
    assert (await town.register("ann@example.com")).status == 400
