"""The table of settings in docs is the one that the settings themselves make."""

from __future__ import annotations

from scripts.show_settings import tabulate
from tests.serving import ROOT


def test_the_table_of_settings_is_true() -> None:
    """`python -m scripts.show_settings --table docs/settings.md` writes it anew."""
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == tabulate()
