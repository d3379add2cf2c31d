"""Slashes, methods, other origins, and the files that images name."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from storage.stores import Stores
from tests.comics.library import Caller, Library, make_comic, make_image
from tests.serving import Api
from tests.wire import open_wire

HTML = "text/html; charset=utf-8"
NAMES = ("comics", "images", "releases", "subscriptions", "users")
METHODS = ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW")


async def test_readers_are_sent_to_the_path_with_the_slash(api: Api) -> None:
    paths = ["", *(f"/{name}{rest}" for name in NAMES for rest in ("", "/18", "/schema"))]
    for method in ("GET", "HEAD"):
        for path in paths:
            for query in ("", "?key=wrong&name=%C3%89&name=+"):
                answer = await api.call(method, f"/api/v1{path}{query}")
                assert answer.status == 301, path
                assert answer.headers["Location"] == f"/api/v1{path}/{query}"


async def test_bytes_that_nobody_encoded_are_sent_on_encoded(api: Api) -> None:
    async with open_wire(api.url) as wire:
        answer = await wire.ask(
            "GET /api/v1/comics?name=É HTTP/1.1".encode().decode("latin-1"), "Host: localhost"
        )
    assert answer.headers["Location"] == "/api/v1/comics/?name=%C3%89"


async def test_there_is_no_redirect_to_what_is_not_there(api: Api) -> None:
    for path in ("/nothing", "/comics/x", "/comics/1/x", "/docs", "/comics/set"):
        assert (await api.get(f"/api/v1{path}")).status == 404


def paths_of(rest: str) -> Sequence[str]:
    """Return the paths of all resources."""
    return [f"/api/v1/{name}/{rest}" for name in NAMES]


async def test_other_methods_are_told_the_right_ones(ann: Caller, api: Api) -> None:
    allowed = dict.fromkeys(["/api/v1/", *paths_of(""), *paths_of("18/"), *paths_of("schema/")], "GET")
    allowed |= {"/api/v1/subscriptions/": "GET,POST,PATCH", "/api/v1/subscriptions/18/": "GET,DELETE,PUT"}
    for path, names in allowed.items():
        for method in set(METHODS) - set(names.split(",")):
            for where in (path, path[:-1]):
                answer = await api.call(method, where, b"{")
                assert (answer.status, answer.text, answer.headers["Allow"]) == (405, names, names)
                assert answer.headers["Content-Type"] == HTML


@pytest.mark.settings(allowed_origins=("https://friend.example",))
async def test_listed_origins_may_read(ann: Caller, shelf: Library) -> None:
    friend = {"Origin": "https://friend.example"}
    answer = await ann.call("GET", "/api/v1/comics/", headers=friend)
    assert answer.headers["Access-Control-Allow-Origin"] == "https://friend.example"
    assert {part.strip() for part in answer.headers["Vary"].split(",")} == {"Accept", "Origin"}
    foe = await ann.call("GET", "/api/v1/comics/", headers={"Origin": "https://foe.example"})
    assert (foe.status, foe.headers.get("Access-Control-Allow-Origin")) == (200, None)
    asked = {**friend, "Access-Control-Request-Method": "PATCH"}
    preflight = await ann.api.call("OPTIONS", "/api/v1/subscriptions/", headers=asked)
    assert preflight.status == 204
    assert preflight.headers["Access-Control-Allow-Methods"] == "GET, POST, PATCH"


async def test_head_answers_as_get_does(ann: Caller, shelf: Library) -> None:
    for path in ("/api/v1/", "/api/v1/comics/", "/api/v1/comics/18/", "/api/v1/users/", "/api/v1/comics/99/"):
        head, get = await ann.call("HEAD", path), await ann.get(path)
        assert (head.status, head.body) == (get.status, b"")
        for name in ("Content-Type", "Content-Length", "Vary", "Cache-Control"):
            assert head.headers[name] == get.headers[name]


@pytest.mark.settings(max_body_bytes=2000)
async def test_bodies_that_are_too_large_are_refused(ann: Caller) -> None:
    answer = await ann.call("PATCH", "/api/v1/subscriptions/", b"x" * 2001)
    assert (answer.status, list(answer.json)) == (413, ["error"])


async def test_other_dialects_keep_their_paths(api: Api) -> None:
    for path in ("/api/v1/app/nothing", "/api/v1/jwt_basic", "/api/v1/profile/x", "/api/v10", "/api/v2/"):
        assert (await api.get(path)).headers["Content-Type"] == "application/json; charset=utf-8"


@pytest.fixture
async def gallery(stores: Stores, library: Library) -> Library:
    """Give a library whose images have files, and files that no image names."""
    names = ("xkcd/6/a.png", "é b/#1?.svg", "notes.html", "top.txt", "secret.png")
    await library.put(
        [make_comic(18)], images=[make_image(number, file=name) for number, name in enumerate(names[:-1], 1)]
    )
    for name in names:
        await stores.media_folder.keep(name, [f"bytes of {name}".encode()])
    return library


async def test_the_files_of_images_are_for_everybody(ann: Caller, gallery: Library) -> None:
    images = (await ann.get("/api/v1/images/")).json["objects"]
    for image, name in zip(images, ("xkcd/6/a.png", "é b/#1?.svg", "notes.html", "top.txt"), strict=True):
        path = image["file"].removeprefix(ann.api.url)
        answer = await ann.api.get(path, Authorization="Key wrong")
        assert (answer.status, answer.text) == (200, f"bytes of {name}")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert ("Content-Disposition" in answer.headers) == (name[-4:] in {".svg", "html"})
        head = await ann.api.call("HEAD", path)
        assert (head.status, head.headers["Content-Length"]) == (200, answer.headers["Content-Length"])
    assert (await ann.api.get("/media/comics/xkcd/6/a.png")).headers["Content-Type"] == "image/png"
    part = await ann.api.get("/media/comics/xkcd/6/a.png", Range="bytes=0-4")
    assert (part.status, part.text) == (206, "bytes")
    etag = part.headers["ETag"]
    assert (await ann.api.get("/media/comics/xkcd/6/a.png", If_None_Match=etag)).status == 304


async def test_no_other_file_is_reached(ann: Caller, gallery: Library) -> None:
    paths = [
        *("secret.png", "xkcd/6/b.png", "xkcd/6", "xkcd/6/", "xkcd/6/a.png/", "xkcd//6/a.png"),
        *("XKCD/6/a.png", "../comics/xkcd/6/a.png", "x/../xkcd/6/a.png", "./top.txt"),
        *("%2e%2e/xkcd/6/a.png", "x/%2E%2E/top.txt", "%2Fxkcd/6/a.png", "/xkcd/6/a.png", "/etc/passwd"),
        *("%00", "top.txt%00", "top.txt%00.png", "%ff", "top.txt%0a", "top.txt%20"),
        *("comics/top.txt", "imported/top.txt", "", "?file=top.txt"),
    ]
    async with open_wire(ann.api.url) as wire:
        for path in paths:
            answer = await wire.ask(f"GET /media/comics/{path} HTTP/1.1", "Host: localhost")
            assert (answer.status, answer.body) == (404, b""), path


async def test_a_file_that_an_image_names_may_still_be_missing(ann: Caller, shelf: Library) -> None:
    assert (await ann.api.get("/media/comics/xkcd/6/1.png")).status == 404


async def test_files_are_read_only(ann: Caller, gallery: Library) -> None:
    for method in ("POST", "PUT", "DELETE"):
        answer = await ann.call(method, "/media/comics/top.txt", b"x")
        assert (answer.status, answer.text) == (405, "GET")
