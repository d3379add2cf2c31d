"""The small scripts: polls, figures, settings, routes, help."""

from __future__ import annotations

import pytest

from scripts.demo.founding import populate
from storage.driver import ObjectId
from storage.stores import Stores
from tests.scripts.conftest import Script

NAMES = (
    *("check_integrity", "create_admin", "create_poll", "demo_data", "grant_role"),
    *("routes", "run_jobs", "show_settings", "update_stats"),
)


@pytest.mark.parametrize("name", NAMES)
async def test_help_has_an_example(script: Script, name: str) -> None:
    """Each script explains itself without a database."""
    ran = await script(name, "--help", MONGODB_URI="mongodb://127.0.0.1:1/")
    assert ran.code == 0
    assert f"python -m scripts.{name}" in ran.out.partition("example:")[2]


async def test_a_poll_is_made_and_extended(script: Script, stores: Stores) -> None:
    """Options are added with 0 and labels changed; votes stay."""
    made = await script("create_poll", "--poll-id", "2", "--option", "tea=Tea", "--option", "coffee")
    assert made.json == {"poll_id": 2, "options": ["tea", "coffee"], "stats": {"tea": 0, "coffee": 0}}
    await populate(stores)
    voter = await stores.database["users"].find_one({})
    assert voter is not None
    await stores.polls.cast(2, voter["_id"], "tea")
    more = ("--option", "milk=Milk", "--option", "tea=Green tea", "--question", "What to drink?")
    extended = await script("create_poll", "--poll-id", "2", *more)
    assert extended.json["stats"] == {"tea": 1, "coffee": 0, "milk": 0}
    poll = await stores.database["poll_options"].find_one({"poll_id": 2})
    assert poll is not None
    assert poll["options"] == {"tea": "Green tea", "coffee": "", "milk": "Milk"}
    assert poll["question"] == "What to drink?"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--poll-id", "2"),
        ("--poll-id", "2", "--option", "a b"),
        ("--poll-id", "2", "--option", "x" * 33),
        ("--poll-id", "2", "--option", "$set"),
        ("--poll-id", "0", "--option", "a"),
        ("--poll-id", "two", "--option", "a"),
        ("--poll-id", str(2**63), "--option", "a"),
    ],
)
async def test_a_poll_that_cannot_be_is_wrong_usage(
    script: Script, stores: Stores, arguments: tuple[str, ...]
) -> None:
    """A wrong id, or no option at all, ends with 2."""
    ran = await script("create_poll", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert await stores.polls.numbers() == [1]


async def test_figures_are_computed_now(script: Script, stores: Stores) -> None:
    """Both documents are fresh afterwards, whatever was in them."""
    await populate(stores)
    await stores.database["public_stats"].delete_many({})
    ran = await script("update_stats")
    assert ran.code == 0, ran.err
    on_roll = await stores.database["users"].count_documents({"onAECRoll": True})
    assert ran.json["getinfo"]["n_members"] == on_roll
    assert ObjectId.is_valid(ran.json["getinfo"]["_id"]["$oid"])
    assert ran.json["public_stats"]["members"] == on_roll
    assert await stores.database["public_stats"].count_documents({}) == 2


async def test_settings_are_shown_without_secrets(script: Script) -> None:
    """Every setting has a value and a meaning; secrets are masked."""
    ran = await script("show_settings", SECRET_KEY="deeply hidden " * 3, ADMIN_PASSWORD="hidden too")
    assert ran.code == 0
    assert ran.json["BCRYPT_ROUNDS"]["value"] == 4
    assert ran.json["SECRET_KEY"]["value"] == "********"
    assert all(entry["about"] for entry in ran.json.values())
    assert "hidden" not in ran.out
    assert "mongodb://" not in ran.out


async def test_a_wrong_setting_is_named(script: Script) -> None:
    """A setting that is wrong ends with 2 and one line."""
    ran = await script("show_settings", BCRYPT_ROUNDS="many")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("setting BCRYPT_ROUNDS:")
    assert ran.err.count("\n") == 1


async def test_routes_are_listed(script: Script) -> None:
    """Each route has method, path, dialect and who may."""
    ran = await script("routes")
    assert ran.code == 0
    row = next(each for each in ran.json if each["path"] == "/api/v0/iiccot/cast_vote")
    assert (row["method"], row["dialect"]) == ("POST", "flux")
    assert all({"method", "path", "dialect", "who"} <= each.keys() for each in ran.json)


async def test_no_database_is_a_failure_in_one_line(script: Script) -> None:
    """A database that does not answer ends with 1, without a traceback."""
    ran = await script("update_stats", MONGODB_URI="mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=200")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.count("\n") == 1
    assert "Topology" not in ran.err


@pytest.mark.parametrize(
    ("name", "setting", "value"),
    [
        ("update_stats", "MONGODB_URI", "mongodb://user:hunter2/x@db.example.org/"),
        ("check_integrity", "MONGODB_URI", "mongodb://user:hunter2@db.example.org:99999999/"),
        ("run_jobs", "EMAIL_URL", "gopher://user:hunter2@mail.example.org"),
    ],
)
async def test_a_wrong_setting_is_wrong_usage(script: Script, name: str, setting: str, value: str) -> None:
    """It ends with 2 and one line that names the setting, and repeats nothing of it."""
    ran = await script(name, **{setting: value})
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert ran.err.startswith(f"setting {setting}: ")
    assert "hunter2" not in ran.err
    assert "example.org" not in ran.err
