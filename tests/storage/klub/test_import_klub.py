"""Importing Klub's dumps: every model arrives, and is seen over HTTP as if it had been made there."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from handlers.klub.credentials import ACCESS, make_token
from scripts.session import Failure
from storage.klub.event import new_event
from storage.stores import Stores
from tests.klub.callers import Callers, Someone, bearer
from tests.klub.town import channel
from tests.scripts.django_dump import PASSWORD, Load, Row, django_loader, record
from tests.scripts.dumps import assert_sound, dump, find_user
from tests.scripts.klub_dump import SECRET, event, people, profile, whole_dump
from tests.serving import Served

UNKNOWN = "aklub.terminalcondition"


@pytest.fixture
def load(stores: Stores, tmp_path: Path) -> Load:
    return django_loader(stores, tmp_path)


@pytest.fixture
def callers(server: Served) -> Callers:
    return Callers(server)


def counts(records: list[Row]) -> Counter[str]:
    return Counter(each["model"] for each in records if each["model"] != UNKNOWN)


def without(*models: str) -> list[Row]:
    """Return the whole dump but some models."""
    return [each for each in whole_dump() if each["model"] not in models]


async def sign_in(server: Served, number: int) -> Someone:
    """Give the account with a number a JWT."""
    member = await server.stores.accounts.by_number(number)
    assert member is not None
    token = make_token(server.application.services, ACCESS, member, 300)
    return Someone(server.api, bearer(token), number, member.oid)


async def login(server: Served, name: str, password: str = PASSWORD) -> int:
    answer = await server.api.post(
        "/api/token/", {"username": name, "password": password}, Content_Type="application/json"
    )
    return answer.status


async def test_every_model_is_counted(load: Load, stores: Stores) -> None:
    """Parents and children apart, unknown models as skipped; the whole is sound."""
    summary = await load(whole_dump())
    assert summary["imported"] == counts(whole_dump())
    assert summary["skipped"] == [{"model": UNKNOWN, "count": 1, "reason": "no dialect of ours takes it"}]
    await assert_sound(stores)


async def test_events_are_seen_over_http(load: Load, server: Served, callers: Callers) -> None:
    await load(whole_dump())
    first = (await callers.anonymous.get("/api/bronto/event/501/")).json
    assert (first["name"], first["datetime_from"]) == ("Čistění lesa", "2020-05-01T08:00:00Z")
    assert (first["administrative_units"], first["administrative_unit_name"]) == ([101], "Praha")
    assert first["event_type"] == {"name": "Dílna", "slug": "dilna"}
    assert first["location"]["gps_latitude"] == 49.5
    assert (first["diet"], first["intended_for"]) == (["kosher"], "everyone")
    assert first["main_photo"] == f"{server.url}/upload/event_photos/x.jpg"
    assert (first["users_paid"], first["total_amount"]) == (2, 250)
    second = (await callers.anonymous.get("/api/bronto/event/502/")).json
    assert (second["datetime_from"], second["datetime_to"]) == (
        "2016-02-09T00:00:00Z",
        "2016-12-10T00:00:00Z",
    )
    assert second["diet"] == ["vegan", "meat"]
    listed = (await callers.anonymous.get("/api/bronto/event/")).json
    assert [each["id"] for each in listed["results"]] == [501, 502]
    rows = await server.stores.database["events"].find().sort("_id", 1).to_list(None)
    assert [(row["slug"], row["tn_parent"], row["team"]) for row in rows] == [
        ("les", None, [203]),
        ("below", 501, []),
    ]
    assert [(row["registered"], row["attended"]) for row in rows] == [(1, 1), (0, 0)]
    await server.stores.media_folder.keep("event_photos/x.jpg", [b"photo"])
    assert (await callers.anonymous.get("/upload/event_photos/x.jpg")).body == b"photo"
    (unit,) = (await callers.anonymous.get("/api/administrative_unit/")).json
    assert (unit["president_name"], unit["manager_name"]) == ("Ann Lee", "Bo Lee")


async def test_people_arrive_whole(load: Load, server: Served, stores: Stores) -> None:
    """The halves of a profile, its addresses and telephones; flags of superusers do not count."""
    await load(whole_dump())
    person = await find_user(stores, email_lower="ann@example.com")
    assert (person["id"], person["fname"], person["addr_suburb"], person["dobYear"]) == (
        202,
        "Ann",
        "Brno",
        "1990",
    )
    assert (person["email_validated"], person["auth"]["superuser"]) == (False, False)
    klub = person["klub"]
    assert (klub["username"], klub["nickname"], klub["sex"], klub["note"]) == (
        "user202",
        "Annie",
        "female",
        "kind",
    )
    assert (klub["units"], [each["telephone"] for each in klub["telephones"]]) == ([101], ["777 777 777"])
    assert klub["grants"] == [
        {"role": "staff", "units": [101]},
        {"role": "event_organizer", "units": [101]},
    ]
    for name in ("ann@example.com", "user202", "bo"):
        assert await login(server, name) == 200
    for name in ("second@example.com", "acme"):
        assert await login(server, name) == 401
    ann = await sign_in(server, 202)
    whoami = (await ann.get("/api/frontend/whoami")).json
    assert (whoami["is_staff"], whoami["is_event_organizer"], whoami["is_superuser"]) == (True, True, False)
    assert (await ann.get("/api/frontend/attendees/?event=501")).json["count"] == 2
    bo = await sign_in(server, 203)
    assert (await bo.get("/api/frontend/organized_events/")).json["count"] == 1
    assert (await find_user(stores, id=203))["email"] == ""


async def test_companies_share_the_numbers_of_people(load: Load, server: Served, callers: Callers) -> None:
    await load(whole_dump())
    (row,) = await server.stores.database["companies"].find().to_list(None)
    assert (row["_id"], row["name"], row["crn"]) == (204, "Acme", "12345679")
    app = await callers.app("write", "can_create_profiles", "can_create_credit_card_payment")
    body = {"name": "A", "email": "x@acme.example", "money_account": "bank", "event": "les", "amount": 1}
    answer = await app.post("/api/companyprofile/vs/", {**body, "regular": True, "crn": "12345679"})
    assert answer.json == {"VS": "1234500003"}
    card = {"profile_type": "company", "recipient_account": "bank", "date": "2020-01-01", "amount": 5}
    paid = await app.post(
        "/api/create_credit_card_payment/", {**card, "event": "les", "email": "boss@acme.example"}
    )
    assert paid.json == {"profile_id": 204}


async def test_later_numbers_and_symbols_are_above_those_of_the_dump(
    load: Load, server: Served, callers: Callers
) -> None:
    await load(whole_dump())

    async def register(email: str, slug: str) -> dict[str, Any]:
        body = {"email": email, "userchannels": [channel(event=slug)]}
        answer = await callers.anonymous.post("/api/register-userprofile", body)
        assert answer.status == 201, answer.text
        found: dict[str, Any] = answer.json
        return found

    assert (await register("one@example.com", "les"))["userchannels"][0]["VS"] == "1234500004"
    assert (await register("two@example.com", "below"))["userchannels"][0]["VS"] == "0000000008"
    assert (await find_user(server.stores, email_lower="one@example.com"))["id"] > 204
    rows = await server.stores.database["donor_channels"].find({"_id": {"$gt": 802}}).to_list(None)
    assert len(rows) == 2


async def test_types_that_exist_stay_single(load: Load, server: Served, callers: Callers) -> None:
    """Under the dump's numbers; others that were in its way make room."""
    early = await callers.user()
    there = (await callers.anonymous.get("/api/interaction-type/")).json
    swapped = [
        record("interactions.interactiontype", there[0]["id"], name="A", slug="event_attendance", category=1),
        record("interactions.interactiontype", there[1]["id"], name="Other", slug="other", category=1),
        record("interactions.interactiontype", 9, name="R", slug="event_registration", category=1),
        record("interactions.interactioncategory", 1, category="Calls", slug="calls"),
        record("interactions.interactioncategory", 8, category="Events", slug="event_interaction"),
    ]
    for each in (swapped[0], swapped[2]):
        each["fields"]["category"] = 8
    await load([*whole_dump()[-6:-1], *people(), record("aklub.administrativeunit", 101, name="P")])
    event_id = await server.stores.counters.take("events")
    await server.stores.database["events"].insert_one(new_event(event_id, "e", {"name": "E", "units": []}))
    path = "/api/frontend/my_events/"
    made = await early.post(path, {"event": event_id, "type__slug": "event_registration"})
    assert made.status == 201
    await load(swapped)
    types = {
        each["slug"]: each["id"] for each in (await callers.anonymous.get("/api/interaction-type/")).json
    }
    assert types == {"event_attendance": there[0]["id"], "other": there[1]["id"], "event_registration": 9}
    assert (await early.get(f"{path}{made.json['id']}/")).json["type__slug"] == "event_registration"
    again = await early.post(path, {"event": event_id, "type__slug": "event_registration"})
    assert again.status == 201


async def test_apps_and_documents_arrive(load: Load, server: Served, callers: Callers) -> None:
    await load(whole_dump())
    grant = {"grant_type": "client_credentials", "client_id": "partner", "client_secret": SECRET}
    answer = await server.api.post("/api/o/token/", grant, Content_Type="application/json")
    assert (answer.status, answer.json["scope"]) == (200, "can_view_events read")
    ann = await sign_in(server, 202)
    assert (await ann.get("/api/pdf_storage/9/list/")).json == [
        {"id": 41, "name": "Report", "topic": "2020", "author": "Lee Ann", "created": "2020-01-02"}
    ]
    await server.stores.media_folder.keep("pdf_storage/r.pdf", [b"%PDF"])
    link = (await ann.get("/api/pdf_storage/pdf_file/41/")).json["download_url"]
    assert (await callers.anonymous.get(link)).body == b"%PDF"


async def test_any_order_makes_the_same(load: Load, stores: Stores) -> None:
    """And loading it again changes nothing, whatever the order."""
    await load(whole_dump())
    before = await snapshot(stores)
    for seed in range(3):
        records = whole_dump()
        random.Random(seed).shuffle(records)
        assert (await load(records))["imported"] == counts(records)
        assert await snapshot(stores) == before
    await assert_sound(stores)


async def snapshot(stores: Stores) -> dict[str, Any]:
    """Return what is stored, but marks and versions."""
    names = (
        *("users", "email_addresses", "companies", "company_contacts", "administrative_units", "locations"),
        *("event_types", "money_accounts", "donor_channels", "payments", "events", "organization_team"),
        *("interactions", "interaction_types", "interaction_categories", "oauth_clients", "pdf_files"),
    )
    stored: dict[str, Any] = {}
    for name in names:
        rows = await stores.database[name].find().sort("_id", 1).to_list(None)
        for row in rows:
            row.pop("version", None)
            row.pop("held", None)
            (row.get("auth") or {}).pop("held", None)
            if name == "interactions" and row["_id"] == 702:
                row.update(dict.fromkeys(("created", "updated", "date_from")))
        stored[name] = rows
    return stored


@pytest.mark.parametrize(
    ("model", "field", "label"),
    [
        ("events.event", "location", "events.location"),
        ("events.event", "tn_parent", "events.event"),
        ("interactions.interaction", "user", "aklub.profile"),
        ("aklub.profileemail", "user", "aklub.profile"),
        ("aklub.payment", "user_donor_payment_channel", "aklub.donorpaymentchannel"),
        ("aklub.administrativeunit", "president", "aklub.profile"),
        ("pdf_storage.pdfstorage", "administrative_unit", "aklub.administrativeunit"),
    ],
)
async def test_a_reference_to_nothing_keeps_nothing(
    load: Load, stores: Stores, model: str, field: str, label: str
) -> None:
    records = whole_dump()
    next(each for each in records if each["model"] == model)["fields"][field] = "999"
    before = await dump(stores)
    with pytest.raises(Failure, match=f"{field}: there is no {label} 999"):
        await load(records)
    assert await dump(stores) == before


async def test_what_came_with_an_earlier_file_can_be_named(load: Load, stores: Stores) -> None:
    units = [record("aklub.administrativeunit", 101, name="Praha")]
    await load(units)
    await load(people())
    rest = without("aklub.administrativeunit", *{each["model"] for each in people()})
    assert (await load(rest))["imported"] == counts(rest)
    await load([record("aklub.administrativeunit", 101, name="Praha", president=202)])
    row = await stores.database["administrative_units"].find_one({"_id": 101})
    assert row is not None
    assert row["president"] == 202


async def test_a_known_address_is_the_same_person(load: Load, server: Served, callers: Callers) -> None:
    """Who keeps names and password; references land there, after a second load, too."""
    known = await callers.user("ann@example.com", first_name="Anna", last_name="")
    records = [
        *whole_dump(),
        profile(210, email="Dora@example.com", username="dora"),
        profile(known.number, email="other@example.com", username="other"),
    ]
    for _ in range(2):
        await load(records)
        person = await find_user(server.stores, email_lower="ann@example.com")
        assert (person["id"], person["fname"], person["sname"]) == (known.number, "Anna", "Lee")
        assert person["klub"]["nickname"] == "Annie"
        interaction = await server.stores.database["interactions"].find_one({"_id": 701})
        assert interaction is not None
        assert interaction["user"] == known.number
    other = await find_user(server.stores, email_lower="other@example.com")
    assert other["id"] > 210
    assert (await find_user(server.stores, email_lower="dora@example.com"))["id"] == 210


async def test_a_right_that_was_taken_away_does_not_come_back(load: Load, stores: Stores) -> None:
    """Unless the dump says something new."""
    await load(whole_dump())
    oid = (await find_user(stores, id=202))["_id"]
    await stores.grants.take("staff", oid)
    await load(whole_dump())
    grants = (await find_user(stores, id=202))["klub"]["grants"]
    assert [each["role"] for each in grants] == ["event_organizer"]
    records = [profile(202, is_staff=True), *without("aklub.profile")]
    await load(records)
    grants = (await find_user(stores, id=202))["klub"]["grants"]
    assert grants == []


async def test_permissions_may_be_named_by_key(load: Load, stores: Stores) -> None:
    records = [
        profile(1, email="a@example.com", user_permissions=[7], administrated_units=[]),
        profile(2, email="b@example.com", user_permissions=["8"]),
        record("auth.permission", 7, name="Can add event", codename="add_event", content_type=1),
        record("auth.permission", 8, name="Can change event", codename="change_event", content_type=1),
    ]
    assert (await load(records))["skipped"][0]["count"] == 2
    first, second = [await find_user(stores, email_lower=f"{name}@example.com") for name in "ab"]
    assert first["klub"]["grants"] == [{"role": "event_organizer", "units": []}]
    assert not second.get("klub", {}).get("grants")


async def test_missing_slugs_are_made_and_unique(load: Load, stores: Stores) -> None:
    unit = record("aklub.administrativeunit", 101, name="Praha")
    records = [
        unit,
        event(1, event_type=None),
        event(2, event_type=None),
        event(3, event_type=None, name="?"),
    ]
    for _ in range(2):
        await load(records)
        rows = await stores.database["events"].find().sort("_id", 1).to_list(None)
        assert [row["slug"] for row in rows] == ["cisteni-lesa", "cisteni-lesa-2", "events"]


async def test_two_profiles_of_one_person_share_a_channel(load: Load, stores: Stores) -> None:
    """Nothing of what was paid is lost; a symbol that another channel has is replaced."""
    channels = [
        record(
            "aklub.donorpaymentchannel", pk, user=user, event=1, money_account=None, VS="77", regular_amount=1
        )
        for pk, user in ((1, 1), (2, 2), (3, 3))
    ]
    paid = [
        record("aklub.payment", pk, user_donor_payment_channel=pk, date="2020-01-01", amount=10)
        for pk in (1, 2)
    ]
    records = [
        *paid,
        *channels,
        profile(1, email="a@example.com"),
        profile(2, email="A@example.com"),
        profile(3, email="b@example.com"),
        record("aklub.administrativeunit", 101, name="P"),
        event(1, event_type=None),
    ]
    for _ in range(2):
        await load(records)
        rows = await stores.database["donor_channels"].find().sort("_id", 1).to_list(None)
        assert [(row["_id"], row["VS"]) for row in rows] == [(1, "77"), (3, "0000000001")]
        found = await stores.database["payments"].find({"channel": 1}).to_list(None)
        assert sum(row["amount"] for row in found) == 20


async def test_the_deleted_do_not_come_back(load: Load, stores: Stores) -> None:
    await load(whole_dump())
    await stores.deletion.delete((await find_user(stores, id=203))["_id"])
    summary = await load(
        [each for each in whole_dump() if each["model"].startswith(("events.", "interactions."))]
    )
    assert {each["model"] for each in summary["skipped"]} == {
        "events.organizationteam",
        "interactions.interaction",
    }
    assert await stores.database["interactions"].count_documents({}) == 1
    await stores.statistics.count()
    await assert_sound(stores)


async def test_who_manages_an_event_is_told(load: Load, stores: Stores) -> None:
    """Of what is new and of what has changed, not of what is loaded again."""
    await load(whole_dump())
    await load(whole_dump())
    changed = whole_dump()
    next(row for row in changed if row["pk"] == 702)["fields"]["summary"] = "was late"
    await load(changed)
    found = stores.database["outbox"].find({"channel": "attendance:501"}).sort("offset", 1)
    told = [row["data"] async for row in found]
    assert [(each["interaction"], each["change"], each["user"]["first_name"]) for each in told] == [
        (701, "created", "Ann"),
        (702, "created", "Bo"),
        (702, "updated", "Bo"),
    ]
