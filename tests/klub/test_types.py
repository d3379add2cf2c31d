"""Event types and positions: read only, the former for those who make events."""

from __future__ import annotations

from tests.klub.callers import Callers, Someone
from tests.klub.scene import Scene

DENIED = {"detail": "You do not have permission to perform this action."}
NOT_PROVIDED = {"detail": "Authentication credentials were not provided."}


async def test_organizers_see_event_types(callers: Callers, scene: Scene) -> None:
    unit = await scene.unit()
    kind = await scene.kind("Tábor", "tabor", unit=unit, description="In tents")
    shown = {
        "id": kind,
        "name": "Tábor",
        "slug": "tabor",
        "description": "In tents",
        "administrative_unit": unit,
    }
    for caller in (await callers.organizer_of(unit), await callers.staff_of(None), await callers.superuser()):
        assert (await caller.get("/api/frontend/event-type/")).json == [shown]
        assert (await caller.get(f"/api/frontend/event-type/{kind}/")).json == shown
        assert (await caller.get("/api/frontend/event-type/99/")).status == 404
        assert (await caller.delete(f"/api/frontend/event-type/{kind}/")).status == 405


async def test_nobody_else_sees_event_types(callers: Callers, user: Someone) -> None:
    app = await callers.app("read", "write", "can_view_events")
    for path in ("/api/frontend/event-type/", "/api/frontend/event-type/1/"):
        for caller, words in ((callers.anonymous, NOT_PROVIDED), (user, DENIED), (app, DENIED)):
            answer = await caller.get(path)
            assert (answer.status, answer.json) == (403, words)
            assert "WWW-Authenticate" not in answer.headers
        assert (await user.post(path, {})).status == 403  # before the 405
