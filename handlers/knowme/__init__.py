"""Know Me: what people show of themselves, their gallery, and what to know in an emergency."""

from __future__ import annotations

from handlers.core.dialect import Dialect
from handlers.knowme import (
    account,
    auth,
    emails,
    emergency,
    entries,
    gallery,
    items,
    layer,
    passwords,
    profiles,
    topics,
    users,
)
from handlers.knowme.about import ABOUT
from handlers.knowme.live import describe_live
from handlers.knowme.rules import KnowMeNotFound
from handlers.knowme.runners import make_runners

DIALECT = Dialect(
    name="knowme",
    title="Know Me: profiles, gallery, emergency data",
    claims=(
        *("/auth/", "/know-me/", "/media/", "/account/emails/"),
        *(f"=/account/{name}/" for name in ("profile", "change-password", "reset-password", "verify-email")),
    ),
    routes=(
        *auth.ROUTES,
        *layer.ROUTES,
        *account.ROUTES,
        *passwords.ROUTES,
        *emails.ROUTES,
        *users.ROUTES,
        *profiles.ROUTES,
        *topics.ROUTES,
        *items.ROUTES,
        *entries.ROUTES,
        *gallery.ROUTES,
        *emergency.ROUTES,
    ),
    fallback=KnowMeNotFound,
    live=describe_live,
    runners=make_runners,
    about=ABOUT,
)
