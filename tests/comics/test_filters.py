"""How parameters become conditions, and with which words they are refused."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest

from handlers.comics.errors import MISMATCH
from handlers.comics.fields import LOOKUPS, RESOURCES
from handlers.comics.filters import check_order, read_selection
from handlers.comics.query import Query
from handlers.core.errors import Malformed
from storage.comics.conditions import Condition, Kind, Lookup, Selection

SECOND = 1_000_000
NOON = 1_349_697_600 * SECOND  # 2012-10-08T12:00:00Z


def read(resource: str, *parameters: tuple[str, str]) -> Selection:
    """Read a query's filters."""
    return read_selection(RESOURCES[resource], Query(urlencode(parameters)))


def refusal(resource: str, name: str, value: str = "1") -> str:
    """Return the words in which a parameter is refused."""
    with pytest.raises(Malformed) as raised:
        read(resource, (name, value))
    return raised.value.detail


@pytest.mark.parametrize(
    ("resource", "name"),
    [
        *(
            ("comics", name)
            for name in ("format", "key", "_", "foobar", "slug[$ne]", "", "Name", "comic", "$where")
        ),
        *(("images", name) for name in ("comic", "subscribed", "images", "pub_date__year")),
        *(("users", name) for name in ("id", "secret_key", "subscribed", "name")),
        ("subscriptions", "subscribed"),
        ("releases", "name"),
    ],
)
def test_what_begins_with_no_field_is_ignored(resource: str, name: str) -> None:
    assert read(resource, (name, "1")) == Selection()


@pytest.mark.parametrize(
    ("resource", "name", "part"),
    [
        *(("comics", name, name) for name in ("rights", "id", "url", "added", "start_date", "resource_uri")),
        ("comics", "rights__gt", "rights"),
        ("comics", "rights__foo__bar", "rights"),
        *(("images", name, name) for name in ("checksum", "file", "id", "resource_uri")),
        ("releases", "comic__id", "id"),
        ("releases", "comic__id__exact", "id"),
        ("releases", "comic__foo", "foo"),
        ("releases", "comic__foo__gt", "foo"),
        ("releases", "comic__contains", "contains"),
        ("releases", "comic__range", "range"),
        ("releases", "comic__subscribed", "subscribed"),
        ("releases", "images__checksum", "checksum"),
        ("releases", "images__comic", "comic"),
        ("releases", "id", "id"),
        ("subscriptions", "comic__rights", "rights"),
        ("subscriptions", "id", "id"),
        *(("users", name, name) for name in ("email", "last_login", "date_joined", "resource_uri")),
    ],
)
def test_what_is_no_filterable_field_is_refused(resource: str, name: str, part: str) -> None:
    assert refusal(resource, name) == f"The '{part}' field does not allow filtering."


@pytest.mark.parametrize(
    ("resource", "name", "lookup", "field"),
    [
        ("comics", "active__gt", "gt", "active"),
        ("comics", "active__in", "in", "active"),
        ("comics", "language__in", "in", "language"),
        ("releases", "comic__language__iexact", "iexact", "language"),
    ],
)
def test_what_takes_equality_alone_says_so(resource: str, name: str, lookup: str, field: str) -> None:
    assert refusal(resource, name) == f"'{lookup}' is not an allowed filter on the '{field}' field."


@pytest.mark.parametrize(
    ("resource", "name", "field"),
    [
        ("comics", "slug__foo", "slug"),
        ("comics", "name__year", "name"),
        ("comics", "slug__contains__foo", "slug"),
        ("comics", "name__", "name"),
        ("comics", "active__foo", "active"),
        ("comics", "active__year", "active"),
        ("comics", "language__year", "language"),
        ("releases", "pub_date__hour", "pub_date"),
        ("releases", "pub_date__year__gte", "pub_date"),
        ("releases", "pub_date__date", "pub_date"),
        ("releases", "comic__slug__foo", "slug"),
        ("images", "height__year", "height"),
    ],
)
def test_parts_that_are_left_over_are_refused(resource: str, name: str, field: str) -> None:
    assert refusal(resource, name) == f"The '{field}' field does not support relations."


TEXT = (
    "exact iexact contains icontains startswith istartswith endswith iendswith in gt gte lt lte range regex"
)
DATE = "year iso_year month day quarter week week_day iso_week_day"


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (Kind.TEXT, f"{TEXT} regex iregex isnull"),
        (Kind.INTEGER, f"{TEXT} regex iregex isnull"),
        (Kind.DATE, f"{TEXT} regex iregex isnull {DATE}"),
        (Kind.TIME, f"{TEXT} regex iregex isnull {DATE} date time hour minute second"),
        (Kind.RELATION, "exact in gt gte lt lte isnull"),
        (Kind.BOOLEAN, "exact"),
    ],
)
def test_each_kind_has_its_lookups_and_no_others(kind: Kind, names: str) -> None:
    assert {str(each) for each in LOOKUPS[kind]} == set(names.split())


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("name", "a", Condition("name", Kind.TEXT, Lookup.EXACT, "a")),
        ("name__exact", "none", Condition("name", Kind.TEXT, Lookup.EXACT, "none")),
        ("name__contains", ".*", Condition("name", Kind.TEXT, Lookup.CONTAINS, ".*")),
        ("name__in", "a,b", Condition("name", Kind.TEXT, Lookup.IN, ("a", "b"))),
        ("name__in", "", Condition("name", Kind.TEXT, Lookup.IN, ())),
        ("name__range", "a,b", Condition("name", Kind.TEXT, Lookup.RANGE, ("a", "b"))),
        ("name__isnull", "t", Condition("name", Kind.TEXT, Lookup.ISNULL, True)),
        ("active", "False", Condition("active", Kind.BOOLEAN, Lookup.EXACT, False)),
        ("active__exact", "1", Condition("active", Kind.BOOLEAN, Lookup.EXACT, True)),
        ("language", "en", Condition("language", Kind.TEXT, Lookup.EXACT, "en")),
    ],
)
def test_a_filter_is_a_condition_on_the_object(name: str, value: str, expected: Condition) -> None:
    assert read("comics", (name, value)) == Selection(own=(expected,))


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("comic", "18", Selection(own=(Condition("comic_id", Kind.RELATION, Lookup.EXACT, 18),))),
        ("comic__in", "1,2", Selection(own=(Condition("comic_id", Kind.RELATION, Lookup.IN, (1, 2)),))),
        ("comic__name", "a", Selection(comic=(Condition("name", Kind.TEXT, Lookup.EXACT, "a"),))),
        ("comic__name__iexact", "a", Selection(comic=(Condition("name", Kind.TEXT, Lookup.IEXACT, "a"),))),
        ("images", "5", Selection(image=(Condition("_id", Kind.RELATION, Lookup.EXACT, 5),))),
        ("images__isnull", "1", Selection(image=(Condition("_id", Kind.RELATION, Lookup.ISNULL, True),))),
        (
            "images__fetched__year",
            "2012",
            Selection(image=(Condition("fetched", Kind.TIME, Lookup.YEAR, 2012),)),
        ),
        ("images__height__gt", "3", Selection(image=(Condition("height", Kind.INTEGER, Lookup.GT, 3),))),
        (
            "images__height__contains",
            "3",
            Selection(image=(Condition("height", Kind.INTEGER, Lookup.CONTAINS, "3"),)),
        ),
        ("subscribed", "true", Selection(subscribed=True)),
        ("subscribed", "false", Selection(subscribed=False)),
        ("subscribed", "True", Selection()),
        ("subscribed", "", Selection()),
        (
            "pub_date",
            "2012-10-08",
            Selection(own=(Condition("pub_date", Kind.DATE, Lookup.EXACT, "2012-10-08"),)),
        ),
        (
            "fetched__date",
            "2012-10-08",
            Selection(own=(Condition("fetched", Kind.TIME, Lookup.DATE, "2012-10-08"),)),
        ),
        (
            "fetched__time",
            "00:01:02.5",
            Selection(own=(Condition("fetched", Kind.TIME, Lookup.TIME, 62_500_000),)),
        ),
    ],
)
def test_a_filter_finds_its_place(name: str, value: str, expected: Selection) -> None:
    assert read("releases", (name, value)) == expected


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2012-10-08T12:00:00Z", NOON),
        ("2012-10-08T12:00", NOON),
        ("2012-10-08 12:00:00", NOON),
        ("2012-10-08", NOON - 12 * 3600 * SECOND),
        ("2012-10-08T12:00:00.411028+00:00", NOON + 411_028),
        ("2012-10-08T12:00:00.4", NOON + 400_000),
        ("2012-10-08T12:00:00.4110289", NOON + 411_028),
        ("2012-10-08T14:30:00+02:30", NOON),
        ("2012-10-08T14:30:00+0230", NOON),
        ("2012-10-08T07:00:00-05:00", NOON),
        ("2012-10-08T14:00:00 02:00", NOON),
        ("0001-01-01T00:00:00+00:00", -62_135_596_800 * SECOND),
        ("0001-01-01T00:00:00+01:00", -62_135_600_400 * SECOND),
    ],
)
def test_a_time_is_read_to_the_microsecond(text: str, moment: int) -> None:
    (condition,) = read("images", ("fetched__gte", text)).own
    assert condition.value == moment


@pytest.mark.parametrize(
    ("resource", "name", "value"),
    [
        *(("images", "height", value) for value in ("x", "", "1.5", "1e3", str(2**63), "9" * 50, "٣", "1_0")),
        ("images", "height__in", "1,x"),
        ("images", "height__in", "1,,2"),
        ("images", "height__range", "1,x"),
        ("releases", "comic", "x"),
        ("releases", "comic", "/api/v1/comics/1/"),
        ("releases", "images__in", "1,b"),
        ("releases", "pub_date__year", "MMXII"),
        ("releases", "fetched__hour", ""),
    ],
)
def test_numbers_that_are_none_have_one_text(resource: str, name: str, value: str) -> None:
    assert refusal(resource, name, value) == MISMATCH


@pytest.mark.parametrize(
    ("resource", "name", "value"),
    [
        *(("releases", "pub_date", value) for value in ("2012-10-8", "2012-02-30", "0000-01-01", "", "x")),
        *(("releases", "pub_date", value) for value in ("2012-10-08T00:00", "20121008", "2012-10-08\n")),
        *(
            ("images", "fetched", value)
            for value in ("x", "2012-10-08T24:00", "2012-10-08T12", "2012-10-08T12:60")
        ),
        *(
            ("images", "fetched", f"2012-10-08T12:00{zone}")
            for zone in ("+24:00", "+1", "+02:60", "z", " ", ":61")
        ),
        *(("images", "fetched__time", value) for value in ("24:00", "12", "x", "")),
        ("images", "fetched__date", "2012-10-08T12:00"),
        *(("comics", "active", value) for value in ("", "TRUE", "yes", "2", "null")),
        *(("comics", "name__isnull", value) for value in ("", "maybe")),
        *(("images", name, "1") for name in ("height__range", "title__range")),
        ("images", "height__range", "1,2,3"),
        ("images", "height__range", ""),
        *(
            ("comics", name, "a\0b")
            for name in ("name", "name__contains", "name__in", "name__regex", "active")
        ),
    ],
)
def test_other_bad_values_are_refused(resource: str, name: str, value: str) -> None:
    assert refusal(resource, name, value)


def test_a_repeated_list_is_joined_and_of_anything_else_the_last_one_counts() -> None:
    (joined,) = read("images", ("height__in", "1,2"), ("height__in", "3")).own
    assert joined.value == (1, 2, 3)
    (ends,) = read("images", ("height__range", "1"), ("height__range", "5")).own
    assert ends.value == (1, 5)
    (last,) = read("comics", ("name", "a"), ("name", "b")).own
    assert last.value == "b"
    assert read("releases", ("subscribed", "true"), ("subscribed", "x")) == Selection()


def test_filters_add_up() -> None:
    found = read(
        "releases",
        ("images__height", "1"),
        ("comic__slug", "a"),
        ("images__width", "2"),
        ("pub_date__day", "3"),
    )
    assert (len(found.own), len(found.comic), len(found.image)) == (1, 1, 2)


@pytest.mark.parametrize("name", ["order_by", "sort_by"])
@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("foo", "No matching 'foo' field for ordering on."),
        ("-foo", "No matching 'foo' field for ordering on."),
        ("", "No matching '' field for ordering on."),
        ("name", "The 'name' field does not allow ordering."),
        ("-id", "The 'id' field does not allow ordering."),
    ],
)
def test_no_other_order_is_to_be_had(name: str, value: str, text: str) -> None:
    with pytest.raises(Malformed, match=f"^{re.escape(text)}$"):
        check_order(RESOURCES["comics"], Query(urlencode({name: value})))


def test_bytes_that_nobody_encoded_are_read_as_utf_8() -> None:
    assert Query("name=É".encode().decode("latin-1")).last("name") == "É"


def test_what_is_no_utf_8_is_refused_when_asked() -> None:
    query = Query("name=%ff")
    assert query.last("name") == "\ufffd"
    with pytest.raises(Malformed, match="UTF-8"):
        query.check()
