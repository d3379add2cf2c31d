"""Chooses the format of an answer: by name, by callback, by the Accept header."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from handlers.comics.callback import check_callback
from handlers.comics.formats import JsonpWriter, JsonWriter, Writer
from handlers.comics.plist import PlistWriter
from handlers.comics.query import Query
from handlers.comics.xml_format import XmlWriter
from handlers.comics.yaml_format import YamlWriter
from handlers.core.accept import fit, read_ranges
from handlers.core.errors import Malformed


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write an answer; `streams` says that a list of any length can be written by and by."""

    name: str
    type: str
    open: Callable[[], Writer]
    streams: bool = False

    @property
    def content_type(self) -> str:
        """Return the Content-Type of answers."""
        return f"{self.type}; charset=utf-8"


JSON = Format("json", "application/json", JsonWriter, streams=True)
JSONP = Format("jsonp", "text/javascript", JsonpWriter, streams=True)
FORMATS = (
    JSON,
    JSONP,
    Format("xml", "application/xml", XmlWriter),
    Format("yaml", "text/yaml", YamlWriter),
    Format("plist", "application/x-plist", PlistWriter),
)
NAMED = {each.name: each for each in FORMATS}


def choose(query: Query, accept: str) -> Format:
    """Choose the format of an answer; raises Malformed for an unreadable Accept header."""
    if (named := NAMED.get(query.last("format") or "")) is not None:
        return named
    if query.last("callback") is not None:
        return JSONP
    return choose_accepted(accept) if accept else JSON


def choose_accepted(accept: str) -> Format:
    """Choose by quality, then by precision, then by our own order; what fits nothing gets JSON."""
    ranges = list(read_ranges(accept))
    if any("/" not in name and name != "*" for name, _ in ranges):
        raise Malformed("Invalid Accept header")
    fits = [(fit(ranges, each.type), each) for each in FORMATS]
    (quality, _), best = max(fits, key=lambda found: found[0])  # of equals the first
    return best if quality else JSON


def open_writer(format_: Format, query: Query) -> Writer:
    """Return what writes an answer; raises Malformed for a bad callback name."""
    if format_ is not JSONP:
        return format_.open()
    callback = query.last("callback")
    if callback is None:
        return JsonpWriter()
    check_callback(callback)
    return JsonpWriter(callback)
