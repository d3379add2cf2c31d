"""Draws comic strips: panels in flat colours with round faces, as PNG files of a few hundred bytes."""

from __future__ import annotations

import random
import struct
import zlib
from typing import NamedTuple

HEIGHT, PANEL, GAP = 160, 150, 10  # pixels
SIGNATURE = b"\x89PNG\r\n\x1a\n"
PAPER, INK = 0, 1
PALETTE = (
    *((255, 255, 255), (38, 38, 46), (247, 214, 124), (240, 160, 130)),
    *((150, 196, 214), (172, 208, 150), (206, 178, 222), (232, 232, 224)),
)
COLOURS = range(2, len(PALETTE))


class Strip(NamedTuple):
    """A drawn strip: a PNG file and its size in pixels."""

    png: bytes
    height: int
    width: int


class Canvas:
    """Rows of palette indexes, one byte a pixel."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._rows = [bytearray(width) for _ in range(height)]

    def fill(self, left: int, top: int, right: int, bottom: int, colour: int) -> None:
        """Fill a rectangle."""
        for row in self._rows[top:bottom]:
            row[left:right] = bytes([colour]) * (right - left)

    def disc(self, x: int, y: int, radius: int, colour: int) -> None:
        """Fill a circle."""
        for line in range(-radius, radius + 1):
            reach = int((radius * radius - line * line) ** 0.5)
            self.fill(x - reach, y + line, x + reach + 1, y + line + 1, colour)

    def png(self) -> bytes:
        """Return it as a PNG file."""
        header = struct.pack(">IIBBBBB", self.width, self.height, 8, 3, 0, 0, 0)
        pixels = zlib.compress(b"".join(b"\0" + row for row in self._rows), 9)
        palette = bytes(part for colour in PALETTE for part in colour)
        parts = ((b"IHDR", header), (b"PLTE", palette), (b"IDAT", pixels), (b"IEND", b""))
        return SIGNATURE + b"".join(chunk(kind, data) for kind, data in parts)


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return a part of a PNG file."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def draw(chance: random.Random) -> Strip:
    """Draw a strip of two to four panels."""
    panels = chance.randint(2, 4)
    canvas = Canvas(panels * PANEL + (panels + 1) * GAP, HEIGHT)
    faces = chance.sample(COLOURS, 2)
    for number in range(panels):
        draw_panel(canvas, GAP + number * (PANEL + GAP), faces, chance)
    return Strip(canvas.png(), canvas.height, canvas.width)


def draw_panel(canvas: Canvas, left: int, faces: list[int], chance: random.Random) -> None:
    """Draw one panel: a frame, a ground, and one or two who look at each other."""
    top, bottom, right = GAP, HEIGHT - GAP, left + PANEL
    sky = chance.choice([colour for colour in COLOURS if colour not in faces])
    canvas.fill(left, top, right, bottom, INK)
    canvas.fill(left + 2, top + 2, right - 2, bottom - 2, sky)
    canvas.fill(left + 2, bottom - chance.randint(20, 40), right - 2, bottom - 2, PAPER)
    for place, face in enumerate(faces[: chance.randint(1, 2)]):
        draw_face(canvas, left + 42 + 66 * place, bottom - chance.randint(44, 74), face, 1 - 2 * place)


def draw_face(canvas: Canvas, x: int, y: int, colour: int, towards: int) -> None:
    """Draw somebody who looks to the right (1) or to the left (-1)."""
    canvas.disc(x, y, 26, INK)
    canvas.disc(x, y, 24, colour)
    for eye in (-8, 8):
        canvas.disc(x + eye + 4 * towards, y - 6, 3, INK)
    canvas.fill(x - 8 + 4 * towards, y + 9, x + 8 + 4 * towards, y + 12, INK)
