"""Five hundred calls at random: the counters equal a fresh count, and the whole database is sound."""

from __future__ import annotations

import random
from typing import Any

from storage.database import Database
from storage.integrity import Integrity
from storage.polls import FIRST_OPTIONS
from storage.stores import all_indexes, all_traces
from tests.flux.admins import make_holder
from tests.flux.test_statistics import POSTCODES, assert_counted_within_a_second
from tests.serving import Api, Served

CALLS, CHECK_EVERY = 500, 50


class Crowd:
    """Members who do whatever members and admins can do, over HTTP alone."""

    def __init__(self, api: Api, chance: random.Random, admin: str) -> None:
        self._api = api
        self._chance = chance
        self._admin = admin
        self._secrets: list[str] = []
        self._signed_up = 0

    async def act(self) -> None:
        """Do one thing."""
        if len(self._secrets) < 5:
            await self.register()
            return
        deeds = (self.register, self.change, self.change, self.vote, self.vote, self.validate, self.move)
        await self._chance.choice((*deeds, *deeds, self.leave))()

    def _fields(self) -> dict[str, Any]:
        chance = self._chance
        return {
            **{"onAECRoll": chance.random() < 0.7, "state_consent": chance.random() < 0.8},
            **{"addr_postcode": chance.choice(list(POSTCODES)), "volunteer": chance.random() < 0.3},
        }

    async def _call(self, path: str, **body: Any) -> Any:
        answer = await self._api.post(path, body)
        assert answer.status == 200, answer.text
        return answer.json

    async def register(self) -> None:
        """Sign up."""
        self._signed_up += 1
        member = await self._api.register(f"m{self._signed_up}@example.com", **self._fields())
        self._secrets.append(member["s"])

    async def change(self) -> None:
        """Change two details."""
        few = dict(self._chance.sample(sorted(self._fields().items()), 2))
        await self._call("/api/v0/user_details", s=self._chance.choice(self._secrets), **few)

    async def move(self) -> None:
        """Change the address."""
        self._signed_up += 1
        email = f"m{self._signed_up}@example.com"
        await self._call("/api/v0/user_details", s=self._chance.choice(self._secrets), email=email)

    async def vote(self) -> None:
        """Vote, or vote again."""
        option, secret = self._chance.choice(FIRST_OPTIONS), self._chance.choice(self._secrets)
        await self._call("/api/v0/iiccot/cast_vote", s=secret, poll_id=1, option_id=option)

    async def validate(self) -> None:
        """Have an admin validate a member."""
        report = {"valid": self._chance.random() < 0.7, "doubleCheck": self._chance.random() < 0.5}
        member = self._chance.choice(self._secrets)
        await self._call("/api/v0/report_validation", s=self._admin, user_s=member, **report)

    async def leave(self) -> None:
        """Delete the account."""
        secret = self._secrets.pop(self._chance.randrange(len(self._secrets)))
        await self._call("/api/v0/delete_user", s=secret)


async def test_the_database_stays_sound_under_five_hundred_calls(server: Served, database: Database) -> None:
    api = server.api
    crowd = Crowd(api, random.Random(7), await make_holder(server))
    for number in range(CALLS):
        await crowd.act()
        if number % CHECK_EVERY == CHECK_EVERY - 1:
            await assert_counted_within_a_second(api, database)
    integrity = Integrity(database, all_indexes(), all_traces())
    findings = [finding for check in integrity.checks().values() async for finding in check()]
    assert not findings
