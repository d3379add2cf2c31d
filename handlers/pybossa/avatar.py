"""Avatars: from what was sent to a stored picture."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from tempfile import TemporaryFile
from typing import Any, BinaryIO

from handlers.core.pictures import Crop
from handlers.core.services import Services
from storage.driver import ObjectId
from storage.files import CHUNK, Draft
from storage.pybossa.avatars import received
from storage.stores import Stores

COORDINATES = ("x1", "y1", "x2", "y2")
NO_INTEGER = "Not a valid integer value"
_INTEGER = re.compile(r"\s*[+-]?[0-9]{1,18}\s*", re.ASCII)


def read_coordinate(value: Any) -> int | None:
    """Read an integer, or its text; None for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return int(value) if isinstance(value, str) and _INTEGER.fullmatch(value) else None


async def portray(
    services: Services, oid: ObjectId, sent: Draft, crop: Crop, address: Callable[[str], str]
) -> None:
    """Store a part of a sent picture as somebody's avatar; raises NoPictureError, Departed."""
    await sent.flush()
    with TemporaryFile() as source, TemporaryFile() as target:
        async for piece in services.stores.files.read(received(sent)):
            source.write(piece)
        await services.studio.redraw(source, target, crop)
        await keep(services.stores, oid, target, address)


async def keep(stores: Stores, oid: ObjectId, picture: BinaryIO, address: Callable[[str], str]) -> None:
    """Store a drawn picture, and let it take the place of the former one."""
    picture.seek(0)
    draft = await stores.files.begin()
    try:
        while piece := await asyncio.to_thread(picture.read, CHUNK):
            await draft.write(piece)
        await draft.flush()
        await stores.avatars.replace(oid, draft, address)
    finally:
        await draft.abort()
