"""What a person is told about their own account, on a channel that is theirs alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from storage.credentials import Ending, Event
from storage.database import Database
from storage.driver import ObjectId, Session
from storage.errors import Departed
from storage.outbox import Outbox

SPACE = "identity"
NEW_LOGIN, EMAIL_VERIFIED, PASSWORD_CHANGED = "new_login", "email_verified", "password_changed"


def identity_channel(number: int) -> str:
    """Name the channel of the account with this id."""
    return f"{SPACE}#{number}"


class Announcements:
    """Posts to `identity#<id>`."""

    def __init__(self, database: Database, outbox: Outbox, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._users = database["users"]
        self._outbox = outbox
        self._clock = clock

    async def announce(self, user_id: ObjectId, type: str, session: Session, **facts: Any) -> None:
        """Tell a person what happened, and when where there are no other facts; raises Departed.

        Part of the caller's transaction, best its last step. Types: password_changed, email_verified,
        api_key_reset, new_login, identity_token.
        """
        # Written, not read: the transaction collides with a deletion of the person.
        person = await self._users.find_one_and_update(
            {"_id": user_id}, {"$inc": {"auth.held": 1}}, {"id": 1}, session=session
        )
        if person is None:
            raise Departed
        message = {"type": type, **(facts or {"at": int(self._clock())})}
        await self._outbox.add(identity_channel(person["id"]), message, session, about=user_id)

    async def tell(self, user_id: ObjectId, type: str, **facts: Any) -> None:
        """Announce in a transaction of its own; raises Departed."""
        await self._database.transaction(lambda session: self.announce(user_id, type, session, **facts))

    async def tell_of_password(self, ending: Ending, session: Session) -> None:
        """Announce another password."""
        if ending.event in {Event.CHANGED, Event.RECOVERED}:
            await self.announce(ending.person["_id"], PASSWORD_CHANGED, session)
