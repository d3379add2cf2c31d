"""Events: the public lists and objects, and what callers may see of the others."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.klub.callers import Callers, Someone
from tests.klub.scene import Scene

FRONT = "/api/frontend/events/"
EMPTY: dict[str, Any] = {
    "id": 1,
    "name": "Cleaning",
    "datetime_from": None,
    "datetime_to": None,
    "start_date": None,
    "program": "",
    "intended_for": "everyone",
    "basic_purpose": "action",
    "opportunity": "",
    "location": None,
    "age_from": None,
    "age_to": None,
    "event_type": None,
    "event_type_id": None,
    "responsible_person": "",
    "participation_fee": "",
    "entry_form_url": None,
    "web_url": None,
    "invitation_text_short": "",
    "working_hours": None,
    "accommodation": "",
    "diet": [],
    "looking_forward_to_you": "",
    "registration_method": "standard",
    "administrative_units": [],
    "administrative_unit_name": "",
    "administrative_unit_web_url": "",
    **{f"invitation_text_{number}": "" for number in range(1, 5)},
    "main_photo": None,
    **{f"additional_photo_{number}": None for number in range(1, 7)},
    **{f"additional_question_{number}": "" for number in range(1, 5)},
    "contact_person_name": "",
    "contact_person_email": "",
    "contact_person_telephone": "",
    "public_on_web_date_from": None,
    "public_on_web_date_to": None,
    "public_on_web": True,
}
EXTRAS = {"users_paid": 0, "total_amount": None, "registered_users_count_by_interaction_type": 0}


def names(answer: Any) -> list[str]:
    return [each["name"] for each in answer.json["results"]]


async def test_an_event_has_exactly_these_keys(anonymous: Someone, scene: Scene) -> None:
    event = {**EMPTY, "id": await scene.event()}
    page = {"count": 1, "next": None, "previous": None, "results": [event]}
    for path in ("/api/event/", "/api/bronto/event/", FRONT):
        assert (await anonymous.get(path)).json == page
    for path in ("/api/event/", "/api/bronto/event/"):
        assert (await anonymous.get(f"{path}{event['id']}/")).json == {**event, **EXTRAS}
    assert (await anonymous.get(f"{FRONT}{event['id']}/")).json == event


async def test_an_event_shows_its_first_unit_type_and_location(anonymous: Someone, scene: Scene) -> None:
    brno, _ = await scene.unit("Brno", web_url="https://brno.example"), await scene.unit("Praha")
    plain = await scene.unit("Plzeň")
    kind, park = await scene.kind(), await scene.location()
    number = await scene.event(units=[brno, plain], type=kind, location=park)
    event = (await anonymous.get(f"/api/event/{number}/")).json
    assert event["administrative_units"] == [brno, plain]
    assert event["administrative_unit_name"] == "Brno"
    assert event["administrative_unit_web_url"] == "https://brno.example"
    assert event["event_type"] == {"name": "Brigade", "slug": "brigade"}
    assert event["event_type_id"] == kind
    assert event["location"]["id"] == park
    other = await scene.event(units=[plain])
    assert (await anonymous.get(f"/api/event/{other}/")).json["administrative_unit_web_url"] is None


async def test_moments_are_written_in_utc(anonymous: Someone, scene: Scene) -> None:
    at = datetime(2026, 5, 1, 10, 30, tzinfo=UTC)
    number = await scene.event(datetime_from=at, start_date=at.replace(microsecond=250_000))
    event = (await anonymous.get(f"/api/event/{number}/")).json
    assert event["datetime_from"] == "2026-05-01T10:30:00Z"
    assert event["start_date"] == "2026-05-01T10:30:00.250000Z"


async def test_the_public_lists_hide_drafts_from_everybody(superuser: Someone, scene: Scene) -> None:
    draft = await scene.event(public_on_web=False)
    for path in ("/api/event/", "/api/bronto/event/"):
        assert (await superuser.get(path)).json["count"] == 0
        assert (await superuser.get(f"{path}{draft}/")).status == 404


async def test_callers_see_the_drafts_that_they_may_see(callers: Callers, scene: Scene) -> None:
    unit, user = await scene.unit(), await callers.user()
    await scene.event("Open")
    draft = await scene.event("Draft", public_on_web=False)
    own = await scene.event("Own draft", public_on_web=False, team=[user.number])
    await scene.event("Own open", team=[user.number])
    public = ["Open", "Own open"]
    app = await callers.app("read", "can_view_events")
    seen = [
        (callers.anonymous, public),
        (app, public),
        (user, ["Open", "Own draft", "Own open"]),
        (await callers.staff_of(unit), ["Draft", "Open", "Own draft", "Own open"]),
        (await callers.organizer_of(unit), ["Draft", "Open", "Own draft", "Own open"]),
        (await callers.superuser(), ["Draft", "Open", "Own draft", "Own open"]),
    ]
    for caller, expected in seen:
        answer = await caller.get(FRONT)
        assert (names(answer), answer.json["count"]) == (expected, len(expected))
        assert (await caller.get(f"{FRONT}{draft}/")).status == (200 if "Draft" in expected else 404)
        assert (await caller.get(f"{FRONT}{own}/")).status == (200 if "Own draft" in expected else 404)


@pytest.mark.parametrize("number", ["99", "x", "0", "1.5", "99999999999999999999"])
async def test_unknown_events_are_not_found(anonymous: Someone, scene: Scene, number: str) -> None:
    await scene.event()
    for path in ("/api/event/", "/api/bronto/event/", FRONT):
        answer = await anonymous.get(f"{path}{number}/")
        assert (answer.status, answer.json) == (404, {"detail": "Not found."})


async def test_public_events_are_read_only(superuser: Someone, scene: Scene) -> None:
    number = await scene.event()
    for path in ("/api/event/", f"/api/event/{number}/"):
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            answer = await superuser.send(method, path, {})
            assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert (await superuser.delete(f"{FRONT}{number}/")).json == {"detail": 'Method "DELETE" not allowed.'}


async def test_events_go_by_priority_then_folded_name_then_number(anonymous: Someone, scene: Scene) -> None:
    for name in ("zebra", "Článek", "ab-c", "ab", "Řeka", "čáp", "Ab"):
        await scene.event(name)
    await scene.event("Last but first", tn_priority=5)
    expected = ["Last but first", "ab", "Ab", "ab-c", "čáp", "Článek", "Řeka", "zebra"]
    assert names(await anonymous.get("/api/event/")) == expected
    assert names(await anonymous.get(FRONT)) == expected


async def test_pages_link_to_each_other(anonymous: Someone, scene: Scene) -> None:
    for number in range(1, 6):
        await scene.event(f"Event {number}", program="zmj")
    first = await anonymous.get("/api/event/?page_size=2&program=zmj")
    base = anonymous.api.url + "/api/event/"
    assert (first.json["count"], first.json["previous"]) == (5, None)
    assert first.json["next"] == f"{base}?page=2&page_size=2&program=zmj"
    last = await anonymous.get("/api/event/?page_size=2&program=zmj&page=last")
    assert (names(last), last.json["next"]) == (["Event 5"], None)
    assert last.json["previous"] == f"{base}?page=2&page_size=2&program=zmj"
    second = await anonymous.get("/api/event/?page_size=2&page=2")
    assert (names(second), second.json["previous"]) == (["Event 3", "Event 4"], f"{base}?page_size=2")
    for page in ("0", "4", "-1", "x"):
        missing = await anonymous.get(f"/api/event/?page_size=2&page={page}")
        assert (missing.status, missing.json) == (404, {"detail": "Invalid page."})


async def test_the_detail_counts_people_and_money(anonymous: Someone, scene: Scene) -> None:
    number = await scene.event()
    database = scene.stores.database
    for channel, user in ((1, 5), (3, 6), (4, None)):
        await scene.channel(channel, number, user)
    detail = f"/api/event/{number}/"
    assert (await anonymous.get(detail)).json["total_amount"] == 0
    paid = [(1, 1, 100), (2, 1, 25), (3, 4, 50), (4, 99, 7)]
    await database["payments"].insert_many(
        [{"_id": n, "channel": channel, "amount": amount} for n, channel, amount in paid]
    )
    taken = [(1, 5, 8), (2, 5, 8), (3, 6, 8), (4, None, 8), (5, 7, 9)]
    await database["interactions"].insert_many(
        [{"_id": n, "event": number, "user": user, "type": kind} for n, user, kind in taken]
    )
    answer = (await anonymous.get(detail)).json
    assert (answer["users_paid"], answer["total_amount"]) == (2, 175)
    assert answer["registered_users_count_by_interaction_type"] == 0
    for asked, count in (("8", 2), ("9", 1), ("10", 0), ("x", 0), ("", 0)):
        found = (await anonymous.get(f"{detail}?interaction_type_id={asked}")).json
        assert found["registered_users_count_by_interaction_type"] == count
