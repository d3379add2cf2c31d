"""The phone bank: whom it hands out, to how many, and what reports do."""

from __future__ import annotations

from typing import Any

import pytest

from storage.calls import Calls
from storage.stores import Stores
from tests.flux.callers import LEASE, NEXT, REPORT, WEEK, Bank, Clock
from tests.serving import Api


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def stores(stores: Stores, clock: Clock) -> Stores:
    """Give the stores, with a phone bank whose time can be moved on."""
    stores.calls = Calls(stores.database, stores.counters, clock)
    return stores


@pytest.fixture
async def bank(api: Api, stores: Stores) -> Bank:
    bank = Bank(api, stores)
    bank.caller = await bank.hire("caller@example.com")
    return bank


async def test_a_caller_gets_name_number_postcode_and_nothing_else(bank: Bank) -> None:
    await bank.add("Ann", sname="Example", name="Ann Example", addr_postcode="0800")
    answer = await bank.ask()
    assert answer.status == 200
    assert answer.json == {
        "name": "Ann Example",
        "contact_number": "0400000003",
        "postcode": 800,
        "call_log": [],
        "call_id": answer.json["call_id"],
    }
    assert type(answer.json["call_id"]) is int
    assert answer.json["call_id"] >= 100_000_001


async def test_the_first_call_has_the_first_number(bank: Bank) -> None:
    await bank.stores.database["counters"].delete_one({"_id": "call_log"})
    await bank.add("Ann")
    assert (await bank.ask()).json["call_id"] == 100_000_001


@pytest.mark.parametrize(
    ("fields", "postcode"),
    [
        ({}, None),
        ({"addr_postcode": "7000"}, 7000),
        ({"address": "1 High St; Hobart; 7004; au"}, 7004),
        ({"addr_postcode": "SW1A 1AA"}, None),
        ({"addr_postcode": "²"}, None),
    ],
)
async def test_the_postcode_is_a_number_or_null(
    bank: Bank, fields: dict[str, str], postcode: int | None
) -> None:
    await bank.add("Ann", **fields)
    assert (await bank.ask()).json["postcode"] == postcode


async def test_a_name_that_is_missing_is_joined_from_its_parts(bank: Bank) -> None:
    await bank.add("Ann", name="", mnames="B.", sname="Example")
    assert await bank.name() == "Ann B. Example"


async def test_only_the_phone_bank_and_admins_may_call(bank: Bank) -> None:
    await bank.add("Ann")
    nobody = await bank.api.register("nobody@example.com")
    for call in (bank.ask(nobody), bank.report(1, nobody)):
        answer = await call
        assert answer.status == 403
        assert answer.json["error"] == "insufficient permissions"
    for secret in (None, "", 1, {"$ne": ""}, "0" * 40):
        answer = await bank.api.post(NEXT, {"s": secret})
        assert (answer.status, answer.json["error"]) == (403, "auth failed")
    admin = await bank.hire("admin@example.com", "admin")
    assert (await bank.ask(admin)).status == 200


@pytest.mark.parametrize(
    "fields",
    [{"is_active": False}, {"contact_number": ""}, {"do_not_call": True}],
    ids=lambda fields: next(iter(fields)),
)
async def test_who_cannot_or_will_not_be_called_is_left_out(bank: Bank, fields: dict[str, Any]) -> None:
    await bank.add("Ann", **fields)
    answer = await bank.ask()
    assert answer.status == 404
    assert set(answer.json) == {"error", "error_args"}


async def test_an_imported_empty_do_not_call_is_none(bank: Bank) -> None:
    await bank.add("Ann", do_not_call="")
    assert await bank.name() == "Ann"


async def test_nobody_is_told_to_call_oneself(bank: Bank) -> None:
    await bank.users.update_many({}, {"$set": {"contact_number": "0400000000"}})
    assert await bank.name() is None


async def test_a_state_in_any_case_narrows_the_search(bank: Bank) -> None:
    await bank.add("Vic", addr_state="vic")
    await bank.add("Tess", addr_state="tas")
    assert await bank.name(state="TaS") == "Tess"
    assert await bank.name(state="tas") is None
    assert await bank.name(state="vic") == "Vic"


@pytest.mark.parametrize("name", ["no_answered_call_since", "no_any_call_since"])
@pytest.mark.parametrize("value", [True, -1, 1.5, "1", None, [1], 2**63])
async def test_seconds_are_whole_numbers_from_0(bank: Bank, name: str, value: Any) -> None:
    await bank.add("Ann")
    answer = await bank.ask(**{name: value})
    assert answer.status == 400
    assert await bank.name(**{name: 2**63 - 1}) == "Ann"


@pytest.mark.parametrize("state", ["xx", "", 7, ["nsw"], {"$ne": ""}, "nostate", "weirdstate", None])
async def test_a_state_is_one_of_eight(bank: Bank, state: Any) -> None:
    await bank.add("Ann", addr_state="nostate")
    answer = await bank.ask(state=state)
    assert answer.status == 400
    assert answer.json["error_args"][0].startswith("state: ")


async def test_never_called_come_first_oldest_first_then_the_longest_ago_called(
    bank: Bank, clock: Clock
) -> None:
    now = clock()
    await bank.add("Recent", phone_bank={"last_call": now - 2 * WEEK})
    await bank.add("Young", timestamp=now - 10)
    await bank.add("Former", phone_bank={"last_call": now - 3 * WEEK})
    await bank.add("Old", timestamp=now - 20)
    assert [await bank.name() for _ in range(5)] == ["Old", "Young", "Former", "Recent", None]


async def test_asking_again_gives_another_and_the_first_stays_leased(bank: Bank) -> None:
    await bank.add("Ann", timestamp=1)
    await bank.add("Bea", timestamp=2)
    assert [await bank.name(no_any_call_since=0) for _ in range(3)] == ["Ann", "Bea", None]


async def test_a_lease_runs_out(bank: Bank, clock: Clock) -> None:
    await bank.add("Ann")
    assert await bank.name(no_any_call_since=0) == "Ann"
    clock.ahead += LEASE - 60
    assert await bank.name(no_any_call_since=0) is None
    clock.ahead += 61
    assert await bank.name() is None
    assert await bank.name(no_any_call_since=0) == "Ann"


async def test_a_report_ends_the_lease(bank: Bank) -> None:
    await bank.add("Ann")
    first = (await bank.ask()).json["call_id"]
    assert (await bank.report(first, answered=False)).json == {"status": "okay"}
    assert await bank.name() is None
    assert await bank.name(no_any_call_since=0) == "Ann"


async def test_a_late_report_leaves_the_lease_of_the_next_caller(bank: Bank, clock: Clock) -> None:
    await bank.add("Ann")
    first = (await bank.ask()).json["call_id"]
    clock.ahead += LEASE + 1
    assert await bank.name(no_any_call_since=0) == "Ann"
    await bank.report(first, answered=False)
    assert await bank.name(no_any_call_since=0) is None


async def test_an_answered_call_spares_for_as_long_as_asked(bank: Bank, clock: Clock) -> None:
    await bank.add("Ann")
    await bank.report((await bank.ask()).json["call_id"])
    assert await bank.name(no_any_call_since=0) is None
    assert await bank.name(no_any_call_since=0, no_answered_call_since=0) == "Ann"
    clock.ahead += WEEK + 1
    assert await bank.name() == "Ann"


async def test_a_corrected_report_takes_the_answer_back(bank: Bank) -> None:
    await bank.add("Ann")
    call = (await bank.ask()).json["call_id"]
    await bank.report(call, comment="talked", do_not_call=True)
    await bank.report(str(call), comment="$was another", answered=False)
    stored = await bank.stores.database["call_log"].find_one({"call_id": call})
    assert stored is not None
    assert (stored["answered"], stored["do_not_call"], stored["comment"]) == (False, False, "$was another")
    person = await bank.users.find_one({"fname": "Ann"})
    assert person is not None
    assert person["do_not_call"] is True  # false never clears it
    await bank.users.update_one({"fname": "Ann"}, {"$set": {"do_not_call": False}})
    assert await bank.name(no_any_call_since=0) == "Ann"


async def test_a_report_without_more_means_that_somebody_answered(bank: Bank) -> None:
    await bank.add("Ann")
    call = (await bank.ask()).json["call_id"]
    await bank.report(call)
    stored = await bank.stores.database["call_log"].find_one({"call_id": call})
    assert stored is not None
    assert stored["reported"] >= stored["handed_out"]
    assert (stored["answered"], stored["do_not_call"], stored["comment"]) == (True, False, "")


async def test_a_caller_sees_the_earlier_calls_newest_first(bank: Bank) -> None:
    await bank.add("Ann")
    first = (await bank.ask()).json["call_id"]
    await bank.report(first, answered=False, comment="not in")
    second = (await bank.ask(no_any_call_since=0)).json["call_id"]
    await bank.report(second, answered=False)
    log = (await bank.ask(no_any_call_since=0)).json["call_log"]
    assert [line["call_id"] for line in log] == [second, first]
    assert log[1] == {
        "call_id": first,
        "caller_id": bank.caller["_id"],
        "handed_out": log[1]["handed_out"],
        "reported": log[1]["reported"],
        "answered": False,
        "do_not_call": False,
        "comment": "not in",
    }
    assert type(log[1]["handed_out"]) is type(log[1]["reported"]) is int


async def test_of_many_calls_the_newest_fifty_are_shown(bank: Bank) -> None:
    await bank.add("Ann")
    ann = await bank.users.find_one({"fname": "Ann"})
    assert ann is not None
    rows = [{"call_id": n, "user_id": ann["_id"], "caller_id": None, "handed_out": n} for n in range(60)]
    await bank.stores.database["call_log"].insert_many(rows)
    log = (await bank.ask()).json["call_log"]
    assert [line["call_id"] for line in log] == list(range(59, 9, -1))


async def test_calls_of_others_are_an_admins_to_report(bank: Bank) -> None:
    await bank.add("Ann")
    call = (await bank.ask()).json["call_id"]
    other = await bank.hire("other@example.com")
    answer = await bank.report(call, other)
    assert answer.status == 403
    assert answer.json["error"] == "insufficient permissions"
    admin = await bank.hire("admin@example.com", "admin")
    assert (await bank.report(call, admin)).status == 200


@pytest.mark.parametrize("call_id", [1, "1", -5, 10**17])
async def test_an_unknown_call_is_404(bank: Bank, call_id: Any) -> None:
    assert (await bank.report(call_id)).status == 404


@pytest.mark.parametrize(
    "body",
    [
        {"call_id": None},
        {"call_id": True},
        {"call_id": "x"},
        {"call_id": 1.5},
        {"call_id": {"$gt": 0}},
        {"do_not_call": "yes"},
        {"answered": 1},
        {"comment": 5},
        {"comment": "x" * 5001},
    ],
    ids=str,
)
async def test_a_report_of_wrong_types_is_400_and_changes_nothing(bank: Bank, body: dict[str, Any]) -> None:
    await bank.add("Ann")
    call = (await bank.ask()).json["call_id"]
    answer = await bank.api.post(REPORT, {"s": bank.caller["s"], "call_id": call, **body})
    assert answer.status == 400
    assert answer.json["error_args"][0].startswith(f"{next(iter(body))}: ")
    stored = await bank.stores.database["call_log"].find_one({"call_id": call})
    assert stored is not None
    assert stored["reported"] is None


@pytest.mark.settings(rate_limit_scale=1, flux_limit_phone_bank="2/600")
async def test_a_caller_who_asks_too_often_is_slowed_down(bank: Bank) -> None:
    for name in ("Ann", "Bea", "Cleo"):
        await bank.add(name)
    assert [(await bank.ask()).status for _ in range(3)] == [200, 200, 429]
    refused = await bank.ask()
    assert 1 <= int(refused.headers["Retry-After"]) <= 600
    assert await bank.stores.database["call_log"].count_documents({}) == 2
