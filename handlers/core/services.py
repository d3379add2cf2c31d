"""What handlers work with; put together by server.py, handed around by the application."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.core.client import Addressing
from handlers.core.sms import SmsTransport
from handlers.core.tokens import Signer
from settings import Settings
from storage.passwords import Passwords
from storage.stores import Stores
from storage.tries import Tries


@dataclass(frozen=True)
class Services:
    """The parts that a handler may call."""

    settings: Settings
    stores: Stores
    addressing: Addressing
    signer: Signer
    sms: SmsTransport
    passwords: Passwords
    tries: Tries
