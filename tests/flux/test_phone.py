"""Proving a phone number by SMS, and registering with the proof."""

from __future__ import annotations

import asyncio
import io
import json
import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from pydantic import SecretStr
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPServerRequest, ResponseStartLine
from tornado.netutil import bind_sockets

from handlers.core.sms import NotSent, SmsConsole, SmsGateway
from settings import Settings
from storage.database import Database
from storage.driver import Document, ObjectId, Session
from storage.phones import Phones, make_code, normal_number
from storage.stores import Stores
from tests.serving import Answer, Api

COMMIT, VERIFY = "/api/v1/app_rego/phone_commit", "/api/v1/app_rego/phone_verify"
NUMBER, NONCE = "+61412345678", "nonce-of-8"


class Clock:
    """The time, and as much more of it as a test adds."""

    ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


class Gateway:
    """An SMS service that keeps what it is sent, and answers with a status, or not at all for 0."""

    def __init__(self) -> None:
        self.status = 200
        self.sent: list[dict[str, str]] = []
        self.asked: list[HTTPServerRequest] = []
        sockets = bind_sockets(0, "127.0.0.1")
        self.url = f"http://user:key@127.0.0.1:{sockets[0].getsockname()[1]}/sms"
        self.server = HTTPServer(self.take)
        self.server.add_sockets(sockets)

    def take(self, request: HTTPServerRequest) -> None:
        """Keep a message."""
        self.asked.append(request)
        self.sent.append(json.loads(request.body))
        if self.status and request.connection is not None:
            start = ResponseStartLine("HTTP/1.1", self.status, "Whatever")
            request.connection.write_headers(start, headers=type(request.headers)({"Content-Length": "0"}))
            request.connection.finish()

    @property
    def code(self) -> str:
        """Return the code of the newest message."""
        codes = re.findall(r"(?<![0-9])[0-9]{6}(?![0-9])", self.sent[-1]["body"])
        assert len(codes) == 1
        return str(codes[0])


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
    return replace(stores, phones=Phones(stores.database, clock))


async def commit(api: Api, number: Any = NUMBER) -> Answer:
    return await api.post(COMMIT, {"phone_number": number})


async def verify(api: Api, code: Any, nonce: Any = NONCE, number: Any = NUMBER) -> Answer:
    return await api.post(VERIFY, {"phone_number": number, "verify_code": code, "verify_nonce": nonce})


async def prove(api: Api, gateway: Gateway, nonce: str = NONCE) -> None:
    """Prove the number."""
    assert (await commit(api)).json == {"status": "okay"}
    assert (await verify(api, gateway.code, nonce)).json == {"status": "okay"}


def other_than(code: str) -> str:
    """Return a wrong code."""
    return f"{(int(code) + 1) % 1_000_000:06}"


def is_refusal(answer: Answer) -> bool:
    """Tell whether it is the 200 that says no."""
    return answer.status == 200 and set(answer.json) == {"error"} and bool(answer.json["error"])


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


# Registration


async def register(api: Api, email: str = "ann@example.com", **fields: Any) -> Answer:
    body = {"email": email, "contact_number": "0412 345 678", "phone_verify_nonce": NONCE, **fields}
    return await api.post("/api/v0/register/initial_email", body)


async def test_a_proven_number_is_verified_once(api: Api, gateway: Gateway, database: Database) -> None:
    await prove(api, gateway)
    answer = await register(api)
    assert answer.status == 200
    assert answer.json["phone_verified"] is True
    assert answer.json["contact_number"] == "0412 345 678"
    assert "phone_verify_nonce" not in answer.json
    stored = await database["sms_verifications"].find_one({"phone_number": NUMBER})
    assert stored is not None
    assert str(stored["used_by"]) == answer.json["_id"]["$oid"]
    assert (await register(api, "bea@example.com")).status == 400


async def test_all_at_once_takes_the_nonce_too(api: Api, gateway: Gateway) -> None:
    await prove(api, gateway)
    body = {"email": "a@example.com", "name": "Ann", "contact_number": NUMBER, "phone_verify_nonce": NONCE}
    answer = await api.post("/register/all_at_once", body)
    assert answer.json["phone_verified"] is True


async def test_without_a_nonce_nothing_is_verified(api: Api, gateway: Gateway) -> None:
    await prove(api, gateway)
    member = await api.register("a@example.com", contact_number=NUMBER, phone_verified=True)
    assert member["phone_verified"] is False
    assert (await register(api)).json["phone_verified"] is True


@pytest.mark.parametrize(
    "fields",
    [
        {"phone_verify_nonce": "another-nonce"},
        {"phone_verify_nonce": ""},
        {"phone_verify_nonce": None},
        {"phone_verify_nonce": 5},
        {"phone_verify_nonce": {"$ne": ""}},
        {"contact_number": "0498765432"},
        {"contact_number": ""},
        {"contact_number": "1"},
    ],
    ids=str,
)
async def test_a_nonce_that_does_not_hold_makes_nobody(
    api: Api, gateway: Gateway, database: Database, fields: dict[str, Any]
) -> None:
    await prove(api, gateway)
    answer = await register(api, **fields)
    assert answer.status == 400
    assert answer.json["error_args"][0].startswith("phone_verify_nonce: ")
    for name in ("users", "email_addresses", "email_validation", "notify_queue", "jobs"):
        assert await database[name].count_documents({}) == 0
    assert (await register(api)).status == 200


async def test_a_code_that_was_only_sent_proves_nothing(api: Api) -> None:
    await commit(api)
    assert (await register(api)).status == 400


async def test_a_proof_runs_out(api: Api, gateway: Gateway, clock: Clock) -> None:
    await prove(api, gateway)
    clock.ahead += 3601
    assert (await register(api)).status == 400
    await prove(api, gateway)
    clock.ahead += 3590
    assert (await register(api)).status == 200


async def test_a_refused_registration_leaves_the_proof(api: Api, gateway: Gateway) -> None:
    await api.register("ann@example.com")
    await prove(api, gateway)
    assert (await register(api)).status == 409
    assert (await register(api, "bea@example.com")).json["phone_verified"] is True


async def test_of_parallel_registrations_one_uses_the_proof(
    api: Api, gateway: Gateway, database: Database
) -> None:
    await prove(api, gateway)
    answers = await asyncio.gather(*(register(api, f"m{n}@example.com") for n in range(12)))
    assert Counter(answer.status for answer in answers) == {200: 1, 400: 11}
    assert await database["users"].count_documents({}) == 1
    assert await database["email_addresses"].count_documents({}) == 1


class CarelessClaims(Phones):
    """Looks first and marks then, outside the transaction: the protection switched off."""

    async def claim(
        self, number: str, nonce: str, lifetime: int, user: ObjectId, session: Session | None
    ) -> None:
        proof: Document = {"phone_number": number, "verify_nonce": nonce, "used_by": None}
        row = await self._verifications.find_one(proof)
        assert row is not None
        await self._verifications.update_one({"_id": row["_id"]}, {"$set": {"used_by": user}})


async def test_without_the_one_step_several_would(stores: Stores, database: Database) -> None:
    phones = CarelessClaims(database)
    await phones.verify(NUMBER, await phones.expect(NUMBER, 60), NONCE, 5)
    claim = partial(phones.claim, NUMBER, NONCE, 3600)
    made = await asyncio.gather(
        *(
            stores.accounts.register(f"m{n}@example.com", {}, ip=None, mails=lambda _: (), claim=claim)
            for n in range(12)
        ),
        return_exceptions=True,
    )
    assert sum(not isinstance(each, BaseException) for each in made) > 1
