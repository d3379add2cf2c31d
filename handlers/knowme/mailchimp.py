"""Keeps the mailing list at MailChimp in step with accounts, beside the requests."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse

from handlers.core.mailing_list import may_be_listed
from settings import Settings
from storage.errors import Departed
from storage.stores import Stores

USER = "km-api"
TIMEOUT = 20.0  # seconds
NO_ANSWER = 599  # Tornado's own status where the server could not be reached


def md5(address: str) -> str:
    """Return the name that MailChimp gives to an address."""
    return hashlib.md5(address.lower().encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class MailingList:
    """The members of one list, over MailChimp's API."""

    settings: Settings

    @property
    def members(self) -> str:
        """Return the address of the list's members."""
        key = self.settings.mailchimp_api_key.get_secret_value()
        own = f"https://{key.rpartition('-')[2]}.api.mailchimp.com/3.0"
        base = (self.settings.mailchimp_api_url or own).rstrip("/")
        return f"{base}/lists/{self.settings.mailchimp_list_id}/members"

    async def save(self, person: Mapping[str, Any], known: str | None) -> str:
        """Write a member, whether the list has it or not; return its hash."""
        fields = {
            "email_address": person["email"],
            "merge_fields": {"FNAME": person.get("fname") or "", "LNAME": person.get("sname") or ""},
        }
        create = ("POST", self.members, {**fields, "status": "subscribed"})
        change = ("PATCH", f"{self.members}/{quote(known or md5(person['email']), safe='')}", fields)
        first, second = (create, change) if known is None else (change, create)
        try:
            answer = await self._send(*first)
        except HTTPClientError as error:
            if error.code == NO_ANSWER:
                raise
            answer = await self._send(*second)
        return str(orjson.loads(answer.body)["id"])

    async def _send(self, method: str, url: str, value: Mapping[str, Any]) -> HTTPResponse:
        request = HTTPRequest(
            url,
            method,
            headers={"Content-Type": "application/json"},
            body=orjson.dumps(value),
            auth_username=USER,
            auth_password=self.settings.mailchimp_api_key.get_secret_value(),
            request_timeout=TIMEOUT,
        )
        return await AsyncHTTPClient().fetch(request)


@dataclass(frozen=True, slots=True)
class Synchroniser:
    """Runs the jobs."""

    mailing_list: MailingList
    stores: Stores

    async def run(self, args: Mapping[str, Any]) -> None:
        """Bring the list up to date about one account, as it is now."""
        subscribers = self.stores.subscribers
        person = await subscribers.person(args["id"])
        if person is None or not may_be_listed(person):
            return
        known = await subscribers.hash_of(person["_id"])
        found = await self.mailing_list.save(person, known)
        if found != known:
            try:
                await subscribers.remember(person["_id"], found)
            except Departed:  # deleted meanwhile
                return
