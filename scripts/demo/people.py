"""Invents people: names, places, telephone numbers from ranges that are kept free for fiction."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, NamedTuple

from storage.community import Settler

DAY = 86_400  # seconds
YEAR = 365 * DAY

FIRST_NAMES = (
    *("Ada", "Ben", "Cleo", "Dev", "Elif", "Farah", "Gus", "Hana", "Ivan", "June", "Kofi", "Lucia"),
    *("Minh", "Nora", "Omar", "Priya", "Quinn", "Rosa", "Sami", "Tess", "Uma", "Viktor", "Wen", "Zoe"),
)
LAST_NAMES = (
    *("Abbott", "Baker", "Chen", "Dubois", "Evans", "Fischer", "Gallo", "Huang", "Ito", "Jansen"),
    *("Kelly", "Lopez", "Murphy", "Nguyen", "Okafor", "Patel", "Rossi", "Singh", "Taylor", "Young"),
)
STREETS = ("Acacia Ave", "Banksia St", "Creek Rd", "Dune Ct", "Ferry Ln", "Gum Tree Dr", "Hill St")
DOMAINS = ("example.org", "example.com", "example.net")


class Place(NamedTuple):
    """Where somebody lives; `area` is the telephone area code."""

    postcode: str
    suburb: str
    area: str
    country: str = "au"


PLACES: Mapping[str, tuple[Place, ...]] = {
    "nsw": (Place("2000", "Sydney", "02"), Place("2480", "Lismore", "02"), Place("2500", "Wollongong", "02")),
    "vic": (
        Place("3000", "Melbourne", "03"),
        Place("3350", "Ballarat", "03"),
        Place("3550", "Bendigo", "03"),
    ),
    "qld": (Place("4000", "Brisbane", "07"), Place("4350", "Toowoomba", "07"), Place("4870", "Cairns", "07")),
    "wa": (Place("6000", "Perth", "08"), Place("6230", "Bunbury", "08"), Place("6530", "Geraldton", "08")),
    "sa": (Place("5000", "Adelaide", "08"), Place("5290", "Mount Gambier", "08")),
    "tas": (Place("7000", "Hobart", "03"), Place("7250", "Launceston", "03")),
    "act": (Place("2600", "Canberra", "02"), Place("2905", "Calwell", "02")),
    "nt": (Place("0800", "Darwin", "08"), Place("0870", "Alice Springs", "08")),
    "abroad": (Place("9016", "Dunedin", "03", "nz"),),
    "unknown": (Place("", "", ""),),
}
# Everybody's turn comes, the large states' more often.
ROUND = (
    *("nsw", "vic", "qld", "wa", "sa", "tas", "act", "nt", "nsw", "vic"),
    *("qld", "nsw", "unknown", "vic", "wa", "nsw", "qld", "abroad", "vic", "sa"),
)


def invent(chance: random.Random, number: int, *, now: float) -> Settler:
    """Invent the person with a number; the same number and chance give the same person."""
    fields = describe(chance, ROUND[number % len(ROUND)])
    joined = now - chance.random() ** 2 * 2 * YEAR  # more of them lately
    email = f"{fields['fname']}.{fields['sname']}.{number}@{chance.choice(DOMAINS)}".lower()
    return Settler(email, fields, validate(chance, fields["onAECRoll"], joined, now), joined)


def invent_newcomer(chance: random.Random, *, now: float) -> Settler:
    """Invent somebody who joins the roll now; nothing is validated yet."""
    fields = describe(chance, chance.choice([state for state in ROUND if state not in {"abroad", "unknown"}]))
    email = f"{fields['fname']}.{fields['sname']}.{chance.getrandbits(48):012x}@example.net".lower()
    return Settler(email, {**fields, "onAECRoll": True}, {}, now)


def describe(chance: random.Random, state: str) -> dict[str, Any]:
    """Choose what a member says of themselves."""
    place = chance.choice(PLACES[state])
    there = place.postcode != ""
    return {
        "fname": chance.choice(FIRST_NAMES),
        "sname": chance.choice(LAST_NAMES),
        "addr_street_no": str(chance.randint(1, 180)) if there else "",
        "addr_street": chance.choice(STREETS) if there else "",
        "addr_suburb": place.suburb,
        "addr_postcode": place.postcode,
        "addr_country": place.country,
        "dobDay": str(chance.randint(1, 28)),
        "dobMonth": str(chance.randint(1, 12)),
        "dobYear": str(chance.randint(1938, 2005)),
        "contact_number": telephone(chance, place) if chance.random() < 0.7 else "",
        "onAECRoll": there and place.country == "au" and chance.random() < 0.85,
        "state_consent": chance.random() < 0.9,
        "volunteer": chance.random() < 0.25,
        "do_not_call": chance.random() < 0.08,
    }


def telephone(chance: random.Random, place: Place) -> str:
    """Choose a number that belongs to nobody: these ranges are for films and books."""
    return f"{place.area} 5550 {chance.randint(0, 9999):04d}" if place.area and place.country == "au" else ""


def validate(chance: random.Random, on_roll: bool, joined: float, now: float) -> dict[str, Any]:
    """Choose how far the validation of a member has come."""
    mailbox = {"email_validated": chance.random() < 0.8}
    fate = chance.random()
    if not on_roll or fate < 0.3:
        return mailbox
    moment = int(joined + chance.random() * (now - joined))
    checked = {"needsValidating": False, "lastValidated": moment, "lastValidationGet": moment}
    if fate < 0.4:
        return {**mailbox, **checked, "validationReason": "not found on the roll"}
    valid = {"detailsValid": True, "valid_federal": True, "valid_state": chance.random() < 0.9}
    return {**mailbox, **checked, **valid, "doubleCheckedValidation": chance.random() < 0.7}
