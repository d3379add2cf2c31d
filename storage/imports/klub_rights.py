"""What Klub's dumps allow people: staff and organizer rights; what was taken away here does not come back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from storage.driver import Document
from storage.imports import klub_models as models
from storage.imports.importer import UNCLAIMED
from storage.imports.klub_rows import number_of
from storage.imports.ledger import Key, Ledger
from storage.imports.record import Outcome, Record
from storage.klub.grants import KLUB_ROLES, ORGANIZER, STAFF, list_grants

ADD_EVENT = "add_event"
Rights = Mapping[str, Sequence[int]]  # units by role


def rights_of(
    whole: Mapping[str, Any], units: Mapping[Key, int], adds_events: Callable[[str], bool]
) -> Rights:
    """Return what a profile may: which roles, each for the units that it administrates."""
    own = sorted({units[key] for key in whole.get("administrated_units") or () if key in units})
    organizes = any(adds_events(each) for each in whole.get("user_permissions") or ())
    held = {STAFF: bool(whole.get("is_staff")), ORGANIZER: organizes}
    return {role: own for role, has in held.items() if has}


def merge_rights(person: Document, before: Rights, after: Rights) -> Document:
    """Return the grants of an account when a row says something else than it did the last time."""
    if {**before} == {**after}:
        return {}
    grants = {grant["role"]: grant["units"] for grant in list_grants(person)}
    for role in KLUB_ROLES:
        held = grants.get(role, [])
        revoked = role in before and role not in grants
        if held is None or revoked or (role not in before and role not in after):
            continue
        kept = ({*held} - {*before.get(role, ())}) | {*after.get(role, ())}
        grants[role] = sorted(kept)
        if role not in after and not kept:
            del grants[role]
    return {"klub.grants": [{"role": role, "units": units} for role, units in grants.items()]}


class PermissionRows:
    """Looks at permissions, which are nobody's, for the keys under which profiles name them."""

    label = models.PERMISSION

    async def check(self, records: Sequence[Record], ledger: Ledger) -> Outcome:
        """Keep the codenames."""
        outcome = Outcome()
        for record in records:
            row = models.PERMISSIONS.read(record)
            ledger.claim(self.label, str(number_of(row)), row.fields["codename"], row.place)
        outcome.skip(self.label, UNCLAIMED, len(records))
        return outcome

    async def write(self, records: Sequence[Record]) -> Outcome:
        """Store nothing."""
        outcome = Outcome()
        outcome.skip(self.label, UNCLAIMED, len(records))
        return outcome

    async def finish(self) -> None:
        """Nothing follows from them."""
