"""Deleting a person: nothing of them stays, tallies follow, no vote in flight survives."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from storage.accounts import Accounts
from storage.addresses import Addresses
from storage.calls import Calls
from storage.deletion import Deletion
from storage.driver import ObjectId
from storage.errors import Departed, NotFound
from storage.feedback import Feedback
from storage.magic_links import MagicLinks
from storage.phones import Phones
from storage.profiles import Profiles
from storage.roles import Roles
from storage.stores import Stores, all_indexes, all_traces
from storage.tokens import Tokens
from tests.flux.mailbox import Mailbox, text_of
from tests.flux.mentions import mentions
from tests.serving import Api, Served

OPTIONS = tuple(str(number) for number in range(100, 108))


async def person(stores: Stores, name: str) -> ObjectId:
    made = await stores.accounts.register(f"{name}@example.com", {}, ip=None, mails=lambda _: ())
    oid: ObjectId = made.person["_id"]
    return oid


async def test_the_secret_is_refused_and_the_address_is_free_afterwards(api: Api) -> None:
    member = await api.register("ann@example.com")
    answer = await api.post("/api/v0/delete_user", {"s": member["s"]})
    assert (answer.status, answer.json) == (200, {"status": "okay"})
    refused = await api.post("/api/v0/user_details", {"s": member["s"]})
    assert (refused.status, refused.json["error"]) == (403, "auth failed")
    assert (await api.post("/delete_user", {"s": member["s"]})).status == 403
    again = await api.register("Ann@example.com")
    assert again["_id"] != member["_id"]
    assert again["s"] != member["s"]


async def test_without_a_good_secret_nobody_is_deleted(api: Api, stores: Stores) -> None:
    await api.register("ann@example.com")
    for secret in (None, "", {"$ne": ""}, ["a"], 1, "f" * 40):
        assert (await api.post("/api/v0/delete_user", {"s": secret})).status == 403
    assert await stores.database["users"].count_documents({}) == 1


async def test_the_last_mail_confirms_it(api: Api, mailbox: Mailbox) -> None:
    member = await api.register("ann@example.com")
    await api.post("/api/v0/delete_user", {"s": member["s"]})
    mails = await mailbox.to("ann@example.com")
    assert [mail["Subject"] for mail in mails][1:] == ["Your membership was deleted"]
    assert member["s"] not in text_of(mails[-1])


async def test_the_tally_follows_the_votes_of_every_poll(api: Api, stores: Stores) -> None:
    await stores.polls.create(2, dict.fromkeys(OPTIONS, ""))
    ann, ben = [await api.register(f"{name}@example.com") for name in ("ann", "ben")]
    for poll, member, option in ((1, ann, "105"), (2, ann, "101"), (1, ben, "105"), (1, ben, "106")):
        await api.post("/api/v0/iiccot/cast_vote", {"s": member["s"], "poll_id": poll, "option_id": option})
    before = (await api.get("/api/v0/iiccot/getinfo")).json
    await api.post("/api/v0/delete_user", {"s": ann["s"]})
    after = (await api.get("/api/v0/iiccot/getinfo")).json
    assert (after["stats"]["105"], after["stats"]["106"], after["total"]) == (0, 1, 1)
    assert after["version"] > before["version"]
    assert set(after) == {"_id", "poll_id", "stats", "total", "version"}
    second = (await api.get("/api/v0/iiccot/getinfo?poll_id=2")).json
    assert (second["total"], sum(second["stats"].values())) == (0, 0)


async def test_a_poll_without_a_vote_of_theirs_keeps_its_version(api: Api, stores: Stores) -> None:
    member = await api.register("ann@example.com")
    before = (await api.get("/api/v0/iiccot/getinfo")).json
    await api.post("/api/v0/delete_user", {"s": member["s"]})
    assert (await api.get("/api/v0/iiccot/getinfo")).json == before


OWN = (Accounts, Addresses, Calls, Deletion, Feedback, MagicLinks, Phones, Profiles, Roles, Tokens)
TRACES = tuple(trace for store in OWN for trace in store.TRACES)


async def fill_all_traces(stores: Stores, person: dict[str, Any]) -> None:
    """Put the person into every place that a store declares, and somebody else beside them."""
    other = ObjectId()
    for number, trace in enumerate(TRACES):
        for value, key in ((person[trace.by], "theirs"), (other, "others")):
            row: dict[str, Any] = {"mark": key, trace.field: value}
            row |= dict.fromkeys(unique_fields(trace.collection) - row.keys(), f"{key}{number}")
            if trace.collection == "roles":
                row["uids"] = [value]
            if trace.collection == "email_addresses" or await taken(stores, trace.collection, row):
                continue
            await stores.database[trace.collection].insert_one(row)


def unique_fields(collection: str) -> set[str]:
    """Return the fields that may not be the same in two documents of a collection."""
    unique = [each for each in all_indexes() if each.collection == collection and each.unique]
    return {name for each in unique for name, _ in each.keys if not each.partial}


async def taken(stores: Stores, collection: str, row: dict[str, Any]) -> bool:
    """Tell whether a document of the person is there already: signing up made some."""
    fields = {name: row[name] for name in ("user_id", "s") if name in row}
    return bool(fields) and await stores.database[collection].find_one(fields) is not None


@pytest.mark.settings(job_workers=0)
async def test_nothing_names_the_person_any_more(server: Served, api: Api) -> None:
    stores = server.stores
    member = await api.register("ann@example.com", fname="Ann", onAECRoll=True)
    stored = await stores.database["users"].find_one({"s": member["s"]})
    assert stored is not None
    await api.post("/api/v0/iiccot/cast_vote", {"s": member["s"], "poll_id": 1, "option_id": "105"})
    await api.post("/api/v1/app/feedback", {"s": member["s"], "feedback": "Good."})
    await api.post("/api/v1/app/new_magic_link", {"email": "ann@example.com"})
    await stores.roles.give("admin", stored["_id"])
    await fill_all_traces(stores, stored)
    needles = {stored["_id"], stored["s"], "ann@example.com", "Ann"}
    before = await mentions(stores.database, needles)
    assert {trace.collection for trace in TRACES} <= before.keys()

    await stores.database["jobs"].delete_many({})  # mails that wait carry their recipient
    await api.post("/api/v0/delete_user", {"s": member["s"]})
    await stores.database["jobs"].delete_many({})

    assert await mentions(stores.database, needles) == {"log": 1}
    entry = await stores.database["log"].find_one({"action": "deleted_user"})
    assert entry is not None
    assert entry["data"] == {"user_id": stored["_id"], "onAECRoll": True}
    others = [name for name in before if await stores.database[name].find_one({"mark": "others"})]
    assert {"call_log", "login_codes", "roles"} <= set(others)


async def test_calls_that_the_person_made_stay_without_them(api: Api, stores: Stores) -> None:
    member = await api.register("ann@example.com")
    stored = await stores.database["users"].find_one({"s": member["s"]})
    assert stored is not None
    await stores.database["call_log"].insert_one(
        {"call_id": 5, "user_id": ObjectId(), "caller_id": stored["_id"]}
    )
    await api.post("/api/v0/delete_user", {"s": member["s"]})
    call = await stores.database["call_log"].find_one({"call_id": 5})
    assert call is not None
    assert call["caller_id"] is None


async def test_every_trace_is_found_by_an_index(stores: Stores) -> None:
    firsts = {(each.collection, each.keys[0][0]) for each in all_indexes() if not each.partial}
    assert {(trace.collection, trace.field) for trace in all_traces()} <= firsts


async def test_the_counters_follow_within_a_second(api: Api) -> None:
    member = await api.register("ann@example.com", onAECRoll=True)

    async def members(expected: int) -> None:
        async with asyncio.timeout(1):
            # An answer takes a while itself, so this is no busy loop.
            while (await api.get("/api/v0/getinfo")).json["n_members"] != expected:
                pass

    await members(1)
    await api.post("/api/v0/delete_user", {"s": member["s"]})
    await members(0)


async def test_what_is_written_about_a_person_who_just_left_is_refused(stores: Stores) -> None:
    who = await person(stores, "ann")
    await stores.deletion.delete(who)
    with pytest.raises(Departed):
        await stores.feedback.add(who, "Too late.", 10)
    with pytest.raises(Departed):
        await stores.roles.give("admin", who)
    with pytest.raises(NotFound):
        await stores.magic_links.send("ann@example.com", 60, lambda _: pytest.fail("no mail"))
    assert await mentions(stores.database, {who}) == {"log": 1}
