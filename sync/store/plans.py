"""Plans, from their making to their end; their changes: `sync.store.changes`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import RowMapping, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.plan.changes import Cost, Guard, Summary
from sync.plan.direction import way_shown
from sync.store.tables import plan


class PlanStatus(StrEnum):
    """Where a plan stands."""

    DRAFT = "draft"  # → approved, begun, superseded
    APPROVED = "approved"  # a person said yes → begun, superseded
    BEGUN = "begun"  # being carried out, or was interrupted in it: a plan is carried out once
    APPLIED = "applied"
    SUPERSEDED = "superseded"  # a newer reading took its place


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanInfo:
    """A plan without its changes."""

    id: int
    run_id: int
    pair: str
    direction: str
    status: str
    rules: str
    created_at: datetime
    summary: Summary
    guards: tuple[Guard, ...]
    cost: Cost
    alma_snapshot: int | None = None
    folio_snapshot: int | None = None
    takes_back: int | None = None

    @property
    def way(self) -> str:
        """Return which way it goes, and what it takes back, as people write it."""
        return way_shown(self.direction) + (f", takes back plan {self.takes_back}" if self.takes_back else "")


async def begin_plan(
    engine: AsyncEngine, *, run_id: int, pair: str, direction: str, rules: str, asked: str, alma: int, folio: int
) -> int:
    """Return the id of a new plan in status "draft", made of two snapshots; `asked` stands for what it is to do."""
    values = {"run_id": run_id, "pair": pair, "direction": direction, "rules": rules, "asked": asked}
    return await _begin(engine, {**values, "alma_snapshot": alma, "folio_snapshot": folio})


async def begin_taking_back(engine: AsyncEngine, *, run_id: int, rules: str, undone: PlanInfo) -> int:
    """Return the id of a new plan in status "draft" that takes another one back."""
    values = {"run_id": run_id, "pair": undone.pair, "direction": undone.direction, "rules": rules}
    return await _begin(engine, {**values, "takes_back": undone.id})


async def _begin(engine: AsyncEngine, values: Mapping[str, object]) -> int:
    async with engine.begin() as connection:
        row = insert(plan).values({**values, "status": PlanStatus.DRAFT})
        return int((await connection.execute(row.returning(plan.c.id))).scalar_one())


async def finish_plan(
    engine: AsyncEngine, plan_id: int, *, summary: Summary, guards: Sequence[Guard], cost: Cost
) -> None:
    """Complete a plan with its summary, guards and cost."""
    await _set_plan(
        engine,
        plan_id,
        summary=msgspec.to_builtins(summary),
        guards=msgspec.to_builtins(list(guards)),
        cost=msgspec.to_builtins(cost),
    )


async def set_plan_status(engine: AsyncEngine, plan_id: int, status: PlanStatus) -> None:
    """Record that a plan was approved or applied."""
    await _set_plan(engine, plan_id, status=status)


async def _set_plan(engine: AsyncEngine, plan_id: int, **values: Any) -> None:
    async with engine.begin() as connection:
        await connection.execute(update(plan).where(plan.c.id == plan_id).values(values))


async def plan_info(engine: AsyncEngine, plan_id: int) -> PlanInfo:
    """Return a plan."""
    async with engine.connect() as connection:
        row = (await connection.execute(select(plan).where(plan.c.id == plan_id))).mappings().one()
    return _info(row)


async def recent_plans(engine: AsyncEngine, pair: str, limit: int) -> list[PlanInfo]:
    """Return the latest plans of a pair, the newest first."""
    query = select(plan).where(plan.c.pair == pair).order_by(plan.c.id.desc()).limit(limit)
    async with engine.connect() as connection:
        return [_info(row) for row in (await connection.execute(query)).mappings()]


async def waiting_plan(engine: AsyncEngine, pair: str) -> PlanInfo | None:
    """Return the plan of a pair that waits to be carried out, or for what is withheld in it; None when none does."""
    query = select(plan).where(plan.c.pair == pair, plan.c.status.in_([PlanStatus.DRAFT, PlanStatus.APPROVED]))
    async with engine.connect() as connection:
        row = (await connection.execute(query.order_by(plan.c.id.desc()).limit(1))).mappings().one_or_none()
    found = _info(row) if row is not None else None
    complete = found is not None and bool(found.guards)  # they are stored with it when it is
    return found if complete and found is not None and (found.summary.writes or found.summary.withheld) else None


async def find_plan(engine: AsyncEngine, pair: str, plan_id: int) -> PlanInfo | None:
    """Return a plan of a pair, None when there is none of this number."""
    query = select(plan).where(plan.c.id == plan_id, plan.c.pair == pair)
    async with engine.connect() as connection:
        row = (await connection.execute(query)).mappings().one_or_none()
    return _info(row) if row is not None else None


def _info(row: RowMapping) -> PlanInfo:
    return PlanInfo(
        id=row["id"],
        run_id=row["run_id"],
        pair=row["pair"],
        direction=row["direction"],
        status=row["status"],
        rules=row["rules"],
        created_at=row["created_at"],
        summary=msgspec.convert(row["summary"] or {}, Summary),
        guards=tuple(msgspec.convert(row["guards"] or [], list[Guard])),
        cost=msgspec.convert(row["cost"] or {}, Cost),
        alma_snapshot=row["alma_snapshot"],
        folio_snapshot=row["folio_snapshot"],
        takes_back=row["takes_back"],
    )
