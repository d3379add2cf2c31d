"""The doctor's round: one thing after the other, a line for people at once, one document in the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import asdict

from rich.console import Console

import settings as configuration
from scripts.doctor.database import check_database, check_program, reach_database
from scripts.doctor.finding import Finding, broken, is_healthy
from scripts.doctor.machine import check_disk, check_files
from scripts.doctor.network import check_mail, check_port, check_sms
from scripts.doctor.own import check_addresses, check_folder, check_key, check_settings
from scripts.session import FAILED, make_parser, print_json
from settings import SettingError, Settings
from storage.embedded import EmbeddedError

SIGNS = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "failed": "[red]✗[/]"}


def make_round(summary: str, ground: Iterable[Finding]) -> int:
    """Look at everything; return 1 where something has failed. The ground was looked at before."""
    parser = make_parser("doctor", summary, "--port 8888")
    parser.add_argument("--port", type=int, default=8888, help="port that the server listens on (8888)")
    flags = parser.parse_args()
    if not 1 <= flags.port <= 65_535:
        parser.error("--port must be from 1 to 65535")
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    findings = asyncio.run(examine(ground, flags.port, console))
    healthy = is_healthy(findings)
    print_json({"ok": healthy, "checks": [asdict(each) for each in findings]})
    return 0 if healthy else FAILED


async def examine(ground: Iterable[Finding], port: int, console: Console) -> list[Finding]:
    """Look at one thing after the other, and tell people of each at once."""
    findings = list(ground)
    for finding in findings:
        show(console, finding)
    async for finding in look_around(port):
        findings.append(finding)
        show(console, finding)
    return findings


async def look_around(port: int) -> AsyncIterator[Finding]:
    """Look at what the settings say, then at what they name."""
    try:
        settings = configuration.read()
    except SettingError as error:
        yield check_settings(error)
        return
    yield check_settings(None)
    yield check_folder(settings)
    yield check_key(settings)
    for finding in check_addresses(settings):
        yield finding
    yield check_files(settings)
    yield check_disk(settings)
    yield await check_port(port)
    yield await check_mail(settings)
    yield await check_sms(settings)
    async for finding in look_at_database(settings):
        yield finding


async def look_at_database(settings: Settings) -> AsyncIterator[Finding]:
    """Look at the program and at the data; without a program there is nothing to ask."""
    program = check_program(settings)
    yield program
    if program.state == "failed":
        return
    try:
        with reach_database(settings) as uri:
            async for finding in check_database(settings, uri):
                yield finding
    except EmbeddedError as error:
        yield broken("database", str(error), f"tail {settings.data_dir / 'mongo.log'}")


def show(console: Console, finding: Finding) -> None:
    """Print a line for people, and the command below it."""
    console.print(SIGNS[finding.state], f"{finding.check:<14}", end="")
    console.print(finding.found, markup=False)
    if finding.mend is not None:
        console.print(f"{'':17}$ {finding.mend}", markup=False, style="bold")
