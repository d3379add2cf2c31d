"""Objects as clients see them; keys in sorted order, so that nobody has to sort them again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote

from handlers.comics.messages import ImageMessage, ReleaseMessage
from settings import Settings
from storage.comics.calendar import EPOCH
from storage.comics.keys import Reader
from storage.comics.objects import Comic, Image, Release, Subscription

SAFE = "/~!*()'"  # in addresses of files


def spell_time(microseconds: int) -> str:
    """Write a moment; a fraction only where there is one."""
    return (EPOCH + timedelta(0, 0, microseconds)).isoformat()


def media_base(settings: Settings, base_url: str) -> str:
    """Return what addresses of images begin with, absolute."""
    configured = settings.comics_media_url
    return base_url + configured if configured.startswith("/") else configured


class Objects:
    """Makes objects; addresses of images begin with `media`."""

    def __init__(self, media: str) -> None:
        self._media = media

    def comic(self, comic: Comic) -> dict[str, Any]:
        """Return a comic."""
        return {
            "active": comic.active,
            "added": spell_time(comic.added),
            "end_date": comic.end_date,
            "id": str(comic.id),
            "language": comic.language,
            "name": comic.name,
            "resource_uri": f"/api/v1/comics/{comic.id}/",
            "rights": comic.rights,
            "slug": comic.slug,
            "start_date": comic.start_date,
            "url": comic.url,
        }

    def image(self, image: Image) -> ImageMessage:
        """Return an image."""
        number, _, file, checksum, title, text, fetched, height, width = image
        return {
            "checksum": checksum,
            "fetched": spell_time(fetched),
            "file": self._media + quote(file, SAFE) if file else None,
            "height": height,
            "id": f"{number}",
            "resource_uri": f"/api/v1/images/{number}/",
            "text": text,
            "title": title,
            "width": width,
        }

    def release(self, release: Release) -> ReleaseMessage:
        """Return a release with its images."""
        number, comic, pub_date, fetched, images = release
        return {
            "comic": f"/api/v1/comics/{comic}/",
            "fetched": spell_time(fetched),
            "id": f"{number}",
            "images": [self.image(each) for each in images],
            "pub_date": pub_date,
            "resource_uri": f"/api/v1/releases/{number}/",
        }

    def subscription(self, subscription: Subscription) -> dict[str, Any]:
        """Return a subscription."""
        return {
            "comic": f"/api/v1/comics/{subscription.comic_id}/",
            "id": str(subscription.id),
            "resource_uri": f"/api/v1/subscriptions/{subscription.id}/",
        }

    def user(self, reader: Reader) -> dict[str, Any]:
        """Return an account, as its owner sees it."""
        return {
            "date_joined": spell_time(reader.date_joined),
            "email": reader.email,
            "last_login": None if reader.last_login is None else spell_time(reader.last_login),
            "resource_uri": f"/api/v1/users/{reader.id}/",
            "secret_key": reader.secret_key,
        }
