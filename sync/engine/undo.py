"""undo: make a plan that takes a run back from the records as they were before it, and carry it out like any other.

What the run created is removed, what it changed is restored, what it removed is created again (`sync.plan.take_back`).
Nothing is read for it: each record is read again just before it is written, as always, so that what somebody edited
since the run is reported and left.
"""

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncEngine

from sync.engine.carrying_out import carry_out, declined, read_again
from sync.engine.guards import judge_plan
from sync.engine.planning import Planning, cost_now
from sync.engine.read import unread
from sync.engine.running import Confirm, Ended, RunResult, open_run
from sync.engine.settle import Doubts, settle
from sync.engine.taking_back import Undoing, withhold_removals
from sync.engine.work import Progress, Work, configuration_of
from sync.errors import ConfigurationError
from sync.model import System
from sync.plan.direction import directions_of
from sync.plan.guards import RemovalLimits
from sync.settings import Pair
from sync.store.approval import WAITING, seal_plan
from sync.store.changes import changes_of, withhold
from sync.store.intents import made_by
from sync.store.plans import PlanInfo, PlanStatus, begin_taking_back, finish_plan, plan_info, set_plan_status
from sync.store.runs import RunState, end_run, find_run, note_plan
from sync.store.undoing import half_taken_back, plan_of_run, taken_back_already
from sync.transport.connection import Observer

BATCH = 500


async def plan_undo(
    database: AsyncEngine, name: str, pair: Pair, progress: Progress, run_id: int, *, approved: int | None = None
) -> Ended:
    """Make the plan that takes back what a run wrote, or show the one that was interrupted; write to neither system.

    Raises:
        ConfigurationError, SyncError: as `undo`.
    """
    undone = await _plan_to_undo(database, name, run_id)
    async with open_run(database, name, pair, progress, "undo", undone.direction, None) as (work, waiting):
        doubts = await settle(work, waiting)
        plan = await _plan_of(work, undone, doubts, run_id, approved)
        await end_run(database, work.run_id, state=RunState.DONE, message="planned")
        return Ended(run_id=work.run_id, plan=plan, parked=0)


async def undo(
    database: AsyncEngine,
    name: str,
    pair: Pair,
    progress: Progress,
    confirm: Confirm,
    run_id: int,
    observer: Observer | None = None,
    *,
    approved: int | None = None,
) -> Ended:
    """Take back what a run wrote: the whole plan it carried out. An undo that was interrupted is gone on with.

    `approved` is a ceiling for removals that a person set.

    Raises:
        ConfigurationError: when the pair has no such run, or there is nothing of it to take back.
        SyncError: whatever keeps the plan from being made or carried out as a whole.
    """
    undone = await _plan_to_undo(database, name, run_id)
    async with open_run(database, name, pair, progress, "undo", undone.direction, observer) as (work, waiting):
        doubts = await settle(work, waiting)
        plan = await _plan_of(work, undone, doubts, run_id, approved)
        if plan.summary.writes and not await confirm(plan):
            return await declined(work, plan)
        if plan.status == PlanStatus.SUPERSEDED:
            await end_run(database, work.run_id, state=RunState.DONE, message="nothing to take back")
            return Ended(run_id=work.run_id, plan=plan, parked=0, result=RunResult())
        return await carry_out(work, plan, await read_again(work, plan))


async def _plan_of(work: Work, undone: PlanInfo, doubts: Doubts, run_id: int, approved: int | None) -> PlanInfo:
    """Return the plan that takes a run back: the one that was interrupted, or a new one."""
    plan = await half_taken_back(work.database, undone)
    if plan is None:
        limits = replace(work.pair.policy.removal_limits(approved), may_empty=True)
        return await _make_plan(work, undone, limits, doubts, words=f"takes back run {run_id}")
    await withhold(work.database, plan.id, doubts)
    await note_plan(work.database, work.run_id, plan.id)
    return plan


async def _plan_to_undo(database: AsyncEngine, name: str, run_id: int) -> PlanInfo:
    undone = await plan_of_run(database, name, run_id)
    if await find_run(database, run_id) is None:
        raise ConfigurationError(f"There is no run {run_id}.", advice="List them with: alma-folio-sync runs")
    if undone is None:
        raise ConfigurationError(
            f"Run {run_id} of the pair {name!r} made no plan, or it is kept no longer: nothing can be taken back.",
            advice="Find the run: alma-folio-sync runs",
        )
    if undone.status in WAITING:
        raise ConfigurationError(
            f"Run {run_id} wrote nothing: its plan {undone.id} was not carried out.",
            advice="Find the run that did: alma-folio-sync runs",
        )
    if undone.takes_back:
        raise ConfigurationError(
            f"Run {run_id} took plan {undone.takes_back} back; an undo is not taken back itself.",
            advice="Run sync or migrate, and let through what it holds back: alma-folio-sync plan approve ID --guard "
            "taken-back",
        )
    return undone


async def _make_plan(work: Work, undone: PlanInfo, limits: RemovalLimits, doubts: Doubts, *, words: str) -> PlanInfo:
    database = work.database
    plan_id = await begin_taking_back(database, run_id=work.run_id, rules=work.rules, undone=undone)
    await note_plan(database, work.run_id, plan_id)
    planning = Planning(
        work=work,
        direction=directions_of(undone.direction)[0],
        plan_id=plan_id,
        alma=unread(System.ALMA),
        folio=unread(System.FOLIO),
        doubts=doubts,
    )
    work.progress.begin("plan", None)
    done_with = await taken_back_already(database, undone)
    undoing = Undoing(work=work, undone=undone, made=await made_by(database, undone.id), words=words)
    batch = []
    async for stored in changes_of(database, undone.id):
        if stored.change.id not in done_with:
            batch.append(stored.change)
        if len(batch) >= BATCH:
            await planning.add(await undoing.changes_back(batch))
            work.progress.advance("plan", len(batch))
            batch = []
    await planning.add(await undoing.changes_back(batch))
    guards = [*await withhold_removals(planning, limits), *await judge_plan([planning])]
    tally = planning.tally
    await finish_plan(database, plan_id, summary=tally.summary, guards=guards, cost=cost_now(work, tally.kinds))
    if tally.next_seq == 1:  # nothing to take back: older plans keep their turn
        await set_plan_status(database, plan_id, PlanStatus.SUPERSEDED)
    else:
        await seal_plan(database, plan_id, pair=work.name, configuration=configuration_of(work.pair))
    work.progress.end("plan")
    return await plan_info(database, plan_id)
