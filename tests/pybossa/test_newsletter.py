"""The question whether somebody wants the newsletter."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from handlers.core.mailing_list import KIND, may_be_listed
from tests.pybossa.browser import JSON, Browser, flat
from tests.pybossa.village import Village
from tests.serving import Api

NEWSLETTER = "/account/newsletter"
CHIMP = pytest.mark.settings(
    mailchimp_enabled=True,
    mailchimp_list_id="L1",
    mailchimp_api_key=SecretStr("secret-us7"),
    job_workers=0,
    account_confirmation_disabled=True,
)


async def test_it_asks_and_never_again(john: Browser, village: Village) -> None:
    answer = await john.get(NEWSLETTER)
    assert answer.json == {
        "next": "/",
        "template": "account/newsletter.html",
        "title": "Subscribe to our Newsletter",
    }
    user = await village.user("johndoe")
    assert (user.newsletter_prompted, user.newsletter) == (True, None)


@pytest.mark.parametrize("word", ["true", "True", "TRUE"])
async def test_a_yes_is_kept(john: Browser, village: Village, word: str) -> None:
    answer = await john.get(f"{NEWSLETTER}?subscribe={word}&next=/about")
    assert answer.json == {
        "flash": "You are subscribed to our newsletter",
        "next": "/about",
        "status": "success",
    }
    user = await village.user("johndoe")
    assert (user.newsletter_prompted, user.newsletter) == (True, True)


async def test_a_no_is_kept(john: Browser, village: Village) -> None:
    await john.get(f"{NEWSLETTER}?subscribe=true")
    assert flat(await john.get(f"{NEWSLETTER}?subscribe=False")) == (200, None, None, "/")
    assert (await village.user("johndoe")).newsletter is False


@pytest.mark.parametrize("path", ["//evil.example", "/\\evil.example", "https://evil.example"])
async def test_it_leads_nowhere_else(john: Browser, path: str) -> None:
    assert (await john.get(f"{NEWSLETTER}?subscribe=true&next={path}")).json["next"] == "/"
    page = await john.see(f"{NEWSLETTER}?subscribe=false&next={path}")
    assert (page.status, page.headers["Location"]) == (302, "/")


async def test_people_see_two_answers(john: Browser) -> None:
    page = await john.see(f"{NEWSLETTER}?next=/about?a=1%26b=2")
    assert 'subscribe=true&amp;next=/about%3Fa%3D1%26b%3D2"' in page.text
    assert "<title>Subscribe to our Newsletter" in page.text


async def test_strangers_sign_in(api: Api) -> None:
    answer = await api.get(f"{NEWSLETTER}?subscribe=true", **JSON)
    assert answer.headers["Location"] == "/account/signin?next=%2Faccount%2Fnewsletter%3Fsubscribe%3Dtrue"


@CHIMP
async def test_the_mailing_list_hears_of_a_yes_only(village: Village) -> None:
    john = Browser(village.api)
    await john.post("/account/register", village.form())
    jobs = village.stores.database["jobs"]
    await john.get(f"{NEWSLETTER}?subscribe=false")
    assert await jobs.count_documents({"kind": KIND}) == 0
    assert not may_be_listed(await village.row("johndoe"))
    await john.get(f"{NEWSLETTER}?subscribe=true")
    job = await jobs.find_one({"kind": KIND})
    assert job is not None
    assert job["args"] == {"id": (await village.user("johndoe")).id}
