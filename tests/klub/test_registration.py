"""Registration."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.klub.callers import PASSWORD
from tests.klub.town import Town, channel

REQUIRED = ["This field is required."]
UNIQUE = ["This field must be unique."]
NAME_TAKEN = ["Profile with this user name already exists."]


@pytest.mark.parametrize(
    "path",
    [
        "/api/register-userprofile",
        "/api/register-userprofile/",
        "/api/register_userprofile/",
        "/api/register_userprofile",
    ],
)
async def test_the_answer_has_what_was_made_and_no_secret(town: Town, path: str) -> None:
    """Neither password nor telephone come back."""
    sent = {
        "email": "Test@Example.com ",
        "username": "test2",
        "password": "foobarbaz",
        "first_name": "Test",
        "last_name": "Test",
        "telephone": "+420 123 456",
        "userchannels": [channel()],
    }
    answer = await town.post(path, sent)
    assert answer.status == 201, answer.text
    assert answer.text == (
        '{"username":"test2","first_name":"Test","last_name":"Test","email":"test@example.com",'
        '"userchannels":[{"money_account":"bank","event":"obecne","regular_amount":250,'
        '"regular_frequency":"monthly","VS":"0000000001"}]}'
    )


async def test_an_account_and_its_channels_are_stored(town: Town) -> None:
    """Its address is not verified, its unit is the money account's, nothing is mailed."""
    answer = await town.register(
        telephone="123456789",
        first_name="Ann",
        userchannels=[channel(), channel(event="camp", regular_amount=None)],
    )
    assert answer.status == 201
    person = await town.person("test@example.com")
    assert person["klub"] == {
        "username": answer.json["username"],
        "telephones": [{"telephone": "123456789", "note": "", "is_primary": True}],
        "units": [7],
    }
    assert (person["fname"], person["contact_number"], person["is_active"]) == ("Ann", "", True)
    assert (person["set_password"], person["email_validated"]) == (True, False)
    address = await town.stores.addresses.taken("test@example.com")
    assert address is not None
    assert (address["primary"], address["verified"]) == (True, False)
    rows = await town.stores.database["donor_channels"].find().sort("_id", 1).to_list(None)
    assert [(row["user"], row["event"], row["money_account"], row["unit"]) for row in rows] == [
        (person["id"], 1, 3, 7),
        (person["id"], 2, 3, 7),
    ]
    assert [row["VS"] for row in rows] == ["0000000001", "1234500001"]
    assert {row["regular_payments"] for row in rows} == {"regular"}
    assert len(rows[0]["expected_date_of_first_payment"]) == 10
    assert await town.mails() == []


async def test_without_a_username_one_is_made_of_the_address(town: Town) -> None:
    """The local part and a number, never the same twice."""
    names = [
        (await town.register(email, username=given)).json["username"]
        for email, given in (("ann@a.example", ""), ("ann@b.example", " "), ("ann@c.example", None))
    ]
    assert len(set(names)) == len(names)
    assert all(name.startswith("ann") and name[3:].isdigit() for name in names)


async def test_without_a_password_nobody_signs_in(town: Town) -> None:
    """Until one is set by a mailed link."""
    sent = {"email": "ann@example.com", "userchannels": [channel()]}
    assert (await town.post("/api/register-userprofile", sent)).status == 201
    assert (await town.login("ann@example.com", "")).status == 400
    assert (await town.login("ann@example.com")).status == 401
    assert (await town.confirm(await town.link("ann@example.com"), PASSWORD)).status == 200
    assert (await town.login("ann@example.com")).status == 200


@pytest.mark.parametrize("email", ["ann@example.com", " ANN@Example.com"])
async def test_an_address_is_one_accounts(town: Town, email: str) -> None:
    """In any case, as a further address, of any dialect."""
    await town.register("ann@example.com")
    answer = await town.register(email)
    assert (answer.status, answer.json) == (400, {"email": UNIQUE})
    await town.api.register("flux@example.com")
    assert (await town.register("Flux@example.com")).json == {"email": UNIQUE}


async def test_a_username_is_one_accounts(town: Town) -> None:
    """And no address of somebody else's, now or later."""
    await town.register("ann@example.com", username="annie")
    assert (await town.register("bob@example.com", username="annie")).json == {"username": NAME_TAKEN}
    assert (await town.register("bob@example.com", username="x@example.com")).json == {"username": NAME_TAKEN}
    own = await town.register("bob@example.com", username="Bob@example.com")
    assert (own.status, own.json["username"]) == (201, "Bob@example.com")


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"email": "x"}, {"email": ["Enter a valid email address."]}),
        ({"email": None}, {"email": ["This field may not be null."]}),
        ({"email": {}}, {"email": ["Enter a valid email address."]}),
        ({"email": ""}, {"email": ["This field may not be blank."]}),
        ({"username": "x" * 151}, {"username": ["Ensure this field has no more than 150 characters."]}),
        ({"username": ["x"]}, {"username": ["Not a valid string."]}),
        ({"first_name": "x" * 129}, {"first_name": ["Ensure this field has no more than 128 characters."]}),
        ({"last_name": True}, {"last_name": ["Not a valid string."]}),
        ({"last_name": "a\0b"}, {"last_name": ["Null characters are not allowed."]}),
        (
            {"password": "1234567"},
            {
                "password": [
                    "This password is too short. It must contain at least 8 characters.",
                    "This password is too common.",
                    "This password is entirely numeric.",
                ]
            },
        ),
        ({"password": "password"}, {"password": ["This password is too common."]}),
        ({"password": ""}, {"password": ["This field may not be blank."]}),
        (
            {"telephone": "abc"},
            {
                "telephone": [
                    "Telephone must consist of numbers, spaces and plus sign",
                    "Ensure this value has at least 9 characters (it has 3).",
                ]
            },
        ),
        ({"telephone": " "}, {"telephone": ["This field may not be blank."]}),
        ({"userchannels": None}, {"userchannels": ["This field may not be null."]}),
        (
            {"userchannels": {}},
            {"userchannels": {"non_field_errors": ['Expected a list of items but got type "dict".']}},
        ),
        ({"userchannels": []}, {"userchannels": {"non_field_errors": ["This list may not be empty."]}}),
        (
            {"userchannels": [channel(), channel(regular_amount=1)]},
            {"userchannels": {"non_field_errors": ["An event can be given once only."]}},
        ),
        (
            {"userchannels": [{}, channel()]},
            {
                "userchannels": [
                    {"money_account": REQUIRED, "event": REQUIRED, "regular_amount": REQUIRED},
                    {},
                ]
            },
        ),
        (
            {"userchannels": [channel(), channel(event="x", money_account=None)]},
            {
                "userchannels": [
                    {},
                    {
                        "money_account": ["This field may not be null."],
                        "event": ["Object with slug=x does not exist."],
                    },
                ]
            },
        ),
        (
            {"userchannels": ["x"]},
            {"userchannels": [{"non_field_errors": ["Invalid data. Expected a dictionary, but got str."]}]},
        ),
        (
            {"userchannels": [channel(event={"$ne": ""}, regular_amount="x", regular_frequency="quarterly")]},
            {
                "userchannels": [
                    {
                        "event": ["Invalid value."],
                        "regular_amount": ["A valid integer is required."],
                        "regular_frequency": ['"quarterly" is not a valid choice.'],
                    }
                ]
            },
        ),
        (
            {"userchannels": [channel(regular_amount=-1)]},
            {"userchannels": [{"regular_amount": ["Ensure this value is greater than or equal to 0."]}]},
        ),
        (
            {"userchannels": [channel(regular_amount=2**31)]},
            {
                "userchannels": [
                    {"regular_amount": ["Ensure this value is less than or equal to 2147483647."]}
                ]
            },
        ),
    ],
)
async def test_what_is_wrong_is_told_and_nothing_stored(
    town: Town, fields: dict[str, Any], errors: dict[str, Any]
) -> None:
    """In the words of the contract."""
    answer = await town.register(**fields)
    assert (answer.status, answer.json) == (400, errors)
    assert await town.stores.database["users"].count_documents({}) == 0
    assert await town.stores.database["donor_channels"].count_documents({}) == 0


async def test_all_failing_fields_come_in_one_answer(town: Town) -> None:
    """Those that are missing, too."""
    answer = await town.post("/api/register-userprofile", {})
    assert (answer.status, answer.json) == (400, {"email": REQUIRED, "userchannels": REQUIRED})
    answer = await town.post(
        "/api/register-userprofile", {"email": "x", "telephone": "1", "userchannels": [{}]}
    )
    assert set(answer.json) == {"email", "telephone", "userchannels"}
    twice = {"email": "x", "userchannels": [channel(), channel()]}
    answer = await town.post("/api/register-userprofile", twice)
    assert set(answer.json) == {"email", "userchannels"}
    assert set(answer.json["userchannels"]) == {"non_field_errors"}


@pytest.mark.parametrize("frequency", ["monthly", "quaterly", "biannually", "annually", None, ""])
async def test_frequencies_are_spelt_as_on_the_wire(town: Town, frequency: str | None) -> None:
    """One of them wrongly, for ever."""
    answer = await town.register(userchannels=[channel(regular_frequency=frequency, regular_amount="10")])
    assert answer.status == 201
    assert answer.json["userchannels"][0]["regular_frequency"] == frequency
    assert answer.json["userchannels"][0]["regular_amount"] == 10


async def test_a_symbol_that_an_import_brought_is_passed_over(town: Town) -> None:
    """It counts within the unit."""
    brought = {"user": None, "event": None, "unit": 7, "VS": "0000000001"}
    await town.stores.database["donor_channels"].insert_one({"_id": 500, **brought})
    answer = await town.register()
    assert answer.json["userchannels"][0]["VS"] == "0000000002"


async def test_twenty_at_once_with_one_address_make_one_account(town: Town) -> None:
    """The others hear that it is taken; no channel is left of them."""
    answers = await asyncio.gather(*(town.register("ann@example.com") for _ in range(20)))
    assert sorted(answer.status for answer in answers) == [201] + [400] * 19
    assert all(answer.json == {"email": UNIQUE} for answer in answers if answer.status == 400)
    assert await town.stores.database["users"].count_documents({}) == 1
    assert await town.stores.database["donor_channels"].count_documents({}) == 1


async def test_twenty_at_once_with_one_username_make_one_account(town: Town) -> None:
    """The others are told so."""
    answers = await asyncio.gather(
        *(town.register(f"ann{number}@example.com", username="annie") for number in range(20))
    )
    assert sorted(answer.status for answer in answers) == [201] + [400] * 19
    assert all(answer.json == {"username": NAME_TAKEN} for answer in answers if answer.status == 400)


async def test_twenty_at_once_get_twenty_symbols(town: Town) -> None:
    """None twice."""
    answers = await asyncio.gather(
        *(
            town.register(f"ann{number}@example.com", userchannels=[channel(event="camp")])
            for number in range(20)
        )
    )
    assert [answer.status for answer in answers] == [201] * 20
    symbols = {answer.json["userchannels"][0]["VS"] for answer in answers}
    assert len(symbols) == 20
    assert all(symbol.startswith("12345") and len(symbol) == 10 for symbol in symbols)


async def test_forms_are_read_but_for_the_channels(town: Town) -> None:
    """Which are JSON only."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await town.api.call(
        "POST", "/api/register-userprofile", b"email=a%40example.com&userchannels=x", form
    )
    expected = 'Expected a list of items but got type "str".'
    assert (answer.status, answer.json) == (400, {"userchannels": {"non_field_errors": [expected]}})


@pytest.mark.settings(rate_limit_scale=1, registrations_per_client="1/3600")
async def test_registrations_are_limited_per_client(town: Town) -> None:
    """Together with those of the other dialect that has a password."""
    assert (await town.register("ann@example.com")).status == 201
    answer = await town.register("bob@example.com")
    assert (answer.status, int(answer.headers["Retry-After"]) > 3000) == (429, True)


async def test_a_deleted_payers_channels_stay_for_the_books(town: Town) -> None:
    """Without the person."""
    await town.register(userchannels=[channel(), channel(event="camp")])
    person = await town.person("test@example.com")
    await town.stores.deletion.delete(person["_id"])
    rows = await town.stores.database["donor_channels"].find().to_list(None)
    assert [row["user"] for row in rows] == [None, None]
    assert (await town.register()).status == 201
