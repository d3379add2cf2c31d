"""Leaving for good: the job that deletes an account, and what goes of it besides its documents."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from storage.database import Database
from storage.deletion import Deletion
from storage.driver import ObjectId, Session
from storage.errors import Busy, Departed
from storage.files import Files
from storage.jobs import Jobs, NewJob

DELETE = "delete_account"  # the kind of job
AGAIN_AFTER = (1.0, 2.0, 4.0)  # seconds; the transaction of a killed process is in the way for that long
UPLOADS = "uploads/"  # where the community's files are among all stored files


def container_of(number: int) -> str:
    """Return the folder of an account's files, below the uploads."""
    return f"user_{number}"


class Clearance:
    """A step of every account's deletion: its files go, the open jobs with these keys, its unsent mails."""

    def __init__(self, database: Database, files: Files, jobs: Jobs, *kinds: str) -> None:
        self._users = database["users"]
        self._addresses = database["email_addresses"]
        self._files = files
        self._jobs = jobs
        self._kinds = kinds

    async def clear(self, oid: ObjectId, session: Session) -> None:
        """Remove them, in the transaction that deletes the person; before it queues the last mails."""
        shown = {"id": 1, "pybossa.pending_email": 1}
        person = await self._users.find_one({"_id": oid}, shown, session=session)
        if person is None:
            return
        number = person["id"]
        await self._files.discard_folder(f"{UPLOADS}{container_of(number)}/", session)
        for kind in self._kinds:
            await self._jobs.drop(f"{kind} {number}", session)
        mailboxes = await self._addresses.distinct("email_lower", {"user_id": oid}, session=session)
        if pending := (person.get("pybossa") or {}).get("pending_email"):
            mailboxes.append(pending.lower())
        keys = [f"{kind} {number}" for kind in (*self._kinds, DELETE)]
        await self._jobs.drop_idle(mailboxes, keys, session)


class Departures:
    """Deletes accounts beside the requests."""

    def __init__(self, jobs: Jobs, deletion: Deletion) -> None:
        self._jobs = jobs
        self._deletion = deletion

    async def request(self, oid: ObjectId, number: int, mails: Iterable[NewJob]) -> None:
        """Queue a deletion, unless one is open; the mails are sent once the account is gone."""
        args = {"user_id": oid, "mails": [each.document() for each in mails]}
        await self._jobs.add(DELETE, args, key=f"{DELETE} {number}")

    async def run(self, args: Mapping[str, Any]) -> None:
        """Delete: the work of the job. An account that is gone already had its mails with that."""
        for pause in AGAIN_AFTER:
            try:
                await self._delete(args)
                return
            except Busy:
                await asyncio.sleep(pause)
        await self._delete(args)

    async def _delete(self, args: Mapping[str, Any]) -> None:
        mails = [NewJob.of(each) for each in args["mails"]]
        try:
            await self._deletion.delete(args["user_id"], lambda _: mails)
        except Departed:
            return
