"""Offers of help and applications for membership."""

from __future__ import annotations

from typing import Any

import pytest

from storage.driver import Document
from tests.klub.callers import Callers, Someone
from tests.klub.scene import Scene

OFFER, APPLY = "/api/volunteer/", "/api/apply_for_membership/"
EMAIL = "eve@example.org"


@pytest.fixture
async def app(callers: Callers) -> Someone:
    return await callers.app("write", "can_create_userprofile_interaction")


@pytest.fixture
async def unit(scene: Scene) -> int:
    return await scene.unit()


async def only_interaction(scene: Scene) -> Document:
    (found,) = await scene.stores.database["interactions"].find().to_list(None)
    row: Document = found
    return row


async def kind_of(scene: Scene, row: Document) -> tuple[str, str, str, str]:
    """Return slug and name of an interaction's type, and of the type's category."""
    kind = (await scene.stores.interaction_types.some([row["type"]]))[row["type"]]
    category = (await scene.stores.interaction_categories.some([kind.category]))[kind.category]
    return kind.slug, kind.name, category.slug, category.category


async def test_an_offer_is_kept_with_all_of_it(app: Someone, unit: int, scene: Scene) -> None:
    event, location = await scene.event(), await scene.location()
    body = {
        "email": EMAIL,
        "administrative_unit": unit,
        "skills": "cooking",
        "summary": "weekends",
        "event": event,
        "location": location,
        "program_of_interest": ["education", "nature", "education"],
        "note": "hi",
    }
    answer = await app.post(OFFER, body)
    row = await only_interaction(scene)
    assert (answer.status, answer.json) == (200, {"user_id": row["user"]})
    assert await kind_of(scene, row) == (*("volunteer", "Nabídka o pomoci", "volunteer", "Nabídka o pomoci"),)
    assert (row["unit"], row["event"], row["location"]) == (unit, event, location)
    assert (row["skills"], row["summary"]) == ("cooking", "weekends")
    assert row["program_of_interest"] == ["education", "nature"]
    eve = await scene.stores.database["users"].find_one({"id": row["user"]})
    assert eve is not None
    assert (eve["klub"]["units"], eve["klub"]["note"]) == ([unit], "hi")
    counts = await scene.stores.attendance.counts(event)
    assert counts is not None
    assert (counts.registered, counts.version) == (0, 1)


async def test_an_application_is_kept(app: Someone, unit: int, scene: Scene) -> None:
    answer = await app.post(APPLY, {"email": EMAIL, "administrative_unit": unit, "skills": "x"})
    row = await only_interaction(scene)
    assert (answer.status, answer.json) == (200, {"user_id": row["user"]})
    assert await kind_of(scene, row) == (
        *("membership-application", "Žadost o Členství", "membership", "Členství"),
    )
    assert (row["unit"], row["skills"], row["event"]) == (unit, "x", None)


@pytest.mark.parametrize("path", [OFFER, APPLY])
async def test_the_unit_is_needed(app: Someone, path: str, scene: Scene) -> None:
    required = ["This field is required."]
    answer = await app.post(path, {})
    assert (answer.status, answer.json) == (400, {"email": required, "administrative_unit": required})
    answer = await app.post(path, {"email": EMAIL, "administrative_unit": 99})
    assert answer.json == {"administrative_unit": ["Object with id=99 does not exist."]}
    assert await scene.stores.database["users"].count_documents({}) == 0


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"event": 9}, {"event": ["Object with id=9 does not exist."]}),
        ({"location": "x"}, {"location": ["Object with id=x does not exist."]}),
        (
            {"program_of_interest": "nature"},
            {"program_of_interest": ['Expected a list of items but got type "str".']},
        ),
        ({"program_of_interest": ["x"]}, {"program_of_interest": ['"x" is not a valid choice.']}),
        ({"skills": None, "summary": []}, {
            "skills": ["This field may not be null."],
            "summary": ["Not a valid string."],
        }),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_refused(
    app: Someone, unit: int, scene: Scene, fields: dict[str, Any], errors: dict[str, Any]
) -> None:
    answer = await app.post(OFFER, {"email": EMAIL, "administrative_unit": unit, **fields})
    assert (answer.status, answer.json) == (400, errors)
    assert await scene.stores.database["users"].count_documents({}) == 0


async def test_forms_repeat_the_keys_of_lists(app: Someone, unit: int, scene: Scene) -> None:
    programs = "program_of_interest=nature&program_of_interest=lab"
    body = f"email={EMAIL}&administrative_unit={unit}&{programs}".encode()
    answer = await app.call("POST", OFFER, body, Content_Type="application/x-www-form-urlencoded")
    assert answer.status == 200
    assert (await only_interaction(scene))["program_of_interest"] == ["nature", "lab"]


@pytest.mark.parametrize("path", [OFFER, APPLY])
async def test_who_may(callers: Callers, user: Someone, unit: int, path: str) -> None:
    body = {"email": EMAIL, "administrative_unit": unit}
    assert (await user.post(path, body)).status == 200
    assert (await callers.anonymous.post(path, body)).status == 403
    assert (await (await callers.app("read", "write")).post(path, body)).status == 403
    assert (await user.get(path)).status == 405
