"""Members, polls, phone bank and app sign-in: the dialect of the members' app and pages."""

from __future__ import annotations

from handlers.core.dialect import Dialect
from handlers.flux import members, polls, roles, statistics
from handlers.flux.live import describe_live
from handlers.flux.rules import FluxNotFound

ALIASES = (
    *("getinfo", "public_stats", "user_details", "email_secret_token", "send_user_details"),
    *("register/initial_email", "register/all_at_once", "delete_user"),
    *("validate_user_details", "report_validation", "all_members"),
)

DIALECT = Dialect(
    name="flux",
    title="Flux: members, polls, phone bank",
    claims=("/api/v0/", "/api/v1/app/", "/api/v1/app_rego/", "/v2/", *(f"=/{alias}" for alias in ALIASES)),
    routes=(*members.ROUTES, *statistics.ROUTES, *polls.ROUTES, *roles.ROUTES),
    fallback=FluxNotFound,
    live=describe_live,
)
