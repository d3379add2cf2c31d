"""What the tests of faults have in common: three members whose primary may go away, and patience."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.members import ReplicaSet, run_members

PATIENCE = 110.0  # seconds a test; processes start and elections are held in it


@pytest.fixture(autouse=True)
def patience(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let tests take longer than elsewhere."""
    option = request.config.option
    usual, option.async_test_timeout = option.async_test_timeout, PATIENCE
    yield
    option.async_test_timeout = usual


@pytest.fixture(scope="package")
def members(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReplicaSet]:
    """Run a replica set of three beside the suite's own."""
    with run_members(tmp_path_factory.mktemp("members")) as running:
        yield running
