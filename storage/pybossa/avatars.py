"""Avatars: stored pictures that take the place of one another."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from storage.database import Database
from storage.driver import ObjectId, Session
from storage.files import CHUNK, Draft, Files, StoredFile
from storage.presence import hold
from storage.pybossa.community import Community
from storage.pybossa.people import PyBossaUser
from storage.pybossa.removal import UPLOADS, container_of

_NUMBERED = re.compile(r"([0-9]{1,12})_avatar\.png", re.ASCII)


def received(draft: Draft) -> StoredFile:
    """Return what reads a flushed draft, which nobody else sees."""
    return StoredFile(draft.id, "", draft.length, CHUNK, draft.digest)


class Avatars:
    """The pictures of people; an address never gets another picture."""

    def __init__(
        self,
        database: Database,
        files: Files,
        community: Community,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._users = database["users"]
        self._files = files
        self._community = community
        self._clock = clock

    async def replace(self, oid: ObjectId, draft: Draft, address: Callable[[str], str]) -> PyBossaUser:
        """Keep a flushed draft as somebody's picture, and remove the former one; raises Departed.

        `address` makes a URL of the path of a file.
        """

        async def work(session: Session) -> PyBossaUser:
            person = await hold(self._users, oid, session)
            stored = person["pybossa"].get("info")  # an import may have brought anything
            info: dict[str, Any] = dict(stored) if isinstance(stored, dict) else {}
            container, former = container_of(person["id"]), str(info.get("avatar"))
            if _NUMBERED.fullmatch(former):
                await self._files.discard(f"{UPLOADS}{container}/{former}", session)
            name = self._name(former)
            path = f"{UPLOADS}{container}/{name}"
            await self._files.keep(draft, path, session)
            info |= {"avatar": name, "container": container, "avatar_url": address(path)}
            return await self._community.change(oid, {"info": info}, session)

        return await self._community.ranking.transact(work)

    def _name(self, former: str) -> str:
        """Name a picture after its second, or after the next one that has none yet."""
        found = _NUMBERED.fullmatch(former)
        return f"{max(int(self._clock()), int(found[1]) + 1 if found else 0)}_avatar.png"
