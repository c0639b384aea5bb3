"""What moved in Alma is in its new place in FOLIO, and gone from the old one, after one run."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.engine.plan import Wanted
from tests.support.libraries import collection, journal, library, portfolio
from tests.support.migrating import all_done, run_migration
from tests.support.removals import TO_FOLIO, Story, agreed, removing, told

LIBRARY = library(
    [journal(number) for number in range(8)],
    collection("Harbour", [portfolio(number) for number in range(4)]),
    collection("Coast", [portfolio(number) for number in range(4, 8)]),
)
WAYS = pytest.mark.parametrize("way", ["migrate --remove", "sync"])
MOVED = 1


async def _run(story: Story, way: str):
    pair = story.systems.pair(alma={"settle_seconds": 0.1, "delete_wait_seconds": 0.5})
    wanted = removing(TO_FOLIO, 20, 5.0) if way != "sync" else Wanted.both(pair.policy)
    return await run_migration(story.database, story.systems, pair, wanted=wanted)


def _places(story: Story, number: int) -> list[str]:
    names = {one.id: one.package.name for one in story.systems.folio.packages()}
    return [names[one.package_id] for one in story.resources(number)]


@WAYS
async def test_a_portfolio_moved_to_another_collection_moves_in_one_run(way: str, database: AsyncEngine) -> None:
    with told(TO_FOLIO, database, LIBRARY) as story:
        await agreed(story)
        state = story.systems.alma.state
        record = state.portfolios[story.portfolios(MOVED)[0]]
        (other,) = [one for one in state.services.values() if one.collection.id == story.collection("Coast")]
        del record.service.portfolios[record.id]
        record.service = other
        other.portfolios[record.id] = record

        assert all_done(await _run(story, way))
        assert _places(story, MOVED) == ["Coast"]
        assert len(story.portfolios(MOVED)) == 1
        again = await _run(story, way)
        assert again.plan.summary.writes == 0


@WAYS
async def test_a_portfolio_whose_bib_was_merged_into_another_moves_in_one_run(way: str, database: AsyncEngine) -> None:
    with told(TO_FOLIO, database, LIBRARY) as story:
        await agreed(story)
        alma = story.systems.alma
        record = alma.state.portfolios[story.portfolios(MOVED)[0]]
        kept = alma.state.bibs[alma.mms_id("bib:5")]
        gone = alma.mms_id(f"bib:{MOVED}")
        del record.bib.portfolios[record.id]
        record.bib = kept
        kept.portfolios[record.id] = record
        alma.remove_bib(gone)

        assert all_done(await _run(story, way))
        assert _places(story, MOVED) == []
        assert sorted(_places(story, 5)) == ["Coast", "Harbour"]
        again = await _run(story, way)
        assert again.plan.summary.writes == 0


@WAYS
async def test_a_package_that_is_emptied_at_once_waits_however_small(way: str, database: AsyncEngine) -> None:
    with told(TO_FOLIO, database, LIBRARY) as story:
        await agreed(story)
        story.take(*range(4))
        ended = await _run(story, way)

        assert ended.plan.summary.remove == 0
        assert ended.plan.summary.withheld >= 4
        guard = next(one for one in ended.plan.guards if one.name == "package-emptied")
        assert (guard.tripped, guard.value, "'Harbour'" in guard.explanation) == (True, 4, True)
        assert len([number for number in range(4) if story.resources(number)]) == 4

        story.take(4)
        pair = story.systems.pair(alma={"settle_seconds": 0.1, "delete_wait_seconds": 0.5})
        wanted = removing(TO_FOLIO, approved=5) if way != "sync" else Wanted.both(pair.policy, approved=5)
        ended = await run_migration(story.database, story.systems, pair, wanted=wanted)
        assert ended.plan.summary.remove == 5, "a person approved so many"


@WAYS
async def test_a_package_that_keeps_a_title_loses_the_others_within_the_limits(way: str, database: AsyncEngine) -> None:
    with told(TO_FOLIO, database, LIBRARY) as story:
        await agreed(story)
        story.take(0, 1, 2)
        ended = await _run(story, way)

        assert ended.plan.summary.remove == 3
        assert all_done(ended)
