"""Signing up, one's own details, a new address."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

from storage.database import Database
from storage.driver import Document
from storage.stores import Stores
from tests.flux.mailbox import Mailbox, proof_token, text_of
from tests.serving import Answer, Api

SIGN_UPS = ("/api/v0/register/initial_email", "/api/v0/register/all_at_once")
ALWAYS_SHOWN: dict[str, Any] = {
    **dict.fromkeys(("name", "fname", "mnames", "sname", "address", "addr_street_no", "addr_street"), ""),
    **dict.fromkeys(("addr_suburb", "addr_postcode", "dobDay", "dobMonth", "dobYear", "dob"), ""),
    **dict.fromkeys(("contact_number", "member_comment", "referred_by"), ""),
    **dict.fromkeys(("email_validated", "set_password", "onAECRoll", "phone_verified"), False),
    **dict.fromkeys(("volunteer", "supervol", "volhtv", "vol_organise", "smsOptOut", "do_not_call"), False),
    **dict.fromkeys(("candidature_federal", "candidature_state", "candidature_local"), False),
    **dict.fromkeys(("do_not_email_updates", "other_party_membership"), False),
    **dict.fromkeys(("detailsValid", "doubleCheckedValidation", "valid_federal", "valid_state"), False),
    **dict.fromkeys(("is_active", "state_consent", "needsValidating"), True),
    **{"addr_country": "au", "addr_version": 1, "valid_regions": [], "cf_connecting_ip": None},
}
NEVER_SHOWN = frozenset(
    {
        *("password", "email_lower", "addr_state", "phone_bank", "auth", "km", "klub", "comics", "pybossa"),
        *("emails", "telephones", "roles", "is_staff", "is_superuser"),
    }
)


async def stored_person(database: Database, **query: Any) -> Document:
    """Read the one person that fits."""
    rows = await database["users"].find(query).to_list(None)
    assert len(rows) == 1
    row: Document = rows[0]
    return row


async def details(api: Api, secret: str, **changes: Any) -> Answer:
    """Call user_details."""
    return await api.post("/api/v0/user_details", {"s": secret, **changes})


async def add_address(stores: Stores, user: Any, email: str, *, verified: bool) -> None:
    """Give a person a further address."""
    row = await stores.addresses.prepare(email, user, verified=verified)
    await stores.database["email_addresses"].insert_one({**row, "primary": False})


# Signing up


async def test_a_new_member_gets_the_whole_object_with_every_default(api: Api) -> None:
    before = time.time()
    answer = await api.post("/api/v0/register/initial_email", {"email": "Ann@Example.com", "fname": "Ann"})
    member = answer.json
    assert (answer.status, member["success"]) == (200, True)
    expected = {**ALWAYS_SHOWN, "fname": "Ann", "name": "Ann", "signup_ip": "127.0.0.1"}
    assert {name: member.get(name, "absent") for name in expected} == expected
    assert member["email"] == member["username"] == "Ann@Example.com"
    assert re.fullmatch(r"[0-9a-f]{40}", member["s"])
    assert re.fullmatch(r"[0-9a-f]{24}", member["_id"]["$oid"])
    assert type(member["timestamp"]) is float
    assert before <= member["timestamp"] <= time.time()
    absent = {"validationReason", "lastValidated", "lastValidationGet", "reliable", "lastUpdated"}
    assert member.keys().isdisjoint(NEVER_SHOWN | absent)


async def test_the_answer_shows_what_is_stored(api: Api, database: Database) -> None:
    member = await api.register("ann@example.com", sname="Example")
    own = (await details(api, member["s"])).json
    assert own == {name: value for name, value in member.items() if name != "success"}
    stored = await stored_person(database)
    assert stored.keys() - own.keys() <= NEVER_SHOWN
    assert "success" not in stored


async def test_integer_ids_and_secrets_differ(api: Api) -> None:
    members = [await api.register(f"m{number}@example.com") for number in range(5)]
    assert [member["id"] for member in members] == [1, 2, 3, 4, 5]
    assert len({member["s"] for member in members}) == 5


@pytest.mark.parametrize("path", SIGN_UPS)
async def test_a_taken_address_is_refused_and_nothing_of_its_owner_shows(
    api: Api, database: Database, path: str
) -> None:
    member = await api.register("Ann@Example.com", fname="Ann")
    before = await stored_person(database)
    for spelling in ("Ann@Example.com", "ann@example.com", " ANN@EXAMPLE.COM "):
        answer = await api.post(path, {"email": spelling, "fname": "Eve", "onAECRoll": True})
        assert answer.status == 409
        assert answer.json.keys() == {"error", "error_args"}
        assert answer.json["error_args"][0].startswith("email: ")
        assert member["s"] not in answer.text
    assert await stored_person(database) == before
    assert await database["email_validation"].count_documents({}) == 1
    assert await database["notify_queue"].count_documents({}) == 1


async def test_any_row_of_anyone_takes_an_address(api: Api, stores: Stores) -> None:
    await api.register("ann@example.com")
    ann = await stored_person(stores.database)
    await add_address(stores, ann["_id"], "Second@example.com", verified=False)
    await add_address(stores, ann["_id"], "third@example.com", verified=True)
    for email in ("second@example.com", "THIRD@example.com"):
        answer = await api.post("/api/v0/register/initial_email", {"email": email})
        assert answer.status == 409


NO_ADDRESSES: tuple[Any, ...] = (
    *(None, "", " ", 5, True, ["a@b.c"], {"$gt": ""}, "ann", "ann@", "@example.com", "ann@example"),
    *(
        "a@b@example.com",
        "a b@example.com",
        "a@exa mple.com",
        "a@b.c\nbcc:x@y.z",
        "a\t@b.cc",
        "a\x7f@b.cc",
    ),
    *("a" * 243 + "@example.com", "a@b.cc\x85x", "<a@b.cc>x@b.cc", "a@b,c.dd", "Ann <ann@example.com>"),
)


@pytest.mark.parametrize("path", SIGN_UPS)
async def test_an_address_that_is_none_is_refused(api: Api, database: Database, path: str) -> None:
    for email in NO_ADDRESSES:
        answer = await api.post(path, {"email": email, "fname": "Ann"})
        assert answer.status == 400, (email, answer.text)
        assert [text.split(":")[0] for text in answer.json["error_args"]] == ["email"]
    assert await database["users"].count_documents({}) == 0


async def test_unusual_addresses_are_taken_as_typed(api: Api) -> None:
    for email in ["a@b.c", "o'neil+tag@sub.example.co.uk", "用户@example.com", "a" * 242 + "@example.com"]:
        member = await api.register(f"  {email} ")
        assert member["email"] == member["username"] == email


async def test_signing_up_names_every_bad_and_missing_field(api: Api) -> None:
    answer = await api.post("/api/v0/register/all_at_once", {"dobDay": 40, "volunteer": "maybe"})
    assert answer.status == 400
    names = {text.split(":")[0] for text in answer.json["error_args"]}
    assert names == {"email", "fname", "dobDay", "volunteer"}


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 400),
        ({"fname": ""}, 400),
        ({"fname": "  ", "name": None}, 400),
        ({"sname": "Example"}, 400),
        ({"fname": "Ann"}, 200),
        ({"name": "Ann Example"}, 200),
        ({"fname": "", "name": "Ann"}, 200),
    ],
)
async def test_all_at_once_wants_a_name(api: Api, fields: dict[str, Any], status: int) -> None:
    answer = await api.post("/api/v0/register/all_at_once", {"email": "ann@example.com", **fields})
    assert answer.status == status
    if status == 400:
        assert answer.json["error_args"][0].startswith("fname: ")


@pytest.mark.parametrize("path", SIGN_UPS)
async def test_what_belongs_to_the_server_is_ignored(api: Api, database: Database, path: str) -> None:
    claims: dict[str, Any] = {
        **{
            "needsValidating": False,
            "detailsValid": True,
            "doubleCheckedValidation": True,
            "valid_state": True,
        },
        **{
            "s": "mine",
            "_id": {"$oid": "0" * 24},
            "id": 7,
            "password": "x",
            "timestamp": 1,
            "is_active": False,
        },
        **{"email_validated": True, "set_password": True, "auth": {"superuser": True}, "addr_state": "tas"},
        **{"email_lower": "eve@example.com", "phone_verified": True, "reliable": True, "lastValidated": 1},
        **{
            "signup_ip": "1.2.3.4",
            "cf_connecting_ip": "1.2.3.4",
            "validationReason": "x",
            "km": {},
            "success": 0,
        },
    }
    answer = await api.post(path, {"email": "ann@example.com", "fname": "Ann", **claims})
    assert answer.status == 200
    stored = await stored_person(database)
    assert {name for name in claims if stored.get(name) == claims[name]} == set()


async def test_recaptcha_and_the_like_do_no_harm(api: Api) -> None:
    member = await api.register("ann@example.com", recaptcha_token={"a": [1]}, captcha=None)
    assert "recaptcha_token" not in member


async def test_a_sign_up_makes_row_proof_notice_and_one_mail(
    api: Api, database: Database, mailbox: Mailbox
) -> None:
    member = await api.register("Ann@Example.com")
    person = await stored_person(database)
    [row] = await database["email_addresses"].find({}).to_list(None)
    assert (row["user_id"], row["email"], row["email_lower"]) == (
        *(person["_id"], "Ann@Example.com", "ann@example.com"),
    )
    assert (row["primary"], row["verified"]) == (True, False)
    [proof] = await database["email_validation"].find({}).to_list(None)
    assert (proof["user_id"], proof["success"]) == (person["_id"], False)
    assert abs(proof["sent_at"] - time.time()) < 10
    [notice] = await database["notify_queue"].find({}).to_list(None)
    assert (notice["s"], notice["timestamp"], notice["sent"]) == (member["s"], person["timestamp"], False)
    [mail] = await mailbox.open()
    assert mail["To"] == "Ann@Example.com"
    assert f"?s={member['s']}" in text_of(mail)
    assert proof_token(mail) == proof["validation_token"]
    assert f"{api.url}/api/v0/validate_email/" in text_of(mail)


@pytest.mark.settings(flux_member_link_template="https://flux.example/m?x=1&s={s}#top")
async def test_the_member_link_follows_its_template(api: Api, mailbox: Mailbox) -> None:
    member = await api.register("ann@example.com")
    [mail] = await mailbox.open()
    assert f"https://flux.example/m?x=1&s={member['s']}#top" in text_of(mail).split()


async def test_a_refused_sign_up_sends_nothing(api: Api, mailbox: Mailbox) -> None:
    await api.register("ann@example.com")
    for body in ({"email": "ann@example.com"}, {"email": "eve@example.com", "volunteer": 3}, {}):
        assert (await api.post("/api/v0/register/initial_email", body)).status in (400, 409)
    assert len(await mailbox.open()) == 1


# One's own details


async def test_the_secret_alone_changes_nothing(api: Api, database: Database) -> None:
    member = await api.register("ann@example.com")
    before = await stored_person(database)
    for more in ({}, {"nothing": 1}, {"needsValidating": False}, {"id": 5, "timestamp": 0}):
        answer = await details(api, member["s"], **more)
        assert answer.status == 200
        assert "lastUpdated" not in answer.json
    assert await stored_person(database) == before


async def test_a_change_is_stored_and_dated(api: Api, database: Database) -> None:
    member = await api.register("ann@example.com")
    answer = await details(api, member["s"], volunteer=True, member_comment=" hello ")
    assert (answer.json["volunteer"], answer.json["member_comment"]) == (True, "hello")
    assert type(answer.json["lastUpdated"]) is int
    assert abs(answer.json["lastUpdated"] - time.time()) < 10
    stored = await stored_person(database)
    assert (stored["volunteer"], stored["member_comment"]) == (True, "hello")
    assert answer.json.keys().isdisjoint(NEVER_SHOWN)
    assert "success" not in answer.json


async def test_one_bad_field_stores_nothing_of_the_body(api: Api, database: Database) -> None:
    member = await api.register("ann@example.com")
    before = await stored_person(database)
    answer = await details(api, member["s"], fname="Eve", email="new@example.com", volunteer="maybe", dob=5)
    assert answer.status == 400
    assert [text.split(":")[0] for text in answer.json["error_args"]] == ["dob", "volunteer"]
    assert await stored_person(database) == before


async def test_a_whole_object_can_be_posted_back(api: Api, database: Database) -> None:
    member = await api.register("ann@example.com", fname="Ann", dobDay=7, dobMonth=1, dobYear=1980)
    oddities = {"$$hashKey": "object:3", "do_not_call": "", "addr_suburb": None, "dobDay": 7, "dobYear": 1980}
    answer = await api.post("/api/v0/user_details", {**member, **oddities, "detailsValid": True})
    assert answer.status == 200, answer.text
    stored = await stored_person(database)
    assert (stored["do_not_call"], stored["addr_suburb"], stored["dobDay"]) == (False, "", "7")
    assert stored.keys().isdisjoint({"success", "$$hashKey"})
    assert (stored["detailsValid"], stored["needsValidating"]) == (False, True)
    changed = {name for name in member if answer.json.get(name) != member[name]}
    assert changed <= {"success"}


async def test_imported_values_pass_when_they_come_back_and_stay(api: Api, database: Database) -> None:
    member = await api.register("ann@example.com")
    imported: dict[str, Any] = {
        **{"dobDay": 31, "dobMonth": 2, "dobYear": 1850, "dob": {"__type": "Date", "iso": "1850-02-31"}},
        **{
            "addr_postcode": "20 00",
            "contact_number": "none",
            "fname": "a" * 400,
            "volunteer": "x",
            "address": None,
        },
        **{"valid_regions": "all", "do_not_call": "", "addr_street": None, "extra": {"kept": [1]}},
    }
    await database["users"].update_one({}, {"$set": imported})
    whole = (await details(api, member["s"])).json
    answer = await api.post("/api/v0/user_details", {**whole, "state_consent": False})
    assert answer.status == 200, answer.text
    assert {name: answer.json[name] for name in imported} == imported
    assert answer.json["state_consent"] is False


async def test_what_other_dialects_keep_is_hidden_and_what_an_import_brought_is_shown(
    api: Api, database: Database
) -> None:
    member = await api.register("ann@example.com")
    imported = {"donations_total": 5, "login_note": {"seen": [1]}, "validationReason": "seen"}
    hidden = dict.fromkeys(NEVER_SHOWN - {"email_lower", "auth", "addr_state"}, "hidden-7f3a")
    await database["users"].update_one({}, {"$set": {**imported, **hidden}})
    for changes in ({}, {"volunteer": True}, {"fname": "Ann"}):
        answer = await details(api, member["s"], **changes)
        assert answer.json.keys().isdisjoint(NEVER_SHOWN)
        assert "hidden-7f3a" not in answer.text
        assert {name: answer.json.get(name) for name in ("donations_total", "login_note")} == {
            **{"donations_total": 5, "login_note": {"seen": [1]}}
        }


# What resets validation

VALIDATED: dict[str, Any] = {
    **{"needsValidating": False, "detailsValid": True, "doubleCheckedValidation": True},
    **{"valid_federal": True, "valid_state": True, "validationReason": "seen", "lastValidated": 1500000000},
}
ELECTORAL: dict[str, Any] = {
    **{"name": "Ann B", "fname": "Ann", "mnames": "Bea", "sname": "Cee", "address": "1 Foo Ln; 2000"},
    **{"addr_street_no": "1", "addr_street": "Foo Ln", "addr_suburb": "Foo", "addr_postcode": "2000"},
    **{"addr_country": "au", "dobDay": "1", "dobMonth": "2", "dobYear": "1980", "dob": "1980-02-01"},
    **{"onAECRoll": False, "valid_regions": []},
}
HARMLESS: dict[str, Any] = {
    **{"username": "ann", "addr_version": 2, "contact_number": "0400 000 000", "member_comment": "x"},
    **{"referred_by": "Bob", "state_consent": False, "email": "Ann@example.com", "smsOptOut": True},
    **dict.fromkeys(("volunteer", "supervol", "volhtv", "vol_organise", "do_not_call"), True),
    **dict.fromkeys(("candidature_federal", "candidature_state", "candidature_local"), True),
    **dict.fromkeys(("do_not_email_updates", "other_party_membership"), True),
}


async def test_the_presence_of_an_electoral_field_resets_validation(api: Api, database: Database) -> None:
    member = await api.register("ann@example.com")
    for name, value in [*ELECTORAL.items()] * 2:  # the second time it is no change
        await database["users"].update_one({}, {"$set": VALIDATED})
        answer = (await details(api, member["s"], **{name: value})).json
        assert (answer["needsValidating"], answer["lastValidated"]) == (True, 1500000000)
        assert not any(answer[flag] for flag in ("detailsValid", "doubleCheckedValidation"))
        assert not any(answer[flag] for flag in ("valid_federal", "valid_state"))
        assert "validationReason" not in answer


async def test_other_fields_leave_validation_alone(api: Api, database: Database) -> None:
    member = await api.register("ann@example.com")
    await database["users"].update_one({}, {"$set": VALIDATED})
    for name, value in HARMLESS.items():
        answer = await details(api, member["s"], **{name: value})
        assert answer.json[name] == value
        assert {flag: answer.json[flag] for flag in VALIDATED} == VALIDATED
