"""The guards of removals: two limits that must both be exceeded, or one ceiling that a person approved."""

from collections.abc import Mapping
from typing import Any

import pytest

from sync.plan.changes import Guard
from sync.plan.guards import (
    FEW,
    MOST_NAMED,
    RemovalLimits,
    RemovalVerdict,
    Share,
    Size,
    judge_configuration,
    judge_reading,
    judge_removals,
    judge_same_field,
)

AS_BEFORE = Guard(name="much-smaller", value=0, limit=20, tripped=False)
LIMITS = RemovalLimits(number=20, percent=5.0)


def judged(packages: Mapping[str, Share], limits: RemovalLimits = LIMITS, **more: Any) -> RemovalVerdict:
    """Return the verdict on a complete source that holds something, unless said otherwise."""
    told: dict[str, Any] = {"others": 0, "source_records": 1000, "source_complete": True, "names": {}, **more}
    return judge_removals(packages, limits=limits, reading=AS_BEFORE, **told)


def approved(number: int) -> RemovalLimits:
    return RemovalLimits(number=20, percent=5.0, approved=number)


def tripped(verdict: RemovalVerdict) -> list[str]:
    return [one.name for one in verdict.guards if one.tripped]


def in_all(verdict: RemovalVerdict) -> Guard:
    (found,) = [one for one in verdict.guards if one.name == "removals"]
    return found


# --- the two limits


@pytest.mark.parametrize(
    ("removals", "linked", "too_many"),
    [
        (0, 0, False),
        (0, 1000, False),
        (20, 20, False),  # all that there is, but not more than 20
        (21, 21, True),
        (21, 419, True),  # 5.01 %
        (21, 420, False),  # exactly 5 %
        (21, 1_000_000, False),
        (50_000, 1_000_000, False),
        (50_001, 1_000_000, True),
        (1, 1, False),
        (21, 0, True),
    ],
)
def test_removals_are_too_many_above_both_limits_only(removals: int, linked: int, too_many: bool) -> None:
    assert LIMITS.exceeded_by(removals, linked) is too_many
    # each limit for itself would say something else about the one or the other
    assert RemovalLimits(number=0, percent=5.0).exceeded_by(removals, linked) is (100 * removals > 5 * linked)
    assert RemovalLimits(number=20, percent=0.0).exceeded_by(removals, linked) is (removals > 20)


@pytest.mark.parametrize(
    ("limits", "removals", "linked", "too_many"),
    [
        (RemovalLimits(number=0, percent=0.0), 0, 100, False),
        (RemovalLimits(number=0, percent=0.0), 1, 100, True),
        (RemovalLimits(number=0, percent=100.0), 100, 100, False),
        (RemovalLimits(number=0, percent=2.5), 25, 1000, False),
        (RemovalLimits(number=0, percent=2.5), 26, 1000, True),
        (RemovalLimits(number=0, percent=1 / 3), 1, 300, False),
        (RemovalLimits(number=0, percent=1 / 3), 2, 300, True),
    ],
)
def test_limits_of_nothing_all_and_fractions_are_honoured_as_given(
    limits: RemovalLimits, removals: int, linked: int, too_many: bool
) -> None:
    assert limits.exceeded_by(removals, linked) is too_many


@pytest.mark.parametrize(
    ("ceiling", "removals", "linked", "too_many"),
    [
        (43, 43, 90, False),
        (43, 44, 90, True),
        (42, 43, 90, True),
        (42, 43, 1_000_000, True),  # far below 5 %: a ceiling is a ceiling
        (0, 1, 1_000_000, True),
        (0, 0, 10, False),
        (10, 11, 1000, True),  # below the configured 20
        (1000, 1000, 1000, False),
    ],
)
def test_an_approved_ceiling_counts_alone_in_place_of_both(
    ceiling: int, removals: int, linked: int, too_many: bool
) -> None:
    assert approved(ceiling).exceeded_by(removals, linked) is too_many
    verdict = judged({"p": Share(removals, linked)}, approved(ceiling))
    assert in_all(verdict).limit == ceiling
    assert tripped(verdict) == (["removals", "removals-in-package"] if too_many else [])


# --- in all


def test_what_is_within_the_limits_goes() -> None:
    verdict = judged({"a": Share(10, 300), "b": Share(0, 120)}, others=10)
    assert verdict.guards == (Guard(name="removals", value=20, limit=20, tripped=False), AS_BEFORE)
    assert verdict.why("a") == verdict.why("b") == verdict.why("nobody knows it") == ""


def test_too_many_in_all_withhold_every_removal_and_say_how_many_and_how_to_approve_them() -> None:
    packages = {str(number): Share(2, 40) for number in range(10)}
    verdict = judged(packages, others=1)  # 21 of 400 are 5.25 %, though no package loses more than 2
    assert tripped(verdict) == ["removals"]
    assert (in_all(verdict).value, in_all(verdict).limit) == (21, 20)
    assert "21 removals of 401 linked records (5.2 %)" in in_all(verdict).explanation
    assert "more than 20 and more than 5 %" in in_all(verdict).explanation
    for key in (*packages, "another"):
        assert verdict.why(key).startswith("guard removals: 21 removals")
        assert verdict.why(key).endswith("--max-removals 21")
    assert not tripped(judged(packages))  # 20


def test_services_and_packages_count_among_the_removals() -> None:
    shares = {"a": Share(20, 20, moved=20)}  # they stand elsewhere: nothing is emptied
    assert tripped(judged(shares)) == []
    assert tripped(judged(shares, others=1)) == ["removals"]
    assert tripped(judged(shares, approved(22), others=3)) == ["removals"]
    assert tripped(judged(shares, approved(23), others=3)) == []
    # an empty package that goes: nothing is linked in it, so there is no share to tell
    assert "21 removals of 21 linked records (100.0 %);" in in_all(judged({}, others=21)).explanation


# --- in one package


def test_a_package_that_loses_too_much_is_withheld_and_no_other_is() -> None:
    packages = {"a": Share(21, 21), "b": Share(2, 400), "c": Share(20, 21), "d": Share(0, 500)}
    verdict = judged(packages, names={"a": "Coastal"})  # 43 of 942 are 4.6 %
    assert tripped(verdict) == ["removals-in-package"]
    (guard,) = [one for one in verdict.guards if one.name == "removals-in-package"]
    assert (guard.value, guard.limit) == (21, 20)
    assert "'Coastal': 21 removals of 21 linked records (100.0 %)" in guard.explanation
    assert verdict.why("a").startswith("guard removals-in-package: 'Coastal'")
    assert [verdict.why(key) for key in "bcd"] == ["", "", ""]


@pytest.mark.parametrize(
    ("share", "trips"),
    [
        (Share(1, 1), True),
        (Share(3, 3), True),
        (Share(2, 3), False),
        (Share(3, 3, moved=2), True),
        (Share(3, 3, moved=3), False),
        (Share(0, 0), False),
    ],
)
def test_a_package_that_is_emptied_at_once_is_withheld_however_small(share: Share, trips: bool) -> None:
    verdict = judged({"a": share, "b": Share(0, 500)}, names={"a": "Coastal"})
    assert tripped(verdict) == (["package-emptied"] if trips else [])
    assert verdict.why("a").startswith("guard package-emptied: 'Coastal'") is trips
    assert tripped(judged({"a": share}, approved(3))) == []


@pytest.mark.parametrize(("linked", "trips"), [(419, True), (420, False)])
def test_a_package_is_measured_by_its_own_share(linked: int, trips: bool) -> None:
    verdict = judged({"a": Share(21, linked), "b": Share(0, 1_000_000)})
    assert tripped(verdict) == (["removals-in-package"] if trips else [])
    assert bool(verdict.why("a")) is trips


def test_a_package_without_a_name_is_called_by_its_id_and_only_some_are_named_though_all_are_withheld() -> None:
    packages = {f"1-{number}": Share(21, 21) for number in range(MOST_NAMED + 5)}
    verdict = judged({**packages, "large": Share(0, 100_000)})
    assert tripped(verdict) == ["removals-in-package"] * MOST_NAMED
    assert "'1-0'" in verdict.guards[2].explanation
    assert all("removals-in-package" in verdict.why(key) for key in packages)
    assert verdict.why("large") == ""


# --- a source that says nothing


def test_from_an_incomplete_source_nothing_counts_as_gone() -> None:
    verdict = judged({"a": Share(1, 1000)}, source_complete=False)
    assert "not read completely" in verdict.why("a")
    assert "not read completely" in verdict.why("another")
    assert judged({"a": Share(1, 1000)}).why("a") == ""


def test_an_empty_source_withholds_everything_and_no_approval_helps() -> None:
    for limits in (LIMITS, approved(1_000_000)):
        verdict = judged({"a": Share(1, 1000)}, limits, source_records=0)
        assert tripped(verdict) == ["empty-side"]
        (guard,) = [one for one in verdict.guards if one.tripped]
        assert (guard.value, guard.limit) == (0, 1)
        assert verdict.why("a").startswith("guard empty-side: the source holds nothing")
        assert judged({"a": Share(1, 1000)}, limits, source_records=1).why("a") == ""


def test_an_approved_ceiling_never_makes_an_incomplete_source_complete() -> None:
    verdict = judged({"a": Share(5, 5)}, approved(1_000_000), source_complete=False)
    assert "not read completely" in verdict.why("a")


@pytest.mark.parametrize("more", [{"source_complete": False}, {"source_records": 0}])
def test_where_nothing_is_to_be_removed_no_guard_trips(more: dict[str, Any]) -> None:
    verdict = judged({"a": Share(0, 10)}, **more)
    assert tripped(verdict) == []
    assert verdict.why("a") == ""


# --- a source that is much smaller than last time


def reading(now: int, last: int | None, *, percent: float = 20.0, approved: bool = False, scope: str = "all") -> Guard:
    before = None if last is None else Size(records=last, scope="all")
    return judge_reading("Alma", Size(records=now, scope=scope), before, percent=percent, approved=approved)


@pytest.mark.parametrize(
    ("now", "last", "smaller"),
    [
        (1000, None, False),
        (1000, 1000, False),
        (1200, 1000, False),
        (800, 1000, False),
        (799, 1000, True),
        (0, 1000, True),
        (100 - FEW, 100, False),
        (100 - FEW - 1, 100, True),
        (0, FEW, False),
        (0, 0, False),
    ],
)
def test_a_reading_is_much_smaller_above_a_share_and_a_number(now: int, last: int | None, smaller: bool) -> None:
    guard = reading(now, last)
    assert guard.tripped is smaller
    assert guard.name == "much-smaller"
    assert not smaller or guard.value > guard.limit


def test_a_person_who_approved_a_number_of_removals_knows_that_the_source_is_smaller() -> None:
    assert not reading(0, 1000, approved=True).tripped


def test_removals_wait_after_a_reading_that_is_much_smaller_and_say_why() -> None:
    verdict = judge_removals(
        {"1": Share(1, 1000)},
        others=0,
        limits=LIMITS,
        source_records=500,
        source_complete=True,
        names={},
        reading=reading(500, 1000),
    )
    assert tripped(verdict) == ["much-smaller"]
    assert "500 records, and held 1,000" in verdict.why("1")


def test_what_is_not_read_any_longer_is_not_gone() -> None:
    narrower = Size(records=900, scope="custom")
    guard = judge_reading("FOLIO", narrower, Size(records=900, scope="selected"), percent=20, approved=False)
    assert (guard.name, guard.tripped) == ("scope-changed", True)
    wider = judge_reading(
        "FOLIO", Size(records=900, scope="selected"), Size(records=900, scope="custom"), percent=20, approved=False
    )
    assert not wider.tripped


# --- one field that changes everywhere, and settings that did


@pytest.mark.parametrize(
    ("number", "linked", "everywhere"),
    [(50, 60, False), (51, 60, True), (51, 102, False), (51, 101, True), (600, 1200, False), (601, 1200, True)],
)
def test_one_field_changes_everywhere_above_a_number_and_a_share(number: int, linked: int, everywhere: bool) -> None:
    guard = judge_same_field("same-field:folio/holding/url", number, linked, most=50, percent=50)
    assert (guard.tripped, guard.value, guard.limit) == (everywhere, number, 50)


def test_changed_settings_stop_a_plan_that_goes_both_ways_and_are_told_of_one_that_goes_one_way() -> None:
    assert judge_configuration(3, asks=True).tripped
    assert not judge_configuration(0, asks=True).tripped
    told = judge_configuration(3, asks=False)
    assert not told.tripped
    assert "3 changes" in told.explanation
