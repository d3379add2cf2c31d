"""The mailing list follows the accounts, beside the requests."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from hashlib import md5
from typing import Any

import orjson
import pytest
from pydantic import SecretStr, ValidationError
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from handlers.core.mailing_list import KIND, may_be_listed
from handlers.knowme.mailchimp import MailingList
from scripts.create_admin import appoint
from settings import Settings
from tests.knowme.accounts import NEW_SECRET, SECRET, Town

PORT = 28_417
MEMBERS = "/lists/L1/members"
ON = pytest.mark.settings(
    mailchimp_enabled=True,
    mailchimp_api_url=f"http://127.0.0.1:{PORT}",
    mailchimp_list_id="L1",
    mailchimp_api_key=SecretStr("secret-us7"),
)


@dataclass
class Chimp:
    """A list that remembers what it was told; methods in `refused` are answered with 400."""

    calls: list[tuple[str, str, Any]] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    authorizations: set[str] = field(default_factory=set)
    status: int = 400


class ChimpHandler(RequestHandler):
    """Takes every call."""

    def initialize(self, chimp: Chimp) -> None:
        """Keep the list."""
        self.chimp = chimp

    def answer(self) -> None:
        """Note the call and answer with a hash that tells the address."""
        value = orjson.loads(self.request.body)
        method = str(self.request.method)
        self.chimp.calls.append((method, self.request.path, value))
        self.chimp.authorizations.add(self.request.headers["Authorization"])
        if method in self.chimp.refused:
            self.set_status(self.chimp.status)
        self.finish({"id": "hash of " + value["email_address"]})

    post = patch = answer


@pytest.fixture
async def chimp() -> AsyncIterator[Chimp]:
    """Serve a mailing list."""
    chimp = Chimp()
    server = HTTPServer(Application([(".*", ChimpHandler, {"chimp": chimp})], log_function=lambda _: None))
    server.add_sockets(bind_sockets(PORT, "127.0.0.1"))
    yield chimp
    server.stop()
    await server.close_all_connections()


async def settled(town: Town) -> None:
    """Wait until the list has been told everything."""
    async with asyncio.timeout(10):
        while await town.stores.jobs.left([KIND]):  # noqa: ASYNC110  the worker's end has no event
            await asyncio.sleep(0.01)


def fields(email: str, first: str = "Ann") -> dict[str, Any]:
    """Return what the list is told of somebody."""
    return {"email_address": email, "merge_fields": {"FNAME": first, "LNAME": "Lee"}}


@ON
async def test_the_list_follows_every_change(town: Town, chimp: Chimp) -> None:
    await town.register("Ann@example.com")
    await settled(town)
    expected = [("POST", MEMBERS, {**fields("Ann@example.com"), "status": "subscribed"})]
    assert chimp.calls == expected
    basic = base64.b64encode(b"km-api:secret-us7").decode()
    assert chimp.authorizations == {f"Basic {basic}"}
    await town.verify(await town.key("Ann@example.com"))
    token = (await town.login("Ann@example.com")).json["token"]
    mine = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
    known = f"{MEMBERS}/hash%20of%20Ann%40example.com"
    await town.api.call("PATCH", "/account/profile/", b'{"first_name": "Anna"}', mine)
    await settled(town)
    expected.append(("PATCH", known, fields("Ann@example.com", "Anna")))
    assert chimp.calls == expected
    body = {"old_password": SECRET, "new_password": NEW_SECRET}
    await town.api.call("POST", "/account/change-password/", orjson.dumps(body), mine)
    await settled(town)
    expected.append(expected[-1])
    assert chimp.calls == expected
    await town.post("/account/emails/", {"email": "new@example.com", "verified_action": 2}, **mine)
    await town.verify(await town.key("new@example.com"), NEW_SECRET)
    await settled(town)
    assert chimp.calls[3:] == [("PATCH", known, fields("new@example.com", "Anna"))]
    person = await town.person("new@example.com")
    assert await town.stores.subscribers.hash_of(person["_id"]) == "hash of new@example.com"


@ON
async def test_a_member_that_the_list_has_already_is_changed(town: Town, chimp: Chimp) -> None:
    chimp.refused = {"POST"}
    await town.register("Ann@example.com")
    await settled(town)
    name = md5(b"ann@example.com", usedforsecurity=False).hexdigest()
    assert chimp.calls[1:] == [("PATCH", f"{MEMBERS}/{name}", fields("Ann@example.com"))]
    person = await town.person("ann@example.com")
    assert await town.stores.subscribers.hash_of(person["_id"]) == "hash of Ann@example.com"


@ON
async def test_a_member_that_the_list_has_lost_is_made_again(town: Town, chimp: Chimp) -> None:
    await town.register("ann@example.com")
    await settled(town)
    chimp.refused = {"PATCH"}
    await MailingList(town.settings).save(await town.person("ann@example.com"), "lost")
    assert [call[:2] for call in chimp.calls[1:]] == [("PATCH", f"{MEMBERS}/lost"), ("POST", MEMBERS)]
    assert chimp.calls[2][2]["status"] == "subscribed"


@ON
async def test_trouble_with_the_list_is_nobodys_business(town: Town) -> None:
    """Nothing listens: the request succeeds, and the job waits for another try."""
    answer = await town.register("ann@example.com")
    assert answer.status == 201
    async with asyncio.timeout(10):
        jobs = town.stores.database["jobs"]
        while not await jobs.find_one({"kind": KIND, "attempts": 1, "state": "queued"}):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@ON
async def test_accounts_of_other_dialects_have_not_agreed(town: Town, chimp: Chimp) -> None:
    await town.api.register("flux@example.com")
    assert not may_be_listed(await town.person("flux@example.com"))
    key = await town.reset_key("flux@example.com")
    await town.post("/account/change-password/", {"key": key, "new_password": NEW_SECRET})
    await town.register("ann@example.com")
    await settled(town)
    assert [call[2]["email_address"] for call in chimp.calls] == ["ann@example.com"]


@pytest.mark.parametrize(
    ("origin", "answer", "listed"),
    [
        ("knowme", None, True),
        ("create_admin", None, True),
        ("knowme", False, False),
        ("pybossa", True, True),
        ("pybossa", None, False),
        ("klub", None, False),
        (None, None, False),
    ],
)
def test_consent_is_needed_and_a_no_is_a_no(origin: str | None, answer: bool | None, listed: bool) -> None:
    person = {"email": "ann@example.com", "auth": {"origin": origin}, "pybossa": {"newsletter": answer}}
    assert may_be_listed(person) is listed


async def test_without_the_setting_nothing_is_queued(town: Town) -> None:
    await town.register("ann@example.com")
    assert await town.stores.database["jobs"].count_documents({"kind": KIND}) == 0


def test_the_key_says_where_the_list_is() -> None:
    values: dict[str, Any] = {"mailchimp_enabled": "True", "mailchimp_list_id": "L1"}
    settings = Settings(_env_file=None, mailchimp_api_key=SecretStr("abc-us7"), **values)
    assert MailingList(settings).members == "https://us7.api.mailchimp.com/3.0/lists/L1/members"
    with pytest.raises(ValidationError, match="data centre"):
        Settings(_env_file=None, mailchimp_api_key=SecretStr("abc"), **values)
    with pytest.raises(ValidationError, match="MAILCHIMP_ENABLED"):
        Settings(_env_file=None, mailchimp_enabled=True)


@ON
async def test_an_admin_made_by_the_script_is_listed(town: Town, chimp: Chimp) -> None:
    made = await appoint(town.settings, town.stores, "boss@example.com", NEW_SECRET)
    await settled(town)
    expected = {"FNAME": "Admin", "LNAME": "User"}
    assert [call[2]["merge_fields"] for call in chimp.calls] == [expected]
    assert (await town.login("boss@example.com", NEW_SECRET)).json == {"token": made["token"]}
