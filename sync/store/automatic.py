"""What a scheduled run holds back of its plan, and what of it waits in a plan of its own afterwards."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import msgspec
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from sync.model import Kind, System
from sync.plan.changes import Action, Cost, Guard, Status, Summary
from sync.plan.cost import Step
from sync.store.changes import FOR_HOLDINGS, Outcome
from sync.store.choosing import CostOf
from sync.store.encoding import encode
from sync.store.plans import PlanInfo, PlanStatus, plan_info
from sync.store.queries import sql
from sync.store.tables import change, plan


def guarded(guard: Guard) -> dict[str, str]:
    """Return what is stored with a change that a guard withheld."""
    advice = "To let it through: alma-folio-sync plan approve ID --guard NAME"
    outcome = Outcome(reason=f"guard {guard.name}: {guard.explanation}", error="guard", advice=advice)
    return dict(msgspec.to_builtins(outcome))


async def count_actions(engine: AsyncEngine, plan_id: int, *, kind: Kind | None = None) -> Counter[Action]:
    """Return how many planned changes of a plan do what, of one kind or of all."""
    query = (
        select(change.c.action, func.count())
        .where(change.c.plan_id == plan_id, change.c.status == Status.PLANNED)
        .group_by(change.c.action)
    )
    if kind is not None:
        query = query.where(change.c.kind == kind)
    async with engine.connect() as connection:
        return Counter({Action(action): int(number) for action, number in await connection.execute(query)})


async def hold_back(
    engine: AsyncEngine, one: PlanInfo, held: Sequence[tuple[tuple[Action, ...], Guard]], cost_of: CostOf
) -> None:
    """Withhold the planned changes that do this, each sort under its guard."""
    async with engine.begin() as connection:
        for actions, guard in held:
            planned = (change.c.plan_id == one.id, change.c.status == Status.PLANNED, change.c.action.in_(actions))
            values = {"status": Status.WITHHELD, "outcome": guarded(guard)}
            await connection.execute(update(change).where(*planned).values(values))
        await _recount(connection, one, [guard for _, guard in held], cost_of)


async def keep_to_stage(engine: AsyncEngine, one: PlanInfo, stage: int, guard: Guard, cost_of: CostOf) -> None:
    """Withhold the new holdings after the first ones, as many as one stage has; titles wait with their holdings."""
    outcome = encode(guarded(guard)).decode()
    parameters = {"plan_id": one.id, "stage": stage, "outcome": outcome, "titles": FOR_HOLDINGS}
    async with engine.begin() as connection:
        await connection.execute(text("analyze change"))
        await connection.execute(sql("withhold_later_holdings"), parameters)
        await connection.execute(sql("withhold_their_titles"), parameters)
        await _recount(connection, one, [guard], cost_of)


async def _recount(connection: AsyncConnection, one: PlanInfo, guards: Sequence[Guard], cost_of: CostOf) -> None:
    columns = (change.c.system, change.c.kind, change.c.action, change.c.status)
    query = select(*columns, func.count()).where(change.c.plan_id == one.id).group_by(*columns)
    kinds: Counter[Step] = Counter()
    summary = replace(one.summary, create=0, update=0, remove=0, withheld=0)
    for system, kind, action, status, number in await connection.execute(query):
        summary.add(Action(action), Status(status), number)
        if status == Status.PLANNED:
            kinds[System(system), Kind(kind), Action(action)] += number
    values = {
        "summary": msgspec.to_builtins(summary),
        "guards": msgspec.to_builtins([*one.guards, *guards]),
        "cost": msgspec.to_builtins(cost_of(kinds)),
    }
    await connection.execute(update(plan).where(plan.c.id == one.id).values(values))


async def left_waiting(engine: AsyncEngine, done: PlanInfo, *, run_id: int) -> int | None:
    """Return a new plan with what a carried-out one withheld, for a person to let through; None when there was nothing.

    It is made of the same readings; to be sealed before anybody can approve it.
    """
    withheld = select(func.count()).where(change.c.plan_id == done.id, change.c.status == Status.WITHHELD)
    async with engine.begin() as connection:
        number = int((await connection.execute(withheld)).scalar_one())
        if not number:
            return None
        row = (await connection.execute(select(plan).where(plan.c.id == done.id))).mappings().one()
        same = ("pair", "direction", "rules", "asked", "alma_snapshot", "folio_snapshot", "takes_back", "guards")
        summary = Summary(withheld=number, conflict=done.summary.conflict, unchanged=done.summary.unchanged)
        values = {
            **{name: row[name] for name in same},
            "run_id": run_id,
            "status": PlanStatus.DRAFT,
            "summary": msgspec.to_builtins(summary),
            "cost": msgspec.to_builtins(Cost()),
        }
        plan_id = int((await connection.execute(insert(plan).values(values).returning(plan.c.id))).scalar_one())
        await connection.execute(sql("copy_withheld"), {"from_plan": done.id, "to_plan": plan_id})
        return plan_id


async def approved_plan(engine: AsyncEngine, pair: str) -> PlanInfo | None:
    """Return the plan of a pair that a person approved and nobody carried out yet, None when there is none."""
    query = select(plan.c.id).where(plan.c.pair == pair, plan.c.status == PlanStatus.APPROVED).order_by(plan.c.id)
    async with engine.connect() as connection:
        plan_id = (await connection.execute(query.limit(1))).scalar_one_or_none()
    return None if plan_id is None else await plan_info(engine, plan_id)
