"""What a person said of links stands: what was taken apart is not joined again, what was joined stays one."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncEngine

from sync.engine.crosswalk import import_links
from sync.engine.plan import Wanted
from sync.engine.running import Ended
from sync.model import Kind
from sync.store.crosswalk import Proposal
from sync.store.links import links
from tests.support.libraries import collection, journal, library, portfolio
from tests.support.migrating import PAIR, run_diff, run_migration
from tests.support.practice import Systems, custom_title, practice_systems


async def take_over(database: AsyncEngine, *rows: Sequence[str]) -> None:
    async def yes(_: Proposal) -> bool:
        return True

    await import_links(database, PAIR, [("kind", "alma_id", "folio_id"), *rows], yes)


async def sync(database: AsyncEngine, systems: Systems) -> Ended:
    pair = systems.pair(alma={"settle_seconds": 0.1, "delete_wait_seconds": 0.5})
    return await run_migration(database, systems, pair, wanted=Wanted.both(pair.policy))


async def test_packages_and_titles_that_a_person_took_apart_are_never_joined_again(database: AsyncEngine) -> None:
    """Of one name on both sides, they are two in each system afterwards."""
    with practice_systems(library([journal(0)], collection("Coast", [portfolio(0)]))) as systems:
        numbers = ((journal(0).issn_online, "ISSN", "Online"),)
        custom_title(systems.folio, "Coast", journal(0).title, numbers)
        both = Wanted.both(systems.pair().policy)
        await run_diff(database, systems, wanted=both)
        collection_id = str(systems.alma.collections()[0]["id"])
        (package,) = systems.folio.packages()
        mms_id = systems.alma.mms_id(journal(0).key)
        joined = await links(database, PAIR, Kind.PACKAGE, [collection_id])
        assert joined[collection_id].folio_id == package.id
        (held,) = systems.alma.portfolios()
        await take_over(
            database, ("package", collection_id, ""), ("title", mms_id, ""), ("holding", str(held["id"]), "")
        )

        ended = await sync(database, systems)
        assert ended.result is not None
        assert ended.result.verified == ended.plan.summary.writes
        assert len(systems.folio.packages()) == 2
        assert {str(one["public_name"]) for one in systems.alma.collections()} == {"Coast"}
        assert len(systems.alma.collections()) == 2
        assert len(systems.alma.portfolios()) == len(systems.folio.resources()) == 2
        apart = await links(database, PAIR, Kind.PACKAGE, [collection_id])
        assert apart[collection_id].folio_id != package.id
        again = await sync(database, systems)
        assert (again.plan.summary.writes, again.plan.summary.withheld) == (0, 0)


async def test_bibs_that_a_person_joined_to_one_title_are_one_title_from_then_on(database: AsyncEngine) -> None:
    first, second = journal(0), journal(1)
    with practice_systems(library([first, second], collection("Coast", [portfolio(0), portfolio(1)]))) as systems:
        await run_migration(database, systems)
        alma, folio = systems.alma, systems.folio
        title_of = {one.title.name: str(one.title.id) for one in folio.resources()}
        (held,) = alma.portfolios(mms_id=alma.mms_id(second.key))
        await take_over(
            database,
            ("title", alma.mms_id(second.key), title_of[first.title]),
            ("holding", str(held["id"]), ""),
        )
        pair = systems.pair(policy={"max_shrink_percent": 100})
        ended = await run_migration(database, systems, pair, wanted=Wanted.both(pair.policy))
        assert ended.result is not None
        assert ended.result.failed == ended.result.skipped == 0
        assert {one.title.name for one in folio.resources()} == {first.title}, "the one made for the second goes"
        again = await run_migration(database, systems, pair, wanted=Wanted.both(pair.policy))
        assert (again.plan.summary.writes, again.plan.summary.withheld) == (0, 0)
        assert len(alma.portfolios()) == 2


async def test_a_package_never_gets_a_name_that_another_one_bears(database: AsyncEngine) -> None:
    """FOLIO refuses it: the collection's package gets its name with something that tells it apart, at once."""
    with practice_systems(library([journal(0)], collection("Coast", [portfolio(0)]))) as systems:
        await run_migration(database, systems)
        (before,) = systems.folio.packages()
        systems.alma.rename_collection(str(systems.alma.collections()[0]["id"]), "Dunes")
        custom_title(systems.folio, "Dunes", "Journal of Dunes", (("2049-3630", "ISSN", "Online"),))
        ended = await sync(database, systems)
        assert ended.result is not None
        assert (ended.result.verified, ended.result.failed) == (ended.plan.summary.writes, 0)
        names = {one.package.name: one.id for one in systems.folio.packages()}
        assert set(names) > {"Dunes"}
        assert names["Dunes"] != before.id
        assert [one["public_name"] for one in systems.alma.collections()] == ["Dunes", "Dunes"]
        again = await sync(database, systems)
        assert (again.plan.summary.writes, again.plan.summary.withheld) == (0, 0)
        assert {one.package.name: one.id for one in systems.folio.packages()} == names, "who has a name keeps it"
