"""Undo where things went on since the run, or went wrong in it or in the undo itself."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.alma.client import AlmaClient
from sync.engine import apply
from sync.engine.migrate import apply_stored, diff, migrate
from sync.engine.plan import Wanted
from sync.engine.running import Ended
from sync.engine.undo import plan_undo
from sync.errors import OutcomeUnknownError
from sync.model import Kind
from sync.plan.approvable import Choice
from sync.plan.changes import Action, Status
from sync.plan.direction import Direction
from sync.sandbox.alma import AlmaSwitches
from sync.sandbox.alma.marc import MarcField
from sync.sandbox.controls import Faults
from sync.store.approval import costs_today, withhold_changes
from sync.store.tables import run
from tests.support.dying import die, let_go, nth
from tests.support.libraries import journal, library, plain_library, portfolio
from tests.support.migrating import PAIR, Quiet, all_done, approve, changes, watched
from tests.support.removals import BOTH, TO_ALMA, TO_FOLIO, Story, agreed, removing, told, tripped
from tests.support.to_alma import bibs, entry
from tests.support.undoing import lines, pair_of, same, some_titles, stays_taken_back, take_back, values


async def sync_both(story: Story) -> Ended:
    pair = pair_of(story)
    return await migrate(story.database, PAIR, pair, Quiet(), approve, watched(None), wanted=Wanted.both(pair.policy))


# --- somebody went on since the run


async def test_what_came_again_and_was_edited_is_not_overwritten(database: AsyncEngine) -> None:
    with told(TO_FOLIO, database, plain_library([3, 2])) as story:
        await agreed(story)
        alma = story.systems.alma
        alma.add_portfolio(str(alma.services(story.collection("Collection 2"))[0]["id"]), portfolio(0))
        assert all_done(await story.run())
        first = story.collection("Collection 1")
        (own,) = [
            one for one in story.portfolios(0) if alma.portfolio(one)["electronic_collection"]["id"]["value"] == first
        ]
        alma.remove_portfolio(own)
        ended = await story.run()
        alma.add_portfolio(str(alma.services(first)[0]["id"]), portfolio(0))
        assert all_done(await story.run()), "the title is in its package again, under the same id"
        (there,) = [one for one in story.resources(0) if one.id.startswith(story.package("Collection 1"))]
        story.systems.folio.edit_resource(there.id, coverage_statement="edited by hand")
        now = values(story)

        back = await take_back(story, ended)
        assert back.plan.summary.writes == 0
        same(values(story), now)
        assert await lines(story, back, Status.NOTED) == {(Action.REMOVE, Kind.HOLDING, journal(0).title)}


async def test_a_portfolio_whose_resource_came_again_is_not_made_a_third_time(database: AsyncEngine) -> None:
    with told(TO_ALMA, database, plain_library([3, 2])) as story:
        await agreed(story)
        folio = story.systems.folio
        (one,) = story.resources(0)
        other = int(story.package("Collection 2").rpartition("-")[2])
        folio.state.put_resource(replace(one.resource, package_id=other, location_id=folio.state.new_location()))
        assert all_done(await story.run())
        folio.remove_resource(one.id)
        ended = await story.run()
        folio.state.put_resource(one.resource)
        assert all_done(await story.run())
        now = story.portfolios(0)
        await take_back(story, ended)
        assert story.portfolios(0) == now


async def test_what_a_later_run_made_is_not_removed(database: AsyncEngine) -> None:
    with told(TO_FOLIO, database, plain_library([3])) as story:
        pair = pair_of(story)
        held = await diff(database, PAIR, pair, Quiet(), wanted=removing(TO_FOLIO))
        (one,) = [
            stored.change.id
            for stored in await changes(database, held, kind=Kind.HOLDING)
            if stored.change.name == journal(0).title
        ]
        cost_of = await costs_today(database, PAIR, pair)
        await withhold_changes(database, PAIR, held.plan.id, Choice(changes=frozenset({one})), cost_of)
        first = await apply_stored(database, PAIR, pair, Quiet(), approve, held.plan.id, watched(None))
        assert all_done(await story.run())
        back = await take_back(story, first)
        assert [one.title.name for one in story.systems.folio.resources()] == [journal(0).title]
        failed = await changes(database, back, status=Status.FAILED)
        assert [(one.change.kind, "still holds" in one.outcome.reason) for one in failed] == [(Kind.PACKAGE, True)]


async def test_a_bib_to_which_a_cataloguer_added_fields_stays(database: AsyncEngine) -> None:
    with told(TO_ALMA, database, library([])) as story:
        some_titles(story, (20, 21))
        ended = await story.run(Wanted(direction=TO_ALMA))
        made = {one["title"]: story.systems.alma.state.bibs[one["mms_id"]] for one in story.systems.alma.bibs()}
        bib = made[journal(20).title]
        subject = MarcField(tag="650", indicators=" 0", subfields=(("a", "Harbours"),))
        bib.made = replace(bib.made, fields=[*bib.made.fields, subject])
        assert all_done(await take_back(story, ended))
        assert bibs(story.systems) == {bib.mms_id}


async def test_where_the_link_has_ended_the_value_is_restored_all_the_same(database: AsyncEngine) -> None:
    with told(TO_ALMA, database, plain_library([3])) as story:
        await agreed(story)
        before = values(story)
        story.edit(0, at_source=True)
        story.edit(1, at_source=True)
        ended = await story.run()
        async with database.begin() as connection:
            ending = "update link set closed_at = now() where kind = 'holding' and alma_id = :own"
            await connection.execute(text(ending), {"own": story.portfolios(0)[0]})
        assert all_done(await take_back(story, ended))
        same(values(story), before)


@BOTH
async def test_new_titles_of_a_package_that_was_taken_back_wait_with_it(
    direction: Direction, database: AsyncEngine
) -> None:
    with told(direction, database, library([]) if direction is TO_ALMA else plain_library([2, 2])) as story:
        if story.to_alma:
            some_titles(story, (20, 21))
        await take_back(story, await story.run(Wanted(direction=direction)))
        if story.to_alma:
            (into,) = [one.package for one in story.systems.folio.packages()]
            entry(story.systems, into, 30)
        else:
            story.add(30, "Collection 1", at_source=True)
        before = bibs(story.systems)
        ended = await story.run(Wanted(direction=direction))
        assert (ended.plan.summary.writes, tripped(ended)) == (0, {"taken-back"})
        assert (values(story), bibs(story.systems)) == ([], before)


# --- something went wrong


async def last_run(database: AsyncEngine) -> Any:
    async with database.connect() as connection:
        number = (await connection.execute(select(func.max(run.c.id)))).scalar_one()

    class Died:
        run_id = number

    return Died


async def test_what_a_run_did_not_live_to_remove_is_not_made_a_second_time(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with told(TO_ALMA, database, plain_library([3])) as story:
        await agreed(story)
        before, running = values(story), asyncio.Event()

        async def never(*_: Any, **__: Any) -> None:
            running.set()
            await asyncio.sleep(60)

        story.take(0)
        with monkeypatch.context() as patched:
            patched.setattr(AlmaClient, "delete_portfolio", never)
            patched.setattr(apply, "DRAIN_SECONDS", 0)
            task = asyncio.create_task(story.run())
            await running.wait()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        let_go()
        await take_back(story, await last_run(database))
        same(values(story), before)


async def test_what_was_removed_after_a_lost_answer_and_a_refusal_is_known_and_comes_again(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = AlmaSwitches(requests_per_second=0, delete_in_process_seconds=0.3)
    with told(TO_ALMA, database, plain_library([3]), alma=slow) as story:
        await agreed(story)
        before, real, calls = values(story), AlmaClient.delete_portfolio, 0

        async def lost_once(self: AlmaClient, *where: Any, **how: Any) -> None:
            nonlocal calls
            calls += 1
            await real(self, *where, **how)
            if calls == 1:
                raise OutcomeUnknownError("the answer was lost")

        story.take(0)
        with monkeypatch.context() as patched:
            patched.setattr(AlmaClient, "delete_portfolio", lost_once)
            ended = await story.run(alma={"delete_wait_seconds": 3})
        assert ended.plan.summary.remove == 1
        assert all_done(await take_back(story, ended))
        same(values(story), before)


@BOTH
async def test_what_an_undo_made_only_half_is_kept_apart_and_completed_by_the_next(
    direction: Direction, database: AsyncEngine
) -> None:
    with told(direction, database, plain_library([3])) as story:
        await agreed(story)
        before = values(story)
        story.take(0)
        ended = await story.run()
        controls = (story.systems.alma if story.to_alma else story.systems.folio).controls
        controls.set_faults(Faults(fail_before=1.0, methods=frozenset({"PUT"})))
        half = await take_back(story, ended)
        controls.set_faults(Faults())
        assert half.result is not None
        assert half.result.failed == 1
        both = await sync_both(story)
        assert (both.plan.summary.writes, tripped(both)) == (0, {"taken-back"}), "nothing is carried to the other side"

        assert all_done(await take_back(story, ended))
        same(values(story), before)
        await stays_taken_back(story, one_way=False)


@BOTH
async def test_a_look_at_the_plan_of_an_undo_that_died_does_not_keep_it_from_going_on(
    direction: Direction, database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with told(direction, database, plain_library([3, 3])) as story:
        await agreed(story)
        before = values(story)
        story.take_package("Collection 2")
        ended = await story.run()
        front = story.systems.alma_front if story.to_alma else story.systems.folio_front
        end = "/portfolios" if story.to_alma else "/titles"
        await die(monkeypatch, front, take_back(story, ended), nth(2, "POST", end))
        looked = await plan_undo(database, PAIR, pair_of(story), Quiet(), ended.run_id, approved=1000)
        assert looked.plan.status == "begun"
        # and where a newer plan took its place: the next undo knows where the first one put things
        await diff(database, PAIR, pair_of(story), Quiet(), wanted=removing(direction))
        assert all_done(await take_back(story, ended))
        same(values(story), before)
