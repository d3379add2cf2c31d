"""What partners' servers ask."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from storage.klub.event import new_event
from tests.klub.callers import Callers, Someone
from tests.klub.town import Town

PERSON, COMPANY = "/api/userprofile/vs/", "/api/companyprofile/vs/"
SENT = "/api/interaction/"
REQUIRED, UNKNOWN_SLUG = ["This field is required."], ["Object with slug=x does not exist."]
DENIED = {"detail": "You do not have permission to perform this action."}


@pytest.fixture
async def app(callers: Callers) -> Someone:
    return await callers.app(
        "read", "write", "can_create_profiles", "can_check_if_exist", "can_create_interactions"
    )


def person(**changes: Any) -> dict[str, Any]:
    """Return what a partner says of somebody who pays."""
    usual = {"email": "donor@example.com", "first_name": "Don", "last_name": "Or"}
    return {**usual, "money_account": "bank", "event": "obecne", "amount": 100, "regular": True, **changes}


def company(**changes: Any) -> dict[str, Any]:
    """Return what a partner says of a company that pays."""
    usual = {"name": "Acme", "email": "boss@acme.example"}
    return {**usual, "money_account": "bank", "event": "obecne", "amount": 100, "regular": False, **changes}


async def test_slugs_are_checked(app: Someone, town: Town, callers: Callers) -> None:
    """By apps with the scope and by staff; for others there is nothing to see."""
    staff, user = await callers.staff_of(None), await callers.user()
    for path, slug in (("check_event", "obecne"), ("check_moneyaccount", "bank")):
        for caller in (app, staff):
            answer = await caller.get(f"/api/{path}/{slug}/")
            assert (answer.status, answer.json) == (200, {"slug": slug})
            missing = await caller.get(f"/api/{path}/nothing/")
            assert (missing.status, missing.json) == (404, {"detail": "Not found."})
        assert (await user.get(f"/api/{path}/{slug}/")).json == DENIED
        assert (await app.post(f"/api/{path}/{slug}/", {})).status == 405
    assert (await app.get("/api/check_event/bank/")).status == 404


async def test_a_person_pays_under_one_symbol(app: Someone, town: Town) -> None:
    """The same one however often it is asked for, whatever the amount; another event has another one."""
    first = await app.post(PERSON, person(telephone="+420 777 777 777", sex="male", age_group=1990))
    assert (first.status, first.json) == (200, {"VS": "0000000001"})
    again = await app.post(
        PERSON, person(email=" Donor@Example.com", amount=7, first_name="Other", city="Brno")
    )
    assert again.json == {"VS": "0000000001"}
    assert (await app.post(PERSON, person(event="camp"))).json == {"VS": "1234500001"}
    row = await town.person("donor@example.com")
    assert (row["fname"], row["addr_suburb"], row["dobYear"]) == ("Don", "Brno", "1990")
    assert (row["klub"]["sex"], row["klub"]["units"], row["klub"]["note"]) == ("male", [7], "")
    stored = await town.stores.database["donor_channels"].find_one({"VS": "0000000001"})
    assert stored is not None
    soon = (datetime.now(UTC).date() + timedelta(days=3)).isoformat()
    assert (stored["user"], stored["regular_amount"], stored["money_account"]) == (row["id"], 100, 3)
    assert (stored["regular_payments"], stored["expected_date_of_first_payment"]) == ("regular", soon)
    await app.post(PERSON, person(email="once@example.com", regular="false", sex="female"))
    await app.post(PERSON, person(email="donor@example.com", sex="female"))
    assert (await town.person("donor@example.com"))["klub"]["sex"] == "male"
    once = await town.stores.database["donor_channels"].find_one({"regular_payments": "onetime"})
    assert once is not None


async def test_parallel_requests_make_one_account_with_one_symbol(app: Someone, town: Town) -> None:
    answers = await asyncio.gather(*(app.post(PERSON, person()) for _ in range(8)))
    assert {(answer.status, answer.json["VS"]) for answer in answers} == {(200, answers[0].json["VS"])}
    assert await town.stores.database["users"].count_documents({}) == 1
    assert await town.stores.database["donor_channels"].count_documents({}) == 1


async def test_what_the_body_does_not_have_is_ignored(app: Someone, town: Town) -> None:
    """Even what other bodies about people check."""
    notes: tuple[Any, ...] = (None, "x" * 2001, {})
    for note in notes:
        assert (await app.post(PERSON, person(note=note))).status == 200
    assert not (await town.person("donor@example.com"))["klub"]["note"]


async def test_bodies_about_people_are_checked(app: Someone, town: Town) -> None:
    missing = ("email", "first_name", "last_name", "money_account", "event", "amount", "regular")
    assert (await app.post(PERSON, {})).json == dict.fromkeys(missing, REQUIRED)
    wrong = person(
        email="x",
        money_account="x",
        event="x",
        amount="x",
        regular="x",
        sex="x",
        birth_month=13,
        telephone="1",
    )
    answer = await app.post(PERSON, wrong)
    assert answer.status == 400
    assert answer.json == {
        "email": ["Enter a valid email address."],
        "money_account": UNKNOWN_SLUG,
        "event": UNKNOWN_SLUG,
        "amount": ["A valid integer is required."],
        "regular": ["Must be a valid boolean."],
        "sex": ['"x" is not a valid choice.'],
        "birth_month": ['"13" is not a valid choice.'],
        "telephone": ["Ensure this value has at least 9 characters (it has 1)."],
    }
    assert await town.stores.database["users"].count_documents({}) == 0


async def test_a_company_is_found_by_its_number(app: Someone, town: Town) -> None:
    """Without a number it is always a new one; what is known is completed, never changed."""
    first = await app.post(COMPANY, company(crn="12345679"))
    assert (first.status, first.json) == (200, {"VS": "0000000001"})
    told = company(
        crn="12345679", name="Other", city="Brno", contact_first_name="Bo", email="Bo@acme.example"
    )
    assert (await app.post(COMPANY, told)).json == first.json
    assert (await app.post(COMPANY, told)).json == first.json
    database = town.stores.database
    (row,) = await database["companies"].find().to_list(None)
    assert (row["name"], row["city"], row["crn"]) == ("Acme", "Brno", "12345679")
    contacts = await database["company_contacts"].find().sort("_id", 1).to_list(None)
    assert [(each["email"], each["unit"], each["is_primary"]) for each in contacts] == [
        ("boss@acme.example", 7, True),
        ("bo@acme.example", 7, False),
    ]
    symbols = {(await app.post(COMPANY, company())).json["VS"] for _ in range(2)}
    assert symbols == {"0000000002", "0000000003"}
    user = await town.stores.counters.take("users")
    assert user not in {each["_id"] async for each in database["companies"].find()}


async def test_parallel_requests_make_one_company(app: Someone, town: Town) -> None:
    answers = await asyncio.gather(*(app.post(COMPANY, company(crn="12345679")) for _ in range(8)))
    assert {(answer.status, answer.json["VS"]) for answer in answers} == {(200, answers[0].json["VS"])}
    assert await town.stores.database["companies"].count_documents({}) == 1
    assert await town.stores.database["company_contacts"].count_documents({}) == 1


@pytest.mark.parametrize("crn", ["12345678", "1234567", "123456790", "abcdefgh", "12345679 x"])
async def test_numbers_of_companies_are_checked(app: Someone, town: Town, crn: str) -> None:
    answer = await app.post(COMPANY, company(crn=crn))
    assert (answer.status, list(answer.json)) == (400, ["crn"])


@pytest.mark.parametrize("crn", ["12345679", "00000001", "10000003", "25596641"])
async def test_right_numbers_of_companies_pass(app: Someone, town: Town, crn: str) -> None:
    assert (await app.post(COMPANY, company(crn=crn))).status == 200


async def test_bodies_about_companies_are_checked(app: Someone, town: Town) -> None:
    missing = ("name", "email", "money_account", "event", "amount", "regular")
    assert (await app.post(COMPANY, {})).json == dict.fromkeys(missing, REQUIRED)
    long = await app.post(COMPANY, company(contact_last_name="x" * 257, name=" "))
    assert long.json == {
        "contact_last_name": ["Ensure this field has no more than 256 characters."],
        "name": ["This field may not be blank."],
    }


async def test_what_was_sent_is_remembered(app: Someone, town: Town, callers: Callers) -> None:
    user = await callers.user()
    body = {
        "date": "2020-03-01T23:16:00+01:00",
        "event": "obecne",
        "profile_id": user.number,
        "interaction_type": "certificate",
        "text": "Well done",
    }
    answer = await app.post(SENT, body)
    assert (answer.status, answer.json) == (200, {})
    assert (await app.post(SENT, {**body, "interaction_type": "confirmation"})).status == 200
    first, second = await town.stores.database["interactions"].find().sort("_id", 1).to_list(None)
    assert (first["subject"], first["summary"], first["unit"]) == ("vizus-certificate", "Well done", 7)
    assert (first["user"], first["event"], second["subject"]) == (user.number, 1, "vizus-confirmation")
    assert first["date_from"].isoformat().startswith("2020-03-01T22:16:00")
    types = (await callers.anonymous.get("/api/interaction-type/")).json
    made = [
        {k: v for k, v in each.items() if k != "id"} for each in types if each["category"]["slug"] == "emails"
    ]
    category = {"category": "emails", "slug": "emails"}
    assert made == [
        {"name": name, "category": category, "slug": name} for name in ("certificate", "confirmation")
    ]


async def test_bodies_about_what_was_sent_are_checked(app: Someone, town: Town) -> None:
    missing = ("date", "event", "profile_id", "interaction_type", "text")
    assert (await app.post(SENT, {})).json == dict.fromkeys(missing, REQUIRED)
    wrong = {"date": None, "event": "x", "profile_id": 9, "interaction_type": "x", "text": ""}
    answer = await app.post(SENT, wrong)
    assert (answer.status, answer.json) == (
        400,
        {
            "date": ["This field may not be null."],
            "event": UNKNOWN_SLUG,
            "profile_id": ['Invalid pk "9" - object does not exist.'],
            "interaction_type": ['"x" is not a valid choice.'],
            "text": ["This field may not be blank."],
        },
    )
    assert (await app.post(SENT, {**wrong, "profile_id": "x"})).json["profile_id"] == [
        "A valid integer is required."
    ]


async def test_types_of_interactions_are_for_everybody(callers: Callers, town: Town) -> None:
    """The two of events are there from the start."""
    answer = await callers.anonymous.get("/api/interaction-type/")
    assert answer.status == 200
    assert [(each["slug"], each["category"]["slug"]) for each in answer.json] == [
        ("event_registration", "event_interaction"),
        ("event_attendance", "event_interaction"),
    ]
    assert list(answer.json[0]) == ["id", "name", "category", "slug"]


async def test_prefixes_that_are_used_up_fall_back(app: Someone, town: Town) -> None:
    """A symbol that an import brought is not given a second time."""
    row = new_event(9, "race", {"name": "race", "units": [7], "variable_symbol_prefix": 54321})
    await town.stores.database["events"].insert_one(row)
    taken = {"_id": 99, "user": None, "event": None, "unit": 7, "VS": "5432100001"}
    await town.stores.database["donor_channels"].insert_one(taken)
    assert (await app.post(PERSON, person(event="race"))).json == {"VS": "5432100002"}
