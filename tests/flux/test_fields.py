"""What each settable field accepts, what it becomes, and what follows from it."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import pytest

from handlers.flux.fields import FIELDS
from storage.database import Database
from tests.serving import Answer, Api

TEXTS = {
    **{"username": 254, "name": 800, "fname": 255, "mnames": 255, "sname": 255, "address": 500},
    **{"addr_street_no": 200, "addr_street": 200, "addr_suburb": 200, "addr_country": 60},
    **{"member_comment": 5000, "referred_by": 500, "dob": 40},
}
FLAGS = (
    *("onAECRoll", "state_consent", "volunteer", "supervol", "volhtv", "vol_organise", "do_not_call"),
    *("candidature_federal", "candidature_state", "candidature_local", "do_not_email_updates", "smsOptOut"),
    "other_party_membership",
)
NO_TEXTS: tuple[Any, ...] = (5, 1.5, True, False, ["a"], [], {"$ne": 1}, {})
SPELLINGS: tuple[tuple[Any, bool], ...] = (
    *((value, True) for value in (True, "true", "True", "YES", "yes", "1", 1)),
    *((value, False) for value in (False, None, "", "false", "FALSE", "no", "No", "0", 0)),
)
NO_FLAGS: tuple[Any, ...] = ("maybe", "2", 2, -1, 1.0, 0.0, [], [True], {}, {"$ne": 1}, "yess")


async def sign_up(api: Api, **fields: Any) -> Answer:
    """Register with fields."""
    return await api.post("/api/v0/register/initial_email", {"email": "ann@example.com", **fields})


async def change(api: Api, secret: str, **fields: Any) -> Answer:
    """Change one's details."""
    return await api.post("/api/v0/user_details", {"s": secret, **fields})


async def assert_settable(api: Api, secret: str, name: str, value: Any, becomes: Any) -> None:
    """Check that a value is accepted and what it becomes."""
    answer = await change(api, secret, **{name: value})
    assert answer.status == 200, (name, value, answer.text)
    assert (answer.json[name], type(answer.json[name])) == (becomes, type(becomes)), (name, value)


async def assert_refused(api: Api, secret: str, name: str, value: Any) -> None:
    """Check that a value is refused, with the field's name first."""
    answer = await change(api, secret, **{name: value})
    assert answer.status == 400, (name, value, answer.text)
    assert all(text.startswith(f"{name}: ") for text in answer.json["error_args"]), answer.text


async def test_texts_are_trimmed_and_limited(api: Api) -> None:
    secret = (await api.register("ann@example.com"))["s"]
    for name, length in TEXTS.items():
        longest = "ä" * length
        await assert_settable(api, secret, name, f"  {longest}\n", longest)
        await assert_refused(api, secret, name, longest + "ä")
        await assert_settable(api, secret, name, "<b>$ne</b> \"'\\ 😀", "<b>$ne</b> \"'\\ 😀")
        await assert_settable(api, secret, name, None, "")
        for value in NO_TEXTS:
            await assert_refused(api, secret, name, value)


async def test_flags_have_many_spellings(api: Api) -> None:
    secret = (await api.register("ann@example.com"))["s"]
    for name in FLAGS:
        for value, meaning in SPELLINGS:
            await assert_settable(api, secret, name, value, meaning)
        for value in NO_FLAGS:
            await assert_refused(api, secret, name, value)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        (
            "dobDay",
            ["", "1", "01", "31", 1, 31, None],
            ["0", "32", "x", "1.5", "-1", 0, 32, 1.0, True, "٣", [1]],
        ),
        ("dobMonth", ["", "1", "12", 12, "01"], ["0", "13", 13, "Jan", {"$gt": 0}, False]),
        ("dobYear", ["", "1900", "2000", 1980], ["1899", 1899, "80", "3000", 3000, "20000", "year"]),
        (
            "contact_number",
            ["", "0400 000 000", "+61 (2) 9.9-9/9", 400000000, "1" * 30],
            ["1" * 31, "call me"],
        ),
        ("contact_number", [None], [1.5, True, ["1"], {"$gt": ""}, "0400\t000", "٠٤"]),
        ("addr_version", [1, 2, 3.5, 0, -1], ["1", True, [1], {"a": 1}]),
        (
            "valid_regions",
            [[], ["a"], ["x" * 20] * 50],
            ["a", [1], ["x" * 21], ["x"] * 51, {"a": 1}, 1, [None]],
        ),
    ],
)
async def test_each_field_has_its_values(api: Api, name: str, good: list[Any], bad: list[Any]) -> None:
    secret = (await api.register("ann@example.com"))["s"]
    for value in good:
        becomes = value if name in ("addr_version", "valid_regions") else "" if value is None else str(value)
        await assert_settable(api, secret, name, value, becomes)
    for value in bad:
        await assert_refused(api, secret, name, value)


async def test_regions_may_be_null_and_are_trimmed(api: Api) -> None:
    secret = (await api.register("ann@example.com"))["s"]
    await assert_settable(api, secret, "valid_regions", [" a ", "b"], ["a", "b"])
    await assert_settable(api, secret, "valid_regions", None, [])


POSTCODES: tuple[tuple[str, Any, str | None], ...] = (
    *(("au", "2000", "2000"), ("au", 800, "0800"), ("AU", 2000, "2000"), ("Australia", " 3000 ", "3000")),
    *(("au", "", ""), ("au", None, ""), ("au", "200", None), ("au", "20000", None), ("AU", "abcd", None)),
    *(("au", 20000, None), ("Australia", "\uff12000", None), ("au", True, None), ("au", 2000.0, None)),
    *(
        ("uk", "SW1A 1AA", "SW1A 1AA"),
        ("uk", "1" * 10, "1" * 10),
        ("uk", "1" * 11, None),
        ("de", 10115, "10115"),
    ),
    *(
        ("au", -200, None),
        ("de", -1, None),
        ("au", ["2000"], None),
        ("au", {"$gt": ""}, None),
        ("de", 7, "0007"),
    ),
)


async def test_postcodes_depend_on_the_country(api: Api) -> None:
    for number, (country, given, becomes) in enumerate(POSTCODES):
        fields = {"email": f"m{number}@example.com", "addr_country": country, "addr_postcode": given}
        answer = await api.post("/api/v0/register/initial_email", fields)
        assert answer.status == (400 if becomes is None else 200), (country, given, answer.text)
        if becomes is None:
            assert answer.json["error_args"][0].startswith("addr_postcode: ")
        else:
            assert answer.json["addr_postcode"] == becomes


async def test_a_postcode_is_australian_where_no_country_is_given(api: Api) -> None:
    assert (await sign_up(api, addr_postcode="SW1A")).status == 400
    assert (await sign_up(api, addr_postcode="0800")).json["addr_postcode"] == "0800"


async def test_the_country_that_is_stored_decides_too(api: Api) -> None:
    secret = (await api.register("ann@example.com", addr_country="uk"))["s"]
    await assert_settable(api, secret, "addr_postcode", "SW1A", "SW1A")
    assert (await change(api, secret, addr_postcode="SW1B", addr_country="au")).status == 400
    assert (await change(api, secret, addr_postcode="2000", addr_country="au")).status == 200
    await assert_refused(api, secret, "addr_postcode", "SW1A")


# Days of birth


@pytest.mark.parametrize(
    ("day", "month", "year", "real"),
    [
        *(
            ("29", "2", "2000", True),
            ("29", "2", "1900", False),
            ("31", "4", "1980", False),
            (1, 1, 1900, True),
        ),
        *(
            ("30", "02", "1980", False),
            ("", "2", "1980", True),
            ("31", "2", "", True),
            ("31", "", "1980", True),
        ),
    ],
)
async def test_the_three_parts_must_be_a_day(api: Api, day: Any, month: Any, year: Any, real: bool) -> None:
    answer = await sign_up(api, dobDay=day, dobMonth=month, dobYear=year)
    assert answer.status == (200 if real else 400)


async def test_nobody_is_born_in_the_future(api: Api) -> None:
    for days, status in ((2, 400), (-2, 200)):
        born = date.today() + timedelta(days)
        answer = await sign_up(api, dobDay=born.day, dobMonth=born.month, dobYear=born.year)
        assert answer.status == status, answer.text


async def test_stored_parts_count_as_well(api: Api) -> None:
    secret = (await api.register("ann@example.com", dobMonth="2", dobYear="1980"))["s"]
    assert (await change(api, secret, dobDay="30")).status == 400
    assert (await change(api, secret, dobDay="29")).status == 200
    assert (await change(api, secret, dobYear="1981")).status == 400


@pytest.mark.parametrize(
    ("dob", "parts"),
    [
        ("1980-02-01", ("1", "2", "1980")),
        ("1980-2-1T12:00:00.000Z", ("1", "2", "1980")),
        ("1980-12-31 00:00", ("31", "12", "1980")),
        ({"__type": "Date", "iso": "1979-03-09T00:00:00.000Z"}, ("9", "3", "1979")),
        ("1980-02-31", ("", "", "")),
        ("1980-02-011", ("", "", "")),
        ("01/02/1980", ("", "", "")),
        ("1799-02-01", ("", "", "")),
        ("born 1980-02-01", ("", "", "")),
        ("", ("", "", "")),
    ],
)
async def test_the_parts_follow_a_whole_date(api: Api, dob: Any, parts: tuple[str, ...]) -> None:
    member = (await sign_up(api, dob=dob)).json
    assert member["dob"] == (dob["iso"] if isinstance(dob, dict) else dob)
    assert (member["dobDay"], member["dobMonth"], member["dobYear"]) == parts


async def test_parts_in_the_body_win_over_a_whole_date(api: Api) -> None:
    member = (await sign_up(api, dob="1980-02-01", dobDay="")).json
    assert (member["dobDay"], member["dobMonth"], member["dobYear"]) == ("", "", "")
    changed = (await change(api, member["s"], dob="1981-02-03")).json
    assert (changed["dobDay"], changed["dobMonth"], changed["dobYear"]) == ("3", "2", "1981")
    kept = (await change(api, member["s"], dob="unknown")).json
    assert (kept["dobDay"], kept["dobMonth"], kept["dobYear"]) == ("3", "2", "1981")


@pytest.mark.parametrize(
    "dob", [{"__type": "Date"}, {"iso": "1980-01-01"}, {"__type": "Date", "iso": 5}, [], 5]
)
async def test_other_forms_of_a_date_are_refused(api: Api, dob: Any) -> None:
    assert (await sign_up(api, dob=dob)).json["error_args"][0].startswith("dob: ")


# What follows from parts


@pytest.mark.parametrize(
    ("fields", "name", "address"),
    [
        ({"fname": "Ann", "mnames": "Bea", "sname": "Cee"}, "Ann Bea Cee", ""),
        ({"fname": " Ann ", "sname": "Cee"}, "Ann Cee", ""),
        ({"fname": "Ann", "name": "Dr Ann"}, "Dr Ann", ""),
        ({"fname": "Ann", "name": ""}, "", ""),
        (
            {"addr_street": "50 Foo Ln", "addr_suburb": "FooTown", "addr_postcode": 2000},
            *("", "50 Foo Ln; FooTown; 2000; au"),
        ),
        ({"addr_street_no": "7", "addr_street": "Foo Ln", "addr_country": ""}, "", "7; Foo Ln"),
        ({"addr_country": "au"}, "", ""),
        ({"addr_suburb": "Foo", "address": "Elsewhere 3000"}, "", "Elsewhere 3000"),
    ],
)
async def test_a_whole_follows_from_its_parts_unless_it_is_sent(
    api: Api, fields: dict[str, Any], name: str, address: str
) -> None:
    member = (await sign_up(api, **fields)).json
    assert (member["name"], member["address"]) == (name, address)


async def test_single_parts_change_the_whole(api: Api) -> None:
    secret = (await api.register("ann@example.com", fname="Ann", sname="Cee", addr_postcode="2000"))["s"]
    assert (await change(api, secret, mnames="Bea")).json["name"] == "Ann Bea Cee"
    assert (await change(api, secret, fname="")).json["name"] == "Bea Cee"
    assert (await change(api, secret, addr_suburb="Foo")).json["address"] == "Foo; 2000; au"
    assert (await change(api, secret, addr_suburb=None, addr_postcode="")).json["address"] == ""
    assert (await change(api, secret, name="Queen Bea")).json["name"] == "Queen Bea"
    assert (await change(api, secret, volunteer=True)).json["name"] == "Queen Bea"


STATES: tuple[tuple[dict[str, str], str], ...] = (
    *(({"addr_postcode": code}, state) for code, state in (("0800", "nt"), ("2000", "nsw"), ("3000", "vic"))),
    *(({"addr_postcode": code}, state) for code, state in (("4000", "qld"), ("5000", "sa"), ("6000", "wa"))),
    *(({"addr_postcode": code}, state) for code, state in (("7000", "tas"), ("1000", "weirdstate"))),
    *(({"addr_postcode": code}, "act") for code in ("2600", "2609", "2610", "2612", "2614", "2617")),
    *(({"addr_postcode": code}, "act") for code in ("2900", "2906", "2911", "2914")),
    *(({"addr_postcode": code}, "nsw") for code in ("2599", "2613", "2618", "2899", "2907", "2910", "2915")),
    *(({"addr_postcode": code}, "weirdstate") for code in ("8000", "9000")),
    ({}, "nostate"),
    ({"address": "1 Foo Ln; Footown 3121; au"}, "vic"),
    ({"address": "1234 Foo Ln; 4000"}, "qld"),
    ({"address": "12345 Foo Ln"}, "nostate"),
    ({"address": "3000", "addr_postcode": "7000"}, "tas"),
    ({"addr_country": "uk", "addr_postcode": "SW1A"}, "weirdstate"),
)


async def test_the_state_follows_from_the_postcode(api: Api, database: Database) -> None:
    for number, (fields, state) in enumerate(STATES, 1):
        await api.register(f"m{number}@example.com", **fields)
        stored = await database["users"].find_one({"id": number})
        assert stored is not None
        assert stored["addr_state"] == state, fields


async def test_the_state_follows_a_change_of_imported_data(api: Api, database: Database) -> None:
    secret = (await api.register("ann@example.com"))["s"]
    imported = {"addr_postcode": 2600, "address": None, "fname": 5, "sname": None}
    await database["users"].update_one({}, {"$set": imported})
    answer = await change(api, secret, mnames="Bea", addr_suburb="Foo")
    assert (answer.json["name"], answer.json["address"]) == ("5 Bea", "Foo; 2600; au")
    stored = await database["users"].find_one({})
    assert stored is not None
    assert stored["addr_state"] == "act"


# Odd values anywhere

ODD: tuple[Any, ...] = (
    *(
        "",
        " ",
        "$where",
        "a.b",
        "'\"\\",
        "\x01\x1b",
        "\u2028\u202e",
        "😀" * 300,
        "x" * 20_000,
        "../etc",
        "null",
    ),
    *(0, -1, 7, 2**63 - 1, -(2**63), 1.5, -0.0, 1e15, True, False, None),
    *([], [[]], ["a"], [None], [{"$ne": 1}], {}, {"$gt": ""}, {"$set": {"s": "x"}}, {"a": {"b": [{}]}}),
    *({"__type": "Date", "iso": "1980-01-01"}, {"$oid": "5f0c9a41d2e7b8361c40aa17"}, {"$numberLong": "1"}),
)


async def test_odd_values_are_refused_by_name_or_stored_in_the_fields_type(
    api: Api, database: Database
) -> None:
    chance = random.Random(1)
    member = await api.register("ann@example.com")
    types = {name: type(member[name]) for name in FIELDS} | {"addr_version": (int, float)}
    for _ in range(300):
        name, value = chance.choice(sorted(FIELDS)), chance.choice(ODD)
        answer = await change(api, member["s"], **{name: value})
        assert answer.status in (200, 400), (name, value, answer.text)
        if answer.status == 400:
            assert answer.json["error_args"][0].startswith((f"{name}: ", "dobDay: ")), answer.text
    stored = await database["users"].find_one({})
    assert stored is not None
    assert [name for name, kind in types.items() if not isinstance(stored[name], kind)] == []
    assert all(isinstance(region, str) for region in stored["valid_regions"])
