"""Registering, and what the mailed link does."""

from __future__ import annotations

import asyncio

import pytest

from handlers.core.setting_values import RateLimit
from storage.pybossa.sessions import digest, moment
from tests.flux.mailbox import text_of
from tests.pybossa.browser import JSON, Browser, flat
from tests.pybossa.village import PASSWORD, Village
from tests.serving import Answer

REGISTER, CONFIRMATION = "/account/register", "/account/register/confirmation"
SENT = {"status": "sent", "template": "account/account_validation.html", "title": "Account validation"}
FULLNAME = "Full name must be between 3 and 35 characters long"
NAME = "User name must be between 3 and 35 characters long"
SIGNS = "$#&\\/| and space symbols are forbidden"
EMAIL = "Email must be between 3 and 254 characters long"
FORMAT = "Invalid email address."
open_for_all = pytest.mark.settings(account_confirmation_disabled=True)


def wrong(answer: Answer) -> dict[str, list[str]]:
    """Return what a refused form says."""
    assert flat(answer)[:3] == (200, "Please correct the errors", "error")
    assert (answer.json["template"], answer.json["title"]) == ("account/register.html", "Register")
    errors: dict[str, list[str]] = answer.json["form"]["errors"]
    return errors


async def test_the_form_begins_empty(browser: Browser) -> None:
    value = (await browser.get(REGISTER)).json
    assert value["form"].pop("csrf")
    texts = dict.fromkeys(("confirm", "email_addr", "fullname", "name", "password"))
    assert value == {
        "form": {**texts, "consent": False, "errors": {}},
        "template": "account/register.html",
        "title": "Register",
    }


async def test_everything_that_is_wrong_is_told(browser: Browser) -> None:
    assert wrong(await browser.post(REGISTER, {})) == {
        "fullname": [FULLNAME],
        "name": [NAME],
        "email_addr": [EMAIL, FORMAT],
        "password": ["Password cannot be empty"],
    }


@pytest.mark.parametrize(
    ("field", "value", "messages"),
    [
        *(("fullname", "Jo", [FULLNAME]), ("fullname", "J" * 36, [FULLNAME]), ("fullname", "J" * 35, None)),
        *(("name", "jo", [NAME]), ("name", "j" * 36, [NAME]), ("name", "j" * 35, None)),
        *(("name", "a b", [SIGNS]), ("name", "a ", [NAME, SIGNS]), ("name", "a$bc", [SIGNS])),
        *(("name", "a#bc", [SIGNS]), ("name", "a&bc", [SIGNS]), ("name", "a\\bc", [SIGNS])),
        *(("name", "a/bc", [SIGNS]), ("name", "a|bc", [SIGNS]), ("name", "a.b@c%?", None)),
        ("name", "signin", ["This name is used by the system."]),
        ("name", "emails", ["This name is used by the system."]),
        *(("name", "Signin", None), ("name", "émile", None)),
        *(("email_addr", "a@", [EMAIL, FORMAT]), ("email_addr", "a@b", [FORMAT])),
        *(("email_addr", "a@b..c", [FORMAT]), ("email_addr", "@b.c", [FORMAT])),
        *(("email_addr", "a b@c.de", [FORMAT]), ("email_addr", "a@b@c.de", [FORMAT])),
        *(("email_addr", "a@b.c", None), ("email_addr", " a@b.c ", None)),
        ("email_addr", "a" * 250 + "@b.c", None),
        ("email_addr", "a" * 251 + "@b.c", [EMAIL]),
        *(("password", "  ", ["Password cannot be empty"]), ("password", "x", ["Passwords must match"])),
        ("confirm", f" {PASSWORD} ", None),
    ],
)
async def test_a_field_and_what_is_said_of_it(
    browser: Browser, village: Village, field: str, value: str, messages: list[str] | None
) -> None:
    fields = {"email_addr": "johndoe@example.com", field: value}
    answer = await browser.post(REGISTER, village.form(**fields))
    if messages is None:
        assert answer.json == SENT
    else:
        assert wrong(answer) == {field: messages}
        assert answer.json["form"][field] == value


async def test_names_and_addresses_of_others_are_taken(john: Browser, village: Village) -> None:
    await village.api.register("ann@example.com")
    for email in ("JOHNDOE@example.com", "Ann@example.com"):
        answer = await Browser(village.api).post(REGISTER, village.form("jane", email_addr=email))
        assert wrong(answer) == {"email_addr": ["Email is already taken"]}
    answer = await Browser(village.api).post(REGISTER, village.form(email_addr="new@example.com"))
    assert wrong(answer) == {"name": ["The user name is already taken"]}
    other = await Browser(village.api).post(REGISTER, village.form("JohnDoe", email_addr="new@example.com"))
    assert other.json == SENT


async def test_a_password_that_is_too_long_is_400(browser: Browser, village: Village) -> None:
    long = "x" * 1025
    answer = await browser.post(REGISTER, village.form(password=long, confirm=long))
    assert (answer.status, answer.json["code"]) == (400, 400)
    fits = "x" * 1024
    assert (await browser.post(REGISTER, village.form(password=fits, confirm=fits))).json == SENT


async def test_nothing_public_exists_before_the_link_is_opened(browser: Browser, village: Village) -> None:
    assert (await browser.post(REGISTER, village.form())).json == SENT
    assert (await browser.get("/account/johndoe")).status == 404
    assert (await browser.get("/account")).json["total"] == 0
    assert (await village.sign_in("johndoe@example.com")).json["status"] == "info"
    row = await village.stores.database["pybossa_pending"].find_one({})
    assert row is not None
    assert PASSWORD not in str(row)
    assert row["password_hash"].startswith("$2")
    # Neither name nor address is reserved meanwhile.
    assert (await Browser(village.api).post(REGISTER, village.form())).json == SENT


@pytest.mark.settings(brand="Our <Town>", base_url="https://town.example")
async def test_the_mail_has_the_link_on_a_line_of_its_own(browser: Browser, village: Village) -> None:
    await browser.post(REGISTER, village.form())
    (mail,) = await village.mails("johndoe@example.com")
    assert mail["Subject"] == "Welcome to Our <Town>!"
    (line,) = [line for line in text_of(mail).splitlines() if line.startswith("http")]
    assert line.startswith("https://town.example/account/register/confirmation?key=")
    assert PASSWORD not in mail.as_string()
    html = mail.get_body(("html",))
    assert html is not None
    assert f'href="{line}"' in html.get_content()
    assert "Our &lt;Town&gt;" in html.get_content()


@pytest.mark.settings(spa_server_name="https://app.example", spam=("spam.example",))
async def test_links_may_lead_elsewhere_and_some_domains_get_no_mail(
    browser: Browser, village: Village
) -> None:
    assert (await browser.post(REGISTER, village.form(email_addr="a@Spam.Example"))).json == SENT
    await browser.post(REGISTER, village.form())
    (mail,) = await village.mails()
    assert "https://app.example/account/register/confirmation?key=" in text_of(mail)


async def test_the_link_makes_the_account_and_signs_in(browser: Browser, village: Village) -> None:
    await browser.post(REGISTER, village.form(fullname="John Q. Public Doe", consent=True))
    opener = Browser(village.api)
    answer = await opener.get(await village.link("johndoe@example.com"))
    assert answer.json == {"flash": "Thanks for signing-up", "next": "/", "status": "success"}
    user = (await opener.get("/account/profile")).json["user"]
    assert user["valid_email"] is True
    assert len(user["api_key"]) == 36
    row = await village.row("johndoe")
    parts = [row[part] for part in ("name", "fname", "mnames", "sname")]
    assert parts == ["John Q. Public Doe", "John", "Q. Public", "Doe"]
    assert (row["pybossa"]["consent"], row["email_validated"], row["set_password"]) == (True, True, True)
    assert "unproven" not in row["auth"]
    assert (await village.sign_in("johndoe@example.com")).json["status"] == "success"


async def test_opened_again_it_signs_in_again(john: Browser, village: Village) -> None:
    link, again = await village.link("johndoe@example.com"), Browser(village.api)
    answer = await again.get(link)
    assert answer.json == {"flash": "Your email has been validated.", "next": "/", "status": "message"}
    assert (await again.get("/account/profile")).json["user"]["name"] == "johndoe"
    assert await village.stores.database["users"].count_documents({}) == 1


async def test_people_are_shown_on(browser: Browser, village: Village) -> None:
    page = await browser.submit(REGISTER + "?next=/about", village.form())
    assert (page.status, "Account validation" in page.text) == (200, True)
    opened = await browser.see(await village.link("johndoe@example.com"))
    assert (opened.status, opened.headers["Location"]) == (302, "/about")
    assert "Thanks for signing-up" in (await browser.see("/account")).text


async def test_of_two_links_for_one_name_one_makes_the_account(village: Village) -> None:
    links = []
    for email in ("a@example.com", "b@example.com"):
        await Browser(village.api).post(REGISTER, village.form(email_addr=email))
        links.append(await village.link(email))
    answers = await asyncio.gather(*(Browser(village.api).get(link) for link in links))
    assert sorted(answer.status for answer in answers) == [200, 403]
    database = village.stores.database
    assert await database["users"].count_documents({}) == 1
    assert await database["email_addresses"].count_documents({}) == 1


async def test_of_two_links_for_one_address_one_makes_the_account(village: Village) -> None:
    links = []
    for name in ("john", "jane"):
        await Browser(village.api).post(REGISTER, village.form(name, email_addr="a@example.com"))
        links.append(await village.link("a@example.com"))
    answers = await asyncio.gather(*(Browser(village.api).get(link) for link in links))
    assert sorted(answer.status for answer in answers) == [200, 403]
    assert await village.stores.database["users"].count_documents({}) == 1


async def test_a_link_that_two_open_at_once_makes_one_account(village: Village, browser: Browser) -> None:
    await browser.post(REGISTER, village.form())
    link = await village.link("johndoe@example.com")
    answers = await asyncio.gather(*(Browser(village.api).get(link) for _ in range(3)))
    assert [answer.status for answer in answers] == [200, 200, 200]
    assert await village.stores.database["users"].count_documents({}) == 1


async def test_a_link_never_acts_on_who_has_the_name_now(village: Village, browser: Browser) -> None:
    await browser.post(REGISTER, village.form(email_addr="early@example.com"))
    link = await village.link("early@example.com")
    await village.settle("johndoe")
    answer = await browser.get(link)
    assert (answer.status, answer.json["template"]) == (403, "403.html")
    assert (await browser.get("/account/profile")).json["status"] == "not_signed_in"


@pytest.mark.parametrize("key", ["", "?key=", "?key=forged", "?key=" + "x" * 64, "?key=" + "x" * 5000])
async def test_a_forged_link_is_403(browser: Browser, key: str) -> None:
    answer = await browser.get(CONFIRMATION + key)
    assert (answer.status, answer.json["code"], answer.json["template"]) == (403, 403, "403.html")
    assert (await browser.see(CONFIRMATION + key)).status == 403


async def test_an_old_link_is_403(browser: Browser, village: Village) -> None:
    await browser.post(REGISTER, village.form())
    link = await village.link("johndoe@example.com")
    row = await village.stores.database["pybossa_pending"].find_one({})
    assert row is not None
    assert row["expires"].timestamp() == pytest.approx(moment(row["created"] + 18_000).timestamp(), abs=1)
    await village.stores.database["pybossa_pending"].update_many({}, {"$set": {"expires": moment(0)}})
    assert (await browser.get(link)).status == 403


async def test_a_link_ends_with_its_account(john: Browser, village: Village) -> None:
    link = await village.link("johndoe@example.com")
    await village.stores.deletion.delete((await village.row("johndoe"))["_id"])
    assert (await Browser(village.api).get(link)).status == 403
    assert await village.stores.database["pybossa_pending"].count_documents({}) == 0


async def test_a_link_ends_where_its_address_has_left_the_account(john: Browser, village: Village) -> None:
    link = await village.link("johndoe@example.com")
    database = village.stores.database
    moved = {"email": "new@example.com", "email_lower": "new@example.com"}
    await database["users"].update_one({}, {"$set": moved})
    await database["email_addresses"].update_one({}, {"$set": moved})
    assert (await Browser(village.api).get(link)).status == 403


async def test_a_link_of_an_account_proves_its_address(john: Browser, village: Village) -> None:
    await village.change("johndoe", email_validated=False, auth__unproven=True)
    await village.stores.database["email_addresses"].update_one({}, {"$set": {"verified": False}})
    before, browser = await village.row("johndoe"), Browser(village.api)
    answer = await browser.get(CONFIRMATION + "?key=" + await issue(village, "johndoe@example.com"))
    assert answer.json == {"flash": "Your email has been validated.", "next": "/", "status": "message"}
    after = await village.row("johndoe")
    assert after["email_validated"] is True
    # The first proof ends the keys of whoever registered without owning the mailbox, not the password.
    assert (after["s"] != before["s"], after["password"] == before["password"]) == (True, True)
    assert after["pybossa"]["api_key"] != before["pybossa"]["api_key"]
    found = await village.stores.outbox.read(f"identity#{after['id']}", None, 10)
    assert "email_verified" in [message.data["type"] for message in found.messages]


async def test_a_pending_address_takes_the_place_of_the_primary_one(john: Browser, village: Village) -> None:
    waiting = {"pybossa__pending_email": "New@example.com", "pybossa__confirmation_email_sent": True}
    await village.change("johndoe", **waiting)
    profile = (await john.get("/account/profile")).json["user"]
    assert (profile["email_addr"], profile["valid_email"]) == ("johndoe@example.com", False)
    answer = await john.get(CONFIRMATION + "?key=" + await issue(village, "New@example.com"))
    assert (answer.status, answer.json["flash"]) == (200, "Your email has been validated.")
    profile = (await john.get("/account/profile")).json["user"]
    assert (profile["email_addr"], profile["valid_email"]) == ("New@example.com", True)
    assert profile["confirmation_email_sent"] is False
    assert (await village.sign_in("johndoe@example.com")).json["status"] == "info"
    assert (await village.sign_in("new@example.com")).json["status"] == "success"
    rows = await village.stores.database["email_addresses"].find({}).to_list(None)
    shown = [(row["email"], row["primary"], row["verified"]) for row in rows]
    assert shown == [("New@example.com", True, True)]


async def test_a_pending_address_that_somebody_took_meanwhile_is_403(john: Browser, village: Village) -> None:
    await village.change("johndoe", pybossa__pending_email="new@example.com")
    key = await issue(village, "new@example.com")
    await village.api.register("new@example.com")
    assert (await Browser(village.api).get(f"{CONFIRMATION}?key={key}")).status == 403
    assert (await village.user("johndoe")).email == "johndoe@example.com"


async def test_an_address_that_is_pending_no_more_is_403(john: Browser, village: Village) -> None:
    key = await issue(village, "new@example.com")
    assert (await Browser(village.api).get(f"{CONFIRMATION}?key={key}")).status == 403


async def test_a_pending_address_may_have_become_primary_elsewhere(john: Browser, village: Village) -> None:
    await village.change("johndoe", pybossa__pending_email="JohnDoe@example.com")
    key = await issue(village, "johndoe@example.com")
    assert (await Browser(village.api).get(f"{CONFIRMATION}?key={key}")).status == 200
    user = await village.user("johndoe")
    assert (user.email, user.pending_email, user.valid_email) == ("johndoe@example.com", None, True)


async def issue(village: Village, email: str) -> str:
    """Make a link for John's account."""
    oid = (await village.row("johndoe"))["_id"]
    return await village.stores.database.transaction(
        lambda session: village.stores.links.issue(oid, email, 60, session)
    )


# Without confirmation


@open_for_all
async def test_without_confirmation_the_account_is_made_at_once(browser: Browser, village: Village) -> None:
    answer = await browser.post(REGISTER + "?next=/about", village.form())
    assert answer.json == {"flash": "Thanks for signing-up", "next": "/about", "status": "success"}
    assert browser.jar.keys() == {"session", "remember_token"}
    user = (await browser.get("/account/profile")).json["user"]
    assert (user["name"], user["valid_email"]) == ("johndoe", True)
    assert await village.mails() == []


@open_for_all
@pytest.mark.parametrize("path", ["", "?next=//evil.example"])
async def test_without_a_path_of_this_host_next_is_home(
    browser: Browser, village: Village, path: str
) -> None:
    assert (await browser.post(REGISTER + path, village.form())).json["next"] == "/"


@open_for_all
async def test_of_two_at_once_one_gets_the_name(village: Village) -> None:
    browsers = [Browser(village.api) for _ in range(4)]
    tokens = [await browser.token() for browser in browsers]
    answers = await asyncio.gather(
        *(
            browser.post(REGISTER, village.form(email_addr=f"a{number}@example.com"), token=tokens[number])
            for number, browser in enumerate(browsers)
        )
    )
    flashes = sorted(answer.json["flash"] for answer in answers)
    assert flashes == ["Please correct the errors"] * 3 + ["Thanks for signing-up"]
    refused = [answer for answer in answers if answer.json["status"] == "error"]
    assert all(wrong(answer) == {"name": ["The user name is already taken"]} for answer in refused)
    assert await village.stores.database["users"].count_documents({}) == 1


@open_for_all
async def test_of_two_at_once_one_gets_the_address(village: Village) -> None:
    browsers = [Browser(village.api) for _ in range(3)]
    tokens = [await browser.token() for browser in browsers]
    answers = await asyncio.gather(
        *(
            browser.post(REGISTER, village.form(f"john{number}", email_addr="a@example.com"), tokens[number])
            for number, browser in enumerate(browsers)
        )
    )
    refused = [answer for answer in answers if answer.json["status"] == "error"]
    assert len(refused) == 2
    assert all(wrong(answer) == {"email_addr": ["Email is already taken"]} for answer in refused)
    assert await village.stores.database["email_addresses"].count_documents({}) == 1


@pytest.mark.settings(mails_per_address=RateLimit(2, 3600), rate_limit_scale=1)
async def test_an_address_gets_so_many_mails_an_hour(browser: Browser, village: Village) -> None:
    forms = [village.form(email_addr=email) for email in ("a@b.cd", "A@B.cd", "a@b.cd", "c@b.cd")]
    statuses = [(await browser.post(REGISTER, form)).status for form in forms]
    assert statuses == [200, 200, 429, 200]
    # Who fills the form in wrongly has cost nobody a mail.
    assert (await browser.post(REGISTER, village.form("jo", email_addr="a@b.cd"))).status == 200


async def test_head_shows_nothing(browser: Browser) -> None:
    answer = await browser.call("HEAD", REGISTER, headers=JSON)
    assert (answer.status, answer.body) == (200, b"")


async def test_a_key_is_stored_as_a_digest(browser: Browser, village: Village) -> None:
    await browser.post(REGISTER, village.form())
    key = (await village.link("johndoe@example.com")).partition("key=")[2]
    row = await village.stores.database["pybossa_pending"].find_one({"_id": digest(key)})
    assert row is not None
    assert key not in str(row)
