"""The words of errors, and fields that other paths of the dialect will need."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from handlers.core.errors import ApiError, Denied, FieldError, OtherStatus, Throttled, TooLarge, Unavailable
from handlers.core.rest.fields import Body, Email, Name, as_patch, refuse
from handlers.core.rest.words import describe, nest, read_errors


class Person(Body):
    """A body with required fields."""

    name: Name
    email: Email


def complain(model: type[Body], value: object) -> object:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(value)
    return nest([each for error in caught.value.errors() for each in read_errors(error)])


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (Throttled(1), "Request was throttled. Expected available in 1 second."),
        (Throttled(60), "Request was throttled. Expected available in 60 seconds."),
        (Denied(), "You do not have permission to perform this action."),
        (Unavailable(1), "worth another try in 1 s"),
        (TooLarge(7), "The request body is larger than 7 bytes."),
        (OtherStatus(415, "so"), "so"),
        (ApiError(), "The request was refused."),
    ],
)
def test_an_error_has_a_sentence(error: ApiError, sentence: str) -> None:
    if isinstance(error, Unavailable):
        error.detail = sentence
    assert describe(error) == sentence


def test_complaints_nest_as_fields_do() -> None:
    fields = [FieldError("a", "", "1"), FieldError("b.c", "", "2"), FieldError("a", "", "3")]
    assert nest(fields) == {"a": ["1", "3"], "b": {"c": ["2"]}}


def test_a_patch_requires_nothing_but_checks_what_is_there() -> None:
    patch = as_patch(Person)
    assert patch.model_validate({}).changes == {}
    assert patch.model_validate({"name": " Ann "}).changes == {"name": "Ann"}
    blank, email = ["This field may not be blank."], ["Enter a valid email address."]
    assert complain(patch, {"name": "", "email": True}) == {"name": blank, "email": email}
    required = ["This field is required."]
    assert complain(Person, {}) == {"name": required, "email": required}


def test_a_value_may_have_several_complaints() -> None:
    long = "x" * 250 + "\0" * 10
    reasons = ["Ensure this field has no more than 255 characters.", "Null characters are not allowed."]
    email = [*reasons, "Enter a valid email address."]
    assert complain(Person, {"name": long, "email": long}) == {"name": reasons, "email": email}


def test_a_refusal_is_always_writable() -> None:
    with pytest.raises(Exception, match="refused") as caught:
        refuse("\ud800 is bad")
    assert caught.value.context == {"texts": ["? is bad"]}  # type: ignore[attr-defined]
