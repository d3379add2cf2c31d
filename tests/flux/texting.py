"""An SMS service to send codes by, and the calls that ask for them and check them."""

from __future__ import annotations

import json
import re
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPServerRequest, ResponseStartLine
from tornado.netutil import bind_sockets

from tests.serving import Answer, Api

COMMIT, VERIFY = "/api/v1/app_rego/phone_commit", "/api/v1/app_rego/phone_verify"
NUMBER, NONCE = "+61412345678", "nonce-of-8"


class Gateway:
    """An SMS service that keeps what it is sent, and answers with a status, or not at all for 0."""

    def __init__(self) -> None:
        self.status = 200
        self.sent: list[dict[str, str]] = []
        self.asked: list[HTTPServerRequest] = []
        sockets = bind_sockets(0, "127.0.0.1")
        self.url = f"http://user:key@127.0.0.1:{sockets[0].getsockname()[1]}/sms"
        self.server = HTTPServer(self.take)
        self.server.add_sockets(sockets)

    def take(self, request: HTTPServerRequest) -> None:
        """Keep a message."""
        self.asked.append(request)
        self.sent.append(json.loads(request.body))
        if self.status and request.connection is not None:
            start = ResponseStartLine("HTTP/1.1", self.status, "Whatever")
            request.connection.write_headers(start, headers=type(request.headers)({"Content-Length": "0"}))
            request.connection.finish()

    @property
    def code(self) -> str:
        """Return the code of the newest message."""
        codes = re.findall(r"(?<![0-9])[0-9]{6}(?![0-9])", self.sent[-1]["body"])
        assert len(codes) == 1
        return str(codes[0])


async def commit(api: Api, number: Any = NUMBER) -> Answer:
    return await api.post(COMMIT, {"phone_number": number})


async def verify(api: Api, code: Any, nonce: Any = NONCE, number: Any = NUMBER) -> Answer:
    return await api.post(VERIFY, {"phone_number": number, "verify_code": code, "verify_nonce": nonce})


async def prove(api: Api, gateway: Gateway, nonce: str = NONCE) -> None:
    """Prove the number."""
    assert (await commit(api)).json == {"status": "okay"}
    assert (await verify(api, gateway.code, nonce)).json == {"status": "okay"}


def other_than(code: str) -> str:
    """Return a wrong code."""
    return f"{(int(code) + 1) % 1_000_000:06}"


def is_refusal(answer: Answer) -> bool:
    """Tell whether it is the 200 that says no."""
    return answer.status == 200 and set(answer.json) == {"error"} and bool(answer.json["error"])
