"""Pages about one person: what others see, what they see of themselves, their projects."""

from __future__ import annotations

from typing import Any

import pytest

from storage.pybossa.contributions import Run
from tests.pybossa.browser import Browser
from tests.pybossa.village import Village

PUBLIC = {"created", "fullname", "info", "locale", "n_answers", "name", "rank", "registered_ago", "score"}
OWN = PUBLIC | {
    *(
        "admin",
        "api_key",
        "confirmation_email_sent",
        "email_addr",
        "facebook_user_id",
        "google_user_id",
        "id",
    ),
    *("restrict", "total", "twitter_user_id", "valid_email"),
}
J7 = {"description", "info", "n_tasks", "n_volunteers", "name", "overall_progress", "short_name"}
J9 = J7 | {"id", "owner_id"}


@pytest.fixture
async def jane(village: Village) -> Browser:
    """Give the browser of Jane Doe."""
    return await village.settle("janedoe", "Jane Doe")


async def answer_task(village: Village, project: int, name: str) -> None:
    """Let somebody answer a new task of a project, which that completes."""
    task = await village.stores.projects.add_task(project, n_answers=1)
    await village.stores.contributions.add(Run(task, (await village.user(name)).id))


async def see(browser: Browser, name: str = "johndoe") -> dict[str, Any]:
    """Return somebody's page as JSON."""
    answer = await browser.get(f"/account/{name}")
    assert answer.status == 200, answer.text
    value: dict[str, Any] = answer.json
    return value


async def test_others_see_what_is_public(
    john: Browser, jane: Browser, village: Village, browser: Browser
) -> None:
    info = {"avatar": "a.png", "container": "user_1", "extra": {"a": 1}, "secret": "x", "avatar_url": None}
    await village.change("johndoe", pybossa__info=info)
    for other in (browser, jane):
        value = await see(other)
        user = value.pop("user")
        assert value == {
            "can_update": False,
            "form": None,
            "input_form": False,
            "projects": [],
            "projects_contrib": [],
            "projects_created": [],
            "template": "/account/public_profile.html",
            "title": "John Doe · User Profile",
        }
        assert user.keys() == PUBLIC
        assert user["info"] == {"avatar": "a.png", "container": "user_1", "extra": {"a": 1}}
        assert (user["n_answers"], user["score"], user["rank"]) == (0, 0, 1)
        assert (user["locale"], user["registered_ago"]) == ("en", "just now")


async def test_ones_own_page_has_everything(john: Browser, jane: Browser, village: Village) -> None:
    await village.change("johndoe", pybossa__info={"secret": "x", "avatar": None})
    value = await see(john)
    user = value.pop("user")
    assert value == {
        "can_update": True,
        "form": None,
        "projects_contrib": [],
        "projects_created": [],
        "projects_draft": [],
        "projects_published": [],
        "template": "account/profile.html",
        "title": "Profile",
    }
    assert user.keys() == OWN
    person = await village.user("johndoe")
    assert (user["id"], user["api_key"], user["email_addr"]) == (person.id, person.api_key, person.email)
    assert (user["info"], user["total"], user["valid_email"]) == ({"secret": "x", "avatar": None}, 2, True)
    assert [user[f"{name}_user_id"] for name in ("facebook", "google", "twitter")] == [None] * 3
    assert (await john.get("/account/profile")).json["user"] == user
    assert (await john.get("/account/johndoe/")).json["user"] == user


async def test_projects_and_their_numbers(john: Browser, jane: Browser, village: Village) -> None:
    info = {"thumbnail": "t.png", "container": None, "passwd_hash": "secret", "task_presenter": "<b>"}
    public = await village.project("johndoe", "birds", info=info)
    await village.project("johndoe", "drafts", published=False)
    await answer_task(village, public, "janedoe")
    await village.stores.projects.add_task(public)
    shown = await see(jane)
    (birds,) = shown["projects_created"]
    assert birds == {
        "description": "About it",
        "info": {"thumbnail": "t.png"},
        "n_tasks": 2,
        "n_volunteers": 1,
        "name": "Birds",
        "overall_progress": 50,
        "short_name": "birds",
    }
    assert (shown["projects"], shown["projects_contrib"]) == ([], [])
    own = await see(john)
    assert [each["short_name"] for each in own["projects_created"]] == ["birds"]
    (published,), (draft,) = own["projects_published"], own["projects_draft"]
    assert published.keys() == draft.keys() == J9
    assert (published["info"], published["id"]) == (info, public)
    assert published["owner_id"] == (await village.user("johndoe")).id
    contributed = await see(jane, "janedoe")
    assert contributed["projects_contrib"] == [birds]
    assert (contributed["user"]["score"], contributed["user"]["rank"]) == (1, 1)
    public_view = await see(Browser(village.api), "janedoe")
    assert public_view["projects"] == public_view["projects_contrib"] == [birds]


async def test_contributed_projects_come_by_name_from_the_end(john: Browser, village: Village) -> None:
    for name in ("ants", "cats", "bees"):
        await answer_task(village, await village.project("johndoe", name), "johndoe")
    names = [each["name"] for each in (await see(john))["projects_contrib"]]
    assert names == ["Cats", "Bees", "Ants"]
    assert [each["name"] for each in (await see(john))["projects_published"]] == ["Ants", "Cats", "Bees"]


async def test_co_owned_projects_are_ones_own(john: Browser, jane: Browser, village: Village) -> None:
    project = await village.project("johndoe", "birds", published=False)
    number = (await village.user("janedoe")).id
    update = {"$push": {"owners_ids": number}}
    await village.stores.database["projects"].update_one({"_id": project}, update)
    answer = await jane.get("/account/janedoe/projects")
    assert [each["id"] for each in answer.json["projects_draft"]] == [project]


async def test_admins_see_drafts_after_the_rest(john: Browser, jane: Browser, village: Village) -> None:
    await village.project("johndoe", "drafts", published=False)
    await village.project("johndoe", "birds")
    await village.change("janedoe", auth__superuser=True)
    value = await see(jane)
    assert value["can_update"] is True
    assert [each["short_name"] for each in value["projects_created"]] == ["birds", "drafts"]
    assert all(each.keys() == J7 for each in value["projects_created"])
    assert value["user"].keys() == PUBLIC


async def test_restricted_people_show_nothing_to_anybody_else(
    john: Browser, jane: Browser, village: Village
) -> None:
    await village.project("johndoe", "birds")
    await village.stores.pybossa.change((await village.user("johndoe")).oid, {"restrict": True})
    await village.change("janedoe", auth__superuser=True)
    for other in (jane, Browser(village.api)):
        assert await see(other) == {
            "can_update": False,
            "form": None,
            "input_form": False,
            "projects": [],
            "projects_contrib": [],
            "projects_created": [],
            "template": "/account/public_profile.html",
            "title": "User data is restricted",
            "user": None,
        }
        assert "John Doe" not in (await other.see("/account/johndoe")).text
    user = (await see(john))["user"]
    assert (user["rank"], user["score"], user["restrict"]) == (None, None, True)


@pytest.mark.parametrize("path", ["/account/JOHNDOE", "/account/john%20doe", "/account/1", "/account/emails"])
async def test_names_are_compared_with_case(john: Browser, path: str) -> None:
    assert (await john.get(path)).status == 404


async def test_who_has_not_joined_has_no_page(village: Village, browser: Browser) -> None:
    member = await village.api.register("ann@example.com", fname="Ann", sname="Lee")
    for name in ("annlee", str(member["id"]), f"user{member['id']}", "ann@example.com"):
        assert (await browser.get(f"/account/{name}")).status == 404


async def test_a_name_is_percent_encoded_wherever_it_leads(village: Village) -> None:
    browser = await village.settle("émile%?", "Émile", email_addr="e@example.com")
    page = await browser.see("/account/profile")
    assert (page.status, page.headers["Location"]) == (302, "/account/%C3%A9mile%25%3F/")
    own = await browser.see(page.headers["Location"])
    assert (own.status, "Émile" in own.text) == (200, True)


async def test_people_without_a_full_name_are_shown_by_user_name(john: Browser, village: Village) -> None:
    await village.change("johndoe", name="")
    assert (await see(Browser(village.api)))["title"] == "johndoe · User Profile"


async def test_the_own_page_of_a_stranger(browser: Browser) -> None:
    page = await browser.see("/account/profile")
    assert (page.status, page.headers["Location"]) == (302, "/account/signin")


async def test_own_projects(john: Browser, jane: Browser, village: Village) -> None:
    await village.project("johndoe", "birds")
    answer = await john.get("/account/johndoe/projects")
    value = answer.json
    assert [each["short_name"] for each in value.pop("projects_published")] == ["birds"]
    assert value == {"projects_draft": [], "template": "account/projects.html", "title": "Projects"}
    assert (await john.get("/account/johndoe/applications")).json == answer.json
    await village.change("janedoe", auth__superuser=True)
    assert (await jane.get("/account/johndoe/projects")).status == 403


async def test_an_import_may_have_brought_anything_as_info(john: Browser, village: Village) -> None:
    await village.change("johndoe", pybossa__info=["a", 1])
    assert (await see(john))["user"]["info"] == ["a", 1]
    assert (await see(Browser(village.api)))["user"]["info"] == {}
    assert (await john.see("/account/johndoe")).status == 200
