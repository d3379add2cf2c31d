"""What a dialect says of itself for its documents, besides what its operations declare."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from handlers.core.dialect import Dialect, Route
from handlers.core.handler import METHODS
from handlers.core.operation import Operation, declared_operation

JSON_TYPE = "application/json"
Security = Sequence[Mapping[str, Sequence[str]]]
Parameter = Mapping[str, Any]


@dataclass(frozen=True)
class Call:
    """One operation with its place; `canonical` is another path of the same, where that is the usual one."""

    route: Route
    method: str
    operation: Operation
    canonical: str | None = None

    @property
    def key(self) -> str:
        """Return a name that no other operation of the dialect has."""
        words = re.findall(r"[\w-]+", self.route.path)
        slash = "_" if self.route.path.endswith("/") else ""
        return "_".join([self.method.lower(), *words]) + slash

    @property
    def access(self) -> Any:
        """Return who may call: what the operation declares, else what its handler class does."""
        return who_may(self.route.handler, self.operation)

    @property
    def takes(self) -> Any:
        """Return the type of the body, None where there is none."""
        return self.operation.takes or self.operation.body

    @property
    def segments(self) -> Sequence[str]:
        """Return the names of the path's segments."""
        return re.findall(r"\{(\w+)\}", self.route.path)


@dataclass(frozen=True)
class Group:
    """Operations that belong together: those whose paths begin with one of the prefixes."""

    name: str
    text: str
    prefixes: tuple[str, ...]


@dataclass(frozen=True)
class Refusal:
    """A way to refuse: what it means, the type of its body, bodies by name, headers that come with it.

    Without a `shape` the answer is empty.
    """

    meaning: str
    shape: Any = None
    bodies: Mapping[str, Any] = field(default_factory=dict)
    headers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """What a success is besides the type of its body: media types, headers, what more there is to say."""

    media: tuple[str, ...] = (JSON_TYPE,)
    headers: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Example:
    """A call as it is made and answered."""

    path: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    answer: Any = None


NO_EXAMPLE = Example()


def say_nothing(_: Call) -> Any:
    """Add nothing to what an operation declares."""
    return ()


@dataclass(frozen=True)
class About:
    """What a document says of a dialect that its operations don't.

    `secure` names the credentials of a call, `refuse` says which refusals it has, `answer` what its
    success brings, `add` further parameters, `beside` what every body holds besides what is declared.
    `examples` is a file of calls by method and path. `paths` and `first_call`, a command with `{base}` for
    the server's address, are what people see of it first.
    """

    text: str
    paths: str = ""
    first_call: str = ""
    groups: tuple[Group, ...] = ()
    schemes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    secure: Callable[[Call], Security] = say_nothing
    refuse: Callable[[Call], Mapping[int, Refusal]] = lambda _: {}
    answer: Callable[[Call], Answer] = lambda _: Answer()
    add: Callable[[Call], Sequence[Parameter]] = say_nothing
    beside: Callable[[Call], Any] = lambda _: None
    body_types: Callable[[Call], Sequence[str]] = lambda _: (JSON_TYPE,)
    examples: Path | None = None

    def example(self, call: Call) -> Example:
        """Return the example of a call; an alias shares that of its usual path."""
        if self.examples is None:
            return NO_EXAMPLE
        found = read_examples(self.examples)
        return found.get(f"{call.method} {call.canonical or call.route.path}", NO_EXAMPLE)


@functools.cache
def read_examples(file: Path) -> Mapping[str, Example]:
    """Read a file of examples."""
    return {name: Example(**parts) for name, parts in json.loads(file.read_text(encoding="utf-8")).items()}


def who_may(handler: type, declared: Operation) -> Any:
    """Return who may call an operation, in the dialect's terms; None where nobody is kept out."""
    return declared.access if declared.access is not None else getattr(handler, "access", None)


def list_calls(dialect: Dialect) -> Iterator[Call]:
    """Go through the operations of a dialect; HEAD comes with GET and is not listed."""
    usual: dict[tuple[Any, ...], str] = {}
    for route in dialect.routes:
        segments = tuple(re.findall(r"\{(\w+)\}", route.path))
        path = usual.setdefault((route.handler, segments, repr(route.options)), route.path)
        for method in METHODS:
            declared = declared_operation(route.handler, method)
            if declared is not None and method != "HEAD":
                yield Call(route, method, declared, None if path == route.path else path)
