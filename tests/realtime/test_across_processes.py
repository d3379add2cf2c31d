"""A change on one server reaches the subscribers of another, through a client that nobody here wrote."""

from __future__ import annotations

from collections.abc import Callable

from tests.realtime.watching import watching
from tests.serving import Api, ServerProcess


async def test_a_vote_on_one_process_reaches_a_subscriber_on_another(
    launch: Callable[..., ServerProcess],
) -> None:
    one, other = launch(), launch()
    member = await (api := Api(one.url)).register("ann@example.com")
    async with watching(other.socket_url, "", "polls:1") as watcher:
        for option in ("100", "101", "102"):
            body = {"s": member["s"], "poll_id": 1, "option_id": option}
            cast = await api.post("/api/v0/iiccot/cast_vote", body)
            now = cast.json["stats"]
            await watcher.until(lambda each, now=now: bool(each.said) and each.said[-1]["stats"] == now)  # type: ignore[misc]
    assert watcher.offsets == sorted(set(watcher.offsets))


async def test_a_registration_reaches_the_member_counters(launch: Callable[..., ServerProcess]) -> None:
    one, other = launch(), launch()
    async with watching(other.socket_url, "", "stats:members") as watcher:
        assert (await watcher.count(1))[0]["n_members_raw"] == 0
        await Api(one.url).register("ann@example.com", onAECRoll=True, volunteer=True)
        await watcher.until(lambda each: each.said[-1]["n_members"] == each.said[-1]["n_volunteers"] == 1)
