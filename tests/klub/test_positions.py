"""Positions in teams, open to everybody; and where the lists of the frontend are."""

from __future__ import annotations

from tests.klub.callers import Someone
from tests.klub.scene import Scene

PATH = "/api/frontend/event_organization_position/"


async def test_everybody_sees_positions(anonymous: Someone, scene: Scene) -> None:
    cook = await scene.position("Cook")
    shown = {"id": cook, "name": "Cook", "description": ""}
    assert (await anonymous.get(PATH)).json == [shown]
    assert (await anonymous.get(f"{PATH}{cook}/")).json == shown
    assert (await anonymous.get(f"{PATH}99/")).status == 404
    assert (await anonymous.post(PATH, {"name": "x"})).status == 405


async def test_the_frontend_names_its_lists(anonymous: Someone) -> None:
    answer = await anonymous.get("/api/frontend/")
    base = anonymous.api.url + "/api/frontend"
    wanted = ("events", "organized_events", "event-type", "location", "event_orgteam")
    assert {name: answer.json.get(name) for name in wanted} == {name: f"{base}/{name}/" for name in wanted}
    assert not {"whoami", ""} & answer.json.keys()
