"""New releases over the hub, and the secret key as what opens it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from centrifuge import Client

from realtime.codes import Disconnect
from realtime.connection import Credentials
from storage.comics.posting import Posting
from storage.comics.press import Issue, Picture, Press, Title
from storage.credentials import Ending, Event
from storage.driver import PyMongoError
from storage.outbox import Outbox, Retention
from storage.stores import Stores
from tests.knowme.client import App
from tests.realtime.watching import Watcher, connected, watch
from tests.serving import Api, Served, ServerProcess

SECOND = 1_000_000  # microseconds
NOON = 1_349_668_800 * SECOND + 411_028  # of 2012-10-08, and a bit
DAY = 86_400 * SECOND
PICTURE = Picture("xkcd/6/a b.png", "605d", 365, 278)
TITLES = [Title(slug.upper(), slug, "en", "", "", "2005-05-29") for slug in ("xkcd", "zits")]


class Newsstand:
    """Two comics, xkcd and zits, that appear as the test wants."""

    def __init__(self, stores: Stores, comics: Sequence[int]) -> None:
        self.stores = stores
        self.xkcd, self.zits = comics
        self._press = Press(stores.database, stores.counters, stores.posting)

    @classmethod
    async def open(cls, stores: Stores) -> Newsstand:
        press = Press(stores.database, stores.counters, stores.posting)
        return cls(stores, await press.found(TITLES, NOON))

    async def publish(self, *comics: int, tell: bool = True) -> list[int]:
        """Bring out a release of each comic, in one transaction."""
        issues = [
            Issue(comic, "2012-10-08", NOON + place * DAY, PICTURE, "É <b>", "ö")
            for place, comic in enumerate(comics)
        ]
        return await self._press.publish(issues, tell=tell)


class Reader:
    """An account with its key, by which it asks and listens."""

    def __init__(self, api: Api, socket_url: str, app: App, key: str) -> None:
        self.api, self.socket_url, self.app, self.key = api, socket_url, app, key

    @classmethod
    async def sign_up(cls, server: Served, email: str = "ann@example.com") -> Reader:
        app = await App.sign_up(server.api, server.stores, email)
        return cls(server.api, server.socket_url, app, await server.stores.secret_keys.of(app.number))

    async def release(self, number: int, **headers: str) -> Any:
        """Read a release as the API shows it."""
        answer = await self.api.get(f"/api/v1/releases/{number}/", Authorization=f"Key {self.key}", **headers)
        assert answer.status == 200, answer.text
        return answer.json

    def connected(self, shown: str | None = None) -> AbstractAsyncContextManager[tuple[Client, Watcher]]:
        """Connect with the key, or with what is shown instead."""
        return connected(self.socket_url, f"Key {self.key}" if shown is None else shown)


async def hear(watcher: Watcher, number: int) -> list[tuple[int, str]]:
    """Return offset and release id of the next publications."""
    return [
        (each.offset, each.data["id"]) for each in [await watcher.next("publication") for _ in range(number)]
    ]


@pytest.fixture
async def stand(stores: Stores) -> Newsstand:
    return await Newsstand.open(stores)


@pytest.fixture
async def ann(server: Served) -> Reader:
    return await Reader.sign_up(server)


# What is said, and to whom


async def test_a_new_release_is_told_as_the_api_shows_it(ann: Reader, stand: Newsstand) -> None:
    async with ann.connected() as (client, watcher):
        await watch(client, "comics:releases", watcher)
        (number,) = await stand.publish(stand.xkcd)
        told = (await watcher.next("publication")).data
    assert told == await ann.release(number)
    assert told["fetched"] == "2012-10-08T04:00:00.411028+00:00"
    assert told["images"][0]["file"].startswith(f"{ann.api.url}/media/comics/xkcd/6/a")


@pytest.mark.settings(base_url="https://folk.example")
async def test_addresses_begin_with_the_base_url_where_there_is_one(ann: Reader, stand: Newsstand) -> None:
    async with ann.connected() as (client, watcher):
        await watch(client, "comics:releases/xkcd", watcher)
        await stand.publish(stand.xkcd)
        told = (await watcher.next("publication")).data
    assert told["images"][0]["file"].startswith("https://folk.example/media/comics/xkcd/")


async def test_each_comic_has_a_channel_of_its_own(ann: Reader, stand: Newsstand) -> None:
    async with ann.connected() as (client, all_), ann.connected() as (other, zits):
        await watch(client, "comics:releases", all_)
        await watch(other, "comics:releases/zits", zits)
        first, second, third = await stand.publish(stand.xkcd, stand.zits, stand.zits)
        assert await hear(all_, 3) == [(1, str(first)), (2, str(second)), (3, str(third))]
        assert await hear(zits, 2) == [(1, str(second)), (2, str(third))]
        assert zits.events.empty()


async def test_what_is_not_committed_is_not_told(ann: Reader, stand: Newsstand) -> None:
    async def fail(session: Any) -> None:
        await stand.stores.posting.post_releases(numbers, session)
        raise LookupError

    async with ann.connected() as (client, watcher):
        await watch(client, "comics:releases", watcher)
        numbers = await stand.publish(stand.xkcd, tell=False)
        with pytest.raises(LookupError):
            await stand.stores.database.transaction(fail)
        (told,) = await stand.publish(stand.xkcd)
        assert await hear(watcher, 1) == [(1, str(told))]


@pytest.mark.parametrize(
    ("channel", "shown", "code"),
    [
        ("comics:releases", "", 103),
        ("comics:releases/nobody", "", 103),
        ("comics:releases/nobody", None, 102),
        ("comics:releases/", None, 102),
        ("comics:releases/XKCD", None, 102),
        ("comics:", None, 102),
        ("comics:xkcd", None, 102),
        ("comics:releasesxkcd", None, 102),
        ("comics#releases", None, 102),
    ],
)
async def test_strangers_and_unknown_comics_are_refused(
    ann: Reader, stand: Newsstand, channel: str, shown: str | None, code: int
) -> None:
    async with ann.connected(shown) as (client, watcher):
        await client.new_subscription(channel, events=watcher).subscribe()
        assert (await watcher.next("unsubscribed")).code == code


async def test_every_account_may_listen_by_whatever_opens_the_hub(ann: Reader, stand: Newsstand) -> None:
    async with ann.connected(f"Token {ann.app.token}") as (client, watcher):
        await watch(client, "comics:releases/xkcd", watcher)
        (number,) = await stand.publish(stand.xkcd)
        assert await hear(watcher, 1) == [(1, str(number))]


async def test_the_channels_are_listed_to_accounts(ann: Reader, stand: Newsstand) -> None:
    async def ask(shown: str | None) -> list[str]:
        async with ann.connected(shown) as (client, _):
            found = (await client.rpc("channels", {})).data["channels"]
            return [name for name in found if name.startswith("comics")]

    assert await ask(None) == ["comics:releases", "comics:releases/xkcd", "comics:releases/zits"]
    assert await ask("") == []


# History


async def test_who_was_away_hears_what_was_missed(ann: Reader, stand: Newsstand, server: Served) -> None:
    async with ann.connected() as (client, watcher):
        await watch(client, "comics:releases", watcher)
        (first,) = await stand.publish(stand.xkcd)
        assert await hear(watcher, 1) == [(1, str(first))]
        (connection,) = server.application.hub.connections
        line: Any = connection.transport
        line._stream.close()
        numbers = await stand.publish(*[stand.xkcd, stand.zits] * 3)
        await watcher.next("subscribed")
        told = [await watcher.next("publication") for _ in numbers]
        assert [each.offset for each in told] == list(range(2, 8))
        assert [each.data for each in told] == [await ann.release(number) for number in numbers]


async def test_the_history_shows_releases_as_they_are_now(
    ann: Reader, stand: Newsstand, server: Served
) -> None:
    first, second, third = await stand.publish(stand.xkcd, stand.xkcd, stand.xkcd)
    releases = server.stores.database["comic_releases"]
    await releases.update_one({"_id": first}, {"$set": {"pub_date": "2012-10-09"}})
    await releases.delete_one({"_id": second})
    async with ann.connected() as (client, watcher):
        subscription = client.new_subscription("comics:releases/xkcd", events=watcher)
        await subscription.subscribe()
        await watcher.next("subscribed")
        past = await subscription.history(limit=10)
    assert [each.offset for each in past.publications] == [1, 2, 3]
    changed, gone, same = [each.data for each in past.publications]
    assert (changed["pub_date"], gone) == ("2012-10-09", {"deleted": True})
    assert same == await ann.release(third)


@pytest.mark.parametrize(("most", "posted"), [(None, 5), (3, 3), (50, 5), (0, 0), (-2, 0)])
async def test_of_many_the_last_ones_are_told(
    ann: Reader, stand: Newsstand, server: Served, most: int | None, posted: int
) -> None:
    """At most as many as the history keeps; the channels' counters count what was told."""
    database = server.stores.database
    post = Posting(database, Outbox(database, Retention(size=5))).post_releases
    numbers = await stand.publish(*[stand.xkcd, stand.zits] * 4, tell=False)
    async with ann.connected() as (client, watcher):
        await watch(client, "comics:releases", watcher)
        assert await database.transaction(lambda session: post(numbers, session, most=most)) == posted
        wanted = [(place + 1, str(number)) for place, number in enumerate(numbers[len(numbers) - posted :])]
        assert await hear(watcher, posted) == wanted
    past = await server.stores.outbox.read("comics:releases")
    assert (past.offset, len(past.messages)) == (posted, posted)


async def test_a_flood_arrives_in_order_and_whole(ann: Reader, stand: Newsstand) -> None:
    """As much as one import may say."""
    async with ann.connected() as (client, watcher), ann.connected() as (other, xkcd):
        await watch(client, "comics:releases", watcher)
        await watch(other, "comics:releases/xkcd", xkcd)
        numbers = await stand.publish(*[stand.xkcd] * 1005)
        wanted = [(place + 1, str(number)) for place, number in enumerate(numbers[5:])]
        assert await hear(watcher, 1000) == wanted
        assert await hear(xkcd, 1000) == wanted


async def test_a_release_that_cannot_be_read_at_once_is_told_when_it_can(
    ann: Reader, stand: Newsstand, server: Served, monkeypatch: Any
) -> None:
    """The database may be away for a moment; nothing is left out and the order stays."""
    read, failed = server.stores.posting.releases, asyncio.Event()

    async def fail_once(numbers: Sequence[int]) -> Any:
        if not failed.is_set():
            failed.set()
            raise PyMongoError("away")
        return await read(numbers)

    monkeypatch.setattr(server.stores.posting, "releases", fail_once)
    monkeypatch.setattr("realtime.rendering.PAUSE", 0.01)
    async with ann.connected() as (client, watcher):
        await watch(client, "comics:releases", watcher)
        numbers = await stand.publish(stand.xkcd, stand.zits, stand.xkcd)
        assert await hear(watcher, 3) == [(n + 1, str(number)) for n, number in enumerate(numbers)]
    assert failed.is_set()


async def test_nobodys_channel_costs_no_look_up(
    ann: Reader, stand: Newsstand, server: Served, monkeypatch: Any
) -> None:
    looked_up: list[Sequence[int]] = []
    read = server.stores.posting.releases

    async def note(numbers: Sequence[int]) -> Any:
        looked_up.append(numbers)
        return await read(numbers)

    monkeypatch.setattr(server.stores.posting, "releases", note)
    async with ann.connected() as (client, watcher):
        await watch(client, "comics:releases/zits", watcher)
        unheard, heard = await stand.publish(stand.xkcd, stand.zits)
        await hear(watcher, 1)
        wanted = [number for numbers in looked_up for number in numbers]
    assert (heard in wanted, unheard in wanted) == (True, False)


# The key


@pytest.mark.parametrize("scheme", ["Key", "key", "Bearer", "BEARER"])
async def test_the_key_opens_the_hub(ann: Reader, server: Served, scheme: str) -> None:
    identity = await server.application.gate.admit(Credentials(authorization=f"{scheme} {ann.key}"))
    assert identity.user == str(ann.app.number)
    assert ann.key not in identity.credential


@pytest.mark.parametrize(
    "form", ["Key {0}x", "Key {0} {0}", "Bearer a.b.c", "Key", "{0}", "Token {0}", "Key " + "x" * 999]
)
async def test_a_bad_key_closes(ann: Reader, server: Served, form: str) -> None:
    with pytest.raises(Disconnect):
        await server.application.gate.admit(Credentials(token=form.format(ann.key)))


async def test_a_deactivated_account_stays_outside(ann: Reader, server: Served) -> None:
    await server.stores.database["users"].update_one({"id": ann.app.number}, {"$set": {"is_active": False}})
    with pytest.raises(Disconnect):
        await server.application.gate.admit(Credentials(token=f"Key {ann.key}"))


async def test_the_key_buys_a_token(ann: Reader, server: Served) -> None:
    answer = await ann.api.post("/connection/token", Authorization=f"Key {ann.key}")
    identity = await server.application.gate.admit(Credentials(token=answer.json["token"]))
    assert identity.user == str(ann.app.number)


async def closes(watcher: Watcher) -> int:
    """Return the code with which a connection is closed within a second."""
    async with asyncio.timeout(1):
        return int((await watcher.next("disconnected")).code)


async def test_a_new_key_closes_what_the_old_one_opened_and_nothing_else(ann: Reader, server: Served) -> None:
    bought = (await ann.api.post("/connection/token", Authorization=f"Bearer {ann.key}")).json["token"]
    async with (
        ann.connected() as (_, by_key),
        ann.connected(f"Bearer {ann.key}") as (_, by_bearer),
        ann.connected(bought) as (_, by_token),
        ann.connected(f"Token {ann.app.token}") as (_, staying),
    ):
        fresh = await server.stores.secret_keys.rotate(ann.app.number)
        assert [await closes(each) for each in (by_key, by_bearer, by_token)] == [3503] * 3
        assert staying.events.empty()
    for shown in (f"Key {ann.key}", bought):
        with pytest.raises(Disconnect):
            await server.application.gate.admit(Credentials(token=shown))
    assert (await server.application.gate.admit(Credentials(token=f"Key {fresh}"))).user
    old = await ann.api.get("/api/v1/users/", Authorization=f"Key {ann.key}")
    new = await ann.api.get("/api/v1/users/", Authorization=f"Key {fresh}")
    assert (old.status, new.status) == (401, 200)


async def test_a_first_proof_closes_what_the_key_opened(ann: Reader, server: Served) -> None:
    stores = server.stores
    async with ann.connected() as (_, watcher), ann.connected(f"Token {ann.app.token}") as (_, staying):
        person = await stores.accounts.document(ann.app.oid)
        proven = Ending(Event.PROVEN, person)
        await stores.database.transaction(lambda session: stores.credentials.end(proven, session))
        assert await closes(watcher) == 3503
        assert staying.events.empty()
    assert await stores.secret_keys.holder(ann.key) is None


async def test_releases_and_ended_keys_reach_every_process(
    launch: Callable[..., ServerProcess], stores: Stores, stand: Newsstand
) -> None:
    one, other = launch(), launch()
    number = (await Api(one.url).register("ann@example.com"))["id"]
    key = await stores.secret_keys.of(number)
    async with (
        connected(one.socket_url, f"Key {key}") as (client, near),
        connected(other.socket_url, f"Bearer {key}") as (distant, far),
    ):
        await watch(client, "comics:releases", near)
        await watch(distant, "comics:releases/xkcd", far)
        await stand.publish(stand.xkcd)
        for watcher, process in ((near, one), (far, other)):
            told = (await watcher.next("publication")).data
            assert told["images"][0]["file"].startswith(f"{process.url}/media/comics/")
        await stores.secret_keys.rotate(number)
        assert [await closes(near), await closes(far)] == [3503, 3503]
