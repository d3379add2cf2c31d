"""Forgotten passwords: asking for a link, and what it leads to."""

from __future__ import annotations

import pytest

from handlers.core.setting_values import RateLimit
from storage.addresses import make_row
from storage.driver import Session
from tests.flux.mailbox import text_of
from tests.pybossa.browser import Browser, flat
from tests.pybossa.village import NEW_PASSWORD, Village, link_in
from tests.serving import Answer

FORGOT, RESET = "/account/forgot-password", "/account/reset-password"
WRONG = "Something went wrong, please correct the errors on the form"
MAILED = "We've sent you an email with account recovery instructions!"
TWICE = {"new_password": NEW_PASSWORD, "confirm": NEW_PASSWORD}


async def ask(village: Village, email: str = "johndoe@example.com") -> str:
    """Ask for a link; return it."""
    answer = await Browser(village.api).post(FORGOT, {"email_addr": email})
    assert answer.json["flash"] == MAILED
    return await link(village)


async def link(village: Village) -> str:
    """Return the newest link that sets a password."""
    found = [mail for mail in await village.mails() if mail["Subject"] == "Account Recovery"]
    return link_in(found[-1])


async def test_the_form_begins_empty(browser: Browser) -> None:
    value = (await browser.get(FORGOT)).json
    assert value["form"].pop("csrf")
    assert value == {"form": {"email_addr": None, "errors": {}}, "template": "account/password_forgot.html"}


async def test_an_address_that_is_none_is_refused(browser: Browser) -> None:
    answer = await browser.post(FORGOT, {"email_addr": "a@"})
    assert flat(answer) == (200, WRONG, "error", None)
    assert answer.json["template"] == "/account/password_forgot.html"
    form = answer.json["form"]
    assert form["email_addr"] == "a@"
    assert form["errors"]["email_addr"] == [
        "Email must be between 3 and 254 characters long",
        "Invalid email address.",
    ]


async def test_an_unknown_address_is_said_to_be_unknown(browser: Browser, village: Village) -> None:
    answer = await browser.post(FORGOT, {"email_addr": "nobody@example.com"})
    value = answer.json
    assert value["form"].pop("csrf")
    assert value == {
        "flash": ["We don't have this email in our records."],
        "form": {"email_addr": "nobody@example.com", "errors": {}},
        "status": "error",
        "template": "/account/password_forgot.html",
    }
    page = await browser.submit(FORGOT, {"email_addr": "nobody@example.com"})
    assert "We don&#39;t have this email in our records." in page.text
    assert await village.mails() == []


async def test_a_known_address_gets_a_link(john: Browser, village: Village, browser: Browser) -> None:
    answer = await browser.post(FORGOT, {"email_addr": " JohnDoe@example.com "})
    assert flat(answer) == (200, MAILED, "success", None)
    assert answer.json["form"]["errors"] == {}
    assert answer.json["template"] == "/account/password_forgot.html"
    mail = (await village.mails("johndoe@example.com"))[-1]
    assert mail["Subject"] == "Account Recovery"
    assert f"{village.server.url}{RESET}?key=" in text_of(mail)
    assert mail.get_body(("html",)) is not None


async def test_the_link_goes_to_the_primary_address(john: Browser, village: Village) -> None:
    person, rows = await village.row("johndoe"), village.stores.database["email_addresses"]
    await rows.insert_one(make_row(98, person["_id"], "b@example.com", primary=False, verified=True))
    await rows.insert_one(make_row(99, person["_id"], "c@example.com", primary=False))
    await ask(village, "b@example.com")
    assert [mail["Subject"] for mail in await village.mails("b@example.com")] == []
    answer = await Browser(village.api).post(FORGOT, {"email_addr": "c@example.com"})
    assert answer.json["status"] == "error"


async def test_the_link_opens_an_empty_form(john: Browser, village: Village, browser: Browser) -> None:
    value = (await browser.get(await ask(village))).json
    assert value["form"].pop("csrf")
    texts = dict.fromkeys(("confirm", "current_password", "new_password"))
    assert value == {"form": {**texts, "errors": {}}, "template": "account/password_reset.html"}


async def test_the_link_sets_the_password_and_signs_in(john: Browser, village: Village) -> None:
    other, browser = Browser(village.api), Browser(village.api)
    await village.sign_in("johndoe@example.com", browser=other)
    before, path = await village.row("johndoe"), await ask(village)
    answer = await browser.post(path, {**TWICE, "current_password": "anything"})
    assert answer.json == {"flash": "You reset your password successfully!", "next": "/", "status": "success"}
    assert (await browser.get("/account/profile")).json["user"]["name"] == "johndoe"
    for gone in (john, other):
        assert (await gone.get("/account/profile")).json["status"] == "not_signed_in"
    after = await village.row("johndoe")
    assert after["s"] != before["s"]
    assert after["pybossa"]["api_key"] != before["pybossa"]["api_key"]
    assert (await village.sign_in("johndoe@example.com")).json["status"] == "error"
    assert (await village.sign_in("johndoe@example.com", NEW_PASSWORD)).json["status"] == "success"


async def test_a_link_works_once(john: Browser, village: Village, browser: Browser) -> None:
    first, second = await ask(village), await ask(village)
    assert (await browser.post(first, TWICE)).status == 200
    for path in (first, second):
        assert (await browser.get(path)).status == 403
        refused = await browser.post(path, TWICE)
        assert (refused.status, refused.json["template"]) == (403, "403.html")


async def test_a_link_ends_when_the_password_is_changed(john: Browser, village: Village) -> None:
    path, person = await ask(village), await village.row("johndoe")
    await village.stores.credentials.change_password(person["_id"], person["password"], "x", lambda _: ())
    assert (await Browser(village.api).get(path)).status == 403


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "Password cannot be empty"),
        ({"new_password": "  ", "confirm": "  "}, "Password cannot be empty"),
        ({"new_password": "a", "confirm": "b"}, "Passwords must match"),
    ],
)
async def test_what_is_wrong_with_a_password(
    john: Browser, village: Village, browser: Browser, fields: dict[str, str], message: str
) -> None:
    path = await ask(village)
    answer = await browser.post(path, fields)
    assert flat(answer) == (200, "Please correct the errors", "error", None)
    assert answer.json["form"]["errors"] == {"new_password": [message]}
    assert answer.json["template"] == "account/password_reset.html"
    assert (await browser.get(path)).status == 200


@pytest.mark.parametrize("query", ["", "?key=", "?key=forged"])
async def test_a_forged_link_is_403(browser: Browser, query: str) -> None:
    assert (await browser.get(RESET + query)).status == 403
    assert (await browser.post(RESET + query, TWICE)).status == 403
    assert (await browser.see(RESET + query)).status == 403


async def test_an_old_link_is_403(john: Browser, village: Village) -> None:
    path = await ask(village)
    aged = {"$inc": {"created_at": -18_001}}
    await village.stores.database["password_resets"].update_many({}, aged)
    assert (await Browser(village.api).get(path)).status == 403


async def test_a_link_ends_with_its_account(john: Browser, village: Village) -> None:
    path = await ask(village)
    await village.stores.deletion.delete((await village.row("johndoe"))["_id"])
    assert (await Browser(village.api).get(path)).status == 403


async def test_members_without_a_password_get_one_and_join(village: Village, browser: Browser) -> None:
    await village.api.register("ann@example.com", fname="Al", sname="")
    answer = await browser.post(await ask(village, "ann@example.com"), TWICE)
    assert answer.json["status"] == "success"
    user = (await browser.get("/account/profile")).json["user"]
    assert user["name"] == f"user{user['id']}"
    assert user["valid_email"] is True


@pytest.mark.settings(mails_per_address=RateLimit(2, 3600), rate_limit_scale=1)
async def test_an_address_gets_so_many_mails_an_hour(john: Browser, browser: Browser) -> None:
    answers: list[Answer] = [
        await browser.post(FORGOT, {"email_addr": "johndoe@example.com"}) for _ in range(3)
    ]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert int(answers[-1].headers["Retry-After"]) > 0


async def test_people_are_shown_on(john: Browser, village: Village, browser: Browser) -> None:
    page = await browser.submit(await ask(village), TWICE)
    assert (page.status, page.headers["Location"]) == (302, "/")
    assert "You reset your password successfully!" in (await browser.see("/account")).text


async def test_no_key_can_be_read_in_the_log(john: Browser, village: Village, browser: Browser) -> None:
    path = await ask(village)
    await browser.get(path)
    log = village.server.log.getvalue()
    assert RESET in log
    assert path.partition("key=")[2] not in log


async def test_an_address_that_waits_is_dropped_when_the_account_is_recovered(
    john: Browser, village: Village, browser: Browser
) -> None:
    """Whoever had got in and asked for another address does not come back through its link."""
    await village.change("johndoe", pybossa__pending_email="thief@example.com")
    person = await village.stores.database["users"].find_one({"email": "johndoe@example.com"})
    assert person is not None

    async def issue(session: Session) -> str:
        return await village.stores.links.issue(person["_id"], "thief@example.com", 600, session)

    key = await village.stores.database.transaction(issue)
    assert (await john.post(await ask(village), TWICE)).json["status"] == "success"
    assert (await browser.get(f"/account/register/confirmation?key={key}")).status == 403
    assert (await john.get("/account/profile")).json["user"]["email_addr"] == "johndoe@example.com"
