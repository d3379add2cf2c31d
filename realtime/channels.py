"""What a dialect implements to put its objects on the wire: namespaces of channels, and who asks for them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, runtime_checkable

from realtime.codes import ErrorCode, Refusal

__all__ = [
    "Audience",
    "Change",
    "Doubt",
    "ErrorCode",
    "Guarded",
    "Identity",
    "Namespace",
    "Organised",
    "Past",
    "Publication",
    "Refusal",
    "Rendering",
    "Since",
    "Span",
    "State",
    "StateNamespace",
    "StreamNamespace",
    "channel_name",
]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a connection speaks for; user "" is anonymous.

    `credential` names what opened it (a key's or token's id, never the secret), `generation` counts the
    user's revocations, `expires_at` is in Unix seconds.
    """

    user: str = ""
    credential: str = ""
    expires_at: float | None = None
    generation: int = 0

    @property
    def anonymous(self) -> bool:
        """Tell whether nobody signed in."""
        return not self.user


@dataclass(frozen=True, slots=True)
class Publication:
    """What a channel says: JSON in one line, at an offset that only grows within an epoch."""

    epoch: str
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class State(Publication):
    """A state channel's whole current object; the offset is its version."""


@dataclass(frozen=True, slots=True)
class Since:
    """A place in a stream: behind the message with this offset."""

    epoch: str
    offset: int


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a stream's history: what follows `since` (in reverse: what comes before it).

    `limit` None is all that is kept; without `since` a span begins with the oldest (in reverse: newest).
    """

    since: Since | None = None
    limit: int | None = 0
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class Past:
    """What was read of a stream's history: where the stream stands, and a span of it.

    `whole` is False where `since` is no place in what is kept, so that something may be missing.
    """

    epoch: str
    offset: int
    publications: Sequence[Publication] = ()
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Audience:
    """Who listens to a channel; `clients` (id to user) is left out where only numbers are asked for."""

    size: int = 0
    users: frozenset[str] = frozenset()
    clients: Mapping[str, str] = field(default_factory=dict)


class Change(Protocol):
    """A committed change of a stored document; `document` is its newest form, None once it is deleted."""

    @property
    def collection(self) -> str:
        """Name the collection."""

    @property
    def operation(self) -> str:
        """Name what happened: insert, update, replace or delete."""

    @property
    def id(self) -> Any:
        """Return the document's `_id`."""

    @property
    def document(self) -> Mapping[str, Any] | None:
        """Return the document as it is now."""


class StateNamespace(Protocol):
    """A family of state channels: each carries one whole object, of which only the newest version counts."""

    @property
    def name(self) -> str:
        """Return what stands before the boundary: "polls" in `polls:1`, "identity" in `identity#7`."""

    @property
    def boundary(self) -> str:
        """Return ":", or "#" where the key is the only user who may subscribe.

        "" makes a namespace of one channel, its name: such may stand beside others with the same beginning.
        """

    @property
    def collections(self) -> frozenset[str]:
        """Name the stored collections whose changes it follows."""

    async def authorise(self, who: Identity, key: str) -> None:
        """Let the identity subscribe, or raise Refusal with 102 (no such channel) or 103 (not for you)."""

    async def read(self, key: str) -> State | None:
        """Read the current object with majority concern; None where it does not exist."""

    def project(self, change: Change) -> Iterable[tuple[str, State | None]]:
        """Turn a stored change into new states by key; None ends the key's subscriptions."""

    async def listed(self, who: Identity) -> Sequence[str]:
        """Name the channels (whole names) that the identity may subscribe to."""


@runtime_checkable
class StreamNamespace(Protocol):
    """A family of stream channels: each carries every message once, in order, and remembers the last ones.

    The members that it shares with StateNamespace mean the same.
    """

    @property
    def name(self) -> str:
        """Return what stands before the boundary."""

    @property
    def boundary(self) -> str:
        """Return ":" or "#"."""

    @property
    def collections(self) -> frozenset[str]:
        """Name the stored collections whose changes it follows."""

    async def authorise(self, who: Identity, key: str) -> None:
        """Let the identity subscribe, or raise Refusal with 102 or 103."""

    async def recall(self, key: str, span: Span) -> Past:
        """Read the history with majority concern; a stream without messages stands at 0 of its epoch."""

    def project(self, change: Change) -> Iterable[tuple[str, Publication | None]]:
        """Turn a stored change into messages by key; None ends the key's subscriptions."""

    async def listed(self, who: Identity) -> Sequence[str]:
        """Name the channels (whole names) that the identity may subscribe to."""


@runtime_checkable
class Rendering(Protocol):
    """A family of stream channels whose changes only point to what their messages say."""

    async def render(self, publications: Sequence[Publication]) -> Sequence[Publication]:
        """Return what the publications say, as it is now; each keeps its place and its offset."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Subscriptions whose permission may have ended: to the channel of a key, or all of one user.

    Who may hear a channel stays the same for as long as its `mark` does; None is no mark.
    """

    key: str | None = None
    user: str | None = None
    mark: Hashable = None


@runtime_checkable
class Guarded(Protocol):
    """A family of channels for which a permission may end while somebody listens."""

    def doubts(self, change: Change) -> Iterable[Doubt]:
        """Name the subscriptions that a stored change may have ended the permission of."""


@runtime_checkable
class Organised(Protocol):
    """A family of channels about something that some people organise: they may know who listens."""

    async def check_organiser(self, who: Identity, key: str) -> None:
        """Refuse with 103 who does not organise what the key's channel is about."""


Namespace: TypeAlias = StateNamespace | StreamNamespace


def channel_name(namespace: Namespace, key: str) -> str:
    """Join a namespace and a key to the channel's name."""
    return f"{namespace.name}{namespace.boundary}{key}"
