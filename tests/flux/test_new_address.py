"""A member's new address: whose it may be, what dies with the old one, who is told."""

from __future__ import annotations

from typing import Any

from storage.database import Database
from storage.driver import Document
from storage.stores import Stores
from tests.flux.loner import add_further, person
from tests.flux.mailbox import Mailbox, proof_token, text_of
from tests.serving import Answer, Api


async def change(api: Api, secret: str, email: str, **more: Any) -> Answer:
    """Ask for a new address."""
    return await api.post("/api/v0/user_details", {"s": secret, "email": email, **more})


async def rows(database: Database) -> list[tuple[str, bool, bool]]:
    """Read the address rows: address, primary, verified; by address."""
    found = await database["email_addresses"].find({}).sort("email_lower", 1).to_list(None)
    return [(row["email"], row["primary"], row["verified"]) for row in found]


async def test_a_new_address_takes_the_place_of_the_old_one_at_once(
    api: Api, database: Database, mailbox: Mailbox
) -> None:
    member = await api.register("ann@example.com")
    [welcome] = await mailbox.open()
    await api.get(f"/api/v0/validate_email/{proof_token(welcome)}")
    answer = await change(api, member["s"], " New@Example.com ")
    assert (answer.json["email"], answer.json["username"]) == ("New@Example.com", "New@Example.com")
    assert (answer.json["email_validated"], answer.json["s"]) == (False, member["s"])
    assert await rows(database) == [("New@Example.com", True, False)]
    assert (await person(database))["email_lower"] == "new@example.com"
    assert (await api.get(f"/api/v0/validate_email/{proof_token(welcome)}")).status == 404


async def test_both_addresses_get_mail(api: Api, mailbox: Mailbox) -> None:
    member = await api.register("ann@example.com")
    await change(api, member["s"], "new@example.com")
    [fresh] = await mailbox.to("new@example.com")
    assert f"?s={member['s']}" in text_of(fresh)
    assert (await api.get(f"/api/v0/validate_email/{proof_token(fresh)}")).status == 200
    _, notice = await mailbox.to("ann@example.com")
    assert member["s"] not in text_of(notice)
    own = (await api.post("/api/v0/user_details", {"s": member["s"]})).json
    assert own["email_validated"] is True


async def test_the_old_address_is_free_again(api: Api) -> None:
    member = await api.register("ann@example.com")
    await change(api, member["s"], "new@example.com")
    other = await api.register("ann@example.com")
    assert (await change(api, other["s"], "NEW@example.com")).status == 409


async def test_an_address_of_someone_else_is_refused(
    api: Api, stores: Stores, database: Database, mailbox: Mailbox
) -> None:
    await api.register("ann@example.com")
    await add_further(stores, "second@example.com", verified=False)
    await add_further(stores, "third@example.com", verified=True)
    eve = await api.register("eve@example.com")
    before = await database["users"].find({}).to_list(None), await rows(database)
    for email in ("ann@example.com", "ANN@example.com", "Second@example.com", "third@example.com"):
        answer = await change(api, eve["s"], email, fname="Eve")
        assert answer.status == 409
        assert answer.json.keys() == {"error", "error_args"}
    assert (await database["users"].find({}).to_list(None), await rows(database)) == before
    assert len(await mailbox.open()) == 2


async def test_another_case_is_no_other_address(api: Api, database: Database, mailbox: Mailbox) -> None:
    member = await api.register("ann@example.com")
    [welcome] = await mailbox.open()
    assert (await api.get(f"/api/v0/validate_email/{proof_token(welcome)}")).status == 200
    answer = await change(api, member["s"], "ANN@Example.com")
    assert (answer.json["email"], answer.json["email_validated"]) == ("ANN@Example.com", True)
    assert answer.json["username"] == "ANN@Example.com"
    assert await rows(database) == [("ANN@Example.com", True, True)]
    assert len(await mailbox.open()) == 1


async def test_a_verified_further_address_is_promoted_verified(api: Api, stores: Stores) -> None:
    member = await api.register("ann@example.com")
    await add_further(stores, "Second@example.com", verified=True)
    answer = await change(api, member["s"], "second@example.com")
    assert (answer.json["email"], answer.json["email_validated"]) == ("second@example.com", True)
    assert await rows(stores.database) == [("second@example.com", True, True)]


async def test_an_unverified_further_address_is_promoted_unverified(
    api: Api, stores: Stores, mailbox: Mailbox
) -> None:
    member = await api.register("ann@example.com")
    await add_further(stores, "second@example.com", verified=False)
    [welcome] = await mailbox.open()
    await api.get(f"/api/v0/validate_email/{proof_token(welcome)}")
    answer = await change(api, member["s"], "second@example.com")
    assert answer.json["email_validated"] is False
    assert await rows(stores.database) == [("second@example.com", True, False)]
    assert len(await mailbox.to("second@example.com")) == 1


async def test_further_addresses_stay_when_the_primary_one_changes(api: Api, stores: Stores) -> None:
    member = await api.register("ann@example.com")
    await add_further(stores, "second@example.com", verified=True)
    await change(api, member["s"], "new@example.com")
    assert await rows(stores.database) == [
        ("new@example.com", True, False),
        ("second@example.com", False, True),
    ]


async def test_a_name_of_ones_own_does_not_follow_the_address(api: Api) -> None:
    member = await api.register("ann@example.com", username="annie")
    assert (await change(api, member["s"], "new@example.com")).json["username"] == "annie"
    answer = await change(api, member["s"], "third@example.com", username="third")
    assert answer.json["username"] == "third"


async def test_the_user_name_follows_also_in_a_whole_object(api: Api) -> None:
    member = await api.register("ann@example.com")
    answer = await api.post("/api/v0/user_details", {**member, "email": "new@example.com"})
    assert (answer.json["email"], answer.json["username"]) == ("new@example.com", "new@example.com")


async def test_someone_without_an_address_can_get_one(api: Api, database: Database, mailbox: Mailbox) -> None:
    member = await api.register("ann@example.com")
    await mailbox.open()
    bare: Document = {"$set": {"email": "", "username": ""}, "$unset": {"email_lower": ""}}
    await database["users"].update_one({}, bare)
    await database["email_addresses"].delete_many({})
    assert (await api.post("/api/v0/user_details", {"s": member["s"], "email": ""})).status == 200
    answer = await change(api, member["s"], "new@example.com")
    assert answer.json["email"] == "new@example.com"
    assert await rows(database) == [("new@example.com", True, False)]
    assert len(await mailbox.open()) == 2
