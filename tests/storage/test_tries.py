"""Tries of passwords: what they cost, and when nobody listens any more."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from storage.errors import Exhausted
from storage.passwords import Passwords, make_hash
from storage.stores import Stores
from storage.tries import SIDE_BY_SIDE, Tries, Window


class Counting(Passwords):
    """Counts what is asked of it, and how much of it at once."""

    verified = now = most = 0

    async def verify(self, text: str, stored: str) -> bool:
        """Verify and count."""
        self.verified += 1
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            return await super().verify(text, stored)
        finally:
            self.now -= 1


@pytest.fixture
def passwords() -> Iterator[Counting]:
    made = Counting(rounds=4, workers=2)
    yield made
    made.close()


def open_tries(stores: Stores, passwords: Passwords, *, by_client: float = 3, by_address: float = 5) -> Tries:
    """Make tries with small windows."""
    windows = {"by_client": Window(by_client, 60), "by_address": Window(by_address, 60)}
    return Tries(stores.database, passwords, stores.throttle, **windows)


RIGHT = make_hash("right", 4)


@pytest.mark.parametrize("person", [None, {}, {"password": ""}, {"password": "!x"}, {"password": RIGHT}])
async def test_everybody_costs_one_hash(
    stores: Stores, passwords: Counting, person: dict[str, Any] | None
) -> None:
    """Nobody may learn from the clock who has an account, or a password."""
    tries = open_tries(stores, passwords)
    assert await tries.check(person, "wrong", asked="a@example.com", client="c") is None
    assert passwords.verified == 1


async def test_who_tried_too_often_is_not_listened_to_at_no_cost(stores: Stores, passwords: Counting) -> None:
    tries = open_tries(stores, passwords)
    for _ in range(3):
        assert await tries.check(None, "wrong", asked="a@example.com", client="c") is None
    with pytest.raises(Exhausted) as caught:
        await tries.check({"password": RIGHT}, "right", asked=" A@example.com", client="c")
    assert (passwords.verified, 1 <= caught.value.retry_after <= 60) == (3, True)
    assert await tries.check({"password": RIGHT}, "right", asked="a@example.com", client="d") == RIGHT
    for _ in range(2):
        await tries.check(None, "wrong", asked="a@example.com", client="d")
    with pytest.raises(Exhausted):
        await tries.check({"password": RIGHT}, "right", asked="a@example.com", client="e")


async def test_right_passwords_are_not_counted(stores: Stores, passwords: Counting) -> None:
    tries = open_tries(stores, passwords, by_client=1, by_address=1)
    for _ in range(3):
        assert await tries.check({"password": RIGHT}, " right ", asked="a@example.com", client="c") == RIGHT


async def test_few_tries_for_one_address_are_under_way_at_once(stores: Stores, passwords: Counting) -> None:
    tries = open_tries(stores, passwords)
    results = await asyncio.gather(
        *(tries.check(None, "wrong", asked="a@example.com", client="c") for _ in range(30)),
        return_exceptions=True,
    )
    assert passwords.most <= SIDE_BY_SIDE
    assert (results.count(None), passwords.verified <= 3 + SIDE_BY_SIDE) == (3, True)


async def test_a_window_without_tries_is_no_limit(stores: Stores, passwords: Counting) -> None:
    tries = open_tries(stores, passwords, by_client=0, by_address=0)
    for _ in range(8):
        assert await tries.check(None, "wrong", asked="a@example.com", client="c") is None
