"""What handlers work with; put together by server.py, handed around by the application."""

from __future__ import annotations

from dataclasses import dataclass, field

from handlers.core.client import Addressing
from handlers.core.demo import Demo
from handlers.core.layer import LayerSeat
from handlers.core.pictures import Studio
from handlers.core.setting_values import RateLimit
from handlers.core.sms import SmsTransport
from handlers.core.tokens import Signer
from settings import Settings
from storage.passwords import Passwords
from storage.stores import Stores
from storage.tries import Tries, Window


def open_tries(settings: Settings, stores: Stores, passwords: Passwords) -> Tries:
    """Make what checks passwords within the limits of the settings."""

    def window(rate: RateLimit) -> Window:
        return Window(rate.calls * settings.rate_limit_scale, rate.seconds)

    return Tries(
        stores.database,
        passwords,
        stores.throttle,
        by_client=window(settings.signin_failures),
        by_address=window(settings.signin_failures_address),
    )


@dataclass(frozen=True)
class Services:
    """The parts that a handler may call; `demo` is there in demo mode alone."""

    settings: Settings
    stores: Stores
    addressing: Addressing
    signer: Signer
    layer: LayerSeat
    sms: SmsTransport
    passwords: Passwords
    tries: Tries
    studio: Studio = field(default_factory=Studio)
    demo: Demo | None = None
