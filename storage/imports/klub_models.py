"""Klub's models: what the fields of its dumps' rows must look like, and which rows they name."""

from __future__ import annotations

from typing import Any

from storage.imports.comics_models import own_pk
from storage.imports.klub_shapes import (
    COUNT,
    DAY,
    FLAG,
    LINE,
    MOMENT,
    OPTIONAL,
    PATH,
    QUANTITY,
    WORD_LIST,
    blank,
    count,
    listed,
    micros,
    permission,
    scope,
    seconds,
    stamp,
    truth,
    unless_blank,
)
from storage.imports.member_lines import address
from storage.imports.models import Link, Model
from storage.imports.shapes import Field, key, maybe, text
from storage.klub.event import PHOTOS

PROFILE, USERPROFILE, COMPANY = "aklub.profile", "aklub.userprofile", "aklub.companyprofile"
EMAIL, TELEPHONE, PERMISSION = "aklub.profileemail", "aklub.telephone", "auth.permission"
UNIT, MONEY = "aklub.administrativeunit", "aklub.moneyaccount"
CHANNEL, EVENT, TYPE = "aklub.donorpaymentchannel", "events.event", "events.eventtype"
LOCATION, POSITION = "events.location", "events.organizationposition"
CATEGORY, KIND = "interactions.interactioncategory", "interactions.interactiontype"
APPLICATION = "oauth2_provider.application"
LONGEST_SECRET = 1000
NEVER = Field(lambda _: False, False)  # Klub's dumps do not say that an address was proven


def ref(value: Any) -> int | None:
    """Read the key of another row; a blank is none."""
    return None if blank(value) else own_pk(value)


def one(field: str, label: str) -> Link:
    """Return a field that may name a row."""
    return Link(field, label, optional=True, key=ref)


def must(field: str, label: str) -> Link:
    """Return a field that names a row."""
    return Link(field, label, key=own_pk)


def several(field: str, label: str) -> Link:
    """Return a field that names rows."""
    return Link(field, label, many=True, key=own_pk)


UNITS = Model(
    UNIT,
    {
        **dict.fromkeys(("name", "slug", "street", "city", "zip_code", "telephone"), LINE),
        **dict.fromkeys(("from_email_address", "from_email_str", "ico", "color"), LINE),
        **dict.fromkeys(("gps_latitude", "gps_longitude"), QUANTITY),
        "web_url": OPTIONAL,
        "level": LINE,
    },
    tuple(one(name, PROFILE) for name in ("president", "vice_president", "manager")),
    own_pk,
)
_PERSON = {
    **dict.fromkeys(("username", "first_name", "last_name", "nickname", "maiden_name", "sex"), OPTIONAL),
    **dict.fromkeys(("street", "city", "zip_code", "note", "title_before", "title_after"), OPTIONAL),
    **dict.fromkeys(("name", "crn", "tin", "type", "password"), OPTIONAL),
    **dict.fromkeys(("age_group", "birth_month", "birth_day"), Field(unless_blank(count), None)),
    "email": Field(unless_blank(address), None),
    **dict.fromkeys(("is_active", "is_staff"), Field(maybe(truth), None)),
    "date_joined": Field(unless_blank(seconds), None),
    "last_login": Field(unless_blank(micros), None),
    "user_permissions": Field(maybe(listed(permission)), None),
}
PEOPLE = {
    label: Model(
        label,
        _PERSON,
        (several("administrative_units", UNIT), several("administrated_units", UNIT)),
        own_pk,
    )
    for label in (PROFILE, USERPROFILE, COMPANY)
}
PERMISSIONS = Model(PERMISSION, {"codename": LINE}, key=own_pk)
EMAILS = Model(
    EMAIL,
    {
        "email": Field(address, ""),
        "is_primary": FLAG,
        "verified": NEVER,
        "verified_action": Field(lambda _: 1, 1),
    },
    (must("user", PROFILE),),
    own_pk,
)
TELEPHONES = Model(
    TELEPHONE,
    {"telephone": LINE, "is_primary": FLAG, "note": LINE},
    (must("user", PROFILE),),
    own_pk,
)
CONTACTS = Model(
    "aklub.companycontact",
    {
        "email": Field(address, ""),
        **dict.fromkeys(("telephone", "contact_first_name", "contact_last_name"), LINE),
        "is_primary": FLAG,
    },
    (must("company", PROFILE), one("administrative_unit", UNIT)),
    own_pk,
)
_ACCOUNT = dict.fromkeys(
    ("slug", "note", "bank_account", "bank_account_number", "project_name", "project_id"), OPTIONAL
)
KINDS_OF_ACCOUNTS = {MONEY: None, "aklub.bankaccount": "bank", "aklub.apiaccount": "api"}
ACCOUNTS = {
    label: Model(label, _ACCOUNT, (one("administrative_unit", UNIT), one("event", EVENT)), own_pk)
    for label in KINDS_OF_ACCOUNTS
}
CHANNELS = Model(
    CHANNEL,
    {
        "VS": LINE,
        "regular_amount": QUANTITY,
        "regular_frequency": OPTIONAL,
        "regular_payments": LINE,
        "registered_support": MOMENT,
        "expected_date_of_first_payment": DAY,
    },
    (must("user", PROFILE), one("event", EVENT), one("money_account", MONEY)),
    own_pk,
)
PAYMENTS = Model(
    "aklub.payment",
    {
        "date": DAY,
        "amount": QUANTITY,
        "operation_id": OPTIONAL,
        **dict.fromkeys(("type", "account", "bank_code", "VS", "VS2", "SS", "KS", "BIC"), LINE),
        **dict.fromkeys(("user_identification", "done_by", "account_name", "bank_name"), LINE),
        **dict.fromkeys(("transfer_type", "specification", "order_id"), LINE),
    },
    (one("user_donor_payment_channel", CHANNEL), one("recipient_account", MONEY)),
    own_pk,
)
LOCATIONS = Model(
    LOCATION,
    {**dict.fromkeys(("name", "place", "region"), LINE), "gps_latitude": QUANTITY, "gps_longitude": QUANTITY},
    key=own_pk,
)
TYPES = Model(
    TYPE, dict.fromkeys(("name", "slug", "description"), LINE), (one("administrative_unit", UNIT),), own_pk
)
EVENTS = Model(
    EVENT,
    {
        **dict.fromkeys(("name", "slug", "program", "opportunity", "responsible_person"), LINE),
        **dict.fromkeys(("intended_for", "basic_purpose", "registration_method"), LINE),
        **dict.fromkeys(("participation_fee", "contact_person_name", "contact_person_email"), LINE),
        **dict.fromkeys(("contact_person_telephone", "accommodation", "looking_forward_to_you"), LINE),
        **dict.fromkeys(("invitation_text_short", *(f"invitation_text_{n}" for n in range(1, 5))), LINE),
        **dict.fromkeys([f"additional_question_{n}" for n in range(1, 5)], LINE),
        **dict.fromkeys(("datetime_from", "datetime_to", "date_from", "date_to", "start_date"), MOMENT),
        **dict.fromkeys(("age_from", "age_to", "working_hours", "variable_symbol_prefix"), COUNT),
        **dict.fromkeys(("entry_form_url", "web_url"), Field(unless_blank(text), None)),
        **dict.fromkeys(("public_on_web_date_from", "public_on_web_date_to"), DAY),
        **dict.fromkeys(("public_on_web", "is_internal"), FLAG),
        **dict.fromkeys(PHOTOS, PATH),
        "diet": WORD_LIST,
        "tn_priority": COUNT,
    },
    (
        several("administrative_units", UNIT),
        one("event_type", TYPE),
        one("location", LOCATION),
        one("tn_parent", EVENT),
    ),
    own_pk,
)
POSITIONS = Model(POSITION, {"name": LINE, "description": LINE}, key=own_pk)
TEAM = Model(
    "events.organizationteam",
    {},
    (must("profile", PROFILE), must("event", EVENT), must("position", POSITION)),
    own_pk,
)
CATEGORIES = Model(CATEGORY, {"category": LINE, "slug": LINE, "display": FLAG}, key=own_pk)
KINDS = Model(KIND, {"name": LINE, "slug": LINE}, (must("category", CATEGORY),), own_pk)
INTERACTIONS = Model(
    "interactions.interaction",
    {
        **dict.fromkeys(("subject", "summary", "skills"), LINE),
        "note": OPTIONAL,
        **dict.fromkeys(("date_from", "date_to", "created", "updated"), MOMENT),
        "program_of_interest": WORD_LIST,
    },
    (must("user", PROFILE), must("type", KIND), one("event", EVENT), one("administrative_unit", UNIT)),
    own_pk,
)
APPLICATIONS = Model(
    APPLICATION,
    {
        "client_id": Field(key(LONGEST_SECRET), ""),
        "client_secret": Field(text, ""),
        "name": LINE,
        "authorization_grant_type": Field(text, "client-credentials"),
    },
    key=own_pk,
)
SELECTORS = Model(
    "oauth2_manager.applicationscopeselector",
    {"default_scopes": Field(listed(scope), [])},
    (must("application", APPLICATION),),
    own_pk,
)
PDFS = Model(
    "pdf_storage.pdfstorage",
    {
        "name": LINE,
        "topic": LINE,
        "related_ids": Field(listed(count), []),
        "pdf_file": PATH,
        "created": Field(unless_blank(stamp), None),
    },
    (one("author", PROFILE), one("administrative_unit", UNIT)),
    own_pk,
)
REFERRED = (PROFILE, UNIT, MONEY, CHANNEL, EVENT, TYPE, LOCATION, POSITION, CATEGORY, KIND, APPLICATION)
