"""What the site's calls take and answer, as documents show it; nothing is checked by it."""

from __future__ import annotations

from pydantic import BaseModel, Field


class Failure(BaseModel):
    """What is wrong."""

    error: str


class Unfit(Failure):
    """What is wrong, by field where fields are."""

    fields: dict[str, str] = Field(default={}, description="Reasons by the names of fields.")


class Health(BaseModel):
    """Whether the database answers."""

    status: str


class PollWords(BaseModel):
    """What a poll asks."""

    question: str
    options: dict[str, str] = Field(description="Labels by the options' ids.")


class ConnectionToken(BaseModel):
    """A token that opens the hub."""

    token: str
    expires_at: int = Field(description="Unix seconds.")


class Nonce(BaseModel):
    """A nonce that is good for ten minutes and once."""

    nonce: str


class IdentityToken(BaseModel):
    """A token that Know Me's /auth/layer/ signed."""

    identity_token: str
    app_id: str = ""


class SessionToken(BaseModel):
    """A token that opens the hub."""

    session_token: str


class ConnectRequest(BaseModel):
    """A connect request of the hub's protocol; `subs` names the channels."""

    token: str = ""
    subs: dict[str, dict[str, object]] = {}


class EventsQuery(BaseModel):
    """Whom to stream to."""

    cf_connect: str = Field(description="A connect request as JSON.", examples=['{"subs":{"polls:1":{}}}'])
