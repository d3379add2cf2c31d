"""What the community's channels carry: entries of the update feed, the top list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from handlers.core.declaration import Declaration

Info = Annotated[dict[str, Any], Field(description="What is public of it, such as the avatar.")]
Happened = Annotated[float, Field(description="Unix seconds.")]
Nothing = Annotated[None, Field(description="Nothing in this place.")]


class Person(TypedDict):
    """Somebody, as every list shows them."""

    created: str
    fullname: str
    info: Info
    locale: str
    name: str
    registered_ago: Nothing
    task_runs: Nothing


class UserEntry(Person):
    """Somebody joined."""

    action_updated: Literal["User"]
    rank: Nothing
    score: Nothing
    updated: Happened


class ContributionEntry(Person):
    """Somebody solved a task."""

    action_updated: Literal["UserContribution"]
    rank: Nothing
    score: Nothing
    project_id: int
    project_name: str
    project_short_name: str
    category_id: int | None
    updated: Happened


class ProjectEntry(TypedDict):
    """A project was made, got a task, or had one completed."""

    action_updated: Literal["Project", "Task", "TaskCompleted"]
    id: int
    name: str
    short_name: str
    info: Info
    updated: Happened


class Leader(Person):
    """Somebody on the top list."""

    rank: Annotated[int, Field(ge=1)]
    score: Annotated[int, Field(ge=0)]


class LeaderboardMessage(TypedDict):
    """The top list, best first; nobody's own row."""

    top_users: Sequence[Leader]


ANN: Mapping[str, Any] = {
    "created": "2026-05-02T08:11:00.250000",
    "fullname": "Ann Lee",
    "info": {},
    "locale": "en",
    "name": "ann",
    "registered_ago": None,
    "task_runs": None,
}
RUN: Mapping[str, Any] = {
    "action_updated": "UserContribution",
    **ANN,
    "rank": None,
    "score": None,
    "project_id": 3,
    "project_name": "Rivers",
    "project_short_name": "rivers",
    "category_id": 1,
    "updated": 1777915812.25,
}
COMPLETED = ProjectEntry(
    action_updated="TaskCompleted", id=3, name="Rivers", short_name="rivers", info={}, updated=1777915812.25
)

UPDATES = Declaration(
    "updates",
    "feed:updates",
    "Update feed",
    "Every new entry of the community's update feed.",
    "everyone",
    UserEntry | ContributionEntry | ProjectEntry,
    (RUN, COMPLETED),
    withdraws=True,
)
LEADERBOARD = Declaration(
    "leaderboard",
    "feed:leaderboard",
    "Top list",
    "The first people by rank, whenever somebody's place on the list changes.",
    "everyone",
    LeaderboardMessage,
    ({"top_users": [{**ANN, "rank": 1, "score": 128}]},),
)
