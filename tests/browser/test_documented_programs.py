"""The programs that README.md and docs show, run against a server while somebody votes."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from playwright.async_api import ConsoleMessage

from tests.browser.community import join, vote
from tests.browser.conftest import Open
from tests.docs.blocks import documents, read_blocks
from tests.serving import ROOT, Served

IMPORT = 'import { Centrifuge } from "centrifuge";'
HERE = "localhost:8888"
BUNDLE = "/borrowed/centrifuge.js"


def each_program(language: str) -> pytest.MarkDecorator:
    """Run a test for each program in a language that a document shows."""
    found = [
        pytest.param(block, id=str(document.relative_to(ROOT)))
        for document in documents()
        for block in read_blocks(document, language)
    ]
    return pytest.mark.parametrize("program", found)


async def heard(lines: asyncio.Queue[str], beginning: str) -> None:
    """Wait for a line that begins so."""
    async with asyncio.timeout(20):
        while not (await lines.get()).startswith(beginning):
            pass


@each_program("js")
async def test_a_javascript_program_hears_a_vote(
    program: str, server: Served, visit: Open, npm_modules: Path
) -> None:
    secret = await join(server.api, 1)
    page = (await visit(f"{server.url}/no-such-page")).page
    lines: asyncio.Queue[str] = asyncio.Queue()

    def note(message: ConsoleMessage) -> None:
        lines.put_nowait(message.text)

    page.on("console", note)
    bundle = npm_modules / "centrifuge" / "dist" / "centrifuge.js"
    await page.route(f"**{BUNDLE}", lambda route: route.fulfill(path=bundle))
    await page.add_script_tag(url=BUNDLE)
    assert IMPORT in program
    text = program.replace(IMPORT, "").replace(HERE, server.url.removeprefix("http://"))
    await page.route("**/program.js", lambda route: route.fulfill(body=text, content_type="text/javascript"))
    await page.add_script_tag(url="/program.js")
    await heard(lines, "0 ")
    await vote(server.api, secret, "105")
    await heard(lines, "1 ")


@each_program("python")
async def test_a_python_program_hears_a_vote(program: str, server: Served) -> None:
    secret = await join(server.api, 1)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-u", "-c", program.replace(HERE, server.url.removeprefix("http://"))),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(30):
        assert (await process.stdout.readline()).startswith(b"0 ")
        await vote(server.api, secret, "105")
        assert (await process.stdout.readline()).startswith(b"1 ")
        assert await process.wait() == 0
