"""The mailed link to one's details, and the proof of an address."""

from __future__ import annotations

from typing import Any

import pytest

from storage.database import Database
from storage.stores import Stores
from tests.flux.loner import add_further, person
from tests.flux.mailbox import Mailbox, proof_token, text_of
from tests.serving import Api

SENT = {"sent_email": True, "reason": "Email Sent"}
UNKNOWN = {"sent_email": False, "reason": "Email not found"}
CALLS = ("/api/v0/email_secret_token", "/api/v0/send_user_details")


def expected(path: str, answer: dict[str, Any]) -> dict[str, Any]:
    """Return what a call answers: the one for older pages repeats the reason."""
    return {**answer, "status": answer["reason"]} if "send_user" in path else answer


@pytest.mark.parametrize("path", CALLS)
async def test_the_member_link_is_mailed(api: Api, mailbox: Mailbox, path: str) -> None:
    member = await api.register("Ann@Example.com")
    answer = await api.post(path, {"email": " ann@example.COM\n"})
    assert (answer.status, answer.json) == (200, expected(path, SENT))
    assert member["s"] not in answer.text
    [mail] = await mailbox.to("ann@example.COM")
    assert f"?s={member['s']}" in text_of(mail)


@pytest.mark.parametrize("path", CALLS)
async def test_an_unknown_address_is_told(api: Api, mailbox: Mailbox, path: str) -> None:
    for email in ["eve@example.com", "", " ", "no address", "a@b@c", "x" * 10_000, "$ne"]:
        answer = await api.post(path, {"email": email})
        assert (answer.status, answer.json) == (200, expected(path, UNKNOWN))
    assert await mailbox.open() == []


@pytest.mark.parametrize("path", CALLS)
async def test_what_is_no_text_is_refused(api: Api, path: str) -> None:
    await api.register("ann@example.com")
    bodies: tuple[dict[str, Any], ...] = (
        *({}, {"email": None}, {"email": 5}, {"email": True}, {"email": ["ann@example.com"]}),
        *({"email": {"$ne": ""}}, {"email": {"$regex": "."}}),
    )
    for body in bodies:
        answer = await api.post(path, body)
        assert answer.status == 400
        assert [text.split(":")[0] for text in answer.json["error_args"]] == ["email"]


async def test_a_verified_further_address_gets_the_link_an_unverified_one_does_not(
    api: Api, stores: Stores, mailbox: Mailbox
) -> None:
    member = await api.register("ann@example.com")
    await add_further(stores, "second@example.com", verified=True)
    await add_further(stores, "third@example.com", verified=False)
    assert (await api.post(CALLS[0], {"email": "SECOND@example.com"})).json == SENT
    assert (await api.post(CALLS[0], {"email": "third@example.com"})).json == UNKNOWN
    [mail] = await mailbox.to("SECOND@example.com")
    assert member["s"] in text_of(mail)
    assert len(await mailbox.open()) == 2


async def test_an_inactive_account_is_like_an_unknown_one(api: Api, database: Database) -> None:
    await api.register("ann@example.com")
    await database["users"].update_one({}, {"$set": {"is_active": False}})
    assert (await api.post(CALLS[0], {"email": "ann@example.com"})).json == UNKNOWN
    taken = await api.post("/api/v0/register/initial_email", {"email": "ann@example.com"})
    assert taken.status == 409


# The proof of an address


async def test_the_proof_verifies_the_address_again_and_again(
    api: Api, database: Database, mailbox: Mailbox
) -> None:
    member = await api.register("ann@example.com")
    [mail] = await mailbox.open()
    for _ in range(2):
        answer = await api.get(f"/api/v0/validate_email/{proof_token(mail)}", Accept="application/json")
        assert (answer.status, answer.json) == (200, {"status": "okay"})
        own = (await api.post("/api/v0/user_details", {"s": member["s"]})).json
        assert (own["email_validated"], own["s"]) == (True, member["s"])
        assert "lastUpdated" not in own
    row = await database["email_addresses"].find_one({})
    proof = await database["email_validation"].find_one({})
    assert row is not None
    assert proof is not None
    assert row["verified"] is proof["success"] is True


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        *((None, "text/html"), ("*/*", "text/html"), ("text/html,application/xhtml+xml", "text/html")),
        *(
            ("application/json", "application/json"),
            ("text/plain, Application/JSON;q=0.9", "application/json"),
        ),
    ],
)
async def test_people_get_a_page_and_programs_get_json(
    api: Api, mailbox: Mailbox, accept: str | None, kind: str
) -> None:
    await api.register("ann@example.com")
    [mail] = await mailbox.open()
    headers = {} if accept is None else {"Accept": accept}
    answer = await api.get(f"/api/v0/validate_email/{proof_token(mail)}", **headers)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == f"{kind}; charset=utf-8"
    assert answer.text.startswith("<!doctype html>" if kind == "text/html" else "{")


async def test_an_unknown_proof_is_not_found(api: Api) -> None:
    await api.register("ann@example.com")
    for token in ["0" * 40, "x", "%24ne", "{}", "a.b", "%00", "x" * 5000, "%F0%9F%98%80", "%20"]:
        answer = await api.get(f"/api/v0/validate_email/{token}")
        assert answer.status == 404
        assert answer.json.keys() == {"error", "error_args"}


async def test_a_proof_of_a_further_address_leaves_the_primary_one_unproven(
    api: Api, stores: Stores, mailbox: Mailbox
) -> None:
    member = await api.register("ann@example.com")
    await add_further(stores, "second@example.com", verified=False)
    await api.post("/api/v0/user_details", {"s": member["s"], "email": "second@example.com"})
    [mail] = await mailbox.to("second@example.com")
    # Another dialect may make another address the primary one.
    rows = stores.database["email_addresses"]
    await rows.update_one({"primary": True}, {"$set": {"primary": False}})
    assert (await api.get(f"/api/v0/validate_email/{proof_token(mail)}")).status == 200
    row = await rows.find_one({})
    assert row is not None
    assert row["verified"] is True
    assert (await person(stores.database))["email_validated"] is False


async def test_an_imported_proof_is_one_of_the_primary_address(api: Api, database: Database) -> None:
    member = await api.register("ann@example.com")
    await database["email_validation"].update_one({}, {"$unset": {"email_id": ""}})
    proof = await database["email_validation"].find_one({})
    assert proof is not None
    path = f"/api/v0/validate_email/{proof['validation_token']}"
    assert (await api.get(path)).status == 200
    assert (await person(database))["email_validated"] is True
    await api.post("/api/v0/user_details", {"s": member["s"], "email": "new@example.com"})
    assert (await api.get(path)).status == 404


async def test_the_first_proof_voids_a_password_set_before(
    api: Api, database: Database, mailbox: Mailbox
) -> None:
    member = await api.register("ann@example.com")
    await database["users"].update_one({}, {"$set": {"password": "a hash", "set_password": True}})
    generation = (await person(database))["auth"]["generation"]
    [mail] = await mailbox.open()
    await api.get(f"/api/v0/validate_email/{proof_token(mail)}")
    proven = await person(database)
    assert (proven["password"], proven["set_password"]) == ("", False)
    assert proven["auth"]["generation"] > generation
    assert proven["s"] == member["s"]


async def test_a_later_proof_leaves_the_password_alone(
    api: Api, database: Database, mailbox: Mailbox
) -> None:
    member = await api.register("ann@example.com")
    [mail] = await mailbox.open()
    await api.get(f"/api/v0/validate_email/{proof_token(mail)}")
    await database["users"].update_one({}, {"$set": {"password": "a hash", "set_password": True}})
    await api.get(f"/api/v0/validate_email/{proof_token(mail)}")
    await api.post("/api/v0/user_details", {"s": member["s"], "email": "new@example.com"})
    [fresh] = await mailbox.to("new@example.com")
    await api.get(f"/api/v0/validate_email/{proof_token(fresh)}")
    proven = await person(database)
    assert (proven["password"], proven["set_password"]) == ("a hash", True)
    assert proven["email_validated"] is True
