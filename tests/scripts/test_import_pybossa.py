"""Importing PyBossa's exports: who becomes whom, which numbers follow, what is refused."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.import_dump import import_files
from scripts.session import Failure
from storage.imports.pybossa import AllKinds, make_plan
from storage.imports.pybossa_source import LABEL
from storage.imports.record import Record
from storage.passwords import matches
from storage.pybossa.people import PyBossaUser
from storage.stores import Stores
from tests.scripts.conftest import Script
from tests.scripts.dumps import assert_sound, dump
from tests.storage.pybossa.village import Village, assert_exact, find_all

Row = dict[str, Any]
Load = Callable[..., Awaitable[Any]]
HASH = "pbkdf2:sha1:1000$aRbCdEfG$cd89ccf94e6b7d92c64c2e1cbc4c5ae2fb43e8a0"
CREATED = "2015-06-10T15:02:38.411497"


def user(number: int, **fields: Any) -> Row:
    row = {"id": number, "name": f"user{number}", "fullname": f"User Number {number}", "created": CREATED}
    return {**row, "email_addr": f"user{number}@example.org", **fields}


def project(number: int, owner: int = 1, **fields: Any) -> Row:
    row = {"id": number, "name": f"Project {number}", "short_name": f"p{number}", "owner_id": owner}
    return {**row, "published": True, **fields}


def task(number: int, of: int = 1, **fields: Any) -> Row:
    return {"id": number, "project_id": of, "n_answers": 2, **fields}


def run(number: int, of: int = 1, by: int | None = 1, **fields: Any) -> Row:
    row = {"id": number, "project_id": 1, "task_id": of, "user_id": by}
    return {**row, "finish_time": f"2016-01-01T00:00:00.{number:06d}", **fields}


def nested(levels: int) -> Row:
    row: Row = {}
    for _ in range(levels):
        row = {"a": row}
    return row


@pytest.fixture
def load(stores: Stores, tmp_path: Path) -> Load:
    """Give what imports a value as a file, through the same door as the command line."""

    async def load(value: Any, collection: str | None = None, *, dry: bool = False) -> Any:
        path = tmp_path / "export.json"
        path.write_text(value if isinstance(value, str) else json.dumps(value))
        return (await import_files(stores, [path], collection, dry=dry)).summary()

    return load


async def person(stores: Stores, name: str) -> PyBossaUser:
    found = await stores.pybossa.by_name(name)
    assert found is not None
    return found


BUNDLE: dict[str, list[Row]] = {
    "user": [
        user(
            4953,
            name="johndoe",
            fullname="John Van Doe",
            passwd_hash=HASH,
            api_key="key-of-john",
            admin=True,
            locale="es",
            info='{"avatar": "a.png", "extra": {"x": 1}}',
            user_pref={"languages": ["en"]},
            consent=True,
        ),
        user(2, valid_email=False, privacy_mode=False),
        user(3, restrict=True),
    ],
    "category": [{"id": 1, "name": "Think", "short_name": "think"}],
    "project": [project(1, 4953, category_id=1, owners_ids=[4953, 2]), project(2, 2, published=False)],
    "task": [task(1), task(2), task(3, state="completed"), task(4, 2)],
    "task_run": [
        run(1, by=4953),
        run(2, by=2),
        run(3, of=2, by=None, user_ip="10.0.0.1"),
        run(4, of=2, by=3, info='"yes"'),
        run(5, of=4, by=4953, project_id=2),
    ],
}
COUNTS = {
    "imported": {
        "pybossa.user": 3,
        "pybossa.category": 1,
        "pybossa.project": 2,
        "pybossa.task": 4,
        "pybossa.task_run": 5,
    },
    "skipped": [],
}


async def test_a_bundle_becomes_people_projects_and_numbers(load: Load, stores: Stores) -> None:
    assert await load(BUNDLE) == COUNTS
    john = await person(stores, "johndoe")
    assert (john.id, john.fullname, john.created, john.api_key) == (
        4953,
        "John Van Doe",
        CREATED,
        "key-of-john",
    )
    assert (john.locale, john.consent, john.admin, john.valid_email) == ("es", True, False, True)
    assert (john.info, john.user_pref) == ({"avatar": "a.png", "extra": {"x": 1}}, {"languages": ["en"]})
    row = await stores.accounts.document(john.oid)
    assert (row["fname"], row["mnames"], row["sname"]) == ("John", "Van", "Doe")
    assert (row["password"], row["set_password"], row["email_validated"]) == (HASH, True, True)
    other = await person(stores, "user2")
    assert (other.valid_email, other.privacy_mode, other.has_password, other.score) == (
        False,
        False,
        False,
        1,
    )
    first, second = await stores.projects.owned_by(2)
    assert (first.n_tasks, first.n_completed, first.overall_progress, first.n_volunteers) == (3, 3, 100, 4)
    assert (second.published, second.n_tasks, second.n_completed, second.n_volunteers) == (False, 1, 0, 1)
    assert [each.id for each in await stores.projects.contributed_by(4953)] == [2, 1]
    await assert_exact(stores)
    await assert_sound(stores)


async def test_the_imported_hash_lets_in(load: Load, stores: Stores) -> None:
    digest = hashlib.pbkdf2_hmac("sha1", b"tulips", b"salt", 1000).hex()
    await load({"user": [user(1, passwd_hash=f"pbkdf2:sha1:1000$salt${digest}")]})
    row = await stores.accounts.document((await person(stores, "user1")).oid)
    assert matches("tulips", row["password"], 4)


async def test_a_second_load_changes_nothing_and_tells_nobody(load: Load, stores: Stores) -> None:
    await load(BUNDLE)
    before = await dump(stores, "projects", "leaderboard")
    board, excerpt = await stores.ranking.board(), await stores.outbox.read("feed:updates")
    assert await load(BUNDLE) == COUNTS
    assert await dump(stores, "projects", "leaderboard") == before
    assert await stores.ranking.board() == board
    assert await stores.outbox.read("feed:updates") == excerpt


async def test_the_kinds_may_stand_in_any_order(load: Load, stores: Stores) -> None:
    assert await load({"about": [1, {}], **dict(reversed(BUNDLE.items()))}) == COUNTS
    await assert_exact(stores)


async def test_lists_and_lines_are_told_by_their_first_row(load: Load, stores: Stores) -> None:
    for kind, rows in BUNDLE.items():
        assert (await load(rows))["imported"] == {f"pybossa.{kind}": len(rows)}
        lines = "\n".join(map(json.dumps, rows))
        assert (await load(lines))["imported"] == {f"pybossa.{kind}": len(rows)}
        assert (await load(lines, kind))["imported"] == {f"pybossa.{kind}": len(rows)}
    await assert_exact(stores)


@pytest.mark.parametrize("text", ['{"name": "x"}', '[{"id": 1}]', "{}", "[1]", "nothing", '{"user": 1}'])
async def test_what_cannot_be_told_is_refused(load: Load, text: str) -> None:
    with pytest.raises(Failure):
        await load(text)


async def test_an_empty_bundle_is_no_fault(load: Load) -> None:
    assert await load({"user": [], "task": []}) == {"imported": {}, "skipped": []}


async def test_random_imports_stay_exact(load: Load, stores: Stores) -> None:
    """Rows come, change and move to other people, tasks and projects, in several files."""
    chance = random.Random(11)
    tasks = [task(n, n % 3 + 1, n_answers=chance.randrange(1, 4)) for n in range(1, 13)]
    people = [user(n, created=f"2015-01-0{chance.randrange(1, 4)}T00:00:00") for n in range(1, 9)]
    await load(
        {"user": people, "project": [project(n, n, published=n < 3) for n in (1, 2, 3)], "task": tasks}
    )
    numbers = range(1, 60)
    for _ in range(4):
        rows = []
        for number in chance.sample(numbers, 25):
            of = chance.choice(tasks)
            by = chance.choice([None, *range(1, 9)])
            ip = f"10.0.0.{chance.randrange(3)}" if by is None else None
            rows.append(run(number, of["id"], by, project_id=of["project_id"], user_ip=ip))
        await load({"task_run": rows, "user": [user(4, restrict=chance.random() < 0.5)]})
        await assert_exact(stores)
    await load([{**tasks[0], "project_id": 3, "n_answers": 9}])
    await assert_exact(stores)


async def test_a_run_may_move_to_another_person_and_task(load: Load, stores: Stores) -> None:
    rows = {"user": [user(1), user(2)], "project": [project(1)], "task": [task(1), task(2)]}
    await load({**rows, "task_run": [run(1), run(2)]})
    assert (await stores.projects.owned_by(1))[0].n_completed == 1
    await load([run(2, of=2, by=2)])
    assert (await stores.projects.owned_by(1))[0].n_completed == 0
    assert [(await person(stores, name)).score for name in ("user1", "user2")] == [1, 1]
    await assert_exact(stores)


async def test_a_known_person_keeps_id_password_and_name_and_gains_the_rest(
    load: Load, stores: Stores
) -> None:
    made = await stores.accounts.register("Ann@example.org", {"fname": "Ann"}, ip=None, mails=lambda _: ())
    own = {"password": "$2b$04$ours", "set_password": True}
    await stores.database["users"].update_one({"_id": made.person["_id"]}, {"$set": own})
    row = user(77, name="ann", email_addr="ann@EXAMPLE.org", passwd_hash=HASH, info={"avatar": "a.png"})
    for _ in range(2):
        await load(
            {"user": [row], "project": [project(1, 77)], "task": [task(1)], "task_run": [run(1, by=77)]}
        )
    ann, stored = await person(stores, "ann"), await stores.accounts.document(made.person["_id"])
    assert (ann.oid, ann.id, ann.fullname, ann.email) == (
        stored["_id"],
        stored["id"],
        "Ann",
        "Ann@example.org",
    )
    assert (stored["password"], ann.info, ann.valid_email) == ("$2b$04$ours", {"avatar": "a.png"}, True)
    (mine,) = await stores.projects.owned_by(ann.id)
    assert (mine.owner_id, ann.score) == (ann.id, 1)
    assert (await find_all(stores, "task_runs"))[0]["user_id"] == ann.id
    await assert_exact(stores)


async def test_an_id_that_somebody_has_gives_way(load: Load, stores: Stores) -> None:
    made = await stores.accounts.register("x@example.org", {}, ip=None, mails=lambda _: ())
    taken = made.person["id"]
    await load({"user": [user(taken), user(taken + 1)], "project": [project(1, taken)]})
    moved = await person(stores, f"user{taken}")
    assert moved.id > taken + 1
    assert (await stores.projects.owned_by(moved.id))[0].owner_id == moved.id


async def test_keys_count_the_first_time_only(load: Load, stores: Stores) -> None:
    rows = [user(1, api_key="old", passwd_hash=HASH)]
    await load(rows)
    ann = await person(stores, "user1")
    key = await stores.pybossa.reset_api_key(ann.oid)
    gone = {"password": "", "set_password": False}
    await stores.database["users"].update_one({"_id": ann.oid}, {"$set": gone})
    await load([{**rows[0], "fullname": "Another Name"}])
    after = await person(stores, "user1")
    assert (after.api_key, after.has_password, after.fullname) == (key, False, "Another Name")


async def test_runs_of_a_deleted_person_stay_with_their_address(load: Load, stores: Stores) -> None:
    await load({**BUNDLE, "project": [project(1, 4953), project(2, 4953)]})
    await stores.deletion.delete((await person(stores, "user2")).oid)
    before = {row["_id"]: row for row in await find_all(stores, "task_runs")}
    assert (await load(BUNDLE["task_run"]))["imported"] == {"pybossa.task_run": 5}
    assert {row["_id"]: row for row in await find_all(stores, "task_runs")} == before
    assert before[2]["user_id"] is None
    await assert_exact(stores)


async def test_only_the_newest_are_news_with_their_own_time(load: Load, stores: Stores) -> None:
    """Nobody hears of old rows, restricted people, or projects that are not published."""
    runs = [run(n, of=n, finish_time=f"2016-01-01T00:{n // 60:02d}:{n % 60:02d}") for n in range(1, 151)]
    people = [user(1), user(2, restrict=True)]
    hidden = [
        run(901, of=1, by=2, finish_time="2017-01-01T00:00:00"),
        run(902, of=900, by=1, project_id=2, finish_time="2017-01-01T00:00:00"),
    ]
    projects = [project(1), project(2, published=False)]
    tasks = [*(task(n, n_answers=9) for n in range(1, 151)), task(900, 2)]
    for row in (*projects, *tasks):
        row["created"] = CREATED
    await load({"user": people, "project": projects, "task": tasks, "task_run": [*runs, *hidden]})
    feed = await stores.feed.newest()
    assert len(feed) == 100
    assert {entry["action_updated"] for entry in feed} == {"UserContribution"}
    assert [entry["updated"] for entry in feed] == sorted((e["updated"] for e in feed), reverse=True)
    assert feed[0] == {
        "action_updated": "UserContribution",
        "updated": 1451606550.0,
        "created": CREATED,
        "fullname": "User Number 1",
        "info": {},
        "locale": "en",
        "name": "user1",
        **dict.fromkeys(("rank", "score", "registered_ago", "task_runs")),
        "project_id": 1,
        "project_name": "Project 1",
        "project_short_name": "p1",
        "category_id": None,
    }
    told = await stores.outbox.read("feed:updates")
    assert [message.data for message in reversed(told.messages)] == feed
    await load([run(1001, finish_time="2015-12-31T00:00:00")])
    assert await stores.outbox.read("feed:updates") == told


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({"task_run": [run(1, by=9)]}, r"pybossa\.task_run: user_id: there is no pybossa\.user 9"),
        ({"task_run": [run(1), run(2, of=9)]}, r"record 2: pybossa\.task_run: task_id: there is no"),
        ({"task_run": [run(1), run(2, project_id=2)]}, r"task_run\[1\]: task 1 is in project 1"),
        ({"project": [project(3, 9)]}, "owner_id: there is no"),
        ({"project": [project(3, category_id=4)]}, "category_id: there is no"),
        ({"task": [task(7, 8)]}, "project_id: there is no"),
        ({"task": [task(7, n_answers="many")]}, r"task\[0\]: n_answers is not a whole number"),
        ({"task": [task(7, state="odd")]}, r"task\[0\]: state is neither"),
        ({"task_run": [run(1, finish_time="soon")]}, "finish_time is not a time"),
        ({"task_run": [{"id": 1, "task_id": 1}]}, r"task_run\[0\]: project_id is missing"),
        ({"task_run": [run(2**63)]}, "id is not"),
        ({"task_run": [run(3, info={"a\0b": 1})]}, r"task_run\[0\]"),
        ({"task_run": [run(3, info={"a": 2**70})]}, "task_run: Integer exceeds"),
        ({"user": [user(8, info=nested(250))]}, r"user\[0\]: is nested deeper than 100 levels"),
        ({"task_run": [run(3, info=json.dumps(nested(250)))]}, r"task_run\[0\]: is nested deeper"),
        (
            {"user": [user(8), {"id": 9, "name": "nine", "fullname": "Nine"}]},
            r"user\[1\]: email_addr is missing",
        ),
        ({"user": [user(8, name="user1")]}, r"user\[0\]: name belongs to another account"),
        ({"user": [user(1, email_addr="user2@example.org")]}, "email_addr belongs to another account"),
        ({"user": [user(8), user(9, name="user8")]}, "name is that of 0, too"),
        ({"user": [user(8), user(9, email_addr="USER8@example.org")]}, "email_addr is that of 0, too"),
        ({"user": [user(8, name="profile")]}, "is used by the system"),
        ({"user": [user(8, email_addr="nobody")]}, "is not an e-mail address"),
        ({"user": [7]}, "user is not an object"),
    ],
)
async def test_a_bad_row_is_named_and_nothing_is_kept(
    load: Load, stores: Stores, rows: dict[str, list[Row]], said: str
) -> None:
    await load({"user": [user(1), user(2)], "project": [project(1), project(2)], "task": [task(1)]})
    before = await dump(stores)
    good = {"user": [user(50)], "task_run": [run(70)]}
    mixed = {kind: [*good.get(kind, []), *rows.get(kind, [])] for kind in (*good, *rows)}
    for value, pattern in ((rows, said), (mixed, None)):
        with pytest.raises(Failure, match=pattern):
            await load(value)
        assert await dump(stores) == before


async def test_a_run_that_was_cut_short_is_completed_by_the_next(load: Load, stores: Stores) -> None:
    """Rows without their numbers, as a killed import leaves them, are met and counted again."""
    await load({"user": [user(1)], "project": [project(1)], "task": [task(1)]})
    loader = make_plan(stores).loaders[LABEL]
    assert isinstance(loader, AllKinds)
    await loader.write([Record(1, {"kind": "task_run", "row": run(1)}, 1, LABEL)])
    assert (await person(stores, "user1")).score == 0
    await load([run(1), run(2)])
    assert (await person(stores, "user1")).score == 2
    await assert_exact(stores)


async def test_contributions_go_on_during_an_import(load: Load, stores: Stores) -> None:
    village = Village(stores)
    await load({"user": [user(1)], "project": [project(1)], "task": [task(1, n_answers=400)]})
    ann = await village.join("ann")
    runs = [run(number) for number in range(1001, 1400)]
    await asyncio.gather(load(runs), *(village.run(1, ann) for _ in range(20)))
    assert (await village.now(ann)).score == 20
    await assert_exact(stores)


async def test_the_command_line(script: Script, stores: Stores, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(BUNDLE))
    bad.write_text(json.dumps({"task_run": [run(9, of=1, by=2), run(10, of=99)]}))
    ran = await script("import_dump", str(good))
    assert (ran.code, ran.json) == (0, COUNTS), ran.err
    ran = await script("import_dump", str(bad))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == f"{bad} record 2: pybossa.task_run: task_id: there is no pybossa.task 99\n"
    assert (await script("check_integrity")).code == 0
