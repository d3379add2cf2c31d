"""Keeps a person from being deleted in the middle of a transaction that writes about them."""

from __future__ import annotations

from storage.driver import Collection, Document, ObjectId, ReturnDocument, Session
from storage.errors import Departed


async def hold(users: Collection, oid: ObjectId, session: Session) -> Document:
    """Return the active person and let the transaction collide with their deletion; raises Departed.

    A read would not do: of two transactions that each read what the other one writes, both commit.
    Of two that write the same document one has to start anew. Transactions that hold the same
    person follow one another for the same reason.
    """
    person = await users.find_one_and_update(
        {"_id": oid, "is_active": {"$ne": False}},
        {"$inc": {"auth.held": 1}},
        return_document=ReturnDocument.AFTER,
        session=session,
    )
    if person is None:
        raise Departed
    return person
