"""Files as fields of bodies: cleaned names, and addresses that nobody can guess."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any

from handlers.core.download import content_type
from handlers.core.rest.body import fold, read_fields
from handlers.core.upload import UploadHandler
from handlers.knowme.rules import KnowMeHandler
from storage.belongings import Upload
from storage.files import Draft

ADDRESS_BYTES = 16  # 128 random bits
LONGEST_FILE_NAME = 100


def clean_name(name: str) -> str:
    """Return the last part of a client's file name, harmless in a path; never empty, never hidden."""
    base = re.split(r"[/\\]", name.strip())[-1]
    harmless = re.sub(r"[^\w.-]", "", re.sub(r"\s", "_", base.encode("utf-8", "replace").decode()))
    return re.sub(r"\.{2,}", ".", harmless).lstrip(".")[-LONGEST_FILE_NAME:] or "file"


def make_upload(name: str, draft: Draft) -> Upload:
    """Give a received file its address, which ends with its cleaned name."""
    cleaned = clean_name(name)
    return Upload(draft, f"{secrets.token_hex(ADDRESS_BYTES)}/{cleaned}", content_type(cleaned))


class FileHandler(UploadHandler, KnowMeHandler):
    """Takes files among the fields of a body."""

    def read_fields(self) -> Mapping[str, Any]:
        """Read the body's fields; the wanted files are among them, as uploads."""
        if self.form is None:
            return read_fields(self.content_type, bytes(self.received))
        files = {name: make_upload(given, draft) for name, (given, draft) in self.form.files.items()}
        return {**fold(self.form.texts.items()), **files}
