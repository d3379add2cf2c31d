"""Pledges that partners report: a person or a company, found or made, and the channel that they pay on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from storage.database import Database
from storage.driver import Session
from storage.klub.channels import Channel, Channels, Pledge
from storage.klub.companies import Companies, Company
from storage.klub.guests import Guest, Guests

SEX = "klub.sex"


class Pledges:
    """Opens channels for payers who may be unknown; one channel for a payer and an event."""

    def __init__(self, database: Database, channels: Channels, guests: Guests, companies: Companies) -> None:
        self._database = database
        self._users = database["users"]
        self._channels = channels
        self._guests = guests
        self._companies = companies

    async def of_person(self, guest: Guest, sex: str, pledge: Pledge) -> Channel:
        """Return the channel of a person, old or new; the same one however often it is reported."""

        async def admit(session: Session) -> int:
            person = await self._guests.admit(guest, session)
            if sex and not (person.get("klub") or {}).get("sex"):
                await self._users.update_one({"_id": person["_id"]}, {"$set": {SEX: sex}}, session=session)
            return int(person["id"])

        return await self._open(admit, pledge)

    async def of_company(self, company: Company, pledge: Pledge) -> Channel:
        """Return the channel of a company, old or new."""

        async def admit(session: Session) -> int:
            return await self._companies.admit(company, pledge.account.unit, session)

        return await self._open(admit, pledge)

    async def _open(self, admit: Callable[[Session], Awaitable[int]], pledge: Pledge) -> Channel:
        async def work(session: Session) -> Channel:
            payer = await admit(session)
            found = await self._channels.find(payer, pledge.cause.id, session)
            return found if found is not None else await self._channels.open(payer, pledge, session)

        return await self._database.transaction(work)
