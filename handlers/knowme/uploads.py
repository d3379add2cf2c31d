"""Files as fields of bodies, each at an address that nobody can guess."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handlers.core.download import content_type
from handlers.core.rest.body import fold, read_fields
from handlers.core.upload import UploadHandler
from handlers.knowme.rules import KnowMeHandler
from storage.belongings import Upload
from storage.file_names import make_address
from storage.files import Draft


def make_upload(name: str, draft: Draft) -> Upload:
    """Give a received file its address, which ends with its cleaned name."""
    address = make_address(name)
    return Upload(draft, address, content_type(address))


class FileHandler(UploadHandler, KnowMeHandler):
    """Takes files among the fields of a body."""

    def read_fields(self) -> Mapping[str, Any]:
        """Read the body's fields; the wanted files are among them, as uploads."""
        if self.form is None:
            return read_fields(self.content_type, bytes(self.received), self.spelling)
        files = {name: make_upload(given, draft) for name, (given, draft) in self.form.files.items()}
        return {**fold(self.form.texts), **files}
