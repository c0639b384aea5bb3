"""What a plan costs before anyone approves it: calls to FOLIO, EBSCO's calls behind them, and time."""

from collections import Counter

import pytest

from sync.model import Holding, Kind, Loss, System
from sync.plan.changes import Action, Change, Status, Summary, change_id
from sync.plan.cost import DailyCalls, Limits, estimate

NO_LIMIT = Limits(per_second=0)


def _cost(counts: dict[tuple[Kind, Action], int], rate: float = 10, *, tags: bool = False) -> tuple[int, int, float]:
    steps = Counter({(System.FOLIO, *step): number for step, number in counts.items()})
    cost = estimate(steps, alma=NO_LIMIT, folio=Limits(per_second=rate), tags=tags)
    assert cost.alma_calls == 0
    return cost.folio_calls, cost.ebsco_calls, cost.seconds


@pytest.mark.parametrize(
    ("kind", "action", "folio", "ebsco"),
    [
        (Kind.PACKAGE, Action.CREATE, 3, 7),  # POST 3, PUT 3, GET 1
        (Kind.PACKAGE, Action.UPDATE, 3, 5),  # GET 1, PUT 3, GET 1
        (Kind.TITLE, Action.CREATE, 2, 3),  # search 1, POST 2
        (Kind.TITLE, Action.UPDATE, 3, 5),  # GET 1, PUT 3, GET 1
        (Kind.HOLDING, Action.UPDATE, 3, 5),  # GET 1, PUT 3, GET 1
    ],
)
def test_each_write_costs_what_its_calls_cost(kind: Kind, action: Action, folio: int, ebsco: int) -> None:
    """facts: folio §2.8."""
    assert _cost({(kind, action): 7})[:2] == (7 * folio, 7 * ebsco)


def test_a_new_title_brings_its_holding_along() -> None:
    """POST title puts it into the package; what follows is one PUT and one GET."""
    assert _cost({(Kind.TITLE, Action.CREATE): 1, (Kind.HOLDING, Action.CREATE): 1})[:2] == (4, 7)


def test_a_title_that_exists_is_added_to_a_package_by_one_call_more() -> None:
    """POST resource costs five of EBSCO's calls."""
    assert _cost({(Kind.HOLDING, Action.CREATE): 1})[:2] == (3, 9)
    assert _cost({(Kind.TITLE, Action.CREATE): 2, (Kind.HOLDING, Action.CREATE): 5})[:2] == (4 + 10 + 3, 6 + 20 + 15)


def test_tags_are_one_call_more_for_each_package_and_holding_and_none_of_ebscos() -> None:
    counts = {(Kind.PACKAGE, Action.CREATE): 1, (Kind.TITLE, Action.CREATE): 2, (Kind.HOLDING, Action.CREATE): 2}

    plain, tagged = _cost(counts), _cost(counts, tags=True)

    assert tagged[0] - plain[0] == 3
    assert tagged[1] == plain[1]


@pytest.mark.parametrize(("rate", "seconds"), [(10, 30.0), (1000, 0.3), (0.5, 600.0), (0, 3.0)])
def test_time_follows_the_permitted_rate_and_no_limit_counts_as_a_hundred_a_second(rate: float, seconds: float) -> None:
    assert _cost({(Kind.TITLE, Action.UPDATE): 100}, rate)[2] == seconds


@pytest.mark.parametrize(
    ("left", "a_day", "days"), [(500, 100, 0), (499, 100, 1), (400, 100, 1), (399, 100, 2), (0, 500, 1), (0, 0, 500)]
)
def test_each_further_day_that_ebscos_calls_take_counts_whole(left: int, a_day: int, days: int) -> None:
    """design: §8 — the plan states its finishing time before anyone approves."""
    counts = Counter({(System.FOLIO, Kind.TITLE, Action.UPDATE): 100})
    folio = Limits(per_second=10, daily=DailyCalls(left=left, a_day=a_day))

    cost = estimate(counts, alma=NO_LIMIT, folio=folio)

    assert cost.ebsco_calls == 500
    assert cost.seconds == 30.0 + days * 86_400


@pytest.mark.parametrize(
    ("kind", "action", "calls"),
    [
        (Kind.PACKAGE, Action.CREATE, 2),  # POST, GET
        (Kind.SERVICE, Action.CREATE, 2),  # POST, GET
        (Kind.TITLE, Action.CREATE, 3),  # search by our own number, POST, GET
        (Kind.HOLDING, Action.CREATE, 3),  # POST, PUT for the coverage, GET
        (Kind.HOLDING, Action.UPDATE, 3),  # GET, PUT, GET
        (Kind.HOLDING, Action.REMOVE, 3),  # GET, DELETE, GET
    ],
)
def test_writes_to_alma_cost_its_calls_and_a_removal_a_last_look_at_folio(
    kind: Kind, action: Action, calls: int
) -> None:
    steps = Counter({(System.ALMA, kind, action): 5})
    cost = estimate(steps, alma=Limits(per_second=25, daily=DailyCalls(left=5, a_day=5)), folio=NO_LIMIT)
    further_days = -(-(5 * calls - 5) // 5)
    looks = 5 if action is Action.REMOVE else 0  # whether FOLIO has it after all
    assert (cost.alma_calls, cost.folio_calls, cost.ebsco_calls) == (5 * calls, looks, looks)
    assert cost.seconds == round(5 * calls / 25, 1) + further_days * 86_400


def test_nothing_costs_nothing() -> None:
    assert _cost({}) == (0, 0, 0.0)


def _change(action: Action, status: Status = Status.PLANNED, *losses: Loss) -> Change:
    return Change(
        id=change_id(System.FOLIO, Kind.HOLDING, "53"),
        system=System.FOLIO,
        kind=Kind.HOLDING,
        action=action,
        name="Tides",
        desired=Holding(key="53", package_key="61", title_key="99"),
        source_keys=("53",),
        status=status,
        losses=losses,
    )


def test_a_summary_counts_each_change_under_one_heading() -> None:
    summary = Summary()
    loss = Loss("url", "x", "y")

    summary.count(
        [
            _change(Action.CREATE),
            _change(Action.SELECT),
            _change(Action.UPDATE, Status.PLANNED, loss),
            _change(Action.REMOVE),
            _change(Action.DESELECT),
            _change(Action.CREATE, Status.WITHHELD, loss, loss),
        ]
    )

    assert (summary.create, summary.update, summary.remove, summary.withheld, summary.lossy) == (2, 1, 2, 1, 2)
    assert summary.writes == 5


def test_a_change_has_the_same_id_in_every_plan() -> None:
    assert change_id(System.FOLIO, Kind.TITLE, "99123") == "folio/title/99123"
