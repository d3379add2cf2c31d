"""The bodies of events: defaults, limits, and the words for every kind of bad value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

import pytest

from handlers.klub.event_schemas import EventBody
from storage.klub.event import DEFAULTS
from tests.klub.callers import Callers, Someone
from tests.klub.scene import Scene, send_form
from tests.klub.test_events import EMPTY, FRONT

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
async def organizer(callers: Callers, scene: Scene) -> Someone:
    """Give an event organizer of unit 1, where event type 1 is, too."""
    await scene.kind()
    return await callers.organizer_of(await scene.unit())


SMALLEST: dict[str, Any] = {"name": "Cleaning", "event_type_id": 1, "administrative_units": [1]}
MADE = {
    **EMPTY,
    "event_type": {"name": "Brigade", "slug": "brigade"},
    "event_type_id": 1,
    "administrative_units": [1],
    "administrative_unit_name": "Praha",
    "administrative_unit_web_url": None,
    "public_on_web": False,
}


async def test_the_smallest_event_has_defaults(organizer: Someone) -> None:
    answer = await organizer.post(FRONT, SMALLEST)
    assert (answer.status, answer.json) == (201, {**MADE, "id": answer.json["id"]})
    assert (await organizer.get(f"{FRONT}{answer.json['id']}/")).json == answer.json


# What is sent, and what is answered where that is another spelling.
SENT: dict[str, tuple[Any, Any]] = {
    "name": ("  Cleaning 5 ", "Cleaning 5"),
    "datetime_from": ("2026-5-1T10:00", "2026-05-01T10:00:00Z"),
    "datetime_to": ("2026-05-01 12:00:00.5+02:00", "2026-05-01T10:00:00.500000Z"),
    "start_date": ("2026-05-01T10:00:00-0130", "2026-05-01T11:30:00Z"),
    "program": ("PsB", "PsB"),
    "intended_for": ("newcomers", "newcomers"),
    "basic_purpose": ("zmj_location", "zmj_location"),
    "opportunity": ("cooperation", "cooperation"),
    "age_from": ("5", 5),
    "age_to": (2147483647, 2147483647),
    "working_hours": (8.0, 8),
    "responsible_person": ("x" * 128, "x" * 128),
    "participation_fee": (100, "100"),
    "entry_form_url": ("https://example.org/form?a=b", "https://example.org/form?a=b"),
    "web_url": ("", None),
    "invitation_text_short": ("x" * 3000, "x" * 3000),
    "invitation_text_4": ("<b>x</b>", "<b>x</b>"),
    "accommodation": ("x" * 256, "x" * 256),
    "looking_forward_to_you": ("x" * 512, "x" * 512),
    "diet": (["vegan", "meat", "vegan"], ["meat", "vegan"]),
    "registration_method": ("full", "full"),
    "additional_question_1": ("Shirt?", "Shirt?"),
    "contact_person_name": ("Ann", "Ann"),
    "contact_person_email": (" Ann@Example.ORG ", "ann@example.org"),
    "contact_person_telephone": ("+420 123 456 789", "+420 123 456 789"),
    "public_on_web_date_from": ("2026-4-1", "2026-04-01"),
    "public_on_web_date_to": ("2026-04-30", "2026-04-30"),
    "public_on_web": ("TRUE", True),
}


async def test_every_writable_key_is_kept(organizer: Someone) -> None:
    sent = {name: value for name, (value, _) in SENT.items()}
    answer = await organizer.post(FRONT, {**SMALLEST, **sent})
    assert answer.status == 201, answer.text
    kept = {name: value for name, (_, value) in SENT.items()}
    assert answer.json == {**MADE, **kept, "id": answer.json["id"]}
    emptied = {name: None if MADE[name] is None else MADE[name] for name in SENT}
    patched = await organizer.patch(f"{FRONT}{answer.json['id']}/", emptied)
    assert patched.json == {**MADE, "id": answer.json["id"]}


def test_bodies_and_the_store_agree_on_defaults() -> None:
    fields = {name: field.default for name, field in EventBody.model_fields.items()}
    assert {name: fields[name] for name in DEFAULTS} == dict(DEFAULTS)


async def test_read_only_and_unknown_keys_are_ignored(organizer: Someone) -> None:
    extra = {"id": 77, "slug": "x", "is_internal": True, "location": {"id": 5}, "event_type": 4, "team": [1]}
    answer = await organizer.post(FRONT, {**SMALLEST, **extra, "administrative_unit_name": "x"})
    assert (answer.status, answer.json) == (201, {**MADE, "id": answer.json["id"]})


async def test_a_location_is_set_by_its_number(organizer: Someone, scene: Scene) -> None:
    park = await scene.location()
    made = (await organizer.post(FRONT, {**SMALLEST, "location_id": str(park)})).json
    assert made["location"]["id"] == park
    assert "location_id" not in made
    patched = await organizer.patch(f"{FRONT}{made['id']}/", {"location_id": None})
    assert patched.json["location"] is None


REQUIRED, NULL = "This field is required.", "This field may not be null."
NOT_TEXT, WHOLE = "Not a valid string.", "A valid integer is required."
MOMENT = (
    "Datetime has wrong format. Use one of these formats instead: "
    "YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
)
DAY = "Date has wrong format. Use one of these formats instead: YYYY-MM-DD."
PHONE = "Telephone must consist of numbers, spaces and + sign or maximum number count is higher."
FILE = "The submitted data was not a file. Check the encoding type on the form."


def more_than(number: int) -> str:
    return f"Ensure this field has no more than {number} characters."


def no_choice(value: str) -> str:
    return f'"{value}" is not a valid choice.'


def no_list(kind: str) -> str:
    return f'Expected a list of items but got type "{kind}".'


def no_pk(value: Any) -> str:
    return f'Invalid pk "{value}" - object does not exist.'


def no_number(kind: str) -> str:
    return f"Incorrect type. Expected pk value, received {kind}."


def each(names: Iterable[str], values: Iterable[Any], *texts: str) -> list[tuple[str, Any, list[str]]]:
    """Pair every name with every value; all of them get the same texts."""
    return [(name, value, list(texts)) for name in names for value in values]


URLS = ("x", "ftp://a.cz/", "http://", "http://a b.cz", "javascript:alert(1)")
BAD = [
    *each(["name"], [" "], "This field may not be blank."),
    *each(["name"], ["x" * 101], more_than(100)),
    *each(["name", "web_url"], [{}, [], True], NOT_TEXT),
    *each(["name"], ["a\0b"], "Null characters are not allowed."),
    *each(["name", "program", "intended_for", "basic_purpose", "opportunity", "event_type_id"], [None], NULL),
    *each(["participation_fee", "invitation_text_1", "diet", "administrative_units"], [None], NULL),
    *each(["contact_person_email", "public_on_web"], [None], NULL),
    *each(["datetime_from"], ["2026-05-01", "x", 5, [], "", "2026-13-01T10:00", True], MOMENT),
    *each(["datetime_to"], ["2026-05-01T10:00 Europe/Prague"], MOMENT),
    *each(["start_date"], ["0001-01-01T00:00+05:00"], MOMENT),
    *each(["program", "intended_for", "basic_purpose", "opportunity"], ["x"], no_choice("x")),
    *each(["program"], ["psb"], no_choice("psb")),
    *each(["intended_for", "basic_purpose", "registration_method"], [""], no_choice("")),
    *each(["location_id", "event_type_id"], [99], no_pk(99)),
    *each(["location_id", "event_type_id"], ["x"], no_number("str")),
    *each(["location_id", "event_type_id"], [[]], no_number("list")),
    *each(["event_type_id"], [True], no_number("bool")),
    *each(["event_type_id"], ["9" * 30], no_pk("9" * 30)),
    *each(["event_type_id"], [""], NULL),
    *each(["age_from"], ["x", "", 1.5, [], True], WHOLE),
    *each(["age_to"], [-1], "Ensure this value is greater than or equal to 0."),
    *each(["working_hours"], [2**31], "Ensure this value is less than or equal to 2147483647."),
    *each(["responsible_person", "contact_person_name"], ["x" * 129], more_than(128)),
    *each(["entry_form_url", "web_url"], URLS, "Enter a valid URL."),
    *each(["web_url"], ["http://example.org/" + "x" * 200], more_than(200)),
    *each(["invitation_text_short"], ["x" * 3001], more_than(3000)),
    *each(["accommodation"], ["x" * 257], more_than(256)),
    *each(["looking_forward_to_you"], ["x" * 513], more_than(512)),
    *each(["additional_question_4"], ["x" * 301], more_than(300)),
    *each(["diet", "administrative_units"], ["1"], no_list("str")),
    *each(["diet", "administrative_units"], [{"1": 1}], no_list("dict")),
    *each(["diet"], [["meat", "air"]], no_choice("air")),
    *each(["administrative_units"], [[]], "This list may not be empty."),
    *each(["administrative_units"], [[1, 99]], no_pk(99)),
    *each(["administrative_units"], [[1, "x"]], no_number("str")),
    *each(["main_photo", "additional_photo_6"], ["https://example.org/x.jpg", {}, ""], FILE),
    *each(["contact_person_email"], ["x", "a@b", [], True], "Enter a valid email address."),
    *each(["contact_person_telephone"], ["12", "+1 123 456 789"], PHONE),
    *each(["contact_person_telephone"], ["1" * 101], PHONE, more_than(100)),
    *each(["public_on_web_date_from"], ["x", "2026-02-30", "2026-05-01T10:00", 5, ""], DAY),
    *each(["public_on_web"], ["x", 5, [], ""], "Must be a valid boolean."),
]


async def test_bad_values_are_named_with_the_contracts_words(organizer: Someone, scene: Scene) -> None:
    for name, value, texts in BAD:
        answer = await organizer.post(FRONT, {**SMALLEST, name: value})
        found = {field: sorted(reasons) for field, reasons in answer.json.items()}
        assert (answer.status, found) == (400, {name: sorted(texts)}), (name, value)
    assert await scene.stores.database["events"].count_documents({}) == 0


async def test_all_bad_fields_are_named_together(organizer: Someone) -> None:
    answer = await organizer.post(FRONT, {"age_from": "x", "diet": 5})
    assert answer.json == {
        "name": [REQUIRED],
        "event_type_id": [REQUIRED],
        "administrative_units": [REQUIRED],
        "age_from": [WHOLE],
        "diet": [no_list("int")],
    }


async def test_bodies_that_are_no_objects_are_refused(organizer: Someone) -> None:
    answer = await organizer.post(FRONT, [1])
    text = "Invalid data. Expected a dictionary, but got list."
    assert (answer.status, answer.json) == (400, {"non_field_errors": [text]})
    broken = await organizer.call("POST", FRONT, b"{", Content_Type="application/json")
    assert broken.json["detail"].startswith("JSON parse error - ")
    plain = await organizer.call("POST", FRONT, b"x", Content_Type="text/plain")
    assert (plain.status, plain.json["detail"]) == (415, 'Unsupported media type "text/plain" in request.')


async def test_forms_repeat_the_keys_of_lists(organizer: Someone, scene: Scene) -> None:
    root_unit = await scene.unit("Brno")
    assert organizer.oid is not None
    await scene.stores.grants.give("event_organizer", organizer.oid, root_unit)
    pairs = [
        *(("name", "Form"), ("event_type_id", "1"), ("administrative_units", "1")),
        *(("administrative_units", str(root_unit)), ("diet", "vegan"), ("diet", "halal")),
        *(("public_on_web", "on"), ("age_from", ""), ("datetime_from", ""), ("location_id", "")),
    ]
    answer = await organizer.call("POST", FRONT, urlencode(pairs).encode(), Content_Type=FORM)
    assert answer.status == 201, answer.text
    made = answer.json
    assert made["administrative_units"] == [1, root_unit]
    assert made["diet"] == ["vegan", "halal"]
    assert (made["public_on_web"], made["age_from"], made["datetime_from"]) == (True, None, None)
    emptied = await send_form(organizer, "PATCH", f"{FRONT}{made['id']}/", {"diet": ""})
    assert emptied.json["diet"] == []
    refused = await send_form(organizer, "PATCH", f"{FRONT}{made['id']}/", {"administrative_units": ""})
    assert refused.json == {"administrative_units": ["This list may not be empty."]}


async def test_put_wants_what_is_required_and_keeps_the_rest(organizer: Someone) -> None:
    made = (await organizer.post(FRONT, {**SMALLEST, "age_from": 5})).json
    here = f"{FRONT}{made['id']}/"
    assert (await organizer.put(here, {"name": "x"})).json == {
        "event_type_id": [REQUIRED],
        "administrative_units": [REQUIRED],
    }
    assert (await organizer.patch(here, {})).json == made
    put = await organizer.put(here, {**SMALLEST, "name": "Other"})
    assert (put.status, put.json) == (200, {**made, "name": "Other"})
    assert (await organizer.patch(here, {"name": ""})).json == {"name": ["This field may not be blank."]}


async def test_names_make_unique_slugs(organizer: Someone, scene: Scene) -> None:
    for name in ("Úklid parku!", "uklid  PARKU", "Úklid parku", "日本", "日本"):
        assert (await organizer.post(FRONT, {**SMALLEST, "name": name})).status == 201
    rows = await scene.stores.database["events"].find().sort("_id", 1).to_list(None)
    slugs = [row["slug"] for row in rows]
    assert slugs == ["uklid-parku", "uklid-parku-2", "uklid-parku-3", "event", "event-2"]
