"""Makes a superuser with a proven e-mail address, or makes one of the account that has the address."""

from __future__ import annotations

import os
from typing import Any

import settings as configuration
from handlers.core.mailing_list import list_jobs
from handlers.flux.fields import parse_email
from scripts.session import make_parser, run
from settings import Settings
from storage.passwords import Passwords
from storage.stores import Stores
from storage.superusers import Superusers


def main() -> None:
    """Read the command line, then the settings, and appoint the superuser."""
    parser = make_parser("create_admin", __doc__ or "", "--email ann@example.org --password 'a long one'")
    parser.add_argument("--email", help="default: the setting ADMIN_EMAIL")
    parser.add_argument("--password", help="default: the setting ADMIN_PASSWORD")
    flags = parser.parse_args()
    defaults = configuration.load()
    secret = defaults.admin_password
    email = flags.email if flags.email is not None else defaults.admin_email
    password = flags.password if flags.password is not None else secret and secret.get_secret_value()
    if not email or not email.strip():
        parser.error("--email is missing, and there is no setting ADMIN_EMAIL")
    if not password or not password.strip():
        parser.error("--password is missing, and there is no setting ADMIN_PASSWORD")
    try:
        address = parse_email(email)
    except ValueError as error:
        parser.error(f"--email {error}")

    async def work(settings: Settings, stores: Stores) -> dict[str, Any]:
        return await appoint(settings, stores, address, password)

    run(work)


async def appoint(settings: Settings, stores: Stores, email: str, password: str) -> dict[str, Any]:
    """Appoint the superuser; the member counters follow also where no server runs."""
    passwords = Passwords(settings.bcrypt_rounds, os.cpu_count() or 1)
    superusers = Superusers(
        stores.database,
        stores.counters,
        stores.addresses,
        stores.tokens,
        stores.credentials,
        passwords=passwords,
    )
    try:
        made = await superusers.appoint(email, password)
    finally:
        passwords.close()
    await announce(settings, stores, made.id)
    await stores.statistics.count()
    return {"id": made.id, "email": made.email, "token": made.token}


async def announce(settings: Settings, stores: Stores, number: int) -> None:
    """Let a server tell the mailing list."""
    person = await stores.subscribers.person(number)
    for job in list_jobs(settings, person) if person is not None else ():
        await stores.jobs.promise(job)


if __name__ == "__main__":
    main()
