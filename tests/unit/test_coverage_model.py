"""Dates as precise as they are known, ranges of them, the days they cover, and moving walls."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.model import CoverageRange, DayRange, Embargo, EmbargoKind, EmbargoUnit, PartialDate, day_ranges
from sync.model.coverage import EARLIEST


def _range(begin: str, end: str = "") -> CoverageRange:
    return CoverageRange(begin=_point(begin), end=_point(end))


def _point(text: str) -> PartialDate | None:
    return PartialDate(*(int(part) for part in text.split("-"))) if text else None


def _days(*ranges: CoverageRange) -> list[tuple[str, str]]:
    return [(str(one.begin), str(one.end or "")) for one in day_ranges(ranges)]


@pytest.mark.parametrize(
    ("given_date", "first", "last"),
    [
        ("2003", "2003-01-01", "2003-12-31"),
        ("2003-02", "2003-02-01", "2003-02-28"),
        ("2004-02", "2004-02-01", "2004-02-29"),
        ("2000-02", "2000-02-01", "2000-02-29"),
        ("1900-02", "1900-02-01", "1900-02-28"),
        ("2003-04", "2003-04-01", "2003-04-30"),
        ("2003-12", "2003-12-01", "2003-12-31"),
        ("2004-02-29", "2004-02-29", "2004-02-29"),
        ("1", "0001-01-01", "0001-12-31"),
        ("9999", "9999-01-01", "9999-12-31"),
    ],
)
def test_a_date_means_its_first_day_at_the_begin_and_its_last_at_the_end(
    given_date: str, first: str, last: str
) -> None:
    """Row Holding/coverage: begin → first day, end → last day, February of leap years included."""
    point = _point(given_date)

    assert point is not None
    assert point.first_day() == date.fromisoformat(first)
    assert point.last_day() == date.fromisoformat(last)


@pytest.mark.parametrize(
    ("year", "month", "day"),
    [(2003, 2, 29), (2003, 13, None), (2003, 0, None), (2003, 4, 31), (2003, 1, 0), (0, None, None), (10000, 1, 1)],
)
def test_a_date_that_does_not_exist_is_refused(year: int, month: int | None, day: int | None) -> None:
    with pytest.raises(ValueError, match=r"must be in|out of range"):
        PartialDate(year, month, day)


def test_a_day_without_its_month_is_refused() -> None:
    with pytest.raises(ValueError, match="a day without a month in the year 2003"):
        PartialDate(2003, None, 5)


@pytest.mark.parametrize("text", ["0987", "2003", "2003-04", "2003-04-05"])
def test_a_date_is_shown_as_precisely_as_it_is_known(text: str) -> None:
    assert str(_point(text)) == text


def test_a_range_may_not_end_before_it_begins() -> None:
    with pytest.raises(ValueError, match=r"ends \(2002\) before it begins \(2003\)"):
        _range("2003", "2002")


@pytest.mark.parametrize(("begin", "end"), [("2003", "2003"), ("2003-06", "2003"), ("2003", "2003-01-01")])
def test_a_range_may_begin_and_end_within_the_same_year(begin: str, end: str) -> None:
    assert _range(begin, end).begin == _point(begin)


@pytest.mark.parametrize(
    ("one", "shown"),
    [
        (_range("2001", "2003-05"), "2001 – 2003-05"),
        (_range("2001"), "2001 –"),
        (_range("", "2003"), "– 2003"),
        (
            CoverageRange(
                begin=PartialDate(2001), begin_volume="1", begin_issue="2", end=PartialDate(2003), end_volume="9"
            ),
            "2001 (v.1:no.2) – 2003 (v.9)",
        ),
        (CoverageRange(begin_volume="3", end_issue="7"), "v.3 – no.7"),
    ],
)
def test_a_range_is_shown_in_words_a_reader_understands(one: CoverageRange, shown: str) -> None:
    assert str(one) == shown


@pytest.mark.parametrize("field", ["begin_volume", "begin_issue", "end_volume", "end_issue"])
def test_a_range_with_any_volume_or_issue_is_numbered(field: str) -> None:
    assert CoverageRange(begin=PartialDate(2001), **{field: "7"}).numbered
    assert not _range("2001", "2002").numbered


@pytest.mark.parametrize(
    ("ranges", "days"),
    [
        ((), []),
        ((_range("2001", "2003"),), [("2001-01-01", "2003-12-31")]),
        ((_range("2004"), _range("2001", "2002")), [("2001-01-01", "2002-12-31"), ("2004-01-01", "")]),
        ((_range("2001", "2002"), _range("2003", "2004")), [("2001-01-01", "2004-12-31")]),
        ((_range("2001", "2002-11"), _range("2002-12-01", "2004")), [("2001-01-01", "2004-12-31")]),
        (
            (_range("2001", "2002-12-30"), _range("2003", "2004")),
            [("2001-01-01", "2002-12-30"), ("2003-01-01", "2004-12-31")],
        ),
        ((_range("2001", "2005"), _range("2002", "2003")), [("2001-01-01", "2005-12-31")]),
        ((_range("2001", "2005"), _range("2003")), [("2001-01-01", "")]),
        ((_range("2001"), _range("2003", "2004"), _range("2010")), [("2001-01-01", "")]),
        ((_range("", "2003"), _range("2005", "2006")), [("1000-01-01", "2003-12-31"), ("2005-01-01", "2006-12-31")]),
        ((_range("2001", "9999"), _range("2003")), [("2001-01-01", "")]),
    ],
    ids=[
        "none", "one", "unordered", "touching years", "touching days", "a day between", "one within another",
        "overlap with an open one", "open swallows all", "without a begin", "to the last day there is",
    ],
)  # fmt: skip
def test_days_covered_are_in_order_and_without_overlap(
    ranges: tuple[CoverageRange, ...], days: list[tuple[str, str]]
) -> None:
    assert _days(*ranges) == days


SOME_DAYS = st.dates(min_value=date(2000, 1, 1), max_value=date(2003, 12, 31))


@st.composite
def coverage_ranges(draw: st.DrawFn) -> CoverageRange:
    first, last = sorted((draw(SOME_DAYS), draw(SOME_DAYS)))
    begin = draw(st.sampled_from([PartialDate(first.year), PartialDate(first.year, first.month)]))
    ends = [None, PartialDate(last.year), PartialDate(last.year, last.month), PartialDate.from_date(last)]
    end = draw(st.sampled_from(ends))
    return CoverageRange(begin=draw(st.sampled_from([begin, PartialDate.from_date(first), None])), end=end)


@given(st.lists(coverage_ranges(), max_size=6))
@settings(max_examples=60, deadline=2000)
def test_the_days_covered_are_sorted_disjoint_not_touching_and_the_same_days(ranges: list[CoverageRange]) -> None:
    found = day_ranges(ranges)

    assert list(found) == sorted(found, key=lambda one: one.begin)
    for earlier, later in pairwise(found):
        assert earlier.end is not None
        assert earlier.end + timedelta(1) < later.begin
    edges = {point for one in ranges for point in _edges(one)}
    for day in {edge + timedelta(shift) for edge in edges for shift in (-1, 0, 1)}:
        wanted = any(
            _covers(one.begin.first_day() if one.begin else EARLIEST, one.end and one.end.last_day(), day)
            for one in ranges
            if one.begin or one.end
        )
        assert any(_covers(one.begin, one.end, day) for one in found) == wanted


def _edges(one: CoverageRange) -> list[date]:
    return [point for end in (one.begin, one.end) if end for point in (end.first_day(), end.last_day())]


def _covers(begin: date, end: date | None, day: date) -> bool:
    return begin <= day and (end is None or day <= end)


def test_a_range_of_days_is_a_range_known_to_the_day() -> None:
    assert DayRange(date(2001, 1, 1), date(2002, 3, 4)).as_coverage() == _range("2001-1-1", "2002-3-4")
    assert DayRange(date(2001, 1, 1)).as_coverage().end is None


@pytest.mark.parametrize(
    ("embargo", "shown"),
    [
        (Embargo(EmbargoKind.DELAY, EmbargoUnit.MONTHS, 12), "not the most recent 12 months"),
        (Embargo(EmbargoKind.DELAY, EmbargoUnit.YEARS, 1), "not the most recent 1 year"),
        (Embargo(EmbargoKind.ROLLING, EmbargoUnit.YEARS, 10), "only the most recent 10 years"),
    ],
)
def test_an_embargo_is_shown_in_words(embargo: Embargo, shown: str) -> None:
    assert str(embargo) == shown


@pytest.mark.parametrize("value", [0, -1])
def test_an_embargo_of_nothing_is_none(value: int) -> None:
    with pytest.raises(ValueError, match="an embargo of"):
        Embargo(EmbargoKind.DELAY, EmbargoUnit.MONTHS, value)


def test_twelve_months_are_not_a_year() -> None:
    """Row Holding/embargo: the unit travels as it is (facts: domain §3)."""
    months = Embargo(EmbargoKind.DELAY, EmbargoUnit.MONTHS, 12)

    assert months != Embargo(EmbargoKind.DELAY, EmbargoUnit.YEARS, 1)
