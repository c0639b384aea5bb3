"""What is gone at the source goes at the target: never more than was approved, and only what is ours to remove."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.engine.plan import Wanted
from sync.model import Kind
from sync.plan.changes import NOT_ASKED, REMOVALS, Status
from sync.plan.direction import Direction
from sync.sandbox.controls import Call
from sync.sandbox.folio.records import Coverage
from sync.sandbox.seed import SeedRange, SeedService
from tests.support.commands import Place, configuration
from tests.support.libraries import collection, journal, library, plain_library, portfolio
from tests.support.migrating import after_looking, all_done, changes, parked, run_diff
from tests.support.practice import custom_title
from tests.support.removals import BOTH, TO_ALMA, TO_FOLIO, Story, agreed, falls_short, removing, title, told, tripped

# --- the whole story, by the real command

LEAVING = collection(
    "Leaving",
    services=(
        SeedService(portfolios=tuple(portfolio(number) for number in range(18))),
        SeedService(portfolios=tuple(portfolio(number) for number in range(18, 30))),
    ),
)
STAYING = collection("Staying", [portfolio(number) for number in range(30, 90)])
NINETY = library([journal(number) for number in range(90)], LEAVING, STAYING)


@dataclass(frozen=True, slots=True)
class Desk:
    """Runs the real command."""

    place: Place
    direction: Direction

    async def remove(self, *more: str) -> tuple[int, Any, Counter[tuple[str, str]]]:
        """Return the exit code, the JSON that was printed, and how many removals of each kind have which status."""
        ways = ("--from", self.direction.source, "--to", self.direction.target, "--remove", *more)
        settle = {"PAIRS__MAIN__ALMA__SETTLE_SECONDS": "0.1"}
        ended = await self.place.run("migrate", *ways, "--yes", "--format", "json", **settle)
        assert "Traceback" not in ended.err
        found = [one for one in ended.json["changes"] if one["action"] in REMOVALS]
        return ended.code, ended.json, Counter((one["kind"], one["status"]) for one in found)


def assert_from_the_bottom(story: Story, calls: list[Call], removals: int) -> None:
    """All writes come first, then the holdings, the services, the packages; no bib goes with its portfolio."""
    written, removed = calls[:-removals], calls[-removals:]
    assert {one.method for one in written} == {"POST", "PUT"}
    assert {one.method for one in removed} == {"DELETE"}
    if story.to_alma:
        assert [one.path.count("/") for one in removed] == [9] * 40 + [7] * 2 + [5]
        assert all("bib=retain" in one.query.split("&") for one in removed[:40])
    else:
        assert ["/resources/" in one.path for one in removed] == [True] * 40 + [False]


@BOTH
async def test_what_is_gone_goes_as_far_as_it_was_approved_and_nothing_else(
    direction: Direction, database: AsyncEngine, database_url: str, tmp_path: Path
) -> None:
    with told(direction, database, NINETY) as story:
        desk = Desk(Place(folder=tmp_path), direction)
        desk.place.configure(configuration(story.systems, database_url))
        count = 43 if story.to_alma else 41  # FOLIO has no services
        kinds = {"holding": 40, "package": 1, **({"service": 2} if story.to_alma else {})}
        await agreed(story)
        bibs, before = [story.systems.alma.mms_id(f"bib:{number}") for number in range(90)], story.target()
        gone = story.container("Leaving").union(*(story.ids_of(number) for number in range(40)))
        assert len(gone) == count
        story.take_package("Leaving")
        story.take(*range(30, 40))
        story.edit(50, at_source=True)
        story.add(95, "Staying", at_source=True)

        # too many: nothing is removed, and everything else is done
        code, answer, removals = await desk.remove()
        guard = {"name": "removals", "value": count, "limit": 20, "tripped": True}
        assert (code, [one for one in answer["guards"] if one["name"] == "removals"]) == (4, [guard])
        assert removals == {(kind, "withheld"): number for kind, number in kinds.items()}
        assert answer["summary"] == {
            "create": 2, "update": 1, "remove": 0, "unchanged": 100, "conflict": 0,
            "withheld": count, "ambiguous": 0, "lossy": 0,
        }  # fmt: skip
        assert answer["result"] == {"applied": 3, "verified": 3, "skipped": 0, "failed": 0, "parked": 0, "paused": 0}
        assert story.writes("DELETE") == []
        assert before < story.target()
        assert len(story.target() - before) == 1
        writes = len(story.writes())
        code, answer, removals = await desk.remove("--max-removals", str(count - 1))
        assert code == 4
        assert {status for _, status in removals} == {"withheld"}
        assert removals.total() == answer["summary"]["withheld"] == count
        assert len(story.writes()) == writes

        # approved: exactly these, from the bottom, after all that is written
        story.edit(51, at_source=True)
        story.add(96, "Staying", at_source=True)
        code, answer, removals = await desk.remove("--max-removals", str(count))
        assert code == 0
        assert removals == {(kind, "verified"): number for kind, number in kinds.items()}
        assert (answer["summary"]["remove"], answer["summary"]["unchanged"]) == (count, 102)
        assert before - story.target() == gone
        assert len(story.target() - before) == 2
        calls = story.writes()[writes:]
        assert_from_the_bottom(story, calls, count)
        assert set(bibs) <= {one["mms_id"] for one in story.systems.alma.bibs()}
        await story.nothing_more()


@BOTH
async def test_without_being_asked_nothing_is_removed_and_the_plan_says_how_many_are_gone(
    direction: Direction, database: AsyncEngine
) -> None:
    with told(direction, database, plain_library([3, 4])) as story:
        await agreed(story)
        before, count = story.target(), 7 if story.to_alma else 6
        story.take_package("Collection 2")
        story.take(0)
        ended = await story.run(Wanted(direction=direction))
        (guard,) = [one for one in ended.plan.guards if one.name == NOT_ASKED]
        assert (guard.value, guard.limit, guard.tripped) == (count, 0, False)
        assert f"{count} records" in guard.explanation
        assert await changes(database, ended) == []
        writes = len(story.writes())
        ended = await run_diff(database, story.systems, wanted=removing(direction))
        assert len(await story.words(ended, Status.PLANNED)) == ended.plan.summary.remove == count
        assert NOT_ASKED not in {one.name for one in ended.plan.guards}
        assert (story.target(), len(story.writes())) == (before, writes)
        assert all_done(await story.run())
        assert len(before - story.target()) == count
        await story.nothing_more()


# --- readings that do not suffice


@BOTH
async def test_from_an_incomplete_reading_of_the_source_nothing_counts_as_gone(
    direction: Direction, database: AsyncEngine
) -> None:
    with told(direction, database, plain_library([3, 2])) as story:
        await agreed(story)
        before, gone = story.target(), story.ids_of(4)
        story.take(4)
        story.edit(3, at_source=True)
        story.add(90, "Collection 1", at_source=True)
        story.meddle(falls_short(story, 0, 90), at_source=True)
        ended = await story.run(removing(direction, approved=1000))
        assert "source-complete" in tripped(ended)
        withheld = await story.words(ended, Status.WITHHELD)
        # what is linked is looked for in FOLIO one by one
        assert withheld.keys() == ({title(4)} if story.to_alma else {title(0), title(4)})
        assert all("not read completely" in words for words in withheld.values())
        assert story.target() == before
        assert all_done(ended)
        assert ended.plan.summary.update == 1
        story.meddle(None, at_source=True)
        assert all_done(await story.run())
        assert before - story.target() == gone


@BOTH
async def test_an_empty_source_is_no_reading_of_a_library(direction: Direction, database: AsyncEngine) -> None:
    with told(direction, database, plain_library([2, 1])) as story:
        await agreed(story)
        before = story.target()
        story.take_package("Collection 1")
        story.take_package("Collection 2")
        ended = await story.run(removing(direction, approved=1000))
        assert tripped(ended) == {"empty-side"}
        assert len(await story.words(ended, Status.WITHHELD)) == len(before)
        assert story.target() == before
        assert story.writes("DELETE") == []


@BOTH
async def test_a_package_that_loses_too_much_is_left_while_the_others_go_on(
    direction: Direction, database: AsyncEngine
) -> None:
    with told(direction, database, plain_library([5, 20])) as story:
        await agreed(story)
        before, gone = story.target(), story.ids_of(5)
        story.take(0, 1, 2, 5)  # 3 of 5, and 4 of 25
        ended = await story.run(removing(direction, number=2, percent=20.0))
        assert tripped(ended) == {"removals-in-package"}
        withheld = await story.words(ended, Status.WITHHELD)
        assert withheld.keys() == {title(0), title(1), title(2)}
        assert all("'Collection 1'" in words and "--max-removals 3" in words for words in withheld.values())
        assert before - story.target() == gone
        ended = await story.run(removing(direction, number=2, percent=20.0, approved=3))
        assert all_done(ended)
        assert len(before - story.target()) == 4


# --- edits win, and what is not ours stays


@BOTH
async def test_what_somebody_edited_at_the_target_stays_and_is_listed(
    direction: Direction, database: AsyncEngine
) -> None:
    with told(direction, database, plain_library([3, 2])) as story:
        await agreed(story)
        before, gone = story.target(), story.ids_of(1) | story.ids_of(3) | story.ids_of(4)
        story.edit(0)
        if story.to_alma:
            story.systems.alma.rename_collection(story.collection("Collection 2"), "Ours")
            story.systems.folio.remove_package(story.package("Collection 2"))
        else:
            story.systems.folio.edit_package(story.package("Collection 2"), name="Ours")
            story.take_package("Collection 2")
        story.take(0, 1)
        ended = await story.run()
        withheld = await story.words(ended, Status.WITHHELD)
        assert withheld.keys() - {(Kind.SERVICE, "Ours")} == {title(0), (Kind.PACKAGE, "Ours")}
        assert "(coverage); an edit wins" in withheld[title(0)]
        assert "(name); an edit wins" in withheld[Kind.PACKAGE, "Ours"]
        assert tripped(ended) == {"removals-held-back"}
        assert before - story.target() == gone


@BOTH
async def test_what_somebody_did_between_plan_and_removal_is_respected(
    direction: Direction, database: AsyncEngine
) -> None:
    with told(direction, database, plain_library([4, 1])) as story:
        await agreed(story)
        alma, folio = story.systems.alma, story.systems.folio
        before, edited = story.target(), story.ids_of(0)
        gone = story.ids_of(1).union(*map(story.ids_of, (2, 4)))

        def meanwhile() -> None:
            story.edit(0)
            if story.to_alma:
                alma.remove_portfolio(story.portfolios(1)[0])
                alma.edit_collection(story.collection("Collection 2"), description="Kept for Ida")
            else:
                folio.remove_resource(story.resources(1)[0].id)
                folio.edit_package(story.package("Collection 2"), name="Kept for Ida")

        story.take(0, 1, 2)
        story.take_package("Collection 2")
        ended = await story.run(confirm=after_looking(meanwhile))
        skipped = await story.words(ended, Status.SKIPPED)
        assert skipped.keys() == {title(0), (Kind.PACKAGE, "Collection 2")}
        assert "coverage was" in skipped[title(0)]
        assert "run the command again" in skipped[title(0)].lower()
        assert (await story.words(ended, Status.VERIFIED)).keys() >= {title(1), title(2), title(4)}
        assert await story.words(ended, Status.FAILED) == {}
        assert edited <= story.target()
        services = {one for one in before - story.target() - gone if one.startswith("62")}
        assert before - story.target() == gone | services
        again = await story.words(await story.run(), Status.WITHHELD)
        assert "an edit wins" in again[title(0)]


@BOTH
@pytest.mark.parametrize("when", ["before the plan", "after the plan", "unseen by the plan"])
async def test_a_package_that_holds_what_is_not_ours_stays_and_is_listed(
    direction: Direction, when: str, database: AsyncEngine
) -> None:
    with told(direction, database, plain_library([2, 1])) as story:
        await agreed(story)
        gone, kept = story.ids_of(0) | story.ids_of(1), story.container("Collection 1")
        before = story.target()
        story.take_package("Collection 1")

        def add() -> None:
            story.add(90, "Collection 1")

        if when == "after the plan":
            ended = await story.run(confirm=after_looking(add))
        else:
            add()
            if when == "unseen by the plan":
                mirrored = Story(story.systems, TO_FOLIO if story.to_alma else TO_ALMA, database)
                story.meddle(falls_short(mirrored, 90))
            ended = await story.run()
        left = await story.words(ended, Status.FAILED if when == "after the plan" else Status.WITHHELD)
        names = {(Kind.PACKAGE, "Collection 1"), (Kind.SERVICE, "Collection 1")}
        assert left.keys() == (names if story.to_alma else {(Kind.PACKAGE, "Collection 1")})
        words = "not read completely" if when == "unseen by the plan" else "it still holds"
        assert all(words in one for one in left.values())
        assert before - story.target() == gone
        story.meddle(None)
        if story.to_alma:
            story.systems.alma.remove_portfolio(story.portfolios(90)[0])
        else:
            story.systems.folio.remove_resource(story.resources(90)[0].id)
        assert all_done(await story.run())
        assert before - story.target() == gone | kept
        await story.nothing_more()


@BOTH
async def test_what_cannot_be_read_at_the_source_is_there_all_the_same(
    direction: Direction, database: AsyncEngine
) -> None:
    with told(direction, database, plain_library([3])) as story:
        await agreed(story)
        before, gone = story.target(), story.ids_of(1)
        if story.to_alma:
            odd = (Coverage("2001-02-30", ""),)
            story.systems.folio.edit_resource(story.resources(0)[0].id, custom_coverages=odd)
        else:
            odd = SeedRange(from_year="2001", from_month="2", from_day="30")
            story.systems.alma.set_coverage(story.portfolios(0)[0], odd)
        story.take(1)
        ended = await story.run()
        assert [one.kind for one in await parked(database, ended)] == [Kind.HOLDING]
        assert tripped(ended) == set()
        assert before - story.target() == gone
        assert {one.change.name for one in await changes(database, ended)} == {journal(1).title}


@BOTH
async def test_what_never_agreed_is_not_removed(direction: Direction, database: AsyncEngine) -> None:
    with told(direction, database, plain_library([1, 1])) as story:
        resource_id = custom_title(story.systems.folio, "Collection 1", journal(0).title)
        story.systems.folio.edit_resource(resource_id, custom_coverages=(Coverage("2005-01-01", ""),))
        custom_title(story.systems.folio, "Elsewhere", "Elsewhere")
        await run_diff(database, story.systems, wanted=Wanted(direction=direction))
        kept = story.ids_of(0) | story.container("Collection 1")
        story.take_package("Collection 1")
        ended = await story.run()
        withheld = await story.words(ended, Status.WITHHELD)
        assert withheld.keys() >= {title(0), (Kind.PACKAGE, "Collection 1")}
        assert "never agreed" in withheld[title(0)]
        assert ("it still holds" if story.to_alma else "never agreed") in withheld[Kind.PACKAGE, "Collection 1"]
        assert kept <= story.target()
        assert story.writes("DELETE") == []


async def test_what_comes_from_the_community_zone_is_left_with_advice(database: AsyncEngine) -> None:
    seed = library(
        [journal(number) for number in range(5)],
        collection("Zone", [portfolio(0), portfolio(1)], is_local=False),
        collection("Mixed", [portfolio(2), portfolio(3, is_local=False)]),
        collection("Other", [portfolio(4)]),
    )
    with told(TO_ALMA, database, seed) as story:
        await agreed(story)
        before, gone = story.target(), story.ids_of(2)
        story.take_package("Zone")
        story.take_package("Mixed")
        ended = await story.run()
        withheld = await story.words(ended, Status.WITHHELD)
        assert len(withheld) == len(before) - 4
        zone = {title(0), title(1), title(3), (Kind.SERVICE, "Zone"), (Kind.PACKAGE, "Zone")}
        assert all("no API could bring it back: remove it in Alma itself" in withheld[one] for one in zone)
        assert "it still holds 1 titles" in withheld[Kind.PACKAGE, "Mixed"]
        assert before - story.target() == gone
