"""A two-way sync of a library with every awkward record: what nobody touched is written on neither side."""

from collections import Counter
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.engine.plan import Wanted
from sync.engine.running import Ended
from sync.plan.changes import Status
from sync.sandbox.library import practice_knowledge_base, practice_library
from sync.settings import Pair
from sync.store.conflicts import open_conflicts
from sync.store.standing import forget_pair
from tests.support.migrating import PAIR, changes, run_migration
from tests.support.practice import Systems, practice_systems

NOTES = {"public_note": "userDefinedField1"}


def state_of(systems: Systems) -> tuple[Any, ...]:
    """Return everything both systems hold, so that any change shows."""
    alma, folio = systems.alma, systems.folio
    held = (alma.collections(), alma.services(), alma.portfolios(), alma.bibs())
    return (*held, folio.packages(), folio.titles(), folio.resources())


async def sync(database: AsyncEngine, systems: Systems, pair: Pair) -> Ended:
    return await run_migration(database, systems, pair, wanted=Wanted.both(pair.policy))


async def told(database: AsyncEngine, ended: Ended) -> list[str]:
    """Return in words what a plan would write, for whoever reads a failure."""
    return [
        f"{one.change.system} {one.change.action} {one.change.kind} {one.change.name} {one.change.fields}"
        for one in await changes(database, ended)
        if one.change.status not in (Status.WITHHELD, Status.NOTED)
    ]


@pytest.mark.parametrize("known", [False, True], ids=["custom titles", "with a knowledge base"])
async def test_after_a_migration_a_sync_writes_nothing(known: bool, database: AsyncEngine) -> None:
    library = practice_library(collections=27, portfolios=160)
    with practice_systems(library, practice_knowledge_base(library, seed=7) if known else None) as systems:
        pair = systems.pair(maps={"notes": NOTES}, policy={"managed_packages": "leave"})
        await run_migration(database, systems, pair)
        before = state_of(systems)
        for _ in range(2):
            ended = await sync(database, systems, pair)
            assert await told(database, ended) == []
            assert ended.plan.summary.conflict == 0
            assert ended.plan.summary.unchanged > 300
            assert state_of(systems) == before


async def test_two_filled_systems_that_lost_their_links_find_each_other_again(database: AsyncEngine) -> None:
    """What was moved from one to the other is recognised at first contact, and nothing of it is written anew."""
    library = practice_library(collections=27, portfolios=160)
    with practice_systems(library) as systems:
        pair = systems.pair(maps={"notes": NOTES})
        await run_migration(database, systems, pair)
        await forget_pair(database, PAIR)
        before = state_of(systems)
        ended = await sync(database, systems, pair)
        conflicts = Counter((one.kind, one.field) for one in await open_conflicts(database, PAIR))
        assert await told(database, ended) == []
        assert conflicts == Counter()
        assert ended.plan.summary.unchanged > 300
        assert state_of(systems) == before
