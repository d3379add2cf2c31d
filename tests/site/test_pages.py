"""Pages and their files."""

from __future__ import annotations

import pytest

from handlers.site.pages import ROUTES, STATIC
from tests.serving import Api

PAGES = [route.path for route in ROUTES if "{" not in route.path]


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_may_run_only_what_this_server_ships(api: Api, path: str) -> None:
    answer = await api.get(path)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


async def test_a_file_is_sent_once_and_then_only_when_it_changed(api: Api) -> None:
    first = await api.get("/static/site.css")
    again = await api.get("/static/site.css", If_None_Match=first.headers["Etag"])
    head = await api.call("HEAD", "/static/site.css")
    assert (first.status, first.body) == (200, (STATIC / "site.css").read_bytes())
    assert first.headers["Content-Type"].startswith("text/css")
    assert (again.status, again.body) == (304, b"")
    assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", str(len(first.body)))


@pytest.mark.parametrize(
    "name",
    [
        *(
            "..",
            "%2e%2e",
            "..%2frules.py",
            "..%2F..%2F..%2Fsettings.py",
            "%2fetc%2fpasswd",
            "%5c..%5crules.py",
        ),
        *("nothing.css", "x" * 300, "%00", "site.css%00", "site.css%2f", ".", "%20site.css"),
    ],
)
async def test_nothing_but_the_files_is_reachable(api: Api, name: str) -> None:
    answer = await api.get(f"/static/{name}")
    assert (answer.status, answer.json) == (404, {"error": "not found"})
