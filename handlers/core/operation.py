"""Declares what a handler's method takes, gives and demands: the one source of validation and documents."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

if TYPE_CHECKING:
    from handlers.core.handler import DialectHandler

# Any: subclasses redeclare methods with other arguments, as HTTP verbs do.
Method = Callable[..., Any]


@dataclass(frozen=True)
class Limit:
    """A rate limit of an operation: the setting that says how much, and whom a call is counted for.

    `late` limits are counted per value of a field, so after the fields were checked.
    """

    setting: str
    key: Callable[[DialectHandler], str]
    late: bool = False


@dataclass(frozen=True)
class Operation:
    """One method of one path; what it `takes`, `asks` and `returns` is said to readers and checks nothing."""

    summary: str
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    takes: Any = None
    asks: type[BaseModel] | None = None
    returns: Any = None
    status: int = 200
    access: Any = None
    limits: Sequence[Limit] = field(default_factory=tuple)


def operation(
    *,
    body: type[BaseModel] | None = None,
    query: type[BaseModel] | None = None,
    takes: Any = None,
    asks: type[BaseModel] | None = None,
    returns: Any = None,
    status: int = 200,
    access: Any = None,
    limits: Sequence[Limit] = (),
) -> Callable[[Method], Method]:
    """Make a handler's method an operation.

    The method gets the path's segments, `body` and `query` as keyword arguments, checked, and returns
    what is to be sent. `access` says who may call it, in the dialect's own terms. Where an operation reads
    its body or its query itself, `takes` and `asks` say for the documents what it reads.
    """

    def declare(method: Method) -> Method:
        summary = (method.__doc__ or "").strip().split("\n")[0]
        declared = Operation(summary, body, query, takes, asks, returns, status, access, tuple(limits))

        @functools.wraps(method)
        async def run(handler: DialectHandler, **path: str) -> None:
            await handler.perform(declared, functools.partial(method, handler), path)

        run.operation = declared  # type: ignore[attr-defined]
        return run

    return declare


def declared_operation(handler: type, method: str) -> Operation | None:
    """Return the operation behind an HTTP method of a handler class, if there is one."""
    found: Operation | None = getattr(getattr(handler, method.lower(), None), "operation", None)
    return found
