"""The day's calls, kept across restarts: what the budget of each system has used (design: quotas)."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.store.queries import sql
from sync.store.tables import budget


@dataclass(frozen=True, slots=True)
class StoredBudget:
    """The ledger of one pair's calls, in Postgres."""

    engine: AsyncEngine
    pair: str

    async def load(self, system: str, day: date) -> int:
        """Return how many calls were used on that day (UTC)."""
        query = select(budget.c.used).where(budget.c.pair == self.pair, budget.c.system == system, budget.c.day == day)
        async with self.engine.connect() as connection:
            return int((await connection.execute(query)).scalar_one_or_none() or 0)

    async def save(self, system: str, day: date, used: int, reported: int | None) -> None:
        """Record how many calls were used on that day, and how many the system said were left."""
        values = {"pair": self.pair, "system": system, "day": day, "used": used, "reported": reported}
        async with self.engine.begin() as connection:
            await connection.execute(sql("save_budget"), values)
