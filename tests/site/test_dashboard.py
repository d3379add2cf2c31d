"""What the pages need beside the dialects' calls."""

from __future__ import annotations

import pytest

from tests.serving import Served


async def test_a_poll_says_what_it_asks(server: Served) -> None:
    await server.stores.polls.create(2, {"tea": "Tea", "mate": ""}, "What to drink?")
    answer = await server.api.get("/dashboard/polls/2")
    assert answer.json == {"question": "What to drink?", "options": {"tea": "Tea", "mate": ""}}


@pytest.mark.parametrize("poll", ["77", "x", "-1", "9" * 30, "%00"])
async def test_there_is_no_such_poll(server: Served, poll: str) -> None:
    assert (await server.api.get(f"/dashboard/polls/{poll}")).status == 404
