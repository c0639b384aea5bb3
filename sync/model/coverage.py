"""Coverage and embargo: for which years a title can be read, as precisely as the source says it."""

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

EARLIEST = date(1000, 1, 1)
"""Stands for the beginning of a range that names its end only, where a day is needed."""

OPEN_END_YEAR = 9999
"""A year that both systems' exports use for "to the present" (facts: domain §3)."""


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date known to the year, the month or the day.

    Raises:
        ValueError: when there is no such date (2003-02-30, 2003-00), or a day without a month.
    """

    year: int
    month: int | None = None
    day: int | None = None

    def __post_init__(self) -> None:
        if self.day is not None and self.month is None:
            raise ValueError(f"a day without a month in the year {self.year}")
        self.first_day()

    def first_day(self) -> date:
        """Return the earliest day this date can mean."""
        return date(self.year, 1 if self.month is None else self.month, 1 if self.day is None else self.day)

    def last_day(self) -> date:
        """Return the latest day this date can mean."""
        month = self.month or 12
        return date(self.year, month, self.day or calendar.monthrange(self.year, month)[1])

    @classmethod
    def from_date(cls, day: date) -> "PartialDate":
        """Return the same day, known to the day."""
        return cls(day.year, day.month, day.day)

    def __str__(self) -> str:
        parts = [f"{self.year:04d}"]
        parts += [f"{part:02d}" for part in (self.month, self.day) if part is not None]
        return "-".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageRange:
    """One range. `begin` None: not said; `end` None: to the present. Volumes and issues are free text, "" unknown.

    Raises:
        ValueError: when the range ends before it begins.
    """

    begin: PartialDate | None = None
    end: PartialDate | None = None
    begin_volume: str = ""
    begin_issue: str = ""
    end_volume: str = ""
    end_issue: str = ""

    def __post_init__(self) -> None:
        if self.begin and self.end and self.end.last_day() < self.begin.first_day():
            raise ValueError(f"the coverage ends ({self.end}) before it begins ({self.begin})")

    @property
    def numbered(self) -> bool:
        """Return whether a volume or an issue is named."""
        return bool(self.begin_volume or self.begin_issue or self.end_volume or self.end_issue)

    def __str__(self) -> str:
        begin = _point(str(self.begin or ""), self.begin_volume, self.begin_issue)
        end = _point(str(self.end or ""), self.end_volume, self.end_issue)
        return f"{begin} – {end}".strip()


def _point(day: str, volume: str, issue: str) -> str:
    number = ":".join(part for part in (f"v.{volume}" if volume else "", f"no.{issue}" if issue else "") if part)
    if day and number:
        return f"{day} ({number})"
    return day or number


@dataclass(frozen=True, slots=True, order=True)
class DayRange:
    """From a day to a day, both included; `end` None is open."""

    begin: date
    end: date | None = None

    def as_coverage(self) -> CoverageRange:
        """Return the same range in canonical form."""
        return CoverageRange(
            begin=PartialDate.from_date(self.begin), end=PartialDate.from_date(self.end) if self.end else None
        )


def day_ranges(ranges: Iterable[CoverageRange]) -> tuple[DayRange, ...]:
    """Return the days covered, oldest first, ranges that overlap or touch made one; those without any day are left out.

    A year means its first day where it begins a range and its last day where it ends one (mapping: coverage). A range
    that names its end only begins with `EARLIEST`.
    """
    days = [
        DayRange(one.begin.first_day() if one.begin else EARLIEST, one.end.last_day() if one.end else None)
        for one in ranges
        if one.begin or one.end
    ]
    merged: list[DayRange] = []
    for one in sorted(days, key=lambda one: one.begin):
        if merged and _touches(merged[-1], one):
            merged[-1] = DayRange(merged[-1].begin, _later_end(merged[-1].end, one.end))
        else:
            merged.append(one)
    return tuple(merged)


def _touches(earlier: DayRange, later: DayRange) -> bool:
    return earlier.end is None or earlier.end >= date.max - timedelta(1) or later.begin <= earlier.end + timedelta(1)


def _later_end(one: date | None, other: date | None) -> date | None:
    return None if one is None or other is None else max(one, other)


class EmbargoKind(StrEnum):
    """A delay hides the most recent period; a rolling wall shows only the most recent period."""

    DELAY = "delay"
    ROLLING = "rolling"


class EmbargoUnit(StrEnum):
    """The unit an embargo is counted in. Twelve months are not a year: the ends differ (facts: domain §3)."""

    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"
    YEARS = "years"


@dataclass(frozen=True, slots=True)
class Embargo:
    """A moving wall of `value` (1 or more) units.

    Raises:
        ValueError: when the value is below 1.
    """

    kind: EmbargoKind
    unit: EmbargoUnit
    value: int

    def __post_init__(self) -> None:
        if self.value < 1:
            raise ValueError(f"an embargo of {self.value} {self.unit}")

    def __str__(self) -> str:
        unit = self.unit.value if self.value != 1 else self.unit.value[:-1]
        words = "not the most recent" if self.kind is EmbargoKind.DELAY else "only the most recent"
        return f"{words} {self.value} {unit}"
