"""The body that an event is sent in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from handlers.core.rest.body import Spelling
from handlers.core.rest.fields import EMPTY_FILE, NOT_A_FILE, Body, refuse, text
from handlers.klub.fields import one_of
from handlers.klub.moments import Day, Moment
from handlers.klub.references import chosen, pk, pks, some_of
from handlers.klub.scalars import Count, Flag, OptionalEmail, Url
from storage.klub.event import DEFAULTS, Photo

AUDIENCES = ("everyone", "adolescents_and_adults", "children", "parents_and_children", "newcomers")
PURPOSES = (
    *("action", "action-with-attendee-list", "petition", "camp", "opportunity", "campaign", "zmj_location"),
)
OPPORTUNITIES = ("", "organizing_events", "cooperation", "help_the_locality")
DIETS = ("vegetarian", "meat", "vegan", "kosher", "halal", "gluten_free")
METHODS = ("standard", "other_electronic", "by_email", "not_required", "full")
BAD_PHONE = "Telephone must consist of numbers, spaces and + sign or maximum number count is higher."
PHONE = re.compile(r"\+?(42(0|1){1})?\s?\d{3}\s?\d{3}\s?\d{3}", re.ASCII)
STORED_AS = {"administrative_units": "units", "event_type_id": "type", "location_id": "location"}


def check_phone(value: str) -> Iterable[str]:
    """Complain about what is no Czech or Slovak telephone number."""
    if PHONE.fullmatch(value) is None:
        yield BAD_PHONE


def read_photo(value: Any) -> Photo | None:
    """Accept an uploaded file that isn't empty, or no photo."""
    if value is None:
        return None
    if not isinstance(value, Photo):
        refuse(NOT_A_FILE)
    return value if value.draft.length else refuse(EMPTY_FILE)


def listed(*values: str) -> Any:
    """Name choices, for the documents."""
    return Field(json_schema_extra={"enum": list(values)})


PROGRAM = Field(description="one of the installation's programs", json_schema_extra={"format": "program"})


def each_of(*values: str) -> Any:
    """Name the choices of a list's entries, for the documents."""
    return Field(json_schema_extra={"items": {"type": "string", "enum": list(values)}})


Line = Annotated[str, Field(max_length=128), text(128, blank=True)]
Paragraph = Annotated[str, Field(max_length=3000), text(3000, blank=True)]
Question = Annotated[str, Field(max_length=300), text(300, blank=True)]
Picture = Annotated[
    Any, Field(json_schema_extra={"type": "string", "format": "binary"}), BeforeValidator(read_photo)
]


class EventBody(Body):
    """The fields of an event."""

    name: Annotated[str, Field(max_length=100), text(100)]
    datetime_from: Moment = None
    datetime_to: Moment = None
    start_date: Moment = None
    program: Annotated[str, PROGRAM, chosen("programs")] = ""
    intended_for: Annotated[str, listed(*AUDIENCES), one_of(*AUDIENCES)] = "everyone"
    basic_purpose: Annotated[str, listed(*PURPOSES), one_of(*PURPOSES)] = "action"
    opportunity: Annotated[str, listed(*OPPORTUNITIES), one_of(*OPPORTUNITIES, blank=True)] = ""
    location_id: Annotated[int | None, pk("locations", null=True)] = None
    age_from: Count = None
    age_to: Count = None
    event_type_id: Annotated[int, pk("types")]
    responsible_person: Line = ""
    participation_fee: Line = ""
    entry_form_url: Url = None
    web_url: Url = None
    invitation_text_short: Paragraph = ""
    working_hours: Count = None
    accommodation: Annotated[str, Field(max_length=256), text(256, blank=True)] = ""
    diet: Annotated[list[str], each_of(*DIETS), some_of(*DIETS)] = []
    looking_forward_to_you: Annotated[str, Field(max_length=512), text(512, blank=True)] = ""
    registration_method: Annotated[str, listed(*METHODS), one_of(*METHODS)] = "standard"
    administrative_units: Annotated[list[int], pks("units")]
    invitation_text_1: Paragraph = ""
    invitation_text_2: Paragraph = ""
    invitation_text_3: Paragraph = ""
    invitation_text_4: Paragraph = ""
    main_photo: Picture = None
    additional_photo_1: Picture = None
    additional_photo_2: Picture = None
    additional_photo_3: Picture = None
    additional_photo_4: Picture = None
    additional_photo_5: Picture = None
    additional_photo_6: Picture = None
    additional_question_1: Question = ""
    additional_question_2: Question = ""
    additional_question_3: Question = ""
    additional_question_4: Question = ""
    contact_person_name: Line = ""
    contact_person_email: OptionalEmail = ""
    contact_person_telephone: Annotated[
        str, Field(max_length=100), text(100, blank=True, checks=[check_phone])
    ] = ""
    public_on_web_date_from: Day = None
    public_on_web_date_to: Day = None
    public_on_web: Flag = False

    @property
    def stored(self) -> Mapping[str, Any]:
        """Return what was sent by the names that it is stored under."""
        return {STORED_AS.get(name, name): getattr(self, name) for name in self.model_fields_set}


FORMS = Spelling(
    lists=("diet", "administrative_units"),
    nullable=frozenset({"location_id", *(name for name, value in DEFAULTS.items() if value is None)}),
)
