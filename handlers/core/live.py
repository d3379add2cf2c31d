"""What a dialect contributes to the hub: channels, and the credentials that open connections."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field

from realtime.channels import Change, Identity, StateNamespace

Authenticator = Callable[[str], Awaitable[Identity]]


@dataclass(frozen=True)
class Reaction:
    """Something to do when documents of a collection change, on whichever process that happened."""

    collections: Collection[str]
    react: Callable[[Change | None], None]


@dataclass(frozen=True)
class Live:
    """A dialect's part of the hub.

    `schemes` maps the first word of an Authorization header, lower-cased, to what finds out who it is;
    it raises Disconnect or Refusal for a bad one.
    """

    namespaces: tuple[StateNamespace, ...] = ()
    schemes: Mapping[str, Authenticator] = field(default_factory=dict)
    reactions: tuple[Reaction, ...] = ()
