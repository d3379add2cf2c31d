"""The kinds of fields that bodies are made of, with the words of Django REST framework for what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Annotated, Any, NoReturn, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model
from pydantic_core import PydanticCustomError

REFUSED = "refused"
LONGEST_NAME = 255

REQUIRED = "This field is required."
NULL = "This field may not be null."
BLANK = "This field may not be blank."
NOT_TEXT = "Not a valid string."
NUL = "Null characters are not allowed."
NOT_EMAIL = "Enter a valid email address."
NOT_A_FILE = "The submitted data was not a file. Check the encoding type on the form."
EMPTY_FILE = "The submitted file is empty."

TRUE = frozenset({"true", "t", "on", "1"})
FALSE = frozenset({"false", "f", "off", "0"})

_USER = re.compile(r"[-!#$%&'*+/=?^_`{}|~0-9A-Za-z]+(\.[-!#$%&'*+/=?^_`{}|~0-9A-Za-z]+)*")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?=[A-Za-z0-9-]{{2,63}}$){_LABEL}|localhost")


def refuse(*texts: str) -> NoReturn:
    """Refuse a value with one or more texts; call it inside validators."""
    writable = [each.encode("utf-8", "replace").decode() for each in texts]
    raise PydanticCustomError(REFUSED, "refused", {"texts": writable})


def show(value: Any) -> str:
    """Return a value as a refusal repeats it; of lists and objects only the kind."""
    return str(value) if isinstance(value, str | int | float) else type(value).__name__


Check = Callable[[str], Iterable[str]]


def text(
    longest: int | None = LONGEST_NAME,
    *,
    blank: bool = False,
    null: bool = False,
    not_text: str = NOT_TEXT,
    trim: bool = True,
    checks: Iterable[Check] = (),
) -> BeforeValidator:
    """Accept a text, trimmed; numbers become texts. Without `trim` only the checks see it trimmed.

    `checks` yield further complaints about the trimmed text; all that apply are listed together.
    """

    def read(value: Any) -> str | None:
        if value is None:
            return None if null else refuse(NULL)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            refuse(not_text)
        trimmed = str(value).strip()
        if not trimmed and not blank:
            refuse(BLANK)
        if not is_storable(trimmed):
            refuse(not_text)
        complaints = [*check_size(trimmed, longest)]
        if trimmed:
            complaints += [each for check in checks for each in check(trimmed)]
        if complaints:
            refuse(*complaints)
        return trimmed if trim else str(value)

    return BeforeValidator(read)


def spell(value: Any) -> str | None:
    """Return an unchecked value as the text that it stands for, None where it can be none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    written = str(value)
    return written if written.strip() and is_storable(written) else None


def is_storable(value: str) -> bool:
    """Tell whether a text has no lone surrogate, which is no UTF-8."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def check_size(value: str, longest: int | None) -> Iterable[str]:
    """Complain about a text that is too long or has NUL characters."""
    if longest is not None and len(value) > longest:
        yield f"Ensure this field has no more than {longest} characters."
    if "\0" in value:
        yield NUL


def check_email(value: str) -> Iterable[str]:
    """Complain about what is no address that mail can be sent to."""
    user, _, domain = value.rpartition("@")
    if _USER.fullmatch(user) is None or not is_domain(domain):
        yield NOT_EMAIL


def is_domain(name: str) -> bool:
    """Tell whether a name can be a host's on the net; international ones can, too."""
    return _DOMAIN.fullmatch(to_ascii(name)) is not None


def to_ascii(domain: str) -> str:
    """Return an international domain in its ASCII form; what has none stays as it is."""
    try:
        return domain if domain.isascii() else domain.encode("idna").decode("ascii")
    except UnicodeError:
        return domain


def read_flag(value: Any) -> bool:
    """Accept true and false in the usual spellings."""
    if value is None:
        refuse(NULL)
    spelled = show(value).lower()
    if spelled in TRUE:
        return True
    if spelled in FALSE:
        return False
    refuse(f'"{show(value)}" is not a valid boolean.')


def to_id(value: Any) -> int | None:
    """Read an id in a body, a number or its digits; None for what can't be one."""
    spelled = str(value).strip() if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not (spelled.isascii() and spelled.isdigit() and len(spelled) < 20 and int(spelled) < 2**63):
        return None
    return int(spelled)


def choice(*values: int) -> BeforeValidator:
    """Accept one of some numbers, or its digits."""
    spelled = {str(value): value for value in values}

    def read(value: Any) -> int:
        if value is None:
            refuse(NULL)
        if show(value) not in spelled:
            refuse(f'"{show(value)}" is not a valid choice.')
        return spelled[show(value)]

    return BeforeValidator(read)


Name = Annotated[str, Field(max_length=LONGEST_NAME), text()]
Text = Annotated[str, text(None, blank=True)]
Email = Annotated[
    str,
    Field(max_length=LONGEST_NAME, json_schema_extra={"format": "email"}),
    text(not_text=NOT_EMAIL, checks=[check_email]),
]
Flag = Annotated[bool, BeforeValidator(read_flag)]


class Body(BaseModel):
    """The fields of a body; unknown ones are ignored."""

    model_config = ConfigDict(extra="ignore")

    @property
    def changes(self) -> dict[str, Any]:
        """Return the values of the fields that were sent."""
        return self.model_dump(exclude_unset=True)


B = TypeVar("B", bound=Body)


def as_patch(model: type[B]) -> type[B]:
    """Make the same body with no field required, for PATCH."""
    fields: dict[str, Any] = {
        name: (Annotated[field.annotation, *field.metadata], None)
        for name, field in model.model_fields.items()
        if field.is_required() or field.validate_default
    }
    return create_model(f"{model.__name__}Patch", __base__=model, **fields)
