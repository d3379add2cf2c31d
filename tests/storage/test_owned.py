"""Things that belong to accounts."""

from __future__ import annotations

import asyncio

import pytest

from storage.driver import Document, ObjectId, Session
from storage.errors import Departed, NotFound
from storage.stores import Stores


async def sign_up(stores: Stores, email: str) -> ObjectId:
    made = await stores.accounts.register(email, {}, ip=None, mails=lambda _: ())
    return ObjectId(made.person["_id"])


async def test_what_belongs_to_somebody_else_is_not_found(stores: Stores) -> None:
    ann, bob = await sign_up(stores, "a@example.com"), await sign_up(stores, "b@example.com")
    shelf = stores.knowme.entries
    entry = await shelf.add(ann, {"text": "milk"}, parent=1)
    assert await shelf.find(ann, entry.id) == entry
    assert await shelf.within(bob, 1) == []
    assert await shelf.among(bob, [entry.id]) == []
    for refused in (
        shelf.find(bob, entry.id),
        shelf.change(bob, entry.id, {"text": "x"}),
        shelf.change(bob, entry.id, {}),
        shelf.remove(bob, entry.id),
    ):
        with pytest.raises(NotFound):
            await refused
    assert await shelf.within(ann, 1, 2) == [entry]


async def test_nothing_is_stored_for_a_person_who_is_being_deleted(stores: Stores) -> None:
    ann = await sign_up(stores, "a@example.com")
    users = stores.database["users"]
    fields: Document = {"name": "Family", "is_default": False}

    async def delete(session: Session) -> asyncio.Task[object]:
        await users.find_one_and_delete({"_id": ann}, session=session)
        adding = asyncio.create_task(stores.knowme.profiles.add(ann, fields, parent=1))
        done, _ = await asyncio.wait({adding}, timeout=0.2)
        assert not done
        return adding

    adding = await stores.database.transaction(delete)
    with pytest.raises(Departed):
        await adding
    assert await stores.database["km_profiles"].count_documents({}) == 0


async def test_a_deletion_among_creations_leaves_nothing(stores: Stores) -> None:
    ann = await sign_up(stores, "a@example.com")
    add = stores.knowme.entries.add
    adding = [asyncio.create_task(add(ann, {"text": str(n)}, parent=1)) for n in range(10)]
    await asyncio.wait(adding, return_when=asyncio.FIRST_COMPLETED)
    await stores.deletion.delete(ann)
    results = await asyncio.gather(*adding, return_exceptions=True)
    assert all(isinstance(each, Departed) or not isinstance(each, Exception) for each in results)
    assert await stores.database["km_list_entries"].count_documents({}) == 0
