"""The day's calls, kept across restarts and processes: what each account has used (design: quotas)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.store.queries import sql
from sync.store.tables import budget


@dataclass(frozen=True, slots=True)
class StoredBudget:
    """The ledger of some accounts, by system, in Postgres. Pairs of one account share its calls."""

    engine: AsyncEngine
    accounts: Mapping[str, str]

    async def load(self, system: str, day: date) -> int:
        """Return how many calls were taken on that day (UTC), by whatever process."""
        query = select(budget.c.used).where(budget.c.account == self.accounts[system], budget.c.day == day)
        async with self.engine.connect() as connection:
            return int((await connection.execute(query)).scalar_one_or_none() or 0)

    async def take(self, system: str, day: date, calls: int, *, at_most: int | None, reported: int | None) -> bool:
        """Add calls to those taken on that day, unless there would be more than `at_most`; return whether."""
        values = {"account": self.accounts[system], "day": day, "calls": calls, "most": at_most, "reported": reported}
        async with self.engine.begin() as connection:
            return (await connection.execute(sql("take_calls"), values)).one_or_none() is not None
