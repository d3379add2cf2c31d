"""Fixtures of the members' dialect."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.flux.mailbox import Mailbox
from tests.serving import Served


@pytest.fixture
def mailbox(server: Served, tmp_path: Path) -> Mailbox:
    """Give the mails that the test's server sends."""
    return Mailbox(tmp_path / "mails", server.stores.jobs)
