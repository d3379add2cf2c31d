"""What holds for every call: readable bodies, secrets, the order of checks, shapes, methods, CORS."""

from __future__ import annotations

from itertools import product
from typing import Any

import orjson
import pytest

from storage.database import Database
from storage.driver import Document
from tests.serving import Answer, Api, Served

AUTH_FAILED = {"error": "auth failed", "error_args": ["auth failed"]}
NOT_PERMITTED = {"error": "insufficient permissions", "error_args": ["insufficient permissions"]}

WITH_SECRET = (
    *("/api/v0/user_details", "/user_details", "/api/v0/iiccot/cast_vote"),
    *("/api/v0/get_roles", "/v2/user/getRoles", "/api/v0/give_role", "/api/v0/give_admin_role"),
)
FOR_ALL = (
    *("/api/v0/register/initial_email", "/api/v0/register/all_at_once"),
    *("/api/v0/email_secret_token", "/api/v0/send_user_details"),
)
ALIASES = (
    *("/register/initial_email", "/register/all_at_once", "/user_details"),
    *("/email_secret_token", "/send_user_details"),
)
LOOKUPS = ("/api/v0/getinfo", "/getinfo", "/api/v0/public_stats", "/public_stats", "/api/v0/iiccot/getinfo")
POSTS = (*WITH_SECRET, *FOR_ALL, *ALIASES[:2])
NOWHERE = (
    *("/api/v0/nothing", "/api/v0/", "/api/v1/app/nothing", "/api/v1/app_rego/nothing", "/v2/nothing"),
    *("/api/v0/getinfo/", "/api/v0/user_details/", "/api/v0/iiccot/getinfo/", "/v2/user/getRoles/"),
    *("/api/v0/GETINFO", "/api/v0//getinfo", "/api/v0/%00", "/api/v0/%ff", "/v2/%F0%9F%98%80"),
)
CONTENT_TYPES = (
    *("text/plain", "text/plain;charset=UTF-8", "application/json", "application/octet-stream"),
    *("application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=abc"),
    *("multipart/form-dataxyz", "image/png", "nonsense", ""),
)
UNREADABLE = {
    "empty": b"",
    "blank": b" \n",
    "words": b"s=abc&email=ann%40example.com",
    "cut off": b'{"s": "abc"',
    "two values": b"{} {}",
    "a list": b'[{"s": "abc"}]',
    "a text": b'"abc"',
    "a number": b"1",
    "null": b"null",
    "bad UTF-8": b'{"s": "\xff\xfe"}',
    "UTF-16": '{"s": "abc"}'.encode("utf-16"),
    "a lone surrogate": b'{"s": "\\ud800"}',
    "a surrogate in bytes": b'{"s": "\xed\xa0\x80"}',
    "NUL in a text": b'{"s": "a\\u0000b"}',
    "NUL in a deep text": b'{"x": [{"y": "\\u0000"}]}',
    "NUL in a name": b'{"\\u0000": 1}',
    "a raw NUL": b'{"s": "a\x00b"}',
    "2**63": b'{"x": 9223372036854775808}',
    "2**64": b'{"x": 18446744073709551616}',
    "-2**63-1": b'{"x": -9223372036854775809}',
    "a googol": b'{"x": 1e100}',
    "too large a float": b'{"x": 1e999}',
    "NaN": b'{"x": NaN}',
    "Infinity": b'{"x": -Infinity}',
    "endless nesting": b'{"x": ' + b"[" * 100_000,
    "deep nesting": b'{"x": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    "single quotes": b"{'s': 'abc'}",
    "a comment": b'{"s": "abc"} // mine',
}
BAD_SECRETS: dict[str, Any] = {
    "null": None,
    "empty": "",
    "blank": " ",
    "unknown": "0" * 40,
    "too long": "a" * 51,
    "far too long": "a" * 100_000,
    "a number": 1,
    "a float": 1.5,
    "true": True,
    "a list": ["a"],
    "not equal": {"$ne": ""},
    "greater": {"$gt": ""},
    "a pattern": {"$regex": "."},
    "an expression": {"$where": "1"},
    "an id": {"$oid": "5f0c9a41d2e7b8361c40aa17"},
}


def assert_refused(answer: Answer, status: int) -> None:
    """Check an error's status, shape and headers."""
    assert answer.status == status, answer.text
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.json.keys() == {"error", "error_args"}
    assert isinstance(answer.json["error"], str)
    assert answer.json["error"]
    assert answer.json["error_args"]
    assert all(isinstance(text, str) and text for text in answer.json["error_args"])


async def everything(database: Database) -> dict[str, list[Document]]:
    """Read all that is stored, less what counts calls and tells which processes are alive."""
    apart = {"rate_limits", "public_stats", "counters", "nodes"}
    names = set(await database.handle.list_collection_names()) - apart
    return {name: await database[name].find({}).sort("_id", 1).to_list(None) for name in names}


@pytest.mark.parametrize(
    "path", ["/api/v0/user_details", "/api/v0/register/initial_email", "/v2/user/getRoles"]
)
async def test_an_unreadable_body_is_refused_and_stores_nothing(
    api: Api, database: Database, path: str
) -> None:
    before = await everything(database)
    for name, body in UNREADABLE.items():
        answer = await api.call("POST", path, body)
        assert answer.status == 400, (name, answer.text)
        assert_refused(answer, 400)
    assert await everything(database) == before


async def test_every_call_with_a_body_refuses_what_is_not_an_object(api: Api) -> None:
    for path in POSTS:
        for name in ("empty", "cut off", "a list", "bad UTF-8", "2**64"):
            assert_refused(await api.call("POST", path, UNREADABLE[name]), 400)


@pytest.mark.settings(max_body_bytes=2048)
async def test_a_body_over_the_limit_is_refused_before_anything_else(api: Api) -> None:
    for path in POSTS:
        answer = await api.post(path, {"s": "wrong", "email": "x", "more": "a" * 2048})
        assert_refused(answer, 413)


async def test_bodies_are_json_whatever_their_content_type_says(api: Api) -> None:
    for number, kind in enumerate(CONTENT_TYPES):
        email = f"m{number}@example.com"
        body = orjson.dumps({"email": email, "member_comment": "a=b&c=%zz;" + "&" * 2000})
        answer = await api.call("POST", "/api/v0/register/initial_email", body, {"Content-Type": kind})
        assert answer.status == 200, (kind, answer.text)
        assert answer.json["email"] == email


async def test_unknown_names_are_ignored_and_never_stored(api: Api, database: Database) -> None:
    odd = {"$set": {"s": "x"}, "a.b": 1, "$$hashKey": "object:1", "isAdmin": True, "": 1, "roles": ["admin"]}
    member = await api.register("ann@example.com", **odd)
    answer = await api.post("/api/v0/user_details", {"s": member["s"], **odd, "volunteer": True})
    assert answer.status == 200
    stored = await database["users"].find_one({})
    assert stored is not None
    assert stored.keys().isdisjoint(odd)
    assert answer.json.keys().isdisjoint(odd)


@pytest.mark.parametrize("path", WITH_SECRET)
async def test_a_secret_that_does_not_hold_is_refused(api: Api, path: str) -> None:
    await api.register("ann@example.com")
    refused = await api.post(path, {"email": "ann@example.com", "role": "admin", "poll_id": 1})
    assert_refused(refused, 403)
    assert refused.json == AUTH_FAILED
    for bad in BAD_SECRETS.values():
        refused = await api.post(path, {"s": bad, "email": "ann@example.com", "poll_id": 1})
        assert_refused(refused, 403)
        assert refused.json == AUTH_FAILED
        assert "Retry-After" not in refused.headers


async def test_secrets_are_compared_exactly(api: Api) -> None:
    secret = (await api.register("ann@example.com"))["s"]
    for wrong in (secret.upper(), f" {secret}", f"{secret}\n", secret[:-1], f"{secret}0"):
        assert (await api.post("/api/v0/user_details", {"s": wrong})).status == 403


async def test_imported_secrets_of_any_text_hold(api: Api, database: Database) -> None:
    await api.register("ann@example.com")
    for secret in ("x", "ä" * 50, "$where", "a.b'\"{}"):
        await database["users"].update_one({}, {"$set": {"s": secret}})
        assert (await api.post("/api/v0/user_details", {"s": secret})).json["s"] == secret


async def test_secrets_elsewhere_than_in_the_body_are_not_read(api: Api) -> None:
    secret = (await api.register("ann@example.com"))["s"]
    headers = {"Cookie": f"s={secret}", "Authorization": f"Flux {secret}", "X-S": secret}
    answer = await api.call("POST", f"/api/v0/user_details?s={secret}", b"{}", headers)
    assert_refused(answer, 403)


async def test_the_secret_of_an_inactive_account_is_refused(api: Api, database: Database) -> None:
    secret = (await api.register("ann@example.com"))["s"]
    await database["users"].update_one({}, {"$set": {"is_active": False}})
    for path in WITH_SECRET:
        assert (await api.post(path, {"s": secret})).json == AUTH_FAILED


async def test_a_missing_role_is_refused_before_fields_are_looked_at(api: Api) -> None:
    secret = (await api.register("ann@example.com"))["s"]
    for path in ("/api/v0/give_role", "/api/v0/give_admin_role"):
        answer = await api.post(path, {"s": secret, "email": 1, "role": []})
        assert_refused(answer, 403)
        assert answer.json == NOT_PERMITTED


async def test_the_body_is_read_before_the_secret_and_the_secret_before_fields(api: Api) -> None:
    secret = (await api.register("ann@example.com"))["s"]
    wrong = {"s": "wrong", "poll_id": "x", "option_id": None, "fname": 5}
    assert_refused(await api.call("POST", "/api/v0/iiccot/cast_vote", orjson.dumps(wrong) + b"}"), 400)
    for path in ("/api/v0/iiccot/cast_vote", "/api/v0/user_details"):
        assert_refused(await api.post(path, wrong), 403)
        assert_refused(await api.post(path, {**wrong, "s": secret}), 400)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "PROPFIND"])
async def test_calls_with_a_body_allow_post_alone(api: Api, method: str) -> None:
    for path in POSTS:
        answer = await api.call(method, path)
        assert answer.status == 405
        assert "POST" in answer.headers["Allow"].split(", ")
        assert not {"GET", "PUT", "PATCH", "DELETE"} & set(answer.headers["Allow"].split(", "))
        if method != "HEAD":
            assert_refused(answer, 405)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "PROPFIND"])
async def test_look_ups_allow_get_alone(api: Api, method: str) -> None:
    for path in (*LOOKUPS, "/api/v0/validate_email/" + "0" * 40):
        answer = await api.call(method, path, b"{}")
        assert_refused(answer, 405)
        assert "GET" in answer.headers["Allow"].split(", ")
        assert "POST" not in answer.headers["Allow"].split(", ")


async def test_head_answers_as_get_without_a_body(api: Api) -> None:
    for path in LOOKUPS:
        answer, full = await api.call("HEAD", path), await api.get(path)
        assert (answer.status, answer.body) == (200, b"")
        assert answer.headers["Content-Type"] == full.headers["Content-Type"]
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


async def test_an_unknown_path_is_not_found_in_the_error_shape(api: Api) -> None:
    for path in NOWHERE:
        for method, body in (("GET", None), ("POST", b"no json"), ("POST", b"{}"), ("PROPFIND", None)):
            assert_refused(await api.call(method, path, body), 404)
        assert (await api.call("HEAD", path)).status == 404


@pytest.mark.parametrize("preflight", [True, False])
async def test_every_path_answers_a_preflight(api: Api, preflight: bool) -> None:
    asked = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}
    headers = asked if preflight else {}
    for path in (*POSTS, *LOOKUPS, *NOWHERE, "/api/v0/validate_email/x", "/user_details"):
        answer = await api.call("OPTIONS", path, headers=headers)
        assert (answer.status, answer.body) == (204, b"")
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Access-Control-Allow-Methods"] == "GET, POST, PATCH, OPTIONS"
        assert answer.headers["Access-Control-Allow-Headers"] == "Content-Type, Authorization"
        assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.settings(allowed_origins="https://one.example")
async def test_every_origin_may_read_whatever_the_listed_ones_are(api: Api) -> None:
    for origin in ("https://one.example", "https://other.example", "null"):
        answer = await api.get("/api/v0/getinfo", Origin=origin)
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.settings(allowed_hosts="folkmoot.example")
async def test_another_host_is_refused_in_the_error_shape(api: Api) -> None:
    answer = await api.call("POST", "/api/v0/user_details", b"{}", {"Host": "evil.example"})
    assert_refused(answer, 400)


@pytest.mark.parametrize("alias", ALIASES)
async def test_an_alias_answers_as_its_original(api: Api, alias: str) -> None:
    for body in (
        {},
        {"email": 5},
        {"email": "not one"},
        {"s": "wrong", "email": "ann@example.com", "fname": ""},
    ):
        original, same = await api.post("/api/v0" + alias, body), await api.post(alias, body)
        if alias.startswith("/register") and original.status == 200:
            assert same.status == 409
        else:
            assert (same.status, same.json) == (original.status, original.json)


async def test_nothing_else_has_an_alias(api: Api) -> None:
    paths = (
        "/iiccot/cast_vote",
        "/iiccot/getinfo",
        "/get_roles",
        "/give_role",
        "/user/getRoles",
        "/getinfo/",
    )
    for path, method in product(paths, ("GET", "POST")):
        assert (await api.call(method, path, b"{}" if method == "POST" else None)).status in (404, 405)


async def test_answers_with_the_secret_are_kept_out_of_caches(api: Api) -> None:
    made = await api.post("/api/v0/register/initial_email", {"email": "ann@example.com"})
    own = await api.post("/user_details", {"s": made.json["s"]})
    assert made.headers["Cache-Control"] == own.headers["Cache-Control"] == "no-store"


async def test_answers_are_one_json_value_and_success_has_no_error(api: Api) -> None:
    secret = (await api.register("ann@example.com"))["s"]
    for path, body in (
        ("/api/v0/user_details", {"s": secret}),
        ("/api/v0/email_secret_token", {"email": "ann@example.com"}),
        ("/api/v0/iiccot/cast_vote", {"s": secret, "poll_id": 1, "option_id": "100"}),
        ("/v2/user/getRoles", {"s": secret}),
    ):
        answer = await api.post(path, body)
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
        assert "error" not in answer.json


async def test_no_cookie_is_ever_set(server: Served) -> None:
    for path in LOOKUPS:
        assert "Set-Cookie" not in (await server.api.get(path)).headers
