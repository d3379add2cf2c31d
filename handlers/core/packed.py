"""What is sent again and again, compressed once; never a secret, of which its length would tell."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass

from handlers.core.handler import DialectHandler


@dataclass(frozen=True, slots=True)
class Packed:
    """Bytes to be sent again and again, compressed once; `etag` changes with them."""

    plain: bytes
    compressed: bytes
    etag: str


def pack(plain: bytes) -> Packed:
    """Compress bytes; this takes milliseconds for each 100 kB."""
    digest = hashlib.sha256(plain).hexdigest()[:32]
    return Packed(plain, gzip.compress(plain, 9, mtime=0), f'W/"{digest}"')


def send_packed(handler: DialectHandler, packed: Packed) -> None:
    """Send bytes as the client takes them, or that it has them already."""
    handler.set_header("ETag", packed.etag)
    handler.add_header("Vary", "Accept-Encoding")
    handler.set_header("X-Content-Type-Options", "nosniff")
    if handler.check_etag_header():
        handler.set_status(304)
        handler.clear_header("Content-Type")
        handler.finish()
        return
    zipped = "gzip" in handler.request.headers.get("Accept-Encoding", "").lower()
    if zipped:
        handler.set_header("Content-Encoding", "gzip")
    handler.finish(packed.compressed if zipped else packed.plain)
