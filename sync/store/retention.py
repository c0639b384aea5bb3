"""What is forgotten with time: plans with their changes, settled writes, runs, ended links and conflicts.

What is needed stays whatever its age: the latest plan of a pair and those that wait, writes whose outcome is not known,
the services we made in Alma, links that a person or an undo took apart, what the next reading is measured by.
"""

from collections import Counter
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from sync.store.queries import sql

STATEMENTS = (
    "forget_plans", "forget_intents", "forget_parked", "forget_ticks", "forget_snapshots", "forget_conflicts",
    "forget_links", "forget_runs", "forget_budgets",
)  # fmt: skip
"""In this order: a run goes only once nothing refers to it any longer."""


async def forget(engine: AsyncEngine, pair: str, older_than: timedelta) -> Counter[str]:
    """Forget what of a pair is older than this; return how many rows went, by sort."""
    gone: Counter[str] = Counter()
    parameters = {"pair": pair, "age": older_than}
    for name in STATEMENTS:
        async with engine.begin() as connection:
            result = await connection.execute(sql(name), parameters)
            gone[name.removeprefix("forget_")] = result.rowcount
    return gone
