"""Klub's endpoints and their reference in a browser."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Open
from tests.browser.visit import is_of
from tests.klub.callers import Callers
from tests.serving import Served

EVENTS, LOCATIONS, DOCS = "/api/bronto/event/", "/api/frontend/location/", "/api/docs/"


@pytest.mark.parametrize("path", [EVENTS, DOCS])
@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1200, "dark")])
async def test_a_page_is_readable_in_any_width_and_scheme(
    server: Served, visit: Open, path: str, width: int, scheme: str
) -> None:
    """Nothing is wider than the window, nothing faint, nothing forbidden, nothing fetched from elsewhere."""
    page = await visit(server.url + path, width=width, scheme=scheme)
    assert page.complaints == []
    assert await page.forbidden() == []
    assert await page.overflow() <= 0
    assert await page.faint_text() == []
    assert all(is_of(server.url, request) for request in page.requests)


async def test_an_organizer_fills_the_form_in_by_keyboard(server: Served, visit: Open) -> None:
    """The answer takes the place of the page's own."""
    staff = await Callers(server).staff_of(None)
    page = await visit(server.url + LOCATIONS, extra_http_headers=dict(staff.headers))
    await expect(page.find("#status")).to_have_text("HTTP 200 OK")
    await page.find("#POST-name").focus()
    await page.page.keyboard.type("Town <b>hall</b>")
    await page.page.keyboard.press("Enter")
    await expect(page.find("#status")).to_have_text("HTTP 201 Created")
    await expect(page.find("#text")).to_contain_text("Town <b>hall</b>")
    assert await page.find("#text b").count() == 0
    stored = await server.stores.database["locations"].find_one({})
    assert stored is not None
    assert stored["name"] == "Town <b>hall</b>"


async def test_a_typed_credential_goes_with_the_call(server: Served, visit: Open) -> None:
    """A page that was refused is read with it, without leaving the page."""
    superuser = await Callers(server).superuser()
    page = await visit(server.url + LOCATIONS)
    await expect(page.find("#status")).to_have_text("HTTP 403 Forbidden")
    await page.find("#credential").fill(superuser.headers["Authorization"])
    await page.find("#credential").press("Enter")
    await expect(page.find("#status")).to_have_text("HTTP 200 OK")
    await expect(page.find("#text")).to_have_text("[]")


async def test_without_a_script_a_form_is_a_plain_post(server: Served, visit: Open) -> None:
    """Methods that no form has are not shown then."""
    page = await visit(server.url + "/api/token/", java_script_enabled=False)
    assert await page.page.get_by_role("button").all_inner_texts() == ["POST"]
    await page.find("#POST-username").fill("nobody@example.org")
    await page.find("#POST-password").fill("x")
    await page.page.get_by_role("button", name="POST").click()
    await expect(page.find("body")).to_contain_text("No active account found")
