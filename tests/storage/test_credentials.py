"""What ends with a password, and with a first proof: the table, row by row."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from storage.credentials import ENDS, Credentials, Ending, Event, Holding
from storage.driver import Document, Session
from storage.errors import Departed, Rejected
from storage.stores import Stores

HASH = "$2b$04$nothing.that.fits"


async def enrol(stores: Stores, **values: Any) -> Document:
    """Make an account with a password, a token and an open reset; nobody has proven its address."""
    made = await stores.accounts.register("ann@example.com", {}, ip=None, mails=lambda _: ())
    values = {"password": HASH, "set_password": True, **values}
    await stores.database["users"].update_one({"_id": made.person["_id"]}, {"$set": values})
    await stores.tokens.issue(made.person["_id"])
    await stores.database["password_resets"].insert_one({"key": "k", "user_id": made.person["_id"]})
    return await stores.accounts.document(made.person["_id"])


async def end(stores: Stores, event: Event, person: Document) -> set[str]:
    """Let an event end what it ends; return what changed."""

    async def work(session: Session) -> None:
        await stores.credentials.end(Ending(event, person), session)

    await stores.database.transaction(work)
    after = await stores.accounts.document(person["_id"])
    changed = {
        "secret": after["s"] != person["s"],
        "token": not await stores.database["auth_tokens"].count_documents({}),
        "links": not await stores.database["password_resets"].count_documents({}),
        "generation": after["auth"]["generation"] != person["auth"]["generation"],
        "password": after["password"] != person["password"] and after["set_password"] is False,
        "unproven": "unproven" not in after["auth"],
        "queue": await stores.database["notify_queue"].find_one({"s": after["s"]}) is None,
    }
    return {name for name, is_so in changed.items() if is_so}


@pytest.mark.parametrize(
    ("event", "changed"),
    [
        (Event.CHANGED, {"links", "generation"}),
        (Event.RECOVERED, {"secret", "token", "links", "generation", "unproven"}),
        (Event.PROVEN, {"secret", "unproven"}),
        (Event.CLAIMED, {"generation", "password", "unproven"}),
    ],
)
async def test_an_event_ends_what_its_row_says(stores: Stores, event: Event, changed: set[str]) -> None:
    assert await end(stores, event, await enrol(stores)) == changed


async def test_who_claims_an_account_without_a_password_ends_nothing(stores: Stores) -> None:
    person = await enrol(stores, password="", set_password=False)
    assert await end(stores, Event.CLAIMED, person) == {"unproven"}


@pytest.mark.parametrize(("event", "holding"), [*itertools.product(Event, Holding)])
async def test_a_step_is_taken_for_its_holding_only(stores: Stores, event: Event, holding: Holding) -> None:
    """Each dialect's step hears of the person and of the session that stays."""
    heard: list[Ending] = []

    async def step(ending: Ending, session: Session) -> None:
        assert session.in_transaction
        heard.append(ending)

    person = await enrol(stores)
    ending = Ending(event, person, keep="this one")
    credentials = Credentials(stores.database, stores.jobs, [(holding, step)])
    await stores.database.transaction(lambda session: credentials.end(ending, session))
    assert heard == ([ending] if holding in ENDS[event] else [])


async def test_a_password_is_replaced_only_while_it_is_the_verified_one(stores: Stores) -> None:
    person = await enrol(stores)
    change = stores.credentials.change_password
    await change(person["_id"], HASH, "$2b$04$new", lambda _: ())
    with pytest.raises(Rejected):
        await change(person["_id"], HASH, "$2b$04$newer", lambda _: ())
    assert (await stores.accounts.document(person["_id"]))["password"] == "$2b$04$new"
    await stores.deletion.delete(person["_id"])
    with pytest.raises(Departed):
        await change(person["_id"], "$2b$04$new", "$2b$04$newer", lambda _: ())
