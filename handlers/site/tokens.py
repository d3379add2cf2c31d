"""Tokens that open the hub, for an SDK's `getToken`."""

from __future__ import annotations

from handlers.core.dialect import Route
from handlers.core.errors import Unauthenticated
from handlers.core.operation import operation
from handlers.site.answers import ConnectionToken
from handlers.site.rules import SiteHandler
from realtime.channels import Identity
from realtime.codes import Disconnect, Refusal


class BadCredential(Unauthenticated):
    """No credential, or a bad one."""

    status = 401


class ConnectionTokenHandler(SiteHandler):
    """Trades any dialect's credential for a token of the hub's own."""

    @operation(returns=ConnectionToken)
    async def post(self) -> dict[str, object]:
        """Return a connection token and the Unix second at which it ends."""
        shown = self.request.headers.get("Authorization", "")
        who = await self.identify(shown) if shown.strip() else await self.recognise()
        token, expires_at = self.folkmoot.gate.issue(who)
        self.set_header("Cache-Control", "no-store")
        return {"token": token, "expires_at": expires_at}

    async def identify(self, shown: str) -> Identity:
        """Find out whose credential it is."""
        try:
            return await self.folkmoot.gate.trade(shown)
        except (Disconnect, Refusal):
            raise BadCredential("the credential is not valid") from None

    async def recognise(self) -> Identity:
        """Find out whose browser asks; its cookies count only for pages that may use them."""
        origin = self.request.headers.get("Origin", "")
        if origin and self.services.addressing.accepts_origin(self.request, origin):
            cookies = {name: morsel.value for name, morsel in self.request.cookies.items()}
            if (who := await self.folkmoot.gate.recognise(cookies)) is not None:
                return who
        raise BadCredential("send the credential of any dialect as Authorization")


ROUTES = (Route("/connection/token", ConnectionTokenHandler),)
