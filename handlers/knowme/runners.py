"""The jobs that are Know Me's own."""

from __future__ import annotations

from collections.abc import Mapping

from handlers.core import mailing_list
from handlers.core.worker import Runner
from handlers.knowme import passwords
from handlers.knowme.mailchimp import MailingList, Synchroniser
from handlers.knowme.passwords import ResetOrders
from settings import Settings
from storage.stores import Stores


def make_runners(settings: Settings, stores: Stores) -> Mapping[str, Runner]:
    """Return who does which kind of job."""
    return {
        passwords.KIND: ResetOrders(settings, stores.resets).run,
        mailing_list.KIND: Synchroniser(MailingList(settings), stores).run,
    }
