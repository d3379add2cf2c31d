"""Credentials of the hub: dialects that read the same word of a header, one after the other."""

from __future__ import annotations

import pytest

from handlers.core.gate import Gate
from handlers.core.live import Authenticator, Live
from handlers.core.tokens import BadToken, ExpiredToken, Signer
from realtime.channels import Identity
from realtime.codes import CloseCode, Disconnect, ErrorCode, Refusal
from realtime.connection import Credentials
from storage.stores import Stores

KEY = b"a key for tests only, 32 bytes or more"


def reader(user: str, *known: str, broken: Exception | None = None) -> Authenticator:
    """Make what knows some credentials; what begins with `my` it should know, but `broken` is in the way."""

    async def read(shown: str) -> Identity | None:
        if shown.startswith("my") and broken is not None:
            raise broken
        return Identity(user) if shown in known else None

    return read


def make_gate(stores: Stores, *lives: Live) -> Gate:
    return Gate(stores.accounts, stores.revocations, Signer(KEY), lives)


async def test_the_first_that_knows_a_credential_decides(stores: Stores) -> None:
    gate = make_gate(
        stores,
        Live(schemes={"key": reader("1", "a"), "bearer": reader("1", "a", "both")}),
        Live(schemes={"bearer": reader("2", "b", "both")}),
    )
    shown = ["Key a", "Bearer a", "BEARER  b ", "bearer both"]
    assert [(await gate.identify(each)).user for each in shown] == ["1", "1", "2", "1"]


@pytest.mark.parametrize("shown", ["Bearer c", "Key b", "Digest a", "a", "Bearer", "Bearer a b"])
async def test_what_nobody_knows_closes(stores: Stores, shown: str) -> None:
    live = Live(schemes={"key": reader("1", "a"), "bearer": reader("1", "a")})
    with pytest.raises(Disconnect) as closed:
        await make_gate(stores, live, Live(schemes={"bearer": reader("2", "b")})).identify(shown)
    assert closed.value.code == CloseCode.INVALID_TOKEN


@pytest.mark.parametrize("word", ["Bearer ", ""])
async def test_a_reader_says_what_is_wrong_with_its_own(stores: Stores, word: str) -> None:
    """The same token tells the same, bare or behind a word; another dialect before it knows it not."""

    def lives(broken: Exception) -> list[Live]:
        other, own = reader("1", "a"), reader("2", "b", broken=broken)
        return [
            Live(schemes={"bearer": other}, tokens=(other,)),
            Live(schemes={"bearer": own}, tokens=(own,)),
        ]

    with pytest.raises(Refusal) as expired:
        await make_gate(stores, *lives(ExpiredToken())).admit(Credentials(token=f"{word}my.own"))
    assert expired.value.code == ErrorCode.TOKEN_EXPIRED
    with pytest.raises(Disconnect):
        await make_gate(stores, *lives(BadToken())).admit(Credentials(token=f"{word}my.own"))
