"""From a plan to its end: who declined it, what it was made of, how it is carried out, and what is measured by it."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from sync.alma import extractor as alma_extractor
from sync.engine.apply import WAYS, WAYS_BACK, apply_plan
from sync.engine.read import Snapshot, stored_snapshot, unread
from sync.engine.running import Ended, close_run, result_of
from sync.engine.work import Work, configuration_of
from sync.errors import QuotaError
from sync.model import Kind, System
from sync.plan.changes import REMOVALS, Action, Status
from sync.plan.direction import BOTH_WAYS, Direction, directions_of
from sync.plan.guards import SCOPE, SHRUNK
from sync.store.approval import begin_applying, go_on_applying
from sync.store.changes import count_statuses
from sync.store.conflicts import close_followed
from sync.store.plans import PlanInfo, PlanStatus, set_plan_status
from sync.store.runs import RunState, end_run
from sync.store.snapshots import accept_snapshot, adjust_accepted, count_parked, count_records


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """Both systems as they were read."""

    alma: Snapshot
    folio: Snapshot


async def declined(work: Work, plan: PlanInfo) -> Ended:
    """Record that nobody approved a plan."""
    parked = await count_parked(work.database, plan.run_id)
    await end_run(work.database, work.run_id, state=RunState.DONE, message="planned, not approved")
    return Ended(run_id=work.run_id, plan=plan, parked=parked, declined=True)


async def carry_out(work: Work, plan: PlanInfo, read: Read) -> Ended:
    """Carry a plan out, or go on with one that was interrupted, and record how it ended.

    Raises:
        GuardError: when it was carried out before, was replaced, or links or configuration have changed since then.
        SyncError: whatever keeps it from being carried out as a whole.
    """
    database = work.database
    configuration = configuration_of(work.pair)
    if plan.status == PlanStatus.BEGUN:
        await go_on_applying(database, plan.id, run_id=work.run_id)
    else:
        await begin_applying(database, plan.id, run_id=work.run_id, pair=work.name, configuration=configuration)
    paused: QuotaError | None = None
    try:
        ways = WAYS_BACK if plan.takes_back else WAYS
        await apply_plan(work, plan.id, directions_of(plan.direction), read.alma, read.folio, ways)
    except QuotaError as error:
        paused = error
    else:
        await set_plan_status(database, plan.id, PlanStatus.APPLIED)
        await _measure_next_by(database, plan, read)
        await close_followed(database, work.name, run_id=plan.run_id, plan_id=plan.id)
    parked = await count_parked(database, plan.run_id)
    result = await result_of(database, plan.id, parked)
    ended = Ended(run_id=work.run_id, plan=plan, parked=parked, result=result, paused=paused)
    await close_run(database, ended)
    return ended


async def _measure_next_by(database: AsyncEngine, plan: PlanInfo, read: Read) -> None:
    """Let the next readings be measured by these, unless a guard found them too small and nobody approved."""
    doubted = any(guard.tripped and guard.name in (SHRUNK, SCOPE) for guard in plan.guards)
    counts = await count_statuses(database, plan.id)
    waiting = sum(
        number for (_, action, status), number in counts.items() if action in REMOVALS and status is Status.WITHHELD
    )
    if doubted and waiting:
        return
    for snapshot in (read.alma, read.folio):
        grown = await _grown(database, plan, snapshot.system)
        if plan.takes_back:
            await adjust_accepted(database, plan.pair, snapshot.system, grown)
            continue
        held = await count_records(database, snapshot.id)
        await accept_snapshot(database, snapshot.id, held.get(Kind.PACKAGE, 0) + held.get(Kind.HOLDING, 0) + grown)


async def _grown(database: AsyncEngine, plan: PlanInfo, system: System) -> int:
    """Return how many packages and holdings more a system has by this plan."""
    done = await count_statuses(database, plan.id, system=system)
    return sum(
        -number if action in REMOVALS else number
        for (kind, action, status), number in done.items()
        if kind in (Kind.PACKAGE, Kind.HOLDING) and status is Status.VERIFIED and action is not Action.UPDATE
    )


async def read_again(work: Work, plan: PlanInfo) -> Read:
    """Return the readings a stored plan was made of, with Alma's codes as they are now."""
    if plan.takes_back:
        alma, folio = unread(System.ALMA), unread(System.FOLIO)
    else:
        alma = await stored_snapshot(work.database, plan.alma_snapshot or 0)
        folio = await stored_snapshot(work.database, plan.folio_snapshot or 0)
    if plan.direction in (BOTH_WAYS, Direction.FOLIO_TO_ALMA):
        codes = await alma_extractor.read_codes(work.alma, work.pair.maps)
        access_type = work.pair.alma.collection_access_type
        write_codes = await alma_extractor.read_write_codes(work.alma, codes, access_type)
        alma = alma.with_codes(codes, write_codes)
    return Read(alma=alma, folio=folio)
