"""What documents say of the members' dialect besides its operations."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from handlers.core.about import About, Answer, Call, Group, Refusal, Security
from handlers.flux.answers import Failure, Signed
from handlers.flux.rules import Access

TEXT = """Bodies are one JSON object, whatever their Content-Type says; unknown keys are ignored. Answers are
JSON, with ObjectIds and dates in MongoDB's Extended JSON; times are Unix seconds.

A member's credential is the secret `s` in the body: 40 hexadecimal digits that come with the sign-up, by mail
or with a magic link. Calls about profiles want a token of `/api/v1/jwt_basic` instead. Every site may call
(CORS); cookies are not read.

A refusal is `{"error": text, "error_args": [text, …]}`; some calls answer 200 with `{"error": text}`
alone."""
TEXT_PLAIN, HTML_TYPE, JSON_TYPE = "text/plain", "text/html", "application/json"
PROFILES = "/api/v1/profile"
SCHEMES: Mapping[str, Mapping[str, Any]] = {
    "app": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A token of `/api/v1/jwt_basic`, for the calls about profiles alone.",
    },
}
UNKNOWN = (
    "cast_vote",
    "iiccot/getinfo",
    "give_role",
    "give_admin_role",
    "get_next_member",
    "phone_bank/report",
)
UNKNOWN_PEOPLE = ("report_validation", "mark_reliability", "become_volunteer", "iiccot/email", "/{kind}")
SIGN_UPS = ("register/initial_email", "register/all_at_once", "user_details")
MAGIC = "/api/v1/app/login_magic_link/{token}"


def both(*names: str) -> tuple[str, ...]:
    """Return the paths of calls that have an alias without /api/v0."""
    return tuple(prefix + name for name in names for prefix in ("/api/v0/", "/"))


GROUPS = (
    Group(
        "Members",
        "Signing up, one's own details, mailed links.",
        (
            *both("register/", "user_details", "email_secret_token", "send_user_details", "delete_user"),
            *("/api/v0/validate_email", "/api/v0/become_volunteer"),
        ),
    ),
    Group("Polls", "One vote a member; the last one counts.", ("/api/v0/iiccot/",)),
    Group("Figures", "Counters for everybody.", both("getinfo", "public_stats")),
    Group(
        "App",
        "Signing in to the app, phone numbers, feedback.",
        ("/api/v1/app", "/api/v1/send", "/api/v1/jwt"),
    ),
    Group("Profiles", "What members tell of themselves, by type of profile.", (PROFILES,)),
    Group("Addresses", "Suburbs and streets, for forms.", ("/api/v0/get_suburbs/", "/api/v0/get_streets/")),
    Group("Phone bank", "Whom to call next, and what came of it.", ("/api/v0/phone_bank/",)),
    Group("Roles", "Who may what.", ("/api/v0/get_roles", "/api/v0/give_", "/v2/user/", "/v2/admin/")),
    Group(
        "Administration",
        "Lists of members, and checks of their details.",
        (
            *both("validate_user_details", "report_validation", "all_members"),
            *("/api/v0/subset_members", "/api/v0/mark_reliability"),
        ),
    ),
    Group("Donations", "The public log, and the books.", ("/api/v1/anon_donation_log", "/v2/finance/")),
    Group(
        "Reports",
        "What clients report, and queues.",
        ("/api/v0/error/", "/api/v0/stats/", "/api/v0/queue_stats"),
    ),
)


def fail(meaning: str, *texts: str, headers: tuple[str, ...] = ()) -> Refusal:
    """Describe a refusal in this dialect's shape."""
    body = {"error": "; ".join(texts), "error_args": list(texts)}
    return Refusal(meaning, Failure, {"refused": body}, headers)


BAD_FIELDS = fail(
    "Unreadable, or fields with reasons.", "email: is not an e-mail address", "dobMonth: is not 1 to 12"
)
BAD_HOST = fail(
    "The Host header names somebody else.", "this server does not answer to that host name (ALLOWED_HOSTS)"
)
NO_SECRET = fail("The credential is missing or not good.", "auth failed")
DENIED = Refusal(
    "The credential is not good, or the role is missing.",
    Failure,
    {
        "credential": {"error": "auth failed", "error_args": ["auth failed"]},
        "role": {"error": "insufficient permissions", "error_args": ["insufficient permissions"]},
    },
)
NOT_FOUND = fail("There is nothing of that name.", "not found")
TAKEN = fail("The address is somebody's.", "email: there is an account with this address already")
TOO_LARGE = fail("The body is over MAX_BODY_BYTES.", "the body is over 1048576 bytes")
OFTEN = fail("Too often.", "too many requests; try again in 30 s", headers=("Retry-After",))
NO_GATEWAY = fail("The gateway for text messages failed.", "the message could not be sent")
AWAY = fail("Not now.", "too many requests; try again in 1 s", headers=("Retry-After",))


def needs_token(call: Call) -> bool:
    """Tell whether a call wants the app's token in place of the secret."""
    return call.route.path.startswith(PROFILES)


def secure(call: Call) -> Security:
    """Name the credentials that are headers; secrets in bodies are fields."""
    return [{"app": []}] if needs_token(call) else []


def beside(call: Call) -> Any:
    """Name what every body of a member's call holds."""
    return Signed if isinstance(call.access, Access) and not needs_token(call) else None


def refuse(call: Call) -> Mapping[int, Refusal]:
    """Say how a call refuses."""
    path, access = call.route.path, call.access
    found = {400: BAD_HOST, 503: AWAY}
    if call.takes is not None or call.operation.query is not None:
        found[400] = BAD_FIELDS
    if call.takes is not None:
        found[413] = TOO_LARGE
    if access is not None or path == MAGIC:
        found |= {403: DENIED if access is not None and access.role else NO_SECRET, 429: OFTEN}
    if call.operation.limits:
        found[429] = OFTEN
    if path.endswith((*UNKNOWN, *UNKNOWN_PEOPLE)) or "validate_email" in path:
        found[404] = NOT_FOUND
    if path.endswith(SIGN_UPS) and "send_" not in path:
        found[409] = TAKEN
    if path.endswith("phone_commit"):
        found[502] = NO_GATEWAY
    return found


def answer(call: Call) -> Answer:
    """Describe what a success is."""
    headers = ("Cache-Control",) if call.method == "POST" or call.route.path == MAGIC else ()
    if call.route.path.endswith(("v0/getinfo", "/getinfo")) and "iiccot" not in call.route.path:
        return Answer((JSON_TYPE, TEXT_PLAIN), ("Vary",), "The counters; as text unless Accept names JSON.")
    if "validate_email" in call.route.path:
        return Answer(
            (JSON_TYPE, HTML_TYPE), ("Vary",), "The address is verified; a page unless Accept names JSON."
        )
    return Answer(headers=headers)


ABOUT = About(
    TEXT,
    paths="/api/v0/…, /api/v1/app/…, /v2/…",
    first_call="curl -s {base}/api/v0/iiccot/getinfo",
    groups=GROUPS,
    schemes=SCHEMES,
    secure=secure,
    refuse=refuse,
    answer=answer,
    beside=beside,
    examples=Path(__file__).with_name("examples.json"),
)
