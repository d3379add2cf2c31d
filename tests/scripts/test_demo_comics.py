"""Comics to look at: drawn, released, and going on."""

from __future__ import annotations

import random
import struct
import time
import zlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from scripts.demo.comics import SLUGS, bring_out, found_comics, open_press
from scripts.demo.drawing import draw
from scripts.demo.founding import populate
from scripts.demo.life import Life
from storage.comics.press import Press, Title
from storage.errors import Taken
from storage.integrity import Integrity
from storage.stores import Stores, all_indexes, all_traces

NOW = 1.7e9


async def rows(stores: Stores, collection: str) -> list[dict[str, Any]]:
    """Read a collection by id."""
    return await stores.database[collection].find({}).sort("_id", 1).to_list(None)


async def read(pieces: AsyncIterator[bytes]) -> bytes:
    """Read a file."""
    return b"".join([piece async for piece in pieces])


def decode(png: bytes) -> tuple[int, int, bytes]:
    """Return width, height and palette indexes of a picture, as a viewer would read it."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    parts, rest = {}, png[8:]
    while rest:
        length, kind = struct.unpack(">I4s", rest[:8])
        data, check = rest[8 : 8 + length], rest[8 + length : 12 + length]
        assert check == struct.pack(">I", zlib.crc32(kind + data))
        parts[kind], rest = data, rest[12 + length :]
    assert list(parts) == [b"IHDR", b"PLTE", b"IDAT", b"IEND"]
    width, height, *form = struct.unpack(">IIBBBBB", parts[b"IHDR"])
    assert form == [8, 3, 0, 0, 0]
    lines = zlib.decompress(parts[b"IDAT"])
    assert len(lines) == height * (width + 1)
    rows = [lines[at : at + width + 1] for at in range(0, len(lines), width + 1)]
    assert {row[0] for row in rows} == {0}
    pixels = b"".join(row[1:] for row in rows)
    assert 3 * (max(pixels) + 1) <= len(parts[b"PLTE"])
    return width, height, pixels


async def test_a_dozen_comics_have_releases_up_to_now(stores: Stores) -> None:
    assert await found_comics(stores, 6, NOW) == {"comics": 12, "releases": 72}
    comics, releases = await rows(stores, "comics"), await rows(stores, "comic_releases")
    assert {comic["slug"] for comic in comics} == set(SLUGS)
    assert {comic["n_releases"] for comic in comics} == {6}
    times = [release["fetched"] for release in releases]
    assert times == sorted(times)
    assert NOW * 1e6 - 86_400e6 < times[-1] <= NOW * 1e6
    assert await stores.database["outbox"].find_one({}) is None


async def test_every_picture_is_a_file_of_its_size(stores: Stores) -> None:
    await found_comics(stores, 2, NOW)
    for row in await rows(stores, "comic_images"):
        file = await stores.media_folder.find(row["file"])
        assert file is not None
        assert file.digest == row["checksum"]
        width, height, _ = decode(await read(stores.files.read(file)))
        assert (width, height) == (row["width"], row["height"])


def test_strips_differ_and_are_the_same_again() -> None:
    strips = [draw(random.Random(seed)) for seed in range(20)]
    assert len({strip.png for strip in strips}) == 20
    assert draw(random.Random(7)) == strips[7]
    for strip in strips:
        width, height, pixels = decode(strip.png)
        assert (width, height) == (strip.width, strip.height)
        assert len(set(pixels)) >= 4
        assert len(strip.png) < 4000


async def test_the_community_with_its_comics_is_sound(stores: Stores) -> None:
    await populate(stores)
    await bring_out(stores, random.Random(1), time.time())
    integrity = Integrity(stores.database, all_indexes(), all_traces(), lag=3)
    assert [finding for check in integrity.checks().values() async for finding in check()] == []


async def test_a_new_release_is_told_on_both_channels(stores: Stores) -> None:
    await found_comics(stores, 1, NOW)
    number = await bring_out(stores, random.Random(1), NOW + 60)
    release = await stores.database["comic_releases"].find_one({"_id": number})
    assert release is not None
    comic = await stores.database["comics"].find_one({"_id": release["comic_id"]})
    assert comic is not None
    assert (release["fetched"], comic["n_releases"]) == ((NOW + 60) * 1e6, 2)
    for channel in ("comics:releases", f"comics:releases/{comic['slug']}"):
        told = await stores.outbox.read(channel)
        assert [message.data for message in told.messages] == [{"release": number}]


async def test_beyond_a_bound_the_oldest_release_goes_for_each_new_one(stores: Stores) -> None:
    """A demo that runs for weeks stays as large, and whole: releases, images and counts agree."""
    await found_comics(stores, 3, NOW)
    press = open_press(stores)
    first, *_ = await press.listed()
    oldest = await stores.database["comic_releases"].find_one({"comic_id": first}, sort=[("_id", 1)])
    assert oldest is not None
    assert await press.retire(first, 2) == 1
    assert await press.retire(first, 2) == 0
    for name, row in (("comic_releases", oldest), ("comic_images", oldest["images"][0])):
        assert await stores.database[name].find_one({"_id": row["_id"]}) is None
    comic = await stores.database["comics"].find_one({"_id": first})
    assert comic is not None
    assert (comic["n_releases"], comic["n_images"]) == (2, 2)
    integrity = Integrity(stores.database, all_indexes(), all_traces())
    assert [finding async for finding in integrity.checks()["comics"]()] == []
    assert [finding async for finding in integrity.checks()["images"]()] == []


async def test_comics_of_others_are_left_alone(stores: Stores) -> None:
    """Where somebody imported comics, the demo brings none and releases none."""
    await stores.database["comics"].insert_one({"_id": 7, "slug": "xkcd", "n_releases": 0})
    assert await found_comics(stores, 6, NOW) == {"comics": 0, "releases": 0}
    assert await bring_out(stores, random.Random(1), NOW) is None
    press = Press(stores.database, stores.counters, stores.posting)
    assert await press.retire(7, -1) == 0
    with pytest.raises(Taken):
        await press.found([Title("x", "other", "en", "", "", ""), Title("x", "xkcd", "en", "", "", "")], 1)
    assert [comic["slug"] for comic in await rows(stores, "comics")] == ["xkcd"]


class Loaded(random.Random):
    """Chance that always says the same."""

    def random(self) -> float:
        """Return what makes a comic come out."""
        return 0.045


async def test_now_and_then_a_comic_comes_out(stores: Stores) -> None:
    await found_comics(stores, 1, NOW)
    life = Life(stores, Loaded(), 3, lambda: NOW)
    assert await life.act([]) is False
    assert len(await rows(stores, "comic_releases")) == 13
