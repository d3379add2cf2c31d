"""The page about live messages and its console, in a real browser; the document by the official schema."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from playwright.async_api import Browser, Route, expect

from realtime.codes import CloseCode
from tests.browser.community import join, vote
from tests.browser.conftest import Open
from tests.browser.visit import Visit, is_of
from tests.klub.callers import Callers
from tests.serving import Served

REACHABLE = """
[...document.querySelectorAll("a, button, input, select, summary, [tabindex]")]
  .filter((each) => each.checkVisibility() && !each.disabled).length
"""
FOCUS = """
() => {
  const style = getComputedStyle(document.activeElement);
  const shown = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0);
  return [document.activeElement.outerHTML.slice(0, 120), shown];
}
"""


IN_DEMO = """
document.addEventListener("readystatechange", () => {
  document.head.insertAdjacentHTML("beforeend", '<meta name="demo" content="on">');
}, { once: true });
"""


async def subscribe(page: Visit, channel: str) -> None:
    """Type a channel's name and press Enter."""
    await page.find("#channel").fill(channel)
    await page.page.keyboard.press("Enter")


async def test_the_document_is_valid(server: Served, npm_modules: Path) -> None:
    """AsyncAPI's own JSON schema finds nothing wrong with it."""
    document = (await server.api.get("/asyncapi.json")).json
    schema = json.loads((npm_modules / "@asyncapi/specs/schemas/3.0.0.json").read_text())
    assert [each.message for each in Draft7Validator(schema).iter_errors(document)] == []
    del document["channels"]["polls"]["address"], document["operations"]["publish_polls"]["action"]
    assert len(list(Draft7Validator(schema).iter_errors(document))) == 1


async def test_the_console_follows_a_channel(server: Served, visit: Open) -> None:
    """Connect, see what may be heard, subscribe, look at frames as they go, ask, unsubscribe: by keyboard."""
    secret = await join(server.api, 1)
    page = await visit(f"{server.url}/docs/live")
    await page.find("#enter").press("Enter")
    await expect(page.find("#state")).to_have_text("Connected")
    await expect(page.find("#leave")).to_be_focused()
    await expect(page.find("#latency")).to_contain_text("ms")
    await expect(page.find("#listed-count")).to_have_text("4 channels")
    await subscribe(page, "polls:1")
    row = page.find(".followed")
    await expect(row).to_contain_text("offset 1,")
    await expect(page.find('[data-channel="polls:1"].chip')).to_have_attribute("aria-pressed", "true")
    await vote(server.api, secret, "103")
    await expect(row).to_contain_text("offset 2,")
    frames = page.find("#frames .frame")
    await expect(frames.last).to_contain_text('"103":1')
    await expect(page.find('.frame[data-way="out"]').last).to_contain_text('{"channel":"polls:1"}')
    await row.get_by_role("button", name="How many listen").press("Enter")
    await expect(row.locator(".answer")).to_contain_text('"num_clients": 1')
    await row.get_by_role("button", name="Latest 10").press("Enter")
    await expect(row.locator(".answer")).to_have_text("history: error 108, not available")
    await row.get_by_role("button", name="Unsubscribe").press("Enter")
    await expect(page.find("#following")).to_have_text("Nothing yet.")
    await expect(page.find("#channel")).to_be_focused()
    await subscribe(page, "comics:releases")
    await expect(page.find("#ended")).to_contain_text("error 103, permission denied. Not for this account")
    await page.find("#frame").press("Enter")
    await expect(frames.last).to_contain_text('"id":1000')
    assert await page.forbidden() == []
    assert page.complaints == []


async def test_the_log_is_held_bounded_and_cleared(server: Served, visit: Open) -> None:
    """Paused it stands still and counts; it never holds more than it may; cleared it is empty."""
    page = await visit(f"{server.url}/docs/live")
    await page.find("#enter").click()
    await expect(page.find("#listed-count")).to_contain_text("channels")
    await page.find("#pause").click()
    before = await page.find(".frame").count()
    await page.find("#frame").press("Enter")
    await expect(page.find("#frame-count")).to_contain_text("2 held back")
    assert await page.find(".frame").count() == before
    await page.find("#pause").click()
    await expect(page.find(".frame")).to_have_count(before + 2)
    await page.find("#frame").fill('{"send": {}}')  # which nobody answers
    await page.run("Array.from({length: 450}, () => document.getElementById('raw').requestSubmit())")
    await expect(page.find("#frame-count")).to_contain_text("454 out")
    await expect(page.find(".frame")).to_have_count(400)
    await page.find("#clear").click()
    await expect(page.find(".frame")).to_have_count(0)


async def test_ends_are_explained(server: Served, visit: Open) -> None:
    """A bad credential, a revoked one: the code, what it means, whether SDKs would come back."""
    page = await visit(f"{server.url}/docs/live")
    await page.find("#who").select_option("paste")
    await page.find("#credential").fill("Token nonsense")
    await page.page.keyboard.press("Enter")
    await expect(page.find("#state")).to_have_text("Closed: 3500 invalid token")
    await expect(page.find("#ended")).to_contain_text("Get another. SDKs would not try again.")
    assert "nonsense" not in str(await page.find("#frames").text_content())
    await page.find("#who").select_option("anonymous")
    await page.find("#enter").click()
    await expect(page.find("#state")).to_have_text("Connected")
    await subscribe(page, "stats:members")
    await expect(page.find(".followed")).to_have_count(1)
    await server.application.hub.disconnect(lambda _: True, CloseCode.SHUTDOWN)
    await expect(page.find("#ended")).to_contain_text("3001 shutdown. This server process stops")
    await expect(page.find(".followed")).to_have_count(0)
    await page.find("#enter").click()
    await expect(page.find("#state")).to_have_text("Connected")
    await page.find("#leave").click()
    await expect(page.find("#state")).to_have_text("Not connected")
    assert await page.faint_text() == []


async def test_a_demo_offers_its_people(server: Served, browser: Browser) -> None:
    """One of them is chosen, with the credential of a dialect; then the private channels are there, too."""
    root = await Callers(server).superuser()
    person = {
        "name": "Rosa",
        "about": "superuser",
        "credentials": {"klub": f"Bearer {root.token}", "flux": "s"},
    }

    async def people(route: Route) -> None:
        await route.fulfill(json={"people": [person]})

    page = Visit(await browser.new_page())
    await page.page.add_init_script(IN_DEMO)
    await page.page.route("**/demo/people.json", people)
    await page.open(f"{server.url}/docs/live")
    await page.find("#who").select_option("Rosa: superuser")
    await expect(page.find("#dialect option")).to_have_text(["Klub", "Flux"])
    await page.find('.try[data-channel="comics:releases"]').click()
    await expect(page.find(".followed")).to_contain_text("comics:releases")
    await expect(page.find("#listed")).to_contain_text(f"identity#{root.number}")
    text = str(await page.find("#frames").text_content())
    assert root.token not in text
    assert '"token":"…"' in text
    assert page.complaints == []


async def test_it_is_small_and_keeps_to_its_server(server: Served, visit: Open) -> None:
    """Nothing foreign or forbidden, under 200 KB; from 320 to 3840 pixels nothing spills or is faint."""
    sizes: list[Any] = [(320, "light"), (1200, "dark"), (3840, "light")]
    for width, scheme in sizes:
        page = await visit(f"{server.url}/docs/live", width=width, scheme=scheme)
        await page.find("#enter").click()
        await expect(page.find("#listed-count")).to_contain_text("channels")
        await page.run("document.querySelectorAll('details').forEach((each) => (each.open = true))")
        assert await page.overflow() <= 0, width
        assert await page.faint_text() == [], width
        assert await page.forbidden() == []
        assert page.complaints == []
        assert all(is_of(server.url, request) for request in page.requests), page.requests
        assert 10_000 < await page.size() < 200_000
        await page.page.close()


async def test_text_may_be_twice_as_large(server: Served, visit: Open) -> None:
    page = await visit(f"{server.url}/docs/live", width=800)
    await page.run("document.documentElement.style.fontSize = '200%'")
    assert await page.overflow() <= 0


async def test_keyboard_reaches_everything(server: Served, visit: Open) -> None:
    """Each control takes the focus in turn, and shows it; links to a code lead to its row."""
    page = await visit(f"{server.url}/docs/live")
    reached = []
    for _ in range(await page.run(REACHABLE)):
        await page.page.keyboard.press("Tab")
        element, shown = await page.run(FOCUS)
        assert shown, element
        reached.append(element)
    assert "Skip to" in reached[0]
    assert sum("<summary" in element for element in reached) == 19
    ids = [found[1] for element in reached if (found := re.search(r'\bid="([^"]+)"', element))]
    assert {"who", "enter", "channel", "pings", "pause", "clear", "frames", "frame"} <= set(ids)
