"""Comics: what was published when, with its images, for the apps of readers and what they follow."""

from __future__ import annotations

from handlers.comics import media, resources, subscriptions, users
from handlers.comics.about import ABOUT
from handlers.comics.live import describe_live
from handlers.comics.rules import ComicsNotFound
from handlers.core.dialect import Dialect

DIALECT = Dialect(
    name="comics",
    title="Comics: releases, images, subscriptions",
    claims=("/api/v1/", "=/api/v1", "/media/comics/"),
    routes=(*resources.ROUTES, *users.ROUTES, *subscriptions.ROUTES, *media.ROUTES),
    fallback=ComicsNotFound,
    live=describe_live,
    about=ABOUT,
)
