"""The pages' client of the hub: what it does when the hub, or the network, ends something."""

from __future__ import annotations

import json

from playwright.async_api import Browser, expect

from realtime.codes import CloseCode
from tests.browser.community import join, vote
from tests.browser.conftest import Open
from tests.browser.doorman import Doorman
from tests.serving import Served


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


async def test_a_token_is_renewed_before_it_ends(server: Served, browser: Browser) -> None:
    """A page that fetches tokens shows one when it connects, and a fresh one before that has ended."""
    hub = Doorman({"expires": True, "ttl": 1})
    page = await browser.new_page()
    await page.route_web_socket("**/connection/other", hub.accept)
    await page.goto(server.url + "/static/favicon.svg")
    await page.evaluate(
        "import('/static/live.js').then(({ Hub }) => { let made = 0;"
        " window.hub = new Hub(location.origin.replace('http', 'ws') + '/connection/other', () => {},"
        " async () => `token${(made += 1)}`); hub.start(); })"
    )
    assert (await hub.next("connect"))["connect"]["token"] == "token1"
    renewal = await hub.next("refresh")
    assert renewal["refresh"] == {"token": "token2"}
    hub.sockets[0].send(json.dumps({"id": renewal["id"], "refresh": {"expires": True, "ttl": 1}}))
    assert (await hub.next("refresh"))["refresh"] == {"token": "token3"}
    await hub.sockets[0].close(code=CloseCode.EXPIRED)
    assert (await hub.next("connect"))["connect"]["token"] == "token4"


async def test_a_call_on_a_cut_line_fails(server: Served, browser: Browser) -> None:
    """Who waits for an answer hears when none can come any more, and what the hub refuses."""
    hub = Doorman()
    page = await browser.new_page()
    await page.route_web_socket("**/connection/other", hub.accept)
    await page.goto(server.url + "/static/favicon.svg")
    await page.evaluate(
        "import('/static/live.js').then(({ Hub }) => new Promise((resolve) => {"
        " window.hub = new Hub(location.origin.replace('http', 'ws') + '/connection/other',"
        " ({ name }) => name === 'live' && resolve()); hub.start(); }))"
    )
    ask = "hub.call('rpc', { method: 'time' }).catch(({ code, message }) => [code, message])"
    await page.evaluate(f"window.first = {ask}; window.second = {ask}; undefined")
    asked = await hub.next("rpc")
    refusal = {"code": 103, "message": "permission denied"}
    hub.sockets[0].send(json.dumps({"id": asked["id"], "error": refusal}))
    assert await page.evaluate("first") == [103, "permission denied"]
    await hub.sockets[0].close(code=CloseCode.SHUTDOWN)
    assert await page.evaluate("second") == [0, "not connected"]
