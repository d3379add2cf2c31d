"""What /metrics shows; every process answers for itself."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from realtime.feed import Feed
from realtime.hub import Hub
from storage.changes import Changes
from storage.database import Database
from storage.passwords import Passwords

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class Metrics:
    """Counters of requests, and gauges that are read when somebody asks."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "folkmoot_requests", "Requests by dialect, route, method and status",
            ("dialect", "route", "method", "status"), registry=self.registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "folkmoot_request_seconds", "Time to the end of the answer",
            ("dialect", "route"), buckets=BUCKETS, registry=self.registry,
        )  # fmt: skip
        self._counters: dict[tuple[str, str, str, int], Counter] = {}
        self._histograms: dict[tuple[str, str], Histogram] = {}

    def observe(self, dialect: str, route: str, method: str, status: int, seconds: float) -> None:
        """Count one request; children are kept, since looking one up costs more than counting."""
        key = (dialect, route, method, status)
        if (counter := self._counters.get(key)) is None:
            counter = self._counters[key] = self._requests.labels(dialect, route, method, str(status))
        counter.inc()
        if (histogram := self._histograms.get(key[:2])) is None:
            histogram = self._histograms[key[:2]] = self._seconds.labels(dialect, route)
        histogram.observe(seconds)

    def gauge(self, name: str, text: str, read: Callable[[], float]) -> None:
        """Show a number that is read when somebody asks."""
        Gauge(f"folkmoot_{name}", text, registry=self.registry).set_function(read)

    def watch(self, hub: Hub, feed: Feed, changes: Changes, database: Database) -> None:
        """Show what lives in this process."""
        self.gauge("sockets", "Open live connections", lambda: len(hub.connections))
        self.gauge("subscriptions", "Subscriptions of live connections", lambda: hub.subscriptions)
        self.gauge("publications", "States published to subscribers", lambda: hub.publications)
        self.gauge("deliveries", "Receivers of all publications", lambda: hub.deliveries)
        self.gauge("slow_disconnects", "Connections closed for not reading", lambda: hub.slow_disconnects)
        self.gauge("feed_lag_seconds", "Seconds without word from the change stream", lambda: changes.lag)
        self.gauge("feed_resyncs", "Times the change stream began anew", lambda: feed.resyncs)
        self.gauge("transaction_restarts", "Transactions run again", lambda: database.restarts)

    def watch_passwords(self, passwords: Passwords) -> None:
        """Show how many wait for the threads that hash."""
        self.gauge("bcrypt_queue", "Password hashes that wait or are being made", lambda: passwords.waiting)

    def render(self) -> bytes:
        """Return Prometheus' text format."""
        return generate_latest(self.registry)
