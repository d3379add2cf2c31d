"""A small dump of Klub, every model in it, in an order that no database would have it."""

from __future__ import annotations

from typing import Any

from tests.scripts.django_dump import PASSWORD, Row, django_hash, record

SECRET = "partner secret"
TYPES = "interactions.interactiontype"


def profile(pk: int | str, **fields: Any) -> Row:
    """Make a profile's record, the parent's half."""
    usual = {
        "username": f"user{pk}",
        "password": django_hash(PASSWORD),
        "is_active": True,
        "date_joined": "2016-2-9",
    }
    return record("aklub.profile", pk, **{**usual, **fields})


def person(pk: int | str, **fields: Any) -> Row:
    """Make the child's half."""
    return record("aklub.userprofile", pk, **{"first_name": "Ann", "last_name": "Lee", **fields})


def event(pk: int | str, **fields: Any) -> Row:
    """Make an event's record."""
    usual = {
        "name": "Čistění lesa",
        "administrative_units": ["101"],
        "event_type": 401,
        "public_on_web": True,
    }
    return record("events.event", pk, **{**usual, **fields})


def people() -> list[Row]:
    """Return people and a company, children before parents."""
    return [
        record("aklub.telephone", 251, telephone="777 777 777", is_primary=True, note="home", user="202"),
        record("aklub.profileemail", 241, email="Ann@Example.com", is_primary=True, user=202),
        record("aklub.profileemail", 242, email="second@example.com", is_primary=False, user=202),
        person("202", nickname="Annie", age_group="1990", birth_month=2, birth_day=3, sex="female"),
        profile(
            "202",
            is_staff=True,
            is_superuser=True,
            administrative_units=[101],
            administrated_units=["101"],
            user_permissions=[["add_event", "events", "event"]],
            city="Brno",
            note="kind",
        ),
        # The parent's fields in the child's record, and nobody to write to.
        person(203, username="bo", password=django_hash(PASSWORD), is_active=True, first_name="Bo"),
        record("aklub.companyprofile", 204, name="Acme", crn="12345679"),
        profile(204, username="acme", password="!"),
        record("aklub.companycontact", 261, company=204, administrative_unit=101, email="Boss@acme.example"),
    ]


def whole_dump() -> list[Row]:
    """Return one record or more of every model."""
    return [
        record(
            "aklub.payment",
            901,
            user_donor_payment_channel="801",
            recipient_account=301,
            date="2020-3-1",
            amount="250",
            type="bank-transfer",
            operation_id="op",
        ),
        record(
            "aklub.donorpaymentchannel",
            801,
            user=202,
            event=501,
            money_account=301,
            VS="0000000007",
            regular_amount=250,
            regular_frequency="monthly",
        ),
        record(
            "aklub.donorpaymentchannel",
            802,
            user=204,
            event=501,
            money_account=301,
            VS="1234500003",
            regular_amount=9,
            regular_payments="onetime",
        ),
        record(
            "interactions.interaction",
            701,
            user=202,
            event="501",
            type=611,
            note=None,
            created="2020-1-2 3:04",
        ),
        record("interactions.interaction", 702, user=203, event=501, type=612, summary="was there"),
        record("events.organizationteam", 551, profile=203, event=501, position=541),
        event(
            502, name="Below", tn_parent=501, date_from="2016-2-9", date_to="2016-12-10", diet="vegan, meat"
        ),
        event(
            501,
            slug="les",
            location=411,
            datetime_from="2020-05-01T10:00:00+02:00",
            diet=["kosher"],
            variable_symbol_prefix="12345",
            main_photo="event_photos/x.jpg",
            tn_priority="5",
        ),
        record(TYPES, 611, name="Registrace", slug="event_registration", category=601),
        record(TYPES, 612, name="Účast", slug="event_attendance", category=601),
        record(TYPES, 613, name="Call", slug="", category=602),
        record(
            "interactions.interactioncategory", 601, category="Events", slug="event_interaction", display=True
        ),
        record("interactions.interactioncategory", 602, category="Calls", slug="calls"),
        record("events.organizationposition", 541, name="Cook", description=""),
        record("events.eventtype", 401, name="Dílna", administrative_unit=101),
        record("events.location", 411, name="Les", place="Brno", region=None, gps_latitude="49.5"),
        record("aklub.bankaccount", 301, bank_account="Main", bank_account_number="1/0100"),
        record("aklub.moneyaccount", 301, slug="bank", administrative_unit=101, polymorphic_ctype=9),
        record("aklub.apiaccount", 302, project_name="Dárek", administrative_unit=101, is_active=True),
        *people(),
        record("aklub.administrativeunit", 101, name="Praha", president=202, manager="203", level="club"),
        record(
            "oauth2_manager.applicationscopeselector",
            31,
            application=21,
            default_scopes="can_view_events,read",
        ),
        record(
            "oauth2_provider.application",
            21,
            client_id="partner",
            client_secret=SECRET,
            name="Partner",
            authorization_grant_type="client-credentials",
        ),
        record(
            "pdf_storage.pdfstorage",
            41,
            name="Report",
            topic="2020",
            author=202,
            related_ids="[5, 9]",
            pdf_file="pdf_storage/r.pdf",
            administrative_unit=101,
            created="2020-1-2",
        ),
        record("aklub.terminalcondition", 1, variable="x"),
    ]
