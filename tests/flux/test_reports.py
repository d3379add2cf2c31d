"""Reports of clients are kept as text; the queues' lengths are for everybody."""

from __future__ import annotations

import time

import pytest

from storage.stores import Stores
from tests.serving import Api

ERROR, STATS = "/api/v0/error/all_at_once", "/api/v0/stats/all_at_once"


async def test_an_error_report_is_kept_as_text(api: Api, stores: Stores) -> None:
    body = b' {"$where": "1", "a.b": [1, {"c": null}]} '
    answer = await api.call("POST", ERROR, body, {"Content-Type": "text/plain"})
    assert (answer.status, answer.json) == (200, {"status": "okay"})
    row = await stores.database["errors"].find_one({})
    assert row is not None
    assert set(row) == {"_id", "name", "message", "ts"}
    assert row["message"] == body.decode().strip()
    assert abs(row["ts"] - time.time()) < 30


async def test_any_json_value_will_do(api: Api) -> None:
    for path in (ERROR, STATS):
        for value in ("null", "[]", "1.5", '"text"', "true", "{}"):
            assert (await api.call("POST", path, value.encode())).json == {"status": "okay"}, value


async def test_what_is_not_json_or_too_long_is_refused(api: Api, stores: Stores) -> None:
    for path in (ERROR, STATS):
        for body in (b"", b"{", b"\xff", b'"\\u0000"', b"NaN"):
            answer = await api.call("POST", path, body)
            assert answer.status == 400, body
            assert answer.json["error_args"]
        fits, longer = b'"' + b"x" * (64 * 1024 - 2) + b'"', b'"' + b"x" * (64 * 1024 - 1) + b'"'
        assert (await api.call("POST", path, fits)).status == 200
        assert (await api.call("POST", path, longer)).status == 413
    assert await stores.database["errors"].count_documents({}) == 1


async def test_figures_of_clients_are_not_kept(api: Api, stores: Stores) -> None:
    assert (await api.post(STATS, {"n": 1})).status == 200
    assert await stores.database["errors"].count_documents({}) == 0


@pytest.mark.settings(job_workers=0)
async def test_the_queues_are_counted(api: Api, stores: Stores) -> None:
    assert (await api.get("/api/v0/queue_stats")).json == {"email_queue_length": 0, "sms_queue_length": 0}
    await api.register("ann@example.com")  # one mail, and nobody to send it
    await stores.database["email_queue"].insert_many([{"sent": False}, {"sent": True}, {}])
    await stores.database["sms_queue"].insert_many([{"sent": False}, {"sent": True}])
    assert (await api.get("/api/v0/queue_stats")).json == {"email_queue_length": 3, "sms_queue_length": 1}
