"""A person's whole way through the community, in a real browser and as a program."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zipfile import ZipFile

import pytest
from playwright.async_api import Page, expect

from storage.stores import Stores
from tests.browser.conftest import Open
from tests.browser.visit import Visit, is_of
from tests.flux.mailbox import text_of
from tests.pybossa.browser import Browser as Program
from tests.pybossa.browser import flat
from tests.pybossa.pictures import encode, halves, upload
from tests.pybossa.village import NEW_PASSWORD, PASSWORD, Village
from tests.pybossa.waiting import until_done
from tests.serving import Served


@pytest.fixture
def village(server: Served, tmp_path: Path) -> Village:
    """Give the people of the test's server, with their mails."""
    return Village(server, tmp_path / "mails")


class Walk:
    """Somebody who reads pages, fills forms in and presses buttons."""

    def __init__(self, visit: Visit, url: str) -> None:
        self.page: Page = visit.page
        self.url = url

    async def fill(self, **values: str) -> None:
        """Type into the fields with these labels; blanks are underscores."""
        for label, value in values.items():
            await self.page.get_by_label(label.replace("_", " "), exact=True).fill(value)

    async def press(self, name: str) -> None:
        """Press a button."""
        await self.page.get_by_role("button", name=name, exact=True).click()

    async def follow(self, name: str) -> None:
        """Follow a link."""
        await self.page.get_by_role("link", name=name, exact=True).first.click()

    async def open(self, path: str) -> None:
        """Go to an address."""
        await self.page.goto(self.url + path)

    async def told(self, text: str) -> None:
        """Expect a message."""
        await expect(self.page.get_by_role("status")).to_contain_text(text)

    async def key(self) -> str:
        """Read the API key of the page."""
        return await self.page.locator("dd code").inner_text()


async def register(walk: Walk, village: Village) -> None:
    """Register, after a slip that is shown beside its field, and open the mailed link."""
    await walk.open("/")
    await walk.open("/account/register")
    await walk.fill(Full_name="John Doe", User_name="jo hn", Password=PASSWORD, Password_once_more=PASSWORD)
    await walk.page.get_by_label("E-mail").fill("john@example.com")
    await walk.press("Register")
    await walk.told("Please correct the errors")
    wrong = walk.page.get_by_label("User name")
    await expect(wrong).to_have_accessible_description(
        "Part of the address of your public page. $#&\\/| and space symbols are forbidden"
    )
    await expect(wrong).to_have_attribute("aria-invalid", "true")
    await walk.fill(User_name="john", Password=PASSWORD, Password_once_more=PASSWORD)
    await walk.page.keyboard.press("Enter")
    await expect(walk.page).to_have_title("Account validation · Folkmoot")
    await walk.open(await village.link("john@example.com"))
    await walk.open("/account/profile")
    await walk.told("Thanks for signing-up")


async def sign_in_anew(walk: Walk, password: str) -> None:
    """Sign out, and in again."""
    await walk.follow("Sign out")
    await walk.open("/account/profile")
    await walk.fill(Password=password)
    await walk.page.get_by_label("E-mail").fill("john@example.com")
    await walk.press("Sign in")
    await walk.open("/account/profile")
    await walk.told("Welcome back John Doe")


async def change_picture_and_password(walk: Walk) -> None:
    """Choose a picture, cut it, and set another password."""
    await walk.follow("Edit")
    files: dict[str, str | bytes] = {"name": "me.png", "mimeType": "image/png", "buffer": encode(halves())}
    await walk.page.get_by_label("Picture").set_input_files(files)  # type: ignore[arg-type]
    await walk.page.get_by_text("Use a part of it only").click()
    await walk.page.get_by_label("Left edge, in pixels").fill("40")
    await walk.fill(Width="40", Height="60")
    await walk.press("Use this picture")
    await walk.told("Your avatar has been updated!")
    await walk.fill(Current_password="wrong", New_password=NEW_PASSWORD, New_password_once_more=NEW_PASSWORD)
    await walk.press("Change the password")
    await walk.told("Your current password doesn't match the one in our records")
    await walk.fill(Current_password=PASSWORD, New_password=NEW_PASSWORD, New_password_once_more=NEW_PASSWORD)
    await walk.press("Change the password")
    await walk.told("Yay, you changed your password succesfully!")


async def test_the_whole_way_without_javascript_on_a_phone(
    server: Served, village: Village, stores: Stores, visit: Open
) -> None:
    walk = Walk(await visit(server.url + "/account/", width=360, java_script_enabled=False), server.url)
    await register(walk, village)
    await sign_in_anew(walk, PASSWORD)
    await change_picture_and_password(walk)
    await sign_in_anew(walk, NEW_PASSWORD)
    picture = walk.page.get_by_alt_text("Your avatar")
    assert await picture.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [40, 60]
    former = await walk.key()
    await walk.follow("Edit")
    await walk.press("Make another API key")
    await walk.told("New API-KEY generated")
    assert await walk.key() not in {former, ""}
    await walk.follow("Edit")
    await walk.follow("Send me my data")
    await walk.told("GDPR export started")
    await until_done(stores)
    export = (await village.mails("john@example.com"))[-1]
    link = next(line for line in text_of(export).splitlines() if line.startswith("http"))
    archive = await server.api.get(urlsplit(link).path)
    assert "personal_data_.json" in ZipFile(BytesIO(archive.body)).namelist()
    await walk.follow("Edit")
    await walk.page.get_by_text("Delete my account", exact=True).click()
    await walk.follow("Yes, delete my account")
    await until_done(stores)
    assert await stores.pybossa.by_name("john") is None
    await walk.open("/account/john/")
    await expect(walk.page.get_by_role("heading", level=1)).to_have_text("Page not found")


async def test_the_whole_way_as_a_program(village: Village, stores: Stores) -> None:
    john = await village.settle("johndoe", "John Doe")
    await john.get("/account/signout")
    token = (await john.get("/account/signin")).json["form"]["csrf"]
    credentials = {"email": "johndoe@example.com", "password": PASSWORD}
    assert flat(await john.post("/account/signin", credentials, token))[1] == "Welcome back John Doe"
    assert (await upload(john, encode(halves()))).json["status"] == "success"
    passwords = {"current_password": PASSWORD, "new_password": NEW_PASSWORD, "confirm": NEW_PASSWORD}
    update = "/account/johndoe/update"
    assert flat(await john.post(update, {"btn": "Password", **passwords}, token))[2] == "success"
    former = (await john.get("/account/profile")).json["user"]["api_key"]
    assert flat(await john.post("/account/johndoe/resetapikey", {}, token))[2] == "success"
    assert (await john.get("/account/profile")).json["user"]["api_key"] != former
    assert (await john.get("/account/johndoe/export")).json["flash"] == "GDPR export started"
    await until_done(stores)
    assert (await village.mails("johndoe@example.com"))[-1]["Subject"] == "Your personal data"
    assert (await john.get("/account/johndoe/delete")).json["job"] == "enqueued"
    await until_done(stores)
    assert (await Program(village.api).get("/account/johndoe")).status == 404


@pytest.mark.parametrize("look", [{"width": 320, "scheme": "light"}, {"width": 1200, "scheme": "dark"}])
@pytest.mark.parametrize("path", ["/account/johndoe/update", "/account/newsletter", "/account/johndoe/"])
async def test_pages_fit_and_are_readable(
    server: Served, village: Village, visit: Open, path: str, look: dict[str, Any]
) -> None:
    """Nothing is wider than the window, nothing faint, nothing forbidden, nothing fetched from elsewhere."""
    john = await village.settle("johndoe", "John Doe")
    await upload(john, encode(halves()))
    page = await visit(server.url + "/account/", **look)
    await page.page.context.add_cookies(
        [{"name": name, "value": value, "url": server.url} for name, value in john.jar.items()]
    )
    await page.open(server.url + path)
    for closed in await page.page.locator("details").all():
        await closed.locator("summary").click()
    assert page.complaints == []
    assert await page.forbidden() == []
    assert await page.overflow() <= 0
    assert await page.faint_text() == []
    assert all(is_of(server.url, request) for request in page.requests)
