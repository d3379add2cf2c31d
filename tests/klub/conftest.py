"""Fixtures of Klub."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.klub.callers import Callers, Someone
from tests.klub.scene import Scene
from tests.klub.town import Town
from tests.serving import Served


@pytest.fixture
def callers(server: Served) -> Callers:
    """Give what makes callers: `await callers.staff_of(unit)`, `await callers.app("read", …)`."""
    return Callers(server)


@pytest.fixture
def anonymous(callers: Callers) -> Someone:
    """Give somebody without credentials."""
    return callers.anonymous


@pytest.fixture
async def user(callers: Callers) -> Someone:
    """Give an ordinary account."""
    return await callers.user()


@pytest.fixture
async def superuser(callers: Callers) -> Someone:
    """Give a superuser."""
    return await callers.superuser()


@pytest.fixture
async def town(server: Served, tmp_path: Path) -> Town:
    """Give a town to register in, with its mails."""
    town = Town(server, tmp_path / "mails")
    await town.settle()
    return town


@pytest.fixture
def scene(server: Served) -> Scene:
    """Give what puts units, types, locations and events there."""
    return Scene(server.stores)
