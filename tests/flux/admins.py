"""Members with a role, for tests of the calls that need one."""

from __future__ import annotations

from storage.driver import ObjectId
from tests.serving import Served


async def make_holder(server: Served, role: str = "admin") -> str:
    """Sign somebody up, give them a role and return their secret."""
    member = await server.api.register(f"{role}@example.org", fname="Role", name="Role Holder")
    await server.stores.roles.give(role, ObjectId(member["_id"]["$oid"]))
    secret: str = member["s"]
    return secret
