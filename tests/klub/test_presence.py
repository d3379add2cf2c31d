"""Who listens to an event's channels: for those who manage it, and nobody else."""

from __future__ import annotations

import pytest
from centrifuge import CentrifugeError, Client

from tests.klub.callers import Callers, Someone
from tests.klub.scene import Scene
from tests.realtime.watching import connecting, watch
from tests.serving import Served


async def present(client: Client, channel: str) -> list[str] | int:
    """Return the users on a channel, or the code that refuses to name them."""
    try:
        found = await client.presence(channel)
    except CentrifugeError as error:
        return int(error.code)
    return sorted(each.user for each in found.clients.values())


@pytest.mark.parametrize("kind", ["events", "attendance"])
async def test_only_who_manages_an_event_learns_who_listens(
    server: Served, callers: Callers, user: Someone, scene: Scene, kind: str
) -> None:
    unit = await scene.unit()
    channel = f"{kind}:{await scene.event(units=[unit])}"
    organizer, staff = await callers.organizer_of(unit), await callers.staff_of(None)
    async with connecting(server.socket_url, organizer.token) as listener:
        await watch(listener, channel)
        expected = [str(organizer.number)]
        for who in (organizer, staff, await callers.superuser()):
            async with connecting(server.socket_url, who.token) as client:
                assert await present(client, channel) == expected
        for who in (user, callers.anonymous, await callers.staff_of(await scene.unit("Brno"))):
            async with connecting(server.socket_url, who.token) as client:
                assert await present(client, channel) == 103


async def test_whoever_sees_an_event_learns_how_many_listen(
    server: Served, callers: Callers, user: Someone, scene: Scene
) -> None:
    shown, hidden = await scene.event(), await scene.event(public_on_web=False)
    async with connecting(server.socket_url, user.token) as client:
        await watch(client, f"events:{shown}")
        stats = await client.presence_stats(f"events:{shown}")
        assert (stats.num_clients, stats.num_users) == (1, 1)
        for denied in (f"events:{hidden}", "events:999", f"attendance:{shown}"):
            with pytest.raises(CentrifugeError) as refused:
                await client.presence_stats(denied)
            assert refused.value.code == 103
