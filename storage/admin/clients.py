"""OAuth2 clients as administrators see them; removing one ends its tokens."""

from __future__ import annotations

from dataclasses import dataclass

from storage.database import Database, Index, index
from storage.driver import Session
from storage.errors import NotFound

MOST = 500  # clients that are listed


@dataclass(frozen=True, slots=True)
class ListedClient:
    """A client; `created` in Unix seconds, `tokens` counts those that are kept, used or not."""

    client_id: str
    name: str
    scopes: tuple[str, ...]
    created: float | None
    tokens: int


class Clients:
    """Rows of `oauth_clients` and what hangs on them."""

    INDEXES: tuple[Index, ...] = (index("oauth_tokens", "client_id"),)

    def __init__(self, database: Database) -> None:
        self._database = database
        self._clients = database["oauth_clients"]
        self._tokens = database["oauth_tokens"]

    async def all(self) -> list[ListedClient]:
        """Return the newest clients, with the number of their tokens."""
        rows = await self._clients.find({}, {"secret_hash": 0}).sort("_id", -1).limit(MOST).to_list(None)
        wanted = {"client_id": {"$in": [row["client_id"] for row in rows]}}
        group = {"_id": "$client_id", "n": {"$sum": 1}}
        counts = await self._database.aggregate("oauth_tokens", [{"$match": wanted}, {"$group": group}])
        tokens = {row["_id"]: row["n"] async for row in counts}
        return [
            ListedClient(
                row["client_id"],
                row["name"],
                tuple(row["scopes"]),
                row.get("created_at"),
                tokens.get(row["client_id"], 0),
            )
            for row in rows
        ]

    async def remove(self, client_id: str) -> str:
        """Remove a client with its tokens; return what it was called; raises NotFound."""

        async def work(session: Session) -> str:
            row = await self._clients.find_one_and_delete({"client_id": client_id}, session=session)
            if row is None:
                raise NotFound("OAuth client")
            await self._tokens.delete_many({"client_id": client_id}, session=session)
            return str(row["name"])

        return await self._database.transaction(work)
