"""What every list of the catalogue can do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from storage.comics.choosing import Choosing
from storage.comics.counting import Counting
from storage.comics.sharing import Sharing

T_co = TypeVar("T_co", covariant=True)


class Listing(Protocol[T_co]):
    """Some objects in a fixed order. Everything may raise Slow and BadPattern."""

    async def total(self) -> int:
        """Count them all, once in the life of the listing."""
        ...

    async def window(self, offset: int, limit: int) -> Sequence[T_co]:
        """Return one page."""
        ...

    async def page(self, offset: int, limit: int) -> tuple[int, Sequence[T_co]]:
        """Count them all and return one page."""
        total = await self.total()
        return total, await self.window(offset, limit) if offset < total else ()

    def stream(self, offset: int) -> AsyncIterator[Sequence[T_co]]:
        """Yield everything from an offset on, in batches."""
        ...


@dataclass(frozen=True, slots=True)
class Shared:
    """What the lists of all readers have in common."""

    choosing: Choosing
    counting: Counting
    pages: Sharing  # of what nothing narrows
