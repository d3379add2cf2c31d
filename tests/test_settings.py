"""Settings: where they come from, what is refused, and the key that is made once."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from handlers.core.setting_values import RateLimit
from settings import SettingError, Settings, read
from tests.serving import ROOT

KEY = "k" * 32


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the environment's settings and files out."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MONGODB_URI", "localhost:27017"),
        ("MONGODB_DATABASE", "a b"),
        ("MONGODB_DRIVER", "mongoengine"),
        ("SECRET_KEY", "k" * 31),
        ("DEBUG", "perhaps"),
        ("BASE_URL", "folk.example"),
        ("BASE_URL", "https://folk.example/path"),
        ("BASE_URL", "https://user@folk.example"),
        ("ALLOWED_HOSTS", "folk.example,https://folk.example"),
        ("ALLOWED_HOSTS", "folk.example:8888"),
        ("ALLOWED_HOSTS", "*"),
        ("ALLOWED_ORIGINS", "friend.example"),
        ("ALLOWED_ORIGINS", "*"),
        ("TRUSTED_PROXIES", "10.0.0.0/8,proxy"),
        ("TRUSTED_PROXIES", "10.0.0.0/33"),
        ("FLUX_LIMIT_VOTE", "60 per minute"),
        ("FLUX_LIMIT_VOTE", "60/0"),
        ("FLUX_LIMIT_VOTE", "-1/60"),
        ("RATE_LIMIT_SCALE", "inf"),
        ("RATE_LIMIT_SCALE", "-1"),
        ("BCRYPT_ROUNDS", "3"),
        ("MAX_BODY_BYTES", "1 MiB"),
        ("JOB_WORKERS", "many"),
        ("CONFLATION_MS", "-1"),
        ("COMICS_MEDIA_URL", "media/comics"),
        ("COMICS_MEDIA_URL", "//cdn.example.org/"),
        ("COMICS_MEDIA_URL", "https://cdn.example.org/?comics"),
        ("COMICS_QUERY_TIMEOUT_MS", "0"),
        ("EMAIL_FROM", "nobody"),
        ("EMAIL_FROM", "a@b.example, c@d.example"),
        ("ADMINS", "boss@example.org,boss"),
        ("LOCALES", " , "),
        ("SITE_NAME", "Club\nBcc: x@example.org"),
        ("EMAIL_CONFIRMATION_LINK_TEMPLATE", "https://app.example/confirm"),
        ("PASSWORD_RESET_LINK_TEMPLATE", "https://app.example/?key={s}"),
        ("FLUX_MEMBER_LINK_TEMPLATE", "https://app.example/?s=%s"),
        ("FLUX_VOTE_LINK_TEMPLATE", "https://app.example/?s={key}"),
    ],
)
def test_a_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingError, match=f"^setting {name}: [^\n]+$"):
        read()


@pytest.mark.parametrize("name", ["MONGODB_URI", "SECRET_KEY", "SMS_URL"])
def test_a_secret_is_never_repeated(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "hunter2")
    with pytest.raises(SettingError) as error:
        read()
    assert "hunter2" not in str(error.value)


def test_the_environment_beats_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("BASE_URL=https://file.example\nJOB_WORKERS=7\nUNKNOWN=1\n")
    monkeypatch.setenv("BASE_URL", "https://environment.example/")
    settings = read()
    assert (settings.base_url, settings.job_workers) == ("https://environment.example", 7)


def test_a_wrong_value_in_the_file_is_named_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("BCRYPT_ROUNDS=x\n")
    with pytest.raises(SettingError, match="BCRYPT_ROUNDS"):
        read()
    (tmp_path / ".env").write_bytes(b"BRAND=\xff\xfe\n")
    with pytest.raises(SettingError, match=r"\.env"):
        read()


def test_an_empty_value_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONGODB_URI", "")
    monkeypatch.setenv("ALLOWED_HOSTS", "")
    assert (read().mongodb_uri, read().allowed_hosts) == (None, ())


def test_lists_and_rates_are_read_as_people_write_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", "Folk.example, .folk.example,,::1")
    monkeypatch.setenv("TRUSTED_PROXIES", "10.0.0.1, 10.1.0.0/16, ::1")
    monkeypatch.setenv("FLUX_LIMIT_VOTE", "5/60")
    monkeypatch.setenv("FLUX_LIMIT_EMAIL", "0")
    settings = read()
    assert settings.allowed_hosts == ("folk.example", ".folk.example", "::1")
    assert len(settings.trusted_proxies) == 3
    assert (settings.flux_limit_vote, settings.flux_limit_email) == (RateLimit(5, 60), RateLimit(0, 1))


def test_a_shared_database_needs_a_shared_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONGODB_URI", "mongodb://localhost/?replicaSet=rs0")
    with pytest.raises(SettingError, match="SECRET_KEY: is required"):
        read()
    monkeypatch.setenv("SECRET_KEY", KEY)
    assert read().signing_key() == KEY.encode()


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    key = settings.signing_key()
    path = tmp_path / "data" / "secret_key"
    assert (len(key), settings.signing_key(), path.read_bytes()) == (64, key, key)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["secret_key"]


def test_starts_at_the_same_moment_agree_on_the_key(tmp_path: Path) -> None:
    program = "import settings; print(settings.read().signing_key().decode())"
    starts = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={"DATA_DIR": str(tmp_path / "data")},
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    keys = {start.communicate(timeout=30)[0] for start in starts}
    assert len(keys) == 1
    assert len(keys.pop().strip()) == 64


def test_a_damaged_or_unreachable_key_is_an_error_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    path.write_bytes(b"")
    with pytest.raises(SettingError, match=r"DATA_DIR.*damaged"):
        Settings(data_dir=tmp_path).signing_key()
    assert path.read_bytes() == b""
    with pytest.raises(SettingError, match="DATA_DIR"):
        Settings(data_dir=path / "below a file").signing_key()
