"""Documents for people who pay: lists of them, and links that are good for an hour."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from handlers.core.dialect import Route
from handlers.core.download import send_file
from handlers.core.errors import NotFound
from handlers.core.operation import operation
from handlers.core.rest.handler import Refused, read_id
from handlers.core.tokens import BadToken
from handlers.klub.access import ANYONE, USER
from handlers.klub.payments import PayingHandler
from handlers.klub.rules import KlubHandler
from storage.errors import NotFound as Missing
from storage.klub.pdfs import Pdf

LINK, LINK_SECONDS = "klub_pdf", 3600
UNKNOWN = {"detail": "PDF doesnt exist"}
UNPAID = {"detail": "Payment for last month doesnt exist"}


@dataclass(frozen=True, slots=True)
class PdfObject:
    """A document."""

    id: int
    name: str
    topic: str
    author: str | None
    created: str | None


@dataclass(frozen=True, slots=True)
class RelatedIds:
    """What there are documents about."""

    ids: list[int]


@dataclass(frozen=True, slots=True)
class PdfLink:
    """Where a document can be read for an hour."""

    download_url: str


class PdfListHandler(KlubHandler):
    """The documents about something."""

    related: int

    async def find(self, related: int) -> None:
        """Keep the id; nothing else is known of it."""
        self.related = related

    @operation(access=USER, returns=list[PdfObject])
    async def get(self) -> list[PdfObject]:
        """List the documents with a related id."""
        found = await self.stores.pdfs.related(self.related)
        people = await self.stores.directory.some(each.author for each in found if each.author is not None)
        names = {n: f"{each.last_name} {each.first_name}".strip() for n, each in people.items()}
        return [
            PdfObject(each.id, each.name, each.topic, names.get(each.author or 0) or None, each.created)
            for each in found
        ]


class RelatedIdsHandler(KlubHandler):
    """What there are documents about."""

    @operation(access=USER, returns=RelatedIds)
    async def get(self) -> RelatedIds:
        """Return all related ids."""
        return RelatedIds([*await self.stores.pdfs.related_ids()])


class PdfLinkHandler(PayingHandler):
    """The link to a document."""

    pdf: Pdf

    async def find(self, pdf: int) -> None:
        """Find the document."""
        try:
            self.pdf = await self.stores.pdfs.find(pdf)
        except Missing:
            raise Refused(404, UNKNOWN) from None

    @operation(access=USER, returns=PdfLink)
    async def get(self) -> PdfLink:
        """Return a link for who is up to date with what they pay."""
        if not await self.is_up_to_date():
            raise Refused(404, UNPAID)
        token, _ = self.services.signer.sign(LINK, str(self.pdf.id), LINK_SECONDS)
        return PdfLink(f"/upload/pdf_storage/{self.pdf.id}/{quote(name_of(self.pdf))}?t={token}")


class PdfHandler(KlubHandler):
    """A document at its link; other credentials don't count."""

    negotiates = identifies = False
    pdf: Pdf

    async def locate(self) -> None:
        """Find what the link is for; raises NotFound for one that has expired, too."""
        number = read_id(self.path_kwargs["pdf"])
        try:
            claims = self.services.signer.read(LINK, self.get_query_argument("t", ""))
            self.pdf = await self.stores.pdfs.find(number)
        except (BadToken, Missing):
            raise NotFound from None
        if claims["sub"] != str(number) or self.path_kwargs["name"] != name_of(self.pdf):
            raise NotFound

    @operation(access=ANYONE)
    async def get(self) -> None:
        """Send the document."""
        file = await self.stores.pdfs.open(self.pdf)
        if file is None:
            raise NotFound
        await send_file(self, file, name_of(self.pdf))


def name_of(pdf: Pdf) -> str:
    """Return the name of a document's file."""
    return pdf.file.rpartition("/")[2] or f"{pdf.id}.pdf"


ROUTES = (
    Route("/api/pdf_storage/all_related_ids/", RelatedIdsHandler),
    Route("/api/pdf_storage/pdf_file/{pdf}/", PdfLinkHandler),
    Route("/api/pdf_storage/{related}/list/", PdfListHandler),
    Route("/upload/pdf_storage/{pdf}/{name}", PdfHandler),
)
