"""The account's names, and the proof of its addresses."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.knowme.accounts import NOBODY, SECRET, Town
from tests.knowme.client import App

PROFILE = "/account/profile/"
BAD_KEY = {"key": ["This key is invalid."]}
OLD_KEY = {"key": ["This key has expired. Please send a new verification email and try again."]}
BAD_CREDENTIALS = {"non_field_errors": ["The provided credentials were invalid."]}


async def test_an_account_shows_its_names_and_its_primary_address(town: Town, ann: App) -> None:
    answer = await ann.get(PROFILE)
    expected = {"id": ann.number, "email": "ann@example.com", "first_name": "Ann", "last_name": "Lee"}
    assert (answer.status, answer.json) == (200, expected)
    assert (await town.api.get(PROFILE)).json == NOBODY
    assert (await ann.delete(PROFILE)).status == 405


async def test_names_change_for_all_dialects(town: Town, ann: App) -> None:
    await town.change("ann@example.com", needsValidating=False, detailsValid=True)
    answer = await ann.patch(PROFILE, {"first_name": " Anna ", "email": "new@example.com", "id": 99})
    assert (answer.status, answer.json["first_name"], answer.json["email"]) == (
        *(200, "Anna"),
        "ann@example.com",
    )
    person = await town.person("ann@example.com")
    assert (person["fname"], person["sname"], person["name"]) == ("Anna", "Lee", "Anna Lee")
    assert (person["needsValidating"], person["detailsValid"]) == (True, False)


async def test_the_same_names_are_no_change(town: Town, ann: App) -> None:
    await town.change("ann@example.com", needsValidating=False, detailsValid=True)
    for method, body in (("PATCH", {}), ("PUT", {"first_name": "Ann", "last_name": "Lee"})):
        assert (await ann.send(method, PROFILE, body)).status == 200
    assert (await town.person("ann@example.com"))["detailsValid"] is True


async def test_names_of_every_length_up_to_255_are_kept_whole(town: Town, ann: App) -> None:
    answer = await ann.put(PROFILE, {"first_name": "é" * 255, "last_name": "ß" * 255})
    assert answer.json["first_name"] == "é" * 255
    refused = await ann.put(PROFILE, {"first_name": "e" * 256})
    assert refused.json == {
        "first_name": ["Ensure this field has no more than 255 characters."],
        "last_name": ["This field is required."],
    }


async def test_a_confirmation_proves_the_address_once(town: Town) -> None:
    await town.register("ann@example.com")
    before = await town.person("ann@example.com")
    key = await town.key("ann@example.com")
    first, second = await town.verify(key), await town.verify(key)
    assert (first.status, first.json) == (200, {})
    assert (second.status, second.json) == (400, BAD_KEY)
    after = await town.person("ann@example.com")
    assert after["email_validated"] is True
    assert "unproven" not in after["auth"]
    assert after["s"] != before["s"]
    assert (await town.login("ann@example.com")).status == 200


async def test_a_later_proof_leaves_the_secret_alone(town: Town) -> None:
    ann = await town.settle("ann@example.com")
    before = await town.person("ann@example.com")
    await ann.make("/account/emails/", email="other@example.com")
    assert (await town.verify(await town.key("other@example.com"))).status == 200
    after = await town.person("ann@example.com")
    assert (after["s"], after["auth"]["generation"]) == (before["s"], before["auth"]["generation"])


async def test_a_wrong_password_does_not_use_the_key_up(town: Town) -> None:
    await town.register("ann@example.com")
    key = await town.key("ann@example.com")
    assert (await town.verify(key, "wrong words")).json == BAD_CREDENTIALS
    await town.change("ann@example.com", is_active=False)
    assert (await town.verify(key)).json == BAD_CREDENTIALS
    await town.change("ann@example.com", is_active=True)
    assert (await town.verify(key, f" {SECRET} ")).status == 200


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"key": ["This field is required."], "password": ["This field is required."]}),
        ({"key": "unknown"}, {**BAD_KEY, "password": ["This field is required."]}),
        ({"key": "k" * 65, "password": "x"}, {"key": ["Ensure this field has no more than 64 characters."]}),
        ({"key": {"$gt": ""}, "password": "x"}, {"key": ["Not a valid string."]}),
    ],
)
async def test_what_is_wrong_is_named(town: Town, body: dict[str, Any], errors: dict[str, Any]) -> None:
    answer = await town.post("/account/verify-email/", body)
    assert (answer.status, answer.json) == (400, errors)


async def test_a_confirmation_grows_old(town: Town) -> None:
    await town.register("ann@example.com")
    key = await town.key("ann@example.com")
    await town.age("email_confirmations", 86_401)
    assert (await town.verify(key)).json == OLD_KEY


@pytest.mark.settings(email_confirmation_expiration_days=0)
async def test_no_life_means_at_once(town: Town) -> None:
    await town.register("ann@example.com")
    assert (await town.verify(await town.key("ann@example.com"))).json == OLD_KEY


async def test_a_key_used_at_once_is_used_once(town: Town) -> None:
    await town.register("ann@example.com")
    key = await town.key("ann@example.com")
    answers = await asyncio.gather(*(town.verify(key) for _ in range(8)))
    assert sorted(answer.status for answer in answers) == [200] + [400] * 7
    assert all(answer.json == BAD_KEY for answer in answers if answer.status == 400)


@pytest.mark.settings(signin_failures="2", rate_limit_scale=1)
async def test_wrong_passwords_here_count_as_wrong_sign_ins(town: Town) -> None:
    await town.register("ann@example.com")
    key = await town.key("ann@example.com")
    assert [(await town.verify(key, "wrong words")).status for _ in range(3)] == [400, 400, 429]
    assert (await town.login("ann@example.com")).status == 429
