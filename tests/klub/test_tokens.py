"""Tokens of users."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest

from tests.klub.callers import PASSWORD, Callers, Someone, bearer
from tests.klub.town import NEW_PASSWORD, Town
from tests.serving import Api, Served

KEY = "a key for tests only, 32 bytes or more"
REFUSED = {"detail": "No active account found with the given credentials"}
INVALID = {"detail": "Token is invalid or expired", "code": "token_not_valid"}
WHOAMI = "/api/frontend/whoami"


def bad(message: str = "Token is invalid or expired") -> dict[str, Any]:
    return {
        "detail": "Given token not valid for any token type",
        "code": "token_not_valid",
        "messages": [{"token_class": "AccessToken", "token_type": "access", "message": message}],
    }


def forge(key: str = KEY, algorithm: str = "HS256", **changes: object) -> str:
    claims = {"token_type": "access", "sub": "1", "user_id": 1, "gen": 0, "exp": 4_000_000_000, "jti": "0"}
    return jwt.encode({**claims, **changes}, key, algorithm=algorithm)


@pytest.fixture
async def ann(town: Town) -> str:
    answer = await town.register("Ann@Example.com", username="annie")
    assert answer.status == 201, answer.text
    return "ann@example.com"


@pytest.mark.parametrize("name", ["ann@example.com", " ANN@example.com ", "annie"])
async def test_an_address_in_any_case_or_the_username_signs_in(town: Town, ann: str, name: str) -> None:
    """Whether the address is verified does not matter."""
    answer = await town.login(name)
    assert answer.status == 200
    assert list(answer.json) == ["refresh", "access"]
    who = await town.api.get(WHOAMI, **bearer(answer.json["access"]))
    assert (who.status, who.json["id"]) == (200, (await town.person(ann))["id"])


async def test_the_claims_are_what_other_programs_read(town: Town, ann: str) -> None:
    """Kind, end, beginning, a unique id, the account."""
    answer = (await town.login(ann)).json
    number = (await town.person(ann))["id"]
    for kind, life in (("access", 300), ("refresh", 86_400)):
        claims = jwt.decode(answer[kind], KEY, algorithms=["HS256"])
        assert (claims["token_type"], claims["user_id"]) == (kind, number)
        assert claims["exp"] - claims["iat"] == life
        assert int(claims["jti"], 16)
    assert answer["access"] != (await town.login(ann)).json["access"]


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("annie", "wrong horse"),
        ("nobody@example.com", PASSWORD),
        ("Annie", PASSWORD),
        ("none@example.com", "x"),
    ],
)
async def test_what_does_not_fit_gets_one_answer(town: Town, ann: str, name: str, password: str) -> None:
    """Wrong password, unknown name, an account without a password: all alike."""
    await town.register(
        "none@example.com", userchannels=[{"money_account": "bank", "event": "camp", "regular_amount": None}]
    )
    await town.stores.database["users"].update_one({"email": "none@example.com"}, {"$set": {"password": ""}})
    answer = await town.login(name, password)
    assert (answer.status, answer.json) == (401, REFUSED)
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'


async def test_a_deactivated_account_signs_in_nowhere(town: Town, ann: str) -> None:
    """Neither with the password nor with tokens from before."""
    tokens = (await town.login(ann)).json
    await town.stores.database["users"].update_one({"email": ann}, {"$set": {"is_active": False}})
    assert (await town.login(ann)).status == 401
    assert (await town.api.get(WHOAMI, **bearer(tokens["access"]))).json == bad()
    answer = await town.post("/api/token/refresh/", {"refresh": tokens["refresh"]})
    assert (answer.status, answer.json) == (401, INVALID)


async def test_missing_and_wrong_fields_are_listed(anonymous: Someone) -> None:
    """All of them at once, in any kind of body."""
    required = {"username": ["This field is required."], "password": ["This field is required."]}
    assert (await anonymous.post("/api/token/", {})).json == required
    answer = await anonymous.post("/api/token/", {"username": {"$gt": ""}, "password": ["x"]})
    assert answer.status == 400
    assert answer.json == {"username": ["Not a valid string."], "password": ["Not a valid string."]}
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    answer = await anonymous.call("POST", "/api/token/", b"username=ann&password=x", **form)
    assert (answer.status, answer.json) == (401, REFUSED)


async def test_a_refresh_token_renews_again_and_again(town: Town, ann: str) -> None:
    """It is neither used up nor rotated."""
    tokens = (await town.login(ann)).json
    for _ in range(2):
        answer = await town.post("/api/token/refresh/", {"refresh": tokens["refresh"]})
        assert (answer.status, list(answer.json)) == (200, ["access"])
        assert (await town.api.get(WHOAMI, **bearer(answer.json["access"]))).status == 200


async def test_what_is_no_refresh_token_is_refused(town: Town, ann: str) -> None:
    """An access token is told to be of the wrong type."""
    tokens = (await town.login(ann)).json
    answer = await town.post("/api/token/refresh/", {"refresh": tokens["access"]})
    assert answer.status == 401
    assert answer.json == {"detail": "Token has wrong type", "code": "token_not_valid"}
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'
    for token in ("x", "a.b.c", forge(token_type="refresh", exp=1), forge(token_type="refresh", user_id=99)):
        answer = await town.post("/api/token/refresh/", {"refresh": token})
        assert (answer.status, answer.json) == (401, INVALID)


@pytest.mark.parametrize("path", [WHOAMI, "/api/reset_password_email/"])
async def test_a_bad_bearer_is_refused_on_public_paths_too(town: Town, ann: str, path: str) -> None:
    """Unknown, forged, expired, of another kind."""
    refresh = (await town.login(ann)).json["refresh"]
    tokens = ["x", forge(key=KEY * 2), forge(exp=1), forge(user_id="1"), forge(user_id=99), forge("", "none")]
    for token in tokens:
        answer = await town.post(path, {"email": ann}, **bearer(token))
        assert (answer.status, answer.json) == (403, bad()), token
        assert "WWW-Authenticate" not in answer.headers
    for token in (refresh, forge(token_type="connection"), forge(token_type="flux_app")):
        answer = await town.post(path, {"email": ann}, **bearer(token))
        assert (answer.status, answer.json) == (403, bad("Token has wrong type"))
    for header in ("Bearer a b", "Bearer"):
        answer = await town.post(path, {"email": ann}, Authorization=header)
        expected = "Authorization header must contain two space-delimited values"
        assert (answer.status, answer.json) == (403, {"detail": expected, "code": "bad_authorization_header"})
    assert await town.mails() == []


async def test_the_token_paths_ignore_credentials(town: Town, ann: str) -> None:
    """A bad Bearer does not keep anybody from getting a good one."""
    value = {"username": ann, "password": PASSWORD}
    assert (await town.post("/api/token/", value, **bearer("x"))).status == 200


async def test_a_new_password_ends_tokens_of_before(town: Town, ann: str) -> None:
    """Whichever dialect it was changed in."""
    tokens = (await town.login(ann)).json
    assert (await town.confirm(await town.link(ann))).status == 200
    answer = await town.post("/api/token/refresh/", {"refresh": tokens["refresh"]})
    assert (answer.status, answer.json) == (401, INVALID)
    assert (await town.api.get(WHOAMI, **bearer(tokens["access"]))).status == 403
    assert (await town.login(ann)).status == 401
    assert (await town.login(ann, NEW_PASSWORD)).status == 200


@pytest.mark.settings(rate_limit_scale=1, signin_failures="2/900")
async def test_too_many_wrong_passwords_are_429_whatever_the_door(town: Town, ann: str) -> None:
    """Basic and the token endpoint count together, and by the address, whichever name was used."""
    basic = "Basic YW5uaWU6eA=="  # annie:x
    assert (await town.api.get(WHOAMI, Authorization=basic)).json == {"detail": "Invalid username/password."}
    assert (await town.login(ann, "x")).status == 401
    answer = await town.login("annie")
    assert answer.status == 429
    seconds = int(answer.headers["Retry-After"])
    assert answer.json == {"detail": f"Request was throttled. Expected available in {seconds} seconds."}
    assert (await town.api.get(WHOAMI, Authorization=basic)).status == 429


async def test_a_sign_in_is_announced_and_noted(town: Town, ann: str) -> None:
    """On the account's own channel, as any sign-in by password."""
    before = time.time() - 1
    await town.login(ann)
    person = await town.person(ann)
    assert person["auth"]["last_login"] >= before * 1_000_000
    posted = await town.stores.outbox.read(f"identity#{person['id']}", None, None)
    assert [message.data["type"] for message in posted.messages] == ["new_login"]


async def test_an_access_token_opens_the_hub_and_a_refresh_token_does_not(
    server: Served, town: Town, ann: str
) -> None:
    """Alone or after Bearer; a partner's token has no user."""
    tokens = (await town.login(ann)).json
    number = str((await town.person(ann))["id"])
    gate = server.application.gate
    for shown in (tokens["access"], f"Bearer {tokens['access']}"):
        who = await gate.identify(shown)
        assert who.user == number
        assert who.expires_at is not None
    app = await Callers(server).app("read", "write")
    for header in (f"Bearer {tokens['refresh']}", app.headers["Authorization"], "Bearer a.b.c"):
        answer = await server.api.post("/connection/token", {}, Authorization=header)
        assert answer.status == 401
    answer = await server.api.post("/connection/token", {}, **bearer(tokens["access"]))
    assert answer.status == 200


async def test_the_method_is_checked(api: Api) -> None:
    """GET is 405, with what is allowed."""
    answer = await api.get("/api/token/")
    assert (answer.status, answer.json) == (405, {"detail": 'Method "GET" not allowed.'})
    assert answer.headers["Allow"] == "POST, OPTIONS"
