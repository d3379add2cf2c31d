"""The voting page behind a mailed link, in a real browser against the real server."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.community import join
from tests.browser.conftest import Open
from tests.serving import Served

PAGE = "/static/html/soft_launch_iiccot.html"


async def test_the_secret_leaves_the_address_bar(server: Served, visit: Open) -> None:
    """The link's secret is in no address that the browser keeps, and other parts of the query stay."""
    secret = await join(server.api, 1)
    page = await visit(f"{server.url}{PAGE}?from=mail&s={secret}#poll")
    await page.live()
    assert page.page.url == f"{server.url}{PAGE}?from=mail#poll"
    assert not any(secret in request for request in page.requests[1:])
    assert secret not in await page.page.content()
    assert await page.forbidden() == []
    assert page.complaints == []


async def test_a_vote_is_cast_changed_and_remembered(server: Served, visit: Open) -> None:
    """A press votes, the next one changes the vote, and a reload still knows it."""
    page = await visit(f"{server.url}{PAGE}?s={await join(server.api, 1)}")
    await page.live()
    await page.page.get_by_role("button", name="Vote for Option 102").click()
    await expect(page.find("#cast")).to_have_text("Counted: Option 102. You can change it at any time.")
    await expect(page.option("Option 102").locator(".votes")).to_have_text("1")
    await page.page.get_by_role("button", name="Vote for Option 104").press("Enter")
    await expect(page.find("#cast")).to_have_text("Changed from Option 102 to Option 104.")
    await expect(page.find(".figure")).to_have_text("1 vote")
    await page.page.reload()
    await expect(page.page.get_by_role("button", name="Your vote: Option 104")).to_be_visible()
    await page.page.get_by_role("button", name="Your vote: Option 104").click()
    await expect(page.find("#cast")).to_have_text("Option 104 was your vote already.")
    assert (await server.api.get("/api/v0/iiccot/getinfo")).json["stats"]["104"] == 1


async def test_forgetting_leaves_nothing_behind(server: Served, visit: Open) -> None:
    """Who leaves a shared machine takes secret and choice along."""
    page = await visit(f"{server.url}{PAGE}?s={await join(server.api, 1)}")
    await page.live()
    await page.page.get_by_role("button", name="Vote for Option 102").click()
    await expect(page.find("[data-own]")).to_have_count(1)
    await page.page.get_by_role("button", name="Forget me in this tab").click()
    await expect(page.find("#sign-in")).to_be_visible()
    await page.live()
    await expect(page.find(".choice")).to_have_count(0)
    assert await page.run("sessionStorage.length") == 0


async def test_a_dead_secret_asks_for_a_new_link(server: Served, visit: Open) -> None:
    """With a secret that nobody has, a press explains itself and shows the way to a link."""
    page = await visit(f"{server.url}{PAGE}?s={'0' * 40}")
    await page.live()
    await page.page.get_by_role("button", name="Vote for Option 102").click()
    await expect(page.find("#sign-in .said")).to_have_text("That link is no longer good. Ask for a new one.")
    await expect(page.find("#actions")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_fits_and_is_readable(server: Served, visit: Open, scheme: str) -> None:
    """On a small phone everything fits, in both themes with enough contrast."""
    page = await visit(f"{server.url}{PAGE}?s={await join(server.api, 1)}", width=320, scheme=scheme)
    await page.live()
    await page.page.get_by_role("button", name="Vote for Option 102").click()
    await expect(page.find("[data-own]")).to_have_count(1)
    assert await page.overflow() <= 0
    assert await page.faint_text() == []
