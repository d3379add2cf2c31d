"""The pages' client of the hub: what it does when the hub, or the network, ends something."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from playwright.async_api import Browser, WebSocketRoute, expect

from realtime.codes import CloseCode
from tests.browser.community import join, vote
from tests.browser.conftest import Open
from tests.serving import Served


class Doorman:
    """Plays the hub for one page: keeps what it says, answers its first command."""

    def __init__(self) -> None:
        self.sockets: list[WebSocketRoute] = []
        self.heard: asyncio.Queue[Any] = asyncio.Queue()

    def accept(self, socket: WebSocketRoute) -> None:
        """Take a connection."""
        self.sockets.append(socket)
        socket.on_message(self.hear)

    def hear(self, message: str | bytes) -> None:
        """Keep a message; say that the connection stands."""
        command = json.loads(message)
        if "connect" in command:
            self.sockets[-1].send(json.dumps({"id": command["id"], "connect": {"client": "a", "ping": 25}}))
        self.heard.put_nowait(command)

    async def next(self, word: str | None) -> Any:
        """Wait for a command of a kind; None for a bare pong."""
        while True:
            command = await self.heard.get()
            if (word in command) if word else not command:
                return command


async def test_an_ended_subscription_is_asked_for_again(server: Served, visit: Open) -> None:
    """After the hub's 2500 the page subscribes anew and shows what came after it."""
    secret = await join(server.api, 1)
    page = await visit(server.url)
    await page.live()
    server.application.hub.publish("polls:1", None)
    await vote(server.api, secret, "103")
    await expect(page.find("#total")).to_have_text("1")
    assert page.complaints == []


async def test_a_final_code_is_obeyed(server: Served, visit: Open) -> None:
    """Told not to come back, the page says so with the code and opens no further socket."""
    page = await visit(server.url)
    await page.live()
    await server.application.hub.disconnect(lambda _: True, CloseCode.FORCED)
    await expect(page.find("#status")).to_contain_text("The server ended the connection (3503")
    await page.run("dispatchEvent(new Event('online'))")
    await expect(page.find("#poll")).to_have_attribute("data-stale", "")
    assert sum(request.startswith("ws") for request in page.requests) == 1
    assert await page.faint_text() == []


async def test_pings_are_answered_and_silence_is_not_trusted(server: Served, browser: Browser) -> None:
    """A ping gets its pong; a connection on which nothing comes any more is replaced by another."""
    hub = Doorman()
    page = await browser.new_page()
    await page.clock.install()
    await page.route_web_socket("**/connection/websocket", hub.accept)
    await page.goto(server.url)
    subscribed = [(await hub.next("subscribe"))["subscribe"]["channel"] for _ in range(2)]
    assert subscribed == ["polls:1", "stats:members"]
    hub.sockets[0].send("{}")
    await hub.next(None)
    await page.clock.fast_forward(36_000)
    await page.clock.fast_forward(1_000)
    await hub.next("connect")
    assert len(hub.sockets) == 2


async def test_a_resubscription_names_its_position(server: Served, browser: Browser) -> None:
    """Connected again, the page asks from where it was, and ignores what it has seen."""
    hub = Doorman()
    page = await browser.new_page()
    await page.route_web_socket("**/connection/websocket", hub.accept)
    await page.goto(server.url)
    command = await hub.next("subscribe")
    seen = {"offset": 7, "data": {"poll_id": 1, "stats": {"a": 4}, "total": 4, "version": 7}}
    reply = {"epoch": "x", "offset": 7, "publications": [seen]}
    hub.sockets[0].send(json.dumps({"id": command["id"], "subscribe": reply}))
    await expect(page.locator("#total")).to_have_text("4")
    old = {"offset": 6, "data": {"poll_id": 1, "stats": {"a": 3}, "total": 3, "version": 6}}
    new = {"offset": 8, "data": {"poll_id": 1, "stats": {"a": 5}, "total": 5, "version": 8}}
    pushes = [json.dumps({"push": {"channel": "polls:1", "pub": pub}}) for pub in (new, old)]
    hub.sockets[0].send("\n".join(pushes))
    await expect(page.locator("#total")).to_have_text("5")
    await hub.sockets[0].close(code=CloseCode.SHUTDOWN)
    await hub.next("connect")
    again = (await hub.next("subscribe"))["subscribe"]
    assert again == {"channel": "polls:1", "recover": True, "epoch": "x", "offset": 8}


async def test_back_off_doubles_and_differs(server: Served, visit: Open) -> None:
    """Delays double up to 20 s, and are spread so that a thousand pages don't come back as one."""
    page = await visit(server.url)
    least, most = await page.run(
        "import('/static/live.js').then(({ delayAfter }) => [0, 1].map((chance) =>"
        " [0, 1, 2, 5, 6, 60].map((failures) => delayAfter(failures, () => chance))))"
    )
    assert most == [500, 1000, 2000, 16_000, 20_000, 20_000]
    assert least == [each / 2 for each in most]


async def test_final_codes_are_told_apart(server: Served, visit: Open) -> None:
    """Only the codes that the protocol calls final end it."""
    page = await visit(server.url)
    codes = "[1000, 1006, 3001, 3012, 3499, 3500, 3505, 3999, 4000, 4499, 4500]"
    finals = await page.run(f"import('/static/live.js').then((live) => {codes}.filter(live.isFinal))")
    assert finals == [3500, 3505, 3999, 4500]
