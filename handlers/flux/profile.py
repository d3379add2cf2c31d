"""Members' profiles in the app: forms by type, and what was filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from handlers.core.dialect import Route
from handlers.core.errors import FieldError, Invalid, NotFound
from handlers.core.operation import operation
from handlers.core.tokens import BadToken
from handlers.flux.answers import Profile, Questions
from handlers.flux.magic_links import APP_TOKEN, fingerprint
from handlers.flux.rules import MEMBER, Access, FluxHandler
from handlers.flux.schemas import Body
from storage.accounts import Member
from storage.driver import Document
from storage.errors import Departed

LONGEST_DETAILS = 2000


@dataclass(frozen=True, slots=True)
class FormField:
    """One question: its name, what people read, `text`, `flag` or `choice`, and what limits the answer."""

    name: str
    title: str
    type: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def check(self, value: Any) -> None:
        """Refuse what is no answer to the question; raises ValueError."""
        if self.type == "flag":
            if not isinstance(value, bool):
                raise ValueError("is not true or false")
        elif not isinstance(value, str):
            raise ValueError("is not a text")
        elif self.type == "choice" and value not in self.params["options"]:
            raise ValueError(f"is not one of {', '.join(self.params['options'])}")
        elif len(value) > self.params.get("max_length", LONGEST_DETAILS):
            raise ValueError("is too long")


def text_field(name: str, title: str, max_length: int = 500) -> FormField:
    """Ask for a text."""
    return FormField(name, title, "text", {"max_length": max_length})


OFTEN = ("never", "now and then", "monthly", "weekly")
FORMS: Mapping[str, tuple[FormField, ...]] = {
    "volunteer": (
        text_field("skills", "What are you good at?", 2000),
        FormField("availability", "How often could you help?", "choice", {"options": OFTEN}),
        FormField("drives", "Do you have a driving licence?", "flag"),
        text_field("languages", "Which languages do you speak?"),
    ),
    "candidate": (
        text_field("occupation", "What do you do for a living?"),
        text_field("statement", "Why do you want to stand?", 5000),
        text_field("electorate", "In which electorate?"),
        FormField("has_stood_before", "Have you stood in an election before?", "flag"),
    ),
}


class ProfileBody(Body):
    """Answers to be changed; each is an object with `value` and, if need be, `otherDetails`."""

    profile_doc: dict[str, Any]


class BearerHandler(FluxHandler):
    """What the calls about profiles share: the app's token instead of the secret."""

    async def authenticate(self, access: Access) -> Member:
        """Find the member of the token; it is good for as long as the secret that it was made from."""
        scheme, _, token = self.request.headers.get("Authorization", "").strip().partition(" ")
        if scheme.lower() == "bearer":
            member = await self.read_token(token.strip())
            if member is not None:
                return member
        raise await self.refused()

    async def read_token(self, token: str) -> Member | None:
        """Return whose token it is, or None for one that is not good."""
        try:
            claims = self.services.signer.read(APP_TOKEN, token)
            member = await self.stores.accounts.by_number(int(claims["sub"]))
            if member is None:
                return None
            person = await self.stores.accounts.document(member.oid)
        except (BadToken, Departed):
            return None
        return member if fingerprint(person["s"]) == claims.get("cred") else None

    def form(self, kind: str) -> tuple[FormField, ...]:
        """Return the questions of a type; raises NotFound."""
        if kind not in FORMS:
            raise NotFound("there is no such type of profile")
        return FORMS[kind]


class FieldsHandler(BearerHandler):
    """The questions."""

    @operation(access=MEMBER, returns=Questions)
    async def get(self, kind: str) -> Document:
        """Return the questions of a type of profile."""
        return {"fields": [asdict(each) for each in self.form(kind)]}


class ProfileHandler(BearerHandler):
    """The answers."""

    @operation(access=MEMBER, returns=Profile)
    async def get(self, kind: str) -> Document:
        """Return what the member has answered."""
        self.form(kind)
        return {"profile_type": kind, "profile_doc": await self.stores.profiles.read(self.member.oid, kind)}

    @operation(access=MEMBER, body=ProfileBody, returns=Profile)
    async def patch(self, kind: str, body: ProfileBody) -> Document:
        """Change answers; those that are left out stay."""
        answers = read_answers(self.form(kind), body.profile_doc)
        filled = await self.stores.profiles.fill_in(self.member.oid, kind, answers)
        return {"profile_type": kind, "profile_doc": filled}


def read_answers(form: tuple[FormField, ...], given: Mapping[str, Any]) -> dict[str, Any]:
    """Read the answers to the questions of a form; other keys are ignored; raises Invalid."""
    answers: dict[str, Any] = {}
    errors: list[FieldError] = []
    for question in form:
        if question.name not in given:
            continue
        try:
            answers[question.name] = read_answer(question, given[question.name])
        except ValueError as error:
            errors.append(FieldError(question.name, "value_error", str(error)))
    if errors:
        raise Invalid(errors)
    return answers


def read_answer(question: FormField, given: Any) -> dict[str, Any]:
    """Read one answer; raises ValueError."""
    if not isinstance(given, dict) or "value" not in given:
        raise ValueError("is not an object with a value")
    question.check(given["value"])
    details = given.get("otherDetails")
    if details is None:
        return {"value": given["value"]}
    if not isinstance(details, str) or len(details) > LONGEST_DETAILS:
        raise ValueError(f"has otherDetails that are no text of at most {LONGEST_DETAILS} characters")
    return {"value": given["value"], "otherDetails": details}


ROUTES = (
    Route("/api/v1/profile_fields/{kind}", FieldsHandler),
    Route("/api/v1/profile/{kind}", ProfileHandler),
)
