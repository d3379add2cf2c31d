"""Every setting of the server, read once from flags, the environment and `.env`."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from handlers.core.setting_values import (
    SHORTEST_KEY,
    Base,
    Bases,
    CommaList,
    Daily,
    HostNames,
    Hourly,
    Networks,
    QuarterHourly,
    Rate,
    RateLimit,
    Recipients,
    check_dsn,
    check_key,
    check_media_url,
    check_sender,
    check_sms,
    check_uri,
)

VERSION = "0.1.0"
KEYED, SIGNED = r"\{key\}", r"\{s\}"  # what templates of mailed links have a place for
ONE_LINE = r"^[^\x00-\x1f\x7f]{1,100}$"


class Settings(BaseSettings):
    """The settings in force; frozen, so that nothing changes them behind the server's back."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, frozen=True, extra="ignore", hide_input_in_errors=True
    )

    # Where the data is
    mongodb_uri: Annotated[SecretStr, AfterValidator(check_uri)] | None = Field(
        None, description="a replica set or sharded cluster; unset: own mongod"
    )
    mongodb_database: str = Field("folkmoot", description="database name", pattern=r"^[A-Za-z0-9_-]{1,60}$")
    data_dir: Path = Field(
        Path("data"), description="folder of the own mongod and of the generated secret key"
    )
    mongod: str | None = Field(None, description="path of the mongod binary; unset: PATH, then the wheel's")
    mongodb_driver: Literal["pymongo", "motor"] = Field("pymongo", description="driver behind the stores")
    secret_key: Annotated[SecretStr, AfterValidator(check_key)] = Field(
        SecretStr(""), description="signs tokens; generated into DATA_DIR, required with MONGODB_URI"
    )

    # Who may ask, and from where
    debug: bool = Field(False, description="error detail in answers, any Host")
    base_url: Base | None = Field(None, description="scheme and host of absolute links; unset: the request's")
    allowed_hosts: HostNames = Field((), description="host names that may be asked for; empty: own ones")
    allowed_origins: Bases = Field((), description="browser origins besides the own one")
    trusted_proxies: Networks = Field((), description="peers whose X-Forwarded-* headers count")

    # Mail and background work
    email_url: SecretStr = Field(
        SecretStr("console:"), description="console:, file:FOLDER, smtp:// or smtps://"
    )
    email_from: Annotated[str, AfterValidator(check_sender)] | None = Field(
        None, description="sender of mails; unset: Folkmoot <no-reply@host of BASE_URL>"
    )
    sms_url: Annotated[SecretStr, AfterValidator(check_sms)] = Field(
        SecretStr("console:"), description="console:, or http(s)://… that takes a POST of {to, body}"
    )
    job_workers: int = Field(2, ge=0, le=64, description="jobs run side by side; 0: this process runs none")

    # Limits
    bcrypt_rounds: int = Field(12, ge=4, le=20, description="cost of a password hash")
    rate_limit_scale: float = Field(1, ge=0, allow_inf_nan=False, description="multiplies every rate limit")
    max_body_bytes: int = Field(1 << 20, ge=1024, description="largest request body")
    max_upload_bytes: int = Field(25 << 20, ge=1024, description="largest multipart body")

    signin_failures: QuarterHourly = Field(
        RateLimit(20, 900), description="wrong passwords per address and client in 15 minutes, or N/SECONDS"
    )
    signin_failures_address: QuarterHourly = Field(
        RateLimit(100, 900), description="wrong passwords per address in 15 minutes, or N/SECONDS"
    )
    mails_per_address: Hourly = Field(
        RateLimit(10, 3600), description="resets asked for per address and hour, or N/SECONDS"
    )
    exports_per_user: Daily = Field(
        RateLimit(5, 86_400), description="exports asked for per person and day, or N/SECONDS"
    )
    registrations_per_client: Hourly = Field(
        RateLimit(100, 3600), description="registrations with a password per client and hour, or N/SECONDS"
    )

    # Errors
    sentry_dsn: Annotated[SecretStr, AfterValidator(check_dsn)] | None = Field(
        None,
        description="where unexpected errors go, too, if sentry-sdk is installed: https://KEY@HOST/PROJECT",
    )
    sentry_environment: str = Field("staging", description="what Sentry files them under")

    # The live hub
    conflation_ms: int = Field(50, ge=0, le=10_000, description="least pause between publications of a state")
    history_size: int = Field(1000, ge=1, le=100_000, description="messages of a stream that are kept")
    history_ttl: int = Field(86_400, ge=1, le=31_536_000, description="seconds that they are kept")
    send_buffer_bytes: int = Field(1 << 20, ge=65_536, description="most that waits for one slow socket")
    max_connections: int = Field(15_000, ge=1, description="sockets of one process")
    permessage_deflate: bool = Field(False, description="compress the hub's sockets (costs 135 KB each)")

    # Layer's seat (Know Me)
    layer_identity_expiration: int = Field(
        300, ge=1, description="seconds that an identity token is good for"
    )
    layer_key_id: str | None = Field(None, description="kid of identity tokens: layer:///keys/…")
    layer_provider_id: str | None = Field(None, description="iss of identity tokens: layer:///providers/…")
    layer_rsa_key_file_path: Path = Field(
        Path("/etc/km-api/certs/layer-dev.pem"), description="PEM key that signs them, read at use"
    )

    # Scripts
    admin_email: str | None = Field(None, description="default of create_admin --email")
    admin_password: SecretStr | None = Field(None, description="default of create_admin --password")

    # Know Me
    email_confirmation_expiration_days: float = Field(
        1, ge=0, allow_inf_nan=False, description="days that a mailed confirmation is good for"
    )
    email_confirmation_link_template: str = Field(
        "https://example.com/confirm-email?key={key}",
        description="link that confirms an address",
        pattern=KEYED,
    )
    password_reset_expiration_hours: float = Field(
        1, ge=0, allow_inf_nan=False, description="hours that a mailed password reset is good for"
    )
    password_reset_link_template: str = Field(
        "https://example.com/change-password/?key={key}",
        description="link that sets a new password",
        pattern=KEYED,
    )
    mailchimp_enabled: bool = Field(False, description="keep a mailing list at MailChimp in step")
    mailchimp_api_url: str | None = Field(
        None, description="base of MailChimp's API; unset: the key's", pattern=r"^https?://[^\s/]+(/\S*)?$"
    )
    mailchimp_list_id: str = Field("", description="id of the mailing list", validate_default=True)
    mailchimp_api_key: SecretStr = Field(
        SecretStr(""), description="key of MailChimp's API, with the data centre at its end",
        validate_default=True,
    )  # fmt: skip

    # Comics
    comics_media_url: Annotated[str, AfterValidator(check_media_url)] = Field(
        "/media/comics/", description="what addresses of comic images begin with: a path here, or https://…"
    )
    comics_query_timeout_ms: int = Field(
        5000, ge=1, le=600_000, description="milliseconds that a list query may take in the database"
    )

    # Klub
    web_url: str | None = Field(
        None,
        description="page that a mailed password reset leads to; unset: BASE_URL and a slash",
        pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$",
    )
    site_name: str | None = Field(
        None, description="name of the site in Klub's mails; unset: BRAND", pattern=ONE_LINE
    )
    sum_last_month_payments: int = Field(0, ge=0, description="paid in 40 days to be up to date; 0: no rule")
    sum_last_year_payments: int = Field(0, ge=0, description="paid in 375 days to be up to date; 0: no rule")
    organization_finance_program_types: CommaList = Field(
        "zmj,dpnk,lab,education,PsB,monuments,nature,eco_consulting,children_section",
        description="programs of events", validate_default=True,
    )  # fmt: skip
    access_token_lifetime: int = Field(300, ge=1, le=31_536_000, description="seconds of an access JWT")
    refresh_token_lifetime: int = Field(86_400, ge=1, le=31_536_000, description="seconds of a refresh JWT")
    oauth2_access_token_expire_seconds: int = Field(
        86_400, ge=1, le=31_536_000, description="seconds of a partner's access token"
    )
    password_reset_timeout: int = Field(
        259_200, ge=1, le=31_536_000, description="seconds that Klub's mailed password resets are good for"
    )

    # PyBossa
    leaderboard: int = Field(20, ge=1, le=100, description="people of the top list")
    brand: str = Field("Folkmoot", description="name of the site in mails", pattern=ONE_LINE)
    account_confirmation_disabled: bool = Field(
        False, description="registrations need no mailed link; who sets this vouches for the addresses"
    )
    account_link_expiration: int = Field(
        18_000, ge=1, le=31_536_000, description="seconds that PyBossa's mailed links are good for"
    )
    locales: CommaList = Field(
        "en,es,it,fr,ja,el", description="languages to choose from", validate_default=True, min_length=1
    )
    spam: HostNames = Field((), description="domains that get no mail")
    admins: Recipients = Field((), description="addresses that hear of deleted accounts")
    ttl_zip_sec_files: int = Field(3, ge=1, le=365, description="days that an export can be fetched")
    spa_server_name: Base | None = Field(
        None, description="scheme and host of the links in PyBossa's mails; unset: BASE_URL"
    )
    twitter_consumer_key: str = Field("", description="with the secret: a gateway serves /twitter/")
    twitter_consumer_secret: SecretStr = Field(SecretStr(""), description="see TWITTER_CONSUMER_KEY")
    facebook_app_id: str = Field("", description="with the secret: a gateway serves /facebook/")
    facebook_app_secret: SecretStr = Field(SecretStr(""), description="see FACEBOOK_APP_ID")
    google_client_id: str = Field("", description="with the secret: a gateway serves /google/")
    google_client_secret: SecretStr = Field(SecretStr(""), description="see GOOGLE_CLIENT_ID")

    # Flux
    flux_limit_email: Rate = Field(RateLimit(5, 600), description="Flux mails per address")
    flux_limit_register_ip: Rate = Field(
        "20/3600", description="registrations per client", validate_default=True
    )
    flux_limit_bad_s: Rate = Field(RateLimit(30, 60), description="bad secrets per client")
    flux_limit_vote: Rate = Field(RateLimit(60, 60), description="votes per member")
    flux_limit_sms_number: Rate = Field(RateLimit(3, 600), description="codes sent per phone number")
    flux_limit_sms_ip: Rate = Field(RateLimit(30, 3600), description="codes sent per client")
    flux_limit_phone_bank: Rate = Field(RateLimit(120, 3600), description="members to call per caller")
    flux_sms_ttl: int = Field(900, ge=1, le=86_400, description="seconds that a code by SMS is good for")
    flux_sms_attempts: int = Field(5, ge=1, le=1000, description="guesses of a code by SMS")
    flux_nonce_ttl: int = Field(3600, ge=1, description="seconds between a proven number and a registration")
    flux_phone_bank_lease: int = Field(900, ge=1, description="seconds that a member is one caller's to call")
    flux_member_link_template: str | None = Field(
        None,
        description="link in member mails, {s} filled in; unset: the page that comes with the server",
        pattern=SIGNED,
    )
    flux_vote_link_template: str | None = Field(
        None,
        description="link in mails that ask for a vote, {s} filled in; unset: the server's own page",
        pattern=SIGNED,
    )
    flux_magic_link_ttl: int = Field(86_400, ge=1, description="seconds that a sign-in link is good for")
    flux_feedback_max: int = Field(10, ge=0, description="messages of feedback of a member in 24 hours")
    flux_stats_interval: int = Field(300, ge=1, description="seconds between computations of public_stats")

    @field_validator("mailchimp_list_id")
    @classmethod
    def _require_list(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("mailchimp_enabled") and not value:
            raise ValueError("is required with MAILCHIMP_ENABLED")
        return value

    @field_validator("mailchimp_api_key")
    @classmethod
    def _require_mailchimp_key(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        """The key says where the API is, unless another setting does."""
        found = re.fullmatch(r"\S+-[a-z0-9]+", value.get_secret_value(), re.ASCII)
        if info.data.get("mailchimp_enabled") and not found and not info.data.get("mailchimp_api_url"):
            raise ValueError("must end in a dash and the data centre, as in 0a1b2c-us1")
        return value

    @model_validator(mode="after")
    def _require_shared_secret(self) -> Self:
        """Several machines over one database must sign with one key."""
        if self.mongodb_uri is not None and not self.secret_key.get_secret_value():
            raise ValueError("is required when MONGODB_URI is set (all processes must share one key)")
        return self

    def signing_key(self) -> bytes:
        """Return the signing key; generate it into DATA_DIR (mode 0600) at the first start."""
        if given := self.secret_key.get_secret_value():
            return given.encode()
        path = self.data_dir / "secret_key"
        try:
            if not path.exists():
                self.data_dir.mkdir(parents=True, exist_ok=True)
                _write_once(path, secrets.token_hex(32))
            key = path.read_bytes()
        except OSError as error:
            raise SettingError("DATA_DIR", f"{error.strerror}: {error.filename}") from error
        if len(key) < SHORTEST_KEY:
            raise SettingError("DATA_DIR", f"{path} is damaged; put the old key back, or delete it")
        return key


def _write_once(path: Path, text: str) -> None:
    """Make a file that only its owner may read; of several starts at once the first one's stays.

    It gets its name when it is complete, so nobody reads half a key.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with open(draft, "x", opener=_private, encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


class SettingError(Exception):
    """A setting is wrong; the text names it and never repeats a secret."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"setting {name}: {reason}")
        self.name = name


def complain(error: ValidationError) -> SettingError:
    """Pick the first wrong setting, and why it is wrong."""
    first = error.errors(include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"][:1]).upper()
    return SettingError(where or "SECRET_KEY", first["msg"].removeprefix("Value error, "))


def read(overrides: Mapping[str, object] | None = None) -> Settings:
    """Read the settings; raises SettingError."""
    try:
        return Settings(**dict(overrides or {}))  # type: ignore[arg-type]
    except ValidationError as error:
        raise complain(error) from None
    except (SettingsError, UnicodeDecodeError) as error:
        raise SettingError(".env", str(error)) from None


def load(overrides: Mapping[str, object] | None = None) -> Settings:
    """Read the settings, or end the process with exit code 2 and one line that names the wrong one."""
    try:
        return read(overrides)
    except SettingError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from None
