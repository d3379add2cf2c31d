"""The page on which people change what they are called, how they sign in and what they look like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handlers.core.cookies import read_cookie
from handlers.core.dialect import Route
from handlers.core.errors import Malformed, OtherStatus
from handlers.core.operation import operation
from handlers.core.pictures import Crop, NoPictureError
from handlers.core.rest.body import fold
from handlers.core.upload import FormUpload, UploadHandler
from handlers.pybossa import answers
from handlers.pybossa.avatar import COORDINATES, NO_INTEGER, portray, read_coordinate
from handlers.pybossa.forms import CORRECT, Errors, read_sent
from handlers.pybossa.mails import Letterhead
from handlers.pybossa.people import (
    EMAIL_TAKEN,
    LONGEST_PASSWORD,
    NAME_TAKEN,
    check_fullname,
    check_name,
    check_new_email,
    check_password,
    found,
)
from handlers.pybossa.rules import Access, Moved, Outcome, Page, PyBossaHandler, profile_path
from handlers.pybossa.update_forms import (
    PasswordFields,
    ProfileFields,
    UpdateBody,
    describe_profile,
    describe_upload,
)
from storage.errors import Rejected, Taken
from storage.pybossa.people import PyBossaUser
from storage.pybossa.revision import Proof
from storage.pybossa.sessions import Message

SAVED = "Your profile has been updated!"
TO_VERIFY = "An email has been sent to verify your new email: {}. Once you verify it, it will be updated."
SPAM = "Use a valid email account"
BAD_CHOICE = "Not a valid choice"
WRONG_PASSWORD = "Your current password doesn't match the one in our records"  # noqa: S105
NEW_PASSWORD = "Yay, you changed your password succesfully!"  # noqa: S105
NO_PICTURE = "You have to provide an image file to update your avatar"
NEW_PICTURE = "Your avatar has been updated! It may take some minutes to refresh..."
LONGEST_CKAN_KEY = 255


class UpdateHandler(UploadHandler, PyBossaHandler):
    """Four forms; `btn` says which of them was sent."""

    wanted = ("avatar",)

    async def prepare(self) -> None:
        """Get ready for the body; of somebody who may change nothing no file is stored on the way."""
        await super().prepare()
        if self.form is not None and not await self.is_known():
            limit = self.services.settings.max_body_bytes
            self.form = FormUpload(self.form_type, self.stores.files, (), limit)

    async def is_known(self) -> bool:
        """Tell whether somebody is signed in, as far as it can be told before the body is there."""
        visit = await self.stores.sessions.find(read_cookie(self.request))
        return visit is not None and (visit.user_id is not None or await self.find_by_key() is not None)

    def read_sent(self) -> Mapping[str, Any]:
        """Read the body's fields; files are not among them."""
        if self.form is None:
            return read_sent(self.form_type, bytes(self.received))
        return fold(self.form.read_texts("strict"))

    @operation(access=Access.OWNER_OR_ADMIN, returns=answers.UpdatePage)
    async def get(self, name: str) -> Outcome:
        """Show the forms."""
        return await self.page()

    @operation(body=UpdateBody, access=Access.OWNER_OR_ADMIN, returns=answers.Moved | answers.UpdatePage)
    async def post(self, name: str, body: UpdateBody) -> Outcome:
        """Save one of the forms of whom the path names."""
        match body.btn:
            case "Profile":
                return await self.save_profile(body)
            case "Password":
                return await self.save_password(body)
            case "Upload":
                return await self.save_avatar(body)
            case "External":
                return await self.save_external(body)
        raise OtherStatus(415, "btn names no form of this page")

    # The profile

    async def save_profile(self, body: UpdateBody) -> Outcome:
        """Save names and choices, and another address once it is proven."""
        fields = body.sent(ProfileFields)
        if errors := await self.check_profile(fields):
            return await self.refuse_profile(body, CORRECT, "error", errors)
        email = fields.pop("email_addr", "").strip()
        if email.lower() == self.owner.email.lower():
            email = ""
        if email.rpartition("@")[2].lower() in self.services.settings.spam:
            return await self.refuse_profile(body, SPAM, "info")
        try:
            user, told = await self.store_profile(fields, email)
        except Taken as error:
            name = error.what == "name"
            taken = found(name=[NAME_TAKEN]) if name else found(email_addr=[EMAIL_TAKEN])
            return await self.refuse_profile(body, CORRECT, "error", taken)
        return self.done(*told, user)

    async def check_profile(self, fields: Mapping[str, Any]) -> Errors:
        """Return what is wrong, by field; what stays as it is, an import's for example, may stay."""
        user, stores = self.owner, self.stores
        choices = {*self.services.settings.locales, user.locale}
        fullname, name = fields.get("fullname", user.fullname), fields.get("name", user.name)
        email = fields.get("email_addr", user.email)
        return found(
            fullname=check_fullname(fullname) if fullname != user.fullname else [],
            name=await check_name(stores, name, user) if name != user.name else [],
            email_addr=await check_new_email(stores, email, user) if email != user.email else [],
            locale=[] if fields.get("locale", user.locale) in choices else [BAD_CHOICE],
        )

    async def store_profile(
        self, fields: Mapping[str, Any], email: str
    ) -> tuple[PyBossaUser, tuple[str, str]]:
        """Store the fields, and what another address asks for; return what there is to be told."""
        settings, user = self.services.settings, self.owner
        if not email:
            return await self.stores.revision.save(user, fields, None), (SAVED, "success")
        if settings.account_confirmation_disabled:
            return await self.stores.revision.move(user, fields, email), (SAVED, "success")
        await self.count("mails_per_address", f"pybossa change {email.lower()}")
        letterhead = Letterhead(settings, self.base_url)
        proof = Proof(email, settings.account_link_expiration, lambda key: letterhead.new_address(email, key))
        return await self.stores.revision.save(user, fields, proof), (TO_VERIFY.format(email), "info")

    async def refuse_profile(
        self, body: UpdateBody, text: str, category: str, errors: Errors | None = None
    ) -> Outcome:
        """Show the forms again, with what was sent."""
        self.browser.tell(text, category)
        csrf = await self.browser.make_token()
        return await self.page(form=describe_profile(self.owner, csrf, body.sent(ProfileFields), errors))

    async def save_external(self, body: UpdateBody) -> Outcome:
        """Save the key of another service."""
        key = (body.ckan_api or "").strip()
        if len(key) > LONGEST_CKAN_KEY:
            self.browser.tell(CORRECT, "error")
            csrf = await self.browser.make_token()
            wrong = found(ckan_api=[f"Field cannot be longer than {LONGEST_CKAN_KEY} characters."])
            return await self.page(form=describe_profile(self.owner, csrf, {"ckan_api": key}, wrong))
        await self.stores.pybossa.change(self.owner.oid, {"ckan_api": key or None})
        return self.done(SAVED, "success")

    # The password

    async def save_password(self, body: UpdateBody) -> Outcome:
        """Set the password of all dialects; other sessions end."""
        if max(len(body.new_password), len(body.current_password)) > LONGEST_PASSWORD:
            raise Malformed(f"a password has at most {LONGEST_PASSWORD} characters")
        errors = found(new_password=check_password(body.new_password, body.confirm))
        if errors:
            return await self.refuse_password(body, CORRECT, errors)
        former = await self.services.tries.check(
            await self.stores.accounts.document(self.owner.oid),
            body.current_password,
            asked=self.owner.email,
            client=self.client,
        )
        if former is None or not await self.replace_password(former, body.new_password):
            return await self.refuse_password(body, WRONG_PASSWORD)
        return self.done(NEW_PASSWORD, "success")

    async def replace_password(self, former: str, text: str) -> bool:
        """Store another password, unless it has just been changed by somebody else."""
        hashed = await self.services.passwords.hash(text)
        visit = self.browser.visit
        keep = visit.id if visit is not None else None
        try:
            await self.stores.credentials.change_password(
                self.owner.oid, former, hashed, lambda _: (), keep=keep
            )
        except Rejected:
            return False
        return True

    async def refuse_password(self, body: UpdateBody, text: str, errors: Errors | None = None) -> Outcome:
        """Show the forms again."""
        self.browser.tell(text, "error")
        csrf = await self.browser.make_token()
        return await self.page(password=PasswordFields.describe(csrf, body.sent(PasswordFields), errors))

    # The avatar

    async def save_avatar(self, body: UpdateBody) -> Outcome:
        """Store a part of the picture that was sent."""
        corners = {name: read_coordinate(getattr(body, name)) for name in COORDINATES}
        errors = found(**{name: [NO_INTEGER] for name, value in corners.items() if value is None})
        sent = self.form.files.get("avatar") if self.form is not None else None
        if sent is None or not sent[1].length:
            errors["avatar"] = [NO_PICTURE]
        if errors or sent is None:
            return await self.refuse_avatar(body, errors)
        crop = Crop(*(value or 0 for value in corners.values()))
        base = self.base_url
        try:
            await portray(self.services, self.owner.oid, sent[1], crop, lambda path: f"{base}/{path}")
        except NoPictureError:
            return await self.refuse_avatar(body, found(avatar=[NO_PICTURE]))
        return self.done(NEW_PICTURE, "success")

    async def refuse_avatar(self, body: UpdateBody, errors: Errors) -> Outcome:
        """Show the forms again; the former picture stays."""
        self.browser.tell(NO_PICTURE, "error")
        return await self.page(upload=describe_upload(await self.browser.make_token(), body, errors))

    # The page

    def done(self, text: str, category: str, user: PyBossaUser | None = None) -> Moved:
        """Say that it is done; the page is where the name has it now."""
        self.browser.tell(text, category)
        return Moved(profile_path(user or self.owner, "update"))

    async def page(
        self,
        form: Mapping[str, Any] | None = None,
        password: Mapping[str, Any] | None = None,
        upload: Mapping[str, Any] | None = None,
    ) -> Page:
        """Return the page; the forms that were not sent show what is stored."""
        user, csrf = self.owner, await self.browser.make_token()
        fields = {
            "flash": None,
            "form": form or describe_profile(user, csrf),
            "password_form": password or PasswordFields.describe(csrf),
            "show_passwd_form": user.has_password,
            "title": f"Update your profile: {user.fullname}",
            "upload_form": upload or describe_upload(csrf),
        }
        return Page("/account/update.html", fields)

    def show(self, page: Page, messages: tuple[Message, ...]) -> None:
        """Send the page, with what there is to choose from."""
        choices = {"locales": self.services.settings.locales, "person": self.owner}
        super().show(Page(page.template, {**page.fields, **choices}), messages)


ROUTES = (Route("/account/{name}/update", UpdateHandler),)
