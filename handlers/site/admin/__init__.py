"""The administrators' page: a shell without data, and calls that take a superuser's Authorization header.

Whatever it does a script does as well, by the same calls of the stores.
"""

from __future__ import annotations

from handlers.site.admin import channels, clients, events, integrity, jobs, people, polls, shell

ROUTES = (
    *(*people.ROUTES, *polls.ROUTES, *events.ROUTES, *clients.ROUTES),
    *(*jobs.ROUTES, *channels.ROUTES, *integrity.ROUTES),
    *shell.ROUTES,
)
