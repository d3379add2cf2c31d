"""Know Me's models: what the fields of its dumps' rows must look like, and which rows they name."""

from __future__ import annotations

import hashlib
from typing import Any

from storage.imports.arrival import Arrival
from storage.imports.member_lines import address
from storage.imports.models import Link, Model
from storage.imports.record import Record
from storage.imports.shapes import Field, flag, instant, key, maybe, since_epoch, string, text, whole
from storage.media import is_path

LONGEST_NAME, LONGEST_HASH, LONGEST_KEY, LONGEST_TOKEN, LONGEST_PHONE = 255, 1000, 64, 40, 15
USER, ADDRESS, KM_USER, MEDIA = (
    "account.user",
    "account.emailaddress",
    "know_me.kmuser",
    "know_me.mediaresource",
)
PROFILE, TOPIC, ITEM, LIST = (
    f"know_me.{name}" for name in ("profile", "profiletopic", "profileitem", "listcontent")
)
ACTIONS = (1, 2)


def mailbox(value: Any) -> str:
    """Read an e-mail address, which must be one."""
    if value is None or not (found := address(value, LONGEST_NAME)):
        raise ValueError("is empty")
    return found


def action(value: Any) -> int:
    """Read what follows from the proof of an address."""
    if (number := whole(value)) not in ACTIONS:
        raise ValueError("is neither 1 nor 2")
    return number


def media_path(value: Any) -> str:
    """Read a file's path below the media folder; an empty one names no file."""
    path: str = string()(value)
    if path and not is_path(path):
        raise ValueError("is no path below a folder")
    return path


def token_mark(value: Any) -> str:
    """Read a token into what is remembered of it for good: not the token itself."""
    token: str = key(LONGEST_TOKEN)(value)
    return hashlib.sha256(token.encode()).hexdigest()


NAME = Field(string(LONGEST_NAME))
TEXT = Field(string(), "")
FLAG = Field(flag, False)
USER_MODEL = Model(
    USER,
    {
        "email": Field(mailbox),
        "password": Field(maybe(string(LONGEST_HASH)), ""),
        "first_name": Field(string(LONGEST_NAME), ""),
        "last_name": Field(string(LONGEST_NAME), ""),
        "is_active": Field(flag, True),
        "created_at": Field(maybe(since_epoch), None),
        "last_login": Field(maybe(instant), None),
    },
)
ADDRESSES = Model(
    ADDRESS,
    {
        "email": Field(mailbox),
        "primary": FLAG,
        "verified": FLAG,
        "verified_action": Field(action, 1),
    },
    (Link("user", USER),),
)
CONFIRMATIONS = Model(
    "account.emailconfirmation",
    {"key": Field(key(LONGEST_KEY)), "created_at": Field(since_epoch)},
    (Link("email", ADDRESS),),
)
RESETS = Model(
    "account.passwordreset",
    {"key": Field(key(LONGEST_KEY)), "created_at": Field(since_epoch)},
    (Link("user", USER),),
)
TOKENS = Model(
    "authtoken.token",
    {"pk": Field(key(LONGEST_TOKEN)), "created": Field(since_epoch, 0.0)},
    (Link("user", USER),),
    token_mark,
)
SUBSCRIBERS = Model("mailing_list.mailchimpuser", {"subscriber_hash": NAME}, (Link("user", USER),))
KM_USERS = Model(
    KM_USER, {"image": Field(maybe(text), None), "quote": Field(maybe(text), None)}, (Link("user", USER),)
)
PROFILES = Model(PROFILE, {"name": NAME, "is_default": FLAG}, (Link("km_user", KM_USER),))
TOPICS = Model(TOPIC, {"name": NAME, "topic_type": Field(whole)}, (Link("profile", PROFILE),))
ITEMS = Model(ITEM, {"name": NAME}, (Link("topic", TOPIC),))
IMAGES = Model(
    "know_me.imagecontent",
    {"description": TEXT},
    (
        Link("profile_item", ITEM),
        Link("image_resource", MEDIA, optional=True),
        Link("media_resource", MEDIA, optional=True),
    ),
)
LISTS = Model(LIST, {}, (Link("profile_item", ITEM),))
ENTRIES = Model("know_me.listentry", {"text": NAME}, (Link("list_content", LIST),))
MEDIA_RESOURCES = Model(MEDIA, {"name": NAME, "file": Field(media_path)}, (Link("km_user", KM_USER),))
EMERGENCY_ITEMS = Model(
    "know_me.emergencyitem",
    {"name": NAME, "description": TEXT},
    (Link("km_user", KM_USER), Link("media_resource", MEDIA, optional=True)),
)
EMERGENCY_CONTACTS = Model(
    "know_me.emergencycontact",
    {
        "name": NAME,
        "relation": NAME,
        "phone_number": Field(string(LONGEST_PHONE)),
        "alt_phone_number": Field(string(LONGEST_PHONE), ""),
        "email": Field(string(LONGEST_NAME), ""),
    },
    (Link("km_user", KM_USER),),
)
ALL = (
    *(USER_MODEL, ADDRESSES, CONFIRMATIONS, RESETS, TOKENS, SUBSCRIBERS, KM_USERS, PROFILES, TOPICS, ITEMS),
    *(IMAGES, LISTS, ENTRIES, MEDIA_RESOURCES, EMERGENCY_ITEMS, EMERGENCY_CONTACTS),
)


def read_user(record: Record) -> Arrival:
    """Read an account; raises BadRecord."""
    return Arrival.of(USER_MODEL.read(record), "created_at")
