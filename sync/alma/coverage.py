"""A portfolio's coverage and embargo: two lists, and a code that says which of them counts (facts: alma §2c)."""

from collections.abc import Sequence
from datetime import date

from sync.alma import wire
from sync.alma.codes import AlmaCodes, CoverageInUse
from sync.errors import DataError
from sync.model import (
    CoverageRange,
    Embargo,
    EmbargoKind,
    EmbargoUnit,
    Loss,
    PartialDate,
)
from sync.model.coverage import OPEN_END_YEAR


def effective_coverage(portfolio: wire.Portfolio, codes: AlmaCodes) -> tuple[CoverageRange, ...]:
    """Return the ranges in effect: only local, only global, either (their union) or both (what they have in common).

    A list without ranges says nothing, so of two lists the other one counts. `()` means: everything.

    Raises:
        DataError: when a date does not exist, a range ends before it begins, or the code in use is not understood.
    """
    details = portfolio.coverage_details
    use = coverage_in_use(portfolio, codes)
    own = _ranges(portfolio, "local", details.local_date_coverage_parameters)
    general = _ranges(portfolio, "global", details.global_date_coverage_parameters)
    if use is CoverageInUse.LOCAL:
        return own
    if use is CoverageInUse.GLOBAL:
        return general
    if not own or not general:
        return own or general
    if use is CoverageInUse.EITHER:
        return tuple(dict.fromkeys([*own, *general]))
    common = _common(own, general)
    if not common:
        raise DataError(
            f"portfolio {portfolio.id}: its local and its global coverage have no day in common, and both are in use",
            advice="Correct one of them in Alma, or choose another coverage in use; then run the command again.",
        )
    return common


def effective_embargo(portfolio: wire.Portfolio, codes: AlmaCodes) -> tuple[Embargo | None, tuple[Loss, ...]]:
    """Return the embargo in effect, and a loss where two differ (the stricter one counts) or one is not understood.

    Raises:
        DataError: when its number is none, or the code in use is not understood.
    """
    details = portfolio.coverage_details
    use = coverage_in_use(portfolio, codes)
    losses: list[Loss] = []
    own = general = None
    if use is not CoverageInUse.GLOBAL:
        own = _embargo(portfolio, details.local_embargo_information, codes, losses)
    if use is not CoverageInUse.LOCAL:
        general = _embargo(portfolio, details.global_embargo_information, codes, losses)
    if own and general and own != general:
        strict, other = sorted((own, general), key=_strictness, reverse=True)
        losses.append(Loss("embargo", str(other), f"local and global embargo differ; used: {strict}"))
        return strict, tuple(losses)
    return own or general, tuple(losses)


def coverage_in_use(portfolio: wire.Portfolio, codes: AlmaCodes) -> CoverageInUse:
    """Return which of the two lists counts; a portfolio that does not say means its local one.

    Raises:
        DataError: when the code is in no table and no map.
    """
    code = portfolio.coverage_details.coverage_in_use.value
    if not code:
        return CoverageInUse.LOCAL
    if code not in codes.coverage_in_use:
        raise DataError(
            f"portfolio {portfolio.id}: the code {code!r} for coverage in use is not understood",
            advice=f'Say what it means: [pairs.NAME.maps.coverage_in_use] "{code}" = "local", "global", "both" or '
            '"either". Alma lists its codes in the code table CoverageInUse.',
        )
    return codes.coverage_in_use[code]


def _ranges(
    portfolio: wire.Portfolio, which: str, items: Sequence[wire.CoverageParameters]
) -> tuple[CoverageRange, ...]:
    ranges = []
    for item in items:
        try:
            ranges.append(
                CoverageRange(
                    begin=_date(item.from_year, item.from_month, item.from_day),
                    end=_date(item.until_year, item.until_month, item.until_day),
                    begin_volume=item.from_volume,
                    begin_issue=item.from_issue,
                    end_volume=item.until_volume,
                    end_issue=item.until_issue,
                )
            )
        except ValueError as error:
            raise DataError(
                f"portfolio {portfolio.id}: its {which} coverage cannot be understood: {error}",
                advice="Correct the coverage of this portfolio in Alma, then run the command again.",
            ) from None
    return tuple(one for one in ranges if one != CoverageRange())


def _date(year: str, month: str, day: str) -> PartialDate | None:
    """Return the date; None for an empty one and for the year 9999, which means "to the present"."""
    if not year.strip():
        if month.strip() or day.strip():
            raise ValueError(f"month {month!r} and day {day!r} without a year")
        return None
    if int(year) >= OPEN_END_YEAR:
        return None
    return PartialDate(int(year), int(month) if month.strip() else None, int(day) if day.strip() else None)


def _common(one: Sequence[CoverageRange], other: Sequence[CoverageRange]) -> tuple[CoverageRange, ...]:
    """Return what two lists have in common, each end as precise, and with the numbers, of the range it comes from."""
    found: dict[CoverageRange, None] = {}
    for left in one:
        for right in other:
            begin = max(left, right, key=_begins)
            end = min(left, right, key=_ends)
            if _begins(begin)[0] <= _ends(end)[0]:
                common = CoverageRange(
                    begin=begin.begin,
                    begin_volume=begin.begin_volume,
                    begin_issue=begin.begin_issue,
                    end=end.end,
                    end_volume=end.end_volume,
                    end_issue=end.end_issue,
                )
                found[common] = None
    return tuple(found)


def _begins(one: CoverageRange) -> tuple[date, bool]:
    """Return the first day, and whether a number stands there too: of two equal days the numbered one tells more."""
    return one.begin.first_day() if one.begin else date.min, bool(one.begin_volume or one.begin_issue)


def _ends(one: CoverageRange) -> tuple[date, bool]:
    """Return the last day, and whether no number stands there."""
    return one.end.last_day() if one.end else date.max, not (one.end_volume or one.end_issue)


def _embargo(
    portfolio: wire.Portfolio, item: wire.EmbargoInformation, codes: AlmaCodes, losses: list[Loss]
) -> Embargo | None:
    try:
        years = int(item.number_of_years or 0)
        months = int(item.number_of_months or 0)
    except ValueError:
        raise DataError(
            f"portfolio {portfolio.id}: its embargo is no number: "
            f"{item.number_of_years!r} years, {item.number_of_months!r} months",
            advice="Correct the embargo of this portfolio in Alma, then run the command again.",
        ) from None
    if years < 0 or months < 0:
        raise DataError(
            f"portfolio {portfolio.id}: its embargo is negative: {years} years, {months} months",
            advice="Correct the embargo of this portfolio in Alma, then run the command again.",
        )
    if years == 0 and months == 0:
        return None
    operator = codes.embargo_operators.get(item.embargo_operator.value)
    if operator is None:
        words = f"{item.embargo_operator.value!r} {years} years {months} months"
        losses.append(Loss("embargo", words, "operator not understood: [pairs.NAME.maps.embargo_operators]"))
        return None
    unit, number = (EmbargoUnit.MONTHS, 12 * years + months) if months else (EmbargoUnit.YEARS, years)
    if number + operator.more < 1:
        wall = f"{item.embargo_operator.value} {number} {unit}"
        raise DataError(
            f"portfolio {portfolio.id}: its embargo ({wall}) leaves nothing to show",
            advice="Correct the embargo of this portfolio in Alma, or set the portfolio to not available.",
        )
    return Embargo(operator.kind, unit, number + operator.more)


def _strictness(embargo: Embargo) -> tuple[bool, int]:
    """A rolling wall hides more than a delay; of two delays the longer one is stricter, of two walls the shorter."""
    months = embargo.value * (12 if embargo.unit is EmbargoUnit.YEARS else 1)
    rolling = embargo.kind is EmbargoKind.ROLLING
    return rolling, -months if rolling else months
