"""Exports: what is stored about a person, in zips behind mailed links."""

from __future__ import annotations

import asyncio
import re
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit
from zipfile import ZipFile

import orjson
import pytest

from handlers.core.setting_values import RateLimit
from storage.pybossa.contributions import Run
from storage.pybossa.exports import EXPIRE, EXPORT
from tests.flux.mailbox import text_of
from tests.pybossa.browser import JSON, Browser
from tests.pybossa.village import Village
from tests.pybossa.waiting import until_done
from tests.serving import Api

URL = "/account/johndoe/export"
NAMED = re.compile(r"/uploads/user_\d+/([0-9a-f-]{36})_sec_(\w+\.zip)")
Export = dict[str, dict[str, Any]]


async def collect(john: Browser, village: Village) -> Export:
    """Ask for an export, follow the mailed links; return the members by archive and name."""
    answer = await john.get(URL)
    assert answer.json == {
        "flash": "GDPR export started",
        "next": "/account/johndoe/",
        "status": "success",
    }
    await until_done(village.stores)
    found: Export = {}
    for path in await links(village):
        named = NAMED.fullmatch(path)
        assert named is not None, path
        archive = await village.api.get(path)
        assert (archive.status, archive.headers["Content-Type"]) == (200, "application/zip")
        with ZipFile(BytesIO(archive.body)) as opened:
            assert opened.testzip() is None
            members = {name: orjson.loads(opened.read(name)) for name in opened.namelist()}
        found[named[2]] = members
    return found


async def links(village: Village) -> list[str]:
    """Return the paths of the links in the newest mail."""
    mail = (await village.mails("johndoe@example.com"))[-1]
    assert mail["Subject"] == "Your personal data"
    lines = [line for line in text_of(mail).splitlines() if line.startswith("http")]
    assert all(line.startswith(village.api.url) for line in lines)
    return [urlsplit(line).path for line in lines]


async def test_personal_data_are_in_it(john: Browser, village: Village) -> None:
    await village.change("johndoe", pybossa__user_pref={"a": [1]}, pybossa__ckan_api="ckan")
    export = await collect(john, village)
    assert export.keys() == {"personal_data.zip"}
    members = export["personal_data.zip"]
    assert members.keys() == {"personal_data_.json", "flux.json"}
    user = await village.user("johndoe")
    assert members["personal_data_.json"] == {
        "id": user.id,
        "created": user.created,
        "email_addr": "johndoe@example.com",
        "name": "johndoe",
        "fullname": "John Doe",
        "locale": "en",
        "api_key": user.api_key,
        "admin": False,
        "privacy_mode": True,
        "restrict": False,
        "ckan_api": "ckan",
        "newsletter_prompted": False,
        "valid_email": True,
        "confirmation_email_sent": False,
        "subscribed": True,
        "consent": False,
        "info": {},
        "user_pref": {"a": [1]},
    }


async def test_projects_and_runs_have_archives_of_their_own(john: Browser, village: Village) -> None:
    await village.settle("mary", "Mary Major")
    mine = await village.project("johndoe", "rivers", info={"x": 1, "passwd_hash": "hash", "onesignal": "o"})
    await village.stores.database["projects"].update_one({"_id": mine}, {"$set": {"secret_key": "secret"}})
    others = await village.project("mary", "lakes")
    task = await village.stores.projects.add_task(others)
    user = await village.user("johndoe")
    numbers = [await village.stores.contributions.add(Run(task, user.id, info={"n": n})) for n in range(3)]
    await village.stores.contributions.add(Run(task, None, "10.0.0.1"))
    export = await collect(john, village)
    assert export.keys() == {"personal_data.zip", "user_projects.zip", "user_contributions.zip"}
    projects = export["user_projects.zip"]["user_projects_.json"]
    assert [(each["id"], each["short_name"], each["info"]) for each in projects] == [
        (mine, "rivers", {"x": 1})
    ]
    assert b"secret" not in orjson.dumps(projects)
    runs = export["user_contributions.zip"]["user_contributions_.json"]
    assert sorted(each["id"] for each in runs) == numbers
    assert {each["user_id"] for each in runs} == {user.id}
    assert sorted(each["info"]["n"] for each in runs) == [0, 1, 2]


async def test_other_dialects_are_in_it_and_secrets_are_not(john: Browser, village: Village) -> None:
    api, row = village.api, await village.row("johndoe")
    login = await api.post(
        "/auth/login/",
        {"email": "johndoe@example.com", "password": "secret"},
        Content_Type=JSON["Content-Type"],
    )
    app = {"Authorization": f"Token {login.json['token']}", **JSON}
    made = await api.call("POST", "/know-me/users/", b'{"quote": "Hello there"}', app)
    assert made.status == 201, made.text
    ballot = {"s": row["s"], "poll_id": 1, "option_id": "100"}
    assert (await api.post("/api/v0/iiccot/cast_vote", ballot)).status == 200
    await village.stores.database["comic_subscriptions"].insert_one({"user_id": row["id"], "comic_id": 7})
    await village.change("johndoe", klub__nickname="Jo", comics__secret_key="c" * 32)
    members = (await collect(john, village))["personal_data.zip"]
    assert members.keys() == {
        *("personal_data_.json", "know_me.json", "klub.json", "comics.json", "flux.json")
    }
    assert members["know_me.json"]["km_users"][0]["quote"] == "Hello there"
    assert members["klub.json"] == {"account": {"nickname": "Jo"}}
    assert [each["comic_id"] for each in members["comics.json"]["comic_subscriptions"]] == [7]
    assert members["flux.json"]["votes"][0]["option_id"] == "100"
    assert members["flux.json"]["email_addresses"][0]["email"] == "johndoe@example.com"
    assert members["flux.json"]["account"]["fname"] == "John"
    everything = orjson.dumps(members).decode()
    stored = await village.row("johndoe")
    for secret in (stored["s"], stored["password"], "c" * 32, login.json["token"], john.jar["session"]):
        assert secret not in everything
    assert everything.count(stored["pybossa"]["api_key"]) == 1


@pytest.mark.settings(job_workers=0, account_confirmation_disabled=True)
async def test_asked_twice_it_is_one_job(village: Village) -> None:
    john = Browser(village.api)
    await john.post("/account/register", village.form())
    for _ in range(3):
        assert (await john.get(URL)).json["status"] == "success"
    assert await village.stores.database["jobs"].count_documents({"kind": EXPORT}) == 1


@pytest.mark.settings(exports_per_user=RateLimit(2, 86_400), rate_limit_scale=1)
async def test_a_few_a_day_are_enough(john: Browser) -> None:
    for _ in range(2):
        assert (await john.get(URL)).status == 200
    answer = await john.get(URL)
    assert (answer.status, answer.json["code"]) == (429, 429)
    assert int(answer.headers["Retry-After"]) > 80_000


@pytest.mark.settings(job_workers=0, account_confirmation_disabled=True)
async def test_run_twice_it_does_nothing_twice(village: Village) -> None:
    john, stores = Browser(village.api), village.stores
    await john.post("/account/register", village.form())
    await john.get(URL)
    job = await stores.database["jobs"].find_one({"kind": EXPORT})
    assert job is not None
    await asyncio.gather(stores.exports.run(job["args"]), stores.exports.run(job["args"]))
    await stores.exports.run(job["args"])
    assert await stores.database["fs.files"].count_documents({}) == 1
    assert await stores.database["file_drafts"].count_documents({}) == 0
    assert await stores.database["jobs"].count_documents({"kind": "mail"}) == 1
    assert await stores.database["jobs"].count_documents({"kind": EXPIRE}) == 1


async def test_it_is_removed_some_days_later(john: Browser, village: Village) -> None:
    await collect(john, village)
    jobs, path = village.stores.database["jobs"], (await links(village))[0]
    job = await jobs.find_one({"kind": EXPIRE})
    assert job is not None
    assert (job["run_after"] - job["created"]).total_seconds() == pytest.approx(3 * 86_400, abs=5)
    await jobs.update_one({"_id": job["_id"]}, {"$set": {"run_after": job["created"]}})
    village.stores.jobs.news.set()
    await until_done(village.stores, EXPIRE)
    assert (await village.api.get(path)).status == 404
    for name in ("fs.files", "fs.chunks", "file_drafts"):
        assert await village.stores.database[name].count_documents({}) == 0


@pytest.mark.settings(
    spa_server_name="https://spa.example.org", job_workers=0, account_confirmation_disabled=True
)
async def test_links_lead_to_the_apps_own_host_where_it_has_one(village: Village) -> None:
    john = Browser(village.api)
    await john.post("/account/register", village.form())
    await john.get(URL)
    job = await village.stores.database["jobs"].find_one({"kind": EXPORT})
    assert job is not None
    assert "https://spa.example.org/uploads/user_" in job["args"]["mails"][0]["args"]["text"]


async def test_a_deletion_takes_exports_along(john: Browser, village: Village) -> None:
    await collect(john, village)
    path = (await links(village))[0]
    await john.get("/account/johndoe/delete")
    await until_done(village.stores)
    assert (await village.api.get(path)).status == 404


async def test_others_may_not_admins_neither(john: Browser, village: Village, api: Api) -> None:
    mary = await village.settle("mary", "Mary Major")
    await village.change("mary", auth__superuser=True)
    assert (await mary.get(URL)).status == 403
    assert (await mary.get("/account/nobody/export")).status == 404
    assert (await api.get(URL, **JSON)).status == 302
    assert await village.stores.jobs.left([EXPORT]) == 0


async def test_people_are_sent_to_their_page(john: Browser) -> None:
    page = await john.see(URL)
    assert (page.status, page.headers["Location"]) == (302, "/account/johndoe/")
    assert "GDPR export started" in (await john.see("/account/johndoe/")).text
