"""Runs benches by name, or all: a table on stderr, one JSON document on stdout."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import pkgutil
import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

import scripts.bench
from scripts.session import make_parser


def find_benches() -> list[str]:
    """Name the benches in this folder."""
    found = pkgutil.iter_modules(scripts.bench.__path__)
    return [module.name for module in found if not module.name.startswith("_")]


def read_arguments(arguments: Sequence[str] | None, names: Sequence[str]) -> dict[str, dict[str, int]]:
    """Read `NAME key=value… NAME…`; the options belong to the name before them. Wrong usage exits with 2."""
    parser = make_parser("bench", __doc__ or "", "fanout clients=1000 votes")
    known = ", ".join(names)
    parser.add_argument("words", nargs="*", metavar="NAME [key=number…]", help=f"default: all of {known}")
    wanted: dict[str, dict[str, int]] = {}
    for argument in parser.parse_args(arguments).words:
        key, equals, value = argument.partition("=")
        if not equals and key in names:
            wanted[key] = {}
        elif equals and wanted and value.isascii() and value.isdigit():
            wanted[next(reversed(wanted))][key] = int(value)
        else:
            parser.error(f"{argument}: is neither a bench ({known}) nor key=number behind one")
    for name, options in wanted.items():
        unknown = options.keys() - inspect.signature(find_bench(name).run).parameters.keys()
        if unknown:
            parser.error(f"{name} has no option {', '.join(sorted(unknown))}")
    return wanted or {name: {} for name in names}


def find_bench(name: str) -> Any:
    """Load the module of a bench."""
    return importlib.import_module(f"scripts.bench.{name}")


def flatten(found: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Turn nested results into lines of a table."""
    for key, value in found.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{key} / ")
        else:
            yield prefix + key, f"{value:,.2f}" if isinstance(value, float) else str(value)


def show(console: Console, name: str, found: Mapping[str, Any]) -> None:
    """Print a bench's results as a table."""
    table = Table("measured", "value", title=name, title_justify="left")
    for key, value in flatten(found):
        table.add_row(key, value)
    console.print(table)


async def run_all(wanted: Mapping[str, Mapping[str, int]], console: Console) -> dict[str, Any]:
    """Run the benches one after the other."""
    results: dict[str, Any] = {}
    for name, options in wanted.items():
        with console.status(name) as status:
            results[name] = await find_bench(name).run(status.update, **options)
        show(console, name, results[name])
    return results


def main() -> None:
    """Run what the command line asks for."""
    console = Console(stderr=True)
    wanted = read_arguments(None, find_benches())
    results = asyncio.run(run_all(wanted, console))
    machine = {"python": platform.python_version(), "system": platform.platform()}
    sys.stdout.write(json.dumps({"machine": machine, "results": results}, indent=2) + "\n")


if __name__ == "__main__":
    main()
