"""Tokens that open the hub, for an SDK's `getToken`."""

from __future__ import annotations

from handlers.core.dialect import Route
from handlers.core.errors import Unauthenticated
from handlers.core.operation import operation
from handlers.site.rules import SiteHandler
from realtime.codes import Disconnect, Refusal


class BadCredential(Unauthenticated):
    """No credential, or a bad one."""

    status = 401


class ConnectionTokenHandler(SiteHandler):
    """Trades any dialect's credential for a token of the hub's own."""

    @operation()
    async def post(self) -> dict[str, object]:
        """Return a connection token and the Unix second at which it ends."""
        shown = self.request.headers.get("Authorization", "")
        if not shown.strip():
            raise BadCredential("send the credential of any dialect as Authorization")
        try:
            who = await self.folkmoot.gate.identify(shown)
        except (Disconnect, Refusal):
            raise BadCredential("the credential is not valid") from None
        token, expires_at = self.folkmoot.gate.issue(who)
        self.set_header("Cache-Control", "no-store")
        return {"token": token, "expires_at": expires_at}


ROUTES = (Route("/connection/token", ConnectionTokenHandler),)
