"""MongoDB Extended JSON v2: written relaxed, as dialects show documents; read in both forms."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
from bson import json_util
from bson.decimal128 import Decimal128

from storage.driver import BSONError, ObjectId

MOST_LEVELS = 90  # the server stops at 100
OPTIONS = json_util.JSONOptions(tz_aware=True)


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


def loads(text: bytes) -> Any:
    """Decode canonical or relaxed Extended JSON to values that can be stored and shown again.

    Raises ValueError for broken JSON and for types that no document here has (regular expressions,
    code, …). Whole numbers become plain ints, decimals floats.
    """
    return _narrow(orjson.loads(text), MOST_LEVELS)


def _narrow(value: Any, levels: int) -> Any:
    """Turn the wrappers inside a JSON value into the values that they stand for."""
    if not levels:
        raise ValueError(f"more than {MOST_LEVELS} levels")
    if isinstance(value, list):
        return [_narrow(each, levels - 1) for each in value]
    if not isinstance(value, dict):
        return value
    for name in value:
        if name.startswith("$"):
            return _unwrap(value)
        if "." in name or "\0" in name:
            # A path where the driver reads names: it would reach into another document than this.
            raise ValueError(f"a field can't be called {name!r}")
    return {name: _narrow(each, levels - 1) for name, each in value.items()}


def _unwrap(wrapper: dict[str, Any]) -> Any:
    try:
        value = json_util.object_hook(_inner(wrapper), OPTIONS)
    except (TypeError, ValueError, ArithmeticError, KeyError, BSONError) as error:
        raise ValueError(f"{', '.join(wrapper)}: {error}") from error
    match value:
        case Decimal128():
            return float(value.to_decimal())
        case int() if not isinstance(value, bool):
            return int(value)
        case float() | datetime() | ObjectId() | bytes():
            return value
    raise ValueError(f"{', '.join(wrapper)} can't be stored here")


def _inner(wrapper: dict[str, Any]) -> dict[str, Any]:
    """Unwrap the number inside a canonical date."""
    date = wrapper.get("$date")
    return {"$date": _unwrap(date)} if isinstance(date, dict) else wrapper
