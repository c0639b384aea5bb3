"""A plan's way from draft to applied: what is withheld in it and approved, its fingerprint, and its single use."""

from collections import Counter

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from sync.errors import GuardError
from sync.model import Kind, System
from sync.store.encoding import encode
from sync.store.plans import Outcome, PlanStatus
from sync.store.queries import sql
from sync.store.tables import link, plan

WAITING = (PlanStatus.DRAFT, PlanStatus.APPROVED)
"""Plans that can still be carried out."""


async def seal_plan(engine: AsyncEngine, plan_id: int, *, pair: str, configuration: str) -> None:
    """Give a plan the fingerprint of the links and the configuration it was made of, and let it take the older ones'
    place: their readings are gone.
    """
    async with engine.begin() as connection:
        older = update(plan).where(plan.c.pair == pair, plan.c.id < plan_id, plan.c.status.in_(WAITING))
        await connection.execute(older.values(status=PlanStatus.SUPERSEDED))
        fingerprint = await _fingerprint(connection, pair, configuration)
        await connection.execute(update(plan).where(plan.c.id == plan_id).values(fingerprint=fingerprint))


async def begin_applying(engine: AsyncEngine, plan_id: int, *, run_id: int, pair: str, configuration: str) -> None:
    """Take a plan for carrying it out, once and for all.

    Raises:
        GuardError: when it was taken before, a newer one took its place, or links or configuration are others now.
    """
    advice = "Make a new plan: alma-folio-sync diff --both (or sync, or migrate)."
    async with engine.begin() as connection:
        row = (await connection.execute(select(plan).where(plan.c.id == plan_id).with_for_update())).one()
        if row.status not in WAITING:
            words = {"superseded": "was made of readings that newer ones replaced"}.get(
                row.status, f"is {row.status}, and a plan is carried out once"
            )
            raise GuardError(f"Guard single-use: plan {plan_id} {words}.", advice=advice)
        if row.fingerprint != await _fingerprint(connection, pair, configuration):
            raise GuardError(
                f"Guard fingerprint: links or configuration have changed since plan {plan_id} was made.", advice=advice
            )
        values = {"status": PlanStatus.BEGUN, "applied_by": run_id}
        await connection.execute(update(plan).where(plan.c.id == plan_id).values(values))


async def _fingerprint(connection: AsyncConnection, pair: str, configuration: str) -> str:
    """Return what changes whenever a link is made or ended, or the configuration is another one."""
    query = select(func.count(), func.count(link.c.closed_at), func.coalesce(func.max(link.c.id), 0))
    row = (await connection.execute(query.where(link.c.pair == pair))).one()
    return f"{configuration}/{row[0]}-{row[1]}-{row[2]}"


async def withhold_in_field(
    engine: AsyncEngine, plan_id: int, *, system: System, kind: Kind, field: str, reason: str
) -> int:
    """Withhold the planned changes of one field; return how many there were."""
    parameters = {
        "plan_id": plan_id,
        "system": system,
        "kind": kind,
        # looked for in the text: Postgres refuses to take apart an object that holds a NUL anywhere
        "field": f'%"field":{encode(field).decode()}%',
        "outcome": _guarded(reason),
    }
    async with engine.begin() as connection:
        result = await connection.execute(sql("withhold_in_field"), parameters)
        return len(result.all())


async def count_under_other_rules(engine: AsyncEngine, plan_id: int, *, pair: str, rules: str) -> int:
    """Return how many planned changes are of records on which both sides agreed under other rules than these."""
    parameters = {"plan_id": plan_id, "pair": pair, "rules": rules}
    async with engine.connect() as connection:
        return int((await connection.execute(sql("count_under_other_rules"), parameters)).scalar_one())


async def withhold_under_other_rules(
    engine: AsyncEngine, plan_id: int, *, pair: str, rules: str, reason: str
) -> dict[tuple[System, Kind], int]:
    """Withhold the planned changes of records agreed on under other rules; return how many, by system and kind."""
    parameters = {"plan_id": plan_id, "pair": pair, "rules": rules, "outcome": _guarded(reason)}
    async with engine.begin() as connection:
        result = await connection.execute(sql("withhold_under_other_rules"), parameters)
        return Counter((System(row.system), Kind(row.kind)) for row in result)


def _guarded(reason: str) -> str:
    advice = "Look at it: alma-folio-sync plan show. To let it through: alma-folio-sync plan approve --guard NAME"
    return encode(Outcome(reason=reason, error="guard", advice=advice)).decode()
