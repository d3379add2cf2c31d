"""What a server says of itself when it answers: where its pages and its data are, whom to sign in as."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TextIO

from handlers.core.demo import BOX, DemoPerson
from settings import Settings

PAGES: Mapping[str, str] = {"home": "/", "dashboard": "/dashboard", "docs": "/docs", "admin": "/admin/"}
BOLD, DIM, PLAIN = "\033[1m", "\033[2m", "\033[0m"


def describe(url: str, settings: Settings, people: Sequence[DemoPerson] | None) -> Sequence[tuple[str, str]]:
    """Return labels and what belongs to them; `people` is None outside of a demo."""
    lines = [(label, url + path) for label, path in PAGES.items()]
    if people is not None:
        lines.append(("mail box", url + BOX))
    lines.append(("database", describe_database(settings)))
    if people is None:
        return [*lines, ("demo data", "no")]
    if not people:
        return [*lines, ("demo data", "no: this database has people of its own")]
    first, others = people[0], ", ".join(each.username for each in people[1:])
    lines.append(("demo data", "yes, and it moves"))
    if first.password:
        lines.append(("sign in as", f"{first.email}  {first.password}"))
    if others:
        lines.append(("or as", f"{others}: {url}/demo/people.json"))
    return lines


def describe_database(settings: Settings) -> str:
    """Say where the data is; a connection string without user, password and options."""
    if settings.mongodb_uri is None:
        place = f"own MongoDB in {settings.data_dir}"
    else:
        scheme, _, rest = settings.mongodb_uri.get_secret_value().partition("://")
        hosts = rest.rpartition("@")[2].partition("/")[0].partition("?")[0]
        place = f"{scheme}://{hosts}"
    return f"{settings.mongodb_database} at {place}"


def write_banner(output: TextIO, url: str, lines: Sequence[tuple[str, str]]) -> None:
    """Print where the server listens, which programs may wait for, and the rest for people."""
    lively = output.isatty() and not os.environ.get("NO_COLOR")
    width = max(len(label) for label, _ in lines)
    output.write(f"listening on {url}\n\n")
    for label, value in lines:
        padded = label.ljust(width)
        shown = (f"{DIM}{padded}{PLAIN}", f"{BOLD}{value}{PLAIN}") if lively else (padded, value)
        output.write(f"  {'  '.join(shown)}\n")
    output.write("\n")
    output.flush()
