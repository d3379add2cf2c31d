"""The live hub's document: for programs as AsyncAPI, for people as a page with a console to try it."""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from handlers.core.asyncapi import CONNECTION, STREAM, build_document
from handlers.core.declaration import Credential
from handlers.core.dialect import Route
from handlers.core.operation import operation
from handlers.core.packed import Packed, pack, send_packed
from handlers.site.rules import SiteHandler
from handlers.site.schema_rows import Shape, Tables
from realtime.hub import Hub

Object = Mapping[str, Any]

EVERYONE = "everyone"  # what everybody can try comes first


@dataclass(frozen=True)
class ChannelView:
    """A channel as the page shows it; `sample` is an address that could be subscribed to."""

    key: str
    described: Object
    sample: str
    messages: tuple[MessageView, ...]


@dataclass(frozen=True)
class MessageView:
    """A message as the page shows it."""

    title: str
    text: str
    shapes: tuple[Shape, ...]
    examples: tuple[str, ...]


@dataclass(frozen=True)
class CommandView:
    """A command and its reply."""

    method: str
    text: str
    messages: tuple[MessageView, ...]


class DocumentView:
    """The document, arranged for reading."""

    def __init__(self, document: Object) -> None:
        self._components: Object = document["components"]
        self._tables = Tables(self._components["schemas"])
        self.document = document
        self.paragraphs: list[str] = document["info"]["description"].split("\n\n")
        self.channels = sorted(
            (
                self._channel(key, each)
                for key, each in document["channels"].items()
                if key not in {CONNECTION, STREAM}
            ),
            key=lambda channel: channel.described["x-audience"] != EVERYONE,
        )
        self.commands = [
            CommandView(name, each["summary"], self._messages(name, f"{name}_reply"))
            for name, each in document["operations"].items()
            if each["action"] == "receive"
        ]
        self.pushes = self._sent("push")
        self.events = self._sent("stream")
        self.errors = self._components["schemas"]["ErrorNumber"]["oneOf"]
        self.closes = self._components["schemas"]["CloseNumber"]["oneOf"]
        self.credentials: Object = self._components["securitySchemes"]

    def _channel(self, key: str, described: Object) -> ChannelView:
        sample = described["address"]
        for name, each in described.get("parameters", {}).items():
            sample = sample.replace(f"{{{name}}}", each["examples"][0])
        return ChannelView(key, described, sample, self._messages(*described["messages"]))

    def _sent(self, operation_id: str) -> tuple[MessageView, ...]:
        refs = [each["$ref"] for each in self.document["operations"][operation_id]["messages"]]
        return self._messages(*(ref.rpartition("/")[2] for ref in refs))

    def _messages(self, *names: str) -> tuple[MessageView, ...]:
        return tuple(self._message(self._components["messages"][name]) for name in names)

    def _message(self, found: Object) -> MessageView:
        examples = tuple(spell(each["payload"]) for each in found["examples"])
        return MessageView(found["title"], found["summary"], self._tables.shapes(found["payload"]), examples)


def spell(value: Any) -> str:
    """Write an example, short ones in one line."""
    line = json.dumps(value, ensure_ascii=False)
    return line if len(line) < 72 else json.dumps(value, ensure_ascii=False, indent=2)


@functools.lru_cache(maxsize=8)
def view_document(text: bytes) -> DocumentView:
    """Arrange a document; remembered, since it only changes with the program."""
    return DocumentView(orjson.loads(text))


@functools.lru_cache(maxsize=8)
def write_document(server: str, hub: Hub, credentials: tuple[Credential, ...]) -> Packed:
    """Write the document of a hub; remembered, since few addresses lead to it."""
    return pack(orjson.dumps(build_document(server, hub.namespaces, credentials)))


class LiveDocument(SiteHandler):
    """What both forms begin with."""

    async def open_document(self) -> Packed:
        """Return the document of the hub as it is here; the first time takes a while."""
        hub, credentials = self.folkmoot.hub, self.folkmoot.gate.credentials
        return await asyncio.to_thread(write_document, self.base_url, hub, credentials)


class AsyncApiHandler(LiveDocument):
    """`/asyncapi.json`."""

    @operation()
    async def get(self) -> None:
        """Return the AsyncAPI 3.0 document of the live hub."""
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.set_header("Cache-Control", "no-cache")
        send_packed(self, await self.open_document())


class LiveDocsHandler(LiveDocument):
    """`/docs/live`."""

    @operation()
    async def get(self) -> None:
        """Return the page about live messages, with its console."""
        self.set_header("Cache-Control", "no-cache")
        server = self.base_url
        socket = server.replace("http", "ws", 1) + "/connection/websocket"
        view = view_document((await self.open_document()).plain)
        send_packed(self, pack(self.render_page("live_docs.html", view=view, server=server, socket=socket)))


ROUTES = (Route("/asyncapi.json", AsyncApiHandler), Route("/docs/live", LiveDocsHandler))
