"""Prints the settings in force; secrets are masked."""

from __future__ import annotations

import sys
from html import escape
from pathlib import Path
from typing import Any

from pydantic import SecretStr

import settings as configuration
from handlers.core.setting_values import RateLimit
from scripts.session import FAILED, make_parser, print_json
from settings import Settings

HEAD = """# Settings

From the environment or from `.env` in the folder of the server; a wrong one ends the start with its name.
What is in force is printed by `python -m scripts.show_settings`, and this table is written by its `--table`.

| name | default | |
|---|---|---|
"""


def shown(value: Any) -> Any:
    """Return a setting as it may be seen."""
    if isinstance(value, SecretStr):
        return "********" if value.get_secret_value() else ""
    if isinstance(value, RateLimit):
        return f"{value.calls}/{value.seconds}"
    return value if isinstance(value, bool | int | float | tuple | None) else str(value)


def tabulate() -> str:
    """Return a Markdown table of all settings with their defaults, which are no secrets."""
    rows = [
        f"| `{name.upper()}` | {cell(field.default)} | {escape(field.description or '', quote=False)} |\n"
        for name, field in Settings.model_fields.items()
    ]
    return HEAD + "".join(rows)


def cell(default: Any) -> str:
    """Return a default as people would write it into `.env`."""
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    if isinstance(default, bool):
        default = str(default).lower()
    if isinstance(default, tuple | list) and not isinstance(default, RateLimit):
        default = ",".join(map(str, default))
    text = "" if default is None else str(shown(default))
    return f"`{text}`" if text else "-"


def main() -> None:
    """Print every setting with its value and what it is for."""
    parser = make_parser("show_settings", __doc__ or "", "")
    parser.add_argument(
        "--table", type=Path, metavar="FILE", help="write a Markdown table of the defaults, too"
    )
    arguments = parser.parse_args()
    if arguments.table is not None:
        try:
            arguments.table.write_text(tabulate(), encoding="utf-8")
        except OSError as error:
            sys.stderr.write(f"cannot write {arguments.table}: {error.strerror}\n")
            raise SystemExit(FAILED) from None
    settings = configuration.load()
    fields = type(settings).model_fields
    print_json(
        {
            name.upper(): {"value": shown(getattr(settings, name)), "about": field.description}
            for name, field in fields.items()
        }
    )


if __name__ == "__main__":
    main()
