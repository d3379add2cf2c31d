"""What documents say of the Comics dialect besides its operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from handlers.comics.answers import ErrorMessage, ErrorText
from handlers.comics.credentials import Access
from handlers.comics.errors import CANNED, INVALID_JSON, NO_COMIC
from handlers.comics.fields import Field, Resource
from handlers.comics.lists import ListHandler
from handlers.core.about import JSON_TYPE, About, Answer, Call, Group, Parameter, Refusal, Security

TEXT = """Answers come as JSON, JSONP, XML, YAML or binary plist: as `format` or `Accept` says. A credential
is a secret key, as `Authorization: Key <key>` or `?key=<key>`; e-mail and password (Basic) open
`/api/v1/users/` alone, where the key can be asked for. Cookies are not read.

Lists take `limit` (0: everything), `offset` and filters: a field's name, or `field__lookup`, across relations
`comic__field__lookup` and `images__field__lookup`. Parameters that begin with no field's name are ignored."""
SCHEMES: Mapping[str, Mapping[str, Any]] = {
    "key": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "The word `Key` (or `Bearer`), a blank, and the secret key.",
    },
    "query": {"type": "apiKey", "in": "query", "name": "key", "description": "The secret key."},
    "password": {
        "type": "http",
        "scheme": "basic",
        "description": "E-mail address and password of any dialect; only for the users resource.",
    },
}
GROUPS = (
    Group("Resources", "Which resources there are.", ("/api/v1/",)),
    Group("Comics", "What is published at all.", ("/api/v1/comics/",)),
    Group("Releases", "What was published when.", ("/api/v1/releases/",)),
    Group("Images", "The images of releases, and their files.", ("/api/v1/images/", "/media/comics/")),
    Group("Subscriptions", "Which comics the caller follows.", ("/api/v1/subscriptions/",)),
    Group("Users", "The caller, and the key.", ("/api/v1/users/",)),
)
FORMATS = {
    "json": JSON_TYPE,
    "jsonp": "text/javascript",
    "xml": "application/xml",
    "yaml": "text/yaml",
    "plist": "application/x-plist",
}
REGRET = {"sorry": {"error_message": CANNED}}
BAD_QUERY = Refusal(
    "A filter, a page, a callback or a body that means nothing, in the format of the answer.",
    ErrorText,
    {
        "filter": {"error": "The 'rights' field does not allow filtering."},
        "page": {"error": "Invalid limit 'x' provided. Please provide a positive integer."},
        "callback": {"error": "JSONP callback name is invalid."},
    },
)
BAD_BODY = Refusal(
    "The body means nothing.",
    ErrorText,
    {"unreadable": {"error": INVALID_JSON}, "no comic": {"error": NO_COMIC}},
)
NO_KEY = Refusal("There is no key, or none that is good.")
NO_CREDENTIAL = Refusal("There is no key and no password that is good.", headers=("WWW-Authenticate",))
NOT_FOUND = Refusal("It does not exist, or is somebody else's.")
TOO_LARGE = Refusal("The body is over MAX_BODY_BYTES.", ErrorMessage, REGRET)
BAD_TYPE = Refusal("The body says that it is no JSON.", ErrorMessage, REGRET)
OFTEN = Refusal("Too many wrong passwords.", headers=("Retry-After",))
TWICE = Refusal("The caller follows this comic already.", ErrorMessage, REGRET)
AWAY = Refusal(
    "The filter takes too long, or the server is busy.", ErrorMessage, REGRET, headers=("Retry-After",)
)


def is_file(call: Call) -> bool:
    """Tell whether a call sends a file."""
    return call.route.path.startswith("/media/")


def secure(call: Call) -> Security:
    """Name the credentials of a call."""
    keys: list[Mapping[str, Sequence[str]]] = [{"key": []}, {"query": []}]
    return [] if call.access is None else keys if call.access is Access.KEY else [*keys, {"password": []}]


def refuse(call: Call) -> Mapping[int, Refusal]:
    """Say how a call refuses."""
    found = {400: BAD_QUERY if call.takes is None else BAD_BODY, 503: AWAY}
    if call.access is not None:
        found[401] = NO_KEY if call.access is Access.KEY else NO_CREDENTIAL
    if call.access is Access.KEY_OR_PASSWORD:
        found[429] = OFTEN
    if call.segments or call.method == "PATCH":
        found[404] = NOT_FOUND
    if call.takes is not None:
        found |= {413: TOO_LARGE, 415: BAD_TYPE, 500: TWICE}
    return found


def answer(call: Call) -> Answer:
    """Describe what a success is."""
    if is_file(call):
        return Answer(("image/*",), ("ETag",), "The bytes, of the type that the name tells.")
    if call.method == "POST":
        return Answer((), ("Location",), "The caller follows the comic now.")
    if call.method != "GET":
        return Answer((), (), "It is done." if call.method != "PATCH" else "All of it is done.")
    return Answer(tuple(FORMATS.values()), ("Vary",))


def add(call: Call) -> Sequence[Parameter]:
    """Describe the parameters of an answer in a format, and those of lists."""
    if call.method != "GET" or is_file(call):
        return ()
    handler = call.route.handler
    listing = list_parameters(handler.resource) if issubclass(handler, ListHandler) else ()
    return (*FORMAT_PARAMETERS, *listing)


def parameter(name: str, kind: str, text: str, **schema: Any) -> Parameter:
    """Describe a parameter of the query."""
    return {"name": name, "in": "query", "description": text, "schema": {"type": kind, **schema}}


def list_parameters(resource: Resource) -> Sequence[Parameter]:
    """Describe the parameters of a list."""
    filters = [describe_filter(each) for each in resource.fields.values() if each.kind is not None]
    if resource.by_subscription:
        filters.append(
            parameter(
                "subscribed", "string", "Only what the caller follows, or does not.", enum=["true", "false"]
            )
        )
    return (
        parameter("limit", "integer", "How many; 0: everything.", minimum=0, default=20),
        parameter("offset", "integer", "How many to leave out first.", minimum=0, default=0),
        *filters,
    )


def describe_filter(field: Field) -> Parameter:
    """Describe the filters by a field."""
    lookups = ", ".join(f"`{field.name}__{lookup.value}`" for lookup in sorted(field.lookups))
    text = f"Also {lookups}." if len(field.lookups) > 1 else "By equality alone."
    if field.related is not None:
        text = f"An id of {field.related}. {text} Across: `{field.name}__<field>__<lookup>`."
    return parameter(field.name, "string", text)


FORMAT_PARAMETERS = (
    parameter("format", "string", "The format, whatever Accept says.", enum=list(FORMATS)),
    parameter("callback", "string", "What JSONP calls; makes it the format where none is named."),
)
ABOUT = About(
    TEXT,
    paths="/api/v1/…, /media/comics/…",
    first_call="curl -s -u <address>:<password> {base}/api/v1/users/",
    groups=GROUPS,
    schemes=SCHEMES,
    secure=secure,
    refuse=refuse,
    answer=answer,
    add=add,
    examples=Path(__file__).with_name("examples.json"),
)
