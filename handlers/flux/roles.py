"""Roles: who has which, and giving them."""

from __future__ import annotations

from handlers.core.dialect import Route
from handlers.core.errors import Invalid, NotFound
from handlers.core.operation import operation
from handlers.flux.answers import GivenRole, OwnRoles, OwnRolesAndError
from handlers.flux.rules import ADMIN, MEMBER, Access, FluxHandler
from handlers.flux.schemas import AdminBody, AnyBody, RoleBody
from storage.accounts import Member
from storage.driver import Document
from storage.roles import FLUX_ROLES

ALIASES = {"phonebank": "phone_bank"}


class GetRolesHandler(FluxHandler):
    """One's own roles, for the older page."""

    @operation(body=AnyBody, access=MEMBER, returns=OwnRolesAndError)
    async def post(self, body: AnyBody) -> Document:
        """Return the caller's roles; this call's one client demands the key `error`."""
        return {"status": "okay", "error": "", "roles": await self.own_roles()}

    async def own_roles(self) -> tuple[str, ...]:
        """Return the caller's effective roles."""
        return await self.stores.roles.held_by(self.member.oid, superuser=self.member.superuser)


class UserRolesHandler(GetRolesHandler):
    """One's own roles, for the member app."""

    @operation(body=AnyBody, access=MEMBER, returns=OwnRoles)
    async def post(self, body: AnyBody) -> Document:
        """Return the caller's roles."""
        return {"roles": await self.own_roles(), "status": "okay"}


class GiveRoleHandler(FluxHandler):
    """An admin gives somebody a role."""

    @operation(body=RoleBody, access=ADMIN, returns=GivenRole)
    async def post(self, body: RoleBody) -> Document:
        """Give a role to the account with an address."""
        return await self.give(ALIASES.get(body.role, body.role), body.email)

    async def give(self, role: str, email: str) -> Document:
        """Give the role and note who did."""
        if role not in FLUX_ROLES:
            raise Invalid.field("role", f"is not one of {', '.join(FLUX_ROLES)}")
        person = await self.stores.accounts.by_address(email.strip())
        if person is None:
            raise NotFound("there is no account with this address")
        await self.stores.roles.give(role, person["_id"])
        await self.stores.journal.note(
            "gave_role", {"role": role, "user_id": person["_id"], "by": self.member.oid}
        )
        held = await self.stores.roles.held_by(person["_id"], superuser=Member.of(person).superuser)
        return {"status": "okay", "email": person["email"], "role": role, "roles": held}


class GiveAdminRoleHandler(GiveRoleHandler):
    """The same for the one role that an older page knows; it sends the secret as `admin`."""

    @operation(body=AdminBody, access=Access(("admin", "s"), "admin"), returns=GivenRole)
    async def post(self, body: AdminBody) -> Document:
        """Make the account with an address an admin."""
        return await self.give("admin", body.email)


ROUTES = (
    Route("/api/v0/get_roles", GetRolesHandler),
    Route("/v2/user/getRoles", UserRolesHandler),
    Route("/api/v0/give_role", GiveRoleHandler),
    Route("/api/v0/give_admin_role", GiveAdminRoleHandler),
)
