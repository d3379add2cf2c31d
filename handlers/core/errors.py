"""What can be wrong with a request, as facts; each dialect puts them into its own words and shapes.

ApiError
├── Malformed          400  the request can't be read at all
├── Invalid            400  fields with reasons
├── BadHost            400  a Host that this server does not answer to
├── Unauthenticated    403  no credential, or one that doesn't hold (dialects may answer 401)
├── Denied             403  known, but not allowed
├── NotFound           404
├── MethodNotAllowed   405  with the methods that are
├── Conflict           409  a unique value is taken
├── TooLarge           413
├── Throttled          429  with the seconds to wait
├── Unexpected         500  our fault; details stay in the log
└── Unavailable        503  with the seconds to wait
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError
from tornado.httputil import HTTPInputError
from tornado.web import HTTPError

from storage import errors as stored
from storage.database import is_outage


@dataclass(frozen=True, slots=True)
class FieldError:
    """One bad field: where, pydantic's kind of error, and a reason in plain English."""

    field: str
    kind: str
    reason: str


class ApiError(Exception):
    """Base of every refusal; `detail` is a sentence for people, where there is more to say."""

    status = 500

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers that HTTP wants with this status."""
        return {}


class Malformed(ApiError):
    """The request can't be read."""

    status = 400


class BadHost(ApiError):
    """The Host header names somebody else."""

    status = 400


class Invalid(ApiError):
    """Fields with reasons."""

    status = 400

    def __init__(self, fields: Sequence[FieldError]) -> None:
        super().__init__("; ".join(f"{each.field}: {each.reason}" for each in fields))
        self.fields = tuple(fields)

    @classmethod
    def field(cls, name: str, reason: str) -> Invalid:
        """Make the error of one field."""
        return cls([FieldError(name, "value_error", reason)])


class Unauthenticated(ApiError):
    """No credential, or one that doesn't hold."""

    status = 403


class Denied(ApiError):
    """The caller is known, but may not."""

    status = 403


class NotFound(ApiError):
    """There is nothing at this path or under this id."""

    status = 404


class MethodNotAllowed(ApiError):
    """The path exists, the method doesn't."""

    status = 405

    def __init__(self, method: str, allowed: Sequence[str]) -> None:
        super().__init__(f"{method} is not allowed here")
        self.method = method
        self.allowed = tuple(allowed)

    @property
    def headers(self) -> Mapping[str, str]:
        """Name the allowed methods, as RFC 9110 section 15.5.6 demands."""
        return {"Allow": ", ".join(self.allowed)}


class Conflict(ApiError):
    """A value that must be unique is somebody else's; `what` names it."""

    status = 409

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is taken")
        self.what = what


class TooLarge(ApiError):
    """The body is over its limit (bytes)."""

    status = 413

    def __init__(self, limit: int) -> None:
        super().__init__(f"the body is over {limit} bytes")
        self.limit = limit


class Throttled(ApiError):
    """A rate limit is used up; `retry_after` in whole seconds."""

    status = 429

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"too many requests; try again in {retry_after} s")
        self.retry_after = retry_after

    @property
    def headers(self) -> Mapping[str, str]:
        """Say when to come back."""
        return {"Retry-After": str(self.retry_after)}


class Unexpected(ApiError):
    """Something that nobody foresaw."""


class Unavailable(Throttled):
    """The server can't serve this now; `retry_after` in whole seconds."""

    status = 503


class OtherStatus(ApiError):
    """A status that Tornado itself came to."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


def classify(error: BaseException) -> ApiError:
    """Turn whatever was raised into facts about the request."""
    match error:
        case ApiError():
            return error
        case ValidationError():
            return Invalid(
                [read_field(each) for each in error.errors(include_url=False, include_input=False)]
            )
        case stored.StorageError():
            return translate(error)
        case HTTPInputError():
            return Malformed(str(error))
        case HTTPError(status_code=400):
            return Malformed(error.get_message() or "bad request")
        case HTTPError():
            return OtherStatus(error.status_code, error.get_message() or error.reason or "")
        case _ if is_outage(error):
            return Unavailable(1)
    return Unexpected("internal error")


def translate(error: stored.StorageError) -> ApiError:
    """Turn what a store refused into facts about the request."""
    match error:
        case stored.Departed():  # between the check of the credential and the call
            return Unauthenticated()
        case stored.NotFound():
            return NotFound(f"no such {error.what}")
        case stored.Taken():
            return Conflict(error.what)
        case stored.Rejected():
            return Invalid.field(error.field, error.reason)
        case stored.Exhausted():
            return Throttled(error.retry_after)
        case stored.Busy():
            return Unavailable(error.retry_after)
    return Unexpected("internal error")


def read_field(error: Mapping[str, object]) -> FieldError:
    """Read one of pydantic's errors."""
    where = ".".join(str(part) for part in error["loc"]) if isinstance(error["loc"], tuple) else ""
    reason = str(error["msg"]).removeprefix("Value error, ")
    return FieldError(where, str(error["type"]), reason)
