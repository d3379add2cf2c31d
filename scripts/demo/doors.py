"""The credentials of a demo's named people, one for each dialect, good at the moment they are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from handlers.core.demo import Demo, DemoPerson
from handlers.core.services import Services
from handlers.klub.credentials import ACCESS, make_token
from scripts.demo.cast import CAST, Part, derive_password
from scripts.demo.hosts import fits
from storage.accounts import Member
from storage.demo_box import DemoBox
from storage.demo_hosts import DemoHosts
from storage.driver import Document
from storage.stores import Stores


def open_demo(stores: Stores) -> Demo:
    """Make what a server has in demo mode."""
    return Demo(DemoBox(stores.database), introduce)


async def introduce(services: Services) -> Sequence[DemoPerson]:
    """Return the named people that are there, in the order of the cast; nobody where no demo was founded."""
    hosts = DemoHosts(services.stores.database, services.stores.credentials)
    known = {row["email"]: row for row in await hosts.listed()}
    return [await show(services, part, known[part.email]) for part in CAST if part.email in known]


async def show(services: Services, part: Part, person: Document) -> DemoPerson:
    """Show one; who has set another password keeps it to themselves."""
    key = services.settings.signing_key()
    return DemoPerson(
        name=f"{part.first} {part.last}",
        email=part.email,
        username=person["klub"]["username"],
        password=derive_password(key, part.email) if fits(key, person) else "",
        about=part.about,
        superuser=Member.of(person).superuser,
        credentials=await open_doors(services, person),
    )


async def open_doors(services: Services, person: Document) -> Mapping[str, str]:
    """Return a credential for each dialect; only Klub's ends by itself."""
    stores, member = services.stores, Member.of(person)
    joined = await stores.pybossa.by_oid(member.oid)
    access = make_token(services, ACCESS, member, services.settings.access_token_lifetime)
    doors = {
        "knowme": f"Token {await stores.tokens.issue(member.oid)}",
        "klub": f"Bearer {access}",
        "comics": f"Key {await stores.secret_keys.of(member.id)}",
        "flux": str(person["s"]),
    }
    return doors | ({"pybossa": f"ApiKey {joined.api_key}"} if joined is not None else {})
