"""What 50 logins in flight do to everybody else: the delay of another request, with and without them."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
from tornado.httpclient import AsyncHTTPClient

from scripts.bench._servers import start_servers
from storage.embedded import join

PAUSE = 0.01  # seconds between the other requests
OTHER = "/account/emails/actions/"
LOGIN = "/auth/login/"


async def sign_in(client: AsyncHTTPClient, url: str, number: int) -> int:
    """Try a password of an account of its own; return the status."""
    body = orjson.dumps({"username": f"nobody{number}@example.org", "password": "wrong words"})
    headers = {"Content-Type": "application/json"}
    answer = await client.fetch(url + LOGIN, method="POST", body=body, headers=headers, raise_error=False)
    return answer.code


async def keep_signing_in(client: AsyncHTTPClient, url: str, number: int, seen: Counter[int]) -> None:
    """Try again and again, as long as nobody cancels; whoever is told to come back does so."""
    while True:
        status = await sign_in(client, url, number)
        seen[status] += 1
        if status == 503:
            await asyncio.sleep(1)


async def ask_others(url: str, seconds: int) -> dict[str, float]:
    """Send another request every few milliseconds; return its delays."""
    client, delays = AsyncHTTPClient(force_instance=True), []
    end = time.perf_counter() + seconds
    while (began := time.perf_counter()) < end:
        await client.fetch(url + OTHER)
        delays.append(time.perf_counter() - began)
        await asyncio.sleep(PAUSE)
    client.close()
    cuts = statistics.quantiles(delays, n=100)
    named = {"p50_ms": cuts[49], "p99_ms": cuts[98], "worst_ms": max(delays)}
    return {name: round(value * 1000, 2) for name, value in named.items()}


async def measure(uri: str, logins: int, seconds: int) -> dict[str, Any]:
    """Ask while nobody signs in, then while many do."""
    async with start_servers(uri, "bench_logins") as (url,):
        alone = await ask_others(url, seconds)
        client, seen = AsyncHTTPClient(force_instance=True, max_clients=logins), Counter[int]()
        tasks = [asyncio.create_task(keep_signing_in(client, url, n, seen)) for n in range(logins)]
        beside = await ask_others(url, seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        client.close()
    return {
        "logins_in_flight": logins,
        "others_alone": alone,
        "others_beside_logins": beside,
        "logins_per_second": round(seen[400] / seconds, 1),
        "told_to_come_back": seen[503],
    }


async def run(progress: Callable[[str], None], *, logins: int = 50, seconds: int = 8) -> dict[str, Any]:
    """Measure over a mongod of its own, at the usual cost of a hash."""
    progress(f"{logins} logins in flight, {2 * seconds} s")
    with tempfile.TemporaryDirectory() as folder, join(Path(folder)) as lease:
        return await measure(lease.uri, logins, seconds)
