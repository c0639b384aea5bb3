"""What a plan costs before anyone approves it: calls, EBSCO's calls behind FOLIO, and time."""

import math
from collections import Counter
from dataclasses import dataclass

from sync.model import Kind
from sync.plan.changes import Action, Cost

SECONDS_A_DAY = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCost:
    """Calls to FOLIO, and EBSCO's calls behind them (facts: folio §2.8)."""

    folio: int
    ebsco: int


FOLIO_COSTS: dict[tuple[Kind, Action], CallCost] = {
    # POST 2-3, PUT 3 (proxy, visibility), GET 1 to read back
    (Kind.PACKAGE, Action.CREATE): CallCost(folio=3, ebsco=7),
    # GET 1 before, PUT 3, GET 1 to read back
    (Kind.PACKAGE, Action.UPDATE): CallCost(folio=3, ebsco=5),
    # search by identifier 1, POST 2
    (Kind.TITLE, Action.CREATE): CallCost(folio=2, ebsco=3),
    (Kind.TITLE, Action.UPDATE): CallCost(folio=3, ebsco=5),
    # PUT 3 after the title's POST, GET 1 to read back
    (Kind.HOLDING, Action.CREATE): CallCost(folio=2, ebsco=4),
    (Kind.HOLDING, Action.UPDATE): CallCost(folio=3, ebsco=5),
}

ADDED_TO_PACKAGE = CallCost(folio=1, ebsco=5)
"""POST of a title that exists already into one more package."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyCalls:
    """What EBSCO's daily number leaves to a run: `left` today, `a_day` from tomorrow on (the reserve taken off)."""

    left: int
    a_day: int


def estimate(
    kinds: Counter[tuple[Kind, Action]],
    *,
    folio_per_second: float,
    tags: bool = False,
    daily: DailyCalls | None = None,
) -> Cost:
    """Return the cost of so many changes of each kind.

    `folio_per_second` is the permitted rate (0: no limit, counted as 100 a second). Where the day's calls do not
    suffice (`daily` None: there is no such limit), every further day needed counts as a whole one.
    """
    folio = ebsco = 0
    for kind, count in kinds.items():
        cost = FOLIO_COSTS.get(kind)
        if cost is not None:
            folio += count * (cost.folio + (tags and kind[1] is Action.CREATE and kind[0] is not Kind.TITLE))
            ebsco += count * cost.ebsco
    added = max(0, kinds[Kind.HOLDING, Action.CREATE] - kinds[Kind.TITLE, Action.CREATE])
    folio += added * ADDED_TO_PACKAGE.folio
    ebsco += added * ADDED_TO_PACKAGE.ebsco
    seconds = folio / (folio_per_second or 100.0)
    if daily is not None and ebsco > daily.left:
        seconds += SECONDS_A_DAY * math.ceil((ebsco - daily.left) / max(1, daily.a_day))
    return Cost(folio_calls=folio, ebsco_calls=ebsco, seconds=round(seconds, 1))
