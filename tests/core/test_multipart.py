"""Reading multipart forms as they arrive."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.core.multipart import LARGEST_HEAD, BadForm, Multipart, Part, read_boundary, read_part

Parts = list[tuple[str, bytes]]


def write_form(parts: Parts, boundary: bytes = b"xyz") -> bytes:
    body = b"preamble"
    for name, content in parts:
        head = f'Content-Disposition: form-data; name="{name}"'.encode()
        body += b"\r\n--" + boundary + b"\r\n" + head + b"\r\n\r\n" + content
    return body + b"\r\n--" + boundary + b"--\r\nepilogue"


def read_form(pieces: list[bytes], boundary: bytes = b"xyz") -> Parts:
    form, parts = Multipart(boundary), []
    for piece in pieces:
        for event in form.feed(piece):
            if isinstance(event, Part):
                parts.append((event.name, b""))
            else:
                parts[-1] = (parts[-1][0], parts[-1][1] + event)
    form.finish()
    return parts


contents = st.lists(
    st.sampled_from([b"\r\n", b"--", b"xyz", b"\r\n--xy", b"-", b"\r", b"\n", b"a", b"\0\xff"]), max_size=8
).map(b"".join)


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "ä"]), contents), max_size=4), st.data())
def test_a_form_reads_the_same_however_it_arrives(parts: Parts, data: st.DataObject) -> None:
    parts = [(name, content.replace(b"\r\n--xyz", b"")) for name, content in parts]
    body = write_form(parts)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(body)), max_size=20)))
    pieces = [body[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    assert read_form(pieces) == parts


def test_a_form_may_come_byte_by_byte() -> None:
    parts = [("a", b""), ("b", b"\r\n--xy"), ("c", b"x" * 50)]
    body = write_form(parts)
    assert read_form([body[at : at + 1] for at in range(len(body))]) == parts


def test_a_part_may_be_without_headers() -> None:
    assert read_form([b"--xyz\r\n\r\ntext\r\n--xyz--"]) == [("", b"text")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nothing",
        b"--xyz\r\n",
        b'--xyz\r\nContent-Disposition: form-data; name="a"\r\n\r\nno end',
        b"--xyz\r\n" + b"x" * (LARGEST_HEAD + 10),
        b"--xyzzy\r\n\r\ntext\r\n--xyzzy--",
        b"--xyz\r\n\r\n" + b"\r\n--xyz\r\n\r\n" * 200 + b"\r\n--xyz--",
    ],
)
def test_what_is_no_form_is_refused(body: bytes) -> None:
    with pytest.raises(BadForm):
        read_form([body])


def test_content_is_not_held_back() -> None:
    form = Multipart(b"xyz")
    list(form.feed(b'--xyz\r\nContent-Disposition: form-data; name="a"\r\n\r\n'))
    passed = sum(len(event) for event in form.feed(b"x" * 100_000) if isinstance(event, bytes))
    assert passed > 100_000 - 20


@pytest.mark.parametrize(
    ("head", "part"),
    [
        ('form-data; name="a"', Part("a", None)),
        ("form-data; name=a", Part("a", None)),
        ('form-data; name="a"; filename="b c.jpg"', Part("a", "b c.jpg")),
        ('form-data; filename=""; name="a"', Part("a", "")),
        ('form-data; name="a"; filename="q\\"q.jpg"', Part("a", 'q"q.jpg')),
        ('form-data; name="a"; filename="C:\\dir\\f.jpg"', Part("a", "C:\\dir\\f.jpg")),
        ('form-data; name="a"; filename="x"; filename*=UTF-8\'\'%C3%A4.jpg', Part("a", "ä.jpg")),
        ('form-data; name="a;filename=b"', Part("a;filename=b", None)),
        ("form-data", Part("", None)),
    ],
)
def test_a_parts_header_is_read(head: str, part: Part) -> None:
    assert read_part(f"X-Other: 1\r\ncontent-DISPOSITION: {head}\r\nContent-Type: x/y") == part


def test_a_hostile_header_costs_no_time() -> None:
    started = time.perf_counter()
    read_part('Content-Disposition: form-data; name="' + "\\" * LARGEST_HEAD)
    read_part("Content-Disposition: form-data" + "; a=" * (LARGEST_HEAD // 4))
    read_part("Content-Disposition: form-data" + "; " * LARGEST_HEAD)
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/form-data; boundary=abc", b"abc"),
        ('multipart/form-data; charset=utf-8; Boundary="a b:c"', b"a b:c"),
    ],
)
def test_a_boundary_is_read(content_type: str, boundary: bytes) -> None:
    assert read_boundary(content_type) == boundary


@pytest.mark.parametrize("rest", ["", "; boundary=", "; boundary=" + "x" * 71, "; boundary=ä"])
def test_a_bad_boundary_is_refused(rest: str) -> None:
    with pytest.raises(BadForm):
        read_boundary("multipart/form-data" + rest)
