"""Layer's seat at the hub: nonces to be signed, and connection tokens for those who had one signed."""

from __future__ import annotations

from typing import Any

import orjson

from handlers.core.dialect import Route
from handlers.core.errors import Malformed
from handlers.core.operation import operation
from handlers.core.tokens import BadToken
from handlers.site.answers import IdentityToken, Nonce, SessionToken
from handlers.site.rules import SiteHandler
from realtime.channels import Identity


class NonceHandler(SiteHandler):
    """`POST /nonces`."""

    @operation(status=201, returns=Nonce)
    async def post(self) -> dict[str, str]:
        """Return a nonce that is good for ten minutes and once."""
        self.set_header("Cache-Control", "no-store")
        return {"nonce": await self.stores.nonces.make()}


class SessionHandler(SiteHandler):
    """`POST /sessions`."""

    @operation(status=201, takes=IdentityToken, returns=SessionToken)
    async def post(self) -> dict[str, str] | None:
        """Trade an identity token, and its nonce, for a token that opens the hub."""
        self.set_header("Cache-Control", "no-store")
        who = await self.identify(read_token(self.request.body))
        if who is None:
            nonce = await self.stores.nonces.make()
            self.answer({"id": "authentication_required", "data": {"nonce": nonce}}, 401)
            return None
        token, _ = self.folkmoot.gate.issue(who)
        return {"session_token": token}

    async def identify(self, token: Any) -> Identity | None:
        """Find out whose identity token it is; None where it is not good."""
        if not isinstance(token, str):
            return None
        try:
            # Not by way of the gate: a session token would do there, and renew itself for ever.
            return await self.services.layer.identify(token)
        except BadToken:
            return None


def read_token(body: bytes) -> Any:
    """Return the body's identity_token, whatever it is; raises Malformed."""
    try:
        fields = orjson.loads(body)
    except ValueError:
        raise Malformed("the body must be JSON") from None
    if not isinstance(fields, dict):
        raise Malformed("the body must be a JSON object")
    return fields.get("identity_token")


ROUTES = (Route("/nonces", NonceHandler), Route("/sessions", SessionHandler))
