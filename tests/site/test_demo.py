"""What only a demo shows: people with passwords, a box of unsent messages; to this machine alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from io import StringIO
from typing import Any
from urllib.parse import urlsplit

import pytest

from handlers.core.demo import BoxTransport, SmsBox
from handlers.core.mail import Letter, Mail
from handlers.site.demo import CODE, LINK, ROUTES, split
from scripts.demo.doors import open_demo
from scripts.demo.hosts import welcome
from settings import Settings
from storage.community import Community, Settler
from storage.demo_box import DemoBox, Parcel
from storage.errors import NotFound
from storage.passwords import Passwords
from storage.stores import Stores
from tests.serving import Answer, Api, Served, serve_here
from tests.wire import open_wire

FREE = pytest.mark.settings(email_url="console:", sms_url="console:")
AS_JSON = {"Content_Type": "application/json"}
PATHS = [route.path.replace("{number}", "1") for route in ROUTES]


@pytest.fixture
async def demo(settings: Settings, stores: Stores) -> AsyncIterator[Served]:
    """Run a server in demo mode, with the named people in its database."""
    await Community(stores.database).settle([Settler("x@example.org", {}, {}, 1e9)], "founder")
    await stores.polls.create(1, {str(number): "" for number in range(100, 108)}, "What?")
    passwords = Passwords(4, 2)
    await welcome(stores, settings.signing_key(), passwords)
    passwords.close()
    async with serve_here(settings, stores, open_demo(stores)) as served:
        yield served


async def people_of(api: Api) -> list[dict[str, Any]]:
    """Return the people that the demo shows."""
    answer = await api.get("/demo/people.json")
    assert answer.status == 200, answer.text
    found: list[dict[str, Any]] = answer.json["people"]
    return found


async def arrived(api: Api, subject: str) -> Mapping[str, Any]:
    """Wait until a message with a subject is in the box; return it."""
    async with asyncio.timeout(20):
        while True:
            for each in (await api.get("/demo/mail.json")).json["messages"]:
                if each["subject"] == subject:
                    message: Mapping[str, Any] = (await api.get(f"/demo/mail/{each['number']}")).json
                    return message
            await asyncio.sleep(0.05)


def link_of(message: Mapping[str, Any], part: str = "") -> str:
    """Return where the first link with a part in it leads, as a path of this server."""
    link = next(each["link"] for each in message["parts"] if part in each.get("link", "") and "link" in each)
    parts = urlsplit(link)
    assert parts.hostname in {None, "127.0.0.1"}, link
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


# The people


@FREE
@pytest.mark.settings(allowed_origins=("https://friend.example",))
async def test_the_credentials_of_everybody_open_every_dialect(demo: Served) -> None:
    """Superuser first, organizer second; one password, and a credential for each door that is good now."""
    answer = await demo.api.get("/demo/people.json", Origin="https://friend.example")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in answer.headers
    people = answer.json["people"]
    assert [each["username"] for each in people] == ["ada", "ben", "cleo", "dev", "elif"]
    assert [each["superuser"] for each in people] == [True, False, False, False, False]
    doors = {
        "knowme": "/know-me/users/",
        "klub": "/api/frontend/whoami/",
        "comics": "/api/v1/subscriptions/",
        "pybossa": "/account/profile",
    }
    for person in people:
        shown = person["credentials"]
        assert shown.keys() == {*doors, "flux"}
        for dialect, path in doors.items():
            opened = await demo.api.get(path, Authorization=shown[dialect], Content_Type="application/json")
            assert opened.status == 200, (dialect, opened.text)
        member = await demo.api.post("/api/v0/user_details", {"s": shown["flux"]})
        assert (member.status, member.json["email"]) == (200, person["email"])
        signed = await demo.api.post(
            "/api/token/", {k: person[k] for k in ("username", "password")}, **AS_JSON
        )
        assert signed.status == 200, signed.text


@FREE
async def test_who_sets_another_password_keeps_it_to_themselves(demo: Served) -> None:
    """The shown password is the one that works, or none."""
    ada, *_ = await people_of(demo.api)
    change = {"old_password": ada["password"], "new_password": "walnut-teapot-7"}
    changed = await demo.api.post(
        "/account/change-password/", change, Authorization=ada["credentials"]["knowme"], **AS_JSON
    )
    assert changed.status == 200, changed.text
    assert [bool(each["password"]) for each in await people_of(demo.api)] == [False, *[True] * 4]


# Who may look


async def test_without_a_demo_there_is_nothing(api: Api) -> None:
    for path in PATHS:
        answer = await api.get(path)
        assert (answer.status, answer.json) == (404, {"error": "not found"}), path


@pytest.mark.settings(email_url="console:", allowed_hosts=("evil.example",))
async def test_only_this_machine_gets_an_answer(settings: Settings, stores: Stores) -> None:
    """Neither a name that somebody pointed here, nor a proxy, nor another origin's preflight gets through."""
    async with serve_here(settings, stores, open_demo(stores)) as served:
        port = served.url.rpartition(":")[2]
        for path in PATHS:
            refused: list[Answer] = [
                await served.api.get(path, Host=f"evil.example:{port}"),
                *[
                    await served.api.get(path, **{name: "203.0.113.9"})
                    for name in (
                        "X_Forwarded_For",
                        "X_Forwarded_Proto",
                        "X_Real_IP",
                        "Via",
                        "CF_Connecting_IP",
                    )
                ],
            ]
            async with open_wire(served.url) as wire:  # as nginx asks when it was told nothing
                refused.append(await wire.ask(f"GET {path} HTTP/1.0", f"Host: 127.0.0.1:{port}"))
            assert {(each.status, each.text) for each in refused} == {(404, '{"error":"not found"}')}, path
        for host in ("localhost", f"[::1]:{port}", f"127.0.0.1:{port}"):
            assert (await served.api.get("/demo/people.json", Host=host)).json == {"people": []}
        asked = {"Origin": "https://a.example", "Access-Control-Request-Method": "DELETE"}
        preflight = await served.api.call("OPTIONS", "/demo/mail.json", headers=asked)
        assert preflight.status == 405
        assert "Access-Control-Allow-Origin" not in preflight.headers


# The box


@FREE
async def test_every_mailed_link_leads_to_something_that_works(demo: Served) -> None:
    """Links of all dialects' mails can be followed here, those that are an app's own elsewhere included."""
    api = demo.api
    ada, ben, *_ = await people_of(api)
    await api.post("/api/v0/register/initial_email", {"email": "new@example.org", "fname": "New"})
    welcomed = await arrived(api, "Welcome: please confirm your e-mail address")
    assert (await api.get(link_of(welcomed, "/validate_email/"))).status == 200
    assert (await api.get(link_of(welcomed, "/member_details.html"))).status == 200
    await api.post("/api/v1/app/new_magic_link", {"email": ada["email"]})
    path = link_of(await arrived(api, "Sign in to the app"))
    assert (await api.get(path)).status == 200
    token = path.partition("?t=")[2]
    assert (await api.get(f"/api/v1/app/login_magic_link/{token}")).json["status"] == "okay"
    await api.post("/account/reset-password/", {"email": ada["email"]}, **AS_JSON)
    path = link_of(await arrived(api, "Instructions to Reset Your Know Me Password"))
    assert (await api.get(path)).status == 200
    change = {"key": path.partition("?key=")[2], "new_password": "walnut-teapot-7"}
    assert (await api.post("/account/change-password/", change, **AS_JSON)).status == 200
    await api.post("/api/reset_password_email/", {"email": ben["email"]}, **AS_JSON)
    path = link_of(await arrived(api, "Password reset"))
    assert path.startswith("/demo/new-password?u=")
    assert (await api.get(path)).status == 200
    names = {"first_name": "New", "last_name": "Too", "password": "walnut-teapot-8"}
    await api.post("/auth/register/", {"email": "too@example.org", **names}, **AS_JSON)
    path = link_of(await arrived(api, "Please Confirm Your Know Me Email"))
    assert (await api.get(path)).status == 200
    proof = {"key": path.partition("?key=")[2], "password": "walnut-teapot-8"}
    assert (await api.post("/account/verify-email/", proof, **AS_JSON)).status == 200


@FREE
async def test_codes_of_text_messages_stand_apart(demo: Served) -> None:
    await demo.api.post("/api/v1/app_rego/phone_commit", {"phone_number": "+61491570156"})
    message = await arrived(demo.api, "Text message")
    assert (message["kind"], message["to"]) == ("sms", "+61491570156")
    assert [list(each) for each in message["parts"]] == [["text"], ["code"], ["text"]]


@FREE
async def test_a_mails_page_runs_nothing_and_the_box_can_be_emptied(demo: Served) -> None:
    """The HTML part is shut into a sandbox; nobody finds what was thrown away."""
    box = DemoBox(demo.stores.database)
    await box.put(Parcel("m1", "mail", "a@example.org", 1e9, "Hello", "Hi", "<script>alert(1)</script>"))
    await box.put(Parcel("m2", "mail", "a@example.org", 2e9, "Plain", "Hi"))
    listed = (await demo.api.get("/demo/mail.json")).json["messages"]
    assert [each["number"] for each in listed] == ["m2", "m1"]
    page = await demo.api.get("/demo/mail/m1/page")
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox ")
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert "<script>" in page.text
    assert (await demo.api.get("/demo/mail/m2/page")).status == 404
    assert (await demo.api.get("/demo/mail/nothing")).status == 404
    assert (await demo.api.call("DELETE", "/demo/mail.json")).status == 204
    assert (await demo.api.get("/demo/mail.json")).json == {"messages": []}


async def test_the_box_keeps_the_newest_for_a_while(stores: Stores) -> None:
    """It is bounded by number and by time, and takes what is delivered twice once."""
    box = DemoBox(stores.database, kept=3)
    for number in (1, 5, 2, 3, 4, 5):
        await box.put(Parcel(str(number), "sms", "+61", float(number), text="x"))
    assert [each.number for each in await box.newest()] == ["5", "4", "3"]
    with pytest.raises(NotFound):
        await box.find("1")
    (expiring,) = [each for each in DemoBox.INDEXES if each.expire_after is not None]
    row = await stores.database["demo_box"].find_one({})
    assert row is not None
    assert expiring.keys == (("expires", 1),)
    assert "expires" in row


async def test_the_console_hears_of_messages_and_not_what_they_say(stores: Stores) -> None:
    """One line each; control characters of a recipient do not reach the terminal."""
    console, box = StringIO(), DemoBox(stores.database)
    mail = Mail("a@example.org", "Your link", "https://x.example/?key=hunter2", "Folkmoot <no@example.org>")
    await BoxTransport(box, console).send(Letter(mail, "n1", 1e9))
    await SmsBox(box, console).send("+61\x1b[2J", "Your code is 123456")
    lines = console.getvalue().splitlines()
    assert len(lines) == 2
    assert not any(secret in console.getvalue() for secret in ("hunter2", "123456", "\x1b"))
    assert len(await box.newest()) == 2
    with pytest.raises(ValueError, match="address"):
        await BoxTransport(box, console).send(Letter(Mail("nobody", "x", "x", "no@example.org"), "n2", 1e9))


async def test_mails_with_a_way_out_do_not_come_into_the_box(settings: Settings, stores: Stores) -> None:
    """Whoever set EMAIL_URL wants mails there."""
    async with serve_here(settings, stores, open_demo(stores)) as served:
        await served.api.register("ann@example.org")
        async with asyncio.timeout(20):
            while not list(settings.data_dir.glob("mails/*.eml")):  # noqa: ASYNC110 - a file tells nobody
                await asyncio.sleep(0.05)
        assert (await served.api.get("/demo/mail.json")).json == {"messages": []}


@pytest.mark.settings(web_url="https://club.example/reset")
async def test_links_that_are_set_stay_as_they_are(settings: Settings, stores: Stores) -> None:
    async with serve_here(settings, stores, open_demo(stores)) as served:
        used = served.application.services.settings
        assert used.web_url == "https://club.example/reset"
        assert used.password_reset_link_template == f"{served.url}/demo/new-password?key={{key}}"


def test_links_and_codes_are_cut_out_of_texts() -> None:
    """What ends a sentence belongs to no link."""
    assert list(split("See http://a.example/b?c=d, or not.", LINK)) == [
        {"text": "See "},
        {"text": "http://a.example/b?c=d", "link": "http://a.example/b?c=d"},
        {"text": ", or not."},
    ]
    assert list(split("fluxapp://sign_in/magic_link/ab", LINK)) == [
        {"text": "fluxapp://sign_in/magic_link/ab", "link": "/demo/app-sign-in?t=ab"}
    ]
    assert list(split("12 or 123456", CODE)) == [{"text": "12 or "}, {"code": "123456"}]
    assert list(split("javascript://x", LINK)) == [{"text": "javascript://x"}]
