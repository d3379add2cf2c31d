"""What holds for every endpoint of Klub."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import pytest

from handlers.core.handler import METHODS
from handlers.core.operation import declared_operation
from handlers.core.rest.handler import Refused
from handlers.klub import DIALECT
from handlers.klub.access import ANYONE, ORGANIZERS, STAFF, USER, Access, scope
from handlers.klub.callers import ANONYMOUS, Caller
from handlers.klub.paging import PageQuery, Place, read_page, read_size
from storage.accounts import Member
from storage.driver import ObjectId
from storage.klub.grants import NO_STANDING, SUPERUSER, Standing, read_standing
from storage.klub.oauth import App
from tests.klub.callers import PASSWORD, Callers, Someone
from tests.klub.town import Town
from tests.serving import Api
from tests.wire import open_wire

WHOAMI = "/api/frontend/whoami"
MEMBER = Caller(Member(ObjectId(), 1, False, 0))
DENIED = {"detail": "You do not have permission to perform this action."}
NOBODY = {"detail": "Authentication credentials were not provided."}


def app(*scopes: str) -> Caller:
    return Caller(client=App("x", frozenset(scopes), 0))


# Paths


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_reader_is_sent_to_the_slash_with_the_query(api: Api, method: str) -> None:
    """301, before anything is asked for."""
    for path in ("/api/token", "/api/bronto/event/5"):
        answer = await api.call(method, f"{path}?page=2&x=%20y")
        assert (answer.status, answer.headers["Location"]) == (301, f"{path}/?page=2&x=%20y")


async def test_any_other_method_is_served_without_the_slash(api: Api) -> None:
    """A redirect would turn it into a GET."""
    answer = await api.post("/api/token", {}, Content_Type="application/json")
    assert (answer.status, set(answer.json)) == (400, {"username", "password"})


@pytest.mark.parametrize(
    "path", ["/api/", "/api", "/api/nothing/", "/api/nothing", "/upload/x", "/api/token//"]
)
async def test_an_unknown_path_is_404_whoever_asks(api: Api, path: str) -> None:
    """And never a redirect."""
    for method in ("GET", "POST"):
        answer = await api.call(
            method, path, headers={"Authorization": "Bearer x"}, body=b"" if method == "POST" else None
        )
        assert (answer.status, answer.json) == (404, {"detail": "Not found."})


@pytest.mark.parametrize("number", ["x", "0x1", "-1", "1.0", "9" * 30, "%00", "%FF"])
async def test_an_id_that_is_none_is_404(api: Api, number: str) -> None:
    """As one that does not exist."""
    answer = await api.get(f"/api/bronto/event/{number}/")
    assert (answer.status, answer.json) == (404, {"detail": "Not found."})


# Bodies


@pytest.mark.parametrize(
    ("content_type", "body", "status", "reason"),
    [
        ("text/plain", b"x", 415, 'Unsupported media type "text/plain" in request.'),
        ("application/json", b"{", 400, "JSON parse error - "),
        ("application/json", b"\xff", 400, "JSON parse error - "),
        ("application/json", b"NaN", 400, "JSON parse error - "),
    ],
)
async def test_a_body_that_can_not_be_read_is_told(
    api: Api, content_type: str, body: bytes, status: int, reason: str
) -> None:
    """By its kind."""
    answer = await api.call("POST", "/api/token/", body, {"Content-Type": content_type})
    assert answer.status == status
    assert answer.json["detail"].startswith(reason)


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"[]", "list"), (b'"x"', "str"), (b"1", "int"), (b"true", "bool"), (b"null", "NoneType")],
)
async def test_json_that_is_no_object_is_told(api: Api, body: bytes, kind: str) -> None:
    """With what it is."""
    answer = await api.call("POST", "/api/token/", body, {"Content-Type": "application/json"})
    expected = f"Invalid data. Expected a dictionary, but got {kind}."
    assert (answer.status, answer.json) == (400, {"non_field_errors": [expected]})


# Credentials


def basic(name: str, password: str = PASSWORD) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


async def test_basic_and_know_mes_token_name_an_account(town: Town) -> None:
    """Basic by address or username."""
    await town.register("ann@example.com", username="annie")
    person = await town.person("ann@example.com")
    token = await town.stores.tokens.issue(person["_id"])
    for header in (basic("annie"), basic("Ann@example.com"), f"Token {token}", f"token {token}"):
        answer = await town.api.get(WHOAMI, Authorization=header)
        assert (answer.status, answer.json.get("id")) == (200, person["id"]), header


@pytest.mark.parametrize(
    ("header", "detail"),
    [
        (basic("nobody"), "Invalid username/password."),
        ("Basic", "Invalid basic header. No credentials provided."),
        ("Basic a b", "Invalid basic header. Credentials string should not contain spaces."),
        ("Basic !!!", "Invalid basic header. Credentials not correctly base64 encoded."),
        ("Basic eHg=", "Invalid basic header. Credentials not correctly base64 encoded."),
        ("Token x", "Invalid token."),
        ("Token", "Invalid token header. No credentials provided."),
    ],
)
async def test_a_credential_that_does_not_hold_is_403_without_a_challenge(
    api: Api, header: str, detail: str
) -> None:
    """On public endpoints, too."""
    for path in (WHOAMI, "/api/bronto/event/"):
        answer = await api.get(path, Authorization=header)
        assert (answer.status, answer.json) == (403, {"detail": detail})
        assert "WWW-Authenticate" not in answer.headers


@pytest.mark.parametrize("header", ["Digest x", "Key x", "ApiKey x", "x"])
async def test_other_schemes_count_as_nobody(api: Api, header: str) -> None:
    """Public endpoints stay public."""
    assert (await api.get("/api/bronto/event/", Authorization=header)).status == 200
    answer = await api.get(WHOAMI, Authorization=header)
    assert (answer.status, answer.json) == (403, NOBODY)


# Methods


async def test_permission_comes_before_the_method(callers: Callers, user: Someone) -> None:
    """Who may not call at all does not hear what is offered."""
    path = "/api/frontend/event-type/"
    for who, expected in ((callers.anonymous, NOBODY), (user, DENIED)):
        answer = await who.delete(path)
        assert (answer.status, answer.json) == (403, expected)
    staff = await callers.staff_of(None)
    answer = await staff.delete(path)
    assert (answer.status, answer.json) == (405, {"detail": 'Method "DELETE" not allowed.'})
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("path", ["/api/token/", WHOAMI, "/api/bronto/event/77/", "/api/frontend/location/"])
async def test_options_names_the_methods(api: Api, path: str) -> None:
    """For anybody."""
    answer = await api.call("OPTIONS", path)
    assert answer.status == 200
    assert answer.headers["Allow"].endswith("OPTIONS")
    assert set(answer.json) == {"name", "description"}


async def test_head_is_get_without_a_body(api: Api) -> None:
    """With the length of what GET would send."""
    async with open_wire(api.url) as wire:
        await wire.send(b"HEAD /api/bronto/event/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert (await api.get("/api/bronto/event/")).status == 200


# Who may


@pytest.mark.parametrize(
    ("access", "caller", "standing", "allowed"),
    [
        (ANYONE, ANONYMOUS, NO_STANDING, True),
        (ANYONE, app(), NO_STANDING, True),
        (USER, ANONYMOUS, NO_STANDING, False),
        (USER, MEMBER, NO_STANDING, True),
        (USER, app("read", "write"), NO_STANDING, False),
        (ORGANIZERS, MEMBER, NO_STANDING, False),
        (ORGANIZERS, MEMBER, Standing(organizer=True), True),
        (ORGANIZERS, MEMBER, Standing(staff=True), True),
        (STAFF, MEMBER, Standing(organizer=True), False),
        (STAFF, MEMBER, SUPERUSER, True),
        (scope("x", STAFF), app("x", "write"), NO_STANDING, True),
        (scope("x", STAFF), app("x", "read"), NO_STANDING, False),
        (scope("x", STAFF), app("write"), NO_STANDING, False),
        (scope("x", STAFF), MEMBER, NO_STANDING, False),
        (scope("x", STAFF), MEMBER, Standing(staff=True), True),
        (scope("x", STAFF), ANONYMOUS, NO_STANDING, False),
    ],
)
def test_access_decides_by_caller_standing_and_scopes(
    access: Access, caller: Caller, standing: Standing, allowed: bool
) -> None:
    """For a call that writes."""
    assert access.allows(caller, standing, writing=True) is allowed


def test_reading_asks_an_app_for_read() -> None:
    """And not for write."""
    access = scope("x", USER)
    assert access.allows(app("x", "read"), NO_STANDING)
    assert not access.allows(app("x", "write"), NO_STANDING)
    assert str(access) == "an app with the scope x, or a signed-in user"


def test_every_operation_declares_who_may() -> None:
    """In terms that documents can print."""
    found = [
        (route, declared_operation(route.handler, method)) for route in DIALECT.routes for method in METHODS
    ]
    missing = {
        route.path for route, each in found if each is not None and not isinstance(each.access, Access)
    }
    assert missing == set()


@pytest.mark.parametrize(
    ("person", "standing"),
    [
        (None, NO_STANDING),
        ({}, NO_STANDING),
        ({"auth": {"superuser": True}}, SUPERUSER),
        ({"klub": {"grants": [{"role": "staff", "units": [3]}]}}, Standing(staff=True, units=frozenset({3}))),
        (
            {
                "klub": {
                    "grants": [{"role": "staff", "units": [3]}, {"role": "event_organizer", "units": [4]}]
                }
            },
            Standing(staff=True, organizer=True, units=frozenset({3, 4})),
        ),
        (
            {"klub": {"grants": [{"role": "event_organizer", "units": None}]}},
            Standing(organizer=True, units=None),
        ),
    ],
)
def test_standing_is_read_from_the_account(person: dict[str, object] | None, standing: Standing) -> None:
    """Grants of both roles add up."""
    assert read_standing(person) == standing


# Pages of lists


class Numbers:
    """A listing of the first so many numbers."""

    def __init__(self, count: int) -> None:
        self._count = count

    async def total(self) -> int:
        return self._count

    async def window(self, offset: int, limit: int) -> Sequence[int]:
        return range(self._count)[offset : offset + limit]


async def page(count: int, **query: str) -> tuple[list[int], str | None, str | None]:
    place = Place("http://x/l/", "&".join(f"{name}={value}" for name, value in {**query, "q": "a b"}.items()))
    found = await read_page(Numbers(count), PageQuery(**query), place)
    assert found.count == count
    return list(found.results), found.previous, found.next


async def test_pages_link_to_their_neighbours() -> None:
    """Other parameters are kept; the first page's address has no number."""
    assert await page(25) == (list(range(10)), None, "http://x/l/?page=2&q=a+b")
    assert await page(25, page="2") == (list(range(10, 20)), "http://x/l/?q=a+b", "http://x/l/?page=3&q=a+b")
    assert await page(25, page="last") == ([20, 21, 22, 23, 24], "http://x/l/?page=2&q=a+b", None)
    assert await page(0) == ([], None, None)
    assert await page(0, page="last") == ([], None, None)
    assert (await page(5, page_size="2", page="3"))[1] == "http://x/l/?page=2&page_size=2&q=a+b"


@pytest.mark.parametrize("number", ["0", "4", "-1", "x", "1.5", "9" * 30, "²"])
async def test_a_page_that_does_not_exist_is_404(number: str) -> None:
    """With its own words."""
    with pytest.raises(Refused) as refused:
        await page(25, page=number)
    assert (refused.value.status, refused.value.body) == (404, {"detail": "Invalid page."})


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("", 10),
        ("0", 10),
        ("x", 10),
        ("-5", 10),
        ("1", 1),
        ("100", 100),
        ("101", 100),
        ("9" * 40, 100),
        ("²", 10),
    ],
)
def test_the_size_of_pages_has_bounds(text: str, size: int) -> None:
    """Nonsense is the usual size."""
    assert read_size(text) == size
