"""Rate limits: whom each counts for, what a refused call leaves undone, when a window ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from storage.database import Database
from tests.flux.mailbox import Mailbox
from tests.serving import Answer, Api

REGISTER = "/api/v0/register/initial_email"
MAILS = ("/api/v0/email_secret_token", "/api/v0/send_user_details", "/email_secret_token")
as_set = pytest.mark.settings(rate_limit_scale=1)


def assert_throttled(answer: Answer, longest: int) -> None:
    """Check a 429's shape and headers; `longest` is its window in seconds."""
    assert answer.status == 429, answer.text
    assert answer.json.keys() == {"error", "error_args"}
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert 1 <= int(answer.headers["Retry-After"]) <= longest


async def sign_up(api: Api, email: str, client: str = "10.0.0.1") -> Answer:
    """Register from a client behind the proxy."""
    return await api.post(REGISTER, {"email": email}, X_Forwarded_For=client)


async def end_windows(database: Database) -> None:
    """Let every window be over."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    await database["rate_limits"].update_many({}, {"$set": {"expires": past}})


@as_set
@pytest.mark.settings(flux_limit_register_ip="3/100", trusted_proxies="127.0.0.1")
async def test_registrations_are_counted_per_client_whatever_becomes_of_them(
    api: Api, database: Database, mailbox: Mailbox
) -> None:
    statuses = [
        (await sign_up(api, email)).status for email in ("ann@example.com", "ann@example.com", "none")
    ]
    assert statuses == [200, 409, 400]
    assert_throttled(await sign_up(api, "bob@example.com"), 100)
    both = await api.post("/register/all_at_once", {"email": "x"}, X_Forwarded_For="10.0.0.1")
    assert_throttled(both, 100)
    assert (await sign_up(api, "bob@example.com", "10.0.0.2")).status == 200
    assert await database["users"].count_documents({}) == 2
    assert len(await mailbox.open()) == 2
    await end_windows(database)
    assert (await sign_up(api, "eve@example.com")).status == 200


@as_set
@pytest.mark.settings(flux_limit_register_ip="1/100")
async def test_a_forwarded_address_counts_only_from_a_trusted_proxy(api: Api) -> None:
    assert (await sign_up(api, "ann@example.com", "10.0.0.1")).status == 200
    assert_throttled(await sign_up(api, "bob@example.com", "10.0.0.2"), 100)


@as_set
@pytest.mark.settings(flux_limit_register_ip="1/100")
async def test_an_unreadable_body_comes_before_the_limit(api: Api) -> None:
    assert (await api.call("POST", REGISTER, b"{")).status == 400
    assert (await sign_up(api, "ann@example.com")).status == 200
    assert (await api.call("POST", REGISTER, b"{")).status == 400
    assert_throttled(await api.post(REGISTER, {"email": 5}), 100)


@as_set
@pytest.mark.settings(flux_limit_email="3/100")
@pytest.mark.parametrize("email", ["ann@example.com", "unknown@example.com"])
async def test_mails_to_one_address_share_a_counter(api: Api, mailbox: Mailbox, email: str) -> None:
    await api.register("ann@example.com")
    for path, spelling in zip(MAILS, (email, email.upper(), f" {email} "), strict=True):
        assert (await api.post(path, {"email": spelling})).status == 200
    sent = len(await mailbox.open())
    for path in MAILS:
        assert_throttled(await api.post(path, {"email": email}), 100)
    assert (await api.post(MAILS[0], {"email": "other@example.com"})).status == 200
    assert len(await mailbox.open()) == sent


@as_set
@pytest.mark.settings(flux_limit_email="1/100")
async def test_only_a_good_field_is_counted(api: Api) -> None:
    for bad in (None, 5, {"$ne": ""}):
        assert (await api.post(MAILS[0], {"email": bad})).status == 400
    assert (await api.post(MAILS[0], {"email": "ann@example.com"})).status == 200
    assert (await api.post(MAILS[0], {"email": 5})).status == 400
    assert_throttled(await api.post(MAILS[0], {"email": "ann@example.com"}), 100)


@as_set
@pytest.mark.settings(flux_limit_bad_s="3/100", trusted_proxies="127.0.0.0/8")
async def test_only_bad_secrets_are_counted_and_refused(api: Api) -> None:
    secret = (await api.register("ann@example.com"))["s"]
    details, roles = "/api/v0/user_details", "/v2/user/getRoles"
    for _ in range(5):
        assert (await api.post(details, {"s": secret})).status == 200
    for path in (details, roles, "/api/v0/iiccot/cast_vote"):
        assert (await api.post(path, {"s": "wrong"})).status == 403
    assert_throttled(await api.post(roles, {"s": None}), 100)
    assert_throttled(await api.post("/api/v0/give_admin_role", {"admin": "wrong"}), 100)
    assert (await api.post(details, {"s": secret})).status == 200
    assert (await api.post(details, {"s": "wrong"}, X_Forwarded_For="10.0.0.9")).status == 403


@as_set
@pytest.mark.settings(flux_limit_bad_s="1/100")
async def test_a_missing_role_is_no_bad_secret(api: Api) -> None:
    secret = (await api.register("ann@example.com"))["s"]
    for _ in range(3):
        assert (await api.post("/api/v0/give_role", {"s": secret})).status == 403


@as_set
@pytest.mark.settings(flux_limit_vote="2/100")
async def test_votes_are_counted_per_member(api: Api) -> None:
    ann, bob = [(await api.register(f"{name}@example.com"))["s"] for name in ("ann", "bob")]

    async def vote(secret: Any, option: Any, poll: Any = 1) -> Answer:
        body = {"s": secret, "poll_id": poll, "option_id": option}
        return await api.post("/api/v0/iiccot/cast_vote", body)

    assert (await vote(ann, "100")).status == 200
    assert (await vote(ann, None)).status == 400
    for option, poll in (("101", 1), (None, 1), ("101", 99)):  # before fields and existence
        assert_throttled(await vote(ann, option, poll), 100)
    assert (await vote("wrong", "101")).status == 403
    assert (await vote(bob, "100")).json["stats"]["100"] == 2
    assert (await api.get("/api/v0/iiccot/getinfo")).json["total"] == 2


@as_set
@pytest.mark.settings(flux_limit_register_ip="0", flux_limit_bad_s=0)
async def test_zero_switches_a_limit_off(api: Api, database: Database) -> None:
    for number in range(25):
        assert (await sign_up(api, f"m{number}@example.com")).status == 200
    for _ in range(35):
        assert (await api.post("/api/v0/user_details", {"s": "wrong"})).status == 403
    assert await database["rate_limits"].count_documents({}) == 0


@as_set
async def test_the_limits_are_the_documented_ones(api: Api) -> None:
    bodies = [await sign_up(api, f"m{number}@example.com") for number in range(21)]
    assert [answer.status for answer in bodies] == [200] * 20 + [429]
    assert 3590 <= int(bodies[-1].headers["Retry-After"]) <= 3600
    secret = bodies[0].json["s"]
    for path, body, calls, good, seconds in (
        (MAILS[0], {"email": "m1@example.com"}, 5, 200, 600),
        ("/api/v0/user_details", {"s": "wrong"}, 30, 403, 60),
        ("/api/v0/iiccot/cast_vote", {"s": secret, "poll_id": 1, "option_id": "100"}, 60, 200, 60),
    ):
        answers = [await api.post(path, body) for _ in range(calls + 1)]
        assert [answer.status for answer in answers] == [good] * calls + [429]
        assert seconds - 10 <= int(answers[-1].headers["Retry-After"]) <= seconds


@pytest.mark.settings(rate_limit_scale=2, flux_limit_register_ip="1/100")
async def test_the_scale_multiplies_limits(api: Api) -> None:
    statuses = [(await sign_up(api, f"m{number}@example.com")).status for number in range(3)]
    assert statuses == [200, 200, 429]
