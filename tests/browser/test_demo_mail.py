"""The demo's box in a browser: what comes in shows by itself, opens, and leads on."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from scripts.demo.doors import open_demo
from settings import Settings
from storage.demo_box import DemoBox, Parcel
from storage.stores import Stores
from tests.browser.conftest import Open
from tests.serving import Served, serve_here

pytestmark = pytest.mark.settings(email_url="console:")
PAGE = '<p>Open <a href="{url}/account/signin">the door</a>.</p><script>parent.spoilt = true</script>'


@pytest.fixture
async def demo(settings: Settings, stores: Stores) -> AsyncIterator[Served]:
    """Run a server in demo mode."""
    async with serve_here(settings, stores, open_demo(stores)) as served:
        yield served


async def test_what_comes_in_shows_by_itself_and_can_be_used(demo: Served, visit: Open) -> None:
    """Links and codes work, the HTML part is shut in, keys suffice, and the box can be emptied."""
    box = DemoBox(demo.stores.database)
    page = await visit(f"{demo.url}/demo/mail", permissions=["clipboard-read", "clipboard-write"])
    await expect(page.find("#empty")).to_be_visible()
    await box.put(Parcel("m1", "mail", "ann@example.org", 1e9, "Your door", f"See {demo.url}/ now.", None))
    await expect(page.find("#subject")).to_have_text("Your door")
    await expect(page.find("#words a")).to_have_attribute("href", f"{demo.url}/")
    html = PAGE.format(url=demo.url)
    await box.put(Parcel("m2", "mail", "ann@example.org", 2e9, "<b>Bold</b>", "No links.", html))
    await box.put(Parcel("m3", "sms", "+61491570156", 3e9, text="Your code is 123456."))
    await expect(page.find("#count")).to_have_text("3 messages")
    assert await page.find("#letters .subject").all_inner_texts() == [
        "Text message",
        "<b>Bold</b>",
        "Your door",
    ]
    await page.find("#letters button").nth(0).focus()
    await page.page.keyboard.press("Enter")
    await page.find("#words .code button").click()
    assert await page.run("navigator.clipboard.readText()") == "123456"
    await page.find("#letters button").nth(1).click()
    await page.find("[data-shape=page]").click()
    link = page.page.frame_locator("#page").locator("a")
    async with page.page.context.expect_page() as opened:
        await link.click()
    assert (await opened.value).url == f"{demo.url}/account/signin"
    assert await page.run("window.spoilt") is None
    assert await page.faint_text() == []
    await page.find("#clear").click()
    await expect(page.find("#empty")).to_be_visible()
    await expect(page.find("#letters li")).to_have_count(0)


async def test_it_fits_small_screens_in_the_dark_and_stays_small(demo: Served, visit: Open) -> None:
    """Nothing scrolls sideways on a phone or with large text; the page with its files is light."""
    long = Parcel(
        "m1", "mail", f"{'x' * 60}@example.org", 1e9, "word " * 30, f"https://a.example/{'y' * 300}"
    )
    await DemoBox(demo.stores.database).put(long)
    page = await visit(f"{demo.url}/demo/mail", width=320, scheme="dark")
    await expect(page.find("#words a")).to_be_visible()
    assert await page.overflow() <= 0
    await page.run("document.documentElement.style.setProperty('font-size', '200%')")
    assert await page.overflow() <= 0
    assert await page.faint_text() == []
    assert await page.size() < 200_000
    assert await page.forbidden() == []
    assert page.complaints == []


async def test_the_pages_of_mailed_links_say_what_is_wrong_with_them(demo: Served, visit: Open) -> None:
    """A used or invented link is refused in words; the address bar does not keep it."""
    page = await visit(f"{demo.url}/demo/new-password?key={'k' * 64}")
    await page.find("input").fill("walnut-teapot-7")
    await page.find("[type=submit]").click()
    await expect(page.find(".said")).to_have_text("The provided password reset key is invalid.")
    assert await page.run("location.search") == ""
    await page.page.goto(f"{demo.url}/demo/app-sign-in")
    await expect(page.find(".said")).to_have_text("This page needs the link of a mail.")
    await expect(page.find("[type=submit]")).to_be_disabled()
