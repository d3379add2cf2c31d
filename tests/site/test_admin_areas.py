"""What administrators find and do, area by area, over HTTP."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from handlers.core.mail import Mail
from storage.driver import ObjectId
from storage.jobs import Jobs
from storage.stores import Stores
from tests.klub.callers import Callers, Someone
from tests.klub.scene import Scene
from tests.serving import Served, ServerProcess
from tests.site.admins import API, Desk


@pytest.fixture
def callers(server: Served) -> Callers:
    return Callers(server)


@pytest.fixture
async def desk(callers: Callers) -> Desk:
    return Desk(await callers.superuser())


async def names(desk: Desk, text: str) -> list[str]:
    found = await desk.ask(f"/people?q={text}")
    return [each["name"] for each in found["people"]]


async def test_people_are_found_by_all_that_they_are_known_by(desk: Desk, callers: Callers) -> None:
    """Id, address in any case, name, surname, usernames, further addresses; patterns are plain texts."""
    zoe = await callers.user("Zoe.May@example.org", "Zoe", "Mayer")
    await callers.user("bob@example.org", "Bob", "O'Hara")
    users = callers.stores.database["users"]
    await users.update_one({"id": zoe.number}, {"$set": {"pybossa.name": "annie", "klub.username": "al77"}})
    row = await callers.stores.addresses.prepare("other@example.org", zoe.oid or ObjectId(), primary=False)
    await callers.stores.database["email_addresses"].insert_one(row)
    known = (str(zoe.number), "ZOE.MAY@", "zoe", "Zoe%20May", "maye", "annie", "AL7", "other@ex", "%20zoe%20")
    for text in known:
        assert (text, await names(desk, text)) == (text, ["Zoe Mayer"])
    assert await names(desk, "o'h") == ["Bob O'Hara"]
    for text in ("nobody", ".*", "%5E", "$", "a.n", "a%2B"):
        assert (text, await names(desk, text)) == (text, [])


async def test_people_are_paged_newest_first(desk: Desk, callers: Callers) -> None:
    made = [await callers.user(f"m{number}@example.org") for number in range(30)]
    first = await desk.ask("/people?q=m")
    assert [each["id"] for each in first["people"]] == [each.number for each in reversed(made[5:])]
    rest = await desk.ask(f"/people?q=m&before={first['next']}")
    assert [each["id"] for each in rest["people"]] == [each.number for each in reversed(made[:5])]
    assert rest["next"] is None


async def test_the_search_reads_indexes_alone(stores: Stores) -> None:
    """However many people there are, a search looks at about as many index keys as it finds."""
    people = [
        {"id": n, "s": f"s{n}", "email_lower": f"p{n}@x", "name": f"Person {n}", "sname": f"P{n}"}
        for n in range(2000)
    ]
    await stores.database["users"].insert_many(people)
    query = {"$or": await stores.people_search._conditions("Person 77")}
    cursor = stores.database["users"].find(query).sort("id", -1).limit(26)
    stages = (await cursor.explain())["executionStats"]
    assert stages["nReturned"] == 11
    assert stages["totalDocsExamined"] <= 12
    assert stages["totalKeysExamined"] < 80


async def test_a_persons_page_tells_of_every_dialect_and_no_secret(desk: Desk, callers: Callers) -> None:
    ann = await callers.user("ann@example.org")
    stores, oid = callers.stores, ann.oid
    assert oid is not None
    await stores.database.transaction(lambda session: stores.pybossa.join(oid, session, name="annie"))
    token = await stores.tokens.issue(oid)
    opened = await stores.database.transaction(lambda session: stores.sessions.sign_in(oid, None, session))
    reader = await stores.secret_keys.reader(ann.number)
    await stores.roles.give("finance", oid)
    await stores.grants.give("staff", oid, None)
    answer = await desk.superuser.get(f"{API}/people/{ann.number}")
    person = answer.json["person"]
    assert person["addresses"] == [{"email": "ann@example.org", "primary": True, "verified": False}]
    assert (person["roles"], person["grants"]) == (["finance", "staff"], [{"role": "staff", "units": None}])
    assert person["facts"]["pybossa"]["name"] == "annie"
    assert set(person["facts"]) == {"flux", "knowme", "klub", "pybossa", "comics"}
    ways = {way["kind"]: way["lasting"] for way in person["ways_in"]}
    assert ways == {
        **{"Flux secret": True, "Comics secret key": True, "PyBossa API key": True},
        **{"Know Me token": False, "PyBossa session": False, "PyBossa remembered browser": False},
    }
    row = await stores.accounts.document(oid)
    assert reader is not None
    secrets = (row["s"], token, reader.secret_key, row["pybossa"]["api_key"], opened.cookie, opened.visit.id)
    assert not any(secret in answer.text for secret in secrets)
    assert (await desk.superuser.get(f"{API}/people/999999")).status == 404


async def test_roles_are_given_and_taken_as_by_the_script(desk: Desk, callers: Callers) -> None:
    ann = await callers.user()
    path = f"/people/{ann.number}/roles"
    await callers.stores.database["administrative_units"].insert_one({"_id": 3, "name": "A"})
    given = [
        (await desk.do(path, body)).json["roles"]
        for body in (
            {"role": "organiser"},
            {"role": "staff", "administrative_unit": 3},
            {"role": "superuser"},
            {"role": "superuser", "revoke": True},
            {"role": "organiser", "revoke": True},
        )
    ]
    assert given == [
        *(["organiser"], ["organiser", "staff"], ["admin", "organiser", "staff", "superuser"]),
        *(["organiser", "staff"], ["staff"]),
    ]
    assert (await desk.do(path, {"role": "staff", "administrative_unit": 9})).status == 404
    log = await callers.stores.database["log"].find({}).sort("ts", 1).to_list(None)
    assert [entry["action"] for entry in log] == ["gave_role"] * 3 + ["took_role"] * 2
    assert {entry["data"]["by"] for entry in log} == {desk.superuser.oid}
    assert (await desk.do("/people/999999/roles", {"role": "staff"})).status == 404


async def test_nobody_locks_themselves_out(desk: Desk) -> None:
    own = f"/people/{desk.superuser.number}"
    refused = await desk.do(f"{own}/roles", {"role": "superuser", "revoke": True})
    assert (refused.status, "lock yourself out" in refused.json["error"]) == (409, True)
    assert (await desk.do(f"{own}/active", {"active": False})).status == 409
    assert (await desk.superuser.get(f"{API}/me")).status == 200


async def hear_closing(server: Served, header: str) -> int:
    """Connect with a credential, say so, and return the code with which the connection ends."""
    async with connect(server.socket_url) as socket:
        await socket.send(orjson.dumps({"id": 1, "connect": {"token": header}}).decode())
        assert "client" in (await socket.recv() or "")
        await socket.send(orjson.dumps({"id": 2, "subscribe": {"channel": "stats:members"}}).decode())
        with suppress(ConnectionClosed):  # it is shown as a listener before the answer is on its way
            await socket.recv()
        await asyncio.wait_for(socket.wait_closed(), 10)
        return socket.close_code or 0


async def connected(desk: Desk, someone: Someone, number: int) -> list[dict[str, Any]]:
    """Wait until a person has so many live connections."""
    async with asyncio.timeout(10):
        while True:
            seats = (await desk.ask(f"/people/{someone.number}"))["connections"]
            if len(seats) == number and all(seat["channels"] for seat in seats):
                return list(seats)
            await asyncio.sleep(0.05)


async def test_ending_sessions_ends_them_everywhere(server: Served, desk: Desk, callers: Callers) -> None:
    """Tokens of apps, sessions, JWTs and live connections end; lasting keys and the password stay."""
    ann = await callers.user()
    stores, oid = callers.stores, ann.oid
    assert oid is not None
    token = f"Token {await stores.tokens.issue(oid)}"
    await stores.database.transaction(lambda session: stores.sessions.sign_in(oid, None, session))
    listening = asyncio.create_task(hear_closing(server, token))
    (seat,) = await connected(desk, ann, 1)
    assert (seat["credential"], seat["channels"]) == ("token", ["stats:members"])
    ended = await desk.do(f"/people/{ann.number}/end-sessions")
    assert ended.json["ended"] == {"browser_sessions": 1, "remembered_browsers": 1, "app_tokens": 1}
    assert await listening == 3503
    assert (await server.api.get("/account/emails/", Authorization=token)).status == 403
    secret = (await stores.accounts.document(oid))["s"]
    assert await stores.accounts.by_secret(secret) is not None
    again = await desk.do(f"/people/{ann.number}/end-sessions")
    assert set(again.json["ended"].values()) == {0}
    assert (await desk.do("/people/999999/end-sessions")).status == 404


async def test_a_deactivated_account_is_shut_until_it_is_reactivated(
    server: Served, desk: Desk, callers: Callers
) -> None:
    ann = await callers.user()
    secret = (await callers.stores.accounts.document(ann.oid or ObjectId()))["s"]
    listening = asyncio.create_task(hear_closing(server, f"Flux {secret}"))
    await connected(desk, ann, 1)
    off = await desk.do(f"/people/{ann.number}/active", {"active": False})
    assert (off.status, off.json["active"]) == (200, False)
    assert await listening == 3503
    assert await callers.stores.accounts.by_secret(secret) is None
    assert (await desk.ask(f"/people/{ann.number}"))["person"]["active"] is False
    on = await desk.do(f"/people/{ann.number}/active", {"active": True})
    assert on.json["active"] is True
    assert await callers.stores.accounts.by_secret(secret) is not None


async def test_polls_are_made_listed_and_not_overwritten(desk: Desk, callers: Callers) -> None:
    poll = {"poll_id": 7, "question": "$Tea?", "options": {"tea": "Tea", "no": ""}}
    made = await desk.do("/polls", poll)
    assert (made.status, made.json["stats"], made.json["options"]) == (
        201,
        {"tea": 0, "no": 0},
        poll["options"],
    )
    assert (await desk.do("/polls", poll)).status == 409
    more = await desk.do("/polls", {"poll_id": 7, "options": {"mate": "Mate"}, "extend": True})
    assert (more.status, list(more.json["stats"]), more.json["question"]) == (
        201,
        ["tea", "no", "mate"],
        "$Tea?",
    )
    voter = await callers.user()
    await callers.stores.polls.cast(7, voter.oid or ObjectId(), "tea")
    listed = (await desk.ask("/polls"))["polls"]
    assert [(each["poll_id"], each["total"]) for each in listed] == [(7, 1), (1, 0)]
    assert (await desk.ask("/polls/7"))["stats"]["tea"] == 1
    assert (await desk.superuser.get(f"{API}/polls/8")).status == 404


async def test_events_are_found_hidden_ones_too(server: Served, desk: Desk) -> None:
    scene = Scene(server.stores)
    hidden = await scene.event("Winter camp", public_on_web=False)
    shown = await scene.event("Winter fair")
    await scene.event("Summer")
    for text in ("win", "WINTER", "Winter%20"):
        found = (await desk.ask(f"/events?q={text}"))["events"]
        assert [(each["id"], each["public"]) for each in found] == [(shown, True), (hidden, False)]
    assert [each["id"] for each in (await desk.ask(f"/events?q={hidden}"))["events"]] == [hidden]
    assert len((await desk.ask("/events"))["events"]) == 3


async def test_a_clients_secret_is_shown_once_and_ends_with_it(server: Served, desk: Desk) -> None:
    made = (await desk.do("/clients", {"name": " City map ", "scopes": ["read", "can_view_events"]})).json
    body = {"grant_type": "client_credentials", **made}
    granted = (await server.api.post("/api/o/token/", body, Content_Type="application/json")).json
    app = granted["access_token"]
    assert await server.stores.oauth.app(app) is not None
    listed = await desk.superuser.get(f"{API}/clients")
    (client,) = listed.json["clients"]
    assert (client["name"], client["scopes"], client["tokens"]) == (
        "City map",
        ["read", "can_view_events"],
        1,
    )
    assert made["client_secret"] not in listed.text
    assert (await desk.do(f"/clients/{made['client_id']}", method="DELETE")).status == 204
    assert await server.stores.oauth.app(app) is None
    assert (await desk.do(f"/clients/{made['client_id']}", method="DELETE")).status == 404


async def bury(stores: Stores, to: str = "ann@example.org", key: str | None = None) -> ObjectId:
    """Leave a mail as one that was given up."""
    job = Mail(to, "Your link", "https://secret.example/link", "Us <us@example.org>").job()
    number = await Jobs(stores.database).add(
        job.kind, job.args, key=key, order=job.order, run_after=time.time() + 999
    )
    dead = {
        "state": "failed",
        "attempts": 4,
        "run_after": None,
        "error": "refused",
        "finished": datetime.now(UTC),
    }
    await stores.database["jobs"].update_one({"_id": number}, {"$set": dead})
    return number


@pytest.mark.settings(job_workers=0)
async def test_dead_letters_are_seen_retried_and_dropped(desk: Desk, server: Served) -> None:
    """With their reason and recipient, never with what they say; a retried one is due at once and untried."""
    first, second = await bury(server.stores), await bury(server.stores, "bob@example.org")
    answer = await desk.superuser.get(f"{API}/jobs")
    assert answer.json["counts"] == [{"kind": "mail", "state": "failed", "number": 2}]
    assert [(job["id"], job["to"], job["error"]) for job in answer.json["page"]["jobs"]] == [
        (str(second), "bob@example.org", "refused"),
        (str(first), "ann@example.org", "refused"),
    ]
    assert "secret.example" not in answer.text
    retried = await desk.do(f"/jobs/{first}/retry")
    assert (retried.status, retried.json["state"], retried.json["attempts"]) == (200, "queued", 0)
    claimed = await server.stores.jobs.claim(["mail"])
    assert claimed is not None
    assert (claimed.id, claimed.attempts) == (first, 1)
    assert (await desk.do(f"/jobs/{second}", method="DELETE")).status == 200
    for path, method in (
        (f"/jobs/{second}", "DELETE"),
        (f"/jobs/{second}/retry", "POST"),
        (f"/jobs/{first}", "DELETE"),
    ):
        assert (await desk.do(path, method=method)).status == 404
    assert [job["id"] for job in (await desk.ask("/jobs?state=running&kind=mail"))["page"]["jobs"]] == [
        str(first)
    ]


@pytest.mark.settings(job_workers=0)
async def test_a_dead_letter_whose_place_is_taken_stays_dead(desk: Desk, server: Served) -> None:
    dead = await bury(server.stores, key="k")
    await server.stores.jobs.add("mail", {}, key="k")
    assert (await desk.do(f"/jobs/{dead}/retry")).status == 409
    assert len((await desk.ask("/jobs?state=failed"))["page"]["jobs"]) == 1


async def test_channels_of_all_processes_are_counted(desk: Desk, server: Served, launch: Any) -> None:
    """Two processes, a listener on each: both are told, with what they have heard."""
    other: ServerProcess = launch("--no-demo")
    async with connect(server.socket_url) as here, connect(other.socket_url) as there:
        voter = await server.api.register("ann@example.com")
        for socket, token in ((here, ""), (there, f"Flux {voter['s']}")):
            commands = (
                {"id": 1, "connect": {"token": token}},
                {"id": 2, "subscribe": {"channel": "polls:1"}},
            )
            await socket.send(b"\n".join(map(orjson.dumps, commands)).decode())
        async with asyncio.timeout(15):
            found: list[Any] = []
            while len(found) < 2:
                processes = (await desk.ask("/channels"))["processes"]
                found = [channel for each in processes for channel in each["channels"]]
                await asyncio.sleep(0.05)
        assert [(each["name"], each["kind"], each["subscribers"]) for each in found] == [
            ("polls:1", "state", 1)
        ] * 2
        (seat,) = (await desk.ask(f"/people/{voter['id']}"))["connections"]
        assert (seat["credential"], seat["channels"]) == ("flux", ["polls:1"])
        assert seat["node"] != server.application.hub.node
        vote = {"s": voter["s"], "poll_id": 1, "option_id": "105"}
        assert (await server.api.post("/api/v0/iiccot/cast_vote", vote)).status == 200
        async with asyncio.timeout(15):
            while sum(each["published"] for each in found) < 2:
                processes = (await desk.ask("/channels"))["processes"]
                found = [channel for each in processes for channel in each["channels"]]
                await asyncio.sleep(0.05)
        assert [each["connections"] for each in processes] == [1, 1]


async def lines(desk: Desk) -> list[dict[str, Any]]:
    answer = await desk.do("/integrity")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/x-ndjson")
    return [orjson.loads(line) for line in answer.body.splitlines()]


async def test_the_integrity_check_tells_its_progress_and_what_is_off(desk: Desk, server: Served) -> None:
    found = await lines(desk)
    assert found[-1] == {"findings": 0}
    assert [line["number"] for line in found[:-1]] == list(range(1, found[0]["total"] + 1))
    await server.stores.database["poll_stats"].update_one({"poll_id": 1}, {"$set": {"total": 5}})
    found = await lines(desk)
    assert found[-1]["findings"] == 1
    assert [line["finding"]["check"] for line in found if "finding" in line] == ["tallies"]


async def test_one_check_at_a_time(desk: Desk, server: Served) -> None:
    """The second is refused while the first runs, and may come when it is over."""
    place = server.application.settings.setdefault("integrity_check", asyncio.Lock())
    async with place:
        assert (await desk.do("/integrity")).status == 409
    assert (await lines(desk))[-1] == {"findings": 0}


async def test_a_check_that_nobody_waits_for_makes_room(desk: Desk, server: Served) -> None:
    """Whoever goes away in the middle leaves no check behind, and no error in the log."""
    host, port = server.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    header = desk.superuser.headers["Authorization"]
    head = f"POST {API}/integrity HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: {header}\r\n"
    writer.write(f"{head}Content-Length: 0\r\n\r\n".encode())
    await reader.readuntil(b'"check"')
    writer.close()
    await writer.wait_closed()
    place = server.application.settings["integrity_check"]
    async with asyncio.timeout(10):
        async with place:
            pass
    assert (await lines(desk))[-1] == {"findings": 0}
