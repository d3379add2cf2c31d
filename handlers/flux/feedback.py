"""What members have to say about the app."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from handlers.core.dialect import Route
from handlers.core.operation import operation
from handlers.flux.answers import Okay, Sorry
from handlers.flux.rules import MEMBER, FluxHandler
from handlers.flux.schemas import Body
from storage.driver import Document
from storage.errors import Exhausted


def check_blank(text: str) -> str:
    """Refuse a text without anything to read."""
    if not text.strip():
        raise ValueError("is empty")
    return text


class FeedbackBody(Body):
    """A message."""

    feedback: Annotated[str, Field(max_length=5000), AfterValidator(check_blank)]


class FeedbackHandler(FluxHandler):
    """Takes feedback, so much a day."""

    @operation(body=FeedbackBody, access=MEMBER, returns=Okay | Sorry)
    async def post(self, body: FeedbackBody) -> Document:
        """Store a message."""
        quota = self.services.settings.flux_feedback_max
        try:
            await self.stores.feedback.add(self.member.oid, body.feedback, quota)
        except Exhausted:
            return {"error": "You've submitted too much feedback!"}
        return {"status": "okay"}


ROUTES = (Route("/api/v1/app/feedback", FeedbackHandler),)
