"""The dashboard, in a real browser against the real server."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, WebSocketRoute, expect

from realtime.codes import CloseCode
from storage.klub.grants import ORGANIZER
from tests.browser.community import join, vote
from tests.browser.conftest import Open
from tests.browser.doorman import Doorman
from tests.browser.visit import Visit, is_of
from tests.klub.callers import Callers, Someone
from tests.klub.scene import Scene
from tests.pybossa.village import PASSWORD, Village
from tests.serving import Served

SIGN_UP = "event_registration"
ALL = "polls:1", "stats:members", "feed:updates", "feed:leaderboard", "nothing:1", "comics:releases"
FOCUSED = "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent"


def path(*channels: str, more: str = "") -> str:
    """Return the address of a dashboard."""
    return "/dashboard?" + "&".join(f"channel={channel}" for channel in channels) + more


def panel(page: Visit, channel: str) -> Locator:
    """Find the panel of a channel."""
    return page.find(f'[data-channel="{channel}"]')


async def live(page: Visit, *channels: str) -> None:
    """Wait until the dashboard says that it is live, and these panels are filled."""
    await expect(page.find("#status")).to_have_text("Live")
    for channel in channels:
        await expect(page.find(f'[data-channel="{channel}"][data-filled]:not([data-stale])')).to_be_visible()


async def sign_up(someone: Someone, event: int) -> int:
    """Register a caller for an event; return the interaction's id."""
    body = {"event": event, "type__slug": SIGN_UP}
    answer = await someone.post("/api/frontend/my_events/", body)
    assert answer.status == 201, answer.text
    number: int = answer.json["id"]
    return number


class Line:
    """The line between pages and the hub, which can be cut and stays so until it is mended."""

    def __init__(self) -> None:
        self.whole = asyncio.Event()
        self.whole.set()
        self.routes: list[WebSocketRoute] = []

    async def connect(self, route: WebSocketRoute) -> None:
        """Let a page through, once the line is whole."""
        await self.whole.wait()
        self.routes.append(route)
        route.connect_to_server()

    async def cut(self) -> None:
        """Cut what there is."""
        self.whole.clear()
        for route in self.routes:
            await route.close(code=CloseCode.SHUTDOWN)


@pytest.fixture
async def line(visit: Open) -> AsyncIterator[Line]:
    """Give a line to cut."""
    line = Line()
    yield line
    line.whole.set()


async def test_it_suggests_what_to_look_at_and_moves(server: Served, visit: Open) -> None:
    """Without a channel in the address it shows what everybody may see, and each panel follows its own."""
    event = await Scene(server.stores).event("Clean the river")
    secret = await join(server.api, 1)
    page = await visit(server.url + "/dashboard")
    await live(page, "polls:1", f"events:{event}", "stats:members", "feed:updates", "feed:leaderboard")
    poll, gathering = panel(page, "polls:1"), panel(page, f"events:{event}")
    await expect(gathering.locator("h2")).to_have_text("Clean the river")
    await expect(gathering.locator(".trio dd")).to_have_text(["0", "0", "0"])
    await vote(server.api, secret, "105")
    await sign_up(await Callers(server).user(), event)
    await expect(poll.locator(".figure")).to_have_text("1vote")
    await expect(poll.locator(".rate-line")).to_contain_text("1 message in the last minute")
    await expect(poll.locator(".trail")).to_contain_text(re.compile("offset [0-9]+, epoch …"))
    await expect(gathering.locator(".trio dd")).to_have_text(["1", "0", "0"])
    await expect(panel(page, "stats:members").locator(".big")).to_have_text("2")
    assert all(is_of(server.url, request) for request in page.requests), page.requests
    assert await page.forbidden() == []
    assert page.complaints == []
    assert 10_000 < await page.size() < 150_000


async def test_what_a_cut_line_held_back_is_caught_up(
    server: Served, visit: Open, line: Line, tmp_path: Path
) -> None:
    """News that came while the line was cut are there in order after it, once each, and it says how many."""
    village = Village(server, tmp_path / "mails")
    await village.join("early")
    page = await visit("about:blank")
    await page.page.route_web_socket("**/connection/websocket", line.connect)
    await page.page.goto(server.url + path("feed:updates", "polls:1"))
    news = panel(page, "feed:updates")
    await live(page, "feed:updates", "polls:1")
    await expect(news.locator(".line")).to_have_count(1)
    await line.cut()
    await expect(page.find("#status")).to_contain_text("Not connected. Trying again…")
    await expect(page.find("[data-stale]")).to_have_count(2)
    for name in ("second", "third"):
        await village.join(name)
    line.whole.set()
    await live(page, "feed:updates", "polls:1")
    told = [f"Person {name} joined the community" for name in ("third", "second", "early")]
    await expect(news.locator(".line")).to_have_text(told)
    await expect(news.locator(".recovery")).to_contain_text("Caught up 2 messages after the line was cut for")
    await expect(panel(page, "polls:1").locator(".recovery")).to_contain_text("Nothing was missed after")


async def test_what_is_lost_for_good_leaves_no_hole(server: Served, visit: Open) -> None:
    """Where the history doesn't reach back to the cut, the list begins anew and the panel says so."""
    hub = Doorman()
    page = await visit("about:blank")
    await page.page.route_web_socket("**/connection/websocket", hub.accept)
    await page.page.goto(server.url + path("feed:updates"))
    news = panel(page, "feed:updates")

    def told(first: int, last: int) -> list[dict[str, Any]]:
        entry = {"action_updated": "Task", "updated": 1}
        return [{"data": {**entry, "name": f"N{n}"}, "offset": n} for n in range(last, first - 1, -1)]

    hub.answer(await hub.next("subscribe"), "subscribe", {"epoch": "x", "offset": 2})
    hub.answer(await hub.next("history"), "history", {"publications": told(1, 2)})
    await expect(news.locator(".what")).to_have_text(["N2", "N1"])
    await hub.sockets[0].close(code=CloseCode.SHUTDOWN)
    lost = {"epoch": "x", "offset": 99, "was_recovering": True, "recovered": False}
    hub.answer(await hub.next("subscribe"), "subscribe", lost)
    hub.answer(await hub.next("history"), "history", {"publications": told(98, 99)})
    await expect(news.locator(".what")).to_have_text(["N99", "N98"])
    await expect(news.locator(".recovery")).to_contain_text("Some messages are lost for good")


async def test_its_address_is_all_there_is_to_it(server: Served, visit: Open) -> None:
    """Panels that are added and removed are in the address, in order; the way back leads back."""
    page = await visit(server.url + path("stats:members"))
    await live(page, "stats:members")
    await page.find("#add").click()
    await page.page.get_by_role("checkbox", name="Poll 1").check()
    await page.page.get_by_label("Find one").fill("odd/name:1#é")
    await page.page.get_by_role("button", name="Add", exact=True).click()
    await page.page.keyboard.press("Escape")
    await expect(page.find("#add")).to_be_focused()
    await live(page, "stats:members", "polls:1")
    odd = "odd/name:1%23%C3%A9"
    assert page.page.url == server.url + path("stats:members", "polls:1", odd)
    await page.page.reload()
    await live(page, "stats:members", "polls:1")
    names = "[...document.querySelectorAll('[data-channel]')].map((each) => each.dataset.channel)"
    assert await page.run(names) == ["stats:members", "polls:1", "odd/name:1#é"]
    await page.page.get_by_role("button", name="Remove polls:1").click()
    assert await page.run(FOCUSED) == "Remove odd/name:1#é"
    await page.page.go_back()
    await live(page, "polls:1")
    await page.page.get_by_role("link", name="Only polls:1").click()
    await live(page, "polls:1")
    assert page.page.url == server.url + path("polls:1")
    await page.page.get_by_role("button", name="Remove polls:1").click()
    await expect(page.find("#none")).to_be_visible()
    await expect(page.find("#add")).to_be_focused()
    assert page.page.url == server.url + "/dashboard?channel="


async def test_organizers_see_the_people_and_nobody_else_does(
    server: Served, visit: Open, tmp_path: Path
) -> None:
    """Signing in leads back to the same panels; the people are there as long as the permission is."""
    village, scene, callers = Village(server, tmp_path / "mails"), Scene(server.stores), Callers(server)
    await village.settle("anna", "Anna Organizer")
    anna = (await village.user("anna")).oid
    event = await scene.event("Clean the river", units=[await scene.unit()])
    ben, cleo = await callers.user(first_name="Ben"), await callers.user(first_name="Cleo")
    await sign_up(ben, event)
    page = await visit(server.url + path(f"events:{event}", f"attendance:{event}"))
    gathering, crowd = panel(page, f"events:{event}"), panel(page, f"attendance:{event}")
    await live(page, f"events:{event}")
    await expect(crowd.locator(".refusal")).to_have_text(
        "This channel is not open to you. Signing in may help."
    )
    await expect(gathering.locator(".people")).to_be_hidden()
    await server.stores.grants.give(ORGANIZER, anna)
    await page.find("#who").click()
    await page.page.get_by_role("link", name="Sign in").click()
    await page.find("#email").fill("anna@example.com")
    await page.find("#password").fill(PASSWORD)
    await page.find("button").click()
    await live(page, f"events:{event}", f"attendance:{event}")
    await expect(page.find("#as")).to_have_text("Watching as Anna Organizer")
    await expect(gathering.locator(".people .line")).to_have_text(["Ben Lee"])
    mark = {"user": cleo.number, "event": event, "type__slug": "event_attendance"}
    staff = await callers.staff_of(None)
    await staff.post("/api/frontend/attendees/", mark)
    await expect(gathering.locator(".people .line")).to_have_text(["Cleo Lee", "Ben Lee"])
    await expect(crowd.locator("[data-came] .did")).to_have_text(["came"])
    await server.stores.grants.take(ORGANIZER, anna)
    await expect(crowd.locator(".refusal")).to_be_visible()
    await expect(gathering.locator(".people")).to_be_hidden()
    assert "Ben" not in await page.page.content()


async def test_a_credential_is_used_and_kept_nowhere(server: Served, visit: Open) -> None:
    """Any dialect's credential opens what it may see; a bad one is told so, and the way on is shown."""
    ann = await Callers(server).user()
    page = await visit(server.url + path(f"identity%23{ann.number}"))
    own = panel(page, f"identity#{ann.number}")
    await expect(own.locator(".refusal")).to_be_visible()
    await page.find("#who").click()
    await page.find("[name=credential]").fill("nonsense é")
    await page.page.get_by_role("button", name="Use it").click()
    await expect(page.find("#door .error")).to_have_text("That is not the value of an Authorization header.")
    await page.find("[name=credential]").fill(ann.headers["Authorization"])
    await page.page.get_by_role("button", name="Use it").click()
    await expect(page.find("#as")).to_have_text("Watching as Ann Lee")
    await live(page, f"identity#{ann.number}")
    kept = "[document.cookie, localStorage.length, sessionStorage.length, location.href]"
    assert await page.run(kept) == ["", 0, 0, server.url + path(f"identity%23{ann.number}")]
    assert ann.token not in await page.page.content()
    await page.find("#who").click()
    await page.find("[name=credential]").fill("Token nobody")
    await page.find("[name=credential]").press("Enter")
    await expect(page.find("#status")).to_contain_text("3500 the credential is not valid")
    await page.find("#again").click()
    await expect(page.find("#status")).to_have_text("Live")
    await expect(page.find("#as")).to_have_text("Watching as everyone may")
    await expect(own.locator(".refusal")).to_be_visible()


async def test_refusals_are_words(server: Served, visit: Open) -> None:
    """A channel that isn't there, or not for everybody, says so; the others go on."""
    page = await visit(server.url + path(*ALL))
    await live(page, *ALL[:4])
    await expect(panel(page, "nothing:1").locator(".refusal")).to_have_text("There is no such channel.")
    await expect(panel(page, "comics:releases").locator(".trail")).to_contain_text("103 permission denied")


async def look(page: Visit) -> None:
    """Check that a page fits its window and can be read."""
    assert await page.overflow() <= 0, page.page.viewport_size
    assert await page.faint_text() == [], page.page.viewport_size


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_fits_every_screen(server: Served, visit: Open, scheme: Any) -> None:
    """From a phone to a wall, with text at twice the size, and without motion where that is wanted."""
    event = await Scene(server.stores).event("Clean the river")
    channels = *ALL, f"events:{event}"
    page = await visit(server.url + path(*channels), scheme=scheme, reduced_motion="reduce")
    await live(page, *ALL[:4])
    for width in (320, 1200, 3840):
        await page.page.set_viewport_size({"width": width, "height": 900})
        await look(page)
    await page.page.set_viewport_size({"width": 640, "height": 900})
    await page.run("document.documentElement.style.fontSize = '200%'")
    await look(page)
    for button in ("#add", "#who"):
        await page.find(button).click()
        await expect(page.find("dialog[open]")).to_be_visible()
        assert await page.run("document.querySelector('dialog[open]').scrollWidth <= innerWidth")
        assert await page.faint_text() == []
        await page.page.keyboard.press("Escape")
    await vote(server.api, await join(server.api, 1), "100")
    await expect(panel(page, "polls:1").locator(".figure b")).to_have_text("1")
    assert await page.run("document.getAnimations().length") == 0


async def test_a_wall_shows_nothing_but_the_channels(server: Served, visit: Open) -> None:
    """`view=wall` is larger and without tools; its link, and the one out of it, keep the panels."""
    page = await visit(server.url + path("polls:1", "stats:members"), width=1920)
    await live(page, "polls:1", "stats:members")
    small = await page.run("parseFloat(getComputedStyle(document.documentElement).fontSize)")
    await page.find("#wall").click()
    await expect(page.find("header.bar")).to_be_hidden()
    await expect(page.find(".tools").first).to_be_hidden()
    assert page.page.url == server.url + path("polls:1", "stats:members", more="&view=wall")
    assert await page.run("parseFloat(getComputedStyle(document.documentElement).fontSize)") > small
    await page.page.reload()
    await live(page, "polls:1", "stats:members")
    await page.find("#wall").click()
    await expect(page.find("#add")).to_be_visible()


async def test_the_keyboard_is_enough(server: Served, visit: Open) -> None:
    """Each link and button takes the focus in turn and shows it; new numbers don't take it away."""
    secret = await join(server.api, 1)
    page = await visit(server.url + path("polls:1", "feed:leaderboard"))
    await live(page, "polls:1", "feed:leaderboard")
    reached = []
    visible = "[...document.querySelectorAll('a, button')].filter((each) => each.checkVisibility()).length"
    for _ in range(await page.run(visible)):
        await page.page.keyboard.press("Tab")
        assert await page.run("getComputedStyle(document.activeElement).outlineStyle") != "none"
        reached.append(await page.run(FOCUSED))
    assert reached[-4:] == [
        f"{what} {name}" for name in ("polls:1", "feed:leaderboard") for what in ("Only", "Remove")
    ]
    await vote(server.api, secret, "100")
    await expect(panel(page, "polls:1").locator(".figure b")).to_have_text("1")
    assert await page.run(FOCUSED) == "Remove feed:leaderboard"
    await page.find("#add").press("Enter")
    await expect(page.page.get_by_label("Find one")).to_be_focused()
    await page.page.keyboard.type("members")
    await expect(page.find(".choice-row")).to_have_count(1)
    await page.page.keyboard.press("Tab")
    await page.page.keyboard.press("Tab")
    await page.page.keyboard.press("Space")
    await live(page, "stats:members")


async def test_without_scripts_it_says_what_is_missing(server: Served, visit: Open) -> None:
    """Without JavaScript there is a sentence."""
    page = await visit(server.url + "/dashboard", java_script_enabled=False)
    await expect(page.find("noscript .notice")).to_be_visible()
