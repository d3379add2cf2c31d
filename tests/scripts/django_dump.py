"""A small dump of Know Me, every model in it, and what loads it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from scripts.import_dump import import_files
from storage.stores import Stores
from tests.knowme.client import App
from tests.scripts.dumps import find_user
from tests.serving import Api

Row = dict[str, Any]
Load = Callable[..., Awaitable[Any]]
PASSWORD = "imported horse 9"
TOKEN, CONFIRM, RESET = "ab" * 20, "C" * 64, "R" * 64


def django_hash(password: str) -> str:
    """Hash a password as Django does."""
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), b"salt", 1000)
    return f"pbkdf2_sha256$1000$salt${base64.b64encode(digest).decode()}"


def record(model: str, pk: int | str | None, **fields: Any) -> Row:
    """Make a record."""
    return {"model": model, "pk": pk, "fields": fields}


def ago(**time: float) -> str:
    """Write a moment of the past as dumps do."""
    return (datetime.now(UTC) - timedelta(**time)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def account(pk: int, email: str, **fields: Any) -> Row:
    """Make an account's record."""
    usual = {"password": django_hash(PASSWORD), "first_name": "Ann", "last_name": "Lee", "is_active": True}
    return record(
        "account.user", pk, **{"email": email, "created_at": "2017-06-01T10:00:00.250Z", **usual, **fields}
    )


def address(pk: int, user: int, email: str, **fields: Any) -> Row:
    """Make an address's record, of a primary and verified one."""
    usual = {"primary": True, "verified": True, "verified_action": 1}
    return record("account.emailaddress", pk, **{"user": user, "email": email, **usual, **fields})


def whole_dump() -> list[Row]:
    """Return one record or more of every model; pks are high enough to be free."""
    return [
        account(
            70,
            "Ann@Example.com",
            is_superuser=True,
            is_staff=True,
            groups=[],
            last_login="2018-01-02T03:04:05.678901Z",
        ),
        address(71, 70, "ann@example.com"),
        address(72, 70, "second@example.com", primary=False, verified=False, verified_action=2),
        record("account.emailconfirmation", 73, email=72, key=CONFIRM, created_at=ago(hours=1)),
        record("account.passwordreset", 74, user=70, key=RESET, created_at=ago(minutes=5)),
        record("authtoken.token", TOKEN, user=70, created="2017-07-01T00:00:00Z"),
        record("mailing_list.mailchimpuser", 75, user=70, subscriber_hash="5f1e"),
        record("know_me.kmuser", 76, user=70, image="users/ann.jpg", quote="Carpe diem"),
        record("know_me.mediaresource", 77, km_user=76, name="Dog", file="media/my dog.jpg"),
        record("know_me.profile", 78, km_user=76, name="Family", is_default=True),
        record("know_me.profiletopic", 79, profile=78, name="Food", topic_type=4),
        record("know_me.profileitem", 80, topic=79, name="Tea"),
        record(
            "know_me.imagecontent",
            81,
            profile_item=80,
            description="Hot",
            image_resource=77,
            media_resource=None,
        ),
        record("know_me.profileitem", 82, topic=79, name="Likes"),
        record("know_me.listcontent", 83, profile_item=82),
        record("know_me.listentry", 84, list_content=83, text="milk"),
        record(
            "know_me.emergencyitem", 85, km_user=76, name="Allergy", description="Nuts", media_resource=77
        ),
        record(
            "know_me.emergencycontact",
            86,
            km_user=76,
            name="Bo",
            relation="brother",
            phone_number="19195550100",
            alt_phone_number="",
            email="",
        ),
    ]


def subtree(user: int, first: int) -> list[Row]:
    """Return a Know Me user of an account with a little of everything below."""
    return [
        record("know_me.kmuser", first, user=user, quote=None),
        record("know_me.profile", first, km_user=first, name="P"),
        record("know_me.profiletopic", first, profile=first, name="T", topic_type=3),
        record("know_me.profileitem", first, topic=first, name="I"),
        record("know_me.listcontent", first, profile_item=first),
        record("know_me.listentry", first, list_content=first, text="E"),
    ]


def django_loader(stores: Stores, folder: Path) -> Load:
    """Return what imports records, through the same door as the command line."""

    async def load(records: Iterable[Row], *, dry: bool = False) -> Any:
        path = folder / "dump.json"
        path.write_text(json.dumps(list(records)))
        return (await import_files(stores, [path], None, dry=dry)).summary()

    return load


async def enter(api: Api, stores: Stores, email: str, password: str = PASSWORD) -> App:
    """Sign somebody in."""
    answer = await api.post(
        "/auth/login/", {"username": email, "password": password}, Content_Type="application/json"
    )
    assert answer.status == 200, answer.text
    person = await find_user(stores, email_lower=email.lower())
    return App(api, answer.json["token"], person["_id"], person["id"])
