"""Changing passwords, by the old one or by a mailed key."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from storage.driver import ObjectId
from storage.errors import Departed
from tests.flux.mailbox import text_of
from tests.knowme.accounts import INVALID, NEW_SECRET, NOBODY, SECRET, Town, key_in
from tests.serving import Answer

CHANGE, RESET = "/account/change-password/", "/account/reset-password/"
CHANGED = "Your Know Me Password was Changed"
RESET_SUBJECT = "Instructions to Reset Your Know Me Password"
WRONG = {
    "old_password": [
        "Authentication failed. The provided password does not match your current password."
    ]
}  # fmt: skip
BAD_KEY = {"non_field_errors": ["The provided password reset key is invalid."]}
OLD_KEY = {"non_field_errors": ["The provided key has expired. Please request a new password reset."]}
SAME = {"non_field_errors": ["The new password must be different from the current password."]}
NEITHER = {"non_field_errors": ["Either 'key' or 'old_password' must be given."]}


async def redeem(town: Town, key: Any, password: Any = NEW_SECRET, **more: Any) -> Answer:
    """Set a password by a key."""
    return await town.post(CHANGE, {"key": key, "new_password": password, **more})


async def sees(town: Town, token: str) -> int:
    """Return the status of a call with a token."""
    return (await town.api.get("/account/profile/", Authorization=f"Token {token}")).status


async def test_the_old_password_buys_a_new_one(town: Town) -> None:
    ann = await town.settle("ann@example.com")
    before = await town.person("ann@example.com")
    old_key = await town.reset_key("ann@example.com")
    answer = await ann.post(CHANGE, {"old_password": f" {SECRET} ", "new_password": f" {NEW_SECRET} "})
    assert (answer.status, answer.json) == (200, {})
    after = await town.person("ann@example.com")
    assert after["s"] == before["s"]
    assert after["auth"]["generation"] == before["auth"]["generation"] + 1
    assert (await town.login("ann@example.com")).json == INVALID
    assert (await town.login("ann@example.com", NEW_SECRET)).json == {"token": ann.token}
    assert (await redeem(town, old_key, "a third horse 9")).json == BAD_KEY
    (mail,) = [each for each in await town.mails("ann@example.com") if each["Subject"] == CHANGED]
    assert "Ann" in text_of(mail)
    assert "http" not in text_of(mail)


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"old_password": "wrong", "new_password": NEW_SECRET}, WRONG),
        (
            {"old_password": "wrong", "new_password": "password"},
            {**WRONG, "new_password": ["This password is too common."]},
        ),
        ({"old_password": SECRET, "new_password": SECRET}, SAME),
        ({"new_password": NEW_SECRET}, NEITHER),
        ({}, {"new_password": ["This field is required."]}),
        (
            {"old_password": None, "new_password": NEW_SECRET},
            {"old_password": ["This field may not be null."]},
        ),
        ({"old_password": {"$ne": 1}, "new_password": NEW_SECRET}, {"old_password": ["Not a valid string."]}),
        ({"key": "", "new_password": NEW_SECRET}, {"key": ["This field may not be blank."]}),
        ({"key": "unknown", "old_password": SECRET, "new_password": NEW_SECRET}, BAD_KEY),
    ],
)
async def test_what_is_wrong_is_named_and_changes_nothing(
    town: Town, body: dict[str, Any], errors: dict[str, Any]
) -> None:
    ann = await town.settle("ann@example.com")
    answer = await ann.post(CHANGE, body)
    assert (answer.status, answer.json) == (400, errors)
    assert (await town.login("ann@example.com")).status == 200
    assert CHANGED not in await town.subjects("ann@example.com")


@pytest.mark.parametrize("body", [b"", b"{}", b'{"old_password": "x", "new_password": "y"}', b"{broken"])
async def test_nobody_needs_a_key(town: Town, body: bytes) -> None:
    answer = await town.api.call("POST", CHANGE, body, {"Content-Type": "application/json"})
    assert (answer.status, answer.json) == (403, NOBODY)


@pytest.mark.settings(signin_failures="2", rate_limit_scale=1)
async def test_wrong_old_passwords_count_as_wrong_sign_ins(town: Town) -> None:
    ann = await town.settle("ann@example.com")
    body = {"old_password": "wrong", "new_password": NEW_SECRET}
    assert [(await ann.post(CHANGE, body)).status for _ in range(3)] == [400, 400, 429]
    assert (await town.login("ann@example.com")).status == 429


async def test_of_changes_at_once_one_finds_the_old_password(town: Town) -> None:
    ann = await town.settle("ann@example.com")
    bodies = [{"old_password": SECRET, "new_password": f"{NEW_SECRET} {number}"} for number in range(6)]
    answers = await asyncio.gather(*(ann.post(CHANGE, body) for body in bodies))
    assert sorted(answer.status for answer in answers) == [200] + [400] * 5
    assert (await town.subjects("ann@example.com")).count(CHANGED) == 1


async def test_a_key_lets_its_owner_in_alone(town: Town) -> None:
    """Secret and token end with the password; the next sign-in makes another token."""
    ann = await town.settle("ann@example.com")
    before = await town.person("ann@example.com")
    first, second = [await town.reset_key("ann@example.com") for _ in range(2)]
    answer = await redeem(town, second, old_password="ignored")
    assert (answer.status, answer.json) == (200, {})
    after = await town.person("ann@example.com")
    assert after["s"] != before["s"]
    assert after["auth"]["generation"] == before["auth"]["generation"] + 1
    assert await sees(town, ann.token) == 403
    token = (await town.login("ann@example.com", NEW_SECRET)).json["token"]
    assert token != ann.token
    assert await sees(town, token) == 200
    for key in (first, second):
        assert (await redeem(town, key, "a third horse 9")).json == BAD_KEY
    assert (await town.subjects("ann@example.com"))[-1] == CHANGED


async def test_earlier_keys_stay_good_until_the_password_changes(town: Town) -> None:
    await town.settle("ann@example.com")
    first, second = [await town.reset_key("ann@example.com") for _ in range(2)]
    assert first != second
    assert (await redeem(town, first)).status == 200


async def test_a_key_works_for_whoever_calls(town: Town) -> None:
    await town.settle("ann@example.com")
    bob = await town.settle("bob@example.com")
    answer = await bob.post(
        CHANGE, {"key": await town.reset_key("ann@example.com"), "new_password": NEW_SECRET}
    )
    assert answer.status == 200
    assert (await town.login("ann@example.com", NEW_SECRET)).status == 200
    assert (await town.login("bob@example.com")).json == {"token": bob.token}


async def test_a_refused_password_does_not_use_the_key_up(town: Town) -> None:
    await town.settle("ann@example.com")
    key = await town.reset_key("ann@example.com")
    assert (await redeem(town, key, "password")).json == {"new_password": ["This password is too common."]}
    assert (await redeem(town, key, SECRET)).json == SAME
    assert (await redeem(town, key)).status == 200


async def test_a_key_used_at_once_is_used_once(town: Town) -> None:
    await town.settle("ann@example.com")
    key = await town.reset_key("ann@example.com")
    answers = await asyncio.gather(*(redeem(town, key, f"{NEW_SECRET} {number}") for number in range(8)))
    assert sorted(answer.status for answer in answers) == [200] + [400] * 7
    assert all(answer.json == BAD_KEY for answer in answers if answer.status == 400)


async def test_a_key_grows_old(town: Town) -> None:
    await town.settle("ann@example.com")
    key = await town.reset_key("ann@example.com")
    await town.age("password_resets", 3601)
    answer = await redeem(town, key)
    assert (answer.status, answer.json) == (400, OLD_KEY)
    await town.change("ann@example.com", is_active=False)
    assert (await redeem(town, key)).json == BAD_KEY


async def test_an_unknown_address_looks_like_any_other(town: Town) -> None:
    await town.settle("ann@example.com")
    await town.register("new@example.com")
    sent = len(await town.mails())
    for email in ("new@example.com", "nobody@example.com"):
        answer = await town.post(RESET, {"email": f" {email} "})
        assert (answer.status, answer.json) == (200, {"email": email})
    assert len(await town.mails()) == sent
    answer = await town.post(RESET, {"email": "ANN@example.com"})
    assert (answer.status, answer.json) == (200, {"email": "ANN@example.com"})
    assert (await town.subjects("ann@example.com"))[-1] == RESET_SUBJECT


@pytest.mark.parametrize(
    ("body", "reason"),
    [({}, "This field is required."), ({"email": "x"}, "Enter a valid email address.")],
)
async def test_a_malformed_address_is_refused(town: Town, body: dict[str, Any], reason: str) -> None:
    answer = await town.post(RESET, body)
    assert (answer.status, answer.json) == (400, {"email": [reason]})


@pytest.mark.settings(mails_per_address="2", rate_limit_scale=1)
async def test_orders_for_an_address_are_limited_known_or_not(town: Town) -> None:
    for email in ("ann@example.com", "nobody@example.com"):
        spelled = (email, email.upper(), email)
        statuses = [(await town.post(RESET, {"email": each})).status for each in spelled]
        assert statuses == [200, 200, 429]


@pytest.mark.parametrize("stored", ["", "!unusable", "5f4dcc3b5aa765d61d8327deb882cf99"])
async def test_a_member_without_a_password_gets_one_and_a_proven_address(town: Town, stored: str) -> None:
    await town.api.register("flux@example.com", fname="Flo")
    before = await town.person("flux@example.com")
    await town.change("flux@example.com", password=stored)
    key = await town.reset_key("flux@example.com")
    assert (await redeem(town, key)).status == 200
    after = await town.person("flux@example.com")
    assert (after["set_password"], after["email_validated"]) == (True, True)
    assert "unproven" not in after["auth"]
    assert after["s"] != before["s"]
    assert (await town.login("flux@example.com", NEW_SECRET)).status == 200


async def test_an_account_from_elsewhere_may_recover_by_its_unproven_primary_address(town: Town) -> None:
    await town.api.register("klub@example.com", fname="Kim")
    await town.register("ann@example.com")
    hashed = (await town.person("ann@example.com"))["password"]
    await town.change("klub@example.com", password=hashed, set_password=True)
    key = await town.reset_key("klub@example.com")
    assert (await redeem(town, key)).status == 200
    assert (await town.login("klub@example.com", NEW_SECRET)).status == 200


async def test_a_further_address_gets_the_reset_and_the_primary_one_the_notice(town: Town) -> None:
    ann = await town.settle("ann@example.com")
    await ann.make("/account/emails/", email="other@example.com")
    await town.post(RESET, {"email": "other@example.com"})
    assert RESET_SUBJECT not in await town.subjects("other@example.com")
    await town.verify(await town.key("other@example.com"))
    key = await town.reset_key("other@example.com")
    assert RESET_SUBJECT not in await town.subjects("ann@example.com")
    assert (await redeem(town, key)).status == 200
    assert (await town.subjects("ann@example.com"))[-1] == CHANGED
    assert CHANGED not in await town.subjects("other@example.com")


async def test_keys_mailed_to_an_address_leave_with_it(town: Town) -> None:
    ann = await town.settle("ann@example.com")
    made = await ann.make("/account/emails/", email="other@example.com")
    await town.verify(await town.key("other@example.com"))
    key, own = await town.reset_key("other@example.com"), await town.reset_key("ann@example.com")
    assert (await ann.delete(f"/account/emails/{made['id']}/")).status == 204
    assert (await redeem(town, key)).json == BAD_KEY
    assert (await redeem(town, own)).status == 200


@pytest.mark.settings(password_reset_link_template="https://app.example/?key={key}")
async def test_the_reset_mail_leads_to_the_template(town: Town) -> None:
    await town.settle("ann@example.com", first_name="Anna & Co")
    key = await town.reset_key("ann@example.com")
    mail = (await town.mails("ann@example.com"))[-1]
    assert f"https://app.example/?key={key}" in text_of(mail)
    assert "Anna & Co" in text_of(mail)
    assert key_in(mail) == key


async def test_deletion_takes_keys_and_tokens_along(town: Town) -> None:
    ann = await town.settle("ann@example.com")
    key = await town.reset_key("ann@example.com")
    await ann.make("/account/emails/", email="other@example.com")
    await town.stores.deletion.delete(ObjectId(ann.oid))
    assert (await redeem(town, key)).json == BAD_KEY
    assert await sees(town, ann.token) == 403
    for name in ("password_resets", "email_confirmations", "email_addresses", "auth_tokens"):
        assert await town.stores.database[name].count_documents({}) == 0, name


async def test_a_sign_in_that_a_reset_overtakes_gets_no_token(town: Town) -> None:
    """It has verified the old password already, and would make the token that the reset has just ended."""
    ann = await town.settle("ann@example.com")
    old = (await town.person("ann@example.com"))["password"]
    assert (await redeem(town, await town.reset_key("ann@example.com"))).status == 200
    with pytest.raises(Departed):
        await town.stores.signin.enter(ann.oid, old)
    assert await town.stores.database["auth_tokens"].count_documents({}) == 0
