"""Prints the settings in force; secrets are masked."""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr

import settings as configuration
from handlers.core.setting_values import RateLimit
from scripts.session import make_parser, print_json


def shown(value: Any) -> Any:
    """Return a setting as it may be seen."""
    if isinstance(value, SecretStr):
        return "********" if value.get_secret_value() else ""
    if isinstance(value, RateLimit):
        return f"{value.calls}/{value.seconds}"
    return value if isinstance(value, bool | int | float | tuple | None) else str(value)


def main() -> None:
    """Print every setting with its value and what it is for."""
    make_parser("show_settings", __doc__ or "", "").parse_args()
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
