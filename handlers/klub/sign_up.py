"""Sign-up for an event, by a partner's page or a member, of people who may be unknown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from handlers.core.dialect import Route
from handlers.core.operation import operation
from handlers.core.rest.fields import Text
from handlers.klub.guests import HOSTS, GuestHandler, GuestObject, VisitorBody
from handlers.klub.references import by_id, named
from storage.klub.event import Event
from storage.klub.interaction import Draft
from storage.klub.interaction_types import REGISTERING
from storage.klub.interactions import first_unit

QUESTIONS = tuple(f"additional_question_{number}" for number in range(1, 5))


class SignUpBody(VisitorBody):
    """Who comes to which event, and their answers to its questions."""

    event: Annotated[Any, Field(json_schema_extra={"type": "integer"}), by_id("events")]
    skills: Text = ""
    additional_question_1: Text = ""
    additional_question_2: Text = ""
    additional_question_3: Text = ""
    additional_question_4: Text = ""


class SignUpHandler(GuestHandler):
    """Signs people up for events."""

    async def known(self, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return whether there is the event."""
        return {"events": await self.stores.events.some(named(fields, "event"))}

    @operation(access=HOSTS, body=SignUpBody, returns=GuestObject)
    async def post(self, body: SignUpBody) -> GuestObject:
        """Sign somebody up for an event; an account is made for who has none."""
        event: Event = body.event
        kind = await self.stores.interaction_types.obtain(REGISTERING)
        unit = first_unit(event)
        summary = summarize(event, body)
        draft = Draft(kind, event.id, unit, None, summary, subject=kind.name, skills=body.skills)
        return await self.receive(body, draft, unit)


def summarize(event: Event, body: SignUpBody) -> str:
    """Write down the note, and the answers to those questions that the event asks."""
    summary = f"note:\n    {body.note}" + ("\n" if body.note else "")
    for name in QUESTIONS:
        if question := event.values[name]:
            summary += f"{question}:\n    {getattr(body, name) or '-'}\n"
    return summary


ROUTES = (Route("/api/sign_up_for_event/", SignUpHandler),)
