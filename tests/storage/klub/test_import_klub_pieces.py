"""Klub's dumps in pieces: rows that come twice, say little, or follow in a later file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scripts.session import Failure
from storage.stores import Stores
from tests.scripts.django_dump import PASSWORD, Load, django_loader, record
from tests.scripts.dumps import assert_sound, find_user
from tests.scripts.klub_dump import person, profile
from tests.serving import Served

UNIT = record("aklub.administrativeunit", 101, name="Praha")


@pytest.fixture
def load(stores: Stores, tmp_path: Path) -> Load:
    return django_loader(stores, tmp_path)


async def login(server: Served, name: str) -> int:
    body = {"username": name, "password": PASSWORD}
    return (await server.api.post("/api/token/", body, Content_Type="application/json")).status


async def test_of_rows_with_one_key_the_last_counts(load: Load, stores: Stores) -> None:
    """Field by field: what only the first one says stays."""
    await load(
        [
            profile(1, username="first", email="a@example.com", street="Old", city="Brno"),
            person(1, first_name="Old"),
            profile(1, username="last", email="a@example.com", street="New"),
            person(1, first_name="New"),
            record("aklub.companyprofile", 5, name="Old"),
            record("aklub.companyprofile", 5, name="New"),
            record("aklub.moneyaccount", 3, slug="old"),
            record("aklub.moneyaccount", 3, slug="new"),
        ]
    )
    found = await find_user(stores, id=1)
    assert (found["fname"], found["addr_street"], found["addr_suburb"]) == ("New", "New", "Brno")
    assert found["klub"]["username"] == "last"
    assert [row["name"] async for row in stores.database["companies"].find()] == ["New"]
    assert [row["slug"] async for row in stores.database["money_accounts"].find()] == ["new"]


@pytest.mark.parametrize(
    "permissions",
    [
        ["add_event", "events", "event"],
        [["add_event", "events", "event"]],
        "add_event",
        ["1", 2, "add_event"],
    ],
)
async def test_permissions_may_be_named_in_any_way(load: Load, stores: Stores, permissions: Any) -> None:
    await load([UNIT, profile(1, administrated_units=[101], user_permissions=permissions)])
    grants = (await find_user(stores, id=1))["klub"]["grants"]
    assert grants == [{"role": "event_organizer", "units": [101]}]


async def test_addresses_may_follow_in_a_later_file(load: Load, stores: Stores, server: Served) -> None:
    """Those become primary whose profiles came without any."""
    await load([profile(1), profile(2), profile(3, email="three@example.com")])
    await load(
        [
            record("aklub.profileemail", 7, user=1, email="further@example.com"),
            record("aklub.profileemail", 8, user=1, email="One@example.com", is_primary=True),
            record("aklub.profileemail", 9, user=3, email="other@example.com", is_primary=True),
            profile(2, email="two@example.com"),
        ]
    )
    addresses = [(await find_user(stores, id=number))["email"] for number in (1, 2, 3)]
    assert addresses == ["One@example.com", "two@example.com", "three@example.com"]
    rows = (
        await stores.database["email_addresses"].find({"primary": True}).sort("email_lower", 1).to_list(None)
    )
    assert [row["email_lower"] for row in rows] == ["one@example.com", "three@example.com", "two@example.com"]
    assert [await login(server, name) for name in ("one@example.com", "two@example.com")] == [200, 200]
    assert await login(server, "further@example.com") == 401
    await assert_sound(stores)


async def test_what_a_row_does_not_say_stays(load: Load, stores: Stores) -> None:
    await load([profile(1, email="a@example.com", is_active=False), person(1)])
    await load([person(1, first_name="Bea")])
    found = await find_user(stores, id=1)
    assert (found["fname"], found["is_active"], found["email"]) == ("Bea", False, "a@example.com")


async def test_another_username_replaces_the_former(load: Load, stores: Stores, server: Served) -> None:
    """In the account that the profile made; not where somebody else has it."""
    await load([profile(1, username="early"), profile(2, username="held")])
    await load([profile(1, username="late"), profile(2, username="late")])
    names = [(await find_user(stores, id=number))["klub"]["username"] for number in (1, 2)]
    assert names == ["late", "held"]
    assert [await login(server, name) for name in ("late", "early")] == [200, 401]
    await assert_sound(stores)


async def test_rows_that_say_nothing_are_no_fault(load: Load, stores: Stores) -> None:
    """Blank addresses are left out, blank telephones lead to nothing, nor do apps without an id."""
    summary = await load(
        [
            profile(1),
            record("aklub.profileemail", 1, user=1, email=" "),
            record("aklub.profileemail", 2, user=1, email=None, is_primary=True),
            record("aklub.profileemail", 3, user=1),
            record("aklub.telephone", 4, user=1),
            record("oauth2_provider.application", 5),
        ]
    )
    assert summary["skipped"] == [
        {"model": "aklub.profileemail", "count": 3, "reason": "it has no e-mail address"}
    ]
    assert not (await find_user(stores, id=1))["klub"].get("telephones")
    assert await stores.database["oauth_clients"].count_documents({}) == 0


async def test_the_event_of_an_account_must_be_there(load: Load, stores: Stores) -> None:
    """Wherever in the file; the account keeps nothing of it."""
    account = record("aklub.apiaccount", 3, project_name="Trees", event="9")
    with pytest.raises(Failure, match=r"event: there is no events\.event 9"):
        await load([account])
    await load([account, record("events.event", 9, name="Planting")])
    (row,) = await stores.database["money_accounts"].find().to_list(None)
    assert (row["slug"], row["kind"]) == ("trees", "api")
    assert "event" not in row


async def test_companies_do_not_take_part(load: Load, stores: Stores) -> None:
    """What a dump says of them at events is left out, and the reason told."""
    summary = await load(
        [
            record("aklub.companyprofile", 1, name="Acme"),
            record("events.event", 1, name="Planting"),
            record("interactions.interactioncategory", 1, slug="event_interaction"),
            record("interactions.interactiontype", 1, slug="event_registration", category=1),
            record("interactions.interaction", 1, user=1, event=1, type=1),
        ]
    )
    reason = "its person was deleted here, or is a company"
    assert summary["skipped"] == [{"model": "interactions.interaction", "count": 1, "reason": reason}]
    await assert_sound(stores)
