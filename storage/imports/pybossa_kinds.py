"""What the rows of PyBossa's exports are like, in the types that are stored here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from storage.driver import Document
from storage.imports.arrival import Arrival
from storage.imports.lines import check_storable
from storage.imports.member_lines import address
from storage.imports.pybossa_source import SPACE
from storage.imports.record import BadRecord, Record
from storage.imports.sequences import is_number
from storage.imports.shapes import Field, Shape, anything, each, fit, flag, maybe, text, whole
from storage.pybossa.people import DEFAULTS, RESERVED, read_moment
from storage.pybossa.projects import COMPLETED, ONGOING, USUAL_ANSWERS

USER, CATEGORY, PROJECT, TASK, TASK_RUN = (
    SPACE + kind for kind in ("user", "category", "project", "task", "task_run")
)
LONGEST = 1000  # characters of a name


def identifier(value: Any) -> int:
    """Read the id of a row."""
    if not is_number(number := whole(value)):
        raise ValueError("is not a positive number of at most 53 bits")
    return number


def name(value: Any) -> str:
    """Read a text that says something."""
    if not isinstance(value, str) or not text(value).strip():
        raise ValueError("is not a text, or empty")
    if len(value) > LONGEST:
        raise ValueError(f"is longer than {LONGEST} characters")
    return value


def moment(value: Any) -> str:
    """Read a time as ISO text, which is kept as it is."""
    if not isinstance(value, str):
        raise ValueError("is not a time")
    try:
        read_moment(value)
    except (ValueError, OverflowError):
        raise ValueError(f"is not a time: {value!r}") from None
    return value


def info(value: Any) -> Any:
    """Read what a row carries along: JSON, or an object or a list as JSON text."""
    if not isinstance(value, str):
        return value
    try:
        found = orjson.loads(value)
    except orjson.JSONDecodeError:
        return text(value)
    return found if isinstance(found, dict | list) else text(value)


def table(value: Any) -> Any:
    """Read a person's `info`, which is an object."""
    found = info(value)
    if found is None or found == "":
        return {}
    if not isinstance(found, dict):
        raise ValueError("is not an object")
    return found


def email(value: Any) -> str:
    """Read an e-mail address."""
    if not (found := address(value)):
        raise ValueError("is empty")
    return found


def user_name(value: Any) -> str:
    """Read a user name."""
    if (found := name(value)) in RESERVED:
        raise ValueError(f"{found!r} is used by the system")
    return found


# The fields of a person that are stored under their own names.
OWN = (
    *("privacy_mode", "restrict", "subscribed", "consent", "newsletter_prompted"),
    *("confirmation_email_sent", "ckan_api"),
)
PERSON: Shape = {
    "id": Field(identifier),
    "name": Field(user_name),
    "fullname": Field(name),
    "email_addr": Field(email),
    "created": Field(maybe(moment), None),
    "locale": Field(maybe(text), None),
    "api_key": Field(maybe(text), None),
    "passwd_hash": Field(maybe(text), None),
    "valid_email": Field(flag, True),
    "info": Field(table, {}),
    "user_pref": Field(table, {}),
    **{name: Field(flag, DEFAULTS[name]) for name in OWN},
    "ckan_api": Field(maybe(text), None),
}


@dataclass(frozen=True, slots=True)
class RowKind:
    """Rows that are stored under their own id: which collection, what they must look like."""

    label: str
    collection: str
    shape: Shape


CATEGORIES = RowKind(
    CATEGORY,
    "categories",
    {
        "id": Field(identifier),
        "name": Field(name),
        "short_name": Field(name),
        "description": Field(maybe(text), None),
        "created": Field(maybe(moment), None),
        "info": Field(info, {}),
    },
)
PROJECTS = RowKind(
    PROJECT,
    "projects",
    {
        "id": Field(identifier),
        "name": Field(name),
        "short_name": Field(name),
        "owner_id": Field(identifier),
        "owners_ids": Field(maybe(each(identifier)), None),
        "category_id": Field(maybe(identifier), None),
        **dict.fromkeys(("description", "long_description"), Field(text, "")),
        **dict.fromkeys(("published", "featured", "contacted"), Field(flag, False)),
        **dict.fromkeys(("allow_anonymous_contributors", "zip_download"), Field(flag, True)),
        **dict.fromkeys(("created", "updated"), Field(maybe(moment), None)),
        **dict.fromkeys(("secret_key", "webhook"), Field(maybe(text), None)),
        "info": Field(info, {}),
    },
)


def state(value: Any) -> str:
    """Read how far a task is."""
    if value not in {ONGOING, COMPLETED}:
        raise ValueError(f"is neither {ONGOING} nor {COMPLETED}")
    return str(value)


TASKS = RowKind(
    TASK,
    "tasks",
    {
        "id": Field(identifier),
        "project_id": Field(identifier),
        "state": Field(state, ONGOING),
        "n_answers": Field(whole, USUAL_ANSWERS),
        **dict.fromkeys(("quorum", "calibration", "priority_0"), Field(anything, None)),
        "created": Field(maybe(moment), None),
        "fav_user_ids": Field(anything, None),
        "info": Field(info, {}),
    },
)
TASK_RUNS = RowKind(
    TASK_RUN,
    "task_runs",
    {
        "id": Field(identifier),
        "project_id": Field(identifier),
        "task_id": Field(identifier),
        "user_id": Field(maybe(identifier), None),
        **dict.fromkeys(("user_ip", "external_uid", "media_url"), Field(maybe(text), None)),
        **dict.fromkeys(("created", "finish_time"), Field(maybe(moment), None)),
        **dict.fromkeys(("timeout", "calibration"), Field(anything, None)),
        "info": Field(info, None),
    },
)


@contextmanager
def blaming(record: Record) -> Iterator[None]:
    """Turn the ValueError of a reader into a refusal that names the kind and the row."""
    try:
        yield
    except ValueError as error:
        raise accuse(record, str(error)) from error


def accuse(record: Record, reason: str) -> BadRecord:
    """Return the refusal of a row, with its kind and its index."""
    return BadRecord(record.place, f"{record.label.removeprefix(SPACE)}[{record.place - 1}]: {reason}")


def read_row(record: Record, shape: Shape) -> Document:
    """Return the known fields of a row; raises BadRecord."""
    with blaming(record):
        return fit({each: record.row[each] for each in shape if each in record.row}, shape)


def check_row(record: Record, shape: Shape) -> Document:
    """Read a row that the database is able to hold; raises BadRecord."""
    row = read_row(record, shape)
    with blaming(record):
        check_storable({"_id": row["id"], **row})
    return row


def read_arrival(record: Record) -> Arrival:
    """Read what a row says of the account; raises BadRecord."""
    row = read_row(record, PERSON)
    created = row["created"]
    return Arrival(
        place=record.place,
        key=row["id"],
        email=row["email_addr"],
        fields={"name": row["fullname"]},
        password=row["passwd_hash"] or "",
        verified=row["valid_email"],
        joined=read_moment(created) if created is not None else None,
    )
