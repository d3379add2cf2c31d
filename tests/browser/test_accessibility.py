"""What axe-core finds wrong with the pages for people: nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Open
from tests.browser.visit import Visit
from tests.klub.scene import Scene
from tests.serving import Served

FINDINGS = """
axe.run().then(({ violations }) =>
  violations.map(({ id, help, nodes }) => [id, help, ...nodes.map(({ html }) => html.slice(0, 200))]))
"""
QUIET = "/static/html/soft_launch_iiccot.html", "/static/html/member_details.html", "/nowhere"


async def look(page: Visit, axe: Path) -> None:
    """Let axe look at a page as it is."""
    await page.page.add_script_tag(path=axe)
    assert await page.run(FINDINGS) == [], page.page.url


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing(server: Served, visit: Open, npm_modules: Path, scheme: Any) -> None:
    """The start page, the dashboard with its dialogs and on a wall, and the members' pages."""
    await Scene(server.stores).event("Clean the river")
    axe = npm_modules / "axe-core" / "axe.min.js"
    page = await visit(server.url, scheme=scheme, bypass_csp=True)
    await page.live()
    await look(page, axe)
    await page.page.goto(server.url + "/dashboard")
    await expect(page.find("[data-filled]")).to_have_count(5)
    await look(page, axe)
    for button in ("#add", "#who"):
        await page.find(button).click()
        await expect(page.find("dialog[open]")).to_be_visible()
        await look(page, axe)
        await page.page.keyboard.press("Escape")
    await page.find("#wall").click()
    await look(page, axe)
    for path in QUIET:
        await page.page.goto(server.url + path)
        await look(page, axe)
