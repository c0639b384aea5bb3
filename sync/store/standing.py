"""Where a pair stands: its links, its open writes, the calls of the day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import and_, delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.store.comparison import Comparison
from sync.store.intents import open_intents
from sync.store.queries import sql
from sync.store.tables import budget, conflict, in_full, link, pairing, plan, run, snapshot, tick

TO_DO = ("create", "update", "remove", "withheld", "conflict", "ambiguous")
"""What a plan's summary counts that is not in step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedCalls:
    """Calls to one system on this day (UTC). `reported` is what the system itself said is left."""

    system: str
    used: int
    reported: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a pair stands."""

    links: dict[str, int]
    open_writes: int
    open_conflicts: int
    decided_conflicts: int
    calls: tuple[UsedCalls, ...]


async def standing(engine: AsyncEngine, pair: str, accounts: Mapping[str, str]) -> Standing:
    """Return where a pair stands; `accounts` are whose daily calls it uses, by system."""
    counted = (
        select(link.c.kind, func.count(func.distinct(link.c.folio_id)))
        .where(link.c.pair == pair, link.c.closed_at.is_(None))
        .group_by(link.c.kind)
        .order_by(link.c.kind)
    )
    today = select(budget).where(budget.c.account.in_(accounts.values()), budget.c.day == datetime.now(UTC).date())
    async with engine.connect() as connection:
        links = {str(kind): int(count) for kind, count in await connection.execute(counted)}
        counts = {row.account: row for row in await connection.execute(today)}
        calls = tuple(
            UsedCalls(system=system, used=counts[account].used, reported=counts[account].reported)
            for system, account in sorted(accounts.items())
            if account in counts
        )
        waiting = select(
            func.count().filter(conflict.c.decision == ""), func.count().filter(conflict.c.decision != "")
        ).where(conflict.c.pair == pair, conflict.c.closed_at.is_(None))
        undecided, decided = (await connection.execute(waiting)).one()
    open_writes, _ = await open_intents(engine, pair)
    return Standing(
        links=links, open_writes=open_writes, open_conflicts=undecided, decided_conflicts=decided, calls=calls
    )


async def last_in_step(engine: AsyncEngine, pair: str) -> datetime | None:
    """Return when a pair was last found or brought in step by a run that ended well, None when it never was.

    In step is also a pair with nothing to do, whichever command found that out. A run whose plan nobody approved says
    so in its message, and brought nothing in step.
    """
    counts = [func.coalesce(plan.c.summary[name].as_integer(), 0) for name in TO_DO]
    quiet = (plan.c.guards.is_not(None)) & and_(*(count == 0 for count in counts))
    wrote = run.c.command.in_(["sync", "migrate", "apply"]) & (run.c.message == "")
    query = (
        select(func.max(run.c.ended_at))
        .select_from(run.outerjoin(plan, plan.c.id == run.c.plan_id))
        .where(run.c.pair == pair, run.c.state == "done", or_(wrote, run.c.command.in_(["diff", "sync"]) & quiet))
    )
    async with engine.connect() as connection:
        found: datetime | None = (await connection.execute(query)).scalar_one()
        return found


async def first_run_of(engine: AsyncEngine, pair: str) -> datetime | None:
    """Return when the first run of a pair began that is still known, None when none did."""
    async with engine.connect() as connection:
        query = select(func.min(run.c.started_at)).where(run.c.pair == pair)
        found: datetime | None = (await connection.execute(query)).scalar_one()
        return found


async def count_agreeing(engine: AsyncEngine, comparison: Comparison, *, run_id: int, plan_id: int) -> int:
    """Return how many linked records both readings hold of which a plan has nothing to say, nor anybody else."""
    parameters = {**comparison.parameters(), "run": run_id, "plan_id": plan_id}
    async with engine.connect() as connection:
        return int((await connection.execute(sql("count_agreeing"), parameters)).scalar_one())


async def forget_pair(engine: AsyncEngine, pair: str) -> None:
    """Forget everything about a pair: its runs, plans, readings and links."""
    async with engine.begin() as connection:
        for table in (snapshot, plan, run, link, in_full, conflict, pairing, tick):
            await connection.execute(delete(table).where(table.c.pair == pair))
