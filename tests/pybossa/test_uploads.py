"""The community's files, for whoever knows their address."""

from __future__ import annotations

import pytest

from storage.database import Database
from storage.driver import Session
from storage.stores import Stores
from tests.pybossa.browser import JSON, Browser
from tests.serving import Api

ZIP = "uploads/user_5/0a1b_sec_personal_data.zip"


async def keep(stores: Stores, name: str, content: bytes) -> None:
    """Store a file."""
    draft = await stores.files.begin()
    await draft.write(content)
    await draft.flush()

    async def work(session: Session) -> None:
        await stores.files.keep(draft, name, session)

    await stores.database.transaction(work)


async def test_a_picture_is_shown_and_an_archive_is_saved(server: object, api: Api, stores: Stores) -> None:
    await keep(stores, "uploads/user_5/12_avatar.png", b"picture")
    await keep(stores, ZIP, b"archive")
    picture = await api.get("/uploads/user_5/12_avatar.png")
    assert (picture.status, picture.body) == (200, b"picture")
    assert picture.headers["Content-Type"] == "image/png"
    assert "Content-Disposition" not in picture.headers
    archive = await api.get("/" + ZIP)
    assert (archive.status, archive.body) == (200, b"archive")
    assert archive.headers["Content-Type"] == "application/zip"
    assert archive.headers["Content-Disposition"].startswith("attachment;")
    for answer in (picture, archive):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "path",
    [
        *("user_5/none.png", "user_6/12_avatar.png", "user_5/", "user_5", "", "user_5/12_avatar.png/"),
        *(
            "user_5/../user_5/12_avatar.png",
            "user_5/%2e%2e/user_5/12_avatar.png",
            "user_5/..%2f12_avatar.png",
        ),
        *("user_5%2F12_avatar.png", "%2Fetc%2Fpasswd", "user_5/%00", "user_5/%ff", "user_5//12_avatar.png"),
        *("../uploads/user_5/12_avatar.png", "user_5/12_AVATAR.png", "..%2fknow-me/secret", "user_5/."),
        "user_5/12_avatar.png%00",
    ],
)
async def test_tricks_find_nothing(api: Api, stores: Stores, path: str) -> None:
    await keep(stores, "uploads/user_5/12_avatar.png", b"picture")
    await keep(stores, "know-me/secret", b"secret")
    answer = await api.get(f"/uploads/{path}", **JSON)
    assert (answer.status, answer.json["code"], answer.json["template"]) == (404, 404, "404.html")


async def test_other_methods_are_refused(api: Api) -> None:
    answer = await api.post("/uploads/user_5/x.png")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")


async def test_a_remembered_browser_is_not_signed_in_by_a_picture(
    john: Browser, api: Api, stores: Stores, database: Database
) -> None:
    await keep(stores, "uploads/user_5/12_avatar.png", b"picture")
    john.jar.pop("session")
    before = await database["sessions"].count_documents({})
    assert (await john.see("/uploads/user_5/12_avatar.png")).status == 200
    assert await database["sessions"].count_documents({}) == before
