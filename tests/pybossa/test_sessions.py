"""Sessions of browsers: their cookies, what moves along, what ends them."""

from __future__ import annotations

from http.cookies import SimpleCookie

import pytest

from storage.driver import ObjectId
from storage.pybossa.sessions import digest
from storage.stores import Stores
from tests.pybossa.browser import JSON, Browser
from tests.pybossa.village import PASSWORD, Village
from tests.serving import Answer, Api

SIGN_IN, PROFILE = "/account/signin", "/account/profile"


def cookies(answer: Answer) -> dict[str, dict[str, str]]:
    """Return the attributes of the cookies that an answer sets."""
    found = {}
    for line in answer.headers.get_list("Set-Cookie"):
        for name, morsel in SimpleCookie(line).items():
            attributes = {key: str(value) for key, value in morsel.items() if value}
            found[name] = {"value": morsel.value, **attributes}
    return found


async def name_of(browser: Browser) -> str | None:
    """Return who a browser is signed in as."""
    user = (await browser.get(PROFILE)).json.get("user")
    return user["name"] if user is not None else None


async def test_a_session_begins_when_there_is_something_to_keep(api: Api, john: Browser) -> None:
    for path in ("/account", "/account/johndoe", PROFILE, "/account/nobody"):
        assert cookies(await api.get(path, **JSON)) == {}
    set_ = cookies(await api.get(SIGN_IN, **JSON))["session"]
    assert set_.keys() == {"value", "path", "httponly", "samesite"}
    assert (set_["path"], set_["samesite"]) == ("/", "Lax")


@pytest.mark.settings(trusted_proxies=("127.0.0.1",))
async def test_cookies_are_secure_where_the_request_came_by_https(village: Village) -> None:
    await village.settle("johndoe")
    browser = Browser(village.api, **{"X-Forwarded-Proto": "https"})
    answer = await village.sign_in("johndoe@example.com", browser=browser)
    assert {name: each["secure"] for name, each in cookies(answer).items()} == {
        "session": "True",
        "remember_token": "True",
    }


async def test_a_forwarded_scheme_counts_only_from_a_proxy(api: Api) -> None:
    answer = await api.get(SIGN_IN, **{"X-Forwarded-Proto": "https"})
    assert "secure" not in cookies(answer)["session"]


async def test_signing_in_sets_both_cookies(john: Browser, village: Village) -> None:
    set_ = cookies(await village.sign_in("johndoe@example.com"))
    assert set_.keys() == {"session", "remember_token"}
    assert set_["remember_token"]["max-age"] == "31536000"
    assert "max-age" not in set_["session"]
    assert all(each["httponly"] == "True" and each["samesite"] == "Lax" for each in set_.values())


async def test_nothing_that_is_stored_opens_a_session(john: Browser, stores: Stores) -> None:
    database = stores.database
    assert await database["sessions"].find_one({"_id": digest(john.jar["session"])}) is not None
    row = await database["sessions"].find_one({"_id": digest(john.jar["session"])})
    assert john.jar["session"] not in str(row)
    token = await database["remember_tokens"].find_one({"_id": digest(john.jar["remember_token"])})
    assert token is not None
    assert john.jar["remember_token"] not in str(token)


async def test_a_session_that_was_planted_is_worthless_after_signing_in(
    john: Browser, village: Village
) -> None:
    """Session fixation: whoever chose the cookie before does not come in with it."""
    victim, attacker = Browser(village.api), Browser(village.api)
    await attacker.token()
    victim.jar = dict(attacker.jar)
    await village.sign_in("johndoe@example.com", browser=victim)
    assert victim.jar["session"] != attacker.jar["session"]
    assert await name_of(victim) == "johndoe"
    assert await name_of(attacker) is None


async def test_a_cookie_that_nobody_stored_becomes_no_session(browser: Browser) -> None:
    browser.jar["session"] = "chosen-by-somebody"
    await browser.token()
    assert browser.jar["session"] != "chosen-by-somebody"


async def test_a_csrf_token_outlives_signing_in_and_out(john: Browser, village: Village) -> None:
    browser = Browser(village.api)
    token = await browser.token()
    fields = {"email": "johndoe@example.com", "password": PASSWORD}
    assert (await browser.post(SIGN_IN, fields, token=token)).json["status"] == "success"
    assert (await browser.post("/account/forgot-password", {}, token=token)).status == 200
    await browser.get("/account/signout")
    assert (await browser.post(SIGN_IN, fields, token=token)).json["status"] == "success"


async def test_signing_out_ends_this_browsers_session_alone(john: Browser, village: Village) -> None:
    other, thief = Browser(village.api), Browser(village.api)
    await village.sign_in("johndoe@example.com", browser=other)
    thief.jar = dict(john.jar)
    answer = await john.get("/account/signout")
    assert answer.json == {
        "flash": "You are now signed out",
        "message": "You are now signed out",
        "next": "/",
        "status": "success",
    }
    gone = cookies(answer)["remember_token"]
    assert (gone["value"], gone["expires"]) == ("", "Thu, 01 Jan 1970 00:00:00 GMT")
    assert any(line.startswith("remember_token=;") for line in answer.headers.get_list("Set-Cookie"))
    assert [await name_of(each) for each in (john, thief, other)] == [None, None, "johndoe"]


async def test_anybody_may_sign_out(api: Api) -> None:
    answer = await api.get("/account/signout", **JSON)
    assert (answer.status, answer.json["next"]) == (200, "/")
    assert "session" not in cookies(answer)
    page = await api.get("/account/signout")
    assert (page.status, page.headers["Location"]) == (302, "/")


async def test_a_remembered_browser_is_signed_in_again(john: Browser, stores: Stores) -> None:
    await stores.database["sessions"].delete_many({})
    former = john.jar["session"]
    assert await name_of(john) == "johndoe"
    assert john.jar["session"] != former
    del john.jar["remember_token"]
    assert await name_of(john) == "johndoe"


async def test_a_forgotten_token_remembers_nobody(john: Browser, stores: Stores) -> None:
    await stores.database["sessions"].delete_many({})
    await stores.database["remember_tokens"].delete_many({})
    assert await name_of(john) is None


async def test_a_password_changed_elsewhere_ends_every_session(
    john: Browser, village: Village, stores: Stores
) -> None:
    other = Browser(village.api)
    await village.sign_in("johndoe@example.com", browser=other)
    person = await village.row("johndoe")
    await stores.credentials.change_password(person["_id"], person["password"], "x", lambda _: ())
    assert [await name_of(each) for each in (john, other)] == [None, None]


async def test_a_session_may_be_kept_with_what_remembers_it(
    john: Browser, village: Village, stores: Stores
) -> None:
    other = Browser(village.api)
    await village.sign_in("johndoe@example.com", browser=other)
    person, kept = await village.row("johndoe"), digest(john.jar["session"])
    await stores.credentials.change_password(person["_id"], person["password"], "x", lambda _: (), kept)
    assert [await name_of(each) for each in (john, other)] == ["johndoe", None]
    await stores.database["sessions"].delete_many({})
    assert [await name_of(each) for each in (john, other)] == ["johndoe", None]


async def test_a_session_ends_with_its_account(john: Browser, village: Village, stores: Stores) -> None:
    await stores.deletion.delete((await village.row("johndoe"))["_id"])
    assert await name_of(john) is None
    assert await stores.database["sessions"].count_documents({"user_id": {"$ne": None}}) == 0
    assert await stores.database["remember_tokens"].count_documents({}) == 0


async def test_a_deactivated_account_has_no_session(john: Browser, village: Village) -> None:
    await village.change("johndoe", is_active=False)
    assert await name_of(john) is None
    assert (await john.get("/account/johndoe")).status == 404


async def test_a_session_is_kept_as_long_as_it_is_used(john: Browser, stores: Stores) -> None:
    sessions = stores.database.light("sessions")  # what is noted in passing is not confirmed by a majority
    aged = {"$inc": {"last_seen": -7200}}
    await stores.database["sessions"].update_one({"_id": digest(john.jar["session"])}, aged)
    before = await sessions.find_one({"_id": digest(john.jar["session"])})
    await john.get(PROFILE)
    after = await sessions.find_one({"_id": digest(john.jar["session"])})
    assert before is not None
    assert after is not None
    assert after["last_seen"] > before["last_seen"] + 7000
    assert after["expires"] >= before["expires"]


async def test_cookies_of_one_process_are_good_on_another(john: Browser, stores: Stores) -> None:
    fresh = Stores.over(stores.database)
    found = await fresh.sessions.find(john.jar["session"])
    assert found is not None
    assert isinstance(found.user_id, ObjectId)


async def test_only_so_many_messages_wait(browser: Browser, stores: Stores) -> None:
    for _ in range(12):
        await browser.see("/account/johndoe/projects")
    row = await stores.database["sessions"].find_one({})
    assert row is not None
    assert len(row["flashes"]) == 10
