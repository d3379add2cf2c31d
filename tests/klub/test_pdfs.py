"""Documents for people who pay."""

from __future__ import annotations

from typing import Any

from handlers.klub.pdfs import LINK
from tests.klub.callers import Callers
from tests.serving import Served

LISTED = "/api/pdf_storage/5/list/"
CONTENT = b"%PDF-1.4 report"


async def store(server: Served, number: int, **fields: Any) -> None:
    """Store a document as an import does."""
    usual = {"name": "Report", "topic": "2020", "author": None, "related_ids": [5], "created": "2020-01-02"}
    row = {"_id": number, **usual, "pdf_file": f"pdf_storage/report {number}.pdf", **fields}
    await server.stores.database["pdf_files"].insert_one(row)
    await server.stores.media_folder.keep(row["pdf_file"], [CONTENT])


async def test_documents_are_listed_by_what_they_are_about(server: Served, callers: Callers) -> None:
    user = await callers.user(first_name="Ann", last_name="Lee")
    await store(server, 2, author=user.number)
    await store(server, 1, related_ids=[5, 9])
    await store(server, 3, related_ids=[])
    assert (await user.get(LISTED)).json == [
        {"id": 1, "name": "Report", "topic": "2020", "author": None, "created": "2020-01-02"},
        {"id": 2, "name": "Report", "topic": "2020", "author": "Lee Ann", "created": "2020-01-02"},
    ]
    assert (await user.get("/api/pdf_storage/6/list/")).json == []
    assert (await user.get("/api/pdf_storage/all_related_ids/")).json == {"ids": [5, 9]}
    for caller in (callers.anonymous, await callers.app("read")):
        assert (await caller.get(LISTED)).status == 403
    assert user.oid is not None
    await server.stores.deletion.delete(user.oid)
    other = await callers.user()
    assert [each["author"] for each in (await other.get(LISTED)).json] == [None, None]


async def test_a_link_is_good_for_an_hour_and_one_document(server: Served, callers: Callers) -> None:
    staff = await callers.staff_of(None)
    await store(server, 1)
    await store(server, 2)
    link = (await staff.get("/api/pdf_storage/pdf_file/1/")).json["download_url"]
    path, _, token = link.partition("?t=")
    assert path == "/upload/pdf_storage/1/report%201.pdf"
    claims = server.application.services.signer.read(LINK, token)
    assert claims["exp"] - claims["iat"] == 3600
    answer = await callers.anonymous.get(link)
    assert (answer.status, answer.body) == (200, CONTENT)
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    expired, _ = server.application.services.signer.sign(LINK, "1", -1)
    for wrong in (
        path,
        f"{path}?t={expired}",
        f"{path}?t=x",
        f"/upload/pdf_storage/2/report%202.pdf?t={token}",
        f"/upload/pdf_storage/1/other.pdf?t={token}",
    ):
        assert (await callers.anonymous.get(wrong)).status == 404


async def test_links_are_for_who_is_up_to_date(server: Served, callers: Callers) -> None:
    user = await callers.user()
    await store(server, 1)
    unpaid = await user.get("/api/pdf_storage/pdf_file/1/")
    assert (unpaid.status, unpaid.json) == (404, {"detail": "Payment for last month doesnt exist"})
    unknown = await user.get("/api/pdf_storage/pdf_file/9/")
    assert (unknown.status, unknown.json) == (404, {"detail": "PDF doesnt exist"})
    assert (await callers.anonymous.get("/api/pdf_storage/pdf_file/1/")).status == 403
