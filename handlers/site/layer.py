"""Layer's seat at the hub: nonces to be signed, and connection tokens for those who had one signed."""

from __future__ import annotations

from typing import Any

from handlers.core.dialect import Route
from handlers.core.operation import operation
from handlers.core.tokens import BadToken
from handlers.site.answers import IdentityToken, Nonce, SessionToken
from handlers.site.rules import SiteHandler, read_object
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
        who = await self.identify(read_object(self.request.body).get("identity_token"))
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


ROUTES = (Route("/nonces", NonceHandler), Route("/sessions", SessionHandler))
