"""A browser's own EventSource hears the hub."""

from __future__ import annotations

import json
from urllib.parse import quote

from tests.browser.community import join, vote
from tests.browser.conftest import Open
from tests.browser.visit import Visit
from tests.serving import Served

LISTEN = """
(path) => {
  window.heard = [];
  window.source = new EventSource(path);
  window.source.onmessage = (event) => window.heard.push(JSON.parse(event.data));
}
"""
TOTALS = "window.heard.filter((each) => each.pub).map((each) => each.pub.data.total)"


async def listen(page: Visit, **request: object) -> None:
    """Open an EventSource in the page."""
    query = quote(json.dumps(request))
    await page.page.evaluate(LISTEN, f"/connection/uni_sse?cf_connect={query}")


async def until(page: Visit, true: str) -> None:
    """Wait in the page: its policy forbids Playwright's own waiting for expressions."""
    await page.run(f"async () => {{ while (!({true})) await new Promise((done) => setTimeout(done, 20)); }}")


async def test_an_event_source_hears_votes_and_comes_back_by_itself(server: Served, visit: Open) -> None:
    secret = await join(server.api, 1)
    page = await visit(server.url)
    await listen(page, subs={"polls:1": {}})
    await until(page, "window.heard.length === 1 && window.heard[0].connect")
    await vote(server.api, secret, "103")
    await until(page, f"{TOTALS}.includes(1)")
    server.application.hub.publish("polls:1", None)
    await until(page, "window.heard.filter((each) => each.connect).length === 2")
    assert await page.run("window.heard.at(-1).connect.subs['polls:1'].publications[0].data.total") == 1
    await page.run("window.source.close()")


async def test_an_event_source_gives_up_where_its_token_is_bad(server: Served, visit: Open) -> None:
    page = await visit(server.url)
    await listen(page, token="nonsense")
    await until(page, "window.source.readyState === EventSource.CLOSED")
    assert await page.run("window.heard") == []
