"""What the channels of the members' dialect carry: the tally of a poll, the counters of members."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema
from typing_extensions import TypedDict

from handlers.core.declaration import Declaration, Parameter

HEX = {"type": "string", "pattern": "^[0-9a-f]{24}$"}
OID = {"type": "object", "properties": {"$oid": HEX}, "required": ["$oid"]}
# An ObjectId here; Extended JSON by the time that it is sent.
Stored = Annotated[
    Any, WithJsonSchema({**OID, "description": "The document's id; it stays the same within an epoch."})
]
Count = Annotated[int, Field(ge=0)]
ByState = dict[
    Literal["nsw", "qld", "sa", "nt", "act", "vic", "wa", "tas", "nostate", "weirdstate"],
    Count,
]


class TallyMessage(TypedDict):
    """A poll's tally; every option is in it, zeros included."""

    _id: Stored
    poll_id: int
    stats: Annotated[Mapping[str, Count], Field(description="Votes by option; the keys are texts.")]
    total: Annotated[Count, Field(description="All votes: the sum of the stats.")]
    version: Annotated[int, Field(description="Grows with every change; the publication's offset.")]


class CountersMessage(TypedDict):
    """The member counters; "on the roll" are those with onAECRoll."""

    _id: Stored
    id: Literal[1]
    n_members: Annotated[Count, Field(description="On the roll.")]
    n_members_raw: Annotated[Count, Field(description="Everybody.")]
    n_members_validated: Annotated[Count, Field(description="On the roll with valid details.")]
    double_checked: Annotated[Count, Field(description="Of the validated: looked at twice.")]
    double_check_queue: Annotated[Count, Field(description="Of the validated: not yet.")]
    validation_queue: Annotated[Count, Field(description="On the roll, waiting for validation.")]
    last_member_signup: Annotated[float | None, Field(description="Unix seconds.")]
    n_members_w_state_consent: Annotated[Count, Field(description="On the roll with state consent.")]
    n_members_state: Annotated[ByState, Field(description="Those, by state.")]
    n_members_validated_state: Annotated[ByState, Field(description="Of those: validated.")]
    n_members_not_valid_state: Annotated[ByState, Field(description="Of those: details not valid.")]
    validation_queue_state: Annotated[ByState, Field(description="Of those: waiting.")]
    n_members_state_raw: Annotated[ByState, Field(description="Everybody, by state.")]
    n_members_validated_with_last_validated: Annotated[Count, Field(description="Validated at a known time.")]
    n_valid_in_last_3_months: Annotated[Count, Field(description="Validated in the last 90 days.")]
    n_volunteers: Count
    db_v: Annotated[float, Field(description="Version of the data model.")]
    last_run: Annotated[int, Field(description="Unix seconds of the count.")]
    version: Annotated[int, Field(description="Grows with every change; the publication's offset.")]


TALLY = TallyMessage(
    _id={"$oid": "5f0f1e2d3c4b5a6978879605"},
    poll_id=1,
    stats={"100": 4, "101": 9, "105": 14},
    total=27,
    version=28,
)
BY_STATE: ByState = {
    "nsw": 220,
    "qld": 101,
    "sa": 40,
    "nt": 6,
    "act": 21,
    "vic": 170,
    "wa": 51,
    "tas": 18,
    "nostate": 3,
    "weirdstate": 0,
}
NO_STATE: ByState = dict.fromkeys(BY_STATE, 0)
COUNTERS = CountersMessage(
    _id={"$oid": "57d4a54d6d1f8a1c9e1d6b29"},
    id=1,
    n_members=630,
    n_members_raw=655,
    n_members_validated=551,
    double_checked=543,
    double_check_queue=8,
    validation_queue=79,
    last_member_signup=1476412800.0,
    n_members_w_state_consent=630,
    n_members_state=BY_STATE,
    n_members_validated_state=BY_STATE,
    n_members_not_valid_state=NO_STATE,
    validation_queue_state=NO_STATE,
    n_members_state_raw=BY_STATE,
    n_members_validated_with_last_validated=551,
    n_valid_in_last_3_months=12,
    n_volunteers=34,
    db_v=4.24,
    last_run=1476412801,
    version=1207,
)

POLLS = Declaration(
    "polls",
    "polls:{poll_id}",
    "Tally of a poll",
    "The same object as GET /api/v0/iiccot/getinfo, after every vote.",
    "everyone",
    TallyMessage,
    (TALLY,),
    {"poll_id": Parameter("The poll's number.", "1")},
)
MEMBERS = Declaration(
    "members",
    "stats:members",
    "Member counters",
    "The same object as GET /api/v0/getinfo, within a second of what changes it.",
    "everyone",
    CountersMessage,
    (COUNTERS,),
)
