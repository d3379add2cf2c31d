"""Photos of events: names by the server, types by the endings, gone with what named them."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from storage.klub.event import PHOTOS
from tests.klub.callers import Callers, Someone
from tests.klub.scene import Files, Scene, send_form
from tests.klub.test_events import FRONT
from tests.serving import Answer

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
SMALLEST = {"name": "Cleaning", "event_type_id": "1", "administrative_units": "1"}


@pytest.fixture
async def organizer(callers: Callers, scene: Scene) -> Someone:
    """Give an event organizer of unit 1, where event type 1 is, too."""
    await scene.kind()
    return await callers.organizer_of(await scene.unit())


async def upload(organizer: Someone, files: Files) -> Any:
    answer = await send_form(organizer, "POST", FRONT, SMALLEST, files)
    assert answer.status == 201, answer.text
    return answer.json


async def fetch(someone: Someone, url: str) -> Answer:
    """Read a photo without credentials."""
    return await someone.api.get(urlsplit(url).path)


async def kept(scene: Scene) -> tuple[int, int, int]:
    database = scene.stores.database
    names = ("fs.files", "fs.chunks", "file_drafts")
    files, chunks, drafts = [await database[name].count_documents({}) for name in names]
    return files, chunks, drafts


async def test_all_photos_come_in_one_form(organizer: Someone, scene: Scene) -> None:
    files = {name: (f"{name}.jpg", name.encode()) for name in PHOTOS}
    made = await upload(organizer, files)
    for name in PHOTOS:
        address = rf"{re.escape(organizer.api.url)}/upload/event_photos/[0-9a-f]{{32}}\.jpg"
        assert re.fullmatch(address, made[name])
        shown = await fetch(organizer, made[name])
        assert (shown.status, shown.body, shown.headers["Content-Type"]) == (200, name.encode(), "image/jpeg")
    assert await kept(scene) == (7, 7, 0)


TYPES = [
    ("dog.png", "image/png", True),
    ("DOG.JPEG", "image/jpeg", True),
    ("../../etc/passwd.gif", "image/gif", True),
    ("x.svg", "image/svg+xml", False),
    ("x.html", "text/html", False),
    ("x.pdf", "application/pdf", False),
    ("x.txt", "text/plain; charset=utf-8", False),
    ("x.mp4", "video/mp4", False),
    ("x.png.html", "text/html", False),
    ("x.exotic", "application/octet-stream", False),
    ("dog", "application/octet-stream", False),
    ("x.gif/../y<script>", "application/octet-stream", False),
]


@pytest.mark.parametrize(("given", "kind", "inline"), TYPES)
async def test_only_pictures_are_shown(organizer: Someone, given: str, kind: str, inline: bool) -> None:
    url = (await upload(organizer, {"main_photo": (given, PNG)}))["main_photo"]
    assert re.fullmatch(r".*/upload/event_photos/[0-9a-f]{32}(\.[a-z0-9]+)?", url)
    shown = await fetch(organizer, url)
    assert (shown.status, shown.body, shown.headers["Content-Type"]) == (200, PNG, kind)
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    disposition = shown.headers.get("Content-Disposition", "")
    assert disposition.startswith("attachment") is not inline


async def test_a_photo_is_read_in_ranges_and_only_read(organizer: Someone) -> None:
    path = urlsplit((await upload(organizer, {"main_photo": ("x.png", PNG)}))["main_photo"]).path
    part = await organizer.api.get(path, Range="bytes=1-3")
    assert (part.status, part.body) == (206, b"PNG")
    for accept in ("image/png", "text/html,*/*;q=0.8", "application/xml"):
        assert (await organizer.api.get(path, Accept=accept)).body == PNG
    head = await organizer.api.call("HEAD", path)
    assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", str(len(PNG)))
    assert (await organizer.api.get(path, Authorization="Bearer nonsense")).status == 200
    assert (await organizer.delete(path)).status == 405


async def test_a_new_photo_replaces_the_old_one(organizer: Someone, scene: Scene) -> None:
    made = await upload(organizer, {"main_photo": ("x.png", b"old"), "additional_photo_1": ("y.png", b"y")})
    here = f"{FRONT}{made['id']}/"
    changed = (await send_form(organizer, "PATCH", here, {}, {"main_photo": ("x.png", b"new")})).json
    assert changed["main_photo"] != made["main_photo"]
    assert changed["additional_photo_1"] == made["additional_photo_1"]
    assert (await fetch(organizer, changed["main_photo"])).body == b"new"
    assert (await fetch(organizer, made["main_photo"])).status == 404
    assert await kept(scene) == (2, 2, 0)


@pytest.mark.parametrize("way", ["json", "form"])
async def test_a_photo_is_taken_away(organizer: Someone, scene: Scene, way: str) -> None:
    made = await upload(organizer, {"main_photo": ("x.png", b"old")})
    here = f"{FRONT}{made['id']}/"
    assert (await organizer.patch(here, {"name": "Kept"})).json["main_photo"] == made["main_photo"]
    if way == "json":
        changed = await organizer.patch(here, {"main_photo": None})
    else:
        changed = await send_form(organizer, "PATCH", here, {"main_photo": ""})
    assert changed.json["main_photo"] is None
    assert (await fetch(organizer, made["main_photo"])).status == 404
    assert await kept(scene) == (0, 0, 0)


async def test_photos_go_with_their_event(organizer: Someone, scene: Scene) -> None:
    made = await upload(organizer, {"main_photo": ("x.png", b"old"), "additional_photo_6": ("y.png", b"y")})
    await organizer.delete(f"/api/frontend/organized_events/{made['id']}/")
    assert (await fetch(organizer, made["main_photo"])).status == 404
    assert await kept(scene) == (0, 0, 0)


async def test_what_is_refused_leaves_no_file(organizer: Someone, callers: Callers, scene: Scene) -> None:
    photo = {"main_photo": ("x.png", PNG)}
    cases = [
        (organizer, {**SMALLEST, "age_from": "x"}, photo, 400),
        (organizer, SMALLEST, {"main_photo": ("x.png", b"")}, 400),
        (await callers.user(), SMALLEST, photo, 403),
        (callers.anonymous, SMALLEST, photo, 403),
        (organizer, {**SMALLEST, "administrative_units": str(await scene.unit())}, photo, 403),
    ]
    for caller, texts, files, status in cases:
        answer = await send_form(caller, "POST", FRONT, texts, files)
        assert answer.status == status, answer.text
    empty = await send_form(organizer, "POST", FRONT, SMALLEST, {"main_photo": ("x.png", b"")})
    assert empty.json == {"main_photo": ["The submitted file is empty."]}
    assert await kept(scene) == (0, 0, 0)


async def test_a_file_that_was_chosen_nowhere_changes_nothing(organizer: Someone) -> None:
    made = await upload(organizer, {"main_photo": ("x.png", b"old"), "additional_photo_1": ("", b"")})
    assert made["additional_photo_1"] is None
    same = await send_form(organizer, "PATCH", f"{FRONT}{made['id']}/", {}, {"main_photo": ("", b"")})
    assert same.json["main_photo"] == made["main_photo"]


async def test_imported_photos_are_there_while_an_event_names_them(organizer: Someone, scene: Scene) -> None:
    await scene.stores.media_folder.keep("event_photos/my dog.jpg", [b"imported"])
    address = "/upload/event_photos/my%20dog.jpg"
    assert (await organizer.api.get(address)).status == 404
    numbers = [
        await scene.event(main_photo="event_photos/my dog.jpg", units=[1]),
        await scene.event(additional_photo_2="event_photos/my dog.jpg", units=[1]),
    ]
    event = (await organizer.api.get(f"/api/event/{numbers[0]}/")).json
    assert event["main_photo"] == organizer.api.url + address
    shown = await organizer.api.get(address)
    assert (shown.status, shown.body, shown.headers["Content-Type"]) == (200, b"imported", "image/jpeg")
    await organizer.patch(f"{FRONT}{numbers[0]}/", {"main_photo": None})
    assert (await organizer.api.get(address)).status == 200
    await organizer.patch(f"{FRONT}{numbers[1]}/", {"additional_photo_2": None})
    assert (await organizer.api.get(address)).status == 404


@pytest.mark.parametrize("name", ["x.jpg", "..%2fx.jpg", "%2e%2e", "%00", "%ff.jpg"])
async def test_unknown_photos_are_not_found(organizer: Someone, scene: Scene, name: str) -> None:
    await scene.stores.media_folder.keep("x.jpg", [b"imported"])
    answer = await organizer.api.get(f"/upload/event_photos/{name}")
    assert (answer.status, answer.json) == (404, {"detail": "Not found."})
