"""Names of files that people brought: cleaned, behind an address that nobody can guess."""

from __future__ import annotations

import re
import secrets

ADDRESS_BYTES = 16  # 128 random bits
LONGEST_FILE_NAME = 100


def clean_name(name: str) -> str:
    """Return the last part of a file's name, harmless in a path; never empty, never hidden."""
    base = re.split(r"[/\\]", name.strip())[-1]
    harmless = re.sub(r"[^\w.-]", "", re.sub(r"\s", "_", base.encode("utf-8", "replace").decode()))
    return re.sub(r"\.{2,}", ".", harmless).lstrip(".")[-LONGEST_FILE_NAME:] or "file"


def make_address(name: str) -> str:
    """Make a path that ends with the file's cleaned name."""
    return f"{secrets.token_hex(ADDRESS_BYTES)}/{clean_name(name)}"
