"""Percentiles of delays."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import quantiles


def summarise(delays: Sequence[float]) -> dict[str, float]:
    """Return the middle and the tail of delays (seconds) in milliseconds."""
    cuts = quantiles(delays, n=100)
    return {"p50_ms": round(cuts[49] * 1000, 2), "p99_ms": round(cuts[98] * 1000, 2)}
