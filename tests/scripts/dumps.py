"""A small dump of every collection of the members' dialect, and what loads it and looks at the result."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from scripts.import_dump import import_files
from storage.imports.mapping import ImportMap
from storage.integrity import Integrity
from storage.stores import Stores, all_indexes, all_traces

ANN, BEN, CAT, DEE = (f"5f0c9a41d2e7b8361c40aa0{digit}" for digit in range(1, 5))
SECRET = "9b1f6c02e4d87a35c1f0be62a97d4483e5160fcd"
Row = dict[str, Any]
Load = Callable[..., Awaitable[Any]]


def oid(digits: str) -> Row:
    return {"$oid": digits}


def user(digits: str, email: str, **fields: Any) -> Row:
    return {"_id": oid(digits), "email": email, **fields}


def loader(stores: Stores, folder: Path) -> Load:
    """Return what imports rows of a collection, through the same door as the command line."""

    async def load(collection: str, *rows: Row | str, dry: bool = False) -> Any:
        path = folder / f"{collection}.json"
        path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))
        return (await import_files(stores, [path], collection, dry=dry)).summary()

    return load


async def dump(stores: Stores, *without: str) -> dict[str, list[Row]]:
    """Return all that is stored, but for what moves by itself."""
    names = sorted(await stores.database.handle.list_collection_names())
    rows = {name: await stores.database[name].find({}).sort("_id", 1).to_list(None) for name in names}
    for row in rows["users"]:
        row["auth"].pop("held", None)
    for row in rows.get("public_stats", []):
        for name in ("last_run", "version"):  # the version grows with the time of the count, too
            row.pop(name, None)
    return {name: found for name, found in rows.items() if name not in without and found}


async def find_user(stores: Stores, **query: Any) -> Row:
    row = await stores.database["users"].find_one(query)
    assert row is not None
    return row


async def address_of(stores: Stores, email: str) -> Row:
    row = await stores.database["email_addresses"].find_one({"email_lower": email.lower()})
    assert row is not None
    return row


async def assert_sound(stores: Stores) -> None:
    """Run every check of check_integrity, and look at what only imports remember."""
    integrity = Integrity(stores.database, all_indexes(), (*all_traces(), *ImportMap.TRACES), lag=0.1)
    assert [finding for check in integrity.checks().values() async for finding in check()] == []


COMMUNITY: tuple[tuple[str, tuple[Row, ...]], ...] = (
    (
        "users",
        (
            user(ANN, "Ann@Example.org", s=SECRET, fname="Ann", onAECRoll=True, addr_postcode=800),
            user(BEN, "ben@example.org", s="short", id=40.0, email_validated=True, dobDay=7.0, timestamp=1e9),
            user(
                CAT, "cat@example.org", id={"$numberLong": "40"}, do_not_call="", custom={"kept": [1, None]}
            ),
        ),
    ),
    (
        "poll_options",
        ({"_id": oid("5f0c9b03d2e7b8361c40ab01"), "poll_id": 7, "options": {"a": "A", "b": "B"}},),
    ),
    (
        "votes",
        (
            {"_id": 1, "poll_id": 7, "user_id": oid(ANN), "option_id": "a", "timestamp": 5.5},
            {"_id": 2, "poll_id": 7, "user_id": oid(BEN), "option_id": "b", "timestamp": 6},
            {"_id": 3, "poll_id": 7, "user_id": oid(CAT), "option_id": "b"},
        ),
    ),
    (
        "poll_stats",
        ({"_id": oid("5f0c9b03d2e7b8361c40ab52"), "poll_id": 7, "stats": {"a": 99}, "total": 99},),
    ),
    ("public_stats", ({"_id": oid("5f0c9b03d2e7b8361c40ab53"), "id": 1, "n_members": 551},)),
    ("db_meta", ({"_id": oid("5f0c9b03d2e7b8361c40ab54"), "id": 1, "version": 4.25},)),
    (
        "roles",
        (
            {"_id": oid("5f0c9b03d2e7b8361c40ab55"), "role": "phonebank", "uids": [oid(ANN), oid(BEN)]},
            {"_id": oid("5f0c9b03d2e7b8361c40ab56"), "role": "emperor", "uids": [oid(CAT)]},
        ),
    ),
    ("suburbs", ({"_id": 1, "country": "AU", "postcode": 800, "suburbs": ["Darwin (NT)"]},)),
    ("streets", ({"_id": 1, "postcode": "0800", "suburb": "Darwin (NT)", "streets": ["Woods St"]},)),
    ("login_tokens", ({"_id": 1, "user_id": oid(ANN), "token": "t" * 40, "expiry": 4e9, "used": False},)),
    ("login_codes", ({"_id": 1, "user_id": oid(ANN), "code": "ABC12", "expiry": 1},)),
    ("sms_verifications", ({"_id": 1, "phone_number": "0400 000 000", "verify_code": "012345"},)),
    ("email_validation", ({"_id": 1, "user_id": oid(ANN), "validation_token": "v" * 40, "success": False},)),
    (
        "app_feedback",
        (
            {
                "_id": 1,
                "user_id": oid(BEN),
                "feedbacks": [{"feedback": "Hm", "submission_time": 9}],
                "n_feedbacks": 5,
            },
        ),
    ),
    (
        "call_log",
        ({"_id": 1, "call_id": 100000009, "user_id": oid(ANN), "caller_id": None, "handed_out": 3},),
    ),
    ("notify_queue", ({"_id": 1, "s": SECRET, "timestamp": 1.5}, {"_id": 2, "s": "gone", "timestamp": 1.5})),
    ("email_queue", ({"_id": 1, "to": "x@example.org", "ts": 1},)),
    ("sms_queue", ({"_id": 1, "to": "+61400000000", "sent": True},)),
    ("generic_queues", ({"_id": 1, "queue_enum": 3},)),
    (
        "donations",
        ({"_id": 1, "id": "d1", "amount": "12.5", "ts": 5}, {"_id": 2, "amount": 3}, {"_id": 3, "id": None}),
    ),
    (
        "credits",
        ({"_id": 1, "desc": "tea", "uid": None, "count": 1}, {"_id": 2, "desc": "tea", "uid": oid(ANN)}),
    ),
    ("errors", ({"_id": 1, "name": "x", "message": "{}", "ts": {"$date": "2020-01-01T00:00:00Z"}},)),
    ("address_queue", ({"_id": 1, "user_id": oid(CAT), "issue_location": "x"},)),
    ("log", ({"_id": 1, "action": "gave_role", "data": {}, "ts": 3},)),
    ("rate_limits", ({"_id": "X:y", "count": 1, "expires": {"$date": {"$numberLong": "4000000000000"}}},)),
    ("counters", ({"_id": "call_log", "seq": 100000001}, {"_id": "users", "seq": 1000})),
)


async def load_community(load: Load) -> dict[str, int]:
    """Load a row or more of every collection; return what was imported."""
    imported: dict[str, int] = {}
    for name, rows in COMMUNITY:
        imported |= (await load(name, *rows))["imported"]
    return imported
