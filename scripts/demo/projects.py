"""Projects for the demo: what members do together, task by task."""

from __future__ import annotations

import random
from collections.abc import Sequence

from storage.driver import ObjectId
from storage.pybossa.contributions import Run
from storage.pybossa.people import PyBossaUser
from storage.pybossa.projects import NewProject
from storage.pybossa.retiring import Retiring
from storage.stores import Stores

SEED = 4953
VOLUNTEERS = 12  # members who take part from the beginning
CIRCLE = 40  # members who may take part later
TASKS, ANSWERS = 4, 8  # of each project; of each task
KEPT = 40  # completed tasks of a project; for each further one its oldest goes, with its answers

PROJECTS = (
    ("River levels", "demo-rivers", "Read the level of the river off photographs of gauges."),
    ("Street trees", "demo-trees", "Say which tree stands in the picture, and how it is doing."),
    ("Old minutes", "demo-minutes", "Copy handwritten minutes of meetings, line by line."),
    ("Night sky", "demo-sky", "Count the stars that a town lets through."),
)
SHORT_NAMES = tuple(short_name for _, short_name, _ in PROJECTS)


async def found_projects(stores: Stores, members: Sequence[ObjectId], runs: int) -> dict[str, int]:
    """Make the projects, and let some members contribute; return how many of each there are."""
    chance = random.Random(SEED)  # noqa: S311
    people = [await admit(stores, member) for member in members[:VOLUNTEERS]]
    tasks = []
    for number, (name, short_name, description) in enumerate(PROJECTS):
        owner = people[number % len(people)]
        made = await stores.projects.create(NewProject(name, short_name, owner.id, description, True))
        tasks += [await stores.projects.add_task(made.id, ANSWERS) for _ in range(TASKS)]
    for _ in range(runs):
        # The first ones are the keenest.
        somebody = people[int(len(people) * chance.random() ** 2)]
        await stores.contributions.add(Run(chance.choice(tasks), somebody.id))
    return {"projects": len(PROJECTS), "contributions": runs}


async def admit(stores: Stores, member: ObjectId) -> PyBossaUser:
    """Let a member join the community."""
    return await stores.ranking.transact(lambda session: stores.pybossa.join(member, session))


async def volunteer(stores: Stores, crowd: Sequence[ObjectId], chance: random.Random) -> None:
    """Let somebody join the community, or answer a task; where all is answered there is a new one."""
    projects = await stores.projects.named(SHORT_NAMES)
    if not projects:
        return
    member = chance.choice(crowd[:CIRCLE])
    user = await stores.pybossa.by_oid(member)
    if user is None:
        await admit(stores, member)
        return
    project = chance.choice(projects)
    tasks = await stores.projects.open_tasks(project.id)
    if tasks:
        await stores.contributions.add(Run(chance.choice(tasks), user.id))
        return
    await Retiring(stores.database, stores.ranking).retire(project.id, KEPT)
    await stores.projects.add_task(project.id, ANSWERS)
