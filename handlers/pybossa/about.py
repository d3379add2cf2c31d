"""What documents say of PyBossa's dialect besides its operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from handlers.core.about import JSON_TYPE, About, Answer, Call, Group, Parameter, Refusal, Security
from handlers.core.rest.body import FORM_TYPE, MULTIPART_TYPE
from handlers.pybossa.answers import Enqueued, Failure, Moved, NotSignedIn, SignedOut
from handlers.pybossa.rules import BAD_CSRF, SENTENCES, Access

TEXT = """Every path is a page for people, and JSON where the query says `response_format=json` or the
request's Content-Type is `application/json`; Accept has no say. What redirects a browser answers programs
`{"next": path}`.

A credential is an API key (`Authorization: ApiKey <key>` or `?api_key=<key>`) or the session cookie. Every
POST also wants the CSRF token of any form that was got in the same session, as `X-CSRFToken`, from programs
with a key, too. A form that can't be taken comes back with status 200 and its errors."""
SCHEMES: Mapping[str, Mapping[str, Any]] = {
    "key": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "The word `ApiKey`, a blank, and the key; or the key alone.",
    },
    "query": {"type": "apiKey", "in": "query", "name": "api_key", "description": "The API key."},
    "session": {"type": "apiKey", "in": "cookie", "name": "session", "description": "From /account/signin."},
}
GROUPS = (
    Group("Community", "Who contributes.", ("/account",)),
    Group(
        "Registration", "Making an account, mailed links.", ("/account/register", "/account/confirm-email")
    ),
    Group("Signing in", "Sessions of browsers.", ("/account/signin", "/account/signout")),
    Group("Passwords", "Setting a new one by mail.", ("/account/forgot-password", "/account/reset-password")),
    Group(
        "People",
        "Pages of people, and one's own.",
        ("/account/{name}", "/account/profile"),
    ),
    Group("Newsletter", "Whether to get it.", ("/account/newsletter",)),
    Group("Files", "Avatars and exports.", ("/uploads/",)),
)
HTML_TYPE = "text/html"
KEYED = ("/register/confirmation", "/reset-password")


def fail(status: int, meaning: str, *texts: str, headers: tuple[str, ...] = ()) -> Refusal:
    """Describe a refusal in this dialect's shape."""
    template = f"{status if status in SENTENCES else 500}.html"
    said = texts or (SENTENCES[status],)
    bodies = {
        f"case {number}": {"code": status, "description": text, "template": template}
        for number, text in enumerate(said, 1)
    }
    return Refusal(meaning, Failure, bodies, headers)


SIGN_IN = Refusal("Nobody is signed in: the way there, for programs, too.", headers=("Location",))
ELSEWHERE = Refusal("What `next` tells programs: the way on, for browsers.", headers=("Location",))
BAD_HOST = fail(
    400,
    "The Host header names somebody else.",
    "this server does not answer to that host name (ALLOWED_HOSTS)",
)
BAD_POST = fail(400, "The body can't be read, or the CSRF token is missing.", BAD_CSRF, SENTENCES[400])
BAD_KEY = fail(403, "The link is wrong, too old, or was used.")
DENIED = fail(403, "It is somebody else's.")
NOT_FOUND = fail(404, "Nobody has this name, or there is nothing here.")
TOO_LARGE = fail(413, "The body is over MAX_BODY_BYTES; of an upload, over MAX_UPLOAD_BYTES.")
BAD_FORM = fail(415, "`btn` names none of the forms.")
OFTEN = fail(429, "Too often.", headers=("Retry-After",))
AWAY = fail(503, "Not now.", "Something went wrong on the server.", headers=("Retry-After",))
LIMITED = ("/register", "/signin", "/forgot-password", "/reset-password", "/update", "/confirm-email")


def is_file(call: Call) -> bool:
    """Tell whether a call sends a file."""
    return call.route.path.startswith("/uploads/")


def secure(call: Call) -> Security:
    """Name the credentials of a call; public pages show more to whoever is signed in."""
    if is_file(call):
        return []
    signed: list[Mapping[str, Sequence[str]]] = [{"key": []}, {"query": []}, {"session": []}]
    return signed if call.access not in {None, Access.EVERYONE} else [*signed, {}]


def refuse(call: Call) -> Mapping[int, Refusal]:
    """Say how a call refuses."""
    path, access = call.route.path, call.access
    found = {400: BAD_HOST, 503: AWAY}
    if leads_on(call):
        found[302] = ELSEWHERE
    if call.method == "POST":
        found |= {400: BAD_POST, 413: TOO_LARGE}
        if path.endswith(LIMITED):
            found[429] = OFTEN
    if path == "/account/confirm-email":
        found |= {404: NOT_FOUND, 429: OFTEN}
    if call.segments:
        found[404] = NOT_FOUND
    if path.endswith(KEYED):
        found[403] = BAD_KEY
    if access in {Access.SIGNED_IN, Access.OWNER, Access.OWNER_OR_ADMIN}:
        found[302] = SIGN_IN
        if access is not Access.SIGNED_IN:
            found[403] = DENIED
    if path.endswith("/update") and call.method == "POST":
        found[415] = BAD_FORM
    return found


def answer(call: Call) -> Answer:
    """Describe what a success is."""
    if is_file(call):
        return Answer(("application/octet-stream",), ("ETag",), "The bytes, of the type that the name tells.")
    media = (JSON_TYPE,) if path_is_json(call) else (JSON_TYPE, HTML_TYPE)
    return Answer(media, ("Cache-Control", "Vary", "Set-Cookie"))


def leads_on(call: Call) -> bool:
    """Tell whether a call sends browsers somewhere else."""
    answers = get_args(call.operation.returns) or (call.operation.returns,)
    return any(each in {Moved, SignedOut, NotSignedIn, Enqueued} for each in answers)


def path_is_json(call: Call) -> bool:
    """Tell whether a path answers in JSON, whoever asks."""
    return call.route.path.endswith("/resetapikey") and call.method == "GET"


def add(call: Call) -> Sequence[Parameter]:
    """Describe how programs ask for JSON, and what every POST has to show."""
    if is_file(call):
        return ()
    wanted: Parameter = {
        **{"name": "response_format", "in": "query", "example": "json"},
        "description": "json: an answer for programs.",
        "schema": {"type": "string", "enum": ["json"]},
    }
    token: Parameter = {
        **{"name": "X-CSRFToken", "in": "header", "required": call.method == "POST"},
        "description": "`form.csrf` of any answer in the same session.",
        "schema": {"type": "string"},
    }
    return (wanted, token) if call.method == "POST" else (wanted,)


def body_types(call: Call) -> Sequence[str]:
    """Name the types of bodies that are read; avatars come in multipart forms alone."""
    return (JSON_TYPE, FORM_TYPE, MULTIPART_TYPE)


ABOUT = About(
    TEXT,
    paths="/account…, /uploads/…",
    first_call="curl -s '{base}/account?response_format=json'",
    groups=GROUPS,
    schemes=SCHEMES,
    secure=secure,
    refuse=refuse,
    answer=answer,
    add=add,
    body_types=body_types,
    examples=Path(__file__).with_name("examples.json"),
)
