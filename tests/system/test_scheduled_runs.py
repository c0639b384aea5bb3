"""Scheduled runs: each due moment once, whoever sees it; within limits by themselves; tried again, then left to us."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from sqlalchemy import select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.engine import running
from sync.engine.running import Ended
from sync.errors import SyncError
from sync.plan.approvable import Choice
from sync.sandbox.controls import Faults
from sync.service.daemon import Daemon
from sync.service.errands import Errand
from sync.service.watch import Watch
from sync.service.worker import Worker, note_due
from sync.settings import DaemonSettings, MailSettings, Pair, Settings
from sync.settings.schedules import Schedule
from sync.store.approval import approve_changes, costs_today
from sync.store.plans import PlanInfo, recent_plans
from sync.store.runs import RunState, pair_lock, recent_runs, start_run
from sync.store.standing import last_in_step
from sync.store.tables import run, tick
from sync.store.ticks import Tick, TickState, is_left, last_tick, recent_ticks, tick_of_run, waiting_tick, work_of
from tests.support.commands import free_port, writes
from tests.support.libraries import journal, plain_library, portfolio
from tests.support.migrating import PAIR, Quiet, run_diff, run_migration
from tests.support.practice import Systems, practice_systems

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def schedule(**values: Any) -> Schedule:
    return Schedule.model_validate({"run": "sync", "every_minutes": 60, "approve": {"create": 1000}, **values})


class Office:
    """One daemon's work on one pair of practice systems."""

    def __init__(self, database: AsyncEngine, systems: Systems, plan: Schedule, **settings: Any) -> None:
        self.database = database
        self.systems = systems
        self.pair: Pair = systems.pair(
            alma={"settle_seconds": 0.1}, policy={"max_shrink_percent": 100, "max_removals": 1000}
        )
        self.told: list[tuple[Tick | None, Ended | None, SyncError | None]] = []
        self.worker = Worker(
            errand=Errand(database=database, name=PAIR, pair=self.pair, progress=Quiet()),
            schedule=plan,
            settings=DaemonSettings(retry_seconds=60, **settings),
            tell=self._tell,
            since=datetime.now(UTC) - timedelta(hours=1),
        )

    async def _tell(self, one: Tick | None, ended: Ended | None, error: SyncError | None) -> None:
        self.told.append((one, ended, error))

    async def due(self) -> Tick:
        """Let a run be due now, and do it."""
        await self._a_while_later()
        await self.worker.work()
        found = await last_tick(self.database, PAIR)
        assert found is not None
        return found

    async def again(self) -> Tick:
        """Let the time come to which a run was put off, and do it."""
        async with self.database.begin() as connection:
            await connection.execute(update(tick).values(begins_at=LONG_AGO))
        await self.worker.work()
        found = await last_tick(self.database, PAIR)
        assert found is not None
        return found

    async def _a_while_later(self) -> None:
        """Let all that was due so far be an hour older, so that another run is due by now."""
        hour = timedelta(hours=1)
        async with self.database.begin() as connection:
            for one in (await connection.execute(select(tick.c.due_at).order_by(tick.c.due_at))).scalars().all():
                moved = update(tick).where(tick.c.due_at == one)
                await connection.execute(moved.values(due_at=one - hour, begins_at=tick.c.begins_at - hour))
        latest = await last_tick(self.database, PAIR)
        if latest is None:
            await self._pretend_one_was_due()

    async def _pretend_one_was_due(self) -> None:
        due = self.worker.schedule.latest_due(datetime.now(UTC) - 3 * timedelta(hours=1), datetime.now(UTC))
        assert due is not None
        row = {"pair": PAIR, "due_at": due - timedelta(hours=1), "what": "sync", "state": "done", "begins_at": due}
        async with self.database.begin() as connection:
            await connection.execute(tick.insert().values(row))


@asynccontextmanager
async def office(database: AsyncEngine, plan: Schedule, sizes: list[int], **settings: Any) -> AsyncIterator[Office]:
    with practice_systems(plain_library(sizes)) as systems:
        yield Office(database, systems, plan, **settings)


async def test_a_due_moment_is_one_row_however_many_daemons_saw_it(database: AsyncEngine) -> None:
    plan, began = schedule(), datetime(2026, 11, 10, 11, 50, tzinfo=UTC)
    for minutes in (5, 15, 20, 25, 90):
        await note_due(database, PAIR, plan, began + timedelta(minutes=minutes), since=began)
    found = await recent_ticks(database, PAIR, 10)
    assert [one.due_at.hour for one in found] == [13, 12], "what was due before the daemon began is not its own"


async def test_what_was_missed_is_caught_up_once_and_what_had_not_begun_is_skipped(database: AsyncEngine) -> None:
    plan, noon = schedule(), datetime(2026, 11, 10, 12, 0, tzinfo=UTC)
    await note_due(database, PAIR, plan, noon, since=noon - timedelta(minutes=1))
    first = await last_tick(database, PAIR)
    assert first is not None
    assert first.due_at == noon
    # the daemon was away over night
    morning = noon + timedelta(hours=20, minutes=5)
    await note_due(database, PAIR, plan, morning, since=morning)
    found = await recent_ticks(database, PAIR, 30)
    assert [(one.due_at, one.state) for one in found] == [
        (noon + timedelta(hours=20), TickState.DUE),
        (noon, TickState.SKIPPED),
    ]


async def test_a_clock_that_was_ahead_for_a_while_keeps_nothing_from_being_due(database: AsyncEngine) -> None:
    plan, noon = schedule(), datetime(2026, 11, 10, 12, 0, tzinfo=UTC)
    await note_due(database, PAIR, plan, noon, since=noon - timedelta(minutes=1))
    years_on = noon + timedelta(days=4000)
    await note_due(database, PAIR, plan, years_on, since=years_on)
    afternoon = noon + timedelta(hours=3, minutes=5)
    await note_due(database, PAIR, plan, afternoon, since=noon)
    found = {one.due_at for one in await recent_ticks(database, PAIR, 10) if one.due_at < years_on - timedelta(days=1)}
    assert found == {noon, noon + timedelta(hours=3)}


async def test_one_daemon_at_a_time_works_on_a_pair(database: AsyncEngine) -> None:
    async with office(database, schedule(), [2]) as one:
        async with work_of(database, PAIR) as held:
            assert held
            found = await one.due()
            assert (found.state, writes(one.systems)) == (TickState.DUE, 0)
        found = await one.again()
        assert (found.state, one.told[-1][1] is not None) == (TickState.DONE, True)


async def test_a_persons_run_is_waited_for_and_that_is_no_failure(database: AsyncEngine) -> None:
    async with office(database, schedule(), [2]) as one:
        async with pair_lock(database, PAIR):
            found = await one.due()
        assert (found.state, found.attempts, one.told) == (TickState.DUE, 0, [])
        assert found.begins_at > datetime.now(UTC)
        assert (await one.again()).state is TickState.DONE


async def test_a_sync_goes_through_within_its_limits_and_the_rest_waits_in_a_plan_of_its_own(
    database: AsyncEngine,
) -> None:
    plan = schedule(approve={"create": 100, "update": 1, "remove": 0})
    async with office(database, plan, [4]) as one:
        assert (await one.due()).state is TickState.DONE
        assert len(one.systems.folio.resources()) == 4
        alma, before = one.systems.alma, one.systems.folio.controls.writes
        for number in (0, 1):
            (own,) = alma.portfolios(mms_id=alma.mms_id(journal(number).key))
            alma.edit_portfolio(str(own["id"]), linking_details={"static_url": "jkey=https://new.example.org/"})
        alma.add_bib(journal(9))
        alma.add_portfolio(str(alma.services()[0]["id"]), portfolio(9))
        found = await one.due()
        assert "2 withheld" in found.message
        assert len(one.systems.folio.resources()) == 5, "what is new went through"
        assert not any(held.resource.url == "https://new.example.org/" for held in one.systems.folio.resources())

        # what waits is a plan that a person can approve; then the daemon carries it out
        (waiting, *_) = await recent_plans(database, PAIR, 1)
        assert (waiting.status, waiting.summary.withheld) == ("draft", 2)
        cost_of = await costs_today(database, PAIR, one.pair)
        await approve_changes(database, PAIR, waiting.id, Choice(guard="automatic:update"), cost_of)
        before = one.systems.folio.controls.writes
        await one.worker.work()
        assert one.systems.folio.controls.writes > before
        changed = [held for held in one.systems.folio.resources() if held.resource.url == "https://new.example.org/"]
        assert len(changed) == 2
        assert "nothing to do" in (await one.due()).message


async def test_a_diff_writes_nothing_and_waits_to_be_approved(database: AsyncEngine) -> None:
    async with office(database, schedule(run="diff", source="alma"), [3]) as one:
        found = await one.due()
        assert (found.state, writes(one.systems)) == (TickState.DONE, 0)
        assert "wait for approval" in found.message


async def test_a_migration_goes_stage_by_stage(database: AsyncEngine) -> None:
    async with office(database, schedule(run="migrate", source="alma", stage=4), [5, 5]) as one:
        moved = []
        for _ in range(4):
            await one.due()
            moved.append(len(one.systems.folio.resources()))
        assert moved == [4, 8, 10, 10]


async def test_a_migration_whose_titles_fit_into_one_stage_is_not_told_to_have_more(database: AsyncEngine) -> None:
    async with office(database, schedule(run="migrate", source="alma", stage=5), [5]) as one:
        await one.due()
        (plan, *_) = await recent_plans(database, PAIR, 1)
        assert "stage" not in {guard.name for guard in plan.guards}
        assert len(one.systems.folio.resources()) == 5


async def test_a_reload_takes_what_may_change_and_readiness_asks_only_for_pairs_with_a_schedule(
    database: AsyncEngine,
) -> None:
    with practice_systems(plain_library([1])) as systems:
        pair = systems.pair()
        scheduled = pair.model_copy(update={"schedule": schedule()})
        mail = MailSettings(host="127.0.0.1", sender="a@example.edu", to=("b@example.edu",))
        first = Settings(pairs={"one": scheduled, "two": scheduled})
        later = first.model_copy(
            update={
                "database": first.database.model_copy(update={"keep_days": 30}),
                "mail": mail,
                "pairs": {"one": scheduled, "two": pair},
            }
        )
        daemon = Daemon(database=database, settings=first, load=lambda: later, watch=Watch())
        stopping = asyncio.Event()
        running = asyncio.create_task(daemon.run(stopping))
        await asyncio.sleep(0)
        assert daemon.reload()
        await asyncio.wait_for(asyncio.shield(daemon.workers["two"]), 30)
        assert (daemon.watch.mail, daemon.settings.database.keep_days, daemon.idle) == (mail, 30, [])
        stopping.set()
        await running


async def test_a_run_that_fails_is_tried_again_at_growing_distances_and_then_left(database: AsyncEngine) -> None:
    async with office(database, schedule(), [2], attempts=3) as one:
        one.systems.alma.controls.set_faults(Faults(fail_before=1.0))
        found, waits = await one.due(), []
        for _ in range(2):
            waits.append(round((found.begins_at - datetime.now(UTC)).total_seconds() / 60))
            assert (found.state, bool(found.message)) == (TickState.DUE, True)
            found = await one.again()
        assert waits == [1, 5]
        assert (found.state, found.attempts) == (TickState.LEFT, 2)
        assert await is_left(database, PAIR)
        assert [error is not None for _, _, error in one.told] == [True] * 3
        one.systems.alma.controls.set_faults(Faults())
        assert (await one.due()).state is TickState.DONE, "the next one is not kept back by it"
        assert not await is_left(database, PAIR)


async def test_a_pause_for_quota_ends_by_itself_after_midnight(database: AsyncEngine) -> None:
    async with office(database, schedule(), [6]) as one:
        one.systems.alma.use_up(one.systems.alma.calls_left - 8)
        found = await one.due()
        midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        assert (found.state, found.attempts) == (TickState.DUE, 0)
        assert midnight <= found.begins_at <= midnight + timedelta(minutes=10)
        one.systems.alma.controls.clock.forward(days=1)
        async with database.begin() as connection:
            await connection.execute(text("delete from budget"))
        assert (await one.again()).state is TickState.DONE
        assert len(one.systems.folio.resources()) == 6


async def test_runs_of_one_pair_never_overlap(database: AsyncEngine) -> None:
    async with office(database, schedule(), [3]) as one:
        second = Office(database, one.systems, schedule())
        await one._pretend_one_was_due()
        await asyncio.gather(*(each.worker.work() for each in (one, second, one, second)))
        async with database.connect() as connection:
            runs = (await connection.execute(select(run.c.id))).all()
        assert len(runs) == 1
        assert await waiting_tick(database, PAIR) is None


# --- mails


class Letters(Message):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Any] = []

    def handle_message(self, message: Any) -> None:
        self.found.append(message)


async def test_a_mail_is_written_after_a_run_that_changed_failed_or_needs_a_decision_and_else_none(
    database: AsyncEngine,
) -> None:
    letters = Letters()
    server = Controller(letters, hostname="127.0.0.1", port=free_port())
    server.start()
    try:
        mail = MailSettings(
            host="127.0.0.1", port=server.port, encryption="none",
            sender="sync@library.example.edu", to=("eresources@library.example.edu",),
        )  # fmt: skip
        watch = Watch(mail=mail)
        with practice_systems(plain_library([2])) as systems:
            changed = await run_migration(database, systems)
            await watch.tell(PAIR, None, changed, None)
            await watch.tell(PAIR, None, await run_migration(database, systems), None)
        await watch.tell(PAIR, None, None, SyncError("Alma does not answer.", advice="See whether it is up."))
    finally:
        server.stop()
    subjects = [one["Subject"] for one in letters.found]
    assert subjects == ["alma-folio-sync, main: a run changed records", "alma-folio-sync, main: a run failed"]
    assert letters.found[0]["To"] == "eresources@library.example.edu"
    assert "changes verified" in letters.found[0].get_payload()
    assert "See whether it is up." in letters.found[1].get_payload()


async def test_the_numbers_tell_what_was_done_and_where_a_pair_stands(database: AsyncEngine) -> None:
    watch = Watch()
    with practice_systems(plain_library([2])) as systems:
        pair = systems.pair()
        await watch.tell(PAIR, None, await run_migration(database, systems, pair), None)
        found = (await watch.metrics.text(database, {PAIR: pair})).decode()
    assert 'alma_folio_sync_records_total{outcome="verified",pair="main"} 5.0' in found
    assert 'alma_folio_sync_open_conflicts{pair="main"} 0.0' in found
    assert 'alma_folio_sync_open_intents{pair="main"} 0.0' in found
    assert "alma_folio_sync_in_step_age_seconds" in found
    assert 'alma_folio_sync_calls_today{pair="main",system="FOLIO"}' in found
    # so that the first failure is seen as one more
    assert 'alma_folio_sync_records_total{outcome="failed",pair="main"} 0.0' in found
    assert 'alma_folio_sync_runs_total{outcome="transient",pair="main"} 0.0' in found


async def test_the_calls_of_yesterday_and_a_pair_that_went_are_no_longer_told(database: AsyncEngine) -> None:
    watch = Watch()
    with practice_systems(plain_library([2])) as systems:
        pair = systems.pair()
        await run_migration(database, systems, pair)
        assert b"alma_folio_sync_calls_today{" in await watch.metrics.text(database, {PAIR: pair})
        async with database.begin() as connection:
            await connection.execute(text("update budget set day = day - 1"))
        assert b"alma_folio_sync_calls_today{" not in await watch.metrics.text(database, {PAIR: pair})
        assert b"alma_folio_sync_open_conflicts{" not in await watch.metrics.text(database, {})


async def test_a_plan_that_nobody_approved_brings_nothing_in_step(database: AsyncEngine) -> None:
    async def refuse(plan: PlanInfo) -> bool:
        return False

    with practice_systems(plain_library([2])) as systems:
        await run_migration(database, systems, confirm=refuse)
        await run_diff(database, systems)
        assert await last_in_step(database, PAIR) is None
        await run_migration(database, systems)
        brought = await last_in_step(database, PAIR)
        assert brought is not None
        await run_diff(database, systems)
        found = await last_in_step(database, PAIR)
        assert found is not None
        assert found > brought, "a diff that finds nothing to do proves it too"


async def test_numbers_that_are_read_twice_at_once_are_whole_in_each_answer(database: AsyncEngine) -> None:
    watch = Watch()
    with practice_systems(plain_library([2])) as systems:
        pair = systems.pair()
        await run_migration(database, systems, pair)

        async def read(later: float) -> bytes:
            await asyncio.sleep(later)
            return await watch.metrics.text(database, {PAIR: pair})

        for _ in range(10):
            for found in await asyncio.gather(*(read(0.004 * number) for number in range(4))):
                assert b"alma_folio_sync_open_conflicts{" in found
                assert b"alma_folio_sync_open_intents{" in found


async def test_a_run_left_for_a_person_stays_so_until_one_is_done(database: AsyncEngine) -> None:
    now = datetime.now(UTC)
    states = (TickState.LEFT, TickState.SKIPPED, TickState.DUE, TickState.DONE)
    for number, state in enumerate(states):
        due = now + timedelta(hours=number)
        async with database.begin() as connection:
            await connection.execute(
                tick.insert().values(pair=PAIR, due_at=due, what="sync", state=state, begins_at=due)
            )
        assert await is_left(database, PAIR) is (state is not TickState.DONE)


async def test_a_run_of_a_person_is_not_told_to_be_the_scheduled_one_that_waits_for_it(database: AsyncEngine) -> None:
    async with office(database, schedule(), [2]) as one, pair_lock(database, PAIR):
        run_id = await start_run(database, pair=PAIR, command="migrate")
        assert (await one.due()).state is TickState.DUE
        assert await tick_of_run(database, run_id) is None


async def test_what_a_run_took_is_not_worth_a_failure(database: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise OperationalError("update run", {}, ConnectionError("the server closed the connection"))

    monkeypatch.setattr(running, "note_measures", fail)
    with practice_systems(plain_library([2])) as systems:
        ended = await run_migration(database, systems)
    assert ended.result is not None
    (one,) = await recent_runs(database)
    assert (one.state, one.measures) == (RunState.DONE, None)
