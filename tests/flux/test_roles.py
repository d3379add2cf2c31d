"""Who has which role, and giving them."""

from __future__ import annotations

from typing import Any

import pytest

from storage.database import Database
from storage.driver import ObjectId
from storage.stores import Stores
from tests.serving import Answer, Api

KNOWN = ("admin", "finance", "comms", "organiser", "rego_officer", "phone_bank", "qanda_staff")


async def make_admin(api: Api, stores: Stores, email: str = "admin@example.com") -> str:
    """Register an admin; return the secret."""
    member = await api.register(email)
    await stores.roles.give("admin", ObjectId(member["_id"]["$oid"]))
    secret: str = member["s"]
    return secret


async def give(api: Api, secret: str, role: Any, email: Any) -> Answer:
    """Give a role."""
    return await api.post("/api/v0/give_role", {"s": secret, "role": role, "email": email})


async def test_a_new_member_has_no_role(api: Api) -> None:
    secret = (await api.register("ann@example.com"))["s"]
    older = await api.post("/api/v0/get_roles", {"s": secret})
    assert (older.status, older.json) == (200, {"status": "okay", "error": "", "roles": []})
    newer = await api.post("/v2/user/getRoles", {"s": secret})
    assert (newer.status, newer.json) == (200, {"roles": [], "status": "okay"})


async def test_a_superuser_of_the_product_is_an_admin(api: Api, stores: Stores) -> None:
    member = await api.register("ann@example.com")
    await stores.accounts.make_superuser(ObjectId(member["_id"]["$oid"]), True)
    assert (await api.post("/v2/user/getRoles", {"s": member["s"]})).json["roles"] == ["admin"]
    assert (await give(api, member["s"], "comms", "ann@example.com")).json["roles"] == ["admin", "comms"]


@pytest.mark.parametrize("role", KNOWN)
async def test_an_admin_gives_each_known_role(api: Api, stores: Stores, role: str) -> None:
    secret = await make_admin(api, stores)
    ann = await api.register("Ann@example.com")
    for _ in range(2):
        answer = await give(api, secret, role, " ann@EXAMPLE.com ")
        assert (answer.status, answer.json) == (
            *(200, {"status": "okay", "email": "Ann@example.com", "role": role, "roles": [role]}),
        )
        assert ann["s"] not in answer.text
    assert (await api.post("/api/v0/get_roles", {"s": ann["s"]})).json["roles"] == [role]
    [row] = await stores.database["roles"].find({"role": role}).to_list(None)
    assert row["uids"].count(ObjectId(ann["_id"]["$oid"])) == 1


async def test_the_older_name_of_the_phone_bank_is_understood(api: Api, stores: Stores) -> None:
    secret = await make_admin(api, stores)
    await api.register("ann@example.com")
    answer = await give(api, secret, "phonebank", "ann@example.com")
    assert (answer.json["role"], answer.json["roles"]) == ("phone_bank", ["phone_bank"])


@pytest.mark.parametrize("key", ["admin", "s"])
async def test_an_admin_makes_admins_under_either_key(api: Api, stores: Stores, key: str) -> None:
    secret = await make_admin(api, stores)
    ann = await api.register("ann@example.com")
    answer = await api.post("/api/v0/give_admin_role", {key: secret, "email": "ann@example.com"})
    assert answer.json == {"status": "okay", "email": "ann@example.com", "role": "admin", "roles": ["admin"]}
    again = await api.post("/api/v0/give_admin_role", {"admin": ann["s"], "email": "admin@example.com"})
    assert again.status == 200


async def test_an_unused_key_may_be_empty(api: Api, stores: Stores) -> None:
    secret = await make_admin(api, stores)
    for keys in ({"admin": None, "s": secret}, {"admin": secret, "s": ""}):
        answer = await api.post("/api/v0/give_admin_role", {**keys, "email": "admin@example.com"})
        assert answer.status == 200


async def test_only_admins_give_roles(api: Api, stores: Stores, database: Database) -> None:
    admin = await make_admin(api, stores)
    ann = await api.register("ann@example.com")
    for role in KNOWN[1:]:
        assert (await give(api, admin, role, "ann@example.com")).status == 200
    before = await database["roles"].find({}).to_list(None)
    assert (await give(api, ann["s"], "admin", "ann@example.com")).status == 403
    for body in ({"admin": ann["s"]}, {"s": ann["s"]}, {"admin": ann["s"], "s": ann["s"]}, {}):
        answer = await api.post("/api/v0/give_admin_role", {**body, "email": "ann@example.com"})
        assert answer.status == 403
    assert await database["roles"].find({}).to_list(None) == before


BAD_GIFTS: tuple[tuple[Any, Any, str | None], ...] = (
    *((bad, "ann@example.com", "role") for bad in (None, "", 5, True, ["admin"], {"$ne": ""}, "Admin")),
    *((bad, "ann@example.com", "role") for bad in ("superuser", "staff", "event_organizer", "admin ")),
    *(("comms", bad, "email") for bad in (None, 5, True, ["ann@example.com"], {"$ne": ""})),
    *(("comms", missing, None) for missing in ("eve@example.com", "", "no address", "second@example.com")),
)


async def test_a_bad_gift_is_refused(api: Api, stores: Stores) -> None:
    secret = await make_admin(api, stores)
    ann = await api.register("ann@example.com")
    unverified = await stores.addresses.prepare("second@example.com", ObjectId(ann["_id"]["$oid"]))
    await stores.database["email_addresses"].insert_one({**unverified, "primary": False})
    for role, email, field in BAD_GIFTS:
        answer = await give(api, secret, role, email)
        assert answer.status == (400 if field else 404), (role, email, answer.text)
        assert field is None or answer.json["error_args"][0].startswith(f"{field}: ")
    assert (await api.post("/api/v0/get_roles", {"s": ann["s"]})).json["roles"] == []


async def test_missing_fields_are_named(api: Api, stores: Stores) -> None:
    secret = await make_admin(api, stores)
    answer = await api.post("/api/v0/give_role", {"s": secret})
    assert [text.split(":")[0] for text in answer.json["error_args"]] == ["role", "email"]
    answer = await api.post("/api/v0/give_admin_role", {"s": secret})
    assert [text.split(":")[0] for text in answer.json["error_args"]] == ["email"]


async def test_the_log_tells_who_gave_what_to_whom(api: Api, stores: Stores) -> None:
    secret = await make_admin(api, stores)
    ann = await api.register("ann@example.com")
    await give(api, secret, "comms", "ann@example.com")
    admin = await stores.accounts.by_secret(secret)
    assert admin is not None
    [entry] = await stores.database["log"].find({}).to_list(None)
    told = {"role": "comms", "user_id": ObjectId(ann["_id"]["$oid"]), "by": admin.oid}
    assert (entry["action"], entry["data"]) == ("gave_role", told)
    assert secret not in str(entry)
