"""The pages about accounts in a real browser: sizes, themes, the keyboard, and no scripts."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Open
from tests.browser.visit import Visit
from tests.pybossa.village import PASSWORD, Village
from tests.serving import Served

LONG = "Wolfeschlegelsteinhausenbergerdorff"


@pytest.fixture
def village(server: Served, tmp_path: Path) -> Village:
    """Give the people of the test's server, with their mails."""
    return Village(server, tmp_path / "mails")


async def sign_in(visited: Visit, url: str, name: str) -> None:
    """Sign somebody in by the form."""
    await visited.page.goto(url + "/account/signin")
    await visited.find("#email").fill(f"{name}@example.com")
    await visited.find("#password").fill(PASSWORD)
    await visited.find("button").click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1200])
async def test_every_page_fits_and_can_be_read(
    server: Served, village: Village, visit: Open, width: int, scheme: str
) -> None:
    await village.settle("longname" * 4, LONG)
    await village.project("longname" * 4, LONG)
    visited = await visit(server.url + "/account/register", width=width, scheme=scheme)
    await visited.find("button").click()
    await expect(visited.find("#fullname-error")).to_be_visible()
    await look(visited)
    for path in ("signin", "forgot-password", "", "longname" * 4, "nobody"):
        await visited.page.goto(f"{server.url}/account/{path}")
        await look(visited)
    await sign_in(visited, server.url, "longname" * 4)
    for path in ("", "profile", f"{'longname' * 4}/projects"):
        await visited.page.goto(f"{server.url}/account/{path}")
        await expect(visited.find("nav a").last).to_have_text("Sign out")
        await look(visited)


async def look(visited: Visit) -> None:
    """Check that a page fits its window, has enough contrast, and needs nothing that it may not have."""
    assert await visited.overflow() <= 0, visited.page.url
    assert await visited.faint_text() == [], visited.page.url
    assert await visited.forbidden() == [], visited.page.url


async def test_the_keyboard_is_enough(server: Served, village: Village, visit: Open) -> None:
    await village.settle("johndoe")
    visited = await visit(server.url + "/account/signin?next=/account/johndoe/")
    keyboard = visited.page.keyboard
    await keyboard.press("Tab")
    await expect(visited.find(".skip")).to_be_focused()
    await keyboard.press("Enter")
    await keyboard.press("Tab")
    await expect(visited.find("#email")).to_be_focused()
    await keyboard.type("johndoe@example.com")
    await keyboard.press("Tab")
    await keyboard.type(PASSWORD)
    await keyboard.press("Enter")
    await expect(visited.find("h1")).to_have_text("John Doe")
    await expect(visited.find("[role=status]")).to_have_text("Welcome back John Doe")
    assert visited.complaints == []


async def test_nothing_needs_a_script(server: Served, village: Village, visit: Open) -> None:
    visited = await visit(server.url + "/account/register", java_script_enabled=False)
    for field, value in village.form(fullname="John Doe").items():
        await visited.find(f"[name={field}]").fill(value)
    await visited.find("button").click()
    await expect(visited.find("h1")).to_have_text("Account validation")
    await visited.page.goto(server.url + await village.link("johndoe@example.com"))
    await visited.page.goto(server.url + "/account/profile")
    await expect(visited.find("[role=status]")).to_have_text("Thanks for signing-up")
    await visited.page.get_by_text("Sign out").click()
    await visited.page.goto(server.url + "/account/forgot-password")
    await expect(visited.find("[role=status]")).to_have_text("You are now signed out")
    await visited.find("#email_addr").fill("johndoe@example.com")
    await visited.find("button").click()
    await expect(visited.find("[role=status]")).to_contain_text("account recovery instructions")
    await visited.page.goto(server.url + await village.link("johndoe@example.com"))
    await visited.find("#new_password").fill("another one")
    await visited.find("#confirm").fill("another two")
    await visited.find("button").click()
    await expect(visited.find("#new_password-error")).to_have_text("Passwords must match")
    await visited.find("#new_password").fill("another one")
    await visited.find("#confirm").fill("another one")
    await visited.find("button").click()
    await visited.page.goto(server.url + "/account/")
    await expect(visited.find("[role=status]")).to_have_text("You reset your password successfully!")
