"""Removals where the systems are slow, answers are lost, others are at work, or records are not of the plain kind."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.engine.plan import Wanted
from sync.model import Kind
from sync.plan.changes import Action, Status
from sync.plan.direction import Direction
from sync.sandbox.alma import AlmaSwitches
from sync.sandbox.controls import Call, Faults
from sync.sandbox.folio import FolioSwitches
from sync.sandbox.folio.records import Coverage, Embargo
from sync.sandbox.seed import SeedKnowledgeBase, SeedLibrary, SeedService
from tests.support.libraries import collection, journal, knowledge_base, known_title, library, plain_library, portfolio
from tests.support.migrating import after_looking, all_done, changes
from tests.support.practice import Exchange
from tests.support.removals import BOTH, TO_ALMA, TO_FOLIO, agreed, title, told

# --- deletes that take their time, and answers that are lost


async def count(database: AsyncEngine, query: str) -> int:
    async with database.connect() as connection:
        return int((await connection.execute(text(query))).scalar_one())


def counted(calls: list[Call]) -> Counter[str]:
    return Counter(one.path for one in calls)


async def test_deletes_that_take_their_time_are_waited_for_in_order(database: AsyncEngine) -> None:
    slow = AlmaSwitches(requests_per_second=0, delete_in_process_seconds=0.3)
    with told(TO_ALMA, database, plain_library([4, 2]), alma=slow) as story:
        await agreed(story)
        before = story.target()
        gone = story.container("Collection 1").union(*map(story.ids_of, (0, 1, 2, 3, 4)))
        story.take_package("Collection 1")
        story.take(4)
        assert all_done(await story.run(alma={"delete_wait_seconds": 3}))
        assert before - story.target() == gone
        calls = [one for one in story.writes("DELETE") if one.status == 204]
        assert [one.path.count("/") for one in calls] == [9] * 5 + [7, 5]
        assert set(counted(calls).values()) == {1}
        await story.nothing_more()


async def test_a_delete_that_takes_longer_than_was_waited_is_for_the_next_run(database: AsyncEngine) -> None:
    slow = AlmaSwitches(requests_per_second=0, delete_in_process_seconds=60)
    with told(TO_ALMA, database, plain_library([50, 1]), alma=slow) as story:  # more than may fail to answer in a row
        await agreed(story)
        alma, before = story.systems.alma, story.target()
        story.take_package("Collection 1")
        ended = await story.run(alma={"delete_wait_seconds": 0.1})
        failed = await changes(database, ended, status=Status.FAILED)
        assert len(failed) == ended.plan.summary.remove == 52
        waiting = [one for one in failed if one.change.kind is Kind.HOLDING]
        assert {one.outcome.error for one in waiting} == {"transient"}
        assert all("has not carried out the delete" in one.outcome.reason for one in waiting)
        assert all("Run the same command again" in one.outcome.advice for one in waiting)
        assert story.target() == before

        def carry_out(exchange: Exchange) -> None:
            if b"60174" in exchange.body:  # in process
                alma.controls.clock.forward(seconds=61)

        alma.switches.delete_in_process_seconds = 0
        story.meddle(carry_out)
        assert all_done(await story.run())
        assert len(before - story.target()) == 52
        assert set(counted([one for one in story.writes("DELETE") if one.status == 204]).values()) == {1}
        story.meddle(None)
        await story.nothing_more()


@BOTH
@pytest.mark.parametrize("faults", [
    Faults(drop_after=0.5, fail_after=0.5, methods=frozenset({"DELETE"})),
    Faults(fail_before=0.4, drop_before=0.2, drop_after=0.2, fail_after=0.2, methods=frozenset({"DELETE"})),
], ids=["after the effect", "before or after"])  # fmt: skip
async def test_lost_answers_remove_nothing_else_and_nothing_twice(
    direction: Direction, faults: Faults, database: AsyncEngine
) -> None:
    lag = FolioSwitches(daily_calls=0, deleted_record_lag_seconds=0.15, search_lag_seconds=0.15)
    with told(direction, database, plain_library([8, 8]), folio=lag) as story:
        await agreed(story)
        before = story.target()
        gone = story.container("Collection 1").union(*map(story.ids_of, range(10)))
        story.take_package("Collection 1")
        story.take(8, 9)
        story.systems.folio.controls.clock.forward(seconds=1)  # the lists show what was written
        controls = (story.systems.alma if story.to_alma else story.systems.folio).controls
        controls.set_faults(faults)
        ended = await story.run()
        assert before - story.target() <= gone
        if not faults.fail_before:
            assert all_done(ended)
        controls.set_faults(Faults())
        story.systems.folio.controls.clock.forward(seconds=1)
        await story.run()
        assert before - story.target() == gone
        effects = [one for one in story.writes("DELETE") if one.fault.endswith("after") or one.status == 204]
        assert len(story.writes("DELETE")) < 8 * len(gone)
        assert {one.path.rpartition("/")[2] for one in effects} == gone
        assert await count(database, "select count(*) from intent where state in ('open', 'unknown')") == 0
        story.systems.folio.controls.clock.forward(seconds=1)
        await story.nothing_more()


@BOTH
async def test_somebody_who_is_faster_between_look_and_removal_is_no_trouble(
    direction: Direction, database: AsyncEngine
) -> None:
    with told(direction, database, plain_library([2, 1])) as story:
        await agreed(story)
        before, gone = story.target(), story.container("Collection 1") | story.ids_of(0) | story.ids_of(1)
        (first,), at = story.ids_of(0), min(story.container("Collection 1"))
        story.take_package("Collection 1")

        def faster(exchange: Exchange) -> None:
            if exchange.method != "GET" or not removing_now:
                return
            if exchange.path.endswith(first) and story.ids_of(0):
                (story.systems.alma.remove_portfolio if story.to_alma else story.systems.folio.remove_resource)(first)
            elif exchange.path.endswith(f"/{at}") and at in story.target() and not story.ids_of(1):
                (story.systems.alma.remove_collection if story.to_alma else story.systems.folio.remove_package)(at)

        removing_now: list[bool] = []
        story.meddle(faster)
        ended = await story.run(confirm=after_looking(lambda: removing_now.append(True)))
        assert all_done(ended)
        assert before - story.target() == gone
        story.meddle(None)
        await story.nothing_more()


# --- what only one of the two systems knows


async def test_titles_and_packages_of_the_vendor_are_deselected_and_the_others_untouched(
    database: AsyncEngine,
) -> None:
    bibs = [journal(number) for number in range(3)]
    packages = tuple(
        replace(knowledge_base(*map(known_title, bibs), selected=True).packages[0], name=name)
        for name in ("Complete", "Extra")
    )
    known = SeedKnowledgeBase(titles=tuple(map(known_title, bibs)), packages=packages)
    with told(TO_FOLIO, database, SeedLibrary(), known) as story:
        folio = story.systems.folio
        at = story.package("Complete")
        for held in folio.resources(at):
            folio.edit_resource(
                held.id,
                custom_coverages=(Coverage("2001-01-01", "2003-12-31"),),
                custom_embargo=Embargo("Months", 6),
                coverage_statement="By arrangement",
                is_hidden=held.title.name == bibs[1].title,
                user_fields=("one", None, "three", None, None),
            )
        assert all_done(await story.run(Wanted(direction=TO_ALMA)))
        others = folio.resources(story.package("Extra"))
        held = story.systems.alma.portfolios(collection_id=story.collection("Complete"))
        (gone,) = [one["id"] for one in held if one["resource_metadata"]["title"] == bibs[0].title]
        story.systems.alma.remove_portfolio(gone)
        ended = await story.run()
        assert all_done(ended)
        (change,) = await changes(database, ended)
        assert (change.change.action, change.change.name) == (Action.DESELECT, bibs[0].title)
        assert {one.title.name: one.resource.is_selected for one in folio.resources(at)} == {
            bibs[0].title: False, bibs[1].title: True, bibs[2].title: True,
        }  # fmt: skip
        assert folio.resources(story.package("Extra")) == others
        await story.nothing_more()

        story.take_package("Complete")
        ended = await story.run()
        assert all_done(ended)
        assert {one.change.action for one in await changes(database, ended)} == {Action.DESELECT}
        assert not any(one.resource.is_selected for one in folio.resources(at))
        assert {one.package.name: one.package.is_selected for one in folio.packages()} == {
            "Complete": False, "Extra": True,
        }  # fmt: skip
        assert folio.resources(story.package("Extra")) == others
        assert story.writes("DELETE") == []
        await story.nothing_more()

        # somebody selects the package anew: it is theirs, and stays
        folio.edit_package(at, is_selected=True)
        for held in folio.resources(at):
            folio.edit_resource(held.id, is_selected=True)
        ended = await story.run()
        assert (ended.plan.summary.writes, ended.plan.summary.withheld) == (0, 0)


async def test_a_custom_title_vanishes_with_its_last_package_and_one_portfolio_of_two_keeps_it(
    database: AsyncEngine,
) -> None:
    seed = library(
        [journal(0), journal(1)],
        collection("One", [portfolio(0), portfolio(0, url="https://second.example.org/"), portfolio(1)]),
        collection("Two", [portfolio(0)]),
    )
    with told(TO_FOLIO, database, seed) as story:
        await agreed(story)
        alma, folio = story.systems.alma, story.systems.folio
        first, _ = [one["id"] for one in alma.portfolios(collection_id=story.collection("One"))][:2]
        alma.remove_portfolio(first)
        ended = await story.run()
        assert (ended.plan.summary.remove, len(story.resources(0))) == (0, 2)
        for name, left in (("One", 1), ("Two", 0)):
            (one,) = [
                one["id"]
                for one in alma.portfolios(mms_id=alma.mms_id("bib:0"))
                if one["electronic_collection"]["id"]["value"] == story.collection(name)
            ]
            alma.remove_portfolio(one)
            assert all_done(await story.run())
            assert len(story.resources(0)) == left
            assert (journal(0).title in {one.title.name for one in folio.titles()}) is bool(left)
        await story.nothing_more()


async def test_a_portfolio_put_under_another_bib_takes_the_former_titles_place_with_it(database: AsyncEngine) -> None:
    with told(TO_FOLIO, database, plain_library([3])) as story:
        await agreed(story)
        alma, before = story.systems.alma, story.target()
        (moved,), gone = story.portfolios(0), story.ids_of(0)
        alma.add_bib(journal(90))
        record, bib = alma.state.portfolios[moved], alma.state.bibs[alma.mms_id("bib:90")]
        del record.bib.portfolios[moved]
        record.bib = bib
        bib.portfolios[moved] = record
        assert (await story.run(Wanted(direction=TO_FOLIO))).plan.summary.create == 2
        assert before < story.target()
        assert all_done(await story.run())
        assert before - story.target() == gone
        assert len(story.resources(90)) == 1
        await story.nothing_more()


async def test_standalone_portfolios_are_removed_one_by_one_and_no_collection_with_them(
    database: AsyncEngine, tmp_path: Path
) -> None:
    with told(TO_ALMA, database, plain_library([3, 1])) as story:
        alma = story.systems.alma
        for number in range(3):
            alma.detach_portfolio(story.portfolios(number)[0])
        named = tmp_path / "standalone"
        named.write_text("\n".join(alma.mms_id(f"bib:{number}") for number in range(3)), encoding="utf-8")
        lone = {"standalone_mms_ids_file": str(named)}
        assert all_done(await story.run(Wanted(direction=TO_FOLIO), alma=lone))
        before, gone = story.target(), story.ids_of(0)
        story.take(0)
        assert all_done(await story.run(alma=lone))
        assert before - story.target() == gone
        story.take_package("Standalone e-resources")
        ended = await story.run(alma=lone)
        assert all_done(ended)
        assert {one.change.kind for one in await changes(database, ended)} == {Kind.HOLDING}
        assert len(before - story.target()) == 3
        assert all("bib=retain" in one.query for one in story.writes("DELETE"))


async def test_a_title_on_a_later_page_keeps_its_package_while_lists_still_show_what_was_removed(
    database: AsyncEngine,
) -> None:
    with told(TO_FOLIO, database, plain_library([101, 1])) as story:
        await agreed(story)
        folio = story.systems.folio
        before, package = story.target(), story.package("Collection 1")
        story.take_package("Collection 1")

        def add() -> None:
            story.add(990, "Collection 1")
            folio.switches.search_lag_seconds = 60

        ended = await story.run(confirm=after_looking(add))
        assert len((await story.words(ended, Status.VERIFIED)).keys()) == 101
        assert "it still holds titles" in (await story.words(ended, Status.FAILED))[Kind.PACKAGE, "Collection 1"]
        assert len(before - story.target()) == 101
        assert package in story.target()
        assert len(story.resources(990)) == 1


async def test_not_found_is_believed_of_folio_only_after_another_look(database: AsyncEngine) -> None:
    seed = library([journal(0)], collection("One", [portfolio(0)]), collection("Two", [portfolio(0)]))
    with told(TO_FOLIO, database, seed) as story:
        await agreed(story)
        folio = story.systems.folio
        (held,) = folio.resources(story.package("One"))

        def come_and_go(exchange: Exchange) -> None:
            if exchange.path.endswith(held.id) and exchange.method == "GET" and not story.writes("DELETE"):
                folio.remove_resource(held.id)
            elif exchange.path.endswith(held.id) and exchange.method == "DELETE":
                folio.state.put_resource(held.resource)

        story.systems.alma.remove_portfolio(
            str(story.systems.alma.portfolios(collection_id=story.collection("One"))[0]["id"])
        )
        ended = await story.run(confirm=after_looking(lambda: story.meddle(come_and_go)))
        assert [one.status for one in story.writes("DELETE")] == [404]
        assert "still shows" in (await story.words(ended, Status.FAILED))[title(0)]
        story.meddle(None)
        assert all_done(await story.run())
        assert folio.resources(story.package("One")) == ()


async def test_a_service_that_somebody_added_meanwhile_keeps_its_collection(database: AsyncEngine) -> None:
    with told(TO_ALMA, database, plain_library([1, 1])) as story:
        await agreed(story)
        alma, before = story.systems.alma, story.target()
        found = story.collection("Collection 1")
        gone = story.container("Collection 1") - {found} | story.ids_of(0)
        story.take_package("Collection 1")
        ended = await story.run(confirm=after_looking(lambda: alma.add_service(found, SeedService())))
        failed = await story.words(ended, Status.FAILED)
        assert failed.keys() == {(Kind.PACKAGE, "Collection 1")}
        assert "it still holds something, and was left" in failed[Kind.PACKAGE, "Collection 1"]
        assert before - story.target() == gone
        assert len(story.target() - before) == 1


async def test_what_was_added_since_both_sides_agreed_keeps_its_collection(database: AsyncEngine) -> None:
    with told(TO_ALMA, database, plain_library([1, 1, 1, 1])) as story:
        await agreed(story)
        alma = story.systems.alma
        alma.add_service(story.collection("Collection 1"), SeedService())
        alma.edit_collection(story.collection("Collection 2"), internal_description="Ask first")
        before = story.target()
        for name in ("Collection 1", "Collection 2", "Collection 3"):
            story.take_package(name)
        gone = story.container("Collection 3") | story.ids_of(0) | story.ids_of(1) | story.ids_of(2)
        for _ in range(2):
            ended = await story.run()
            withheld = await story.words(ended, Status.WITHHELD)
            assert "(service " in withheld[Kind.PACKAGE, "Collection 1"]
            assert "(internal_description); an edit wins" in withheld[Kind.PACKAGE, "Collection 2"]
        assert before - story.target() == gone


async def test_a_proxy_that_somebody_gave_a_title_in_folio_keeps_it(database: AsyncEngine) -> None:
    with told(TO_FOLIO, database, plain_library([2])) as story:
        await agreed(story)
        before, (kept,) = story.target(), story.ids_of(0)
        story.systems.folio.edit_resource(kept, proxy="EZProxy")
        story.take(0)
        for _ in range(2):
            ended = await story.run()
            assert "proxy was 'none'" in (await story.words(ended, Status.SKIPPED))[title(0)]
        assert story.target() == before
