"""Subscriptions: which comics the caller follows; one by one, or many changes at once."""

from __future__ import annotations

from handlers.comics.answers import Listed, SubscriptionChanges, SubscriptionFields, SubscriptionObject
from handlers.comics.bodies import read_body, read_changes, read_comic, refuse_comic
from handlers.comics.credentials import Access
from handlers.comics.details import DetailHandler
from handlers.comics.errors import Regretted
from handlers.comics.fields import RESOURCES
from handlers.comics.lists import ListHandler
from handlers.comics.rules import ComicsHandler
from handlers.core.dialect import Route
from handlers.core.operation import operation
from storage.comics.objects import Subscription
from storage.comics.subscriptions import AlreadySubscribed, UnknownComic

RESOURCE = RESOURCES["subscriptions"]
JSON_TYPES = frozenset({"", "application/json"})


def check_type(handler: ComicsHandler) -> None:
    """Refuse bodies that say that they are no JSON; raises Regretted."""
    given = handler.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if given not in JSON_TYPES:
        raise Regretted(415)


class SubscriptionsListHandler(ListHandler):
    """The caller's subscriptions."""

    resource = RESOURCE
    methods = RESOURCE.list_methods

    @operation(access=Access.KEY, returns=Listed[SubscriptionObject])
    async def get(self) -> None:
        """List one's subscriptions by id."""
        store, reader, patience = self.stores.subscriptions, self.reader.id, self.patience
        await self.send_list(
            lambda selection: store.listing(reader, selection, patience), self.objects.subscription
        )

    @operation(access=Access.KEY, status=201, takes=SubscriptionFields)
    async def post(self) -> None:
        """Follow a comic."""
        check_type(self)
        comic = read_comic(read_body(self.request.body))
        try:
            number = await self.stores.subscriptions.add(self.reader.id, comic.id)
        except UnknownComic:
            raise refuse_comic(comic) from None
        except AlreadySubscribed:
            raise Regretted(500) from None
        self.set_header("Location", f"{self.base_url}{RESOURCE.path}{number}/")

    @operation(access=Access.KEY, status=202, takes=SubscriptionChanges)
    async def patch(self) -> None:
        """Follow some comics and no longer others: all of it, or nothing."""
        check_type(self)
        changes = read_changes(read_body(self.request.body))
        try:
            await self.stores.subscriptions.apply(self.reader.id, changes.entries, changes.deleted)
        except UnknownComic as error:
            raise refuse_comic(changes.named(error.comic_id)) from None
        except AlreadySubscribed:
            raise Regretted(500) from None


class SubscriptionHandler(DetailHandler):
    """One subscription of the caller's."""

    methods = RESOURCE.detail_methods

    async def find(self, number: int) -> Subscription | None:
        """Find the subscription, if it is the caller's."""
        return await self.stores.subscriptions.find(self.reader.id, number)

    @operation(access=Access.KEY, returns=SubscriptionObject)
    async def get(self) -> None:
        """Show a subscription."""
        self.send(self.objects.subscription(self.found), "object")

    @operation(access=Access.KEY, status=204, takes=SubscriptionFields)
    async def put(self) -> None:
        """Follow another comic by the same subscription."""
        check_type(self)
        comic = read_comic(read_body(self.request.body))
        try:
            await self.stores.subscriptions.change(self.reader.id, self.number, comic.id)
        except UnknownComic:
            raise refuse_comic(comic) from None
        except AlreadySubscribed:
            raise Regretted(500) from None

    @operation(access=Access.KEY, status=204)
    async def delete(self) -> None:
        """Follow a comic no longer."""
        await self.stores.subscriptions.remove(self.reader.id, self.number)


ROUTES = (
    Route("/api/v1/subscriptions/", SubscriptionsListHandler, slashless=True),
    Route("/api/v1/subscriptions/{id}/", SubscriptionHandler, slashless=True),
)
