"""Setting a password by a mailed link."""

from __future__ import annotations

import asyncio
import base64

import pytest

from tests.flux.mailbox import text_of
from tests.klub.callers import PASSWORD
from tests.klub.town import NEW_PASSWORD, Town

ASK = "/api/reset_password_email/"


@pytest.fixture
async def ann(town: Town) -> str:
    assert (await town.register("ann@example.com", username="annie")).status == 201
    return "ann@example.com"


async def test_the_mail_names_the_user_and_has_the_link(town: Town, ann: str) -> None:
    """On a line of its own, to the page that the settings name."""
    await town.link(ann)
    mail = (await town.mails(ann))[0]
    assert mail["Subject"] == "Password reset"
    lines = text_of(mail).splitlines()
    number = (await town.person(ann))["id"]
    uid = base64.urlsafe_b64encode(str(number).encode()).decode().rstrip("=")
    assert any(line.startswith(f"{town.api.url}/?u={uid}&t=") for line in lines)
    assert "annie" in text_of(mail)
    assert mail["From"] == "Folkmoot <no-reply@127.0.0.1>"


@pytest.mark.settings(web_url="https://club.example/reset", email_from="Club <club@club.example>")
async def test_page_and_sender_come_from_the_settings(town: Town, ann: str) -> None:
    """The first unit with a sender of its own comes before the setting."""
    await town.link(ann)
    assert (await town.mails(ann))[0]["From"] == "Club <club@club.example>"
    assert "\nhttps://club.example/reset?u=" in text_of((await town.mails(ann))[0]).replace("\r", "")
    units = [(8, ""), (9, "nobody"), (10, "Unit <unit@club.example>"), (11, "z@club.example")]
    await town.stores.database["administrative_units"].insert_many(
        [{"_id": number, "name": "x", "from_email_str": sender} for number, sender in units]
    )
    await town.link(ann)
    assert "Unit <unit@club.example>" in [mail["From"] for mail in await town.mails(ann)]


async def test_a_link_sets_the_password_once(town: Town, ann: str) -> None:
    """The address counts as verified from then on."""
    link = await town.link(ann)
    answer = await town.confirm(link)
    assert (answer.status, answer.body) == (200, b"")
    assert (await town.login(ann)).status == 401
    assert (await town.login(ann, NEW_PASSWORD)).status == 200
    again = await town.confirm(link)
    assert (again.status, again.body) == (403, b"")
    address = await town.stores.addresses.taken(ann)
    assert address is not None
    assert address["verified"]
    assert (await town.person(ann))["email_validated"]


async def test_nobody_learns_who_is_known(town: Town, ann: str) -> None:
    """The answer for a stranger's address is the same, and nothing is mailed."""
    for email in ("nobody@example.com", ann):
        answer = await town.post(ASK, {"email": email})
        assert (answer.status, answer.body) == (200, b"")
        assert "Content-Type" not in answer.headers
    assert [mail["To"] for mail in await town.mails()] == [ann]


async def test_a_secondary_address_has_to_be_verified(town: Town, ann: str) -> None:
    """A primary one need not be."""
    person = await town.person(ann)
    for email, verified in (("one@example.com", True), ("two@example.com", False)):
        row = await town.stores.addresses.prepare(email, person["_id"], primary=False, verified=verified)
        await town.stores.database["email_addresses"].insert_one(row)
        assert (await town.post(ASK, {"email": email.upper()})).status == 200
    assert [mail["To"] for mail in await town.mails()] == ["one@example.com"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "This field is required."),
        ({"email": "x"}, "Enter a valid email address."),
        ({"email": {"$gt": ""}}, "Enter a valid email address."),
    ],
)
async def test_a_bad_address_is_told(town: Town, body: dict[str, object], reason: str) -> None:
    """As for every field."""
    answer = await town.post(ASK, body)
    assert (answer.status, answer.json) == (400, {"email": [reason]})


async def test_what_is_wrong_with_the_passwords_comes_first(town: Town, ann: str) -> None:
    """Weak, missing: 400; different: 404; whatever the link is worth."""
    for path in (await town.link(ann), "/api/reset_password_email_confirm/x/y/"):
        answer = await town.confirm(path, "123")
        assert (answer.status, list(answer.json)) == (400, ["password_1"])
        answer = await town.post(path, {"password_1": NEW_PASSWORD})
        assert (answer.status, answer.json) == (400, {"password_2": ["This field is required."]})
        answer = await town.confirm(path, NEW_PASSWORD, PASSWORD)
        assert (answer.status, answer.json) == (404, {"detail": "Passoword 1 and 2 doesnt match"})
    assert (await town.login(ann)).status == 200


async def test_a_link_that_does_not_hold_is_403(town: Town, ann: str) -> None:
    """Another account's number, one that is none, a wrong token."""
    await town.register("bob@example.com")
    link = await town.link(ann)
    *_, uid, token, _ = link.split("/")
    other = base64.urlsafe_b64encode(str((await town.person("bob@example.com"))["id"]).encode()).decode()
    wrong = [(other.rstrip("="), token), ("!!", token), ("%C3%A9", token), ("A", token)]
    for parts in [*wrong, (uid, token[:-1]), (uid, "x" * 5000)]:
        answer = await town.confirm("/api/reset_password_email_confirm/{}/{}/".format(*parts))
        assert (answer.status, answer.body) == (403, b""), parts
    assert (await town.confirm(link.rstrip("/"))).status == 200


@pytest.mark.settings(password_reset_timeout=60)
async def test_a_link_ends_by_itself(town: Town, ann: str) -> None:
    """After PASSWORD_RESET_TIMEOUT."""
    link = await town.link(ann)
    await town.stores.database["password_resets"].update_many({}, {"$inc": {"created_at": -61}})
    assert (await town.confirm(link)).status == 403


async def test_another_password_or_address_ends_links(town: Town, ann: str) -> None:
    """Of all that were mailed."""
    first, second = await town.link(ann), await town.link(ann)
    assert (await town.confirm(first)).status == 200
    assert (await town.confirm(second)).status == 403


async def test_a_link_used_ten_times_at_once_counts_once(town: Town, ann: str) -> None:
    """The others find it dead."""
    link = await town.link(ann)
    answers = await asyncio.gather(*(town.confirm(link) for _ in range(10)))
    assert sorted(answer.status for answer in answers) == [200] + [403] * 9


async def test_recovery_gives_everything_new(town: Town, ann: str) -> None:
    """As flux.md says of a mailed link: the secret, the app's token."""
    before = await town.person(ann)
    token = await town.stores.tokens.issue(before["_id"])
    assert (await town.confirm(await town.link(ann))).status == 200
    after = await town.person(ann)
    assert after["s"] != before["s"]
    assert after["auth"]["generation"] > before["auth"]["generation"]
    assert await town.stores.tokens.holder(token) is None


@pytest.mark.settings(rate_limit_scale=1, mails_per_address="1/3600")
async def test_links_are_limited_per_address(town: Town, ann: str) -> None:
    """Known or not."""
    for email in (ann, "nobody@example.com"):
        assert (await town.post(ASK, {"email": email})).status == 200
        answer = await town.post(ASK, {"email": email.upper()})
        assert (answer.status, "Retry-After" in answer.headers) == (429, True)


async def test_the_log_does_not_show_the_link(town: Town, ann: str, server: object) -> None:
    """Its secret part is masked."""
    link = await town.link(ann)
    await town.confirm(link, "123")
    log = server.log.getvalue()  # type: ignore[attr-defined]
    assert "reset_password_email_confirm" in log
    assert link.split("/")[-2] not in log
