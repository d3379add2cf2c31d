"""The check of what is stored, run beside everything else; its progress is told line by line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from tornado.iostream import StreamClosedError

from handlers.core.dialect import Route
from handlers.core.errors import ApiError
from handlers.core.operation import operation
from handlers.site.admin.rules import AdminHandler, Unwanted
from storage.driver import PyMongoError
from storage.errors import StorageError
from storage.findings import Check, Finding
from storage.integrity import Integrity
from storage.stores import all_indexes, all_traces

MOST = 500  # findings that are told; all are counted
LONGEST = 600.0  # seconds
LINES = "application/x-ndjson"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the answer: a check begins, something is off, or (last) the whole is over.

    `check` with `number` of `total`; `finding` {check, place, detail}; `findings` counts all of them and
    `stopped` says why not everything was looked at.
    """

    check: str | None = None
    number: int | None = None
    total: int | None = None
    finding: Finding | None = None
    findings: int | None = None
    stopped: str | None = None


class IntegrityHandler(AdminHandler):
    """The check; one at a time in each process."""

    def initialize(self, refusal: ApiError | None = None, **options: Any) -> None:
        """Find the process's one place."""
        super().initialize(refusal, **options)
        self._place: asyncio.Lock = self.settings.setdefault("integrity_check", asyncio.Lock())
        self._work: asyncio.Task[None] | None = None

    @operation(returns=Line)
    async def post(self) -> None:
        """Check what is stored (scripts.check_integrity); tells its progress as JSON, line by line."""
        if self._place.locked():
            raise Unwanted("a check is running in this process; wait until it is over")
        async with self._place:
            self.tell("checked_integrity")
            self.set_header("Content-Type", LINES)
            self.set_header("X-Accel-Buffering", "no")  # nginx would keep lines back
            self._work = asyncio.create_task(self.run())
            await asyncio.wait([self._work])
        if not self._work.cancelled() and (error := self._work.exception()) is not None:
            raise error
        self.finish()

    async def run(self) -> None:
        """Run every check and tell what is found, until nobody listens."""
        checks = Integrity(self.stores.database, all_indexes(), all_traces()).checks()
        found, stopped = 0, None
        try:
            async with asyncio.timeout(LONGEST):
                async with aclosing(look(list(checks.items()))) as steps:
                    async for line in steps:
                        found += line.finding is not None
                        if line.finding is None or found <= MOST:
                            await self.say(line)
        except TimeoutError:
            stopped = f"not over after {LONGEST:.0f} s"
        except (PyMongoError, StorageError) as error:
            stopped = f"the database did not answer: {type(error).__name__}"
        await self.say(Line(findings=found, stopped=stopped))

    async def say(self, line: Line) -> None:
        """Send one line."""
        told = {name: value for name, value in asdict(line).items() if value is not None}
        self.write(orjson.dumps(told) + b"\n")
        with suppress(StreamClosedError):
            await self.flush()

    def on_connection_close(self) -> None:
        """End the work: nobody waits for it any more."""
        super().on_connection_close()
        if self._work is not None:
            self._work.cancel()


async def look(checks: list[tuple[str, Check]]) -> AsyncGenerator[Line, None]:
    """Go through the checks one after the other."""
    for number, (name, check) in enumerate(checks, 1):
        yield Line(check=name, number=number, total=len(checks))
        async for finding in check():
            yield Line(finding=finding)


ROUTES = (Route("/admin/api/integrity", IntegrityHandler),)
