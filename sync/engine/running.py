"""A run: the lock it holds, the clients it works with, and how it ended, recorded whatever happens."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.alma.client import AlmaClient
from sync.alma.search import SearchClient
from sync.engine.phases import PhaseClock
from sync.engine.work import Progress, Work, open_clients, open_search_of, systems_of
from sync.errors import QuotaError, SyncError
from sync.folio.client import FolioClient
from sync.plan.changes import Status
from sync.settings import Pair
from sync.store.changes import count_statuses
from sync.store.encoding import storable
from sync.store.intents import open_intents
from sync.store.leases import lease_left, lease_of
from sync.store.plans import PlanInfo
from sync.store.runs import Measures, RunState, end_run, note_measures, note_systems, pair_lock, start_run
from sync.transport.connection import Observer
from sync.transport.redaction import scrub
from sync.transport.undelivered import Deliveries

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Confirm = Callable[[PlanInfo], Awaitable[bool]]
"""Shows a plan to somebody and returns whether it may be carried out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """How the changes of a run's plan ended. `failed` counts parked records too: they could not be moved.

    `parked` are those of them alone.
    """

    applied: int = 0
    verified: int = 0
    skipped: int = 0
    failed: int = 0
    parked: int = 0
    paused: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A run that has ended: its plan, and its result when something was to be written."""

    run_id: int
    plan: PlanInfo
    parked: int
    result: RunResult | None = None
    declined: bool = False
    paused: QuotaError | None = None


async def close_run(database: AsyncEngine, ended: Ended) -> None:
    """Record how a run that wrote ended."""
    result = ended.result or RunResult()
    log.info(
        "run ended",
        action="run.end",
        run_id=ended.run_id,
        verified=result.verified,
        skipped=result.skipped,
        failed=result.failed - result.parked,
        parked=result.parked,
        paused=result.paused,
    )
    await end_run(
        database,
        ended.run_id,
        state=RunState.PAUSED if ended.paused else RunState.DONE,
        message=ended.paused.message if ended.paused else "",
        result={
            "applied": result.applied,
            "verified": result.verified,
            "skipped": result.skipped,
            "failed": result.failed,
            "parked": result.parked,
            "paused": result.paused,
        },
        resumes_at=ended.paused.resumes_at if ended.paused else None,
    )


async def result_of(database: AsyncEngine, plan_id: int, parked: int) -> RunResult:
    """Return how the changes of a plan ended."""
    counts = await count_statuses(database, plan_id)

    def total(*statuses: Status) -> int:
        return sum(number for (*_, status), number in counts.items() if status in statuses)

    return RunResult(
        applied=total(Status.APPLIED, Status.VERIFIED),
        verified=total(Status.VERIFIED),
        skipped=total(Status.SKIPPED),
        failed=total(Status.FAILED) + parked,
        parked=parked,
        paused=total(Status.PLANNED),
    )


@asynccontextmanager
async def open_run(
    database: AsyncEngine,
    name: str,
    pair: Pair,
    progress: Progress,
    command: str,
    way: str,
    observer: Observer | None,
) -> AsyncIterator[tuple[Work, float]]:
    """Yield the work of a new run, under the pair's lock, and record how it ended if it ends with an error.

    With it comes how many seconds to wait before the systems' lists can be believed: an earlier run that broke off
    may have written something they do not show yet.
    """
    async with pair_lock(database, name) as lock:
        left_open, seconds_ago = await open_intents(database, name)
        may_write = await lease_left(database, name)
        run_id = await start_run(database, pair=name, command=command, direction=way)
        log.info("run began", action="run.begin", run_id=run_id, pair=name, command=command, writes_left_open=left_open)
        async with _recorded(database, run_id), lease_of(lock, run_id) as lease:
            await _wait_for(may_write)
            await note_systems(database, name, systems_of(pair))
            async with (
                open_clients(pair, database, observer, lease.check) as (alma, folio),
                open_search_of(pair) as search,
                _measured(database, run_id, (alma, folio, search), progress) as watched,
            ):
                work = Work(
                    database=database,
                    name=name,
                    pair=pair,
                    run_id=run_id,
                    alma=alma,
                    folio=folio,
                    progress=watched,
                    folio_reads=Deliveries("FOLIO", lambda: folio.list_packages(1, 1, selected=True)),
                    search=search,
                )
                settling = max(pair.folio.settle_seconds, pair.alma.settle_seconds)
                yield work, max(0.0, settling - seconds_ago) if left_open else 0.0


async def _wait_for(seconds: float) -> None:
    """Wait until the lease of a run is over that did not say that it ended: its process may be frozen, not gone."""
    if seconds:
        log.warning(
            "an earlier run did not say that it ended, and may still write; waiting",
            action="run.wait",
            seconds=round(seconds, 1),
        )
        await asyncio.sleep(seconds)


@asynccontextmanager
async def _recorded(database: AsyncEngine, run_id: int) -> AsyncIterator[None]:
    """Record how a run ended if it ends with an error, whatever the error is."""
    try:
        yield
    except QuotaError as error:
        await _end(database, run_id, RunState.PAUSED, error.message, resumes_at=error.resumes_at)
        raise
    except SyncError as error:
        await _end(database, run_id, RunState.FAILED, error.message)
        raise
    except asyncio.CancelledError:
        await asyncio.shield(_end(database, run_id, RunState.STOPPED, "stopped by the user"))
        raise
    except Exception as error:
        await _end(database, run_id, RunState.FAILED, scrub(f"unexpected: {type(error).__name__}: {error}")[:500])
        raise


async def _end(
    database: AsyncEngine, run_id: int, state: RunState, message: str, *, resumes_at: datetime | None = None
) -> None:
    try:
        await end_run(database, run_id, state=state, message=storable(message), resumes_at=resumes_at)
    except (SQLAlchemyError, OSError) as error:  # why it ended matters more
        log.warning("how the run ended was not kept", action="run.end", run_id=run_id, error=type(error).__name__)


@asynccontextmanager
async def _measured(
    database: AsyncEngine,
    run_id: int,
    clients: Sequence[AlmaClient | FolioClient | SearchClient | None],
    progress: Progress,
) -> AsyncIterator[Progress]:
    """Yield who watches the run, and record at its end, however it ends, what it took."""
    phases: dict[str, float] = {}

    def told(phase: str, seconds: float) -> None:
        phases[phase] = round(phases.get(phase, 0.0) + seconds, 3)

    clock = PhaseClock(told, progress)
    try:
        yield clock
    finally:
        clock.stop()
        connections = [one.connection for one in clients if one is not None]
        calls = {one.system: dict(one.statistics.counts()) for one in connections}
        try:
            await asyncio.shield(note_measures(database, run_id, Measures(phases=phases, calls=calls)))
        except (SQLAlchemyError, OSError) as error:  # how the run ended matters more
            log.warning("what the run took was not kept", action="run.measures", run_id=run_id, error=str(error))
