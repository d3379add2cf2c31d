"""Casting votes and reading tallies."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from typing import Any

import pytest

from storage.database import Database
from storage.driver import ObjectId
from storage.stores import Stores
from tests.serving import Answer, Api

OPTIONS = [str(number) for number in range(100, 108)]
NOTHING = dict.fromkeys(OPTIONS, 0)


async def vote(api: Api, secret: str, option: Any, poll: Any = 1) -> Answer:
    """Cast a vote."""
    return await api.post("/api/v0/iiccot/cast_vote", {"s": secret, "poll_id": poll, "option_id": option})


async def info(api: Api, query: str = "") -> Answer:
    """Read a tally."""
    return await api.get(f"/api/v0/iiccot/getinfo{query}")


async def test_the_first_poll_is_there_with_all_options(api: Api, database: Database) -> None:
    tally = (await info(api)).json
    assert tally.keys() == {"_id", "poll_id", "stats", "total", "version"}
    assert ObjectId.is_valid(tally["_id"]["$oid"])
    assert (tally["poll_id"], tally["stats"], tally["total"]) == (1, NOTHING, 0)
    options = await database["poll_options"].find_one({"poll_id": 1})
    assert options is not None
    assert sorted(options["options"]) == OPTIONS


async def test_a_vote_is_counted(api: Api, database: Database) -> None:
    member = await api.register("ann@example.com")
    version = (await info(api)).json["version"]
    answer = await vote(api, member["s"], "105")
    assert answer.status == 200
    assert answer.json == {
        **{"status": "okay", "poll_id": 1, "option_id": "105", "previous_option_id": None},
        "stats": {**NOTHING, "105": 1},
    }
    tally = (await info(api)).json
    assert (tally["stats"], tally["total"], tally["version"]) == ({**NOTHING, "105": 1}, 1, version + 1)
    [row] = await database["votes"].find({}).to_list(None)
    assert row.keys() == {"_id", "poll_id", "user_id", "option_id", "timestamp", "changed"}
    assert (row["poll_id"], str(row["user_id"]), row["option_id"]) == (1, member["_id"]["$oid"], "105")
    assert (type(row["timestamp"]), row["changed"]) == (float, 0)
    assert abs(row["timestamp"] - time.time()) < 10


async def test_the_last_vote_counts(api: Api, database: Database) -> None:
    secret = (await api.register("ann@example.com"))["s"]
    previous = [
        (await vote(api, secret, option)).json["previous_option_id"] for option in ("100", "101", "100")
    ]
    assert previous == [None, "100", "101"]
    tally = (await info(api)).json
    assert (tally["stats"], tally["total"]) == ({**NOTHING, "100": 1}, 1)
    [row] = await database["votes"].find({}).to_list(None)
    assert (row["option_id"], row["changed"]) == ("100", 2)


async def test_the_same_option_again_changes_nothing(api: Api, database: Database) -> None:
    secret = (await api.register("ann@example.com"))["s"]
    await vote(api, secret, "100")
    tally, row = (await info(api)).json, await database["votes"].find_one({})
    again = await vote(api, secret, "100")
    assert (again.status, again.json["previous_option_id"]) == (200, "100")
    assert again.json["stats"] == tally["stats"]
    assert ((await info(api)).json, await database["votes"].find_one({})) == (tally, row)


@pytest.mark.parametrize(("poll", "option"), [("1", "105"), (1, 105), ("01", "105"), ("0001", 105)])
async def test_numbers_may_be_texts_and_texts_numbers(api: Api, poll: Any, option: Any) -> None:
    secret = (await api.register("ann@example.com"))["s"]
    answer = await vote(api, secret, option, poll)
    assert (answer.status, answer.json["poll_id"], answer.json["option_id"]) == (200, 1, "105")


BAD_VOTES: tuple[dict[str, Any], ...] = (
    {},
    {"poll_id": 1},
    {"option_id": "105"},
    *({"poll_id": 1, "option_id": bad} for bad in (None, "", "99", "x", " 105", "105 ", "0105", "१०५")),
    *({"poll_id": 1, "option_id": bad} for bad in (1.5, 105.0, True, ["105"], {"$ne": ""}, {"$gt": "1"})),
    *(
        {"poll_id": 1, "option_id": bad}
        for bad in ("$ne", "a.b", "105.x", "__proto__", "x" * 5000, -105, "_id")
    ),
    *({"poll_id": bad, "option_id": "105"} for bad in (None, "", "x", "1.0", "-1", 1.0, True, [1], "٣")),
    *({"poll_id": bad, "option_id": "105"} for bad in ({"$gt": 0}, " 1", "1 ", "+1", "0x1", "1e0")),
)


async def test_a_vote_with_a_bad_field_is_refused(api: Api, database: Database) -> None:
    secret = (await api.register("ann@example.com"))["s"]
    for body in BAD_VOTES:
        answer = await api.post("/api/v0/iiccot/cast_vote", {"s": secret, **body})
        assert answer.status == 400, (body, answer.text)
        assert all(text.startswith(("poll_id: ", "option_id: ")) for text in answer.json["error_args"])
    assert (await info(api)).json["stats"] == NOTHING
    assert await database["votes"].count_documents({}) == 0


async def test_a_vote_in_no_poll_is_not_found(api: Api, database: Database) -> None:
    secret = (await api.register("ann@example.com"))["s"]
    for poll in [0, 2, "2", 999999999999, -1, 2**63 - 1, -(2**63)]:
        assert (await vote(api, secret, "105", poll)).status == 404
        assert (await vote(api, secret, 5.5, poll)).status == 400
    assert await database["votes"].count_documents({}) == 0


async def test_any_member_may_vote_and_the_tally_names_nobody(api: Api, database: Database) -> None:
    member = await api.register("ann@example.com", onAECRoll=False)
    answer = await vote(api, member["s"], "100")
    assert answer.status == 200
    for text in (answer.text, (await info(api)).text):
        assert member["s"] not in text
        assert member["_id"]["$oid"] not in text
    assert await database["log"].count_documents({}) == 0


QUERIES = (
    *(
        ("", 200),
        ("?poll_id=1", 200),
        ("?poll_id=01", 200),
        ("?poll_id=1&poll_id=x", 200),
        ("?other=x", 200),
    ),
    *(("?poll_id=2", 404), ("?poll_id=999999999999999999", 404), ("?poll_id=0", 404)),
    *(("?poll_id=", 400), ("?poll_id=x", 400), ("?poll_id=-1", 400), ("?poll_id=1.0", 400)),
    *(("?poll_id=%00", 400), ("?poll_id=%FF", 400), ("?poll_id=[$ne]", 400), ("?poll_id=1%20", 400)),
)


async def test_a_tally_is_asked_for_by_number(api: Api) -> None:
    for query, status in QUERIES:
        answer = await info(api, query)
        assert answer.status == status, (query, answer.text)
        assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
        if status == 400:
            assert answer.json["error_args"][0].startswith("poll_id: ")


async def test_another_poll_has_votes_of_its_own(api: Api, stores: Stores) -> None:
    await stores.polls.create(7, {"yes": "Yes!", "no": "No"}, "Well?")
    secret = (await api.register("ann@example.com"))["s"]
    await vote(api, secret, "100")
    answer = await vote(api, secret, "yes", 7)
    assert (answer.json["poll_id"], answer.json["stats"]) == (7, {"yes": 1, "no": 0})
    assert (await vote(api, secret, "100", 7)).status == 400
    assert (await info(api, "?poll_id=7")).json["stats"] == {"yes": 1, "no": 0}
    assert (await info(api)).json["total"] == 1


async def test_an_option_added_later_can_be_voted_for(api: Api, stores: Stores) -> None:
    secret = (await api.register("ann@example.com"))["s"]
    assert (await vote(api, secret, "new")).status == 400
    await stores.polls.create(1, {"new": "A new one"})
    assert (await vote(api, secret, "new")).json["stats"] == {**NOTHING, "new": 1}


async def test_parallel_votes_and_readers_always_see_a_tally_that_adds_up(
    api: Api, database: Database
) -> None:
    chance = random.Random(5)
    secrets = [(await api.register(f"m{number}@example.com"))["s"] for number in range(8)]
    running = True
    versions = []

    async def read() -> None:
        while running:
            tally = (await info(api)).json
            assert sum(tally["stats"].values()) == tally["total"] <= len(secrets)
            versions.append(tally["version"])

    async def revote(secret: str) -> None:
        for _ in range(6):
            assert (await vote(api, secret, chance.choice(OPTIONS))).status == 200

    reader = asyncio.create_task(read())
    await asyncio.gather(*map(revote, secrets))
    running = False
    await reader
    assert versions == sorted(versions)
    rows = await database["votes"].find({}).to_list(None)
    tally = (await info(api)).json
    assert tally["total"] == len(rows) == len(secrets)
    assert tally["stats"] == {**NOTHING, **Counter(row["option_id"] for row in rows)}
