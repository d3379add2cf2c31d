"""Changing what one is called, how one is reached, and what one chooses."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

import pytest

from handlers.core.setting_values import RateLimit
from tests.pybossa.browser import JSON, Browser, flat
from tests.pybossa.village import PASSWORD, Village
from tests.serving import Api

UPDATE = "/account/johndoe/update"
SAVED = "Your profile has been updated!"
CORRECT = "Please correct the errors"


def profile(**fields: Any) -> dict[str, Any]:
    """Return what John's form of the profile sends."""
    usual = {"fullname": "John Doe", "name": "johndoe", "email_addr": "johndoe@example.com"}
    return {"btn": "Profile", **usual, "locale": "en", "subscribed": True, "privacy_mode": True, **fields}


async def test_the_page_shows_what_is_stored(john: Browser, village: Village) -> None:
    answer = await john.get(UPDATE)
    value = answer.json
    for form in ("form", "password_form", "upload_form"):
        assert value[form].pop("csrf")
    assert value == {
        "flash": None,
        "form": {
            "ckan_api": None,
            "email_addr": "johndoe@example.com",
            "errors": {},
            "fullname": "John Doe",
            "id": (await village.user("johndoe")).id,
            "locale": "en",
            "name": "johndoe",
            "privacy_mode": True,
            "restrict": False,
            "subscribed": True,
        },
        "password_form": {"confirm": None, "current_password": None, "errors": {}, "new_password": None},
        "show_passwd_form": True,
        "template": "/account/update.html",
        "title": "Update your profile: John Doe",
        "upload_form": {"avatar": None, "errors": {}, "id": None, "x1": 0, "x2": 0, "y1": 0, "y2": 0},
    }


async def test_strangers_sign_in_and_others_may_not(api: Api, john: Browser, village: Village) -> None:
    stranger = await api.get(UPDATE, **JSON)
    assert (stranger.status, stranger.headers["Location"]) == (
        302,
        f"/account/signin?next={quote(UPDATE, safe='')}",
    )
    mary = await village.settle("mary", "Mary Major")
    assert (await mary.get(UPDATE)).status == 403
    assert (await mary.post(UPDATE, profile())).status == 403
    assert (await mary.get("/account/nobody/update")).status == 404
    assert (await mary.call("POST", "/account/nobody/update", b"{}", JSON)).json["description"] == (
        "CSRF validation failed."
    )


async def test_admins_may(john: Browser, village: Village) -> None:
    mary = await village.settle("mary", "Mary Major")
    await village.change("mary", auth__superuser=True)
    assert (await mary.get(UPDATE)).json["form"]["name"] == "johndoe"
    answer = await mary.post(UPDATE, profile(fullname="John Q. Public", id=1))
    assert flat(answer) == (200, SAVED, "success", UPDATE)
    person = await village.row("johndoe")
    assert [person[part] for part in ("name", "fname", "mnames", "sname")] == [
        *("John Q. Public", "John", "Q.", "Public")
    ]
    assert (await mary.get("/account/profile")).json["user"]["fullname"] == "Mary Major"


@pytest.mark.parametrize("button", [None, "profile", "PROFILE", "Delete", ""])
async def test_an_unknown_form_is_refused(john: Browser, button: str | None) -> None:
    answer = await john.post(UPDATE, {**profile(), "btn": button})
    assert (answer.status, answer.json["code"], answer.json["template"]) == (415, 415, "415.html")
    assert (await john.submit(UPDATE, {"btn": button or ""})).status == 415


async def test_everything_is_saved(john: Browser, village: Village) -> None:
    sent = profile(fullname="Jack Doe", locale="es", subscribed=False, privacy_mode="off", restrict="yes")
    answer = await john.post(UPDATE, sent)
    assert answer.json == {"flash": SAVED, "next": UPDATE, "status": "success"}
    user = await village.user("johndoe")
    stored = (user.fullname, user.locale, user.subscribed, user.privacy_mode, user.restrict)
    assert stored == ("Jack Doe", "es", False, False, True)
    assert (await john.get("/account")).json["total"] == 1
    assert (await Browser(village.api).get("/account/johndoe")).json["title"] == "User data is restricted"


async def test_missing_texts_stay_and_missing_choices_are_a_no(john: Browser, village: Village) -> None:
    assert (await john.post(UPDATE, {"btn": "Profile", "fullname": None})).json["flash"] == SAVED
    user = await village.user("johndoe")
    assert (user.fullname, user.name, user.email) == ("John Doe", "johndoe", "johndoe@example.com")
    assert (user.locale, user.subscribed, user.privacy_mode, user.restrict) == ("en", False, False, False)


async def test_a_person_without_a_full_name_keeps_none(john: Browser, village: Village) -> None:
    await village.change("johndoe", name="")
    assert (await john.get(UPDATE)).json["form"]["fullname"] == "johndoe"
    await john.post(UPDATE, {"btn": "Profile"})
    assert (await village.row("johndoe"))["name"] == ""


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"fullname": "Jo"}, {"fullname": ["Full name must be between 3 and 35 characters long"]}),
        (
            {"name": "a b"},
            {"name": ["$#&\\/| and space symbols are forbidden"]},
        ),
        ({"name": "newsletter"}, {"name": ["This name is used by the system."]}),
        ({"name": "mary"}, {"name": ["The user name is already taken"]}),
        ({"email_addr": "MARY@example.com"}, {"email_addr": ["Email is already taken"]}),
        ({"email_addr": "nonsense"}, {"email_addr": ["Invalid email address."]}),
        ({"locale": "xx"}, {"locale": ["Not a valid choice"]}),
    ],
)
async def test_what_is_wrong_is_named_and_nothing_saved(
    john: Browser, village: Village, fields: dict[str, str], errors: dict[str, list[str]]
) -> None:
    await village.settle("mary", "Mary Major")
    before = await village.row("johndoe")
    answer = await john.post(UPDATE, profile(**{"restrict": True, "fullname": "Other Name", **fields}))
    assert flat(answer) == (200, CORRECT, "error", None)
    form = answer.json["form"]
    assert form["errors"] == errors
    assert form["restrict"] is True
    assert {name: form[name] for name in fields} == fields
    assert (answer.json["template"], answer.json["show_passwd_form"]) == ("/account/update.html", True)
    after = await village.row("johndoe")
    assert (after["name"], after["pybossa"]) == (before["name"], before["pybossa"])


@pytest.mark.parametrize("value", [{"$gt": ""}, ["x"], True, "a\0b"])
@pytest.mark.parametrize("field", ["fullname", "email_addr", "btn", "new_password", "ckan_api"])
async def test_what_is_no_text_is_a_bad_request(john: Browser, field: str, value: Any) -> None:
    answer = await john.post(UPDATE, profile(**{field: value}))
    assert (answer.status, answer.json["code"]) == (400, 400)


async def test_another_address_counts_once_its_link_is_opened(john: Browser, village: Village) -> None:
    await village.change("johndoe", pybossa__newsletter_prompted=True)
    answer = await john.post(UPDATE, profile(email_addr=" New@Example.com ", locale="it"))
    told = "An email has been sent to verify your new email: New@Example.com. "
    assert flat(answer) == (200, f"{told}Once you verify it, it will be updated.", "info", UPDATE)
    user = await village.user("johndoe")
    assert (user.email, user.pending_email, user.locale) == ("johndoe@example.com", "New@Example.com", "it")
    assert (user.valid_email, user.confirmation_email_sent, user.newsletter_prompted) == (False, True, False)
    assert (await village.sign_in("johndoe@example.com")).json["status"] == "success"
    assert (await village.sign_in("new@example.com")).json["status"] == "info"
    mail = (await village.mails("New@Example.com"))[-1]
    assert mail["Subject"] == "You have updated your email in Folkmoot! Verify it"
    opened = await Browser(village.api).get(await village.link("New@Example.com"))
    assert flat(opened) == (200, "Your email has been validated.", "message", "/")
    user = await village.user("johndoe")
    assert (user.email, user.valid_email, user.pending_email) == ("New@Example.com", True, None)
    assert (await village.sign_in("new@example.com")).json["status"] == "success"
    assert (await village.sign_in("johndoe@example.com")).json["status"] == "info"


async def test_the_same_address_in_other_letters_is_no_change(john: Browser, village: Village) -> None:
    answer = await john.post(UPDATE, profile(email_addr="JOHNDOE@example.com"))
    assert answer.json["flash"] == SAVED
    assert (await village.user("johndoe")).email == "johndoe@example.com"
    assert (await village.user("johndoe")).valid_email is True


async def test_a_link_is_dead_once_another_address_is_pending(john: Browser, village: Village) -> None:
    await john.post(UPDATE, profile(email_addr="one@example.com"))
    await john.post(UPDATE, profile(email_addr="two@example.com"))
    assert (await john.get(await village.link("one@example.com"))).status == 403
    assert (await john.get(await village.link("two@example.com"))).status == 200
    assert (await village.user("johndoe")).email == "two@example.com"


async def test_a_pending_address_is_not_reserved(john: Browser, village: Village) -> None:
    await john.post(UPDATE, profile(email_addr="new@example.com"))
    await village.settle("mary", "Mary Major", email_addr="new@example.com")
    link = [mail for mail in await village.mails("new@example.com") if "updated" in mail["Subject"]]
    assert len(link) == 1
    user = await village.user("johndoe")
    assert (user.email, user.pending_email) == ("johndoe@example.com", "new@example.com")


@pytest.mark.settings(account_confirmation_disabled=True)
async def test_without_confirmation_an_address_changes_at_once(village: Village) -> None:
    browser = Browser(village.api)
    await browser.post("/account/register", village.form())
    assert (await browser.post(UPDATE, profile(email_addr="new@example.com"))).json["flash"] == SAVED
    user = await village.user("johndoe")
    assert (user.email, user.valid_email, user.pending_email) == ("new@example.com", True, None)
    assert await village.mails() == []
    assert (await village.sign_in("johndoe@example.com")).json["status"] == "info"


@pytest.mark.settings(spam="spam.example")
async def test_a_spammers_address_is_refused(john: Browser, village: Village) -> None:
    answer = await john.post(UPDATE, profile(email_addr="x@Spam.example", locale="it"))
    assert flat(answer) == (200, "Use a valid email account", "info", None)
    assert answer.json["form"]["email_addr"] == "x@Spam.example"
    user = await village.user("johndoe")
    assert (user.locale, user.pending_email) == ("en", None)


@pytest.mark.settings(mails_per_address=RateLimit(2, 3600), rate_limit_scale=1)
async def test_nobody_is_flooded_with_links(john: Browser) -> None:
    for _ in range(2):
        assert (await john.post(UPDATE, profile(email_addr="new@example.com"))).status == 200
    assert (await john.post(UPDATE, profile(email_addr="new@example.com"))).status == 429


async def test_another_name_ends_all_sessions(john: Browser, village: Village) -> None:
    other = Browser(village.api)
    await village.sign_in("johndoe@example.com", PASSWORD, other)
    answer = await john.post(UPDATE, profile(name="jöhn"))
    assert flat(answer) == (200, SAVED, "success", f"/account/{quote('jöhn')}/update")
    for browser in (john, other):
        assert (await browser.get("/account/profile")).json["status"] == "not_signed_in"
    assert (await john.get("/account/johndoe")).status == 404
    assert (await john.get(f"/account/{quote('jöhn')}")).status == 200


async def test_one_of_two_gets_a_name(john: Browser, village: Village) -> None:
    mary = await village.settle("mary", "Mary Major")
    own = {"btn": "Profile", "name": "first"}
    answers = await asyncio.gather(
        john.post(UPDATE, own), mary.post("/account/mary/update", own), return_exceptions=False
    )
    assert sorted(answer.json["status"] for answer in answers) == ["error", "success"]
    lost = next(answer.json for answer in answers if answer.json["status"] == "error")
    assert lost["form"]["errors"] == {"name": ["The user name is already taken"]}
    assert await village.stores.database["users"].count_documents({"pybossa.name": "first"}) == 1


async def test_the_key_of_another_service_changes_alone(john: Browser, village: Village) -> None:
    answer = await john.post(UPDATE, {"btn": "External", "ckan_api": "abc", "fullname": "Not This"})
    assert flat(answer) == (200, SAVED, "success", UPDATE)
    user = await village.user("johndoe")
    assert (user.ckan_api, user.fullname, user.subscribed) == ("abc", "John Doe", True)
    await john.post(UPDATE, {"btn": "External", "ckan_api": ""})
    assert (await village.user("johndoe")).ckan_api is None
    long = await john.post(UPDATE, {"btn": "External", "ckan_api": "x" * 256})
    assert (long.status, long.json["status"]) == (200, "error")
    assert long.json["form"]["errors"].keys() == {"ckan_api"}


async def test_people_fill_the_form_in(john: Browser, village: Village) -> None:
    answer = await john.submit(UPDATE, {"btn": "Profile", "fullname": "J<b>ack", "locale": "it"})
    assert (answer.status, answer.headers["Location"]) == (302, UPDATE)
    page = await john.see(UPDATE)
    assert SAVED in page.text
    assert "J&lt;b&gt;ack" in page.text
    assert "<option selected>it</option>" in page.text
    assert SAVED not in (await john.see(UPDATE)).text
    wrong = await john.submit(UPDATE, {"btn": "Profile", "fullname": "x"})
    assert 'id="fullname-error"' in wrong.text
    assert wrong.text.count('name="btn"') == 4
