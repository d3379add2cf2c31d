"""MongoDB Extended JSON v2, relaxed: stored documents on the wire, where a dialect shows them as they are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson

from storage.driver import ObjectId


def _extend(value: Any) -> Any:
    """Write what JSON has no type for."""
    match value:
        case ObjectId():
            return {"$oid": str(value)}
        case datetime():
            moment = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
            precision = "milliseconds" if moment.microsecond else "seconds"
            return {"$date": moment.isoformat(timespec=precision).replace("+00:00", "Z")}
        case bytes():
            return value.decode("latin-1")
    raise TypeError(f"{type(value).__name__} has no Extended JSON form here")


def dumps(value: Any) -> bytes:
    """Encode to UTF-8 JSON."""
    return orjson.dumps(value, default=_extend, option=orjson.OPT_PASSTHROUGH_DATETIME)
