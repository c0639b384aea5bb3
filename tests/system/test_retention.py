"""What is forgotten with time, and what never is."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.engine.plan import Wanted
from sync.errors import ConfigurationError
from sync.store.retention import forget
from sync.store.tables import metadata
from tests.support.libraries import plain_library
from tests.support.migrating import PAIR, all_done, run_migration
from tests.support.practice import Systems, practice_systems
from tests.support.removals import TO_FOLIO, agreed, told, tripped
from tests.support.undoing import stays_taken_back, take_back

A_YEAR = timedelta(days=365)
TIMES = {
    "run": ("started_at", "ended_at"),
    "plan": ("created_at",),
    "intent": ("made_at", "settled_at"),
    "snapshot": ("started_at", "ended_at"),
    "link": ("made_at", "closed_at"),
    "tick": ("due_at", "begins_at"),
    "conflict": ("made_at", "closed_at"),
}


async def two_years_later(database: AsyncEngine) -> None:
    """Let everything that was done so far be two years old."""
    async with database.begin() as connection:
        for table, columns in TIMES.items():
            older = ", ".join(f"{column} = {column} - interval '2 years'" for column in columns)
            await connection.execute(text(f"update {table} set {older}"))  # noqa: S608  (names of our own)


async def count(database: AsyncEngine, table: str) -> int:
    async with database.connect() as connection:
        counted = select(func.count()).select_from(metadata.tables[table])
        return int((await connection.execute(counted)).scalar_one())


async def test_old_runs_go_and_the_next_sync_still_writes_nothing(database: AsyncEngine) -> None:
    with told(TO_FOLIO, database, plain_library([4, 3])) as story:
        await agreed(story)
        for number in range(3):
            story.edit(number, at_source=True)
            assert all_done(await story.run())
        plans, links = await count(database, "plan"), await count(database, "link")
        await two_years_later(database)
        gone = await forget(database, PAIR, A_YEAR)
        assert gone["plans"] == plans - 1, "the latest one stays"
        assert gone["intents"] > 0
        assert (await count(database, "plan"), await count(database, "link")) == (1, links)
        assert await count(database, "change") <= 8
        await story.nothing_more()
        assert (await forget(database, PAIR, A_YEAR))["plans"] == 1, "that was the latest one before"


async def test_what_is_young_stays(database: AsyncEngine) -> None:
    with told(TO_FOLIO, database, plain_library([3])) as story:
        await agreed(story)
        story.edit(0, at_source=True)
        ended = await story.run()
        gone = await forget(database, PAIR, A_YEAR)
        assert gone.total() == 0
        assert all_done(await take_back(story, ended))


async def test_what_an_undo_took_back_stays_taken_back_and_what_is_forgotten_cannot_be_undone(
    database: AsyncEngine,
) -> None:
    with told(TO_FOLIO, database, plain_library([3])) as story:
        await agreed(story)
        story.add(20, "Collection 1", at_source=True)
        ended = await story.run()
        await take_back(story, ended)
        await two_years_later(database)
        await forget(database, PAIR, A_YEAR)
        again = await stays_taken_back(story)
        assert tripped(again) == {"taken-back"}
        with pytest.raises(ConfigurationError, match="made no plan"):
            await take_back(story, ended)


async def sizes(database: AsyncEngine) -> int:
    """Return how many bytes the tables hold, once what went is given back."""
    async with database.connect() as connection:
        free = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await free.execute(text("vacuum full"))
        own = "relkind = 'r' and relnamespace = 'public'::regnamespace"
        query = f"select sum(pg_total_relation_size(oid)) from pg_class where {own}"  # noqa: S608  (words of our own)
        return int((await connection.execute(text(query))).scalar_one())


async def quiet_cycles(database: AsyncEngine, systems: Systems, number: int) -> None:
    pair = systems.pair()
    for _ in range(number):
        ended = await run_migration(database, systems, pair, wanted=Wanted.both(pair.policy))
        assert ended.plan.summary.writes == 0


@pytest.mark.parametrize("cycles", [8, pytest.param(200, marks=[pytest.mark.soak, pytest.mark.timeout(0)])])
async def test_the_database_stays_as_large_as_it_is_over_quiet_cycles(database: AsyncEngine, cycles: int) -> None:
    with practice_systems(plain_library([40, 20])) as systems:
        assert all_done(await run_migration(database, systems))
        await quiet_cycles(database, systems, 2)
        held = [await sizes(database)]
        for _ in range(2):
            await quiet_cycles(database, systems, cycles // 2)
            await two_years_later(database)
            await forget(database, PAIR, A_YEAR)
            held.append(await sizes(database))
        print(f"\n{cycles} quiet cycles; kilobytes: {[one // 1024 for one in held]}")
        assert max(held) <= held[0]
