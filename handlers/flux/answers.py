"""What the calls of the members' dialect take and answer, as documents show it; nothing is checked by it."""

# ruff: noqa: N815  (the names on the wire)

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

OKAY: Any = Field(examples=["okay"])


class Shown(BaseModel):
    """An object that documents describe."""

    model_config = ConfigDict(extra="allow", populate_by_name=True)


class Signed(BaseModel):
    """Who calls."""

    s: str = Field(description="The member's secret token.", min_length=1, max_length=50)


class Failure(BaseModel):
    """A refusal: a text for people, and one text for each thing that is wrong."""

    error: str
    error_args: list[str] = Field(description="For a 400 each begins with the name of the field.")


class Oid(BaseModel):
    """An ObjectId in Extended JSON."""

    oid: str = Field(alias="$oid", pattern="^[0-9a-f]{24}$")


class MemberFields(BaseModel):
    """What a member may set; whole user objects may be sent back, other keys are ignored."""

    email: str = Field("", max_length=254)
    username: str = Field("", max_length=254)
    name: str = Field("", max_length=800, description="Made of its parts where only these are sent.")
    fname: str = Field("", max_length=255)
    mnames: str = Field("", max_length=255)
    sname: str = Field("", max_length=255)
    address: str = Field("", max_length=500, description="Made of its parts where only these are sent.")
    addr_street_no: str = Field("", max_length=200)
    addr_street: str = Field("", max_length=200)
    addr_suburb: str = Field("", max_length=200)
    addr_postcode: str | int = Field("", description="Four digits in Australia.")
    addr_country: str = Field("au", max_length=60)
    addr_version: float = 1
    dobDay: str | int = ""
    dobMonth: str | int = ""
    dobYear: str | int = ""
    dob: str = Field("", max_length=40)
    onAECRoll: bool = Field(False, description="Whether the person is on the electoral roll.")
    valid_regions: list[str] = []
    contact_number: str | int = Field("", description="Digits, blanks and + ( ) . - /.")
    member_comment: str = Field("", max_length=5000)
    referred_by: str = Field("", max_length=500)
    state_consent: bool = True
    volunteer: bool = False
    supervol: bool = False
    volhtv: bool = False
    vol_organise: bool = False
    candidature_federal: bool = False
    candidature_state: bool = False
    candidature_local: bool = False
    do_not_email_updates: bool = False
    do_not_call: bool = False
    smsOptOut: bool = False
    other_party_membership: bool = False


class SignUpFields(MemberFields):
    """What a person signs up with: the address at least."""

    email: str = Field(max_length=254)
    phone_verify_nonce: str = Field("", description="Of a phone_verify of the last hour, usable once.")


class UserObject(MemberFields, Shown):
    """The stored member, less what is private; imports may have brought further fields."""

    oid: Oid = Field(alias="_id")
    id: int
    s: str
    email_validated: bool
    set_password: bool
    needsValidating: bool
    detailsValid: bool
    doubleCheckedValidation: bool
    valid_federal: bool
    valid_state: bool
    phone_verified: bool
    timestamp: float = Field(description="Unix seconds of the sign-up.")


class NewUserObject(UserObject):
    """The member who signed up."""

    success: Literal[True]


class ListedMember(Shown):
    """A member as lists show them: without the secret."""

    oid: Oid = Field(alias="_id")
    id: int
    email: str


class Okay(BaseModel):
    """Done."""

    status: Literal["okay"]


class Sorry(BaseModel):
    """Not done; clients look for this key inside a 200."""

    error: str


class Said(BaseModel):
    """Done, in a sentence for people."""

    status: str


class SentEmail(BaseModel):
    """Whether the mail goes out."""

    sent_email: bool
    reason: str = Field(description='"Email Sent", or why not.')


class SentDetails(SentEmail):
    """The same, with the words where older pages look for them."""

    status: str


class SentLogin(BaseModel):
    """Whether the mail goes out."""

    status: Literal["okay", "error"]
    error: str


Counts = dict[str, int]


class Figures(Shown):
    """Figures without names."""

    signup_times: list[int] = Field(description="Unix seconds, newest first.")
    dob_years: Counts
    postcodes: Counts
    states: Counts
    state_dob_years: dict[str, Counts]
    state_signup_times: dict[str, list[int]]
    last_run: int


class OwnRoles(BaseModel):
    """The caller's roles."""

    status: Literal["okay"]
    roles: list[str]


class OwnRolesAndError(OwnRoles):
    """The caller's roles; `error` is always empty."""

    error: str


class GivenRole(BaseModel):
    """Who holds which roles now."""

    status: Literal["okay"]
    email: str
    role: str
    roles: list[str]


class RoleHolders(BaseModel):
    """A role and who holds it."""

    role: str
    users: list[dict[str, Any]]


class EarlierCall(Shown):
    """An earlier call of a member."""

    call_id: int
    caller_id: Oid | None
    handed_out: int
    reported: int | None
    answered: bool | None
    do_not_call: bool | None
    comment: str | None


class Contact(BaseModel):
    """A member to call, and nothing else of them."""

    name: str
    contact_number: str
    postcode: int | None
    call_log: list[EarlierCall] = Field(description="Newest first, at most 50.")
    call_id: int


class Suburbs(BaseModel):
    """Suburbs in ascending order."""

    suburbs: list[str]
    status: Literal["okay"]


class Streets(BaseModel):
    """Streets in ascending order."""

    streets: list[str]
    status: Literal["okay"]


class SignedIn(BaseModel):
    """The member whose link was used, with the secret."""

    status: Literal["okay"]
    s: str
    user: UserObject


class AppToken(BaseModel):
    """A token for the calls about profiles, good for an hour."""

    token: str


class Pattern(BaseModel):
    """A literal text to look for, whatever the key says."""

    regex: str = Field(alias="$regex", max_length=500)


class AnyOf(BaseModel):
    """Searches of which one has to match."""

    either: list[dict[str, Pattern]] = Field(alias="$or", min_length=1)


class MemberSearch(BaseModel):
    """A search and the page of its result."""

    query: AnyOf | dict[str, Pattern]
    page: int = Field(0, ge=0)


class FoundMembers(BaseModel):
    """A page of members, at most 50."""

    members: list[ListedMember]
    n_members: int


class Queues(BaseModel):
    """How many messages wait."""

    email_queue_length: int
    sms_queue_length: int


class PublicDonation(BaseModel):
    """A donation without the donor."""

    ts: int
    amount: float
    branch: str
    date: str


class PublicDonations(BaseModel):
    """Donations, newest first."""

    donations: list[PublicDonation]


class DonationPage(Shown):
    """A page of donations."""

    donations: list[dict[str, Any]]
    pageN: int
    limit: int
    total: int
    sortMethod: Any


class NewDonation(BaseModel):
    """The donation's number."""

    right: Literal[True]
    status: Literal["okay"]
    id: int | str


class Donor(BaseModel):
    """Name and address of an account, or on the `left` that there is none."""

    left: str | None = None
    right: dict[str, Any] | None = None


class Question(BaseModel):
    """A question of a profile."""

    name: str
    title: str
    type: str
    params: dict[str, Any]


class Questions(BaseModel):
    """The questions of a type of profile."""

    fields: list[Question]


class Profile(BaseModel):
    """What a member has answered, by question."""

    profile_type: str
    profile_doc: dict[str, Any]
