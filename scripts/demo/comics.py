"""Comics for the demo: a dozen invented ones, strips drawn for them, releases up to now and new ones."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Sequence
from datetime import UTC, datetime

from scripts.demo.drawing import draw
from storage.comics.press import Issue, Picture, Press, Title
from storage.errors import Taken
from storage.media import MediaFolder
from storage.signin import MICROSECONDS
from storage.stores import Stores

SEED = 2012
STRIPS = 2  # drawings of each comic, used again and again
GROUP = 500  # releases of one transaction
EVERY = 9 * 3600  # seconds between two releases of a comic
MOST = 200  # releases of one comic; for each further one its oldest goes

NAMES = (
    *(("Kettle On", "en"), ("The Night Ferry", "en"), ("Small Print", "en"), ("Two Left Feet", "en")),
    *(("Moss and Moss", "en"), ("Desk Plant", "en"), ("Borrowed Umbrella", "en"), ("The Quorum", "en")),
    *(("Papierboote", "de"), ("Zelená lavička", "cs"), ("Le phare", "fr"), ("Siste buss", "no")),
)
SLUGS = (
    *("kettle-on", "night-ferry", "small-print", "two-left-feet", "moss-and-moss", "desk-plant"),
    *("borrowed-umbrella", "the-quorum", "papierboote", "zelena-lavicka", "le-phare", "siste-buss"),
)
TITLES = (
    *("Minutes of the meeting", "Any other business", "A show of hands", "Point of order"),
    *("The second motion", "Apologies received", "Tea first", "Carried unanimously"),
)
TEXTS = (
    "Who moved the minutes? They were next to the biscuits.",
    "I abstain, said the cat, from everything but dinner.",
    "We counted twice and got three answers.",
    "All in favour of going outside, say nothing.",
    "The agenda was long, so somebody folded it into a boat.",
    "It rained, and so the umbrella chaired.",
)


def comics() -> list[Title]:
    """Return the comics."""
    return [
        Title(
            name,
            slug,
            language,
            f"{name} is made up for this demo.",
            f"https://{slug}.example/",
            f"20{10 + n:02}-03-0{n % 9 + 1}",
        )
        for n, ((name, language), slug) in enumerate(zip(NAMES, SLUGS, strict=True))
    ]


async def found_comics(stores: Stores, each: int, now: float) -> dict[str, int]:
    """Make the comics with so many releases each, up to now; where there are comics already, none."""
    press, chance = open_press(stores), random.Random(SEED)  # noqa: S311
    titles = comics()
    if not await press.is_empty():
        return {"comics": 0, "releases": 0}
    pictures = await draw_all(stores.media_folder, chance)
    try:
        numbers = await press.found(titles, added=int((now - each * EVERY) * MICROSECONDS))
    except Taken:  # an import was faster
        return {"comics": 0, "releases": 0}
    issues = []
    for place in range(each * len(titles)):
        comic = place % len(titles)
        moment = now - (each * len(titles) - place) * EVERY / len(titles)
        issues.append(make_issue(chance, numbers[comic], pictures[SLUGS[comic]], moment))
    for start in range(0, len(issues), GROUP):
        await press.publish(issues[start : start + GROUP], tell=False)
    return {"comics": len(titles), "releases": len(issues)}


def open_press(stores: Stores) -> Press:
    """Return what brings out the demo's releases."""
    return Press(stores.database, stores.counters, stores.posting)


async def draw_all(folder: MediaFolder, chance: random.Random) -> dict[str, Sequence[Picture]]:
    """Draw each comic's strips and keep them in the media folder."""
    kept: dict[str, Sequence[Picture]] = {}
    for slug in SLUGS:
        strips = [draw(chance) for _ in range(STRIPS)]
        digests = [hashlib.sha256(strip.png).hexdigest() for strip in strips]
        paths = [f"{slug}/{digest[0]}/{digest}.png" for digest in digests]
        await asyncio.gather(
            *(folder.keep(path, [strip.png]) for path, strip in zip(paths, strips, strict=True))
        )
        kept[slug] = [
            Picture(path, digest, strip.height, strip.width)
            for path, digest, strip in zip(paths, digests, strips, strict=True)
        ]
    return kept


def make_issue(chance: random.Random, comic: int, pictures: Sequence[Picture], moment: float) -> Issue:
    """Make a release that comes out at a moment, in Unix seconds."""
    return Issue(
        comic_id=comic,
        pub_date=datetime.fromtimestamp(moment, UTC).date().isoformat(),
        fetched=int(moment * MICROSECONDS),
        picture=chance.choice(pictures),
        title=chance.choice(TITLES),
        text=chance.choice(TEXTS),
    )


async def bring_out(stores: Stores, chance: random.Random, now: float) -> int | None:
    """Bring out a release of some demo comic, live; return its id, None where there is no comic."""
    press = open_press(stores)
    comics = await press.listed()
    if not comics:
        return None
    comic = chance.choice(comics)
    await press.retire(comic, MOST - 1)
    (number,) = await press.publish([make_issue(chance, comic, await press.pictures(comic), now)], tell=True)
    return number
