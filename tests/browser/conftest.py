"""Fixtures of the browser tests: a real Chromium, and visits that remember what went wrong in them."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, async_playwright

from tests.browser.visit import Visit

CHROMIUM = Path("/usr/bin/chromium")
QUIETLY = (
    *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)

Open = Callable[..., Awaitable[Visit]]


@pytest.fixture(scope="session")
def chromium() -> str:
    """Find Chromium; without one the tests are skipped, in continuous integration they fail."""
    if not CHROMIUM.exists():
        missing = f"{CHROMIUM} is missing (apt-get install chromium)"
        pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
    return str(CHROMIUM)


@pytest.fixture
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """Run Chromium."""
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
