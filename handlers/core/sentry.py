"""Sends unexpected errors to Sentry: where they happened and which request's, nothing that people sent."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from settings import VERSION, Settings

if TYPE_CHECKING:
    from sentry_sdk.client import Client

LAST_WORDS = 2.0  # seconds that a stopping process gives to what isn't sent yet

log = logging.getLogger(__name__)


def warn_of_sentry(settings: Settings) -> None:
    """Say that a setting has no effect without the package."""
    if settings.sentry_dsn is not None and find_spec("sentry_sdk") is None:
        log.warning("SENTRY_DSN is set, but the package sentry-sdk is not installed: nothing goes to Sentry")


@contextmanager
def report_errors(settings: Settings) -> Iterator[None]:
    """Send what is logged as an exception, as long as the context lasts; what is under way goes out first."""
    if settings.sentry_dsn is None or find_spec("sentry_sdk") is None:
        yield
        return
    from sentry_sdk.client import Client

    client = Client(
        dsn=settings.sentry_dsn.get_secret_value(),
        environment=settings.sentry_environment,
        release=f"folkmoot@{VERSION}",
        default_integrations=False,  # they would change other libraries, and collect requests
        auto_session_tracking=False,
        enable_backpressure_handling=False,
        include_local_variables=False,
        max_breadcrumbs=0,
    )
    reporter = Reporter(client)
    logging.getLogger().addHandler(reporter)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(reporter)
        client.close(timeout=LAST_WORDS)


class Reporter(logging.Handler):
    """Hands logged exceptions to Sentry's client, whose own thread sends them."""

    def __init__(self, client: Client) -> None:
        super().__init__(logging.ERROR)
        self._client = client

    def emit(self, record: logging.LogRecord) -> None:
        """Send an exception; trouble with sending is nobody's business, least of all Sentry's."""
        error = record.exc_info[1] if record.exc_info else None
        if error is None or record.name.startswith("sentry_sdk"):
            return
        try:
            self._send(record, error)
        except Exception:
            self.handleError(record)

    def _send(self, record: logging.LogRecord, error: BaseException) -> None:
        """Hand over the exception's kind and place.

        Its text, and the log line's arguments, may repeat what people sent; the request's id finds them in
        this server's own log.
        """
        from sentry_sdk.utils import event_from_exception

        event, hint = event_from_exception(error, client_options=self._client.options)
        for each in event["exception"]["values"]:
            each["value"] = ""
        event["logger"] = record.name
        event["logentry"] = {"message": str(record.msg)}
        if (request := getattr(record, "request", None)) is not None:
            event["tags"] = {"request": request}
        self._client.capture_event(event, hint)
