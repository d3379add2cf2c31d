"""The objects that events are answered as; keys and their order are the contract's."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from handlers.klub.moments import write_moment
from storage.klub.event import PHOTOS, Event
from storage.klub.figures import Figures
from storage.klub.places import EventType, Location
from storage.klub.units import Unit
from storage.stores import Stores

MOMENTS = ("datetime_from", "datetime_to", "start_date")


@dataclass(frozen=True, slots=True)
class TypeObject:
    """The type of an event."""

    name: str
    slug: str


@dataclass(frozen=True, slots=True)
class EventObject:
    """An event."""

    id: int
    name: str
    datetime_from: str | None
    datetime_to: str | None
    start_date: str | None
    program: str
    intended_for: str
    basic_purpose: str
    opportunity: str
    location: Location | None
    age_from: int | None
    age_to: int | None
    event_type: TypeObject | None
    event_type_id: int | None
    responsible_person: str
    participation_fee: str
    entry_form_url: str | None
    web_url: str | None
    invitation_text_short: str
    working_hours: int | None
    accommodation: str
    diet: list[str]
    looking_forward_to_you: str
    registration_method: str
    administrative_units: list[int]
    administrative_unit_name: str
    administrative_unit_web_url: str | None
    invitation_text_1: str
    invitation_text_2: str
    invitation_text_3: str
    invitation_text_4: str
    main_photo: str | None
    additional_photo_1: str | None
    additional_photo_2: str | None
    additional_photo_3: str | None
    additional_photo_4: str | None
    additional_photo_5: str | None
    additional_photo_6: str | None
    additional_question_1: str
    additional_question_2: str
    additional_question_3: str
    additional_question_4: str
    contact_person_name: str
    contact_person_email: str
    contact_person_telephone: str
    public_on_web_date_from: str | None
    public_on_web_date_to: str | None
    public_on_web: bool


@dataclass(frozen=True, slots=True)
class EventDetail(EventObject):
    """An event with what it has come to."""

    users_paid: int
    total_amount: float | None
    registered_users_count_by_interaction_type: int


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What events show besides themselves, by number; `base` begins every address."""

    base: str
    units: Mapping[int, Unit]
    types: Mapping[int, EventType]
    locations: Mapping[int, Location]

    @classmethod
    async def of(cls, events: Sequence[Event], stores: Stores, base: str) -> Surroundings:
        """Read what some events show, in three queries whatever their number."""
        units, types, locations = await asyncio.gather(
            stores.units.some(event.units[0] for event in events if event.units),
            stores.event_types.some(event.type for event in events),
            stores.locations.some(event.location for event in events),
        )
        return cls(base, units, types, locations)

    def show(self, event: Event) -> EventObject:
        """Return an event as lists have it."""
        return EventObject(**self._fields(event))

    def detail(self, event: Event, figures: Figures) -> EventDetail:
        """Return an event with its figures."""
        return EventDetail(
            **self._fields(event),
            users_paid=figures.users_paid,
            total_amount=figures.total_amount,
            registered_users_count_by_interaction_type=figures.participants,
        )

    def _fields(self, event: Event) -> dict[str, Any]:
        unit = self.units.get(event.units[0]) if event.units else None
        kind = self.types.get(event.type) if event.type is not None else None
        return {
            **event.values,
            **{name: write_moment(event.values[name]) for name in MOMENTS},
            **{name: self._link(event.values[name]) for name in PHOTOS},
            "id": event.id,
            "name": event.name,
            "location": self.locations.get(event.location) if event.location is not None else None,
            "event_type": TypeObject(kind.name, kind.slug) if kind is not None else None,
            "event_type_id": event.type,
            "administrative_units": list(event.units),
            "administrative_unit_name": unit.name if unit is not None else "",
            "administrative_unit_web_url": unit.web_url if unit is not None else "",
        }

    def _link(self, path: str | None) -> str | None:
        return None if path is None else f"{self.base}/upload/{quote(path)}"
