"""Feedback: so much a member and day, however it comes in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest

from storage.database import Database
from storage.driver import ObjectId, Session
from storage.errors import Exhausted
from storage.feedback import DAY, Feedback
from storage.stores import Stores
from tests.serving import Api

T = TypeVar("T")
PATH = "/api/v1/app/feedback"
TOO_MUCH = {"error": "You've submitted too much feedback!"}


async def register(stores: Stores) -> ObjectId:
    made = await stores.accounts.register("ann@example.com", {}, ip=None, mails=lambda _: ())
    oid: ObjectId = made.person["_id"]
    return oid


async def stored(stores: Stores) -> dict[str, Any]:
    row = await stores.database["app_feedback"].find_one({})
    assert row is not None
    return row


async def test_a_message_is_stored(api: Api, stores: Stores) -> None:
    member = await api.register("ann@example.com")
    answer = await api.post(PATH, {"s": member["s"], "feedback": "I like it."})
    assert (answer.status, answer.json) == (200, {"status": "okay"})
    row = await stored(stores)
    assert set(row) == {"_id", "user_id", "feedbacks", "n_feedbacks"}
    assert str(row["user_id"]) == member["_id"]["$oid"]
    assert row["n_feedbacks"] == 1
    [message] = row["feedbacks"]
    assert message["feedback"] == "I like it."
    assert isinstance(message["submission_time"], int)


async def test_the_eleventh_message_of_a_day_is_refused(api: Api, stores: Stores) -> None:
    member = await api.register("ann@example.com")
    answers = [await api.post(PATH, {"s": member["s"], "feedback": "Again."}) for _ in range(11)]
    assert [answer.status for answer in answers] == [200] * 11
    assert [answer.json for answer in answers] == [{"status": "okay"}] * 10 + [TOO_MUCH]
    assert (await stored(stores))["n_feedbacks"] == 10


async def test_of_fifteen_parallel_messages_ten_are_stored(api: Api, stores: Stores) -> None:
    member = await api.register("ann@example.com")
    answers = await asyncio.gather(
        *(api.post(PATH, {"s": member["s"], "feedback": f"No. {number}"}) for number in range(15))
    )
    assert sum(answer.json == {"status": "okay"} for answer in answers) == 10
    assert sum(answer.json == TOO_MUCH for answer in answers) == 5
    row = await stored(stores)
    assert (row["n_feedbacks"], len(row["feedbacks"])) == (10, 10)


class Loose(Database):
    """A database whose transactions are none."""

    async def transaction(self, work: Callable[[Session], Awaitable[T]]) -> T:
        return await work(None)  # type: ignore[arg-type]


async def count_stored(stores: Stores, feedback: Feedback, member: ObjectId) -> int:
    """Send 15 messages at once; count what was stored."""
    sent = await asyncio.gather(
        *(feedback.add(member, "At once.", 10) for _ in range(15)), return_exceptions=True
    )
    assert all(each is None or isinstance(each, Exhausted) for each in sent)
    return int((await stored(stores))["n_feedbacks"])


async def test_without_the_transaction_more_would_get_in(stores: Stores) -> None:
    member = await register(stores)
    await stores.feedback.add(member, "The first one.", 10)  # so that all meet in one document
    loose = Feedback(Loose(stores.database.client, stores.database.name))
    assert await count_stored(stores, loose, member) > 10


async def test_the_quota_is_one_of_24_hours(stores: Stores) -> None:
    member, now = await register(stores), [1_600_000_000.0]
    feedback = Feedback(stores.database, lambda: now[0])
    for _ in range(3):
        await feedback.add(member, "Once.", 3)
        now[0] += 3600
    with pytest.raises(Exhausted) as refused:
        await feedback.add(member, "Too soon.", 3)
    assert refused.value.retry_after == DAY - 3 * 3600
    now[0] += refused.value.retry_after
    await feedback.add(member, "A day after the first.", 3)
    assert (await stored(stores))["n_feedbacks"] == 4


async def test_what_is_no_message_is_refused(api: Api, stores: Stores) -> None:
    member = await api.register("ann@example.com")
    for feedback in (None, "", " \n", 1, ["a"], {"$ne": ""}, "x" * 5001):
        answer = await api.post(PATH, {"s": member["s"], "feedback": feedback})
        assert answer.status == 400, feedback
        assert answer.json["error_args"][0].startswith("feedback: ")
    assert (await api.post(PATH, {"s": member["s"]})).json["error"] == "feedback: is missing"
    assert await stores.database["app_feedback"].count_documents({}) == 0


async def test_the_longest_message_fits(api: Api) -> None:
    member = await api.register("ann@example.com")
    answer = await api.post(PATH, {"s": member["s"], "feedback": "\N{SNOWMAN}" * 5000})
    assert answer.json == {"status": "okay"}


async def test_the_secret_is_checked_before_the_message(api: Api) -> None:
    assert (await api.post(PATH, {"s": "nobody", "feedback": ""})).status == 403
    assert (await api.post(PATH, {"feedback": "Hello."})).status == 403


@pytest.mark.settings(flux_feedback_max=1)
async def test_the_quota_is_a_setting(api: Api) -> None:
    member = await api.register("ann@example.com")
    answers = [(await api.post(PATH, {"s": member["s"], "feedback": "!"})).json for _ in range(2)]
    assert answers == [{"status": "okay"}, TOO_MUCH]
