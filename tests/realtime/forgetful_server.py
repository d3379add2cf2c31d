"""The server with a hub that now and then forgets to say something: the oracle has to find out."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from realtime.hub import Hub
from server import main

EVERY = 5


def forget(publish: Any) -> Any:
    """Leave out every fifth publication."""
    numbers = itertools.count(1)

    def forgetful(self: Hub, name: str, publication: Any) -> None:
        if next(numbers) % EVERY:
            publish(self, name, publication)

    return forgetful


if __name__ == "__main__":
    Hub.publish = forget(Hub.publish)  # type: ignore[method-assign]
    raise SystemExit(main())
