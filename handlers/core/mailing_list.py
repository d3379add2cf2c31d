"""Who may be on the mailing list, and the job that keeps the list in step with an account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from settings import Settings
from storage.jobs import NewJob

KIND = "mailchimp"
ORIGINS = frozenset({"knowme", "create_admin"})  # where signing up is a consent


def list_jobs(settings: Settings, person: Mapping[str, Any]) -> list[NewJob]:
    """Return the job that a saved change of an account makes; those of one account run in order."""
    if not settings.mailchimp_enabled or not may_be_listed(person):
        return []
    return [NewJob(KIND, {"id": person["id"]}, order=f"{KIND}:{person['id']}")]


def may_be_listed(person: Mapping[str, Any]) -> bool:
    """Tell whether an account may be on the list: signing up elsewhere is no consent, a no is a no."""
    answer = (person.get("pybossa") or {}).get("newsletter")
    agreed = answer is True or (answer is None and (person.get("auth") or {}).get("origin") in ORIGINS)
    return agreed and bool(person.get("email"))
