"""Avatars: read by content, cut, turned upright, stored as PNG without metadata."""

from __future__ import annotations

from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from handlers.core.pictures import MOST_PIXELS
from storage.files import Draft
from storage.pybossa.people import PyBossaUser
from tests.pybossa.browser import Browser, flat
from tests.pybossa.pictures import LEFT, RIGHT, decode, encode, halves, upload
from tests.pybossa.village import Village
from tests.pybossa.waiting import until_tidy

UPDATE = "/account/johndoe/update"
DONE = "Your avatar has been updated! It may take some minutes to refresh..."
REFUSED = "You have to provide an image file to update your avatar"


async def avatar_of(village: Village, name: str = "johndoe") -> Image.Image:
    """Fetch the picture that a profile names."""
    user = await village.user(name)
    answer = await village.api.get(path_of(village, user))
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/png")
    picture = decode(answer.body)
    assert picture.format == "PNG"
    return picture


def path_of(village: Village, user: PyBossaUser) -> str:
    """Return the path of somebody's picture; the stored URL is absolute."""
    url: str = user.info["avatar_url"]
    assert url.startswith(village.api.url + "/uploads/")
    return url.removeprefix(village.api.url)


async def test_a_picture_becomes_the_avatar(john: Browser, village: Village) -> None:
    answer = await upload(john, encode(halves()))
    assert answer.json == {"flash": DONE, "next": UPDATE, "status": "success"}
    user = await village.user("johndoe")
    assert user.info.keys() == {"avatar", "container", "avatar_url"}
    assert user.info["container"] == f"user_{user.id}"
    assert path_of(village, user) == f"/uploads/user_{user.id}/{user.info['avatar']}"
    assert user.info["avatar"].endswith("_avatar.png")
    assert user.info["avatar"].removesuffix("_avatar.png").isdigit()
    assert (await avatar_of(village)).size == (80, 60)
    shown = await Browser(village.api).get("/account/johndoe")
    assert shown.json["user"]["info"] == user.info


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
async def test_the_content_decides_not_the_name(john: Browser, village: Village, kind: str) -> None:
    assert (await upload(john, encode(halves(), kind), filename="x.txt")).json["flash"] == DONE
    picture = (await avatar_of(village)).convert("RGB")
    for pixel, color in (((5, 5), LEFT), ((75, 55), RIGHT)):
        found = picture.getpixel(pixel)
        assert isinstance(found, tuple)
        assert all(abs(a - b) < 20 for a, b in zip(found, color, strict=True))


@pytest.mark.parametrize(
    ("crop", "size", "first"),
    [
        (("40", "10", "30", "20"), (30, 20), RIGHT),
        (("0", "0", "10", "60"), (10, 60), LEFT),
        (("0", "0", "0", "0"), (80, 60), LEFT),
        (("70", "50", "500", "500"), (10, 10), RIGHT),
        (("-10", "-10", "30", "30"), (20, 20), LEFT),
    ],
)
async def test_the_last_two_numbers_are_width_and_height(
    john: Browser,
    village: Village,
    crop: tuple[str, ...],
    size: tuple[int, int],
    first: tuple[int, int, int],
) -> None:
    corners = dict(zip(("x1", "y1", "x2", "y2"), crop, strict=True))
    assert (await upload(john, encode(halves()), **corners)).json["flash"] == DONE
    picture = await avatar_of(village)
    assert picture.size == size
    assert picture.convert("RGB").getpixel((0, 0)) == first


@pytest.mark.parametrize(
    "corners",
    [
        {"x1": "80", "x2": "10", "y2": "10"},
        {"x1": "5"},
        {"x2": "-5", "y2": "10"},
        {"x1": "a"},
        {"y2": "1.5", "x2": "10"},
        {"x1": ""},
        {"x1": "9" * 30},
    ],
)
async def test_a_crop_that_leaves_nothing_is_refused(john: Browser, corners: dict[str, str]) -> None:
    answer = await upload(john, encode(halves()), **corners)
    assert flat(answer) == (200, REFUSED, "error", None)
    form = answer.json["upload_form"]
    assert form["errors"]
    assert {name: form[name] for name in corners} == corners


@pytest.mark.parametrize(
    "content",
    [
        *(None, b"", b"no picture", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        *(encode(halves())[:90], encode(halves(), "BMP"), encode(halves(), "TIFF"), b"PK\3\4" + b"\0" * 100),
        *(b"\x89PNG\r\n\x1a\n" + b"\xff" * 200, b"GIF89a" + b"\xff" * 200, b"RIFF\xff\xff\xff\x7fWEBPVP8X"),
    ],
)
async def test_what_is_no_picture_is_refused(john: Browser, village: Village, content: bytes | None) -> None:
    await upload(john, encode(halves()))
    before = await village.user("johndoe")
    answer = await upload(john, content)
    assert flat(answer) == (200, REFUSED, "error", None)
    assert answer.json["upload_form"]["errors"]
    assert (answer.json["template"], answer.json["form"]["errors"]) == ("/account/update.html", {})
    assert (await village.user("johndoe")).info == before.info
    assert (await avatar_of(village)).size == (80, 60)
    await until_tidy(village.stores)


async def test_a_picture_is_turned_upright_before_it_is_cut(john: Browser, village: Village) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn to the right: the red half comes to the top
    exif[0x010E] = "where I live"
    await upload(john, encode(halves(), "JPEG", exif=exif, quality=95), x2="60", y2="30")
    picture = await avatar_of(village)
    assert picture.size == (60, 30)
    found = picture.getpixel((50, 5))
    assert isinstance(found, tuple)
    assert found[0] > 150
    assert not picture.getexif()


async def test_metadata_is_dropped(john: Browser, village: Village) -> None:
    told = PngImagePlugin.PngInfo()
    told.add_text("Comment", "where I live")
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    await upload(john, encode(halves(), pnginfo=told, exif=exif, icc_profile=b"x" * 200, dpi=(72, 72)))
    answer = await village.api.get(path_of(village, await village.user("johndoe")))
    assert b"where I live" not in answer.body
    assert decode(answer.body).info == {}


async def test_transparency_stays(john: Browser, village: Village) -> None:
    picture = Image.new("P", (4, 4), 0)
    picture.putpalette([255, 0, 0, 0, 255, 0])
    picture.putpixel((3, 3), 1)
    await upload(john, encode(picture, "GIF", transparency=0))
    found = await avatar_of(village)
    assert (found.mode, found.getpixel((0, 0)), found.getpixel((3, 3))) == (
        *("RGBA", (255, 0, 0, 0)),
        (0, 255, 0, 255),
    )


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
async def test_every_kind_of_pixel_is_drawn(john: Browser, village: Village, mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    picture = Image.new(mode, (8, 8)) if mode == "I;16" else Image.new("RGBA", (8, 8), LEFT).convert(mode)
    assert (await upload(john, encode(picture, kind))).json["flash"] == DONE
    assert (await avatar_of(village)).size == (8, 8)


async def test_the_former_file_is_removed(john: Browser, village: Village) -> None:
    await upload(john, encode(halves()))
    first = path_of(village, await village.user("johndoe"))
    await village.change("johndoe", pybossa__info__extra="kept")
    await upload(john, encode(halves(10, 10)))
    user = await village.user("johndoe")
    assert path_of(village, user) != first
    assert user.info["extra"] == "kept"
    assert (await village.api.get(first)).status == 404
    assert (await avatar_of(village)).size == (10, 10)
    assert await village.stores.database["fs.files"].count_documents({}) == 1


async def test_admins_may_and_others_may_not(john: Browser, village: Village) -> None:
    mary = await village.settle("mary", "Mary Major")
    assert (await upload(mary, encode(halves()))).status == 403
    await village.change("mary", auth__superuser=True)
    assert (await upload(mary, encode(halves()))).json["next"] == UPDATE
    assert (await avatar_of(village)).size == (80, 60)


async def test_a_strangers_file_is_not_stored_on_the_way(
    john: Browser, village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = []
    begin = village.stores.files.begin

    async def watch() -> Draft:
        begun.append(1)
        return await begin()

    monkeypatch.setattr(village.stores.files, "begin", watch)
    stranger = Browser(village.api)
    answer = await upload(stranger, encode(halves()))
    assert (answer.status, answer.headers["Location"][:16]) == (302, "/account/signin?")
    assert begun == []
    key = (await village.user("johndoe")).api_key
    assert (await upload(Browser(village.api, Authorization=key), encode(halves()))).json["flash"] == DONE
    assert len(begun) == 2


async def test_a_file_of_another_form_is_thrown_away(john: Browser, village: Village) -> None:
    answer = await upload(john, encode(halves()), btn="External", ckan_api="key")
    assert answer.json["status"] == "success"
    await until_tidy(village.stores)
    for name in ("fs.files", "fs.chunks"):
        assert await village.stores.database[name].count_documents({}) == 0


@pytest.mark.parametrize(
    ("size", "flash"), [((8000, 5000), DONE), ((8000, 5001), REFUSED), ((20_000, 20_000), REFUSED)]
)
async def test_too_many_pixels_are_never_decoded(john: Browser, size: tuple[int, int], flash: str) -> None:
    bomb = encode(Image.new("1", size), "PNG")
    assert (size[0] * size[1] > MOST_PIXELS) is (flash == REFUSED)
    assert len(bomb) < 60_000
    answer = await upload(john, bomb)
    assert (answer.status, answer.json["flash"]) == (200, flash)


async def test_of_an_animation_the_first_picture_counts(john: Browser, village: Village) -> None:
    frames: list[Any] = [Image.new("RGB", (9, 9), (number, 0, 0)) for number in range(50)]
    await upload(john, encode(halves(9, 9), "GIF", save_all=True, append_images=frames))
    picture = await avatar_of(village)
    assert getattr(picture, "n_frames", 1) == 1
    assert picture.size == (9, 9)


async def test_bad_utf8_is_a_bad_request(john: Browser) -> None:
    kind, token = "multipart/form-data; boundary=x", await john.token()
    body = b'--x\r\nContent-Disposition: form-data; name="btn"\r\n\r\n\xff\r\n--x--\r\n'
    answer = await john.call("POST", UPDATE, body, {"Content-Type": kind, "X-CSRFToken": token})
    assert answer.status == 400
