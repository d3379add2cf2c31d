"""The catalogue's corners: literal text, patterns, patience, counts, single objects."""

from __future__ import annotations

import pytest

from storage.comics import BadPattern, Slow
from storage.comics.conditions import Condition, Kind, Lookup, Selection
from storage.comics.counting import LASTING, Counting, Question
from storage.database import Database
from storage.stores import Stores
from tests.storage.comics.shelves import comic, image, put, release, subscribe

READER = 7


def named(lookup: Lookup, value: str) -> Selection:
    return Selection(own=(Condition("name", Kind.TEXT, lookup, value),))


def titled(lookup: Lookup, value: str) -> Selection:
    return Selection(image=(Condition("title", Kind.TEXT, lookup, value),))


async def names(stores: Stores, lookup: Lookup, value: str) -> list[str]:
    return [each.name for each in await stores.catalogue.comics(named(lookup, value), READER).window(0, 20)]


@pytest.mark.parametrize(
    "value", [".*", "(", "%", "_", "\\", "$", "[a]", "^x", "a|b", "a{2}", "(?i)A", "\\E"]
)
async def test_signs_with_a_meaning_elsewhere_are_ordinary_letters(stores: Stores, value: str) -> None:
    await put(stores.database, [comic(1, name="abc"), comic(2, name=f"<{value}>"), comic(3, name="")])
    for lookup in (Lookup.CONTAINS, Lookup.ICONTAINS):
        assert await names(stores, lookup, value) == [f"<{value}>"]
    for lookup in (Lookup.STARTSWITH, Lookup.ISTARTSWITH):
        assert await names(stores, lookup, f"<{value}") == [f"<{value}>"]
    for lookup in (Lookup.ENDSWITH, Lookup.IENDSWITH):
        assert await names(stores, lookup, f"{value}>") == [f"<{value}>"]
    assert await names(stores, Lookup.IEXACT, f"<{value}>") == [f"<{value}>"]


@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        *(("\u00c9tude", "\u00e9TUDE"), ("\u03a3\u039f\u03a3", "\u03c3\u03bf\u03c2"), ("\u042f", "\u044f")),
        *(("\U00010400", "\U00010428"), ("\u212a", "k"), ("\u1e9e", "\u00df"), ("\u01c4", "\u01c5")),
    ],
)
async def test_case_is_that_of_all_letters(stores: Stores, stored: str, asked: str) -> None:
    await put(stores.database, [comic(1, name=stored)])
    for lookup in (Lookup.IEXACT, Lookup.ICONTAINS, Lookup.ISTARTSWITH, Lookup.IENDSWITH, Lookup.IREGEX):
        assert await names(stores, lookup, asked) == [stored]
    for lookup in (Lookup.EXACT, Lookup.CONTAINS, Lookup.STARTSWITH, Lookup.ENDSWITH, Lookup.REGEX):
        assert await names(stores, lookup, asked) == []


async def test_the_end_of_a_text_is_not_before_a_last_line_feed(stores: Stores) -> None:
    await put(stores.database, [comic(1, name="ab\n"), comic(2, name="AB")])
    assert await names(stores, Lookup.IEXACT, "ab") == ["AB"]
    assert await names(stores, Lookup.ENDSWITH, "b") == []


@pytest.mark.parametrize("pattern", ["(", "[", "*a", "a{99999}", "(?<=a+)b", "\\", "a" * 40_000])
async def test_a_pattern_that_cannot_be_is_refused(stores: Stores, pattern: str) -> None:
    await put(stores.database, [comic(1)], [release(1, image(1))])
    catalogue = stores.catalogue
    number = Selection(image=(Condition("height", Kind.INTEGER, Lookup.REGEX, pattern),))
    on_comic = Selection(comic=named(Lookup.IREGEX, pattern).own)
    for listing in (
        catalogue.comics(named(Lookup.REGEX, pattern), READER),
        catalogue.releases(titled(Lookup.REGEX, pattern), READER),
        catalogue.releases(number, READER),
        catalogue.releases(on_comic, READER),
        catalogue.images(Selection(own=titled(Lookup.REGEX, pattern).image)),
    ):
        with pytest.raises(BadPattern):
            await listing.total()
        with pytest.raises(BadPattern):
            await listing.window(0, 20)


async def test_conditions_on_images_hold_for_one_and_the_same(stores: Stores) -> None:
    high, wide = image(1, height=900, width=10), image(2, height=10, width=900)
    await put(
        stores.database, [comic(1)], [release(1, high, wide), release(2, image(3, height=900, width=900))]
    )
    both = Selection(
        image=(
            Condition("height", Kind.INTEGER, Lookup.GT, 500),
            Condition("width", Kind.INTEGER, Lookup.GT, 500),
        )
    )
    assert [each.id for each in await stores.catalogue.releases(both, READER).window(0, 20)] == [2]
    between = tuple(
        Condition("height", Kind.INTEGER, lookup, value)
        for lookup, value in ((Lookup.GT, 100), (Lookup.LT, 800))
    )
    listing = stores.catalogue.releases(Selection(image=between), READER)
    assert not await listing.total()
    assert not await listing.window(0, 20)


async def test_a_release_with_two_matching_images_is_one(stores: Stores) -> None:
    await put(stores.database, [comic(1)], [release(1, image(1, height=900), image(2, height=901))])
    for lookup, value in ((Lookup.GT, 500), (Lookup.RANGE, (500, 1000)), (Lookup.IN, (900, 901))):
        listing = stores.catalogue.releases(
            Selection(image=(Condition("height", Kind.INTEGER, lookup, value),)), READER
        )
        assert await listing.total() == len(await listing.window(0, 20)) == 1


async def test_what_was_added_is_there_at_once(stores: Stores) -> None:
    await put(stores.database, [comic(1)], [release(1, image(1))])
    tall = Selection(image=(Condition("height", Kind.INTEGER, Lookup.GT, 100),))
    assert await stores.catalogue.releases(tall, READER).total() == 1
    await put(stores.database, [comic(1)], [release(1, image(1)), release(2, image(2))])
    assert await stores.catalogue.releases(tall, READER).total() == 2
    assert await stores.catalogue.releases(Selection(), READER).total() == 2
    await subscribe(stores.database, READER, [1])
    assert await stores.catalogue.releases(Selection(subscribed=True), READER).total() == 2
    await subscribe(stores.database, READER, [])
    assert await stores.catalogue.releases(Selection(subscribed=True), READER).total() == 0


async def test_where_comics_keep_no_counts_everything_is_counted(stores: Stores) -> None:
    await put(stores.database, [comic(1)], [release(1, image(1)), release(2)])
    await stores.database["comics"].update_many({}, {"$unset": {"n_releases": "", "n_images": ""}})
    assert await stores.catalogue.releases(Selection(), READER).total() == 2
    of_comic = Selection(own=(Condition("comic_id", Kind.RELATION, Lookup.EXACT, 1),))
    assert await stores.catalogue.releases(of_comic, READER).total() == 2
    assert await stores.catalogue.images(Selection()).total() == 1


async def test_a_list_ends_with_its_readers_patience(stores: Stores) -> None:
    pictures = [image(n) for n in range(1, 3000)]
    await put(stores.database, [comic(1)], [release(each.id, each) for each in pictures])
    dear = Selection(own=(Condition("fetched", Kind.TIME, Lookup.CONTAINS, "99:99"),))
    for listing in (
        stores.catalogue.within(1).releases(dear, READER),
        stores.catalogue.within(1).images(dear),
    ):
        with pytest.raises(Slow):
            await listing.total()


async def test_only_a_dear_count_is_remembered_and_not_for_long(database: Database) -> None:
    class Watch:
        """A clock that a count takes so long on."""

        now, pace = 0.0, 0.01

        def __call__(self) -> float:
            self.now += self.pace
            return self.now

    watch = Watch()
    counting = Counting(database, watch)
    question = Question("comic_images", {"height": {"$gt": 0}}, "tall", indexed=True)
    await put(database, [comic(1)], images=[image(1)])
    assert await counting.count(question, 5000) == 1
    await put(database, [comic(1)], images=[image(1), image(2)])
    watch.pace = 0.2
    assert await counting.count(question, 5000) == 2
    await put(database, [comic(1)])
    assert await counting.count(question, 5000) == 2
    watch.now += LASTING
    assert await counting.count(question, 5000) == 0


async def test_single_objects_are_found_by_what_names_them(stores: Stores) -> None:
    shown = release(3, image(1, file="c/\u00e9.png"), image(2, file=None))
    await put(stores.database, [comic(1)], [shown])
    catalogue = stores.catalogue
    assert await catalogue.comic(1) == comic(1)
    assert await catalogue.release(3) == shown
    assert await catalogue.image(1) == shown.images[0]
    assert (await catalogue.comic(2), await catalogue.release(1), await catalogue.image(3)) == (None,) * 3
    assert await catalogue.shows_file("c/\u00e9.png")
    assert not await catalogue.shows_file("c/.*")
