"""Several portfolios of one bib below one collection meet in one FOLIO resource."""

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.model import (
    CoverageRange,
    Embargo,
    EmbargoKind,
    EmbargoUnit,
    Holding,
    Loss,
    PartialDate,
    Proxy,
    day_ranges,
)
from sync.plan.unite import unite

OLD = CoverageRange(begin=PartialDate(1990), end=PartialDate(1999))
NEW = CoverageRange(begin=PartialDate(2000))
FIRST = Holding(key="53001", package_key="61", title_key="99", url="https://one.invalid", coverage=(OLD,))
SECOND = replace(FIRST, key="53002", url="https://two.invalid", coverage=(NEW,))


def test_one_portfolio_stays_as_it_is() -> None:
    own = replace(FIRST, losses=(Loss("coverage", "1990–1999", "perpetual"),))

    united = unite([own])

    assert united.record == own
    assert united.losses == own.losses


def test_none_cannot_be_united() -> None:
    with pytest.raises(ValueError, match="nothing to unite"):
        unite([])


def test_ranges_are_united_and_the_other_portfolio_is_named_in_a_loss() -> None:
    """Holding: "ranges are united, the first available URL is used, and a loss names the others"."""
    united = unite([SECOND, FIRST])

    assert united.record.key == "53001"
    assert united.record.url == "https://one.invalid"
    assert day_ranges(united.record.coverage) == day_ranges([CoverageRange(begin=PartialDate(1990))])
    assert [loss.field for loss in united.losses] == ["portfolio"]
    assert "53002" in united.losses[0].value
    assert "https://two.invalid" in united.losses[0].value


def test_an_available_portfolio_is_used_before_one_that_is_not() -> None:
    united = unite([replace(FIRST, available=False), SECOND])

    assert united.record.url == "https://two.invalid"
    assert united.record.available


def test_what_is_not_available_adds_no_coverage() -> None:
    assert unite([replace(FIRST, available=False), SECOND]).record.coverage == (NEW,)


def test_where_none_is_available_the_whole_is_not_and_all_ranges_stay() -> None:
    united = unite([replace(FIRST, available=False), replace(SECOND, available=False)])

    assert not united.record.available
    assert set(united.record.coverage) == {OLD, NEW}


@pytest.mark.parametrize("url", ["", None])
def test_a_portfolio_with_an_address_is_used_before_one_without(url: str | None) -> None:
    united = unite([replace(FIRST, url=url), SECOND])

    assert united.record.url == "https://two.invalid"
    assert "no address" in united.losses[0].value


def test_a_portfolio_without_ranges_covers_everything() -> None:
    assert unite([replace(FIRST, coverage=()), SECOND]).record.coverage == ()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("embargo", Embargo(EmbargoKind.DELAY, EmbargoUnit.MONTHS, 6), "embargo: not the most recent 6 months"),
        ("proxy", Proxy(True, "EZP"), "proxy: EZP"),
        ("access_type", "current", "access_type: current"),
        ("public_note", "only on campus", "public_note: only on campus"),
        ("authentication_note", "ask for the password", "authentication_note: ask for the password"),
        ("internal_description", "trial", "internal_description: trial"),
    ],
)
def test_whatever_else_the_other_portfolio_says_is_named_in_the_loss(field: str, value: object, words: str) -> None:
    united = unite([FIRST, replace(SECOND, **{field: value})])

    assert words in united.losses[0].value


def test_an_embargo_the_other_one_has_not_is_named() -> None:
    delay = Embargo(EmbargoKind.DELAY, EmbargoUnit.YEARS, 1)

    united = unite([replace(FIRST, embargo=delay), SECOND])

    assert united.record.embargo == delay
    assert "embargo: none" in united.losses[0].value


def test_losses_of_all_portfolios_come_along_once() -> None:
    loss = Loss("embargo", "x", "y")

    united = unite([replace(FIRST, losses=(loss,)), SECOND])

    assert united.record.losses == ()
    assert united.losses.count(loss) == 1


def test_equal_ranges_are_one() -> None:
    assert unite([FIRST, replace(SECOND, coverage=(OLD,))]).record.coverage == (OLD,)


@given(
    st.lists(
        st.builds(
            replace,
            st.just(FIRST),
            key=st.integers(1, 999).map(str),
            available=st.booleans(),
            url=st.sampled_from(["", None, "https://a.invalid", "https://b.invalid"]),
            coverage=st.lists(st.sampled_from([OLD, NEW]), max_size=2).map(tuple),
        ),
        min_size=1,
        max_size=4,
        unique_by=lambda one: one.key,
    )
)
@settings(max_examples=60, deadline=2000)
def test_the_order_given_does_not_matter(holdings: list[Holding]) -> None:
    results = {unite(order) for order in permutations(holdings)}

    assert len(results) == 1
    assert len(results.pop().losses) == len(holdings) - 1
