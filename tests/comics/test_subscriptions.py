"""Following comics: one by one, many at once, and nobody else's."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from storage.comics.conditions import Selection
from storage.comics.following import Following
from storage.comics.subscriptions import Subscriptions
from tests.comics.library import Caller, Library, make_comic, uri
from tests.comics.reading import read
from tests.serving import Answer
from tests.wire import open_wire

PATH = "/api/v1/subscriptions/"
HTML = "text/html; charset=utf-8"
CANNED = {"error_message": "Sorry, this request could not be processed. Please try again later."}
NO_COMIC = {"error": "The 'comic' field has no data and doesn't allow a default or null value."}
NO_JSON = {"error": "Request is not valid JSON."}


def own(number: int) -> str:
    """Name a subscription."""
    return f"{PATH}{number}/"


def check_empty(answer: Answer, status: int) -> None:
    """Check that a call succeeded without a body."""
    assert (answer.status, answer.body) == (status, b""), answer.text
    if status != 204:
        assert (answer.headers["Content-Type"], answer.headers["Content-Length"]) == (HTML, "0")


async def patch(caller: Caller, **values: Any) -> Answer:
    """Change many subscriptions."""
    return await caller.send("PATCH", PATH, values)


async def test_following_a_comic_says_where_the_subscription_is(ann: Caller, shelf: Library) -> None:
    answer = await ann.send("POST", PATH, {"comic": uri(18)})
    check_empty(answer, 201)
    location = answer.headers["Location"]
    assert location.startswith(f"{ann.api.url}{PATH}")
    made = (await ann.get(location.removeprefix(ann.api.url))).json
    number = location.split("/")[-2]
    assert made == {"comic": uri(18), "id": number, "resource_uri": f"{PATH}{number}/"}
    assert (await ann.get(PATH)).json["objects"] == [made]


@pytest.mark.settings(base_url="https://comics.example.org")
async def test_a_location_begins_with_the_base(ann: Caller, shelf: Library) -> None:
    answer = await ann.send("POST", PATH, {"comic": uri(18)})
    assert answer.headers["Location"].startswith("https://comics.example.org/api/v1/subscriptions/")


async def test_comics_may_be_named_by_any_hosts_address(ann: Caller, shelf: Library) -> None:
    for comic, before in {18: "https://comics.example.org", 19: "HTTP://[::1]:8888", 20: "http://x"}.items():
        check_empty(await ann.send("POST", PATH, {"comic": before + uri(comic)}), 201)
    assert {comic for _, comic in await ann.followed()} == {18, 19, 20}


async def test_following_twice_is_the_regretted_500(ann: Caller, bob: Caller, shelf: Library) -> None:
    await ann.follow(18)
    before = await ann.followed()
    for headers in ({}, {"Accept": "application/xml"}):
        answer = await ann.call("POST", PATH, orjson.dumps({"comic": uri(18)}), headers)
        name = "xml" if headers else "json"
        assert (answer.status, read(name, answer.body)) == (500, CANNED)
    assert await ann.followed() == before
    await bob.follow(18)


async def test_of_many_at_once_one_follows(ann: Caller, shelf: Library) -> None:
    asked = [ann.send("POST", PATH, {"comic": uri(18)}) for _ in range(8)]
    answers = await asyncio.gather(*asked)
    assert sorted(answer.status for answer in answers) == [201, *[500] * 7]
    assert len(await ann.followed()) == 1


async def test_keys_that_are_not_the_comic_are_ignored(ann: Caller, bob: Caller, shelf: Library) -> None:
    (theirs,) = await bob.follow(19)
    (mine,) = await ann.follow(19)
    more = {"id": theirs, "pk": theirs, "resource_uri": own(theirs), "user": "/api/v1/users/1/", "x": {}}
    check_empty(await ann.send("POST", PATH, {"comic": uri(18), **more}), 201)
    check_empty(await ann.send("PUT", own(mine), {"comic": uri(20), **more}), 204)
    assert await bob.followed() == [(theirs, 19)]
    assert [comic for _, comic in await ann.followed()] == [20, 18]


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_bodies_that_name_no_comic_are_refused(ann: Caller, shelf: Library, method: str) -> None:
    (mine,) = await ann.follow(19)
    path = PATH if method == "POST" else own(mine)
    for value in ({}, [], None, 5, "x", [{"comic": uri(18)}], {"Comic": uri(18)}):
        answer = await ann.send(method, path, value)
        assert (answer.status, answer.json) == (400, NO_COMIC)
    bad = [
        "",
        "18",
        "garbage",
        "/api/v1/comics/18",
        "/api/v1/releases/18/",
        "api/v1/comics/18/",
        uri(18) + "x",
    ]
    bad += [
        "//x/api/v1/comics/18/",
        "ftp://x/api/v1/comics/18/",
        "/api/v1/comics/x/",
        "/api/v1/comics/-1/",
        "\n",
    ]
    for comic in (*bad, uri(18) + "\n", 18, None, True, [uri(18)], {"$gt": ""}, {"id": 18}, 1.5):
        answer = await ann.send(method, path, {"comic": comic})
        assert (answer.status, list(answer.json)) == (400, ["error"]), comic
    assert await ann.followed() == [(mine, 19)]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_comics_that_do_not_exist_are_named(ann: Caller, shelf: Library, method: str) -> None:
    (mine,) = await ann.follow(19)
    for name in (uri(99), uri(0), uri(2**63), f"https://h/<b>{uri(99)}", f"http://h{uri(99)}"):
        body: Any = (
            {"objects": [{"comic": uri(18)}, {"comic": name}]} if method == "PATCH" else {"comic": name}
        )
        answer = await ann.send(method, own(mine) if method == "PUT" else PATH, body)
        assert answer.status == 400
        if "<b>" not in name:
            text = f"Could not find the provided comics object via resource URI '{name}'."
            assert answer.json == {"error": text}
    assert await ann.followed() == [(mine, 19)]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_what_is_no_json_is_refused(ann: Caller, shelf: Library, method: str) -> None:
    (mine,) = await ann.follow(19)
    path = own(mine) if method == "PUT" else PATH
    bodies = (b"", b" ", b"{", b"comic=18", b'{"comic": "\xff"}', b'{"comic": "\\ud800"}', b"<a/>", b"NaN")
    for body in (*bodies, b"[" * 2000 + b"]" * 2000):
        answer = await ann.call(method, path, body)
        assert (answer.status, answer.json) == (400, NO_JSON), body[:20]
    for body in (
        b'{"comic": "\\u0000"}',
        b'{"comic": 1e400}',
        b'{"comic": "/api/v1/comics/18/", "x": 1' + b"0" * 30 + b"}",
    ):
        assert (await ann.call(method, path, body)).status == 400
    assert await ann.followed() == [(mine, 19)]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_bodies_of_another_type_are_refused(ann: Caller, shelf: Library, method: str) -> None:
    (mine,) = await ann.follow(19)
    path = own(mine) if method == "PUT" else PATH
    forms = ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x")
    for type_ in (*forms, "application/xml", "text/yaml", "application/x-plist", "text/plain", "json"):
        for body in (b'{"comic": "/api/v1/comics/18/"}', b"{", b""):
            answer = await ann.call(method, path, body, {"Content-Type": type_})
            assert (answer.status, answer.json) == (415, CANNED)
    assert await ann.followed() == [(mine, 19)]


async def test_json_may_say_more_of_itself_or_nothing(ann: Caller, shelf: Library) -> None:
    for comic, type_ in {18: "application/json; charset=utf-8", 19: "Application/JSON"}.items():
        body = orjson.dumps({"comic": uri(comic)})
        check_empty(await ann.call("POST", PATH, body, {"Content-Type": type_}), 201)
    body = orjson.dumps({"comic": uri(20)})
    async with open_wire(ann.api.url) as wire:
        lines = (f"POST {PATH}?key={ann.key} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}")
        check_empty(await wire.ask(*lines, body=body), 201)


async def test_a_subscription_may_change_its_comic(ann: Caller, shelf: Library) -> None:
    first, second = [*await ann.follow(18), *await ann.follow(19)]
    check_empty(await ann.send("PUT", own(first), {"comic": uri(20)}), 204)
    check_empty(await ann.send("PUT", own(first), {"comic": uri(20)}), 204)
    answer = await ann.send("PUT", own(first), {"comic": uri(19)})
    assert (answer.status, answer.json) == (500, CANNED)
    assert await ann.followed() == [(first, 20), (second, 19)]


async def test_following_no_longer(ann: Caller, shelf: Library) -> None:
    (mine,) = await ann.follow(18)
    check_empty(await ann.call("DELETE", own(mine)), 204)
    check_empty(await ann.call("DELETE", own(mine)), 404)
    check_empty(await ann.call("GET", own(mine)), 404)
    assert await ann.followed() == []
    assert (await ann.follow(18))[0] > mine


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_other_peoples_subscriptions_are_not_there(
    ann: Caller, bob: Caller, shelf: Library, method: str
) -> None:
    (theirs,) = await bob.follow(18)
    for number in (theirs, 999, 0, 2**63):
        for body, type_ in (
            (b'{"comic": "/api/v1/comics/19/"}', ""),
            (b"{", "application/json"),
            (b"", "text/plain"),
        ):
            headers = {"Content-Type": type_} if type_ else {}
            check_empty(await ann.call(method, own(number), None if method == "GET" else body, headers), 404)
    assert (await bob.followed(), await ann.followed()) == ([(theirs, 18)], [])


async def test_many_changes_at_once(ann: Caller, shelf: Library) -> None:
    (first,) = await ann.follow(18)
    check_empty(
        await patch(ann, objects=[{"comic": uri(19)}, {"comic": uri(20)}], deleted_objects=[own(first)]), 202
    )
    assert [comic for _, comic in await ann.followed()] == [19, 20]
    (second, _), (third, _) = await ann.followed()
    entry = {"comic": uri(18), "resource_uri": f"http://elsewhere{own(second)}"}
    check_empty(await patch(ann, objects=[entry], deleted_objects=[f"{ann.api.url}{own(third)}"]), 202)
    assert await ann.followed() == [(second, 18)]


async def test_either_half_of_the_changes_may_be_missing(ann: Caller, shelf: Library) -> None:
    halves: list[dict[str, Any]] = [{}, {"objects": []}, {"deleted_objects": []}]
    for values in (*halves, {"objects": [], "deleted_objects": []}):
        check_empty(await patch(ann, **values), 202)
    check_empty(await patch(ann, objects=[{"comic": uri(18)}]), 202)
    ((mine, _),) = await ann.followed()
    check_empty(await patch(ann, deleted_objects=[own(mine)]), 202)


NO_LISTS: tuple[Any, ...] = ({}, "x", 5, None)
NO_OBJECTS: tuple[Any, ...] = ([], None, 5, "x")
NO_URIS: tuple[Any, ...] = ("", "x", uri(18), 5, None, [], {})


async def test_changes_are_all_made_or_none(ann: Caller, bob: Caller, shelf: Library) -> None:
    (theirs,), (mine,) = await bob.follow(18), await ann.follow(18)
    fresh = {"comic": uri(19)}
    cases: list[tuple[int, dict[str, Any]]] = [
        (500, {"objects": [fresh, {"comic": uri(18)}]}),
        (500, {"objects": [fresh, fresh]}),
        (500, {"objects": [{"comic": uri(18)}], "deleted_objects": [own(mine)]}),
        (404, {"objects": [fresh], "deleted_objects": [own(theirs)]}),
        (404, {"objects": [fresh], "deleted_objects": [own(mine), own(mine)]}),
        (404, {"objects": [fresh], "deleted_objects": [own(999)]}),
        (404, {"objects": [fresh, {"comic": uri(20), "resource_uri": own(theirs)}]}),
        (404, {"objects": [fresh, {"comic": uri(20), "resource_uri": "garbage"}]}),
        *((404, {"objects": [fresh], "deleted_objects": [bad]}) for bad in NO_URIS),
        (404, {"deleted_objects": [own(mine), f"{PATH}{mine}"]}),
        (404, {"deleted_objects": [own(2**63)]}),
        (400, {"objects": [fresh, {}]}),
        (400, {"objects": [fresh, "x"]}),
        (400, {"objects": [fresh, None]}),
        (400, {"objects": [fresh, {"comic": "x"}]}),
        (400, {"objects": [fresh, {"resource_uri": own(mine)}]}),
        (400, {"objects": [{"comic": uri(20), "resource_uri": 5}]}),
        *((400, {"objects": bad}) for bad in NO_LISTS),
        *((400, {"objects": [fresh], "deleted_objects": bad}) for bad in NO_LISTS),
    ]
    for status, values in cases:
        answer = await patch(ann, **values)
        assert answer.status == status, values
        assert await ann.followed() == [(mine, 18)], values
    for body in NO_OBJECTS:
        assert (await ann.send("PATCH", PATH, body)).status == 400
    assert await bob.followed() == [(theirs, 18)]


async def test_three_hundred_changes_fit_one_request(ann: Caller, library: Library) -> None:
    await library.put([make_comic(number) for number in range(1, 601)])
    check_empty(await patch(ann, objects=[{"comic": uri(number)} for number in range(1, 301)]), 202)
    deleted = [own(number) for number, _ in await ann.followed()]
    objects = [{"comic": uri(number)} for number in range(301, 601)]
    check_empty(await patch(ann, objects=objects, deleted_objects=deleted), 202)
    assert [comic for _, comic in await ann.followed()] == list(range(301, 601))
    assert len(await ann.ids("/api/v1/comics/", subscribed="true")) == 300


async def test_a_post_may_stand_for_another_method(ann: Caller, shelf: Library) -> None:
    (mine,) = await ann.follow(18)
    change = orjson.dumps({"objects": [{"comic": uri(19)}]})
    check_empty(await ann.call("POST", PATH, change, {"X-HTTP-Method-Override": "PATCH"}), 202)
    put = {"X-HTTP-Method-Override": "put"}
    check_empty(await ann.call("POST", own(mine), orjson.dumps({"comic": uri(20)}), put), 204)
    check_empty(await ann.call("POST", own(mine), b"", {"X-HTTP-Method-Override": "DELETE"}), 204)
    assert [comic for _, comic in await ann.followed()] == [19]
    refused = await ann.call("POST", PATH, b"", {"X-HTTP-Method-Override": "DELETE"})
    assert (refused.status, refused.text) == (405, "GET,POST,PATCH")
    kept = await ann.call("GET", PATH, headers={"X-HTTP-Method-Override": "DELETE"})
    assert kept.status == 200


async def test_other_methods_need_no_final_slash(ann: Caller, shelf: Library) -> None:
    body = orjson.dumps({"comic": uri(18)})
    check_empty(await ann.call("POST", PATH[:-1], body), 201)
    ((mine, _),) = await ann.followed()
    check_empty(await ann.call("PUT", own(mine)[:-1], orjson.dumps({"comic": uri(19)})), 204)
    check_empty(await ann.call("PATCH", PATH[:-1], orjson.dumps({"objects": [{"comic": uri(18)}]})), 202)
    check_empty(await ann.call("DELETE", own(mine)[:-1]), 204)
    assert [comic for _, comic in await ann.followed()] == [18]


async def test_a_key_in_the_query_is_enough_to_write(ann: Caller, shelf: Library) -> None:
    answer = await ann.api.post(f"{PATH}?key={ann.key}", {"comic": uri(18)}, Content_Type="application/json")
    check_empty(answer, 201)
    assert "key=" not in answer.headers["Location"]


@pytest.mark.settings(comics_query_timeout_ms=1234)
async def test_the_patience_of_the_list_is_a_setting(ann: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    listing = Subscriptions.listing

    def watch(self: Subscriptions, reader: int, selection: Selection, patience: int) -> Following:
        asked.append(patience)
        return listing(self, reader, selection, patience)

    monkeypatch.setattr(Subscriptions, "listing", watch)
    await ann.get(PATH)
    assert asked == [1234]
