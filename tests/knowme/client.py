"""An app of one account: calls Know Me with its token."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from storage.driver import ObjectId
from storage.stores import Stores
from tests.serving import Answer, Api

Files = Mapping[str, tuple[str, bytes]]


def multipart(texts: Mapping[str, str], files: Files | None = None) -> tuple[str, bytes]:
    """Return content type and body of a form."""
    boundary = secrets.token_hex(8)
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in texts.items()
    ]
    for name, (filename, content) in (files or {}).items():
        head = f'Content-Disposition: form-data; name="{name}"; filename="{filename}"'
        parts.append(f"--{boundary}\r\n{head}\r\n\r\n".encode() + content + b"\r\n")
    return f"multipart/form-data; boundary={boundary}", b"".join(parts) + f"--{boundary}--\r\n".encode()


@dataclass
class App:
    """One account's app."""

    api: Api
    token: str
    oid: ObjectId
    number: int
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    async def sign_up(cls, api: Api, stores: Stores, email: str, first_name: str = "Ann") -> App:
        """Make an account and take its token."""
        member = await api.register(email, fname=first_name, sname="Lee")
        oid = ObjectId(member["_id"]["$oid"])
        return cls(api, await stores.tokens.issue(oid), oid, member["id"])

    async def call(
        self, method: str, path: str, body: bytes | None = None, content_type: str = "application/json"
    ) -> Answer:
        """Send a request with the token."""
        headers = {"Authorization": f"Token {self.token}", **self.headers}
        if body is not None:
            headers["Content-Type"] = content_type
        return await self.api.call(method, path, body, headers)

    async def send(self, method: str, path: str, value: Any = None) -> Answer:
        """Send a value as JSON."""
        return await self.call(method, path, json.dumps(value).encode())

    async def get(self, path: str) -> Answer:
        """Read."""
        return await self.call("GET", path)

    async def post(self, path: str, value: Any = None) -> Answer:
        """Create."""
        return await self.send("POST", path, value)

    async def patch(self, path: str, value: Any = None) -> Answer:
        """Change a part."""
        return await self.send("PATCH", path, value)

    async def put(self, path: str, value: Any = None) -> Answer:
        """Change the whole."""
        return await self.send("PUT", path, value)

    async def delete(self, path: str) -> Answer:
        """Delete."""
        return await self.call("DELETE", path)

    async def form(
        self, method: str, path: str, texts: Mapping[str, str], files: Files | None = None
    ) -> Answer:
        """Send a multipart form."""
        content_type, body = multipart(texts, files)
        return await self.call(method, path, body, content_type)

    async def make(self, path: str, **fields: Any) -> dict[str, Any]:
        """Create something and return it."""
        answer = await self.post(path, fields)
        assert answer.status == 201, answer.text
        made: dict[str, Any] = answer.json
        return made

    async def user(self) -> int:
        """Make the Know Me user; return its id."""
        return int((await self.make("/know-me/users/"))["id"])

    async def profile(self) -> int:
        """Make a Know Me user with a profile; return the profile's id."""
        return int((await self.make(f"/know-me/users/{await self.user()}/profiles/", name="Family"))["id"])

    async def topic(self) -> int:
        """Make a topic and what is above it; return the topic's id."""
        path = f"/know-me/profiles/{await self.profile()}/topics/"
        return int((await self.make(path, name="Food", topic_type=3))["id"])

    async def picture(self, user: int, filename: str = "dog.jpg", content: bytes = b"bytes") -> Any:
        """Upload a file into the gallery; return the media resource."""
        path = f"/know-me/users/{user}/gallery/"
        answer = await self.form("POST", path, {"name": "Dog"}, {"file": (filename, content)})
        assert answer.status == 201, answer.text
        return answer.json
