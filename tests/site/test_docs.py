"""The entrance to the documents, Swagger UI's files, and calls made as the documents show them."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
from openapi_schema_validator import OAS31Validator

from handlers.site.docs import load_file
from scripts.demo.doors import open_doors
from tests.pybossa.village import Village
from tests.serving import Answer, Api, Served

DIALECTS = ("comics", "flux", "klub", "knowme", "pybossa", "site")
JSON_TYPE = "application/json"
SENDING = {"POST", "PUT", "PATCH"}
# Streams, and what needs something else than a caller to succeed.
LEFT_OUT = (
    *("/connection/uni_sse", "/api/check_last_payment/", "/account/confirm-email", "/account/signout"),
    *("/account/register/confirmation", "/account/reset-password", "/asyncapi.json", "/admin", "/demo"),
    *("/api/frontend/event_orgteam/", "/api/frontend/attendees/"),
)
MEMBERS_CALLS = (
    *("user_details", "iiccot/cast_vote", "get_roles", "subset_members", "all_members"),
    *("validate_user_details", "error/all_at_once"),
)


async def documents(api: Api) -> Mapping[str, Any]:
    """Read every document."""
    found = await asyncio.gather(*(api.get(f"/openapi/{name}.json") for name in DIALECTS))
    return dict(zip(DIALECTS, (each.json for each in found), strict=True))


async def credentials(server: Served, folder: Path) -> Mapping[str, str]:
    """Make a superuser who is at home in every dialect; return the credentials by dialect."""
    stores, village = server.stores, Village(server, folder)
    number = await village.join("ada")
    member = await stores.accounts.by_number(number)
    assert member is not None
    await stores.accounts.make_superuser(member.oid, True)
    await stores.roles.give("finance", member.oid)
    return await open_doors(server.application.services, await stores.accounts.document(member.oid))


def check(document: Mapping[str, Any], operation: Mapping[str, Any], answer: Answer) -> Iterator[str]:
    """Name what an answer has that its document doesn't tell."""
    told = operation["responses"].get(str(answer.status))
    if told is None or answer.status >= 300:
        yield f"answered {answer.status}: {answer.text[:200]}"
    elif (content := told.get("content", {}).get(JSON_TYPE)) is not None:
        schema = {**content["schema"], "components": document["components"]}
        yield from (error.message[:300] for error in OAS31Validator(schema).iter_errors(answer.json))


async def test_documents_are_served_once_and_fresh(api: Api, server: Served) -> None:
    """With the address that the request came to, compressed, and by their tag."""
    answer = await api.get("/openapi/klub.json")
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.json["servers"] == [{"url": server.url}]
    assert answer.json["openapi"] == "3.1.0"
    again = await api.get("/openapi/klub.json", If_None_Match=answer.headers["ETag"])
    assert (again.status, again.body) == (304, b"")
    zipped = await api.get("/openapi/klub.json", Accept_Encoding="gzip")
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(zipped.body) == answer.body
    assert (await api.get("/api/docs/?format=openapi")).json == answer.json


async def test_what_there_is_no_document_of_is_not_found(api: Api) -> None:
    """Other names, other endings, other files of the wheel."""
    for path in ("/openapi/nobody.json", "/openapi/klub", "/docs/nobody", "/docs/ui/index.css"):
        answer = await api.get(path)
        assert (answer.status, answer.json) == (404, {"error": "not found"})


async def test_the_entrance_leads_to_everything(api: Api) -> None:
    """Each dialect's calls and document, Klub's reference, the channels."""
    page = (await api.get("/docs")).text
    for name in DIALECTS:
        assert f'href="/docs/{name}"' in page
        assert f'href="/openapi/{name}.json"' in page
    for path in ("/docs/live", "/asyncapi.json", "/api/docs/"):
        assert f'href="{path}"' in page


async def test_swagger_files_are_sent_compressed_and_for_good(api: Api) -> None:
    """Only those that the page loads, and none of the samples beside them."""
    for name, kind in (("swagger-ui-bundle.js", "text/javascript"), ("swagger-ui.css", "text/css")):
        assert f"/docs/ui/{name}?v=" in (await api.get("/docs/flux")).text
        answer = await api.get(f"/docs/ui/{name}", Accept_Encoding="gzip")
        assert answer.headers["Content-Type"] == f"{kind}; charset=utf-8"
        assert "immutable" in answer.headers["Cache-Control"]
        assert gzip.decompress(answer.body) == load_file(name).plain
        assert len(answer.body) < 450_000


async def test_what_is_read_looks_as_documented(server: Served, tmp_path: Path) -> None:
    """Every GET without a segment, as somebody who may."""
    known = await credentials(server, tmp_path)
    wrong = []
    for name, document in (await documents(server.api)).items():
        headers = {"Accept": JSON_TYPE, **({"Authorization": known[name]} if name in known else {})}
        for path, found in document["paths"].items():
            content = found.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
            if JSON_TYPE not in content or "{" in path or path.startswith(LEFT_OUT):
                continue
            query = "?response_format=json" if name == "pybossa" else ""
            answer = await server.api.call("GET", path + query, headers=headers)
            wrong += [(path, each) for each in check(document, found["get"], answer)]
    assert wrong == []


async def test_what_members_send_is_taken_as_documented(server: Served, tmp_path: Path) -> None:
    """Flux's examples, with a secret in place of the sample's."""
    known = await credentials(server, tmp_path)
    document = (await documents(server.api))["flux"]
    wrong = []
    for name in MEMBERS_CALLS:
        operation = document["paths"][f"/api/v0/{name}"]["post"]
        body = {**operation["requestBody"]["content"][JSON_TYPE]["example"], "s": known["flux"]}
        answer = await server.api.call("POST", f"/api/v0/{name}", orjson.dumps(body))
        wrong += [(name, each) for each in check(document, operation, answer)]
    assert wrong == []


async def test_strangers_are_answered_as_documented(server: Served) -> None:
    """Every call without a credential and without a body."""
    wrong: list[tuple[object, ...]] = []
    for document in (await documents(server.api)).values():
        for path, method, operation in calls(document):
            answer = await server.api.call(method, path, b"" if method in SENDING else None)
            wrong += [(method, path, each) for each in compare(document, operation, answer)]
    assert wrong == []


async def test_every_example_is_answered_as_documented(server: Served, tmp_path: Path) -> None:
    """Every call as it is shown, by somebody who may do everything; what it names is mostly not there."""
    known = await credentials(server, tmp_path)
    wrong: list[tuple[object, ...]] = []
    for name, document in (await documents(server.api)).items():
        headers = {"Accept": JSON_TYPE, "Authorization": known.get(name, known["knowme"])}
        for path, method, operation in calls(document):
            answer = await server.api.call(
                method, path, sample(operation, known["flux"]), {**headers, "Content-Type": JSON_TYPE}
            )
            wrong += [(method, path, each) for each in compare(document, operation, answer)]
    assert wrong == []


def sample(operation: Mapping[str, Any], secret: str) -> bytes | None:
    """Return the body of a call as it is shown, with a good secret where it has one."""
    if "requestBody" not in operation:
        return None
    body = operation["requestBody"]["content"].get(JSON_TYPE, {}).get("example", {})
    return orjson.dumps({**body, "s": secret} if "s" in body else body)


def compare(document: Mapping[str, Any], operation: Mapping[str, Any], answer: Answer) -> Iterator[str]:
    """Name what an answer has that its document does not tell: its status, its shape."""
    told = find_response(document, operation, answer.status)
    content = (told or {}).get("content", {}).get(JSON_TYPE)
    if told is None or (answer.status >= 400 and answer.body and "content" not in told):
        yield f"{answer.status} {answer.text[:200]}"
    elif content is not None and answer.body and answer.headers.get("Content-Type", "").startswith(JSON_TYPE):
        schema = {**content["schema"], "components": document["components"]}
        found = OAS31Validator(schema).iter_errors(answer.json)
        yield from (f"{answer.status} {each.message[:200]}" for each in found)


def calls(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Go through a document's calls, the examples of segments filled in; streams are left out."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if path.startswith(("/connection/uni_sse", "/admin", "/demo")):
                continue
            filled = path
            for each in operation["parameters"]:
                if each["in"] == "path":
                    filled = filled.replace(
                        f"{{{each['name']}}}", quote(str(each.get("example", 1)), safe="")
                    )
            yield filled, method.upper(), operation


def find_response(
    document: Mapping[str, Any], operation: Mapping[str, Any], status: int
) -> Mapping[str, Any] | None:
    """Return what is told of a status; None where nothing is."""
    found: Mapping[str, Any] | None = operation["responses"].get(str(status))
    if found is None or "$ref" not in found:
        return found
    named: Mapping[str, Any] = document["components"]["responses"][found["$ref"].rpartition("/")[2]]
    return named
