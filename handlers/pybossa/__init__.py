"""PyBossa: accounts, profiles, and the community's ranks and news."""

from __future__ import annotations

from handlers.core.dialect import Dialect
from handlers.pybossa import (
    apikey,
    confirm_email,
    confirmation,
    index,
    newsletter,
    passwords,
    privacy,
    profiles,
    register,
    signin,
    update,
    uploads,
)
from handlers.pybossa.about import ABOUT
from handlers.pybossa.live import describe_live
from handlers.pybossa.rules import PyBossaNotFound
from handlers.pybossa.runners import make_runners

DIALECT = Dialect(
    name="pybossa",
    title="PyBossa: accounts, profiles, community",
    claims=("/account", "/uploads/"),
    # What has a person's name in its path comes last: no fixed path may be taken for one.
    routes=(
        *index.ROUTES,
        *register.ROUTES,
        *confirmation.ROUTES,
        *signin.ROUTES,
        *passwords.ROUTES,
        *newsletter.ROUTES,
        *confirm_email.ROUTES,
        *uploads.ROUTES,
        *profiles.OWN_ROUTES,
        *profiles.ROUTES,
        *update.ROUTES,
        *apikey.ROUTES,
        *privacy.ROUTES,
    ),
    fallback=PyBossaNotFound,
    live=describe_live,
    runners=make_runners,
    about=ABOUT,
)
