"""Fixtures of PyBossa."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pybossa.browser import Browser
from tests.pybossa.village import Village
from tests.serving import Served


@pytest.fixture
def village(server: Served, tmp_path: Path) -> Village:
    """Give the people of the test's server, with their mails."""
    return Village(server, tmp_path / "mails")


@pytest.fixture
def browser(server: Served) -> Browser:
    """Give a browser without cookies."""
    return Browser(server.api)


@pytest.fixture
async def john(village: Village) -> Browser:
    """Give the browser of John Doe, who is signed in."""
    return await village.settle("johndoe", "John Doe")
