"""The primary of three members goes away under load: it steps down, then it is killed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from storage.stores import Stores
from tests.conftest import Ground
from tests.faults.checking import CHANNELS, POLLS, check
from tests.faults.listener import listening
from tests.faults.load import POLL, loading, settle
from tests.faults.members import ReplicaSet
from tests.realtime.watching import watching
from tests.serving import Api, ServerProcess


@pytest.fixture(scope="module")
def mongo_uri(members: ReplicaSet) -> str:
    return members.uri


@pytest.fixture(scope="module")
def ground() -> Ground:
    return Ground()


async def test_nothing_is_lost_when_another_member_becomes_the_primary(
    members: ReplicaSet, stores: Stores, launch: Callable[..., ServerProcess]
) -> None:
    town, servers = await settle(stores), [launch(), launch()]
    urls, apis = [each.socket_url for each in servers], [Api(each.url) for each in servers]
    async with (
        listening(6, urls, CHANNELS, town.manager) as listeners,
        watching(urls[0], "", POLLS) as sdk,
    ):
        async with loading(apis, town, stores) as load:
            await load.more(20)
            before = members.primary
            await asyncio.to_thread(members.step_down)
            await load.more(20)
            await asyncio.to_thread(members.wait_until_whole)
            killed = members.primary
            assert killed is not before
            killed.kill()
            await load.more(20)
            killed.start()
            await asyncio.to_thread(members.wait_until_whole)
        await check(load, listeners)
        tally = await stores.polls.tally(POLL)
        await sdk.until(lambda each: each.offsets[-1:] == [tally.version])
    assert sdk.offsets == sorted(set(sdk.offsets))
    assert sdk.said[-1]["stats"] == tally.stats
    assert load.unanswered == 0
