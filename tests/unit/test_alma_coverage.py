"""A portfolio's coverage and embargo: which of two lists counts, as precise as given, and what is not understood."""

from typing import Any

import pytest

from sync.alma import wire
from sync.alma.codes import AlmaCodes, CoverageInUse, Operator
from sync.alma.coverage import coverage_in_use, effective_coverage, effective_embargo
from sync.errors import DataError
from sync.model import CoverageRange, Embargo, EmbargoKind, EmbargoUnit, Loss, PartialDate

CODES = AlmaCodes()
NOT_UNDERSTOOD = "operator not understood: [pairs.NAME.maps.embargo_operators]"


def _years(begin: str, end: str = "", **numbers: str) -> dict[str, str]:
    return {"from_year": begin, "until_year": end, **numbers}


def _portfolio(use: str = "0", own: list[Any] | None = None, general: list[Any] | None = None, **more: Any) -> Any:
    details = {
        "coverage_in_use": {"value": use, "desc": "whatever the language"},
        "local_date_coverage_parameters": own,
        "global_date_coverage_parameters": general,
        **more,
    }
    return wire.Portfolio.model_validate({"id": "53", "coverage_details": details})


def _effective(*args: Any, codes: AlmaCodes = CODES, **more: Any) -> list[str]:
    return [str(one) for one in effective_coverage(_portfolio(*args, **more), codes)]


def _wall(operator: str, years: object = "", months: object = "") -> dict[str, Any]:
    return {"embargo_operator": {"value": operator}, "number_of_years": years, "number_of_months": months}


def _embargo(use: str = "0", codes: AlmaCodes = CODES, **walls: Any) -> tuple[Embargo | None, tuple[Loss, ...]]:
    portfolio = _portfolio(use, **{f"{name}_embargo_information": wall for name, wall in walls.items()})
    return effective_embargo(portfolio, codes)


OWN, GENERAL = [_years("1990", "2005")], [_years("2001", "2010")]


@pytest.mark.parametrize(
    ("use", "ranges"),
    [
        ("0", ["1990 – 2005"]),
        ("1", ["2001 – 2010"]),
        ("2", ["2001 – 2005"]),
        ("3", ["1990 – 2005", "2001 – 2010"]),
        ("", ["1990 – 2005"]),
    ],
    ids=["only local", "only global", "both", "either", "not said"],
)
def test_the_code_in_use_says_which_list_counts(use: str, ranges: list[str]) -> None:
    """Row Holding/coverage: only local; only global; either; both → the effective ranges."""
    assert _effective(use, OWN, GENERAL) == ranges


@pytest.mark.parametrize("use", ["0", "1", "2", "3"])
def test_without_any_range_everything_is_covered(use: str) -> None:
    assert _effective(use, [], None) == []


@pytest.mark.parametrize("use", ["2", "3"])
def test_of_two_lists_an_empty_one_says_nothing(use: str) -> None:
    assert _effective(use, OWN, []) == ["1990 – 2005"]
    assert _effective(use, [], GENERAL) == ["2001 – 2010"]
    assert _effective(use, [{"from_year": "", "from_month": {"value": "", "desc": None}}], GENERAL) == ["2001 – 2010"]


def test_only_local_with_an_empty_local_list_does_not_fall_back_to_the_global_one() -> None:
    """facts: alma §2c — effective coverage follows the code, not which list is filled."""
    assert _effective("0", [], GENERAL) == []


def test_an_unknown_code_parks_the_record_and_says_how_to_explain_it() -> None:
    """Row Holding/coverage; facts: alma §2c — the codes' order is unverified."""
    with pytest.raises(DataError, match="portfolio 53: the code '7' for coverage in use is not understood") as caught:
        _effective("7", OWN, GENERAL)

    assert 'coverage_in_use] "7" =' in caught.value.advice
    assert "CoverageInUse" in caught.value.advice


def test_the_configuration_explains_a_code() -> None:
    codes = AlmaCodes(coverage_in_use={"7": CoverageInUse.GLOBAL, "0": CoverageInUse.BOTH})

    assert _effective("7", OWN, GENERAL, codes=codes) == ["2001 – 2010"]
    assert _effective("0", OWN, GENERAL, codes=codes) == ["2001 – 2005"]
    assert coverage_in_use(_portfolio("7"), codes) is CoverageInUse.GLOBAL


@pytest.mark.parametrize(
    ("parameters", "begin", "end"),
    [
        (_years("2001", "2003"), PartialDate(2001), PartialDate(2003)),
        (_years("2001", "2003", from_month="3", until_month="02"), PartialDate(2001, 3), PartialDate(2003, 2)),
        (
            _years("2004", "2004", from_month="2", from_day="29", until_month="12", until_day="31"),
            PartialDate(2004, 2, 29),
            PartialDate(2004, 12, 31),
        ),
        (
            {"from_year": "2001", "from_month": {"value": "3"}, "from_day": {"value": "", "desc": None}},
            PartialDate(2001, 3),
            None,
        ),
        (_years(" 2001 "), PartialDate(2001), None),
        (_years("2001", "9999"), PartialDate(2001), None),
        (_years("2001", "9999", until_month="12", until_day="31"), PartialDate(2001), None),
        (_years("", "2003"), None, PartialDate(2003)),
        ({"from_year": 2001, "until_year": None}, PartialDate(2001), None),
    ],
    ids=[
        "years", "months", "days, leap", "months as codes", "spaces", "9999 is open", "9999-12-31 is open",
        "open begin", "numbers and nulls",
    ],
)  # fmt: skip
def test_dates_are_read_as_precisely_as_they_are_given(
    parameters: dict[str, Any], begin: PartialDate | None, end: PartialDate | None
) -> None:
    """Row Holding/coverage: years, months, days as precise as given; 9999 read as open."""
    assert effective_coverage(_portfolio("0", [parameters]), CODES) == (CoverageRange(begin=begin, end=end),)


def test_volumes_and_issues_are_kept() -> None:
    """Row Holding/coverage: volumes and issues."""
    numbers = {"from_volume": "1", "from_issue": "2", "until_volume": "3", "until_issue": "4"}

    assert _effective("0", [_years("2001", "2003", **numbers)]) == ["2001 (v.1:no.2) – 2003 (v.3:no.4)"]
    assert _effective("0", [{"from_volume": "8"}]) == ["v.8 –"]


@pytest.mark.parametrize(
    "parameters",
    [
        _years("2003", "1990"),
        _years("2003", from_month="13"),
        _years("2003", from_month="0"),
        _years("2003", from_month="2", from_day="30"),
        _years("2003", from_day="5"),
        _years("20O3"),
        _years("0"),
        _years("", from_month="3"),
        _years("2003", "2004", until_month="x"),
    ],
)
@pytest.mark.parametrize("which", ["own", "general"])
def test_a_date_that_cannot_be_parks_the_record_and_names_the_list(parameters: dict[str, Any], which: str) -> None:
    use, name = ("0", "local") if which == "own" else ("1", "global")
    portfolio = _portfolio(use, **{which: [parameters]})

    with pytest.raises(DataError, match=f"portfolio 53: its {name} coverage cannot be understood") as caught:
        effective_coverage(portfolio, CODES)

    assert "in Alma" in caught.value.advice


def test_unordered_and_overlapping_ranges_are_kept_as_they_are() -> None:
    """They are put in order where they are written."""
    assert _effective("0", [_years("2010"), _years("1990", "1995"), _years("1994", "2000")]) == [
        "2010 –",
        "1990 – 1995",
        "1994 – 2000",
    ]


@pytest.mark.parametrize(
    ("own", "general", "common"),
    [
        (_years("1990"), _years("2001", "2010"), "2001 – 2010"),
        (_years("", "2005"), _years("2001", "2010"), "2001 – 2005"),
        (_years("", "2005"), _years("", "2010"), "– 2005"),
        (_years("2001"), _years("1990"), "2001 –"),
        (_years("2001", "2005", from_volume="7"), _years("1990", "2003", until_issue="9"), "2001 (v.7) – 2003 (no.9)"),
        (_years("2001", "2005"), _years("2001", "2005", from_volume="7", until_volume="9"), "2001 (v.7) – 2005 (v.9)"),
        (_years("2001", "2005"), _years("2005", "2010"), "2005 – 2005"),
        (_years("2001", "2005", until_month="6"), _years("2005", "2010"), "2005 – 2005-06"),
    ],
)
def test_both_means_what_they_have_in_common_as_precise_and_numbered_as_it_was(
    own: dict[str, str], general: dict[str, str], common: str
) -> None:
    """Row Holding/coverage: both → the effective ranges, with volumes and issues."""
    assert _effective("2", [own], [general]) == [common]
    assert _effective("2", [general], [own]) == [common]


def test_both_works_on_several_ranges() -> None:
    own = [_years("1990", "1995"), _years("2000")]
    general = [_years("1993", "2003"), _years("2010", "2012")]

    assert _effective("2", own, general) == ["1993 – 1995", "2000 – 2003", "2010 – 2012"]


def test_both_without_a_common_day_parks_the_record() -> None:
    with pytest.raises(DataError, match="portfolio 53: its local and its global coverage have no day in common"):
        _effective("2", [_years("1990", "1995")], [_years("2001", "2005")])


def test_either_keeps_equal_ranges_once() -> None:
    assert _effective("3", OWN, OWN) == ["1990 – 2005"]


@pytest.mark.parametrize(
    ("years", "months", "unit", "value"),
    [
        ("1", "", EmbargoUnit.YEARS, 1),
        ("2", "0", EmbargoUnit.YEARS, 2),
        ("", "12", EmbargoUnit.MONTHS, 12),
        ("0", "18", EmbargoUnit.MONTHS, 18),
        ("1", "6", EmbargoUnit.MONTHS, 18),
        (1, 6, EmbargoUnit.MONTHS, 18),
        ("2", "12", EmbargoUnit.MONTHS, 36),
    ],
)
def test_an_embargo_in_years_months_or_both(years: object, months: object, unit: EmbargoUnit, value: int) -> None:
    """Row Holding/embargo; facts: domain §3 — total months if both, else the native unit; 12 months stay 12 months."""
    assert _embargo(local=_wall(">=", years, months)) == (Embargo(EmbargoKind.DELAY, unit, value), ())


@pytest.mark.parametrize(
    ("operator", "years", "months", "embargo"),
    [
        (">=", "1", "", Embargo(EmbargoKind.DELAY, EmbargoUnit.YEARS, 1)),
        (">", "1", "", Embargo(EmbargoKind.DELAY, EmbargoUnit.YEARS, 2)),
        (">=", "", "6", Embargo(EmbargoKind.DELAY, EmbargoUnit.MONTHS, 6)),
        (">", "", "6", Embargo(EmbargoKind.DELAY, EmbargoUnit.MONTHS, 7)),
        (">", "1", "6", Embargo(EmbargoKind.DELAY, EmbargoUnit.MONTHS, 19)),
        ("<=", "2", "", Embargo(EmbargoKind.ROLLING, EmbargoUnit.YEARS, 2)),
        ("<", "2", "", Embargo(EmbargoKind.ROLLING, EmbargoUnit.YEARS, 1)),
    ],
)
def test_the_four_operators_are_four_walls(operator: str, years: str, months: str, embargo: Embargo) -> None:
    """Row Holding/embargo: more than X hides one more, less than X shows one less."""
    assert _embargo(local=_wall(operator, years, months)) == (embargo, ())


def test_a_wall_that_leaves_nothing_to_show_is_parked_and_never_open() -> None:
    with pytest.raises(DataError, match="leaves nothing to show"):
        _embargo(local=_wall("<", "1"))


@pytest.mark.parametrize("operator", ["", "=", "==", "X"])
def test_an_operator_not_understood_is_a_loss_and_never_guessed(operator: str) -> None:
    """Row Holding/embargo: operators read from the institution's code table."""
    assert _embargo(local=_wall(operator, "1", "6")) == (
        None,
        (Loss("embargo", f"{operator!r} 1 years 6 months", NOT_UNDERSTOOD),),
    )


def test_the_configuration_explains_an_operator() -> None:
    codes = AlmaCodes(embargo_operators={"X": Operator(EmbargoKind.ROLLING)})

    assert _embargo(codes=codes, local=_wall("X", "3"))[0] == Embargo(EmbargoKind.ROLLING, EmbargoUnit.YEARS, 3)


@pytest.mark.parametrize("wall", [None, "", {}, _wall(">="), _wall(">=", "0", "0"), _wall("X", "", "0")])
def test_no_embargo_is_none_in_every_spelling(wall: Any) -> None:
    assert _embargo(local=wall) == (None, ())


@pytest.mark.parametrize(("years", "months"), [("one", ""), ("", "6m"), ("1.5", ""), ("-1", "6"), ("1", "-20")])
def test_an_embargo_that_is_no_number_parks_the_record(years: str, months: str) -> None:
    with pytest.raises(DataError, match="portfolio 53: its embargo is") as caught:
        _embargo(local=_wall(">=", years, months))

    assert "in Alma" in caught.value.advice


@pytest.mark.parametrize(("use", "value"), [("0", 1), ("1", 5), ("", 1)])
def test_the_embargo_of_the_list_in_use_counts_alone(use: str, value: int) -> None:
    """Row Holding/embargo."""
    embargo, losses = _embargo(use, local=_wall(">=", "1"), **{"global": _wall(">=", "5")})

    assert embargo == Embargo(EmbargoKind.DELAY, EmbargoUnit.YEARS, value)
    assert losses == ()


@pytest.mark.parametrize("bad", [_wall("?", "5"), _wall(">=", "five")])
def test_an_embargo_that_is_not_in_use_does_not_matter(bad: dict[str, Any]) -> None:
    assert _embargo("0", local=None, **{"global": bad}) == (None, ())
    assert _embargo("1", local=bad) == (None, ())


@pytest.mark.parametrize("use", ["2", "3"])
def test_of_two_embargoes_in_use_the_stricter_counts_and_the_other_is_a_loss(use: str) -> None:
    """facts: domain §3 — one only; differing values are reported."""
    embargo, losses = _embargo(use, local=_wall(">=", "1"), **{"global": _wall(">=", "", "18")})

    assert embargo == Embargo(EmbargoKind.DELAY, EmbargoUnit.MONTHS, 18)
    assert losses == (
        Loss(
            "embargo",
            "not the most recent 1 year",
            "local and global embargo differ; used: not the most recent 18 months",
        ),
    )


@pytest.mark.parametrize("use", ["2", "3"])
def test_of_two_embargoes_one_alone_or_two_equal_ones_are_no_loss(use: str) -> None:
    year = Embargo(EmbargoKind.DELAY, EmbargoUnit.YEARS, 1)

    assert _embargo(use, local=_wall(">=", "1")) == (year, ())
    assert _embargo(use, **{"global": _wall(">=", "1")}) == (year, ())
    assert _embargo(use, local=_wall(">=", "1"), **{"global": _wall(">=", "1")}) == (year, ())


@pytest.mark.parametrize(
    ("one", "other", "kind", "value"),
    [
        (_wall("<=", "2"), _wall("<=", "5"), EmbargoKind.ROLLING, 2),
        (_wall("<=", "5"), _wall(">=", "1"), EmbargoKind.ROLLING, 5),
    ],
)
def test_a_rolling_wall_is_stricter_than_a_delay_and_a_short_one_than_a_long_one(
    one: dict[str, Any], other: dict[str, Any], kind: EmbargoKind, value: int
) -> None:
    for first, second in ((one, other), (other, one)):
        embargo, losses = _embargo("2", local=first, **{"global": second})
        assert embargo == Embargo(kind, EmbargoUnit.YEARS, value)
        assert len(losses) == 1


def test_an_embargo_under_an_unknown_code_parks_the_record() -> None:
    with pytest.raises(DataError, match="the code '9' for coverage in use"):
        _embargo("9", local=_wall(">=", "1"))
