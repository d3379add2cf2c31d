"""A small dump of comics, every model in it, and who reads what it brings."""

from __future__ import annotations

from typing import Any

from tests.scripts.django_dump import PASSWORD, Row, django_hash, record
from tests.serving import Api

KEY = "0123456789abcdef0123456789abcdef"


def comic(pk: int, slug: str, **fields: Any) -> Row:
    """Make a comic's record."""
    usual = {"name": slug.title(), "slug": slug, "language": "en", "added": "2012-04-30T18:39:59Z"}
    return record("core.comic", pk, **{**usual, **fields})


def image(pk: int, comic: int = 18, **fields: Any) -> Row:
    """Make an image's record."""
    usual = {
        "comic": comic,
        "file": f"xkcd/6/{pk}.png",
        "checksum": f"{pk:064x}",
        "height": 365,
        "width": 278,
    }
    return record("core.image", pk, **{**usual, "fetched": "2012-10-08T04:03:56.406586Z", **fields})


def release(pk: int, comic: int, images: list[int], **fields: Any) -> Row:
    """Make a release's record; later ones are fetched later."""
    fetched = f"2012-10-08T04:{pk // 60 % 60:02}:{pk % 60:02}.411028Z"
    usual = {"comic": comic, "images": images, "pub_date": "2012-10-08", "fetched": fetched}
    return record("core.release", pk, **{**usual, **fields})


def user(pk: int, email: str, **fields: Any) -> Row:
    """Make an account's record."""
    usual = {
        "username": f"user{pk}",
        "email": email,
        "password": django_hash(PASSWORD),
        "first_name": "Ann",
        "last_name": "Lee",
        "is_active": True,
        "is_staff": True,
        "is_superuser": True,
        "last_login": "2012-11-01T10:00:00.5Z",
        "date_joined": "2012-06-09T23:09:54.312109Z",
        "groups": [],
        "user_permissions": [],
    }
    return record("auth.user", pk, **{**usual, **fields})


def profile(pk: int, user: int, key: str = KEY, **fields: Any) -> Row:
    """Make the record of an account's key."""
    return record("accounts.userprofile", pk, **{"user": user, "secret_key": key, **fields})


def subscription(pk: int, profile: int, comic: int, **fields: Any) -> Row:
    """Make a subscription's record."""
    return record("accounts.subscription", pk, **{"userprofile": profile, "comic": comic, **fields})


def whole_dump() -> list[Row]:
    """Return records of every model; whatever refers to another stands before it."""
    return [
        subscription(61, 51, 18),
        subscription(62, 51, 19),
        profile(51, 41),
        user(41, "Ann@Example.com"),
        release(147708, 18, [151938, 151937]),
        release(147709, 19, []),
        image(151937, title="É", text="Über"),
        image(151938, file="", fetched="2012-10-08T06:03:56.5+02:00"),
        comic(18, "xkcd", url="http://xkcd.com/", rights="Randall", start_date="2005-05-29"),
        comic(19, "zits", language="no", active=False, end_date="2013-01-31"),
    ]


class Shelf:
    """What the owner of a key sees."""

    def __init__(self, api: Api, key: str = KEY) -> None:
        self._api = api
        self._key = key

    async def get(self, path: str) -> Any:
        """Read one thing, or a list of them."""
        answer = await self._api.get(f"/api/v1/{path}", Authorization=f"Key {self._key}")
        assert answer.status == 200, answer.text
        return answer.json

    async def ids(self, path: str) -> list[int]:
        """List ids; the count agrees."""
        found = await self.get(path)
        assert found["meta"]["total_count"] == len(found["objects"])
        return [int(each["id"]) for each in found["objects"]]

    async def followed(self) -> list[tuple[int, int]]:
        """List the subscriptions: their ids and those of the comics."""
        found = (await self.get("subscriptions/?limit=0"))["objects"]
        return [(int(each["id"]), int(each["comic"].split("/")[-2])) for each in found]

    async def is_open(self) -> bool:
        """Tell whether the key opens anything."""
        answer = await self._api.get("/api/v1/comics/", Authorization=f"Key {self._key}")
        assert answer.status in {200, 401}
        return answer.status == 200
