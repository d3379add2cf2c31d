"""A browser, or a program with a jar of cookies: calls PyBossa and keeps what it is given."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

import orjson

from tests.serving import Answer, Api

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Browser:
    """One jar of cookies."""

    def __init__(self, api: Api, **headers: str) -> None:
        self.api = api
        self.jar: dict[str, str] = {}
        self.headers = headers

    async def call(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a request with the cookies; keep those that come back."""
        sent = {**self.headers, **(headers or {})}
        if self.jar:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.jar.items())
        answer = await self.api.call(method, path, body, sent)
        for line in answer.headers.get_list("Set-Cookie"):
            for name, morsel in SimpleCookie(line).items():
                self.jar[name] = morsel.value
                if not morsel.value:
                    del self.jar[name]
        return answer

    async def get(self, path: str, **headers: str) -> Answer:
        """Ask as a program does."""
        return await self.call("GET", path, headers={**JSON, **headers})

    async def see(self, path: str) -> Answer:
        """Ask as a person does."""
        return await self.call("GET", path)

    async def token(self, path: str = "/account/forgot-password") -> str:
        """Return a CSRF token of this jar's session."""
        found: str = (await self.get(path)).json["form"]["csrf"]
        return found

    async def post(
        self, path: str, fields: Mapping[str, Any] | None = None, token: str | None = None
    ) -> Answer:
        """Send JSON, with a token that is fetched before where none is given."""
        headers = {**JSON, "X-CSRFToken": token if token is not None else await self.token()}
        return await self.call("POST", path, orjson.dumps(dict(fields or {})), headers)

    async def submit(self, path: str, fields: Mapping[str, str]) -> Answer:
        """Fill in the form of a page and send it as a person does."""
        page = await self.see(path)
        found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert found is not None, page.text
        body = urlencode({**fields, "csrf_token": found[1]})
        return await self.call("POST", path, body.encode(), FORM)


def flat(answer: Answer) -> tuple[int, Any, Any, Any]:
    """Return status, flash, its status and where to go of a JSON answer."""
    value = answer.json
    return answer.status, value.get("flash"), value.get("status"), value.get("next")
