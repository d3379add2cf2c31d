"""What the pages of PyBossa's dialect answer as JSON, as documents show it; nothing is checked by it."""

from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Fields = TypeVar("Fields")
Category = Literal["success", "error", "info", "message"]


class Failure(BaseModel):
    """A refusal."""

    code: int
    description: str
    template: str


class PublicInfo(BaseModel):
    """What everybody may know; only what is set."""

    model_config = ConfigDict(extra="allow")
    avatar: str | None = None
    container: str | None = None
    avatar_url: str | None = None
    extra: Any = None


class ListedUser(BaseModel):
    """Somebody in a list; in the community's list without rank and score, in the top list with them."""

    created: str
    fullname: str
    info: PublicInfo
    locale: str | None
    name: str
    rank: int | None
    registered_ago: str | None
    score: int | None
    task_runs: int | None


class PublicUser(BaseModel):
    """Somebody as everybody sees them."""

    created: str
    fullname: str
    info: dict[str, Any]
    locale: str | None
    n_answers: int
    name: str
    rank: int | None
    registered_ago: str
    score: int | None


class OwnUser(PublicUser):
    """The caller."""

    admin: bool
    api_key: str
    confirmation_email_sent: bool
    email_addr: str
    facebook_user_id: None
    google_user_id: None
    twitter_user_id: None
    id: int
    restrict: bool
    total: int = Field(description="How many accounts there are in this dialect.")
    valid_email: bool


class PublicProject(BaseModel):
    """A project as everybody sees it."""

    description: str | None
    info: dict[str, Any]
    n_tasks: int
    n_volunteers: int
    name: str
    overall_progress: int = Field(description="Per cent.")
    short_name: str


class OwnProject(PublicProject):
    """A project as its owners see it."""

    id: int
    owner_id: int | None


class Pagination(BaseModel):
    """Where in the list this is."""

    next: bool
    page: int
    per_page: int
    prev: bool
    total: int


class Community(BaseModel):
    """The people who contribute, the top list and the newest events."""

    accounts: list[ListedUser]
    pagination: Pagination
    template: str
    title: str
    top_users: list[ListedUser]
    total: int
    update_feed: list[dict[str, Any]]


class Flashed(BaseModel):
    """An answer with the last message, where there is one."""

    flash: str | list[str] | None = None
    status: Category | str | None = None


class Moved(Flashed):
    """Where to go next: what is a redirect for browsers."""

    next: str


class SignedOut(Moved):
    """Where to go next."""

    message: str


class Shown(Flashed):
    """A page."""

    template: str | None = None
    title: str | None = None


class FormFields(BaseModel):
    """What every form has."""

    csrf: str = Field(description="For the header X-CSRFToken of the POST; good for an hour.")
    errors: dict[str, list[str]] = {}


class CsrfForm(BaseModel):
    """A form of nothing but the token."""

    csrf: str


class RegisterFields(FormFields):
    """The form of the registration."""

    name: str | None
    fullname: str | None
    email_addr: str | None
    password: str | None
    confirm: str | None
    consent: bool


class SignInFields(FormFields):
    """The form that signs somebody in."""

    email: str | None
    password: str | None


class AddressFields(FormFields):
    """The form that asks for an address."""

    email_addr: str | None


class PasswordFields(FormFields):
    """The form that sets a password."""

    current_password: str | None
    new_password: str | None
    confirm: str | None


class ProfileFields(FormFields):
    """The form of the profile."""

    id: int
    fullname: str | None
    name: str | None
    email_addr: str | None
    locale: str | None
    subscribed: bool
    privacy_mode: bool
    restrict: bool
    ckan_api: str | None


class UploadFields(FormFields):
    """The form of the avatar."""

    id: None
    avatar: None
    x1: Any
    y1: Any
    x2: Any
    y2: Any


class FormPage(Shown, Generic[Fields]):
    """A form, empty or as it was sent."""

    form: Fields


class Sent(Shown):
    """A mail was sent."""

    status: Literal["sent"]


class Providers(BaseModel):
    """Which other sites sign people in."""

    facebook: bool
    google: bool
    twitter: bool


class SignInPage(FormPage[SignInFields]):
    """The form that signs somebody in, and where to go afterwards."""

    auth: Providers
    next: str | None


class UpdatePage(FormPage[ProfileFields]):
    """The forms of one's own account."""

    password_form: PasswordFields
    upload_form: UploadFields
    show_passwd_form: bool


class OnlyForm(BaseModel):
    """A CSRF token."""

    form: CsrfForm


class PublicPage(Shown):
    """Somebody's public page; `user` is null where their data is restricted."""

    can_update: bool
    form: None
    input_form: bool
    projects: list[PublicProject]
    projects_contrib: list[PublicProject]
    projects_created: list[PublicProject]
    user: PublicUser | None


class OwnPage(Shown):
    """One's own page."""

    can_update: bool
    form: None
    projects_contrib: list[PublicProject]
    projects_created: list[PublicProject]
    projects_draft: list[OwnProject]
    projects_published: list[OwnProject]
    user: OwnUser


class NotSignedIn(BaseModel):
    """That nobody is signed in, and where to do so."""

    next: str
    status: Literal["not_signed_in"]


class OwnProjects(Shown):
    """One's own projects, drafts apart."""

    projects_draft: list[OwnProject]
    projects_published: list[OwnProject]


class Enqueued(BaseModel):
    """The deletion will be done."""

    job: Literal["enqueued"]
    template: None
