"""Administrative units: open to everybody, read only."""

from __future__ import annotations

import pytest

from tests.klub.callers import Callers, Someone
from tests.klub.scene import Scene

PATHS = ("/api/bronto/administrative_unit/", "/api/administrative_unit/")


@pytest.mark.parametrize("path", PATHS)
async def test_units_are_a_bare_list_by_number(anonymous: Someone, scene: Scene, path: str) -> None:
    first, second = await scene.unit("Zlín"), await scene.unit("Aš")
    answer = await anonymous.get(path)
    assert answer.status == 200
    assert [(each["id"], each["name"]) for each in answer.json] == [(first, "Zlín"), (second, "Aš")]


async def test_a_unit_says_who_leads_it(callers: Callers, scene: Scene) -> None:
    ann = await callers.user(first_name="Ann", last_name="Lee")
    unit = await scene.unit(
        president=ann.number, manager=9999, gps_latitude=50.1, level="headquarter", telephone="123"
    )
    answer = await callers.anonymous.get(f"/api/administrative_unit/{unit}/")
    assert answer.json == {
        "id": unit,
        "name": "Praha",
        "street": "",
        "city": "",
        "zip_code": "",
        "telephone": "123",
        "from_email_address": "",
        "web_url": None,
        "president_name": "Ann Lee",
        "manager_name": None,
        "gps_latitude": 50.1,
        "gps_longitude": None,
        "level": "headquarter",
    }


async def test_a_deleted_account_leads_nothing_any_more(callers: Callers, scene: Scene) -> None:
    ann = await callers.user()
    unit = await scene.unit(president=ann.number)
    assert ann.oid is not None
    await callers.stores.deletion.delete(ann.oid)
    answer = await callers.anonymous.get(f"/api/administrative_unit/{unit}/")
    assert answer.json["president_name"] is None


@pytest.mark.parametrize("number", ["999", "x", "0", "-1", "99999999999999999999"])
async def test_unknown_units_are_not_found(anonymous: Someone, number: str) -> None:
    answer = await anonymous.get(f"/api/administrative_unit/{number}/")
    assert (answer.status, answer.json) == (404, {"detail": "Not found."})


async def test_units_are_read_only(superuser: Someone, scene: Scene) -> None:
    unit = await scene.unit()
    for path in (*PATHS, f"{PATHS[0]}{unit}/"):
        answer = await superuser.post(path, {})
        assert (answer.status, answer.json) == (405, {"detail": 'Method "POST" not allowed.'})
        assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
