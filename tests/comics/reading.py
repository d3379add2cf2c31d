"""Reads answers back, with readers that others made."""

from __future__ import annotations

import plistlib
import xml.etree.ElementTree as ET
from typing import Any

import orjson
import yaml


def read_xml(content: bytes) -> ET.Element:
    """Read an XML document, which is our own."""
    return ET.fromstring(content)  # noqa: S314


def value_of(element: ET.Element) -> Any:
    """Read what an element stands for, by its type."""
    match element.get("type"):
        case "null":
            return None
        case "integer":
            return int(element.text or "")
        case "boolean":
            return {"True": True, "False": False}[element.text or ""]
        case "list":
            return [value_of(child) for child in element]
    if len(element) or element.get("type") == "hash" or element.tag in {"object", "response"}:
        return {child.tag: value_of(child) for child in element}
    return element.text or ""


def read(name: str, content: bytes) -> Any:
    """Read a value in a format, as a client would."""
    match name:
        case "json":
            return orjson.loads(content)
        case "jsonp":
            return orjson.loads(content.partition(b"(")[2].removesuffix(b")"))
        case "xml":
            return value_of(read_xml(content))
        case "yaml":
            return yaml.safe_load(content)
    return plistlib.loads(content)
