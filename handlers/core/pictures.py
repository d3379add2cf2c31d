"""Pictures that strangers send: read by their content, within bounds, and drawn anew as PNG."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import BinaryIO

MOST_PIXELS = 40_000_000
FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
KEPT_MODES = frozenset({"1", "L", "LA", "RGB", "RGBA", "I;16"})  # what a PNG can hold


class NoPictureError(Exception):
    """The bytes are no picture that could be shown, or nothing of it is left."""


@dataclass(frozen=True, slots=True)
class Crop:
    """A part of a picture in pixels, as seen by people: where it begins, and how large it is."""

    left: int = 0
    top: int = 0
    width: int = 0
    height: int = 0

    @property
    def is_whole(self) -> bool:
        """Tell whether nothing is cut off."""
        return not (self.left or self.top or self.width or self.height)

    def clip(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """Return the part as left, top, right, bottom, within a picture; raises NoPictureError."""
        left, top = max(self.left, 0), max(self.top, 0)
        right = min(self.left + self.width, size[0])
        bottom = min(self.top + self.height, size[1])
        if left >= right or top >= bottom:
            raise NoPictureError("nothing is left")
        return left, top, right, bottom


@dataclass(frozen=True)
class Studio:
    """Draws beside the event loop, one picture at a time: each may take some hundred megabytes."""

    turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))

    async def redraw(self, source: BinaryIO, target: BinaryIO, crop: Crop) -> None:
        """Draw one when it is its turn; see `redraw`."""
        async with self.turn:
            await asyncio.to_thread(redraw, source, target, crop)


def redraw(source: BinaryIO, target: BinaryIO, crop: Crop) -> None:
    """Write a part of a picture as PNG, upright and without metadata; raises NoPictureError."""
    from PIL import Image, ImageOps

    try:
        with Image.open(source, formats=FORMATS) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise NoPictureError("too many pixels")
            opened.load()
            ImageOps.exif_transpose(opened, in_place=True)
            picture: Image.Image = opened
            if not crop.is_whole:
                picture = picture.crop(crop.clip(picture.size))
            if picture.has_transparency_data and picture.mode != "LA":
                picture = picture.convert("RGBA")
            elif picture.mode not in KEPT_MODES:
                picture = picture.convert("RGB")
            picture.info.clear()
            picture.save(target, "PNG")
    except NoPictureError:
        raise
    except Exception as error:  # decoders of hostile bytes raise whatever comes to their mind
        raise NoPictureError(type(error).__name__) from error
