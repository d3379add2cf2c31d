"""Keeps a person from being deleted in the middle of a transaction that writes about them."""

from __future__ import annotations

from storage.driver import Collection, Document, ObjectId, ReturnDocument, Session
from storage.errors import Departed, NotFound


async def hold(users: Collection, oid: ObjectId, session: Session) -> Document:
    """Return the active person and let the transaction collide with their deletion; raises Departed.

    A read would not do: of two transactions that each read what the other one writes, both commit.
    Of two that write the same document one has to start anew. Transactions that hold the same
    person follow one another for the same reason.
    """
    person = await _mark(users, {"_id": oid, "is_active": {"$ne": False}}, session)
    if person is None:
        raise Departed
    return person


async def hold_anyone(users: Collection, number: int, session: Session) -> Document:
    """Hold a person by their integer id, active or not: others write about them; raises NotFound."""
    person = await _mark(users, {"id": number}, session)
    if person is None:
        raise NotFound("account")
    return person


async def _mark(users: Collection, query: Document, session: Session) -> Document | None:
    return await users.find_one_and_update(
        query, {"$inc": {"auth.held": 1}}, return_document=ReturnDocument.AFTER, session=session
    )
