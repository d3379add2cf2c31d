"""Casting votes and reading tallies."""

from __future__ import annotations

from tests.serving import Api


async def test_a_vote_is_counted(api: Api) -> None:
    member = await api.register("ann@example.com")
    answer = await api.post("/api/v0/iiccot/cast_vote", {"s": member["s"], "poll_id": 1, "option_id": "105"})
    assert answer.status == 200
    assert answer.json["stats"]["105"] == 1
