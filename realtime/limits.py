"""The bounds of the hub, all in one value."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """How much and how long: counts, bytes, and seconds unless the name says otherwise."""

    conflation_ms: int = 50
    send_buffer_bytes: int = 1 << 20
    max_connections: int = 15_000
    max_channels: int = 128
    max_message_bytes: int = 64 << 10
    ping_seconds: float = 25
    pong_seconds: float = 10
    connect_seconds: float = 10
    # SDKs ask for a refresh when the ttl is over, not before; this is the time they have for it.
    grace_seconds: float = 5
    read_seconds: float = 5

    @property
    def announced_ping(self) -> int:
        """Return the ping interval as clients are told it: whole seconds, never 0 (which means none)."""
        return math.ceil(self.ping_seconds)
