"""The AsyncAPI document says what is: every channel, every frame, every code, and nothing else."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from websockets.asyncio.client import ClientConnection, connect

from handlers.core.declaration import Declared
from handlers.core.exchanges import EXCHANGES, REFUSED
from realtime.channels import Identity
from realtime.codes import CloseCode, ErrorCode
from realtime.protocol import READERS
from storage.comics.press import Issue, Picture, Press, Title
from storage.pybossa.people import PyBossaUser
from tests.klub.callers import Callers, Someone
from tests.klub.scene import Scene
from tests.realtime.doubles import Polls
from tests.realtime.events import listening
from tests.serving import Api, Served
from tests.storage.pybossa.village import Village

Object = Mapping[str, Any]
FRAMES = {"connection", "event_stream"}
NOON = 1_349_668_800_000_000  # microseconds


def shut(schema: Any) -> Any:
    """Return a schema that allows no field which it does not name."""
    if isinstance(schema, list):
        return [shut(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: each if name == "examples" else shut(each) for name, each in schema.items()}
    return {"additionalProperties": False, **closed} if "properties" in closed else closed


class Book:
    """A document to hold messages against."""

    def __init__(self, document: Object) -> None:
        self.document = document
        self.messages: Object = document["components"]["messages"]

    def check(self, value: Any, *names: str) -> None:
        """Hold a value against messages, of which it has to be one; unknown fields count as wrong."""
        payloads = [self.messages[name]["payload"] for name in names]
        schema = {"anyOf": payloads, "components": self.document["components"]}
        errors = list(Draft202012Validator(shut(schema)).iter_errors(value))
        assert not errors, (names, value, [each.message for each in errors[0].context or errors])

    def names(self, channel: str) -> list[str]:
        """Name the messages of a channel."""
        return list(self.document["channels"][channel]["messages"])


class Line:
    """A raw connection to the hub; every frame is held against the document."""

    def __init__(self, socket: ClientConnection, book: Book) -> None:
        self._socket = socket
        self._book = book
        self._lastid = 0
        self._lines: list[Any] = []
        self.heard: defaultdict[str, list[Any]] = defaultdict(list)

    async def ask(self, method: str, request: Object) -> Any:
        """Send a command; return the result, or the error as it is."""
        self._lastid += 1
        command = {"id": self._lastid, method: request}
        if method in EXCHANGES:
            self._book.check(command, method)
        await self._socket.send(json.dumps(command))
        while "id" not in (reply := await self._next()):
            self._hear(reply)
        self._book.check(reply, f"{method}_reply" if method in reply else "error")
        return reply.get(method, reply.get("error"))

    async def until(self, channel: str, count: int) -> list[Any]:
        """Wait for a number of publications of a channel."""
        while len(self.heard[channel]) < count:
            self._hear(await self._next())
        return self.heard[channel]

    async def unsubscribed(self) -> Any:
        """Wait for the end of a subscription."""
        while "unsubscribe" not in (push := (await self._next())["push"]):
            self._hear({"push": push})
        self._book.check({"push": push}, "unsubscription")
        return push["unsubscribe"]

    def _hear(self, frame: Any) -> None:
        self._book.check(frame, "publication")
        self.heard[frame["push"]["channel"]].append(frame["push"]["pub"]["data"])

    async def _next(self) -> Any:
        if not self._lines:
            async with asyncio.timeout(10):
                text = str(await self._socket.recv())
            self._lines = [json.loads(line) for line in text.split("\n")]
        return self._lines.pop(0)


@pytest.fixture
async def book(api: Api) -> Book:
    answer = await api.get("/asyncapi.json")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    return Book(answer.json)


@asynccontextmanager
async def connected(server: Served, book: Book, token: str = "") -> AsyncIterator[Line]:
    async with connect(server.socket_url) as socket:
        line = Line(socket, book)
        await line.ask("connect", {"token": token} if token else {})
        yield line


class Everything:
    """Somebody who may hear everything, and one thing to hear on each channel."""

    def __init__(self, server: Served, root: Someone) -> None:
        self.server, self.stores, self.root = server, server.stores, root
        self.village = Village(server.stores)
        self.press = Press(server.stores.database, server.stores.counters, server.stores.posting)
        self.event = self.comic = 0

    @classmethod
    async def prepare(cls, server: Served) -> Everything:
        """Make what has to be there to be subscribed to."""
        self = cls(server, await Callers(server).superuser())
        self.event = await Scene(server.stores).event()
        (self.comic,) = await self.press.found([Title("XKCD", "xkcd", "en", "", "", "2005-05-29")], NOON)
        return self

    @property
    def channels(self) -> Mapping[str, tuple[str, int]]:
        """Name a channel of each kind, and how many publications come on it at least."""
        return {
            "polls": ("polls:1", 1),
            "members": ("stats:members", 1),
            "events": (f"events:{self.event}", 1),
            "attendance": (f"attendance:{self.event}", 1),
            "identity": (f"identity#{self.root.number}", 2),
            "releases": ("comics:releases", 1),
            "comic_releases": ("comics:releases/xkcd", 1),
            "updates": ("feed:updates", 5),
            "leaderboard": ("feed:leaderboard", 1),
        }

    async def happen(self) -> PyBossaUser:
        """Let something happen on every channel; return who joined the community."""
        voter = await self.server.api.register("voter@example.org", onAECRoll=True)
        vote = {"s": voter["s"], "poll_id": 1, "option_id": "105"}
        assert (await self.server.api.post("/api/v0/iiccot/cast_vote", vote)).status == 200
        wish = {"event": self.event, "type__slug": "event_registration"}
        assert (await self.root.post("/api/frontend/my_events/", wish)).status == 201
        assert self.root.oid is not None
        announcements = self.stores.announcements
        await announcements.tell(self.root.oid, "new_login")
        token = {"identity_token": "a.b.c", "nonce": "n", "expires_at": 1}
        await announcements.tell(self.root.oid, "identity_token", **token)
        issue = Issue(self.comic, "2012-10-08", NOON, Picture("xkcd/a.png", "605d", 365, 278), "a", "b")
        await self.press.publish([issue], tell=True)
        ann = await self.village.join("ann")
        _, (task,) = await self.village.project(ann, n_answers=1)
        await self.village.run(task, ann)
        return ann


async def test_every_message_is_as_documented(server: Served, book: Book) -> None:
    """What every channel says holds against the document, without a field that is not in it."""
    everything = await Everything.prepare(server)
    assert everything.channels.keys() == book.document["channels"].keys() - FRAMES
    async with connected(server, book, everything.root.token) as line:
        states = {}
        for key, (channel, _) in everything.channels.items():
            states[key] = (await line.ask("subscribe", {"channel": channel}))["publications"]
        ann = await everything.happen()
        for key, (channel, count) in everything.channels.items():
            said = await line.until(channel, count)
            for data in (*said, *(each["data"] for each in states[key])):
                book.check(data, key)
            is_state = book.document["channels"][key]["x-kind"] == "state"
            assert bool(states[key]) is is_state, key
        await check_taken_back(line, book, server, ann)


async def check_taken_back(line: Line, book: Book, server: Served, ann: PyBossaUser) -> None:
    """What histories hold, also after somebody was forgotten, is documented."""
    feed = server.stores.feed
    await server.stores.database.transaction(lambda session: feed.forget_person(ann.id, ann.oid, session))
    past = (await line.ask("history", {"channel": "feed:updates", "limit": -1}))["publications"]
    assert {"deleted": True} in [each["data"] for each in past]
    for each in past:
        book.check(each["data"], *book.names("updates"))


async def test_every_frame_is_as_documented(server: Served, book: Book) -> None:
    """Replies, refusals and pushes of every command hold against the document."""
    everything = await Everything.prepare(server)
    token = (await server.api.post("/connection/token", **everything.root.headers)).json["token"]
    async with connected(server, book, token) as line:
        event = everything.channels["events"][0]
        await line.ask("subscribe", {"channel": event, "recover": True, "epoch": "x", "offset": 0})
        assert (await line.ask("presence_stats", {"channel": event}))["num_clients"] == 1
        assert len((await line.ask("presence", {"channel": event}))["presence"]) == 1
        assert (await line.ask("rpc", {"method": "time"}))["data"]["time"] > 0
        assert (await line.ask("refresh", {"token": token}))["expires"] is True
        assert (await line.ask("history", {"channel": event}))["code"] == ErrorCode.NOT_AVAILABLE
        for method, code in REFUSED.items():
            assert (await line.ask(method, {"channel": event}))["code"] == code
        server.application.hub.publish(event, None)
        assert (await line.unsubscribed())["code"] == 2500
        await line.ask("subscribe", {"channel": event})
        assert await line.ask("unsubscribe", {"channel": event}) == {}


async def test_events_of_streams_are_as_documented(server: Served, book: Book) -> None:
    """What EventSource gets: the connection, publications, the end; or why there was none."""
    async with listening(server.url, {"subs": {"polls:1": {}}}) as stream:
        book.check(await stream.hear(), "connected_event")
        voter = await server.api.register("voter@example.org")
        vote = {"s": voter["s"], "poll_id": 1, "option_id": "105"}
        assert (await server.api.post("/api/v0/iiccot/cast_vote", vote)).status == 200
        book.check(await stream.hear(), "publication_event")
        await server.application.hub.disconnect(lambda _: True, CloseCode.SHUTDOWN)
        book.check(await stream.hear(), "disconnected_event")
    async with listening(server.url, {"subs": {"": {}}}) as stream:
        book.check(await stream.hear(), "refused_event")


async def test_every_namespace_is_declared(server: Served, book: Book) -> None:
    """Each declared address is a channel of the hub, and there is no namespace without one."""
    hub = server.application.hub
    addresses = {name: each["address"] for name, each in book.document["channels"].items()}
    declared = []
    for space in hub.namespaces:
        assert isinstance(space, Declared), space.name
        assert space.declarations
        for each in space.declarations:
            assert addresses.pop(each.key) == each.address
            assert hub.find_namespace(each.address)[0] is space
            declared.append(each.key)
    assert addresses.keys() == FRAMES
    assert len(set(declared)) == len(declared)


async def test_everything_that_may_be_heard_is_listed(server: Served, book: Book) -> None:
    """Whatever `channels` lists can be subscribed to, each kind that somebody may hear is listed."""
    everything = await Everything.prepare(server)
    public = {"polls:1", "stats:members", f"events:{everything.event}", "feed:updates", "feed:leaderboard"}
    for token, expected in (
        ("", public),
        (everything.root.token, {name for name, _ in everything.channels.values()}),
    ):
        async with connected(server, book, token) as line:
            listed = (await line.ask("rpc", {"method": "channels"}))["data"]["channels"]
            assert set(listed) == expected
            assert len(listed) == len(expected)
            for name in listed:
                assert "code" not in await line.ask("subscribe", {"channel": name}), name


async def test_commands_and_codes_are_all_there(book: Book) -> None:
    """Every command that is read, every code that is sent, each once."""
    operations = book.document["operations"]
    commands = {name for name, each in operations.items() if each["action"] == "receive"}
    assert commands | REFUSED.keys() | {"send"} == READERS.keys()
    schemas = book.document["components"]["schemas"]
    for name, codes in (("ErrorNumber", ErrorCode), ("CloseNumber", CloseCode)):
        listed = [(each["const"], each["title"]) for each in schemas[name]["oneOf"]]
        assert listed == [(int(code), code.text) for code in codes]


async def test_credentials_are_those_that_open_the_hub(server: Served, book: Book) -> None:
    """Each word and cookie that the hub reads is described; what needs an account names them all."""
    gate = server.application.gate
    described = {(each.word, each.cookie) for each in gate.credentials}
    assert described == {(word, False) for word in gate._schemes} | {(name, True) for name in gate._cookies}
    schemes = book.document["components"]["securitySchemes"]
    assert schemes.keys() == {"connection_token", *(each.key for each in gate.credentials)}
    secured = {
        name.removeprefix("publish_"): references(each["security"])
        for name, each in book.document["operations"].items()
        if "security" in each
    }
    assert secured.keys() == {"attendance", "identity", "releases", "comic_releases"}
    assert all(names == schemes.keys() for names in secured.values())


def references(listed: Sequence[Mapping[str, str]]) -> set[str]:
    return {each["$ref"].removeprefix("#/components/securitySchemes/") for each in listed}


async def test_examples_are_true(book: Book) -> None:
    """Each example holds against its own message."""
    for name, message in book.messages.items():
        assert message["examples"], name
        for example in message["examples"]:
            book.check(example["payload"], name)


@pytest.mark.settings(base_url="https://folk.example", allowed_hosts=("127.0.0.1",))
async def test_servers_follow_the_public_address(api: Api) -> None:
    """Behind TLS the doors are named as clients reach them."""
    servers = (await api.get("/asyncapi.json")).json["servers"]
    assert [(each["protocol"], each["host"], each["pathname"]) for each in servers.values()] == [
        ("wss", "folk.example", "/connection/websocket"),
        ("https", "folk.example", "/connection/uni_sse"),
    ]


async def test_it_can_be_kept(api: Api) -> None:
    """Who has the document already is not sent it again."""
    first = await api.get("/asyncapi.json")
    again = await api.get("/asyncapi.json", If_None_Match=first.headers["ETag"])
    assert (again.status, again.body) == (304, b"")


class Broken(Polls):
    """A namespace whose channels can't be listed just now."""

    async def listed(self, who: Identity) -> Sequence[str]:
        """Fail."""
        raise OSError("away")


async def test_a_list_that_fails_can_be_asked_for_again(server: Served, book: Book) -> None:
    """It is refused as a temporary error; the connection stays."""
    hub = server.application.hub
    whole = hub.namespaces
    hub.namespaces = (*whole, Broken())
    async with connected(server, book) as line:
        refused = await line.ask("rpc", {"method": "channels"})
        assert (refused["code"], refused["temporary"]) == (ErrorCode.INTERNAL, True)
        hub.namespaces = whole
        assert "data" in await line.ask("rpc", {"method": "channels"})


async def test_lists_of_channels_are_bounded(server: Served, book: Book) -> None:
    """Of very many comics the first thousand are listed, beside the channel of all."""
    press = Press(server.stores.database, server.stores.counters, server.stores.posting)
    titles = [Title(f"Comic {number}", f"c{number:04}", "en", "", "", "2005-05-29") for number in range(1003)]
    await press.found(titles, NOON)
    user = await Callers(server).user()
    async with connected(server, book, user.token) as line:
        listed = (await line.ask("rpc", {"method": "channels"}))["data"]["channels"]
    comics = [name for name in listed if name.startswith("comics:")]
    assert comics == ["comics:releases", *(f"comics:releases/c{number:04}" for number in range(1000))]
