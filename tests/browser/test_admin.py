"""The administrators' page, in a real browser against the real server."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime

import pytest
from playwright.async_api import expect

from handlers.core.mail import Mail
from storage.superusers import Superusers
from tests.browser.conftest import Open
from tests.browser.visit import Visit, is_of
from tests.serving import Served

ROOT, PASSWORD = "root@example.org", "a password for tests"
AREAS = ("People", "Polls", "Events", "OAuth clients", "Jobs", "Channels", "Integrity")
FOCUSED = "document.activeElement.tagName + ' ' + document.activeElement.textContent.trim()"


@pytest.fixture
async def root(server: Served) -> int:
    """Appoint a superuser with a password."""
    stores = server.stores
    superusers = Superusers(
        stores.database,
        stores.counters,
        stores.addresses,
        stores.tokens,
        stores.credentials,
        passwords=server.application.services.passwords,
    )
    return (await superusers.appoint(ROOT, PASSWORD)).id


async def enter(visit: Open, server: Served, path: str = "/admin/", **options: object) -> Visit:
    """Sign in by the door."""
    page = await visit(server.url + path, **options)
    await page.find("#email").fill(ROOT)
    await page.find("#password").fill(PASSWORD)
    await page.page.keyboard.press("Enter")
    await expect(page.find("#view h1")).to_be_visible()
    return page


async def test_the_door_lets_superusers_in_and_nobody_else(server: Served, root: int, visit: Open) -> None:
    """A wrong password and a member's right one get their words; signing out forgets the credential."""
    await server.api.register("ann@example.org")
    hashed = await server.application.services.passwords.hash(PASSWORD)
    users = server.stores.database["users"]
    await users.update_one({"email": "ann@example.org"}, {"$set": {"password": hashed, "set_password": True}})
    rows = server.stores.database["email_addresses"]
    await rows.update_one({"email": "ann@example.org"}, {"$set": {"verified": True}})
    page = await visit(f"{server.url}/admin/people/{root}")
    await page.find("#email").fill(ROOT)
    await page.find("#password").fill("wrong")
    await page.find("#sign-in button").click()
    await expect(page.find("#door-said")).to_contain_text("Invalid credentials")
    await page.find("#email").fill("ann@example.org")
    await page.find("#password").fill(PASSWORD)
    await page.find("#sign-in button").click()
    await expect(page.find("#door-said")).to_contain_text("only superusers")
    page.complaints.clear()  # a browser notes each refusal
    await page.find("#email").fill(ROOT)
    await page.page.keyboard.press("Tab")
    await page.page.keyboard.insert_text(PASSWORD)
    await page.page.keyboard.press("Enter")
    await expect(page.find("#view h1")).to_have_text("Admin User")
    assert await page.run("Object.keys(localStorage).length + document.cookie.length") == 0
    assert (await page.run("sessionStorage.getItem('folkmoot-admin')")).startswith("Token ")
    await page.page.reload()
    await expect(page.find("#view h1")).to_have_text("Admin User")
    await page.find("#sign-out").click()
    await expect(page.find("#door-said")).to_have_text("You are signed out.")
    assert await page.run("sessionStorage.length") == 0
    assert await page.find("#view").inner_text() == ""
    assert page.complaints == []


async def test_people_are_searched_and_looked_at(server: Served, root: int, visit: Open) -> None:
    """A search is in the address, links and history lead back and forth, the focus goes along."""
    for name in ("Zoe", "Zora", "Ben"):
        await server.api.register(f"{name.lower()}@example.org", fname=name, sname="May")
    page = await enter(visit, server)
    await expect(page.find("tbody tr")).to_have_count(4)
    await page.find("#q").fill("zo")
    await expect(page.find("tbody tr")).to_have_count(2)
    assert page.page.url.endswith("/admin/people?q=zo")
    await page.page.get_by_role("link", name="Zoe May").focus()
    await page.page.keyboard.press("Enter")
    await expect(page.find("#view h1")).to_have_text("Zoe May")
    assert (await page.run(FOCUSED)).startswith("H1")
    await expect(page.page).to_have_title(re.compile("^Zoe May · Admin"))
    await page.page.go_back()
    await expect(page.find("tbody tr")).to_have_count(2)
    await expect(page.find("#q")).to_have_value("zo")
    await page.page.go_forward()
    await expect(page.find("#view h1")).to_have_text("Zoe May")
    await page.find("#role").select_option("organiser")
    await page.page.get_by_role("button", name="Give").click()
    await expect(page.find(".held")).to_contain_text("organiser")
    await page.page.get_by_role("button", name="Take the role organiser").click()
    await expect(page.find("#confirm")).to_be_visible()
    await page.page.keyboard.press("Escape")
    await expect(page.find(".held")).to_contain_text("organiser")
    await page.page.get_by_role("button", name="Take the role organiser").click()
    await page.find("#confirm .danger").click()
    await expect(page.page.get_by_text("No roles.")).to_be_visible()
    await page.page.get_by_role("button", name="Deactivate").click()
    await page.find("#confirm .danger").click()
    await expect(page.find(".lead")).to_contain_text("deactivated")
    await page.page.get_by_role("button", name="Reactivate").click()
    await expect(page.find(".lead")).not_to_contain_text("deactivated")
    assert page.complaints == []


async def test_a_poll_is_made_and_its_votes_arrive(server: Served, root: int, visit: Open) -> None:
    voter = await server.api.register("ann@example.org")
    page = await enter(visit, server, "/admin/polls")
    await page.find("#poll-id").fill("7")
    await page.find("#poll-question").fill("<b>Tea</b> or coffee?")
    await page.find("#poll-options").fill("tea tea")
    await page.page.get_by_role("button", name="Make the poll").click()
    await expect(page.find("#view .said")).to_contain_text("tea tea")
    await page.find("#poll-options").fill("tea=Tea\ncoffee=<i>Coffee</i>")
    await page.page.get_by_role("button", name="Make the poll").click()
    await expect(page.find("#view h1")).to_have_text("<b>Tea</b> or coffee?")
    await expect(page.find(".poll[data-filled]")).to_be_visible()
    await expect(page.option("<i>Coffee</i>")).to_be_visible()
    vote = {"s": voter["s"], "poll_id": 7, "option_id": "tea"}
    assert (await server.api.post("/api/v0/iiccot/cast_vote", vote)).status == 200
    await expect(page.find("#total")).to_have_text("1")
    await expect(page.option("Tea").locator(".votes")).to_have_text("1")
    await page.find("[data-area=polls]").click()
    await expect(page.find("tbody tr")).to_have_count(2)
    assert server.application.hub.subscriptions == 0 or await gave_back(server)


async def gave_back(server: Served) -> bool:
    """Wait until the page has given its channel back."""
    async with asyncio.timeout(10):
        while server.application.hub.subscriptions:  # noqa: ASYNC110  # nothing tells when a subscription ends
            await asyncio.sleep(0.05)
    return True


@pytest.mark.settings(job_workers=0)
async def test_a_dead_letter_is_retried_and_another_dropped(server: Served, root: int, visit: Open) -> None:
    jobs = server.stores.jobs
    for to in ("ann@example.org", "bob@example.org"):
        job = Mail(to, f"To {to}", "a hidden link", "Us <us@example.org>").job()
        await jobs.add(job.kind, job.args, order=job.order)
    dead = {
        "state": "failed",
        "attempts": 4,
        "run_after": None,
        "error": "451 later",
        "finished": datetime.now(UTC),
    }
    await server.stores.database["jobs"].update_many({}, {"$set": dead})
    page = await enter(visit, server, "/admin/jobs")
    await expect(page.page.get_by_text("451 later")).to_have_count(2)
    assert "hidden link" not in await page.page.content()
    await page.page.get_by_role("button", name="Retry mail To ann@example.org").click()
    await expect(page.page.get_by_text("451 later")).to_have_count(1)
    await page.page.get_by_role("button", name="Drop mail To bob@example.org").click()
    await page.find("#confirm .danger").click()
    await expect(page.page.get_by_text("Nothing was given up")).to_be_visible()
    await page.page.get_by_role("link", name="1 mail, waiting").click()
    await expect(page.page.get_by_text("To ann@example.org")).to_be_visible()
    assert page.page.url.endswith("/admin/jobs?state=queued&kind=mail")


async def test_a_client_a_check_and_the_channels(server: Served, root: int, visit: Open) -> None:
    """A client's secret is shown once; the check comes to its verdict; channels show who listens."""
    page = await enter(visit, server, "/admin/clients")
    await page.find("#client-name").fill("City map")
    await page.page.get_by_role("button", name="Register the app").click()
    await expect(page.find(".secret code")).to_have_count(2)
    secret = await page.find(".secret code").nth(1).inner_text()
    await page.page.reload()
    await expect(page.find("tbody tr")).to_have_count(1)
    assert secret not in await page.page.content()
    await page.page.get_by_role("button", name="Remove City map").click()
    await page.find("#confirm .danger").click()
    await expect(page.page.get_by_text("No app is registered.")).to_be_visible()
    await page.find("[data-area=integrity]").click()
    await page.page.get_by_role("button", name="Run the check").click()
    await expect(page.find(".verdict")).to_have_text("Everything agrees.", timeout=20_000)
    home = await visit(server.url)
    await home.live()
    await page.find("[data-area=channels]").click()
    row = page.find("tbody tr").filter(has_text="polls:1")
    await expect(row).to_contain_text("state")
    await expect(row.locator("[data-label='Messages a second']")).to_have_text("0", timeout=10_000)


async def test_it_fits_every_screen_theme_and_keyboard(server: Served, root: int, visit: Open) -> None:
    """Small and large, light and dark: nothing overflows or is faint, Tab reaches what there is to press."""
    person = await server.api.register("ann@example.org", fname="Ann", sname="A" * 60)
    for width, scheme in ((320, "dark"), (1200, "light")):
        page = await enter(visit, server, width=width, scheme=scheme)
        for area in AREAS:
            await page.find(".areas").get_by_role("link", name=area).click()
            await expect(page.find("#view [aria-busy=true]")).to_have_count(0)
            assert (area, await page.overflow()) == (area, 0)
            assert (area, await page.faint_text()) == (area, [])
        await page.page.goto(f"{server.url}/admin/people/{person['id']}")
        await expect(page.page.get_by_role("heading", name="Live connections")).to_be_visible()
        assert (await page.overflow(), await page.faint_text()) == (0, [])
        assert await page.forbidden() == []
        assert page.complaints == []
        assert await page.size() < 120_000
        assert all(is_of(server.url, request) for request in page.requests)
    await page.find("#view h1").focus()
    reached = set()
    for _step in range(12):
        await page.page.keyboard.press("Tab")
        reached.add(await page.run(FOCUSED))
    assert {"BUTTON Give", "BUTTON End all sessions", "BUTTON Deactivate"} <= reached


async def test_a_sign_in_that_ended_leads_back_to_the_door(server: Served, root: int, visit: Open) -> None:
    """When somebody else ends the sessions, the next call shows the door and nothing of the former view."""
    page = await enter(visit, server)
    await server.stores.lockout.end_sessions(root)
    await page.find("[data-area=events]").click()
    await expect(page.find("#door-said")).to_contain_text("Your sign-in has ended")
    assert await page.find("#desk").is_hidden()
