"""Recomputes the member counters and the public figures now."""

from __future__ import annotations

from typing import Any

from scripts.session import make_parser, run
from settings import Settings
from storage.statistics import shown
from storage.stores import Stores


def main() -> None:
    """Recompute both documents."""
    make_parser("update_stats", __doc__ or "", "").parse_args()

    async def work(settings: Settings, stores: Stores) -> dict[str, Any]:
        counters = shown(await stores.statistics.count())
        figures = await stores.statistics.figure()
        return {
            "getinfo": {**counters, "_id": {"$oid": str(counters["_id"])}},
            "public_stats": {"members": len(figures["signup_times"]), "last_run": figures["last_run"]},
        }

    run(work)


if __name__ == "__main__":
    main()
