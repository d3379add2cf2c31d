"""What holds for every path: JSON or pages, bodies, CSRF, the order of checks, errors."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from handlers.core.dialect import discover
from handlers.core.openapi import open_document
from handlers.pybossa import DIALECT
from handlers.pybossa.rules import is_own_path
from storage.pybossa.people import RESERVED
from tests.knowme.client import multipart
from tests.pybossa.browser import FORM, JSON, Browser
from tests.pybossa.village import Village
from tests.serving import Api

SIGN_IN = "/account/signin"
CSRF = {"code": 400, "description": "CSRF validation failed.", "template": "400.html"}


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=utf-8"])
async def test_the_requests_type_asks_for_json(api: Api, kind: str) -> None:
    answer = await api.get(SIGN_IN, Content_Type=kind)
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.json["title"] == "Sign in"


async def test_the_query_asks_for_json(api: Api) -> None:
    assert (await api.get(SIGN_IN + "?response_format=json")).json["title"] == "Sign in"


@pytest.mark.parametrize("headers", [{}, {"Accept": "application/json"}, {"Content-Type": "text/json"}])
async def test_nothing_else_asks_for_json(api: Api, headers: dict[str, str]) -> None:
    answer = await api.call("GET", SIGN_IN, headers=headers)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("path", [SIGN_IN, "/account", "/account/nobody", "/account/a/b/c", "/accounts"])
async def test_no_cache_may_keep_an_answer(api: Api, path: str) -> None:
    for headers in ({}, JSON):
        answer = await api.call("GET", path, headers=headers)
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Vary"] == "Cookie, Authorization, Content-Type"


async def test_errors_have_one_shape(api: Api) -> None:
    answer = await api.get("/account/nobody", **JSON)
    assert answer.status == 404
    assert answer.json.keys() == {"code", "description", "template"}
    assert (answer.json["code"], answer.json["template"]) == (404, "404.html")
    wrong = await api.call("DELETE", SIGN_IN, headers=JSON)
    assert (wrong.status, wrong.json["code"], wrong.json["template"]) == (405, 405, "405.html")
    assert wrong.headers["Allow"] == "GET, HEAD, POST"


async def test_errors_are_pages_for_people(api: Api) -> None:
    answer = await api.get("/account/nobody")
    assert answer.status == 404
    assert "<h1>Page not found</h1>" in answer.text
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path",
    [
        *("/account/otpvalidation", "/account/token/otpvalidation", "/account/save_metadata/johndoe"),
        *("/account/register/", "/account/signin/", "/account/page", "/account/page/", "/account//"),
        *("/account/johndoe/projects/", "/account/johndoe/nothing", "/account/%FF", "/account/%00"),
    ],
)
async def test_what_is_not_offered_is_404(john: Browser, path: str) -> None:
    answer = await john.get(path)
    assert (answer.status, answer.json["template"]) == (404, "404.html")


async def test_two_paths_differ_from_another_dialects_by_their_last_slash(api: Api) -> None:
    ours = await api.get("/account/profile", **JSON)
    assert (ours.status, ours.json) == (200, {"next": SIGN_IN, "status": "not_signed_in"})
    assert (await api.get("/account/profile/")).json.keys() == {"detail"}
    assert (await api.get("/account/reset-password", **JSON)).json["template"] == "403.html"
    assert (await api.get("/account/reset-password/")).json.keys() == {"detail"}


def test_whatever_is_served_below_account_is_nobodys_name() -> None:
    paths = [route.path.split("/") for dialect in discover() for route in dialect.routes]
    names = {parts[2] for parts in paths if parts[1] == "account" and len(parts) > 2}
    assert {name for name in names if name and "{" not in name} <= RESERVED


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/account/a/b/c", 404),
        ("PUT", SIGN_IN, 405),
        ("POST", "/account", 405),
        ("POST", SIGN_IN, 413),
    ],
)
async def test_a_body_is_too_large_only_where_one_is_wanted(
    browser: Browser, method: str, path: str, status: int
) -> None:
    answer = await browser.call(method, path, b"x" * 2_000_000, JSON)
    assert (answer.status, answer.json["template"]) == (status, f"{status}.html")
    assert ("Allow" in answer.headers) is (status == 405)


def test_documents_name_what_is_read_of_the_query() -> None:
    named = {
        (method, path): {each["name"] for each in found["parameters"] if each["in"] == "query"}
        for path, operations in open_document(DIALECT).paths.items()
        for method, found in operations.items()
    }
    for path, name in (("signin", "next"), ("reset-password", "key")):
        assert named["get", f"/account/{path}"] == named["post", f"/account/{path}"]
        assert named["get", f"/account/{path}"] & {"next", "key"} == {name}
    assert named["post", "/account/register"] & {"next", "key"} == {"next"}
    assert named["get", "/account/register/confirmation"] & {"next", "key"} == {"key"}


# Bodies


@pytest.mark.parametrize(
    "body",
    [
        *(
            b"{",
            b"[]",
            b'"text"',
            b"\xff",
            b'{"email": {"$gt": ""}}',
            b'{"email": ["a"]}',
            b'{"email": true}',
        ),
        *(b'{"email": "a\\u0000"}', b'{"email": "\\ud800"}', b'{"other": "\\u0000"}'),
    ],
)
async def test_a_body_that_cannot_be_read_is_400(browser: Browser, body: bytes) -> None:
    headers = {**JSON, "X-CSRFToken": await browser.token()}
    answer = await browser.call("POST", SIGN_IN, body, headers)
    assert (answer.status, answer.json["template"]) == (400, "400.html")
    assert answer.json["description"] != CSRF["description"]


@pytest.mark.parametrize("body", [b"email=%FF", b"email=\xff", b"email=a%00b"])
async def test_a_form_that_cannot_be_read_is_400(browser: Browser, body: bytes) -> None:
    headers = {**FORM, "X-CSRFToken": await browser.token()}
    answer = await browser.call("POST", SIGN_IN + "?response_format=json", body, headers)
    assert (answer.status, answer.json["code"]) == (400, 400)


async def test_bad_utf_8_in_a_multipart_form_is_400(browser: Browser) -> None:
    kind, body = multipart({"email": "a?b"})
    headers = {"Content-Type": kind, "X-CSRFToken": await browser.token()}
    answer = await browser.call("POST", SIGN_IN, body.replace(b"?", b"\xff"), headers)
    assert answer.status == 400


@pytest.mark.parametrize("body", [b"", b"  ", b"{}", b'{"email": null, "unknown": {"a": [1]}}'])
async def test_an_empty_body_is_an_empty_form(browser: Browser, body: bytes) -> None:
    answer = await browser.call("POST", SIGN_IN, body, {**JSON, "X-CSRFToken": await browser.token()})
    assert answer.status == 200
    form = answer.json["form"]
    assert (form["email"], form["password"]) == ("", "")
    assert form["errors"].keys() == {"email", "password"}


async def test_every_kind_of_body_is_read(browser: Browser) -> None:
    fields = {"email": "a@example.com", "csrf_token": await browser.token()}
    kind, body = multipart(fields)
    path = SIGN_IN + "?response_format=json"
    sent = [(FORM["Content-Type"], urlencode(fields).encode()), (kind, body)]
    for content_type, content in sent:
        answer = await browser.call("POST", path, content, {"Content-Type": content_type})
        assert answer.json["form"]["email"] == "a@example.com", answer.text


async def test_a_dotted_name_is_a_field_that_nobody_knows(browser: Browser) -> None:
    fields = {"email.x": "a", "password": "b", "csrf_token": await browser.token()}
    kind, body = multipart(fields)
    for content_type, content in ((FORM["Content-Type"], urlencode(fields).encode()), (kind, body)):
        path = SIGN_IN + "?response_format=json"
        answer = await browser.call("POST", path, content, {"Content-Type": content_type})
        assert answer.json["form"]["email"] == "", answer.text


async def test_numbers_are_their_decimal_text(browser: Browser) -> None:
    answer = await browser.post(SIGN_IN, {"email": 42, "password": None})
    assert answer.json["form"]["email"] == "42"


@pytest.mark.parametrize("value", [False, "false", "False", "no", "off", "n", "0", 0, "", None, 0.0])
async def test_what_is_false(browser: Browser, value: object) -> None:
    answer = await browser.post("/account/register", {"consent": value})
    assert answer.json["form"]["consent"] is False


@pytest.mark.parametrize("value", [True, "true", "FALSE", "yes", "y", 1, "nonsense", [0], {"a": 1}])
async def test_all_else_is_true(browser: Browser, value: object) -> None:
    answer = await browser.post("/account/register", {"consent": value})
    assert answer.json["form"]["consent"] is True


# CSRF


@pytest.mark.parametrize("path", [SIGN_IN, "/account/register", "/account/forgot-password"])
async def test_a_post_without_a_token_is_400(browser: Browser, path: str) -> None:
    await browser.get(path)
    for token in ({}, {"X-CSRFToken": ""}, {"X-CSRFToken": "1.2"}, {"X-CSRFToken": "nonsense"}):
        answer = await browser.call("POST", path, b"{}", {**JSON, **token})
        assert (answer.status, answer.json) == (400, CSRF)


async def test_the_token_is_looked_at_before_the_link(browser: Browser) -> None:
    answer = await browser.call("POST", "/account/reset-password?key=x", b"{}", JSON)
    assert (answer.status, answer.json) == (400, CSRF)


async def test_a_token_of_another_session_is_400(browser: Browser, api: Api) -> None:
    await browser.token()
    answer = await browser.post(SIGN_IN, {}, token=await Browser(api).token())
    assert (answer.status, answer.json) == (400, CSRF)
    assert (await Browser(api).post(SIGN_IN, {}, token=await browser.token())).status == 400


async def test_a_token_is_good_on_every_form_and_more_than_once(browser: Browser) -> None:
    token = await browser.token("/account/register")
    for path in (SIGN_IN, "/account/forgot-password", SIGN_IN):
        assert (await browser.post(path, {}, token=token)).status == 200


async def test_a_token_ends_after_an_hour(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    token = await browser.token()
    moment, _, _ = token.partition(".")
    monkeypatch.setattr("handlers.core.csrf.LIFE", -2)
    answer = await browser.post(SIGN_IN, {}, token=token)
    assert (answer.status, answer.json) == (400, CSRF)
    monkeypatch.undo()
    younger = token.replace(moment, str(int(moment) + 60))
    assert (await browser.post(SIGN_IN, {}, token=younger)).json == CSRF


@pytest.mark.parametrize("name", ["X-CSRFToken", "X-CSRF-Token"])
async def test_both_headers_carry_it(browser: Browser, name: str) -> None:
    token = await browser.token()
    assert (await browser.call("POST", SIGN_IN, b"{}", {**JSON, name: token})).status == 200


async def test_an_api_key_does_not_replace_it(john: Browser, village: Village, browser: Browser) -> None:
    key = (await village.user("johndoe")).api_key
    bare = await browser.call("POST", SIGN_IN, b"{}", {**JSON, "Authorization": key})
    assert (bare.status, bare.json) == (400, CSRF)
    browser.headers = {"Authorization": key}
    answer = await browser.post("/account/forgot-password", {"email_addr": "x"})
    assert answer.status == 200


# Who is it


@pytest.mark.parametrize("shown", ["{}", "ApiKey {}", "apikey   {}"])
async def test_an_api_key_makes_one_request_that_users(
    john: Browser, village: Village, api: Api, shown: str
) -> None:
    key = (await village.user("johndoe")).api_key
    answer = await api.get("/account/profile", Authorization=shown.format(key), **JSON)
    assert answer.json["user"]["name"] == "johndoe"
    assert "Set-Cookie" not in answer.headers
    by_query = await api.get(f"/account/profile?api_key={key}", **JSON)
    assert by_query.json["user"]["name"] == "johndoe"


async def test_the_header_wins_over_the_query(john: Browser, village: Village, api: Api) -> None:
    await village.settle("janedoe", "Jane Doe")
    john_key, jane_key = [(await village.user(name)).api_key for name in ("johndoe", "janedoe")]
    answer = await api.get(f"/account/profile?api_key={john_key}", Authorization=jane_key, **JSON)
    assert answer.json["user"]["name"] == "janedoe"
    unknown = await api.get(f"/account/profile?api_key={john_key}", Authorization="unknown", **JSON)
    assert unknown.json["status"] == "not_signed_in"
    foreign = await api.get(f"/account/profile?api_key={john_key}", Authorization="Token unknown", **JSON)
    assert foreign.json["user"]["name"] == "johndoe"


@pytest.mark.parametrize("scheme", ["Token", "Bearer", "Key", "Basic"])
async def test_schemes_of_other_dialects_are_ignored(john: Browser, village: Village, scheme: str) -> None:
    key = (await village.user("johndoe")).api_key
    answer = await Browser(village.api).get("/account/profile", Authorization=f"{scheme} {key}")
    assert answer.json["status"] == "not_signed_in"


async def test_an_unknown_key_is_ignored(john: Browser, browser: Browser) -> None:
    for path, headers in (("?api_key=unknown", {}), ("", {"Authorization": "unknown"})):
        assert (await john.get("/account/profile" + path, **headers)).json["user"]["name"] == "johndoe"
        assert (await browser.get("/account/profile" + path, **headers)).json["status"] == "not_signed_in"


# Sign-in required


async def test_strangers_are_sent_to_sign_in_in_json_too(browser: Browser) -> None:
    for headers in ({}, JSON):
        answer = await browser.call("GET", "/account/johndoe/projects?a=b%20c", headers=headers)
        assert answer.status == 302
        expected = "/account/signin?next=%2Faccount%2Fjohndoe%2Fprojects%3Fa%3Db%2520c"
        assert answer.headers["Location"] == expected
    page = await browser.get(SIGN_IN + "?next=%2Faccount%2Fjohndoe%2Fprojects")
    assert page.json["flash"] == "Please sign in to access this page."
    assert page.json["status"] == "message"
    assert page.json["next"] == "/account/johndoe/projects"
    assert "flash" not in (await browser.get(SIGN_IN)).json


async def test_a_name_that_nobody_has_is_404_before_it_is_403(john: Browser, village: Village) -> None:
    await village.settle("janedoe", "Jane Doe")
    assert (await john.get("/account/nobody/projects")).status == 404
    assert (await john.get("/account/janedoe/projects")).status == 403
    assert (await Browser(village.api).get("/account/nobody/projects")).status == 302


@pytest.mark.parametrize("path", ["/", "/a", "/a//b", "/account/johndoe/?x=http://a.example", "/é", "/a b"])
def test_a_path_of_this_host_is_one(path: str) -> None:
    assert is_own_path(path)


@pytest.mark.parametrize(
    "path",
    [
        *("", "a", "//evil.example", "/\\evil.example", "http://evil.example", "javascript:alert(1)"),
        *("/\tx", "/a\r\nSet-Cookie: a=b", "\t//evil.example", " //evil.example", "/\x85", "/\u2028x"),
    ],
)
def test_everything_else_leads_away(path: str) -> None:
    assert not is_own_path(path)
