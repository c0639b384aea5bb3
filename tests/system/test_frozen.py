"""A run that was frozen while another one took over writes nothing more when it wakes up.

Its database sessions are ended meanwhile, as a server or a network does with those that are silent for long.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.errors import LockedError
from sync.store import leases
from sync.store.leases import Lease, lease_left, lease_of, this_process
from sync.store.runs import RunState, end_run, pair_lock, recent_runs, start_run
from tests.support.commands import Place, configuration, ended, until
from tests.support.expectation import complaints, expect
from tests.support.libraries import plain_library
from tests.support.migrating import PAIR, run_migration
from tests.support.practice import PROXIES, practice_systems

COMMAND = ("migrate", "--from", "alma", "--to", "folio", "--yes", "--format", "json")
OTHERS = """
select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
"""
LOCKED, GONE_ON = 5, 0


async def _end_sessions(database: AsyncEngine) -> None:
    await database.dispose()
    async with database.connect() as connection:
        await connection.execute(text(OTHERS))


async def test_a_process_that_was_frozen_while_another_took_over_writes_nothing_more(
    database_url: str, database: AsyncEngine, tmp_path: Path
) -> None:
    seed = plain_library([30, 30])
    with practice_systems(seed) as systems:
        place = Place(folder=tmp_path)
        place.configure(configuration(systems, database_url))
        folio = systems.folio.controls
        async with place.started(*COMMAND) as frozen:
            await until(lambda: folio.writes >= 20, within=frozen)
            frozen.send_signal(signal.SIGSTOP)
            await _end_sessions(database)

            other = await place.run(*COMMAND)
            assert other.code == GONE_ON, other.err
            assert complaints(expect(seed, PROXIES), systems.folio) == []
            writes = folio.writes

            frozen.send_signal(signal.SIGCONT)
            woken = await ended(frozen)

        assert folio.writes == writes
        assert woken.code == LOCKED
        assert "writes nothing more" in woken.err
        assert complaints(expect(seed, PROXIES), systems.folio) == []
        states = {one.id: one.state for one in await recent_runs(database, pair=PAIR)}
        assert list(states.values()) == [RunState.DONE, RunState.FAILED]


async def test_a_run_whose_lock_session_ends_stops_at_once(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "LEASE_SECONDS", 2.0)
    with practice_systems(plain_library([300])) as systems:
        writes: list[int] = []
        ending: list[asyncio.Task[None]] = []

        async def end_lock() -> None:
            async with database.connect() as connection:
                await connection.execute(
                    text("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted")
                )

        def notice(method: str, path: str, body: Any) -> None:
            if path == "/eholdings/titles" and not ending:
                ending.append(asyncio.get_running_loop().create_task(end_lock()))

        systems.folio_front.meddler = _slowly
        with pytest.raises(LockedError, match="lock, has ended"):
            await run_migration(database, systems, observer=notice)
        writes.append(systems.folio.controls.writes)
        await asyncio.sleep(0.3)
        assert systems.folio.controls.writes == writes[0] < 300
        (run,) = await recent_runs(database, pair=PAIR)
        assert (run.state, "writes nothing more" in run.message) == (RunState.FAILED, True)


async def _slowly(_: object) -> None:
    await asyncio.sleep(0.1)


@pytest.fixture
async def begun(database: AsyncEngine) -> AsyncIterator[Callable[[], Awaitable[int]]]:
    """Give what begins a run and holds its lease, as long as the test goes on."""
    async with pair_lock(database, PAIR) as lock:

        async def begin() -> int:
            run_id = await start_run(database, pair=PAIR, command="migrate")
            async with lease_of(lock, run_id, seconds=30):
                return run_id

        yield begin


async def test_nobody_waits_for_a_run_that_said_that_it_ended_nor_for_a_process_that_is_gone(
    database: AsyncEngine, begun: Callable[[], Awaitable[int]]
) -> None:
    run_id = await begun()
    assert await lease_left(database, PAIR) == 0.0, "this process knows that it holds no lease any longer"

    await _say_process(database, f"{' '.join(this_process().split()[:2])} 4194999 1")
    assert await lease_left(database, PAIR) == 0.0, "no process of this machine has that number"

    await _say_process(database, "another machine's boot pid:[1] 17 4711")
    assert 25 < await lease_left(database, PAIR) <= 30, "of another machine nobody knows"
    assert await lease_left(database, "other") == 0.0

    await end_run(database, run_id, state=RunState.DONE)
    assert await lease_left(database, PAIR) == 0.0


async def _say_process(database: AsyncEngine, process: str) -> None:
    async with database.begin() as connection:
        await connection.execute(text("update run set process = :process"), {"process": process})


async def test_a_lease_that_could_not_be_renewed_in_time_is_over_for_good(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = leases.lease_clock()
    async with pair_lock(database, PAIR) as lock:
        run_id = await start_run(database, pair=PAIR, command="migrate")
        lease = Lease(lock, run_id, 30)
        await lease.renew()
        lease.check()
        monkeypatch.setattr(leases, "lease_clock", lambda: now + 3600)
        with pytest.raises(LockedError, match="was this machine asleep"):
            lease.check()
        monkeypatch.setattr(leases, "lease_clock", lambda: now)
        await lease.renew()
        with pytest.raises(LockedError):
            lease.check()


async def test_a_lease_ends_where_another_run_has_taken_over(database: AsyncEngine) -> None:
    async with pair_lock(database, PAIR) as lock:
        run_id = await start_run(database, pair=PAIR, command="migrate")
        lease = Lease(lock, run_id, 30)
        await start_run(database, pair=PAIR, command="migrate")
        await lease.renew()
        with pytest.raises(LockedError, match="another run has taken over"):
            lease.check()


async def test_a_run_that_has_said_that_it_ended_is_not_taken_for_one_that_was_overtaken(database: AsyncEngine) -> None:
    async with pair_lock(database, PAIR) as lock:
        run_id = await start_run(database, pair=PAIR, command="migrate")
        lease = Lease(lock, run_id, 30)
        await end_run(database, run_id, state=RunState.DONE)
        await lease.renew()
        lease.check()
    await _say_process(database, "another machine's boot pid:[1] 17 4711")
    assert await lease_left(database, PAIR) == 0.0, "and nobody waits for it"
