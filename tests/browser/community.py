"""People who vote, for pages that have something to show."""

from __future__ import annotations

import asyncio
import random

from tests.serving import Api

FAVOUR = {"100": 4, "101": 9, "102": 2, "103": 6, "104": 3, "105": 14, "106": 7, "107": 1}


async def vote(api: Api, secret: str, option: str) -> None:
    """Cast one vote."""
    ballot = {"s": secret, "poll_id": 1, "option_id": option}
    answer = await api.post("/api/v0/iiccot/cast_vote", ballot)
    assert answer.status == 200, answer.text


async def join(api: Api, number: int) -> str:
    """Sign somebody up; return the secret."""
    fields = {"fname": f"Member {number}", "onAECRoll": number % 5 > 0}
    member = await api.register(f"member{number}@example.com", **fields)
    secret: str = member["s"]
    return secret


async def gather_crowd(api: Api, first: int, size: int) -> list[str]:
    """Sign people up, all at once; return their secrets."""
    return await asyncio.gather(*(join(api, first + number) for number in range(size)))


async def vote_all(api: Api, secrets: list[str], chance: random.Random, pause: float = 0) -> None:
    """Let everybody vote, with a pause of about so many seconds after each."""
    picks = chance.choices(list(FAVOUR), list(FAVOUR.values()), k=len(secrets))
    for secret, pick in zip(secrets, picks, strict=True):
        await vote(api, secret, pick)
        await asyncio.sleep(chance.expovariate(1 / pause) if pause else 0)
