"""Sign-ups for events of people who may be unknown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from storage.database import Database
from storage.driver import Document
from storage.klub.guests import Guest
from storage.klub.interaction import Draft
from storage.klub.interaction_types import REGISTERING
from storage.stores import Stores, all_indexes
from tests.klub.callers import Callers, Someone
from tests.klub.scene import Scene, send_form
from tests.serving import Answer, Api, ServerProcess

PATH = "/api/sign_up_for_event/"
SCOPE = "can_create_userprofile_interaction"
EMAIL = "eve@example.org"
FIELDS = {
    "first_name": "Eve",
    "last_name": "Moss",
    "telephone": "+420 123 456 789",
    "age_group": 1990,
    "birth_month": 5,
    "birth_day": 7,
    "street": "Long 5",
    "city": "Brno",
    "zip_code": "602 00",
}


@pytest.fixture
async def app(callers: Callers) -> Someone:
    return await callers.app("write", SCOPE)


@pytest.fixture
async def event(scene: Scene) -> int:
    return await scene.event(
        units=[await scene.unit()], additional_question_1="Size?", additional_question_3="Why?"
    )


async def sign_up(who: Someone, event: int, email: str = EMAIL, **fields: Any) -> Answer:
    return await who.post(PATH, {"email": email, "event": event, **fields})


async def person(scene: Scene, email: str = EMAIL) -> Document:
    found = await scene.stores.database["users"].find_one({"email_lower": email})
    assert found is not None
    return found


async def only_interaction(scene: Scene) -> Document:
    (found,) = await scene.stores.database["interactions"].find().to_list(None)
    row: Document = found
    return row


async def test_an_unknown_person_gets_an_account(app: Someone, event: int, scene: Scene) -> None:
    """Without a password; the address is theirs, but not proven."""
    answer = await sign_up(app, event, " Eve@Example.ORG ", note="hi", **FIELDS)
    eve = await person(scene)
    assert (answer.status, answer.text) == (200, f'{{"user_id":{eve["id"]}}}')
    names = ("email", "fname", "sname", "name", "addr_street", "addr_suburb", "addr_postcode")
    assert [eve[name] for name in names] == [
        *(EMAIL, "Eve", "Moss", "Eve Moss", "Long 5", "Brno", "602 00"),
    ]
    assert [eve[name] for name in ("dobYear", "dobMonth", "dobDay")] == ["1990", "5", "7"]
    assert (eve["password"], eve["set_password"], eve["is_active"]) == ("", False, True)
    assert (eve["auth"]["unproven"], eve["auth"]["origin"]) == (True, "klub")
    row = await scene.stores.addresses.taken(EMAIL)
    assert row is not None
    assert (row["user_id"], row["primary"], row["verified"]) == (eve["_id"], True, False)
    unit = (await scene.stores.events.find(event)).units[0]
    telephone = {"telephone": "+420 123 456 789", "note": "", "is_primary": True}
    assert eve["klub"] == {"telephones": [telephone], "units": [unit], "note": "hi"}


async def test_the_interaction_says_what_was_said(app: Someone, event: int, scene: Scene) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    fields = {"note": "hi", "skills": "cooking", "additional_question_1": "XL", "additional_question_2": "?"}
    user = (await sign_up(app, event, **fields)).json["user_id"]
    row = await only_interaction(scene)
    unit = (await scene.stores.events.find(event)).units[0]
    assert (row["user"], row["event"], row["unit"]) == (user, event, unit)
    assert (row["note"], row["skills"], row["subject"]) == (None, "cooking", "Registrace do akci")
    assert row["summary"] == "note:\n    hi\nSize?:\n    XL\nWhy?:\n    -\n"
    assert row["date_from"] >= before


async def test_without_a_note_the_answers_follow_on_the_same_line(
    app: Someone, event: int, scene: Scene
) -> None:
    """As with older servers."""
    await sign_up(app, event)
    assert (await only_interaction(scene))["summary"] == "note:\n    Size?:\n    -\nWhy?:\n    -\n"


async def test_it_shows_to_organizers_and_to_the_person(
    user: Someone, superuser: Someone, event: int
) -> None:
    assert (await sign_up(superuser, event, user.email)).json == {"user_id": user.number}
    (seen,) = (await superuser.get(f"/api/frontend/attendees/?event={event}")).json["results"]
    (own,) = (await user.get("/api/frontend/my_events/")).json["results"]
    assert (seen["user"], seen["type__slug"], seen["note"]) == (user.number, "event_registration", None)
    assert own["id"] == seen["id"]


async def test_what_an_account_says_is_completed_but_never_changed(
    app: Someone, event: int, callers: Callers, scene: Scene
) -> None:
    """Notes are put together, telephones collected, whatever dialect the account came by."""
    await callers.user(EMAIL, "Eva", "")
    assert (await sign_up(app, event, "EVE@example.org", note="one", **FIELDS)).status == 200
    assert (await sign_up(app, event, note="two", city="Praha", telephone="987654321")).status == 200
    assert (await sign_up(app, event, telephone="987654321", age_group=None, street="")).status == 200
    eve = await person(scene)
    assert (eve["fname"], eve["sname"], eve["name"]) == ("Eva", "Moss", "Eva Moss")
    assert (eve["addr_suburb"], eve["addr_street"], eve["dobYear"]) == ("Brno", "Long 5", "1990")
    assert eve["klub"]["note"] == "one\n\n---\n\ntwo"
    assert eve["klub"]["telephones"] == [
        {"telephone": "+420 123 456 789", "note": "", "is_primary": True},
        {"telephone": "987654321", "note": "", "is_primary": False},
    ]
    assert len(eve["klub"]["units"]) == 1
    assert await scene.stores.database["interactions"].count_documents({"user": eve["id"]}) == 3
    counts = await scene.stores.attendance.counts(event)
    assert counts is not None
    assert counts.registered == 1


async def test_completing_electoral_fields_asks_for_another_validation(
    app: Someone, event: int, callers: Callers, scene: Scene
) -> None:
    """And nothing else does."""
    user = await callers.user(EMAIL)
    valid = {"$set": {"needsValidating": False, "detailsValid": True}}
    await scene.stores.database["users"].update_one({"_id": user.oid}, valid)
    await sign_up(app, event, first_name="Other", note="hi", telephone="123456789")
    assert (await person(scene))["detailsValid"] is True
    await sign_up(app, event, city="Brno")
    eve = await person(scene)
    assert (eve["detailsValid"], eve["needsValidating"]) == (False, True)


async def test_a_further_address_finds_its_account(
    app: Someone, event: int, user: Someone, scene: Scene
) -> None:
    assert user.oid is not None
    row = await scene.stores.addresses.prepare("second@example.org", user.oid, primary=False)
    await scene.stores.database["email_addresses"].insert_one(row)
    assert (await sign_up(app, event, "Second@example.org")).json == {"user_id": user.number}


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"email": None}, {"email": ["This field may not be null."]}),
        ({"email": ""}, {"email": ["This field may not be blank."]}),
        ({"email": "x"}, {"email": ["Enter a valid email address."]}),
        ({"event": 999}, {"event": ["Object with id=999 does not exist."]}),
        ({"event": "abc"}, {"event": ["Object with id=abc does not exist."]}),
        ({"event": None}, {"event": ["This field may not be null."]}),
        (
            {"telephone": "12a"},
            {
                "telephone": [
                    "Telephone must consist of numbers, spaces and plus sign",
                    "Ensure this value has at least 9 characters (it has 3).",
                ]
            },
        ),
        ({"telephone": ""}, {"telephone": ["This field may not be blank."]}),
        ({"note": "x" * 2001}, {"note": ["Ensure this field has no more than 2000 characters."]}),
        ({"city": "x" * 41}, {"city": ["Ensure this field has no more than 40 characters."]}),
        ({"zip_code": "x" * 31}, {"zip_code": ["Ensure this field has no more than 30 characters."]}),
        ({"street": "x" * 129}, {"street": ["Ensure this field has no more than 128 characters."]}),
        ({"first_name": "x" * 129}, {"first_name": ["Ensure this field has no more than 128 characters."]}),
        ({"last_name": None}, {"last_name": ["This field may not be null."]}),
        ({"age_group": 1800}, {"age_group": ['"1800" is not a valid choice.']}),
        ({"birth_month": 13}, {"birth_month": ['"13" is not a valid choice.']}),
        ({"birth_day": 0}, {"birth_day": ['"0" is not a valid choice.']}),
    ],
)
async def test_what_is_wrong_is_refused_and_nothing_stored(
    app: Someone, event: int, scene: Scene, fields: dict[str, Any], errors: dict[str, Any]
) -> None:
    answer = await app.post(PATH, {"email": EMAIL, "event": event, **fields})
    assert (answer.status, answer.json) == (400, errors)
    assert await scene.stores.database["users"].count_documents({}) == 0
    assert await scene.stores.database["interactions"].count_documents({}) == 0


async def test_email_and_event_are_required(app: Someone) -> None:
    required = ["This field is required."]
    assert (await app.post(PATH, {})).json == {"email": required, "event": required}


async def test_years_go_back_ninety_nine(app: Someone, event: int) -> None:
    this = datetime.now(UTC).year
    for year, status in ((this, 200), (str(this - 99), 200), (this - 100, 400), (this + 1, 400)):
        assert (await sign_up(app, event, age_group=year)).status == status


async def test_forms_are_read(app: Someone, event: int, scene: Scene) -> None:
    body = f"email={EMAIL}&event={event}&age_group=&birth_month=5".encode()
    answer = await app.call("POST", PATH, body, Content_Type="application/x-www-form-urlencoded")
    assert answer.status == 200, answer.text
    eve = await person(scene)
    assert (eve["dobYear"], eve["dobMonth"]) == ("", "5")


async def test_who_may_sign_people_up(callers: Callers, user: Someone, event: int) -> None:
    assert (await sign_up(user, event)).status == 200
    for who, detail in (
        (callers.anonymous, "Authentication credentials were not provided."),
        (await callers.app("read", "write"), "You do not have permission to perform this action."),
        (await callers.app("read", SCOPE), "You do not have permission to perform this action."),
    ):
        answer = await sign_up(who, event)
        assert (answer.status, answer.json) == (403, {"detail": detail})
    answer = await user.get(PATH)
    assert (answer.status, answer.headers["Allow"]) == (405, "POST, OPTIONS")


# Many at once


async def sign_up_at_once(calls: list[tuple[Api, Someone]], event: int) -> list[Answer]:
    spellings = (EMAIL, "Eve@example.org", "EVE@EXAMPLE.ORG ")
    return await asyncio.gather(
        *(
            Someone(api, who.headers).post(PATH, {"email": spellings[number % 3], "event": event})
            for number, (api, who) in enumerate(calls)
        )
    )


async def test_twenty_sign_ups_of_one_new_address_make_one_account(
    app: Someone, event: int, scene: Scene
) -> None:
    answers = await sign_up_at_once([(app.api, app)] * 20, event)
    assert {answer.status for answer in answers} == {200}
    assert len({answer.json["user_id"] for answer in answers}) == 1
    database = scene.stores.database
    assert await database["users"].count_documents({}) == 1
    assert await database["email_addresses"].count_documents({}) == 1
    assert await database["interactions"].count_documents({}) == 20
    counts = await scene.stores.attendance.counts(event)
    assert counts is not None
    assert counts.registered == 1


async def test_twenty_sign_ups_over_two_processes_make_one_account(
    app: Someone, event: int, scene: Scene, launch: Callable[..., ServerProcess]
) -> None:
    other = Api(launch().url)
    answers = await sign_up_at_once([(app.api, app), (other, app)] * 10, event)
    other.close()
    assert {answer.status for answer in answers} == {200}
    assert len({answer.json["user_id"] for answer in answers}) == 1
    assert await scene.stores.database["users"].count_documents({}) == 1
    assert await scene.stores.database["interactions"].count_documents({}) == 20


async def sign_up_beside_each_other(scene: Scene, database: Database) -> set[int]:
    """Sign one new address up for several events, as processes would that know nothing of each other."""
    events = [await scene.event(f"Event {number}") for number in range(6)]
    kind = await scene.stores.interaction_types.obtain(REGISTERING)
    processes = [Stores.over(database).interactions for _ in events]
    made = await asyncio.gather(
        *(
            each.sign_up(Draft(kind, event), Guest(EMAIL))
            for each, event in zip(processes, events, strict=True)
        )
    )
    return {each.user for each in made}


async def test_without_the_unique_indexes_there_are_several_accounts(
    scene: Scene, database: Database
) -> None:
    for collection in ("email_addresses", "users"):
        await database[collection].drop_index("email_lower_1")
    try:
        assert len(await sign_up_beside_each_other(scene, database)) > 1
    finally:
        for collection in ("email_addresses", "users"):
            await database[collection].delete_many({})
        await database.ensure_indexes(all_indexes())


async def test_with_them_there_is_one(scene: Scene, database: Database) -> None:
    assert len(await sign_up_beside_each_other(scene, database)) == 1
    assert await database["users"].count_documents({}) == 1


async def test_one_new_address_at_many_events_at_once_is_one_account(
    app: Someone, scene: Scene, database: Database
) -> None:
    """Nobody is sent away, and nothing starts anew: they take turns."""
    events = [await scene.event(f"Event {number}") for number in range(12)]
    before = database.restarts
    answers = await asyncio.gather(*(sign_up(app, event) for event in events))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.json["user_id"] for answer in answers}) == 1
    assert await database["users"].count_documents({}) == 1
    assert database.restarts == before


@pytest.mark.settings(max_body_bytes=5000)
async def test_texts_of_a_form_have_the_limit_of_other_bodies(app: Someone, event: int, scene: Scene) -> None:
    for files, size, status in ((None, 5001, 413), (None, 4000, 200), ({"x": ("x", b"x" * 9000)}, 10, 200)):
        texts = {"email": EMAIL, "event": str(event), "skills": "x" * size}
        answer = await send_form(app, "POST", PATH, texts, files)
        assert answer.status == status, answer.text
    assert await scene.stores.database["interactions"].count_documents({}) == 2


async def test_notes_and_telephones_of_a_person_do_not_grow_for_ever(
    app: Someone, event: int, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may sign people up could otherwise fill somebody's account until it can't be written."""
    monkeypatch.setattr("storage.klub.guests.LONGEST_NOTES", 1200)
    monkeypatch.setattr("storage.klub.guests.MOST_TELEPHONES", 1)
    assert (await sign_up(app, event, telephone="1" * 101)).json == {
        "telephone": ["Ensure this field has no more than 100 characters."]
    }
    assert (await sign_up(app, event, note="x" * 1000, telephone="123456789")).status == 200
    for fields, full in (({"note": "y" * 1000}, "note"), ({"telephone": "987654321"}, "telephone")):
        answer = await sign_up(app, event, **fields)
        assert (answer.status, list(answer.json)) == (400, [full])
    assert (await sign_up(app, event, telephone="123456789")).status == 200
    eve = await person(scene)
    assert (eve["klub"]["note"], len(eve["klub"]["telephones"])) == ("x" * 1000, 1)
    assert await scene.stores.database["interactions"].count_documents({}) == 2
