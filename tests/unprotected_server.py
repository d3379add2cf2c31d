"""The server without transactions: the negative control of what they protect."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

sys.path.insert(0, str(Path(__file__).parent.parent))

from server import main
from storage.database import Database

T = TypeVar("T")


async def run_bare(self: Database, work: Callable[[Any], Awaitable[T]]) -> T:
    """Run the statements one after the other, each by itself."""
    return await work(None)


if __name__ == "__main__":
    Database.transaction = run_bare  # type: ignore[method-assign]
    raise SystemExit(main())
