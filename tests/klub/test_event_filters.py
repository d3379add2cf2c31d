"""What lists of events can be narrowed to and sorted by."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.klub.callers import Someone
from tests.klub.scene import Scene


async def found(anonymous: Someone, **query: Any) -> list[str]:
    """Return the names of the events that a query finds; the count agrees."""
    answer = await anonymous.get(f"/api/event/?{urlencode(query)}")
    assert answer.status == 200, answer.text
    names = [each["name"] for each in answer.json["results"]]
    assert answer.json["count"] == len(names)
    return names


@pytest.fixture
async def year(scene: Scene) -> None:
    """Put events of several years there, and one without any moment."""
    for number in (2024, 2025, 2026):
        at = datetime(number, 6, 1, 12, tzinfo=UTC)
        await scene.event(f"{number}", datetime_from=at, datetime_to=at, start_date=at)
    end = datetime(2025, 12, 31, 23, 30, tzinfo=UTC)
    await scene.event("eve", datetime_from=end, datetime_to=end, start_date=end)
    await scene.event("whenever")


MOMENTS = ("datetime_from", "datetime_to", "start_date")


@pytest.mark.parametrize("name", MOMENTS)
@pytest.mark.usefixtures("year")
async def test_moments_bound_a_list(anonymous: Someone, name: str) -> None:
    assert await found(anonymous, **{f"{name}__gte": "2025-06-01T12:00"}) == ["2025", "2026", "eve"]
    assert await found(anonymous, **{f"{name}__gte": "2025-6-1T14:00:01+02:00"}) == ["2026", "eve"]
    assert await found(anonymous, **{f"{name}__lte": "2025-06-01T12:00:00Z"}) == ["2024", "2025"]
    both = {f"{name}__gte": "2025-01-01T00:00:00Z", f"{name}__lte": "2025-12-01T00:00:00Z"}
    assert await found(anonymous, **both) == ["2025"]
    assert await found(anonymous, **{f"{name}__year": "2025"}) == ["2025", "eve"]
    half = {f"{name}__year": "2025", f"{name}__lte": "2025-07-01T00:00Z"}
    assert await found(anonymous, **half) == ["2025"]
    for strange in ("0", "-5", "10000", "2025.5"):
        assert await found(anonymous, **{f"{name}__year": strange}) == []
    assert await found(anonymous, **{f"{name}__year": "9999"}) == []


async def test_words_and_flags_narrow_a_list(anonymous: Someone, scene: Scene) -> None:
    unit, other = await scene.unit(), await scene.unit()
    await scene.event("a", program="zmj", intended_for="children", units=[other, unit])
    await scene.event("b", program="lab", basic_purpose="camp", is_internal=True)
    await scene.event("c")
    assert await found(anonymous, program="zmj") == ["a"]
    assert await found(anonymous, intended_for="everyone") == ["b", "c"]
    assert await found(anonymous, basic_purpose="camp") == ["b"]
    assert await found(anonymous, is_internal="true") == ["b"]
    assert await found(anonymous, is_internal="False") == ["a", "c"]
    assert await found(anonymous, is_internal="maybe") == ["a", "b", "c"]
    assert await found(anonymous, administrative_unit=str(unit)) == ["a"]
    assert await found(anonymous, administrative_unit="999") == []
    assert await found(anonymous, administrative_unit="9" * 30) == []
    assert await found(anonymous, program="zmj", is_internal="true") == []
    assert await found(anonymous, program_array="zmj, lab,nonsense") == ["a", "b"]
    assert await found(anonymous, program_array="nonsense") == []
    assert await found(anonymous, program_array=",") == []
    assert await found(anonymous, intended_for_array="children,newcomers") == ["a"]
    assert await found(anonymous, program="zmj", program_array="lab") == []


async def test_event_types_narrow_a_list(anonymous: Someone, scene: Scene) -> None:
    camp, brigade = await scene.kind("Tábor", "tabor"), await scene.kind()
    await scene.event("inner camp", type=camp, is_internal=True)
    await scene.event("outer camp", type=camp)
    await scene.event("inner", type=brigade, is_internal=True, program="eco_consulting")
    await scene.event("outer", program="eco_consulting")
    await scene.event("green inner camp", type=camp, is_internal=True, program="eco_consulting")
    everything = ["green inner camp", "inner", "inner camp", "outer", "outer camp"]
    assert await found(anonymous, event_type_array="brigade") == ["inner"]
    assert await found(anonymous, event_type_array="brigade,tabor,nonsense") == [
        *("green inner camp", "inner", "inner camp", "outer camp"),
    ]
    assert await found(anonymous, event_type_array="nonsense") == []
    kinds = {
        "klub": ["green inner camp", "inner", "inner camp"],
        "tabor": ["green inner camp", "inner camp", "outer camp"],
        "vik": ["inner", "outer", "outer camp"],
        "viktabor": ["outer", "outer camp"],
        "ekostan": ["green inner camp", "inner", "outer"],
        "vikekostan": ["inner", "outer"],
        "nonsense": everything,
        "": everything,
    }
    for kind, expected in kinds.items():
        assert await found(anonymous, type=kind) == expected, kind


async def test_without_any_camps_nothing_is_left_out(anonymous: Someone, scene: Scene) -> None:
    await scene.event("a", is_internal=True)
    assert await found(anonymous, type="vik") == ["a"]
    assert await found(anonymous, type="tabor") == []


async def test_empty_values_do_not_filter(anonymous: Someone, scene: Scene) -> None:
    await scene.event("a")
    names = (
        *("program", "intended_for", "basic_purpose", "is_internal", "administrative_unit", "ordering"),
        *("event_type_array", "program_array", "intended_for_array", "page", "page_size"),
        *(f"{name}__{bound}" for name in MOMENTS for bound in ("gte", "lte", "year")),
    )
    assert await found(anonymous, **dict.fromkeys(names, "")) == ["a"]


async def test_all_bad_values_are_named_together(anonymous: Someone) -> None:
    bad = {
        "datetime_from__gte": "2025-01-01",
        "datetime_to__lte": "yesterday",
        "start_date__year": "x",
        "program": "x",
        "intended_for": "nobody",
        "basic_purpose": "fun",
        "administrative_unit": "Praha",
        "type": "x",
        "ordering": "x,-,--name",
        "page_size": "x",
    }
    answer = await anonymous.get(f"/api/bronto/event/?{urlencode(bad)}")
    choice = "Select a valid choice. {} is not one of the available choices."
    assert (answer.status, answer.json) == (
        400,
        {
            "datetime_from__gte": ["Enter a valid date/time."],
            "datetime_to__lte": ["Enter a valid date/time."],
            "start_date__year": ["Enter a number."],
            "program": [choice.format("x")],
            "intended_for": [choice.format("nobody")],
            "basic_purpose": [choice.format("fun")],
            "administrative_unit": ["Enter a number."],
        },
    )


@pytest.mark.settings(organization_finance_program_types=("own",))
async def test_programs_are_a_setting(anonymous: Someone, scene: Scene) -> None:
    await scene.event("a", program="own")
    assert await found(anonymous, program="own") == ["a"]
    assert (await anonymous.get("/api/event/?program=zmj")).status == 400


async def test_lists_are_sorted_by_any_keys(anonymous: Someone, scene: Scene) -> None:
    await scene.event("b", age_from=5, datetime_from=datetime(2026, 1, 1, tzinfo=UTC))
    await scene.event("a", age_from=5, datetime_from=datetime(2025, 1, 1, tzinfo=UTC))
    await scene.event("c", age_from=1, additional_question_4="Which?")
    for ordering, expected in {
        "name": ["a", "b", "c"],
        "-name": ["c", "b", "a"],
        "age_from,-name": ["c", "b", "a"],
        "-age_from,name": ["a", "b", "c"],
        "id": ["b", "a", "c"],
        "-id": ["c", "a", "b"],
        "datetime_from": ["c", "a", "b"],
        "-datetime_from": ["b", "a", "c"],
        "-additional_question_4,name": ["c", "a", "b"],
        "nonsense": ["a", "b", "c"],
        "nonsense, -name": ["c", "b", "a"],
        "administrative_unit_name": ["a", "b", "c"],
        "$where": ["a", "b", "c"],
        ",".join(["name", "-id", "program", "diet", "main_photo", "web_url"] * 20): ["a", "b", "c"],
    }.items():
        assert await found(anonymous, ordering=ordering) == expected, ordering


async def test_the_frontend_has_no_filters(anonymous: Someone, scene: Scene) -> None:
    await scene.event("a")
    answer = await anonymous.get("/api/frontend/events/?program=x&ordering=-name&datetime_from__gte=x")
    assert (answer.status, answer.json["count"]) == (200, 1)


async def test_counts_follow_changes(callers: Any, scene: Scene) -> None:
    unit = await scene.unit()
    root = await callers.superuser()
    body = await scene.body(unit, program="zmj", public_on_web=True)
    assert await found(callers.anonymous, program="zmj") == []
    number = (await root.post("/api/frontend/events/", body)).json["id"]
    assert await found(callers.anonymous, program="zmj") == ["Cleaning"]
    await root.patch(f"/api/frontend/events/{number}/", {"public_on_web": False})
    assert await found(callers.anonymous, program="zmj") == await found(callers.anonymous) == []
    await root.patch(f"/api/frontend/events/{number}/", {"public_on_web": True})
    assert await found(callers.anonymous) == ["Cleaning"]
    await root.delete(f"/api/frontend/organized_events/{number}/")
    assert await found(callers.anonymous, program="zmj") == await found(callers.anonymous) == []
