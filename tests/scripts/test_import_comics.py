"""Importing dumps of comics from the command line: what is refused, what is told live, how much it takes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.import_dump import import_files
from scripts.session import Failure
from settings import Settings
from storage.comics.news import News
from storage.outbox import Retention
from storage.stores import Stores
from tests.comics.test_live import hear
from tests.realtime.watching import connected, watch
from tests.scripts.comics_dump import KEY, Shelf, comic, image, profile, release, user, whole_dump
from tests.scripts.conftest import Script
from tests.scripts.django_dump import Load, Row, django_loader
from tests.scripts.dumps import assert_sound, dump
from tests.scripts.test_import_django import peak
from tests.serving import Served


@pytest.fixture
def load(stores: Stores, tmp_path: Path) -> Load:
    return django_loader(stores, tmp_path)


# What is refused


def changed(model: str, **fields: Any) -> list[Row]:
    """Return the whole dump with other fields in the first record of a model; `...` takes one away."""
    records = whole_dump()
    (row, *_) = [each for each in records if each["model"] == model]
    row["pk"] = fields.pop("pk", row["pk"])
    row["fields"] = {name: value for name, value in (row["fields"] | fields).items() if value is not ...}
    return records


BAD = [
    ("core.comic", {"name": ...}, "name is missing"),
    ("core.comic", {"name": 5}, "name is not a text"),
    ("core.comic", {"name": "a\0b"}, "name has a NUL"),
    ("core.comic", {"slug": ...}, "slug is missing"),
    ("core.comic", {"slug": None}, "slug is not a text"),
    ("core.comic", {"slug": ""}, "slug is empty"),
    ("core.comic", {"slug": {"$gt": ""}}, "slug is not a text"),
    ("core.comic", {"language": ...}, "language is missing"),
    ("core.comic", {"active": "yes"}, "active is neither true nor false"),
    ("core.comic", {"start_date": "2012-13-01"}, "start_date is not a date: '2012-13-01'"),
    ("core.comic", {"end_date": "2012-10-08T00:00:00"}, "end_date is not a date"),
    ("core.comic", {"added": "yesterday"}, "added is not a time: 'yesterday'"),
    ("core.comic", {"added": "0001-01-01T00:00:00+02:00"}, "added is not a time"),
    ("core.comic", {"added": "9999-12-31T23:59:59-02:00"}, "added is not a time"),
    ("core.comic", {"pk": 0}, "pk is not a positive number"),
    ("core.comic", {"pk": 2**63 - 1}, "pk is not a positive number"),
    ("core.comic", {"pk": 2**64 - 1}, "pk is not a whole number"),
    ("core.comic", {"pk": None}, "pk is missing"),
    ("core.comic", {"url": "x" * 1001}, "url is longer than 1000 characters"),
    ("core.image", {"comic": ...}, "comic is missing"),
    ("core.image", {"comic": 99}, "core.image: comic: there is no core.comic 99"),
    ("core.image", {"file": ...}, "file is missing"),
    ("core.image", {"file": "../secret"}, "file is no path below a folder"),
    ("core.image", {"checksum": None}, "checksum is not a text"),
    ("core.image", {"height": "tall"}, "height is not a whole number"),
    ("core.image", {"width": ...}, "width is missing"),
    ("core.image", {"title": None}, "title is not a text"),
    ("core.image", {"fetched": 5}, "fetched is not a time"),
    ("core.release", {"comic": 99}, "core.release: comic: there is no core.comic 99"),
    ("core.release", {"images": [151937, 99]}, "core.release: images: there is no core.image 99"),
    ("core.release", {"images": 151937}, "images is not a list"),
    ("core.release", {"images": ["x"]}, "images is not a whole number"),
    ("core.release", {"images": [151937] * 501}, "images are more than 500"),
    ("core.release", {"pub_date": ...}, "pub_date is missing"),
    ("core.release", {"pub_date": None}, "pub_date is not a date"),
    ("auth.user", {"email": "nobody"}, "email is not an e-mail address"),
    ("auth.user", {"is_active": None}, "is_active is neither true nor false"),
    ("auth.user", {"date_joined": "x"}, "date_joined is not a time"),
    ("accounts.userprofile", {"user": 99}, "accounts.userprofile: user: there is no auth.user 99"),
    ("accounts.userprofile", {"secret_key": ...}, "secret_key is missing"),
    ("accounts.userprofile", {"secret_key": ""}, "secret_key is not a text of 1 to 200"),
    ("accounts.subscription", {"comic": 99}, "accounts.subscription: comic: there is no core.comic 99"),
    ("accounts.subscription", {"userprofile": 99}, "userprofile: there is no accounts.userprofile 99"),
]


@pytest.mark.parametrize(("model", "fields", "reason"), BAD)
async def test_a_bad_record_is_named_and_nothing_is_kept(
    load: Load, stores: Stores, model: str, fields: dict[str, Any], reason: str
) -> None:
    records = changed(model, **fields)
    place = 1 + next(n for n, row in enumerate(records) if row["model"] == model)
    if fields.get("pk", 1) is not None and "pk" in fields:
        records = [row for row in records if row["model"] == model]  # nothing names the former pk
        place = 1
    before = await dump(stores)
    with pytest.raises(Failure) as failure:
        await load(records)
    assert f"/dump.json record {place}: " in str(failure.value)
    assert reason in str(failure.value)
    assert await dump(stores) == before


async def test_a_slug_has_one_comic(load: Load, stores: Stores) -> None:
    """In the file, and among those that are stored."""
    with pytest.raises(Failure, match=r"record 2: slug 'xkcd' is that of core\.comic 18"):
        await load([comic(18, "xkcd"), comic(19, "xkcd"), comic(20, "xkcd")])
    await load([comic(18, "xkcd")])
    before = await dump(stores)
    with pytest.raises(Failure, match=r"record 3: slug 'xkcd' is that of core\.comic 18"):
        await load([comic(1, "a"), comic(2, "b"), comic(19, "xkcd")])
    assert await dump(stores) == before


async def test_the_command_line_answers_with_counts(script: Script, stores: Stores, tmp_path: Path) -> None:
    """Forward references reach within a file only, backward ones to earlier files."""
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    records = whole_dump()
    first.write_text(json.dumps(records[6:]))
    second.write_text(json.dumps(records[:6]))
    ran = await script("import_dump", str(second), str(first))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == f"{second} record 1: accounts.subscription: comic: there is no core.comic 18\n"
    ran = await script("import_dump", str(first), str(second), "--dry-run")
    assert ran.code == 1  # nothing of the first file is stored
    ran = await script("import_dump", str(first), str(second))
    assert ran.code == 0, ran.err
    assert ran.json["skipped"] == []
    assert sum(ran.json["imported"].values()) == len(records)
    assert (await script("import_dump", str(first), str(second))).json == ran.json
    assert (await script("check_integrity")).code == 0


# What is told live


def issues(*numbers: int, comic: int = 18, **fields: Any) -> list[Row]:
    return [release(number, comic, [151937], **fields) for number in numbers]


async def test_new_releases_are_told_on_both_channels_once(load: Load, server: Served) -> None:
    await load([comic(18, "xkcd"), comic(19, "zits"), user(41, "ann@example.com"), profile(51, 41)])
    url, shown, images = server.socket_url, f"Key {KEY}", [image(151937)]
    async with connected(url, shown) as (client, every), connected(url, shown) as (other, zits):
        await watch(client, "comics:releases", every)
        await watch(other, "comics:releases/zits", zits)
        early = release(9, 18, [], fetched="2001-01-01T00:00:00Z")
        await load([*issues(5, 3), *images, early, *issues(4, comic=19)])
        assert await hear(every, 4) == [(1, "9"), (2, "3"), (3, "4"), (4, "5")]
        told = await zits.next("publication")
        assert told.data == await Shelf(server.api).get("releases/4/")
        # What is stored already is told no more, be it changed; nor are comics and images.
        await load([*issues(5, 3), comic(18, "nerds"), image(151937, title="x"), *issues(4, 6, comic=19)])
        assert await hear(every, 1) == [(5, "6")]
        assert await hear(zits, 1) == [(2, "6")]
        assert every.events.empty()
        assert zits.events.empty()


async def test_ties_are_told_in_the_order_of_ids(load: Load, stores: Stores) -> None:
    await load([comic(18, "xkcd"), image(151937), *issues(7, 2, 5, fetched="2012-10-08T04:00:00Z")])
    assert await told_of(stores) == [2, 5, 7]


async def told_of(stores: Stores, channel: str = "comics:releases") -> list[int]:
    """Return which releases a channel told of, as far as it remembers."""
    return [each.data["release"] for each in (await stores.outbox.read(channel)).messages]


async def test_a_failed_import_tells_nothing(load: Load, stores: Stores) -> None:
    with pytest.raises(Failure):
        await load([comic(18, "xkcd"), image(151937), *issues(1, 2), image(5, comic=99)])
    assert await told_of(stores) == []
    assert await stores.database["comic_news"].count_documents({}) == 0


def write(folder: Path, *files: list[Row]) -> list[Path]:
    paths = [folder / f"{n}.json" for n in range(len(files))]
    for path, rows in zip(paths, files, strict=True):
        path.write_text(json.dumps(rows))
    return paths


async def test_of_a_call_that_fails_the_files_before_are_told(stores: Stores, tmp_path: Path) -> None:
    """They are kept, so their releases are new to everybody."""
    files = write(
        tmp_path, [comic(18, "xkcd"), image(151937), *issues(1)], issues(2), [image(5, comic=99), *issues(3)]
    )
    with pytest.raises(Failure):
        await import_files(stores, files, None)
    assert await told_of(stores) == [1, 2]


async def test_of_a_whole_call_the_last_fetched_are_told(stores: Stores, tmp_path: Path) -> None:
    """As many as the history keeps, from all its files; the others are stored silently."""
    few = Stores.over(stores.database, Retention(size=60))  # more than one transaction tells of
    late = release(500, 18, [], fetched="2020-01-01T00:00:00Z")
    comics = [comic(18, "xkcd"), image(151937)]
    files = write(tmp_path, [*comics, *issues(*range(100, 171)), late], issues(*range(171, 101, -1), 1, 2))
    await import_files(few, files, None)
    assert await told_of(few) == [*range(113, 172), 500]
    assert await stores.database["comic_releases"].count_documents({}) == 75
    assert await stores.database["comic_news"].count_documents({}) == 0
    await import_files(few, files, None)
    assert (await few.outbox.read("comics:releases")).offset == 60


async def test_a_dry_run_tells_nothing(load: Load, stores: Stores) -> None:
    await load([comic(18, "xkcd"), image(151937), *issues(1)], dry=True)
    assert await told_of(stores) == []


async def test_what_a_killed_run_has_brought_is_told_by_the_next(load: Load, stores: Stores) -> None:
    """The note of a release is stored with it, and goes with the telling."""
    await load([comic(18, "xkcd"), image(151937), *issues(5)])
    await stores.database["comic_releases"].insert_one(
        {"_id": 2, "comic_id": 18, "pub_date": "2012-10-08", "fetched": 5, "images": []}
    )
    await stores.database["comic_news"].insert_one({"_id": 2})
    await stores.database["comics"].update_one({"_id": 18}, {"$inc": {"n_releases": 1}})
    await load([])
    assert await told_of(stores) == [5, 2]
    await assert_sound(stores)


async def test_two_imports_at_a_time_tell_each_release_once(load: Load, stores: Stores) -> None:
    """Whoever is through first tells what both have brought."""
    await load([comic(18, "xkcd"), image(151937), *issues(1)])
    more = [{"comic_id": 18, "pub_date": "2012-10-08", "images": []} | {"_id": n} for n in range(2, 40)]
    await stores.database["comic_releases"].insert_many([{**row, "fetched": 5} for row in more])
    await stores.database["comic_news"].insert_many([{"_id": row["_id"]} for row in more])
    await asyncio.gather(*(News(stores.database, stores.posting, 1000).tell() for _ in range(4)))
    assert await told_of(stores) == list(range(1, 40))


async def test_many_comics_tell_of_many_releases(load: Load, stores: Stores) -> None:
    """More than one transaction's worth; each channel has its own."""
    comics = [comic(n, f"c{n}") for n in range(1, 121)]
    await load([*comics, *(release(n, n % 120 + 1, []) for n in range(1, 301))])
    assert await told_of(stores) == list(range(1, 301))
    assert await told_of(stores, "comics:releases/c5") == [4, 124, 244]


# How much it takes


def forward(releases: int) -> Iterator[Row]:
    """Yield records of which each refers to one that comes much later."""
    for pk in range(releases, 0, -1):
        yield release(pk, pk % 50 + 1, [pk])
    for pk in range(releases, 0, -1):
        yield image(pk, pk % 50 + 1)
    yield from (comic(pk, f"c{pk}") for pk in range(1, 51))


async def test_many_records_in_reverse_order(load: Load, stores: Stores) -> None:
    """More than a batch of each kind, of which each is counted once."""
    for _ in range(2):
        outcome = await load(forward(700))
        assert outcome == {
            "imported": {"core.comic": 50, "core.image": 700, "core.release": 700},
            "skipped": [],
        }
    assert await told_of(stores) == sorted(range(1, 701))
    row = await stores.database["comic_releases"].find_one({"_id": 333})
    assert row is not None
    assert [each["_id"] for each in row["images"]] == [333]
    await assert_sound(stores)


async def test_memory_stays_flat(settings: Settings, stores: Stores, tmp_path: Path) -> None:
    """Forty thousand records with forward references take no more than a few do."""
    few, many = tmp_path / "few.json", tmp_path / "many.json"
    for path, releases in ((few, 100), (many, 20_000)):
        with path.open("w") as file:
            for number, row in enumerate(forward(releases)):
                file.write(("," if number else "[") + json.dumps(row))
            file.write("]")
    assert await peak(settings, many) - await peak(settings, few) < 40 * 1024
