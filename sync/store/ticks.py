"""Ticks: each moment at which a run is due is one row, whichever daemon saw it, and one daemon works on a pair's."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import RowMapping, Select, func, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from sync.store.locks import advisory_lock
from sync.store.tables import tick


class TickState(StrEnum):
    """Where a due run stands."""

    DUE = "due"  # waits for its beginning, or to go on after a pause or a failure → done, left, skipped
    DONE = "done"
    LEFT = "left"  # failed too often: a person has to look
    SKIPPED = "skipped"  # a later one came before it had begun


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A run that is due. `begins_at` is when it begins, or goes on; `attempts` how often it has failed."""

    pair: str
    due_at: datetime
    what: str
    state: TickState
    begins_at: datetime
    attempts: int = 0
    run_id: int | None = None
    message: str = ""


async def add_tick(engine: AsyncEngine, pair: str, due_at: datetime, *, what: str, begins_at: datetime) -> bool:
    """Store that a run is due; False when somebody has done so before.

    Earlier ones that have not begun yet are skipped: this one does their work.
    """
    row = postgresql.insert(tick).values(pair=pair, due_at=due_at, what=what, state=TickState.DUE, begins_at=begins_at)
    earlier = update(tick).where(
        tick.c.pair == pair, tick.c.due_at < due_at, tick.c.state == TickState.DUE, tick.c.run_id.is_(None)
    )
    async with engine.begin() as connection:
        added = await connection.execute(row.on_conflict_do_nothing().returning(tick.c.due_at))
        if added.one_or_none() is None:
            return False
        values = {"state": TickState.SKIPPED, "ended_at": func.now(), "message": "a later one came before it began"}
        await connection.execute(earlier.values(values))
        return True


async def last_tick(engine: AsyncEngine, pair: str, *, until: datetime | None = None) -> Tick | None:
    """Return the latest due run of a pair, of those that were due `until` a moment; None when none was."""
    query = select(tick).where(tick.c.pair == pair).order_by(tick.c.due_at.desc()).limit(1)
    if until is not None:
        query = query.where(tick.c.due_at <= until)
    return await _one(engine, query)


async def waiting_tick(engine: AsyncEngine, pair: str) -> Tick | None:
    """Return the earliest run of a pair that is due and not over, None when none is."""
    query = select(tick).where(tick.c.pair == pair, tick.c.state == TickState.DUE).order_by(tick.c.due_at).limit(1)
    return await _one(engine, query)


async def recent_ticks(engine: AsyncEngine, pair: str, limit: int) -> list[Tick]:
    """Return the latest due runs of a pair, the newest first."""
    query = select(tick).where(tick.c.pair == pair).order_by(tick.c.due_at.desc()).limit(limit)
    async with engine.connect() as connection:
        return [_tick(row) for row in (await connection.execute(query)).mappings()]


async def is_left(engine: AsyncEngine, pair: str) -> bool:
    """Return whether the latest due run of a pair that was tried to its end was left for a person."""
    query = select(tick.c.state).where(tick.c.pair == pair, tick.c.state.in_([TickState.DONE, TickState.LEFT]))
    async with engine.connect() as connection:
        latest = await connection.execute(query.order_by(tick.c.due_at.desc()).limit(1))
        return latest.scalar_one_or_none() == TickState.LEFT


async def tick_of_run(engine: AsyncEngine, run_id: int) -> Tick | None:
    """Return the due run that last ended, or was put off, with a run; None when a person began it."""
    query = select(tick).where(tick.c.run_id == run_id).order_by(tick.c.due_at.desc()).limit(1)
    return await _one(engine, query)


async def end_tick(engine: AsyncEngine, one: Tick, state: TickState, *, run_id: int | None, message: str) -> None:
    """Record that a due run is over."""
    await _set(engine, one, state=state, run_id=run_id, message=message, ended_at=func.now())


async def put_off(
    engine: AsyncEngine, one: Tick, begins_at: datetime, *, attempts: int, run_id: int | None, message: str
) -> None:
    """Record that a due run goes on later."""
    await _set(engine, one, begins_at=begins_at, attempts=attempts, run_id=run_id, message=message)


async def _set(engine: AsyncEngine, one: Tick, **values: object) -> None:
    query = update(tick).where(tick.c.pair == one.pair, tick.c.due_at == one.due_at, tick.c.state == TickState.DUE)
    async with engine.begin() as connection:
        await connection.execute(query.values(values))


def work_of(engine: AsyncEngine, pair: str) -> AbstractAsyncContextManager[AsyncConnection | None]:
    """Hold the scheduled work of a pair; None comes when another daemon holds it."""
    return advisory_lock(engine, f"scheduled {pair}")


async def _one(engine: AsyncEngine, query: Select[Any]) -> Tick | None:
    async with engine.connect() as connection:
        row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else _tick(row)


def _tick(row: RowMapping) -> Tick:
    return Tick(
        pair=row["pair"],
        due_at=row["due_at"],
        what=row["what"],
        state=TickState(row["state"]),
        begins_at=row["begins_at"],
        attempts=row["attempts"],
        run_id=row["run_id"],
        message=row["message"],
    )
