"""Signing in."""

from __future__ import annotations

import hashlib
from urllib.parse import quote

import pytest

from handlers.core.setting_values import RateLimit
from storage.addresses import make_row
from tests.pybossa.browser import Browser, flat
from tests.pybossa.village import PASSWORD, Village
from tests.serving import Api

SIGN_IN = "/account/signin"


async def test_the_form_begins_empty(browser: Browser) -> None:
    answer = await browser.get(SIGN_IN)
    value = answer.json
    assert value["form"].pop("csrf")
    assert value == {
        "auth": {"facebook": False, "google": False, "twitter": False},
        "form": {"email": None, "errors": {}, "password": None},
        "next": None,
        "template": "account/signin.html",
        "title": "Sign in",
    }


async def test_the_right_password_lets_in(john: Browser, village: Village) -> None:
    answer = await village.sign_in(" JohnDoe@Example.com ", f" {PASSWORD} ")
    assert answer.json == {"flash": "Welcome back John Doe", "next": "/", "status": "success"}
    assert answer.status == 200


async def test_missing_fields_are_named(browser: Browser) -> None:
    answer = await browser.post(SIGN_IN, {"email": " ", "password": ""})
    assert answer.status == 200
    assert (answer.json["flash"], answer.json["status"]) == ("Please correct the errors", "error")
    assert answer.json["form"]["errors"] == {
        "email": ["The e-mail is required"],
        "password": ["You must provide a password"],
    }
    assert (answer.json["title"], answer.json["template"]) == ("Sign in", "account/signin.html")
    assert answer.json["auth"] == {"facebook": False, "google": False, "twitter": False}


async def test_an_unknown_address_is_said_to_be_unknown(browser: Browser) -> None:
    answer = await browser.post(SIGN_IN, {"email": "nobody@example.com", "password": "x"})
    assert flat(answer) == (
        200,
        "Ooops, we didn't find you in the system, did you sign up?",
        "info",
        None,
    )
    form = answer.json["form"]
    assert (form["email"], form["password"], form["errors"]) == ("nobody@example.com", "x", {})


async def test_a_wrong_password_is_said_to_be_wrong(john: Browser, village: Village) -> None:
    answer = await village.sign_in("johndoe@example.com", "wrong")
    assert flat(answer) == (200, "Ooops, Incorrect email/password", "error", None)


async def test_an_account_without_a_password_lets_nobody_in(api: Api, browser: Browser) -> None:
    await api.register("ann@example.com", fname="Ann", sname="Lee")
    answer = await browser.post(SIGN_IN, {"email": "ann@example.com", "password": "x"})
    assert answer.json["flash"] == "Ooops, Incorrect email/password"


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        *(("/about", "/about"), ("/account/a%20b/?x=1", "/account/a%20b/?x=1"), ("", None)),
        *(
            ("//evil.example", None),
            ("/\\evil.example", None),
            ("http://evil.example", None),
            ("/\t/x", None),
            ("/\0x", None),
            ("/x\x01", None),
        ),
    ],
)
async def test_next_is_a_path_of_this_host_or_nothing(
    john: Browser, village: Village, asked: str, given: str | None
) -> None:
    browser, path = Browser(village.api), f"{SIGN_IN}?next={quote(asked, safe='')}"
    assert (await browser.get(path)).json["next"] == given
    answer = await browser.post(path, {"email": "johndoe@example.com", "password": PASSWORD})
    assert answer.json["next"] == (given or "/")
    page = await Browser(village.api).submit(path, {"email": "johndoe@example.com", "password": PASSWORD})
    assert (page.status, page.headers["Location"]) == (302, given or "/")


async def test_who_is_signed_in_is_sent_on(john: Browser) -> None:
    assert (await john.get(SIGN_IN)).json == {"next": "/"}
    page = await john.see(SIGN_IN)
    assert (page.status, page.headers["Location"]) == (302, "/")


async def test_members_of_other_dialects_join_when_they_first_sign_in(
    api: Api, village: Village, browser: Browser
) -> None:
    await api.register("ann@example.com", fname="Ann Maria", sname="O'Lee")
    await village.stores.database["users"].update_one(
        {"email": "ann@example.com"}, {"$set": {"password": await village.hash("x"), "set_password": True}}
    )
    assert (await browser.get("/account")).json["total"] == 0
    answer = await browser.post(SIGN_IN, {"email": "ann@example.com", "password": "x"})
    assert answer.json["flash"] == "Welcome back Ann Maria O'Lee"
    profile = (await browser.get("/account/profile")).json["user"]
    assert (profile["name"], profile["locale"], profile["valid_email"]) == ("annmariao'lee", "en", False)
    assert (await browser.get("/account")).json["total"] == 1


async def test_a_verified_further_address_signs_in_and_an_unverified_one_does_not(
    john: Browser, village: Village
) -> None:
    person = await village.row("johndoe")
    rows = village.stores.database["email_addresses"]
    await rows.insert_one(make_row(99, person["_id"], "b@example.com", primary=False))
    assert (await village.sign_in("b@example.com")).json["status"] == "info"
    await rows.update_one({"id": 99}, {"$set": {"verified": True}})
    assert (await village.sign_in("b@example.com")).json["status"] == "success"


@pytest.mark.settings(mailchimp_enabled=True, mailchimp_list_id="l", mailchimp_api_key="k-us1")
async def test_who_was_never_asked_is_asked_about_the_newsletter(john: Browser, village: Village) -> None:
    browser = Browser(village.api)
    fields = {"email": "johndoe@example.com", "password": PASSWORD}
    answer = await browser.post(f"{SIGN_IN}?next=/about?a=b", fields)
    assert answer.json["next"] == "/account/newsletter?next=%2Fabout%3Fa%3Db"
    await village.change("johndoe", pybossa__newsletter_prompted=True)
    assert (await village.sign_in("johndoe@example.com")).json["next"] == "/"


@pytest.mark.settings(twitter_consumer_key="k", twitter_consumer_secret="s", google_client_id="only")
async def test_a_provider_is_offered_where_both_its_settings_are_there(browser: Browser) -> None:
    assert (await browser.get(SIGN_IN)).json["auth"] == {"facebook": False, "google": False, "twitter": True}
    assert 'href="/twitter/"' in (await browser.see(SIGN_IN)).text


@pytest.mark.settings(signin_failures=RateLimit(3, 900), rate_limit_scale=1)
async def test_too_many_wrong_passwords_close_the_door_for_a_while(john: Browser, village: Village) -> None:
    for _ in range(3):
        assert (await village.sign_in("johndoe@example.com", "wrong")).status == 200
    answer = await village.sign_in("johndoe@example.com")
    assert (answer.status, answer.json["code"], answer.json["template"]) == (429, 429, "429.html")
    assert 0 < int(answer.headers["Retry-After"]) <= 900
    page = await Browser(village.api).submit(SIGN_IN, {"email": "johndoe@example.com", "password": PASSWORD})
    assert page.status == 429
    assert "Too often" in page.text


@pytest.mark.settings(signin_failures=RateLimit(2, 900), rate_limit_scale=1)
async def test_unknown_addresses_are_counted_as_well(village: Village) -> None:
    answers = [await village.sign_in("nobody@example.com") for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]


async def test_an_endless_address_is_counted_by_its_beginning(village: Village, browser: Browser) -> None:
    answer = await browser.post(SIGN_IN, {"email": "a" * 50_000 + "@example.com", "password": "x"})
    assert answer.json["status"] == "info"
    rows = await village.stores.database.light("rate_limits").find({}, {"_id": 1}).to_list(None)
    assert any("aaaa" in row["_id"] for row in rows)
    assert max(len(row["_id"]) for row in rows) < 400


async def test_a_person_is_told_of_it_on_their_channel(john: Browser, village: Village) -> None:
    await village.sign_in("johndoe@example.com")
    number = (await village.user("johndoe")).id
    found = await village.stores.outbox.read(f"identity#{number}", None, 10)
    assert [message.data["type"] for message in found.messages][-1] == "new_login"


async def test_another_systems_hash_is_replaced(john: Browser, village: Village) -> None:
    derived = hashlib.pbkdf2_hmac("sha1", b"old", b"salt", 1000).hex()
    await village.change("johndoe", password=f"pbkdf2:sha1$salt${derived}")
    assert (await village.sign_in("johndoe@example.com", "old")).json["status"] == "success"
    assert (await village.row("johndoe"))["password"].startswith("$2")
