"""Does what is stored agree with itself: tallies with votes, counters with people, references, indexes."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence

from storage.comics.integrity import ComicsIntegrity
from storage.database import Database, Index
from storage.differences import compare_tally, describe_declared, describe_stored, wrong_address, wrong_fields
from storage.driver import Document, Session
from storage.findings import Check, Finding, snapshot
from storage.klub.integrity import KlubIntegrity
from storage.knowme import PARENTS as KNOW_ME
from storage.pybossa.audit import Audit
from storage.statistics import COUNTERS, Statistics
from storage.traces import Trace

KLUB = (
    *("administrative_units", "company_contacts", "donor_channels", "event_types", "events", "interactions"),
    *("interaction_categories", "interaction_types", "locations", "money_accounts", "organization_positions"),
    *("organization_team", "payments", "pdf_files"),
)
COMICS = ("comics", "comic_images", "comic_releases", "comic_subscriptions")
VOTES = Trace("votes", "user_id")  # a deletion takes votes back in its own way, so no store declares it
SEQUENCES = (
    *(("users", "id"), ("email_addresses", "id"), ("call_log", "call_id")),
    *((collection, "id") for collection in KNOW_ME),
    *((collection, "_id") for collection in ("projects", "tasks", "task_runs")),
    *((collection, "_id") for collection in (*COMICS, *KLUB)),
)
LAG = 2.0  # seconds that the member counters may be behind, with some to spare
PERSON_FIELDS = dict.fromkeys(
    ("s", "id", "email", "email_lower", "email_validated", "addr_postcode", "address", "addr_state"), 1
)


class Integrity:
    """The checks by name; each looks at one moment of the database, so a running server is no trouble."""

    def __init__(
        self, database: Database, indexes: Sequence[Index], traces: Sequence[Trace], *, lag: float = LAG
    ) -> None:
        self._database = database
        self._indexes = indexes
        self._traces = (*traces, VOTES)
        self._lag = lag

    def checks(self) -> Mapping[str, Check]:
        """Return every check, the quick ones first."""
        return {
            "indexes": self.check_indexes,
            "sequences": self.check_sequences,
            "tallies": self.check_tallies,
            "references": self.check_references,
            "feedback": self.check_feedback,
            **ComicsIntegrity(self._database).checks(),
            **KlubIntegrity(self._database).checks(),
            "people": self.check_people,
            "counters": self.check_counters,
            "community": self.check_community,
        }

    async def check_indexes(self) -> AsyncIterator[Finding]:
        """Find declared indexes that are missing or differ; a database that nobody used yet has none."""
        if not await self._database.handle.list_collection_names():
            return
        stored: dict[str, set[str]] = {}
        for each in self._indexes:
            if each.collection not in stored:
                found = await self._database[each.collection].index_information()
                stored[each.collection] = {describe_stored(options) for options in found.values()}
            if describe_declared(each) not in stored[each.collection]:
                yield Finding("indexes", each.collection, f"no index {describe_declared(each)}")

    async def check_sequences(self) -> AsyncIterator[Finding]:
        """Find sequences that would give a number out which is in use."""
        async with snapshot(self._database) as session:
            for name, field in SEQUENCES:
                used = {field: {"$type": "number"}}
                top = await self._database[name].find_one(used, sort=[(field, -1)], session=session)
                counter = await self._database["counters"].find_one({"_id": name}, session=session)
                highest, given = (top or {}).get(field, 0), (counter or {}).get("seq", 0)
                if given < highest:
                    yield Finding("sequences", name, f"the counter is at {given}, {field} at {highest}")

    async def check_tallies(self) -> AsyncIterator[Finding]:
        """Find polls whose tally is not the count of their votes."""
        async with snapshot(self._database) as session:
            votes = await self._count_votes(session)
            polls = {
                row["poll_id"]: row async for row in self._database["poll_options"].find(session=session)
            }
            rows = {row["poll_id"]: row async for row in self._database["poll_stats"].find(session=session)}
        for poll_id in sorted(votes.keys() | polls.keys() | rows.keys()):
            if poll_id not in rows:
                yield Finding("tallies", f"poll {poll_id}", "there is no tally")
                continue
            options = polls.get(poll_id, {}).get("options", {})
            for detail in compare_tally(rows[poll_id], votes.get(poll_id, Counter()), options):
                yield Finding("tallies", f"poll {poll_id}", detail)

    async def _count_votes(self, session: Session) -> dict[int, Counter[str]]:
        group = {"_id": {"poll": "$poll_id", "option": "$option_id"}, "n": {"$sum": 1}}
        counts: dict[int, Counter[str]] = {}
        async for row in await self._database.aggregate("votes", [{"$group": group}], session):
            counts.setdefault(row["_id"].get("poll"), Counter())[str(row["_id"].get("option"))] = row["n"]
        return counts

    async def check_references(self) -> AsyncIterator[Finding]:
        """Find what points to people who are not there."""
        for trace in self._traces:
            async with snapshot(self._database) as session:
                async for row in await self._database.aggregate(trace.collection, lost(trace), session):
                    # Other fields than the `_id` may be secrets.
                    whom = str(row["_id"]) if trace.by == "_id" else "with this value"
                    place = f"{trace.collection}.{trace.field}"
                    yield Finding("references", place, f"no user {whom} ({row['n']} times)")

    async def check_feedback(self) -> AsyncIterator[Finding]:
        """Find members whose messages are not as many as their number says."""
        length = {"$size": {"$ifNull": ["$feedbacks", []]}}
        wrong = {"$expr": {"$ne": ["$n_feedbacks", length]}}
        pipeline: list[Document] = [
            {"$match": wrong},
            {"$project": {"user_id": 1, "n_feedbacks": 1, "length": length}},
        ]
        async for row in await self._database.aggregate("app_feedback", pipeline):
            detail = f"n_feedbacks is {row.get('n_feedbacks')}, there are {row['length']}"
            yield Finding("feedback", f"user {row['user_id']}", detail)

    async def check_people(self) -> AsyncIterator[Finding]:
        """Find people without what everybody has, or whose derived fields or address rows differ."""
        lookup = {
            "from": "email_addresses",
            "localField": "_id",
            "foreignField": "user_id",
            "as": "rows",
        }
        pipeline: list[Document] = [{"$project": PERSON_FIELDS}, {"$lookup": lookup}]
        async with snapshot(self._database) as session:
            async for person in await self._database.aggregate("users", pipeline, session):
                for detail in (*wrong_fields(person), *wrong_address(person)):
                    yield Finding("people", f"user {person['_id']}", detail)

    async def check_community(self) -> AsyncIterator[Finding]:
        """Find ranks, numbers of projects and lists that differ from what they follow from."""
        async with snapshot(self._database) as session:
            async for place, detail in Audit(self._database).differences(session):
                yield Finding("community", place, detail)

    async def check_counters(self) -> AsyncIterator[Finding]:
        """Find member counters that stay different from a fresh count."""
        details = await self._compare_counters()
        deadline = time.monotonic() + self._lag
        while details and time.monotonic() < deadline:
            await asyncio.sleep(0.2)  # a running server is about to count
            details = await self._compare_counters()
        for detail in details:
            yield Finding("counters", "public_stats 1", detail)

    async def _compare_counters(self) -> list[str]:
        stored = await self._database["public_stats"].find_one({"id": COUNTERS})
        if stored is None:  # computed when somebody first asks
            return []
        # Some figures are of the last three months: counted as of the same moment.
        fresh = await Statistics(self._database, lambda: stored["last_run"]).fresh_count()
        differences = [(name, stored.get(name), value) for name, value in fresh.items()]
        return [f"{name} is {old}, counted {new}" for name, old, new in differences if old != new]


def lost(trace: Trace) -> list[Document]:
    """Return the pipeline that finds what points to nobody; each person is looked for once."""
    places = [("users", trace.by), *([(trace.or_in, "_id")] if trace.or_in is not None else [])]
    return [
        {"$unwind": f"${trace.field}"},
        {"$group": {"_id": f"${trace.field}", "n": {"$sum": 1}}},
        {"$match": {"_id": {"$ne": None}}},
        *(step for place in places for step in missing_in(*place)),
        {"$project": {"n": 1}},
    ]


def missing_in(collection: str, field: str) -> list[Document]:
    """Return the steps that let through what no document of a collection has in a field."""
    found = {"from": collection, "localField": "_id", "foreignField": field, "as": "found"}
    return [
        {"$lookup": {**found, "pipeline": [{"$project": {"_id": 1}}]}},
        {"$match": {"found": []}},
    ]
