"""The root, the schemas, and the three resources that everybody with a key may read."""

from __future__ import annotations

from typing import Any

from handlers.comics.answers import (
    ComicObject,
    ImageObject,
    Listed,
    ReleaseObject,
    ResourcePaths,
    SchemaObject,
)
from handlers.comics.credentials import Access, PasswordHandler, ReaderHandler
from handlers.comics.details import DetailHandler
from handlers.comics.fields import RESOURCES, Resource, describe_resource, describe_root
from handlers.comics.lists import ListHandler
from handlers.comics.rules import ComicsHandler
from handlers.core.dialect import Route
from handlers.core.errors import ApiError
from handlers.core.operation import operation
from storage.comics.objects import Comic, Image, Release


class RootHandler(ComicsHandler):
    """The resource of all resources."""

    @operation(returns=dict[str, ResourcePaths])
    async def get(self) -> None:
        """Say which resources there are."""
        self.send(describe_root(), "response")


class SchemaHandler(ReaderHandler):
    """The description of a resource; its route says which."""

    resource: Resource

    def initialize(self, refusal: ApiError | None = None, **options: Any) -> None:
        """Take the resource's name from the route."""
        super().initialize(refusal)
        self.resource = RESOURCES[options["resource"]]

    @operation(access=Access.KEY, returns=SchemaObject)
    async def get(self) -> None:
        """Describe the fields of a resource, and what it may be filtered by."""
        self.send(describe_resource(self.resource), "response")


class OpenSchemaHandler(PasswordHandler, SchemaHandler):
    """The description of a resource that a password opens, too."""

    @operation(access=Access.KEY_OR_PASSWORD, returns=SchemaObject)
    async def get(self) -> None:
        """Describe the fields of a resource."""
        self.send(describe_resource(self.resource), "response")


class ComicsListHandler(ListHandler):
    """All comics."""

    resource = RESOURCES["comics"]

    @operation(access=Access.KEY, returns=Listed[ComicObject])
    async def get(self) -> None:
        """List comics by name."""
        catalogue, reader = self.catalogue, self.reader.id
        await self.send_list(lambda selection: catalogue.comics(selection, reader), self.objects.comic)


class ImagesListHandler(ListHandler):
    """All images."""

    resource = RESOURCES["images"]

    @operation(access=Access.KEY, returns=Listed[ImageObject])
    async def get(self) -> None:
        """List images by id."""
        await self.send_list(self.catalogue.images, self.objects.image)


class ReleasesListHandler(ListHandler):
    """All releases."""

    resource = RESOURCES["releases"]

    @operation(access=Access.KEY, returns=Listed[ReleaseObject])
    async def get(self) -> None:
        """List releases, the newest first."""
        catalogue, reader = self.catalogue, self.reader.id
        await self.send_list(lambda selection: catalogue.releases(selection, reader), self.objects.release)


class ComicHandler(DetailHandler):
    """One comic."""

    async def find(self, number: int) -> Comic | None:
        """Find the comic."""
        return await self.stores.catalogue.comic(number)

    @operation(access=Access.KEY, returns=ComicObject)
    async def get(self) -> None:
        """Show a comic."""
        self.send(self.objects.comic(self.found), "object")


class ImageHandler(DetailHandler):
    """One image."""

    async def find(self, number: int) -> Image | None:
        """Find the image."""
        return await self.stores.catalogue.image(number)

    @operation(access=Access.KEY, returns=ImageObject)
    async def get(self) -> None:
        """Show an image."""
        self.send(self.objects.image(self.found), "object")


class ReleaseHandler(DetailHandler):
    """One release."""

    async def find(self, number: int) -> Release | None:
        """Find the release."""
        return await self.stores.catalogue.release(number)

    @operation(access=Access.KEY, returns=ReleaseObject)
    async def get(self) -> None:
        """Show a release with its images."""
        self.send(self.objects.release(self.found), "object")


def route_schema(resource: Resource) -> Route:
    """Route the description of a resource."""
    handler = OpenSchemaHandler if resource.name == "users" else SchemaHandler
    return Route(resource.schema_path, handler, {"resource": resource.name}, slashless=True)


ROUTES = (
    Route("/api/v1/", RootHandler, slashless=True),
    *map(route_schema, RESOURCES.values()),
    Route("/api/v1/comics/", ComicsListHandler, slashless=True),
    Route("/api/v1/comics/{id}/", ComicHandler, slashless=True),
    Route("/api/v1/images/", ImagesListHandler, slashless=True),
    Route("/api/v1/images/{id}/", ImageHandler, slashless=True),
    Route("/api/v1/releases/", ReleasesListHandler, slashless=True),
    Route("/api/v1/releases/{id}/", ReleaseHandler, slashless=True),
)
