"""The community's index."""

from __future__ import annotations

import pytest

from storage.pybossa.contributions import Run
from tests.pybossa.browser import Browser
from tests.pybossa.village import Village
from tests.serving import Api

P9 = {"created", "fullname", "info", "locale", "name", "rank", "registered_ago", "score", "task_runs"}


async def settle_many(village: Village, count: int) -> None:
    """Let people join and contribute once each."""
    await village.settle("owner", "The Owner")
    project = await village.project("owner", "birds")
    for number in range(count):
        member = await village.join(f"p{number:02}")
        task = await village.stores.projects.add_task(project)
        await village.stores.contributions.add(Run(task, member))


async def test_an_empty_community_has_one_page(api: Api) -> None:
    answer = await api.get("/account", Content_Type="application/json")
    assert answer.json == {
        "accounts": [],
        "pagination": {"next": False, "page": 1, "per_page": 24, "prev": False, "total": 0},
        "template": "account/index.html",
        "title": "Community",
        "top_users": [],
        "total": 0,
        "update_feed": [],
    }


async def test_the_list_comes_in_pages_of_24(village: Village, browser: Browser) -> None:
    await settle_many(village, 26)
    first = (await browser.get("/account")).json
    assert first["pagination"] == {"next": True, "page": 1, "per_page": 24, "prev": False, "total": 26}
    assert (await browser.get("/account/")).json == first
    assert (await browser.get("/account/page/1")).json == first
    assert [row["name"] for row in first["accounts"]] == [f"p{number:02}" for number in range(25, 1, -1)]
    assert all(row.keys() == P9 for row in first["accounts"])
    row = first["accounts"][0]
    assert (row["rank"], row["score"], row["task_runs"], row["registered_ago"]) == (None, None, 1, "just now")
    second = (await browser.get("/account/page/2")).json
    assert second["pagination"] == {"next": False, "page": 2, "per_page": 24, "prev": True, "total": 26}
    assert [row["name"] for row in second["accounts"]] == ["p01", "p00"]
    assert first["total"] == second["total"] == 27
    assert len(first["top_users"]) == 20
    leader = first["top_users"][0]
    assert leader.keys() == P9
    assert (leader["name"], leader["rank"], leader["score"]) == ("p00", 1, 1)
    assert (leader["registered_ago"], leader["task_runs"]) == (None, None)
    assert [row["rank"] for row in first["top_users"]] == list(range(1, 21))
    assert first["update_feed"][0]["action_updated"] == "UserContribution"
    page = (await browser.see("/account")).text
    assert 'href="/account/page/2"' in page


@pytest.mark.parametrize("number", ["0", "2", "-1", "x", "1.0", "9223372036854775808", "٣", "1" * 50])
async def test_a_page_that_there_is_not_is_404(api: Api, number: str) -> None:
    answer = await api.get(f"/account/page/{number.encode().hex('%') if not number.isascii() else number}")
    assert answer.status == 404


async def test_the_last_possible_page_is_404_and_no_error(api: Api) -> None:
    assert (await api.get("/account/page/9223372036854775807")).status == 404


async def test_whoever_has_not_contributed_is_ranked_but_not_listed(john: Browser) -> None:
    value = (await john.get("/account")).json
    assert (value["accounts"], value["total"]) == ([], 1)
    assert [row["name"] for row in value["top_users"]] == ["johndoe", "johndoe"]
    assert value["top_users"][0] == value["top_users"][1]
    page = (await john.see("/account")).text
    assert page.count('<tr class="own">') == 1


@pytest.mark.settings(leaderboard=2)
async def test_the_top_list_ends_with_ones_own_row(village: Village) -> None:
    browsers = [await village.settle(f"user{number}", f"User {number}") for number in "abc"]
    value = (await browsers[2].get("/account")).json
    assert [(row["name"], row["rank"]) for row in value["top_users"]] == [
        ("usera", 1),
        ("userb", 2),
        ("userc", 3),
    ]
    strangers = (await Browser(village.api).get("/account")).json
    assert [row["name"] for row in strangers["top_users"]] == ["usera", "userb"]


async def test_restricted_people_are_nowhere(john: Browser, village: Village) -> None:
    await village.stores.pybossa.change((await village.user("johndoe")).oid, {"restrict": True})
    value = (await john.get("/account")).json
    assert (value["top_users"], value["update_feed"], value["total"]) == ([], [], 1)


async def test_the_feed_tells_who_has_joined(john: Browser) -> None:
    (entry,) = (await john.get("/account")).json["update_feed"]
    assert entry.keys() == P9 | {"action_updated", "updated"}
    assert (entry["action_updated"], entry["name"]) == ("User", "johndoe")
    assert "John Doe</a> has joined." in (await john.see("/account")).text
