"""The verbs in order: read both sides, match, plan; then show, ask, apply and verify."""

from datetime import timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.engine.carrying_out import Read, carry_out, declined, read_again
from sync.engine.check import require_maps
from sync.engine.match import match
from sync.engine.plan import Wanted, make_plan
from sync.engine.read import Snapshot, read_alma, read_folio
from sync.engine.running import Confirm, Ended, open_run
from sync.engine.settle import Doubts, settle
from sync.engine.work import Progress, Work, configuration_of
from sync.errors import GuardError
from sync.model import System
from sync.settings import Pair
from sync.store.approval import no_such_plan, require_waiting, seal_plan, unfinished_plan
from sync.store.changes import count_planned, withhold
from sync.store.plans import PlanInfo, PlanStatus, find_plan, plan_info
from sync.store.runs import RunState, end_run, note_plan
from sync.store.snapshots import count_parked, drop_snapshots, refresh_statistics
from sync.transport.connection import Observer
from sync.transport.paging import in_parallel

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_PACKAGES = {System.ALMA: "Alma's collections", System.FOLIO: "FOLIO's packages"}


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
    async with open_run(database, name, pair, progress, "diff", wanted.way, observer) as (work, waiting):
        doubts = await settle(work, waiting)
        plan_id, _ = await _prepare(work, wanted, doubts, dry_run=True)
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
    anew: bool = False,
) -> Ended:
    """Make one system what the other is, or each what the other changed: read, match, plan, ask, apply, verify.

    Without `wanted` FOLIO is made what Alma is, and nothing is removed. A run that was interrupted is taken up by
    starting it again: what it wrote is found and linked, not written twice; and it goes on with its plan, as long as
    that is of the same wish and its readings are fresh, unless it is to begin `anew`.

    Raises:
        GuardError: when the target could not be read so far that what is there already can be told.
        SyncError: whatever keeps the plan from being made or carried out as a whole.
    """
    wanted = wanted or Wanted()
    command = "sync" if wanted.direction is None else "migrate"
    async with open_run(database, name, pair, progress, command, wanted.way, observer) as (work, waiting):
        doubts = await settle(work, waiting)
        plan = None if anew else await _half_done(work, wanted, doubts)
        if plan is None:
            plan_id, read = await _prepare(work, wanted, doubts, dry_run=False)
            plan = await plan_info(database, plan_id)
        else:
            read = await read_again(work, plan)
        approved = not plan.summary.writes or await confirm(plan)
        plan = await plan_info(database, plan.id)  # who confirms may have held parts of it back
        return await carry_out(work, plan, read) if approved else await declined(work, plan)


async def _half_done(work: Work, wanted: Wanted, doubts: Doubts) -> PlanInfo | None:
    """Return the plan that an interrupted run left half done, if this one is to go on with it."""
    within = timedelta(hours=work.pair.policy.resume_within_hours)
    plan = await unfinished_plan(work.database, work.name, wanted.under(configuration_of(work.pair)), within)
    if plan is None or not (left := await count_planned(work.database, plan.id)):
        return None
    await withhold(work.database, plan.id, doubts)
    await note_plan(work.database, work.run_id, plan.id)
    log.info(
        "goes on", action="run.resume", run_id=work.run_id, plan_id=plan.id, begun_by=plan.run_id, changes_left=left
    )
    return plan


async def apply_stored(
    database: AsyncEngine,
    name: str,
    pair: Pair,
    progress: Progress,
    confirm: Confirm,
    plan_id: int,
    observer: Observer | None = None,
) -> Ended:
    """Carry out a stored plan, once; each record is read again just before it is written.

    Raises:
        GuardError: when the plan was carried out before, was replaced by a newer one, or links or configuration have
            changed since it was made.
        ConfigurationError: when there is no such plan of the pair.
        SyncError: whatever keeps the plan from being carried out as a whole.
    """
    way = (await _plan_of(database, name, plan_id)).direction
    async with open_run(database, name, pair, progress, "apply", way, observer) as (work, waiting):
        doubts = await settle(work, waiting)
        plan = await _plan_of(database, name, plan_id)  # somebody may have changed it before we had the lock
        if plan.status != PlanStatus.BEGUN:
            require_waiting(plan_id, plan.status)
        await withhold(database, plan_id, doubts)
        await note_plan(database, work.run_id, plan_id)
        if plan.status != PlanStatus.APPROVED and plan.summary.writes and not await confirm(plan):
            return await declined(work, plan)
        read = await read_again(work, plan)
        return await carry_out(work, plan, read)


async def _plan_of(database: AsyncEngine, name: str, plan_id: int) -> PlanInfo:
    plan = await find_plan(database, name, plan_id)
    if plan is None:
        raise no_such_plan(name, plan_id)
    return plan


async def _prepare(work: Work, wanted: Wanted, doubts: Doubts, *, dry_run: bool) -> tuple[int, Read]:
    """Read both sides, match and plan; return the plan's id and what was read."""
    read = await read_both(work, wanted)
    for snapshot in (read.alma, read.folio):
        if wanted.writes_to(snapshot.system) and snapshot.extraction.elsewhere:
            raise GuardError(
                f"{_PACKAGES[snapshot.system]} were not read completely: {snapshot.extraction.elsewhere[0]}.",
                advice="Nothing was written, since what is there already cannot be told. Run the command again later.",
            )
    await refresh_statistics(work.database)
    matched = await match(work, wanted.way, read.alma, read.folio)
    plan_id = await make_plan(work, wanted, read.alma, read.folio, matched, dry_run=dry_run, doubts=doubts)
    # older plans are replaced before their readings go
    await seal_plan(work.database, plan_id, pair=work.name, configuration=configuration_of(work.pair))
    await drop_snapshots(work.database, pair=work.name, keep=[read.alma.id, read.folio.id])
    return plan_id, read


async def read_both(work: Work, wanted: Wanted) -> Read:
    """Read both sides, side by side; of managed packages of FOLIO only as much as the direction needs.

    Where they are to be left unless Alma has a collection of their name, Alma is read first.
    """
    to_alma = wanted.writes_to(System.ALMA)
    if wanted.writes_to(System.FOLIO):
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
    return Read(alma=snapshots[System.ALMA], folio=snapshots[System.FOLIO])
