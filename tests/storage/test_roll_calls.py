"""Signs of life, questions and answers between processes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from storage.database import Database
from storage.roll_calls import ALIVE_MS, Question, Reply, RollCalls


@pytest.fixture
def calls(database: Database) -> RollCalls:
    return RollCalls(database)


async def test_others_are_those_who_gave_a_sign_of_life_lately(calls: RollCalls, database: Database) -> None:
    for node in ("a", "b", "c", "d"):
        await calls.beat(node)
    await calls.leave("c")
    long_ago = datetime.now(UTC) - timedelta(milliseconds=ALIVE_MS + 1000)
    await database["nodes"].update_one({"_id": "d"}, {"$set": {"seen": long_ago}})
    assert await calls.others("a") == {"b"}
    await calls.beat("d")
    assert await calls.others("a") == {"b", "d"}


async def test_questions_and_answers_are_read_as_they_were_put(calls: RollCalls, database: Database) -> None:
    question = Question("q", "a", "polls:1", named=True)
    reply = Reply("q", "b", 2, ["", "7"], {"x": "7", "y": ""})
    await calls.ask(question)
    await calls.reply([reply])
    rows = {"question" in row: row async for row in database["roll_calls"].find()}
    assert (Question.of(rows[False]), Reply.of(rows[True])) == (question, reply)
    assert all(row["expires"] > datetime.now(UTC) for row in rows.values())
