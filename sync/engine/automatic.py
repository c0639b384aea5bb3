"""Scheduled runs: what goes through without anybody's word, and what waits for one."""

from sqlalchemy.ext.asyncio import AsyncEngine

from sync.engine.running import Confirm, Ended
from sync.engine.work import configuration_of
from sync.model import Kind
from sync.plan.changes import REMOVALS, Action, Guard
from sync.plan.guards import AUTOMATIC, STAGE
from sync.settings import Pair
from sync.settings.schedules import Approval
from sync.store.approval import costs_today, seal_plan
from sync.store.automatic import count_actions, hold_back, keep_to_stage, left_waiting
from sync.store.changes import count_planned
from sync.store.plans import PlanInfo

SORTS: tuple[tuple[str, tuple[Action, ...]], ...] = (
    ("create", (Action.CREATE, Action.SELECT)),
    ("update", (Action.UPDATE,)),
    ("remove", REMOVALS),
)


def within(database: AsyncEngine, name: str, pair: Pair, approval: Approval) -> Confirm:
    """Return an approval of what is within limits: of a sort with more changes none goes through, they wait."""

    async def confirm(plan: PlanInfo) -> bool:
        counts = await count_actions(database, plan.id)
        held = []
        for sort, actions in SORTS:
            number, most = sum(counts[action] for action in actions), getattr(approval, sort)
            if number > most:
                words = f"{number:,} changes would {sort}, and at most {most:,} go through by themselves"
                guard = Guard(name=f"{AUTOMATIC}:{sort}", value=number, limit=most, tripped=True, explanation=words)
                held.append((actions, guard))
        if held:
            await hold_back(database, plan, held, await costs_today(database, name, pair))
        return await count_planned(database, plan.id) > 0

    return confirm


def by_stage(database: AsyncEngine, name: str, pair: Pair, stage: int) -> Confirm:
    """Return an approval of the next stage of a migration: so many new holdings, with all they need; the rest waits."""

    async def confirm(plan: PlanInfo) -> bool:
        counts = await count_actions(database, plan.id, kind=Kind.HOLDING)
        new = counts[Action.CREATE] + counts[Action.SELECT]
        if new > stage:
            words = f"{stage:,} titles in their packages are moved in one run; the rest comes with the next ones"
            guard = Guard(name=STAGE, value=new, limit=stage, tripped=False, explanation=words)
            await keep_to_stage(database, plan, stage, guard, await costs_today(database, name, pair))
        return await count_planned(database, plan.id) > 0

    return confirm


async def keep_waiting(database: AsyncEngine, name: str, pair: Pair, ended: Ended) -> int | None:
    """Put what a carried-out plan withheld into a new one that waits; return its id, None where nothing was."""
    if ended.result is None or ended.paused is not None:
        return None
    plan_id = await left_waiting(database, ended.plan, run_id=ended.run_id)
    if plan_id is not None:
        await seal_plan(database, plan_id, pair=name, configuration=configuration_of(pair))
    return plan_id
