"""Who may call: keys everywhere, e-mail and password where the key can be asked for, nothing else."""

from __future__ import annotations

import asyncio
import base64
from datetime import datetime

import pytest

from realtime.connection import Credentials
from storage.stores import Stores
from tests.comics.library import PASSWORD, Caller, Library
from tests.serving import Answer, Api, Served

HTML = "text/html; charset=utf-8"
KEYED = (
    *(f"/api/v1/{name}/" for name in ("comics", "images", "releases", "subscriptions")),
    *(f"/api/v1/{name}/schema/" for name in ("comics", "images", "releases", "subscriptions")),
    *("/api/v1/comics/18/", "/api/v1/images/1/", "/api/v1/releases/1/", "/api/v1/subscriptions/1/"),
)
OPEN = ("/api/v1/users/", "/api/v1/users/schema/", "/api/v1/users/1/")


def check_refused(answer: Answer, path: str) -> None:
    """Check that a call was refused for want of credentials."""
    assert (answer.status, answer.body, answer.headers["Content-Type"]) == (401, b"", HTML)
    challenge = 'Basic Realm="Comics API"' if path.startswith("/api/v1/users/") else None
    assert answer.headers.get("WWW-Authenticate") == challenge


async def test_without_a_credential_nothing_is_shown(api: Api) -> None:
    queries = ("", "?format=xml", "?callback=1", "?key=", "?key=wrong", "?limit=x")
    for path in (*KEYED, *OPEN):
        for query in queries:
            check_refused(await api.get(path + query), path)


async def test_a_key_opens_in_every_form(ann: Caller, shelf: Library) -> None:
    ways = [("", f"{scheme} {ann.key}") for scheme in ("Key", "key", "KEY", "Bearer", "bearer", "Key  ")]
    ways += [(f"?key={ann.key}", other) for other in ("", "Token abc", "Basic abc", "Digest x y")]
    ways += [(f"?key=wrong&key={ann.key}", "")]
    for query, header in ways:
        for path in (*KEYED[:8], *OPEN[:2]):
            answer = await ann.api.call("GET", path + query, headers={"Authorization": header})
            assert answer.status == 200, (query, header)


async def test_a_key_in_the_header_is_final(ann: Caller, shelf: Library) -> None:
    for header in ("Key wrong", "Bearer wrong", "Key", "Bearer", f"Key {ann.key} x", "key"):
        for path in ("/api/v1/comics/", "/api/v1/users/"):
            check_refused(await ann.api.get(f"{path}?key={ann.key}", Authorization=header), path)


async def test_other_credentials_are_none_here(ann: Caller, server: Served, shelf: Library) -> None:
    person = await ann.stores.accounts.document(ann.app.oid)
    who = await server.application.gate.admit(Credentials(token=f"Key {ann.key}"))
    token, _ = server.application.gate.issue(who)
    words = (ann.app.token, person["s"], token)
    for header in [f"{scheme} {word}" for word in words for scheme in ("Token", "Bearer", "Key", "Flux")]:
        for path in ("/api/v1/comics/", "/api/v1/users/"):
            check_refused(await ann.api.get(path, Authorization=header, Cookie=f"session={token}"), path)


async def test_basic_opens_the_users_alone(ann: Caller, shelf: Library) -> None:
    for path in ("/api/v1/users/", "/api/v1/users/schema/", f"/api/v1/users/{ann.app.number}/"):
        assert (await ann.api.call("GET", path, headers=ann.basic())).status == 200
    for path in KEYED:
        check_refused(await ann.api.call("GET", path, headers=ann.basic()), path)


async def test_email_and_password_are_turned_into_the_key(ann: Caller) -> None:
    spellings = [ann.basic(email="ANN@Example.com"), ann.basic(f"  {PASSWORD} ")]
    spellings.append({"Authorization": ann.basic()["Authorization"].replace("Basic", "bASIC")})
    for headers in (*spellings, ann.basic()):
        answer = await ann.api.call("GET", "/api/v1/users/", headers=headers)
        assert answer.json["objects"][0]["secret_key"] == ann.key


async def test_an_account_gets_one_key_however_many_ask_for_the_first_time(server: Served) -> None:
    caller = await Caller.sign_up(server, "new@example.com")
    await caller.set_password(await server.application.services.passwords.hash(PASSWORD))
    await caller.stores.database["users"].update_one({"_id": caller.app.oid}, {"$unset": {"comics": ""}})
    asked = [caller.api.call("GET", "/api/v1/users/", headers=caller.basic()) for _ in range(5)]
    keys = {answer.json["objects"][0]["secret_key"] for answer in await asyncio.gather(*asked)}
    assert len(keys) == 1
    key = keys.pop()
    assert len(key) == 32
    assert set(key) <= set("0123456789abcdef")
    assert (await caller.api.get("/api/v1/comics/", Authorization=f"Key {key}")).status == 200


async def test_passwords_may_hold_anything(ann: Caller, server: Served) -> None:
    path = "/api/v1/users/"
    for password in ("pass:word:7", "pässwörd ☃", ":", "a" * 100):
        await ann.set_password(await server.application.services.passwords.hash(password))
        assert (await ann.api.call("GET", path, headers=ann.basic(password))).status == 200
        check_refused(await ann.api.call("GET", path, headers=ann.basic(password + "x")), path)


async def test_an_unreadable_sign_in_is_refused(ann: Caller) -> None:
    pairs = (
        b"",
        b"ann@example.com",
        b":",
        b"ann@example.com:",
        b"ann@example.com:\xff",
        b"a\0b:c",
        b"\xff:x",
    )
    words = [base64.b64encode(pair).decode() for pair in pairs]
    for rest in (*words, "", "!!!", "YW5u YW5u", "YW5", "é"):
        answer = await ann.api.get("/api/v1/users/", Authorization=f"Basic {rest}".strip())
        check_refused(answer, "/api/v1/users/")


async def test_a_right_key_counts_beside_a_wrong_password_and_the_other_way_round(ann: Caller) -> None:
    wrong = ann.basic("wrong")
    assert (await ann.api.call("GET", f"/api/v1/users/?key={ann.key}", headers=wrong)).status == 200
    assert (await ann.api.call("GET", "/api/v1/users/?key=wrong", headers=ann.basic())).status == 200


async def test_a_deactivated_account_is_let_in_by_nothing(ann: Caller, shelf: Library) -> None:
    await ann.set_password((await ann.stores.accounts.document(ann.app.oid))["password"], is_active=False)
    check_refused(await ann.get("/api/v1/comics/"), "/api/v1/comics/")
    check_refused(await ann.api.call("GET", "/api/v1/users/", headers=ann.basic()), "/api/v1/users/")


async def test_an_old_key_is_dead_at_once(ann: Caller) -> None:
    fresh = await ann.stores.secret_keys.rotate(ann.app.number)
    check_refused(await ann.get("/api/v1/comics/"), "/api/v1/comics/")
    ann.key = fresh
    assert (await ann.get("/api/v1/comics/")).status == 200


async def test_one_sees_oneself_and_nobody_else(ann: Caller, bob: Caller) -> None:
    person = await ann.stores.accounts.document(ann.app.oid)
    answer = await ann.get("/api/v1/users/")
    (me,) = answer.json["objects"]
    assert answer.json["meta"] == {"limit": 20, "next": None, "offset": 0, "previous": None, "total_count": 1}
    assert list(me) == ["date_joined", "email", "last_login", "resource_uri", "secret_key"]
    assert me["resource_uri"] == f"/api/v1/users/{person['id']}/"
    assert (me["email"], me["secret_key"], me["last_login"]) == ("ann@example.com", ann.key, None)
    assert me["date_joined"].endswith("+00:00")
    joined = datetime.fromisoformat(me["date_joined"]).timestamp()
    assert joined == pytest.approx(person["timestamp"], abs=1e-5)
    assert (await ann.get(me["resource_uri"])).json == me
    other = await ann.get(f"/api/v1/users/{bob.app.number}/")
    assert (other.status, other.body) == (404, b"")


async def test_the_last_sign_in_is_shown_and_reading_is_none(ann: Caller) -> None:
    signed_in = {"auth.last_login": 1_349_669_036_411_028}
    await ann.stores.database["users"].update_one({"_id": ann.app.oid}, {"$set": signed_in})
    for headers in (ann.basic(), {"Authorization": f"Key {ann.key}"}):
        (me,) = (await ann.api.call("GET", "/api/v1/users/", headers=headers)).json["objects"]
        assert me["last_login"] == "2012-10-08T04:03:56.411028+00:00"


async def test_the_list_of_users_has_pages_and_no_filters(ann: Caller) -> None:
    answer = (await ann.get("/api/v1/users/", offset=1)).json
    assert (answer["objects"], answer["meta"]["total_count"]) == ([], 1)
    assert len((await ann.get("/api/v1/users/", limit=0, secret_key="x", id=7)).json["objects"]) == 1
    error = await ann.refused("/api/v1/users/", email="ann@example.com")
    assert error == "The 'email' field does not allow filtering."


@pytest.mark.settings(signin_failures="2/900", rate_limit_scale=1)
async def test_too_many_wrong_passwords_are_not_listened_to(ann: Caller, bob: Caller, shelf: Library) -> None:
    path = "/api/v1/users/"
    for _ in range(2):
        check_refused(await ann.api.call("GET", path, headers=ann.basic("wrong")), path)
    answer = await ann.api.call("GET", path, headers=ann.basic())
    assert (answer.status, answer.body) == (429, b"")
    assert 1 <= int(answer.headers["Retry-After"]) <= 900
    login = await ann.api.post(
        "/auth/login/", {"username": ann.email, "password": PASSWORD}, Content_Type="application/json"
    )
    assert login.status == 429
    assert (await ann.get("/api/v1/users/")).status == 200


async def test_a_full_queue_of_passwords_is_503(ann: Caller, server: Served) -> None:
    server.application.services.passwords._room = 0
    answer = await ann.api.call("GET", "/api/v1/users/", headers=ann.basic())
    assert (answer.status, list(answer.json)) == (503, ["error_message"])
    assert int(answer.headers["Retry-After"]) >= 1


async def test_keys_are_not_written_into_the_log(ann: Caller, server: Served) -> None:
    await ann.api.get(f"/api/v1/comics/?key={ann.key}")
    await ann.get("/api/v1/users/")
    assert ann.key not in server.log.getvalue()
    assert "/api/v1/comics/" in server.log.getvalue()


async def test_further_addresses_open_once_they_are_verified(ann: Caller, stores: Stores) -> None:
    email = "Second@Example.com"
    row = await stores.addresses.prepare(email, ann.app.oid, primary=False)
    await stores.database["email_addresses"].insert_one(row)
    headers = ann.basic(email=email.lower())
    check_refused(await ann.api.call("GET", "/api/v1/users/", headers=headers), "/api/v1/users/")
    await stores.database["email_addresses"].update_one({"_id": row["_id"]}, {"$set": {"verified": True}})
    assert (await ann.api.call("GET", "/api/v1/users/", headers=headers)).status == 200
