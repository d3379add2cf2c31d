"""Looking up suburbs and streets."""

from __future__ import annotations

from typing import Any

import pytest

from storage.database import Database
from storage.gazetteer import Gazetteer, Suburb
from storage.stores import Stores
from tests.serving import Api

DARWIN = Suburb("au", "0800", "DARWIN (NT)")
PLACES = {
    DARWIN: {"WOODS ST", "ANCHORAGE CT", "$1 LANE"},
    Suburb("au", "2000", "THE ROCKS"): {"GEORGE ST"},
    Suburb("au", "2000", "BARANGAROO"): set(),
    Suburb("nz", "0800", "A/B"): {"QUAY"},
}


@pytest.fixture
async def stores(stores: Stores) -> Stores:
    """Give the stores with some places known."""
    await stores.gazetteer.add(PLACES)
    return stores


@pytest.mark.parametrize(
    ("path", "suburbs"),
    [
        ("au/0800", ["DARWIN (NT)"]),
        ("AU/0800", ["DARWIN (NT)"]),
        ("au/2000", ["BARANGAROO", "THE ROCKS"]),
        ("nz/0800", ["A/B"]),
        ("au/800", []),
        ("xx/0800", []),
        ("%61u/%30800", ["DARWIN (NT)"]),
        ("%00/%00", []),
    ],
)
async def test_a_postcode_has_suburbs_in_ascending_order(api: Api, path: str, suburbs: list[str]) -> None:
    answer = await api.get(f"/api/v0/get_suburbs/{path}")
    assert answer.status == 200
    assert answer.json == {"suburbs": suburbs, "status": "okay"}


@pytest.mark.parametrize(
    ("path", "streets"),
    [
        ("au/0800/DARWIN%20(NT)", ["$1 LANE", "ANCHORAGE CT", "WOODS ST"]),
        ("Au/0800/darwin%20%28nt%29", ["$1 LANE", "ANCHORAGE CT", "WOODS ST"]),
        ("au/0800/DARWIN+(NT)", []),
        ("nz/0800/A%2Fb", ["QUAY"]),
        ("au/2000/BARANGAROO", []),
        ("au/2001/DARWIN%20(NT)", []),
        ("au/0800/%C3%A9", []),
    ],
)
async def test_a_suburb_has_streets_in_ascending_order(api: Api, path: str, streets: list[str]) -> None:
    answer = await api.get(f"/api/v0/get_streets/{path}")
    assert answer.status == 200
    assert answer.json == {"streets": streets, "status": "okay"}


async def test_look_ups_are_open_to_every_site_and_only_read(api: Api) -> None:
    answer = await api.get("/api/v0/get_suburbs/au/0800", Origin="https://members.example.org")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    refused = await api.post("/api/v0/get_streets/au/0800/X", {})
    assert (refused.status, refused.headers["Allow"]) == (405, "GET, HEAD")
    for path in ("get_suburbs/au", "get_suburbs/au/0800/", "get_streets/au/0800", "get_streets/au/0800/A/B"):
        assert (await api.get(f"/api/v0/{path}")).status == 404


async def test_names_that_an_import_doubled_come_once(api: Api, database: Database) -> None:
    await database["suburbs"].insert_one({"country": "au", "postcode": "1", "suburbs": ["B", "A", "B"]})
    assert (await api.get("/api/v0/get_suburbs/au/1")).json["suburbs"] == ["A", "B"]


async def test_adding_again_adds_only_what_is_new(stores: Stores) -> None:
    await stores.gazetteer.add({DARWIN: {"WOODS ST", "ZEBRA ST"}})
    names = await stores.gazetteer.streets("au", "0800", "DARWIN (NT)")
    assert names == ["$1 LANE", "ANCHORAGE CT", "WOODS ST", "ZEBRA ST"]
    assert await stores.gazetteer.suburbs("au", "0800") == ["DARWIN (NT)"]


@pytest.mark.parametrize(
    ("collection", "key"),
    [
        ("suburbs", {"country": "au", "postcode": "0042"}),
        ("streets", {"country": "au", "postcode": "0042", "suburb": "S"}),
    ],
)
async def test_a_look_up_reads_one_entry_of_its_index(
    database: Database, collection: str, key: dict[str, Any]
) -> None:
    places = {Suburb("au", f"{n:04}", "S"): {"A", "B"} for n in range(500)}
    await Gazetteer(database).add(places)
    asked = {"find": collection, "filter": key, "limit": 1}
    plan = await database.handle.command({"explain": asked, "verbosity": "executionStats"})
    found = plan["executionStats"]
    assert (found["totalKeysExamined"], found["totalDocsExamined"], found["nReturned"]) == (1, 1, 1)
