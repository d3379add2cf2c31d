"""What a row of a Django dump says of a person, and who that person is here.

A dialect says what its rows are like (`Accounts`); who is who, what is kept and what counts only once
is the same for all of them: see `joining`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from storage.driver import Document
from storage.imports.ledger import Ledger
from storage.imports.mapping import Entry
from storage.imports.member_lines import USABLE_HASH
from storage.imports.models import Row
from storage.imports.record import Record


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a row says of a person: `fields` of the shared document, and what makes an account.

    `email` is empty where there is none, `joined` in Unix seconds, `last_login` in microseconds,
    `active` None where nothing is said; `address` is the number that its address row asks for.
    """

    place: int
    key: int
    email: str
    fields: Mapping[str, str] = field(repr=False)
    password: str = field(default="", repr=False)
    verified: bool = False
    active: bool | None = True
    joined: float | None = None
    last_login: int | None = None

    @classmethod
    def of(cls, row: Row, joined: str, *, proven: bool = False) -> Self:
        """Read an account as Django keeps it; `joined` names a field, whoever is active may be `proven`."""
        fields: Mapping[str, Any] = row.fields
        assert isinstance(row.key, int)
        return cls(
            place=row.place,
            key=row.key,
            email=fields["email"],
            fields={"fname": fields["first_name"], "sname": fields["last_name"]},
            password=fields["password"] or "",
            verified=proven and fields["is_active"],
            active=fields["is_active"],
            joined=fields[joined],
            last_login=fields["last_login"],
        )

    @property
    def usable(self) -> str:
        """Return the hash, if a password can fit it."""
        return self.password if USABLE_HASH.fullmatch(self.password) else ""


@dataclass(frozen=True, slots=True)
class Accounts:
    """The rows of a label that are accounts.

    `read` raises BadRecord. `origin` names the dialect in accounts that are made. Rows without an
    address are left out where one is `needed`. `row_key` finds in the ledger which number the file
    gives to the address of a row.
    """

    label: str
    read: Callable[[Record], Arrival]
    origin: str
    needed: bool = True
    row_key: Callable[[Arrival, Ledger], int | None] = lambda _, __: None


@dataclass(frozen=True, slots=True)
class Seat:
    """A row and what is stored of its person: what is remembered, the account, the address's row.

    `former` is the row of the address that the dump's account had the last time.
    """

    arrival: Arrival
    entry: Entry | None
    person: Document | None
    address: Document | None
    former: Document | None = None

    @property
    def marks(self) -> frozenset[object]:
        """Return what no two rows of one batch may share."""
        person = self.person["_id"] if self.person else self.arrival.email.lower() or None
        return frozenset({person or ("key", self.arrival.key), ("key", self.arrival.key)})

    @property
    def first(self) -> bool:
        """Tell whether the row was never taken before: only then do its credentials count."""
        return self.entry is None or self.entry.left_out

    @property
    def own(self) -> bool:
        """Tell whether the account is the one that the row made."""
        return bool(
            self.entry and self.entry.made and self.person and self.entry.target == self.person["_id"]
        )

    @property
    def moved(self) -> bool:
        """Tell whether the dump's account has another address than before, and nobody changed it here."""
        if not self.own or self.person is None or not self.arrival.email:
            return False
        owner, lower = self.person["_id"], self.arrival.email.lower()
        foreign = self.address is not None and self.address["user_id"] != owner
        if self.former is None:
            never = self.entry is not None and self.entry.email_id is None
            return never and not foreign and not self.person.get("email")
        unchanged = self.former["user_id"] == owner and self.former["primary"]
        return unchanged and not foreign and self.former["email_lower"] != lower
