"""A week of a pair that is kept in step, told day by day: librarians work on both sides, the vendor on one.

Each day ends with a sync. What is asserted is what the librarians find in their own system the morning after.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.engine.plan import Wanted
from sync.engine.running import Ended
from sync.model import Kind, System
from sync.plan.changes import Status
from sync.plan.three_way import Decision
from sync.sandbox.folio.records import HIDDEN_EVERYWHERE, Coverage
from sync.sandbox.seed import SeedRange
from sync.settings import Pair
from sync.store.conflicts import Conflict, decide, open_conflicts
from tests.support.libraries import collection, journal, library, portfolio
from tests.support.migrating import PAIR, changes, run_diff, run_migration
from tests.support.practice import Systems, custom_title, practice_systems

OWN, DROPPED, KEPT = 6, 900, 60
LIBRARY = library(
    [journal(number) for number in range(OWN + DROPPED + KEPT)],
    collection("Harbour Studies", [portfolio(number) for number in range(OWN)]),
    collection("Vendor Complete", [portfolio(number) for number in range(OWN, OWN + DROPPED + KEPT)]),
)


@dataclass(slots=True)
class Week:
    """Both systems, as their librarians see them."""

    systems: Systems
    database: AsyncEngine
    pair: Pair

    async def sync(self, *, approved: int | None = None) -> Ended:
        """Run a cycle, with up to so many removals approved."""
        wanted = Wanted.both(self.pair.policy, approved=approved)
        return await run_migration(self.database, self.systems, self.pair, wanted=wanted)

    async def written(self, ended: Ended) -> set[tuple[System, str]]:
        """Return what a cycle wrote: on which side, and of which title or package."""
        return {
            (one.change.system, one.change.name) for one in await changes(self.database, ended, status=Status.VERIFIED)
        }

    async def conflicts(self) -> list[Conflict]:
        """Return what waits for a decision."""
        return await open_conflicts(self.database, PAIR, decided=False)

    async def settled(self) -> None:
        """Assert that there is nothing left to do: one more cycle writes nothing on either side."""
        before = self.systems.alma.controls.writes, self.systems.folio.controls.writes
        ended = await self.sync()
        assert (ended.plan.summary.writes, ended.plan.summary.withheld, ended.plan.summary.conflict) == (0, 0, 0)
        assert (self.systems.alma.controls.writes, self.systems.folio.controls.writes) == before

    # what a librarian sees

    def in_alma(self, number: int) -> dict[str, object]:
        """Return the portfolio of a journal."""
        alma = self.systems.alma
        (found,) = alma.portfolios(mms_id=alma.mms_id(journal(number).key))
        return found

    def address_in_alma(self, number: int) -> str:
        """Return where the portfolio leads."""
        alma = self.systems.alma
        (found,) = alma.portfolios(mms_id=alma.mms_id(journal(number).key))
        return str(found["linking_details"]["static_url"]).removeprefix("jkey=")

    def first_year_in_alma(self, number: int) -> str:
        """Return the year in which the portfolio's coverage begins."""
        alma = self.systems.alma
        (found,) = alma.portfolios(mms_id=alma.mms_id(journal(number).key))
        (ranges,) = found["coverage_details"]["local_date_coverage_parameters"]
        return str(ranges["from_year"])

    def resource(self, number: int):
        """Return the title in FOLIO."""
        (found,) = [one for one in self.systems.folio.resources() if one.title.name == journal(number).title]
        return found

    def titles_in_folio(self) -> set[str]:
        """Return the names of the titles FOLIO holds in its packages."""
        return {one.title.name for one in self.systems.folio.resources()}

    def titles_in_alma(self) -> set[str]:
        """Return the names of the titles Alma holds portfolios of."""
        return {str(one["resource_metadata"]["title"]) for one in self.systems.alma.portfolios()}

    # what a librarian does

    def move_address_in_alma(self, number: int, url: str) -> None:
        """Give the portfolio another address."""
        self.systems.alma.edit_portfolio(str(self.in_alma(number)["id"]), linking_details={"static_url": f"jkey={url}"})

    def move_address_in_folio(self, number: int, url: str) -> None:
        """Give the title another address."""
        self.systems.folio.edit_resource(self.resource(number).id, url=url)

    def package(self, name: str) -> str:
        """Return the id of a package of FOLIO."""
        return next(one.id for one in self.systems.folio.packages() if one.package.name == name)

    def collection(self, name: str) -> str:
        """Return the id of a collection of Alma."""
        return next(str(one["id"]) for one in self.systems.alma.collections() if one["public_name"] == name)


@pytest.fixture
def systems() -> Iterator[Systems]:
    with practice_systems(LIBRARY) as both:
        yield both


@pytest.fixture
def week(systems: Systems, database: AsyncEngine) -> Week:
    pair = systems.pair(alma={"settle_seconds": 0.1, "delete_wait_seconds": 0.5})
    return Week(systems, database, pair)


async def test_a_week_in_which_both_sides_change(week: Week) -> None:
    await sunday_everything_that_only_alma_has_comes_to_folio(week)
    await monday_one_date_is_moved_in_folio_and_another_one_in_alma(week)
    await monday_evening_both_move_the_same_address(week)
    await tuesday_the_vendor_drops_900_titles(week)
    await wednesday_one_removes_what_the_other_edits(week)
    await thursday_packages_are_renamed_and_hidden_and_titles_added_on_both_sides(week)
    await week.settled()


async def sunday_everything_that_only_alma_has_comes_to_folio(week: Week) -> None:
    planned = await run_diff(week.database, week.systems, week.pair, wanted=Wanted.both(week.pair.policy))
    assert planned.plan.summary.remove == 0
    ended = await week.sync()
    assert ended.result is not None
    assert ended.result.verified == ended.plan.summary.writes == planned.plan.summary.writes
    assert week.titles_in_folio() == week.titles_in_alma()
    await week.settled()


async def monday_one_date_is_moved_in_folio_and_another_one_in_alma(week: Week) -> None:
    week.systems.folio.edit_resource(week.resource(0).id, custom_coverages=(Coverage("1950-01-01", ""),))
    week.systems.alma.set_coverage(str(week.in_alma(1)["id"]), SeedRange(from_year="1960"))
    ended = await week.sync()
    assert await week.written(ended) == {(System.ALMA, journal(0).title), (System.FOLIO, journal(1).title)}
    assert week.first_year_in_alma(0) == "1950"
    assert week.resource(1).resource.custom_coverages == (Coverage("1960-01-01", ""),)
    await week.settled()


async def monday_evening_both_move_the_same_address(week: Week) -> None:
    week.move_address_in_alma(2, "https://alma.invalid/2")
    week.move_address_in_folio(2, "https://folio.invalid/2")
    week.systems.alma.set_coverage(str(week.in_alma(2)["id"]), SeedRange(from_year="1970"))
    week.move_address_in_alma(3, "https://same.invalid/3")
    week.move_address_in_folio(3, "https://same.invalid/3")
    ended = await week.sync()
    assert await week.written(ended) == {(System.FOLIO, journal(2).title)}, "the date goes, the address waits"
    (conflict,) = await week.conflicts()
    assert (conflict.name, conflict.package_name, conflict.field) == (journal(2).title, "Harbour Studies", "url")
    assert (conflict.base, conflict.alma, conflict.folio) == (
        portfolio(2).url,
        "https://alma.invalid/2",
        "https://folio.invalid/2",
    )
    assert week.address_in_alma(2) == "https://alma.invalid/2"
    assert week.resource(2).resource.url == "https://folio.invalid/2"
    again = await week.sync()
    assert (again.plan.summary.writes, again.plan.summary.conflict) == (0, 1), "it waits as long as nobody decides"

    await decide(week.database, PAIR, [conflict.id], Decision.FOLIO)
    ended = await week.sync()
    assert await week.written(ended) == {(System.ALMA, journal(2).title)}
    assert week.address_in_alma(2) == "https://folio.invalid/2"
    assert week.first_year_in_alma(2) == "1970"
    await week.settled()


async def tuesday_the_vendor_drops_900_titles(week: Week) -> None:
    alma = week.systems.alma
    dropped = [journal(number) for number in range(OWN, OWN + DROPPED)]
    for bib in dropped:
        (gone,) = alma.portfolios(mms_id=alma.mms_id(bib.key))
        alma.remove_portfolio(str(gone["id"]))
    week.move_address_in_folio(OWN + DROPPED, "https://meanwhile.invalid")
    ended = await week.sync()
    assert ended.plan.summary.withheld == DROPPED
    tripped = {one.name: one.value for one in ended.plan.guards if one.tripped}
    assert tripped["removals"] == DROPPED
    assert "much-smaller" in tripped
    assert await week.written(ended) == {(System.ALMA, journal(OWN + DROPPED).title)}, "other work goes on"
    assert {bib.title for bib in dropped} <= week.titles_in_folio()

    too_few = await week.sync(approved=DROPPED - 1)
    assert too_few.plan.summary.withheld == DROPPED, "an approval is a ceiling"
    ended = await week.sync(approved=DROPPED)
    assert ended.result is not None
    assert ended.result.verified == DROPPED
    assert week.titles_in_folio() == week.titles_in_alma()
    await week.settled()


async def wednesday_one_removes_what_the_other_edits(week: Week) -> None:
    week.systems.folio.remove_resource(week.resource(4).id)
    week.move_address_in_alma(4, "https://edited.invalid/4")
    week.systems.alma.remove_portfolio(str(week.in_alma(5)["id"]))
    week.move_address_in_folio(5, "https://edited.invalid/5")
    ended = await week.sync()
    assert await week.written(ended) == set(), "an edit wins over a removal"
    conflicts = {one.name: one for one in await week.conflicts()}
    assert {name: one.field for name, one in conflicts.items()} == {
        journal(4).title: "removal",
        journal(5).title: "removal",
    }
    assert conflicts[journal(4).title].folio == ("removed",)
    assert conflicts[journal(5).title].alma == ("removed",)

    await decide(week.database, PAIR, [conflicts[journal(4).title].id], Decision.ALMA)
    await decide(week.database, PAIR, [conflicts[journal(5).title].id], Decision.ALMA)
    ended = await week.sync()
    assert await week.written(ended) == {(System.FOLIO, journal(4).title), (System.FOLIO, journal(5).title)}
    assert week.resource(4).resource.url == "https://edited.invalid/4"
    assert journal(5).title not in week.titles_in_folio()
    await week.settled()


async def thursday_packages_are_renamed_and_hidden_and_titles_added_on_both_sides(week: Week) -> None:
    alma, folio = week.systems.alma, week.systems.folio
    alma.rename_collection(week.collection("Harbour Studies"), "Harbour and Port Studies")
    folio.edit_package(week.package("Vendor Complete"), hidden=HIDDEN_EVERYWHERE)
    new = journal(5000)
    alma.add_bib(new)
    alma.add_portfolio(str(alma.services(week.collection("Harbour and Port Studies"))[0]["id"]), portfolio(new))
    made = custom_title(folio, "A package of the FOLIO librarian", "Letters from the Quay")
    ended = await week.sync()
    assert ended.plan.summary.remove == 0
    assert ended.result is not None
    assert ended.result.verified == ended.plan.summary.writes
    assert week.package("Harbour and Port Studies")
    (service,) = alma.services(week.collection("Vendor Complete"))
    assert service["activation_status"]["value"] == "10"
    assert new.title in week.titles_in_folio()
    assert week.collection("A package of the FOLIO librarian")
    assert "Letters from the Quay" in week.titles_in_alma()
    assert made in {one.id for one in folio.resources()}
    kinds = {one.change.kind for one in await changes(week.database, ended, status=Status.VERIFIED)}
    assert kinds == set(Kind)
    await week.settled()
