"""The jobs that are PyBossa's own."""

from __future__ import annotations

from collections.abc import Mapping

from handlers.core.worker import Runner
from settings import Settings
from storage.pybossa.exports import EXPIRE, EXPORT
from storage.pybossa.leaving import SWEEP
from storage.pybossa.removal import DELETE
from storage.stores import Stores


def make_runners(settings: Settings, stores: Stores) -> Mapping[str, Runner]:
    """Return who does which kind of job."""
    return {
        DELETE: stores.departures.run,
        EXPIRE: stores.exports.expire,
        EXPORT: stores.exports.run,
        SWEEP: stores.leaving.sweep,
    }
