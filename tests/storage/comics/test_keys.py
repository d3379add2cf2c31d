"""Secret keys: one an account, made once, dead as soon as they are replaced."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from storage.comics.keys import name_key
from storage.credentials import Ending, Event
from storage.driver import Document, Session
from storage.errors import Departed, Taken
from storage.revocations import SECRET, name_credential
from storage.stores import Stores


async def enrol(stores: Stores, email: str = "ann@example.com", **values: Any) -> Document:
    """Make an account with a password that nobody has proven yet."""
    made = await stores.accounts.register(email, {}, ip=None, mails=lambda _: ())
    values = {"password": "hash", "set_password": True, **values}
    await stores.database["users"].update_one({"_id": made.person["_id"]}, {"$set": values})
    return await stores.accounts.document(made.person["_id"])


async def test_the_first_need_makes_a_key_and_the_next_finds_it(stores: Stores) -> None:
    ann = await enrol(stores)
    key = await stores.secret_keys.of(ann["id"])
    assert re.fullmatch("[0-9a-f]{32}", key)
    assert await stores.secret_keys.of(ann["id"]) == key
    assert (await stores.accounts.document(ann["_id"]))["comics"] == {"secret_key": key}


async def test_parallel_first_needs_get_the_same_key(stores: Stores) -> None:
    ann = await enrol(stores)
    others = [Stores.over(stores.database).secret_keys for _ in range(4)]
    keys = await asyncio.gather(*(others[n % 4].of(ann["id"]) for n in range(40)))
    assert set(keys) == {(await stores.accounts.document(ann["_id"]))["comics"]["secret_key"]}


async def test_a_key_leads_to_its_account(stores: Stores) -> None:
    ann = await enrol(stores, timestamp=1335811199.5, auth={"generation": 3, "last_login": 1})
    bob = await enrol(stores, "bob@example.com")
    key, other = await stores.secret_keys.of(ann["id"]), await stores.secret_keys.of(bob["id"])
    reader = await stores.secret_keys.holder(key)
    assert reader is not None
    assert reader == await stores.secret_keys.reader(ann["id"])
    assert (reader.oid, reader.id, reader.email) == (ann["_id"], ann["id"], "ann@example.com")
    assert (reader.active, reader.generation, reader.secret_key) == (True, 3, key)
    assert (reader.date_joined, reader.last_login) == (1335811199500000, 1)
    found = await asyncio.gather(*(stores.secret_keys.holder(each) for each in (other, key, "no key", "")))
    assert [each and each.id for each in found] == [bob["id"], ann["id"], None, None]


async def test_a_deactivated_account_keeps_its_key_and_gets_no_other(stores: Stores) -> None:
    ann, bob = await enrol(stores), await enrol(stores, "bob@example.com", is_active=False)
    key = await stores.secret_keys.of(ann["id"])
    await stores.database["users"].update_one({"_id": ann["_id"]}, {"$set": {"is_active": False}})
    reader = await stores.secret_keys.holder(key)
    assert reader is not None
    assert not reader.active
    for number in (ann["id"], bob["id"], 999):
        with pytest.raises(Departed):
            await stores.secret_keys.of(number)
        with pytest.raises(Departed):
            await stores.secret_keys.rotate(number)


async def test_a_look_up_reads_one_index_entry(stores: Stores) -> None:
    """Each request comes by here, so the look-up must not read accounts that it does not want."""
    for n in range(5):
        await stores.secret_keys.of((await enrol(stores, f"reader{n}@example.com"))["id"])
    key = await stores.secret_keys.of(1)
    explain = {"find": "users", "filter": {"comics.secret_key": {"$in": [key]}}}
    plan = await stores.database.handle.command({"explain": explain, "verbosity": "executionStats"})
    assert plan["executionStats"]["totalDocsExamined"] == 1
    assert plan["executionStats"]["totalKeysExamined"] <= 2


async def revoked(stores: Stores) -> list[tuple[int, str | None]]:
    """Return what was revoked by name."""
    return [(each.user, each.credential) for each in await stores.revocations.recent() if each.credential]


async def test_rotating_ends_the_former_key_alone(stores: Stores) -> None:
    ann = await enrol(stores)
    former = await stores.secret_keys.of(ann["id"])
    fresh = await stores.secret_keys.rotate(ann["id"])
    assert await stores.secret_keys.holder(former) is None
    assert await stores.secret_keys.of(ann["id"]) == fresh != former
    assert await revoked(stores) == [(ann["id"], name_key(former))]
    after = await stores.accounts.document(ann["_id"])
    assert (after["s"], after["auth"]["generation"]) == (ann["s"], ann["auth"]["generation"])


async def test_the_first_key_by_rotation_ends_nothing(stores: Stores) -> None:
    ann = await enrol(stores)
    fresh = await stores.secret_keys.rotate(ann["id"])
    assert await stores.secret_keys.of(ann["id"]) == fresh
    assert await revoked(stores) == []


async def test_the_same_key_again_is_not_revoked(stores: Stores) -> None:
    ann = await enrol(stores)
    key = await stores.secret_keys.of(ann["id"])

    async def replace(session: Session) -> None:
        await stores.secret_keys.replace(ann["_id"], key, session)

    await stores.database.transaction(replace)
    assert await revoked(stores) == []
    assert await stores.secret_keys.holder(key) is not None


async def test_nobody_gets_the_key_of_somebody_else(stores: Stores) -> None:
    ann, bob = await enrol(stores), await enrol(stores, "bob@example.com")
    key = await stores.secret_keys.of(ann["id"])

    async def replace(session: Session) -> None:
        await stores.secret_keys.replace(bob["_id"], key, session)

    with pytest.raises(Taken):
        await stores.database.transaction(replace)
    assert await stores.secret_keys.of(bob["id"]) != key


@pytest.mark.parametrize("event", Event)
async def test_the_key_ends_with_what_its_row_of_the_table_says(stores: Stores, event: Event) -> None:
    """A changed password keeps it; one set by mail and each first proof end it."""
    ann = await enrol(stores)
    key = await stores.secret_keys.of(ann["id"])
    person = await stores.accounts.document(ann["_id"])
    await stores.database.transaction(lambda session: stores.credentials.end(Ending(event, person), session))
    kept = event in {Event.CHANGED, Event.EXPELLED}
    assert (await stores.secret_keys.holder(key) is not None) == kept
    assert (await stores.secret_keys.of(ann["id"]) == key) == kept
    ended = [name_key(key)] + [name_credential(SECRET, ann["s"])] * (event is Event.PROVEN)
    assert await revoked(stores) == ([] if kept else [(ann["id"], each) for each in ended])


async def test_a_failed_transaction_leaves_the_key_alone(stores: Stores) -> None:
    ann = await enrol(stores)
    key = await stores.secret_keys.of(ann["id"])

    async def fail(session: Session) -> None:
        await stores.secret_keys.replace(ann["_id"], "another", session)
        raise LookupError

    with pytest.raises(LookupError):
        await stores.database.transaction(fail)
    assert await stores.secret_keys.of(ann["id"]) == key
    assert await revoked(stores) == []


async def test_a_deleted_account_leaves_no_key(stores: Stores) -> None:
    ann = await enrol(stores)
    key = await stores.secret_keys.of(ann["id"])
    await stores.deletion.delete(ann["_id"])
    assert await stores.secret_keys.holder(key) is None
