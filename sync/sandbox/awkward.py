"""The awkward cases of a practice library, each with a name by which tests and demonstrations find it.

A case is a set of bibs (their keys are `bib_key(case, 1)`, `bib_key(case, 2)`, …), whose portfolios lie in ordinary
collections, or a collection of its own (its name is `COLLECTION_NAMES[case]`). Small libraries hold the first cases
of `AwkwardCase`, as many as fit; `COMPLETE_FROM_COLLECTIONS` and `COMPLETE_FROM_PORTFOLIOS` say when all are there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from sync.sandbox.seed import SeedBib, SeedCollection, SeedLibrary, SeedPortfolio

COMPLETE_FROM_COLLECTIONS = 26
COMPLETE_FROM_PORTFOLIOS = 150


class AwkwardCase(StrEnum):
    """Every awkward case; the text behind a case says what is awkward about it."""

    # how titles and collections hang together
    SEVERAL_COLLECTIONS = "the same bib in several collections"
    BOTH_SERVICES = "the same bib once in each of the two services of a collection"
    TWICE_TOUCHING = "the same bib twice in a service, other addresses, coverage touches"
    TWICE_OVERLAPPING = "the same bib twice in a service, other addresses, coverage overlaps"
    NO_IDENTIFIER = "neither ISSN nor ISBN"
    SAME_NAME_OTHER_PUBLISHER = "two bibs with one name and two publishers"
    SAME_NAME_SAME_PUBLISHER = "two bibs with one name and one publisher, no identifiers"
    AUDIO = "an audio book"
    VIDEO = "a film"
    # coverage
    NINE_RANGES = "nine coverage ranges"
    YEARS_ONLY = "dates of years alone"
    MONTHS = "dates of years and months"
    VOLUMES_AND_ISSUES = "volumes and issues beside dates"
    OPEN_END = "no end date"
    NO_COVERAGE = "no coverage at all"
    ONLY_LOCAL = "coverage_in_use 0, both lists filled"
    ONLY_GLOBAL = "coverage_in_use 1, both lists filled"
    LOCAL_AND_GLOBAL = "coverage_in_use 2, both lists filled"
    LOCAL_OR_GLOBAL = "coverage_in_use 3, both lists filled"
    ONLY_LOCAL_EMPTY = "coverage_in_use 0, but the local list is empty and the global one filled"
    EMBARGO_MONTHS = "embargo in months"
    EMBARGO_YEARS = "embargo in years"
    EMBARGO_YEARS_AND_MONTHS = "embargo in years and months"
    ROLLING_WALL = "only the most recent period is available"
    EQUAL_WALL = "embargo operator =, which nobody has explained"
    ENDED_WITH_EMBARGO = "an end date and an embargo"
    IMPOSSIBLE_DATE = "30 February"
    UNTIL_BEFORE_FROM = "ends before it begins"
    # availability and addresses
    UNAVAILABLE = "portfolio not available"
    PROXY = "proxy whose code is mapped"
    UNMAPPED_PROXY = "proxy whose code is not mapped"
    DYNAMIC_LINK = "address made by a link resolver: none of its own"
    URL_OVERRIDE = "address and override address"
    RAW_URL_WITH_JKEY = "address stored with its jkey= prefix, as it stands"
    RAW_URL_WITHOUT_JKEY = "address stored without any prefix, as it stands"
    JKEY_IN_QUERY = "jkey= inside the address itself"
    URL_OF_600 = "address of 600 characters"
    URL_OVER_600 = "address of 640 characters"
    # identifiers
    WRONG_CHECK_DIGIT = "ISSN with a wrong check digit"
    PLACEHOLDER_ISSN = "ISSN 1111-1111 on two bibs"
    PRINT_IS_ONLINE = "one ISSN in print and online"
    ISBN10 = "ISBN-10 in print"
    # names and notes
    LONG_TITLE = "title of 430 characters"
    LONG_PUBLISHER = "publisher of 270 characters"
    ARABIC = "Arabic, written from right to left"
    CHINESE = "Chinese"
    COMBINING = "combining characters: e and its accent are two"
    MARKUP_IN_TITLE = "HTML in the title and in the notes"
    SCRIPT_IN_TITLE = "a script element in the title and in the notes"
    FORMULA_HYPERLINK = "a spreadsheet formula as title and note"
    FORMULA_PLUS = "title and note that begin with +"
    FORMULA_AT = "title and note that begin with @"
    CONTROLS_IN_TITLE = "control characters in the title that XML allows (librarians' sort marks)"
    CONTROLS_IN_NOTE = "control characters in the notes, NUL among them"
    LEADING_BLANKS = "title with blanks before and after"
    # collections
    TWO_SERVICES = "a collection with two services"
    DATABASE = "a database collection (type 6) without services"
    EMPTY_COLLECTION = "a service without portfolios"
    SAME_NAME_COLLECTIONS = "two collections with one name"
    UNAVAILABLE_SERVICE = "a service that is not available"
    LONG_COLLECTION_NAME = "collection name over 200 characters"
    MARKUP_IN_COLLECTION = "HTML in the name, description and notes of a collection"
    FORMULA_IN_COLLECTION = "a spreadsheet formula as name of a collection"
    CONTROLS_IN_COLLECTION = "control characters in the name and notes of a collection"
    BLANKS_IN_COLLECTION = "collection name with leading blanks"


HYPERLINK_FORMULA = '=HYPERLINK("http://example.org","x")'
_LONG_NAME = "Collected Regional Periodicals, Gazettes, Almanacs and Annual Reports of Harbour Towns, Market Towns, "
COLLECTION_NAMES = {
    AwkwardCase.TWO_SERVICES: "Wexmarrow Journals, Full and Selected Text",
    AwkwardCase.DATABASE: "Wexmarrow Bibliography of Harbour Towns",
    AwkwardCase.EMPTY_COLLECTION: "Jarnsund Pamphlets, Not Yet Loaded",
    AwkwardCase.SAME_NAME_COLLECTIONS: "Online Library",
    AwkwardCase.UNAVAILABLE_SERVICE: "Ostwick Journals, Cancelled",
    AwkwardCase.LONG_COLLECTION_NAME: _LONG_NAME * 2 + "Ostwick Edition",
    AwkwardCase.MARKUP_IN_COLLECTION: "Reading <b>Room</b> & <script>alert('x')</script> Collection",
    AwkwardCase.FORMULA_IN_COLLECTION: HYPERLINK_FORMULA,
    AwkwardCase.CONTROLS_IN_COLLECTION: "Calderstane\x07 Digital\tArchive\x1b[31m\u0085Two",
    AwkwardCase.BLANKS_IN_COLLECTION: "   Tolvarre Backfiles",
}


def bib_key(case: AwkwardCase, number: int = 1) -> str:
    """Return the key of a case's bib; most cases have one, number 1."""
    return f"awkward:{case.name}:{number}"


def is_awkward(bib: SeedBib) -> bool:
    """Return whether a bib was made for an awkward case."""
    return bib.key.startswith("awkward:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A portfolio with its bib and where it lies: positions count from 0 within the library and the collection."""

    bib: SeedBib
    portfolio: SeedPortfolio
    collection: SeedCollection
    collection_position: int
    service_position: int


def located(library: SeedLibrary) -> Iterator[Located]:
    """Return every portfolio of a library with its bib and its place, in order."""
    bibs = {bib.key: bib for bib in library.bibs}
    for collection_position, collection in enumerate(library.collections):
        for service_position, service in enumerate(collection.services):
            for portfolio in service.portfolios:
                yield Located(
                    bib=bibs[portfolio.bib],
                    portfolio=portfolio,
                    collection=collection,
                    collection_position=collection_position,
                    service_position=service_position,
                )


def portfolios_of(library: SeedLibrary, case: AwkwardCase) -> tuple[Located, ...]:
    """Return the portfolios of a case; none for the cases that are collections, or when the library is too small."""
    prefix = f"awkward:{case.name}:"
    return tuple(place for place in located(library) if place.bib.key.startswith(prefix))


def collections_of(library: SeedLibrary, case: AwkwardCase) -> tuple[SeedCollection, ...]:
    """Return the collections of a case; none for the cases that are portfolios, or when the library is too small."""
    return tuple(collection for collection in library.collections if collection.name == COLLECTION_NAMES.get(case))


def cases_in(library: SeedLibrary) -> frozenset[AwkwardCase]:
    """Return the cases a library holds."""
    keys = {bib.key.split(":")[1] for bib in library.bibs if is_awkward(bib)}
    names = {collection.name for collection in library.collections}
    return frozenset(case for case in AwkwardCase if case.name in keys or COLLECTION_NAMES.get(case) in names)
