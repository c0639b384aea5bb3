"""What a plan costs before anyone approves it: calls, EBSCO's calls behind FOLIO, and time."""

import math
from collections import Counter
from dataclasses import dataclass

from sync.model import Kind, System
from sync.plan.changes import REMOVALS, Action, Cost

SECONDS_A_DAY = 86_400

Step = tuple[System, Kind, Action]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCost:
    """Calls to a system, and EBSCO's calls behind FOLIO's (facts: folio §2.8)."""

    calls: int
    ebsco: int = 0


COSTS: dict[Step, CallCost] = {
    # POST 2-3, PUT 3 (proxy, visibility), GET 1 to read back
    (System.FOLIO, Kind.PACKAGE, Action.CREATE): CallCost(calls=3, ebsco=7),
    # GET 1 before, PUT 3, GET 1 to read back
    (System.FOLIO, Kind.PACKAGE, Action.UPDATE): CallCost(calls=3, ebsco=5),
    # search by identifier 1, POST 2
    (System.FOLIO, Kind.TITLE, Action.CREATE): CallCost(calls=2, ebsco=3),
    (System.FOLIO, Kind.TITLE, Action.UPDATE): CallCost(calls=3, ebsco=5),
    # PUT 3 after the title's POST, GET 1 to read back
    (System.FOLIO, Kind.HOLDING, Action.CREATE): CallCost(calls=2, ebsco=4),
    (System.FOLIO, Kind.HOLDING, Action.UPDATE): CallCost(calls=3, ebsco=5),
    # GET 1 before, PUT 3, GET 1 to read back
    (System.FOLIO, Kind.HOLDING, Action.SELECT): CallCost(calls=3, ebsco=5),
    (System.FOLIO, Kind.HOLDING, Action.DESELECT): CallCost(calls=3, ebsco=5),
    # GET 1 before, DELETE 2, GET 1 to see that it is gone
    (System.FOLIO, Kind.HOLDING, Action.REMOVE): CallCost(calls=3, ebsco=4),
    # the same, and one list to see that it is empty
    (System.FOLIO, Kind.PACKAGE, Action.REMOVE): CallCost(calls=4, ebsco=5),
    (System.FOLIO, Kind.PACKAGE, Action.DESELECT): CallCost(calls=4, ebsco=6),
    # POST, GET to read back
    (System.ALMA, Kind.PACKAGE, Action.CREATE): CallCost(calls=2),
    (System.ALMA, Kind.SERVICE, Action.CREATE): CallCost(calls=2),
    # search by our own number, POST, GET to read back
    (System.ALMA, Kind.TITLE, Action.CREATE): CallCost(calls=3),
    # POST, PUT for the coverage, GET to read back
    (System.ALMA, Kind.HOLDING, Action.CREATE): CallCost(calls=3),
    # GET before, PUT or DELETE, GET to read back
    **{
        (System.ALMA, kind, action): CallCost(calls=3)
        for kind in (Kind.PACKAGE, Kind.SERVICE, Kind.HOLDING)
        for action in (Action.UPDATE, Action.REMOVE)
    },
}

LAST_LOOK: dict[System, CallCost] = {System.FOLIO: CallCost(calls=1, ebsco=1), System.ALMA: CallCost(calls=1)}
"""GET of the record's counterpart on the other side, right before a record is removed."""

ADDED_TO_PACKAGE = CallCost(calls=1, ebsco=5)
"""POST of a title that FOLIO has already into one more package."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyCalls:
    """What a daily number of calls leaves to a run: `left` today, `a_day` from tomorrow on (the reserve taken off)."""

    left: int
    a_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How fast a system may be called (0: no limit, counted as 100 a second) and how often a day (None: no limit)."""

    per_second: float
    daily: DailyCalls | None = None


def estimate(kinds: Counter[Step], *, alma: Limits, folio: Limits, tags: bool = False) -> Cost:
    """Return the cost of so many changes of each kind.

    The two systems are called one after the other. Where the day's calls do not suffice, every further day needed
    counts as a whole one.
    """
    calls: Counter[System] = Counter()
    ebsco = 0
    for step, count in kinds.items():
        cost = COSTS.get(step)
        if cost is not None:
            tagged = tags and step[2] is Action.CREATE and step[1] is not Kind.TITLE and step[0] is System.FOLIO
            calls[step[0]] += count * (cost.calls + tagged)
            ebsco += count * cost.ebsco
        if step[2] in REMOVALS and step[1] is not Kind.SERVICE:
            other = System.ALMA if step[0] is System.FOLIO else System.FOLIO
            calls[other] += count * LAST_LOOK[other].calls
            ebsco += count * LAST_LOOK[other].ebsco
    added = max(
        0,
        kinds[System.FOLIO, Kind.HOLDING, Action.CREATE] - kinds[System.FOLIO, Kind.TITLE, Action.CREATE],
    )
    calls[System.FOLIO] += added * ADDED_TO_PACKAGE.calls
    ebsco += added * ADDED_TO_PACKAGE.ebsco
    seconds = sum(calls[system] / (limits.per_second or 100.0) for system, limits in _by_system(alma, folio))
    seconds += SECONDS_A_DAY * max(_days(calls[System.ALMA], alma.daily), _days(ebsco, folio.daily))
    return Cost(
        alma_calls=calls[System.ALMA], folio_calls=calls[System.FOLIO], ebsco_calls=ebsco, seconds=round(seconds, 1)
    )


def _by_system(alma: Limits, folio: Limits) -> tuple[tuple[System, Limits], ...]:
    return (System.ALMA, alma), (System.FOLIO, folio)


def _days(calls: int, daily: DailyCalls | None) -> int:
    """Return how many further days so many calls take."""
    if daily is None or calls <= daily.left:
        return 0
    return math.ceil((calls - daily.left) / max(1, daily.a_day))
