"""Rate limits that dialects share, because what they limit is the same."""

from __future__ import annotations

from handlers.core.operation import Limit

REGISTRATIONS = Limit("registrations_per_client", lambda handler: handler.client)
