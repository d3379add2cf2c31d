"""What the hub owes to Know Me: each account's private channel, and the credentials of its apps."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.core.declaration import Credential
from handlers.core.layer import is_identity_token
from handlers.core.live import Live
from handlers.core.services import Services
from handlers.core.streams import OutboxChannels
from handlers.knowme.messages import IDENTITY
from realtime.channels import Identity
from realtime.codes import CloseCode, Disconnect, ErrorCode, Refusal
from storage.announcements import SPACE
from storage.revocations import name_credential

LONGEST_KEY = 200


class IdentityChannels(OutboxChannels):
    """`identity#<user id>`: what concerns an account, for its own connections alone."""

    name, boundary = SPACE, "#"
    declarations = (IDENTITY,)

    async def authorise(self, who: Identity, key: str) -> None:
        """Let the account itself in."""
        if who.anonymous or who.user != key:
            raise Refusal(ErrorCode.PERMISSION_DENIED)

    async def listed(self, who: Identity) -> Sequence[str]:
        """Name the account's own channel."""
        return [] if who.anonymous else [self.prefix + who.user]


def describe_live(services: Services) -> Live:
    """Put together the channel, the credential `Token <key>`, and identity tokens."""
    stores = services.stores

    async def identify(key: str) -> Identity:
        holder = await stores.tokens.holder(key) if 1 <= len(key) <= LONGEST_KEY else None
        if holder is None or not holder.active:
            raise Disconnect(CloseCode.INVALID_TOKEN)
        member = holder.member
        return Identity(str(member.id), name_credential("token", key), None, member.generation)

    async def read_identity_token(token: str) -> Identity | None:
        return await services.layer.identify(token) if is_identity_token(token) else None

    return Live(
        namespaces=(IdentityChannels(stores.outbox),),
        schemes={"token": identify},
        credentials=(Credential("knowme", "Token <key>", "The key that Know Me's POST /auth/login/ gives."),),
        tokens=(read_identity_token,),
    )
