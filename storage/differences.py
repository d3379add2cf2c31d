"""What a document should be like, and where one differs from it, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from storage.database import Index
from storage.person import state_of


def describe(keys: Sequence[tuple[str, Any]], options: Mapping[str, Any]) -> str:
    """Name an index by its keys and what else it demands; the same for the same index."""
    parts = [", ".join(f"{name} {int(direction)}" for name, direction in keys)]
    parts += ["unique"] if options.get("unique") else []
    if partial := options.get("partialFilterExpression"):
        parts.append(f"where {plain(partial)}")
    if "expireAfterSeconds" in options:
        parts.append(f"expires after {int(options['expireAfterSeconds'])} s")
    return "; ".join(parts)


def plain(value: Any) -> Any:
    """Return nested mappings as ordinary ones in one order, to be compared as text."""
    return {key: plain(value[key]) for key in sorted(value)} if isinstance(value, Mapping) else value


def describe_stored(options: Mapping[str, Any]) -> str:
    """Name an index as the server lists it."""
    return describe(options["key"], options)


def describe_declared(declared: Index) -> str:
    """Name an index as a store declares it."""
    options = declared.model().document
    return describe(declared.keys, options)


def compare_tally(tally: Mapping[str, Any], votes: Counter[str], options: Mapping[str, str]) -> list[str]:
    """Say where a tally differs from the votes, or from the options of its poll."""
    stats: Mapping[str, int] = tally.get("stats", {})
    details = [
        f"option {option!r}: the tally says {stats.get(option, 0)}, votes say {votes[option]}"
        for option in sorted(stats.keys() | votes.keys())
        if stats.get(option, 0) != votes[option]
    ]
    if tally.get("total") != votes.total():
        details.append(f"total: the tally says {tally.get('total')}, votes say {votes.total()}")
    if stats.keys() != options.keys():
        details.append(f"the tally counts {sorted(stats)}, the options are {sorted(options)}")
    return details


def wrong_fields(person: Mapping[str, Any]) -> list[str]:
    """Say which fields of a person are missing or not what they derive from."""
    secret, email = person.get("s"), person.get("email")
    details = [] if isinstance(secret, str) and 1 <= len(secret) <= 50 else ["has no secret"]
    if type(person.get("id")) is not int:
        details.append("has no id")
    lower = email.lower() if email else None
    if person.get("email_lower") != lower:
        details.append(f"email_lower is {person.get('email_lower')!r}, should be {lower!r}")
    state = state_of(person.get("addr_postcode") or "", person.get("address") or "")
    if person.get("addr_state") != state:
        details.append(f"addr_state is {person.get('addr_state')!r}, should be {state!r}")
    return details


def wrong_address(person: Mapping[str, Any]) -> list[str]:
    """Say how a person differs from their address rows: one is the primary one, or there are none."""
    rows, email = person["rows"], person.get("email") or ""
    primary = [row for row in rows if row.get("primary")]
    if not rows and not email:
        return []
    if len(primary) != 1:
        return [f"has {len(primary)} primary addresses of {len(rows)}, email is {email!r}"]
    row = primary[0]
    details = [] if row["email"] == email else [f"email is {email!r}, its row says {row['email']!r}"]
    if bool(person.get("email_validated")) != bool(row.get("verified")):
        details.append(f"email_validated is not its row's: {bool(row.get('verified'))}")
    wrong = [each["email"] for each in rows if each.get("email_lower") != each["email"].lower()]
    return details + [f"address row {each!r} has another email_lower" for each in wrong]
