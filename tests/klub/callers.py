"""Callers of every kind: nobody, users of every standing, partners' apps."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from handlers.klub.credentials import ACCESS, make_token
from storage.driver import ObjectId
from storage.klub.grants import ORGANIZER, STAFF
from storage.klub.oauth import make_token as make_app_token
from tests.serving import Answer, Api, Served

PASSWORD = "correct horse 7"
JSON_TYPE = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Someone:
    """A caller; `headers` are the credentials, `number` and `oid` the account where there is one."""

    api: Api
    headers: Mapping[str, str] = field(default_factory=dict)
    number: int = 0
    oid: ObjectId | None = None
    email: str = ""

    @property
    def token(self) -> str:
        """Return what a live client shows; nothing where there are no credentials."""
        return self.headers.get("Authorization", "").removeprefix("Bearer ")

    async def call(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """Send a request; header names are given with underscores."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.api.call(method, path, body, {**self.headers, **given})

    async def send(self, method: str, path: str, value: Any = None) -> Answer:
        """Send a value as JSON."""
        return await self.api.call(method, path, orjson.dumps(value), {**self.headers, **JSON_TYPE})

    async def get(self, path: str, **headers: str) -> Answer:
        """Read."""
        return await self.call("GET", path, None, **headers)

    async def post(self, path: str, value: Any = None) -> Answer:
        """Create."""
        return await self.send("POST", path, value)

    async def put(self, path: str, value: Any = None) -> Answer:
        """Change the whole."""
        return await self.send("PUT", path, value)

    async def patch(self, path: str, value: Any = None) -> Answer:
        """Change a part."""
        return await self.send("PATCH", path, value)

    async def delete(self, path: str) -> Answer:
        """Delete."""
        return await self.call("DELETE", path)


class Callers:
    """Makes callers of a running server."""

    def __init__(self, server: Served) -> None:
        self.server = server
        self.stores = server.stores
        self._numbers = itertools.count(1)

    @property
    def anonymous(self) -> Someone:
        """Give somebody without credentials."""
        return Someone(self.server.api)

    async def user(self, email: str = "", first_name: str = "Ann", last_name: str = "Lee") -> Someone:
        """Make an account with a JWT."""
        address = email or f"user{next(self._numbers)}@example.org"
        names = {"fname": first_name, "sname": last_name}
        made = await self.stores.accounts.register(address, names, ip=None, mails=lambda _: ())
        return await self._signed(made.person["id"], made.person["_id"], address)

    async def superuser(self, email: str = "root@example.org") -> Someone:
        """Make a superuser."""
        user = await self.user(email)
        assert user.oid is not None
        await self.stores.accounts.make_superuser(user.oid, True)
        return user

    async def staff_of(self, unit: int | None, email: str = "") -> Someone:
        """Make staff of one unit, or (None) of all."""
        return await self._granted(STAFF, unit, email)

    async def organizer_of(self, unit: int | None, email: str = "") -> Someone:
        """Make an event organizer of one unit, or (None) of all."""
        return await self._granted(ORGANIZER, unit, email)

    async def app(self, *scopes: str) -> Someone:
        """Make a partner's app whose token has these scopes."""
        token = make_app_token()
        await self.stores.oauth.issue(f"client{next(self._numbers)}", scopes, token, 3600)
        return Someone(self.server.api, bearer(token))

    async def _granted(self, role: str, unit: int | None, email: str) -> Someone:
        user = await self.user(email)
        assert user.oid is not None
        await self.stores.grants.give(role, user.oid, unit)
        return user

    async def _signed(self, number: int, oid: ObjectId, email: str) -> Someone:
        member = await self.stores.accounts.by_number(number)
        assert member is not None
        token = make_token(self.server.application.services, ACCESS, member, 300)
        return Someone(self.server.api, bearer(token), number, oid, email)


def bearer(token: str) -> dict[str, str]:
    """Return the header that carries a token."""
    return {"Authorization": f"Bearer {token}"}
