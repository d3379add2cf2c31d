"""The two documents of `public_stats`: member counters (id 1, live), public figures (id 0, now and then)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from storage.database import Database, Index, Restart, index
from storage.driver import Document, DuplicateKeyError, ReturnDocument, Session, Timestamp
from storage.person import STATES

COUNTERS, FIGURES = 1, 0
DB_VERSION = 4.24
# The fields of a person that `counting_group` looks at.
COUNTED = (
    *("addr_state", "onAECRoll", "state_consent", "needsValidating", "detailsValid"),
    *("doubleCheckedValidation", "lastValidated", "volunteer", "timestamp"),
)
QUARTER = 90 * 86_400  # seconds


def _all(*conditions: object) -> Document:
    """Count a document where every condition holds."""
    return {"$sum": {"$cond": [{"$and": list(conditions)}, 1, 0]}}


def counting_group(now: int) -> Document:
    """Return the `$group` stage that counts everything per state in one pass over the people."""
    roll: Document = {"$eq": ["$onAECRoll", True]}
    consent = {"$and": [roll, {"$eq": ["$state_consent", True]}]}
    waiting = {"$eq": ["$needsValidating", True]}
    valid = {"$and": [roll, {"$eq": ["$detailsValid", True]}, {"$ne": ["$needsValidating", True]}]}
    twice = {"$eq": ["$doubleCheckedValidation", True]}
    dated = {"$eq": [{"$isNumber": "$lastValidated"}, True]}
    return {
        "_id": "$addr_state",
        "raw": {"$sum": 1},
        "members": _all(roll),
        "validated": _all(valid),
        "double_checked": _all(valid, twice),
        "waiting": _all(roll, waiting),
        "consent": _all(consent),
        "consent_validated": _all(consent, valid),
        "consent_not_valid": _all(consent, {"$ne": ["$detailsValid", True]}),
        "consent_waiting": _all(consent, waiting),
        "dated": _all(valid, dated),
        "recent": _all(valid, dated, {"$gte": ["$lastValidated", now - QUARTER]}),
        "volunteers": _all({"$eq": ["$volunteer", True]}),
        "last_signup": {"$max": "$timestamp"},
    }


def compose(groups: Iterable[Mapping[str, Any]]) -> Document:
    """Add up the groups of `counting_group` to the counters of document 1."""
    by_state = {row["_id"] if row["_id"] in STATES else "nostate": row for row in groups}

    def total(key: str) -> int:
        return sum(row[key] for row in by_state.values())

    def states(key: str) -> dict[str, int]:
        return {state: by_state[state][key] if state in by_state else 0 for state in STATES}

    signups = [row["last_signup"] for row in by_state.values() if row["last_signup"] is not None]
    return {
        "n_members": total("members"),
        "n_members_raw": total("raw"),
        "n_members_validated": total("validated"),
        "double_checked": total("double_checked"),
        "double_check_queue": total("validated") - total("double_checked"),
        "validation_queue": total("waiting"),
        "last_member_signup": float(max(signups)) if signups else None,
        "n_members_w_state_consent": total("consent"),
        "n_members_state": states("consent"),
        "n_members_validated_state": states("consent_validated"),
        "n_members_not_valid_state": states("consent_not_valid"),
        "validation_queue_state": states("consent_waiting"),
        "n_members_state_raw": states("raw"),
        "n_members_validated_with_last_validated": total("dated"),
        "n_valid_in_last_3_months": total("recent"),
        "n_volunteers": total("volunteers"),
    }


def shown(counters: Mapping[str, Any]) -> Document:
    """Return the stored counters as everybody may see them."""
    return {name: value for name, value in counters.items() if name != "as_of"}


class Statistics:
    """Computes and reads the figures; computation and write share a transaction, so that none goes back."""

    INDEXES: tuple[Index, ...] = (
        index("public_stats", "id", unique=True),
        index("db_meta", "id", unique=True),
    )

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._users = database["users"]
        self._stats = database["public_stats"]
        self._meta = database["db_meta"]
        self._clock = clock

    async def ensure_meta(self) -> None:
        """Note the version of the data model where it is missing."""
        await self._meta.update_one({"id": 1}, {"$setOnInsert": {"version": DB_VERSION}}, upsert=True)

    async def counters(self) -> Document:
        """Return the counters; computed first where nobody did yet."""
        return shown(await self._stats.find_one({"id": COUNTERS}) or await self.count())

    async def figures(self) -> Document:
        """Return the public figures; computed first where nobody did yet."""
        return await self._stats.find_one({"id": FIGURES}) or await self.figure()

    async def fresh_count(self) -> Document:
        """Count now, without storing anything."""
        return await self._count(int(self._clock()), None)

    async def count(self, after: Timestamp | None = None) -> Document:
        """Recompute the counters; their version grows with every change, the time of the count included.

        With the cluster time of a change: not where a computation that saw it is stored already.
        """

        async def work(session: Session) -> Document:
            now = int(self._clock())
            # Read first: a newer computation that commits meanwhile makes this one start anew.
            stored = await self._stats.find_one({"id": COUNTERS}, session=session) or {}
            if after is not None and (as_of := stored.get("as_of")) is not None and as_of >= after:
                return stored
            fresh = await self._count(now, session) | {"db_v": await self._db_version(session)}
            fresh["last_run"] = now
            # Two objects of one version would leave subscribers with another one than readers.
            changed = any(stored.get(key) != value for key, value in fresh.items())
            fresh["version"] = stored.get("version", 0) + changed
            return await self._store(
                COUNTERS, fresh | ({"as_of": after} if after is not None else {}), session
            )

        return await self._database.transaction(work)

    async def _count(self, now: int, session: Session | None) -> Document:
        cursor = await self._database.aggregate("users", [{"$group": counting_group(now)}], session)
        return compose([row async for row in cursor])

    async def _db_version(self, session: Session) -> float:
        row = await self._meta.find_one({"id": 1}, session=session)
        return float(row["version"]) if row else DB_VERSION

    async def figure(self) -> Document:
        """Recompute the public figures."""

        async def work(session: Session) -> Document:
            fields = {"timestamp": 1, "dobYear": 1, "addr_postcode": 1, "addr_state": 1, "_id": 0}
            people = self._users.find({"onAECRoll": True}, fields, session=session).sort("timestamp", 1)
            figures = Figures()
            async for person in people:
                figures.add(person)
            return await self._store(FIGURES, figures.document() | {"last_run": int(self._clock())}, session)

        return await self._database.transaction(work)

    async def _store(self, number: int, values: Document, session: Session) -> Document:
        try:
            row = await self._stats.find_one_and_update(
                {"id": number},
                {"$set": values},
                upsert=True,
                return_document=ReturnDocument.AFTER,
                session=session,
            )
        except DuplicateKeyError as error:
            raise Restart from error
        assert row is not None
        return row


class Figures:
    """Adds up the public figures from people on the roll, oldest sign-up first; no names, no addresses."""

    def __init__(self) -> None:
        self.signup_times: list[int] = []
        self.dob_years: dict[str, int] = {}
        self.postcodes: dict[str, int] = {}
        self.states: dict[str, int] = {}
        self.state_dob_years: dict[str, dict[str, int]] = {}
        self.state_signup_times: dict[str, list[int]] = {}

    def add(self, person: Mapping[str, Any]) -> None:
        """Count one person."""
        signup, year = int(person.get("timestamp") or 0), str(person.get("dobYear") or "")
        postcode, state = str(person.get("addr_postcode") or ""), person.get("addr_state") or "nostate"
        self.signup_times.append(signup)
        self.state_signup_times.setdefault(state, []).append(signup)
        if state != "nostate":
            _bump(self.states, state)
        if _is_digits(year):
            _bump(self.dob_years, year)
            _bump(self.state_dob_years.setdefault(state, {}), year)
        if _is_digits(postcode) and len(postcode) == 4:
            _bump(self.postcodes, postcode)

    def document(self) -> Document:
        """Return the figures as they are stored and shown."""
        return {
            "signup_times": self.signup_times[::-1],
            "dob_years": self.dob_years,
            "postcodes": self.postcodes,
            "states": self.states,
            "state_dob_years": self.state_dob_years,
            "state_signup_times": self.state_signup_times,
        }


def _bump(counts: dict[str, int], key: str) -> None:
    counts[key] = counts.get(key, 0) + 1


def _is_digits(text: str) -> bool:
    """Tell whether the text is safe and meaningful as a key."""
    return text.isascii() and text.isdigit()
