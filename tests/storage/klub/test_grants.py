"""Grants of Klub's roles."""

from __future__ import annotations

import asyncio

import pytest

from storage.accounts import Member
from storage.errors import Departed, NotFound, Rejected
from storage.klub.grants import NO_STANDING, ORGANIZER, STAFF, Standing, add_grant, remove_grant
from storage.stores import Stores

UNITS = range(1, 9)


@pytest.fixture
async def ann(stores: Stores) -> Member:
    await stores.database["administrative_units"].insert_many([{"_id": unit, "name": "x"} for unit in UNITS])
    made = await stores.accounts.register("ann@example.org", {}, ip=None, mails=lambda _: ())
    return Member.of(made.person)


async def test_grants_given_at_once_are_all_kept(stores: Stores, ann: Member) -> None:
    """None overwrites another."""
    await asyncio.gather(*(stores.grants.give(STAFF, ann.oid, unit) for unit in UNITS))
    assert await stores.grants.standing(ann) == Standing(staff=True, units=frozenset(UNITS))
    await asyncio.gather(*(stores.grants.take(STAFF, ann.oid, unit) for unit in UNITS))
    assert await stores.grants.standing(ann) == NO_STANDING


async def test_a_grant_covers_its_units_only(stores: Stores, ann: Member) -> None:
    """One without a unit covers all."""
    await stores.grants.give(ORGANIZER, ann.oid, 3)
    standing = await stores.grants.standing(ann)
    assert (standing.organizes, standing.covers(3), standing.covers(4)) == (True, True, False)
    await stores.grants.give(ORGANIZER, ann.oid)
    assert (await stores.grants.standing(ann)).covers(4)


async def test_what_can_not_be_granted_is_refused(stores: Stores, ann: Member) -> None:
    """An unknown unit, one out of all, a person who is gone."""
    with pytest.raises(NotFound):
        await stores.grants.give(STAFF, ann.oid, 99)
    await stores.grants.give(STAFF, ann.oid)
    with pytest.raises(Rejected):
        await stores.grants.take(STAFF, ann.oid, 3)
    await stores.deletion.delete(ann.oid)
    with pytest.raises(Departed):
        await stores.grants.give(STAFF, ann.oid)
    assert await stores.grants.standing(ann) == NO_STANDING


def test_lists_of_grants_hold_each_role_once() -> None:
    """Giving and taking work on plain lists."""
    given = add_grant(add_grant([], STAFF, 5), STAFF, 3)
    assert given == [{"role": STAFF, "units": [3, 5]}]
    assert add_grant(given, STAFF, None) == [{"role": STAFF, "units": None}]
    assert add_grant([{"role": STAFF, "units": None}], STAFF, 3) == [{"role": STAFF, "units": None}]
    assert remove_grant(given, STAFF, 4) == given
    assert remove_grant(given, ORGANIZER, None) == given
    assert remove_grant(given, STAFF, None) == []
