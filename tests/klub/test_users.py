"""The accounts of all dialects, as organizers look for people."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import orjson
import pytest

from handlers.klub.users import PIECE
from storage.person import new_person
from tests.klub.callers import Callers, Someone
from tests.klub.scene import Scene

PATH = "/api/frontend/users/"


@pytest.fixture
async def organizer(callers: Callers) -> Someone:
    return await callers.organizer_of(None, "olga@example.org")


async def describe(scene: Scene, who: Someone, **fields: Any) -> None:
    values = {name.replace("__", "."): value for name, value in fields.items()}
    await scene.stores.database["users"].update_one({"_id": who.oid}, {"$set": values})


async def found(organizer: Someone, q: str) -> list[str]:
    """Return the addresses of those who are found, without the organizer's."""
    answer = await organizer.get(f"{PATH}?q={quote(q)}")
    assert answer.status == 200, answer.text
    return [each["email"] for each in answer.json if each["email"] != organizer.email]


async def test_people_are_listed_by_number(organizer: Someone, callers: Callers, scene: Scene) -> None:
    ann = await callers.user("ann@example.org")
    telephones = [
        {"telephone": "123456789", "note": "", "is_primary": True},
        {"telephone": "987654321", "note": "work", "is_primary": False},
    ]
    await describe(
        scene,
        ann,
        email="Ann@Example.org",
        klub__nickname="annie",
        klub__telephones=telephones,
        addr_suburb="Brno",
    )
    answer = await organizer.get(PATH)
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    olga, shown = answer.json
    assert (olga["id"], olga["email"]) == (organizer.number, "olga@example.org")
    assert shown == {
        "id": ann.number,
        "first_name": "Ann",
        "last_name": "Lee",
        "nickname": "annie",
        "email": "ann@example.org",
        "telephone_set": [
            {"telephone": "123456789", "note": "", "is_primary": True},
            {"telephone": "987654321", "note": "work", "is_primary": None},
        ],
        "city": "Brno",
    }
    assert list(shown) == [
        *("id", "first_name", "last_name", "nickname", "email", "telephone_set", "city"),
    ]
    assert (await organizer.get(f"{PATH}{ann.number}/")).json == shown
    for missing in ("999", "x"):
        assert (await organizer.get(f"{PATH}{missing}/")).status == 404


async def test_who_has_no_address_shows_none(organizer: Someone, callers: Callers, scene: Scene) -> None:
    ann = await callers.user("ann@example.org")
    await describe(scene, ann, email="")
    assert (await organizer.get(f"{PATH}{ann.number}/")).json["email"] is None


async def test_people_are_found_by_parts(organizer: Someone, callers: Callers, scene: Scene) -> None:
    ann = await callers.user("ann@example.org", "Ann", "Čapková")
    await callers.user("ben.o@example.com", "Ben", "O'Neil (jr)")
    await describe(scene, ann, klub__nickname="Kitty", klub__maiden_name="Dvořák")
    everybody = ["ann@example.org", "ben.o@example.com"]
    for q, expected in (
        ("", everybody),
        ("  ", everybody),
        ("AN", ["ann@example.org"]),
        ("čapk", ["ann@example.org"]),
        ("DVOŘÁK", ["ann@example.org"]),
        ("kitty", ["ann@example.org"]),
        ("@example.com", ["ben.o@example.com"]),
        ("ben.o@", ["ben.o@example.com"]),
        ("o'neil (", ["ben.o@example.com"]),
        ("ann čapková", ["ann@example.org"]),
        ("čapková x ann", ["ann@example.org"]),
        ("ben čapková", []),
        ("ann ben", []),
    ):
        assert await found(organizer, q) == expected, q


@pytest.mark.parametrize("q", [".*", "^", "(", "[a", "\\", "a|b", "$", "{", "\0", "x" * 5000, "\\E.*", "*"])
async def test_patterns_are_texts(organizer: Someone, callers: Callers, q: str) -> None:
    await callers.user("ann@example.org")
    assert await found(organizer, q) == []


async def test_a_long_list_comes_whole(organizer: Someone, scene: Scene) -> None:
    """It is sent in pieces, the last one of any length."""
    people = [
        new_person(1000 + number, f"p{number}@example.org", {"fname": "P"}, now=0, ip=None)
        for number in range(2 * PIECE)
    ]
    users = scene.stores.database["users"]
    await users.insert_many(people[: 2 * PIECE - 1])
    answer = await organizer.get(PATH)
    assert len(orjson.loads(answer.body)) == 2 * PIECE
    await users.insert_one(people[-1])
    listed = orjson.loads((await organizer.get(PATH)).body)
    assert [each["id"] for each in listed] == [
        organizer.number,
        *(person["id"] for person in people),
    ]
    assert await found(organizer, "nobody at all") == []
    head = await organizer.call("HEAD", PATH)
    assert (head.status, head.body) == (200, b"")


async def test_the_page_shows_the_list(organizer: Someone) -> None:
    answer = await organizer.get(PATH, Accept="text/html")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "olga@example.org" in answer.text


async def test_who_may(callers: Callers, organizer: Someone, scene: Scene) -> None:
    unit = await scene.unit()
    for who in (await callers.staff_of(unit), await callers.organizer_of(unit), await callers.superuser()):
        assert (await who.get(PATH)).status == 200
    for who, detail in (
        (callers.anonymous, "Authentication credentials were not provided."),
        (await callers.user(), "You do not have permission to perform this action."),
        (await callers.app("read", "write"), "You do not have permission to perform this action."),
    ):
        for path in (PATH, f"{PATH}1/"):
            answer = await who.get(path)
            assert (answer.status, answer.json) == (403, {"detail": detail})
    assert (await organizer.post(PATH, {})).status == 405
    assert (await organizer.delete(f"{PATH}{organizer.number}/")).status == 405
