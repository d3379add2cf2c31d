"""The gallery: uploads, media resources, files at unguessable addresses."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tornado.iostream import IOStream
from tornado.tcpclient import TCPClient

from handlers.core.download import read_range
from storage.file_names import clean_name
from storage.files import CHUNK
from tests.knowme.client import App, multipart
from tests.serving import Answer, Api, Served, ServerProcess

MIB = 1 << 20


async def fetch(app: App, media: dict[str, str], **headers: str) -> Answer:
    """Read a media resource's file, without credentials."""
    return await app.api.get(urlsplit(media["file"]).path, **headers)


async def counts(server: Served) -> dict[str, int]:
    database = server.stores.database
    names = ("km_media_resources", "fs.files", "fs.chunks", "file_drafts")
    return {name: await database[name].count_documents({}) for name in names}


NOTHING = {"km_media_resources": 0, "fs.files": 0, "fs.chunks": 0, "file_drafts": 0}


async def test_an_upload_becomes_a_media_resource(ann: App) -> None:
    user = await ann.user()
    texts, files = {"name": " Dog "}, {"file": ("my dog.jpg", b"bytes")}
    made = await ann.form("POST", f"/know-me/users/{user}/gallery/", texts, files)
    url = f"{ann.api.url}/know-me/media-resources/{made.json['id']}/"
    assert made.status == 201
    assert made.headers["Location"] == url
    assert made.json == {"id": made.json["id"], "url": url, "name": "Dog", "file": made.json["file"]}
    base = re.escape(ann.api.url)
    assert re.fullmatch(rf"{base}/media/[0-9a-f]{{32}}/my_dog\.jpg", made.json["file"])
    shown = await fetch(ann, made.json)
    assert (shown.status, shown.body, shown.headers["Content-Type"]) == (200, b"bytes", "image/jpeg")
    assert (await ann.get(f"/know-me/media-resources/{made.json['id']}/")).json == made.json


async def test_equal_names_have_addresses_of_their_own(ann: App) -> None:
    user = await ann.user()
    one, two = await ann.picture(user, content=b"one"), await ann.picture(user, content=b"two")
    assert one["file"] != two["file"]
    assert [(await fetch(ann, each)).body for each in (one, two)] == [b"one", b"two"]


async def test_the_gallery_cannot_be_listed_nor_a_resource_deleted(ann: App) -> None:
    user = await ann.user()
    media = await ann.picture(user)
    assert (await ann.get(f"/know-me/users/{user}/gallery/")).status == 405
    assert (await ann.delete(f"/know-me/media-resources/{media['id']}/")).status == 405


NO_FILE = {"file": ["No file was submitted."]}
NOT_A_FILE = {"file": ["The submitted data was not a file. Check the encoding type on the form."]}


async def test_bad_uploads_leave_nothing(ann: App, server: Served) -> None:
    path = f"/know-me/users/{await ann.user()}/gallery/"
    dog = {"file": ("dog.jpg", b"x" * (CHUNK + 5))}
    required = {"name": ["This field is required."]}
    assert (await ann.form("POST", path, {}, dog)).json == required
    assert (await ann.form("POST", path, {"name": "x" * 256}, dog)).status == 400
    assert (await ann.form("POST", path, {"name": "Dog"})).json == NO_FILE
    assert (await ann.form("POST", path, {"name": "Dog"}, {"file": ("", b"x")})).json == NO_FILE
    assert (await ann.form("POST", path, {"name": "Dog"}, {"other": ("a", b"x")})).json == NO_FILE
    assert (await ann.form("POST", path, {"name": "Dog", "file": "x"})).json == NOT_A_FILE
    empty = await ann.form("POST", path, {"name": "Dog"}, {"file": ("dog.jpg", b"")})
    assert (empty.status, empty.json) == (400, {"file": ["The submitted file is empty."]})
    assert (await ann.post(path, {"name": "Dog", "file": "x"})).json == NOT_A_FILE
    assert (await ann.post(path, {"name": "Dog", "file": None})).json == {
        "file": ["This field may not be null."]
    }
    assert (await ann.post(path, {})).json == {**required, **NO_FILE}
    assert (await ann.call("POST", path, b"x", "text/plain")).status == 415
    nothing = await ann.call("POST", path, b"", "multipart/form-data; boundary=x")
    assert nothing.json == {**required, **NO_FILE}
    assert (await ann.call("POST", path, b"--x\r\n", "multipart/form-data; boundary=x")).status == 400
    assert (await ann.call("POST", path, b"--x\r\n", "multipart/form-data")).status == 400
    assert await counts(server) == NOTHING


async def test_uploads_of_strangers_are_refused_and_not_kept(ann: App, bob: App, server: Served) -> None:
    path = f"/know-me/users/{await ann.user()}/gallery/"
    content_type, body = multipart({"name": "Dog"}, {"file": ("dog.jpg", b"x" * 3 * CHUNK)})
    foreign = await bob.call("POST", path, body, content_type)
    assert (foreign.status, foreign.json) == (404, {"detail": "Not found."})
    anonymous = await ann.api.call("POST", path, body, {"Content-Type": content_type})
    assert anonymous.status == 403
    assert anonymous.json == {"detail": "Authentication credentials were not provided."}
    wrong = await ann.call("PATCH", path, body, content_type)
    assert (wrong.status, wrong.headers["Allow"]) == (405, "POST")
    assert await counts(server) == NOTHING


async def test_of_a_repeated_file_the_last_counts(ann: App, server: Served) -> None:
    path = f"/know-me/users/{await ann.user()}/gallery/"
    content_type, body = multipart({"name": "Dog"}, {"file": ("1.jpg", b"1" * 2 * CHUNK)})
    boundary = content_type.partition("boundary=")[2].encode()
    head = b'Content-Disposition: form-data; name="file"; filename="2.jpg"'
    tail = b"--" + boundary + b"\r\n" + head + b"\r\n\r\ntwo\r\n--" + boundary + b"--\r\n"
    made = await ann.call("POST", path, body.replace(b"--" + boundary + b"--\r\n", tail), content_type)
    assert (await fetch(ann, made.json)).body == b"two"
    assert await counts(server) == {**NOTHING, "km_media_resources": 1, "fs.files": 1, "fs.chunks": 1}


async def test_a_new_file_replaces_the_old_one(ann: App, server: Served) -> None:
    media = await ann.picture(await ann.user(), content=b"old" * CHUNK)
    path = f"/know-me/media-resources/{media['id']}/"
    renamed = await ann.patch(path, {"name": "Cat"})
    assert renamed.json == {**media, "name": "Cat"}
    changed = await ann.form("PATCH", path, {}, {"file": ("cat.png", b"new")})
    assert changed.json["name"] == "Cat"
    assert changed.json["file"].endswith("/cat.png")
    assert (await fetch(ann, changed.json)).body == b"new"
    assert (await fetch(ann, media)).status == 404
    put = await ann.form("PUT", path, {"name": "Pig"}, {"file": ("pig.png", b"pig")})
    assert (put.json["name"], (await fetch(ann, put.json)).body) == ("Pig", b"pig")
    assert (await ann.put(path, {"name": "Pig"})).json == NO_FILE
    assert (await ann.patch(path, {"file": None})).json == {"file": ["This field may not be null."]}
    assert (await ann.patch(path, {})).json == put.json
    assert await counts(server) == {**NOTHING, "km_media_resources": 1, "fs.files": 1, "fs.chunks": 1}


async def test_of_replacements_at_once_one_file_stays(ann: App, server: Served) -> None:
    media = await ann.picture(await ann.user())
    path = f"/know-me/media-resources/{media['id']}/"
    answers = await asyncio.gather(
        *(ann.form("PATCH", path, {}, {"file": (f"{n}.png", b"%d" % n)}) for n in range(6))
    )
    assert {answer.status for answer in answers} == {200}
    last = (await ann.get(path)).json
    assert (await fetch(ann, last)).body == re.findall(rb"/(\d)\.png", last["file"].encode())[0]
    assert await counts(server) == {**NOTHING, "km_media_resources": 1, "fs.files": 1, "fs.chunks": 1}


# What browsers make of it


@pytest.mark.parametrize(
    ("name", "content_type", "saved"),
    [
        ("a.jpg", "image/jpeg", False),
        ("a.webp", "image/webp", False),
        ("a.mp4", "video/mp4", False),
        ("a.txt", "text/plain; charset=utf-8", False),
        ("a.pdf", "application/pdf", False),
        ("a.html", "text/html", True),
        ("a.svg", "image/svg+xml", True),
        ("a.svgz", "application/octet-stream", True),
        ("a.xml", "text/xml", True),
        ("a.JS", "javascript", True),
        ("a.jpg.HTM", "text/html", True),
        ("a", "application/octet-stream", True),
        ("a.unknown", "application/octet-stream", True),
        ("html", "application/octet-stream", True),
    ],
)
async def test_an_upload_does_not_run(ann: App, name: str, content_type: str, saved: bool) -> None:
    media = await ann.picture(await ann.user(), name, b"<script>alert(1)</script>")
    answer = await fetch(ann, media)
    assert answer.headers["Content-Type"].endswith(content_type)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers.get("Content-Disposition", "").startswith("attachment") is saved
    assert ("sandbox" in answer.headers.get("Content-Security-Policy", "")) is saved


@pytest.mark.parametrize(
    ("given", "cleaned"),
    [
        ("dog.jpg", "dog.jpg"),
        ("my dog.jpg", "my_dog.jpg"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("C:\\a\\dog.jpg", "dog.jpg"),
        ("..", "file"),
        ("/", "file"),
        ("a/..", "file"),
        ("...", "file"),
        (".htaccess", "htaccess"),
        ("a..b.jpg", "a.b.jpg"),
        ("<b>\"'%00;\r\n.jpg", "b00__.jpg"),
        ("größe.jpg", "größe.jpg"),
        ("\ud800.jpg", "jpg"),
        ("x" * 300 + ".jpg", "x" * 96 + ".jpg"),
    ],
)
def test_a_file_name_is_cleaned(given: str, cleaned: str) -> None:
    assert clean_name(given) == cleaned


async def test_a_name_with_other_letters_has_an_address_that_works(ann: App) -> None:
    media = await ann.picture(await ann.user(), "größe.txt", b"x")
    assert media["file"].endswith("/gr%C3%B6%C3%9Fe.txt")
    assert (await fetch(ann, media)).body == b"x"


@pytest.mark.parametrize(
    "path",
    [
        "/media/",
        "/media/x",
        "/media/00000000000000000000000000000000/dog.jpg",
        "/media/..%2f..%2fetc/passwd",
        "/media/../../etc/passwd",
        "/media/%2e%2e/%2e%2e",
        "/media/%ff/%fe",
        "/media/%00/dog.jpg",
        "/media/a/b/c",
    ],
)
async def test_an_unknown_address_is_not_found(api: Api, path: str) -> None:
    answer = await api.get(path)
    assert (answer.status, answer.json) == (404, {"detail": "Not found."})


async def test_the_rest_of_the_address_counts_too(ann: App) -> None:
    path = urlsplit((await ann.picture(await ann.user()))["file"]).path
    assert (await ann.api.get(path.replace("dog", "cat"))).status == 404
    assert (await ann.api.get(path + "/")).status == 404


async def test_a_file_is_open_whatever_the_credentials(ann: App) -> None:
    media = await ann.picture(await ann.user())
    assert (await fetch(ann, media, Authorization="Token nobody")).status == 200
    assert (await ann.api.call("POST", urlsplit(media["file"]).path, b"")).status == 405


async def test_the_access_log_hides_the_address(ann: App, server: Served) -> None:
    media = await ann.picture(await ann.user())
    secret = urlsplit(media["file"]).path.split("/")[2]
    await fetch(ann, media)
    assert '"/media/' in server.log.getvalue()
    assert secret not in server.log.getvalue()


# Ranges and validators


async def test_head_tells_the_length_alone(ann: App) -> None:
    media = await ann.picture(await ann.user(), content=b"x" * (CHUNK + 1))
    answer = await ann.api.call("HEAD", urlsplit(media["file"]).path)
    assert (answer.status, answer.headers["Content-Length"], answer.body) == (200, str(CHUNK + 1), b"")


async def test_an_unchanged_file_is_not_sent_again(ann: App) -> None:
    media = await ann.picture(await ann.user())
    etag = (await fetch(ann, media)).headers["ETag"]
    again = await fetch(ann, media, If_None_Match=etag)
    assert (again.status, again.body) == (304, b"")


async def test_a_range_is_sent_alone(ann: App) -> None:
    content = bytes(range(256)) * 2048
    media = await ann.picture(await ann.user(), content=content)
    part = await fetch(ann, media, Range=f"bytes={CHUNK - 2}-{CHUNK + 1}")
    assert (part.status, part.body) == (206, content[CHUNK - 2 : CHUNK + 2])
    assert part.headers["Content-Range"] == f"bytes {CHUNK - 2}-{CHUNK + 1}/{len(content)}"
    beyond = await fetch(ann, media, Range="bytes=999999999-")
    assert (beyond.status, beyond.headers["Content-Range"]) == (416, f"bytes */{len(content)}")
    changed = await fetch(ann, media, Range="bytes=0-1", If_Range='"other"')
    assert (changed.status, changed.body) == (200, content)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", None),
        ("bytes=0-0", (0, 1)),
        ("bytes=2-", (2, 10)),
        ("bytes=-3", (7, 10)),
        ("bytes=-30", (0, 10)),
        ("bytes=-0", (0, 0)),
        ("bytes=5-100", (5, 10)),
        ("bytes=10-", (0, 0)),
        ("bytes=5-4", None),
        ("bytes=0-1,3-4", None),
        ("bytes=-", None),
        ("items=0-1", None),
        ("bytes=" + "9" * 50 + "-", None),
    ],
)
def test_a_range_is_read(header: str, expected: tuple[int, int] | None) -> None:
    assert read_range(header, 10) == expected


# Large uploads


async def connect(url: str) -> IOStream:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    return await TCPClient().connect(parts.hostname, parts.port)


def head(app: App, path: str, content_type: str, *more: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Token {app.token}"]
    return "\r\n".join([*lines, f"Content-Type: {content_type}", *more, "", ""]).encode()


@pytest.mark.settings(max_upload_bytes=MIB)
async def test_an_upload_over_the_limit_is_413_and_not_kept(ann: App, server: Served) -> None:
    path = f"/know-me/users/{await ann.user()}/gallery/"
    content_type, body = multipart({"name": "Dog"}, {"file": ("dog.jpg", b"x" * 2 * MIB)})
    answer = await ann.call("POST", path, body, content_type)
    assert (answer.status, list(answer.json)) == (413, ["detail"])
    stream = await connect(server.url)
    await stream.write(head(ann, path, content_type, "Transfer-Encoding: chunked"))
    await stream.write(b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n")
    assert (await stream.read_until(b"\r\n")).startswith(b"HTTP/1.1 413")
    stream.close()
    await settle(server)


async def settle(server: Served, until: Callable[[dict[str, int]], bool] = NOTHING.__eq__) -> None:
    """Wait for the collections to look as expected: by default, until nothing is left of uploads."""
    async with asyncio.timeout(10):
        while not until(await counts(server)):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_an_upload_that_breaks_off_leaves_nothing(ann: App, server: Served) -> None:
    path = f"/know-me/users/{await ann.user()}/gallery/"
    content_type, body = multipart({"name": "Dog"}, {"file": ("dog.jpg", b"x" * 4 * CHUNK)})
    stream = await connect(server.url)
    await stream.write(head(ann, path, content_type, f"Content-Length: {len(body)}"))
    await stream.write(body[: 3 * CHUNK])
    await settle(server, lambda found: found["fs.chunks"] > 0)
    stream.close()
    await settle(server)


async def test_who_asks_first_is_refused_before_sending(ann: App, server: Served) -> None:
    content_type, body = multipart({"name": "Dog"}, {"file": ("dog.jpg", b"x")})
    stream = await connect(server.url)
    length = f"Content-Length: {len(body)}"
    await stream.write(head(ann, "/know-me/users/77/gallery/", content_type, length, "Expect: 100-continue"))
    assert (await stream.read_until(b"\r\n")).startswith(b"HTTP/1.1 404")
    stream.close()


@pytest.mark.settings(max_body_bytes=4096)
async def test_texts_of_a_form_are_limited_too(ann: App, server: Served) -> None:
    path = f"/know-me/users/{await ann.user()}/gallery/"
    answer = await ann.form("POST", path, {"name": "x" * 5000}, {"file": ("dog.jpg", b"x" * CHUNK)})
    assert (answer.status, await counts(server)) == (413, NOTHING)


def resident(process: ServerProcess) -> tuple[int, int]:
    """Return the memory of a server process in bytes: now, and at its highest."""
    status = Path(f"/proc/{process.process.pid}/status").read_text()
    now, most = (re.search(rf"{name}:\s+(\d+) kB", status) for name in ("VmRSS", "VmHWM"))
    assert now is not None
    assert most is not None
    return int(now[1]) << 10, int(most[1]) << 10


async def test_a_large_upload_leaves_the_memory_flat(
    ann: App, launch: Callable[..., ServerProcess], record_property: Callable[[str, object], None]
) -> None:
    user = await ann.user()
    process = launch()
    api = Api(process.url)
    app = App(api, ann.token, ann.oid, ann.number)
    await app.picture(user)  # whatever a first upload loads is loaded
    before, _ = resident(process)
    content = bytes(range(256)) * (25 * 4096 - 4)
    media = await app.picture(user, "film.mp4", content)
    _, most = resident(process)
    record_property("growth", most - before)
    assert most - before < 16 * MIB  # 40 are allowed; holding the upload once would take 25
    assert (await api.get(urlsplit(media["file"]).path)).body == content
    _, most = resident(process)
    assert most - before < 16 * MIB
    api.close()
