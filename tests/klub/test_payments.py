"""Payments: who is up to date, what partners report and look for."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from storage.klub.channels import Channel
from storage.klub.payments import Payment, Quotas, is_paid
from tests.klub.callers import Callers, Someone
from tests.klub.test_partners import company, person
from tests.klub.town import Town

CHECK, SEARCH, CARD = (
    "/api/check_last_payment/",
    "/api/check_last_payments/",
    "/api/create_credit_card_payment/",
)
NO_CHANNEL = {"detail": "Donor payment Channel with this event/money_account/VS doesnt exist"}
REQUIRED = ["This field is required."]
TODAY = datetime.now(UTC).date()


@pytest.fixture
async def app(callers: Callers) -> Someone:
    scopes = ("can_create_profiles", "can_check_last_payments", "can_create_credit_card_payment")
    return await callers.app("read", "write", *scopes)


def ago(days: int) -> str:
    """Return the day so many days ago."""
    return (TODAY - timedelta(days=days)).isoformat()


def card(**changes: Any) -> dict[str, Any]:
    """Return a payment by card."""
    usual = {"profile_type": "user", "recipient_account": "bank", "date": ago(1), "amount": 100}
    return {**usual, "event": "obecne", "email": "Donor@example.com", **changes}


async def donor(app: Someone, callers: Callers, **changes: Any) -> Someone:
    """Make somebody who means to pay for an event."""
    user = await callers.user("donor@example.com")
    assert (await app.post("/api/userprofile/vs/", person(**changes))).status == 200
    return user


async def test_payments_by_card_count_at_once(app: Someone, callers: Callers, town: Town) -> None:
    user = await donor(app, callers)
    before = await user.get(CHECK)
    assert (before.status, before.body) == (404, b"")
    answer = await app.post(CARD, card(VS="1", order_id="7", account=None))
    assert (answer.status, answer.json) == (200, {"profile_id": user.number})
    after = await user.get(CHECK)
    assert (after.status, after.body) == (200, b"")
    assert "Content-Type" not in after.headers
    await town.stores.database["events"].update_one({"_id": 1}, {"$set": {"public_on_web": True}})
    event = (await callers.anonymous.get("/api/bronto/event/1/")).json
    assert (event["total_amount"], event["users_paid"]) == (100, 1)
    (row,) = await town.stores.database["payments"].find().to_list(None)
    assert (row["type"], row["order_id"], row["account"], row["VS2"]) == ("creadit_card", "7", "", "")


async def test_companies_pay_by_card(app: Someone, callers: Callers, town: Town) -> None:
    await app.post("/api/companyprofile/vs/", company())
    answer = await app.post(CARD, card(profile_type="company", email="BOSS@acme.example"))
    (row,) = await town.stores.database["companies"].find().to_list(None)
    assert (answer.status, answer.json) == (200, {"profile_id": row["_id"]})


async def test_payments_by_card_need_somebody_with_a_channel(
    app: Someone, callers: Callers, town: Town
) -> None:
    await donor(app, callers)
    for body, detail in (
        (card(email="nobody@example.com"), {"detail": "Email Does not exist"}),
        (card(profile_type="company"), {"detail": "Email Does not exist"}),
        (card(event="camp"), NO_CHANNEL),
    ):
        answer = await app.post(CARD, body)
        assert (answer.status, answer.json) == (404, detail)
    assert await town.stores.database["payments"].count_documents({}) == 0


async def test_bodies_of_payments_are_checked(app: Someone, town: Town) -> None:
    missing = ("profile_type", "recipient_account", "date", "amount", "event", "email")
    assert (await app.post(CARD, {})).json == dict.fromkeys(missing, REQUIRED)
    wrong = card(profile_type="x", recipient_account="x", date="1.2.2020", amount=-1, event="x", email=5)
    assert (await app.post(CARD, wrong)).json == {
        "profile_type": ['"x" is not a valid choice.'],
        "recipient_account": ["Object with slug=x does not exist."],
        "date": ["Date has wrong format. Use one of these formats instead: YYYY-MM-DD."],
        "amount": ["Ensure this value is greater than or equal to 0."],
        "event": ["Object with slug=x does not exist."],
        "email": ["Enter a valid email address."],
    }


async def test_who_is_up_to_date(app: Someone, callers: Callers, town: Town) -> None:
    """Staff always is; nobody and apps are refused."""
    user = await donor(app, callers, amount=150)
    assert (await (await callers.staff_of(None)).get(CHECK)).status == 200
    assert (await (await callers.superuser()).get(CHECK)).status == 200
    assert (await (await callers.organizer_of(None)).get(CHECK)).status == 404
    assert (await app.get(CHECK)).status == (await callers.anonymous.get(CHECK)).status == 403
    await app.post(CARD, card(amount=100))
    assert (await user.get(CHECK)).status == 404
    await app.post(CARD, card(amount=50, date=ago(376)))
    assert (await user.get(CHECK)).status == 200
    assert (await user.post(CHECK)).status == 405


@pytest.mark.parametrize(
    ("frequency", "days"),
    [("monthly", 41), ("quaterly", 102), ("biannually", 193), ("annually", 376), (None, 376)],
)
def test_channels_are_paid_for_their_period_and_ten_days(frequency: str | None, days: int) -> None:
    channel = Channel(1, 2, 3, 4, "5", 100, frequency)
    for late, paid in ((0, True), (1, False)):
        payment = Payment(1, ago(days + late), 100, "cash", None)
        assert is_paid(channel, [payment], TODAY) is paid
    assert not is_paid(channel, [], TODAY)
    assert is_paid(Channel(1, 2, 3, 4, "5", None, frequency), [Payment(1, ago(1), 0, "cash", None)], TODAY)


@pytest.mark.parametrize(
    ("quotas", "days", "paid"),
    [
        (Quotas(50, 0), 40, True),
        (Quotas(50, 0), 41, False),
        (Quotas(51, 0), 1, False),
        (Quotas(0, 50), 375, True),
        (Quotas(0, 50), 376, False),
        (Quotas(0, 0), 1, False),
    ],
)
async def test_everybody_may_have_to_pay_something(town: Town, quotas: Quotas, days: int, paid: bool) -> None:
    """Whatever they meant to pay; zero stands for no such rule."""
    channel = {"_id": 1, "user": 5, "event": 1, "money_account": 3, "unit": 7, "VS": "1"}
    channel |= {"regular_amount": 999, "regular_frequency": "annually"}
    await town.stores.database["donor_channels"].insert_one(channel)
    await town.stores.payments.add(Payment(1, ago(days), 50, "cash", 3))
    assert await town.stores.payments.up_to_date(5, quotas, TODAY) is paid


async def test_payments_are_looked_for(app: Someone, callers: Callers, town: Town) -> None:
    """Those by bank, of that amount, within two weeks; by date."""
    user = await donor(app, callers)
    (channel,) = await town.stores.database["donor_channels"].find().to_list(None)
    for day, amount, kind, operation in (
        ("2020-03-15", 100, "bank-transfer", "b"),
        ("2020-03-01", 100, "bank-transfer", "a"),
        ("2020-03-16", 100, "bank-transfer", "late"),
        ("2020-02-29", 100, "bank-transfer", "early"),
        ("2020-03-02", 101, "bank-transfer", "more"),
        ("2020-03-02", 100, "cash", "cash"),
    ):
        await town.stores.payments.add(Payment(channel["_id"], day, amount, kind, 3, operation))
    body = {
        "event": "obecne",
        "money_account": "bank",
        "VS": "0000000001",
        "amount": "100",
        "date": "2020-3-1",
    }
    found = await app.post(SEARCH, body)
    assert found.status == 200
    assert found.json == [
        {"amount": 100, "date": day, "operation_id": name, "profile_id": user.number}
        for name, day in (("a", "2020-03-01"), ("b", "2020-03-15"))
    ]
    for changes, detail in (
        ({"VS": "9"}, NO_CHANNEL),
        ({"event": "camp"}, NO_CHANNEL),
        ({"date": "2019-01-01"}, {"detail": "Payment since registered payment + 14 days doesnt exist "}),
        ({"date": "9999-12-31"}, {"detail": "Payment since registered payment + 14 days doesnt exist "}),
    ):
        answer = await app.post(SEARCH, {**body, **changes})
        assert (answer.status, answer.json) == (404, detail)
    missing = ("event", "money_account", "VS", "amount", "date")
    assert (await app.post(SEARCH, {})).json == dict.fromkeys(missing, REQUIRED)
    assert (await app.post(SEARCH, {**body, "event": "x"})).json == {
        "event": ["Object with slug=x does not exist."]
    }


async def test_payments_stay_when_somebody_leaves(app: Someone, callers: Callers, town: Town) -> None:
    user = await donor(app, callers)
    await app.post(CARD, card())
    assert user.oid is not None
    await town.stores.deletion.delete(user.oid)
    (channel,) = await town.stores.database["donor_channels"].find().to_list(None)
    assert channel["user"] is None
    assert await town.stores.database["payments"].count_documents({}) == 1
    gone = await app.post(CARD, card())
    assert (gone.status, gone.json) == (404, {"detail": "Email Does not exist"})
    assert await town.stores.payments.add(Payment(channel["_id"], date.min.isoformat(), 1, "cash", 3)) is None
