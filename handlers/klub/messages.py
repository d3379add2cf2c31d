"""What the channels of events carry: counts for everybody who may see them, each change for organizers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from handlers.core.declaration import Declaration, Parameter

Count = Annotated[int, Field(ge=0)]


class CountsMessage(TypedDict):
    """How many people take part in an event; each counts once."""

    event: Annotated[int, Field(description="The event's id.")]
    registered: Count
    attended: Count
    cancelled: Annotated[Count, Field(description="Took their registration back, and have none now.")]
    version: Annotated[int, Field(description="Grows with every change; the publication's offset.")]


class Attendee(TypedDict):
    """Who it is about; a deleted account has empty names."""

    id: int
    first_name: str
    last_name: str
    nickname: str
    city: str


class AttendanceMessage(TypedDict):
    """A change of an event interaction."""

    interaction: Annotated[int, Field(description="The interaction's id.")]
    event: Annotated[int, Field(description="The event's id.")]
    user: Attendee
    type__slug: Annotated[
        str, Field(description="event_registration, event_attendance, or another type about events.")
    ]
    change: Literal["created", "updated", "deleted"]
    at: Annotated[str, Field(json_schema_extra={"format": "date-time"}, description="UTC.")]


COUNTS = CountsMessage(event=7, registered=42, attended=0, cancelled=3, version=46)
ATTENDANCE = AttendanceMessage(
    interaction=311,
    event=7,
    user=Attendee(id=12, first_name="Ann", last_name="Lee", nickname="", city="Brno"),
    type__slug="event_registration",
    change="created",
    at="2026-05-04T17:30:12.125000Z",
)
EVENT = {"event_id": Parameter("The event's id.", "7")}

EVENTS = Declaration(
    "events",
    "events:{event_id}",
    "Counts of an event",
    "How many people are registered, were there, and have cancelled.",
    "everyone who may see the event",
    CountsMessage,
    (COUNTS,),
    EVENT,
)
ATTENDANCES = Declaration(
    "attendance",
    "attendance:{event_id}",
    "Attendance of an event",
    "Each sign-up, mark and withdrawal, with the person.",
    "who manages the event: its team, organizers and staff of its units, superusers",
    AttendanceMessage,
    (ATTENDANCE,),
    EVENT,
    account=True,
    withdraws=True,
)
