"""What the writers write, readers made by others read back."""

from __future__ import annotations

import plistlib
from typing import Any

import pytest
import yaml

from handlers.comics.formats import JsonpWriter, JsonWriter, Writer
from handlers.comics.negotiation import FORMATS, Format
from handlers.comics.plist import PlistWriter
from handlers.comics.xml_format import XmlWriter
from handlers.comics.yaml_format import YamlWriter
from tests.comics.reading import read, read_xml

VALUE: dict[str, Any] = {
    "active": True,
    "date": "2012-10-08",
    "empty": "",
    "id": "18",
    "images": [{"height": 365, "title": None}, {"height": -5, "title": "no"}],
    "long": 2**62,
    "meta": {"limit": 0, "next": None, "shown": False},
    "name": "Ünï ☃ 😀 <a> & \"b\" 'c': #d\n- e\t\u2028\x7f\x85\ufeff",
    "none": [],
    "nothing": {},
    "one": 1,
}
META = {"limit": 0, "total_count": 3}


readable = pytest.mark.parametrize(
    "format_", [each for each in FORMATS if each.name != "xml"], ids=lambda each: each.name
)


@readable
def test_an_object_comes_back_as_it_was(format_: Format) -> None:
    assert read(format_.name, format_.open().whole(VALUE, "object")) == VALUE


@readable
@pytest.mark.parametrize("sizes", [(), (0,), (1,), (2, 1), (0, 2, 0, 1)], ids=str)
def test_a_list_in_batches_is_one_list(format_: Format, sizes: tuple[int, ...]) -> None:
    writer = format_.open()
    content = writer.begin(META) + b"".join(writer.add([VALUE] * size) for size in sizes) + writer.end()
    assert read(format_.name, content) == {"meta": META, "objects": [VALUE] * sum(sizes)}


def test_yaml_is_in_block_style_with_quoted_texts() -> None:
    value = {"active": True, "added": "2012-04-30T18:39:59+00:00", "end_date": None, "id": "18"}
    expected = b"active: true\nadded: '2012-04-30T18:39:59+00:00'\nend_date: null\nid: '18'\n"
    assert YamlWriter().whole(value, "object") == expected


@pytest.mark.parametrize("text", ["no", "1_000", "0x1f", "~", "=", "<<", "1:30", "- a", "", " ", "'", "\\"])
def test_a_text_in_yaml_stays_a_text(text: str) -> None:
    assert yaml.safe_load(YamlWriter().whole({"text": text}, "object")) == {"text": text}


def test_xml_names_types_and_sorts_children() -> None:
    value = {"b": "1", "a": 2, "d": None, "c": True, "e": False, "f": {"y": 1}, "g": ["x", {"z": "<&>"}]}
    assert XmlWriter().whole(value, "response") == (
        b"<?xml version='1.0' encoding='utf-8'?>\n<response>"
        b'<a type="integer">2</a><b>1</b><c type="boolean">True</c><d type="null"/>'
        b'<e type="boolean">False</e><f type="hash"><y type="integer">1</y></f>'
        b'<g type="list"><value>x</value><object><z>&lt;&amp;&gt;</z></object></g></response>'
    )


def test_xml_leaves_out_what_xml_forbids() -> None:
    text = "a\0b\x08c\x1fd\ufffee\rf\ng\th😀"
    root = read_xml(XmlWriter().whole({"text": text}, "object"))
    assert root.findtext("text") == "abcde\rf\ng\th😀"


def test_an_xml_list_has_objects_under_its_description() -> None:
    writer = XmlWriter()
    content = writer.begin(META) + writer.add([VALUE]) + writer.add([VALUE]) + writer.end()
    root = read_xml(content)
    assert root.tag == "response"
    assert [(child.tag, child.get("type")) for child in root] == [("meta", "hash"), ("objects", "list")]
    assert [(child.tag, child.attrib) for child in root[1]] == [("object", {}), ("object", {})]


def test_jsonp_escapes_the_ends_of_lines_of_javascript() -> None:
    content = JsonpWriter("a.b").whole({"x": "\u2028\u2029é"}, "object")
    assert content == 'a.b({"x":"\\u2028\\u2029é"})'.encode()


def test_json_leaves_other_characters_as_they_are() -> None:
    assert JsonWriter().whole({"x": "é\u2028"}, "object") == '{"x":"é\u2028"}'.encode()


def test_a_property_list_writes_nothing_as_the_null_object() -> None:
    content = PlistWriter().whole({"x": None}, "object")
    assert content.startswith(b"bplist00")
    assert plistlib.loads(content) == {"x": None}
    assert b"\x00" in content[8:12]


def test_a_property_list_keeps_one_and_true_apart() -> None:
    found = plistlib.loads(PlistWriter().whole({"a": 1, "b": True, "c": 0, "d": False}, "object"))
    assert [(value, type(value)) for value in found.values()] == [
        (1, int),
        (True, bool),
        (0, int),
        (False, bool),
    ]


@pytest.mark.parametrize("number", [0, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**63 - 1, -1, -(2**63)])
def test_a_property_list_writes_numbers_of_every_width(number: int) -> None:
    assert plistlib.loads(PlistWriter().whole({"n": number}, "object")) == {"n": number}


@pytest.mark.parametrize("length", [14, 15, 255, 256, 70_000])
def test_a_property_list_writes_texts_of_every_length(length: int) -> None:
    value = {"ascii": "a" * length, "wide": "é" * length}
    assert plistlib.loads(PlistWriter().whole(value, "object")) == value


@pytest.mark.parametrize("writer", [JsonWriter(), JsonpWriter(), YamlWriter(), PlistWriter(), XmlWriter()])
def test_an_empty_batch_writes_nothing(writer: Writer) -> None:
    assert writer.add([]) == b""
