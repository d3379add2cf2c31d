"""The jobs that are Klub's own."""

from __future__ import annotations

from collections.abc import Mapping

from handlers.core.worker import Runner
from handlers.klub import resets
from handlers.klub.resets import ResetOrders
from settings import Settings
from storage.stores import Stores


def make_runners(settings: Settings, stores: Stores) -> Mapping[str, Runner]:
    """Return who does which kind of job."""
    return {resets.KIND: ResetOrders(settings, stores.resets, stores.senders).run}
