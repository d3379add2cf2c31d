"""What load balancers and monitoring ask for."""

from __future__ import annotations

from typing import ClassVar

from handlers.core.dialect import Route
from handlers.core.operation import operation
from handlers.site.rules import SiteHandler


class HealthHandler(SiteHandler):
    """Whether the database answers."""

    checks_host: ClassVar[bool] = False  # a balancer asks by address

    @operation()
    async def get(self) -> None:
        """Return 200 when the database answers within a second, else 503."""
        healthy = await self.stores.database.ping(1.0)
        self.set_header("Cache-Control", "no-store")
        self.answer({"status": "ok" if healthy else "the database does not answer"}, 200 if healthy else 503)


class MetricsHandler(SiteHandler):
    """Prometheus' view of this process."""

    checks_host: ClassVar[bool] = False

    @operation()
    async def get(self) -> None:
        """Return the metrics in text format."""
        jobs = await self.stores.jobs.counts()
        lines = "".join(
            f'folkmoot_jobs{{state="{state}"}} {number}\n' for state, number in sorted(jobs.items())
        )
        header = "# HELP folkmoot_jobs Jobs by state, over all processes\n# TYPE folkmoot_jobs gauge\n"
        self.set_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.finish(self.folkmoot.metrics.render() + (header + lines).encode())


ROUTES = (Route("/healthz", HealthHandler), Route("/metrics", MetricsHandler))
