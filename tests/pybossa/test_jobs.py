"""Deletions and exports outlive the process that was doing them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from storage.pybossa.exports import EXPIRE, EXPORT
from storage.pybossa.removal import DELETE
from tests.flux.mailbox import read
from tests.pybossa.browser import Browser
from tests.pybossa.village import Village
from tests.pybossa.waiting import LONGEST, until_done
from tests.serving import Api, Served, ServerProcess

RUNS = 60_000  # take a while to be written

NO_WORKERS = pytest.mark.settings(job_workers=0, account_confirmation_disabled=True)
Launch = Callable[..., ServerProcess]


async def settle(village: Village) -> Browser:
    """Register John at the server in this process, which does no jobs."""
    john = Browser(village.api)
    assert (await john.post("/account/register", village.form())).json["status"] == "success"
    return john


async def contribute(village: Village) -> None:
    """Store very many runs of John's, as an import would."""
    user, database = await village.user("johndoe"), village.stores.database
    rows = [
        {"_id": number, "project_id": 1, "task_id": 1, "user_id": user.id, "user_ip": None, "info": "x" * 50}
        for number in range(1, RUNS + 1)
    ]
    await database["task_runs"].insert_many(rows, ordered=False)
    row = {"project_id": 1, "who": f"u{user.id}", "user_id": user.id, "runs": RUNS, "last": None}
    await database["contributions"].insert_one(row)


def subjects(folder: Path) -> list[str]:
    """Return what the mails that were sent are about."""
    return [str(read(path)["Subject"]) for path in sorted(folder.glob("*.eml"))]


@NO_WORKERS
async def test_a_killed_export_is_done_once_by_the_next_server(
    server: Served, village: Village, launch: Launch, tmp_path: Path
) -> None:
    john, database = await settle(village), village.stores.database
    await contribute(village)
    await john.get("/account/johndoe/export")
    first = launch(JOB_WORKERS="2")
    async with asyncio.timeout(LONGEST):
        # The archive of the runs is being written: nobody sees any of it yet.
        while await database["file_drafts"].count_documents({}) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    first.kill()
    assert await database["jobs"].count_documents({"kind": EXPORT, "state": "running"}) == 1
    assert await database["fs.files"].count_documents({}) == 0
    assert subjects(tmp_path / "mails") == []
    second = launch(JOB_WORKERS="2")
    await until_done(village.stores)
    assert await database["fs.files"].count_documents({}) == 2
    assert subjects(tmp_path / "mails") == ["Your personal data"]
    assert await database["jobs"].count_documents({"kind": EXPIRE}) == 1
    names = [row["filename"] for row in await database["fs.files"].find({}).to_list(None)]
    for name in names:
        assert (await Api(second.url).get(f"/{name}")).status == 200


@NO_WORKERS
@pytest.mark.parametrize("pause", [0.0, 0.05, 0.2])
async def test_a_killed_deletion_is_done_once_by_the_next_server(
    server: Served, village: Village, launch: Launch, tmp_path: Path, pause: float
) -> None:
    john, database = await settle(village), village.stores.database
    first = launch(JOB_WORKERS="2")
    await john.get("/account/johndoe/delete")
    async with asyncio.timeout(LONGEST):
        while await database["jobs"].count_documents({"kind": DELETE, "state": "queued"}):  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    await asyncio.sleep(pause)  # wherever that finds it
    first.kill()
    launch(JOB_WORKERS="2")
    await until_done(village.stores)
    assert await village.stores.pybossa.by_name("johndoe") is None
    assert subjects(tmp_path / "mails") == ["[Folkmoot]: Your account has been deleted"]
    assert await database["log"].count_documents({"action": "deleted_user"}) == 1
