"""Attacks that have to fail: each is tried as an attacker would."""

from __future__ import annotations

import asyncio
import time
from io import BytesIO
from urllib.parse import quote
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from PIL import Image

from handlers.core import csrf
from tests.knowme.client import multipart
from tests.pybossa.browser import FORM, JSON, Browser
from tests.pybossa.pictures import encode, halves, upload
from tests.pybossa.village import NEW_PASSWORD, PASSWORD, Village
from tests.pybossa.waiting import until_tidy

UPDATE, RESET = "/account/johndoe/update", "/account/johndoe/resetapikey"
SIGN_IN = "/account/signin"
BAD_CSRF = {"code": 400, "description": "CSRF validation failed.", "template": "400.html"}
PRODUCT = "1335733"  # of 1103 and 1211: no time or number of a page looks like it by chance
TEMPLATES = ("{{1103*1211}}", "{%print(1103*1211)%}", "${1103*1211}", "{{config}}", "#{1103*1211}")
SCRIPT = "<script>alert(1)</script>"


# Session fixation


async def test_a_planted_session_stays_a_strangers(john: Browser, village: Village) -> None:
    """The victim signs in with the attacker's cookie; the attacker gains nothing by it."""
    attacker, victim = Browser(village.api), Browser(village.api)
    await attacker.token()
    planted = attacker.jar["session"]
    victim.jar["session"] = planted
    await village.sign_in("johndoe@example.com", PASSWORD, victim)
    assert victim.jar["session"] != planted
    assert (await victim.get("/account/profile")).json["user"]["name"] == "johndoe"
    attacker.jar["session"] = planted
    assert (await attacker.get("/account/profile")).json["status"] == "not_signed_in"


async def test_an_invented_session_never_becomes_one(john: Browser, village: Village) -> None:
    victim = Browser(village.api)
    victim.jar["session"] = "a" * 43
    await victim.token()
    assert victim.jar["session"] != "a" * 43


async def test_a_link_does_not_let_the_session_before_it_in(john: Browser, village: Village) -> None:
    attacker, victim = Browser(village.api), Browser(village.api)
    await attacker.post("/account/forgot-password", {"email_addr": "johndoe@example.com"})
    planted = victim.jar["session"] = attacker.jar["session"]
    fields = {"new_password": NEW_PASSWORD, "confirm": NEW_PASSWORD}
    path = await village.link("johndoe@example.com")
    token = (await victim.get(path)).json["form"]["csrf"]
    assert (await victim.post(path, fields, token)).json["status"] == "success"
    assert victim.jar["session"] != planted
    assert (await attacker.get("/account/profile")).json["status"] == "not_signed_in"


async def test_a_session_that_was_left_is_worthless(john: Browser) -> None:
    stolen = dict(john.jar)
    await john.get("/account/signout")
    john.jar = stolen
    assert (await john.get("/account/profile")).json["status"] == "not_signed_in"


# Requests that other sites make


@pytest.mark.parametrize(
    "path", [SIGN_IN, "/account/register", "/account/forgot-password", UPDATE, RESET, "/account/x/update"]
)
@pytest.mark.parametrize("token", [None, "", "x", "0.x", "missing"])
async def test_no_form_works_without_a_token(
    john: Browser, village: Village, path: str, token: str | None
) -> None:
    key = (await village.user("johndoe")).api_key
    headers = JSON if token == "missing" else {**JSON, "X-CSRFToken": token or ""}
    answer = await john.call("POST", path, b'{"btn": "External", "ckan_api": "x"}', headers)
    assert (answer.status, answer.json) == (400, BAD_CSRF)
    page = await john.call("POST", path, f"btn=External&csrf_token={token or ''}".encode(), FORM)
    assert page.status == 400
    user = await village.user("johndoe")
    assert (user.api_key, user.ckan_api) == (key, None)


async def test_another_sessions_token_is_none(john: Browser, village: Village) -> None:
    mallory = await village.settle("mallory", "Mallory")
    answer = await john.post(RESET, token=await mallory.token())
    assert answer.json == BAD_CSRF
    kind, body = multipart({"btn": "Upload", "csrf_token": await mallory.token()}, {"avatar": ("a", b"x")})
    answer = await john.call("POST", f"{UPDATE}?response_format=json", body, {"Content-Type": kind})
    assert answer.json == BAD_CSRF


async def test_a_token_is_good_for_an_hour(john: Browser, village: Village) -> None:
    visit = await village.stores.sessions.find(john.jar["session"])
    assert visit is not None
    for age, status in ((3500, 200), (3700, 400), (-100, 400)):
        moment = time.time() - age
        token = csrf.make_token(visit.csrf, lambda moment=moment: moment)  # type: ignore[misc]
        assert (await john.post(RESET, token=token)).status == status


async def test_a_foreign_form_of_another_type_has_no_token(john: Browser, village: Village) -> None:
    """Types that need no preflight are read as what they are, never as JSON."""
    body = b'{"btn": "External", "ckan_api": "x", "csrf_token": "y"}'
    assert (await john.call("POST", UPDATE, body, {"Content-Type": "text/plain"})).status == 400
    assert (await village.user("johndoe")).ckan_api is None


# Redirects to elsewhere


@pytest.mark.parametrize(
    "target",
    [
        *("//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example"),
        *(
            "javascript:alert(1)",
            "/\t/evil.example",
            "/\n/evil.example",
            "\t//evil.example",
            " //evil.example",
        ),
        *(
            "evil.example",
            "@evil.example",
            "/\r\nLocation: https://evil.example",
            "\x00//evil.example",
        ),
    ],
)
async def test_next_never_leads_elsewhere(john: Browser, village: Village, target: str) -> None:
    query = f"?next={quote(target, safe='')}"
    fields = {"email": "johndoe@example.com", "password": PASSWORD}
    page = await Browser(village.api).submit(SIGN_IN + query, fields)
    assert (page.status, page.headers["Location"]) == (302, "/")
    page = await john.see(f"/account/newsletter{query}&subscribe=false")
    assert (page.status, page.headers["Location"]) == (302, "/")
    assert "evil" not in (await john.see(f"/account/newsletter{query}")).text


async def test_a_sign_in_link_names_a_path_of_this_host(village: Village) -> None:
    answer = await Browser(village.api).get("/account//evil.example/update")
    assert answer.status == 404
    answer = await Browser(village.api).get("/account/%2F%2Fevil.example/update")
    assert answer.headers["Location"].startswith("/account/signin?next=%2Faccount%2F")


# Templates and scripts in what people enter


@pytest.mark.parametrize("text", [*TEMPLATES, SCRIPT, "'\"><img src=x onerror=alert(1)>"])
async def test_what_people_enter_is_text(john: Browser, village: Village, text: str) -> None:
    """Names, addresses, projects and search paths are shown as typed, wherever they turn up."""
    fullname = text[:35]
    await john.post(UPDATE, {"btn": "Profile", "fullname": fullname, "email_addr": "a'<b>@example.com"})
    await village.change("johndoe", pybossa__info={"avatar_url": f'"{text}'}, name=fullname)
    await village.project("johndoe", "rivers")
    await village.stores.database["projects"].update_many({}, {"$set": {"name": text, "description": text}})
    mary = await village.settle("mary", "Mary Major")
    pages = [
        await john.see("/account/johndoe/"),
        await john.see(UPDATE),
        await john.see("/account/johndoe/projects"),
        await mary.see("/account/johndoe"),
        await mary.see("/account/"),
        await john.submit(UPDATE, {"btn": "Profile", "fullname": f"{fullname[:30]}{'x' * 40}"}),
        await mary.see(f"/account/{quote(text, safe='')}"),
        await mary.see(f"/account/newsletter?next=/{quote(text, safe='')}"),
    ]
    for page in pages:
        assert page.status in {200, 404}, page.text
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert PRODUCT not in page.text
        assert "&lt;Config" not in page.text
        assert "script-src 'self'" in page.headers["Content-Security-Policy"]


async def test_mails_are_safe_to_read(village: Village) -> None:
    browser = Browser(village.api)
    await browser.post("/account/register", village.form(fullname=SCRIPT[:35]))
    mail = (await village.mails("johndoe@example.com"))[-1]
    html = mail.get_body(("html",))
    assert html is not None
    assert "<script" not in html.get_content()


@pytest.mark.parametrize("name", ["{{7*7}}", "{%raw%}", "a'b\"<i>"])
async def test_names_of_people_are_text(village: Village, name: str) -> None:
    john = await village.settle(name, "John Doe", email_addr="john@example.com")
    page = await john.see(f"/account/{quote(name)}/")
    assert page.status == 200
    assert "<i>" not in page.text
    assert (await john.get(f"/account/{quote(name)}")).json["user"]["name"] == name


# Bombs


async def test_a_picture_of_very_many_pixels_is_refused_at_once(john: Browser) -> None:
    bomb = encode(Image.new("1", (30_000, 30_000)), "PNG")
    assert len(bomb) < 200_000
    began = time.monotonic()
    answer = await upload(john, bomb)
    assert answer.json["status"] == "error"
    assert time.monotonic() - began < 2


async def test_a_zip_is_never_opened(john: Browser, village: Village) -> None:
    written = BytesIO()
    with ZipFile(written, "w", ZIP_DEFLATED) as archive:
        archive.writestr("bomb", b"\0" * 50_000_000)
    for prefix in (b"", encode(halves())[:60]):
        answer = await upload(john, prefix + written.getvalue())
        assert (answer.status, answer.json["status"]) == (200, "error")
    assert await village.stores.database["fs.files"].count_documents({}) == 0


@pytest.mark.settings(max_upload_bytes=200_000)
async def test_a_body_over_the_limit_is_refused_and_forgotten(john: Browser, village: Village) -> None:
    answer = await upload(john, b"\x89PNG" + b"x" * 300_000)
    assert (answer.status, answer.json["code"], answer.json["template"]) == (413, 413, "413.html")
    await until_tidy(village.stores)
    for name in ("fs.files", "fs.chunks"):
        assert await village.stores.database[name].count_documents({}) == 0


async def test_many_pictures_at_once_leave_the_server_answering(john: Browser, village: Village) -> None:
    """Decoding is beside the loop: others are served meanwhile."""
    large = encode(Image.effect_noise((1500, 1500), 50), "JPEG")
    uploads = [asyncio.ensure_future(upload(john, large)) for _ in range(4)]
    slowest = 0.0
    while not all(each.done() for each in uploads):
        began = time.monotonic()
        assert (await village.api.get("/healthz")).status == 200
        slowest = max(slowest, time.monotonic() - began)
        await asyncio.sleep(0.01)
    assert [(await each).json["status"] for each in uploads] == ["success"] * 4
    assert slowest < 1
    assert await village.stores.database["fs.files"].count_documents({}) == 1
