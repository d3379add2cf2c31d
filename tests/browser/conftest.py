"""Fixtures of the browser tests: a real Chromium, and visits that remember what went wrong in them."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
from playwright.async_api import Browser, async_playwright, expect

from tests.browser.visit import Visit
from tests.serving import ROOT

BORROWED = Path(__file__).parent / "npm"
INSTALLED = ROOT / ".npm"
CHROMIUM = Path("/usr/bin/chromium")
PATIENCE = 15_000  # ms that pages may take to show something on a busy machine
QUIETLY = (
    *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)

Open = Callable[..., Awaitable[Visit]]


@pytest.fixture(scope="session")
def chromium() -> str:
    """Find Chromium; without one the tests are skipped, in continuous integration they fail."""
    if not CHROMIUM.exists():
        do_without(f"{CHROMIUM} is missing (apt-get install chromium)")
    return str(CHROMIUM)


def do_without(missing: str) -> NoReturn:
    """Skip what needs something that is not here; in continuous integration fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)


@pytest.fixture(scope="session")
def npm_modules() -> Path:
    """Install what the tests borrow from npm, once for all workers and runs; return its `node_modules`."""
    npm = shutil.which("npm")
    if npm is None:
        do_without("npm is missing (apt-get install nodejs npm)")
    wanted = (BORROWED / "package-lock.json").read_text()
    INSTALLED.mkdir(exist_ok=True)
    stamp = INSTALLED / "installed.json"
    with open(INSTALLED / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(BORROWED / name, INSTALLED / name)
            flags = ("--ignore-scripts", "--no-audit", "--no-fund")
            subprocess.run([npm, "ci", *flags], cwd=INSTALLED, check=True, capture_output=True, timeout=100)
            stamp.write_text(wanted)
    return INSTALLED / "node_modules"


@pytest.fixture
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """Run Chromium."""
    expect.set_options(timeout=PATIENCE)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=QUIETLY)
        yield browser
        await browser.close()


@pytest.fixture
def visit(browser: Browser) -> Open:
    """Open an address in a window of its own."""

    async def open_page(
        url: str, width: int = 1200, height: int = 900, scheme: Any = "light", **options: Any
    ) -> Visit:
        context = await browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, **options
        )
        visited = Visit(await context.new_page())
        await visited.open(url)
        return visited

    return open_page
