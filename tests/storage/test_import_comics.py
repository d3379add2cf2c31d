"""Importing dumps of comics: what is read over HTTP afterwards."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from storage.stores import Stores
from tests.scripts.comics_dump import KEY, Shelf, comic, image, release, user, whole_dump
from tests.scripts.django_dump import Load, Row, django_loader, record
from tests.scripts.dumps import assert_sound, dump
from tests.serving import Api


@pytest.fixture
def load(stores: Stores, tmp_path: Path) -> Load:
    return django_loader(stores, tmp_path)


def counts(records: list[Row]) -> Counter[str]:
    return Counter(each["model"] for each in records)


async def test_every_model_is_seen_over_http(load: Load, api: Api, stores: Stores) -> None:
    """With the dump's ids, to the microsecond, under the dump's key."""
    records = whole_dump()
    assert await load(records) == {"imported": counts(records), "skipped": []}
    shelf = Shelf(api)
    assert await shelf.get("comics/18/") == {
        "active": True,
        "added": "2012-04-30T18:39:59+00:00",
        "end_date": None,
        "id": "18",
        "language": "en",
        "name": "Xkcd",
        "resource_uri": "/api/v1/comics/18/",
        "rights": "Randall",
        "slug": "xkcd",
        "start_date": "2005-05-29",
        "url": "http://xkcd.com/",
    }
    zits = await shelf.get("comics/19/")
    assert (zits["active"], zits["url"], zits["end_date"]) == (False, "", "2013-01-31")
    found = await shelf.get("releases/147708/")
    assert (found["comic"], found["pub_date"], found["fetched"]) == (
        "/api/v1/comics/18/",
        "2012-10-08",
        "2012-10-08T04:01:48.411028+00:00",
    )
    first, second = found["images"]
    assert first == {
        "checksum": f"{151937:064x}",
        "fetched": "2012-10-08T04:03:56.406586+00:00",
        "file": f"{api.url}/media/comics/xkcd/6/151937.png",
        "height": 365,
        "id": "151937",
        "resource_uri": "/api/v1/images/151937/",
        "text": "Über",
        "title": "É",
        "width": 278,
    }
    assert first == await shelf.get("images/151937/")
    assert (second["file"], second["fetched"]) == (None, "2012-10-08T04:03:56.500000+00:00")
    assert (await shelf.get("releases/147709/"))["images"] == []
    assert await shelf.followed() == [(61, 18), (62, 19)]
    (ann,) = (await shelf.get("users/"))["objects"]
    assert ann == {
        "date_joined": "2012-06-09T23:09:54.312109+00:00",
        "email": "Ann@Example.com",
        "last_login": "2012-11-01T10:00:00.500000+00:00",
        "resource_uri": "/api/v1/users/41/",
        "secret_key": KEY,
    }
    await assert_sound(stores)


async def test_the_documents_are_those_of_a_comic_that_was_made_here(load: Load, stores: Stores) -> None:
    await load(whole_dump())
    row = await stores.database["comics"].find_one({"_id": 18})
    assert row is not None
    assert (row["n_releases"], row["n_images"], row["added"]) == (1, 2, 1_335_811_199_000_000)
    assert set(row) == {
        *("_id", "name", "slug", "language", "url", "active", "start_date", "end_date", "rights", "added"),
        *("n_releases", "n_images"),
    }
    assert await stores.catalogue.shows_file("xkcd/6/151937.png")


async def test_a_second_load_changes_nothing(load: Load, stores: Stores) -> None:
    records = [*whole_dump(), release(7, 18, [], fetched=None), image(9, fetched=None)]
    for row in records[-2:]:
        del row["fields"]["fetched"]
    first = await load(records)
    before = await dump(stores)
    assert await load(records) == first
    assert await dump(stores) == before


@pytest.mark.parametrize("seed", range(4))
async def test_any_order_brings_the_same(load: Load, api: Api, stores: Stores, seed: int) -> None:
    records = whole_dump()
    random.Random(seed).shuffle(records)
    assert (await load(records))["skipped"] == []
    shelf = Shelf(api)
    assert await shelf.ids("releases/") == [147709, 147708]
    assert await shelf.ids("releases/?comic__slug=xkcd&images=151938") == [147708]
    assert await shelf.followed() == [(61, 18), (62, 19)]
    await assert_sound(stores)


async def test_references_reach_stored_rows(load: Load, api: Api, stores: Stores) -> None:
    """Each model may come with a run of its own."""
    for row in reversed(whole_dump()):
        assert (await load([row]))["skipped"] == []
    assert await Shelf(api).followed() == [(61, 18), (62, 19)]
    assert await Shelf(api).ids("releases/?images__title=%C3%89") == [147708]
    await assert_sound(stores)


async def test_a_changed_image_changes_in_its_releases(load: Load, api: Api, stores: Stores) -> None:
    await load([*whole_dump(), release(5, 19, [151937])])
    await load([image(151937, comic=19, title="New", height=1)])
    shelf = Shelf(api)
    for path, place in (("releases/147708/", 0), ("releases/5/", 0)):
        shown = (await shelf.get(path))["images"][place]
        assert (shown["title"], shown["height"], shown["text"]) == ("New", 1, "")
    assert await shelf.ids("releases/?images__height=1") == [147708, 5]
    assert (await shelf.get("releases/147708/"))["images"][1]["height"] == 365
    await assert_sound(stores)  # the images of each comic are counted


async def test_a_changed_release_moves_to_its_comic(load: Load, api: Api, stores: Stores) -> None:
    await load(whole_dump())
    await load([release(147708, 19, [151938], pub_date="2013-01-01")])
    shelf = Shelf(api)
    assert await shelf.ids("releases/?comic__slug=zits") == [147709, 147708]
    assert await shelf.ids("releases/?comic__slug=xkcd") == []
    assert await shelf.ids("releases/?pub_date__year=2013") == [147708]
    assert [each["id"] for each in (await shelf.get("releases/147708/"))["images"]] == ["151938"]
    await assert_sound(stores)


async def test_a_changed_comic_is_found_by_what_it_is_now(load: Load, api: Api, stores: Stores) -> None:
    await load(whole_dump())
    changed = comic(18, "nerds", language="fr", active=False)
    del changed["fields"]["added"]
    await load([changed])
    shelf = Shelf(api)
    assert await shelf.ids("releases/?comic__language=fr&comic__active=false") == [147708]
    assert await shelf.ids("releases/?comic__slug=xkcd") == []
    row = await shelf.get("comics/18/")
    assert (row["slug"], row["url"], row["added"]) == ("nerds", "", "2012-04-30T18:39:59+00:00")
    await assert_sound(stores)


async def test_comics_may_swap_their_slugs(load: Load, api: Api, stores: Stores) -> None:
    """Also when they stand far apart: no two have one at any time."""
    filling = [comic(1000 + n, f"filling{n}") for n in range(300)]
    await load([*whole_dump(), *filling])
    await load([comic(18, "zits"), *filling, comic(19, "filling7"), comic(1007, "xkcd")])
    shelf = Shelf(api)
    slugs = [(await shelf.get(f"comics/{number}/"))["slug"] for number in (18, 19, 1007, 1008)]
    assert slugs == ["zits", "filling7", "xkcd", "filling8"]
    await assert_sound(stores)


async def test_of_rows_with_one_key_the_last_one_counts(load: Load, api: Api, stores: Stores) -> None:
    records = [*whole_dump(), image(151937, title="Z"), release(147709, 18, [151937, 151937])]
    assert (await load(records))["imported"]["core.image"] == 3
    shelf = Shelf(api)
    assert [each["title"] for each in (await shelf.get("releases/147709/"))["images"]] == ["Z"]
    await assert_sound(stores)


async def test_counters_go_on_above_the_highest(load: Load, api: Api, stores: Stores) -> None:
    await load(whole_dump())
    rows = await stores.database["counters"].find({}).to_list(None)
    counters = {row["_id"]: row["seq"] for row in rows}
    assert counters["comics"] == 19
    assert counters["comic_images"] == 151938
    assert counters["comic_releases"] == 147709
    assert counters["comic_subscriptions"] == 62
    await load([comic(20, "new")])
    shelf = {"Authorization": f"Key {KEY}", "Content-Type": "application/json"}
    answer = await api.call("POST", "/api/v1/subscriptions/", b'{"comic": "/api/v1/comics/20/"}', shelf)
    assert answer.headers["Location"].endswith("/api/v1/subscriptions/63/")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("2012-10-08T04:03:56Z", "2012-10-08T04:03:56+00:00"),
        ("2012-10-08T04:03:56", "2012-10-08T04:03:56+00:00"),
        ("2012-10-08 04:03:56.4", "2012-10-08T04:03:56.400000+00:00"),
        ("2012-10-08T04:03:56.41Z", "2012-10-08T04:03:56.410000+00:00"),
        ("2012-10-08T04:03:56.411Z", "2012-10-08T04:03:56.411000+00:00"),
        ("2012-10-08T04:03:56.4110+00:00", "2012-10-08T04:03:56.411000+00:00"),
        ("2012-10-08T04:03:56.41102-01:30", "2012-10-08T05:33:56.411020+00:00"),
        ("2012-10-08T06:03:56.411028+0200", "2012-10-08T04:03:56.411028+00:00"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+00:00"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999+00:00"),
    ],
)
async def test_times_are_kept_to_the_microsecond(load: Load, api: Api, written: str, shown: str) -> None:
    await load([*whole_dump(), comic(1, "a", added=written), image(1, 1, fetched=written)])
    await load([release(1, 1, [1], fetched=written)])
    shelf = Shelf(api)
    assert (await shelf.get("comics/1/"))["added"] == shown
    (found,) = (await shelf.get("releases/?comic=1"))["objects"]
    assert (found["fetched"], found["images"][0]["fetched"]) == (shown, shown)


async def test_what_others_keep_in_such_a_file_is_listed(load: Load) -> None:
    """Also what Know Me would take from a file of its own."""
    others = [
        record("contenttypes.contenttype", 1, app_label="core"),
        record("auth.group", 1, name="x"),
        record("account.emailaddress", 1, user=41, email="ann@example.com", verified=True, primary=True),
        record("authtoken.token", "ab" * 20, user=41),
        record("invitations.invitation", 1, email="x"),
    ]
    outcome = await load([*others, *whole_dump()])
    assert outcome["imported"] == counts(whole_dump())
    assert {each["model"]: each["count"] for each in outcome["skipped"]} == counts(others)


async def test_files_are_served_whether_they_come_first_or_last(load: Load, api: Api, stores: Stores) -> None:
    await stores.media_folder.keep("early.png", [b"early"])
    path = "/media/comics/"
    assert (await api.get(f"{path}early.png")).status == 404
    await load([*whole_dump(), image(1, file="early.png"), image(2, file="sub/late.png")])
    early, late = await api.get(f"{path}early.png"), await api.get(f"{path}sub/late.png")
    assert (early.status, early.body, late.status) == (200, b"early", 404)
    await stores.media_folder.keep("sub/late.png", [b"late"])
    assert (await api.get(f"{path}sub/late.png")).body == b"late"


async def test_a_file_that_an_image_names_is_not_released(load: Load, stores: Stores) -> None:
    """What two dialects name goes only when the last one lets go of it."""
    await load(whole_dump())
    await stores.media_folder.keep("xkcd/6/151937.png", [b"x"])

    async def release_file(session: Any) -> None:
        await stores.media_folder.release("xkcd/6/151937.png", session)

    await stores.database.transaction(release_file)
    assert await stores.media_folder.find("xkcd/6/151937.png") is not None


async def test_a_demos_comic_that_an_import_overwrites_is_none_of_the_demos(
    load: Load, stores: Stores
) -> None:
    await load([comic(18, "xkcd"), user(41, "ann@example.com")])
    await stores.database["comics"].update_one({"_id": 18}, {"$set": {"demo": True}})
    await load([comic(18, "xkcd")])
    row = await stores.database["comics"].find_one({"_id": 18})
    assert row is not None
    assert "demo" not in row
