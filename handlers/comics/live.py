"""What Comics pushes: new releases, of all comics and of each one; and its key as a credential of the hub."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import orjson

from handlers.comics.messages import RELEASES, RELEASES_OF_COMIC
from handlers.comics.objects import Objects, media_base
from handlers.core.declaration import Credential
from handlers.core.live import MOST_LISTED, Live
from handlers.core.services import Services
from handlers.core.streams import OutboxChannels
from realtime.channels import Identity, Past, Publication, Span
from realtime.codes import ErrorCode, Refusal
from storage.comics.keys import name_key
from storage.comics.posting import CHANNEL, RELEASE, Posting, slug_channel
from storage.extended_json import dumps
from storage.outbox import DELETED, Outbox

LONGEST_KEY = 200


class ReleaseChannels(OutboxChannels):
    """`comics:releases` and `comics:releases/<slug>`: for everybody with an account.

    A stored message holds the id of a release; its subscribers are told the release as it is by then.
    """

    name = CHANNEL.partition(":")[0]
    declarations = (RELEASES, RELEASES_OF_COMIC)

    def __init__(self, outbox: Outbox, posting: Posting, objects: Objects) -> None:
        super().__init__(outbox)
        self._posting = posting
        self._objects = objects

    async def authorise(self, who: Identity, key: str) -> None:
        """Let every account in, where there is such a comic."""
        if who.anonymous:
            raise Refusal(ErrorCode.PERMISSION_DENIED)
        channel = self.prefix + key
        slug = channel.removeprefix(slug_channel(""))
        known = channel == CHANNEL or (slug != channel and await self._posting.has_comic(slug))
        if not known:
            raise Refusal(ErrorCode.UNKNOWN_CHANNEL)

    async def listed(self, who: Identity) -> Sequence[str]:
        """Name the channel of all and the first comics' own."""
        if who.anonymous:
            return []
        slugs = await self._posting.slugs()
        return [CHANNEL, *map(slug_channel, slugs[:MOST_LISTED])]

    async def recall(self, key: str, span: Span) -> Past:
        """Read the history."""
        past = await super().recall(key, span)
        return replace(past, publications=await self.render(past.publications))

    async def render(self, publications: Sequence[Publication]) -> Sequence[Publication]:
        """Put releases in the place of their ids; one that is gone keeps its offset."""
        numbers = [orjson.loads(each.data).get(RELEASE) for each in publications]
        found = await self._posting.releases([number for number in numbers if number is not None])
        told = {number: dumps(self._objects.release(release)) for number, release in found.items()}
        gone = dumps(DELETED)
        return [
            replace(each, data=told.get(number, gone))
            for each, number in zip(publications, numbers, strict=True)
        ]


def describe_live(services: Services) -> Live:
    """Put together the channels and the credentials `Key <secret key>` and `Bearer <secret key>`."""
    stores = services.stores
    # No request says under which name the server is known.
    objects = Objects(media_base(services.settings, services.addressing.own_url))

    async def identify(key: str) -> Identity | None:
        reader = await stores.secret_keys.holder(key) if 1 <= len(key) <= LONGEST_KEY else None
        if reader is None or not reader.active:
            return None
        return Identity(str(reader.id), name_key(key), None, reader.generation)

    return Live(
        namespaces=(ReleaseChannels(stores.outbox, stores.posting, objects),),
        schemes={"key": identify, "bearer": identify},
        credentials=(
            Credential("comics", "Key <secret key>", "A reader's secret key, from GET /api/v1/users/."),
            Credential("comics_bearer", "Bearer <secret key>", "The same, spelled as other clients do."),
        ),
    )
