"""Deleting a person while they vote: no vote is left behind, the tally is right at every moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from storage.database import Database
from storage.driver import ObjectId, Session
from storage.errors import Busy, Departed
from storage.polls import Polls
from storage.stores import Stores
from storage.withdrawal import Withdrawal
from tests.flux.admins import make_holder
from tests.flux.mailbox import Mailbox
from tests.flux.mentions import mentions
from tests.serving import Api, Served

OPTIONS = tuple(str(number) for number in range(100, 108))


async def counted(database: Database, poll: int = 1) -> tuple[dict[str, int], int]:
    """Count the votes of a poll by option, as the tally should have them."""
    found = dict.fromkeys(OPTIONS, 0)
    async for vote in database["votes"].find({"poll_id": poll}):
        found[vote["option_id"]] += 1
    return found, sum(found.values())


async def person(stores: Stores, name: str) -> ObjectId:
    made = await stores.accounts.register(f"{name}@example.com", {}, ip=None, mails=lambda _: ())
    oid: ObjectId = made.person["_id"]
    return oid


async def test_of_parallel_deletions_one_succeeds(api: Api, mailbox: Mailbox) -> None:
    member = await api.register("ann@example.com")
    answers = await asyncio.gather(*(api.post("/api/v0/delete_user", {"s": member["s"]}) for _ in range(10)))
    assert sorted(answer.status for answer in answers) == [200] + [403] * 9
    subjects = [mail["Subject"] for mail in await mailbox.to("ann@example.com")]
    assert subjects.count("Your membership was deleted") == 1


async def test_a_vote_that_comes_after_the_deletion_is_refused(stores: Stores) -> None:
    ann, ben = await person(stores, "ann"), await person(stores, "ben")
    await stores.deletion.delete(ann)
    cast, refused = await asyncio.gather(
        stores.polls.cast(1, ben, "101"), stores.polls.cast(1, ann, "102"), return_exceptions=True
    )
    assert not isinstance(cast, BaseException)
    assert isinstance(refused, Departed)
    assert (await stores.polls.tally(1)).total == 1


async def persist(attempt: Callable[[], Awaitable[Any]]) -> None:
    """Try again while the database is busy, as clients do; a vote of somebody who left may be refused."""
    while True:
        try:
            await attempt()
        except Busy:
            continue
        except Departed:
            pass
        return


async def test_a_vote_in_flight_does_not_survive(stores: Stores) -> None:
    people = [await person(stores, f"p{number}") for number in range(12)]
    elsewhere = Polls(stores.database)  # as in another process: it commits on its own
    for number, who in enumerate(people):
        if number % 3:
            await stores.polls.cast(1, who, "100")

    async def leave(number: int, who: ObjectId) -> None:
        polls = (stores.polls, elsewhere)[number % 2]

        async def vote() -> None:
            await polls.cast(1, who, OPTIONS[number % 8])

        await asyncio.gather(persist(vote), persist(lambda: stores.deletion.delete(who)), persist(vote))

    await asyncio.gather(*(leave(number, who) for number, who in enumerate(people)))
    tally = await stores.polls.tally(1)
    assert await counted(stores.database) == (dict.fromkeys(OPTIONS, 0), 0)
    assert (dict(tally.stats), tally.total) == (dict.fromkeys(OPTIONS, 0), 0)


async def test_calls_that_vote_and_delete_at_once_leave_the_tally_right(api: Api, stores: Stores) -> None:
    members = [await api.register(f"m{number}@example.com") for number in range(8)]

    async def call(path: str, member: dict[str, Any], option: str) -> int:
        body = {"s": member["s"], "poll_id": 1, "option_id": option}
        return (await api.post(path, body)).status

    vote, leave = "/api/v0/iiccot/cast_vote", "/api/v0/delete_user"
    statuses = await asyncio.gather(
        *(
            call(path, member, option)
            for member in members
            for path, option in ((vote, "100"), (leave, ""), (vote, "101"))
        )
    )
    assert set(statuses) <= {200, 403, 503}
    for member in members:
        await call(leave, member, "")  # where it was too busy
    info = (await api.get("/api/v0/iiccot/getinfo")).json
    assert (info["stats"], info["total"]) == (dict.fromkeys(OPTIONS, 0), 0)
    assert await stores.database["votes"].count_documents({}) == 0


async def test_nothing_that_is_written_at_the_same_time_is_left_behind(server: Served, api: Api) -> None:
    admin = await make_holder(server)
    members = [await api.register(f"m{number}@example.com") for number in range(6)]

    async def everything_at_once(member: dict[str, Any]) -> list[int]:
        own, email = {"s": member["s"]}, member["email"]
        calls = (
            ("/api/v1/app/feedback", own | {"feedback": "At once."}),
            ("/api/v1/app/new_magic_link", {"email": email}),
            ("/api/v0/delete_user", own),
            ("/api/v0/user_details", own | {"email": f"new-{email}"}),
            ("/api/v0/give_role", {"s": admin, "role": "comms", "email": email}),
            ("/api/v1/app/feedback", own | {"feedback": "Again."}),
        )
        answers = await asyncio.gather(*(api.post(path, body) for path, body in calls))
        return [answer.status for answer in answers]

    statuses = {
        status for found in await asyncio.gather(*map(everything_at_once, members)) for status in found
    }
    assert statuses <= {200, 403, 404, 503}
    for member in members:
        await api.post("/api/v0/delete_user", {"s": member["s"]})  # where it was too busy
    needles = {ObjectId(member["_id"]["$oid"]) for member in members} | {member["s"] for member in members}
    assert (await mentions(server.stores.database, needles)).keys() <= {"log", "jobs"}


async def test_a_mere_look_at_the_person_would_leave_feedback_behind(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    who, looked, deleted = await person(stores, "eve"), asyncio.Event(), asyncio.Event()

    async def look(users: Any, oid: ObjectId, session: Session) -> Any:
        found = await users.find_one({"_id": oid}, session=session)
        looked.set()
        await deleted.wait()
        return found

    monkeypatch.setattr("storage.feedback.hold", look)
    message = asyncio.create_task(stores.feedback.add(who, "At once.", 10))
    await looked.wait()
    await stores.deletion.delete(who)
    deleted.set()
    await message
    assert (await mentions(stores.database, {who})).keys() == {"log", "app_feedback"}


class Unmarked(Withdrawal):
    """A withdrawal that looks for votes without colliding with those in flight."""

    async def withdraw(self, voter: ObjectId, session: Session) -> None:
        tallies, self._tallies = self._tallies, Unmarking(self._tallies)  # type: ignore[assignment]
        try:
            await super().withdraw(voter, session)
        finally:
            self._tallies = tallies


class Unmarking:
    """A collection without update_many."""

    def __init__(self, collection: Any) -> None:
        self.bulk_write = collection.bulk_write

    async def update_many(self, *_: Any, **__: Any) -> None:
        """Do nothing."""


async def orphan(stores: Stores, withdrawal: Withdrawal) -> int:
    """Let a deletion commit between a first vote's look at its voter and its commit; count orphans."""
    who, looked, deleted = await person(stores, "eve"), asyncio.Event(), asyncio.Event()

    class Slow(Polls):
        async def _find_gone(self, ballots: Any, session: Session) -> set[ObjectId]:
            gone = await super()._find_gone(ballots, session)
            looked.set()
            await deleted.wait()
            return gone

    async def delete(session: Session) -> None:
        await withdrawal.withdraw(who, session)
        await stores.database["users"].delete_one({"_id": who}, session=session)

    vote = asyncio.create_task(Slow(stores.database).cast(1, who, "103"))
    await looked.wait()
    await stores.database.transaction(delete)
    deleted.set()
    await asyncio.gather(vote, return_exceptions=True)
    return await stores.database["votes"].count_documents({"user_id": who})


async def test_the_mark_in_the_tally_is_what_stops_a_first_vote_in_flight(stores: Stores) -> None:
    assert await orphan(stores, Withdrawal(stores.database)) == 0


async def test_without_the_mark_the_same_vote_is_left_behind(stores: Stores) -> None:
    assert await orphan(stores, Unmarked(stores.database)) == 1


async def test_a_deletion_gets_through_while_many_vote(stores: Stores) -> None:
    voters = [await person(stores, f"v{number}") for number in range(16)]
    leavers = [await person(stores, f"x{number}") for number in range(5)]
    for leaver in leavers:
        await stores.polls.cast(1, leaver, "107")
    done = asyncio.Event()

    async def keep_voting(voter: ObjectId) -> None:
        turn = 0
        while not done.is_set():
            await stores.polls.cast(1, voter, OPTIONS[turn % 7])
            turn += 1

    voting = [asyncio.create_task(keep_voting(voter)) for voter in voters]
    for leaver in leavers:
        await stores.deletion.delete(leaver)
    done.set()
    await asyncio.gather(*voting)
    tally = await stores.polls.tally(1)
    assert (dict(tally.stats), tally.total) == await counted(stores.database)
    assert tally.stats["107"] == 0
