"""Lists: what is selected, which part of it, in which format; long ones leave piece by piece."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, ClassVar, TypeVar, cast

from tornado.iostream import StreamClosedError

from handlers.comics.credentials import ReaderHandler
from handlers.comics.fields import Resource
from handlers.comics.filters import check_order, read_selection
from handlers.comics.formats import Writer
from handlers.comics.negotiation import Format, choose, open_writer
from handlers.comics.paging import Page, read_page
from handlers.core.errors import Malformed
from storage.comics.catalogue import Catalogue
from storage.comics.conditions import Selection
from storage.comics.listing import Listing

T = TypeVar("T")
AT_ONCE = 1000  # objects that are read and written in one piece
MOST_WHOLE = 100_000  # objects of a list in a format that few clients want


class ListHandler(ReaderHandler):
    """The base of lists."""

    resource: ClassVar[Resource]

    @property
    def patience(self) -> int:
        """Return how long a query may take, in milliseconds."""
        return self.services.settings.comics_query_timeout_ms

    @property
    def catalogue(self) -> Catalogue:
        """Return the catalogue, as patient as the settings want it."""
        return self.stores.catalogue.within(self.patience)

    async def send_list(
        self, make: Callable[[Selection], Listing[T]], shape: Callable[[T], Mapping[str, Any]]
    ) -> None:
        """Send the wanted part of the selected objects, each in its shape."""
        self.query.check()
        selection = read_selection(self.resource, self.query)
        check_order(self.resource, self.query)
        page = read_page(self.query)
        chosen = choose(self.query, self.request.headers.get("Accept", ""))
        writer = open_writer(chosen, self.query)
        listing = make(selection)
        if 0 < page.limit <= AT_ONCE:
            total, found = await listing.page(page.offset, page.limit)
        else:
            total = await listing.total()
            size = page.size(total)
            check_size(chosen, size)
            if size > AT_ONCE:
                begin = self.begin(chosen, writer, page, total)
                await self.stream_list(begin, writer, batches(listing, page, size), shape)
                return
            found = await listing.window(page.offset, size) if size else ()
        begin = self.begin(chosen, writer, page, total)
        self.finish(begin + writer.add([shape(each) for each in found]) + writer.end())

    def begin(self, chosen: Format, writer: Writer, page: Page, total: int) -> bytes:
        """Return what comes before the objects; the format is certain by now."""
        self.set_header("Content-Type", chosen.content_type)
        return writer.begin(page.meta(total, self.resource.path, self.query))

    async def stream_list(
        self,
        begin: bytes,
        writer: Writer,
        found: AsyncIterator[Sequence[T]],
        shape: Callable[[T], Mapping[str, Any]],
    ) -> None:
        """Send a list as it comes out of the database, no faster than the client takes it."""
        async with aclosing(cast("Any", found)) as read:
            first = await anext(read, ())  # what refuses a query does so before anything is sent
            if self.request.method == "HEAD":
                await self.flush()  # without a length, as the list itself would come
                self.finish()
                return
            self.write(begin + writer.add([shape(each) for each in first]))
            try:
                await self.flush()
                async for batch in read:
                    self.write(writer.add([shape(each) for each in batch]))
                    await self.flush()
                    await asyncio.sleep(0)  # a fast client must not keep all others waiting
                self.write(writer.end())
            except StreamClosedError:
                pass
            except Exception as error:
                self.log_exception(type(error), error, error.__traceback__)
                # Less than announced must not look complete.
                cast("Any", self.request.connection).close()
        self.finish()


def check_size(chosen: Format, size: int) -> None:
    """Refuse to write endless lists in formats that are no use for them; raises Malformed."""
    if size > MOST_WHOLE and not chosen.streams:
        raise Malformed(f"More than {MOST_WHOLE} objects are given as JSON only. Please provide a limit.")


async def batches(listing: Listing[T], page: Page, size: int) -> AsyncIterator[Sequence[T]]:
    """Read the objects of a page, some at a time."""
    left = size
    async with aclosing(cast("Any", listing.stream(page.offset))) as read:
        async for batch in read:
            yield batch[:left]
            left -= len(batch)
            if left <= 0:
                return
