"""What the channels of releases carry."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from handlers.core.declaration import Declaration, Parameter

Moment = Annotated[str, Field(description="UTC.", json_schema_extra={"format": "date-time"})]
Path = Annotated[str, Field(description="A path of this API.")]


class ImageMessage(TypedDict):
    """An image of a release."""

    checksum: str
    fetched: Moment
    file: Annotated[str | None, Field(description="The picture's address, with scheme and host.")]
    height: int
    id: str
    resource_uri: Path
    text: str
    title: str
    width: int


class ReleaseMessage(TypedDict):
    """A release, as GET /api/v1/releases/<id>/ shows it."""

    comic: Path
    fetched: Moment
    id: str
    images: list[ImageMessage]
    pub_date: Annotated[str, Field(json_schema_extra={"format": "date"})]
    resource_uri: Path


RELEASE = ReleaseMessage(
    comic="/api/v1/comics/19/",
    fetched="2012-10-08T04:03:56.411028+00:00",
    id="147708",
    images=[
        ImageMessage(
            checksum="605d9ba5e6b4a2",
            fetched="2012-10-08T04:03:56.406586+00:00",
            file="http://localhost:8888/media/comics/xkcd/6/605d9ba5e6b4a2.png",
            height=365,
            id="151937",
            resource_uri="/api/v1/images/151937/",
            text="Facebook, Apple, and Google all got away with their monopolist power grabs.",
            title="Microsoft",
            width=278,
        )
    ],
    pub_date="2012-10-08",
    resource_uri="/api/v1/releases/147708/",
)

RELEASES = Declaration(
    "releases",
    "comics:releases",
    "New releases",
    "Every new release of any comic, once the import that brings it is committed.",
    "every account",
    ReleaseMessage,
    (RELEASE,),
    account=True,
    withdraws=True,
)
RELEASES_OF_COMIC = Declaration(
    "comic_releases",
    "comics:releases/{slug}",
    "New releases of one comic",
    "Every new release of the comic.",
    "every account",
    ReleaseMessage,
    (RELEASE,),
    {"slug": Parameter("The comic's slug.", "xkcd")},
    account=True,
    withdraws=True,
)
