"""Endpoints as pages for people, and the reference of all of them."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

import pytest

from handlers.core.accept import quality
from handlers.core.handler import METHODS
from handlers.core.operation import declared_operation
from handlers.klub import DIALECT
from tests.klub.callers import Callers, Someone
from tests.klub.scene import Scene
from tests.serving import Answer, Api

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
HTML, JSON = "text/html; charset=utf-8", "application/json; charset=utf-8"
LOCATIONS = "/api/frontend/location/"
WHOAMI = "/api/frontend/whoami"


def assert_closed(page: Answer) -> None:
    """Check that a page loads nothing and runs only what it was sent with."""
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        for content in re.findall(rf"<{tag}>(.*?)</{tag}>", page.text, re.DOTALL):
            digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
            assert f"'sha256-{digest}'" in policy
    assert not re.search(r"""(src|href)=["'](https?:)?//""", page.text)
    assert page.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (BROWSER, HTML),
        ("text/html", HTML),
        ("text/*", HTML),
        ("text/html, application/json;q=0.5", HTML),
        ("*/*", JSON),
        ("", JSON),
        ("application/json", JSON),
        ("text/html, application/json", JSON),
        ("application/*, text/html;q=0.1", JSON),
        ("application/xml, */*;q=0.1", JSON),
    ],
)
async def test_a_page_is_for_those_who_prefer_one(api: Api, accept: str, content_type: str) -> None:
    """Programs that don't care get JSON."""
    answer = await api.call("GET", "/api/bronto/event/", headers={"Accept": accept} if accept else {})
    assert (answer.status, answer.headers["Content-Type"]) == (200, content_type)
    assert "Accept" in ",".join(answer.headers.get_list("Vary"))


async def test_the_query_decides_before_the_header(api: Api) -> None:
    """`format=json` and `format=api`."""
    assert (await api.get("/api/bronto/event/?format=json", Accept=BROWSER)).headers["Content-Type"] == JSON
    assert (await api.get("/api/bronto/event/?format=api", Accept="*/*")).headers["Content-Type"] == HTML


@pytest.mark.parametrize("accept", ["application/xml", "text/html;q=0, application/json;q=0", "image/png"])
async def test_what_neither_form_satisfies_is_406(api: Api, accept: str) -> None:
    """In JSON."""
    answer = await api.get("/api/bronto/event/", Accept=accept)
    assert (answer.status, answer.headers["Content-Type"]) == (406, JSON)
    assert answer.json == {"detail": "Could not satisfy the request Accept header."}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/bronto/event/", 200),
        (WHOAMI, 403),
        ("/api/bronto/event/99/", 404),
        ("/api/token/", 405),
        ("/api/o/token/", 405),
        ("/api/bronto/event/?page=7", 404),
        ("/api/bronto/event/?administrative_unit=x", 400),
        ("/api/nothing/", 404),
    ],
)
async def test_a_page_keeps_the_status_and_shows_the_answer(api: Api, path: str, status: int) -> None:
    """It tells what the JSON would have told."""
    page = await api.get(path, Accept=BROWSER)
    plain = await api.get(path)
    assert (page.status, plain.status) == (status, status)
    assert page.headers["Content-Type"] == HTML
    assert_closed(page)
    assert "<title>" in page.text
    assert f"HTTP {status} " in page.text
    assert f"GET {path.partition('?')[0]}" in page.text
    for key in plain.json:
        assert f"&#34;{key}&#34;" in page.text
    assert "curl -H &#39;Authorization: Bearer &lt;token&gt;&#39;" in page.text
    if status == 405:
        assert page.headers["Allow"] == plain.headers["Allow"]


async def test_an_admin_sees_the_data_escaped_and_a_form(callers: Callers, superuser: Someone) -> None:
    """Somebody without rights sees the page with the 403, and no form."""
    name = "<script>alert('x')</script>"
    await callers.stores.database["locations"].insert_one({"_id": 1, "name": name})
    page = await superuser.get(LOCATIONS, Accept=BROWSER)
    assert page.status == 200
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert" in page.text
    assert '<form method="post"' in page.text
    for field in ("name", "place", "region", "gps_latitude"):
        assert f'name="{field}"' in page.text
    stranger = await (await callers.user()).get(LOCATIONS, Accept=BROWSER)
    assert (stranger.status, "<form" in stranger.text) == (403, False)
    assert "You do not have permission" in stranger.text
    assert_closed(stranger)


async def test_tables_tell_type_need_choices_and_limits(api: Api, superuser: Someone) -> None:
    """Of what the query and the body may have."""
    page = await superuser.get("/api/frontend/events/", Accept=BROWSER)
    rows = [re.sub(r"<[^>]+>", "|", row) for row in re.findall(r"<tr>(.*?)</tr>", page.text)]
    assert any(re.search(r"\|name\|+text\|+yes\|+.*at most 100 characters", row) for row in rows)
    assert any("intended_for" in row and "newcomers" in row for row in rows)
    assert any("page_size" in row for row in rows)
    assert any(re.search(r"\|diet\|.*\|vegetarian, .*gluten_free\|", row) for row in rows)
    assert any(re.search(r"\|program\|+text\|.*\|zmj, .*children_section\|", row) for row in rows)
    filters = (await api.get("/api/bronto/event/", Accept=BROWSER)).text
    assert all(word in filters for word in ("vikekostan", "newcomers", "zmj_location", "children_section"))
    registration = (await api.get("/api/register-userprofile", Accept=BROWSER)).text
    assert "at least 8 characters" in registration
    offer = (await api.get("/api/volunteer/", Accept=BROWSER)).text
    rows = [re.sub(r"<[^>]+>", "|", row) for row in re.findall(r"<tr>(.*?)</tr>", offer)]
    assert any(re.search(r"\|program_of_interest\|+list\|.*\|zmj, .*children_section\|", row) for row in rows)
    assert any(re.search(r"\|age_group\|.*\|the year of birth, at most 99 years ago\|", row) for row in rows)


async def test_a_form_is_for_those_who_may_write_there(callers: Callers, scene: Scene) -> None:
    """Whoever sees an event need not manage it; of its team, only managers hear at all."""
    unit = await scene.unit()
    event = await scene.event("Fair", units=[unit])
    paths = f"/api/frontend/events/{event}/", f"/api/frontend/event_orgteam/?event={event}"
    for caller, forms in (
        (callers.anonymous, [0, 0]),
        (await callers.user(), [0, 0]),
        (await callers.staff_of(await scene.unit("Brno")), [0, 0]),
        (await callers.staff_of(unit), [2, 1]),
    ):
        pages = [await caller.get(path, Accept=BROWSER) for path in paths]
        assert [page.text.count("<form") for page in pages] == forms


async def test_other_methods_answer_programs(api: Api) -> None:
    """Whatever a form's browser prefers."""
    answer = await api.post("/api/token/", {}, Accept=BROWSER, Content_Type="application/json")
    assert (answer.status, answer.headers["Content-Type"]) == (400, JSON)


async def test_the_address_shown_can_not_break_out(api: Api) -> None:
    """Neither of the page nor of the command."""
    page = await api.get("/api/bronto/event/?q=%27%22%3E%3Cimg%20onerror=1%3E&format=api")
    assert "<img" not in page.text
    assert "onerror=1" not in re.sub(r"&#39;.*?&#39;", "", page.text)


@pytest.mark.parametrize(
    ("accept", "welcome"),
    [
        ("text/html", 1),
        ("text/html;q=0.3", 0.3),
        ("*/*;q=0.2", 0.2),
        ("text/*;q=0.5, */*", 0.5),
        ("text/html;q=x", 1),
        ("text/html;q=7", 1),
        ("application/json", 0),
        ("", 0),
        (",,;", 0),
        ("TEXT/HTML ; level=1 ; q=0.4", 0.4),
    ],
)
def test_accept_headers_are_weighed(accept: str, welcome: float) -> None:
    """The most precise range decides."""
    assert quality(accept, "text/html") == welcome


async def test_the_reference_is_a_page_without_foreign_assets(api: Api) -> None:
    """For browsers and for whoever does not care."""
    for accept in (BROWSER, "*/*"):
        page = await api.get("/api/docs/", Accept=accept)
        assert (page.status, page.headers["Content-Type"]) == (200, HTML)
        assert_closed(page)
        assert "/api/frontend/organized_events/" in page.text
    assert (await api.get("/api/docs")).status == 301


def references(value: Any) -> set[str]:
    """Return what a document refers to."""
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*(references(each) for each in value.values()))
    return set().union(*(references(each) for each in value)) if isinstance(value, list) else set()


async def test_the_document_has_every_route_and_method(api: Api) -> None:
    """Made from the same declarations as the handlers."""
    answer = await api.get("/api/docs/?format=openapi")
    assert answer.headers["Content-Type"] == JSON
    assert answer.json == (await api.get("/api/docs/", Accept="application/json")).json
    document = answer.json
    assert document["openapi"].startswith("3.")
    for route in DIALECT.routes:
        served = {method.lower() for method in METHODS if declared_operation(route.handler, method)} - {
            "head"
        }
        assert set(document["paths"][route.path]) == served
    operations = [each for path in document["paths"].values() for each in path.values()]
    assert len({each["operationId"] for each in operations}) == len(operations)
    known = {f"#/components/{kind}/{name}" for kind, each in document["components"].items() for name in each}
    assert references(document) <= known
    for path, found in document["paths"].items():
        for each in found.values():
            named = {entry["name"] for entry in each["parameters"] if entry["in"] == "path"}
            assert named == set(re.findall(r"\{(\w+)\}", path))


async def test_the_document_tells_fields_answers_and_who_may(api: Api) -> None:
    """For an operation of users and one of anybody."""
    document = (await api.get("/api/docs/?format=openapi")).json
    change = document["paths"][WHOAMI]["patch"]
    assert change["description"] == "Who may: a signed-in user."
    assert change["security"] == [{"user": []}, {"password": []}, {"knowme": []}, {"session": []}]
    assert set(change["requestBody"]["content"]) >= {"application/json", "application/x-www-form-urlencoded"}
    answer = change["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer == {"$ref": "#/components/schemas/Whoami"}
    assert document["components"]["schemas"]["WhoamiBody"]["properties"]["nickname"]["maxLength"] == 126
    assert document["paths"]["/api/token/"]["post"]["security"] == []
    number = document["paths"]["/api/bronto/event/{event}/"]["get"]["parameters"][0]
    assert number.items() >= {"name": "event", "in": "path", "required": True}.items()
    assert number["schema"] == {"type": "integer"}


async def test_the_document_tells_what_a_call_needs_and_how_it_refuses(api: Api) -> None:
    document = (await api.get("/openapi/klub.json")).json

    def find(method: str, path: str) -> Any:
        return document["paths"][f"/api/{path}"][method]

    def refused(found: Any, status: int) -> list[Any]:
        named = found["responses"][str(status)]["$ref"].rpartition("/")[2]
        examples = document["components"]["responses"][named]["content"]["application/json"]["examples"]
        return [each["value"] for each in examples.values()]

    def query(found: Any) -> dict[str, bool]:
        return {each["name"]: each["required"] for each in found["parameters"] if each["in"] == "query"}

    change = find("patch", "frontend/events/{event}/")
    assert change["security"]
    assert refused(change, 403)[0] == {"error": "must be an event organizer"}
    assert refused(find("get", "event/"), 404) == [{"detail": "Invalid page."}]
    seat = find("delete", "frontend/event_orgteam/{seat}/")
    assert query(seat) == {"event": True}
    assert {"event": "Must be a member of org team"} in refused(seat, 403)
    assert query(find("get", "frontend/edit_userprofile/{user}/")) == {"dob": True}
    assert {"detail": "Email Does not exist"} in refused(find("post", "create_credit_card_payment/"), 404)
    assert "404" not in find("post", "userprofile/vs/")["responses"]
    first = {path: next(iter(found.values())) for path, found in document["paths"].items()}
    unlimited = [path for path, found in first.items() if "429" not in found["responses"]]
    assert unlimited == [
        "/api/o/token/",
        "/api/o/revoke_token/",
        "/api/o/introspect/",
        "/api/token/refresh/",
        "/upload/event_photos/{name}",
        "/upload/pdf_storage/{pdf}/{name}",
    ]
    schemas = document["components"]["schemas"]
    assert schemas["CardBody"]["properties"]["profile_type"]["enum"] == ["user", "company"]
    assert schemas["CardBody"]["properties"]["amount"]["maximum"] == 2147483647
    assert "note" not in schemas["PersonPledgeBody"]["properties"]
