"""Proving a phone number by SMS."""

from __future__ import annotations

import asyncio
import io
import re
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from handlers.core.sms import NotSent, SmsConsole, SmsGateway
from settings import Settings
from storage.database import Database
from storage.phones import Phones, make_code, normal_number
from storage.stores import Stores
from tests.flux.callers import Clock
from tests.flux.texting import (
    COMMIT,
    NONCE,
    NUMBER,
    VERIFY,
    Gateway,
    commit,
    is_refusal,
    other_than,
    prove,
    verify,
)
from tests.serving import Api


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    gateway = Gateway()
    yield gateway
    gateway.server.stop()
    await gateway.server.close_all_connections()


@pytest.fixture
def settings(settings: Settings, gateway: Gateway) -> Settings:
    """Give settings that lead to the gateway."""
    return settings.model_copy(update={"sms_url": SecretStr(gateway.url)})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def stores(stores: Stores, clock: Clock) -> Stores:
    """Give the stores, with a time that can be moved on."""
    stores.phones = Phones(stores.database, clock)
    return stores


# Numbers


@pytest.mark.parametrize(
    "typed",
    [
        "+61412345678",
        "0412345678",
        " 0412 345-678 ",
        "(04) 12.34.56.78",
        "0061412345678",
        "+610412345678",
        "+61000412345678",
        "0061 (0) 412 345 678",
    ],
)
def test_spellings_of_a_number_are_one(typed: str) -> None:
    assert normal_number(typed) == NUMBER


@pytest.mark.parametrize(("typed", "normal"), [("+1 234 567 8", "+12345678"), ("+" + "9" * 15,) * 2])
def test_numbers_of_8_to_15_digits_are_good(typed: str, normal: str) -> None:
    assert normal_number(typed) == normal


BAD_NUMBERS = ["", "+", "412345678", "+1234567", "+" + "9" * 16, "+0123456789", "04123456789", "04/12345678"]
BAD_NUMBERS += ["+6141234567x", "++61412345678", "+٦١٤١٢٣٤٥٦٧٨", "041234567"]


@pytest.mark.parametrize("typed", BAD_NUMBERS)
def test_anything_else_is_no_number(typed: str) -> None:
    with pytest.raises(ValueError, match="is not a phone number"):
        normal_number(typed)


# The code


async def test_a_commit_sends_one_code_to_the_normal_number(
    api: Api, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await commit(api, "0412 345 678")
    assert answer.status == 200
    assert answer.json == {"status": "okay"}
    assert [set(message) for message in gateway.sent] == [{"to", "body"}]
    assert gateway.sent[0]["to"] == NUMBER
    assert gateway.code not in caplog.text
    request = gateway.asked[0]
    assert request.method == "POST"
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["Authorization"].startswith("Basic ")


def test_codes_are_six_digits_with_their_zeros() -> None:
    codes = [make_code() for _ in range(2000)]
    assert all(re.fullmatch("[0-9]{6}", code) for code in codes)
    assert len(set(codes)) > 1900
    assert any(code.startswith("0") for code in codes)


async def test_a_code_with_leading_zeros_holds(database: Database) -> None:
    phones = Phones(database, random_code=lambda: "000042")
    assert await phones.expect(NUMBER, 60) == "000042"
    assert not await phones.verify(NUMBER, "42", NONCE, 5)
    assert await phones.verify(NUMBER, "000042", NONCE, 5)


@pytest.mark.parametrize("number", [None, 61412345678, "", "x", ["+61412345678"], {"$ne": ""}])
async def test_a_bad_number_is_400_and_nothing_is_sent(api: Api, gateway: Gateway, number: Any) -> None:
    for answer in (await commit(api, number), await verify(api, "123456", number=number)):
        assert answer.status == 400
        assert answer.json["error_args"][0].startswith("phone_number: ")
    assert (await api.post(COMMIT, {})).status == 400
    assert gateway.sent == []


@pytest.mark.parametrize("status", [302, 400, 500, 503])
async def test_a_gateway_that_refuses_is_502(api: Api, gateway: Gateway, status: int) -> None:
    gateway.status = status
    answer = await commit(api)
    assert answer.status == 502
    assert set(answer.json) == {"error", "error_args"}
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert len(gateway.sent) == 1
    assert gateway.code not in answer.text


async def test_a_gateway_that_is_away_is_502(
    api: Api, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    gateway.server.stop()
    assert (await commit(api)).status == 502
    assert "user:key" not in caplog.text


async def test_a_gateway_that_hangs_is_given_up(gateway: Gateway) -> None:
    gateway.status = 0
    with pytest.raises(NotSent):
        await SmsGateway(gateway.url, timeout=0.3).send(NUMBER, "hello")
    assert len(gateway.sent) == 1


async def test_any_2xx_of_the_gateway_is_good(api: Api, gateway: Gateway) -> None:
    gateway.status = 202
    assert (await commit(api)).status == 200


@pytest.mark.parametrize(
    "url",
    ["sms://u:secret@x", "http://", "https://u:secret@x:99999", "http://secret host/", "console:secret"],
)
def test_another_way_out_is_a_wrong_setting_and_not_repeated(url: str) -> None:
    with pytest.raises(ValidationError) as raised:
        Settings(_env_file=None, sms_url=SecretStr(url))
    assert [error["loc"] for error in raised.value.errors()] == [("sms_url",)]
    assert "secret" not in str(raised.value)


async def test_the_console_prints_the_message() -> None:
    output = io.StringIO()
    await SmsConsole(output).send(NUMBER, "Your code is 012345.")
    assert f"To: {NUMBER}\n\nYour code is 012345.\n" in output.getvalue()


# Limits


@pytest.mark.settings(rate_limit_scale=1)
async def test_a_number_gets_three_codes_however_it_is_spelt(api: Api, gateway: Gateway) -> None:
    spellings = ("0412345678", "+61412345678", "0061 412 345 678", "+61 0412345678")
    answers = [await commit(api, spelling) for spelling in spellings]
    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 600
    assert len(gateway.sent) == 3
    assert (await verify(api, gateway.code)).json == {"status": "okay"}  # the refused call voided nothing
    assert (await commit(api, "0498765432")).status == 200


@pytest.mark.settings(rate_limit_scale=1, flux_limit_sms_ip="2/3600")
async def test_a_client_gets_codes_for_so_many_numbers(api: Api, gateway: Gateway) -> None:
    statuses = [(await commit(api, f"041234567{n}")).status for n in range(4)]
    assert statuses == [200, 200, 429, 429]
    assert len(gateway.sent) == 2


# Guesses


async def test_the_right_code_is_accepted_and_may_be_repeated(api: Api, gateway: Gateway) -> None:
    await commit(api)
    assert (await verify(api, gateway.code, number="0412345678")).json == {"status": "okay"}
    assert (await verify(api, gateway.code)).json == {"status": "okay"}
    assert is_refusal(await verify(api, gateway.code, "another-nonce"))
    assert is_refusal(await verify(api, other_than(gateway.code)))


async def test_wrong_codes_and_numbers_without_a_code_are_refused(api: Api, gateway: Gateway) -> None:
    assert is_refusal(await verify(api, "123456"))
    await commit(api)
    for code in (other_than(gateway.code), "", gateway.code[:5], "$verify_code", "x" * 5000):
        assert is_refusal(await verify(api, code))


async def test_the_fifth_guess_may_be_right_and_the_sixth_is_too_late(api: Api, gateway: Gateway) -> None:
    for wrong, good in ((4, True), (5, False)):
        await commit(api)
        for _ in range(wrong):
            assert is_refusal(await verify(api, other_than(gateway.code)))
        assert is_refusal(await verify(api, gateway.code)) is not good


async def test_a_code_runs_out(api: Api, gateway: Gateway, clock: Clock) -> None:
    await commit(api)
    clock.ahead += 890
    assert (await verify(api, gateway.code)).json == {"status": "okay"}
    await commit(api)
    clock.ahead += 902
    assert is_refusal(await verify(api, gateway.code))


async def test_a_new_code_voids_the_older_one_and_its_proof(api: Api, gateway: Gateway) -> None:
    await prove(api, gateway)
    former = gateway.code
    while gateway.code == former:
        await commit(api)
    assert is_refusal(await verify(api, former))
    answer = await api.post(
        "/api/v0/register/initial_email",
        {"email": "a@example.com", "contact_number": NUMBER, "phone_verify_nonce": NONCE},
    )
    assert answer.status == 400


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("verify_code", 123456),
        ("verify_code", None),
        ("verify_code", {"$ne": ""}),
        ("verify_nonce", 12345678),
        ("verify_nonce", "x" * 7),
        ("verify_nonce", "x" * 129),
        ("verify_nonce", None),
    ],
)
async def test_fields_of_wrong_types_are_400_and_no_guess(
    api: Api, gateway: Gateway, field: str, value: Any
) -> None:
    await commit(api)
    good = {"phone_number": NUMBER, "verify_code": gateway.code, "verify_nonce": "x" * 128}
    for body in ({**good, field: value}, {name: good[name] for name in good if name != field}):
        answer = await api.post(VERIFY, body)
        assert answer.status == 400
        assert answer.json["error_args"][0].startswith(f"{field}: ")
    assert (await api.post(VERIFY, good)).json == {"status": "okay"}


async def test_parallel_guesses_get_no_more_than_five(api: Api, database: Database, gateway: Gateway) -> None:
    await commit(api)
    wrong = [verify(api, other_than(gateway.code), f"nonce-of-{n}") for n in range(40)]
    assert all(map(is_refusal, await asyncio.gather(*wrong)))
    stored = await database["sms_verifications"].find_one({"phone_number": NUMBER})
    assert stored is not None
    assert stored["attempts"] == 5
    assert is_refusal(await verify(api, gateway.code))


class Guesses(Phones):
    """Tells how many of many wrong guesses were compared with the code."""

    async def run(self, number: int) -> int:
        """Guess so many different codes at once; return how many were compared."""
        await self.expect(NUMBER, 60)
        await asyncio.gather(*(self.verify(NUMBER, f"{n:06}", NONCE, 5) for n in range(1, number + 1)))
        row = await self._verifications.find_one({"phone_number": NUMBER})
        assert row is not None
        return int(row["attempts"])


class CarelessGuesses(Guesses):
    """Looks first and counts then: the protection switched off."""

    async def verify(self, number: str, code: str, nonce: str, tries: int) -> bool:
        row = await self._verifications.find_one({"phone_number": number, "attempts": {"$lt": tries}})
        if row is None:
            return False
        await self._verifications.update_one({"_id": row["_id"]}, {"$inc": {"attempts": 1}})
        return bool(row["verify_code"] == code)


async def test_without_the_one_step_there_are_more_guesses(database: Database) -> None:
    assert await Guesses(database, random_code=lambda: "000000").run(40) == 5
    assert await CarelessGuesses(database, random_code=lambda: "000000").run(40) > 5


async def test_of_parallel_right_guesses_one_nonce_wins(api: Api, gateway: Gateway) -> None:
    await commit(api)
    answers = await asyncio.gather(*(verify(api, gateway.code, f"nonce-of-{n}") for n in range(20)))
    assert Counter(map(is_refusal, answers)) == {True: 19, False: 1}


async def test_parallel_commits_of_a_new_number_leave_one_document(api: Api, database: Database) -> None:
    answers = await asyncio.gather(*(commit(api) for _ in range(10)))
    assert {answer.status for answer in answers} == {200}
    assert await database["sms_verifications"].count_documents({}) == 1
