"""Members, polls, phone bank and app sign-in: the dialect of the members' app and pages."""

from __future__ import annotations

from handlers.core.dialect import Dialect
from handlers.flux import (
    addresses,
    deletion,
    donations,
    feedback,
    magic_links,
    members,
    people,
    phone,
    phone_bank,
    polls,
    profile,
    reports,
    roles,
    statistics,
    validation,
)
from handlers.flux.about import ABOUT
from handlers.flux.live import describe_live
from handlers.flux.rules import FluxNotFound

ALIASES = (
    *("getinfo", "public_stats", "user_details", "email_secret_token", "send_user_details"),
    *("register/initial_email", "register/all_at_once", "delete_user"),
    *("validate_user_details", "report_validation", "all_members"),
)

# Other names below /api/v1/ belong to another dialect.
OWN_NAMES = (
    *("=/api/v1/send_login_email", "=/api/v1/jwt_basic", "=/api/v1/anon_donation_log"),
    *("/api/v1/profile/", "/api/v1/profile_fields/"),
)

DIALECT = Dialect(
    name="flux",
    title="Flux: members, polls, phone bank",
    claims=(
        *("/api/v0/", "/api/v1/app/", "/api/v1/app_rego/", "/v2/"),
        *OWN_NAMES,
        *(f"=/{alias}" for alias in ALIASES),
    ),
    routes=(
        *members.ROUTES,
        *statistics.ROUTES,
        *polls.ROUTES,
        *roles.ROUTES,
        *phone_bank.ROUTES,
        *addresses.ROUTES,
        *phone.ROUTES,
        *magic_links.ROUTES,
        *deletion.ROUTES,
        *feedback.ROUTES,
        *validation.ROUTES,
        *people.ROUTES,
        *reports.ROUTES,
        *donations.ROUTES,
        *profile.ROUTES,
    ),
    fallback=FluxNotFound,
    live=describe_live,
    about=ABOUT,
)
