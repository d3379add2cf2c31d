"""What organizers correct of people whose birth date they know."""

from __future__ import annotations

from typing import Any

import pytest

from storage.driver import Document, ObjectId
from storage.klub.grants import STAFF
from tests.klub.callers import Callers, Someone
from tests.klub.scene import Scene

EMAIL, DOB = "eve@example.org", "1990-05-07"
NO_DATE = {"error": "must specify date of birth in query arg `dob` in the form YYYY-MM-DD"}
GUARDED = [
    "Only a superuser may change the e-mail of an account that its owner can sign in to or has proven."
]


@pytest.fixture
async def organizer(callers: Callers) -> Someone:
    return await callers.organizer_of(None, "olga@example.org")


@pytest.fixture
async def guest(organizer: Someone, scene: Scene) -> int:
    """Give the number of somebody who was signed up by others."""
    event = await scene.event()
    body = {
        **{"email": EMAIL, "event": event, "first_name": "Eve", "last_name": "Moss", "city": "Brno"},
        **{"age_group": 1990, "birth_month": 5, "birth_day": 7, "telephone": "123456789", "note": "hi"},
    }
    answer = await organizer.post("/api/sign_up_for_event/", body)
    number: int = answer.json["user_id"]
    return number


def path(number: int, dob: str = DOB) -> str:
    return f"/api/frontend/edit_userprofile/{number}/?dob={dob}"


async def stored(scene: Scene, number: int) -> Document:
    found = await scene.stores.database["users"].find_one({"id": number})
    assert found is not None
    return found


async def test_a_person_is_shown(organizer: Someone, guest: int) -> None:
    answer = await organizer.get(path(guest))
    assert answer.status == 200
    telephone = {"telephone": "123456789", "note": "", "is_primary": True}
    assert list(answer.json.items()) == [
        *(("id", guest), ("first_name", "Eve"), ("last_name", "Moss"), ("nickname", "")),
        *(("email", EMAIL), ("telephone_set", [telephone]), ("city", "Brno"), ("note", "hi")),
        *(("age_group", 1990), ("birth_month", 5), ("birth_day", 7), ("street", ""), ("zip_code", "")),
    ]
    assert (await organizer.get(path(guest, "1990-5-7"))).status == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH"])
async def test_the_birth_date_is_needed(organizer: Someone, guest: int, method: str) -> None:
    for dob in ("", "x", "1990-02-30", "07.05.1990", "19900507"):
        answer = await organizer.send(method, path(guest, dob), {"note": "x"})
        assert (answer.status, answer.json) == (403, NO_DATE), dob
    answer = await organizer.send(method, path(guest).partition("?")[0], {})
    assert (answer.status, answer.json) == (403, NO_DATE)
    for number, dob in ((guest, "1990-05-08"), (999, DOB), (organizer.number, DOB)):
        answer = await organizer.send(method, path(number, dob), {})
        assert (answer.status, answer.json) == (404, {"detail": "Not found."})


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_what_is_sent_is_changed(organizer: Someone, guest: int, scene: Scene, method: str) -> None:
    """Put as well as patch leave the rest as it is; another birth date is needed from then on."""
    before = (await organizer.get(path(guest))).json
    sent: dict[str, Any] = {"first_name": "Eva", "nickname": "evie", "street": "Long 5", "zip_code": "602 00"}
    answer = await organizer.send(method, path(guest), {**sent, "id": 5, "telephone_set": []})
    assert (answer.status, answer.json) == (200, {**before, **sent})
    answer = await organizer.send(method, path(guest), {"birth_day": "9", "note": ""})
    assert (answer.json["birth_day"], answer.json["note"]) == (9, "")
    assert (await organizer.get(path(guest))).status == 404
    assert (await organizer.get(path(guest, "1990-05-09"))).json == answer.json
    eve = await stored(scene, guest)
    assert (eve["name"], eve["fname"], eve["addr_street"]) == ("Eva Moss", "Eva", "Long 5")
    assert (eve["dobDay"], eve["klub"]["nickname"]) == ("9", "evie")
    await organizer.send(method, path(guest, "1990-05-09"), {"age_group": None})
    assert (await stored(scene, guest))["dobYear"] == ""
    assert (await organizer.get(path(guest, "1990-05-09"))).status == 404


async def test_electoral_fields_ask_for_another_validation(
    organizer: Someone, guest: int, scene: Scene
) -> None:
    users = scene.stores.database["users"]
    await users.update_one({"id": guest}, {"$set": {"needsValidating": False, "detailsValid": True}})
    await organizer.patch(path(guest), {"note": "ho", "first_name": "Eve"})
    assert (await stored(scene, guest))["detailsValid"] is True
    await organizer.patch(path(guest), {"city": "Praha"})
    assert (await stored(scene, guest))["detailsValid"] is False


async def test_what_is_wrong_is_refused(organizer: Someone, guest: int) -> None:
    sent = {
        **{"first_name": "x" * 129, "nickname": "x" * 127, "email": "x", "city": None, "note": "x" * 2001},
        **{"age_group": 1, "birth_month": 13, "zip_code": "x" * 31},
    }
    answer = await organizer.patch(path(guest), sent)
    assert answer.status == 400
    assert answer.json == {
        "first_name": ["Ensure this field has no more than 128 characters."],
        "nickname": ["Ensure this field has no more than 126 characters."],
        "email": ["Enter a valid email address."],
        "city": ["This field may not be null."],
        "note": ["Ensure this field has no more than 2000 characters."],
        "age_group": ['"1" is not a valid choice.'],
        "birth_month": ['"13" is not a valid choice.'],
        "zip_code": ["Ensure this field has no more than 30 characters."],
    }


async def test_the_address_of_a_guest_can_be_corrected(organizer: Someone, guest: int, scene: Scene) -> None:
    """The new one is not proven, nothing is mailed, and nobody else may have it."""
    answer = await organizer.patch(path(guest), {"email": "Eva@Example.org"})
    assert (answer.status, answer.json["email"]) == (200, "eva@example.org")
    eve = await stored(scene, guest)
    (row,) = await scene.stores.addresses.of(eve["_id"])
    assert (row["email"], row["primary"], row["verified"]) == ("eva@example.org", True, False)
    assert (eve["email"], eve["username"], eve["email_validated"]) == (*["eva@example.org"] * 2, False)
    assert await scene.stores.addresses.taken(EMAIL) is None
    assert await scene.stores.database["jobs"].count_documents({}) == 0
    answer = await organizer.patch(path(guest), {"email": "OLGA@example.org", "city": "Nowhere"})
    assert (answer.status, answer.json) == (400, {"email": ["This field must be unique."]})
    assert (await stored(scene, guest))["addr_suburb"] == "Brno"


@pytest.mark.parametrize("guard", ["password", "primary", "further", "origin", "joined", "grant"])
async def test_addresses_that_are_somebodys_are_for_superusers(
    organizer: Someone, superuser: Someone, guest: int, scene: Scene, guard: str
) -> None:
    """Whoever knows a birthday must not take an account over."""
    users, eve = scene.stores.database["users"], await stored(scene, guest)
    match guard:
        case "password":
            await users.update_one({"id": guest}, {"$set": {"set_password": True}})
        case "primary":
            await scene.stores.database.transaction(
                lambda session: scene.stores.addresses.verify(None, eve["_id"], session)
            )
        case "further":
            row = await scene.stores.addresses.prepare("e@e.org", eve["_id"], primary=False, verified=True)
            await scene.stores.database["email_addresses"].insert_one(row)
        case "origin":
            await users.update_one({"id": guest}, {"$unset": {"auth.origin": ""}})
        case "joined":
            await users.update_one({"id": guest}, {"$set": {"auth.joined": True}})
        case "grant":
            await scene.stores.grants.give(STAFF, eve["_id"])
    answer = await organizer.patch(path(guest), {"email": "eva@example.org", "note": "ho"})
    assert (answer.status, answer.json) == (400, {"email": GUARDED})
    assert (await stored(scene, guest))["klub"]["note"] == "hi"
    answer = await organizer.patch(path(guest), {"email": " EVE@example.org", "note": "ho"})
    assert (answer.status, answer.json["note"]) == (200, "ho")
    answer = await superuser.patch(path(guest), {"email": "eva@example.org"})
    assert (answer.status, answer.json["email"]) == (200, "eva@example.org")


async def test_who_may(callers: Callers, guest: int, scene: Scene) -> None:
    unit = await scene.unit()
    for who in (await callers.staff_of(unit), await callers.organizer_of(unit)):
        assert (await who.get(path(guest))).status == 200
    for who, detail in (
        (callers.anonymous, "Authentication credentials were not provided."),
        (await callers.user(), "You do not have permission to perform this action."),
        (await callers.app("read", "write"), "You do not have permission to perform this action."),
    ):
        for dob in (DOB, ""):
            answer = await who.get(path(guest, dob))
            assert (answer.status, answer.json) == (403, {"detail": detail})


async def test_methods_and_the_missing_list(organizer: Someone, guest: int) -> None:
    answer = await organizer.delete(path(guest))
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD, PUT, PATCH, OPTIONS")
    assert (await organizer.get(f"/api/frontend/edit_userprofile/?dob={DOB}")).status == 404


async def test_who_is_deleted_meanwhile_is_not_found(
    organizer: Someone, guest: int, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not the caller who is gone."""
    proven = scene.stores.addresses.proven

    async def delete_before(oid: ObjectId) -> bool:
        await scene.stores.deletion.delete(oid)
        return await proven(oid)

    monkeypatch.setattr(scene.stores.addresses, "proven", delete_before)
    answer = await organizer.patch(path(guest), {"note": "ho"})
    assert (answer.status, answer.json) == (404, {"detail": "Not found."})
