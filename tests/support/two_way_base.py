"""The one small library that every story begins with, and what FOLIO's vendor knows beside it."""

from dataclasses import dataclass, replace

from sync.sandbox.identifiers import IdentifierMint
from sync.sandbox.seed import (
    PublicationKind,
    SeedBib,
    SeedCollection,
    SeedEmbargo,
    SeedKnowledgeBase,
    SeedKnowledgeBasePackage,
    SeedLibrary,
    SeedRange,
    SeedService,
)
from tests.support.libraries import collection, journal, known_title, library, portfolio

_MINT = IdentifierMint(block=2)


def _book(number: int) -> SeedBib:
    return SeedBib(
        key=f"book:{number}",
        title=f"Handbook {number} of Piers",
        kind=PublicationKind.BOOK,
        isbn_online=_MINT.isbn(),
        publisher="Quay Press",
    )


JOURNALS = tuple(journal(number) for number in range(8))
BOOKS = tuple(_book(number) for number in range(3))
NAMELESS = SeedBib(key="plain:0", title="Gazette of the Old Lighthouse", publisher="Beacon")
"""A title without any number: found by its name alone."""

POOL = (*JOURNALS, *BOOKS, NAMELESS)
"""The titles that librarians add: those of the library, and a few that nobody has yet."""

MANAGED_NAME = "Vendor's Complete"

COASTAL = collection(
    "Coastal Journals",
    [
        portfolio(JOURNALS[0], public_note="Seats: 3"),
        portfolio(JOURNALS[1], local_coverage=(SeedRange(from_year="1998", until_year="2005"),)),
        portfolio(JOURNALS[2], local_embargo=SeedEmbargo(operator=">=", months="12")),
        portfolio(NAMELESS, available=False),
    ],
)
HARBOUR = collection(
    "Harbour Books",
    services=(
        SeedService(
            activation_status="10",
            portfolios=(portfolio(BOOKS[0], local_coverage=()), portfolio(BOOKS[1], local_coverage=())),
        ),
    ),
)
"""A hidden one."""
TWO_DOORS = collection(
    "Two Doors",
    services=(
        SeedService(portfolios=(portfolio(JOURNALS[3]), portfolio(JOURNALS[0]))),
        SeedService(
            portfolios=(
                portfolio(JOURNALS[3], local_coverage=(SeedRange(from_year="1980", until_year="1990"),)),
                portfolio(BOOKS[0], proxy_enabled=True, proxy="EZPROXY"),
            )
        ),
    ),
)
"""Two services, with two portfolios of one title."""
ZONE = collection(
    "Zone Collection",
    [
        replace(
            portfolio(JOURNALS[4]),
            coverage_in_use="1",
            local_coverage=(),
            global_coverage=(SeedRange(from_year="1990", until_year="2020"),),
        ),
        portfolio(JOURNALS[5]),
    ],
    is_local=False,
)
"""One from the Community Zone."""

SHELVES: tuple[SeedCollection, ...] = (COASTAL, HARBOUR, TWO_DOORS, ZONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """How a story begins: which of the collections there are, and whether the vendor's package is there, selected.

    `acquainted`: both systems were made one by a migration that is remembered; else they meet as strangers that hold
    the same.
    """

    shelves: tuple[int, ...] = (0, 1)
    managed: bool = False
    acquainted: bool = True
    notes_mapped: bool = True

    def library(self) -> SeedLibrary:
        """Return what Alma holds."""
        shelves = [SHELVES[number] for number in self.shelves]
        used = {one.bib for shelf in shelves for service in shelf.services for one in service.portfolios}
        return library([one for one in POOL if one.key in used], *shelves)

    def knowledge_base(self) -> SeedKnowledgeBase:
        """Return what the vendor knows: one title that is in the library, one that is not, and one of its own."""
        own = journal(20)
        titles = tuple(known_title(one) for one in (JOURNALS[1], JOURNALS[6], own))
        package = SeedKnowledgeBasePackage(name=MANAGED_NAME, provider="Vendor", titles=(0, 1, 2), selected=False)
        return SeedKnowledgeBase(titles=titles, packages=(package,)) if self.managed else SeedKnowledgeBase()
