"""What the community pushes: its news and its top list; and the credentials that open the hub."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

from handlers.core.cookies import COOKIE, LONGEST_COOKIE, find_signed_in
from handlers.core.declaration import Credential
from handlers.core.live import Live, Reaction
from handlers.core.services import Services
from handlers.core.streams import OutboxChannels
from handlers.pybossa.messages import LEADERBOARD, UPDATES, Leader, LeaderboardMessage
from realtime.channels import Change, Identity, State
from realtime.codes import CloseCode, Disconnect
from storage.extended_json import dumps
from storage.pybossa.community import API_KEY
from storage.pybossa.feed import CHANNEL
from storage.pybossa.ranking import BOARD, Board, Ranking
from storage.pybossa.repaint import Repaint
from storage.revocations import name_credential

LONGEST_KEY = 200


class UpdateChannel(OutboxChannels):
    """`feed:updates`: what is new, for everyone."""

    name, boundary = CHANNEL, ""
    declarations = (UPDATES,)

    async def authorise(self, who: Identity, key: str) -> None:
        """Let everyone in."""

    async def listed(self, who: Identity) -> Sequence[str]:
        """Name the one channel."""
        return [self.name]


class LeaderboardChannel:
    """`feed:leaderboard`: the top list without anybody's own row, for everyone."""

    name, boundary = "feed:leaderboard", ""
    declarations = (LEADERBOARD,)
    collections = frozenset({BOARD})

    def __init__(self, ranking: Ranking, size: int) -> None:
        self._ranking = ranking
        self._size = size

    async def authorise(self, who: Identity, key: str) -> None:
        """Let everyone in."""

    async def read(self, key: str) -> State | None:
        """Read the top list."""
        board = await self._ranking.board()
        return self._state(board) if board is not None else None

    def project(self, change: Change) -> Iterable[tuple[str, State | None]]:
        """Turn a changed top list into a state."""
        if change.document is not None and change.document["name"] == BOARD:
            yield "", self._state(Board.of(change.document))

    async def listed(self, who: Identity) -> Sequence[str]:
        """Name the one channel."""
        return [self.name]

    def _state(self, board: Board) -> State:
        told = LeaderboardMessage(top_users=cast("Sequence[Leader]", board.users[: self._size]))
        return State(str(board.id), board.version, dumps(told))


def describe_live(services: Services) -> Live:
    """Put together the channels and the credential `ApiKey <key>`."""
    stores = services.stores

    async def identify(key: str) -> Identity:
        user = await stores.pybossa.by_api_key(key) if 1 <= len(key) <= LONGEST_KEY else None
        if user is None:
            raise Disconnect(CloseCode.INVALID_TOKEN)
        return Identity(str(user.id), name_credential(API_KEY, key), None, user.generation)

    async def recognise(cookie: str) -> Identity | None:
        found = await find_signed_in(stores, cookie) if len(cookie) <= LONGEST_COOKIE else None
        if found is None:
            return None
        return Identity(str(found.user.id), found.visit.credential, None, found.user.generation)

    repaint = Repaint(stores.ranking)
    return Live(
        namespaces=(
            UpdateChannel(stores.outbox),
            LeaderboardChannel(stores.ranking, services.settings.leaderboard),
        ),
        schemes={API_KEY: identify},
        reactions=(Reaction(("users",), repaint.note),),
        tasks=(repaint.run,),
        cookies={COOKIE: recognise},
        credentials=(
            Credential("pybossa", "ApiKey <key>", "The key on somebody's own PyBossa page."),
            Credential(
                "session", COOKIE, "PyBossa's session cookie, on this server's own pages.", cookie=True
            ),
        ),
    )
