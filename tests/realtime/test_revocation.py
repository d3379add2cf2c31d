"""What a revoked credential had opened is closed with 3503, everywhere and soon; nothing else is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any

import pytest

from handlers.core.revoking import Revoking, covers, match_any
from realtime.channels import Identity
from realtime.codes import Disconnect
from realtime.connection import Credentials
from storage.credentials import Ending, Event
from storage.driver import ObjectId
from storage.revocations import Revocation, name_credential
from storage.stores import Stores
from tests.knowme.client import App
from tests.realtime.watching import Watcher, connected, connecting, watch
from tests.serving import Api, Served, ServerProcess

SOON = 1.0  # seconds


@pytest.fixture
async def ann(server: Served) -> App:
    return await App.sign_up(server.api, server.stores, "ann@example.com")


async def open_all(stack: AsyncExitStack, url: str, tokens: Sequence[str]) -> list[Watcher]:
    """Connect a client for each credential."""
    return [(await stack.enter_async_context(connected(url, token)))[1] for token in tokens]


async def assert_closed(watchers: Sequence[Watcher]) -> None:
    """Wait for all to be closed for good, a second at most."""
    async with asyncio.timeout(SOON):
        codes = [(await watcher.next("disconnected")).code for watcher in watchers]
    assert codes == [3503] * len(watchers)


async def secret(app: App, stores: Stores) -> str:
    """Read the member's secret."""
    return str((await stores.accounts.document(app.oid))["s"])


async def buy(api: Api, shown: str) -> str:
    """Trade a credential for a connection token."""
    return str((await api.post("/connection/token", Authorization=shown)).json["token"])


async def end(stores: Stores, oid: ObjectId, credential: str | None = None) -> None:
    """Revoke in a transaction."""
    await stores.database.transaction(lambda session: stores.revocations.end(oid, credential, session))


async def test_all_of_an_accounts_connections_close_and_nobody_elses(server: Served, ann: App) -> None:
    bob = await App.sign_up(server.api, server.stores, "bob@example.com", "Bob")
    flux = f"Flux {await secret(ann, server.stores)}"
    own = [f"Token {ann.token}", flux, await buy(server.api, flux)]
    async with AsyncExitStack() as stack:
        mine = await open_all(stack, server.socket_url, own)
        others = await open_all(stack, server.socket_url, [f"Token {bob.token}", ""])
        await end(server.stores, ann.oid)
        await assert_closed(mine)
        assert len([each for each in server.application.hub.connections if not each.closed]) == 2
        assert all(watcher.events.empty() for watcher in others)
        with pytest.raises(Disconnect):
            await server.application.gate.admit(Credentials(token=own[2]))


async def test_a_new_sign_in_after_the_revocation_stays(server: Served, ann: App) -> None:
    await end(server.stores, ann.oid)
    async with connected(server.socket_url, f"Token {ann.token}") as (_, later):
        rows = await server.stores.revocations.recent()
        await server.application.hub.revoke(match_any(rows))
        assert later.events.empty()


async def test_a_key_ends_alone_with_what_was_bought_with_it(server: Served, ann: App) -> None:
    flux = f"Flux {await secret(ann, server.stores)}"
    bought, kept = await buy(server.api, flux), await buy(server.api, f"Token {ann.token}")
    async with AsyncExitStack() as stack:
        closing = await open_all(stack, server.socket_url, [flux, bought])
        staying = await open_all(stack, server.socket_url, [f"Token {ann.token}", kept])
        await end(server.stores, ann.oid, name_credential("flux", flux.removeprefix("Flux ")))
        await assert_closed(closing)
        assert all(watcher.events.empty() for watcher in staying)
    with pytest.raises(Disconnect):
        await server.application.gate.admit(Credentials(token=bought))
    assert (await server.application.gate.admit(Credentials(token=kept))).user == str(ann.number)


async def test_every_process_hears_of_it_within_a_second(launch: Callable[..., ServerProcess]) -> None:
    one, other = launch(), launch()
    member = await Api(one.url).register("ann@example.com")
    shown = f"Flux {member['s']}"
    async with AsyncExitStack() as stack:
        watchers = [
            *await open_all(stack, one.socket_url, [shown]),
            *await open_all(stack, other.socket_url, [shown, await buy(Api(one.url), shown)]),
        ]
        began = time.monotonic()
        answer = await Api(one.url).post("/api/v0/delete_user", {"s": member["s"]})
        assert answer.status == 200, answer.text
        await assert_closed(watchers)
        assert time.monotonic() - began < 5 * SOON, "the deletion itself took long"


@pytest.mark.parametrize("event", [Event.CHANGED, Event.RECOVERED])
async def test_another_password_closes_and_is_announced(server: Served, ann: App, event: Event) -> None:
    stores = server.stores
    async with connected(server.socket_url, f"Token {ann.token}") as (client, watcher):
        await watch(client, f"identity#{ann.number}", watcher)
        person = await stores.accounts.document(ann.oid)
        change = stores.credentials.set_password
        await stores.database.transaction(
            lambda session: change(Ending(event, person), "another hash", session)
        )
        await assert_closed([watcher])
        assert [data["type"] for data in watcher.said] == ["password_changed"]
    told = await stores.outbox.read(f"identity#{ann.number}")
    assert [(each.data["type"], list(each.data)) for each in told.messages] == [
        ("password_changed", ["type", "at"])
    ]


async def test_a_first_proof_with_the_password_closes_what_the_old_secret_opened(
    server: Served, ann: App
) -> None:
    stores = server.stores
    flux = f"Flux {await secret(ann, stores)}"
    async with AsyncExitStack() as stack:
        closing = await open_all(stack, server.socket_url, [flux])
        (staying,) = await open_all(stack, server.socket_url, [f"Token {ann.token}"])
        person = await stores.accounts.document(ann.oid)
        proven = Ending(Event.PROVEN, person)
        await stores.database.transaction(lambda session: stores.credentials.end(proven, session))
        await assert_closed(closing)
        assert staying.events.empty()


async def test_a_change_that_is_not_committed_closes_nothing(server: Served, ann: App) -> None:
    async def fail(session: Any) -> None:
        await server.stores.revocations.end(ann.oid, None, session)
        raise LookupError

    async with connected(server.socket_url, f"Token {ann.token}") as (_, watcher):
        with pytest.raises(LookupError):
            await server.stores.database.transaction(fail)
        bob = await App.sign_up(server.api, server.stores, "bob@example.com", "Bob")
        async with connected(server.socket_url, f"Token {bob.token}") as (_, other):
            await end(server.stores, bob.oid)
            await assert_closed([other])
        assert watcher.events.empty()


async def test_what_was_missed_is_caught_up_with(server: Served, ann: App) -> None:
    """A process that lost its thread of changes reads the revocations that it may not have heard."""
    stores, hub = server.stores, server.application.hub
    async with connected(server.socket_url, f"Token {ann.token}") as (_, watcher):
        await stores.database["users"].update_one({"_id": ann.oid}, {"$inc": {"auth.generation": 1}})
        row = {"user": ann.number, "generation": 1, "credential": None}
        await stores.database["revocations"].insert_one(row)
        await watcher.next("disconnected")
    async with connected(server.socket_url, f"Token {ann.token}") as (_, watcher):
        (connection,) = [each for each in hub.connections if not each.closed]
        connection.identity = Identity(str(ann.number), generation=0)
        revoking = Revoking(hub, stores.revocations)
        revoking.note(None)
        running = asyncio.create_task(revoking.run())
        await assert_closed([watcher])
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize(
    ("who", "all_", "one"),
    [
        (Identity("7", "flux:a", None, 2), True, True),
        (Identity("7", "token:b", None, 2), True, False),
        (Identity("7", "flux:a", None, 3), False, True),
        (Identity("8", "flux:a", None, 2), False, False),
        (Identity(), False, False),
    ],
)
def test_whom_a_revocation_covers(who: Identity, all_: bool, one: bool) -> None:
    assert covers(Revocation(7, 3, None), who) == all_
    assert covers(Revocation(7, 3, "flux:a"), who) == one


# The account's own channel, through an SDK that loses its line


async def say(server: Served, app: App, number: int) -> None:
    """Announce so many things."""
    for _ in range(number):
        await server.stores.announcements.tell(app.oid, "new_login")


async def read_offsets(watcher: Watcher, last: int) -> list[int]:
    """Return the offsets that were heard until this one came."""
    heard = [(await watcher.next("publication")).offset]
    while heard[-1] < last:
        heard.append((await watcher.next("publication")).offset)
    return heard


async def test_a_client_that_loses_its_line_misses_nothing_of_its_channel(server: Served, ann: App) -> None:
    await say(server, ann, 1)
    async with connected(server.socket_url, f"Token {ann.token}") as (client, watcher):
        await watch(client, f"identity#{ann.number}", watcher)
        assert watcher.subscribed[-1].stream_position.offset == 1
        heard = []
        for round_ in range(4):
            await say(server, ann, 2)
            for connection in list(server.application.hub.connections):
                line: Any = connection.transport
                line._stream.close()
            await say(server, ann, 3)
            heard += await read_offsets(watcher, 1 + 5 * (round_ + 1))
    assert heard == list(range(2, 22))


@pytest.mark.parametrize("who", ["", "bob"])
async def test_an_accounts_channel_is_for_itself_alone(server: Served, ann: App, who: str) -> None:
    bob = await App.sign_up(server.api, server.stores, "bob@example.com", "Bob")
    async with connecting(server.socket_url, f"Token {bob.token}" if who else "") as client:
        watcher, _ = await watch(client, f"identity#{ann.number}")
        assert watcher.codes[-1] == 103
