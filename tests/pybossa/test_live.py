"""The community's channels and its API key, spoken to by the SDK over a running server."""

from __future__ import annotations

import pytest
from centrifuge import CentrifugeError

from storage.credentials import Ending, Event
from storage.pybossa.people import PyBossaUser
from tests.realtime.watching import Watcher, connected, connecting, watch
from tests.serving import Served
from tests.storage.pybossa.village import Village


@pytest.fixture
def served(server: Served) -> Served:
    return server


@pytest.fixture
def village(served: Served) -> Village:
    return Village(served.stores)


async def test_everyone_hears_what_is_new(served: Served, village: Village) -> None:
    ann = await village.join("ann")
    async with connected(served.socket_url) as (client, watcher):
        await watch(client, "feed:updates", watcher)
        project, (task,) = await village.project(ann, n_answers=1)
        await village.run(task, ann)
        told = [(await watcher.next("publication")).data for _ in range(4)]
    kinds = [each["action_updated"] for each in told]
    assert kinds == ["Project", "Task", "UserContribution", "TaskCompleted"]
    assert told[0] == {
        "action_updated": "Project",
        "id": project.id,
        "name": "Rivers",
        "short_name": "rivers",
        "info": {},
        "updated": told[0]["updated"],
    }
    assert list(reversed(told)) == (await served.stores.feed.newest())[:4]


async def test_who_was_away_is_told_later_and_each_message_once(served: Served, village: Village) -> None:
    ann = await village.join("ann")
    _, (task,) = await village.project(ann)
    async with connected(served.socket_url) as (client, watcher):
        await watch(client, "feed:updates", watcher)
        for _ in range(5):
            await village.run(task, ann)
        offsets = [(await watcher.next("publication")).offset for _ in range(5)]
    assert offsets == list(range(offsets[0], offsets[0] + 5))
    assert (await served.stores.outbox.read("feed:updates", None, 0)).offset == offsets[-1]


async def test_the_top_list_follows_every_change(served: Served, village: Village) -> None:
    ann, ben = await village.join("ann"), await village.join("ben")
    _, (task,) = await village.project(ann)
    async with connected(served.socket_url) as (client, watcher):
        await watch(client, "feed:leaderboard", watcher)
        first = (await watcher.next("publication")).data["top_users"]
        assert [row["name"] for row in first] == ["ann", "ben"]
        await village.run(task, ben)
        await expect(watcher, [("ben", 1, 1), ("ann", 2, 0)])
        await served.stores.pybossa.change(ben.oid, {"restrict": True})
        await expect(watcher, [("ann", 1, 0)])
        await served.stores.pybossa.change(ann.oid, {"name": "anna"})
        await expect(watcher, [("anna", 1, 0)])
        await served.stores.deletion.delete(ann.oid)
        await expect(watcher, [])


async def test_a_name_that_another_dialect_changes_is_on_the_top_list_soon(
    served: Served, village: Village
) -> None:
    ann = await village.join("ann")
    secret = (await served.stores.accounts.document(ann.oid))["s"]
    async with connected(served.socket_url) as (client, watcher):
        await watch(client, "feed:leaderboard", watcher)
        await watcher.next("publication")
        body = {"s": secret, "fname": "Anna", "sname": "Lee", "addr_postcode": "2000"}
        assert (await served.api.post("/api/v0/user_details", body)).status == 200
        (row,) = (await watcher.next("publication")).data["top_users"]
    assert row["fullname"] == "Anna Lee"


async def expect(watcher: Watcher, wanted: list[tuple[str, int, int]]) -> None:
    """Wait for a top list; those before it may come, too."""
    while True:
        rows = (await watcher.next("publication")).data["top_users"]
        if [(row["name"], row["rank"], row["score"]) for row in rows] == wanted:
            return


@pytest.mark.settings(leaderboard=2)
async def test_the_top_list_is_as_long_as_it_is_set(served: Served, village: Village) -> None:
    for name in ("ann", "ben", "cat"):
        await village.join(name)
    async with connected(served.socket_url) as (client, watcher):
        await watch(client, "feed:leaderboard", watcher)
        assert len((await watcher.next("publication")).data["top_users"]) == 2


async def test_a_channel_beside_the_two_is_unknown(served: Served) -> None:
    async with connected(served.socket_url) as (client, watcher):
        for name in ("feed:", "feed:other", "feed:updates2"):
            _, subscription = await watch(client, name, watcher)
            with pytest.raises(CentrifugeError):
                await subscription.ready(timeout=2)


async def test_an_api_key_opens_the_hub_and_its_successor_closes_it(served: Served, village: Village) -> None:
    ann = await village.join("ann")
    async with connected(served.socket_url, f"ApiKey {ann.api_key}") as (client, watcher):
        await watch(client, f"identity#{ann.id}", watcher)
        key = await served.stores.pybossa.reset_api_key(ann.oid)
        assert (await watcher.next("disconnected")).code == 3503
        assert [data["type"] for data in watcher.said] == ["api_key_reset"]
    assert key != ann.api_key
    assert await refused(served, ann.api_key) == 3500
    assert await refused(served, "unknown") == 3500
    async with connected(served.socket_url, f"ApiKey {key}") as (client, watcher):
        await watch(client, f"identity#{ann.id}", watcher)
    told = await served.stores.outbox.read(f"identity#{ann.id}")
    assert [message.data["type"] for message in told.messages] == ["api_key_reset"]


async def refused(served: Served, key: str) -> int:
    """Return the code with which a key is refused."""
    watcher = Watcher()
    async with connecting(served.socket_url, f"ApiKey {key}", watcher):
        return int((await watcher.next("disconnected")).code)


@pytest.mark.parametrize(
    ("event", "renewed"), [(Event.RECOVERED, True), (Event.PROVEN, True), (Event.CHANGED, False)]
)
async def test_a_credential_event_renews_the_key_as_the_table_says(
    served: Served, village: Village, event: Event, renewed: bool
) -> None:
    ann = await village.join("ann")
    stores = served.stores
    person = await stores.accounts.document(ann.oid)
    await stores.database.transaction(lambda session: stores.credentials.end(Ending(event, person), session))
    after: PyBossaUser = await village.now(ann)
    assert (after.api_key != ann.api_key) is renewed


async def test_what_is_taken_back_leaves_the_history_too(served: Served, village: Village) -> None:
    ann, ben = await village.join("ann"), await village.join("ben")
    _, (task,) = await village.project(ben)
    await village.run(task, ann)
    await served.stores.pybossa.change(ann.oid, {"restrict": True})
    told = await served.stores.outbox.read("feed:updates")
    about = [message.data for message in told.messages]
    assert about.count({"deleted": True}) == 2
    assert not any(each.get("name") == "ann" for each in about)
    assert all(each.get("name") != "ann" for each in await served.stores.feed.newest())
    await served.stores.deletion.delete(ben.oid)
    assert not any(each.get("name") == "ben" for each in await served.stores.feed.newest())
