"""What every request goes through: host, method, path, query, origin, errors, its line in the log."""

from __future__ import annotations

import logging
from typing import Any

import orjson
import pytest

from handlers.flux.polls import PollInfoHandler
from tests.serving import Answer, Api, Served
from tests.wire import open_wire

TALLY = "/api/v0/iiccot/getinfo"
FRIEND = "https://friend.example"
BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"


async def ask(server: Served, target: str, *lines: str, version: str = "1.1") -> Answer:
    async with open_wire(server.url) as wire:
        return await wire.ask(f"GET {target} HTTP/{version}", *lines)


def read_lines(text: str) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in text.splitlines() if line.startswith("{")]


# Host


async def test_an_unknown_host_is_refused_in_the_dialects_shape(api: Api) -> None:
    flux = await api.get(TALLY, Host="evil.example")
    site = await api.get("/", Host="evil.example")
    assert (flux.status, list(flux.json)) == (400, ["error", "error_args"])
    assert (site.status, list(site.json)) == (400, ["error"])


async def test_an_unknown_host_gets_no_socket(server: Served) -> None:
    lines = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13")
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    evil = await ask(
        server, "/connection/websocket", "Host: evil.example", "Origin: http://evil.example", key, *lines
    )
    own = await ask(server, "/connection/websocket", "Host: localhost", key, *lines)
    assert (evil.status, own.status) == (400, 101)


async def test_health_and_metrics_answer_to_any_host(api: Api) -> None:
    assert (await api.get("/healthz", Host="10.1.2.3")).status == 200
    assert (await api.get("/metrics", Host="evil.example")).status == 200


async def test_a_missing_host_is_refused_and_the_older_protocol_needs_none(server: Served) -> None:
    assert (await ask(server, "/")).status == 400
    assert (await ask(server, "/", version="1.0")).status == 200


@pytest.mark.settings(allowed_hosts=("folk.example",))
async def test_allowed_hosts_are_compared_without_case_and_port(server: Served) -> None:
    answers = [
        await ask(server, "/", f"Host: {host}") for host in ("FOLK.example:8888", "[::1]:80", "other.example")
    ]
    assert [answer.status for answer in answers] == [200, 200, 400]


# Paths and methods


async def test_an_unknown_path_is_a_page_for_a_browser_and_json_for_a_program(api: Api) -> None:
    page = await api.get("/nowhere<b>", Accept=BROWSER)
    program = await api.get("/nowhere")
    assert (page.status, page.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "Page not found" in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert (program.status, program.json) == (404, {"error": "not found"})


@pytest.mark.parametrize("target", ["*", "//", "http://evil.example/x", "/%00", "/%ff%fe", "/%", "/%zz"])
async def test_odd_targets_are_not_found(server: Served, target: str) -> None:
    assert (await ask(server, target, "Host: localhost")).status == 404


@pytest.mark.parametrize(("segment", "status"), [("%ff", 400), ("%zz", 404), ("%00", 404), ("%2e%2e", 404)])
async def test_bad_encodings_in_a_segment_are_the_clients_fault(api: Api, segment: str, status: int) -> None:
    for path in (f"/static/{segment}", f"/api/v0/validate_email/{segment}"):
        answer = await api.get(path)
        assert answer.status in {status, 400, 404}
        assert "error" in answer.json


@pytest.mark.parametrize("query", ["poll_id=%ff", "%ff=1", "poll_id=1&poll_id=x", "&&=", "poll_id=%"])
async def test_odd_queries_never_break(api: Api, query: str) -> None:
    assert (await api.get(f"{TALLY}?{query}")).status in {200, 400}


@pytest.mark.parametrize("method", ["PUT", "DELETE", "TRACE", "BREW"])
async def test_a_method_without_an_operation_is_told_which_ones_there_are(api: Api, method: str) -> None:
    flux = await api.call(method, TALLY)
    page = await api.call(method, "/")
    file = await api.call(method, "/static/site.css")
    assert (flux.status, flux.headers["Allow"], "error_args" in flux.json) == (405, "GET, HEAD", True)
    assert (page.status, page.headers["Allow"]) == (405, "GET, HEAD")
    assert (file.status, file.headers["Allow"]) == (405, "GET, HEAD")


async def test_head_is_get_without_the_body(api: Api) -> None:
    got, head = await api.get(TALLY), await api.call("HEAD", TALLY)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == got.headers["Content-Length"]
    assert (await api.call("HEAD", "/connection/token")).status == 405


async def test_a_malformed_request_is_400_and_closes(server: Served) -> None:
    for line in ("GET / HTTP/9.9", "nonsense", "GET / HTTP/1.1\r\nno colon"):
        async with open_wire(server.url) as wire:
            await wire.send(f"{line}\r\nHost: localhost\r\n\r\n".encode())
            assert (await wire.answer()).status == 400
            assert await wire.ended()


# Origins


@pytest.mark.settings(allowed_origins=(FRIEND,))
async def test_a_listed_origin_reads_and_its_preflight_comes_before_the_405(api: Api) -> None:
    got = await api.get("/healthz", Origin=FRIEND)
    preflight = await api.call(
        "OPTIONS",
        "/connection/token",
        headers={"Origin": FRIEND, "Access-Control-Request-Method": "POST"},
    )
    bare = await api.call("OPTIONS", "/connection/token", headers={"Origin": FRIEND})
    assert (got.headers["Access-Control-Allow-Origin"], got.headers["Vary"]) == (FRIEND, "Origin")
    assert (preflight.status, preflight.headers["Access-Control-Allow-Methods"]) == (204, "POST")
    assert preflight.headers["Access-Control-Allow-Origin"] == FRIEND
    assert bare.status == 405
    for answer in (got, preflight, bare):
        assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.settings(allowed_origins=(FRIEND,))
@pytest.mark.parametrize("origin", ["https://evil.example", f"{FRIEND}.evil.example", "null", "*"])
async def test_an_unlisted_origin_gets_nothing(api: Api, origin: str) -> None:
    got = await api.get("/healthz", Origin=origin)
    preflight = await api.call(
        "OPTIONS", "/healthz", headers={"Origin": origin, "Access-Control-Request-Method": "GET"}
    )
    assert preflight.status == 405
    for answer in (got, preflight):
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert "Origin" in answer.headers["Vary"]  # a shared cache must not give it to a listed one


async def test_flux_answers_every_origin(api: Api) -> None:
    preflight = await api.call("OPTIONS", TALLY, headers={"Origin": "https://evil.example"})
    assert (preflight.status, preflight.headers["Access-Control-Allow-Origin"]) == (204, "*")
    assert (await api.get("/api/v0/nowhere")).headers["Access-Control-Allow-Origin"] == "*"


# What nobody foresaw


async def fail(*_: Any, **__: Any) -> None:
    """Break as a bug would."""
    raise RuntimeError("the secret reason")


async def test_an_unexpected_error_is_logged_under_the_id_that_the_answer_carries(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(PollInfoHandler, "admit", fail)
    answer = await api.get(TALLY)
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    caplog.clear()
    assert (answer.status, answer.json["error"]) == (500, "internal error")
    assert answer.headers["X-Request-Id"] in record.getMessage()
    assert "the secret reason" in str(record.exc_info)


@pytest.mark.settings(debug=True)
async def test_debug_shows_the_traceback(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(PollInfoHandler, "admit", fail)
    answer = await api.get(TALLY)
    caplog.clear()
    assert "RuntimeError: the secret reason" in answer.json["error"]


async def test_each_request_has_an_id_of_its_own(api: Api) -> None:
    ids = {(await api.get(path)).headers["X-Request-Id"] for path in ("/", "/nowhere", TALLY, TALLY)}
    assert len(ids) == 4


# The access log


async def test_the_log_names_the_request_and_masks_secrets(server: Served) -> None:
    api = server.api
    answer = await api.get("/nowhere?%6bey=SECRET&S=SECRET&token=SECRET&cf_connect=SECRET&q=%0A{")
    for path in ("validate_email/SECRET", "validate_email/SECRET/", "validate%5Femail/SECRET"):
        await api.get(f"/api/v0/{path}")
    await api.get("//api/v0//Validate_Email/SECRET", Authorization="Token SECRET")
    written = server.log.getvalue()
    assert "SECRET" not in written
    line = read_lines(written)[0]
    assert line["path"] == "/nowhere"
    assert line["query"] == "key=***&S=***&token=***&cf_connect=***&q=%0A%7B"
    assert (line["method"], line["status"], line["client"]) == ("GET", 404, "127.0.0.1")
    assert (line["dialect"], line["request"]) == ("site", answer.headers["X-Request-Id"])


async def test_a_request_is_one_line_whatever_it_holds(server: Served) -> None:
    async with open_wire(server.url) as wire:
        await wire.ask('GET /a%0d%0a{"b":\xe9}?%0d%0a=\xe9 HTTP/1.1', "Host: localhost")
        await wire.ask("GET /" + "x" * 60_000 + " HTTP/1.1", "Host: localhost")
    written = server.log.getvalue()
    lines = read_lines(written)
    assert len(written.split("\n")) == len(lines) + 1
    assert max(map(len, written.split("\n"))) < 5000


# Metrics


async def test_metrics_count_requests_by_route_and_nothing_that_a_client_makes_up(api: Api) -> None:
    await api.get(f"{TALLY}?poll_id=1")
    for number in range(3):
        await api.call(f"BREW{number}", TALLY)
        await api.get(f"/nowhere/{number}")
        await api.get(f"/static/{number}.css")
    text = (await api.get("/metrics")).text
    assert _counter(text, "flux", "GET", TALLY, 200) == 1
    assert _counter(text, "flux", "(refused)", TALLY, 405) == 3
    assert _counter(text, "site", "GET", "(none)", 404) == 3
    assert _counter(text, "site", "GET", "/static/{path}", 404) == 3
    assert "BREW" not in text
    for name in ("request_seconds_bucket", "sockets", "publications", "feed_lag_seconds", "jobs"):
        assert f"folkmoot_{name}" in text


def _counter(text: str, dialect: str, method: str, route: str, status: int) -> float:
    labels = f'{{dialect="{dialect}",method="{method}",route="{route}",status="{status}"}}'
    return float(text.partition(f"folkmoot_requests_total{labels} ")[2].split("\n")[0])


@pytest.mark.settings(trusted_proxies=("127.0.0.1",))
async def test_the_log_names_the_client_that_a_trusted_proxy_names(server: Served) -> None:
    await server.api.get("/", X_Forwarded_For="6.6.6.6, 1.1.1.1")
    assert read_lines(server.log.getvalue())[0]["client"] == "1.1.1.1"


async def test_nobody_else_is_believed(server: Served) -> None:
    await server.api.get("/", X_Forwarded_For="1.1.1.1")
    assert read_lines(server.log.getvalue())[0]["client"] == "127.0.0.1"
