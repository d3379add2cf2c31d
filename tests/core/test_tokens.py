"""Each token is good for one thing, for a while."""

from __future__ import annotations

import time

import jwt
import pytest

from handlers.core.tokens import BadToken, ExpiredToken, Signer

KEY = b"a key for tests only, 32 bytes or more"
NOW = 1_800_000_000.0
CLAIMS = {"token_type": "connection", "sub": "1", "exp": 4_000_000_000}


def test_a_token_is_read_back_until_its_last_second() -> None:
    clock = [NOW]
    signer = Signer(KEY, lambda: clock[0])
    token, ends = signer.sign("connection", "1", 600, gen=3)
    clock[0] = NOW + 599
    assert (signer.read("connection", token)["gen"], ends) == (3, NOW + 600)
    clock[0] = NOW + 600
    with pytest.raises(ExpiredToken):
        signer.read("connection", token)


@pytest.mark.parametrize("kind", ["access", "refresh", "flux_app", ""])
def test_a_token_of_another_kind_is_bad(kind: str) -> None:
    token, _ = Signer(KEY).sign(kind, "1", 600)
    with pytest.raises(BadToken):
        Signer(KEY).read("connection", token)


def forge(**changes: object) -> str:
    return jwt.encode({**CLAIMS, **changes}, KEY, algorithm="HS256")


@pytest.mark.parametrize(
    "token",
    [
        jwt.encode(CLAIMS, "", algorithm="none"),
        jwt.encode(CLAIMS, KEY * 2, algorithm="HS256"),
        jwt.encode(CLAIMS, KEY * 2, algorithm="HS512"),
        jwt.encode({"sub": "1", "token_type": "connection"}, KEY, algorithm="HS256"),
        forge(sub=1),
        forge(exp="soon"),
        forge(nbf=4_000_000_000),
        forge()[:-2],
        *("", ".", "..", "a.b.c", "é.é.é", "\ud800", "x" * 100_000),
    ],
)
def test_what_was_not_signed_here_is_bad(token: str) -> None:
    with pytest.raises(BadToken):
        Signer(KEY, time.time).read("connection", token)
