"""All that channels and connections carry: messages with their schemas, each schema under one name."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from pydantic import TypeAdapter

from handlers.core.declaration import Credential, Declaration, Declared, Withdrawn
from handlers.core.exchanges import EXCHANGES, PUSHES, STREAM_ENDS, Exchange, Push
from handlers.core.field_tables import Schemas
from handlers.core.protocol_schemas import ErrorBody
from realtime.channels import Namespace, Organised, StreamNamespace
from realtime.codes import ErrorCode

Object = dict[str, Any]
Mode = Literal["validation", "serialization"]

TEMPLATE = "#/components/schemas/{model}"
PONG: Object = {"type": "object", "maxProperties": 0}


class Catalogue:
    """The declarations with their schemas, each schema under one name."""

    def __init__(self, namespaces: Iterable[Namespace]) -> None:
        self.declared = [
            (each, space)
            for space in namespaces
            if isinstance(space, Declared)
            for each in space.declarations
        ]
        self._schemas, self.definitions = gather_schemas(tuple(each for each, _ in self.declared))

    def channels(self) -> Object:
        """Describe the channels that carry data."""
        return {each.key: self._channel(each, space) for each, space in self.declared}

    def _channel(self, declared: Declaration, space: Namespace) -> Object:
        described = {
            "address": declared.address,
            "title": declared.title,
            "summary": declared.text,
            "description": f"Who may subscribe: {declared.audience}.",
            "messages": refer_to_messages(dict.fromkeys(self._own_messages(declared))),
            "x-kind": "stream" if isinstance(space, StreamNamespace) else "state",
            "x-audience": declared.audience,
            "x-presence": isinstance(space, Organised),
        }
        parameters = {
            name: {"description": each.text, "examples": [each.example]}
            for name, each in declared.parameters.items()
        }
        return {**described, "parameters": parameters} if parameters else described

    def messages(self) -> Object:
        """Describe what the channels carry."""
        return {name: found for each, _ in self.declared for name, found in self._own_messages(each).items()}

    def _own_messages(self, declared: Declaration) -> Object:
        schema = self._schemas[declared.key]
        found = {declared.key: describe_message(declared.title, declared.text, schema, declared.examples)}
        if declared.withdraws:
            text = "What stands in the history where something was taken back."
            found["withdrawn"] = describe_message(
                "Withdrawn", text, self._schemas["withdrawn"], ({"deleted": True},)
            )
        return found

    def operations(self, credentials: Sequence[Credential]) -> Object:
        """Describe what the server does on the channels: it publishes."""
        return {f"publish_{each.key}": self._publish(each, credentials) for each, _ in self.declared}

    def _publish(self, declared: Declaration, credentials: Sequence[Credential]) -> Object:
        channel = f"#/channels/{declared.key}"
        found = {
            "action": "send",
            "channel": {"$ref": channel},
            "title": declared.title,
            "summary": declared.text,
            "messages": [{"$ref": f"{channel}/messages/{name}"} for name in self._own_messages(declared)],
        }
        security = [
            {"$ref": f"#/components/securitySchemes/{name}"} for name in describe_credentials(credentials)
        ]
        return {**found, "security": security} if declared.account else found

    def frames(self) -> Object:
        """Describe the protocol's own messages."""
        found: Object = {"ping": describe_message("Ping", "The server's ping.", PONG, ({},))}
        found["pong"] = describe_message("Pong", "The client's answer to a ping.", PONG, ({},))
        for method, exchange in EXCHANGES.items():
            found[method] = self._command(method, exchange)
            found[f"{method}_reply"] = self._reply(method, exchange)
        refusal = {"code": 103, "message": ErrorCode.PERMISSION_DENIED.text}
        schema = wrap({"id": NUMBER, "error": self._schemas["error"]})
        found["error"] = describe_message(
            "Error", "A command was refused.", schema, ({"id": 2, "error": refusal},)
        )
        for name, push in {**PUSHES, **STREAM_ENDS}.items():
            schema, example = self._push(name, push), push.example
            if name in PUSHES:
                wrapped = wrap({"push": schema})
                found[name] = describe_message(push.title, push.text, wrapped, ({"push": example},))
            found[name_event(name)] = describe_message(f"Event: {push.title}", push.text, schema, (example,))
        return found

    def _command(self, method: str, exchange: Exchange) -> Object:
        schema = wrap({"id": NUMBER, method: self._schemas[f"{method}.request"]})
        return describe_message(method, exchange.text, schema, ({"id": 2, method: exchange.asked},))

    def _reply(self, method: str, exchange: Exchange) -> Object:
        schema = wrap({"id": NUMBER, method: self._schemas[f"{method}.result"]})
        text = f"The answer to {method}."
        return describe_message(f"{method}: reply", text, schema, ({"id": 2, method: exchange.told},))

    def _push(self, name: str, push: Push) -> Object:
        inner = {push.field: self._schemas[name]}
        return wrap({"channel": {"type": "string"}, **inner} if push.of_channel else inner)


NUMBER: Object = {"type": "integer", "minimum": 1, "description": "The client's own; the reply repeats it."}


def name_event(push: str) -> str:
    """Name the message that is a push in a stream of events, where it goes without its wrapper."""
    return f"{push}_event"


def wrap(properties: Object) -> Object:
    """Return the schema of an object with exactly these fields."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def describe_message(title: str, text: str, payload: Object, examples: Iterable[Any]) -> Object:
    """Describe a message."""
    return {
        "title": title,
        "summary": text,
        "contentType": "application/json",
        "payload": payload,
        "examples": [{"payload": each} for each in examples],
    }


def refer_to_messages(names: Iterable[str]) -> Object:
    """Return the messages of a channel."""
    return {name: {"$ref": f"#/components/messages/{name}"} for name in names}


@functools.cache
def gather_schemas(declared: tuple[Declaration, ...]) -> tuple[Mapping[str, Object], Mapping[str, Object]]:
    """Make all schemas together, so that each has one name: payloads by what they are of, and components."""
    types: dict[str, Any] = {each.key: each.message for each in declared}
    types |= {f"{method}.request": each.request for method, each in EXCHANGES.items()}
    types |= {f"{method}.result": each.result for method, each in EXCHANGES.items()}
    types |= {name: each.shape for name, each in {**PUSHES, **STREAM_ENDS}.items()}
    types |= {"error": ErrorBody, "withdrawn": Withdrawn}
    mode: Mode = "serialization"
    inputs = [(name, mode, TypeAdapter(each)) for name, each in types.items()]
    found, rest = TypeAdapter.json_schemas(inputs, ref_template=TEMPLATE, schema_generator=Schemas)
    return {name: schema for (name, _), schema in found.items()}, rest.get("$defs", {})


def describe_credentials(credentials: Sequence[Credential]) -> Object:
    """Describe what opens a connection as somebody."""
    text = "The hub's own, from POST /connection/token with any of the others; as connect.token."
    own = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": text}
    return {"connection_token": own, **{each.key: describe_credential(each) for each in credentials}}


def describe_credential(credential: Credential) -> Object:
    """Describe one kind of credential."""
    if credential.cookie:
        place = {"type": "httpApiKey", "in": "cookie", "name": credential.spelling}
        return {**place, "description": credential.text}
    text = f"{credential.spelling}: {credential.text} As a header, or as connect.token."
    if credential.word == "bearer":
        return {"type": "http", "scheme": "bearer", "description": text}
    return {"type": "httpApiKey", "in": "header", "name": "Authorization", "description": text}
