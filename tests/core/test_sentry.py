"""What goes to Sentry, and what never does."""

from __future__ import annotations

import asyncio
import gzip
import logging
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from pydantic import SecretStr
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPServerRequest
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from handlers.core.sentry import LAST_WORDS, Reporter, report_errors, warn_of_sentry
from settings import Settings
from storage.stores import Stores
from tests.knowme.client import App
from tests.serving import ROOT, Api, ServerProcess, as_environment

Launch = Callable[..., ServerProcess]


@dataclass
class Project:
    """A project at a Sentry that keeps what it is sent."""

    url: str = ""
    requests: asyncio.Queue[HTTPServerRequest] = field(default_factory=asyncio.Queue)

    async def next(self) -> tuple[bytes, dict[str, Any]]:
        """Wait for an event; return it as it came, and read."""
        async with asyncio.timeout(15):
            request = await self.requests.get()
        content = gzip.decompress(request.body)
        lines = content.split(b"\n")
        assert orjson.loads(lines[1])["type"] == "event"
        event: dict[str, Any] = orjson.loads(lines[2])
        return content, event


@pytest.fixture
async def sentry() -> AsyncIterator[Project]:
    project = Project()

    class Envelope(RequestHandler):
        def post(self) -> None:
            project.requests.put_nowait(self.request)
            self.finish({})

    server = HTTPServer(Application([("/api/7/envelope/", Envelope)]))
    sockets = bind_sockets(0, "127.0.0.1")
    server.add_sockets(sockets)
    project.url = f"http://0a1b2c@127.0.0.1:{sockets[0].getsockname()[1]}/7"
    yield project
    server.stop()
    await server.close_all_connections()


@pytest.mark.parametrize("flags", [(), ("--processes", "2")])
async def test_an_unexpected_error_is_reported_without_what_people_sent(
    launch: Launch, stores: Stores, sentry: Project, flags: tuple[str, ...]
) -> None:
    served = await asyncio.to_thread(launch, *flags, SENTRY_DSN=sentry.url, SENTRY_ENVIRONMENT="trial")
    api = Api(served.url)
    ann = await App.sign_up(api, stores, "ann@example.com")
    await stores.database["km_profiles"].insert_one({"id": 5, "user_id": ann.oid, "name": "Private"})
    answer = await ann.patch("/know-me/profiles/5/?q=Hidden", {"name": "Confidential"})
    content, event = await sentry.next()
    assert (answer.status, answer.json) == (500, {"detail": "Internal server error."})
    assert (event["level"], event["environment"]) == ("error", "trial")
    assert event["tags"] == {"request": answer.headers["X-Request-Id"]}
    thrown = event["exception"]["values"][-1]
    assert (thrown["type"], thrown["value"]) == ("KeyError", "")
    assert thrown["stacktrace"]["frames"][-1]["function"] == "of"
    secrets = (
        "Confidential",
        "Hidden",
        "Private",
        ann.token,
        "ann@example.com",
        "Authorization",
        "127.0.0.1",
    )
    for secret in secrets:
        assert secret.encode() not in content
    api.close()
    assert await asyncio.to_thread(served.stop) == 0


async def test_what_is_not_sent_yet_goes_out_at_the_end(settings: Settings, sentry: Project) -> None:
    code = (
        "import logging, settings\n"
        "from handlers.core.sentry import report_errors\n"
        "with report_errors(settings.read()):\n"
        "    try: raise ValueError('ann@example.com')\n"
        "    except ValueError: logging.getLogger('x').exception('no %s', 'ann@example.com')\n"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code),
        cwd=ROOT,
        env={**os.environ, **as_environment(settings), "SENTRY_DSN": sentry.url},
        stderr=asyncio.subprocess.DEVNULL,
    )
    content, event = await sentry.next()
    assert await process.wait() == 0
    assert (event["logger"], event["logentry"]["message"]) == ("x", "no %s")
    assert event["environment"] == "staging"
    assert b"ann@" not in content


async def test_refusals_and_plain_log_lines_are_not_reported(
    sentry: Project, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with report_errors(settings.model_copy(update={"sentry_dsn": SecretStr(sentry.url)})):
        logging.getLogger("x").warning("a warning", exc_info=ValueError("x"))
        logging.getLogger("x").error("no exception", extra={"request": "1"})
        logging.getLogger("y").error("an exception", exc_info=ValueError("x"))
        assert (await sentry.next())[1]["logger"] == "y"
    assert sentry.requests.empty()
    caplog.clear()


def test_a_sentry_that_is_away_is_no_trouble(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    away = settings.model_copy(update={"sentry_dsn": SecretStr("http://key@127.0.0.1:1/1")})
    began = time.monotonic()
    with report_errors(away):
        logging.getLogger("x").error("an exception", exc_info=ValueError("x"))
    assert time.monotonic() - began < LAST_WORDS + 2
    assert [each.name for each in caplog.records if each.levelno >= logging.ERROR] == ["x"]
    caplog.clear()


def test_without_the_package_one_line_says_so(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "sentry_sdk", None)
    wanting = settings.model_copy(update={"sentry_dsn": SecretStr("https://key@example.com/1")})
    warn_of_sentry(settings)
    assert not caplog.messages
    warn_of_sentry(wanting)
    assert [("SENTRY_DSN" in line, "sentry-sdk" in line) for line in caplog.messages] == [(True, True)]
    with report_errors(wanting):
        assert not any(isinstance(each, Reporter) for each in logging.getLogger().handlers)


@pytest.mark.parametrize(
    "dsn", ["x", "https://example.com/1", "https://key@example.com/", "ftp://key@h/1", "https://key@h/p"]
)
def test_a_wrong_dsn_ends_the_start_and_is_named(settings: Settings, dsn: str) -> None:
    done = subprocess.run(
        [sys.executable, "server.py", "--port", "0"],
        cwd=ROOT,
        env={**os.environ, **as_environment(settings), "SENTRY_DSN": dsn},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stderr == "setting SENTRY_DSN: must look like https://KEY@HOST/PROJECT\n"
