"""What must hold after every fault: what was promised is there, what was said was heard."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from storage.stores import Stores
from tests.faults.ledger import find_faults
from tests.faults.listener import Listener
from tests.faults.load import EVENT, POLL, Load, find_missing

EVENTS, ATTENDANCE, POLLS, UPDATES = f"events:{EVENT}", f"attendance:{EVENT}", f"polls:{POLL}", "feed:updates"
CHANNELS = (POLLS, EVENTS, ATTENDANCE, UPDATES)


async def find_tops(stores: Stores) -> dict[str, int]:
    """Return where every channel stands in the database."""
    tally = await stores.polls.tally(POLL)
    counts = await stores.attendance.counts(EVENT)
    assert counts is not None
    streams = {
        channel: (await stores.outbox.read(channel, None, 0)).offset for channel in (ATTENDANCE, UPDATES)
    }
    return {POLLS: tally.version, EVENTS: counts.version, **streams}


async def check(load: Load, listeners: Sequence[Listener], *, told: int = 0) -> None:
    """Compare promises with the database and the database with what every listener heard.

    Nobody may have been told more than `told` times that something may be missing.
    """
    assert not load.odd, f"answers that nobody should get: {load.odd[:5]}"
    assert await find_missing(load) == []
    tops = await find_tops(load.stores)
    await asyncio.gather(*(each.reach(*place) for each in listeners for place in tops.items()))
    ledgers = [ledger for each in listeners for ledger in each.ledgers.values()]
    assert list(find_faults(ledgers)) == []
    assert max(ledger.told for ledger in ledgers) <= told
    await check_newest(load.stores, listeners)


async def check_newest(stores: Stores, listeners: Sequence[Listener]) -> None:
    """Compare the newest state of every listener with the stored one, and the tally with the votes."""
    tally = await stores.polls.tally(POLL)
    votes = await stores.database["votes"].count_documents({"poll_id": POLL})
    assert sum(tally.stats.values()) == votes
    for each in listeners:
        assert each.ledgers[POLLS].heard[-1]["data"]["stats"] == tally.stats
