"""Lists over HTTP: pages, links, filters, and lists that are too long for one piece."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson
import pytest

from handlers.comics import lists
from storage.comics import Slow
from storage.comics.catalogue import Catalogue
from storage.comics.releases import ReleaseListing
from tests.comics.library import EVENING, Caller, Library, make_comic, make_image, make_release
from tests.comics.reading import read
from tests.serving import Served
from tests.wire import open_wire

RELEASES = "/api/v1/releases/"


async def meta(caller: Caller, **parameters: Any) -> dict[str, Any]:
    """Return the description of a list of releases."""
    answer = await caller.get(RELEASES, **parameters)
    assert answer.status == 200, answer.text
    described: dict[str, Any] = answer.json["meta"]
    return described


async def test_a_list_has_pages_of_twenty(ann: Caller, library: Library) -> None:
    await library.fill(45)
    answer = (await ann.get(RELEASES)).json
    assert list(answer) == ["meta", "objects"]
    assert answer["meta"] == {
        "limit": 20,
        "next": "/api/v1/releases/?limit=20&offset=20",
        "offset": 0,
        "previous": None,
        "total_count": 45,
    }
    assert [each["id"] for each in answer["objects"]] == [str(number) for number in range(45, 25, -1)]


async def test_following_the_links_shows_everything_once(ann: Caller, library: Library) -> None:
    await library.fill(45)
    seen, path = [], "/api/v1/releases/?limit=7&format=json&_=1"
    while path:
        page = (await ann.get(path)).json
        seen += [int(each["id"]) for each in page["objects"]]
        path = page["meta"]["next"]
    assert seen == list(range(45, 0, -1))
    back = page["meta"]["previous"]
    for _ in range(5):
        back = (await ann.get(back)).json["meta"]["previous"]
    assert (await ann.get(back)).json["meta"]["previous"] is None


async def test_where_the_links_end(ann: Caller, library: Library) -> None:
    await library.fill(5)
    cases: dict[tuple[int, int], tuple[int | None, int | None]] = {
        (2, 0): (2, None),
        (2, 1): (3, None),
        (3, 2): (None, None),
        (2, 3): (None, 1),
        (2, 4): (None, 2),
        (5, 0): (None, None),
        (4, 0): (4, None),
        (2, 9): (None, 7),
        (1002, 0): (None, None),
    }
    for (limit, offset), expected in cases.items():
        found = await meta(ann, limit=limit, offset=offset)
        links = [found["next"], found["previous"]]
        assert tuple(link and int(dict(parse_qsl(link))["offset"]) for link in links) == expected
        assert (found["limit"], found["offset"], found["total_count"]) == (limit, offset, 5)


async def test_links_keep_every_parameter(ann: Caller, library: Library) -> None:
    await library.fill(5)
    given = [
        *(("format", "json"), ("key", ann.key), ("comic__name__in", "xkcd,É &"), ("comic__name__in", "+%")),
        *(("unknown", ""), ("unknown", "2"), ("limit", "9"), ("limit", "2"), ("offset", "1"), ("É", "ü")),
    ]
    path = RELEASES + "?" + "&".join(f"{quoted(name)}={quoted(value)}" for name, value in given)
    link = (await ann.get(path)).json["meta"]["next"]
    assert link.startswith("/api/v1/releases/?")
    kept = [pair for pair in given if pair[0] not in {"limit", "offset"}]
    assert sorted(parse_qsl(urlsplit(link).query, keep_blank_values=True)) == sorted(
        [*kept, ("limit", "2"), ("offset", "3")]
    )
    assert (await ann.get(link)).json["meta"]["offset"] == 3


def quoted(text: str) -> str:
    """Encode every byte of a text."""
    return "".join(f"%{byte:02X}" for byte in text.encode())


async def test_a_key_in_the_header_is_in_no_link(ann: Caller, library: Library) -> None:
    await library.fill(3)
    assert ann.key not in (await meta(ann, limit=1))["next"]


async def test_limit_zero_is_everything_from_the_offset_on(ann: Caller, library: Library) -> None:
    await library.fill(25)
    whole = (await ann.get(RELEASES, limit=0)).json
    assert [int(each["id"]) for each in whole["objects"]] == list(range(25, 0, -1))
    rest = (await ann.get(RELEASES, limit=0, offset=20)).json
    assert [int(each["id"]) for each in rest["objects"]] == [5, 4, 3, 2, 1]
    empty = {"limit": 0, "next": None, "previous": None, "total_count": 25}
    assert whole["meta"] == {**empty, "offset": 0}
    assert rest["meta"] == {**empty, "offset": 20}


async def test_past_the_end_there_is_nothing(ann: Caller, library: Library) -> None:
    await library.fill(3)
    for resource in ("comics", "images", "releases", "subscriptions"):
        for parameters in ({"offset": 99}, {"offset": 2**63 - 1}, {"offset": 99, "limit": 0}):
            answer = await ann.get(f"/api/v1/{resource}/", **parameters)
            assert (answer.status, answer.json["objects"]) == (200, [])
    assert len((await ann.get(RELEASES, limit=2**63 - 1)).json["objects"]) == 3


async def test_bad_pages_are_refused(ann: Caller) -> None:
    cases = [
        *(("limit", value, "a positive integer.") for value in ("x", "", "1.5", "1e3", "0x1", str(2**63))),
        *(("offset", value, "an integer.") for value in ("x", "", "1.5", str(2**63))),
        *((name, "-1", "a positive integer &gt;= 0.") for name in ("limit", "offset")),
    ]
    for name, value, text in cases:
        for resource in ("comics", "users"):
            error = await ann.refused(f"/api/v1/{resource}/", **{name: value})
            assert error == f"Invalid {name} '{value}' provided. Please provide {text}"


async def test_filters_are_refused_before_orders_and_orders_before_pages(ann: Caller) -> None:
    wrong = {"limit": "x", "order_by": "name", "rights": "y"}
    assert "filtering" in await ann.refused("/api/v1/comics/", **wrong)
    del wrong["rights"]
    assert "ordering" in await ann.refused("/api/v1/comics/", **wrong)


FOUND: dict[str, dict[str, list[int]]] = {
    "comics": {
        "name=xkcd": [18],
        "name__icontains=É": [20],
        "name__icontains=é": [20],
        "name__contains=é": [],
        "name__contains=.*": [],
        "name__startswith=%25": [],
        "name__regex=^.[ik]": [19, 18],
        "slug__in=xkcd,zits": [19, 18],
        "slug__in=": [],
        "active=true": [18, 20],
        "active=f": [19],
        "language=fr": [20],
        "language=FR": [],
        "slug[$ne]=xkcd": [19, 18, 20],
        "foobar=1": [19, 18, 20],
    },
    "images": {
        "height__gt=365": [2],
        "height__lte=365": [1, 3, 4],
        "height=365&width=278": [3, 4],
        "height__range=100,365": [1, 3, 4],
        "title__icontains=<B>": [1],
        "text__startswith=Ü": [1],
        "text=": [2, 3, 4],
        "fetched=2012-10-08T04:03:56.000002Z": [2],
        "fetched__gt=2012-10-08T04:03:56.000002+00:00": [3, 4],
        "comic=18": [1, 2, 3, 4],
    },
    "releases": {
        "comic=18": [2, 1],
        "comic__in=18,20": [2, 1],
        "comic__slug=zits": [4, 3],
        "comic__name__istartswith=Z": [4, 3],
        "comic__active=true": [2, 1],
        "pub_date=2012-12-31": [2],
        "pub_date__year=2012": [2, 1],
        "pub_date__iso_year=2013": [4, 3, 2],
        "pub_date__month=10": [1],
        "pub_date__range=2012-12-31,2013-01-01": [3, 2],
        "pub_date__contains=-07-": [4],
        "pub_date__week_day=2": [4, 2, 1],
        "images=1": [1],
        "images__in=1,2": [1],
        "images__isnull=true": [4],
        "images__isnull=0": [3, 2, 1],
        "images__height__gte=100": [3, 2, 1],
        "images__height=900&images__width=900": [],
        "images__height=900&images__width=100": [1],
        "images__fetched__year=2012": [3, 2, 1],
        "images__title__contains=%C3%89": [1],
        "comic__slug=xkcd&pub_date__quarter=4&images__height=365": [2],
        f"images__height__gt={2**63 - 1}": [],
        f"images__lt={-(2**63)}": [],
    },
}


@pytest.mark.parametrize("path", FOUND)
async def test_filters_find_what_they_should(ann: Caller, shelf: Library, path: str) -> None:
    for query, ids in FOUND[path].items():
        assert await ann.ids(f"/api/v1/{path}/?{query}&x=") == ids, query


async def test_subscribed_goes_by_the_caller(ann: Caller, bob: Caller, shelf: Library) -> None:
    await ann.follow(18)
    await bob.follow(19)
    assert await ann.ids(RELEASES, subscribed="true") == [2, 1]
    assert await ann.ids(RELEASES, subscribed="false") == [4, 3]
    assert await bob.ids(RELEASES, subscribed="true") == [4, 3]
    assert await ann.ids("/api/v1/comics/", subscribed="true") == [18]
    assert await ann.ids("/api/v1/comics/", subscribed="false") == [19, 20]
    for value in ("True", "1", "", "x"):
        assert await ann.ids("/api/v1/comics/", subscribed=value) == [19, 18, 20]
    assert len(await ann.ids("/api/v1/images/", subscribed="true")) == 4
    assert len(await ann.ids("/api/v1/subscriptions/", subscribed="false")) == 1


async def test_subscriptions_are_filtered_by_their_comics(ann: Caller, shelf: Library) -> None:
    await ann.follow(18)
    await ann.follow(20)
    for query, comics in {
        "comic=20": [20],
        "comic__slug=xkcd": [18],
        "comic__language__exact=fr": [20],
        "comic__name__gt=y": [20],
        "comic__in=19": [],
    }.items():
        found = (await ann.get(f"/api/v1/subscriptions/?{query}")).json["objects"]
        assert [each["comic"] for each in found] == [f"/api/v1/comics/{comic}/" for comic in comics], query


async def test_bad_filters_are_refused_with_their_texts(ann: Caller, shelf: Library) -> None:
    mismatch = "Invalid resource lookup data provided (mismatched type)."
    for query, text in {
        "rights=x": "The 'rights' field does not allow filtering.",
        "active__gt=1": "'gt' is not an allowed filter on the 'active' field.",
        "slug__foo=x": "The 'slug' field does not support relations.",
        "slug__<b>__x=x": "The 'slug' field does not support relations.",
    }.items():
        assert await ann.refused(f"/api/v1/comics/?{query}") == text
    assert await ann.refused("/api/v1/releases/?comic__<b>=x") == (
        "The '&lt;b&gt;' field does not allow filtering."
    )
    assert await ann.refused("/api/v1/images/?height=x") == mismatch
    for query in (
        "pub_date=x",
        "pub_date__range=2012-01-01",
        "fetched=x",
        f"comic={2**63}",
        "comic__active=x",
    ):
        assert await ann.refused(f"/api/v1/releases/?{query}")
    for pattern in ("(", "[", "a{2,1}", "*", "(?P<n", "\\"):
        assert await ann.refused("/api/v1/comics/", name__regex=pattern)
        assert await ann.refused("/api/v1/releases/", images__title__iregex=pattern)
    assert await ann.refused("/api/v1/comics/", name="a\0b")


async def test_what_takes_too_long_is_a_503(
    ann: Caller, shelf: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dawdle(self: ReleaseListing, offset: int, limit: int) -> Any:
        raise Slow

    monkeypatch.setattr(ReleaseListing, "page", dawdle)
    answer = await ann.get(RELEASES)
    assert answer.status == 503
    assert answer.json == {
        "error_message": "Sorry, this request could not be processed. Please try again later."
    }


@pytest.mark.settings(comics_query_timeout_ms=1234)
async def test_the_patience_of_lists_is_a_setting(
    ann: Caller, shelf: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    within = Catalogue.within

    def watch(self: Catalogue, milliseconds: int) -> Catalogue:
        asked.append(milliseconds)
        return within(self, milliseconds)

    monkeypatch.setattr(Catalogue, "within", watch)
    await ann.get(RELEASES)
    assert asked == [1234]


@pytest.mark.parametrize("name", ["json", "jsonp", "xml", "yaml", "plist"])
async def test_a_long_list_comes_in_pieces_and_whole(ann: Caller, library: Library, name: str) -> None:
    await library.fill(1205)
    answer = await ann.get(RELEASES, limit=0, format=name)
    found = read(name, answer.body)
    assert [int(each["id"]) for each in found["objects"]] == list(range(1205, 0, -1))
    assert "Content-Length" not in answer.headers
    cut = read(name, (await ann.get(RELEASES, limit=1002, offset=100, format=name)).body)
    assert [int(each["id"]) for each in cut["objects"]] == list(range(1105, 103, -1))
    assert cut["meta"]["limit"] == 1002


async def test_a_long_list_of_images_and_comics_comes_whole(ann: Caller, library: Library) -> None:
    comics = [make_comic(number, name=f"{number:05}") for number in range(1, 1102)]
    await library.put(comics, images=[make_image(number, 1) for number in range(1, 1102)])
    for resource in ("comics", "images"):
        assert await ann.ids(f"/api/v1/{resource}/") == list(range(1, 1102))


async def test_head_of_a_long_list_promises_no_length(ann: Caller, library: Library) -> None:
    await library.fill(1205)
    answer = await ann.call("HEAD", f"{RELEASES}?limit=0")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    short = await ann.call("HEAD", RELEASES)
    assert int(short.headers["Content-Length"]) == len((await ann.get(RELEASES)).body)


async def test_rare_formats_are_refused_for_endless_lists(
    ann: Caller, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "MOST_WHOLE", 10)
    await library.fill(11)
    for name in ("xml", "yaml", "plist"):
        assert (await ann.get(RELEASES, limit=0, format=name)).status == 400
        assert (await ann.get(RELEASES, limit=0, offset=1, format=name)).status == 200
        assert (await ann.get(RELEASES, limit=10, format=name)).status == 200
    for name in ("json", "jsonp"):
        assert (await ann.get(RELEASES, limit=0, format=name)).status == 200


async def test_a_list_that_breaks_off_does_not_look_complete(
    ann: Caller, library: Library, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await library.fill(1205)
    whole = ReleaseListing.stream

    async def break_off(self: ReleaseListing, offset: int) -> Any:
        async for batch in whole(self, offset):
            yield batch
            raise RuntimeError("the database has gone")

    monkeypatch.setattr(ReleaseListing, "stream", break_off)
    with pytest.raises(ConnectionError):
        await ann.get(RELEASES, limit=0)
    assert "unexpected error" in caplog.text
    caplog.clear()


async def test_a_client_that_goes_away_ends_its_list(ann: Caller, server: Served, library: Library) -> None:
    await library.fill(1205)
    async with open_wire(server.url) as wire:
        lines = (
            f"GET {RELEASES}?limit=0 HTTP/1.1",
            "Host: localhost",
            f"Authorization: Key {ann.key}",
            "",
            "",
        )
        await wire.send("\r\n".join(lines).encode())
    await server.application.finish_requests()
    assert (await ann.get(RELEASES)).status == 200


async def test_a_release_is_found_once_however_many_images_match(ann: Caller, library: Library) -> None:
    images = [make_image(number, height=7) for number in range(1, 4)]
    await library.put([make_comic(18)], [make_release(1, 18, *images), make_release(2, 18)])
    answer = (await ann.get(RELEASES, images__height=7)).json
    assert (answer["meta"]["total_count"], len(answer["objects"])) == (1, 1)
    assert [each["id"] for each in answer["objects"][0]["images"]] == ["1", "2", "3"]


async def test_times_are_compared_to_the_microsecond(ann: Caller, library: Library) -> None:
    releases = [make_release(number, fetched=EVENING + 411_027 + number) for number in range(3)]
    await library.put([make_comic(18)], releases[1:])
    assert await ann.ids(RELEASES, fetched="2012-10-08T04:03:56.411028+00:00") == [1]
    assert await ann.ids(RELEASES, fetched__gt="2012-10-08T06:03:56.411028+02:00") == [2]


async def test_json_is_valid_and_unescaped(ann: Caller, shelf: Library) -> None:
    body = (await ann.get("/api/v1/comics/20/")).body
    assert "Écran".encode() in body
    assert orjson.loads(body)["name"] == "Écran"
