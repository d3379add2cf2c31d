"""Who does which kind of job: mails, and what the dialects have of their own."""

from __future__ import annotations

from collections.abc import Mapping

from handlers.core.dialect import discover
from handlers.core.mail import KIND, Transport, deliver_by
from handlers.core.worker import Runner
from settings import Settings
from storage.stores import Stores


def gather_runners(settings: Settings, stores: Stores, transport: Transport) -> Mapping[str, Runner]:
    """Collect what can run the jobs in the queue."""
    found: dict[str, Runner] = {KIND: deliver_by(transport)}
    for dialect in discover():
        if dialect.runners is not None:
            found |= dialect.runners(settings, stores)
    return found
