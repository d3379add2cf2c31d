"""Donations: everybody sees how much, those with the role see from whom."""

from __future__ import annotations

from typing import Any

from storage.stores import Stores
from tests.flux.admins import make_holder
from tests.serving import Api, Served

PAGE, ADD, DONOR = (
    f"/v2/finance/{name}" for name in ("getDonations", "addNewDonation", "donationAutoComplete")
)


async def seed(stores: Stores) -> None:
    """Put three donations into the books."""
    rows = [
        {
            "id": f"d{n}",
            "ts": 100 + n,
            "amount": 10 * n,
            "branch": "/AUS",
            "date": "2018-01-01",
            "name": "Ann",
        }
        | {"email": "ann@example.com", "street": "1 Foo Ln", "extra_data": {"comment": "secret"}}
        for n in (1, 2, 3)
    ]
    await stores.database["donations"].insert_many(rows)


async def test_the_public_log_tells_nobodys_name(api: Api, stores: Stores) -> None:
    assert (await api.get("/api/v1/anon_donation_log")).json == {"donations": []}
    await seed(stores)
    await stores.database["donations"].insert_one({"id": "old", "ts": 5.5, "name": "Ben"})
    answer = await api.get("/api/v1/anon_donation_log")
    assert answer.status == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    donations = answer.json["donations"]
    assert [each["ts"] for each in donations] == [103, 102, 101, 5]
    assert donations[0] == {"ts": 103, "amount": 30, "branch": "/AUS", "date": "2018-01-01"}
    assert donations[-1] == {"ts": 5, "amount": 0, "branch": "", "date": ""}


async def test_the_books_come_in_pages(server: Served, api: Api) -> None:
    await seed(server.stores)
    treasurer = await make_holder(server, "finance")
    first = await api.post(PAGE, {"s": treasurer, "limit": 2})
    assert first.status == 200
    assert [each["id"] for each in first.json["donations"]] == ["d3", "d2"]
    assert first.json["donations"][0]["name"] == "Ann"
    assert {**first.json, "donations": None} == {
        **{"donations": None, "pageN": 0, "limit": 2},
        **{"total": 3, "sortMethod": "ts"},
    }
    second = (await api.post(PAGE, {"s": treasurer, "limit": 2, "pageN": 1, "sortMethod": "ID"})).json
    assert [each["id"] for each in second["donations"]] == ["d1"]
    assert second["sortMethod"] == "ID"
    similar = (await api.post(PAGE, {"s": treasurer, "query": {"amount": 20}})).json
    assert [each["id"] for each in similar["donations"]] == ["d2"]


async def test_a_page_that_does_not_fit_is_refused(server: Served, api: Api) -> None:
    treasurer = await make_holder(server, "finance")
    wrong: list[tuple[str, object]] = [
        *(("limit", 0), ("limit", 10_001), ("limit", "5"), ("pageN", -1), ("sortMethod", "name")),
        *(("sortMethod", True), ("query", {"email": "a"}), ("query", {"amount": {"$gt": 0}}), ("query", [])),
    ]
    for name, value in wrong:
        answer = await api.post(PAGE, {"s": treasurer, name: value})
        assert answer.status == 400, (name, value)
        assert answer.json["error_args"][0].startswith(name)


async def test_a_donation_is_added_under_a_name_of_the_servers(server: Served, api: Api) -> None:
    treasurer = await make_holder(server, "finance")
    doc: dict[str, Any] = {
        **{"ts": 1_500_000_000, "email": "ben@example.com", "name": "Ben", "branch": "/AUS/VIC"},
        **{"amount": 12.5, "unit": "AUD", "postcode": 800, "date": "2017-07-14T00:00:00Z", "id": "n/a"},
        **{"payment_source": "eft", "extra_data": {"comment": "", "aud_value": 0}, "_id": {"$oid": "1"}},
    }
    answer = await api.post(ADD, {"s": treasurer, "doc": doc})
    assert answer.status == 200
    assert answer.json["right"] is True
    [stored] = (await api.post(PAGE, {"s": treasurer})).json["donations"]
    assert stored["id"] == answer.json["id"] != "n/a"
    assert {"name": "Ben", "amount": 12.5, "ts": 1_500_000_000, "postcode": "800"}.items() <= stored.items()
    assert stored["extra_data"] == {"comment": "", "aud_value": 0}


async def test_a_donation_that_does_not_fit_is_refused(server: Served, api: Api) -> None:
    treasurer = await make_holder(server, "finance")
    wrong: list[object] = [
        *(None, [], {}, {"amount": "5"}, {"amount": True}, {"amount": 5, "name": {"$ne": ""}}),
        *({"amount": 5, "extra_data": {"a": {"b": 1}}}, {"amount": 5, "ts": "now"}),
        {"amount": 5, "name": "x" * 501},
    ]
    for doc in wrong:
        answer = await api.post(ADD, {"s": treasurer, "doc": doc})
        assert answer.status == 400, doc
        assert answer.json["error_args"][0].startswith("doc")
    assert await server.stores.database["donations"].count_documents({}) == 0


async def test_the_form_is_filled_in_for_a_known_donor(server: Served, api: Api) -> None:
    treasurer = await make_holder(server, "finance")
    member = await api.register("ann@example.com", fname="Ann", addr_postcode="3000")
    known = (await api.post(DONOR, {"s": treasurer, "email": "Ann@example.com"})).json
    assert {"fname": "Ann", "addr_postcode": "3000", "email": "ann@example.com"}.items() <= known[
        "right"
    ].items()
    assert member["s"] not in str(known)
    unknown = await api.post(DONOR, {"s": treasurer, "email": "nobody@example.com"})
    assert (unknown.status, list(unknown.json)) == (200, ["left"])


async def test_the_books_are_for_those_with_the_role(server: Served, api: Api) -> None:
    caller, admin = await make_holder(server, "phone_bank"), await make_holder(server)
    for path in (PAGE, ADD, DONOR):
        assert (await api.post(path, {"s": caller})).json["error"] == "insufficient permissions"
        assert (await api.post(path, {})).json["error"] == "auth failed"
    assert (await api.post(PAGE, {"s": admin})).status == 200
