"""Comics, images, releases, the root and the schemas, as clients see them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.comics.library import EVENING, Caller, Library, make_comic, make_image, make_release
from tests.comics.reading import read, read_xml
from tests.serving import Api

RESOURCES = ("comics", "images", "releases", "subscriptions", "users")
LISTED = ("comics", "images", "releases", "subscriptions")
TYPES = {
    "json": "application/json; charset=utf-8",
    "jsonp": "text/javascript; charset=utf-8",
    "xml": "application/xml; charset=utf-8",
    "yaml": "text/yaml; charset=utf-8",
    "plist": "application/x-plist; charset=utf-8",
}
XKCD = {
    "active": True,
    "added": "2012-04-30T18:39:59+00:00",
    "end_date": None,
    "id": "18",
    "language": "en",
    "name": "xkcd",
    "resource_uri": "/api/v1/comics/18/",
    "rights": "Randall",
    "slug": "xkcd",
    "start_date": "2005-05-29",
    "url": "http://xkcd.com/",
}


async def test_a_comic_has_all_its_fields_in_order(ann: Caller, shelf: Library) -> None:
    answer = await ann.get("/api/v1/comics/18/")
    assert (answer.status, answer.json) == (200, XKCD)
    assert list(answer.json) == sorted(XKCD)
    assert answer.headers["Content-Type"] == TYPES["json"]


async def test_an_image_has_an_absolute_address(ann: Caller, shelf: Library) -> None:
    assert (await ann.get("/api/v1/images/1/")).json == {
        "checksum": f"{1:064x}",
        "fetched": "2012-10-08T04:03:56.000001+00:00",
        "file": f"{ann.api.url}/media/comics/xkcd/6/1.png",
        "height": 100,
        "id": "1",
        "resource_uri": "/api/v1/images/1/",
        "text": "Über",
        "title": "É <b>",
        "width": 900,
    }


async def test_a_release_carries_its_images_by_id(ann: Caller, shelf: Library) -> None:
    release = (await ann.get("/api/v1/releases/1/")).json
    images = [(await ann.get(f"/api/v1/images/{number}/")).json for number in (1, 2)]
    assert release == {
        "comic": "/api/v1/comics/18/",
        "fetched": "2012-10-08T04:03:56.000001+00:00",
        "id": "1",
        "images": images,
        "pub_date": "2012-10-08",
        "resource_uri": "/api/v1/releases/1/",
    }
    assert (await ann.get("/api/v1/releases/4/")).json["images"] == []


async def test_a_time_has_six_digits_or_none(ann: Caller, library: Library) -> None:
    moments = {
        EVENING: "2012-10-08T04:03:56+00:00",
        EVENING + 411_028: "2012-10-08T04:03:56.411028+00:00",
        EVENING + 400_000: "2012-10-08T04:03:56.400000+00:00",
        -62_135_596_800_000_000: "0001-01-01T00:00:00+00:00",
        -1: "1969-12-31T23:59:59.999999+00:00",
    }
    await library.put([make_comic(number, added=moment) for number, moment in enumerate(moments, 1)])
    shown = [(await ann.get(f"/api/v1/comics/{number}/")).json["added"] for number in range(1, 6)]
    assert shown == list(moments.values())


async def test_the_address_of_a_file_is_encoded(ann: Caller, library: Library) -> None:
    files = (None, "", "a b/É#1?.png")
    images = [make_image(number, file=file) for number, file in enumerate(files, 1)]
    await library.put([make_comic(18)], images=images)
    shown = [each["file"] for each in (await ann.get("/api/v1/images/")).json["objects"]]
    assert shown == [None, None, f"{ann.api.url}/media/comics/a%20b/%C3%89%231%3F.png"]


@pytest.mark.settings(comics_media_url="https://cdn.example.org/c", base_url="https://comics.example.org")
async def test_files_may_live_elsewhere(ann: Caller, shelf: Library) -> None:
    assert (await ann.get("/api/v1/images/1/")).json["file"] == "https://cdn.example.org/c/xkcd/6/1.png"


@pytest.mark.settings(base_url="https://comics.example.org")
async def test_a_relative_address_begins_with_the_base(ann: Caller, shelf: Library) -> None:
    file = (await ann.get("/api/v1/images/1/")).json["file"]
    assert file == "https://comics.example.org/media/comics/xkcd/6/1.png"


@pytest.mark.parametrize("resource", RESOURCES)
async def test_what_is_not_there_is_an_empty_404(ann: Caller, shelf: Library, resource: str) -> None:
    numbers = ("99", "0", "x", "-1", "1.0", "1e3", str(2**63), "9" * 60, "%00", "%ff", "%D9%A3")
    for path in (
        f"/api/v1/{resource}/{number}/{query}" for number in numbers for query in ("", "?callback=f")
    ):
        answer = await ann.get(path)
        assert (answer.status, answer.body) == (404, b""), path
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


async def test_what_is_not_offered_is_an_empty_404(api: Api) -> None:
    names = ("docs", "openapi.json", "comics/set/1;2/", "nothing/", "comics/1/2/", "comics//", "Comics/", "/")
    for method, name in ((method, name) for method in ("GET", "POST") for name in names):
        answer = await api.call(method, f"/api/v1/{name}")
        assert (answer.status, answer.body) == (404, b""), name
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


async def test_details_ignore_filters_and_pages(ann: Caller, shelf: Library) -> None:
    assert (await ann.get("/api/v1/comics/18/", name="x", limit="x", rights="y", order_by="z")).json == XKCD


async def test_the_root_needs_no_credentials(api: Api) -> None:
    expected = {
        name: {"list_endpoint": f"/api/v1/{name}/", "schema": f"/api/v1/{name}/schema/"} for name in RESOURCES
    }
    for query in ("", "?fullschema=true", "?key=wrong"):
        answer = await api.get(f"/api/v1/{query}", Authorization="Key wrong")
        assert (answer.status, answer.json) == (200, expected)
        assert list(answer.json) == list(RESOURCES)


@pytest.mark.parametrize("name", TYPES)
async def test_every_answer_is_the_same_in_every_format(ann: Caller, shelf: Library, name: str) -> None:
    for path in ("comics/18/", "releases/1/", "releases/4/", "", "releases/schema/", "users/"):
        plain = (await ann.get(f"/api/v1/{path}")).json
        answer = await ann.get(f"/api/v1/{path}", format=name)
        assert (answer.status, answer.headers["Content-Type"]) == (200, TYPES[name])
        assert read(name, answer.body) == plain
        assert (answer.headers["Vary"], answer.headers["Cache-Control"]) == ("Accept", "no-cache")
        accept = {"Accept": TYPES[name].partition(";")[0]}
        accepted = await ann.call("GET", f"/api/v1/{path}", headers=accept)
        assert (accepted.headers["Content-Type"], accepted.body) == (TYPES[name], answer.body)


@pytest.mark.parametrize("name", TYPES)
async def test_lists_are_the_same_in_every_format(ann: Caller, shelf: Library, name: str) -> None:
    for resource in LISTED:
        plain = (await ann.get(f"/api/v1/{resource}/", limit=2)).json
        found = read(name, (await ann.get(f"/api/v1/{resource}/", limit=2, format=name)).body)
        for page in (plain, found):
            page["meta"] |= {"next": None}
        assert found == plain


async def test_the_roots_of_xml_documents(ann: Caller, shelf: Library) -> None:
    cases = {"comics/18/": "object", "": "response", "comics/": "response", "comics/schema/": "response"}
    for path, root in cases.items():
        assert read_xml((await ann.get(f"/api/v1/{path}", format="xml")).body).tag == root
    refused = read_xml((await ann.get("/api/v1/comics/", format="xml", limit="x")).body)
    assert (refused.tag, [child.tag for child in refused]) == ("response", ["error"])


async def test_ids_in_xml_are_texts(ann: Caller, shelf: Library) -> None:
    release = read_xml((await ann.get("/api/v1/releases/1/", format="xml")).body)
    identifier, height = release.find("id"), release.find("images/object/height")
    assert identifier is not None
    assert height is not None
    assert (identifier.attrib, identifier.text) == ({}, "1")
    assert (height.attrib, height.text) == ({"type": "integer"}, "100")


async def test_a_callback_wraps_the_answer(ann: Caller, shelf: Library) -> None:
    answer = await ann.get("/api/v1/comics/18/", callback="my.app[0]")
    assert answer.body.startswith(b"my.app[0]({")
    assert answer.body.endswith(b"})")
    assert answer.headers["Content-Type"] == TYPES["jsonp"]
    assert (await ann.get("/api/v1/comics/18/", format="json", callback="f")).json == XKCD


@pytest.mark.parametrize("name", ["", "alert(1)", "function", "<b>"])
async def test_a_bad_callback_is_refused_as_json(ann: Caller, shelf: Library, name: str) -> None:
    for path in ("", "comics/", "comics/18/", "comics/schema/"):
        for query in ({"callback": name}, {"callback": name, "format": "jsonp"}):
            answer = await ann.get(f"/api/v1/{path}", **query)
            assert (answer.status, answer.json) == (400, {"error": "JSONP callback name is invalid."})
            assert answer.headers["Content-Type"] == TYPES["json"]


async def test_a_bad_accept_header_is_refused_as_json(ann: Caller, shelf: Library) -> None:
    for path in ("", "comics/", "comics/18/"):
        answer = await ann.call("GET", f"/api/v1/{path}", headers={"Accept": "xml"})
        assert (answer.status, answer.json) == (400, {"error": "Invalid Accept header"})


async def test_errors_come_in_the_format_that_was_asked_for(ann: Caller) -> None:
    expected = {"error": "Invalid limit 'x' provided. Please provide a positive integer."}
    for name, content_type in TYPES.items():
        answer = await ann.get("/api/v1/comics/", limit="x", format=name)
        assert (answer.status, answer.headers["Content-Type"]) == (400, content_type)
        assert read(name, answer.body) == expected
    assert (await ann.get("/api/v1/comics/", limit="x", format="jsonp")).body.startswith(b'callback({"error"')


async def test_errors_are_plain_json_where_a_callback_is_named(ann: Caller) -> None:
    for query in ("callback=f", "callback=", "callback=f&format=jsonp", "callback=f&format=xml"):
        answer = await ann.get(f"/api/v1/comics/?limit=x&{query}")
        assert (answer.status, answer.headers["Content-Type"]) == (400, TYPES["json"])
        assert answer.json == {"error": "Invalid limit 'x' provided. Please provide a positive integer."}


async def test_errors_are_escaped_but_for_quotes(ann: Caller) -> None:
    error = await ann.refused("/api/v1/comics/", limit="<b>&\"'")
    assert error == "Invalid limit '&lt;b&gt;&amp;\"'' provided. Please provide a positive integer."


async def test_a_query_that_is_no_utf_8_is_refused(ann: Caller, shelf: Library) -> None:
    for path in ("", "comics/", "comics/18/", "comics/schema/"):
        assert (await ann.get(f"/api/v1/{path}?foo=%ff")).status == 400


async def test_only_images_that_show_a_file_have_one(ann: Caller, shelf: Library) -> None:
    objects = (await ann.get("/api/v1/releases/", limit=0)).json["objects"]
    assert [len(each["images"]) for each in objects] == [0, 1, 1, 2]


def field(schema: Any, name: str) -> dict[str, Any]:
    """Return what a schema tells of a field, without what is free."""
    told = dict(schema["fields"][name])
    assert isinstance(told.pop("help_text"), str)
    assert isinstance(told.pop("verbose_name"), str)
    return told


async def test_a_schema_says_what_may_be_done(ann: Caller) -> None:
    for resource in RESOURCES:
        schema = (await ann.get(f"/api/v1/{resource}/schema/")).json
        own = resource == "subscriptions"
        assert schema["allowed_list_http_methods"] == (["get", "post", "patch"] if own else ["get"])
        assert schema["allowed_detail_http_methods"] == (["get", "delete", "put"] if own else ["get"])
        assert (schema["default_format"], schema["default_limit"]) == ("application/json", 20)
        assert ("filtering" in schema) == (resource != "users")


async def test_a_schema_says_what_may_be_filtered_by(ann: Caller) -> None:
    expected = {
        "comics": {"active": "exact", "language": "exact", "name": 1, "slug": 1},
        "images": {"fetched": 1, "height": 1, "text": 1, "title": 1, "width": 1},
        "releases": {"comic": 2, "fetched": 1, "images": 2, "pub_date": 1},
        "subscriptions": {"comic": 2},
    }
    for resource, filtering in expected.items():
        assert (await ann.get(f"/api/v1/{resource}/schema/")).json["filtering"] == filtering


async def test_a_schema_lists_the_fields_of_objects(ann: Caller, shelf: Library) -> None:
    await ann.follow(18)
    for resource in LISTED:
        first = (await ann.get(f"/api/v1/{resource}/", limit=1)).json["objects"][0]
        assert (await ann.get(f"/api/v1/{resource}/schema/")).json["fields"].keys() == first.keys()
    users = (await ann.get("/api/v1/users/schema/")).json
    assert list(users["fields"]) == ["date_joined", "email", "last_login", "resource_uri"]


async def test_a_schema_describes_fields(ann: Caller) -> None:
    schemas = {name: (await ann.get(f"/api/v1/{name}/schema/")).json for name in RESOURCES}
    every = [(name, field(schema, name)) for schema in schemas.values() for name in schema["fields"]]

    def named(mark: str) -> set[str]:
        return {name for name, told in every if told[mark] is True}

    assert named("nullable") == {"start_date", "end_date", "last_login"}
    assert named("readonly") == {"resource_uri"}
    assert named("primary_key") == {"id"}
    assert named("unique") == {"id", "slug"}
    assert named("blank") == {"id", "url", "rights", "title", "text", "added", "fetched", "email"}
    types = {name: told["type"] for name, told in every}
    assert {name for name, type_ in types.items() if type_ == "datetime"} == {
        *("added", "fetched", "date_joined", "last_login")
    }
    assert {name for name, type_ in types.items() if type_ == "date"} == {
        "start_date",
        "end_date",
        "pub_date",
    }
    assert (types["active"], types["height"], types["width"]) == ("boolean", "integer", "integer")
    assert (types["id"], types["name"]) == ("string", "string")
    assert field(schemas["comics"], "active")["default"] is True
    assert field(schemas["comics"], "name")["default"] == "No default provided."
    assert field(schemas["comics"], "url")["default"] == ""


async def test_a_schema_says_where_relations_lead(ann: Caller) -> None:
    schema = (await ann.get("/api/v1/releases/schema/")).json
    comic, images = field(schema, "comic"), field(schema, "images")
    assert (comic["type"], comic["related_type"]) == ("related", "to_one")
    assert comic["related_schema"] == "/api/v1/comics/schema/"
    assert (images["type"], images["related_type"]) == ("related", "to_many")
    assert images["related_schema"] == "/api/v1/images/schema/"
    assert "related_type" not in field(schema, "pub_date")


async def test_releases_are_ordered_to_the_microsecond_then_by_id(ann: Caller, library: Library) -> None:
    moments = {1: 5, 2: 7, 3: 5, 4: 6, 5: 7}
    releases = [make_release(number, fetched=EVENING + moment) for number, moment in moments.items()]
    await library.put([make_comic(18)], releases)
    assert await ann.ids("/api/v1/releases/") == [5, 2, 4, 3, 1]


async def test_comics_are_ordered_by_the_code_points_of_names(ann: Caller, library: Library) -> None:
    names = {1: "b", 2: "B", 3: "É", 4: "a", 5: "b", 6: "Z"}
    await library.put([make_comic(number, name=name) for number, name in names.items()])
    assert await ann.ids("/api/v1/comics/") == [2, 6, 4, 1, 5, 3]


async def test_images_are_ordered_by_id(ann: Caller, library: Library) -> None:
    await library.put([make_comic(18)], images=[make_image(number) for number in (30, 4, 100)])
    assert await ann.ids("/api/v1/images/") == [4, 30, 100]
