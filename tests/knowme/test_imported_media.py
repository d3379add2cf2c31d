"""Media resources whose files an import brings."""

from __future__ import annotations

from urllib.parse import urlsplit

from storage.stores import Stores
from tests.knowme.client import App


async def name_imported(stores: Stores, app: App, number: int, source: str) -> str:
    """Make a media resource as an import does; return its path."""
    user = await stores.knowme.user_of(app.oid)
    path = f"{number:032x}/dog.jpg"
    fields = {"name": "Dog", "path": path, "source": source, "size": 0, "content_type": "image/jpeg"}
    row = {"id": number, "user_id": app.oid, "km_user_id": user.id if user else 0, **fields}
    await stores.database["km_media_resources"].insert_one(row)
    return f"/media/{path}"


async def test_an_imported_file_is_served_at_the_resources_own_address(ann: App, stores: Stores) -> None:
    user = await ann.user()
    path = await name_imported(stores, ann, 900, "gallery/my dog.jpg")
    assert (await ann.api.get(await name_imported(stores, ann, 901, ""))).status == 404
    shown = (await ann.get("/know-me/media-resources/900/")).json
    assert urlsplit(shown["file"]).path == path
    assert (await ann.api.get(path)).status == 404
    await stores.media_folder.keep("gallery/my dog.jpg", [b"wuff"])
    uploaded = urlsplit((await ann.picture(user, content=b"wuff"))["file"]).path
    here, other = await ann.api.get(path), await ann.api.get(uploaded)
    assert (here.status, here.body) == (200, b"wuff")
    assert set(here.headers) == set(other.headers)
    for name in ("Content-Type", "X-Content-Type-Options", "Cache-Control", "Etag", "Accept-Ranges"):
        assert here.headers[name] == other.headers[name]
    for direct in (
        "/media/gallery/my%20dog.jpg",
        "/media/imported/gallery",
        "/media/imported%2Fgallery/dog.jpg",
    ):
        assert (await ann.api.get(direct)).status == 404


async def test_a_new_file_takes_the_place_of_an_imported_one(ann: App, bob: App, stores: Stores) -> None:
    await ann.user()
    former = await name_imported(stores, ann, 900, "shared.jpg")
    other = await name_imported(stores, bob, 901, "shared.jpg")
    await stores.media_folder.keep("shared.jpg", [b"imported"])
    answer = await ann.form("PATCH", "/know-me/media-resources/900/", {}, {"file": ("a.jpg", b"new")})
    assert answer.status == 200
    assert (await ann.api.get(urlsplit(answer.json["file"]).path)).body == b"new"
    assert (await ann.api.get(former)).status == 404
    assert (await ann.api.get(other)).body == b"imported"


async def test_a_deleted_persons_imported_files_go_unless_somebody_else_has_them(
    ann: App, bob: App, stores: Stores
) -> None:
    await name_imported(stores, ann, 900, "own.jpg")
    await name_imported(stores, ann, 902, "own.jpg")
    await name_imported(stores, ann, 901, "shared.jpg")
    others = await name_imported(stores, bob, 903, "shared.jpg")
    for source in ("own.jpg", "shared.jpg", "not named yet.jpg"):
        await stores.media_folder.keep(source, [b"x"])
    await stores.deletion.delete(ann.oid)
    assert await stores.media_folder.find("own.jpg") is None
    assert await stores.media_folder.find("not named yet.jpg") is not None
    assert (await bob.api.get(others)).status == 200
