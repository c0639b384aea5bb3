"""The verbs in order: read both sides, match, plan; for a migration then show, ask, apply and verify."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.engine.apply import apply_plan
from sync.engine.check import require_maps
from sync.engine.match import match
from sync.engine.plan import plan_alma_to_folio
from sync.engine.read import Snapshot, read_alma, read_folio
from sync.engine.work import Progress, Work, open_clients
from sync.errors import GuardError, QuotaError, SyncError
from sync.model import System
from sync.plan.changes import Status
from sync.settings import Pair
from sync.store.intents import open_intents, supersede_intents
from sync.store.plans import PlanInfo, count_statuses, plan_info, set_plan_status
from sync.store.runs import RunState, end_run, pair_lock, start_run
from sync.store.snapshots import count_parked, drop_snapshots, refresh_statistics
from sync.transport.connection import Observer
from sync.transport.paging import in_parallel

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Confirm = Callable[[PlanInfo], Awaitable[bool]]
"""Shows a plan to somebody and returns whether it may be carried out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """How the changes of a run's plan ended. `failed` counts parked records too: they could not be moved."""

    applied: int = 0
    verified: int = 0
    skipped: int = 0
    failed: int = 0
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


async def diff(
    database: AsyncEngine, name: str, pair: Pair, progress: Progress, observer: Observer | None = None
) -> Ended:
    """Read, match and plan; write to neither system.

    Raises:
        SyncError: whatever keeps the plan from being made.
    """
    async with _run(database, name, pair, progress, "diff", observer) as (work, _):
        plan_id, _ = await _prepare(work)
        plan = await plan_info(database, plan_id)
        await end_run(database, work.run_id, state=RunState.DONE, message="planned")
        return Ended(run_id=work.run_id, plan=plan, parked=await count_parked(database, work.run_id))


async def migrate(
    database: AsyncEngine,
    name: str,
    pair: Pair,
    progress: Progress,
    confirm: Confirm,
    observer: Observer | None = None,
) -> Ended:
    """Move what Alma holds to FOLIO: read, match, plan, ask, apply, verify.

    A run that was interrupted is taken up by simply migrating again: what it wrote is found and linked, not written
    twice.

    Raises:
        GuardError: when FOLIO's packages could not be read completely.
        SyncError: whatever keeps the plan from being made or carried out as a whole.
    """
    async with _run(database, name, pair, progress, "migrate", observer) as (work, waiting):
        await asyncio.sleep(waiting)
        plan_id, alma = await _prepare(work)
        await supersede_intents(database, name, before_run=work.run_id)
        plan = await plan_info(database, plan_id)
        parked = await count_parked(database, work.run_id)
        declined = bool(plan.summary.writes) and not await confirm(plan)
        if declined:
            await end_run(database, work.run_id, state=RunState.DONE, message="planned, not approved")
            return Ended(run_id=work.run_id, plan=plan, parked=parked, declined=True)
        await set_plan_status(database, plan_id, "approved")
        paused = await _apply(work, plan_id, alma)
        result = await _result(database, plan_id, parked)
        ended = Ended(run_id=work.run_id, plan=plan, parked=parked, result=result, paused=paused)
        await _close(database, ended)
        return ended


async def _apply(work: Work, plan_id: int, alma: Snapshot) -> QuotaError | None:
    try:
        await apply_plan(work, plan_id, alma.id)
    except QuotaError as error:
        return error
    await set_plan_status(work.database, plan_id, "applied")
    return None


async def _close(database: AsyncEngine, ended: Ended) -> None:
    result = ended.result or RunResult()
    log.info(
        "run ended",
        action="run.end",
        run_id=ended.run_id,
        verified=result.verified,
        skipped=result.skipped,
        failed=result.failed,
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
            "paused": result.paused,
        },
        resumes_at=ended.paused.resumes_at if ended.paused else None,
    )


async def _prepare(work: Work) -> tuple[int, Snapshot]:
    """Read both sides, match and plan; return the plan's id and Alma's snapshot."""
    await require_maps(work.folio, work.pair.maps)
    snapshots: dict[System, Snapshot] = {}

    async def read(system: System) -> None:
        reading = read_alma(work) if system is System.ALMA else read_folio(work, custom_only=True)
        snapshots[system] = await reading

    async for _ in in_parallel(System, read, width=len(System)):
        pass
    alma, folio = snapshots[System.ALMA], snapshots[System.FOLIO]
    if len(folio.extraction.shortfalls) > len(folio.extraction.incomplete_packages):
        raise GuardError(
            f"FOLIO's packages were not read completely: {folio.extraction.shortfalls[0]}.",
            advice="Nothing was written, since what is there already cannot be told. Run the command again later.",
        )
    await refresh_statistics(work.database)
    package_names, title_names = await match(work, alma, folio)
    plan_id = await plan_alma_to_folio(work, alma, folio, package_names, title_names)
    await drop_snapshots(work.database, pair=work.name, keep=[alma.id, folio.id])
    return plan_id, alma


async def _result(database: AsyncEngine, plan_id: int, parked: int) -> RunResult:
    counts = await count_statuses(database, plan_id)

    def total(*statuses: Status) -> int:
        return sum(number for (_, status), number in counts.items() if status in statuses)

    return RunResult(
        applied=total(Status.APPLIED, Status.VERIFIED),
        verified=total(Status.VERIFIED),
        skipped=total(Status.SKIPPED),
        failed=total(Status.FAILED) + parked,
        paused=total(Status.PLANNED),
    )


@asynccontextmanager
async def _run(
    database: AsyncEngine, name: str, pair: Pair, progress: Progress, command: str, observer: Observer | None
) -> AsyncIterator[tuple[Work, float]]:
    """Yield the work of a new run, under the pair's lock, and record how it ended if it ends with an error.

    With it comes how many seconds to wait before FOLIO's lists can be believed: an earlier run that broke off may
    have written something they do not show yet.
    """
    async with pair_lock(database, name):
        left_open, seconds_ago = await open_intents(database, name)
        run_id = await start_run(database, pair=name, command=command, direction="alma-to-folio")
        log.info("run began", action="run.begin", run_id=run_id, pair=name, command=command, writes_left_open=left_open)
        try:
            async with open_clients(name, pair, database, observer) as (alma, folio):
                work = Work(
                    database=database, name=name, pair=pair, run_id=run_id, alma=alma, folio=folio, progress=progress
                )
                yield work, max(0.0, pair.folio.settle_seconds - seconds_ago) if left_open else 0.0
        except QuotaError as error:
            await end_run(database, run_id, state=RunState.PAUSED, message=error.message, resumes_at=error.resumes_at)
            raise
        except SyncError as error:
            await end_run(database, run_id, state=RunState.FAILED, message=error.message)
            raise
        except asyncio.CancelledError:
            await asyncio.shield(end_run(database, run_id, state=RunState.STOPPED, message="stopped by the user"))
            raise
