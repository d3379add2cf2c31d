"""Every setting of the server, read once from flags, the environment and `.env`."""

from __future__ import annotations

import ipaddress
import re
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

VERSION = "0.1.0"


def split_list(value: object) -> object:
    """Split a comma list; anything else passes through to pydantic."""
    return (
        tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value
    )


def check_network(value: str) -> str:
    """Accept an IP address or a network in CIDR form."""
    ipaddress.ip_network(value, strict=False)
    return value


CommaList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(split_list)]
Networks = Annotated[
    tuple[Annotated[str, AfterValidator(check_network)], ...], NoDecode, BeforeValidator(split_list)
]


class RateLimit(NamedTuple):
    """A fixed window: at most `calls` in `seconds`; 0 calls switches the limit off."""

    calls: int
    seconds: int


def parse_rate(value: object) -> object:
    """Read `N/SECONDS`, or `0` for no limit."""
    if isinstance(value, RateLimit):
        return value
    match = re.fullmatch(r"([0-9]{1,9})(?:/([0-9]{1,9}))?", str(value), re.ASCII)
    if match is None:
        raise ValueError("must look like 60/3600 (calls/seconds), or 0 for no limit")
    rate = RateLimit(int(match[1]), int(match[2] or 1))
    if rate.seconds < 1:
        raise ValueError("needs a window of at least one second")
    return rate


Rate = Annotated[RateLimit, BeforeValidator(parse_rate)]


class Settings(BaseSettings):
    """The settings in force; frozen, so that nothing changes them behind the server's back."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, frozen=True, extra="ignore", hide_input_in_errors=True
    )

    # Where the data is
    mongodb_uri: SecretStr | None = Field(
        None, description="a replica set or sharded cluster; unset: own mongod"
    )
    mongodb_database: str = Field("folkmoot", description="database name", pattern=r"^[A-Za-z0-9_-]{1,60}$")
    data_dir: Path = Field(
        Path("data"), description="folder of the own mongod and of the generated secret key"
    )
    mongod: str | None = Field(None, description="path of the mongod binary; unset: PATH, then the wheel's")
    mongodb_driver: Literal["pymongo", "motor"] = Field("pymongo", description="driver behind the stores")
    secret_key: SecretStr = Field(
        SecretStr(""), description="signs tokens; generated into DATA_DIR, required with MONGODB_URI"
    )

    # Who may ask, and from where
    debug: bool = Field(False, description="error detail in answers, any Host")
    base_url: str | None = Field(
        None,
        description="scheme and host of absolute links; unset: the request's",
        pattern=r"^https?://[^/\s]+$",
    )
    allowed_hosts: CommaList = Field((), description="host names that may be asked for; empty: own ones")
    allowed_origins: CommaList = Field((), description="browser origins besides the own one")
    trusted_proxies: Networks = Field((), description="peers whose X-Forwarded-* headers count")

    # Mail and background work
    email_url: SecretStr = Field(
        SecretStr("console:"), description="console:, file:FOLDER, smtp:// or smtps://"
    )
    email_from: str | None = Field(
        None, description="sender of mails; unset: Folkmoot <no-reply@host of BASE_URL>"
    )
    job_workers: int = Field(2, ge=0, le=64, description="jobs run side by side; 0: this process runs none")

    # Limits
    bcrypt_rounds: int = Field(12, ge=4, le=20, description="cost of a password hash")
    rate_limit_scale: float = Field(1, ge=0, description="multiplies every rate limit")
    max_body_bytes: int = Field(1 << 20, ge=1024, description="largest request body")
    max_upload_bytes: int = Field(25 << 20, ge=1024, description="largest multipart body")

    # The live hub
    conflation_ms: int = Field(50, ge=0, le=10_000, description="least pause between publications of a state")
    send_buffer_bytes: int = Field(1 << 20, ge=65_536, description="most that waits for one slow socket")
    max_connections: int = Field(15_000, ge=1, description="sockets of one process")
    permessage_deflate: bool = Field(False, description="compress the hub's sockets (costs 135 KB each)")

    # Scripts
    admin_email: str | None = Field(None, description="default of create_admin --email")
    admin_password: SecretStr | None = Field(None, description="default of create_admin --password")

    # Flux
    flux_limit_email: Rate = Field(RateLimit(5, 600), description="Flux mails per address")
    flux_limit_register_ip: Rate = Field(
        "20/3600", description="registrations per client", validate_default=True
    )
    flux_limit_bad_s: Rate = Field(RateLimit(30, 60), description="bad secrets per client")
    flux_limit_vote: Rate = Field(RateLimit(60, 60), description="votes per member")
    flux_member_link_template: str | None = Field(
        None, description="link in member mails, {s} filled in; unset: the page that comes with the server"
    )
    flux_stats_interval: int = Field(300, ge=1, description="seconds between computations of public_stats")

    @model_validator(mode="after")
    def _require_shared_secret(self) -> Self:
        """Several machines over one database must sign with one key."""
        if self.mongodb_uri is not None and not self.secret_key.get_secret_value():
            raise ValueError(
                "SECRET_KEY is required when MONGODB_URI is set (all processes must share one key)"
            )
        return self

    def signing_key(self) -> bytes:
        """Return the signing key; generate it into DATA_DIR (mode 0600) at the first start."""
        if given := self.secret_key.get_secret_value():
            return given.encode()
        path = self.data_dir / "secret_key"
        self.data_dir.mkdir(parents=True, exist_ok=True)
        try:
            with open(path, "x", opener=_private, encoding="ascii") as file:
                file.write(secrets.token_hex(32))
        except FileExistsError:
            pass
        return path.read_bytes()


def _private(path: str, flags: int) -> int:
    """Open a file that only its owner may read."""
    import os

    return os.open(path, flags, 0o600)


def complain(error: ValidationError) -> str:
    """Say in one line which setting is wrong and why."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][:1]).upper()
    reason = first["msg"].removeprefix("Value error, ")
    return f"setting {where}: {reason}" if where else f"settings: {reason}"


def load(overrides: Mapping[str, object] | None = None) -> Settings:
    """Read the settings, or end the process with exit code 2 and one line that names the wrong one."""
    try:
        return Settings(**dict(overrides or {}))  # type: ignore[arg-type]
    except ValidationError as error:
        sys.stderr.write(complain(error) + "\n")
        raise SystemExit(2) from None
