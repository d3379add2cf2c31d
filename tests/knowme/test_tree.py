"""Know Me users, profiles, topics, items and list entries."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from storage.belongings import Topic
from storage.driver import Document
from storage.owned import Shelf
from tests.knowme.client import App
from tests.serving import Served


async def test_an_account_without_a_user_has_an_empty_list(ann: App) -> None:
    answer = await ann.get("/know-me/users/")
    assert (answer.status, answer.json) == (200, [])


async def test_a_user_is_made_under_the_first_name(ann: App) -> None:
    answer = await ann.post("/know-me/users/", {})
    url = f"{ann.api.url}/know-me/users/{answer.json['id']}/"
    assert answer.status == 201
    assert answer.json == {"id": answer.json["id"], "url": url, "name": "Ann", "quote": None}
    assert answer.headers["Location"] == url
    assert (await ann.get("/know-me/users/")).json == [answer.json]


async def test_a_user_may_have_a_name_of_its_own_and_lose_it_again(ann: App, server: Served) -> None:
    made = await ann.make("/know-me/users/", name=" Annie ", quote="")
    assert (made["name"], made["quote"]) == ("Annie", "")
    path = f"/know-me/users/{made['id']}/"
    assert (await ann.patch(path, {"quote": "Hi"})).json["name"] == "Annie"
    await server.stores.database["users"].update_one({"_id": ann.oid}, {"$set": {"fname": "Anna"}})
    for empty in (None, ""):
        assert (await ann.patch(path, {"name": "X"})).json["name"] == "X"
        assert (await ann.patch(path, {"name": empty})).json["name"] == "Anna"
    assert (await server.stores.accounts.document(ann.oid))["fname"] == "Anna"


async def test_a_second_user_is_refused_with_an_array(ann: App) -> None:
    await ann.user()
    answer = await ann.post("/know-me/users/", {})
    assert answer.status == 400
    assert answer.json == ["Users may not have more than one Know Me account."]


async def test_of_users_made_at_once_one_stays(ann: App) -> None:
    answers = await asyncio.gather(*(ann.post("/know-me/users/", {}) for _ in range(12)))
    assert sorted(answer.status for answer in answers) == [201] + [400] * 11
    assert len((await ann.get("/know-me/users/")).json) == 1


async def test_a_user_shows_its_links_and_profiles(ann: App) -> None:
    user = await ann.user()
    profile = await ann.make(f"/know-me/users/{user}/profiles/", name="Family")
    url = f"{ann.api.url}/know-me/users/{user}/"
    shown = (await ann.get(f"/know-me/users/{user}/")).json
    assert list(shown) == [
        *("id", "url", "name", "quote", "emergency_items_url", "gallery_url", "profiles_url", "profiles")
    ]
    assert shown["url"] == url
    assert shown["gallery_url"] == f"{url}gallery/"
    assert shown["profiles_url"] == f"{url}profiles/"
    assert shown["emergency_items_url"] == f"{url}emergency-items/"
    assert shown["profiles"] == [profile]
    assert (await ann.delete(f"/know-me/users/{user}/")).status == 405


async def test_profiles_are_made_listed_and_changed(ann: App) -> None:
    user = await ann.user()
    path = f"/know-me/users/{user}/profiles/"
    first = await ann.post(path, {"name": "Family", "is_default": "on"})
    url = f"{ann.api.url}/know-me/profiles/{first.json['id']}/"
    assert first.json == {"id": first.json["id"], "url": url, "name": "Family", "is_default": True}
    assert first.headers["Location"] == url
    second = await ann.make(path, name="Work", is_default=True)
    assert [each["is_default"] for each in (await ann.get(path)).json] == [True, True]
    shown = await ann.patch(f"/know-me/profiles/{second['id']}/", {"is_default": False})
    assert shown.json["is_default"] is False
    assert shown.json["topics"] == []
    assert shown.json["topics_url"] == second["url"] + "topics/"
    assert (await ann.put(f"/know-me/profiles/{second['id']}/", {"name": "Job"})).json["name"] == "Job"
    missing = await ann.put(f"/know-me/profiles/{second['id']}/", {"is_default": True})
    assert (missing.status, missing.json) == (400, {"name": ["This field is required."]})
    unset = await ann.patch(f"/know-me/profiles/{second['id']}/", {"is_default": None})
    assert unset.json == {"is_default": ["This field may not be null."]}


async def test_topics_are_made_and_changed(ann: App) -> None:
    profile = await ann.profile()
    made = await ann.post(f"/know-me/profiles/{profile}/topics/", {"name": "Food", "topic_type": "3"})
    url = f"{ann.api.url}/know-me/topics/{made.json['id']}/"
    expected = {"id": made.json["id"], "url": url, "name": "Food", "topic_type": 3}
    assert made.json == {**expected, "items_url": f"{url}items/", "items": []}
    assert made.headers["Location"] == url
    path = f"/know-me/topics/{made.json['id']}/"
    assert (await ann.patch(path, {"topic_type": 4})).json["topic_type"] == 4
    assert (await ann.patch(path, {})).json["topic_type"] == 4
    assert (await ann.put(path, {"name": "Drink"})).json == {"topic_type": ["This field is required."]}
    assert (await ann.put(path, {"name": "Drink", "topic_type": 3})).json["name"] == "Drink"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (9, '"9" is not a valid choice.'),
        ("x", '"x" is not a valid choice.'),
        (True, '"True" is not a valid choice.'),
        (3.0, '"3.0" is not a valid choice.'),
        (None, "This field may not be null."),
        ([3], '"list" is not a valid choice.'),
        ({"$gt": 0}, '"dict" is not a valid choice.'),
        ("\ud800", '"?" is not a valid choice.'),
    ],
)
async def test_a_topic_has_one_of_two_types(ann: App, value: object, reason: str) -> None:
    profile = await ann.profile()
    answer = await ann.post(f"/know-me/profiles/{profile}/topics/", {"name": "Food", "topic_type": value})
    assert (answer.status, answer.json) == (400, {"topic_type": [reason]})


async def test_an_item_has_image_content_with_media_of_ones_own(ann: App) -> None:
    topic = await ann.topic()
    user = (await ann.get("/know-me/users/")).json[0]["id"]
    dog, cat = await ann.picture(user), await ann.picture(user, "cat.png")
    path = f"/know-me/topics/{topic}/items/"
    made = await ann.post(path, {"name": "Tea", "image_content": {"image_resource": str(dog["id"])}})
    url = f"{ann.api.url}/know-me/items/{made.json['id']}/"
    content = {"id": made.json["image_content"]["id"], "description": ""}
    content |= {"image_resource": dog, "media_resource": None}
    expected = {"id": made.json["id"], "url": url, "name": "Tea"}
    expected |= {"image_content": content, "list_content": None}
    assert (made.status, made.json, made.headers["Location"]) == (201, expected, url)
    merged = await ann.patch(f"/know-me/items/{made.json['id']}/", {"image_content": {"description": "hot"}})
    assert merged.json["image_content"] == {**content, "description": "hot"}
    change = {"image_content": {"image_resource": cat["id"], "media_resource": dog["id"]}}
    changed = await ann.patch(f"/know-me/items/{made.json['id']}/", change)
    assert changed.json["image_content"]["image_resource"] == cat
    assert changed.json["image_content"]["media_resource"] == dog
    assert (await ann.get(path)).json == [changed.json]


async def test_an_item_has_a_list_with_entries(ann: App) -> None:
    path = f"/know-me/topics/{await ann.topic()}/items/"
    item = await ann.make(path, name="Likes", list_content={"entries": [{"text": "ignored"}]})
    assert item["image_content"] is None
    assert item["list_content"]["entries"] == []
    entries = f"/know-me/items/{item['id']}/list-entries/"
    milk = await ann.post(entries, {"text": "milk"})
    assert milk.json == {"id": milk.json["id"], "text": "milk"}
    assert "Location" not in milk.headers
    bread = await ann.make(entries, text="bread")
    assert (await ann.get(entries)).json == [milk.json, bread]
    one = f"/know-me/list-entries/{bread['id']}/"
    assert (await ann.put(one, {"text": "rye"})).json["text"] == "rye"
    assert (await ann.patch(one, {})).json["text"] == "rye"
    assert (await ann.get(path)).json[0]["list_content"]["entries"][1] == {**bread, "text": "rye"}
    gone = await ann.delete(one)
    assert (gone.status, gone.body) == (204, b"")
    assert (await ann.get(one)).status == (await ann.delete(one)).status == 404


async def test_an_image_item_takes_no_entries(ann: App) -> None:
    item = await ann.make(f"/know-me/topics/{await ann.topic()}/items/", name="Tea", image_content={})
    assert (await ann.get(f"/know-me/items/{item['id']}/list-entries/")).json == []
    answer = await ann.post(f"/know-me/items/{item['id']}/list-entries/", {"text": "milk"})
    assert (answer.status, answer.json) == (404, {"detail": "Not found."})


ONLY_ONE = {"non_field_errors": ["Only one of 'image_content' and 'list_content' may be provided."]}
NONE = {"non_field_errors": ["One of 'image_content' or 'list_content' must be provided."]}
NO_MEDIA = {"image_content": {"image_resource": ["There is no media resource with the given ID."]}}
NO_OBJECT = ["Invalid data. Expected a dictionary, but got str."]
NULL = ["This field may not be null."]


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"image_content": {}, "list_content": {}}, ONLY_ONE),
        ({}, NONE),
        ({"image_content": None, "list_content": None}, NONE),
        ({"image_content": "x"}, {"image_content": {"non_field_errors": NO_OBJECT}}),
        ({"list_content": "x"}, {"list_content": {"non_field_errors": NO_OBJECT}}),
        ({"image_content": {"image_resource": 99999}}, NO_MEDIA),
        ({"image_content": {"image_resource": "dog"}}, NO_MEDIA),
        ({"image_content": {"image_resource": True}}, NO_MEDIA),
        ({"image_content": {"image_resource": 2**70}}, NO_MEDIA),
        ({"image_content": {"image_resource": {"$gt": 0}}}, NO_MEDIA),
        ({"image_content": {"image_resource": None}}, {"image_content": {"image_resource": NULL}}),
        ({"image_content": {"description": None}}, {"image_content": {"description": NULL}}),
        (
            {"name": "", "image_content": {"image_resource": 0}},
            {"name": ["This field may not be blank."], **NO_MEDIA},
        ),
    ],
)
async def test_an_items_content_is_checked(ann: App, fields: dict[str, object], errors: object) -> None:
    path = f"/know-me/topics/{await ann.topic()}/items/"
    answer = await ann.post(path, {"name": "Tea", **fields})
    assert (answer.status, answer.json) == (400, errors)
    assert (await ann.get(path)).json == []


async def test_media_of_others_are_unknown(ann: App, bob: App) -> None:
    theirs = await bob.picture(await bob.user())
    content = {"image_resource": theirs["id"], "media_resource": theirs["id"]}
    answer = await ann.post(
        f"/know-me/topics/{await ann.topic()}/items/", {"name": "Tea", "image_content": content}
    )
    reason = ["There is no media resource with the given ID."]
    assert answer.json == {"image_content": {"image_resource": reason, "media_resource": reason}}


async def test_the_kind_of_content_stays(ann: App) -> None:
    path = f"/know-me/topics/{await ann.topic()}/items/"
    image = await ann.make(path, name="Tea", image_content={"description": "hot"})
    entries = await ann.make(path, name="Likes", list_content={})
    other = {"non_field_errors": ["The type of content attached to a profile item may not change."]}
    for item, key in ((image, "list_content"), (entries, "image_content")):
        one = f"/know-me/items/{item['id']}/"
        assert (await ann.patch(one, {key: {}})).json == other
        assert (await ann.patch(one, {"image_content": {}, "list_content": {}})).json == ONLY_ONE
        assert (await ann.patch(one, {key: None})).status == 200
        assert (await ann.put(one, {"name": "New"})).json == {**item, "name": "New"}
        assert (await ann.put(one, {})).json == {"name": ["This field is required."]}
        assert (await ann.delete(one)).status == 405
    same = await ann.patch(f"/know-me/items/{entries['id']}/", {"list_content": {}})
    assert same.status == 200


async def test_a_profile_is_expanded_in_few_queries(ann: App, monkeypatch: pytest.MonkeyPatch) -> None:
    profile = await ann.profile()
    for topic in range(3):
        made = await ann.make(f"/know-me/profiles/{profile}/topics/", name=f"T{topic}", topic_type=4)
        for item in range(3):
            lists = await ann.make(f"/know-me/topics/{made['id']}/items/", name=f"I{item}", list_content={})
            await ann.make(f"/know-me/items/{lists['id']}/list-entries/", text=f"{topic}{item}")
    queries = []
    real = Shelf._list

    async def counted(shelf: Shelf[Topic], query: Document) -> Sequence[Topic]:
        queries.append(query)
        return await real(shelf, query)

    monkeypatch.setattr(Shelf, "_list", counted)
    shown = (await ann.get(f"/know-me/profiles/{profile}/")).json
    texts = [
        entry["text"]
        for topic in shown["topics"]
        for item in topic["items"]
        for entry in item["list_content"]["entries"]
    ]
    assert texts == [f"{topic}{item}" for topic in range(3) for item in range(3)]
    assert len(queries) == 3


def stages(plan: Document) -> list[str]:
    inner = [plan["inputStage"]] if "inputStage" in plan else plan.get("inputStages", [])
    return [plan["stage"], *(stage for each in inner for stage in stages(each))]


async def test_look_ups_go_by_an_index_and_come_sorted(ann: App, server: Served) -> None:
    topics = server.stores.database["km_topics"]
    lists = topics.find({"profile_id": {"$in": [1, 2]}, "user_id": ann.oid}).sort("id", 1)
    one = topics.find({"id": 1, "user_id": ann.oid})
    for cursor in (lists, one):
        plan = stages((await cursor.explain())["queryPlanner"]["winningPlan"])
        assert "IXSCAN" in plan
        assert not {"COLLSCAN", "SORT"} & set(plan)


async def test_what_is_somebody_elses_is_not_there(ann: App, bob: App) -> None:
    topic = await ann.topic()
    user = (await ann.get("/know-me/users/")).json[0]["id"]
    profile = (await ann.get(f"/know-me/users/{user}/profiles/")).json[0]["id"]
    items = f"/know-me/topics/{topic}/items/"
    item = await ann.make(items, name="Likes", list_content={})
    entry = await ann.make(f"/know-me/items/{item['id']}/list-entries/", text="milk")
    media = await ann.picture(user)
    contact = {"name": "Bo", "relation": "brother", "phone_number": "19195550100"}
    contact = await ann.make(f"/know-me/users/{user}/emergency-contacts/", **contact)
    emergency = await ann.make(f"/know-me/users/{user}/emergency-items/", name="Allergy")
    lists = ["profiles", "gallery", "emergency-items", "emergency-contacts"]
    paths = [f"users/{user}/{name}" for name in lists] + [f"users/{user}", f"profiles/{profile}"]
    paths += [f"profiles/{profile}/topics", f"topics/{topic}", f"topics/{topic}/items"]
    paths += [f"items/{item['id']}", f"items/{item['id']}/list-entries", f"list-entries/{entry['id']}"]
    paths += [f"media-resources/{media['id']}", f"emergency-items/{emergency['id']}"]
    paths += [f"emergency-contacts/{contact['id']}"]
    for path in paths:
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            answer = await bob.call(method, f"/know-me/{path}/", b"{}" if method[0] == "P" else None)
            assert answer.status in (404, 405), (method, path)
            if answer.status == 404:
                assert answer.json == {"detail": "Not found."}
            own = await ann.call("OPTIONS", f"/know-me/{path}/")
            assert (answer.status == 405) is (method not in own.headers["Allow"]), (method, path)
    assert (await ann.get(f"/know-me/list-entries/{entry['id']}/")).json == entry


@pytest.mark.parametrize("number", ["0", "99", "x", "-1", "1.0", "9" * 30, "9" * 300, "%ff", "%D9%A3", "%00"])
async def test_an_id_that_cannot_be_is_not_found(ann: App, number: str) -> None:
    answer = await ann.get(f"/know-me/users/{number}/")
    assert (answer.status, answer.json) == (404, {"detail": "Not found."})
