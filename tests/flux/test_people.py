"""Lists of members: whole, searched, and never with anybody's secret."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import orjson
import pytest

from storage.people import BATCH, PAGE
from storage.person import new_person
from storage.stores import Stores
from tests.flux.admins import make_holder
from tests.flux.mailbox import Mailbox, text_of
from tests.serving import Api, Served

SUBSET = "/api/v0/subset_members"


async def seed(stores: Stores, number: int, **fields: Any) -> None:
    """Put members into the database at once, the newest first."""
    people = [
        new_person(
            1000 + n, f"seed{n}@example.com", {"fname": f"Seed {n}", **fields}, now=number - n, ip=None
        )
        for n in range(number)
    ]
    await stores.database["users"].insert_many(people)


async def test_all_members_come_oldest_first_and_without_secrets(server: Served, api: Api) -> None:
    number = 2 * BATCH + 7
    await seed(server.stores, number)
    admin = await make_holder(server)
    answer = await api.post("/api/v0/all_members", {"s": admin})
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    times = [member["timestamp"] for member in answer.json]
    assert len(times) == number + 1
    assert times == sorted(times)
    hidden = {"s", "password", "email_lower", "addr_state", "auth", "phone_bank"}
    assert not any(hidden & member.keys() for member in answer.json)
    assert "_id" in answer.json[0]
    assert admin not in answer.text


async def test_few_members_make_a_list_too(server: Served, api: Api) -> None:
    admin = await make_holder(server)
    assert [member["email"] for member in (await api.post("/all_members", {"s": admin})).json] == [
        "admin@example.org"
    ]


async def test_a_reader_who_pauses_holds_the_list_up_and_one_who_leaves_ends_it(
    server: Served, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    await seed(server.stores, 40 * BATCH, member_comment="x" * 4000)
    admin = await make_holder(server)
    sent, ended = [0], asyncio.Event()
    everyone = server.stores.people.everyone

    async def watched(hidden: Any) -> Any:
        try:
            async for batch in everyone(hidden):
                sent[0] += 1
                yield batch
        finally:
            ended.set()

    monkeypatch.setattr(type(server.stores.people), "everyone", lambda self, hidden: watched(hidden))
    host, _, port = server.url.removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
    body = orjson.dumps({"s": admin})
    writer.write(b"POST /all_members HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body))
    writer.write(body)
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    seen = -1
    while seen != sent[0]:  # until the buffers of the connection are full
        seen = sent[0]
        await asyncio.sleep(0.3)
    assert seen < 40
    writer.close()
    async with asyncio.timeout(5):
        await ended.wait()


async def test_a_search_finds_a_literal_text_in_any_case(server: Served, api: Api) -> None:
    admin = await make_holder(server)
    await api.register("dot@example.com", fname="A.B (c) [d] $ ^ \\ É")
    await api.register("other@example.com", fname="AxB")

    async def found(text: str) -> list[str]:
        answer = await api.post(SUBSET, {"s": admin, "page": 0, "query": {"fname": {"$regex": text}}})
        assert answer.status == 200, answer.text
        assert answer.json["n_members"] == len(answer.json["members"])
        return [member["email"] for member in answer.json["members"]]

    for text in ("a.b", "(C)", "[D]", "$ ^", "\\", "é"):
        assert await found(text) == ["dot@example.com"], text
    assert await found("^A") == []
    assert await found(".*") == []


async def test_a_search_in_several_fields_needs_one_to_match(server: Served, api: Api) -> None:
    admin = await make_holder(server)
    await api.register("one@example.com", sname="Baker")
    await api.register("two@example.com", fname="baker", addr_postcode="3000")
    query = {"$or": [{"fname": {"$regex": "BAKER"}}, {"sname": {"$regex": "BAKER"}}]}
    answer = (await api.post(SUBSET, {"s": admin, "page": 0, "query": query})).json
    assert [member["email"] for member in answer["members"]] == ["one@example.com", "two@example.com"]
    assert answer["n_members"] == 2
    assert not any({"s", "auth"} & member.keys() for member in answer["members"])


async def test_pages_hold_fifty_by_id(server: Served, api: Api) -> None:
    await seed(server.stores, PAGE + 5)
    admin = await make_holder(server)
    query = {"email": {"$regex": "seed"}}
    pages = [(await api.post(SUBSET, {"s": admin, "page": n, "query": query})).json for n in range(3)]
    assert [len(page["members"]) for page in pages] == [PAGE, 5, 0]
    assert {page["n_members"] for page in pages} == {PAGE + 5}
    ids = [member["_id"]["$oid"] for page in pages for member in page["members"]]
    assert ids == sorted(ids)


QUERIES: list[object] = [
    None,
    {},
    [],
    "name",
    {"name": "ann"},
    {"name": {"$ne": ""}},
    {"name": {"$regex": "a", "$options": "x"}},
    {"name": {"$regex": 1}},
    {"name": {"$regex": {"$gt": ""}}},
    {"name": {"$regex": "x" * 501}},
    {"s": {"$regex": "a"}},
    {"password": {"$regex": "a"}},
    {"$where": "true"},
    {"name": {"$regex": "a"}, "fname": {"$regex": "a"}},
    {"$or": []},
    {"$or": {"name": {"$regex": "a"}}},
    {"$or": [{"$or": [{"name": {"$regex": "a"}}]}]},
    {"$or": [{"name": {"$regex": "a"}}, {"s": {"$regex": "a"}}]},
]


async def test_any_other_query_is_refused(server: Served, api: Api) -> None:
    admin = await make_holder(server)
    for query in QUERIES:
        answer = await api.post(SUBSET, {"s": admin, "page": 0, "query": query})
        assert answer.status == 400, query
        assert answer.json["error_args"][0].startswith("query: ")


async def test_a_page_is_a_small_number(server: Served, api: Api) -> None:
    admin = await make_holder(server)
    for page in (-1, "0", 1.5, True, None, 2**62):
        answer = await api.post(SUBSET, {"s": admin, "page": page, "query": {"name": {"$regex": ""}}})
        assert answer.status == 400, page


async def test_lists_are_for_admins(api: Api) -> None:
    member = await api.register("ann@example.com")
    lists = ("/api/v0/all_members", "/all_members", SUBSET, "/v2/admin/getRoleAudit")
    for path in (*lists, "/api/v0/mark_reliability"):
        assert (await api.post(path, {"s": member["s"]})).json["error"] == "insufficient permissions"
        assert (await api.post(path, {"s": {"$ne": ""}})).json["error"] == "auth failed"


async def test_a_member_is_marked_reliable_or_not(server: Served, api: Api) -> None:
    admin, member = await make_holder(server), await api.register("ann@example.com")
    for reliable in (True, False):
        body = {"s": admin, "email": "ANN@example.com", "reliable": reliable}
        answer = await api.post("/api/v0/mark_reliability", body)
        assert (answer.status, answer.json) == (200, {"status": "okay"})
        assert (await api.post("/user_details", {"s": member["s"]})).json["reliable"] is reliable


async def test_a_mark_that_does_not_fit_is_refused(server: Served, api: Api) -> None:
    admin = await make_holder(server)
    wrong: list[tuple[dict[str, Any], int]] = [
        ({"email": "nobody@example.com", "reliable": True}, 404),
        ({"email": "admin@example.org"}, 400),
        ({"email": "admin@example.org", "reliable": "yes"}, 400),
        ({"email": {"$ne": ""}, "reliable": True}, 400),
    ]
    for body, status in wrong:
        answer = await api.post("/api/v0/mark_reliability", {"s": admin, **body})
        assert answer.status == status, body
        assert answer.json["error_args"]


async def test_a_volunteer_is_noted_and_counted(api: Api) -> None:
    member = await api.register("ann@example.com")
    answer = await api.post("/api/v0/become_volunteer", {"email": "ann@example.com"})
    assert answer.status == 200
    assert isinstance(answer.json["status"], str)
    assert (await api.post("/user_details", {"s": member["s"]})).json["volunteer"] is True
    unknown = await api.post("/api/v0/become_volunteer", {"email": "nobody@example.com"})
    assert unknown.status == 404
    assert unknown.json["error_args"]


@pytest.mark.settings(flux_vote_link_template="https://vote.example.org/?s={s}")
async def test_the_link_to_the_vote_is_mailed(api: Api, mailbox: Mailbox) -> None:
    member = await api.register("ann@example.com")
    answer = await api.post("/api/v0/iiccot/email", {"email": "ann@example.com"})
    assert (answer.status, list(answer.json)) == (200, ["status"])
    assert member["s"] not in answer.text
    text = text_of((await mailbox.to("ann@example.com"))[-1])
    assert f"https://vote.example.org/?s={member['s']}" in text
    assert (await api.post("/api/v0/iiccot/email", {"email": "nobody@example.com"})).status == 404


async def test_without_a_template_the_link_leads_to_the_own_page(api: Api, mailbox: Mailbox) -> None:
    member = await api.register("ann@example.com")
    await api.post("/api/v0/iiccot/email", {"email": "ann@example.com"})
    text = text_of((await mailbox.to("ann@example.com"))[-1])
    found = re.search(r"\S+/static/html/soft_launch_iiccot\.html\?s=(\w+)", text)
    assert found is not None
    assert found[1] == member["s"]


async def test_the_audit_names_who_holds_which_role(server: Served, api: Api) -> None:
    admin = await make_holder(server)
    await make_holder(server, "finance")
    answer = await api.post("/v2/admin/getRoleAudit", {"s": admin})
    assert [entry["role"] for entry in answer.json] == ["admin", "finance"]
    assert answer.json[1]["users"][0]["email"] == "finance@example.org"
    assert {"name", "addr_suburb", "addr_postcode", "contact_number"} <= answer.json[0]["users"][0].keys()
    assert '"s"' not in answer.text
    assert admin not in answer.text
