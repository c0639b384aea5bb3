"""What each practice system shows of packages and the titles in them, read from its state without the product's code.

Both systems are told in one form, so that what they show can be held against each other: packages by their own ids,
and in each the titles by a key that is the same on both sides. Values are in the coarsest form that both can hold.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from sync.model import System

Days = tuple[str, str]
"""From a day to a day, YYYY-MM-DD; an open end is ""."""

Value = str | bool | tuple[Days, ...]


class Field(StrEnum):
    """What is compared. THERE is whether a record exists at all."""

    THERE = "there"
    NAME = "name"
    HIDDEN = "hidden"
    AVAILABLE = "available"
    URL = "url"
    COVERAGE = "coverage"
    EMBARGO = "embargo"
    STATEMENT = "coverage_statement"
    NOTE = "note"


PACKAGE_FIELDS = (Field.NAME, Field.HIDDEN)
HOLDING_FIELDS = (Field.AVAILABLE, Field.URL, Field.COVERAGE, Field.EMBARGO, Field.STATEMENT, Field.NOTE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownHolding:
    """A title in a package. `own` are its ids, `ids` also those of its title; `several` portfolios may be shown as one.

    `embargo` is "6 months", "30 Days" or "last 12 months"; "" is none. `told`: the statement says more than a
    librarian typed, since volumes or a rolling wall have no other place in FOLIO.
    """

    own: frozenset[str]
    ids: frozenset[str]
    available: bool
    url: str
    coverage: tuple[Days, ...]
    embargo: str
    statement: str
    note: str
    several: bool = False
    told: bool = False

    def value(self, wanted: Field) -> Value:
        """Return the value of a field."""
        shown: Mapping[Field, Value] = {
            Field.THERE: True,
            Field.AVAILABLE: self.available,
            Field.URL: self.url,
            Field.COVERAGE: self.coverage,
            Field.EMBARGO: self.embargo,
            Field.STATEMENT: self.statement,
            Field.NOTE: self.note,
        }
        return shown[wanted]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPackage:
    """A package with its titles by key. `ids` are its own and its services'; `managed` it is the vendor's.

    `services` is how many there are (FOLIO has none).
    """

    id: str
    ids: frozenset[str]
    name: str
    hidden: bool
    managed: bool = False
    services: int = 0
    holdings: Mapping[str, ShownHolding] = field(default_factory=dict)

    def value(self, wanted: Field) -> Value:
        """Return the value of a field."""
        shown: Mapping[Field, Value] = {Field.THERE: True, Field.NAME: self.name, Field.HIDDEN: self.hidden}
        return shown[wanted]


@dataclass(frozen=True, slots=True)
class Spot:
    """One field of one record of one side; `title` "" is the package itself."""

    package: str
    title: str
    field: Field


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything one system shows, packages by their ids."""

    system: System
    packages: Mapping[str, ShownPackage]

    def record(self, package: str, title: str) -> ShownPackage | ShownHolding | None:
        """Return a package, or a title in it; None when it is not there."""
        found = self.packages.get(package)
        return found if found is None or not title else found.holdings.get(title)

    def value(self, spot: Spot) -> Value | None:
        """Return what stands there; False for the existence of what is not there, else None."""
        found = self.record(spot.package, spot.title)
        if found is None:
            return False if spot.field is Field.THERE else None
        return found.value(spot.field)

    def spots(self) -> Iterator[Spot]:
        """Yield every spot that has a value."""
        for package in self.packages.values():
            yield from (Spot(package.id, "", each) for each in (Field.THERE, *PACKAGE_FIELDS))
            for title in package.holdings:
                yield from (Spot(package.id, title, each) for each in (Field.THERE, *HOLDING_FIELDS))


def title_key(numbers: Sequence[str], name: str) -> str:
    """Return the key of a title: the first of its numbers, else its name."""
    plain = sorted(one.replace("-", "").strip().upper() for one in numbers)
    return plain[0] if plain else name.casefold().rstrip(" /:.")


def merged(days: Sequence[Days]) -> tuple[Days, ...]:
    """Return the ranges oldest first, those that overlap or touch made one."""
    found: list[Days] = []
    for begin, end in sorted(days):
        last = found[-1] if found else None
        if last is None or (last[1] and date.fromisoformat(begin) > date.fromisoformat(last[1]) + timedelta(1)):
            found.append((begin, end))
        else:
            found[-1] = (last[0], "" if not end or not last[1] else max(end, last[1]))
    return tuple(found)
