"""Reads the mails that the server of a test has sent."""

from __future__ import annotations

import asyncio
import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from handlers.core.mail import KIND
from storage.jobs import Jobs

LONGEST_WAIT = 10  # seconds


class Mailbox:
    """The folder that mails are written to, and the queue that they wait in."""

    def __init__(self, folder: Path, jobs: Jobs) -> None:
        self._folder = folder
        self._jobs = jobs

    async def open(self) -> list[EmailMessage]:
        """Wait until no mail is queued any more; return all that were sent, oldest first."""
        async with asyncio.timeout(LONGEST_WAIT):
            while await self._jobs.left([KIND]):  # noqa: ASYNC110  another process may be who sends
                await asyncio.sleep(0.02)
        return [read(path) for path in sorted(self._folder.glob("*.eml"))]

    async def to(self, address: str) -> list[EmailMessage]:
        """Return the mails to one address, oldest first."""
        return [mail for mail in await self.open() if mail["To"] == address]


def read(path: Path) -> EmailMessage:
    """Read one mail."""
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def text_of(mail: EmailMessage) -> str:
    """Return the text part."""
    part = mail.get_body(("plain",))
    assert part is not None
    content: str = part.get_content()
    return content


def proof_token(mail: EmailMessage) -> str:
    """Return the token of the link that proves an address."""
    found = re.search(r"/api/v0/validate_email/([0-9a-f]{40})\b", text_of(mail))
    assert found is not None, text_of(mail)
    return found[1]
