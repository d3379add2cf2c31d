"""Who may call an operation, declared beside it in terms that the documents can print."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from handlers.core.errors import ApiError, Denied, Unauthenticated
from handlers.core.rest.handler import Refused
from handlers.klub.callers import Caller
from storage.klub.grants import Standing

Allows = Callable[[Standing], bool]


@dataclass(frozen=True, slots=True)
class Access:
    """Which callers may: everybody, users of a standing, apps with a scope.

    An app needs `scope` and, as the method demands, `read` or `write` besides. `refusal` is the body of the
    403 where it is not the usual one. What further depends on the object is named in `text` by `where` and
    checked where the object is found; where even `anonymous` callers come that far, `refusal` is its body.
    """

    text: str
    users: Allows
    anonymous: bool = False
    scope: str | None = None
    refusal: Mapping[str, Any] | None = None

    def allows(self, caller: Caller, standing: Standing, *, writing: bool = False) -> bool:
        """Tell whether the caller may call."""
        if self.anonymous:
            return True
        if caller.member is not None:
            return self.users(standing)
        return self.scope is not None and {self.scope, "write" if writing else "read"} <= caller.scopes

    @property
    def public(self) -> bool:
        """Tell whether nobody needs a credential."""
        return self.anonymous and self.refusal is None

    def refuse(self, caller: Caller) -> ApiError:
        """Return the refusal of a caller."""
        if self.refusal is not None:
            return Refused(403, self.refusal)
        return Unauthenticated() if caller.anonymous else Denied()

    def where(self, rule: str) -> Access:
        """Name a rule about the object, for the documents."""
        return replace(self, text=f"{self.text}, {rule}")

    def saying(self, body: Mapping[str, Any]) -> Access:
        """Set the body of the refusal."""
        return replace(self, refusal=body)

    def __str__(self) -> str:
        """Return what the documents print."""
        return self.text


def scope(name: str, users: Access) -> Access:
    """Let apps with a scope in, and the users that another access lets in."""
    return replace(users, text=f"an app with the scope {name}, or {users.text}", scope=name)


ANYONE = Access("anyone", lambda _: True, anonymous=True)
USER = Access("a signed-in user", lambda _: True)
STAFF = Access("staff or a superuser", lambda standing: standing.staff)
ORGANIZERS = Access("staff, an event organizer or a superuser", lambda standing: standing.organizes)
MANAGERS = USER.where("who manages the event")
