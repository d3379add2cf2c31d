"""What documents say of the site besides its operations."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from handlers.core.about import JSON_TYPE, About, Answer, Call, Group, Refusal, Security
from handlers.site.admin.rules import Access
from handlers.site.answers import Failure, Unfit

TEXT = """Pages for people, the doors of the live hub, documents, and what watches the server. Errors are
`{"error": text}`, for browsers a small page. The hub's own protocol is in the AsyncAPI document."""
SCHEMES: Mapping[str, Mapping[str, Any]] = {
    "any": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "That of any dialect: `Token …`, `Bearer …`, `Key …`, `ApiKey …`, `Flux <s>`.",
    }
}
GROUPS = (
    Group("Pages", "For people.", ("/",)),
    Group("Live hub", "Where clients connect, and tokens.", ("/connection/", "/nonces", "/sessions")),
    Group("Watching", "For load balancers and monitoring.", ("/healthz", "/metrics")),
    Group("Documents", "What is served.", ("/docs", "/openapi/", "/asyncapi.json")),
    Group("Administration", "For superusers.", ("/admin",)),
    Group("Demonstration", "Only where demo data is.", ("/demo/",)),
)
HTML_TYPE, TEXT_PLAIN, EVENTS = "text/html", "text/plain", "text/event-stream"
TOKENS = "/connection/token"
SPECIAL: Mapping[str, str] = {
    "/metrics": TEXT_PLAIN,
    "/connection/uni_sse": EVENTS,
    "/docs/ui/{file}": "text/javascript",
    "/admin/api/integrity": "application/x-ndjson",
}
CONTRADICTED = ("/admin/api/people/{number}/", "/admin/api/polls", "/retry", "/admin/api/integrity")


def fail(meaning: str, text: str, headers: tuple[str, ...] = ()) -> Refusal:
    """Describe a refusal in this dialect's shape."""
    return Refusal(meaning, Failure, {"refused": {"error": text}}, headers)


BAD_HOST = fail(
    "The Host header names somebody else.", "this server does not answer to that host name (ALLOWED_HOSTS)"
)
BAD_BODY = fail("The body can't be read.", "the body must be JSON")
NO_CREDENTIAL = fail(
    "There is no credential, or none that is good.", "send the credential of any dialect as Authorization"
)
BAD_TOKEN = Refusal(
    "The identity token is not good, or its nonce is spent; a fresh one comes along.",
    dict[str, Any],
    {"refused": {"id": "authentication_required", "data": {"nonce": "5f0c9a41d2e7b8361c40aa17d2e7b836"}}},
)
OTHER_ORIGIN = fail("The page that asks is of another site.", "this origin may not connect")
NOT_FOUND = fail("There is nothing of that name.", "not found")
TOO_LARGE = fail("The body is over MAX_BODY_BYTES.", "the body is over 1048576 bytes")
AWAY = fail("Not now.", "too many requests; try again in 1 s", ("Retry-After",))
NOT_SUPERUSER = fail("The caller is no superuser.", "only superusers may do this")
UNFIT = Refusal(
    "The query, or a field of the body, is not as described.",
    Unfit,
    {"refused": {"error": "invalid", "fields": {"before": "must be an integer"}}},
)
CONTRADICTION = fail(
    "What is there already contradicts it.", "there is a poll 1 already; extend it, or take another number"
)
UNHEALTHY = Refusal(
    "The database does not answer.", dict[str, str], {"refused": {"status": "the database does not answer"}}
)


def secure(call: Call) -> Security:
    """Name the credentials of a call."""
    if call.route.path == TOKENS or call.access is Access.SUPERUSER:
        return [{"any": []}]
    return [{"any": []}, {}] if call.route.path == "/connection/uni_sse" else []


def refuse(call: Call) -> Mapping[int, Refusal]:
    """Say how a call refuses."""
    path = call.route.path
    if path in {"/healthz", "/metrics"}:
        return {503: UNHEALTHY} if path == "/healthz" else {}
    found = {400: BAD_HOST if call.takes is None else BAD_BODY, 503: AWAY}
    if call.takes is not None:
        found[413] = TOO_LARGE
    if call.segments:
        found[404] = NOT_FOUND
    if path == TOKENS:
        found[401] = NO_CREDENTIAL
    if path == "/sessions":
        found[401] = BAD_TOKEN
    if path == "/connection/uni_sse":
        found[403] = OTHER_ORIGIN
    if call.access is Access.SUPERUSER:
        found |= refuse_to_administrate(call)
    return found


def refuse_to_administrate(call: Call) -> Mapping[int, Refusal]:
    """Say how a call of the administrators' refuses besides."""
    found = {401: NO_CREDENTIAL, 403: NOT_SUPERUSER}
    if call.takes is not None or call.operation.query is not None:
        found[400] = UNFIT
    if call.method == "POST" and any(each in call.route.path for each in CONTRADICTED):
        found[409] = CONTRADICTION
    return found


def answer(call: Call) -> Answer:
    """Describe what a success is: a page, where nothing else is said."""
    if (media := SPECIAL.get(call.route.path)) is not None:
        return Answer((media,), ("Cache-Control",))
    if call.operation.returns is not None or call.route.path.endswith(".json"):
        return Answer((JSON_TYPE,), ("Cache-Control",))
    return Answer((HTML_TYPE,))


ABOUT = About(
    TEXT,
    paths="/, /connection/…, /healthz",
    first_call="curl -s {base}/healthz",
    groups=GROUPS,
    schemes=SCHEMES,
    secure=secure,
    refuse=refuse,
    answer=answer,
    examples=Path(__file__).with_name("examples.json"),
)
