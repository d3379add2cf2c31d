"""Who is on a channel, on one process and on several."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import connect

from handlers.core.roll_call import PATIENCE, RollCall
from realtime.channels import Audience, Identity
from realtime.codes import ErrorCode, Refusal
from realtime.limits import Limits
from storage.roll_calls import Reply
from tests.realtime.doubles import Bench, Notes, Polls
from tests.realtime.test_socket import Client
from tests.serving import Api, Served, ServerProcess


class Organised(Polls):
    """Polls that user 1 organises."""

    async def check_organiser(self, who: Identity, key: str) -> None:
        """Refuse all others."""
        if who.user != "1":
            raise Refusal(ErrorCode.PERMISSION_DENIED)


class Abroad:
    """Another process, which answers when it may."""

    def __init__(self, *audiences: Audience) -> None:
        self.audiences = audiences
        self.asked: list[tuple[str, bool]] = []
        self.gate = asyncio.Event()
        self.reached = asyncio.Event()

    async def ask(self, channel: str, *, named: bool) -> Sequence[Audience]:
        """Note the question, and answer once the gate is open."""
        self.asked.append((channel, named))
        self.reached.set()
        await self.gate.wait()
        return self.audiences


async def join(bench: Bench, token: str, *channels: str) -> tuple[Any, Any]:
    """Connect and subscribe a client."""
    connection, wire = bench.open()
    await bench.say(connection, {"id": 1, "connect": {"token": token}})
    for number, channel in enumerate(channels, 2):
        await bench.say(connection, {"id": number, "subscribe": {"channel": channel}})
    return connection, wire


async def inquire(bench: Bench, method: str, channel: str, token: str = "") -> Any:
    """Ask as a client of its own."""
    connection, wire = await join(bench, token)
    await bench.say(connection, {"id": 9, method: {"channel": channel}})
    reply = wire.lines()[-1]
    return reply[method] if method in reply else reply["error"]["code"]


async def test_everyone_who_may_subscribe_learns_the_numbers() -> None:
    bench = Bench()
    for token in ("user:1", "user:1", "user:2", "", ""):
        await join(bench, token, "polls:1")
    assert await inquire(bench, "presence_stats", "polls:1") == {"num_clients": 5, "num_users": 3}
    assert await inquire(bench, "presence_stats", "polls:2") == {"num_clients": 0, "num_users": 0}


async def test_who_leaves_is_not_counted_any_more() -> None:
    bench = Bench()
    (one, _), (other, _) = await join(bench, "user:1", "polls:1"), await join(bench, "user:2", "polls:1")
    await bench.say(one, {"id": 5, "unsubscribe": {"channel": "polls:1"}})
    assert await inquire(bench, "presence_stats", "polls:1") == {"num_clients": 1, "num_users": 1}
    other.lost()
    assert await inquire(bench, "presence_stats", "polls:1") == {"num_clients": 0, "num_users": 0}


async def test_who_still_waits_for_the_reply_is_not_there_yet() -> None:
    bench = Bench()
    await join(bench, "user:1", "polls:1")
    late, _ = await join(bench, "user:2")
    bench.polls.gate = asyncio.Event()
    joining = asyncio.create_task(bench.say(late, {"id": 2, "subscribe": {"channel": "polls:1"}}))
    await bench.settle()
    assert await inquire(bench, "presence_stats", "polls:1") == {"num_clients": 1, "num_users": 1}
    bench.polls.gate.set()
    await joining
    assert await inquire(bench, "presence_stats", "polls:1") == {"num_clients": 2, "num_users": 2}


async def test_organisers_learn_who_is_there() -> None:
    bench = Bench(polls=Organised())
    one, _ = await join(bench, "user:1", "polls:1")
    other, _ = await join(bench, "", "polls:1")
    assert await inquire(bench, "presence", "polls:1", "user:1") == {
        "presence": {
            one.client: {"user": "1", "client": one.client},
            other.client: {"user": "", "client": other.client},
        }
    }


@pytest.mark.parametrize(
    ("method", "channel", "token", "code"),
    [
        ("presence", "polls:1", "user:2", 103),
        ("presence", "polls:1", "", 103),
        ("presence", "notes:1", "user:1", 103),  # nobody organises notes
        ("presence", "polls:9", "user:1", 102),
        ("presence", "polls:secret", "user:1", 103),
        ("presence", "cats:1", "user:1", 102),
        ("presence", "", "user:1", 107),
        ("presence_stats", "polls:9", "user:1", 102),
        ("presence_stats", "polls:secret", "user:1", 103),
        ("presence_stats", "notes:private", "", 103),
        ("presence_stats", "cats:1", "user:1", 102),
        ("presence_stats", 5, "user:1", 107),
    ],
)
async def test_nobody_else_learns_anything(method: str, channel: Any, token: str, code: int) -> None:
    bench = Bench(polls=Organised(), others=[Notes()])
    assert await inquire(bench, method, channel, token) == code


async def test_more_names_than_a_reply_holds_are_refused_but_counted() -> None:
    bench = Bench(Limits(send_buffer_bytes=600), polls=Organised())
    for _ in range(3):
        await join(bench, "user:1", "polls:1")
    assert await inquire(bench, "presence", "polls:1", "user:1") == 106
    assert await inquire(bench, "presence_stats", "polls:1") == {"num_clients": 3, "num_users": 1}


async def test_a_failing_read_is_worth_another_try() -> None:
    bench = Bench()
    bench.polls.failure = RuntimeError("the database is away")
    assert await inquire(bench, "presence_stats", "polls:1") == 100


async def test_the_other_processes_count_and_a_user_who_is_on_two_counts_once() -> None:
    bench = Bench(polls=Organised())
    abroad = Abroad(Audience(2, frozenset({"1", "7"}), {"x": "1", "y": "7"}), Audience())
    abroad.gate.set()
    bench.hub.presence.elsewhere = abroad
    one, _ = await join(bench, "user:1", "polls:1")
    assert await inquire(bench, "presence_stats", "polls:1") == {"num_clients": 3, "num_users": 2}
    named = await inquire(bench, "presence", "polls:1", "user:1")
    assert named["presence"].keys() == {"x", "y", one.client}
    assert abroad.asked == [("polls:1", False), ("polls:1", True)]


async def test_those_who_ask_together_share_a_question() -> None:
    bench = Bench()
    bench.hub.presence.elsewhere = abroad = Abroad()
    asking = [asyncio.create_task(inquire(bench, "presence_stats", "polls:1")) for _ in range(20)]
    await abroad.reached.wait()
    await bench.settle()
    abroad.gate.set()
    assert await asyncio.gather(*asking) == [{"num_clients": 0, "num_users": 0}] * 20
    assert len(abroad.asked) <= 2


# Real servers


@asynccontextmanager
async def listening(url: str, *channels: str) -> AsyncIterator[Client]:
    """Connect and subscribe to a real server."""
    async with connect(url, proxy=None) as line:
        client = Client(line)
        await client.ask({"id": 1, "connect": {}})
        for number, channel in enumerate(channels, 2):
            assert "subscribe" in await client.ask({"id": number, "subscribe": {"channel": channel}})
        yield client


async def count(client: Client, channel: str = "polls:1") -> int:
    """Ask how many clients there are."""
    reply = await client.ask({"id": 99, "presence_stats": {"channel": channel}})
    clients: int = reply["presence_stats"]["num_clients"]
    return clients


async def test_a_single_process_asks_nobody(server: Served) -> None:
    async with listening(server.socket_url, "feed:updates") as one, listening(server.socket_url):
        assert await count(one, "feed:updates") == 1
    assert await server.stores.database["roll_calls"].count_documents({}) == 0


async def test_clients_of_all_processes_count_and_those_of_a_killed_one_do_not(
    launch: Callable[..., ServerProcess],
) -> None:
    one, other = launch(), launch()
    await Api(one.url).register("ann@example.com")
    async with listening(one.socket_url, "polls:1") as here:
        async with listening(other.socket_url, "polls:1") as there:
            assert await count(here) == await count(there) == 2
            async with listening(other.socket_url, "polls:1"):
                assert await count(here) == 3
        async with listening(other.socket_url, "polls:1"):
            assert await count(here) == 2
            other.kill()
            assert await count(here) == 1
            async with asyncio.timeout(PATIENCE / 2):  # nobody waits twice for who doesn't answer
                assert await count(here) == 1


async def test_a_process_that_was_silent_counts_again_once_it_answers(server: Served) -> None:
    """A question that nobody waits for any more still reaches it."""
    calls = server.stores.roll_calls
    hub = server.application.hub
    await calls.beat("other")
    async with listening(server.socket_url, "polls:1") as client:
        assert await count(client) == 1
        assert await count(client) == 1
        roll_call = hub.presence.elsewhere
        assert isinstance(roll_call, RollCall)
        assert roll_call.silent == {"other"}
        rows = server.stores.database["roll_calls"]
        question = await rows.find_one({"node": hub.node}, sort=[("$natural", -1)])
        assert question is not None
        await calls.reply([Reply(question["_id"], "other", 0, [])])
        async with asyncio.timeout(5):
            while roll_call.silent:  # noqa: ASYNC110  # nothing tells when a change was taken note of
                await asyncio.sleep(0.01)
