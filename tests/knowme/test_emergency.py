"""Emergency items and contacts."""

from __future__ import annotations

import pytest

from tests.knowme.client import App

BO = {"name": "Bo", "relation": "brother", "phone_number": "19195550100"}


async def test_an_emergency_item_is_made_changed_and_deleted(ann: App) -> None:
    user = await ann.user()
    dog = await ann.picture(user)
    path = f"/know-me/users/{user}/emergency-items/"
    made = await ann.post(path, {"name": "Allergy"})
    url = f"{ann.api.url}/know-me/emergency-items/{made.json['id']}/"
    expected = {
        "id": made.json["id"],
        "url": url,
        "name": "Allergy",
        "description": "",
        "media_resource": None,
    }
    assert (made.status, made.json, made.headers["Location"]) == (201, expected, url)
    one = f"/know-me/emergency-items/{made.json['id']}/"
    changed = await ann.patch(one, {"media_resource": dog["id"], "description": "nuts"})
    assert changed.json == {**expected, "description": "nuts", "media_resource": dog}
    assert (await ann.get(path)).json == [changed.json]
    kept = await ann.put(one, {"name": "Nuts"})
    assert kept.json == {**changed.json, "name": "Nuts"}
    assert (await ann.put(one, {"description": ""})).json == {"name": ["This field is required."]}
    gone = await ann.delete(one)
    assert (gone.status, gone.body) == (204, b"")
    assert (await ann.get(one)).status == 404


async def test_an_emergency_items_fields_are_checked(ann: App, bob: App) -> None:
    path = f"/know-me/users/{await ann.user()}/emergency-items/"
    theirs = await bob.picture(await bob.user())
    unknown = ["There is no media resource with the given ID."]
    for value in (theirs["id"], 0, "x"):
        answer = await ann.post(path, {"name": "A", "media_resource": value})
        assert (answer.status, answer.json) == (400, {"media_resource": unknown})
    answer = await ann.post(path, {"description": None, "media_resource": None})
    null = ["This field may not be null."]
    assert answer.json == {
        "name": ["This field is required."],
        "description": null,
        "media_resource": null,
    }


async def test_a_contact_is_made_changed_and_deleted(ann: App) -> None:
    path = f"/know-me/users/{await ann.user()}/emergency-contacts/"
    made = await ann.post(path, BO)
    url = f"{ann.api.url}/know-me/emergency-contacts/{made.json['id']}/"
    expected = {"id": made.json["id"], "url": url, **BO, "alt_phone_number": "", "email": ""}
    assert (made.status, made.json, made.headers["Location"]) == (201, expected, url)
    one = f"/know-me/emergency-contacts/{made.json['id']}/"
    changed = await ann.patch(one, {"email": "Bo@Example.com", "alt_phone_number": 123456789})
    assert changed.json == {**expected, "email": "Bo@Example.com", "alt_phone_number": "123456789"}
    assert (await ann.put(one, {**BO, "email": ""})).json["email"] == ""
    assert (await ann.get(path)).json[0]["alt_phone_number"] == "123456789"
    assert (await ann.delete(one)).status == 204
    assert (await ann.get(one)).status == 404


WRONG, LONG = "Enter valid phone number", "Ensure this field has no more than 15 characters."


@pytest.mark.parametrize(
    ("number", "reasons"),
    [
        ("123456789", []),
        ("1" * 15, []),
        ("12345678", [WRONG]),
        ("1" * 16, [LONG]),
        ("2" * 16, [WRONG, LONG]),
        ("+19195550100", [WRONG]),
        ("919-555-0100", [WRONG]),
        ("٩" * 10, [WRONG]),
        ("", ["This field may not be blank."]),
    ],
)
async def test_a_phone_number_is_digits(ann: App, number: str, reasons: list[str]) -> None:
    path = f"/know-me/users/{await ann.user()}/emergency-contacts/"
    answer = await ann.post(path, {**BO, "phone_number": number})
    assert answer.status == (400 if reasons else 201)
    if reasons:
        assert answer.json == {"phone_number": reasons}


@pytest.mark.parametrize(
    ("email", "good"),
    [
        ("a@example.com", True),
        ("a.b+c@sub.example.co", True),
        ("a@localhost", True),
        ("a@münchen.de", True),
        ("a@example", False),
        ("a b@example.com", False),
        ("a@@example.com", False),
        ("@example.com", False),
        ("a@-example.com", False),
        ("a..b@example.com", False),
        ("a@example.com\nb", False),
        (7, False),
        (["a@example.com"], False),
    ],
)
async def test_an_address_is_checked(ann: App, email: object, good: bool) -> None:
    path = f"/know-me/users/{await ann.user()}/emergency-contacts/"
    answer = await ann.post(path, {**BO, "email": email})
    assert answer.status == (201 if good else 400), answer.text
    if not good:
        assert answer.json == {"email": ["Enter a valid email address."]}
