"""Closes live connections whose credential was revoked, wherever that happened."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable

from realtime.channels import Identity
from realtime.hub import Hub, Matches
from storage.changes import Change
from storage.driver import PyMongoError
from storage.revocations import Revocation, Revocations

PAUSE = 0.5  # seconds until what failed to be read is tried again

log = logging.getLogger(__name__)


def covers(revocation: Revocation, who: Identity) -> bool:
    """Tell whether a connection of this identity has to end."""
    if who.user != str(revocation.user):
        return False
    if revocation.credential is not None:
        return who.credential == revocation.credential
    return who.generation < revocation.generation


def match_any(revocations: Iterable[Revocation]) -> Matches:
    """Make the test of whether one of many revocations covers an identity."""
    by_user: defaultdict[str, list[Revocation]] = defaultdict(list)
    for each in revocations:
        by_user[str(each.user)].append(each)
    return lambda who: any(covers(each, who) for each in by_user.get(who.user, ()))


class Revoking:
    """Takes note of revocations from the change stream and carries them out, many at a time."""

    def __init__(self, hub: Hub, revocations: Revocations) -> None:
        self._hub = hub
        self._revocations = revocations
        self._waiting: list[Revocation] = []
        self._missed = False
        self._noted = asyncio.Event()

    def note(self, change: Change | None) -> None:
        """Take note of a revocation; None says that some may have been missed."""
        if change is None:
            self._missed = True
        elif change.operation == "insert" and change.document is not None:
            self._waiting.append(Revocation.of(change.document))
        self._noted.set()

    async def run(self) -> None:
        """Carry out what is noted, until cancelled."""
        while True:
            await self._noted.wait()
            self._noted.clear()
            waiting, self._waiting = self._waiting, []
            if waiting:
                await self._hub.revoke(match_any(waiting))
            if self._missed:
                await self._catch_up()

    async def _catch_up(self) -> None:
        """Carry out all that are kept; those that were carried out before find nobody."""
        try:
            recent = await self._revocations.recent()
        except PyMongoError as error:
            log.warning("reading the revocations failed: %r; trying again", error)
            await asyncio.sleep(PAUSE)
            self._noted.set()
            return
        self._missed = False
        await self._hub.revoke(match_any(recent))
