"""Plans that take another plan back: which there are, and where what they make again is now."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.model import Kind, System
from sync.plan.changes import Action, Status
from sync.store.intents import made_by
from sync.store.plans import PlanInfo, PlanStatus, plan_info
from sync.store.tables import change, plan, run


async def plan_of_run(engine: AsyncEngine, pair: str, run_id: int) -> PlanInfo | None:
    """Return the plan that a run of a pair made or carried out, None when it has none, or that is kept no longer."""
    query = select(plan.c.id).join(run, run.c.plan_id == plan.c.id).where(run.c.id == run_id, run.c.pair == pair)
    async with engine.connect() as connection:
        plan_id = (await connection.execute(query)).scalar_one_or_none()
    return None if plan_id is None else await plan_info(engine, plan_id)


async def half_taken_back(engine: AsyncEngine, undone: PlanInfo) -> PlanInfo | None:
    """Return the plan that takes a plan back and was interrupted in it, if nobody made another one since."""
    query = select(plan.c.id, plan.c.status, plan.c.takes_back).where(plan.c.pair == undone.pair)
    async with engine.connect() as connection:
        latest = (await connection.execute(query.order_by(plan.c.id.desc()).limit(1))).one()
    if latest.status != PlanStatus.BEGUN or latest.takes_back != undone.id:
        return None
    return await plan_info(engine, latest.id)


async def taken_back_already(engine: AsyncEngine, undone: PlanInfo) -> set[str]:
    """Return the changes of a plan that an earlier undo took back, by id."""
    earlier = select(plan.c.id).where(plan.c.takes_back == undone.id)
    done = select(change.c.id).where(change.c.plan_id.in_(earlier), change.c.status == Status.VERIFIED)
    async with engine.connect() as connection:
        return set((await connection.execute(done)).scalars())


async def packages_now(engine: AsyncEngine, plan_id: int, system: System) -> dict[str, str]:
    """Return the packages of a system that an undo names, by their ids before it, with their ids now.

    One that is to be made again, and is not yet, is missing.
    """
    earlier = select(plan.c.id).where(plan.c.takes_back == (await plan_info(engine, plan_id)).takes_back)
    named = select(change.c.package_key).where(change.c.plan_id == plan_id, change.c.system == system).distinct()
    again = select(change.c.package_key, change.c.id, change.c.status).where(
        change.c.plan_id.in_(earlier),
        change.c.system == system,
        change.c.kind == Kind.PACKAGE,
        change.c.action == Action.CREATE,
    )
    async with engine.connect() as connection:
        keys = list((await connection.execute(named)).scalars())
        creations = {row.package_key: row for row in await connection.execute(again.order_by(change.c.plan_id))}
    made = (await made_by(engine, plan_id, [row.id for row in creations.values()])).records
    now: dict[str, str] = {}
    for key in keys:
        row = creations.get(key)
        # one that was not made and is verified was there still
        now[key] = key if row is None else made.get(row.id, key if row.status == Status.VERIFIED else "")
    return {key: one for key, one in now.items() if one}
