"""What documents say of Klub besides its operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from handlers.core.about import JSON_TYPE, About, Answer, Call, Group, Refusal, Security
from handlers.core.rest.about import OFTEN, refuse_inputs, say
from handlers.core.rest.body import FORM_TYPE, MULTIPART_TYPE
from handlers.core.rest.words import NOT_PROVIDED
from handlers.klub.access import Access
from handlers.klub.edit_profile import NO_BIRTH_DATE
from handlers.klub.paging import NO_PAGE, PageQuery
from handlers.klub.payments import NO_CHANNEL, NO_EMAIL, NO_PAYMENT
from handlers.klub.pdfs import UNKNOWN, UNPAID
from handlers.klub.team import OUTSIDE
from storage.klub.oauth import SCOPES

TEXT = """Bodies are JSON or forms; answers are JSON. Readers who forget the last slash of a path are sent on.

Users sign calls with an access token (Authorization: Bearer …, from /api/token/), partners' apps with a
token of theirs (from /api/o/token/). A list is either a page (count, next, previous, results; with page and
page_size in the query) or a bare array. Every GET is a page of its own in a browser."""
SCHEMES: Mapping[str, Mapping[str, Any]] = {
    "user": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token of `/api/token/`; good for five minutes.",
    },
    "password": {
        "type": "http",
        "scheme": "basic",
        "description": "A user name or e-mail address, and the password.",
    },
    "knowme": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "Know Me's credential: the word `Token`, a blank, and the key of `/auth/login/`.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "session",
        "description": "A session of /account/signin, for reading; writing needs its CSRF token besides.",
    },
    "app": {
        "type": "oauth2",
        "flows": {
            "clientCredentials": {"tokenUrl": "/api/o/token/", "scopes": {scope: scope for scope in SCOPES}}
        },
    },
}
GROUPS = (
    Group("Tokens", "For users and for partners' apps.", ("/api/token/", "/api/o/")),
    Group(
        "Registration",
        "Making an account; setting a password by mail.",
        ("/api/register", "/api/reset_password"),
    ),
    Group(
        "Public",
        "What everybody may read.",
        ("/api/bronto/", "/api/event/", "/api/administrative_unit/", "/api/interaction-type/"),
    ),
    Group(
        "Events",
        "Making events, and organizing them.",
        ("/api/frontend/event", "/api/frontend/organized_events/"),
    ),
    Group("Attendance", "Who takes part.", ("/api/frontend/my_events/", "/api/frontend/attendees/")),
    Group(
        "Sign-up by partners",
        "For people who may have no account yet.",
        ("/api/sign_up_for_event/", "/api/volunteer/", "/api/apply_for_membership/"),
    ),
    Group(
        "People",
        "The caller, and whom organizers may see.",
        ("/api/frontend/whoami", "/api/frontend/users/", "/api/frontend/edit_userprofile/"),
    ),
    Group(
        "Organizing",
        "Places, positions, teams.",
        (
            *("/api/frontend/", "/api/frontend/event_org", "/api/frontend/event_organization_position/"),
            *("/api/frontend/event-type/", "/api/frontend/location"),
        ),
    ),
    Group(
        "Payments",
        "Donors, what they pay, and with which symbol.",
        (
            *("/api/check_", "/api/userprofile/", "/api/companyprofile/", "/api/interaction/"),
            "/api/create_credit_card_payment/",
        ),
    ),
    Group("Files", "Documents for donors, photos.", ("/api/pdf_storage/", "/upload/")),
    Group("Reference", "This.", ("/api/docs/",)),
)
PDF, PICTURE, HTML_TYPE = "application/pdf", "image/*", "text/html"
BAD_TOKEN = {
    "detail": "Given token not valid for any token type",
    "code": "token_not_valid",
    "messages": [
        {"token_class": "AccessToken", "token_type": "access", "message": "Token is invalid or expired"}
    ],
}
NOT_ALLOWED = {"detail": "You do not have permission to perform this action."}
NO_ACCOUNT = say(
    "The name, the password or the token is not good.",
    "No active account found with the given credentials",
    headers=("WWW-Authenticate",),
)
SPENT = say("The token is not good.", "Token is invalid or expired", headers=("WWW-Authenticate",))
BAD_CLIENT = Refusal(
    "The app is not known, or its secret is wrong.",
    dict[str, str],
    {"client": {"error": "invalid_client"}},
    ("WWW-Authenticate", "Cache-Control"),
)
BAD_GRANT = Refusal(
    "Something else than client credentials, or a scope that the app does not have.",
    dict[str, str],
    {
        "grant": {"error": "unsupported_grant_type"},
        "scope": {"error": "invalid_scope"},
        "request": {"error": "invalid_request"},
    },
    ("Cache-Control",),
)
FORM = say("No acceptable form of the answer.", "Could not satisfy the request Accept header.")
NOT_PAID = Refusal("What is due was not paid.")
USED_UP = Refusal(
    "The link is wrong, too old, or was used: an empty body. Or a credential was sent that is not good.",
    dict[str, Any],
    {"token": BAD_TOKEN},
)
DIFFERENT = say("The passwords differ.", "Passoword 1 and 2 doesnt match")
UNAUTHENTICATED: Mapping[str, Refusal] = {
    "/api/token/": NO_ACCOUNT,
    "/api/token/refresh/": SPENT,
    "/api/o/token/": BAD_CLIENT,
    "/api/o/revoke_token/": BAD_CLIENT,
    "/api/o/introspect/": BAD_CLIENT,
}
# Where the event that somebody has to manage is named in the query, or what else callers must know.
HERE: Mapping[str, Mapping[str, str]] = {
    "/api/frontend/event_orgteam/": OUTSIDE,
    "/api/frontend/attendees/": OUTSIDE,
    "/api/frontend/edit_userprofile/": NO_BIRTH_DATE,
}
NO_EVENT = {"detail": "Not found."}
MISSING: Mapping[tuple[str, str], Sequence[Mapping[str, str]]] = {
    ("POST", "/api/check_last_payments/"): (NO_CHANNEL, NO_PAYMENT),
    ("POST", "/api/create_credit_card_payment/"): (NO_EMAIL, NO_CHANNEL),
    ("GET", "/api/pdf_storage/pdf_file/{pdf}/"): (UNKNOWN, UNPAID),
    ("GET", "/api/frontend/attendees/"): (NO_EVENT,),
    ("GET", "/api/frontend/event_orgteam/"): (NO_EVENT,),
    ("POST", "/api/frontend/event_orgteam/"): (NO_EVENT,),
}


def is_file(call: Call) -> bool:
    """Tell whether a call sends a file."""
    return call.route.path.startswith("/upload/")


def identifies(call: Call) -> bool:
    """Tell whether a call looks at the credential that is sent."""
    return bool(getattr(call.route.handler, "identifies", False))


def secure(call: Call) -> Security:
    """Name the credentials of a call."""
    access = call.access
    if not isinstance(access, Access) or access.public:
        return []
    users: list[Mapping[str, Sequence[str]]] = [
        {name: ()} for name in ("user", "password", "knowme", "session")
    ]
    writing = "read" if call.method == "GET" else "write"
    return [*users, {"app": [access.scope, writing]}] if access.scope is not None else users


def forbid(access: Any, path: str) -> Refusal:
    """Describe the refusal of callers: even public paths refuse a bad credential."""
    shape = dict[str, Any]
    here = {f"not allowed at {start}": body for start, body in HERE.items() if path.startswith(start)}
    if not isinstance(access, Access) or access.public:
        return Refusal("The credential that was sent is not good.", shape, {"token": BAD_TOKEN})
    usual = {"no credential": {"detail": NOT_PROVIDED}, "not allowed": NOT_ALLOWED}
    found = usual if access.refusal is None else {"not allowed here": access.refusal}
    return Refusal("The caller may not.", shape, {**found, **here, "token": BAD_TOKEN})


def miss(call: Call) -> Sequence[str]:
    """Say what else than the object in the path a call may miss."""
    query = call.operation.query
    paged = query is not None and issubclass(query, PageQuery)
    missing = [*MISSING.get((call.method, call.route.path), ()), *([NO_PAGE] if paged else ())]
    return [body["detail"] for body in missing]


def refuse(call: Call) -> Mapping[int, Refusal]:
    """Say how a call refuses."""
    path = call.route.path
    found = dict(refuse_inputs(call))
    if (unauthenticated := UNAUTHENTICATED.get(path)) is not None:
        found[401] = unauthenticated
    elif identifies(call):
        found[403] = forbid(call.access, path)
    if path.startswith("/api/o/"):
        found[400] = BAD_GRANT
    if identifies(call) or path == "/api/token/":
        found[429] = OFTEN  # wrong passwords are counted wherever they are sent
    if missing := miss(call):
        found[404] = say("It does not exist, or not what was asked for.", *missing)
    if path == "/api/check_last_payment/":
        found[404] = NOT_PAID
    if path.endswith("/{uid}/{token}/"):
        found |= {403: USED_UP, 404: DIFFERENT}
    if call.method == "GET" and not is_file(call) and path != "/api/docs/":
        found[406] = FORM
    return found


def answer(call: Call) -> Answer:
    """Describe what a success is."""
    if is_file(call):
        kind = PDF if "pdf" in call.route.path else PICTURE
        return Answer((kind,), ("ETag",), "The bytes, of the type that the name tells.")
    headers = ("Cache-Control",) if call.route.path == "/api/o/token/" else ()
    kinds = (JSON_TYPE,) if call.operation.returns is not None or call.route.path == "/api/docs/" else ()
    return Answer((*kinds, HTML_TYPE) if call.method == "GET" else kinds, headers)


def body_types(call: Call) -> Sequence[str]:
    """Name the types of bodies that are read."""
    return (JSON_TYPE, FORM_TYPE, MULTIPART_TYPE)


ABOUT = About(
    TEXT,
    paths="/api/…, /upload/…",
    first_call="curl -s {base}/api/bronto/event/",
    groups=GROUPS,
    schemes=SCHEMES,
    secure=secure,
    refuse=refuse,
    answer=answer,
    body_types=body_types,
    examples=Path(__file__).with_name("examples.json"),
)
