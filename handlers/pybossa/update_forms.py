"""The four forms of the update page, sent one at a time under one address."""

from __future__ import annotations

from typing import Any

from handlers.pybossa.avatar import COORDINATES
from handlers.pybossa.forms import Errors, Flag, Form, Text
from storage.pybossa.people import PyBossaUser


class ProfileFields(Form):
    """Names, address and choices; texts that are not sent stay, choices that are not sent are a no."""

    fullname: Text | None = None
    name: Text | None = None
    email_addr: Text | None = None
    locale: Text | None = None
    subscribed: Flag = False
    privacy_mode: Flag = False
    restrict: Flag = False


class PasswordFields(Form):
    """The password, and another one twice."""

    current_password: Text = ""
    new_password: Text = ""
    confirm: Text = ""


class UpdateBody(ProfileFields, PasswordFields):
    """What any of the forms sends; `btn` says which. The picture itself comes as a file."""

    btn: Text = ""
    ckan_api: Text | None = None
    x1: Any = 0
    y1: Any = 0
    x2: Any = 0
    y2: Any = 0

    def sent(self, kind: type[Form]) -> dict[str, Any]:
        """Return what was sent of one form's fields."""
        values = {name: getattr(self, name) for name in kind.model_fields}
        return {name: value for name, value in values.items() if value is not None}


def describe_profile(
    user: PyBossaUser, csrf: str, sent: dict[str, Any] | None = None, errors: Errors | None = None
) -> dict[str, Any]:
    """Return the form of the profile: what is stored, and over it what was sent."""
    stored = {
        "ckan_api": user.ckan_api,
        "email_addr": user.email,
        "fullname": user.fullname,
        "id": user.id,
        "locale": user.locale,
        "name": user.name,
        "privacy_mode": user.privacy_mode,
        "restrict": user.restrict,
        "subscribed": user.subscribed,
    }
    return {**stored, **(sent or {}), "errors": dict(errors or {}), "csrf": csrf}


def describe_upload(
    csrf: str, body: UpdateBody | None = None, errors: Errors | None = None
) -> dict[str, Any]:
    """Return the form of the avatar."""
    crop = {name: getattr(body, name) if body is not None else 0 for name in COORDINATES}
    return {"avatar": None, "id": None, **crop, "errors": dict(errors or {}), "csrf": csrf}
