"""What documents say of Know Me besides its operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from handlers.core.about import JSON_TYPE, About, Answer, Call, Group, Refusal, Security
from handlers.core.rest.about import OFTEN, FieldReasons, refuse_inputs, say
from handlers.core.rest.body import FORM_TYPE, MULTIPART_TYPE
from handlers.core.rest.words import NOT_PROVIDED, WHOLE
from handlers.knowme.rules import Access
from handlers.knowme.schemas import MediaBody

TEXT = """Bodies are JSON or forms, answers JSON. A credential is `Authorization: Token <key>` from
`/auth/login/`; a bad one is refused with 403 on every path, public ones included. What belongs to another
account answers 404 like what does not exist. Lists are bare arrays by id. Every site may call (CORS); cookies
are not read.

The tree: an account has one Know Me user, that has profiles, these topics, these items, with either image
content or a list of entries."""
SCHEMES: Mapping[str, Mapping[str, Any]] = {
    "token": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "The word `Token`, a blank, and the key of `/auth/login/`.",
    }
}
GROUPS = (
    Group("Signing in", "Registration, tokens, Layer's identity tokens.", ("/auth/",)),
    Group("Account", "Names, passwords, proofs of addresses.", ("/account/",)),
    Group("Addresses", "The account's e-mail addresses; one is the primary one.", ("/account/emails/",)),
    Group("Users", "The Know Me user of the account.", ("/know-me/users/",)),
    Group(
        "Profiles",
        "What a person shows of themselves.",
        ("/know-me/profiles/", "/know-me/users/{user}/profiles/"),
    ),
    Group("Topics", "What a profile is about.", ("/know-me/topics/", "/know-me/profiles/{profile}/topics/")),
    Group(
        "Items",
        "What a topic holds: images, or lists of entries.",
        ("/know-me/items/", "/know-me/topics/{topic}/items/", "/know-me/list-entries/"),
    ),
    Group("Gallery", "Files with names.", ("/know-me/users/{user}/gallery/", "/know-me/media", "/media/")),
    Group(
        "Emergency",
        "What to know, and whom to call.",
        (
            *("/know-me/users/{user}/emergency-items/", "/know-me/emergency-items/"),
            *("/know-me/users/{user}/emergency-contacts/", "/know-me/emergency-contacts/"),
        ),
    ),
)
TRIES = ("login", "verify-email", "change-password", "reset-password")
BAD_TOKENS = (
    *("Invalid token.", "Invalid token header. No credentials provided."),
    *("Invalid token header. Token string should not contain spaces.", "User inactive or deleted."),
)
BAD_TOKEN = say("The token that was sent is not good.", *BAD_TOKENS)
NO_TOKEN = say("There is no token, or none that is good.", NOT_PROVIDED, *BAD_TOKENS)
SIGNED_IN = say("Somebody is signed in.", "This view requires the user to NOT be authenticated.", *BAD_TOKENS)
PRIMARY = Refusal(
    "The primary address stays.",
    FieldReasons,
    {
        "primary": {
            WHOLE: "This email address cannot be deleted because it is the primary email for the account."
        }
    },
)
NO_LAYER = say("There is no key to sign with, or the server is busy.", "Layer is not configured.")
CREDENTIALS: Mapping[Access, Refusal] = {
    Access.PUBLIC: BAD_TOKEN,
    Access.SIGNED_IN: NO_TOKEN,
    Access.ANONYMOUS: SIGNED_IN,
}


def is_file(call: Call) -> bool:
    """Tell whether a call sends a file."""
    return call.route.path.startswith("/media/")


def secure(call: Call) -> Security:
    """Name the credentials of a call; that of a key in the body is not needed."""
    if call.route.path == "/account/change-password/":
        return [{"token": []}, {}]
    return [{"token": []}] if call.access is Access.SIGNED_IN else []


def refuse(call: Call) -> Mapping[int, Refusal]:
    """Say how a call refuses."""
    found = dict(refuse_inputs(call))
    found[403] = CREDENTIALS[call.access]
    if any(word in call.route.path for word in TRIES):
        found[429] = OFTEN
    if (call.method, call.route.path) == ("DELETE", "/account/emails/{mailbox}/"):
        found[409] = PRIMARY
    if call.route.path == "/auth/layer/":
        found[503] = NO_LAYER
    return found


def answer(call: Call) -> Answer:
    """Describe what a success is."""
    if is_file(call):
        return Answer(("application/octet-stream",), ("ETag",), "The bytes, of the type that the name tells.")
    shape = getattr(call.operation.returns, "__dataclass_fields__", {})
    return Answer(headers=("Location",) if call.operation.status == 201 and "url" in shape else ())


def body_types(call: Call) -> Sequence[str]:
    """Name the types of bodies that are read; files come in multipart forms alone."""
    if isinstance(call.takes, type) and issubclass(call.takes, MediaBody):
        return (MULTIPART_TYPE, JSON_TYPE)
    return (JSON_TYPE, FORM_TYPE, MULTIPART_TYPE)


ABOUT = About(
    TEXT,
    paths="/auth/…, /account/…/, /know-me/…, /media/…",
    first_call="curl -s {base}/auth/login/ -d username=<address> -d password=<password>",
    groups=GROUPS,
    schemes=SCHEMES,
    secure=secure,
    refuse=refuse,
    answer=answer,
    body_types=body_types,
    examples=Path(__file__).with_name("examples.json"),
)
