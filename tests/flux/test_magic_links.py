"""Signing in by a mailed link: good once, proves the address, opens the app."""

from __future__ import annotations

import asyncio
import re
from email.message import EmailMessage
from typing import Any

import pytest

from storage.driver import ObjectId
from storage.errors import NotFound
from storage.jobs import NewJob
from storage.magic_links import MagicLinks
from storage.stores import Stores
from tests.flux.mailbox import Mailbox, text_of
from tests.serving import Api

LOGIN = "/api/v1/app/login_magic_link/"


def link_token(mail: EmailMessage) -> str:
    """Return the token of a mailed link."""
    found = re.search(r"\bfluxapp://sign_in/magic_link/([0-9a-f]{40})\b", text_of(mail))
    assert found is not None, text_of(mail)
    return found[1]


async def ask(api: Api, mailbox: Mailbox, email: str) -> str:
    """Ask for a link and read it from the mail."""
    answer = await api.post("/api/v1/app/new_magic_link", {"email": email})
    assert (answer.status, answer.json) == (200, {"status": "okay"})
    return link_token((await mailbox.to(email))[-1])


async def send(links: MagicLinks, email: str, seconds: int = 60) -> str:
    """Make a link without a server; return its token."""
    tokens: list[str] = []

    def mail(token: str) -> NewJob:
        tokens.append(token)
        return NewJob("test", {})

    await links.send(email, seconds, mail)
    return tokens[-1]


async def register(stores: Stores, email: str = "ann@example.com") -> dict[str, Any]:
    return (await stores.accounts.register(email, {}, ip=None, mails=lambda _: ())).person


async def test_a_link_signs_its_member_in(api: Api, mailbox: Mailbox) -> None:
    member = await api.register("ann@example.com", fname="Ann")
    token = await ask(api, mailbox, "ann@example.com")
    answer = await api.get(LOGIN + token)
    assert answer.status == 200
    assert set(answer.json) == {"status", "s", "user"}
    assert (answer.json["status"], answer.json["s"]) == ("okay", member["s"])
    assert answer.json["user"]["fname"] == "Ann"
    assert answer.json["user"]["email_validated"] is True
    assert not {"auth", "password", "email_lower"} & answer.json["user"].keys()
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


async def test_an_unknown_address_is_said_to_be_unknown(api: Api, mailbox: Mailbox) -> None:
    answer = await api.post("/api/v1/app/new_magic_link", {"email": "nobody@example.com"})
    assert (answer.status, answer.json) == (200, {"error": "email not found"})
    assert await mailbox.open() == []


async def test_the_older_call_sends_the_same_link_with_both_keys(api: Api, mailbox: Mailbox) -> None:
    await api.register("ann@example.com")
    known = await api.post("/api/v1/send_login_email", {"email": " ANN@example.com "})
    unknown = await api.post("/api/v1/send_login_email", {"email": "nobody@example.com"})
    assert (known.status, known.json) == (200, {"status": "okay", "error": ""})
    assert (unknown.status, unknown.json) == (200, {"status": "error", "error": "email not found"})
    token = link_token((await mailbox.to("ANN@example.com"))[-1])
    assert (await api.get(LOGIN + token)).status == 200


async def test_an_address_that_is_no_text_is_refused(api: Api) -> None:
    for path in ("/api/v1/app/new_magic_link", "/api/v1/send_login_email"):
        for body in ({}, {"email": None}, {"email": 1}, {"email": {"$ne": ""}}):
            answer = await api.post(path, body)
            assert answer.status == 400
            assert answer.json["error_args"][0].startswith("email: ")


async def test_a_used_a_replaced_and_an_invented_link_are_refused_alike(api: Api, mailbox: Mailbox) -> None:
    await api.register("ann@example.com")
    replaced = await ask(api, mailbox, "ann@example.com")
    used = await ask(api, mailbox, "ann@example.com")
    assert (await api.get(LOGIN + used)).status == 200
    answers = [await api.get(LOGIN + token) for token in (replaced, used, "0" * 40, "%00", "a%2Fb")]
    assert [answer.status for answer in answers] == [403] * 5
    assert len({answer.body for answer in answers}) == 1
    assert answers[0].json == {"error": "auth failed", "error_args": ["auth failed"]}


@pytest.mark.settings(rate_limit_scale=1, flux_limit_bad_s="3/60")
async def test_guesses_count_as_bad_secrets(api: Api) -> None:
    statuses = [(await api.get(f"{LOGIN}{number:040}")).status for number in range(4)]
    assert statuses == [403, 403, 403, 429]


@pytest.mark.settings(rate_limit_scale=1)
async def test_both_calls_share_one_counter_an_address(api: Api) -> None:
    paths = ["/api/v1/app/new_magic_link", "/api/v1/send_login_email", "/api/v0/email_secret_token"] * 2
    answers = [await api.post(path, {"email": "nobody@example.com"}) for path in paths]
    assert [answer.status for answer in answers] == [200] * 5 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0


async def test_an_expired_link_is_refused(stores: Stores) -> None:
    await register(stores)
    token = await send(stores.magic_links, "ann@example.com", seconds=0)
    with pytest.raises(NotFound):
        await stores.magic_links.redeem(token)


async def test_a_head_request_does_not_use_the_link_up(api: Api, mailbox: Mailbox) -> None:
    await api.register("ann@example.com")
    token = await ask(api, mailbox, "ann@example.com")
    assert (await api.call("HEAD", LOGIN + token)).status == 200
    assert (await api.get(LOGIN + token)).status == 200
    assert (await api.call("HEAD", LOGIN + token)).status == 403


async def test_of_parallel_uses_one_signs_in(api: Api, mailbox: Mailbox) -> None:
    await api.register("ann@example.com")
    token = await ask(api, mailbox, "ann@example.com")
    answers = await asyncio.gather(*(api.get(LOGIN + token) for _ in range(20)))
    assert sorted(answer.status for answer in answers) == [200] + [403] * 19


class LookFirst(MagicLinks):
    """Looks a link up and uses it in a second step, as it must not be done."""

    async def redeem(self, token: str) -> dict[str, Any]:
        link = await self._links.find_one(self._good(token))
        if link is None:
            raise NotFound("link")
        await self._links.update_one({"_id": link["_id"]}, {"$set": {"used": True}})
        return link


async def count_uses(links: MagicLinks) -> int:
    """Use one link 20 times at once; count the successes."""
    token = await send(links, "ann@example.com")
    results = await asyncio.gather(*(links.redeem(token) for _ in range(20)), return_exceptions=True)
    return sum(not isinstance(result, NotFound) for result in results)


async def test_looking_first_would_let_several_in(stores: Stores) -> None:
    await register(stores)
    parts = (stores.accounts, stores.addresses, stores.jobs, stores.announcements)
    naive = LookFirst(stores.database, *parts)
    assert await count_uses(stores.magic_links) == 1
    assert await count_uses(naive) > 1


async def test_parallel_requests_leave_one_link(stores: Stores) -> None:
    await register(stores)
    tokens = await asyncio.gather(*(send(stores.magic_links, "ann@example.com") for _ in range(10)))
    good = [token for token in tokens if await stores.magic_links.is_open(token)]
    assert len(good) == 1
    assert await stores.database["login_tokens"].count_documents({}) == 1


async def test_the_first_proof_voids_a_password_and_keeps_the_secret(stores: Stores) -> None:
    person = await register(stores)
    users = stores.database["users"]
    await users.update_one({"_id": person["_id"]}, {"$set": {"password": "hash", "set_password": True}})
    signed_in = await stores.magic_links.redeem(await send(stores.magic_links, "ann@example.com"))
    assert (signed_in["password"], signed_in["set_password"]) == ("", False)
    assert signed_in["s"] == person["s"]
    assert signed_in["auth"]["generation"] == person["auth"]["generation"] + 1
    assert "unproven" not in signed_in["auth"]


async def test_a_later_link_keeps_the_password(stores: Stores) -> None:
    person = await register(stores)
    await stores.magic_links.redeem(await send(stores.magic_links, "ann@example.com"))
    values = {"password": "hash", "set_password": True}
    await stores.database["users"].update_one({"_id": person["_id"]}, {"$set": values})
    signed_in = await stores.magic_links.redeem(await send(stores.magic_links, "ann@example.com"))
    assert signed_in["set_password"] is True


async def add_address(stores: Stores, person: dict[str, Any], email: str, *, verified: bool) -> None:
    row = await stores.addresses.prepare(email, person["_id"], verified=verified)
    await stores.database["email_addresses"].insert_one(row | {"primary": False})


async def test_a_link_proves_the_address_that_it_was_mailed_to_and_no_other(stores: Stores) -> None:
    person = await register(stores)
    await add_address(stores, person, "second@example.com", verified=True)
    signed_in = await stores.magic_links.redeem(await send(stores.magic_links, "second@example.com"))
    assert signed_in["email_validated"] is False
    primary = await stores.database["email_addresses"].find_one({"email": "ann@example.com"})
    assert primary is not None
    assert primary["verified"] is False


async def test_an_unproven_further_address_gets_no_link(stores: Stores) -> None:
    person = await register(stores)
    await add_address(stores, person, "second@example.com", verified=False)
    with pytest.raises(NotFound):
        await send(stores.magic_links, "second@example.com")


async def test_a_link_dies_with_its_address(stores: Stores) -> None:
    person = await register(stores)
    token = await send(stores.magic_links, "ann@example.com")
    await stores.database["email_addresses"].delete_one({"user_id": person["_id"]})
    with pytest.raises(NotFound):
        await stores.magic_links.redeem(token)
    assert await stores.magic_links.is_open(token)  # the refused try was taken back as a whole


async def test_a_deactivated_account_is_like_an_unknown_one(stores: Stores) -> None:
    person = await register(stores)
    token = await send(stores.magic_links, "ann@example.com")
    await stores.database["users"].update_one({"_id": person["_id"]}, {"$set": {"is_active": False}})
    for attempt in (stores.magic_links.redeem(token), send(stores.magic_links, "ann@example.com")):
        with pytest.raises(NotFound):
            await attempt


async def test_an_imported_link_proves_the_primary_address(stores: Stores) -> None:
    person = await register(stores)
    link = {"user_id": person["_id"], "token": "a" * 40, "expiry": 1 << 40, "used": False}
    await stores.database["login_tokens"].insert_one({"_id": ObjectId(), **link})
    assert (await stores.magic_links.redeem("a" * 40))["email_validated"] is True
