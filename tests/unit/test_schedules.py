"""When a pair runs by itself: moments that any daemon finds, nights when the clock changes, hours that are left out."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sync.settings.schedules import Schedule

BERLIN = ZoneInfo("Europe/Berlin")


def schedule(**values: Any) -> Schedule:
    clock = {} if "every_minutes" in values else {"cron": "30 2 * * *"}
    return Schedule.model_validate({"run": "sync", **clock, **values})


def dues(one: Schedule, after: datetime, count: int) -> list[datetime]:
    found = []
    for _ in range(count):
        after = one.next_due(after)
        found.append(after)
    return found


def local(moments: list[datetime]) -> list[str]:
    return [f"{one.astimezone(BERLIN):%d. %H:%M}" for one in moments]


def test_in_the_night_of_spring_and_of_autumn_a_nightly_run_is_due_once() -> None:
    nightly = schedule(time_zone="Europe/Berlin")
    spring = dues(nightly, datetime(2026, 3, 28, 12, tzinfo=BERLIN), 3)
    assert local(spring) == ["29. 03:30", "30. 02:30", "31. 02:30"], "half past two is left out that night"
    autumn = dues(nightly, datetime(2026, 10, 24, 12, tzinfo=BERLIN), 3)
    assert local(autumn) == ["25. 02:30", "26. 02:30", "27. 02:30"]
    assert autumn[0].astimezone(BERLIN).fold == 0, "the first of the two"


def test_hourly_runs_are_due_in_both_hours_of_the_same_name() -> None:
    hourly = schedule(cron="30 * * * *", time_zone="Europe/Berlin")
    found = dues(hourly, datetime(2026, 10, 25, 0, tzinfo=BERLIN), 5)
    assert local(found) == ["25. 00:30", "25. 01:30", "25. 02:30", "25. 02:30", "25. 03:30"]
    assert {later - earlier for earlier, later in pairwise(found)} == {timedelta(hours=1)}


@given(st.integers(0, 365 * 24 * 3600), st.integers(1, 500))
def test_every_daemon_finds_the_same_moments_whenever_it_was_started(second: int, minutes: int) -> None:
    every = schedule(every_minutes=minutes)
    first = every.next_due(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=second))
    later = every.next_due(first - timedelta(seconds=1))
    assert later == first
    assert every.next_due(first) == first + timedelta(minutes=minutes)


def test_what_was_missed_is_the_last_moment_only() -> None:
    nightly = schedule()
    noon = datetime(2026, 11, 10, 12, tzinfo=UTC)
    assert nightly.latest_due(noon - timedelta(days=5), noon) == datetime(2026, 11, 10, 2, 30, tzinfo=UTC)
    assert nightly.latest_due(datetime(2026, 11, 10, 2, 30, tzinfo=UTC), noon) is None
    assert schedule(every_minutes=1).latest_due(noon - timedelta(days=30), noon) == noon


def test_a_run_begins_after_its_jitter_which_is_the_same_everywhere() -> None:
    late = schedule(jitter_seconds=600)
    due = datetime(2026, 11, 10, 2, 30, tzinfo=UTC)
    begins = late.begins("main", due)
    assert due <= begins <= due + timedelta(seconds=600)
    assert begins == schedule(jitter_seconds=600).begins("main", due)
    assert len({late.begins(f"pair {number}", due) for number in range(20)}) > 10
    assert schedule().begins("main", due) == due


@pytest.mark.parametrize(
    ("hours", "moment", "allowed"),
    [
        ("08:00-18:00", "10T07:59", "10T07:59"),
        ("08:00-18:00", "10T08:00", "10T18:00"),
        ("08:00-18:00", "10T17:59", "10T18:00"),
        ("08:00-18:00", "10T18:00", "10T18:00"),
        ("22:00-04:00", "10T23:30", "11T04:00"),
        ("22:00-04:00", "10T03:59", "10T04:00"),
        ("22:00-04:00", "10T04:00", "10T04:00"),
        ("20:00-24:00", "10T23:00", "11T00:00"),
    ],
)
def test_in_blackout_hours_nothing_begins(hours: str, moment: str, allowed: str) -> None:
    one = schedule(blackout=[hours], time_zone="Europe/Berlin")
    at = datetime.fromisoformat(f"2026-11-{moment}").replace(tzinfo=BERLIN)
    assert one.allowed(at) == datetime.fromisoformat(f"2026-11-{allowed}").replace(tzinfo=BERLIN)


def test_blackout_hours_that_meet_are_waited_out_together() -> None:
    one = schedule(blackout=["08:00-12:00", "12:00-18:00"])
    assert one.allowed(datetime(2026, 11, 10, 9, tzinfo=UTC)) == datetime(2026, 11, 10, 18, tzinfo=UTC)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"cron": "", "run": "sync"}, "either cron or every_minutes"),
        ({"cron": "30 2 * * *", "every_minutes": 5}, "either cron or every_minutes"),
        ({"cron": "30 25 * * *"}, "cannot be read"),
        ({"cron": "daily"}, "cannot be read"),
        ({"time_zone": "Europe/Atlantis"}, "no time zone"),
        ({"run": "migrate"}, "needs source"),
        ({"run": "sync", "source": "alma"}, "goes both ways"),
        ({"blackout": ["00:00-12:00", "12:00-24:00"]}, "leave no time"),
        ({"blackout": ["noon"]}, "blackout"),
    ],
)
def test_a_schedule_that_cannot_be_meant_is_refused_with_words(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Schedule.model_validate({"run": "sync", "cron": "30 2 * * *", **values})
    assert words in str(refused.value)
