"""What channels and credentials of the hub say about themselves, beside the code that makes it true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from typing_extensions import TypedDict


@dataclass(frozen=True)
class Parameter:
    """A part of a channel's name that differs from one to the next."""

    text: str
    example: str


@dataclass(frozen=True, eq=False)
class Declaration:
    """One kind of channel, as documents show it.

    `address` is the name of such channels with `{parameters}` in it, `audience` says who may subscribe.
    Publications are JSON of the type `message`; `examples` are some of them. An `account` is needed for
    those that anonymous clients never hear. Where `withdraws`, a message in the history may be replaced
    by a Withdrawn later.
    """

    key: str
    address: str
    title: str
    text: str
    audience: str
    message: Any
    examples: tuple[Mapping[str, Any], ...]
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    account: bool = False
    withdraws: bool = False


@runtime_checkable
class Declared(Protocol):
    """A namespace that documents describe."""

    @property
    def declarations(self) -> Sequence[Declaration]:
        """Return each kind of channel in it."""


class Withdrawn(TypedDict):
    """What stands in a history where a message was taken back, with its person or its object."""

    deleted: Literal[True]


@dataclass(frozen=True)
class Credential:
    """Something that opens a connection as somebody; the text says where it comes from.

    `spelling` is the value of an Authorization header, or where `cookie` the cookie's name.
    """

    key: str
    spelling: str
    text: str
    cookie: bool = False

    @property
    def word(self) -> str:
        """Return the header's first word as it is compared, or the cookie's name."""
        return self.spelling if self.cookie else self.spelling.partition(" ")[0].lower()
