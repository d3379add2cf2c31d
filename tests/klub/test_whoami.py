"""Who the caller is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.klub.callers import Callers, Someone

PATHS = ("/api/frontend/whoami", "/api/frontend/whoami/")


@pytest.fixture
async def ann(callers: Callers) -> Someone:
    return await callers.user("ann@example.org")


@pytest.mark.parametrize("path", PATHS)
async def test_a_user_sees_names_and_rights(ann: Someone, path: str) -> None:
    """In this order, with the shared id."""
    answer = await ann.get(path)
    assert answer.status == 200
    assert answer.text == (
        '{"first_name":"Ann","last_name":"Lee","nickname":"","is_staff":false,"is_superuser":false,'
        f'"is_event_organizer":false,"id":{ann.number}}}'
    )


async def test_rights_follow_the_grants(callers: Callers) -> None:
    """Superusers are staff and organizers, too."""
    rows = [
        (await callers.superuser(), (True, True, True)),
        (await callers.staff_of(None), (True, False, False)),
        (await callers.organizer_of(None), (False, False, True)),
    ]
    for who, expected in rows:
        told = (await who.get(PATHS[0])).json
        assert (told["is_staff"], told["is_superuser"], told["is_event_organizer"]) == expected


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_every_verb_changes_what_is_sent(ann: Someone, callers: Callers, method: str) -> None:
    """What is not sent stays, what can't be changed is ignored."""
    sent: dict[str, Any] = {
        "first_name": "Eve",
        "nickname": " evie ",
        "id": 5,
        "is_staff": True,
        "email": "x",
    }
    answer = await ann.send(method, PATHS[0], sent)
    assert answer.status == 200
    told = answer.json
    assert (told["first_name"], told["last_name"], told["nickname"]) == ("Eve", "Lee", "evie")
    assert (told["id"], told["is_staff"]) == (ann.number, False)
    assert (await ann.get(PATHS[0])).json == told
    assert ann.oid is not None
    person = await callers.stores.accounts.document(ann.oid)
    assert (person["name"], person["klub"]["nickname"]) == ("Eve Lee", "evie")


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"first_name": "x" * 129}, {"first_name": ["Ensure this field has no more than 128 characters."]}),
        ({"nickname": "x" * 127}, {"nickname": ["Ensure this field has no more than 126 characters."]}),
        (
            {"last_name": ["x"], "first_name": None},
            {"first_name": ["This field may not be null."], "last_name": ["Not a valid string."]},
        ),
    ],
)
async def test_what_is_no_name_is_refused(ann: Someone, body: dict[str, Any], errors: dict[str, Any]) -> None:
    """And nothing is changed."""
    answer = await ann.post(PATHS[0], body)
    assert (answer.status, answer.json) == (400, errors)
    assert (await ann.get(PATHS[0])).json["last_name"] == "Lee"


async def test_nobody_and_apps_are_refused(callers: Callers) -> None:
    """Before the method is looked at."""
    app = await callers.app("read", "write")
    for method in ("GET", "POST", "DELETE"):
        answer = await callers.anonymous.send(method, PATHS[0], {})
        assert (answer.status, answer.json) == (
            403,
            {"detail": "Authentication credentials were not provided."},
        )
        assert "WWW-Authenticate" not in answer.headers
        answer = await app.send(method, PATHS[0], {})
        assert (answer.status, answer.json) == (
            403,
            {"detail": "You do not have permission to perform this action."},
        )


async def test_deleting_is_not_offered(ann: Someone) -> None:
    """405 with what is."""
    answer = await ann.delete(PATHS[0])
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD, POST, PUT, PATCH, OPTIONS")


async def test_names_cross_dialects(ann: Someone, callers: Callers) -> None:
    """Know Me shows what was changed here; its token is good here, too."""
    assert ann.oid is not None
    await ann.post(PATHS[0], {"first_name": "Eve"})
    header = {"Authorization": f"Token {await callers.stores.tokens.issue(ann.oid)}"}
    api = callers.server.api
    assert (await api.call("GET", "/account/profile/", headers=header)).json["first_name"] == "Eve"
    assert (await api.call("GET", PATHS[0], headers=header)).json["first_name"] == "Eve"
