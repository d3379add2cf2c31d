"""Archives that are written into a stored file as they grow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from io import RawIOBase
from types import TracebackType
from typing import Any, Self
from zipfile import ZIP_DEFLATED, ZipFile

from storage.files import Draft


class Outlet(RawIOBase):
    """What an archive writes to: gathers bytes until somebody takes them; there is no way back."""

    def __init__(self) -> None:
        self._gathered = bytearray()

    def writable(self) -> bool:
        """Tell that it can be written to."""
        return True

    def write(self, data: Any) -> int:
        """Take bytes."""
        self._gathered += data
        return len(data)

    def take(self) -> bytes:
        """Return what was gathered, and begin anew."""
        taken, self._gathered = bytes(self._gathered), bytearray()
        return taken


class Archive:
    """A zip in a draft. Compressing runs beside the loop; a piece is all that memory holds."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._outlet = Outlet()
        self._zip = ZipFile(self._outlet, "w", ZIP_DEFLATED)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()
        if error is None:
            await self._pass_on()
            await self._draft.flush()

    async def add(self, name: str, pieces: AsyncIterator[bytes]) -> None:
        """Add a member."""
        # Its length is not known before its end, so that it has to be announced as possibly huge.
        with self._zip.open(name, "w", force_zip64=True) as member:
            async for piece in pieces:
                await asyncio.to_thread(member.write, piece)
                await self._pass_on()

    async def _pass_on(self) -> None:
        await self._draft.write(self._outlet.take())
