"""What axe-core finds wrong with the pages for people: nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from scripts.demo.doors import open_demo
from settings import Settings
from storage.stores import Stores
from tests.browser.conftest import Open
from tests.browser.visit import Visit
from tests.klub.callers import Callers
from tests.klub.scene import Scene
from tests.serving import Served, serve_here

FINDINGS = """
() => {
  const rules = matchMedia("(prefers-color-scheme: dark)").matches ? { runOnly: ["color-contrast"] } : {};
  const tell = ({ id, help, nodes }) => [id, help, ...nodes.map(({ html }) => html.slice(0, 200))];
  return axe.run(rules).then(({ violations }) => violations.map(tell));
}
"""
MOVING = "document.getAnimations().filter((each) => each.effect.getTiming().duration > 1).length"
QUIET = (
    *("/static/html/soft_launch_iiccot.html", "/static/html/member_details.html", "/nowhere"),
    *("/docs", "/docs/live", "/api/docs/", "/api/bronto/event/", "/admin/"),
    *("/account/", "/account/signin", "/account/register", "/account/forgot-password"),
)
DEMO = "/demo/mail", "/demo/confirm-email", "/demo/new-password", "/demo/app-sign-in"
AREAS = ("people", "polls", "events", "clients", "jobs", "channels", "integrity")
CALLS = "flux#/Members/post_api_v0_register_initial_email", "klub#/Public/get_api_bronto_event_event_"
LARGEST = 200_000  # bytes of a page with its files


async def look(page: Visit, axe: Path) -> None:
    """Let axe look at a page as it is; in the dark only colours can be different."""
    await page.page.add_script_tag(path=axe)
    assert await page.run(FINDINGS) == [], page.page.url


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing(server: Served, visit: Open, npm_modules: Path, scheme: Any) -> None:
    """The start page, the dashboard with its dialogs and on a wall."""
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


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_on_quieter_pages(
    server: Served, visit: Open, npm_modules: Path, scheme: Any
) -> None:
    """Documents, members' pages, accounts, the door of the administrators."""
    page = await visit("about:blank", scheme=scheme, bypass_csp=True)
    for path in QUIET:
        await page.page.goto(server.url + path)
        await look(page, npm_modules / "axe-core" / "axe.min.js")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_at_the_administrators(
    server: Served, visit: Open, npm_modules: Path, scheme: Any
) -> None:
    """Each area, and somebody's page."""
    boss = await Callers(server).superuser()
    page = await visit(server.url + "/demo/mail", scheme=scheme, bypass_csp=True)
    await page.run(f"sessionStorage.setItem('folkmoot-admin', {boss.headers['Authorization']!r})")
    for area in (*AREAS, f"people/{boss.number}"):
        await page.page.goto(f"{server.url}/admin/{area}")
        await expect(page.find("#view h1")).to_be_visible()
        await expect(page.find("#view [aria-busy=true]")).to_have_count(0)
        await look(page, npm_modules / "axe-core" / "axe.min.js")


@pytest.mark.settings(email_url="console:")
async def test_axe_finds_nothing_in_the_demos_box(
    settings: Settings, stores: Stores, visit: Open, npm_modules: Path
) -> None:
    """The box, and the pages that its links lead to."""
    async with serve_here(settings, stores, open_demo(stores)) as demo:
        for path in DEMO:
            page = await visit(demo.url + path, bypass_csp=True)
            await look(page, npm_modules / "axe-core" / "axe.min.js")


async def test_axe_finds_nothing_where_calls_are_tried(
    server: Served, visit: Open, npm_modules: Path
) -> None:
    """Swagger UI leaves gaps, which are filled; in the dark a filter turns it over, which axe cannot see."""
    for call in CALLS:
        page = await visit(f"{server.url}/docs/{call}", bypass_csp=True)
        await expect(page.find(".opblock.is-open .opblock-body")).to_be_visible()
        await expect(page.find("#servers")).to_have_attribute("aria-label", "Server")
        await expect(page.find(".opblock-summary-control a[href]")).to_have_count(0)
        await look(page, npm_modules / "axe-core" / "axe.min.js")
        await page.page.close()


async def test_pages_are_small_still_and_take_twice_the_text(server: Served, visit: Open) -> None:
    """Who wants less motion or larger letters gets them; a page with its files is soon there."""
    page = await visit("about:blank", width=800, reduced_motion="reduce")
    for path in ("/", "/dashboard", *QUIET, "/docs/flux"):
        await page.page.goto(server.url + path)
        calls = path == "/docs/flux"  # Swagger UI alone is 430 KB
        if calls:
            await expect(page.find(".opblock-tag").first).to_be_visible()
        assert (path, await page.run(MOVING)) == (path, 0)
        await page.run("document.documentElement.style.fontSize = '200%'")
        assert (path, max(0, await page.overflow())) == (path, 0)
        assert calls or await page.size() < LARGEST, path
