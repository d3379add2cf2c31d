"""Fixtures of Comics."""

from __future__ import annotations

import pytest

from storage.stores import Stores
from tests.comics.library import PASSWORD, Caller, Library, make_comic, make_image, make_release
from tests.serving import Served


@pytest.fixture
async def ann(server: Served) -> Caller:
    """Give somebody with a key and a password."""
    caller = await Caller.sign_up(server, "ann@example.com")
    await caller.set_password(await server.application.services.passwords.hash(PASSWORD))
    return caller


@pytest.fixture
async def bob(server: Served) -> Caller:
    """Give somebody else with a key."""
    return await Caller.sign_up(server, "bob@example.com")


@pytest.fixture
async def library(stores: Stores) -> Library:
    """Give an empty library."""
    return Library(stores)


@pytest.fixture
async def shelf(library: Library) -> Library:
    """Give a library of three comics, with four releases of two of them."""
    comics = [
        make_comic(
            18, name="xkcd", slug="xkcd", url="http://xkcd.com/", rights="Randall", start_date="2005-05-29"
        ),
        make_comic(19, name="Zits", slug="zits", language="no", active=False),
        make_comic(20, name="Écran", slug="ecran", language="fr"),
    ]
    wide = make_image(1, height=100, width=900, title="É <b>", text="Über")
    tall = make_image(2, height=900, width=100)
    releases = [
        make_release(1, 18, wide, tall, pub_date="2012-10-08"),
        make_release(2, 18, make_image(3), pub_date="2012-12-31"),
        make_release(3, 19, make_image(4, 19), pub_date="2013-01-01"),
        make_release(4, 19, pub_date="2013-07-01"),
    ]
    await library.put(comics, releases)
    return library
