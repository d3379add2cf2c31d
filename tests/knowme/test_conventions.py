"""Credentials, order of checks, bodies, error shapes, CORS, slashes: what holds on every path."""

from __future__ import annotations

from dataclasses import replace

import pytest

from settings import Settings
from tests.knowme.client import App, multipart
from tests.serving import Api, Served

ANONYMOUS = {"detail": "Authentication credentials were not provided."}
USERS = "/know-me/users/"


@pytest.mark.parametrize(
    ("shown", "detail"),
    [
        (None, "Authentication credentials were not provided."),
        ("Bearer abc", "Authentication credentials were not provided."),
        ("Basic YTpi", "Authentication credentials were not provided."),
        ("Token", "Invalid token header. No credentials provided."),
        ("Token a b", "Invalid token header. Token string should not contain spaces."),
        ("Token nobody", "Invalid token."),
        ("tOKEN n\u00f6", "Invalid token."),
    ],
)
async def test_refused_credentials_are_403_without_a_challenge(
    api: Api, shown: str | None, detail: str
) -> None:
    answer = await api.call("GET", USERS, headers={"Authorization": shown} if shown else {})
    assert (answer.status, answer.json) == (403, {"detail": detail})
    assert "WWW-Authenticate" not in answer.headers


async def test_the_scheme_is_read_without_case(ann: App) -> None:
    answer = await ann.api.call("GET", USERS, headers={"Authorization": f"tokeN {ann.token}"})
    assert answer.status == 200


async def test_a_deactivated_account_is_refused(ann: App, server: Served) -> None:
    users = server.stores.database["users"]
    await users.update_one({"_id": ann.oid}, {"$set": {"is_active": False}})
    answer = await ann.get(USERS)
    assert (answer.status, answer.json) == (403, {"detail": "User inactive or deleted."})


async def test_credentials_come_before_the_method_and_that_before_the_object_and_that_before_the_body(
    ann: App,
) -> None:
    gone = f"{USERS}77/profiles/"
    assert (await ann.api.call("DELETE", gone)).json == ANONYMOUS
    refused = await ann.call("DELETE", gone)
    assert (refused.status, refused.json) == (405, {"detail": 'Method "DELETE" not allowed.'})
    assert refused.headers["Allow"] == "GET, HEAD, POST"
    assert (await ann.call("POST", gone, b"{broken")).json == {"detail": "Not found."}
    assert (await ann.call("POST", USERS, b"{broken")).status == 400


async def test_a_method_that_nobody_knows_is_405(ann: App) -> None:
    answer = await ann.call("TRACE", USERS)
    assert (answer.status, answer.json) == (405, {"detail": 'Method "TRACE" not allowed.'})


async def test_head_answers_as_get_without_a_body(ann: App) -> None:
    answer = await ann.call("HEAD", USERS)
    assert (answer.status, answer.body) == (200, b"")


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (b"[]", {"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]}),
        (b'"a"', {"non_field_errors": ["Invalid data. Expected a dictionary, but got str."]}),
        (b"7", {"non_field_errors": ["Invalid data. Expected a dictionary, but got int."]}),
    ],
)
async def test_a_body_that_is_no_object_is_named_by_its_type(ann: App, body: bytes, errors: object) -> None:
    answer = await ann.call("POST", USERS, body)
    assert (answer.status, answer.json) == (400, errors)


@pytest.mark.parametrize(
    "body", [b"{", b'{"name": NaN}', b"\xff", b'{"name": "\xff"}', b"[" * 100_000, b"1" * 5000]
)
async def test_broken_json_is_a_parse_error(ann: App, body: bytes) -> None:
    answer = await ann.call("POST", USERS, body)
    assert answer.status == 400
    assert answer.json["detail"].startswith("JSON parse error - ")


async def test_other_types_of_bodies_are_415(ann: App) -> None:
    answer = await ann.call("POST", USERS, b"name=x", "text/plain")
    assert answer.status == 415
    assert answer.json == {"detail": 'Unsupported media type "text/plain" in request.'}


async def test_an_empty_body_has_no_fields(ann: App) -> None:
    answer = await ann.call("POST", USERS, b"", "text/plain")
    assert answer.status == 201


async def test_forms_say_the_same_as_json(ann: App) -> None:
    path = f"{USERS}{await ann.user()}/profiles/"
    urlencoded = "application/x-www-form-urlencoded"
    answer = await ann.call("POST", path, b"name=one&name=A%C3%84+B&is_default=true", urlencoded)
    assert (answer.status, answer.json["name"], answer.json["is_default"]) == (201, "AÄ B", True)
    content_type, body = multipart({"name": " C ", "is_default": "0"})
    answer = await ann.call("POST", path, body, content_type)
    assert (answer.status, answer.json["name"], answer.json["is_default"]) == (201, "C", False)
    content_type, body = multipart({}, {"name": ("a.txt", b"x")})
    answer = await ann.call("POST", path, body, content_type)
    assert answer.json == {"name": ["Not a valid string."]}


async def test_a_broken_form_is_refused_after_the_credentials(ann: App) -> None:
    broken = "multipart/form-data"
    answer = await ann.api.call("POST", USERS, b"x", {"Content-Type": broken})
    assert answer.json == ANONYMOUS
    answer = await ann.call("POST", USERS, b"x", broken)
    reason = "Multipart form parse error - Invalid boundary in multipart: None"
    assert (answer.status, answer.json) == (400, {"detail": reason})
    answer = await ann.call("POST", USERS, b"x", broken + "; boundary=b")
    assert answer.status == 400


NOT_TEXT = "Not a valid string."


@pytest.mark.parametrize(
    ("value", "reasons"),
    [
        (None, ["This field may not be null."]),
        ("", ["This field may not be blank."]),
        (" \t\n", ["This field may not be blank."]),
        (True, [NOT_TEXT]),
        ({}, [NOT_TEXT]),
        ([], [NOT_TEXT]),
        ({"$gt": ""}, [NOT_TEXT]),
        ("\ud800", [NOT_TEXT]),
        ("a\0b", ["Null characters are not allowed."]),
        ("x" * 256, ["Ensure this field has no more than 255 characters."]),
    ],
)
async def test_a_text_is_checked(ann: App, value: object, reasons: list[str]) -> None:
    path = f"{USERS}{await ann.user()}/profiles/"
    answer = await ann.post(path, {"name": value})
    assert (answer.status, answer.json) == (400, {"name": reasons})
    assert (await ann.get(path)).json == []


async def test_texts_are_trimmed_and_numbers_become_texts(ann: App) -> None:
    path = f"{USERS}{await ann.user()}/profiles/"
    assert (await ann.make(path, name="  " + "x" * 255 + "\n"))["name"] == "x" * 255
    assert (await ann.make(path, name=7))["name"] == "7"
    assert (await ann.make(path, name=1.5))["name"] == "1.5"


@pytest.mark.parametrize("value", ["maybe", "", 2, "yes please", [], {}])
async def test_a_flag_is_checked(ann: App, value: object) -> None:
    answer = await ann.post(f"{USERS}{await ann.user()}/profiles/", {"name": "x", "is_default": value})
    shown = value if isinstance(value, str | int) else type(value).__name__
    assert answer.json == {"is_default": [f'"{shown}" is not a valid boolean.']}


@pytest.mark.parametrize("value", [True, "true", "True", "TRUE", "t", "T", "on", "ON", "1", 1])
async def test_a_flag_is_true_in_many_spellings(ann: App, value: object) -> None:
    answer = await ann.post(f"{USERS}{await ann.user()}/profiles/", {"name": "x", "is_default": value})
    assert answer.json["is_default"] is True


async def test_all_bad_fields_are_reported_together(ann: App) -> None:
    path = f"{USERS}{await ann.user()}/emergency-contacts/"
    answer = await ann.post(path, {"name": "", "phone_number": "x", "email": "no"})
    assert answer.json == {
        "name": ["This field may not be blank."],
        "relation": ["This field is required."],
        "phone_number": ["Enter valid phone number"],
        "email": ["Enter a valid email address."],
    }


async def test_unknown_and_read_only_fields_are_ignored(ann: App) -> None:
    made = await ann.make(USERS, id=77, url="x", nonsense={"$set": 1}, user_id="x")
    assert made["id"] != 77


# Cross-origin reading


@pytest.mark.parametrize(
    "path", [USERS, "/know-me/nothing/", "/auth/login/", "/media/a/b", "/account/emails/"]
)
async def test_a_preflight_needs_no_credentials(api: Api, path: str) -> None:
    headers = {"Origin": "https://app.example", "Access-Control-Request-Method": "PATCH"}
    answer = await api.call("OPTIONS", path, headers=headers)
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Access-Control-Allow-Methods"] == "DELETE, GET, OPTIONS, PATCH, POST, PUT"
    assert "authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert answer.headers["Access-Control-Max-Age"] == "86400"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "Content-Type" not in answer.headers  # Tornado's own would be HTML


async def test_a_preflight_of_an_upload_is_the_same(api: Api) -> None:
    headers = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    answer = await api.call("OPTIONS", f"{USERS}1/gallery/", headers=headers)
    assert (answer.status, answer.body) == (200, b"")


async def test_errors_may_be_read_from_everywhere(api: Api) -> None:
    for path in (USERS, "/know-me/nothing/"):
        answer = await api.get(path, Origin="https://app.example")
        assert answer.status in (403, 404)
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


# Paths


async def test_readers_are_sent_to_where_the_slash_was_forgotten(api: Api, ann: App) -> None:
    for method in ("GET", "HEAD"):
        answer = await api.call(method, "/know-me/users?a=%20b")
        assert (answer.status, answer.headers["Location"]) == (301, "/know-me/users/?a=%20b")
        assert "Content-Type" not in answer.headers
    refused = await ann.call("POST", "/know-me/users", b"{}")
    assert (refused.status, refused.json) == (404, {"detail": "Not found."})


@pytest.mark.parametrize(
    "path",
    [
        "/know-me/",
        "/know-me/nothing",
        "/know-me/nothing/",
        "/auth/nothing",
        "/media/x",
        "/account/emails/x/y",
    ],
)
async def test_what_is_not_there_is_json(api: Api, path: str) -> None:
    answer = await api.get(path, Accept="text/html")
    assert (answer.status, answer.json) == (404, {"detail": "Not found."})
    assert answer.headers["Content-Type"].startswith("application/json")


async def test_links_are_built_for_whom_proxies_speak(server: Served, ann: App) -> None:
    user = await ann.user()
    ann.headers["X-Forwarded-Proto"] = "https"
    assert (await ann.get(f"{USERS}{user}/")).json["url"].startswith("http://127.0.0.1")


@pytest.mark.settings(trusted_proxies="127.0.0.0/8")
async def test_links_follow_a_trusted_proxy(ann: App) -> None:
    ann.headers["X-Forwarded-Proto"] = "https"
    user = await ann.user()
    assert (await ann.get(f"{USERS}{user}/")).json["url"].startswith("https://127.0.0.1")


@pytest.mark.settings(base_url="https://km.example")
async def test_links_begin_with_the_base_url(ann: App) -> None:
    made = await ann.post(USERS, {})
    assert made.json["url"] == f"https://km.example/know-me/users/{made.json['id']}/"
    assert made.headers["Location"] == made.json["url"]


async def test_another_host_is_refused(api: Api) -> None:
    answer = await api.get(USERS, Host="evil.example")
    assert (answer.status, answer.json) == (400, {"detail": "Invalid host."})


@pytest.mark.settings(max_body_bytes=2048)
async def test_a_body_over_the_limit_is_413(ann: App, settings: Settings) -> None:
    answer = await ann.call("POST", USERS, b" " * (settings.max_body_bytes + 1))
    assert answer.status == 413
    assert list(answer.json) == ["detail"]


@pytest.mark.parametrize("debug", [False, True])
async def test_an_unexpected_error_tells_more_only_when_debugging(
    server: Served, ann: App, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, debug: bool
) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("something odd")

    monkeypatch.setattr(server.stores.knowme, "user_of", fail)
    settings = server.settings.model_copy(update={"debug": debug})
    monkeypatch.setattr(
        server.application, "services", replace(server.application.services, settings=settings)
    )
    answer = await ann.get(USERS)
    detail = "RuntimeError('something odd')" if debug else "Internal server error."
    assert (answer.status, answer.json) == (500, {"detail": detail})
    assert answer.headers["X-Request-Id"] in caplog.text
    caplog.clear()
