"""The documents in a browser: the entrance, and calls tried as one of the demo's people."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson
import pytest
from playwright.async_api import BrowserContext, Route, expect

from scripts.demo.doors import open_doors
from tests.browser.conftest import Open
from tests.browser.visit import is_of
from tests.pybossa.village import Village
from tests.serving import Served

DEEP_LINK = "escaping deep link whitespace"  # Swagger UI grumbles at underscores in its own links
SAMPLE = "9b1f6c02e4d87a35c1f0be62a97d4483e5160fcd"  # of the contract, in the examples
WAIT = 25_000  # milliseconds, on a machine that does other things too
# Operations that need a credential (their addresses inside Swagger UI), and what their answers show.
CALLS = {
    "flux": {"/Roles/post_api_v0_get_roles": '"status": "okay"'},
    "knowme": {"/Account/get_account_profile_": "ada@example.com"},
    "comics": {"/Users/get_api_v1_users_": "secret_key"},
    "klub": {"/People/get_api_frontend_whoami": '"last_name": "ada"'},
    "pybossa": {
        "/People/get_account_profile": '"api_key"',
        "/People/post_account_name_resetapikey": "New API-KEY",
    },
    "site": {"/Live%20hub/post_connection_token": '"expires_at"'},
}


async def make_people(server: Served, folder: Path) -> list[dict[str, Any]]:
    """Make somebody who is at home in every dialect, and describe them as the demo does."""
    number = await Village(server, folder).join("ada")
    member = await server.stores.accounts.by_number(number)
    assert member is not None
    person = await server.stores.accounts.document(member.oid)
    doors = await open_doors(server.application.services, person)
    return [
        {"name": "Ada", "email": "ada@example.com", "about": "A member.", "credentials": dict(doors)},
        {
            "name": "Ben",
            "email": "ben@example.com",
            "about": "Nobody knows.",
            "credentials": {"flux": "f" * 40},
        },
    ]


async def introduce(context: BrowserContext, people: list[dict[str, Any]]) -> None:
    """Let a browser find these people, whatever the server says."""

    async def answer(route: Route) -> None:
        await route.fulfill(content_type="application/json", body=orjson.dumps({"people": people}))

    await context.route("**/demo/people.json", answer)


@pytest.mark.parametrize("dialect", CALLS)
async def test_calls_are_tried_as_a_demo_person(
    server: Served, visit: Open, tmp_path: Path, dialect: str
) -> None:
    """With the credential filled in, a CSRF token fetched where one is due, under the policy of all pages."""
    page = await visit("about:blank")
    await introduce(page.page.context, await make_people(server, tmp_path))
    for call, shown in CALLS[dialect].items():
        await page.page.goto("about:blank")
        await page.page.goto(f"{server.url}/docs/{dialect}#{call}")
        await page.find(".opblock.is-open .execute").click(timeout=WAIT)
        answer = page.find(".opblock.is-open .live-responses-table .response").first
        await expect(answer).to_contain_text(shown, timeout=WAIT)
        await expect(answer.locator(".response-col_status")).to_contain_text("200")
    assert await page.forbidden() == []
    assert [each for each in page.complaints if DEEP_LINK not in each] == []
    assert all(is_of(server.url, request) for request in page.requests if request != "about:blank")


async def test_the_person_can_be_changed(server: Served, visit: Open, tmp_path: Path) -> None:
    """Somebody else's secret takes the place of the former one, and nobody's that of theirs."""
    people = await make_people(server, tmp_path)
    page = await visit("about:blank")
    await introduce(page.page.context, people)
    await page.page.goto(f"{server.url}/docs/flux#/Members/post_api_v0_user_details")
    body = page.find(".opblock.is-open textarea")
    await expect(body).to_have_value(re.compile(people[0]["credentials"]["flux"]), timeout=WAIT)
    names = await page.find("#person option").all_inner_texts()
    assert names == ["Ada (ada@example.com)", "Ben (ben@example.com)", "nobody"]
    for name, secret in ((names[1], people[1]["credentials"]["flux"]), (names[2], SAMPLE)):
        await page.find("#person").select_option(label=name)
        await expect(body).to_have_value(re.compile(secret), timeout=WAIT)


async def test_documents_are_readable_on_a_phone_and_in_the_dark(server: Served, visit: Open) -> None:
    """Also without demo people: then nobody is offered."""
    for width, scheme in ((320, "dark"), (1200, "light")):
        page = await visit(f"{server.url}/docs", width=width, scheme=scheme)
        assert page.complaints == []
        assert await page.forbidden() == []
        assert await page.overflow() <= 0
        assert await page.faint_text() == []
        assert await page.size() < 200_000
    page = await visit(f"{server.url}/docs/klub", width=360, scheme="dark")
    await expect(page.find(".opblock-tag").first).to_be_visible(timeout=WAIT)
    await expect(page.find("#calling")).to_be_hidden()
    assert await page.overflow() <= 0
    assert await page.forbidden() == []
