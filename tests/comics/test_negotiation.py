"""Which format an answer has."""

from __future__ import annotations

import pytest

from handlers.comics.callback import check_callback
from handlers.comics.negotiation import choose, open_writer
from handlers.comics.query import Query
from handlers.core.errors import Malformed


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("", "json"),
        *((f"format={name}", name) for name in ("json", "jsonp", "xml", "yaml", "plist")),
        *((f"format={name}", "json") for name in ("", "XML", "html", "xml ", "application/xml")),
        ("callback=x", "jsonp"),
        ("callback=", "jsonp"),
        ("format=json&callback=x", "json"),
        ("format=xml&callback=x", "xml"),
        ("format=nonsense&callback=x", "jsonp"),
        ("format=xml&format=yaml", "yaml"),
    ],
)
def test_the_query_chooses(query: str, name: str) -> None:
    assert choose(Query(query), "").name == name


@pytest.mark.parametrize(
    ("accept", "name"),
    [
        ("", "json"),
        ("*/*", "json"),
        ("*", "json"),
        ("text/html", "json"),
        ("text/html, image/*;q=0.5", "json"),
        ("application/xml", "xml"),
        ("APPLICATION/XML", "xml"),
        ("text/javascript", "jsonp"),
        ("text/*", "jsonp"),
        ("text/yaml", "yaml"),
        ("application/x-plist", "plist"),
        ("application/*", "json"),
        ("application/xml, application/json", "json"),
        ("application/json;q=0.5, application/xml", "xml"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "xml"),
        ("*/*;q=0.8, text/yaml;q=0.8", "yaml"),
        ("*/*, application/json;q=0", "jsonp"),
        ("application/*, application/json;q=0, application/xml;q=0", "plist"),
        ("application/json;q=0", "json"),
        ("application/json;q=abc, application/xml;q=0.9", "json"),
        ("application/json;q=2, application/xml;q=0.9", "json"),
        ("application/json;q=-1, application/xml;q=0.9", "json"),
        ("application/json;q=nan, application/xml;q=0.9", "json"),
        ("application/json;q=, application/xml;q=0.9", "json"),
        ("application/json; q=0.1, text/yaml ;level=1; q=0.2", "yaml"),
        (", ,application/xml,", "xml"),
        ("application/xml/x", "json"),
    ],
)
def test_what_is_accepted_chooses(accept: str, name: str) -> None:
    assert choose(Query(""), accept).name == name


def test_the_query_comes_before_what_is_accepted() -> None:
    assert choose(Query("format=yaml"), "application/xml").name == "yaml"
    assert choose(Query("callback=x"), "application/xml").name == "jsonp"
    assert choose(Query("format=html"), "application/xml").name == "xml"


@pytest.mark.parametrize("accept", ["json", "application/xml, xml", "q=1", ";q=1"])
def test_a_range_without_a_slash_is_refused(accept: str) -> None:
    with pytest.raises(Malformed, match=r"^Invalid Accept header$"):
        choose(Query(""), accept)
    assert choose(Query("format=xml"), accept).name == "xml"


@pytest.mark.parametrize(
    "name",
    [
        "callback",
        "a",
        "_",
        "$",
        "a1",
        "a.b.c",
        "a[0]",
        "a[0][12].b[3]",
        "$.fn._x",
        "ünïcode",
        "名前",
        "Class",
    ],
)
def test_a_place_in_javascript_may_be_a_callback(name: str) -> None:
    check_callback(name)


@pytest.mark.parametrize(
    "name",
    [
        *("", " ", "a b", "a\n", "a\0", "1a", "☃", "a-b", "alert(1)", "a;b", "<script>"),
        *("a.", ".a", "a..b", "a[]", "a[b]", "a[0", "a]0[", "a[0]b", "a[-1]", "[0]", "a[0].[1]", "a[٣]"),
        *("function", "a.class", "a[0].this"),
    ],
)
def test_anything_else_may_not(name: str) -> None:
    with pytest.raises(Malformed, match=r"^JSONP callback name is invalid\.$"):
        check_callback(name)


def test_a_callback_is_looked_at_where_it_is_used() -> None:
    with pytest.raises(Malformed):
        open_writer(choose(Query("callback=1"), ""), Query("callback=1"))
    query = Query("format=json&callback=1")
    assert open_writer(choose(query, ""), query).whole({}, "object") == b"{}"
