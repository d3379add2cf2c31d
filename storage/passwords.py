"""Passwords: bcrypt for our own hashes, the forms that imports bring, never on the event loop."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import bcrypt

from storage.errors import Busy

LONGEST = 72  # bytes that bcrypt looks at
QUEUED_PER_WORKER = 16  # at cost 12 the last one waits 3-4 s; more would only time out
DEFAULT_ROUNDS = 1000  # of a Werkzeug hash that names none
MOST_ROUNDS = 10_000_000  # what a hash in an import may cost: seconds, not hours
NICENESS = 10

T = TypeVar("T")


class Passwords:
    """Hashes and verifies in a few threads; whoever finds their queue full is told to come back."""

    def __init__(self, rounds: int, workers: int) -> None:
        self._rounds = rounds
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="bcrypt", initializer=step_back)
        self._room = workers * (1 + QUEUED_PER_WORKER)
        self._taken = 0
        self._door = threading.Lock()

    async def hash(self, text: str) -> str:
        """Hash a password, trimmed; raises Busy when too many wait already."""
        return await self._run(lambda: make_hash(text, self._rounds))

    async def verify(self, text: str, stored: str) -> bool:
        """Tell whether the password fits the stored hash; one that can never match costs as much.

        Raises Busy when too many wait already.
        """
        return await self._run(lambda: matches(text, stored, self._rounds))

    @property
    def waiting(self) -> int:
        """Return how many wait for a hash, those included that are being made."""
        return self._taken

    def close(self) -> None:
        """Let the threads end; what waits is given up."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        with self._door:
            if self._taken >= self._room:
                raise Busy(retry_after=1)
            future = self._threads.submit(work)  # raises RuntimeError once closed
            self._taken += 1
        # Room is made when the thread is done with it, not when an impatient caller has gone.
        future.add_done_callback(self._leave)
        return await asyncio.wrap_future(future)

    def _leave(self, _: Future[T]) -> None:
        with self._door:
            self._taken -= 1


def step_back() -> None:
    """Let this thread yield to the event loop: one core may have to serve both, and a hash can wait."""
    if sys.platform == "linux":  # elsewhere it would be the whole process
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def can_match(stored: str | None) -> bool:
    """Tell whether any password at all can fit a stored value."""
    scheme = (stored or "").partition("$")[0].partition(":")[0]
    return bool(stored) and scheme in {"", "pbkdf2_sha256", "pbkdf2", "bcrypt_sha256", "bcrypt"}


def is_ours(stored: str) -> bool:
    """Tell whether a stored hash has the form that we make."""
    return stored.startswith("$")


def make_hash(text: str, rounds: int) -> str:
    """Hash a password as all dialects store it."""
    return bcrypt.hashpw(prepare(text), bcrypt.gensalt(rounds)).decode("ascii")


def prepare(text: str) -> bytes:
    """Return what bcrypt gets: the trimmed text, or a digest where it would look at the beginning only."""
    content = encode(text.strip())
    return content if len(content) <= LONGEST else base64.b64encode(hashlib.sha256(content).digest())


def encode(text: str) -> bytes:
    """Return the text as bytes, whatever is in it."""
    return text.encode("utf-8", "surrogatepass")


def matches(text: str, stored: str, rounds: int) -> bool:
    """Tell whether a password fits a stored hash; always costs about one hash of `rounds`."""
    try:
        match stored.partition("$")[0].partition(":")[0]:
            case "" if stored:
                return bcrypt.checkpw(prepare(text), stored.encode("ascii"))
            case "pbkdf2_sha256":
                return fits_django(text, stored)
            case "pbkdf2":
                return fits_werkzeug(text, stored)
            case "bcrypt_sha256" | "bcrypt":
                return fits_django_bcrypt(text, stored)
    except ValueError:
        pass  # cut short, or edited by hand
    # Nobody may learn from the clock whether an account exists or has a password.
    make_hash(text, rounds)
    return False


def spellings(text: str) -> set[str]:
    """Return the trimmed text and, for systems that did not trim, the text as it came."""
    return {text.strip(), text}


def fits_django(text: str, stored: str) -> bool:
    """Verify `pbkdf2_sha256$rounds$salt$base64`."""
    _, rounds, salt, digest = stored.split("$")
    expected = base64.b64decode(digest, validate=True)
    return derives(text, "sha256", salt, read_rounds(rounds), expected)


def fits_werkzeug(text: str, stored: str) -> bool:
    """Verify `pbkdf2:hash[:rounds]$salt$hex`."""
    method, salt, digest = stored.split("$")
    _, algorithm, *rounds = method.split(":")
    expected = binascii.unhexlify(digest)
    return derives(text, algorithm, salt, read_rounds(*rounds) if rounds else DEFAULT_ROUNDS, expected)


def fits_django_bcrypt(text: str, stored: str) -> bool:
    """Verify `bcrypt_sha256$` or `bcrypt$` before a bcrypt hash; the first one digests the text."""
    scheme, _, inner = stored.partition("$")
    digested = scheme == "bcrypt_sha256"
    forms = [encode(each) for each in spellings(text)]
    forms = [hashlib.sha256(each).hexdigest().encode() if digested else each[:LONGEST] for each in forms]
    return any(bcrypt.checkpw(each, inner.encode("ascii")) for each in forms)


def read_rounds(text: str) -> int:
    """Read a number of rounds; raises ValueError where it is none that can be meant."""
    rounds = int(text)
    if not 0 < rounds <= MOST_ROUNDS:
        raise ValueError("rounds")
    return rounds


def derives(text: str, algorithm: str, salt: str, rounds: int, expected: bytes) -> bool:
    """Tell whether PBKDF2 makes the expected digest of one of the spellings, in constant time."""
    if not expected:
        raise ValueError("digest")
    return any(
        hmac.compare_digest(
            hashlib.pbkdf2_hmac(algorithm, encode(each), encode(salt), rounds, len(expected)), expected
        )
        for each in spellings(text)
    )
