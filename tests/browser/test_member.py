"""The details page behind a mailed link, in a real browser against the real server."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.community import join
from tests.browser.conftest import Open
from tests.serving import Served

PAGE = "/static/html/member_details.html"


async def test_details_are_shown_and_saved(server: Served, visit: Open) -> None:
    """The fields show what is stored; saving sends those that changed and no others."""
    secret = await join(server.api, 1)
    page = await visit(f"{server.url}{PAGE}?s={secret}")
    await expect(page.page.get_by_label("First name")).to_have_value("Member 1")
    assert page.page.url == server.url + PAGE
    await page.page.get_by_label("Phone").fill("0400 000 000")
    await page.page.get_by_label("I would like to volunteer").check()
    async with page.page.expect_request("**/user_details") as sent:
        await page.page.get_by_role("button", name="Save changes").click()
    assert (await sent.value).post_data_json == {
        "s": secret,
        "contact_number": "0400 000 000",
        "volunteer": True,
    }
    await expect(page.find("#saved")).to_have_text("Saved.")
    stored = (await server.api.post("/api/v0/user_details", {"s": secret})).json
    assert (stored["contact_number"], stored["volunteer"]) == ("0400 000 000", True)
    assert stored["fname"] == "Member 1"
    await page.page.get_by_role("button", name="Save changes").click()
    await expect(page.find("#saved")).to_have_text("There is nothing to save.")
    assert page.complaints == []
    assert await page.forbidden() == []


async def test_errors_stand_beside_their_fields(server: Served, visit: Open) -> None:
    """Each bad field is marked, described and the first one has the focus; nothing was stored."""
    secret = await join(server.api, 1)
    page = await visit(f"{server.url}{PAGE}?s={secret}")
    await page.page.get_by_label("Postcode").fill("12345678901")
    await page.page.get_by_label("Month").fill("13")
    await page.page.get_by_label("Phone").fill("1")
    await page.page.get_by_role("button", name="Save changes").click()
    month = page.page.get_by_label("Month")
    await expect(month).to_be_focused()
    await expect(month).to_have_accessible_description("This is not a number from 1 to 12.")
    postcode = page.page.get_by_label("Postcode")
    await expect(postcode).to_have_accessible_description("This is longer than 10 characters.")
    await expect(page.find("[aria-invalid]")).to_have_count(2)
    await expect(page.find("#saved")).to_have_text("Nothing was saved: please look at the marked fields.")
    assert (await server.api.post("/api/v0/user_details", {"s": secret})).json["contact_number"] == ""
    await month.fill("12")
    await expect(page.find("[aria-invalid]")).to_have_count(1)


async def test_a_taken_address_is_refused_beside_it(server: Served, visit: Open) -> None:
    """Somebody else's address is refused, at its field."""
    await join(server.api, 2)
    page = await visit(f"{server.url}{PAGE}?s={await join(server.api, 1)}")
    address = page.find("#details [name=email]")
    await address.fill("member2@example.com")
    await page.page.get_by_role("button", name="Save changes").click()
    await expect(address).to_have_accessible_description("There is an account with this address already.")


async def test_a_link_can_be_asked_for(server: Served, visit: Open) -> None:
    """Without a secret the page mails a link, or says that nobody has the address."""
    await join(server.api, 1)
    page = await visit(server.url + PAGE)
    await page.find("#sign-in [name=email]").fill("nobody@example.com")
    await page.page.get_by_role("button", name="Mail me my link").click()
    await expect(page.find("#sign-in .said")).to_have_text("Email not found.")
    await page.find("#sign-in [name=email]").fill("member1@example.com")
    await page.page.get_by_role("button", name="Mail me my link").click()
    await expect(page.find("#sign-in .said")).to_have_text("Your link is on its way to member1@example.com.")


async def test_a_dead_link_says_so(server: Served, visit: Open) -> None:
    """A secret that nobody has leads to the form, and is forgotten."""
    page = await visit(f"{server.url}{PAGE}?s={'0' * 40}")
    await expect(page.find("#sign-in .said")).to_have_text("That link is no longer good. Ask for a new one.")
    assert await page.run("sessionStorage.length") == 0


async def test_details_lead_to_the_vote(server: Served, visit: Open) -> None:
    """The voting page knows who comes from here, without the secret in its address."""
    page = await visit(f"{server.url}{PAGE}?s={await join(server.api, 1)}")
    await page.page.get_by_role("link", name="Go to the vote").click()
    await expect(page.page.get_by_role("button", name="Vote for Option 100")).to_be_visible()
    assert "s=" not in page.page.url


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_fits_and_is_readable(server: Served, visit: Open, scheme: str) -> None:
    """On a small phone everything fits, errors too, in both themes with enough contrast."""
    page = await visit(f"{server.url}{PAGE}?s={await join(server.api, 1)}", width=320, scheme=scheme)
    await page.page.get_by_label("Postcode").fill("12")
    await page.page.get_by_role("button", name="Save changes").click()
    await expect(page.find(".error")).to_be_visible()
    assert await page.overflow() <= 0
    assert await page.faint_text() == []
