"""Deleting an account: asked for here, done by the one routine of all dialects."""

from __future__ import annotations

import pytest

from handlers.core.mail import Mail
from storage.pybossa.contributions import Run
from storage.pybossa.removal import DELETE
from tests.flux.mailbox import text_of
from tests.flux.mentions import mentions
from tests.pybossa.browser import JSON, Browser, flat
from tests.pybossa.pictures import encode, halves, upload
from tests.pybossa.village import PASSWORD, Village
from tests.pybossa.waiting import until_done
from tests.serving import Api
from tests.storage.pybossa.village import assert_exact

URL = "/account/johndoe/delete"


async def test_nothing_of_the_person_stays(john: Browser, village: Village) -> None:
    mary = await village.settle("mary", "Mary Major")
    project = await village.project("mary", "rivers")
    task = await village.stores.projects.add_task(project)
    user, row = await village.user("johndoe"), await village.row("johndoe")
    for _ in range(3):
        await village.stores.contributions.add(Run(task, user.id))
    await upload(john, encode(halves()))
    picture = (await village.user("johndoe")).info["avatar"]
    await john.post("/account/johndoe/update", {"btn": "Profile", "email_addr": "new@example.com"})
    link = await village.link("new@example.com")
    before = (await mary.get("/account/mary")).json["projects_created"]

    answer = await john.get(URL)
    assert answer.json == {"job": "enqueued", "template": None}
    await until_done(village.stores)

    database = village.stores.database
    assert await database["task_runs"].count_documents({"user_id": user.id}) == 0
    addresses = await database["task_runs"].distinct("user_ip", {"project_id": project})
    assert len(addresses) == 1
    assert (await mary.get("/account/mary")).json["projects_created"] == before
    assert (await village.api.get(f"/uploads/user_{user.id}/{picture}")).status == 404
    assert (await Browser(village.api).get(link)).status == 403
    assert (await john.get("/account/profile")).json["status"] == "not_signed_in"
    program = await village.api.get("/account/profile", **JSON, Authorization=user.api_key)
    assert program.json["status"] == "not_signed_in"
    assert (await mary.get("/account/johndoe")).status == 404
    told = "Ooops, we didn't find you in the system, did you sign up?"
    assert (await village.sign_in("johndoe@example.com")).json["flash"] == told
    needles = {row["_id"], row["s"], "johndoe@example.com", "new@example.com", "johndoe", user.api_key}
    assert await mentions(database, needles) == {"log": 1}
    await assert_exact(village.stores)


async def test_name_and_address_are_free_again(john: Browser, village: Village) -> None:
    await john.get(URL)
    await until_done(village.stores)
    again = await village.settle("johndoe", "John Doe")
    assert (await again.get("/account/profile")).json["user"]["n_answers"] == 0


@pytest.mark.settings(admins="boss@example.com,other@example.com", brand="Rivers")
async def test_the_person_and_each_admin_get_a_mail(john: Browser, village: Village) -> None:
    await john.get(URL)
    await until_done(village.stores)
    subject = "[Rivers]: Your account has been deleted"
    mails = [mail for mail in await village.mails() if mail["Subject"] == subject]
    found = sorted(str(mail["To"]) for mail in mails)
    assert found == ["boss@example.com", "johndoe@example.com", "other@example.com"]
    assert all("http" not in text_of(mail) for mail in mails)


@pytest.mark.settings(job_workers=0, account_confirmation_disabled=True)
async def test_asked_twice_it_is_one_job(village: Village) -> None:
    john = Browser(village.api)
    await john.post("/account/register", village.form())
    for _ in range(3):
        assert (await john.get(URL)).json["job"] == "enqueued"
    assert await village.stores.database["jobs"].count_documents({"kind": DELETE}) == 1
    assert (await john.get("/account/johndoe")).status == 200


@pytest.mark.settings(job_workers=0, account_confirmation_disabled=True)
async def test_mails_that_were_not_sent_yet_go_too(village: Village) -> None:
    john, jobs = Browser(village.api), village.stores.database["jobs"]
    await john.post("/account/register", village.form())
    for address in ("johndoe@example.com", "mary@example.com"):
        await village.stores.jobs.promise(Mail(address, "Hello", "Hello", "a@example.org").job())
    await jobs.update_one({"order": "johndoe@example.com"}, {"$set": {"state": "failed", "run_after": None}})
    await john.post("/account/forgot-password", {"email_addr": "JohnDoe@example.com"})
    await john.get(URL)
    job = await jobs.find_one({"kind": DELETE})
    assert job is not None
    await village.stores.departures.run(job["args"])
    left = await jobs.find({"kind": "mail"}).to_list(None)
    subjects = ["Hello", "[Folkmoot]: Your account has been deleted"]
    assert [each["args"]["subject"] for each in left] == subjects
    await village.stores.departures.run(job["args"])
    assert await jobs.count_documents({"kind": "mail"}) == 2


async def test_run_twice_it_does_nothing_twice(john: Browser, village: Village) -> None:
    stores, user = village.stores, await village.user("johndoe")
    args = {"user_id": user.oid, "mails": []}
    await stores.departures.run(args)
    await stores.departures.run(args)
    assert await stores.database["log"].count_documents({"action": "deleted_user"}) == 1


async def test_others_may_not_admins_neither(john: Browser, village: Village, api: Api) -> None:
    mary = await village.settle("mary", "Mary Major")
    await village.change("mary", auth__superuser=True)
    assert (await mary.get(URL)).status == 403
    assert (await mary.get("/account/nobody/delete")).status == 404
    assert (await api.get(URL, **JSON)).status == 302
    assert (await john.call("POST", URL, b"{}", JSON)).status == 405
    assert await village.stores.jobs.left([DELETE]) == 0
    assert await village.user("johndoe")


@pytest.mark.parametrize("what", ["delete", "export"])
@pytest.mark.parametrize(
    ("site", "status"),
    [("cross-site", 403), ("same-site", 403), ("x", 403), ("none", 200), ("same-origin", 200), (None, 200)],
)
async def test_another_sites_link_does_nothing(
    john: Browser, village: Village, what: str, site: str | None, status: int
) -> None:
    headers = {"Sec-Fetch-Site": site} if site else {}
    answer = await john.get(f"/account/johndoe/{what}", **headers)
    assert answer.status == status
    await until_done(village.stores)
    found = await village.stores.pybossa.by_name("johndoe")
    assert (found is None) is (what == "delete" and status == 200)


async def test_another_dialects_deletion_takes_the_files_along(john: Browser, village: Village) -> None:
    await upload(john, encode(halves()))
    await john.get("/account/johndoe/export")
    await until_done(village.stores)
    assert await village.stores.database["fs.files"].count_documents({}) == 2
    secret = (await village.row("johndoe"))["s"]
    assert (await village.api.post("/api/v0/delete_user", {"s": secret})).status == 200
    for name in ("fs.files", "fs.chunks", "file_drafts"):
        assert await village.stores.database[name].count_documents({}) == 0


async def test_people_are_signed_out(john: Browser, village: Village) -> None:
    page = await john.see(URL)
    assert (page.status, page.headers["Location"]) == (302, "/account/signout")
    assert (await john.see("/account/signout")).status == 302
    await until_done(village.stores)
    assert flat(await village.sign_in("johndoe@example.com", PASSWORD))[2] == "info"
