"""Pictures to send, made for the occasion."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from PIL import Image

from tests.knowme.client import multipart
from tests.pybossa.browser import Browser
from tests.serving import Answer

LEFT, RIGHT = (200, 30, 30), (30, 30, 200)


def halves(width: int = 80, height: int = 60) -> Image.Image:
    """Return a picture, red on the left and blue on the right."""
    picture = Image.new("RGB", (width, height), LEFT)
    picture.paste(RIGHT, (width // 2, 0, width, height))
    return picture


def encode(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """Write a picture."""
    written = BytesIO()
    picture.save(written, kind, **options)
    return written.getvalue()


def decode(content: bytes) -> Image.Image:
    """Read a picture."""
    picture = Image.open(BytesIO(content))
    picture.load()
    return picture


async def upload(
    browser: Browser, content: bytes | None, name: str = "johndoe", filename: str = "me.png", **texts: str
) -> Answer:
    """Send an avatar as a program does."""
    files = {"avatar": (filename, content)} if content is not None else {}
    kind, body = multipart({"btn": "Upload", "id": "", **texts}, files)
    headers = {"Content-Type": kind, "X-CSRFToken": await browser.token()}
    return await browser.call("POST", f"/account/{name}/update?response_format=json", body, headers)
