"""The addresses of an account."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.flux.mailbox import text_of
from tests.knowme.accounts import INVALID, NOBODY, Town
from tests.knowme.client import App

EMAILS = "/account/emails/"
TAKEN = {"email": ["email address with this email already exists."]}
UNVERIFIED = ["The email address must be verified before it can be set as the primary address."]
ADDRESS_STAYS = [
    "An email's address cannot be changed. Instead, a new email address should be added and swapped with "
    "this one."
]


async def add(town: Town, app: App, email: str, *, proven: bool = True, **fields: Any) -> str:
    """Add an address, confirm it; return its path."""
    made = await app.make(EMAILS, email=email, **fields)
    if proven:
        assert (await town.verify(await town.key(email))).status == 200
    return f"{EMAILS}{made['id']}/"


async def rows(town: Town, app: App) -> dict[str, tuple[bool, bool]]:
    """Return (primary, verified) of each address, once the account's document agrees."""
    found = await town.stores.addresses.of(app.oid)
    person = await town.stores.accounts.document(app.oid)
    (primary,) = [row for row in found if row["primary"]]
    assert (person["email"], person["email_lower"]) == (primary["email"], primary["email_lower"])
    assert person["email_validated"] == primary["verified"]
    return {row["email"]: (row["primary"], row["verified"]) for row in found}


async def test_a_new_address_waits_for_its_proof(town: Town) -> None:
    ann = await town.settle("ann@example.com")
    answer = await ann.post(EMAILS, {"email": " Second@example.com ", "verified": True})
    made = answer.json
    url = f"{town.api.url}{EMAILS}{made['id']}/"
    assert (answer.status, answer.headers["Location"]) == (201, url)
    assert made == {
        "id": made["id"],
        "url": url,
        "email": "Second@example.com",
        "verified": False,
        "verified_action": 1,
        "primary": False,
    }
    assert (await ann.get(f"{EMAILS}{made['id']}/")).json == made
    listed = (await ann.get(EMAILS)).json
    assert [each["email"] for each in listed] == ["ann@example.com", "Second@example.com"]
    assert listed[1] == made
    assert await town.subjects("Second@example.com") == ["Please Confirm Your Know Me Email"]
    notice = (await town.mails("ann@example.com"))[-1]
    assert notice["Subject"] == "Email Added to Your Know Me Account"
    assert "Second@example.com" in text_of(notice)
    assert "Ann" in text_of(notice)
    assert "http" not in text_of(notice)


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"email": ["This field is required."]}),
        ({"email": "ANN@example.com"}, TAKEN),
        ({"email": "bob@example.com"}, TAKEN),
        (
            {"email": "x", "verified_action": 9, "primary": True},
            {
                "email": ["Enter a valid email address."],
                "verified_action": ['"9" is not a valid choice.'],
                "primary": ["An email address cannot be set as the primary when it is created."],
            },
        ),
        ({"email": "a" * 250 + "@b.org"}, {"email": ["Ensure this field has no more than 255 characters."]}),
    ],
)
async def test_a_bad_new_address_is_refused(
    town: Town, ann: App, bob: App, body: dict[str, Any], errors: dict[str, Any]
) -> None:
    answer = await ann.post(EMAILS, body)
    assert (answer.status, answer.json) == (400, errors)


async def test_of_additions_at_once_one_comes_first(town: Town, ann: App, bob: App) -> None:
    answers = await asyncio.gather(
        *(app.post(EMAILS, {"email": "new@example.com"}) for app in (ann, bob) for _ in range(5))
    )
    assert sorted(answer.status for answer in answers) == [201] + [400] * 9
    assert all(answer.json == TAKEN for answer in answers if answer.status == 400)
    assert len(await town.mails("new@example.com")) == 1


async def test_other_peoples_addresses_are_not_there(town: Town, ann: App, bob: App) -> None:
    path = await add(town, ann, "new@example.com", proven=False)
    for method, body in (("GET", None), ("PATCH", {}), ("PUT", {}), ("DELETE", None)):
        answer = await bob.send(method, path, body) if body is not None else await bob.call(method, path)
        assert (answer.status, answer.json) == (404, {"detail": "Not found."})
    assert [each["email"] for each in (await bob.get(EMAILS)).json] == ["bob@example.com"]
    assert (await town.api.get(EMAILS)).json == NOBODY
    assert (await ann.get(f"{EMAILS}x/")).status == 404


async def test_every_verified_address_signs_in_and_no_other(town: Town) -> None:
    ann = await town.settle("ann@example.com")
    await add(town, ann, "second@example.com")
    await add(town, ann, "third@example.com", proven=False)
    assert (await town.login("second@example.com")).json == {"token": ann.token}
    refused = await town.login("third@example.com")
    assert refused.json == {
        "non_field_errors": ["You must verify this email address before logging in."]
    }  # fmt: skip


async def test_a_verified_address_becomes_the_single_primary_one(town: Town) -> None:
    ann = await town.settle("ann@example.com")
    path = await add(town, ann, "Second@example.com")
    answer = await ann.patch(path, {"primary": True})
    assert (answer.status, answer.json["primary"]) == (200, True)
    assert await rows(town, ann) == {"ann@example.com": (False, True), "Second@example.com": (True, True)}
    assert (await ann.get("/account/profile/")).json["email"] == "Second@example.com"
    assert (await ann.patch(path, {"primary": True})).status == 200
    assert (await ann.patch(path, {"primary": False})).json["primary"] is True
    assert (await town.login("ann@example.com")).status == 200


async def test_an_unproven_address_does_not(town: Town) -> None:
    ann = await town.settle("ann@example.com")
    path = await add(town, ann, "second@example.com", proven=False)
    answer = await ann.patch(path, {"primary": True})
    assert (answer.status, answer.json) == (400, {"primary": UNVERIFIED})
    assert (await ann.patch(path, {"primary": False})).status == 200


async def test_an_address_stays_what_it_is(town: Town, ann: App, bob: App) -> None:
    path = await add(town, ann, "second@example.com", proven=False)
    changes: list[tuple[Any, int, Any]] = [
        ({}, 200, None),
        ({"email": "second@example.com", "verified_action": 1}, 200, None),
        ({"email": "third@example.com"}, 400, {"email": ADDRESS_STAYS}),
        ({"email": "bob@example.com"}, 400, TAKEN),
        ({"verified_action": "2"}, 400, {
            "verified_action": ["The verification action of an existing email address may not be changed."]
        }),
        ({"verified_action": 3}, 400, {"verified_action": ['"3" is not a valid choice.']}),
    ]  # fmt: skip
    for body, status, errors in changes:
        answer = await ann.patch(path, body)
        assert answer.status == status, answer.text
        assert errors is None or answer.json == errors
    assert (await ann.put(path, {})).json == {"email": ["This field is required."]}
    assert (await ann.put(path, {"email": "second@example.com"})).status == 200


async def test_a_deleted_address_is_free_and_its_keys_are_dead(town: Town) -> None:
    ann = await town.settle("ann@example.com")
    path = await add(town, ann, "second@example.com", proven=False)
    key = await town.key("second@example.com")
    gone = await ann.delete(path)
    assert (gone.status, gone.body) == (204, b"")
    assert (await ann.get(path)).status == 404
    assert (await town.verify(key)).json == {"key": ["This key is invalid."]}
    assert (await town.register("second@example.com")).status == 201


async def test_the_primary_address_stays(town: Town, ann: App) -> None:
    (row,) = (await ann.get(EMAILS)).json
    answer = await ann.delete(f"{EMAILS}{row['id']}/")
    sentence = "This email address cannot be deleted because it is the primary email for the account."
    assert (answer.status, answer.json) == (409, {"non_field_errors": sentence})


async def test_a_replacing_address_puts_the_former_one_out(town: Town) -> None:
    ann = await town.settle("ann@example.com")
    await add(town, ann, "second@example.com", proven=False, verified_action=2)
    assert await rows(town, ann) == {"ann@example.com": (True, True), "second@example.com": (False, False)}
    reset = await town.reset_key("ann@example.com")
    assert (await town.verify(await town.key("second@example.com"))).status == 200
    assert await rows(town, ann) == {"second@example.com": (True, True)}
    assert (await town.stores.accounts.document(ann.oid))["username"] == "second@example.com"
    assert (await town.login("ann@example.com")).json == INVALID
    assert (await town.login("second@example.com")).json == {"token": ann.token}
    dead = await town.post("/account/change-password/", {"key": reset, "new_password": "a third horse 9"})
    assert dead.status == 400
    assert (await town.register("ann@example.com")).status == 201


async def test_switches_at_once_leave_one_primary_address(town: Town) -> None:
    ann = await town.settle("ann@example.com")
    names = [f"mail{number}@example.com" for number in range(4)]
    paths = [await add(town, ann, name) for name in names]
    await add(town, ann, "last@example.com", proven=False, verified_action=2)
    key = await town.key("last@example.com")
    answers = await asyncio.gather(
        *(ann.patch(path, {"primary": True}) for path in paths), town.verify(key), ann.delete(paths[0])
    )
    assert {answer.status for answer in answers} <= {200, 204, 404, 409}
    assert sum(primary for primary, _ in (await rows(town, ann)).values()) == 1


async def test_the_actions_are_public_but_no_bad_token_is_overlooked(town: Town) -> None:
    answer = await town.api.get(f"{EMAILS}actions/")
    assert answer.json == [{"id": 1, "label": "noop"}, {"id": 2, "label": "replace primary email"}]
    bad = await town.api.get(f"{EMAILS}actions/", Authorization="Token nonsense")
    assert (bad.status, bad.json) == (403, {"detail": "Invalid token."})
