"""Polls: casting a vote, reading the tally."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.core.dialect import Route
from handlers.core.operation import Limit, operation
from handlers.flux.messages import TallyMessage
from handlers.flux.rules import MEMBER, FluxHandler
from handlers.flux.schemas import PollQuery, VoteBody
from storage.polls import Tally

BY_MEMBER = Limit("flux_limit_vote", lambda handler: str(handler.member.oid))  # type: ignore[attr-defined]


def tally_object(tally: Tally) -> TallyMessage:
    """Return the tally as it is shown and pushed; every option is there, zeros included."""
    return {
        "_id": tally.id,
        "poll_id": tally.poll_id,
        "stats": tally.stats,
        "total": tally.total,
        "version": tally.version,
    }


@dataclass(frozen=True)
class VoteAnswer:
    """What a voter gets back."""

    status: str
    poll_id: int
    option_id: str
    previous_option_id: str | None
    stats: dict[str, int]


class CastVoteHandler(FluxHandler):
    """One member, one vote; the last one counts."""

    @operation(body=VoteBody, access=MEMBER, limits=(BY_MEMBER,), returns=VoteAnswer)
    async def post(self, body: VoteBody) -> VoteAnswer:
        """Cast a vote, or replace the earlier one."""
        cast = await self.stores.polls.cast(body.poll_id, self.member.oid, body.option_id)
        return VoteAnswer("okay", body.poll_id, body.option_id, cast.previous, dict(cast.tally.stats))


class PollInfoHandler(FluxHandler):
    """The tally of a poll."""

    @operation(query=PollQuery, returns=TallyMessage)
    async def get(self, query: PollQuery) -> TallyMessage:
        """Return the tally, which always equals the votes."""
        return tally_object(await self.stores.polls.tally(query.poll_id))


ROUTES = (
    Route("/api/v0/iiccot/cast_vote", CastVoteHandler),
    Route("/api/v0/iiccot/getinfo", PollInfoHandler),
)
