"""The validation queue: everybody gets somebody else, and verdicts change what they say they do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from storage.database import Database
from storage.driver import ObjectId
from storage.person import UNVALIDATED
from storage.stores import Stores
from storage.validation import PAUSE, WAITING, ValidationQueue
from tests.flux.admins import make_holder
from tests.serving import Api, Served

NEXT, REPORT = "/api/v0/validate_user_details", "/api/v0/report_validation"


async def mark(database: Database, member: Mapping[str, Any], **values: Any) -> None:
    """Change a member behind the API's back."""
    await database["users"].update_one({"s": member["s"]}, {"$set": values})


async def join(api: Api, name: str, **fields: Any) -> dict[str, Any]:
    return await api.register(f"{name}@example.com", fname=name, onAECRoll=True, **fields)


async def test_the_next_member_is_the_one_who_waits_longest(server: Served, api: Api) -> None:
    admin = await make_holder(server)
    members = [await join(api, name) for name in ("ann", "ben", "cat")]
    now = int(time.time())
    for member, seen in zip(members, (now - 100, now - 200, None), strict=True):
        if seen is not None:
            await mark(server.stores.database, member, lastValidationGet=seen)
    order = [(await api.post(NEXT, {"s": admin})).json for _ in range(4)]
    assert [each and each["fname"] for each in order] == ["cat", "ben", "ann", None]
    assert order[0]["s"] == members[2]["s"]
    assert order[0]["lastValidationGet"] >= now
    assert not {"auth", "password", "email_lower", "addr_state"} & order[0].keys()


async def test_only_members_on_the_roll_who_need_it_are_handed_out(server: Served, api: Api) -> None:
    admin = await make_holder(server)
    await api.register("off@example.com")
    done, gone = await join(api, "done"), await join(api, "gone")
    await mark(server.stores.database, done, needsValidating=False, detailsValid=True)
    await mark(server.stores.database, gone, is_active=False)
    answer = await api.post("/validate_user_details", {"s": admin})
    assert (answer.status, answer.body) == (200, b"null")


async def test_a_state_narrows_the_choice(server: Served, api: Api) -> None:
    admin = await make_holder(server)
    await join(api, "vic", addr_postcode="3000")
    await join(api, "tas", addr_postcode="7000")
    answer = await api.post(NEXT, {"s": admin, "state": "Tas"})
    assert answer.json["fname"] == "tas"
    assert (await api.post(NEXT, {"s": admin, "state": "wa"})).json is None


async def test_the_second_look_is_for_the_validated(server: Served, api: Api) -> None:
    admin = await make_holder(server)
    await join(api, "raw")
    once, twice, bad = [await join(api, name) for name in ("once", "twice", "bad")]
    for member, valid, double in ((once, True, False), (twice, True, True), (bad, False, False)):
        values = {"needsValidating": False, "detailsValid": valid, "doubleCheckedValidation": double}
        await mark(server.stores.database, member, **values)
    assert (await api.post(NEXT, {"s": admin, "doubleCheck": True})).json["fname"] == "once"
    assert (await api.post(NEXT, {"s": admin, "doubleCheck": True})).json is None


async def test_a_certain_member_is_returned_by_secret(server: Served, api: Api) -> None:
    admin = await make_holder(server)
    member = await api.register("ann@example.com", fname="Ann")
    for _ in range(2):
        answer = await api.post(NEXT, {"s": admin, "memberSecret": member["s"]})
        assert (answer.json["fname"], answer.json["s"]) == ("Ann", member["s"])
        assert "lastValidationGet" not in answer.json
    assert (await api.post(NEXT, {"s": admin, "memberSecret": "f" * 40})).json is None


async def test_wrong_types_are_refused_and_nobody_is_handed_out(server: Served, api: Api) -> None:
    admin = await make_holder(server)
    await join(api, "ann")
    wrong: list[tuple[str, object]] = [
        *(("memberSecret", {"$ne": ""}), ("memberSecret", 5)),
        *(("state", "bavaria"), ("state", 3), ("doubleCheck", "maybe")),
    ]
    for name, value in wrong:
        answer = await api.post(NEXT, {"s": admin, name: value})
        assert answer.status == 400, (name, value)
        assert answer.json["error_args"][0].startswith(f"{name}: ")
    assert (await api.post(NEXT, {"s": admin})).json["fname"] == "ann"


async def test_only_admins_may_check(server: Served, api: Api) -> None:
    member, caller = await join(api, "ann"), await make_holder(server, "phone_bank")
    for path in (NEXT, REPORT):
        for secret, words in ((member["s"], "insufficient permissions"), ("x", "auth failed")):
            answer = await api.post(path, {"s": secret, "user_s": member["s"], "valid": True})
            assert (answer.status, answer.json["error"]) == (403, words)
        assert (await api.post(path, {"s": caller})).status == 403


async def test_parallel_callers_each_get_somebody_else(server: Served, api: Api) -> None:
    admin = await make_holder(server)
    for number in range(12):
        await join(api, f"m{number}")
    answers = await asyncio.gather(*(api.post(NEXT, {"s": admin}) for _ in range(15)))
    names = [answer.json["fname"] for answer in answers if answer.json is not None]
    assert len(names) == len(set(names)) == 12


class LookFirst(ValidationQueue):
    """Finds a member and marks them in a second step, as it must not be done."""

    async def next(self, **_: Any) -> dict[str, Any] | None:
        now = int(time.time())
        waiting = {"onAECRoll": True, "lastValidationGet": {"$not": {"$gt": now - PAUSE}}}
        person = await self._users.find_one(waiting, sort=[("lastValidationGet", 1)])
        if person is not None:
            await self._users.update_one({"_id": person["_id"]}, {"$set": {"lastValidationGet": now}})
        return person


async def hand_out(queue: ValidationQueue) -> list[ObjectId]:
    found = await asyncio.gather(*(queue.next() for _ in range(10)))
    return [person["_id"] for person in found if person is not None]


async def test_looking_first_would_hand_one_member_to_several(stores: Stores) -> None:
    for number in range(20):
        fields = {"onAECRoll": True}
        await stores.accounts.register(f"m{number}@example.com", fields, ip=None, mails=lambda _: ())
    good, naive = await hand_out(stores.validation), await hand_out(LookFirst(stores.database))
    assert len(set(good)) == len(good) == 10
    assert len(set(naive)) < len(naive)


async def test_the_hand_out_walks_the_declared_index(stores: Stores) -> None:
    await stores.database["users"].insert_many(
        [
            {"s": str(n), "id": n, "onAECRoll": True, "needsValidating": True, "lastValidationGet": n}
            for n in range(500)
        ]
    )
    query = {
        "onAECRoll": True,
        "needsValidating": True,
        "lastValidationGet": {"$not": {"$gt": 600}},
        "is_active": {"$ne": False},
    }
    plan = await stores.database.handle.command(
        "explain",
        {
            **{"findAndModify": "users", "query": query, "sort": {"lastValidationGet": 1}},
            **{"update": {"$set": {}}, "hint": dict(WAITING.keys)},
        },
        verbosity="executionStats",
    )
    stats = plan["executionStats"]
    assert stats["totalDocsExamined"] <= 2
    assert "'SORT'" not in str(plan["queryPlanner"]["winningPlan"])


async def test_a_good_verdict_validates(server: Served, api: Api) -> None:
    admin, member = await make_holder(server), await join(api, "ann")
    await mark(server.stores.database, member, validationReason="an old one")
    answer = await api.post(REPORT, {"s": admin, "user_s": member["s"], "valid": True})
    assert (answer.status, answer.json) == (200, {"status": "okay"})
    shown = (await api.post("/user_details", {"s": member["s"]})).json
    verdict = {"needsValidating": False, "detailsValid": True, "valid_federal": True, "valid_state": True}
    assert verdict.items() <= shown.items()
    assert shown["doubleCheckedValidation"] is False
    assert abs(shown["lastValidated"] - time.time()) < 30
    assert "validationReason" not in shown


async def test_a_bad_verdict_keeps_its_reason(server: Served, api: Api) -> None:
    admin, member = await make_holder(server), await join(api, "ann")
    await mark(server.stores.database, member, doubleCheckedValidation=True)
    body = {"user_s": member["s"], "valid": False, "valid_state": True, "reason": " No such street "}
    await api.post(REPORT, {"s": admin, **body})
    shown = (await api.post("/user_details", {"s": member["s"]})).json
    expected = {**UNVALIDATED, "needsValidating": False, "valid_state": True}
    assert expected.items() <= shown.items()
    assert shown["validationReason"] == "No such street"


async def test_the_second_look_sets_its_own_flag(server: Served, api: Api) -> None:
    admin, member = await make_holder(server), await join(api, "ann")

    async def flag(**body: Any) -> bool:
        await api.post("/report_validation", {"s": admin, "user_s": member["s"], **body})
        shown = (await api.post("/user_details", {"s": member["s"]})).json
        return bool(shown["doubleCheckedValidation"])

    assert await flag(valid=True, doubleCheck=True) is True
    assert await flag(valid=True) is True
    assert await flag(valid=False) is False
    assert await flag(valid=False, doubleCheck=True) is False


async def test_a_verdict_that_does_not_fit_is_refused(server: Served, api: Api) -> None:
    admin = await make_holder(server)
    fitting: dict[str, Any] = {"user_s": "x" * 40, "valid": True}
    assert (await api.post(REPORT, {"s": admin, **fitting})).status == 404
    wrong: list[tuple[str, object]] = [
        *(("user_s", None), ("user_s", {"$ne": ""}), ("user_s", 1), ("valid", None), ("valid", "yes")),
        *(("valid_state", 1), ("valid_federal", "no"), ("doubleCheck", 1), ("reason", 1)),
    ]
    for name, value in wrong:
        answer = await api.post(REPORT, {"s": admin, **fitting, name: value})
        assert answer.status == 400, (name, value)
        assert answer.json["error_args"][0].startswith(f"{name}: ")
    for name in fitting:
        rest = {key: value for key, value in fitting.items() if key != name}
        assert (await api.post(REPORT, {"s": admin, **rest})).json["error"] == f"{name}: is missing"
