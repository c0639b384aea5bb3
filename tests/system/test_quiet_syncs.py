"""Whoever edits nothing finds nothing changed: after a migration and one sync, every further sync has nothing to do.

The practice libraries hold what makes that hard: titles of one number and one name but for capitals, numbers shared by
several titles, several bibs of one title, and a managed package that is selected.
"""

from collections.abc import Sequence

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.engine.plan import Wanted
from sync.engine.running import Ended
from sync.plan.changes import REMOVALS
from sync.plan.direction import Direction
from sync.sandbox.library import practice_knowledge_base, practice_library
from tests.support.migrating import all_done, changes, run_migration
from tests.support.practice import practice_systems

SEEDS = range(2026, 2046)
SIZES = (40, 120, 300)
BOTH_WAYS = ("migrate there", "migrate back", "sync")
BEGINNINGS = {"migrate both ways": BOTH_WAYS, "sync": ("sync",)}
QUIET = 2
ALL = [(seed, size, beginning) for seed in SEEDS for size in SIZES for beginning in BEGINNINGS]
SOME = [one for number, one in enumerate(ALL) if one[1] < SIZES[-1] and number % 21 == 1] + [(2026, 300, "sync")]


async def _what_it_did(database: AsyncEngine, ended: Ended) -> Sequence[str]:
    return [
        f"{one.change.action} {one.change.kind} {one.change.name!r} in {one.change.system}: {one.change.reason}"
        for one in await changes(database, ended)
        if ended.plan.summary.writes or one.change.action in REMOVALS
    ]


async def _is_quiet(database: AsyncEngine, seed: int, size: int, beginning: str) -> None:
    library = practice_library(seed=seed, portfolios=size)
    with practice_systems(library, practice_knowledge_base(library, seed=seed)) as systems:
        pair = systems.pair(folio={"settle_seconds": 0}, alma={"settle_seconds": 0, "delete_wait_seconds": 0.2})
        ways = {
            "migrate there": Wanted(direction=Direction.ALMA_TO_FOLIO),
            "migrate back": Wanted(direction=Direction.FOLIO_TO_ALMA),
            "sync": Wanted.both(pair.policy),
        }
        for step in BEGINNINGS[beginning]:
            ended = await run_migration(database, systems, pair, wanted=ways[step])
            assert all_done(ended)
            assert not ended.plan.summary.remove, await _what_it_did(database, ended)
        for _ in range(QUIET):
            written = systems.alma.controls.writes, systems.folio.controls.writes
            ended = await run_migration(database, systems, pair, wanted=ways["sync"])
            assert not ended.plan.summary.writes, await _what_it_did(database, ended)
            assert not [one for one in await changes(database, ended) if one.change.action in REMOVALS]
            assert (systems.alma.controls.writes, systems.folio.controls.writes) == written


@pytest.mark.parametrize(("seed", "size", "beginning"), SOME)
async def test_a_sync_of_what_nobody_edited_has_nothing_to_do(
    database: AsyncEngine, seed: int, size: int, beginning: str
) -> None:
    await _is_quiet(database, seed, size, beginning)


@pytest.mark.soak
@pytest.mark.parametrize(("seed", "size", "beginning"), ALL)
async def test_no_practice_library_ever_stirs_by_itself(
    database: AsyncEngine, seed: int, size: int, beginning: str
) -> None:
    await _is_quiet(database, seed, size, beginning)
