"""The app's token, and the profiles that it opens."""

from __future__ import annotations

import time
from typing import Any

import orjson

from handlers.core.tokens import Signer
from storage.driver import ObjectId
from tests.serving import Answer, Api, Served

FORM, PROFILE = "/api/v1/profile_fields/volunteer", "/api/v1/profile/volunteer"


async def sign_in(api: Api) -> tuple[dict[str, Any], str]:
    """Sign somebody up and get their token."""
    member = await api.register("ann@example.com")
    answer = await api.post("/api/v1/jwt_basic", {"s": member["s"]})
    assert (answer.status, list(answer.json)) == (200, ["token"])
    return member, answer.json["token"]


async def get(api: Api, path: str, token: str) -> Answer:
    return await api.get(path, Authorization=f"Bearer {token}")


async def patch(api: Api, token: str, profile: object, path: str = PROFILE) -> Answer:
    headers = {"Authorization": f"Bearer {token}"}
    return await api.call("PATCH", path, orjson.dumps({"profile_doc": profile}), headers)


async def test_the_token_is_of_a_kind_of_its_own(server: Served, api: Api) -> None:
    member, token = await sign_in(api)
    claims = server.application.services.signer.read("flux_app", token)
    assert claims["sub"] == str(member["id"])
    assert abs(claims["exp"] - time.time() - 3600) < 30
    for headers in ({"Authorization": f"Bearer {token}"}, {"Authorization": token}):
        assert (await api.call("POST", "/connection/token", b"{}", headers)).status == 401
    assert (await api.post("/api/v0/user_details", {"s": token})).status == 403


async def test_the_token_wants_a_secret(api: Api) -> None:
    assert (await api.post("/api/v1/jwt_basic", {})).json["error"] == "auth failed"


async def test_a_form_lists_its_questions(api: Api) -> None:
    _, token = await sign_in(api)
    for kind in ("volunteer", "candidate"):
        answer = await get(api, f"/api/v1/profile_fields/{kind}", token)
        assert answer.status == 200
        assert all(set(each) == {"name", "title", "type", "params"} for each in answer.json["fields"])


async def test_answers_are_kept_and_changed_one_by_one(api: Api) -> None:
    _, token = await sign_in(api)
    assert (await get(api, PROFILE, token)).json == {"profile_type": "volunteer", "profile_doc": {}}
    skills = {"value": "Baking", "otherDetails": "bread"}
    answer = await patch(api, token, {"skills": skills, "shoe_size": {"value": 44}})
    assert (answer.status, answer.json["profile_doc"]) == (200, {"skills": skills})
    await patch(api, token, {"drives": {"value": True, "otherDetails": None}})
    both = {"skills": skills, "drives": {"value": True}}
    assert (await get(api, PROFILE, token)).json == {"profile_type": "volunteer", "profile_doc": both}
    assert (await get(api, "/api/v1/profile/candidate", token)).json["profile_doc"] == {}


async def test_answers_that_do_not_fit_are_refused_together(api: Api) -> None:
    _, token = await sign_in(api)
    wrong = {
        **{"skills": {"value": {"$ne": ""}}, "availability": {"value": "hourly"}, "drives": {"value": "yes"}},
        "languages": {"value": "x" * 501},
    }
    answer = await patch(api, token, wrong)
    assert answer.status == 400
    assert [text.split(":")[0] for text in answer.json["error_args"]] == [
        *("skills", "availability", "drives", "languages")
    ]
    for skills in (
        None,
        "text",
        {},
        {"value": "a", "otherDetails": 1},
        {"value": "a", "otherDetails": "x" * 2001},
    ):
        assert (await patch(api, token, {"skills": skills})).status == 400, skills
    profiles: list[object] = [None, [], "text"]
    for profile in profiles:
        assert (await patch(api, token, profile)).status == 400, profile
    assert (await get(api, PROFILE, token)).json["profile_doc"] == {}


async def test_an_unknown_type_is_not_found(api: Api) -> None:
    _, token = await sign_in(api)
    answers = [await get(api, f"/api/v1/{path}/astronaut", token) for path in ("profile", "profile_fields")]
    answers.append(await patch(api, token, {}, "/api/v1/profile/astronaut"))
    assert [answer.status for answer in answers] == [404] * 3
    assert all(answer.json["error_args"] for answer in answers)


async def test_a_token_that_is_not_good_is_refused(server: Served, api: Api) -> None:
    member, token = await sign_in(api)
    signer = server.application.services.signer
    claims = {"cred": signer.read("flux_app", token)["cred"]}
    late = Signer(signer._key, lambda: time.time() - 7200)
    bad = [
        *("x", token[:-2], member["s"]),
        signer.sign("connection", str(member["id"]), 60, **claims)[0],
        signer.sign("flux_app", "999", 60, **claims)[0],
        signer.sign("flux_app", str(member["id"]), 60)[0],
        late.sign("flux_app", str(member["id"]), 3600, **claims)[0],
    ]
    for each in bad:
        for path in (FORM, PROFILE):
            answer = await get(api, path, each)
            assert (answer.status, answer.json["error"]) == (403, "auth failed"), each
    assert (await api.get(PROFILE)).status == 403
    assert (await api.get(PROFILE, Authorization=f"Token {token}")).status == 403
    assert (await patch(api, "x", {})).status == 403


async def test_a_new_secret_ends_the_tokens_of_the_old_one(server: Served, api: Api) -> None:
    member, token = await sign_in(api)
    people = server.stores.database["users"]
    await people.update_one({"_id": ObjectId(member["_id"]["$oid"])}, {"$set": {"s": "f" * 40}})
    assert (await get(api, PROFILE, token)).status == 403


async def test_a_profile_goes_with_its_person(server: Served, api: Api) -> None:
    member, token = await sign_in(api)
    await patch(api, token, {"drives": {"value": True}})
    await api.post("/api/v0/delete_user", {"s": member["s"]})
    assert (await get(api, PROFILE, token)).status == 403
    assert await server.stores.database["profiles"].count_documents({}) == 0


async def test_pages_of_other_sites_may_change_a_profile(api: Api) -> None:
    answer = await api.call("OPTIONS", PROFILE, headers={"Origin": "https://app.example.org"})
    assert answer.status == 204
    assert "PATCH" in answer.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
