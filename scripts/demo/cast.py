"""The five people that a demo introduces by name: who they are, and the passwords that only it can tell."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DOMAIN = "folkmoot.example"  # nobody's: RFC 2606
WORDS = (
    *("acorn", "amber", "anchor", "apple", "apron", "arch", "aspen", "atlas", "badge", "bagel", "bamboo"),
    *("banjo", "barley", "basil", "beacon", "birch", "bonnet", "bramble", "brook", "bucket", "button"),
    *("cabin", "cactus", "candle", "canoe", "carrot", "cedar", "chalk", "cherry", "cider", "clover"),
    *("cobalt", "comet", "copper", "coral", "cotton", "cricket", "daisy", "dapple", "dolphin", "drum"),
    *("easel", "ember", "engine", "falcon", "feather", "fennel", "ferry", "fiddle", "flint", "forest"),
    *("garden", "ginger", "glacier", "goose", "granite", "guitar", "harbour", "hazel", "heron", "honey"),
    *("indigo", "island", "ivory", "jacket", "jasmine", "jigsaw", "juniper", "kettle", "kiwi", "ladder"),
    *("lagoon", "lantern", "lemon", "lilac", "linen", "lotus", "magnet", "maple", "marble", "meadow"),
    *("mellow", "mitten", "moss", "nectar", "nettle", "nutmeg", "oasis", "olive", "onyx", "orchid"),
    *("otter", "paddle", "pebble", "pepper", "pigeon", "pillow", "plum", "pocket", "poppy", "prism"),
    *("quartz", "quilt", "rabbit", "raven", "ribbon", "river", "robin", "saddle", "saffron", "sailor"),
    *("sable", "scarf", "shell", "silver", "sparrow", "spruce", "teapot", "thistle", "timber", "tulip"),
    *("tunnel", "velvet", "violet", "walnut", "willow", "window", "zephyr"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Somebody of the cast; `also` names what they do besides: see `hosts`."""

    first: str
    last: str
    about: str
    quote: str
    superuser: bool = False
    also: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def username(self) -> str:
        """Return the name to sign in with where it is no address."""
        return self.first.lower()

    @property
    def email(self) -> str:
        """Return the address."""
        return f"{self.username}@{DOMAIN}"


def home(number: str, street: str, suburb: str, postcode: str, phone: str) -> Mapping[str, str]:
    """Return where somebody lives; the numbers belong to nobody."""
    return {
        "addr_street_no": number,
        "addr_street": street,
        "addr_suburb": suburb,
        "addr_postcode": postcode,
        "contact_number": phone,
    }


CAST = (
    Part(
        "Ada", "Abbott", "Superuser: may do everything, the admin pages included.",
        "Somebody has to hold the keys.", superuser=True,
        fields=home("1", "Acacia Ave", "Sydney", "2000", "02 5550 0101"),
    ),
    Part(
        "Ben", "Okafor", "Event organizer of the River bank club: its events, sign-ups and attendance.",
        "Bring gloves, I bring the tea.", also="organizer",
        fields=home("22", "Creek Rd", "Wollongong", "2500", "02 5550 0122"),
    ),
    Part(
        "Cleo", "Dubois", "Flux staff: checks members' details and calls from the phone bank.",
        "I only ring twice.", also="staff",
        fields=home("8", "Ferry Ln", "Melbourne", "3000", "03 5550 0108"),
    ),
    Part(
        "Dev", "Patel", "Reader of comics, who follows four of them.",
        "One more strip, then bed.", also="reader",
        fields=home("45", "Hill St", "Brisbane", "4000", "07 5550 0145"),
    ),
    Part(
        "Elif", "Rossi", "Volunteer of the community, who owns a project and contributes to others.",
        "Counting birds before breakfast.", also="volunteer",
        fields=home("17", "Dune Ct", "Hobart", "7000", "03 5550 0117"),
    ),
)  # fmt: skip


def derive_password(key: bytes, email: str) -> str:
    """Derive somebody's password from the signing key of the installation: three words and six digits.

    Nobody without the key can work it out, so a demo's data that is served elsewhere later is not open.
    """
    number = int.from_bytes(hmac.digest(key, f"demo password {email}".encode(), hashlib.sha256))
    words = []
    for _ in range(3):
        number, place = divmod(number, len(WORDS))
        words.append(WORDS[place])
    return f"{'-'.join(words)}-{number % 1_000_000:06}"


def make_seal(key: bytes, email: str, hashed: str) -> str:
    """Tie a stored hash to the derived password that it is of, without telling anything of either."""
    return hmac.new(key, f"demo seal {email} {hashed}".encode(), hashlib.sha256).hexdigest()
