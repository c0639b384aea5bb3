"""A whole library there and back: from one Alma to FOLIO, from FOLIO into an empty Alma, compared record by record."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.engine.plan import Wanted
from sync.engine.running import Ended
from sync.plan.direction import Direction
from sync.sandbox.alma import AlmaSwitches, PracticeAlma
from sync.sandbox.controls import Faults
from sync.sandbox.folio import FolioSwitches
from sync.sandbox.library import practice_knowledge_base, practice_library
from sync.sandbox.seed import SeedKnowledgeBase, SeedLibrary
from sync.sandbox.serve import PracticeServer
from sync.settings import Pair
from tests.support.migrating import all_done, run_migration
from tests.support.practice import PROXIES, Systems, practice_systems
from tests.support.there_and_back import differences

TO_ALMA = Wanted(direction=Direction.FOLIO_TO_ALMA)
FAULTS = Faults(
    fail_before=0.03, fail_after=0.03, drop_before=0.03, drop_after=0.03, truncate_pages=0.05, shuffle_pages=True
)
NOTES = {"public_note": "userDefinedField1"}


@contextmanager
def empty_alma(library: SeedLibrary, **switches: Any) -> Iterator[tuple[PracticeAlma, str]]:
    """Yield an Alma that holds nothing, but in which the proxies of the library are defined, and its address."""
    alma = PracticeAlma(switches=AlmaSwitches(**{"requests_per_second": 0, **switches}))
    first = PracticeAlma()
    first.load(library)
    alma.state.institution.proxies.update(first.state.institution.proxies)
    with PracticeServer(alma) as server:
        yield alma, server.url


def pair_of(systems: Systems, alma_url: str, **policy: Any) -> Pair:
    return systems.pair(alma={"base_url": alma_url, "settle_seconds": 0.3}, maps={"notes": NOTES}, policy=policy)


async def back(database: AsyncEngine, systems: Systems, pair: Pair, wanted: Wanted = TO_ALMA) -> Ended:
    """Migrate between FOLIO and the second Alma, which is another pair than the first."""
    return await run_migration(database, systems, pair, wanted=wanted, name="second")


def state_of(systems: Systems) -> tuple[Any, ...]:
    """Return everything the first Alma and FOLIO hold, so that any change shows."""
    alma, folio = systems.alma, systems.folio
    held = (alma.collections(), alma.services(), alma.portfolios(), alma.bibs())
    return (*held, folio.packages(), folio.titles(), folio.resources())


@pytest.mark.parametrize(
    "switches",
    [
        {"put_clears_omitted": False, "coverage_on_create_ignored": True},
        {"put_clears_omitted": True, "put_null_clears": False, "coverage_on_create_ignored": False},
    ],
    ids=["omitted is kept", "omitted is cleared"],
)
async def test_a_library_returns_record_by_record(database: AsyncEngine, switches: dict[str, bool]) -> None:
    library = practice_library(collections=27, portfolios=160)
    with practice_systems(library) as systems, empty_alma(library, **switches) as (alma, url):
        there = await run_migration(database, systems, systems.pair(maps={"notes": NOTES}))
        assert there.result is not None
        assert there.result.failed == there.parked
        before = state_of(systems)
        pair = pair_of(systems, url)

        assert all_done(await back(database, systems, pair))

        assert differences(library, alma, proxies=PROXIES, notes=NOTES) == []
        assert state_of(systems) == before  # wiped nothing, changed nothing on the way back
        writes = alma.controls.writes
        assert (await back(database, systems, pair)).plan.summary.writes == 0
        assert alma.controls.writes == writes
        # and through the link FOLIO's own records return to it untouched
        forth = await back(database, systems, pair, Wanted())
        assert (forth.plan.summary.create, forth.plan.summary.update) == (0, 0)
        assert state_of(systems) == before


async def test_titles_of_the_knowledge_base_return_under_its_names(database: AsyncEngine) -> None:
    library = practice_library(collections=5, portfolios=60)
    known: SeedKnowledgeBase = practice_knowledge_base(library, seed=7)
    with practice_systems(library, known) as systems, empty_alma(library) as (alma, url):
        await run_migration(database, systems, systems.pair(maps={"notes": NOTES}))
        assert any(not one.title.is_custom for one in systems.folio.resources() if one.resource.is_selected)
        ended = await back(database, systems, pair_of(systems, url, managed_packages="leave"))
        assert all_done(ended)
        managed = [one for one in systems.folio.packages() if one.package.is_selected and not one.package.is_custom]
        assert ended.plan.summary.withheld == len(managed)
        assert differences(library, alma, proxies=PROXIES, notes=NOTES, knowledge_base=known) == []


async def test_through_a_network_that_fails_nothing_comes_twice(database: AsyncEngine) -> None:
    library = practice_library(collections=4, portfolios=50)
    with practice_systems(library, folio=FolioSwitches(daily_calls=0)) as systems, empty_alma(library) as (alma, url):
        await run_migration(database, systems, systems.pair(maps={"notes": NOTES}))
        pair = pair_of(systems, url)
        alma.controls.faults = FAULTS
        for _ in range(3):
            await back(database, systems, pair)
        alma.controls.faults = Faults()
        await back(database, systems, pair)
        assert differences(library, alma, proxies=PROXIES, notes=NOTES) == []
        assert (await back(database, systems, pair)).plan.summary.writes == 0
