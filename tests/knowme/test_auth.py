"""Registering and signing in."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
from typing import Any

import pytest

from storage.passwords import QUEUED_PER_WORKER
from tests.flux.mailbox import text_of
from tests.knowme.accounts import INVALID, SECRET, Town, key_in
from tests.knowme.client import App

TAKEN = {"email": ["user with this email already exists."]}
UNVERIFIED = {"non_field_errors": ["You must verify this email address before logging in."]}
SHORT = "This password is too short. It must contain at least 8 characters."
COMMON = "This password is too common."
NUMERIC = "This password is entirely numeric."


async def test_a_registration_makes_an_account_that_waits_for_its_proof(town: Town) -> None:
    answer = await town.register(" Ann@Example.com ", first_name=" Ann ")
    person = await town.person("ann@example.com")
    assert answer.status == 201
    assert answer.json == {
        "id": person["id"],
        "email": "Ann@Example.com",
        "first_name": "Ann",
        "last_name": "Lee",
    }
    assert "Location" not in answer.headers
    assert (person["name"], person["set_password"], person["email_validated"]) == ("Ann Lee", True, False)
    (row,) = await town.stores.addresses.of(person["_id"])
    assert (row["email"], row["primary"], row["verified"], row["verified_action"]) == (
        *("Ann@Example.com", True),
        *(False, 1),
    )
    assert await town.stores.database["km_users"].count_documents({}) == 0


async def test_the_mail_leads_to_the_confirmation(town: Town) -> None:
    await town.register("ann@example.com")
    (mail,) = await town.mails()
    assert (mail["To"], mail["Subject"]) == ("ann@example.com", "Please Confirm Your Know Me Email")
    assert "Ann" in text_of(mail)
    assert f"https://example.com/confirm-email?key={key_in(mail)}" in text_of(mail)


@pytest.mark.settings(email_confirmation_link_template="https://app.example/{key}/x?a=%7B&key={key}")
async def test_every_place_for_the_key_in_a_link_is_filled(town: Town) -> None:
    await town.register("ann@example.com")
    (mail,) = await town.mails()
    key = key_in(mail)
    assert f"https://app.example/{key}/x?a=%7B&key={key}" in text_of(mail)


async def test_all_bad_fields_are_told_together(town: Town) -> None:
    answer = await town.post("/auth/register/", {"email": "nobody", "password": "12345", "first_name": " "})
    assert answer.status == 400
    assert answer.json == {
        "email": ["Enter a valid email address."],
        "password": [SHORT, COMMON, NUMERIC],
        "first_name": ["This field may not be blank."],
        "last_name": ["This field is required."],
    }


@pytest.mark.parametrize(
    ("password", "reasons"),
    [
        ("password", [COMMON]),
        ("PassWord", [COMMON]),
        ("12345678", [COMMON, NUMERIC]),
        ("12345", [SHORT, COMMON, NUMERIC]),
        ("63920571846", [NUMERIC]),
        ("jennifer", [COMMON]),
        ("qwertyuiop", [COMMON]),
        ("88888888", [COMMON, NUMERIC]),
        ("  x7!  ", [SHORT]),
        ("9" * 129, ["Ensure this field has no more than 128 characters."]),
        (None, ["This field may not be null."]),
        ({"$gt": ""}, ["Not a valid string."]),
        ("seven\0seven", ["Null characters are not allowed."]),
    ],
)
async def test_a_weak_password_is_refused(town: Town, password: Any, reasons: list[str]) -> None:
    answer = await town.register("ann@example.com", password)
    assert (answer.status, answer.json) == (400, {"password": reasons})
    assert await town.stores.database["users"].count_documents({}) == 0


async def test_an_address_belongs_to_one_account_of_any_dialect(town: Town) -> None:
    await town.api.register("flux@example.com")
    await town.register("ann@example.com")
    for email in ("Flux@example.com", "ANN@example.com"):
        answer = await town.register(email)
        assert (answer.status, answer.json) == (400, TAKEN)


async def test_one_of_many_registrations_of_an_address_comes_first(town: Town) -> None:
    answers = await asyncio.gather(*(town.register(f"{'aA'[n % 2]}nn@example.com") for n in range(12)))
    assert sorted(answer.status for answer in answers) == [201] + [400] * 11
    assert all(answer.json == TAKEN for answer in answers if answer.status == 400)
    counts = [
        await town.stores.database[name].count_documents({})
        for name in ("users", "email_addresses", "email_confirmations")
    ]
    assert (counts, len(await town.mails())) == ([1, 1, 1], 1)


async def test_whoever_has_a_token_cannot_register(town: Town, ann: App) -> None:
    refused = await ann.post("/auth/register/", {})
    assert (refused.status, refused.json) == (
        403,
        {"detail": "This view requires the user to NOT be authenticated."},
    )
    bad = await town.post("/auth/register/", {}, Authorization="Token nonsense")
    assert (bad.status, bad.json) == (403, {"detail": "Invalid token."})


@pytest.mark.settings(registrations_per_client="2", rate_limit_scale=1)
async def test_registrations_of_a_client_are_limited(town: Town) -> None:
    answers = [await town.register(f"ann{number}@example.com") for number in range(3)]
    assert [answer.status for answer in answers] == [201, 201, 429]
    assert 3590 <= int(answers[2].headers["Retry-After"]) <= 3600


async def test_signing_in_needs_the_proof_and_then_gives_the_same_token_ever_after(town: Town) -> None:
    await town.register("ann@example.com")
    early = await town.login("ann@example.com")
    assert (early.status, early.json) == (400, UNVERIFIED)
    assert (await town.verify(await town.key("ann@example.com"))).status == 200
    first = await town.login("ann@example.com")
    assert first.status == 200
    assert set(first.json) == {"token"}
    assert len(first.json["token"]) == 40
    again = await town.post("/auth/login/", {"email": "ANN@example.com ", "password": f" {SECRET} "})
    assert again.json == first.json
    assert (await town.person("ann@example.com"))["auth"]["last_login"] > 1e15


async def test_who_cannot_sign_in_learns_nothing(town: Town) -> None:
    await town.settle("ann@example.com")
    await town.register("new@example.com")
    await town.api.register("flux@example.com")
    await town.settle("gone@example.com")
    await town.change("gone@example.com", is_active=False)
    for email, password in (
        ("ann@example.com", "wrong words"),
        ("new@example.com", "wrong words"),
        ("flux@example.com", SECRET),
        ("gone@example.com", SECRET),
        ("nobody@example.com", SECRET),
    ):
        answer = await town.login(email, password)
        assert (answer.status, answer.json) == (400, INVALID), email


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"username": ["This field is required."], "password": ["This field is required."]}),
        ({"email": "x", "password": "p"}, {"email": ["Enter a valid email address."]}),
        (
            {"username": {"$gt": ""}, "email": "a@b.org", "password": "p"},
            {"username": ["Enter a valid email address."]},
        ),
        ({"username": None, "password": ""}, {
            "username": ["This field may not be null."], "password": ["This field may not be blank."],
        }),
    ],
)  # fmt: skip
async def test_what_is_missing_or_wrong_is_named(
    town: Town, body: dict[str, Any], errors: dict[str, Any]
) -> None:
    answer = await town.post("/auth/login/", body)
    assert (answer.status, answer.json) == (400, errors)


async def test_first_logins_at_once_get_one_token(town: Town) -> None:
    await town.register("ann@example.com")
    await town.verify(await town.key("ann@example.com"))
    answers = await asyncio.gather(*(town.login("ann@example.com") for _ in range(12)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.json["token"] for answer in answers}) == 1


async def test_an_imported_hash_works_as_it_is_and_is_made_anew(town: Town) -> None:
    """Another system did not trim: its hash may be of the blanks, too."""
    await town.settle("ann@example.com")
    digest = hashlib.pbkdf2_hmac("sha256", b" old words ", b"salt", 1000)
    stored = f"pbkdf2_sha256$1000$salt${base64.b64encode(digest).decode()}"
    await town.change("ann@example.com", password=stored)
    before = await town.person("ann@example.com")
    assert (await town.login("ann@example.com", "old words")).status == 400
    assert (await town.login("ann@example.com", " old words ")).status == 200
    after = await town.person("ann@example.com")
    assert after["password"].startswith("$2b$")
    assert after["auth"]["generation"] == before["auth"]["generation"]
    assert (await town.login("ann@example.com", "old words")).status == 200


@pytest.mark.settings(signin_failures="3", rate_limit_scale=1)
async def test_after_too_many_wrong_tries_the_right_password_is_not_listened_to(town: Town) -> None:
    await town.settle("ann@example.com")
    for email in ("ann@example.com", "nobody@example.com"):
        tries = [await town.login(email, "wrong words") for _ in range(4)]
        assert [answer.status for answer in tries] == [400, 400, 400, 429]
    answer = await town.login("ANN@example.com")
    assert answer.status == 429
    seconds = int(answer.headers["Retry-After"])
    assert 890 <= seconds <= 900
    detail = f"Request was throttled. Expected available in {seconds} seconds."
    assert answer.json == {"detail": detail}


@pytest.mark.settings(signin_failures="3", rate_limit_scale=1)
async def test_right_passwords_and_parallel_guesses_are_counted_right(town: Town) -> None:
    await town.settle("ann@example.com")
    right = await asyncio.gather(*(town.login("ann@example.com") for _ in range(8)))
    assert {answer.status for answer in right} == {200}
    wrong = await asyncio.gather(*(town.login("ann@example.com", "wrong words") for _ in range(10)))
    assert sorted(answer.status for answer in wrong) == [400] * 3 + [429] * 7


@pytest.mark.settings(
    signin_failures="0", signin_failures_address="2", rate_limit_scale=1, trusted_proxies=("127.0.0.1",)
)
async def test_an_address_is_guarded_against_many_clients(town: Town) -> None:
    statuses = []
    for number in range(3):
        body = {"username": "ann@example.com", "password": "wrong words"}
        answer = await town.post("/auth/login/", body, X_Forwarded_For=f"10.0.0.{number}")
        statuses.append(answer.status)
    assert statuses == [400, 400, 429]


async def test_forms_are_read_too(town: Town) -> None:
    await town.settle("ann@example.com")
    for kind, body in (
        ("application/x-www-form-urlencoded", b"username=ann%40example.com&password=correct+horse+7"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="username"\r\n\r\nann@example.com\r\n'
            b'--x\r\nContent-Disposition: form-data; name="password"\r\n\r\ncorrect horse 7\r\n--x--\r\n',
        ),
    ):
        answer = await town.api.call("POST", "/auth/login/", body, {"Content-Type": kind})
        assert answer.status == 200, answer.text


@pytest.mark.settings(bcrypt_rounds=9)
async def test_whoever_finds_the_queue_of_hashes_full_is_told_to_come_back(town: Town) -> None:
    room = (os.cpu_count() or 1) * (1 + QUEUED_PER_WORKER)
    answers = await asyncio.gather(*(town.login(f"nobody{number}@example.com") for number in range(room + 9)))
    assert {answer.status for answer in answers} == {400, 503}
    refused = next(answer for answer in answers if answer.status == 503)
    assert (refused.headers["Retry-After"], set(refused.json)) == ("1", {"detail"})
    assert "folkmoot_bcrypt_queue 0.0" in (await town.api.get("/metrics")).text
