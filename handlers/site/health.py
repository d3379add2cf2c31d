"""What load balancers and monitoring ask for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import ClassVar

from handlers.core.dialect import Route
from handlers.core.operation import operation
from handlers.site.answers import Health
from handlers.site.rules import SiteHandler
from storage.database import is_outage

PATIENCE = 1.0  # seconds that the database may take


class HealthHandler(SiteHandler):
    """Whether the database answers."""

    checks_host: ClassVar[bool] = False  # a balancer asks by address

    @operation(returns=Health)
    async def get(self) -> None:
        """Return 200 when the database answers within a second, else 503."""
        healthy = await self.stores.database.ping(PATIENCE)
        self.set_header("Cache-Control", "no-store")
        self.answer({"status": "ok" if healthy else "the database does not answer"}, 200 if healthy else 503)


class MetricsHandler(SiteHandler):
    """Prometheus' view of this process."""

    checks_host: ClassVar[bool] = False

    @operation()
    async def get(self) -> None:
        """Return the metrics in text format."""
        jobs = await self.count_jobs()
        lines = "".join(
            f'folkmoot_jobs{{state="{state}"}} {number}\n' for state, number in sorted(jobs.items())
        )
        header = "# HELP folkmoot_jobs Jobs by state, over all processes\n# TYPE folkmoot_jobs gauge\n"
        self.set_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        self.finish(self.folkmoot.metrics.render() + (header + lines).encode())

    async def count_jobs(self) -> Mapping[str, int]:
        """Count the jobs by state; nothing while the database is away, when the rest is wanted most."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self.stores.jobs.counts()
        except Exception as error:
            if isinstance(error, TimeoutError) or is_outage(error):
                return {}
            raise


ROUTES = (Route("/healthz", HealthHandler), Route("/metrics", MetricsHandler))
