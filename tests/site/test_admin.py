"""The administrators' calls: who may, from every wrong side; what hostile input does."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from handlers.core.gate import KIND, Gate
from handlers.core.live import Live
from handlers.klub.credentials import REFRESH, make_token
from realtime.channels import Identity
from realtime.codes import Disconnect
from storage.driver import ObjectId
from tests.klub.callers import Callers, Someone, bearer
from tests.pybossa.village import Village
from tests.serving import Api, Served
from tests.site.admins import API, Desk, operations

ME = f"{API}/me"
DEEP = "[" * 5000 + "]" * 5000


@pytest.fixture
def callers(server: Served) -> Callers:
    return Callers(server)


@pytest.fixture
async def superuser(callers: Callers) -> Someone:
    return await callers.superuser()


@pytest.fixture
def desk(superuser: Someone) -> Desk:
    return Desk(superuser)


async def keys_of(server: Served, someone: Someone) -> dict[str, str]:
    """Return every Authorization header that an account may have."""
    assert someone.oid is not None
    stores, oid = server.stores, someone.oid
    await stores.database.transaction(lambda session: stores.pybossa.join(oid, session))
    reader = await stores.secret_keys.reader(someone.number)
    row = await stores.accounts.document(oid)
    assert reader is not None
    return {
        "klub": someone.headers["Authorization"],
        "knowme": f"Token {await stores.tokens.issue(oid)}",
        "flux": f"Flux {row['s']}",
        "comics": f"Key {reader.secret_key}",
        "comics, too": f"Bearer {reader.secret_key}",
        "pybossa": f"ApiKey {row['pybossa']['api_key']}",
    }


async def test_every_dialects_header_of_a_superuser_counts(server: Served, superuser: Someone) -> None:
    for name, header in (await keys_of(server, superuser)).items():
        answer = await server.api.get(ME, Authorization=header)
        assert (name, answer.status) == (name, 200)
        assert answer.json["id"] == superuser.number
        assert answer.headers["Cache-Control"] == "no-store"


async def test_nobody_without_a_credential_learns_or_does_anything(api: Api) -> None:
    """Every operation answers 401, whatever is sent, and says what it wants."""
    for method, path in operations():
        for header in ({}, {"Authorization": "Token wrong"}, {"Authorization": "Bearer x.y.z"}):
            answer = await api.call(method, path, b"{", header)
            assert (method, path, answer.status) == (method, path, 401)
            assert list(answer.json) == ["error"]
            assert "WWW-Authenticate" in answer.headers


async def test_no_lesser_right_is_enough(callers: Callers) -> None:
    """Members, staff, organizers and Flux's admins are known here, and kept out of everything."""
    lesser = [await callers.user(), await callers.staff_of(None), await callers.organizer_of(None)]
    for role in ("admin", "finance"):
        lesser.append(await callers.user())
        assert lesser[-1].oid is not None
        await callers.stores.roles.give(role, lesser[-1].oid)
    for someone in lesser:
        for method, path in operations():
            answer = await someone.call(method, path, b"{}")
            assert (method, path, answer.status) == (method, path, 403)
            assert answer.json == {"error": "only superusers may do this"}


async def test_tokens_for_something_else_are_bad_here(
    server: Served, callers: Callers, superuser: Someone
) -> None:
    """What opens the hub alone, refreshes, or speaks for an app is refused, bare or behind any word."""
    services = server.application.services
    member = await server.stores.accounts.by_number(superuser.number)
    assert member is not None
    bought = (await superuser.call("POST", "/connection/token", b"")).json["token"]
    access = superuser.headers["Authorization"].removeprefix("Bearer ")
    tokens = {
        "connection": bought,
        "refresh": make_token(services, REFRESH, member, 300),
        "flux app": services.signer.sign("flux_app", str(member.id), 300, cred="x")[0],
        "klub app": (await callers.app("read", "write")).headers["Authorization"].removeprefix("Bearer "),
    }
    assert services.signer.read(KIND, bought)["sub"] == str(member.id)
    for name, token in tokens.items():
        for header in (token, f"Bearer {token}", f"Token {token}", f"Key {token}", f"Flux {token}"):
            answer = await server.api.get(ME, Authorization=header)
            assert (name, header.split(" ")[0][:6], answer.status) == (name, header.split(" ")[0][:6], 401)
    assert (await server.api.get(ME, Authorization=access)).status == 401  # not a header of any dialect
    for path in (f"{ME}?token={access}", f"{ME}?key={access}", f"{ME}?s={access}"):
        assert (await server.api.get(path)).status == 401


async def test_what_is_shown_bare_is_for_the_hub_alone(server: Served) -> None:
    """Identity tokens are, like the hub's own, only ever shown without a word before them."""

    async def read(token: str) -> Identity | None:
        return Identity("1") if token == "identity" else None

    services = server.application.services
    gate = Gate(server.stores.accounts, server.stores.revocations, services.signer, [Live(tokens=(read,))])
    assert (await gate.identify("identity")).user == "1"
    for header in ("identity", " identity ", "Bearer identity", "Token identity", ""):
        with pytest.raises(Disconnect):
            await gate.authorise(header)


async def test_a_cookie_alone_is_nothing(server: Served, tmp_path: Any) -> None:
    """PyBossa's session opens PyBossa, Klub and the hub; here it is as if it were not sent."""
    village = Village(server, tmp_path / "mails")
    browser = await village.settle("johndoe")
    user = await village.user("johndoe")
    await server.stores.accounts.make_superuser(user.oid, True)
    cookie = "; ".join(f"{name}={value}" for name, value in browser.jar.items())
    assert (await browser.get("/account/johndoe/update")).status == 200
    for method, path in operations():
        answer = await server.api.call(method, path, b"{}", {"Cookie": cookie, "Origin": server.url})
        assert (path, answer.status) == (path, 401)


Deed = Callable[[Served, Someone], Awaitable[None]]


async def deactivate(server: Served, someone: Someone) -> None:
    """As an import or another tool might: without a word to anybody."""
    changes = {"$set": {"is_active": False}}
    await server.stores.database["users"].update_one({"id": someone.number}, changes)


async def demote(server: Served, someone: Someone) -> None:
    assert someone.oid is not None
    await server.stores.accounts.make_superuser(someone.oid, False)


async def expel(server: Served, someone: Someone) -> None:
    await server.stores.lockout.end_sessions(someone.number)


async def delete(server: Served, someone: Someone) -> None:
    assert someone.oid is not None
    await server.stores.deletion.delete(someone.oid)


async def test_a_right_that_ended_meanwhile_is_no_right(server: Served, callers: Callers) -> None:
    """Deactivated, demoted, signed out, deleted: the next call knows; lasting keys outlive a signing-out."""
    deeds: Mapping[Deed, int] = {deactivate: 401, demote: 403, expel: 401, delete: 401}
    for number, (deed, status) in enumerate(deeds.items()):
        superuser = await callers.superuser(f"root{number}@example.org")
        headers = await keys_of(server, superuser)
        await deed(server, superuser)
        for name, header in headers.items():
            lasting = deed is expel and name not in {"klub", "knowme"}
            answer = await server.api.get(ME, Authorization=header)
            assert (deed.__name__, name, answer.status) == (deed.__name__, name, 200 if lasting else status)


HOSTILE: Mapping[str, set[int]] = {
    "/people?q=%00": {400},
    "/people?q=%FF": {400},
    "/people?q=" + "x" * 201: {400},
    "/people?before=-1": {400},
    "/people?before=99999999999999999999999": {400},
    "/people?before[$gt]=1&q[$ne]=1": {200},
    "/people?q=" + "9" * 30: {200},
    "/people?q=.*&before=1": {200},
    "/people/99999999999999999999999": {404},
    "/people/-1": {404},
    "/people/1%00": {404},
    "/people/%F0": {400, 404},
    "/polls/x": {404},
    "/polls/0": {404},
    "/jobs?state=dead": {400},
    "/jobs?before=xyz": {400},
    "/jobs?kind=%00": {400},
    "/jobs?before=" + "0" * 24 + "%0A": {400},
    "/events?q=%00": {400},
    "/nothing": {404},
    "": {404},
}


async def test_hostile_paths_and_queries(desk: Desk) -> None:
    for path, statuses in HOSTILE.items():
        answer = await desk.superuser.get(API + path)
        assert (path, answer.status in statuses) == (path, True)
        if answer.status != 200:
            assert "error" in answer.json


async def test_hostile_bodies_change_nothing(desk: Desk, callers: Callers) -> None:
    """Operators, other types, NUL, numbers of any size, deep nesting: 400 with the field, nothing stored."""
    ann = await callers.user()
    operator: dict[str, str] = {"$gt": ""}
    bodies: dict[str, list[Any]] = {
        f"/people/{ann.number}/roles": [
            None, [], "admin", {}, {"role": operator}, {"role": "king"}, {"role": "a\0"}, {"role": 1},
            {"role": "staff", "administrative_unit": operator}, {"role": "staff", "administrative_unit": -1},
            {"role": "staff", "administrative_unit": 2**63}, {"role": "admin", "administrative_unit": 1},
            {"role": "staff", "revoke": "yes"}, {"role": "staff", "more": 1},
        ],
        f"/people/{ann.number}/active": [{}, {"active": 0}, {"active": "false"}, {"active": operator}],
        "/polls": [
            {}, {"poll_id": 0, "options": {"a": ""}}, {"poll_id": 2**63, "options": {"a": ""}},
            {"poll_id": True, "options": {"a": ""}}, {"poll_id": 2, "options": {}},
            {"poll_id": 2, "options": {"$gt": ""}}, {"poll_id": 2, "options": {"a.b": ""}},
            {"poll_id": 2, "options": {"a": operator}}, {"poll_id": 2, "options": ["a"]},
            {"poll_id": 2, "options": {"a\0": ""}}, {"poll_id": 2, "options": {"a": "\0"}},
            {"poll_id": 2, "options": {"a": ""}, "question": operator},
        ],
        "/clients": [
            {}, {"name": ""}, {"name": " "}, {"name": operator}, {"name": "a\0"}, {"name": "a", "scopes": []},
            {"name": "a", "scopes": ["all"]}, {"name": "a", "scopes": [operator]},
        ],
    }  # fmt: skip
    for path, values in bodies.items():
        for value in values:
            answer = await desk.do(path, value)
            assert (path, value, answer.status) == (path, value, 400)
            assert answer.json["error"]
        for raw in (b"", b"{", b"\xff", b'{"role": "\\ud800"}', DEEP.encode()):
            answer = await desk.superuser.call("POST", API + path, raw)
            assert (path, raw[:20], answer.status) == (path, raw[:20], 400)
    stores = callers.stores
    assert (await stores.accounts.document(ann.oid or ObjectId())).get("is_active") is True
    assert await stores.database["log"].find_one({}) is None
    assert await stores.database["oauth_clients"].find_one({}) is None
    assert await stores.polls.numbers() == [1]


async def test_other_methods_and_other_origins_get_nothing(desk: Desk, api: Api) -> None:
    answer = await desk.superuser.call("PUT", f"{API}/polls", b"{}")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD, POST")
    foreign = await desk.superuser.get(f"{API}/me", Origin="https://evil.example")
    assert "Access-Control-Allow-Origin" not in foreign.headers
    assert (await api.call("HEAD", f"{API}/me")).status == 401


async def test_who_did_what_is_in_the_log_without_secrets(
    desk: Desk, callers: Callers, caplog: pytest.LogCaptureFixture
) -> None:
    ann = await callers.user()
    with caplog.at_level(logging.INFO, "folkmoot.admin"):
        made = await desk.do("/clients", {"name": "City map"})
        await desk.do(f"/people/{ann.number}/roles", {"role": "organiser"})
        await desk.ask(f"/people/{ann.number}")
    told = [record.getMessage() for record in caplog.records if record.name == "folkmoot.admin"]
    assert [line.split(" ")[:3] for line in told] == [
        ["user", str(desk.superuser.number), deed]
        for deed in ("made_client", "gave_role", "looked_at_person")
    ]
    assert f'{{"person":{ann.number},"role":"organiser","unit":null}}' in told[1]
    secrets = (made.json["client_secret"], desk.superuser.headers["Authorization"].split(" ")[1])
    assert not any(secret in line for line in told for secret in secrets)


async def test_the_page_holds_no_data_and_answers_at_its_deep_links(
    server: Served, superuser: Someone
) -> None:
    """Everybody gets the same shell; what is no place of it is not found; a slash is put right."""
    shell = await server.api.get("/admin/", Accept="text/html")
    assert (shell.status, superuser.email in shell.text) == (200, False)
    assert "script-src 'self'" in shell.headers["Content-Security-Policy"]
    for path in (
        "/admin/people?q=ann",
        "/admin/people/17",
        "/admin/jobs",
        "/admin/polls/1",
        "/admin/channels",
    ):
        assert (await server.api.get(path, Accept="text/html")).status == 200
    for path in ("/admin/secrets", "/admin/people/ann", "/admin/jobs/1", "/admin/people/1/2", "/admin//"):
        assert (await server.api.get(path, Accept="text/html")).status == 404
    slashless = await server.api.get("/admin")
    assert (slashless.status, slashless.headers["Location"]) == (301, "/admin/")


async def test_bearer_words_are_told_apart(server: Served, superuser: Someone) -> None:
    """An expired token of Klub's is 401 like any bad one."""
    member = await server.stores.accounts.by_number(superuser.number)
    assert member is not None
    old = make_token(server.application.services, "access", member, -1)
    assert (await server.api.call("GET", ME, None, bearer(old))).status == 401
