"""Giving and taking roles."""

from __future__ import annotations

import pytest

from storage.stores import Stores
from tests.scripts.conftest import Script

ANN = ("--email", "Ann@example.org")


@pytest.fixture
async def ann(stores: Stores) -> int:
    made = await stores.accounts.register("ann@example.org", {}, ip=None, mails=lambda _: ())
    number: int = made.person["id"]
    return number


async def test_a_role_is_given_and_taken(script: Script, stores: Stores, ann: int) -> None:
    """A role is there after giving, gone after taking; the log says so both times."""
    given = await script("grant_role", *ANN, "--role", "organiser")
    assert (given.code, given.json) == (0, {"id": ann, "email": "ann@example.org", "roles": ["organiser"]})
    again = await script("grant_role", *ANN, "--role", "organiser")
    assert again.json == given.json
    taken = await script("grant_role", *ANN, "--role", "organiser", "--revoke")
    assert taken.json["roles"] == []
    log = await stores.database["log"].find({}).sort("ts", 1).to_list(None)
    assert [entry["action"] for entry in log] == ["gave_role", "gave_role", "took_role"]
    assert log[0]["data"]["role"] == "organiser"


async def test_a_superuser_is_an_admin_too(script: Script, ann: int) -> None:
    """The product's highest right shows under its own name and as Flux's admin."""
    given = await script("grant_role", *ANN, "--role", "superuser")
    assert given.json["roles"] == ["admin", "superuser"]
    taken = await script("grant_role", *ANN, "--role", "superuser", "--revoke")
    assert taken.json["roles"] == []


async def test_the_older_spelling_is_understood(script: Script, ann: int) -> None:
    """`phonebank` is phone_bank."""
    given = await script("grant_role", *ANN, "--role", "phonebank")
    assert given.json["roles"] == ["phone_bank"]


@pytest.mark.parametrize(
    "arguments", [("--role", "king"), ("--role", "admin", "--administrative-unit", "3"), ()]
)
async def test_wrong_usage_changes_nothing(
    script: Script, stores: Stores, ann: int, arguments: tuple[str, ...]
) -> None:
    """An unknown role, or a unit where none fits, ends with 2."""
    ran = await script("grant_role", *ANN, *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert await stores.database["roles"].find_one({}) is None


async def test_an_unknown_address_is_a_failure(script: Script, stores: Stores) -> None:
    """Nobody with this address: exit code 1 and one line."""
    ran = await script("grant_role", *ANN, "--role", "admin")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.count("\n") == 1
    assert "Ann@example.org" in ran.err


async def test_klubs_roles_hold_for_units_or_everywhere(script: Script, stores: Stores, ann: int) -> None:
    """A second unit is added; giving the role without one makes it hold for all."""
    await stores.database["administrative_units"].insert_many(
        [{"_id": 3, "name": "A"}, {"_id": 5, "name": "B"}]
    )

    async def run(*arguments: str) -> list[dict[str, object]]:
        ran = await script("grant_role", *ANN, *arguments)
        assert ran.code == 0, ran.err
        person = await stores.database["users"].find_one({"id": ann})
        assert person is not None
        assert ran.json["roles"] == sorted(grant["role"] for grant in person["klub"]["grants"])
        return list(person["klub"]["grants"])

    staff, organizer = ("--role", "staff"), ("--role", "event_organizer")
    assert await run(*staff, "--administrative-unit", "5") == [{"role": "staff", "units": [5]}]
    assert await run(*staff, "--administrative-unit", "3") == [{"role": "staff", "units": [3, 5]}]
    assert await run(*organizer) == [
        {"role": "staff", "units": [3, 5]},
        {"role": "event_organizer", "units": None},
    ]
    assert (await run(*staff, "--administrative-unit", "5", "--revoke"))[-1] == {
        "role": "staff",
        "units": [3],
    }
    assert await run(*staff, "--revoke") == [{"role": "event_organizer", "units": None}]
    ran = await script("grant_role", *ANN, *organizer, "--administrative-unit", "3", "--revoke")
    assert (ran.code, ran.out) == (1, "")
    assert await run(*organizer, "--revoke") == []


@pytest.mark.parametrize(("unit", "code"), [("4", 1), ("x", 2), ("-1", 2), ("99999999999999999999", 2)])
async def test_an_unknown_unit_is_a_failure_and_no_id_wrong_usage(
    script: Script, stores: Stores, ann: int, unit: str, code: int
) -> None:
    """Nothing is granted."""
    ran = await script("grant_role", *ANN, "--role", "staff", f"--administrative-unit={unit}")
    assert (ran.code, ran.out) == (code, "")
    person = await stores.database["users"].find_one({"id": ann})
    assert person is not None
    assert "klub" not in person
