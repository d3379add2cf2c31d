"""A small library of comics, stored as an import would store them, and somebody who reads it."""

from __future__ import annotations

import asyncio
import base64
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from storage.comics.keys import Reader
from storage.driver import Document
from storage.stores import Stores
from tests.knowme.client import App
from tests.serving import Answer, Api, Served

SECOND = 1_000_000  # microseconds
EVENING = 1_349_669_036 * SECOND  # 2012-10-08T04:03:56Z
PASSWORD = "correct horse 7"


def make_comic(number: int, **values: Any) -> Document:
    """Make the document of a comic."""
    made = {
        "name": f"Comic {number}",
        "slug": f"comic-{number}",
        "language": "en",
        "url": "",
        "active": True,
        "start_date": None,
        "end_date": None,
        "rights": "",
        "added": 1_335_811_199 * SECOND,  # 2012-04-30T18:39:59Z
    }
    return {"_id": number, **made, **values}


def make_image(number: int, comic: int = 18, **values: Any) -> Document:
    """Make the document of an image."""
    made = {
        "comic_id": comic,
        "file": f"xkcd/6/{number}.png",
        "checksum": f"{number:064x}",
        "title": "",
        "text": "",
        "fetched": EVENING + number,
        "height": 365,
        "width": 278,
    }
    return {"_id": number, **made, **values}


def make_release(number: int, comic: int = 18, *images: Document, **values: Any) -> Document:
    """Make the document of a release."""
    made = {"comic_id": comic, "pub_date": "2012-10-08", "fetched": EVENING + number, "images": list(images)}
    return {"_id": number, **made, **values}


class Library:
    """What the test has stored."""

    def __init__(self, stores: Stores) -> None:
        self.stores = stores

    async def put(
        self,
        comics: Sequence[Document] = (),
        releases: Sequence[Document] = (),
        images: Sequence[Document] = (),
    ) -> None:
        """Store things together with the images inside, and the counts that comics keep."""
        all_images = {each["_id"]: each for release in releases for each in release["images"]}
        all_images |= {each["_id"]: each for each in images}
        n_releases = Counter(release["comic_id"] for release in releases)
        n_images = Counter(image["comic_id"] for image in all_images.values())
        counted = [
            {**each, "n_releases": n_releases[each["_id"]], "n_images": n_images[each["_id"]]}
            for each in comics
        ]
        stored = {"comics": counted, "comic_releases": releases, "comic_images": list(all_images.values())}
        for name, rows in stored.items():
            if rows:
                await self.stores.database[name].insert_many(list(rows))

    async def fill(self, releases: int) -> None:
        """Store one comic with as many releases, each with one image."""
        rows = [make_release(number, 18, make_image(number)) for number in range(1, releases + 1)]
        await self.put([make_comic(18, slug="xkcd", name="xkcd")], rows)


@dataclass
class Caller:
    """Somebody's client."""

    api: Api
    stores: Stores
    app: App
    key: str
    email: str

    @classmethod
    async def sign_up(cls, server: Served, email: str) -> Caller:
        """Make an account and take its key."""
        app = await App.sign_up(server.api, server.stores, email)
        key = await server.stores.secret_keys.of(app.number)
        return cls(server.api, server.stores, app, key, email)

    async def reader(self) -> Reader:
        """Return what is stored of the account."""
        return await self.stores.secret_keys.reader(self.app.number)

    async def set_password(self, hashed: str, **values: Any) -> None:
        """Give the account a password, as a registration would."""
        changes = {"password": hashed, "set_password": True, **values}
        await self.stores.database["users"].update_one({"_id": self.app.oid}, {"$set": changes})

    def basic(self, password: str = PASSWORD, email: str = "") -> dict[str, str]:
        """Return the header of a sign-in."""
        pair = f"{email or self.email}:{password}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}

    async def call(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a request with the key; a body is JSON unless the headers say otherwise."""
        # Without a type the client that is used here would call it a form.
        typed = {} if body is None else {"Content-Type": "application/json"}
        given = {"Authorization": f"Key {self.key}", **typed, **(headers or {})}
        return await self.api.call(method, path, body, given)

    async def get(self, path: str, **parameters: Any) -> Answer:
        """Read; parameters that are lists are given several times."""
        return await self.call("GET", with_query(path, parameters))

    async def ids(self, path: str, **parameters: Any) -> list[int]:
        """List what is found; the count must agree."""
        answer = await self.get(path, limit=0, **parameters)
        assert answer.status == 200, answer.text
        found = [int(each["id"]) for each in answer.json["objects"]]
        assert answer.json["meta"]["total_count"] == len(found)
        return found

    async def refused(self, path: str, **parameters: Any) -> str:
        """Return the text of a refusal."""
        answer = await self.get(path, **parameters)
        assert answer.status == 400, answer.text
        assert list(answer.json) == ["error"]
        text: str = answer.json["error"]
        return text

    async def send(self, method: str, path: str, value: Any) -> Answer:
        """Send a value as JSON."""
        return await self.call(method, path, orjson.dumps(value))

    async def follow(self, *comics: int) -> list[int]:
        """Follow comics; return the ids of the subscriptions."""
        answers = await asyncio.gather(
            *(self.send("POST", "/api/v1/subscriptions/", {"comic": uri(comic)}) for comic in comics)
        )
        assert {answer.status for answer in answers} <= {201}
        return [int(answer.headers["Location"].split("/")[-2]) for answer in answers]

    async def followed(self) -> list[tuple[int, int]]:
        """List one's subscriptions: their ids and those of the comics."""
        answer = await self.get("/api/v1/subscriptions/", limit=0)
        return [(int(each["id"]), int(each["comic"].split("/")[-2])) for each in answer.json["objects"]]


def uri(comic: int) -> str:
    """Name a comic."""
    return f"/api/v1/comics/{comic}/"


def with_query(path: str, parameters: Mapping[str, Any]) -> str:
    """Add parameters to a path."""
    return f"{path}?{urlencode(parameters, doseq=True, quote_via=quote)}" if parameters else path
