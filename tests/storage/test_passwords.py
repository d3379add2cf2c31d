"""Password hashes: our own, imported ones, and those that never match."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import threading
from collections.abc import Iterator

import bcrypt
import pytest

from storage import passwords as module
from storage.errors import Busy
from storage.passwords import QUEUED_PER_WORKER, Passwords


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    made = Passwords(rounds=4, workers=2)
    yield made
    made.close()


def django(text: str, rounds: int = 1000) -> str:
    """Hash as Django does."""
    digest = hashlib.pbkdf2_hmac("sha256", text.encode(), b"salt", rounds)
    return f"pbkdf2_sha256${rounds}$salt${base64.b64encode(digest).decode()}"


def werkzeug(text: str, method: str = "pbkdf2:sha1:1000") -> str:
    """Hash as PyBossa does."""
    _, algorithm, *rounds = method.split(":")
    digest = hashlib.pbkdf2_hmac(algorithm, text.encode(), b"salt", int((*rounds, "1000")[0]))
    return f"{method}$salt${digest.hex()}"


@pytest.mark.parametrize("text", ["secret", "é" * 36, "x" * 72, "x" * 73, "é" * 500, "a\0b", "\ud800"])
async def test_a_password_fits_its_own_hash_only(passwords: Passwords, text: str) -> None:
    """Short or long, a password is verified, and another one refused."""
    stored = await passwords.hash(text)
    assert stored.startswith("$2b$04$")
    assert await passwords.verify(text, stored)
    assert not await passwords.verify(text + "!", stored)


async def test_blanks_around_do_not_count(passwords: Passwords) -> None:
    """Passwords are trimmed when they are set and when they are checked."""
    assert await passwords.verify(" secret\n", await passwords.hash("\tsecret "))


@pytest.mark.parametrize(
    "stored",
    [
        django("secret"),
        werkzeug("secret"),
        werkzeug("secret", "pbkdf2:sha256:2000"),
        werkzeug("secret", "pbkdf2:sha256"),
        "bcrypt$" + bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode(),
        "bcrypt_sha256$"
        + bcrypt.hashpw(hashlib.sha256(b"secret").hexdigest().encode(), bcrypt.gensalt(4)).decode(),
    ],
    ids=lambda stored: stored.partition("$")[0],  # a random salt in an id confuses parallel runs
)
async def test_imported_hashes_fit(passwords: Passwords, stored: str) -> None:
    """The hashes of the systems that people come from stay good."""
    assert await passwords.verify("secret", stored)
    assert await passwords.verify(" secret ", stored)
    assert not await passwords.verify("Secret", stored)


@pytest.mark.parametrize("stored", [django(" secret"), werkzeug(" secret")])
async def test_imported_hashes_may_be_of_untrimmed_text(passwords: Passwords, stored: str) -> None:
    """A system that did not trim hashed the blank, too."""
    assert await passwords.verify(" secret", stored)
    assert not await passwords.verify("secret", stored)


NEVER = [
    *("", "!", "!abc", "a" * 40, "0" * 64, "plain", "$2b$04$short", "$2b$99$" + "a" * 53),
    *("pbkdf2_sha256$x$salt$aaaa", "pbkdf2_sha256$1000$salt$", "pbkdf2_sha256$999999999999$s$aaaa"),
    *("pbkdf2_sha256$1000$salt", "pbkdf2:none:1000$salt$00", "pbkdf2:sha1:1000$salt$zz", "pbkdf2$s$00"),
    *("bcrypt$nothing", "bcrypt_sha256$", "scrypt:1:2:3$salt$00", "argon2$é"),
]


@pytest.mark.parametrize("stored", NEVER)
async def test_what_can_never_match_costs_as_much(
    passwords: Passwords, monkeypatch: pytest.MonkeyPatch, stored: str
) -> None:
    """The clock does not tell an account without a usable password from one with."""
    costs: list[int] = []

    def counted(text: str, rounds: int) -> str:
        costs.append(rounds)
        return ""

    monkeypatch.setattr(module, "make_hash", counted)
    assert not await passwords.verify("a" * 40, stored)
    assert costs == [4]


async def test_a_full_queue_says_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """When all threads and places are taken the next one is refused at once; later there is room again."""
    go = threading.Event()
    monkeypatch.setattr(module, "make_hash", lambda text, rounds: str(go.wait(20)))
    passwords = Passwords(rounds=4, workers=1)
    waiting = [asyncio.create_task(passwords.hash("x")) for _ in range(1 + QUEUED_PER_WORKER)]
    await asyncio.sleep(0)
    with pytest.raises(Busy) as refused:
        await passwords.hash("x")
    assert refused.value.retry_after == 1
    waiting[-1].cancel()
    go.set()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert await passwords.hash("x") == "True"
    passwords.close()


async def test_the_loop_goes_on_meanwhile() -> None:
    """Hashing leaves the event loop free."""
    passwords = Passwords(rounds=10, workers=1)
    hashing = asyncio.create_task(passwords.hash("x"))
    turns = 0
    while not hashing.done():
        await asyncio.sleep(0.001)
        turns += 1
    assert turns > 5
    passwords.close()
