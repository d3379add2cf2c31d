"""Fixtures of Know Me."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.knowme.accounts import Town
from tests.knowme.client import App
from tests.serving import Served


@pytest.fixture
async def ann(server: Served) -> App:
    """Give the app of an account."""
    return await App.sign_up(server.api, server.stores, "ann@example.com")


@pytest.fixture
async def bob(server: Served) -> App:
    """Give the app of another account."""
    return await App.sign_up(server.api, server.stores, "bob@example.com", "Bob")


@pytest.fixture
def town(server: Served, tmp_path: Path) -> Town:
    """Give the people of the test's server, with their mails."""
    return Town(server, tmp_path / "mails")
