"""What the installation says of itself: settings, data folder, signing key, addresses."""

from __future__ import annotations

import stat
import tempfile
from collections.abc import Iterator
from urllib.parse import urlsplit

from handlers.core.client import read_address
from handlers.core.setting_values import SHORTEST_KEY
from scripts.doctor.finding import Finding, broken, doubtful, fine
from scripts.doctor.machine import existing
from settings import SettingError, Settings

MAKE_KEY = 'echo "SECRET_KEY=$(openssl rand -hex 32)" >> .env  # the same one on every machine'


def check_settings(wrong: SettingError | None) -> Finding:
    """Say whether the settings could be read; `wrong` is what was said against one."""
    if wrong is None:
        return fine("settings", "each has a value that it may have")
    return broken("settings", str(wrong), mend_setting(wrong.name))


def mend_setting(name: str) -> str:
    """Return the command that brings a setting back to its default, or makes the one that has none."""
    if name == "SECRET_KEY":
        return MAKE_KEY
    if name.lower() not in Settings.model_fields:
        return "cat -A .env  # lines of NAME=value, in UTF-8"
    about = Settings.model_fields[name.lower()].description
    return f"sed -i '/^{name}=/Id' .env; unset {name}  # the default counts then; {about}"


def check_folder(settings: Settings) -> Finding:
    """Try whether DATA_DIR can be written, or made."""
    folder = settings.data_dir.expanduser().resolve()
    place = existing(folder)
    mend = f"sudo mkdir -p {folder} && sudo chown $(id -un) {folder}"
    if not place.is_dir():
        return broken("data folder", f"{place} is no folder", "DATA_DIR=./data  # in .env")
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        return broken("data folder", f"{place} cannot be written: {error.strerror}", mend)
    return fine("data folder", f"{folder}{'' if folder.exists() else ' (made at the first start)'}")


def check_key(settings: Settings) -> Finding:
    """Look at what signs tokens; nobody else may read it."""
    if given := settings.secret_key.get_secret_value():
        return fine("signing key", f"SECRET_KEY has {len(given)} characters")
    path = settings.data_dir / "secret_key"
    try:
        found = path.stat()
    except FileNotFoundError:
        return fine("signing key", f"{path} is made at the first start")
    except OSError as error:
        return broken("signing key", f"{path}: {error.strerror}", f"ls -ld {path.parent} {path}")
    if not stat.S_ISREG(found.st_mode):
        return broken(
            "signing key", f"{path} is no file", f"mv {path} {path}.away  # the next start makes one"
        )
    if found.st_size < SHORTEST_KEY:
        words = f"{path} is damaged: {found.st_size} bytes"
        return broken("signing key", words, f"rm {path}  # ends all sessions")
    if (mode := stat.S_IMODE(found.st_mode)) & 0o077:
        words = f"{path} has mode {mode:04o}: others may read it"
        return broken("signing key", words, f"chmod 600 {path}")
    return fine("signing key", f"{path}, readable for its owner alone")


def check_addresses(settings: Settings) -> Iterator[Finding]:
    """Look at what links are made of and which names are answered, where a server is meant for others."""
    if settings.mongodb_uri is None and settings.base_url is None:
        yield fine("addresses", "links begin with what the browser asked for; good for trying out")
        return
    if settings.debug:
        yield doubtful("debug", "DEBUG shows insides in errors, and any Host is answered", "DEBUG=false")
    yield check_base(settings)


def check_base(settings: Settings) -> Finding:
    """Look at what links in mails begin with."""
    if settings.base_url is None:
        found = "BASE_URL is not set: links in mails begin with whatever Host a request named"
        return doubtful("addresses", found, "BASE_URL=https://folkmoot.example.org  # in .env")
    parts = urlsplit(settings.base_url)
    address = read_address(parts.hostname or "")
    local = parts.hostname == "localhost" or (address is not None and address.is_loopback)
    if parts.scheme == "http" and not local:
        mend = f"BASE_URL=https://{parts.netloc}  # behind a proxy that ends TLS, named in TRUSTED_PROXIES"
        return doubtful("addresses", f"{settings.base_url}: passwords travel unencrypted", mend)
    return fine("addresses", f"links begin with {settings.base_url}")
