"""npm's `centrifuge` in a browser, unchanged, under our own policy: a client that nobody here wrote."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest

from storage.klub.grants import ORGANIZER
from tests.browser.community import vote
from tests.browser.conftest import Open
from tests.browser.visit import Visit
from tests.klub.scene import Scene
from tests.knowme.client import App
from tests.realtime.cutting import Line, line_to
from tests.serving import Served

SCRIPT = "/borrowed/centrifuge.js"

# What the SDK tells its application is noted in `story`, by channel where it is about one.
CONNECT = """
(credential) => {
  const story = { states: [], errors: [], tokens: 0, channels: {} };
  const getToken = async () => {
    const headers = { Authorization: credential };
    const answer = await fetch("/connection/token", { method: "POST", headers });
    story.tokens += 1;
    return (await answer.json()).token;
  };
  const delays = { minReconnectDelay: 20, maxReconnectDelay: 200 };
  const client = new Centrifuge(`ws://${location.host}/connection/websocket`, { getToken, ...delays });
  client.on("state", (change) => story.states.push(change.newState));
  client.on("error", (found) => story.errors.push(found.error));
  client.connect();
  Object.assign(window, { client, story, subs: {} });
}
"""
SUBSCRIBE = """
(channel) => {
  const noted = { heard: [], answers: [], ended: [] };
  const sub = client.newSubscription(channel, { minResubscribeDelay: 20 });
  sub.on("publication", ({ offset, data }) => noted.heard.push({ offset, data }));
  sub.on("subscribed", ({ wasRecovering, recovered, streamPosition }) =>
    noted.answers.push({ wasRecovering, recovered, epoch: streamPosition.epoch }));
  sub.on("subscribing", ({ code }) => noted.ended.push(code));
  sub.on("unsubscribed", ({ code }) => noted.ended.push(code));
  sub.subscribe();
  story.channels[channel] = noted;
  subs[channel] = sub;
  return sub.ready();
}
"""
LISTEN = """
(path) => {
  window.events = [];
  window.source = new EventSource(path);
  window.source.onmessage = (event) => window.events.push(JSON.parse(event.data));
}
"""
# In the page: its policy forbids Playwright's own waiting for expressions.
WAIT = "async () => {{ while (!({})) await new Promise((done) => setTimeout(done, 20)); }}"
# The SDK's errors are plain objects, of which Playwright would not tell more.
THROW = "catch (error) { throw new Error(JSON.stringify(error)); }"


@pytest.fixture
async def line(server: Served) -> AsyncIterator[Line]:
    async with line_to(server.url) as line:
        yield line


class Story:
    """A page of ours, without anything live of its own, that has borrowed the SDK."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self.page = visit.page

    @classmethod
    async def begin(cls, visit: Open, url: str, modules: Path) -> Story:
        """Open the page and load the SDK into it, from the page's own origin as its policy demands."""
        story = cls(await visit(f"{url}/no-such-page"))
        bundle = modules / "centrifuge" / "dist" / "centrifuge.js"
        await story.page.route(f"**{SCRIPT}", lambda route: route.fulfill(path=bundle))
        await story.page.add_script_tag(url=SCRIPT)
        return story

    async def connect(self, credential: str, *channels: str) -> None:
        """Connect, and subscribe to channels."""
        await self.page.evaluate(CONNECT, credential)
        for channel in channels:
            await self.page.evaluate(SUBSCRIBE, channel)

    async def until(self, true: str) -> None:
        """Wait until an expression is true in the page."""
        await self._visit.run(WAIT.format(true))

    async def ask(self, expression: str) -> object:
        """Return what an expression, or the promise that it is, comes to."""
        return await self._visit.run(f"async () => {{ try {{ return await ({expression}); }} {THROW} }}")

    async def forbidden(self) -> list[str]:
        """List what the page's policy forbade."""
        return await self._visit.forbidden()


def of(channel: str) -> str:
    """Return the expression for what was noted of a channel."""
    return f"story.channels[{json.dumps(channel)}]"


async def test_the_sdk_lives_through_a_cut_line_an_expiring_token_and_a_lost_permission(
    server: Served, line: Line, visit: Open, npm_modules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One page, one client: connect, subscribe, recover, refresh, presence, history, refusal, EventSource."""
    monkeypatch.setattr("handlers.core.gate.LIFETIME", 4)
    ann = await App.sign_up(server.api, server.stores, "ann@example.com")
    await server.stores.grants.give(ORGANIZER, ann.oid, None)
    scene, own = Scene(server.stores), f"identity#{ann.number}"
    event = await scene.event(units=[await scene.unit()])
    story = await Story.begin(visit, line.url, npm_modules)
    await story.connect(f"Token {ann.token}", own, "polls:1", f"events:{event}")
    await story.until(f"{of('polls:1')}.heard.length === 1")
    await say(server, ann, 1)
    await story.until(f"{of(own)}.heard.length === 1")

    line.cut()
    await story.until("story.states.at(-1) === 'connecting'")
    await say(server, ann, 3)
    await vote(server.api, await find_secret(server, ann), "103")
    line.mend()
    await story.until(f"{of(own)}.heard.length === 4 && {of('polls:1')}.heard.at(-1).data.total === 1")
    assert await story.ask(f"{of(own)}.heard.map((each) => each.offset)") == [1, 2, 3, 4]
    for channel in (own, "polls:1"):
        answers = f"{of(channel)}.answers.map((each) => [each.wasRecovering, each.recovered])"
        assert await story.ask(answers) == [[False, False], [True, True]]

    (connection,) = [each for each in server.application.hub.connections if not each.closed]
    ends, bought = connection.expires_at, await story.ask("story.tokens")
    await story.until(f"story.tokens > {bought}")
    await story.ask("client.rpc('time', {})")
    assert connection.expires_at > ends
    assert await story.ask("client.state") == "connected"
    assert await story.ask(f"{of(own)}.answers.length") == 2

    sub = f"subs['events:{event}']"
    present = await story.ask(
        f"{sub}.presence().then((found) => Object.values(found.clients).map((each) => each.user))"
    )
    assert present == [str(ann.number)]
    assert await story.ask(f"{sub}.presenceStats()") == {"numClients": 1, "numUsers": 1}
    past = f"subs[{json.dumps(own)}].history({{ limit: 2, reverse: true }})"
    assert await story.ask(f"{past}.then((found) => found.publications.map((each) => each.offset))") == [4, 3]

    await server.stores.grants.take(ORGANIZER, ann.oid, None)
    await server.stores.events.change(event, {"public_on_web": False})
    await story.until(f"{of(f'events:{event}')}.ended.at(-1) === 103")
    assert await story.ask(f"{of(f'events:{event}')}.ended.at(-2)") == 2500

    await hear_events(story, server, ann, own)
    assert await story.forbidden() == []


async def hear_events(story: Story, server: Served, ann: App, own: str) -> None:
    """Hear the same channel by the browser's EventSource, and come back to it after the line was cut."""
    request = quote(json.dumps({"token": f"Token {ann.token}", "subs": {own: {}}}))
    await story.page.evaluate(LISTEN, f"/connection/uni_sse?cf_connect={request}")
    await story.until("events.length === 1 && events[0].connect")
    await say(server, ann, 1)
    await story.until("events.some((each) => each.pub?.offset === 5)")
    await story.until(f"{of(own)}.heard.at(-1).offset === 5")
    await story.ask("(source.close(), client.disconnect())")


async def find_secret(server: Served, app: App) -> str:
    return str((await server.stores.accounts.document(app.oid))["s"])


async def say(server: Served, app: App, number: int) -> None:
    """Say something on the account's own channel."""
    for _ in range(number):
        await server.stores.announcements.tell(app.oid, "new_login")
