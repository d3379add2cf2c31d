"""Asking once more for the link that proves an address."""

from __future__ import annotations

import pytest

from handlers.core.setting_values import RateLimit
from tests.pybossa.browser import JSON, Browser, flat
from tests.pybossa.village import Village
from tests.serving import Api

CONFIRM = "/account/confirm-email"
SENT = "An e-mail has been sent to validate your e-mail address."


async def test_a_proven_address_needs_no_mail(john: Browser, village: Village) -> None:
    before = len(await village.mails())
    assert (await john.get(CONFIRM)).json == {"next": "/account/johndoe/"}
    assert len(await village.mails()) == before


async def test_the_primary_address_gets_a_link(john: Browser, village: Village) -> None:
    await village.change("johndoe", email_validated=False)
    answer = await john.get(CONFIRM)
    assert answer.json == {"flash": SENT, "next": "/account/johndoe/", "status": "info"}
    assert (await village.user("johndoe")).confirmation_email_sent is True
    mail = (await village.mails("johndoe@example.com"))[-1]
    assert mail["Subject"] == "Verify your email in Folkmoot"
    opened = await Browser(village.api).get(await village.link("johndoe@example.com"))
    assert flat(opened) == (200, "Your email has been validated.", "message", "/")
    user = await village.user("johndoe")
    assert (user.valid_email, user.confirmation_email_sent) == (True, False)


async def test_a_pending_address_gets_the_link(john: Browser, village: Village) -> None:
    await john.post("/account/johndoe/update", {"btn": "Profile", "email_addr": "new@example.com"})
    assert (await john.get(CONFIRM)).json["status"] == "info"
    assert [mail["Subject"] for mail in await village.mails("new@example.com")] == [
        "You have updated your email in Folkmoot! Verify it",
        "Verify your email in Folkmoot",
    ]
    await john.get(await village.link("new@example.com"))
    assert (await village.user("johndoe")).email == "new@example.com"


@pytest.mark.settings(account_confirmation_disabled=True)
async def test_without_confirmation_there_is_no_such_page(village: Village) -> None:
    browser = Browser(village.api)
    await browser.post("/account/register", village.form())
    assert (await browser.get(CONFIRM)).status == 404


async def test_people_are_redirected_and_strangers_sign_in(john: Browser, village: Village, api: Api) -> None:
    await village.change("johndoe", email_validated=False)
    page = await john.see(CONFIRM)
    assert (page.status, page.headers["Location"]) == (302, "/account/johndoe/")
    assert SENT in (await john.see("/account/johndoe/")).text
    assert (await api.get(CONFIRM, **JSON)).status == 302


@pytest.mark.settings(mails_per_address=RateLimit(1, 3600), rate_limit_scale=1)
async def test_nobody_is_flooded(john: Browser, village: Village) -> None:
    await village.change("johndoe", email_validated=False)
    assert (await john.get(CONFIRM)).status == 200
    assert (await john.get(CONFIRM)).status == 429
