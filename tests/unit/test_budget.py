"""The day's calls: counted once, never beyond the reserve, corrected by the server, and anew at UTC midnight."""

import asyncio
import contextlib
from datetime import UTC, date, datetime, timedelta

import pytest

from sync.errors import BugError, QuotaError
from sync.transport.budget import Budget, MemoryLedger

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TODAY = NOON.date()


class Clock:
    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def budget(clock: Clock | None = None, **settings: object) -> Budget:
    return Budget("Alma", clock=clock or Clock(), **{"daily_limit": 100, "reserve": 10, **settings})


async def test_the_reserve_is_never_touched() -> None:
    day = budget()
    for _ in range(90):
        await day.spend(1)

    with pytest.raises(QuotaError) as stopped:
        await day.spend(1)

    assert stopped.value.resumes_at == datetime(2026, 11, 21, tzinfo=UTC)
    assert "2026-11-21 00:00 UTC" in stopped.value.message
    assert day.used == 90
    assert day.remaining == 10


async def test_a_call_that_costs_several_is_counted_whole_or_not_at_all() -> None:
    day = budget()
    await day.spend(88)

    with pytest.raises(QuotaError):
        await day.spend(3)
    await day.spend(2)

    assert day.used == 90


async def test_calls_that_cost_nothing_go_on_at_the_reserve() -> None:
    day = budget()
    await day.spend(90)

    await day.spend(0)

    assert day.used == 90


@pytest.mark.parametrize("limit", [None, 0])
async def test_an_unknown_limit_stops_nothing_until_the_server_reports(limit: int | None) -> None:
    day = budget(daily_limit=limit)
    await day.spend(1_000_000)
    assert day.remaining is None

    day.reported_remaining(12)
    await day.spend(2)
    with pytest.raises(QuotaError):
        await day.spend(1)


async def test_no_reserve_uses_the_last_call() -> None:
    day = budget(reserve=0)
    await day.spend(100)

    with pytest.raises(QuotaError):
        await day.spend(1)


async def test_the_servers_count_corrects_ours_downwards() -> None:
    """Others use the same institution's calls too."""
    day = budget(daily_limit=1000)
    await day.spend(5)

    day.reported_remaining(11)

    assert day.remaining == 11
    await day.spend(1)
    with pytest.raises(QuotaError):
        await day.spend(1)


async def test_a_late_answer_does_not_give_back_calls_already_made() -> None:
    day = budget(daily_limit=None)
    day.reported_remaining(20)
    for _ in range(8):
        await day.spend(1)

    day.reported_remaining(19)

    assert day.remaining == 12


async def test_a_larger_quota_is_believed() -> None:
    day = budget(daily_limit=None)
    day.reported_remaining(20)

    day.reported_remaining(50_000)

    assert day.remaining == 50_000


async def test_the_count_starts_anew_at_utc_midnight() -> None:
    clock = Clock()
    day = budget(clock)
    await day.spend(90)
    day.exhausted()

    clock.now = datetime(2026, 11, 21, 0, 0, 1, tzinfo=UTC)
    await day.spend(90)

    assert day.used == 90


async def test_yesterdays_rest_reported_just_after_midnight_stops_the_work_for_minutes_not_for_a_day() -> None:
    clock = Clock()
    day = budget(clock, daily_limit=None)
    await day.spend(1)
    clock.now = datetime(2026, 11, 21, 0, 2, tzinfo=UTC)
    await day.spend(1)
    day.reported_remaining(9)

    with pytest.raises(QuotaError) as stopped:
        await day.spend(1)
    assert stopped.value.resumes_at == datetime(2026, 11, 21, 0, 15, tzinfo=UTC)

    clock.now = stopped.value.resumes_at
    await day.spend(1)


async def test_the_servers_refusal_stops_all_calls_of_the_day() -> None:
    day = budget()
    day.exhausted()

    with pytest.raises(QuotaError) as stopped:
        await day.spend(1)
    assert stopped.value.resumes_at - NOON == timedelta(hours=12)


async def test_calls_of_an_earlier_process_count() -> None:
    ledger = MemoryLedger()
    first = budget(ledger=ledger)
    await first.spend(85)
    await first.flush()

    second = budget(ledger=ledger)
    await second.spend(5)
    with pytest.raises(QuotaError):
        await second.spend(1)


class CountingLedger(MemoryLedger):
    def __init__(self) -> None:
        super().__init__()
        self.times = 0

    async def take(self, system: str, day: date, calls: int, *, at_most: int | None, reported: int | None) -> bool:
        self.times += 1
        return await super().take(system, day, calls, at_most=at_most, reported=reported)


async def test_calls_are_taken_some_at_a_time_and_the_rest_is_given_back() -> None:
    ledger = CountingLedger()
    day = budget(ledger=ledger, daily_limit=None, take_at_once=100)
    for _ in range(250):
        await day.spend(1)
    day.reported_remaining(777)
    assert ledger.times == 3
    assert ledger.days[("Alma", TODAY)][0] == 300, "a process that dies now has counted too many, never too few"
    assert day.used == 250

    await day.flush()

    assert ledger.days[("Alma", TODAY)] == (250, 777)
    assert day.used == 250


async def test_two_processes_share_a_day_to_the_last_call() -> None:
    ledger = MemoryLedger()
    one, two = budget(ledger=ledger, take_at_once=25), budget(ledger=ledger, take_at_once=25)
    made = 0
    for _ in range(60):
        for process in (one, two):
            with contextlib.suppress(QuotaError):
                await process.spend(1)
                made += 1
    assert made == 90
    assert ledger.days[("Alma", TODAY)][0] == 90


async def test_yesterdays_rest_is_given_back_under_yesterday() -> None:
    clock = Clock()
    ledger = MemoryLedger()
    day = budget(clock, ledger=ledger)
    await day.spend(7)
    clock.now += timedelta(days=1)
    await day.spend(2)
    await day.flush()

    assert ledger.days[("Alma", TODAY)][0] == 7
    assert ledger.days[("Alma", TODAY + timedelta(days=1))][0] == 2


async def test_many_callers_together_never_exceed_the_limit() -> None:
    day = budget()

    outcomes = await asyncio.gather(*(day.spend(1) for _ in range(200)), return_exceptions=True)

    assert sum(outcome is None for outcome in outcomes) == 90
    assert day.used == 90


async def test_a_negative_cost_is_refused() -> None:
    with pytest.raises(BugError):
        await budget().spend(-1)
