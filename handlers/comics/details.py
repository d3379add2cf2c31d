"""Single objects: the number in the path, and what it stands for."""

from __future__ import annotations

from typing import Any

from handlers.comics.credentials import ReaderHandler
from handlers.core.body import LARGEST
from handlers.core.errors import NotFound

LONGEST_NUMBER = 40  # digits that are worth a look


class DetailHandler(ReaderHandler):
    """The base of single objects; subclasses say in `find` where they are."""

    number: int
    found: Any

    def add_slash(self) -> None:
        """Send a reader on to what may be there, and to nothing else."""
        read_number(self.path_kwargs["id"])
        super().add_slash()

    async def locate(self) -> None:
        """Find the object; raises NotFound."""
        self.number = read_number(self.path_kwargs["id"])
        self.found = await self.find(self.number)
        if self.found is None:
            raise NotFound

    async def find(self, number: int) -> Any:
        """Find the object with a number; None where there is none, or it is not the caller's."""
        raise NotImplementedError


def read_number(text: str) -> int:
    """Read an id in a path; raises NotFound for what can't be one."""
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER and 0 < int(text) <= LARGEST):
        raise NotFound
    return int(text)
