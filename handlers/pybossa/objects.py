"""What replies show of people and projects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from storage.pybossa.people import PUBLIC_INFO, PyBossaUser, Standing, public_info, read_moment
from storage.pybossa.projects import Project

Object = dict[str, Any]


def list_row(row: Mapping[str, Any], score: int, now: float) -> Object:
    """Complete a row of the public list, where ranks are left out and contributions counted."""
    return {**row, "registered_ago": tell_age(row["created"], now), "task_runs": score}


def own_row(user: PyBossaUser, standing: Standing) -> Object:
    """Return a person's own row of the top list."""
    return {
        "created": user.created,
        "fullname": user.fullname,
        "info": public_info(user.info, PUBLIC_INFO),
        "locale": user.locale,
        "name": user.name,
        "rank": standing.rank,
        "registered_ago": None,
        "score": standing.score,
        "task_runs": None,
    }


def public_user(user: PyBossaUser, standing: Standing, now: float) -> Object:
    """Return what everybody may see on somebody's page."""
    return {
        "created": user.created,
        "fullname": user.fullname,
        "info": public_info(user.info, PUBLIC_INFO),
        "locale": user.locale,
        "n_answers": standing.score,
        "name": user.name,
        "rank": standing.rank,
        "registered_ago": tell_age(user.created, now),
        "score": standing.score,
    }


def own_user(user: PyBossaUser, standing: Standing, total: int, now: float) -> Object:
    """Return what people see of themselves; restricted ones have neither rank nor score."""
    return {
        **public_user(user, standing, now),
        "admin": user.admin,
        "api_key": user.api_key,
        "confirmation_email_sent": user.confirmation_email_sent,
        "email_addr": user.email,
        "facebook_user_id": None,
        "google_user_id": None,
        "id": user.id,
        "info": user.info,
        "restrict": user.restrict,
        "score": None if user.restrict else standing.score,
        "total": total,
        "twitter_user_id": None,
        "valid_email": user.valid_email,
    }


def public_project(project: Project) -> Object:
    """Return what everybody may see of a project."""
    return {
        "description": project.description,
        "info": project.public_info,
        "n_tasks": project.n_tasks,
        "n_volunteers": project.n_volunteers,
        "name": project.name,
        "overall_progress": project.overall_progress,
        "short_name": project.short_name,
    }


def own_project(project: Project) -> Object:
    """Return what an owner sees of a project."""
    return {
        **public_project(project),
        "id": project.id,
        "info": project.info,
        "owner_id": project.owner_id,
    }


def split_own(projects: Iterable[Project]) -> Object:
    """Return somebody's own projects, drafts apart."""
    every = list(projects)
    return {
        "projects_draft": [own_project(each) for each in every if not each.published],
        "projects_published": [own_project(each) for each in every if each.published],
    }


def list_public(projects: Sequence[Project]) -> list[Object]:
    """Return projects as everybody sees them."""
    return [public_project(each) for each in projects]


def tell_age(created: str, now: float) -> str:
    """Say how long ago a moment was; of the future, nothing."""
    try:
        passed = datetime.fromtimestamp(now, UTC) - datetime.fromtimestamp(read_moment(created), UTC)
    except (ValueError, OverflowError):  # an import's own text
        return ""
    return "" if passed < timedelta() else tell_days(passed.days) or tell_seconds(passed.seconds)


def tell_seconds(seconds: int) -> str:
    """Say how long ago something was on the last day."""
    return next(
        text
        for limit, text in (
            (10, "just now"),
            (60, f"{seconds} seconds ago"),
            (120, "a minute ago"),
            (3600, f"{seconds // 60} minutes ago"),
            (7200, "an hour ago"),
            (86_401, f"{seconds // 3600} hours ago"),
        )
        if seconds < limit
    )


def tell_days(days: int) -> str:
    """Say how many whole days ago something was, nothing where there are none."""
    steps = (
        (1, ""),
        (2, "Yesterday"),
        (7, f"{days} days ago"),
        (31, f"{days // 7} weeks ago"),
        (60, "1 month ago"),
        (365, f"{days // 30} months ago"),
        (730, "1 year ago"),
    )
    return next((text for limit, text in steps if days < limit), f"{days // 365} years ago")
