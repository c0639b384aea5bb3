"""Runs: what was started when, by which command, and how it ended; and the lock that keeps one run per pair."""

import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import RowMapping, func, insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from sync.errors import GuardError, LockedError
from sync.store.leases import this_process
from sync.store.locks import advisory_lock
from sync.store.tables import link, pairing, run


class RunState(StrEnum):
    """Where a run stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    PAUSED = "paused"
    STOPPED = "stopped"


class Measures(msgspec.Struct, frozen=True, kw_only=True):
    """What a run took: the seconds of each phase, and by system what went to it.

    `calls` holds calls, writes, repeats, waits, and waited (in seconds).
    """

    phases: dict[str, float]
    calls: dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """One run. `owner` is the host and the process at work in it.

    `result` is the object the command ended with, if it did; `measures` are None of a run that was killed.
    """

    id: int
    pair: str
    command: str
    direction: str
    state: RunState
    started_at: datetime
    ended_at: datetime | None
    plan_id: int | None
    message: str
    result: dict[str, Any] | None
    resumes_at: datetime | None
    owner: str
    measures: Measures | None


async def start_run(engine: AsyncEngine, *, pair: str, command: str, direction: str = "") -> int:
    """Return the id of a new run. Runs of the pair left in state "running" are marked stopped: their lock is gone.

    To be called with the pair's lock held.
    """
    async with engine.begin() as connection:
        await connection.execute(
            update(run)
            .where(run.c.pair == pair, run.c.state == RunState.RUNNING)
            .values(state=RunState.STOPPED, ended_at=func.now(), message="ended without saying why")
        )
        owner = f"{socket.gethostname()}, process {os.getpid()}"
        row = insert(run).values(pair=pair, command=command, direction=direction, state=RunState.RUNNING, owner=owner)
        row = row.values(process=this_process())
        return int((await connection.execute(row.returning(run.c.id))).scalar_one())


async def end_run(
    engine: AsyncEngine,
    run_id: int,
    *,
    state: RunState,
    message: str = "",
    result: dict[str, Any] | None = None,
    resumes_at: datetime | None = None,
) -> None:
    """Record how a run ended."""
    values = {"state": state, "message": message, "result": result, "resumes_at": resumes_at, "ended_at": func.now()}
    values["leased_until"] = None
    async with engine.begin() as connection:
        await connection.execute(update(run).where(run.c.id == run_id).values(values))


async def note_plan(engine: AsyncEngine, run_id: int, plan_id: int) -> None:
    """Record which plan a run made."""
    async with engine.begin() as connection:
        await connection.execute(update(run).where(run.c.id == run_id).values(plan_id=plan_id))


async def note_measures(engine: AsyncEngine, run_id: int, measures: Measures) -> None:
    """Record what a run took."""
    async with engine.begin() as connection:
        await connection.execute(update(run).where(run.c.id == run_id).values(measures=msgspec.to_builtins(measures)))


async def note_systems(engine: AsyncEngine, pair: str, systems: str) -> None:
    """Record between which two systems a pair's links lead.

    Raises:
        GuardError: when they lead between others: the same ids would be other records.
    """
    linked = select(link.c.id).where(link.c.pair == pair, link.c.closed_at.is_(None)).limit(1)
    async with engine.begin() as connection:
        known = (await connection.execute(select(pairing.c.systems).where(pairing.c.pair == pair))).scalar_one_or_none()
        if known is not None and known != systems and (await connection.execute(linked)).first() is not None:
            raise GuardError(
                f"Guard systems-changed: the links of the pair {pair!r} lead between {known}; now it names {systems}.",
                advice="For other systems give the pair another name in the configuration. If they only moved to "
                "another address: alma-folio-sync links export, rename the pair, then alma-folio-sync links import.",
            )
        values = {"pair": pair, "systems": systems}
        row = postgresql.insert(pairing).values(values)
        await connection.execute(row.on_conflict_do_update(index_elements=["pair"], set_={"systems": systems}))


async def recent_runs(engine: AsyncEngine, *, pair: str | None = None, limit: int = 20) -> list[RunInfo]:
    """Return the latest runs, the newest first."""
    query = select(run).order_by(run.c.id.desc()).limit(limit)
    if pair is not None:
        query = query.where(run.c.pair == pair)
    async with engine.connect() as connection:
        return [_info(row) for row in (await connection.execute(query)).mappings()]


async def find_run(engine: AsyncEngine, run_id: int) -> RunInfo | None:
    """Return a run, None when there is none of that number."""
    async with engine.connect() as connection:
        row = (await connection.execute(select(run).where(run.c.id == run_id))).mappings().one_or_none()
    return None if row is None else _info(row)


def _info(row: RowMapping) -> RunInfo:
    return RunInfo(
        id=row["id"],
        pair=row["pair"],
        command=row["command"],
        direction=row["direction"],
        state=RunState(row["state"]),
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        plan_id=row["plan_id"],
        message=row["message"],
        result=row["result"],
        resumes_at=row["resumes_at"],
        owner=row["owner"],
        measures=None if row["measures"] is None else msgspec.convert(row["measures"], Measures),
    )


@asynccontextmanager
async def pair_lock(engine: AsyncEngine, pair: str) -> AsyncIterator[AsyncConnection]:
    """Hold the pair's advisory lock; the server gives it back when our connection ends, however it ends.

    What comes is that connection.

    Raises:
        LockedError: when another run holds it, naming that run.
    """
    async with advisory_lock(engine, f"pair {pair}") as held:
        if held is None:
            runs = await recent_runs(engine, pair=pair, limit=1)
            raise LockedError(f"Another run works on the pair {pair!r}{''.join(map(_who, runs))}.")
        yield held


def _who(one: RunInfo) -> str:
    return f": run {one.id} ({one.command}), since {one.started_at:%Y-%m-%d %H:%M} UTC, on {one.owner}"
