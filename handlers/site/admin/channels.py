"""The live hub over all processes: channels with their numbers, connections by process."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.core.dialect import Route
from handlers.core.operation import operation
from handlers.site.admin.rules import AdminHandler
from realtime.inventory import ProcessCount


@dataclass(frozen=True, slots=True)
class ChannelsObject:
    """Every process that is alive, as it is at one moment (Unix seconds); whoever asks twice knows rates."""

    at: float
    processes: tuple[ProcessCount, ...]


class ChannelsHandler(AdminHandler):
    """The hub."""

    @operation(returns=ChannelsObject)
    async def get(self) -> ChannelsObject:
        """Return connections, channels, subscribers and running totals of messages, by process."""
        hub = self.folkmoot.hub
        processes = tuple(await hub.presence.inventory.processes())
        return ChannelsObject(hub.clock(), processes)


ROUTES = (Route("/admin/api/channels", ChannelsHandler),)
