"""Signing people out, shutting accounts, removing clients, looking after dead letters: by script."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from handlers.core.mail import Mail
from storage.driver import ObjectId
from storage.stores import Stores
from tests.scripts.conftest import Script

ANN = ("--email", " Ann@example.org")


@pytest.fixture
async def ann(stores: Stores) -> ObjectId:
    made = await stores.accounts.register("ann@example.org", {}, ip=None, mails=lambda _: ())
    oid: ObjectId = made.person["_id"]
    return oid


async def test_sessions_end_and_a_second_time_there_are_none(
    script: Script, stores: Stores, ann: ObjectId
) -> None:
    await stores.tokens.issue(ann)
    before = (await stores.accounts.document(ann))["auth"]["generation"]
    ran = await script("end_sessions", *ANN)
    assert (ran.code, ran.json["email"], ran.json["active"]) == (0, "ann@example.org", True)
    assert ran.json["ended"] == {"browser_sessions": 0, "remembered_browsers": 0, "app_tokens": 1}
    assert (await stores.accounts.document(ann))["auth"] == {
        **(await stores.accounts.document(ann))["auth"],
        "generation": before + 1,
        "unproven": True,
    }
    again = await script("end_sessions", *ANN)
    assert (again.code, again.json["ended"]["app_tokens"]) == (0, 0)
    unknown = await script("end_sessions", "--email", "bob@example.org")
    assert (unknown.code, unknown.out, unknown.err.count("\n")) == (1, "", 1)


async def test_an_account_is_deactivated_and_comes_back(
    script: Script, stores: Stores, ann: ObjectId
) -> None:
    """Twice does no harm; a deactivated account is still found by its address."""
    for flags, active in (((), False), ((), False), (("--undo",), True)):
        ran = await script("deactivate", *ANN, *flags)
        assert (ran.code, ran.json["active"]) == (0, active)
        assert (await stores.accounts.document(ann))["is_active"] is active
    log = await stores.database["log"].find({}).sort("ts", 1).to_list(None)
    assert [entry["action"] for entry in log] == ["deactivated"] * 2 + ["reactivated"]


async def test_a_client_is_removed_with_its_tokens(script: Script, stores: Stores) -> None:
    made = await stores.oauth.add_client("City map", ["read"])
    await stores.oauth.issue(made.client_id, ["read"], "secret", 60)
    ran = await script("delete_oauth_client", "--client-id", made.client_id)
    assert (ran.code, ran.json) == (0, {"client_id": made.client_id, "name": "City map"})
    assert await stores.oauth.app("secret") is None
    again = await script("delete_oauth_client", "--client-id", made.client_id)
    assert (again.code, again.out) == (1, "")


async def test_dead_letters_are_listed_retried_and_dropped(script: Script, stores: Stores) -> None:
    ids = []
    for to in ("ann@example.org", "bob@example.org"):
        job = Mail(to, "Hello", "a secret link", "Us <us@example.org>").job()
        ids.append(await stores.jobs.add(job.kind, job.args, order=job.order))
    dead = {"state": "failed", "attempts": 4, "run_after": None, "error": "no", "finished": datetime.now(UTC)}
    await stores.database["jobs"].update_many({}, {"$set": dead})
    listed = await script("run_jobs", "--list-dead")
    assert [job["to"] for job in listed.json["jobs"]] == ["bob@example.org", "ann@example.org"]
    assert "secret" not in listed.out
    retried = await script("run_jobs", "--retry", str(ids[0]))
    assert (retried.code, retried.json) == (0, {"done": 1, "failed": 0, "left": 0})
    dropped = await script("run_jobs", "--drop", str(ids[1]))
    assert (dropped.code, dropped.json["dropped"]["to"]) == (0, "bob@example.org")
    assert await stores.database["jobs"].count_documents({}) == 0
    assert (await script("run_jobs", "--drop", str(ids[1]))).code == 1
    assert (await script("run_jobs", "--drop", "x")).code == 2
