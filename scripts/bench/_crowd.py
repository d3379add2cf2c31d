"""A community of any size as a PyBossa export, written piece by piece."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

PROJECTS, START = 20, 1_400_000_000  # Unix seconds
DAY = 86_400


def write_crowd(path: Path, users: int, runs: int) -> None:
    """Write users, projects, tasks and runs; the earlier users have contributed more."""
    chance = random.Random(1)  # noqa: S311
    tasks = max(PROJECTS, runs // 10)
    parts = {
        "user": people(chance, users),
        "project": projects(users),
        "task": ({"id": n, "project_id": n % PROJECTS + 1, "n_answers": 30} for n in range(1, tasks + 1)),
        "task_run": answers(chance, users, tasks, runs),
    }
    with path.open("w", encoding="utf-8") as file:
        for number, (kind, rows) in enumerate(parts.items()):
            file.write(f'{"," if number else "{"}"{kind}":[')
            for place, row in enumerate(rows):
                file.write(("," if place else "") + json.dumps(row))
            file.write("]")
        file.write("}")


def people(chance: random.Random, users: int) -> Iterator[Mapping[str, Any]]:
    """Yield users; one in a hundred is restricted."""
    for number in range(1, users + 1):
        yield {
            "id": number,
            "name": f"volunteer{number}",
            "fullname": f"Volunteer {number}",
            "email_addr": f"volunteer{number}@example.org",
            "created": moment(chance.randrange(1000 * DAY)),
            "restrict": number % 100 == 0,
        }


def projects(users: int) -> Iterator[Mapping[str, Any]]:
    """Yield published projects."""
    for number in range(1, PROJECTS + 1):
        name = {"id": number, "name": f"Project {number}", "short_name": f"project{number}"}
        yield {**name, "owner_id": number % users + 1, "published": True}


def answers(chance: random.Random, users: int, tasks: int, runs: int) -> Iterator[Mapping[str, Any]]:
    """Yield runs, a few of them by nobody in particular."""
    for number in range(1, runs + 1):
        task = chance.randrange(1, tasks + 1)
        anonymous = chance.random() < 0.05
        yield {
            "id": number,
            "project_id": task % PROJECTS + 1,
            "task_id": task,
            "user_id": None if anonymous else int(users * chance.random() ** 2) + 1,
            "user_ip": f"10.0.0.{chance.randrange(100)}" if anonymous else None,
            "finish_time": moment(1000 * DAY + number),
            "info": {"answer": chance.randrange(5)},
        }


def moment(seconds: int) -> str:
    """Return a time as exports write it."""
    return datetime.fromtimestamp(START + seconds, UTC).replace(tzinfo=None).isoformat()
