"""Exports of what is stored about a person: zips that are served once they are complete, for some days."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from storage.database import Database
from storage.disclosure import BATCH, SHOWN, Disclosure, account_shown, dump, write_list
from storage.driver import Document, DuplicateKeyError, ObjectId, Session
from storage.errors import Departed
from storage.files import Draft, Files
from storage.jobs import Jobs, NewJob
from storage.presence import hold
from storage.pybossa.archive import Archive
from storage.pybossa.people import PyBossaUser
from storage.pybossa.removal import UPLOADS, container_of

EXPORT, EXPIRE = "export_userdata", "expire_export"  # kinds of jobs
PERSONAL, PROJECTS, CONTRIBUTIONS = "personal_data", "user_projects", "user_contributions"
# What of a project lets others in, or is kept only to count with.
UNTOLD = frozenset({"secret_key", "stats", "pulse"})
UNTOLD_INFO = frozenset({"passwd_hash", "onesignal", "onesignal_app_id"})
OWN = (
    *("created", "name", "locale", "api_key", "privacy_mode", "restrict", "ckan_api"),
    *("newsletter_prompted", "confirmation_email_sent", "subscribed", "consent", "info", "user_pref"),
)

Write = Callable[[Sequence[str]], Iterable[NewJob]]


@dataclass(frozen=True, slots=True)
class Order:
    """An export, decided when it is asked for: its files by what is in them, the mails, the days."""

    user_id: ObjectId
    files: Mapping[str, str]
    mails: Sequence[NewJob]
    seconds: int

    @classmethod
    def of(cls, args: Mapping[str, Any]) -> Self:
        """Read a job's arguments."""
        mails = [NewJob.of(each) for each in args["mails"]]
        return cls(args["user_id"], args["files"], mails, args["seconds"])

    def args(self) -> Document:
        """Return the job's arguments."""
        mails = [each.document() for each in self.mails]
        return {"user_id": self.user_id, "files": self.files, "mails": mails, "seconds": self.seconds}


def key_of(number: int) -> str:
    """Return what an account's open export is known by."""
    return f"{EXPORT} {number}"


class Exports:
    """Makes exports. Their names are part of the order, so that running one twice makes nothing twice."""

    def __init__(
        self, database: Database, files: Files, jobs: Jobs, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._users = database["users"]
        self._projects = database["projects"]
        self._runs = database["task_runs"]
        self._contributions = database["contributions"]
        self._disclosure = Disclosure(database)
        self._files = files
        self._jobs = jobs
        self._clock = clock

    async def order(self, user: PyBossaUser, seconds: int, write: Write) -> None:
        """Queue an export, unless one is open; `write` makes the mails of the paths of its files."""
        container = container_of(user.id)
        files = {each: f"{container}/{uuid.uuid4()}_sec_{each}.zip" for each in await self._choose(user.id)}
        order = Order(user.oid, files, list(write([UPLOADS + each for each in files.values()])), seconds)
        await self._jobs.add(EXPORT, order.args(), key=key_of(user.id))

    async def _choose(self, number: int) -> list[str]:
        """Return which archives there are of a person."""
        owns = await self._projects.find_one({"owner_id": number}, {"_id": 1})
        ran = await self._contributions.find_one({"user_id": number}, {"_id": 1})
        return [PERSONAL, *([PROJECTS] if owns else []), *([CONTRIBUTIONS] if ran else [])]

    async def run(self, args: Mapping[str, Any]) -> None:
        """Make an export: the work of its job."""
        order = Order.of(args)
        person = await self._users.find_one({"_id": order.user_id})
        names = [UPLOADS + each for each in order.files.values()]
        if person is None or await self._files.open(names[0]) is not None:
            return
        drafts: dict[str, Draft] = {}
        try:
            for what, name in zip(order.files, names, strict=True):
                drafts[name] = await self._files.begin()
                async with Archive(drafts[name]) as archive:
                    await self._fill(archive, what, person)
            await self._publish(order, drafts)
        except (Departed, DuplicateKeyError):  # deleted, or published by whoever had the job before
            return
        finally:
            for draft in drafts.values():
                await draft.abort()

    async def _publish(self, order: Order, drafts: Mapping[str, Draft]) -> None:
        """Let the files be seen, all at once, with the mail that tells of them and the job that ends them."""

        async def work(session: Session) -> None:
            await hold(self._users, order.user_id, session)
            for name, draft in drafts.items():
                await self._files.keep(draft, name, session)
            for job in order.mails:
                await self._jobs.promise(job, session)
            ends = self._clock() + order.seconds
            await self._jobs.add(EXPIRE, {"files": list(drafts)}, run_after=ends, session=session)

        await self._database.transaction(work)

    async def _fill(self, archive: Archive, what: str, person: Document) -> None:
        match what:
            case "personal_data":
                await archive.add(f"{PERSONAL}_.json", once(dump(personal_data(person))))
                await self._add_dialects(archive, person)
            case "user_projects":
                rows = self._projects.find({"owner_id": person["id"]}).sort("_id", 1)
                await archive.add(f"{PROJECTS}_.json", write_list(tell_projects(rows)))
            case _:
                rows = self._runs.find({"user_id": person["id"]})  # may be too many to be sorted
                rows = rows.batch_size(BATCH)
                await archive.add(f"{CONTRIBUTIONS}_.json", write_list(rows))

    async def _add_dialects(self, archive: Archive, person: Document) -> None:
        """Add what the other dialects hold, where they hold something."""
        for file in SHOWN:
            holdings = await self._disclosure.holdings(person, file)
            account = account_shown(file, person)
            if holdings or account is not None:
                await archive.add(file, self._disclosure.write(person, account, holdings))

    async def expire(self, args: Mapping[str, Any]) -> None:
        """Remove the files of an export: the work of the job that was queued with them."""

        async def work(session: Session) -> None:
            for name in args["files"]:
                await self._files.discard(name, session)

        await self._database.transaction(work)
        await self._files.sweep()


def personal_data(person: Mapping[str, Any]) -> Document:
    """Return what this dialect holds of a person; the API key is the one secret in it, their own."""
    user, own = PyBossaUser.of(person), person["pybossa"]
    return {
        "id": user.id,
        "email_addr": user.email,
        "fullname": user.fullname,
        "admin": user.admin,
        "valid_email": user.valid_email,
        **{name: own.get(name) for name in OWN},
    }


async def tell_projects(rows: AsyncIterator[Mapping[str, Any]]) -> AsyncIterator[Document]:
    """Yield projects without what lets others in."""
    async for row in rows:
        project = {name: value for name, value in row.items() if name not in UNTOLD}
        if isinstance(info := project.get("info"), dict):
            project["info"] = {name: value for name, value in info.items() if name not in UNTOLD_INFO}
        yield project


async def once(piece: bytes) -> AsyncIterator[bytes]:
    """Yield one piece."""
    yield piece
