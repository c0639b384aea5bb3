"""Runs that are broken off, wherever: nothing is written twice, nothing is lost, and nobody writes behind another."""

import asyncio
import functools
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.engine import apply, work
from sync.errors import LockedError, TransientError
from sync.sandbox.controls import Faults
from sync.sandbox.folio import FolioSwitches
from sync.sandbox.seed import SeedEmbargo, SeedKnowledgeBase, SeedLibrary
from sync.store.runs import RunState, recent_runs, start_run
from sync.transport.connection import Options
from tests.support.expectation import complaints, expect
from tests.support.libraries import collection, journal, knowledge_base, known_title, library, plain_library, portfolio
from tests.support.migrating import PAIR, after_looking, all_done, run_migration
from tests.support.practice import PROXIES, Exchange, Systems, practice_systems
from tests.support.transports import QUICK

LAG_SECONDS = 0.2
SETTLE_SECONDS = 0.5


def _library() -> tuple[SeedLibrary, SeedKnowledgeBase]:
    """Return a library that needs every sort of write: shared, managed, proxied, hidden, with and without details."""
    bibs = [journal(number) for number in range(6)]
    first = [portfolio(0), portfolio(1), portfolio(2, local_embargo=SeedEmbargo(operator=">=", months="6"))]
    second = [portfolio(0), portfolio(3, available=False), portfolio(4, url=""), portfolio(5, local_coverage=())]
    seed = library(
        bibs,
        collection("First", first, proxy_enabled=True, proxy="EZPROXY"),
        collection("Second", second),
    )
    return seed, knowledge_base(known_title(bibs[1]))


def _switches() -> FolioSwitches:
    return FolioSwitches(daily_calls=0, search_lag_seconds=LAG_SECONDS, new_record_lag_seconds=LAG_SECONDS)


WRITES_IN_ALL = 17


@pytest.fixture(autouse=True)
def _dies_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a run that is cancelled die as a killed process does, and not finish what is under way."""
    monkeypatch.setattr(apply, "DRAIN_SECONDS", 0)


@pytest.fixture
def systems() -> Iterator[Systems]:
    seed, known = _library()
    with practice_systems(seed, known, folio=_switches()) as both:
        yield both


async def _finish(database: AsyncEngine, systems: Systems) -> None:
    """Migrate again, until the end, and hold FOLIO against what it must be."""
    pair = systems.pair(folio={"settle_seconds": SETTLE_SECONDS})
    ended = await run_migration(database, systems, pair)
    assert all_done(ended)
    assert complaints(expect(_library()[0], PROXIES), systems.folio) == []
    async with database.connect() as connection:
        left = await connection.scalar(text("select count(*) from intent where state in ('open', 'unknown')"))
    assert left == 0
    systems.folio_writes()
    again = await run_migration(database, systems, pair)
    assert again.plan.summary.writes == 0
    assert systems.folio_writes() == 0


async def _broken_off(run: "asyncio.Task[Any]") -> None:
    with pytest.raises(asyncio.CancelledError):
        await run


async def test_the_library_needs_as_many_writes_as_the_tests_below_suppose(database: AsyncEngine) -> None:
    seed, known = _library()
    with practice_systems(seed, known) as systems:
        assert all_done(await run_migration(database, systems))
        assert systems.folio.controls.writes == WRITES_IN_ALL


@pytest.mark.parametrize("number", [1, 4, 13, *(pytest.param(one, marks=pytest.mark.soak) for one in (2, 7, 10, 17))])
async def test_a_run_killed_between_a_write_and_its_bookkeeping_is_taken_up(
    number: int, database: AsyncEngine, systems: Systems
) -> None:
    loop, writes = asyncio.get_running_loop(), 0
    pair = systems.pair(folio={"settle_seconds": SETTLE_SECONDS})

    async def kill(exchange: Exchange) -> None:
        nonlocal writes
        if exchange.method in ("POST", "PUT") and not exchange.path.startswith("/authn"):
            writes += 1
            if writes == number:
                loop.call_soon_threadsafe(run.cancel)
                await asyncio.sleep(0.2)  # the answer comes when nobody waits for it any longer

    systems.folio_front.meddler = kill
    run = asyncio.create_task(run_migration(database, systems, pair))
    await _broken_off(run)
    systems.folio_front.meddler = None
    (broken,) = await recent_runs(database, pair=PAIR)
    assert broken.state is RunState.STOPPED
    await _finish(database, systems)


@pytest.mark.parametrize("number", [pytest.param(1, marks=pytest.mark.soak), 9])
async def test_a_run_killed_just_before_a_write_is_taken_up(
    number: int, database: AsyncEngine, systems: Systems
) -> None:
    writes = 0

    def kill(method: str, path: str, body: Any) -> None:
        nonlocal writes
        writes += 1
        if writes == number:
            run.cancel()

    pair = systems.pair(folio={"settle_seconds": SETTLE_SECONDS})
    run = asyncio.create_task(run_migration(database, systems, pair, observer=kill))
    await _broken_off(run)
    await _finish(database, systems)


async def test_a_run_killed_again_and_again_gets_there(database: AsyncEngine, systems: Systems) -> None:
    loop, writes = asyncio.get_running_loop(), 0
    pair = systems.pair(folio={"settle_seconds": SETTLE_SECONDS})

    async def kill(exchange: Exchange) -> None:
        nonlocal writes
        if exchange.method in ("POST", "PUT") and not exchange.path.startswith("/authn"):
            writes += 1
            if writes % 3 == 0:
                loop.call_soon_threadsafe(run.cancel)
                await asyncio.sleep(0.1)

    systems.folio_front.meddler = kill
    for _ in range(4):
        run = asyncio.create_task(run_migration(database, systems, pair))
        await _broken_off(run)
    systems.folio_front.meddler = None
    await _finish(database, systems)


@pytest.mark.parametrize("moment", ["/e-collections", "/bibs", "/eholdings/packages"])
async def test_a_run_killed_while_it_reads_leaves_nothing_behind(
    moment: str, database: AsyncEngine, systems: Systems
) -> None:
    loop = asyncio.get_running_loop()

    def kill(exchange: Exchange) -> None:
        if exchange.path.endswith(moment):
            loop.call_soon_threadsafe(run.cancel)

    systems.folio_front.meddler = systems.alma_front.meddler = kill
    run = asyncio.create_task(run_migration(database, systems))
    await _broken_off(run)
    assert systems.folio_writes() == 0
    systems.folio_front.meddler = systems.alma_front.meddler = None
    await _finish(database, systems)


async def test_a_run_that_was_taken_over_writes_nothing_more(database: AsyncEngine) -> None:
    with practice_systems(plain_library([40])) as systems:
        after: list[int] = []
        loop = asyncio.get_running_loop()

        async def take_over() -> None:
            await start_run(database, pair=PAIR, command="migrate")
            after.append(systems.folio.controls.writes)

        taking: list[asyncio.Task[None]] = []

        def notice(method: str, path: str, body: Any) -> None:
            if path == "/eholdings/titles" and not taking:
                taking.append(loop.create_task(take_over()))

        with pytest.raises(LockedError, match="taken over"):
            await run_migration(database, systems, observer=notice)
        await taking[0]
        in_flight = systems.pair().folio.calls_in_flight
        assert systems.folio.controls.writes <= after[0] + 2 * in_flight
        assert systems.folio.controls.writes < 40


@pytest.fixture
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let calls that failed be repeated at once."""
    monkeypatch.setattr(work, "Options", functools.partial(Options, retry=QUICK))


@pytest.mark.usefixtures("quick_retries")
async def test_a_folio_that_answers_nobody_any_longer_ends_the_run_and_not_every_change(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apply, "UNREACHED_IN_A_ROW", 5)
    seed = plain_library([40])
    with practice_systems(seed) as systems:

        def break_down() -> None:
            systems.folio.controls.set_faults(Faults(fail_before=1.0, skip_paths=("/authn", "/eholdings/packages")))

        pair = systems.pair(folio={"settle_seconds": 0})
        with pytest.raises(TransientError):
            await run_migration(database, systems, pair, confirm=after_looking(break_down))
        (run,) = await recent_runs(database, pair=PAIR)
        assert run.state is RunState.FAILED
        async with database.connect() as connection:
            rows = await connection.execute(text("select status, count(*) from change where kind = 'title' group by 1"))
            standing = dict(rows.all())
        assert 5 <= standing["failed"] < 5 + apply.CHANGES_AT_ONCE
        assert standing["planned"] > 0

        systems.folio.controls.set_faults(Faults())
        assert all_done(await run_migration(database, systems, pair))
        assert complaints(expect(seed, PROXIES), systems.folio) == []
