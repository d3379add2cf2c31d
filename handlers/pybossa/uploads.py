"""The community's files: avatars for everybody to see, exports for whoever knows their address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from handlers.core.dialect import Route
from handlers.core.download import is_picture, send_file
from handlers.core.errors import NotFound
from handlers.core.operation import Operation, operation
from handlers.pybossa.rules import PyBossaHandler
from storage.pybossa.removal import UPLOADS

_CONTAINER = re.compile(r"user_[0-9]{1,20}", re.ASCII)
_FILE = re.compile(r"[0-9A-Za-z_-][0-9A-Za-z_.-]{0,200}", re.ASCII)


class UploadedHandler(PyBossaHandler):
    """A file at its address; cookies and keys don't count."""

    private: ClassVar[bool] = False

    async def admit(self, declared: Operation) -> Mapping[str, Any]:
        """Let everybody in; whoever is signed in is not asked for."""
        return {}

    @operation()
    async def get(self, container: str, file: str) -> None:
        """Send a file; the address is looked up as a whole and never was a path of any file system."""
        if not (_CONTAINER.fullmatch(container) and _FILE.fullmatch(file)):
            raise NotFound
        found = await self.stores.files.open(f"{UPLOADS}{container}/{file}")
        if found is None:
            raise NotFound
        await send_file(self, found, file, is_picture)


ROUTES = (Route("/uploads/{container}/{file}", UploadedHandler, secrets=frozenset({"file"})),)
