"""OAuth2 clients: listed, made (the secret is shown this once), removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from handlers.core.dialect import Route
from handlers.core.errors import Invalid
from handlers.core.operation import operation
from handlers.site.admin.rules import AdminHandler, Body, Text
from storage.admin.clients import ListedClient
from storage.klub.oauth import SCOPES, USUAL_SCOPES


@dataclass(frozen=True, slots=True)
class ClientsObject:
    """The clients, and the scopes that one may have."""

    clients: tuple[ListedClient, ...]
    scopes: tuple[str, ...]
    usual: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NewClientObject:
    """A client that was just made; its secret is never seen again."""

    client_id: str
    client_secret: str


class ClientBody(Body):
    """A partner's app and all that it may do."""

    name: Annotated[Text, Field(min_length=1, max_length=200)]
    scopes: Annotated[tuple[Literal[SCOPES], ...], Field(min_length=1, strict=False)] = USUAL_SCOPES  # type: ignore[valid-type]


class ClientsHandler(AdminHandler):
    """All clients."""

    @operation(returns=ClientsObject)
    async def get(self) -> ClientsObject:
        """List the clients, newest first."""
        return ClientsObject(tuple(await self.stores.clients.all()), SCOPES, USUAL_SCOPES)

    @operation(body=ClientBody, returns=NewClientObject, status=201)
    async def post(self, body: ClientBody) -> NewClientObject:
        """Register a client (scripts.create_oauth_client)."""
        name = body.name.strip()
        if not name:
            raise Invalid.field("name", "is empty")
        made = await self.stores.oauth.add_client(name, body.scopes)
        self.tell("made_client", client=made.client_id, name=name, scopes=body.scopes)
        return NewClientObject(made.client_id, made.client_secret)


class ClientHandler(AdminHandler):
    """One client."""

    @operation(status=204)
    async def delete(self, client_id: str) -> None:
        """Remove a client; its tokens end at once (scripts.delete_oauth_client)."""
        name = await self.stores.clients.remove(client_id)
        self.tell("removed_client", client=client_id, name=name)


ROUTES = (
    Route("/admin/api/clients", ClientsHandler),
    Route("/admin/api/clients/{client_id}", ClientHandler),
)
