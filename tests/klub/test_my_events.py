"""What callers do at events themselves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from storage.driver import Document
from tests.klub.callers import Callers, Someone
from tests.klub.scene import Scene

PATH = "/api/frontend/my_events/"
REGISTERED, ATTENDED = "event_registration", "event_attendance"
NOT_FOUND = {"detail": "Not found."}


@pytest.fixture
async def event(scene: Scene) -> int:
    return await scene.event()


async def register(who: Someone, event: int, slug: str = REGISTERED, **fields: Any) -> dict[str, Any]:
    answer = await who.post(PATH, {"event": event, "type__slug": slug, **fields})
    assert answer.status == 201, answer.text
    made: dict[str, Any] = answer.json
    return made


async def counts(scene: Scene, event: int) -> tuple[int, int, int]:
    """Return how many are registered, attended, cancelled, as the event says."""
    found = await scene.stores.attendance.counts(event)
    assert found is not None
    return found.registered, found.attended, found.cancelled


async def stored(scene: Scene, number: int) -> Document:
    found = await scene.stores.database["interactions"].find_one({"_id": number})
    assert found is not None
    return found


async def test_a_user_registers(user: Someone, event: int, scene: Scene) -> None:
    """In this order of keys, with moments in UTC."""
    made = await register(user, event, note=" hi ", summary="answers")
    assert list(made) == ["id", "event", "note", "summary", "updated", "created", "type__slug"]
    assert (made["event"], made["note"], made["summary"]) == (event, "hi", "answers")
    assert made["type__slug"] == REGISTERED
    assert made["created"].endswith("Z")
    assert made["created"] == made["updated"]
    assert (await user.get(f"{PATH}{made['id']}/")).json == made
    assert await counts(scene, event) == (1, 0, 0)


async def test_note_and_summary_may_be_left_out(user: Someone, event: int) -> None:
    made = await register(user, event)
    assert (made["note"], made["summary"]) == (None, "")
    assert (await register(user, event, note=None))["note"] is None
    assert (await register(user, event, note=""))["note"] == ""


async def test_the_list_is_a_page_of_the_callers_own(
    user: Someone, callers: Callers, event: int, scene: Scene
) -> None:
    """Oldest first; offers to help are no event interactions."""
    made = [await register(user, event) for _ in range(3)]
    await register(await callers.user(), event)
    unit = await scene.unit()
    offer = {"email": user.email, "administrative_unit": unit, "event": event}
    assert (await user.post("/api/volunteer/", offer)).status == 200
    answer = await user.get(f"{PATH}?page_size=2")
    url = f"{user.api.url}{PATH}?page=2&page_size=2"
    assert answer.json == {"count": 3, "next": url, "previous": None, "results": made[:2]}
    assert (await user.get(f"{PATH}?page=3&page_size=2")).json == {"detail": "Invalid page."}


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_others_interactions_are_not_found(
    user: Someone, superuser: Someone, event: int, method: str
) -> None:
    made = await register(user, event)
    answer = await superuser.send(method, f"{PATH}{made['id']}/", {})
    assert (answer.status, answer.json) == (404, NOT_FOUND)
    assert (await user.get(f"{PATH}{made['id']}/")).status == 200


async def test_what_is_missing_or_unknown_is_refused(user: Someone, event: int, scene: Scene) -> None:
    """Types are looked at after the plain fields."""
    required = ["This field is required."]
    answer = await user.post(PATH, {})
    assert (answer.status, answer.json) == (400, {"event": required, "type__slug": required})
    answer = await user.post(PATH, {"event": 99, "type__slug": "x"})
    assert answer.json == {"event": ['Invalid pk "99" - object does not exist.']}
    answer = await user.post(PATH, {"event": "x", "type__slug": None, "note": "x" * 3001, "summary": None})
    assert answer.json == {
        "event": ["Incorrect type. Expected pk value, received str."],
        "type__slug": ["This field may not be null."],
        "note": ["Ensure this field has no more than 3000 characters."],
        "summary": ["This field may not be null."],
    }
    answer = await user.post(PATH, {"event": event, "type__slug": "dance"})
    assert (answer.status, answer.json) == (400, {"type__slug": ["Interaction type does not exist"]})
    await scene.interaction_type("certificate", category="emails")
    answer = await user.post(PATH, {"event": event, "type__slug": "certificate"})
    assert (answer.status, answer.json) == (400, {"type__slug": ["Not an event interaction type"]})
    assert await scene.stores.database["interactions"].count_documents({}) == 0
    assert await counts(scene, event) == (0, 0, 0)


async def test_a_type_of_events_is_preferred_to_its_namesake(user: Someone, event: int, scene: Scene) -> None:
    await scene.interaction_type("lunch", category="emails")
    await scene.interaction_type("lunch", category="event_interaction")
    assert (await register(user, event, "lunch"))["type__slug"] == "lunch"
    assert await counts(scene, event) == (0, 0, 0)


async def test_hidden_events_can_be_registered_for(user: Someone, scene: Scene) -> None:
    """As with older servers."""
    await register(user, await scene.event(public_on_web=False))


async def test_an_interaction_belongs_to_the_unit_of_the_type_else_of_the_event(
    user: Someone, scene: Scene
) -> None:
    """And to the day of the event."""
    kind, plain = await scene.kind(unit=7), await scene.kind("Trip", "trip", unit=None)
    start = datetime(2030, 5, 1, 9, tzinfo=UTC)
    first = await scene.event(type=kind, units=[3, 4], start_date=start)
    second = await scene.event("B", type=plain, units=[3, 4])
    one = await stored(scene, (await register(user, first))["id"])
    other = await stored(scene, (await register(user, second))["id"])
    assert (one["unit"], one["date_from"]) == (7, start)
    assert (other["unit"], other["date_from"]) == (3, other["created"])
    await user.patch(f"{PATH}{other['_id']}/", {"event": first})
    moved = await stored(scene, other["_id"])
    assert (moved["unit"], moved["date_from"]) == (7, start)


async def test_a_patch_changes_what_is_sent(user: Someone, event: int) -> None:
    made = await register(user, event, note="hi", summary="answers")
    answer = await user.patch(f"{PATH}{made['id']}/", {"note": "ho", "id": 5, "created": "x", "user": 5})
    assert answer.status == 200
    assert answer.json == {**made, "note": "ho", "updated": answer.json["updated"]}
    assert answer.json["updated"] >= made["updated"]
    assert (await user.get(f"{PATH}{made['id']}/")).json == answer.json


async def test_a_put_needs_event_and_type(user: Someone, event: int) -> None:
    made = await register(user, event, note="hi")
    required = ["This field is required."]
    answer = await user.put(f"{PATH}{made['id']}/", {})
    assert (answer.status, answer.json) == (400, {"event": required, "type__slug": required})
    answer = await user.put(f"{PATH}{made['id']}/", {"event": event, "type__slug": ATTENDED})
    assert (answer.status, answer.json["type__slug"], answer.json["note"]) == (200, ATTENDED, "hi")
    answer = await user.patch(f"{PATH}{made['id']}/", {"type__slug": "dance"})
    assert (answer.status, answer.json) == (400, {"type__slug": ["Interaction type does not exist"]})


async def test_counts_are_of_distinct_people(
    user: Someone, callers: Callers, event: int, scene: Scene
) -> None:
    """Of two registrations, one that goes changes nothing; who comes back is no longer cancelled."""
    first, second = await register(user, event), await register(user, event)
    await register(user, event, ATTENDED)
    await register(await callers.user(), event)
    assert await counts(scene, event) == (2, 1, 0)
    assert (await user.delete(f"{PATH}{first['id']}/")).status == 204
    assert await counts(scene, event) == (2, 1, 0)
    answer = await user.delete(f"{PATH}{second['id']}/")
    assert (answer.status, answer.body) == (204, b"")
    assert await counts(scene, event) == (1, 1, 1)
    again = await register(user, event)
    assert await counts(scene, event) == (2, 1, 0)
    await user.delete(f"{PATH}{again['id']}/")
    assert await counts(scene, event) == (1, 1, 1)
    assert (await user.delete(f"{PATH}{again['id']}/")).status == 404


async def test_another_type_is_no_cancellation(user: Someone, event: int, scene: Scene) -> None:
    """But whoever deleted a registration before, and has none now, counts as cancelled."""
    made, other = await register(user, event), await register(user, event)
    await user.patch(f"{PATH}{made['id']}/", {"type__slug": ATTENDED})
    assert await counts(scene, event) == (1, 1, 0)
    await user.patch(f"{PATH}{other['id']}/", {"type__slug": ATTENDED})
    assert await counts(scene, event) == (0, 1, 0)
    third, fourth = await register(user, event), await register(user, event)
    await user.delete(f"{PATH}{third['id']}/")
    assert await counts(scene, event) == (1, 1, 0)
    await user.patch(f"{PATH}{fourth['id']}/", {"type__slug": ATTENDED})
    assert await counts(scene, event) == (0, 1, 1)


async def test_a_registration_that_moves_leaves_its_event(user: Someone, event: int, scene: Scene) -> None:
    there = await scene.event("Elsewhere")
    made = await register(user, event)
    assert (await user.patch(f"{PATH}{made['id']}/", {"event": there})).json["event"] == there
    assert await counts(scene, event) == (0, 0, 1)
    assert await counts(scene, there) == (1, 0, 0)


async def test_interactions_outlive_their_event(user: Someone, event: int, scene: Scene) -> None:
    made, gone = await register(user, event), await register(user, event)
    await user.delete(f"{PATH}{gone['id']}/")
    await scene.stores.events.remove(event)
    assert (await user.get(f"{PATH}{made['id']}/")).json["event"] is None
    assert (await user.patch(f"{PATH}{made['id']}/", {"note": "still"})).json["note"] == "still"
    assert (await user.delete(f"{PATH}{made['id']}/")).status == 204
    assert await scene.stores.database["cancellations"].count_documents({}) == 0


async def test_forms_are_read(user: Someone, event: int) -> None:
    body = f"event={event}&type__slug={REGISTERED}&note=".encode()
    answer = await user.call("POST", PATH, body, Content_Type="application/x-www-form-urlencoded")
    assert (answer.status, answer.json["note"]) == (201, "")


async def test_nobody_and_apps_are_refused(callers: Callers) -> None:
    app = await callers.app("read", "write", "can_create_userprofile_interaction")
    for method, path in (("GET", PATH), ("POST", PATH), ("DELETE", PATH), ("GET", PATH + "1/")):
        answer = await callers.anonymous.send(method, path, {})
        assert (answer.status, answer.json) == (
            403,
            {"detail": "Authentication credentials were not provided."},
        )
        answer = await app.send(method, path, {})
        assert (answer.status, answer.json) == (
            403,
            {"detail": "You do not have permission to perform this action."},
        )


async def test_methods(user: Someone) -> None:
    answer = await user.delete(PATH)
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD, POST, OPTIONS")
    assert (await user.get(PATH + "x/")).status == 404


async def test_a_deleted_account_counts_nowhere(
    user: Someone, callers: Callers, event: int, scene: Scene
) -> None:
    """Neither as registered, nor as attended, nor as cancelled."""
    other, there = await callers.user(), await scene.event("Elsewhere")
    await register(user, event)
    await register(user, event, ATTENDED)
    await register(other, event)
    cancelled = await register(user, there)
    await user.delete(f"{PATH}{cancelled['id']}/")
    assert (await counts(scene, event), await counts(scene, there)) == ((2, 1, 0), (0, 0, 1))
    before = await scene.stores.attendance.counts(event)
    assert user.oid is not None
    await scene.stores.deletion.delete(user.oid)
    assert (await counts(scene, event), await counts(scene, there)) == ((1, 0, 0), (0, 0, 0))
    after = await scene.stores.attendance.counts(event)
    assert before is not None
    assert after is not None
    assert after.version > before.version
    database = scene.stores.database
    assert await database["interactions"].count_documents({"user": user.number}) == 0
    assert await database["cancellations"].count_documents({}) == 0
