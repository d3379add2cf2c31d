"""Know Me: what people show of themselves, their gallery, and what to know in an emergency."""

from __future__ import annotations

from handlers.core.dialect import Dialect
from handlers.knowme import emergency, entries, gallery, items, profiles, topics, users
from handlers.knowme.rules import KnowMeNotFound

DIALECT = Dialect(
    name="knowme",
    title="Know Me: profiles, gallery, emergency data",
    claims=(
        *("/auth/", "/know-me/", "/media/", "/account/emails/"),
        *(f"=/account/{name}/" for name in ("profile", "change-password", "reset-password", "verify-email")),
    ),
    routes=(
        *users.ROUTES,
        *profiles.ROUTES,
        *topics.ROUTES,
        *items.ROUTES,
        *entries.ROUTES,
        *gallery.ROUTES,
        *emergency.ROUTES,
    ),
    fallback=KnowMeNotFound,
)
