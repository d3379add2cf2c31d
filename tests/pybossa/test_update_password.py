"""Changing the password, for all dialects."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.core.setting_values import RateLimit
from tests.pybossa.browser import Browser, flat
from tests.pybossa.village import NEW_PASSWORD, PASSWORD, Village

UPDATE = "/account/johndoe/update"


def password(**fields: Any) -> dict[str, Any]:
    """Return what the form of the password sends."""
    usual = {"current_password": PASSWORD, "new_password": NEW_PASSWORD, "confirm": NEW_PASSWORD}
    return {"btn": "Password", **usual, **fields}


async def test_the_right_one_may_be_replaced(john: Browser, village: Village) -> None:
    other, key = Browser(village.api), (await village.user("johndoe")).api_key
    await village.sign_in("johndoe@example.com", PASSWORD, other)
    answer = await john.post(UPDATE, password(new_password=f" {NEW_PASSWORD} "))
    assert flat(answer) == (200, "Yay, you changed your password succesfully!", "success", UPDATE)
    assert (await john.get("/account/profile")).json["user"]["name"] == "johndoe"
    assert (await other.get("/account/profile")).json["status"] == "not_signed_in"
    assert (await village.sign_in("johndoe@example.com")).json["status"] == "error"
    assert (await village.sign_in("johndoe@example.com", NEW_PASSWORD)).json["status"] == "success"
    assert (await village.user("johndoe")).api_key == key
    login = {"email": "johndoe@example.com", "password": NEW_PASSWORD}
    assert (await village.api.post("/auth/login/", login, Content_Type="application/json")).status == 200


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"new_password": " ", "confirm": " "}, "Password cannot be empty"),
        ({"confirm": "different"}, "Passwords must match"),
    ],
)
async def test_a_bad_new_one_is_named(john: Browser, fields: dict[str, str], wrong: str) -> None:
    answer = await john.post(UPDATE, password(**fields))
    assert flat(answer) == (200, "Please correct the errors", "error", None)
    form = answer.json["password_form"]
    assert form["errors"] == {"new_password": [wrong]}
    assert form["current_password"] == PASSWORD
    assert answer.json["form"]["errors"] == {}
    page = await john.submit(UPDATE, password(**fields))
    assert 'id="new_password-error"' in page.text
    assert f'value="{PASSWORD}"' not in page.text


async def test_the_wrong_one_changes_nothing(john: Browser, village: Village) -> None:
    answer = await john.post(UPDATE, password(current_password="wrong"))
    told = "Your current password doesn't match the one in our records"
    assert flat(answer) == (200, told, "error", None)
    assert (await village.sign_in("johndoe@example.com")).json["status"] == "success"


async def test_without_a_password_there_is_no_form(john: Browser, village: Village) -> None:
    await village.change("johndoe", password="", set_password=False)
    assert (await john.get(UPDATE)).json["show_passwd_form"] is False
    assert 'name="new_password"' not in (await john.see(UPDATE)).text
    assert (await john.post(UPDATE, password())).json["status"] == "error"


async def test_a_huge_password_is_a_bad_request(john: Browser) -> None:
    huge = "x" * 1025
    assert (await john.post(UPDATE, password(new_password=huge, confirm=huge))).status == 400
    assert (await john.post(UPDATE, password(current_password=huge))).status == 400


@pytest.mark.settings(signin_failures=RateLimit(2, 900), rate_limit_scale=1)
async def test_guessing_here_counts_as_guessing_at_the_door(john: Browser, village: Village) -> None:
    for _ in range(2):
        await john.post(UPDATE, password(current_password="wrong"))
    assert (await john.post(UPDATE, password())).status == 429
    assert (await village.sign_in("johndoe@example.com")).status == 429


async def test_others_hear_of_it_on_their_channel(john: Browser, village: Village) -> None:
    await john.post(UPDATE, password())
    number = (await village.user("johndoe")).id
    found = await village.stores.outbox.read(f"identity#{number}", None, 10)
    assert "password_changed" in [message.data["type"] for message in found.messages]
