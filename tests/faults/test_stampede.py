"""Thousands of clients come back at once: the database hardly notices."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from handlers.core.gate import KIND
from handlers.core.tokens import Signer
from handlers.klub.credentials import ACCESS
from settings import Settings
from storage.stores import Stores
from tests.faults.checking import EVENTS, POLLS, UPDATES
from tests.faults.crowd import Member, gathering
from tests.faults.load import settle
from tests.serving import ServerProcess
from tests.storage.pybossa.village import Village

CROWD = 5000
IDENTIFIED = 600
SPARE = 1000  # descriptors for everything else
SAID = 40  # messages that the clients are spread over
READ = ("poll_stats", "events", "channels", "outbox", "users", "revocations")


async def count_reads(stores: Stores) -> int:
    """Return how many look-ups those collections have answered that joining reads."""
    top = await stores.database.client.admin.command("top")
    totals = (top["totals"].get(f"{stores.database.name}.{each}") for each in READ)
    return sum(each[kind]["count"] for each in totals if each for kind in ("queries", "commands"))


def make_tokens(settings: Settings, numbers: Sequence[int]) -> list[str]:
    """Make tokens for accounts: Klub's, and the hub's own that were bought with a key."""
    signer = Signer(settings.signing_key())
    own = [signer.sign(KIND, str(each), 600, gen=0, cred=f"flux:{each}") for each in numbers]
    klub = [signer.sign(ACCESS, str(each), 600, gen=0, user_id=each) for each in numbers]
    return [token for token, _ in (*own, *klub)]


@pytest.mark.settings(max_connections=CROWD)
async def test_thousands_who_come_back_at_once_do_not_cost_a_read_each(
    stores: Stores, settings: Settings, launch: Callable[..., ServerProcess]
) -> None:
    town, server = await settle(stores), launch()
    first = await stores.outbox.read(UPDATES, None, 0)
    for _ in range(SAID):
        await Village(stores).run(town.task, town.ann)
    top = (await stores.outbox.read(UPDATES, None, 0)).offset
    places = [{"recover": True, "epoch": first.epoch, "offset": first.offset + n} for n in range(SAID)]
    requests = [{"subs": {POLLS: {}, EVENTS: {}, UPDATES: place}} for place in places]
    numbers = [row["id"] async for row in stores.database["users"].find({}, {"id": 1})]
    tokens = make_tokens(settings, numbers)
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    for size, shown in ((min(CROWD, descriptors - SPARE), [""]), (IDENTIFIED, tokens)):
        crowd = [
            Member(server.socket_url, {**requests[n % SAID], "token": shown[n % len(shown)]})
            for n in range(size)
        ]
        before = await count_reads(stores)
        async with gathering(crowd) as replies:
            reads = await count_reads(stores) - before
            for n, reply in enumerate(replies):
                check_reply(n, reply["subs"], first.offset + n % SAID, top)
            await check_next(crowd, lambda: Village(stores).run(town.task, town.ann), top + 1)
        assert reads < size / 2, f"{reads} reads for {size} clients"
        top += 1


def check_reply(number: int, subs: Mapping[str, Any], place: int, top: int) -> None:
    """Check that a client was told everything that it missed, and every state."""
    missed = [each["offset"] for each in subs[UPDATES]["publications"]]
    assert subs[UPDATES]["recovered"], f"client {number} was told that something is missing"
    assert missed == list(range(place + 1, top + 1)), f"client {number} was at {place} of {top}"
    assert subs[POLLS]["publications"][0]["data"]["poll_id"] == 1
    assert subs[EVENTS]["publications"][0]["data"]["event"] == 1


async def check_next(crowd: Sequence[Member], say: Callable[[], Any], offset: int) -> None:
    """Check that everybody hears the next message, and that one alone."""
    await say()
    async with asyncio.timeout(60):
        heard = [await member.next for member in crowd if member.next is not None]
    assert len(heard) == len(crowd)
    assert {each["push"]["pub"]["offset"] for lines in heard for each in lines} == {offset}
