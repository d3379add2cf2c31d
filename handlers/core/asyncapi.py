"""The AsyncAPI 3.0 document of the hub, made from what channels, credentials and the protocol declare."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from handlers.core.catalogue import Catalogue, Object, describe_credentials, name_event, refer_to_messages
from handlers.core.declaration import Credential
from handlers.core.exchanges import EXCHANGES, PUSHES, REFUSED, STREAM_ENDS
from realtime.channels import Namespace
from settings import VERSION

SOCKET, EVENTS = "/connection/websocket", "/connection/uni_sse"
CONNECTION, STREAM = "connection", "event_stream"  # the two channels that carry frames, not data
EVENT_NAMES = (*map(name_event, (*STREAM_ENDS, *PUSHES)), "ping")
TEXT = f"""Everything that changes is pushed over one WebSocket in the Centrifugo client protocol (version 2,
JSON), so that its SDKs work here: centrifuge for JavaScript, centrifuge-python, and those for Swift, Java,
Dart and Go. A page that only listens can use EventSource instead.

A message of the WebSocket is one or more JSON objects, one a line: commands with an id of the client's own
go up, replies with the same id and pushes without one come down. The server's ping and the client's pong
are both an empty object. The commands {" and ".join(REFUSED)} are always refused; send is ignored.

A state channel carries one whole object: whoever subscribes gets it at once, then every newer version, of
which some in between may be left out. A stream channel carries every message once and in order; who comes
back with the epoch and offset of the last message gets what was missed. The payloads of channels in this
document are the data of publications."""


def build_document(server: str, namespaces: Iterable[Namespace], credentials: Sequence[Credential]) -> Object:
    """Return the document; `server` is the URL under which the server is known."""
    catalogue = Catalogue(namespaces)
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Folkmoot: live messages", "version": VERSION, "description": TEXT},
        "defaultContentType": "application/json",
        "servers": describe_servers(server),
        "channels": {**describe_frame_channels(), **catalogue.channels()},
        "operations": {**describe_commands(), **describe_pushes(), **catalogue.operations(credentials)},
        "components": {
            "schemas": catalogue.definitions,
            "messages": {**catalogue.frames(), **catalogue.messages()},
            "securitySchemes": describe_credentials(credentials),
        },
    }


def describe_servers(server: str) -> Object:
    """Describe the two doors of the hub."""
    parts = urlsplit(server)
    secure = parts.scheme == "https"
    return {
        "ws": {
            "host": parts.netloc,
            "pathname": parts.path + SOCKET,
            "protocol": "wss" if secure else "ws",
            "title": "WebSocket",
            "description": "Both ways: commands, replies, pushes.",
        },
        "sse": {
            "host": parts.netloc,
            "pathname": parts.path + EVENTS,
            "protocol": "https" if secure else "http",
            "title": "Server-sent events",
            "description": "For EventSource: only listens. The query's cf_connect is a connect request "
            "in JSON, whose subs name the channels; or POST it.",
        },
    }


def describe_frame_channels() -> Object:
    """Describe what the connections themselves carry."""
    replies = [f"{method}_reply" for method in EXCHANGES]
    both_ways = [*EXCHANGES, *replies, "error", *PUSHES, "ping", "pong"]
    return {
        CONNECTION: {
            "address": None,
            "title": "Frames of the WebSocket",
            "servers": [{"$ref": "#/servers/ws"}],
            "messages": refer_to_messages(both_ways),
        },
        STREAM: {
            "address": None,
            "title": "Server-sent events",
            "servers": [{"$ref": "#/servers/sse"}],
            "messages": refer_to_messages(EVENT_NAMES),
        },
    }


def describe_commands() -> Object:
    """Describe what clients may ask for."""
    channel = f"#/channels/{CONNECTION}"
    return {
        method: {
            "action": "receive",
            "channel": {"$ref": channel},
            "title": method,
            "summary": exchange.text,
            "messages": [{"$ref": f"{channel}/messages/{method}"}],
            "reply": {
                "channel": {"$ref": channel},
                "messages": [{"$ref": f"{channel}/messages/{name}"} for name in (f"{method}_reply", "error")],
            },
        }
        for method, exchange in EXCHANGES.items()
    }


def describe_pushes() -> Object:
    """Describe what the server sends of its own accord."""
    socket, stream = f"#/channels/{CONNECTION}", f"#/channels/{STREAM}"
    request = {"type": "string", "contentMediaType": "application/json", "description": "A connect request."}
    query = {"type": "object", "properties": {"cf_connect": request}}
    return {
        "push": {
            "action": "send",
            "channel": {"$ref": socket},
            "title": "Pushes",
            "messages": [{"$ref": f"{socket}/messages/{name}"} for name in PUSHES],
        },
        "ping": {
            "action": "send",
            "channel": {"$ref": socket},
            "title": "Ping",
            "messages": [{"$ref": f"{socket}/messages/ping"}],
            "reply": {"channel": {"$ref": socket}, "messages": [{"$ref": f"{socket}/messages/pong"}]},
        },
        "stream": {
            "action": "send",
            "channel": {"$ref": stream},
            "title": "Server-sent events",
            "messages": [{"$ref": f"{stream}/messages/{name}"} for name in EVENT_NAMES],
            "bindings": {"http": {"method": "GET", "query": query, "bindingVersion": "0.3.0"}},
        },
    }
