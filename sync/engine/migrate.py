"""The verbs in order: read both sides, match, plan; for a migration then show, ask, apply and verify."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.engine.apply import apply_plan
from sync.engine.check import require_maps
from sync.engine.plan import Wanted, make_plan
from sync.engine.planning import Matched
from sync.engine.read import Snapshot, read_alma, read_folio
from sync.engine.to_alma.match import match_from_folio
from sync.engine.to_folio.match import match_from_alma
from sync.engine.work import Progress, Work, open_clients, open_search_of
from sync.errors import GuardError, QuotaError, SyncError
from sync.model import System
from sync.plan.changes import Status
from sync.plan.direction import Direction
from sync.settings import Pair
from sync.store.intents import open_intents, supersede_intents
from sync.store.plans import PlanInfo, count_statuses, plan_info, set_plan_status
from sync.store.runs import RunState, end_run, pair_lock, start_run
from sync.store.snapshots import count_parked, drop_snapshots, refresh_statistics
from sync.transport.connection import Observer
from sync.transport.paging import in_parallel

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_PACKAGES = {System.ALMA: "Alma's collections", System.FOLIO: "FOLIO's packages"}

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """Both systems as they were read."""

    alma: Snapshot
    folio: Snapshot


async def diff(
    database: AsyncEngine,
    name: str,
    pair: Pair,
    progress: Progress,
    observer: Observer | None = None,
    *,
    wanted: Wanted | None = None,
) -> Ended:
    """Read, match and plan; write to neither system. Without `wanted` from Alma to FOLIO, removing nothing.

    Raises:
        SyncError: whatever keeps the plan from being made.
    """
    wanted = wanted or Wanted()
    async with _run(database, name, pair, progress, "diff", wanted.direction, observer) as (work, _):
        plan_id, _ = await _prepare(work, wanted)
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
    *,
    wanted: Wanted | None = None,
) -> Ended:
    """Make one system what the other is: read, match, plan, ask, apply, verify.

    Without `wanted` FOLIO is made what Alma is, and nothing is removed.

    A run that was interrupted is taken up by simply migrating again: what it wrote is found and linked, not written
    twice.

    Raises:
        GuardError: when the target could not be read so far that what is there already can be told.
        SyncError: whatever keeps the plan from being made or carried out as a whole.
    """
    wanted = wanted or Wanted()
    async with _run(database, name, pair, progress, "migrate", wanted.direction, observer) as (work, waiting):
        await asyncio.sleep(waiting)
        plan_id, read = await _prepare(work, wanted)
        await supersede_intents(database, name, before_run=work.run_id)
        plan = await plan_info(database, plan_id)
        parked = await count_parked(database, work.run_id)
        declined = bool(plan.summary.writes) and not await confirm(plan)
        if declined:
            await end_run(database, work.run_id, state=RunState.DONE, message="planned, not approved")
            return Ended(run_id=work.run_id, plan=plan, parked=parked, declined=True)
        await set_plan_status(database, plan_id, "approved")
        paused = await _apply(work, plan_id, wanted.direction, read)
        result = await _result(database, plan_id, parked)
        ended = Ended(run_id=work.run_id, plan=plan, parked=parked, result=result, paused=paused)
        await _close(database, ended)
        return ended


async def _apply(work: Work, plan_id: int, direction: Direction, read: _Read) -> QuotaError | None:
    try:
        await apply_plan(work, plan_id, direction, read.alma, read.folio)
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


async def _prepare(work: Work, wanted: Wanted) -> tuple[int, _Read]:
    """Read both sides, match and plan; return the plan's id and what was read."""
    read = await _read(work, wanted.direction)
    target = read.alma if wanted.direction.target is System.ALMA else read.folio
    if target.extraction.elsewhere:
        raise GuardError(
            f"{_PACKAGES[target.system]} were not read completely: {target.extraction.elsewhere[0]}.",
            advice="Nothing was written, since what is there already cannot be told. Run the command again later.",
        )
    await refresh_statistics(work.database)
    matched = await _match(work, wanted.direction, read)
    plan_id = await make_plan(work, wanted, read.alma, read.folio, matched)
    await drop_snapshots(work.database, pair=work.name, keep=[read.alma.id, read.folio.id])
    return plan_id, read


async def _read(work: Work, direction: Direction) -> _Read:
    """Read both sides, side by side; of managed packages of FOLIO only as much as the direction needs.

    Where they are to be left unless Alma has a collection of their name, Alma is read first.
    """
    to_alma = direction is Direction.FOLIO_TO_ALMA
    if not to_alma:
        await require_maps(work.folio, work.pair.maps)
    leave = to_alma and work.pair.policy.managed_packages == "leave"
    all_titles = to_alma and not leave
    snapshots: dict[System, Snapshot] = {}

    async def read(system: System) -> None:
        if system is System.ALMA:
            snapshots[system] = await read_alma(work, to_write=to_alma)
        else:
            beside = snapshots[System.ALMA] if leave else None
            snapshots[system] = await read_folio(work, all_titles=all_titles, beside=beside)

    async for _ in in_parallel(System, read, width=1 if leave else len(System)):
        pass
    return _Read(alma=snapshots[System.ALMA], folio=snapshots[System.FOLIO])


async def _match(work: Work, direction: Direction, read: _Read) -> Matched:
    matching = match_from_alma if direction is Direction.ALMA_TO_FOLIO else match_from_folio
    return await matching(work, read.alma, read.folio)


async def _result(database: AsyncEngine, plan_id: int, parked: int) -> RunResult:
    counts = await count_statuses(database, plan_id)

    def total(*statuses: Status) -> int:
        return sum(number for (*_, status), number in counts.items() if status in statuses)

    return RunResult(
        applied=total(Status.APPLIED, Status.VERIFIED),
        verified=total(Status.VERIFIED),
        skipped=total(Status.SKIPPED),
        failed=total(Status.FAILED) + parked,
        paused=total(Status.PLANNED),
    )


@asynccontextmanager
async def _run(
    database: AsyncEngine,
    name: str,
    pair: Pair,
    progress: Progress,
    command: str,
    direction: Direction,
    observer: Observer | None,
) -> AsyncIterator[tuple[Work, float]]:
    """Yield the work of a new run, under the pair's lock, and record how it ended if it ends with an error.

    With it comes how many seconds to wait before the systems' lists can be believed: an earlier run that broke off
    may have written something they do not show yet.
    """
    async with pair_lock(database, name):
        left_open, seconds_ago = await open_intents(database, name)
        run_id = await start_run(database, pair=name, command=command, direction=direction)
        log.info("run began", action="run.begin", run_id=run_id, pair=name, command=command, writes_left_open=left_open)
        try:
            async with (
                open_clients(name, pair, database, observer) as (alma, folio),
                open_search_of(pair) as search,
            ):
                work = Work(
                    database=database,
                    name=name,
                    pair=pair,
                    run_id=run_id,
                    alma=alma,
                    folio=folio,
                    progress=progress,
                    search=search,
                )
                settling = max(pair.folio.settle_seconds, pair.alma.settle_seconds)
                yield work, max(0.0, settling - seconds_ago) if left_open else 0.0
        except QuotaError as error:
            await end_run(database, run_id, state=RunState.PAUSED, message=error.message, resumes_at=error.resumes_at)
            raise
        except SyncError as error:
            await end_run(database, run_id, state=RunState.FAILED, message=error.message)
            raise
        except asyncio.CancelledError:
            await asyncio.shield(end_run(database, run_id, state=RunState.STOPPED, message="stopped by the user"))
            raise
