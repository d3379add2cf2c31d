"""Identity tokens for the live hub, which has taken Layer's place."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from handlers.core.dialect import Route
from handlers.core.layer import NotConfigured
from handlers.core.operation import operation
from handlers.core.rest.fields import Body, text
from handlers.core.rest.handler import Refused
from handlers.knowme.rules import KnowMeHandler


class NonceBody(Body):
    """What the token is to be good for."""

    nonce: Annotated[str, Field(min_length=1), text(None)]


class IdentityTokenObject(Body):
    """A signed identity token."""

    identity_token: str


class LayerHandler(KnowMeHandler):
    """`POST /auth/layer/`."""

    @operation(body=NonceBody, returns=IdentityTokenObject, status=201)
    async def post(self, body: NonceBody) -> IdentityTokenObject:
        """Sign a nonce for the account, and push the token to its private channel."""
        owner = self.owner
        try:
            token, expires_at = self.services.layer.sign(owner.id, body.nonce)
        except NotConfigured:
            raise Refused(503, {"detail": "Layer is not configured."}) from None
        await self.stores.nonces.bind(body.nonce, owner.id, owner.generation)
        await self.stores.announcements.tell(
            owner.oid, "identity_token", identity_token=token, nonce=body.nonce, expires_at=expires_at
        )
        self.set_header("Cache-Control", "no-store")
        return IdentityTokenObject(identity_token=token)


ROUTES = (Route("/auth/layer/", LayerHandler),)
