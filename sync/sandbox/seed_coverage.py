"""Coverage and embargoes in the shapes that real title lists have.

Facts, matching knowledge bases and test data: 9 % of serials with an embargo, nearly all of them delays, up to nine
ranges for a title, dates as years, months or days.
"""

from random import Random

from sync.sandbox.seed import SeedEmbargo, SeedRange

# The practice Alma's MovingWallOperator codes; those of a real Alma are unknown (facts: portfolio, open questions).
DELAY = ">="  # the most recent period is not available (KBART P)
ROLLING = "<="  # only the most recent period is available (KBART R)

LATEST_YEAR = 2025
EMBARGO_SHARE = 0.09
_ROLLING_SHARE = 4 / 6584  # of the embargoes; measured on a real whole-library file
_RANGE_COUNTS = (1, 2, 3, 4, 5, 6, 7, 8, 9)
_RANGE_WEIGHTS = (800, 130, 40, 15, 7, 4, 2, 1, 1)
_DELAYS = ((12, 0, 48), (0, 1, 22), (6, 0, 10), (18, 0, 6), (24, 0, 4), (0, 2, 4), (6, 1, 2), (3, 0, 4))


def journal_ranges(rng: Random) -> tuple[SeedRange, ...]:
    """Return one to nine ranges, oldest first, apart from each other; the last is open for two titles of three."""
    count = rng.choices(_RANGE_COUNTS, _RANGE_WEIGHTS)[0]
    precision = rng.choices(("year", "month", "day"), (45, 20, 35))[0]
    with_volumes, with_issues = rng.random() < 0.6, rng.random() < 0.7
    year = rng.randint(1950, LATEST_YEAR - 3 * count)
    first_volume_year = year - rng.randint(1, 40)
    ranges = []
    for number in range(1, count + 1):
        room = (LATEST_YEAR - year) // (count - number + 1)
        end = year + rng.randint(0, max(0, room - 2))
        is_open = number == count and rng.random() < 0.65
        ranges.append(
            SeedRange(
                from_year=str(year),
                from_month=_month(rng, precision),
                from_day=_first_day(rng, precision),
                from_volume=str(year - first_volume_year) if with_volumes else "",
                from_issue=str(rng.randint(1, 6)) if with_volumes and with_issues else "",
                until_year="" if is_open else str(end),
                until_month="" if is_open else ("12" if precision != "year" else ""),
                until_day="" if is_open else ("31" if precision == "day" else ""),
                until_volume=str(end - first_volume_year) if with_volumes and not is_open else "",
                until_issue=str(rng.randint(1, 12)) if with_volumes and with_issues and not is_open else "",
            )
        )
        year = end + 2
    return tuple(ranges)


def _month(rng: Random, precision: str) -> str:
    return "" if precision == "year" else str(rng.choice((1, 1, 1, 1, 2, 3, 4, 6, 7, 9, 10)))


def _first_day(rng: Random, precision: str) -> str:
    return str(rng.choice((1, 1, 1, 1, 15))) if precision == "day" else ""


def journal_embargo(rng: Random) -> SeedEmbargo | None:
    """Return an embargo for 9 % of the titles: months, years or both, a rolling wall very rarely."""
    if rng.random() >= EMBARGO_SHARE:
        return None
    months, years, _ = rng.choices(_DELAYS, [weight for *_, weight in _DELAYS])[0]
    operator = ROLLING if rng.random() < _ROLLING_SHARE else DELAY
    return SeedEmbargo(operator=operator, years=str(years or ""), months=str(months or ""))
