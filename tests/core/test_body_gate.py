"""Bodies that are too large are refused in the dialect's shape, and nothing of them is kept."""

from __future__ import annotations

import asyncio
import tracemalloc

import pytest

from handlers.core import routing
from tests.serving import Answer, Served
from tests.wire import Wire, open_wire

LIMIT = 1 << 20
PATH = "/api/v0/iiccot/cast_vote"
UPLOADS = "/know-me/users/1/gallery/"
LINES = (f"POST {PATH} HTTP/1.1", "Host: localhost")
USABLE = ("GET /healthz HTTP/1.1", "Host: localhost")


def assert_refused(answer: Answer) -> None:
    assert answer.status == 413
    assert answer.json["error_args"] == [f"the body is over {LIMIT} bytes"]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["X-Request-Id"]


async def send_chunks(wire: Wire, size: int) -> None:
    """Send zeros in chunks of 64 KiB, and the end."""
    chunk = b"10000\r\n" + b"0" * 0x10000 + b"\r\n"
    for _ in range(size // 0x10000):
        await wire.send(chunk)
    await wire.send(b"0\r\n\r\n")


async def test_an_announced_body_over_the_limit_is_refused_and_the_connection_lives(server: Served) -> None:
    async with open_wire(server.url) as wire:
        assert_refused(await wire.ask(*LINES, f"Content-Length: {LIMIT + 1}", body=b"0" * (LIMIT + 1)))
        assert (await wire.ask(*USABLE)).status == 200


async def test_a_chunked_body_over_the_limit_is_refused_and_the_connection_lives(server: Served) -> None:
    async with open_wire(server.url) as wire:
        await wire.send("\r\n".join((*LINES, "Transfer-Encoding: chunked", "", "")).encode())
        await send_chunks(wire, 3 * LIMIT)
        assert_refused(await wire.answer())
        assert (await wire.ask(*USABLE)).status == 200


async def test_a_body_at_the_limit_reaches_the_handler(server: Served) -> None:
    body = b'{"s": "' + b"x" * (LIMIT - 9) + b'"}'
    async with open_wire(server.url) as wire:
        answer = await wire.ask(*LINES, f"Content-Length: {len(body)}", body=body)
    assert (len(body), answer.status) == (LIMIT, 403)


async def test_who_waits_for_continue_is_refused_before_sending(server: Served) -> None:
    async with open_wire(server.url) as wire:
        answer = await wire.ask(*LINES, f"Content-Length: {LIMIT + 1}", "Expect: 100-continue")
        assert_refused(answer)
        assert await wire.ended()


async def test_who_waits_for_continue_with_a_small_body_may_go_on(server: Served) -> None:
    async with open_wire(server.url) as wire:
        assert (await wire.ask(*LINES, "Content-Length: 2", "Expect: 100-continue")).status == 100
        await wire.send(b"{}")
        assert (await wire.answer()).status == 403


@pytest.mark.parametrize("length", [str(100 << 20), "9" * 40])
async def test_more_than_is_worth_reading_is_refused_at_once(server: Served, length: str) -> None:
    async with open_wire(server.url) as wire:
        assert_refused(await wire.ask(*LINES, f"Content-Length: {length}"))
        assert await wire.ended()


async def test_endless_chunks_end_with_the_connection(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routing, "DISCARDED", LIMIT)
    async with open_wire(server.url) as wire:
        await wire.send("\r\n".join((*LINES, "Transfer-Encoding: chunked", "", "")).encode())
        with pytest.raises(ConnectionError):
            await send_chunks(wire, 1 << 40)


@pytest.mark.settings(max_upload_bytes=LIMIT)
async def test_a_handler_that_takes_parts_is_let_go_when_they_are_too_many(server: Served) -> None:
    form = ("Content-Type: multipart/form-data; boundary=x", "Transfer-Encoding: chunked")
    async with open_wire(server.url) as wire:
        await wire.send("\r\n".join((f"POST {UPLOADS} HTTP/1.1", "Host: localhost", *form, "", "")).encode())
        await send_chunks(wire, 3 * LIMIT)
        assert (await wire.answer()).status == 413
        assert (await wire.ask(*USABLE)).status == 200
    async with asyncio.timeout(5):
        await server.application.finish_requests()
    names = [task.get_coro().__qualname__ for task in asyncio.all_tasks()]  # type: ignore[union-attr]
    assert not [name for name in names if name.startswith("RequestHandler")]


async def test_nothing_of_a_refused_body_is_kept(server: Served) -> None:
    async with open_wire(server.url) as wire:
        await wire.send("\r\n".join((*LINES, "Transfer-Encoding: chunked", "", "")).encode())
        tracemalloc.start()
        await send_chunks(wire, 20 * LIMIT)
        assert_refused(await wire.answer())
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 6 * LIMIT


async def test_a_client_that_never_reads_its_refusal_harms_nobody(server: Served) -> None:
    async with open_wire(server.url) as deaf, open_wire(server.url) as other:
        await deaf.send("\r\n".join((*LINES, f"Content-Length: {LIMIT + 1}", "", "")).encode())
        await deaf.send(b"0" * (LIMIT + 1))
        assert (await other.ask(*USABLE)).status == 200


async def test_a_body_cut_off_by_its_client_leaves_nothing_running(server: Served) -> None:
    async with open_wire(server.url) as wire:
        assert (await wire.ask(*LINES, "Content-Length: 100", "Expect: 100-continue")).status == 100
        assert server.application.running == 1
    async with asyncio.timeout(5):
        await server.application.finish_requests()


@pytest.mark.settings(max_body_bytes=2048, max_upload_bytes=8192)
async def test_multipart_bodies_have_a_limit_of_their_own(server: Served) -> None:
    form = "Content-Type: multipart/form-data; boundary=x"
    async with open_wire(server.url) as wire:
        plain = await wire.ask(*LINES, "Content-Length: 4096", body=b"0" * 4096)
        upload = await wire.ask(*LINES, form, "Content-Length: 4096", body=b"0" * 4096)
        large = await wire.ask(*LINES, form, "Content-Length: 8193", body=b"0" * 8193)
    assert [plain.status, upload.status, large.status] == [413, 400, 413]


@pytest.mark.parametrize("label", ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"])
async def test_flux_reads_json_whatever_it_is_labelled_as(server: Served, label: str) -> None:
    answer = await server.api.call("POST", PATH, b'{"s": "nobody"}', {"Content-Type": label})
    assert (answer.status, answer.json["error"]) == (403, "auth failed")
