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


async def gather_crowd(api: Api, size: int, chance: random.Random, pause: float) -> None:
    """Sign people up, half of them beforehand; then let all vote, one after the other, with short pauses."""
    secrets = list(await asyncio.gather(*(join(api, number) for number in range(size))))
    options, weights = list(FAVOUR), list(FAVOUR.values())
    picks = chance.choices(options, weights, k=size)
    early = size // 2
    await asyncio.gather(
        *(vote(api, secret, pick) for secret, pick in zip(secrets[:early], picks, strict=False))
    )
    for secret, pick in zip(secrets[early:], picks[early:], strict=True):
        await vote(api, secret, pick)
        if pause:
            await asyncio.sleep(chance.expovariate(1 / pause))
