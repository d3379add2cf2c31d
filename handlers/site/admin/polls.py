"""Polls: listed with their totals, made; their votes are watched by way of the hub."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from handlers.core.dialect import Route
from handlers.core.operation import operation
from handlers.site.admin.rules import (
    LARGEST_ID,
    PAGE,
    AdminHandler,
    Before,
    Body,
    Query,
    Text,
    Unwanted,
)
from handlers.site.rules import read_number
from storage.admin.overviews import PollPage
from storage.errors import NotFound
from storage.polls import Tally

MOST_OPTIONS = 200


@dataclass(frozen=True, slots=True)
class PollObject:
    """A poll with its tally; `options` are labels by id."""

    poll_id: int
    question: str
    options: Mapping[str, str]
    stats: Mapping[str, int]
    total: int


class PollsQuery(Query):
    """Where to continue."""

    before: Before | None = None


class PollBody(Body):
    """A new poll: options as labels by id (1 to 32 of A-Z a-z 0-9 _ -).

    To a poll that exists already options are only added with `extend`.
    """

    poll_id: Annotated[int, Field(ge=1, le=LARGEST_ID)]
    question: Annotated[Text, Field(max_length=1000)] = ""
    options: Annotated[
        dict[str, Annotated[Text, Field(max_length=500)]], Field(min_length=1, max_length=MOST_OPTIONS)
    ]
    extend: bool = False


class PollsHandler(AdminHandler):
    """All polls."""

    @operation(query=PollsQuery, returns=PollPage)
    async def get(self, query: PollsQuery) -> PollPage:
        """List the polls with their totals, highest number first."""
        return await self.stores.overviews.polls(query.before, PAGE)

    @operation(body=PollBody, returns=PollObject, status=201)
    async def post(self, body: PollBody) -> PollObject:
        """Make a poll, or add options to one (scripts.create_poll)."""
        polls = self.stores.polls
        if not body.extend and await self.is_known(body.poll_id):
            raise Unwanted(f"there is a poll {body.poll_id} already; extend it, or take another number")
        tally = await polls.create(body.poll_id, body.options, body.question or None)
        self.tell("extended_poll" if body.extend else "made_poll", poll=body.poll_id, options=[*body.options])
        return await describe(self, tally)

    async def is_known(self, poll_id: int) -> bool:
        """Tell whether there is such a poll."""
        try:
            await self.stores.polls.words(poll_id)
        except NotFound:
            return False
        return True


class PollHandler(AdminHandler):
    """One poll."""

    @operation(returns=PollObject)
    async def get(self, number: str) -> PollObject:
        """Return a poll with its tally."""
        return await describe(self, await self.stores.polls.tally(read_number(number, "poll")))


async def describe(handler: AdminHandler, tally: Tally) -> PollObject:
    """Put a tally and the poll's words together."""
    words = await handler.stores.polls.words(tally.poll_id)
    return PollObject(tally.poll_id, words.question, words.options, tally.stats, tally.total)


ROUTES = (
    Route("/admin/api/polls", PollsHandler),
    Route("/admin/api/polls/{number}", PollHandler),
)
