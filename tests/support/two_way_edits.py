"""Edits of librarians as plain data, and the few values they choose from: so that two of them often meet."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from sync.model import System
from sync.sandbox.folio.records import Coverage, Embargo
from sync.sandbox.seed import SeedEmbargo, SeedRange

Item = TypeVar("Item")


class Verb(StrEnum):
    """What a librarian does. Both systems know every verb, each in its own way."""

    URL = "url"
    COVERAGE = "coverage"
    EMBARGO = "embargo"
    STATEMENT = "statement"
    NOTE = "note"
    AVAILABLE = "available"
    PROXY = "proxy"
    RENAME = "rename"
    HIDE = "hide"
    SERVICE = "service"  # Alma: one service only
    ADD = "add"
    REMOVE = "remove"
    ADD_PACKAGE = "add package"
    REMOVE_PACKAGE = "remove package"
    SELECT = "select"  # FOLIO: a title of a managed package


SHARED_VERBS = (
    Verb.URL, Verb.COVERAGE, Verb.EMBARGO, Verb.STATEMENT, Verb.NOTE, Verb.AVAILABLE, Verb.RENAME, Verb.HIDE,
    Verb.REMOVE, Verb.REMOVE_PACKAGE,
)  # fmt: skip
"""What both librarians can do to one and the same record."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit. `which` chooses the record and `pick` the value, each counted round the ends of what there is."""

    system: System
    verb: Verb
    which: int = 0
    pick: int = 0


@dataclass(frozen=True, slots=True)
class Meeting:
    """Both librarians' edits of one and the same record, each with a value."""

    verb: Verb
    which: int
    in_alma: int
    in_folio: int


@dataclass(frozen=True, slots=True)
class Ranges:
    """The same coverage as each system's librarian would type it."""

    alma: tuple[SeedRange, ...]
    folio: tuple[Coverage, ...]


@dataclass(frozen=True, slots=True)
class Wall:
    """An embargo as each system's librarian would type it; the last one means something else in each."""

    alma: SeedEmbargo | None
    folio: Embargo


NUMBERED = SeedRange(from_year="1999", from_volume="1")

COVERAGES = (
    Ranges((SeedRange(from_year="1998"),), (Coverage("1998-01-01", ""),)),
    Ranges((SeedRange(from_year="1998", until_year="2005"),), (Coverage("1998-01-01", "2005-12-31"),)),
    Ranges(
        (SeedRange(from_year="2001", from_month="3", until_year="2005", until_month="6"),),
        (Coverage("2001-03-01", "2005-06-30"),),
    ),
    Ranges(
        (SeedRange(from_year="1990", until_year="1995"), SeedRange(from_year="1998")),
        (Coverage("1998-01-01", ""), Coverage("1990-01-01", "1995-12-31")),
    ),
    Ranges((), ()),
    Ranges((NUMBERED,), (Coverage("1998-02-03", "2007-08-09"),)),
)
EMBARGOES = (
    Wall(None, Embargo()),
    Wall(SeedEmbargo(operator=">=", months="6"), Embargo("Months", 6)),
    Wall(SeedEmbargo(operator=">=", years="2"), Embargo("Months", 24)),
    Wall(SeedEmbargo(operator="<=", months="12"), Embargo("Days", 30)),
)
URLS = ("https://one.example.org/a", "https://two.example.org/b", "https://three.example.org/c", "")
NOTES = ("", "Seats: 3", "On campus only")
STATEMENTS = ("", "Print as well", "Ask at the desk")
NAMES = ("Tide Tables", "Reef Reports", "Coastal Journals", "Harbour Books", "Dune Digest")
PROXIES = ("", "EZPROXY")
"""Alma's code; FOLIO's word for it is EZProxy."""


def chosen(items: Sequence[Item], number: int) -> Item | None:
    """Return the item of that number, counted round the end; None of nothing."""
    return items[number % len(items)] if items else None


def taken(items: Sequence[Item], number: int) -> Item:
    """Return the item of that number, counted round the end of what is never empty."""
    return items[number % len(items)]
