"""Locations: kept by those who make events."""

from __future__ import annotations

from typing import Any

import pytest

from tests.klub.callers import Callers, Someone
from tests.klub.scene import Scene

PATH = "/api/frontend/location/"
EMPTY = {"place": "", "region": "", "gps_latitude": None, "gps_longitude": None}


@pytest.fixture
async def organizer(callers: Callers, scene: Scene) -> Someone:
    """Give an event organizer of one unit."""
    return await callers.organizer_of(await scene.unit())


@pytest.mark.parametrize("path", [PATH, "/api/frontend/locations/"])
async def test_a_location_is_made_changed_and_deleted(organizer: Someone, path: str) -> None:
    made = await organizer.post(path, {"name": " Park ", "gps_latitude": "50.5", "extra": 1, "id": 77})
    park = {"id": made.json["id"], "name": "Park", **EMPTY, "gps_latitude": 50.5}
    assert (made.status, made.json) == (201, park)
    here = f"{path}{park['id']}/"
    assert (await organizer.get(path)).json == [park]
    assert (await organizer.get(here)).json == park
    patched = await organizer.patch(here, {"region": "Brno", "gps_latitude": None})
    assert patched.json == {**park, "region": "Brno", "gps_latitude": None}
    assert (await organizer.put(here, {"region": "x"})).json == {"name": ["This field is required."]}
    put = await organizer.put(here, {"name": "Wood"})
    assert put.json == {**park, "name": "Wood", "region": "Brno", "gps_latitude": None}
    gone = await organizer.delete(here)
    assert (gone.status, gone.body) == (204, b"")
    assert (await organizer.get(here)).status == (await organizer.delete(here)).status == 404


BAD = [
    ({"name": ""}, {"name": ["This field may not be blank."]}),
    ({"name": None}, {"name": ["This field may not be null."]}),
    ({"name": ["x"]}, {"name": ["Not a valid string."]}),
    ({"name": "x" * 101}, {"name": ["Ensure this field has no more than 100 characters."]}),
    ({"name": "a\0b"}, {"name": ["Null characters are not allowed."]}),
    ({"place": None}, {"place": ["This field may not be null."]}),
    ({"region": "x" * 101}, {"region": ["Ensure this field has no more than 100 characters."]}),
    ({"gps_latitude": "north"}, {"gps_latitude": ["A valid number is required."]}),
    ({"gps_longitude": True}, {"gps_longitude": ["A valid number is required."]}),
    ({"gps_longitude": "nan"}, {"gps_longitude": ["A valid number is required."]}),
    ({"gps_longitude": "1_0"}, {"gps_longitude": ["A valid number is required."]}),
    ({"gps_longitude": ""}, {"gps_longitude": ["A valid number is required."]}),
]


@pytest.mark.parametrize(("fields", "errors"), BAD)
async def test_bad_fields_are_named(organizer: Someone, fields: dict[str, Any], errors: Any) -> None:
    answer = await organizer.post(PATH, {"name": "Park", **fields})
    assert (answer.status, answer.json) == (400, errors)
    assert (await organizer.get(PATH)).json == []


async def test_a_form_leaves_a_number_empty(organizer: Someone) -> None:
    form = b"name=Park&gps_latitude=&gps_longitude=14"
    made = await organizer.call("POST", PATH, form, Content_Type="application/x-www-form-urlencoded")
    assert (made.json["gps_latitude"], made.json["gps_longitude"]) == (None, 14.0)


async def test_a_deleted_location_leaves_its_events(organizer: Someone, scene: Scene) -> None:
    park = await scene.location()
    event = await scene.event(location=park)
    assert (await organizer.get(f"/api/event/{event}/")).json["location"] == {
        "id": park,
        "name": "Park",
        **EMPTY,
    }
    await organizer.delete(f"{PATH}{park}/")
    assert (await organizer.get(f"/api/event/{event}/")).json["location"] is None


async def test_nobody_else_keeps_locations(callers: Callers, user: Someone, scene: Scene) -> None:
    park = await scene.location()
    app = await callers.app("read", "write", "can_view_events")
    for caller in (callers.anonymous, user, app):
        assert (await caller.get(PATH)).status == 403
        assert (await caller.post(PATH, {"name": "x"})).status == 403
        assert (await caller.delete(f"{PATH}{park}/")).status == 403
