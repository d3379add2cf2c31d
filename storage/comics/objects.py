"""The catalogue's objects. Times are microseconds since 1970 UTC, dates text or None.

Named tuples, not dataclasses: a page makes dozens of them, and these cost a fifth.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Self


class Comic(NamedTuple):
    """A comic."""

    id: int
    name: str
    slug: str
    language: str
    url: str
    active: bool
    start_date: str | None
    end_date: str | None
    rights: str
    added: int

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read the stored form."""
        return cls(
            row["_id"],
            row["name"],
            row["slug"],
            row["language"],
            row["url"],
            row["active"],
            row["start_date"],
            row["end_date"],
            row["rights"],
            row["added"],
        )


class Image(NamedTuple):
    """An image; `file` is a path relative to the media folder."""

    id: int
    comic_id: int
    file: str | None
    checksum: str
    title: str
    text: str
    fetched: int
    height: int
    width: int

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read the stored form, alone or inside a release."""
        return cls(
            row["_id"],
            row["comic_id"],
            row["file"],
            row["checksum"],
            row["title"],
            row["text"],
            row["fetched"],
            row["height"],
            row["width"],
        )


class Release(NamedTuple):
    """A release with its images, by id."""

    id: int
    comic_id: int
    pub_date: str
    fetched: int
    images: tuple[Image, ...]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read the stored form."""
        images = tuple([Image.of(each) for each in row["images"]])
        return cls(row["_id"], row["comic_id"], row["pub_date"], row["fetched"], images)


class Subscription(NamedTuple):
    """One reader's wish to follow one comic."""

    id: int
    comic_id: int

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read the stored form."""
        return cls(row["_id"], row["comic_id"])
