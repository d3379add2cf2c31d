"""Klub: administrative units, their events, who takes part, who organizes, who pays."""

from __future__ import annotations

from dataclasses import replace

from handlers.core.dialect import Dialect, Route
from handlers.klub import (
    attendees,
    docs,
    edit_profile,
    events,
    frontend,
    interaction_kinds,
    locations,
    membership,
    my_events,
    oauth,
    organized,
    partners,
    payments,
    pdfs,
    photos,
    positions,
    registration,
    resets,
    sign_up,
    team,
    tokens,
    types,
    units,
    users,
    volunteers,
    whoami,
)
from handlers.klub.about import ABOUT
from handlers.klub.live import describe_live
from handlers.klub.rules import KlubNotFound
from handlers.klub.runners import make_runners

# Each module's routes, one line a module.
ROUTES: tuple[Route, ...] = (
    *docs.ROUTES,
    *oauth.ROUTES,
    *tokens.ROUTES,
    *registration.ROUTES,
    *resets.ROUTES,
    *whoami.ROUTES,
    *units.ROUTES,
    *events.ROUTES,
    *organized.ROUTES,
    *photos.ROUTES,
    *types.ROUTES,
    *locations.ROUTES,
    *positions.ROUTES,
    *team.ROUTES,
    *my_events.ROUTES,
    *attendees.ROUTES,
    *sign_up.ROUTES,
    *volunteers.ROUTES,
    *membership.ROUTES,
    *users.ROUTES,
    *edit_profile.ROUTES,
    *frontend.ROUTES,
    *interaction_kinds.ROUTES,
    *partners.ROUTES,
    *payments.ROUTES,
    *pdfs.ROUTES,
)


def forgive_slashes(routes: tuple[Route, ...]) -> tuple[Route, ...]:
    """Let routes be found without their last slash, too, unless that is another route."""
    paths = {route.path for route in routes}
    return tuple(
        replace(route, slashless=route.path.endswith("/") and route.path[:-1] not in paths)
        for route in routes
    )


DIALECT = Dialect(
    name="klub",
    title="Klub: events, attendance, members and their payments",
    claims=("/api/", "=/api", "/upload/"),
    routes=forgive_slashes(ROUTES),
    fallback=KlubNotFound,
    live=describe_live,
    runners=make_runners,
    about=ABOUT,
)
