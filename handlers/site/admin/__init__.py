"""The administrators' page: a shell without data, and calls that take a superuser's Authorization header.

Whatever it does a script does as well, by the same calls of the stores.
"""

from __future__ import annotations

from handlers.core.dialect import Route
from handlers.site.admin import channels, clients, events, integrity, jobs, people, polls, shell
from handlers.site.admin.rules import UnknownPath

ROUTES = (
    *(*people.ROUTES, *polls.ROUTES, *events.ROUTES, *clients.ROUTES),
    *(*jobs.ROUTES, *channels.ROUTES, *integrity.ROUTES),
    Route("/admin/api", UnknownPath),
    Route("/admin/api/{rest}", UnknownPath, rest="rest"),
    *shell.ROUTES,
)
