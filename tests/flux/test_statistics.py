"""The public figures, compared with a count of their own over what is stored."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterable, Mapping
from itertools import product
from typing import Any

import pytest

from storage.database import Database
from storage.stores import Stores
from tests.serving import Api

STATES = ("nsw", "qld", "sa", "nt", "act", "vic", "wa", "tas", "nostate", "weirdstate")
POSTCODES = {"0800": "nt", "2000": "nsw", "2601": "act", "3000": "vic", "4000": "qld", "5000": "sa"} | {
    **{"6000": "wa", "7000": "tas", "9999": "weirdstate", "": "nostate"}
}
QUARTER = 90 * 86400
Person = Mapping[str, Any]


def expect(people: Iterable[Person]) -> dict[str, Any]:
    """Count the figures of `getinfo` one by one, as the contract defines them."""
    people = list(people)
    state = {id(each): POSTCODES[each["addr_postcode"]] for each in people}
    roll = [each for each in people if each["onAECRoll"]]
    valid = [each for each in roll if each["detailsValid"] and not each["needsValidating"]]
    consent = [each for each in roll if each["state_consent"]]

    def by_state(which: Iterable[Person], fits: Callable[[Person], bool] = lambda _: True) -> dict[str, int]:
        states = [state[id(each)] for each in which if fits(each)]
        return {name: states.count(name) for name in STATES}

    dated = [each for each in valid if "lastValidated" in each]
    twice = [each for each in valid if each["doubleCheckedValidation"]]
    return {
        "n_members": len(roll),
        "n_members_raw": len(people),
        "n_members_validated": len(valid),
        "double_checked": len(twice),
        "double_check_queue": len(valid) - len(twice),
        "validation_queue": len([each for each in roll if each["needsValidating"]]),
        "last_member_signup": max((each["timestamp"] for each in people), default=None),
        "n_members_w_state_consent": len(consent),
        "n_members_state": by_state(consent),
        "n_members_validated_state": by_state(consent, lambda each: each in valid),
        "n_members_not_valid_state": by_state(consent, lambda each: not each["detailsValid"]),
        "validation_queue_state": by_state(consent, lambda each: each["needsValidating"]),
        "n_members_state_raw": by_state(people),
        "n_members_validated_with_last_validated": len(dated),
        "n_valid_in_last_3_months": len(
            [each for each in dated if each["lastValidated"] >= time.time() - QUARTER]
        ),
        "n_volunteers": len([each for each in people if each["volunteer"]]),
    }


async def assert_counted_within_a_second(api: Api, database: Database) -> dict[str, Any]:
    """Wait at most a second for the counters to equal a count over what is stored now."""
    wanted = expect(await database["users"].find({}).to_list(None))
    deadline = time.monotonic() + 1
    while True:
        asked = time.monotonic()
        found: dict[str, Any] = (await api.get("/api/v0/getinfo")).json
        shown = {name: found[name] for name in wanted}
        if shown == wanted:
            return found
        assert asked < deadline, (shown, wanted)
        await asyncio.sleep(0.02)


async def validate(database: Database, chance: random.Random, email: str) -> None:
    """Do to a member what the validation queue does."""
    valid, when = chance.random() < 0.7, int(time.time()) - chance.choice([5, QUARTER + 60])
    changes: dict[str, Any] = {
        **{"needsValidating": False, "detailsValid": valid},
        **{"doubleCheckedValidation": valid and chance.random() < 0.5},
    }
    if chance.random() < 0.8:
        changes["lastValidated"] = when
    await database["users"].update_one({"email": email}, {"$set": changes})


async def act(api: Api, database: Database, chance: random.Random, secrets: dict[str, str]) -> None:
    """Do one thing at random that the counters may depend on."""
    fields: dict[str, Any] = {
        **{"onAECRoll": chance.random() < 0.7, "state_consent": chance.random() < 0.8},
        **{"addr_postcode": chance.choice(list(POSTCODES)), "volunteer": chance.random() < 0.3},
    }
    kind = chance.choice(["register", "change", "change", "validate", "validate", "remove"])
    if kind == "register" or len(secrets) < 4:
        email = f"m{chance.randrange(10**9)}@example.com"
        secrets[email] = (await api.register(email, **fields))["s"]
        return
    email = chance.choice(list(secrets))
    if kind == "change":
        few = dict(chance.sample(sorted(fields.items()), 2))
        assert (await api.post("/api/v0/user_details", {"s": secrets[email], **few})).status == 200
    elif kind == "validate":
        await validate(database, chance, email)
    else:
        secrets.pop(email)
        await database["users"].delete_one({"email": email})


@pytest.mark.parametrize("seed", [1, 2])
async def test_the_counters_equal_a_fresh_count_whatever_happened(
    api: Api, database: Database, seed: int
) -> None:
    chance, secrets = random.Random(seed), dict[str, str]()
    versions = []
    for _ in range(8):
        for _ in range(12):
            await act(api, database, chance, secrets)
        versions.append((await assert_counted_within_a_second(api, database))["version"])
    assert versions == sorted(set(versions))


async def test_the_counters_of_nobody(api: Api, database: Database) -> None:
    answer = await api.get("/api/v0/getinfo")
    found = answer.json
    assert found.keys() == {*expect([]), "_id", "id", "db_v", "last_run", "version"}
    assert {name: found[name] for name in expect([])} == expect([])
    assert found["last_member_signup"] is None
    assert (found["id"], found["db_v"], type(found["last_run"]), type(found["version"])) == (
        1,
        4.24,
        int,
        int,
    )
    assert abs(found["last_run"] - time.time()) < 10


async def test_the_counters_keep_their_document(api: Api, database: Database) -> None:
    first = (await api.get("/api/v0/getinfo")).json
    member = await api.register("ann@example.com")
    second = await assert_counted_within_a_second(api, database)
    assert second["_id"] == first["_id"]
    assert second["_id"].keys() == {"$oid"}
    assert second["version"] > first["version"]
    assert (second["last_member_signup"], type(second["last_member_signup"])) == (member["timestamp"], float)


async def test_every_state_is_counted_apart(api: Api, database: Database) -> None:
    for number, postcode in enumerate(POSTCODES):
        await api.register(f"m{number}@example.com", addr_postcode=postcode, onAECRoll=True)
    found = await assert_counted_within_a_second(api, database)
    assert found["n_members_state"] == dict.fromkeys(STATES, 1)
    assert found["n_members_not_valid_state"] == found["validation_queue_state"] == found["n_members_state"]


async def test_people_off_the_roll_wait_for_no_validation(api: Api, database: Database) -> None:
    await api.register("ann@example.com", onAECRoll=False)
    found = await assert_counted_within_a_second(api, database)
    assert (found["n_members"], found["n_members_raw"], found["validation_queue"]) == (0, 1, 0)


ACCEPTED = (
    *((None, "text/plain"), ("*/*", "text/plain"), ("text/html,*/*;q=0.8", "text/plain")),
    *(
        ("application/json", "application/json"),
        ("application/json, text/plain, */*", "application/json"),
    ),
    *(("text/plain, APPLICATION/JSON;q=0.5", "application/json"), ("application/*", "text/plain")),
)


async def test_the_counters_are_text_unless_json_is_named(api: Api) -> None:
    for path, (accept, kind) in product(("/api/v0/getinfo", "/getinfo"), ACCEPTED):
        answer = await api.get(path, **({} if accept is None else {"Accept": accept}))
        assert answer.headers["Content-Type"] == f"{kind}; charset=utf-8", accept
        assert answer.json["id"] == 1
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


# The wide figures


async def test_the_public_figures_are_about_people_on_the_roll(api: Api, stores: Stores) -> None:
    people: list[dict[str, Any]] = [
        {"dobYear": "1980", "addr_postcode": "2000"},
        {"dobYear": "1980", "addr_postcode": "0800"},
        {"dobYear": "", "addr_postcode": ""},
        {"dobYear": "1990", "addr_country": "uk", "addr_postcode": "S.W1$"},
        {"dobYear": "1970", "address": "Foo 2601"},
    ]
    times = []
    for number, fields in enumerate(people):
        member = await api.register(f"m{number}@example.com", onAECRoll=True, **fields)
        times.append(int(member["timestamp"]))
    await api.register("off@example.com", onAECRoll=False, dobYear="1980", addr_postcode="2000")
    figures = await stores.statistics.figure()
    shown = (await api.get("/api/v0/public_stats")).json
    assert (await api.get("/public_stats")).json == shown
    assert shown["last_run"] == figures["last_run"]
    assert shown["signup_times"] == times[::-1]
    assert shown["dob_years"] == {"1980": 2, "1990": 1, "1970": 1}
    assert shown["postcodes"] == {"2000": 1, "0800": 1}
    assert shown["states"] == {"nsw": 1, "nt": 1, "weirdstate": 1, "act": 1}
    by_state = {name: shown["state_dob_years"].get(name) for name in ("nsw", "nt", "weirdstate", "act")}
    assert by_state == {"nsw": {"1980": 1}, "nt": {"1980": 1}, "weirdstate": {"1990": 1}, "act": {"1970": 1}}
    assert {name: shown["state_signup_times"][name] for name in ("nsw", "nt")} == {
        **{"nsw": [times[0]], "nt": [times[1]]}
    }


async def test_sign_up_times_are_newest_first_and_by_state_oldest_first(
    api: Api, database: Database, stores: Stores
) -> None:
    for number, moment in enumerate((1500000002.5, 1500000000.25, 1500000001.75)):
        await api.register(f"m{number}@example.com", onAECRoll=True, addr_postcode="3000")
        await database["users"].update_one({"id": number + 1}, {"$set": {"timestamp": moment}})
    await stores.statistics.figure()
    shown = (await api.get("/api/v0/public_stats")).json
    assert shown["signup_times"] == [1500000002, 1500000001, 1500000000]
    assert shown["state_signup_times"] == {"vic": [1500000000, 1500000001, 1500000002]}


async def test_the_figures_of_nobody(api: Api) -> None:
    shown = (await api.get("/api/v0/public_stats")).json
    assert shown["id"] == 0
    assert shown["signup_times"] == []
    names = ("dob_years", "postcodes", "states", "state_dob_years", "state_signup_times")
    assert [shown[name] for name in names] == [{}] * 5
    assert type(shown["last_run"]) is int


async def test_the_public_figures_name_nobody(api: Api, stores: Stores) -> None:
    member = await api.register("ann@example.com", fname="Ann", onAECRoll=True, addr_street="Foo Ln")
    await stores.statistics.figure()
    for path in ("/api/v0/public_stats", "/api/v0/getinfo"):
        text = (await api.get(path)).text
        assert not any(secret in text for secret in (member["s"], "ann", "Ann", "Foo", member["_id"]["$oid"]))


async def test_imported_oddities_do_no_harm(api: Api, database: Database, stores: Stores) -> None:
    await api.register("ann@example.com", onAECRoll=True)
    odd = {"dobYear": 1980, "addr_postcode": None, "timestamp": 1500000000, "lastValidated": None}
    await database["users"].update_one({}, {"$set": odd})
    await stores.statistics.figure()
    shown = (await api.get("/api/v0/public_stats")).json
    assert (shown["dob_years"], shown["signup_times"]) == ({"1980": 1}, [1500000000])
    counted = await stores.statistics.fresh_count()
    assert counted["last_member_signup"] == 1500000000.0
