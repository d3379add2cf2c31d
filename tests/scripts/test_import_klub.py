"""Importing Klub's dumps from the command line: exit codes, many records, flat memory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from settings import Settings
from storage.stores import Stores
from tests.scripts.conftest import Script
from tests.scripts.django_dump import Load, Row, django_loader, record
from tests.scripts.dumps import assert_sound, dump
from tests.scripts.klub_dump import event, person, profile, whole_dump
from tests.scripts.test_import_django import peak


@pytest.fixture
def load(stores: Stores, tmp_path: Path) -> Load:
    return django_loader(stores, tmp_path)


def write(path: Path, records: Iterable[Row]) -> Path:
    """Write a dump, however long."""
    with path.open("w") as file:
        file.write("[")
        for number, row in enumerate(records):
            file.write(("," if number else "") + json.dumps(row))
        file.write("]")
    return path


def reverse(people: int) -> Iterator[Row]:
    """Go through eight records a person, everything before what it refers to; events have one parent."""
    for n in range(people, 0, -1):
        yield record("aklub.payment", n, user_donor_payment_channel=n, date="2020-01-01", amount=1)
        yield record("aklub.donorpaymentchannel", n, user=n, event=n, money_account=1, VS=f"{n:010}")
        yield record("interactions.interaction", n, user=n, event=n, type=9)
        yield record("events.organizationteam", n, profile=n, event=n, position=1)
        yield event(n, event_type=None, tn_parent=1 if n > 1 else None, name=f"Event {n}")
        yield record("aklub.profileemail", n, email=f"p{n}@example.com", is_primary=True, user=n)
        yield person(n)
        yield profile(n)
    yield record("events.organizationposition", 1, name="Cook")
    yield record("aklub.moneyaccount", 1, slug="bank", administrative_unit=101)
    yield record("interactions.interactiontype", 9, name="R", slug="event_registration", category=9)
    yield record("interactions.interactioncategory", 9, category="E", slug="event_interaction")
    yield record("aklub.administrativeunit", 101, name="Praha", president=people)


async def test_a_dump_is_imported_or_refused_whole(script: Script, stores: Stores, tmp_path: Path) -> None:
    broken = [*whole_dump(), record("aklub.telephone", 1, telephone="1", user=999)]
    before = await dump(stores)
    refused = await script("import_dump", str(write(tmp_path / "broken.json", broken)))
    assert (refused.code, refused.out) == (1, "")
    assert "user: there is no aklub.profile 999" in refused.err
    assert await dump(stores) == before
    ran = await script("import_dump", str(write(tmp_path / "dump.json", whole_dump())))
    assert (ran.code, ran.json["imported"]["events.event"]) == (0, 2)
    assert ran.json["imported"]["aklub.profile"] == ran.json["imported"]["aklub.userprofile"] == 2
    assert [each["model"] for each in ran.json["skipped"]] == ["aklub.terminalcondition"]


async def test_many_records_in_reverse_order_are_written(load: Load, stores: Stores) -> None:
    """More than a batch of each kind; everything finds what it names."""
    people = 300
    outcome = await load(reverse(people))
    assert outcome["skipped"] == []
    assert sum(outcome["imported"].values()) == 8 * people + 5
    database = stores.database
    last = await database["events"].find_one({"_id": people})
    assert last is not None
    assert (last["tn_parent"], last["team"], last["registered"]) == (1, [people], 1)
    assert (
        await database["donor_channels"].count_documents({"unit": 101, "user": {"$type": "number"}}) == people
    )
    await assert_sound(stores)


async def test_memory_stays_flat(settings: Settings, stores: Stores, tmp_path: Path) -> None:
    """Sixty thousand records before what they refer to take no more than a few do."""
    few, many = (write(tmp_path / f"{people}.json", reverse(people)) for people in (100, 7_500))
    assert await peak(settings, many) - await peak(settings, few) < 40 * 1024
