"""The start page, in a real browser against the real server."""

from __future__ import annotations

import os
import random
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import expect

from scripts.demo.comics import bring_out, found_comics
from tests.browser.community import gather_crowd, join, vote, vote_all
from tests.browser.conftest import Open
from tests.browser.visit import is_of
from tests.klub.callers import Callers
from tests.klub.scene import Scene
from tests.pybossa.village import PASSWORD, Village
from tests.serving import ROOT, Api, Served, ServerProcess

PICTURE = ROOT / "docs" / "home.png"
SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(days=5)
HOPS = """
() => {
  const style = getComputedStyle(document.activeElement);
  const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  return [document.activeElement.outerHTML, outlined];
}
"""
REACHABLE = "[...document.querySelectorAll('a, button')].filter((each) => each.checkVisibility()).length"
WATCH_SHIFTS = """
() => {
  window.shifted = [];
  const name = ({ node }) => (node?.outerHTML ?? node?.parentElement?.outerHTML ?? "gone").slice(0, 120);
  const keep = ({ sources }) => shifted.push(...sources.map(name));
  new PerformanceObserver((list) => list.getEntries().forEach(keep)).observe({ type: "layout-shift" });
}
"""


@pytest.fixture
def demo(launch: Callable[..., ServerProcess]) -> ServerProcess:
    """Give a server with demo data."""
    return launch("--demo")


async def test_a_vote_moves_the_bars(server: Served, visit: Open) -> None:
    """A vote that is cast over HTTP shows in the row, the total, the mark and the rate, without a reload."""
    first, second = await join(server.api, 1), await join(server.api, 2)
    page = await visit(server.url)
    await page.live()
    await expect(page.find(".option")).to_have_count(8)
    await vote(server.api, first, "105")
    row = page.option("Option 105")
    await expect(row.locator(".votes")).to_have_text("1")
    await expect(row.locator(".share")).to_have_text("100.0%")
    await expect(row.locator(".mark")).to_have_text("Leading")
    await expect(page.find("#poll .figure")).to_have_text("1 vote")
    await expect(page.find("#per-minute")).to_have_text("1")
    await expect(row.get_by_role("meter")).to_have_attribute("aria-valuetext", "1 of 1 votes, 100.0%")
    await vote(server.api, second, "101")
    await expect(page.find(".option[data-leads] .mark")).to_have_text(["Tied", "Tied"])
    await vote(server.api, first, "101")
    await expect(page.find(".option[data-leads] .name")).to_have_text("Option 101")
    await expect(page.find("#per-minute")).to_have_text("3")


async def test_members_follow_a_sign_up(server: Served, visit: Open) -> None:
    """A sign-up shows in the members' panel."""
    page = await visit(server.url)
    await page.live()
    await expect(page.find("#people")).to_have_text("0")
    await join(server.api, 1)
    await expect(page.find("#people")).to_have_text("1")
    await expect(page.find("#on-roll")).to_have_text("1")
    await expect(page.find("#last-signup")).to_have_text("just now")


async def test_the_room_is_alive(server: Served, visit: Open, tmp_path: Path) -> None:
    """Events fill up and news come in while one looks; releases say who may see them."""
    scene, ann = Scene(server.stores), await Callers(server).user()
    event = await scene.event("Clean the river", start_date=SOON)
    page = await visit(server.url)
    await page.live()
    await expect(page.find("#events .name")).to_have_text("Clean the river")
    await expect(page.find("#events .number")).to_have_text("0")
    await expect(page.find("#events .feed code").last).to_have_text(f"events:{event}")
    await ann.post("/api/frontend/my_events/", {"event": event, "type__slug": "event_registration"})
    await expect(page.find("#events .number")).to_have_text("1")
    await expect(page.find("#events header .figure")).to_have_text("1 place taken")
    await Village(server, tmp_path / "mails").join("newcomer")
    await expect(page.find("#news .line").first).to_contain_text("newcomer joined the community")
    await expect(page.find("#releases .closed")).to_contain_text("everybody with an account")
    assert page.complaints == []
    await page.page.reload()
    await expect(page.find("#news .line").first).to_contain_text("newcomer joined the community")


async def test_releases_come_to_who_is_signed_in(server: Served, visit: Open, tmp_path: Path) -> None:
    """Whoever is signed in sees new releases arrive, with their strips."""
    await Village(server, tmp_path / "mails").settle("reader")
    await found_comics(server.stores, 1, time.time())
    page = await visit(server.url + "/account/signin?next=/")
    await page.find("#email").fill("reader@example.com")
    await page.find("#password").fill(PASSWORD)
    await page.find("button").click()
    await page.live()
    await expect(page.find("#releases[data-filled]")).to_be_visible()
    await bring_out(server.stores, random.Random(1), time.time())
    await expect(page.find("#releases .item")).to_have_count(1)
    await expect(page.find("#releases img")).to_be_visible()
    assert await page.run("document.querySelector('#releases img').decode().then(() => true)")
    assert await page.forbidden() == []


async def test_it_is_small_and_keeps_to_its_server(server: Served, visit: Open) -> None:
    """Nothing is asked of another server, nothing is forbidden, the console is silent, all is small."""
    page = await visit(server.url)
    await page.live()
    assert all(is_of(server.url, request) for request in page.requests), page.requests
    assert await page.forbidden() == []
    assert page.complaints == []
    assert 10_000 < await page.size() < 100_000


async def test_it_comes_back_after_a_restart(launch: Callable[..., ServerProcess], visit: Open) -> None:
    """While the server is away the page says so and greys its numbers; then it catches up by itself."""
    server = launch()
    api = Api(server.url)
    secret = await join(api, 1)
    await vote(api, secret, "101")
    page = await visit(server.url)
    await page.live()
    server.kill()
    await expect(page.find("#status")).to_contain_text(
        "Not connected. Trying again… These are the numbers of"
    )
    await expect(page.find("#poll[data-stale] #total")).to_have_text("1")
    assert await page.faint_text() == []
    elsewhere = Api(launch().url)  # the page cannot be back before this vote is cast
    await vote(elsewhere, secret, "107")
    elsewhere.close()
    launch("--port", server.url.rpartition(":")[2])
    await page.live()
    await expect(page.option("Option 107").locator(".votes")).to_have_text("1")
    await expect(page.find("#per-minute")).to_have_text("0")  # nobody was there to see when it was cast
    api.close()


async def test_keyboard_reaches_everything(server: Served, visit: Open) -> None:
    """Each link and button takes the focus in turn, and shows it."""
    page = await visit(server.url)
    await page.live()
    reached = []
    for _ in range(await page.run(REACHABLE)):
        await page.page.keyboard.press("Tab")
        element, outlined = await page.run(HOPS)
        assert outlined, element
        reached.append(element)
    assert len(set(reached)) == len(reached)
    assert "Skip to the numbers" in reached[0]
    assert sum("data-copy" in element for element in reached) == 11


async def test_copy_gives_a_call_that_can_be_run(server: Served, visit: Open) -> None:
    """The button beside a call copies a whole curl command, and says so."""
    page = await visit(server.url, permissions=["clipboard-read", "clipboard-write"])
    await page.find("#poll .copy").first.click()
    wanted = f"curl {server.url}/api/v0/iiccot/getinfo"
    await expect(page.find("#copied")).to_have_text(f"Copied: {wanted}")
    assert await page.run("navigator.clipboard.readText()") == wanted


@pytest.mark.parametrize(("width", "text"), [(320, "100%"), (640, "200%"), (1920, "100%"), (3840, "100%")])
async def test_no_width_scrolls_sideways(server: Served, visit: Open, width: int, text: str) -> None:
    """From a small phone to a wall screen, and with text at twice the size, all fits into the width."""
    page = await visit(server.url, width=width)
    await page.live()
    await page.run(f"document.documentElement.style.setProperty('font-size', '{text}')")
    assert await page.overflow() <= 0


async def test_a_name_that_is_one_long_word_is_broken(server: Served, visit: Open) -> None:
    words = {"100": "w" * 120, "101": "Tea"}
    await server.stores.polls.create(1, words, "Why" * 60)
    page = await visit(server.url, width=360)
    await expect(page.option("w" * 120)).to_be_visible()
    assert await page.overflow() <= 0


@pytest.mark.parametrize("width", [320, 400, 1200])
async def test_nothing_jumps_when_numbers_change(server: Served, visit: Open, width: int) -> None:
    """New numbers and another leader leave everything where it is."""
    first, second = await join(server.api, 1), await join(server.api, 2)
    page = await visit(server.url, width=width)
    await page.live()
    await vote(server.api, first, "100")
    await expect(page.find("#total")).to_have_text("1")
    await page.run(WATCH_SHIFTS)
    for option in ("107", "103", "105"):
        await vote(server.api, second, option)
        await expect(page.option(f"Option {option}").locator(".votes")).to_have_text("1")
    assert await page.run("window.shifted") == []


async def test_reduced_motion_is_respected(server: Served, visit: Open) -> None:
    """Who asked for less motion gets none."""
    secret = await join(server.api, 1)
    page = await visit(server.url, reduced_motion="reduce")
    await page.live()
    await vote(server.api, secret, "100")
    await expect(page.find("#total")).to_have_text("1")
    assert await page.run("document.getAnimations().length") == 0


async def test_without_scripts_it_says_what_is_missing(server: Served, visit: Open) -> None:
    """Without JavaScript there is a sentence and the way to the numbers."""
    page = await visit(server.url, java_script_enabled=False)
    await expect(page.find("noscript .notice")).to_be_visible()
    await expect(page.find("noscript a").last).to_have_attribute("href", "/api/v0/getinfo")
    await expect(page.find("#status")).not_to_be_visible()


async def test_light_and_dark_are_readable(server: Served, visit: Open, tmp_path: Path) -> None:
    """Both themes have text of enough contrast."""
    light = await visit(server.url)
    dark = await visit(server.url, scheme="dark", width=400)
    await vote_all(server.api, await gather_crowd(server.api, 0, 9), random.Random(7))
    for page in (light, dark):
        await page.live()
        await expect(page.find("#total")).to_have_text("9")
        assert await page.faint_text() == []
        assert len(await page.photograph(tmp_path / "page.png")) > 10_000
    papers = [await page.run("getComputedStyle(document.body).backgroundColor") for page in (light, dark)]
    assert papers == ["rgb(246, 246, 242)", "rgb(16, 20, 19)"]


async def test_a_demo_is_alive_by_itself(demo: ServerProcess, visit: Open) -> None:
    """With demo data every panel is filled and moves, and its people may be watched as."""
    page = await visit(demo.url)
    await page.live()
    await expect(page.find(".panel[data-filled]:not([data-stale])")).to_have_count(6)
    await expect(page.find(".gathering")).to_have_count(5)
    await expect(page.find(".strips b").first).not_to_be_empty()
    await expect(page.find("#per-minute")).to_have_text(re.compile("^[1-9]"), timeout=20_000)
    await expect(page.find(".stories .arriving").first).to_be_visible(timeout=20_000)
    assert page.complaints == []
    assert await page.size() < 200_000
    await page.page.get_by_role("link", name="Open the dashboard").click()
    await expect(page.find("#status")).to_have_text("Live")
    await page.find("#who").click()
    await page.find(".demo-people button").nth(1).click()
    await expect(page.find("#as")).to_have_text("Watching as Ben Okafor")
    await expect(page.find(".people .person-row").first).to_be_visible()
    assert await page.forbidden() == []


@pytest.mark.skipif(
    not os.environ.get("FOLKMOOT_SCREENSHOTS"), reason="FOLKMOOT_SCREENSHOTS=1 writes docs/home.png"
)
async def test_picture_for_the_readme(demo: ServerProcess, visit: Open) -> None:
    """The README's picture shows a lively page, and is small."""
    page = await visit(demo.url, width=1920)
    await page.live()
    await expect(page.find("#per-minute")).to_have_text(
        re.compile("^[6-9][0-9]$|^1[0-9]{2}$"), timeout=90_000
    )
    PICTURE.parent.mkdir(exist_ok=True)
    assert len(await page.photograph(PICTURE)) < 400_000
