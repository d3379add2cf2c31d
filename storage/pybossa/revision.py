"""What people change about themselves: fields, the user name, and the address, which has to be proven."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from storage.driver import DuplicateKeyError, ObjectId, Session
from storage.errors import Taken
from storage.jobs import Jobs, NewJob
from storage.pybossa.community import Community
from storage.pybossa.links import Links
from storage.pybossa.people import PyBossaUser
from storage.pybossa.sessions import Sessions

Notices = Callable[[str], Iterable[NewJob]]


@dataclass(frozen=True, slots=True)
class Proof:
    """How an address is proven: by a link, good for some seconds, in what `notices` makes of its key."""

    email: str
    seconds: int
    notices: Notices


class Revision:
    """Saves changes, each in one transaction."""

    def __init__(self, community: Community, links: Links, sessions: Sessions, jobs: Jobs) -> None:
        self._community = community
        self._links = links
        self._sessions = sessions
        self._jobs = jobs

    async def save(self, user: PyBossaUser, fields: Mapping[str, Any], proof: Proof | None) -> PyBossaUser:
        """Save fields, and ask for the proof of another address, which is only pending until then.

        Another user name ends all sessions. Raises Taken("name") and Departed.
        """
        pending = {} if proof is None else pend(proof.email)

        async def work(session: Session) -> PyBossaUser:
            changed = await self._change(user, {**fields, **pending}, session)
            if proof is not None:
                await self._mail(user.oid, proof, session)
            return changed

        return await self._community.ranking.transact(work)

    async def move(self, user: PyBossaUser, fields: Mapping[str, Any], email: str) -> PyBossaUser:
        """Save fields and another address, which counts as proven; raises Taken and Departed."""

        async def work(session: Session) -> PyBossaUser:
            changed = await self._change(user, {**fields, "pending_email": email}, session)
            await self._links.prove(user.oid, email, session)
            return changed

        try:
            return await self._community.ranking.transact(work)
        except DuplicateKeyError as error:
            raise Taken("email") from error

    async def ask(self, user: PyBossaUser, proof: Proof) -> None:
        """Ask for the proof of an address that the account has, or that is pending; raises Departed."""

        async def work(session: Session) -> None:
            await self._community.change(user.oid, {"confirmation_email_sent": True}, session)
            await self._mail(user.oid, proof, session)

        await self._community.ranking.transact(work)

    async def _change(self, user: PyBossaUser, fields: Mapping[str, Any], session: Session) -> PyBossaUser:
        changed = await self._community.change(user.oid, fields, session)
        if changed.name != user.name:
            await self._sessions.end_all(user.oid, session)
        return changed

    async def _mail(self, oid: ObjectId, proof: Proof, session: Session) -> None:
        key = await self._links.issue(oid, proof.email, proof.seconds, session)
        for job in proof.notices(key):
            await self._jobs.promise(job, session)


def pend(email: str) -> dict[str, Any]:
    """Return what an address that waits for its proof sets."""
    return {"pending_email": email, "confirmation_email_sent": True, "newsletter_prompted": False}
