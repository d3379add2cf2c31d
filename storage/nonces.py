"""Random texts that are good once: whoever signs in by a signed nonce was asked for it by this server."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime

from storage.database import Database, Index, index

LIFETIME = 600  # seconds
LONGEST = 200  # characters that are looked for
BYTES = 24


class Nonces:
    """Rows of `nonces`: {_id: the text, expires, generations: by the account that had it signed}."""

    INDEXES: tuple[Index, ...] = (index("nonces", "expires", expire_after=0),)

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._rows = database["nonces"]
        self._clock = clock

    async def make(self) -> str:
        """Make a nonce."""
        nonce = secrets.token_urlsafe(BYTES)
        expires = datetime.fromtimestamp(self._clock() + LIFETIME, UTC)
        await self._rows.insert_one({"_id": nonce, "expires": expires})
        return nonce

    async def bind(self, nonce: str, user: int, generation: int) -> None:
        """Note that an account had the nonce signed, in this generation; an unknown nonce is no matter."""
        if len(nonce) <= LONGEST:
            await self._rows.update_one({"_id": nonce}, {"$set": {f"generations.{user}": generation}})

    async def spend(self, nonce: str, user: int, generation: int) -> bool:
        """Use a nonce up for an account; False where it is not good (any more), or of an older generation.

        Of several at once one succeeds.
        """
        if len(nonce) > LONGEST:
            return False
        row = await self._rows.find_one_and_delete(
            {"_id": nonce, "expires": {"$gt": datetime.fromtimestamp(self._clock(), UTC)}}
        )
        return row is not None and row.get("generations", {}).get(str(user)) == generation
