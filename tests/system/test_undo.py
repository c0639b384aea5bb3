"""`undo`: created is removed, changed is restored, removed is made again; what was edited since then is left."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.engine.migrate import apply_stored, diff, migrate
from sync.engine.plan import Wanted
from sync.engine.undo import undo
from sync.errors import ConfigurationError
from sync.model import Kind
from sync.plan.approvable import Choice
from sync.plan.changes import Action, Status
from sync.plan.direction import Direction
from sync.sandbox.library import practice_knowledge_base, practice_library
from sync.store.approval import approve_changes, costs_today
from tests.support.commands import Place, configuration
from tests.support.dying import die, nth
from tests.support.libraries import journal, library, plain_library
from tests.support.migrating import PAIR, Quiet, all_done, approve, changes, watched
from tests.support.removals import BOTH, TO_ALMA, TO_FOLIO, Story, agreed, removing, told, tripped
from tests.support.to_alma import bibs
from tests.support.undoing import lines, not_done, pair_of, same, some_titles, stays_taken_back, take_back, values


@BOTH
async def test_what_a_run_created_and_changed_is_taken_back_and_stays_so(
    direction: Direction, database: AsyncEngine
) -> None:
    with told(direction, database, plain_library([3, 2])) as story:
        await agreed(story)
        before, ids = values(story), story.target()
        story.add(20, "Collection 1", at_source=True)
        story.add(21, "Collection 2", at_source=True)
        story.edit(0, at_source=True)
        ended = await story.run()
        assert all_done(ended)
        assert values(story) != before

        back = await take_back(story, ended)
        assert all_done(back)
        same(values(story), before)
        assert story.target() == ids
        again = await stays_taken_back(story)
        assert await lines(story, again, Status.WITHHELD) >= {
            (Action.CREATE, Kind.HOLDING, journal(20).title),
            (Action.CREATE, Kind.HOLDING, journal(21).title),
        }


@BOTH
async def test_what_was_taken_back_comes_again_once_a_person_says_so(
    direction: Direction, database: AsyncEngine
) -> None:
    with told(direction, database, plain_library([3])) as story:
        await agreed(story)
        story.add(20, "Collection 1", at_source=True)
        ended = await story.run()
        after = values(story)
        await take_back(story, ended)
        held = await diff(database, PAIR, pair_of(story), Quiet(), wanted=removing(direction))
        assert tripped(held) == {"taken-back"}

        cost_of = await costs_today(database, PAIR, pair_of(story))
        await approve_changes(database, PAIR, held.plan.id, Choice(guard="taken-back"), cost_of)
        done = await apply_stored(database, PAIR, pair_of(story), Quiet(), approve, held.plan.id, watched(None))
        assert all_done(done)
        same(values(story), after)
        await story.nothing_more()


@BOTH
async def test_what_a_run_removed_is_made_again_with_all_its_values(
    direction: Direction, database: AsyncEngine
) -> None:
    with told(direction, database, plain_library([3, 2])) as story:
        await agreed(story)
        before, ids = values(story), story.target()
        story.take(0)
        story.take_package("Collection 2")
        ended = await story.run()
        assert all_done(ended)
        assert ended.plan.summary.remove == (5 if story.to_alma else 4)

        back = await take_back(story, ended)
        assert all_done(back), [(one.change, one.outcome) for one in await changes(database, back)]
        same(values(story), before)
        assert len(story.target() & ids) < len(ids), "what is made again has ids of its own"
        lost = {loss.field for one in await changes(database, back) for loss in one.change.losses}
        assert lost == {"id"}
        await stays_taken_back(story, one_way=False)


@BOTH
async def test_what_somebody_edited_since_the_run_is_left_and_listed(
    direction: Direction, database: AsyncEngine
) -> None:
    with told(direction, database, plain_library([3])) as story:
        await agreed(story)
        story.add(20, "Collection 1", at_source=True)
        story.add(21, "Collection 1", at_source=True)
        story.edit(0, at_source=True)
        story.edit(1, at_source=True)
        ended = await story.run()
        if story.to_alma:
            for number in (20, 0):
                alma = story.systems.alma
                (own,) = [
                    one for one in alma.portfolios() if one["resource_metadata"]["title"] == journal(number).title
                ]
                alma.edit_portfolio(own["id"], public_note="ours")
        else:
            for number in (20, 0):
                story.systems.folio.edit_resource(story.resources(number)[0].id, coverage_statement="ours")
        edited = values(story)

        back = await take_back(story, ended)
        assert await lines(story, back, Status.SKIPPED) == {
            (Action.REMOVE, Kind.HOLDING, journal(20).title),
            (Action.UPDATE, Kind.HOLDING, journal(0).title),
        }
        assert await lines(story, back, Status.VERIFIED) == {
            (Action.REMOVE, Kind.HOLDING, journal(21).title),
            (Action.UPDATE, Kind.HOLDING, journal(1).title),
        }
        assert len(edited) - len(values(story)) == 1


@BOTH
async def test_a_first_migration_is_taken_back_as_a_whole_once_so_many_removals_are_approved(
    direction: Direction, database: AsyncEngine
) -> None:
    with told(direction, database, library([]) if direction is TO_ALMA else plain_library([20, 10])) as story:
        if story.to_alma:
            some_titles(story, range(30))
        assert values(story) == []
        ended = await story.run(Wanted(direction=direction))
        assert all_done(ended)
        assert len(story.target()) == 32

        held = await take_back(story, ended, approved=None)
        assert (held.plan.summary.withheld, held.plan.summary.writes) == (32, 0)
        assert "removals" in tripped(held)
        assert len(story.target()) == 32
        back = await take_back(story, ended, approved=32)
        assert all_done(back)
        assert values(story) == []
        assert not bibs(story.systems) or not story.to_alma, "the bibs that the run made go with their portfolios"


async def test_a_bib_that_a_cataloguer_edited_since_then_stays(database: AsyncEngine) -> None:
    with told(TO_ALMA, database, library([])) as story:
        some_titles(story, (20, 21))
        ended = await story.run(Wanted(direction=TO_ALMA))
        alma = story.systems.alma
        made = {one["title"]: one["mms_id"] for one in alma.bibs()}
        alma.edit_bib(made[journal(20).title], replace(journal(20), title="Journal 20, corrected"))

        back = await take_back(story, ended)
        assert all_done(back)
        assert bibs(story.systems) == {made[journal(20).title]}
        (left,) = [one for one in await changes(database, back) if "was edited" in one.outcome.reason]
        assert made[journal(20).title] in left.outcome.reason


async def test_a_run_of_both_ways_is_taken_back_on_both_sides(database: AsyncEngine) -> None:
    with told(TO_FOLIO, database, plain_library([4])) as story:
        await agreed(story)
        other = Story(story.systems, TO_ALMA, database)
        story.edit(0, at_source=True)
        other.edit(1, at_source=True)
        story.take(2)
        other.take(3)
        before = values(story), values(other)
        pair = pair_of(story)
        ended = await migrate(database, PAIR, pair, Quiet(), approve, watched(None), wanted=Wanted.both(pair.policy))
        assert all_done(ended)
        assert ended.plan.summary.writes == 4
        back = await take_back(story, ended)
        assert all_done(back), [(one.change, one.outcome) for one in await changes(database, back)]
        assert (values(story), values(other)) == before
        await stays_taken_back(story)
        await stays_taken_back(other)


async def test_a_hidden_collection_is_shown_again(database: AsyncEngine) -> None:
    with told(TO_ALMA, database, plain_library([2, 2])) as story:
        await agreed(story)
        before = values(story)
        story.systems.folio.edit_package(story.package("Collection 1"), hidden=frozenset({"PF", "FTF"}))
        ended = await story.run()
        assert all_done(ended)
        assert values(story) != before
        back = await take_back(story, ended)
        assert all_done(back)
        same(values(story), before)
        await stays_taken_back(story, one_way=False, both_ways=False)


@BOTH
async def test_an_undo_that_dies_is_gone_on_with_and_makes_nothing_twice(
    direction: Direction, database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with told(direction, database, plain_library([3, 3])) as story:
        await agreed(story)
        before = values(story)
        story.take(0, 1)
        story.take_package("Collection 2")
        story.add(20, "Collection 1", at_source=True)
        ended = await story.run()
        front = story.systems.alma_front if story.to_alma else story.systems.folio_front
        end = "/portfolios" if story.to_alma else "/titles"
        await die(monkeypatch, front, take_back(story, ended), nth(2, "POST", end))
        back = await take_back(story, ended)
        assert back.plan.status == "begun"
        assert all_done(back), [(one.change, one.outcome) for one in await changes(database, back)]
        same(values(story), before)
        await stays_taken_back(story)


async def test_what_cannot_be_taken_back_says_so(database: AsyncEngine) -> None:
    with told(TO_FOLIO, database, plain_library([2])) as story:
        await agreed(story)
        with pytest.raises(ConfigurationError, match="There is no run"):
            await undo(database, PAIR, pair_of(story), Quiet(), approve, 4711)
        story.add(20, "Collection 1", at_source=True)
        ended = await story.run()
        back = await take_back(story, ended)
        with pytest.raises(ConfigurationError, match="took plan"):
            await take_back(story, back)
        again = await take_back(story, ended)
        assert again.plan.summary.writes == 0, "nothing is taken back twice"


KNOWN = pytest.mark.parametrize(
    "known",
    [pytest.param(False, marks=pytest.mark.soak), True],
    ids=["a plain FOLIO", "a FOLIO with the knowledge base"],
)


@contextmanager
def awkward(database: AsyncEngine, *, known: bool) -> Iterator[Story]:
    seed = practice_library(collections=27, portfolios=160)
    with told(TO_FOLIO, database, seed, practice_knowledge_base(seed, seed=2026) if known else None) as story:
        yield story


@KNOWN
async def test_an_awkward_library_is_taken_out_of_folio_again(database: AsyncEngine, known: bool) -> None:
    with awkward(database, known=known) as story:
        empty = values(story)
        ended = await story.run(Wanted())
        assert values(story) != empty
        back = await take_back(story, ended)
        assert await not_done(story, back) == []
        same(values(story), empty)


@KNOWN
async def test_what_of_an_awkward_library_was_removed_is_made_again(database: AsyncEngine, known: bool) -> None:
    with awkward(database, known=known) as story:
        await story.run(Wanted())
        full = values(story)
        alma = story.systems.alma
        for number, held in enumerate(alma.portfolios()):
            if number % 3:
                alma.remove_portfolio(held["id"])
        for number, one in enumerate(alma.collections()):
            if number % 4 == 1:
                alma.remove_collection(one["id"])
        gone = await story.run(removing(TO_FOLIO))
        assert gone.plan.summary.remove > 50
        assert len(values(story)) < len(full) - 50
        back = await take_back(story, gone)
        assert await not_done(story, back) == []
        same(values(story), full)


async def test_what_of_an_awkward_library_was_removed_in_alma_is_made_again(database: AsyncEngine) -> None:
    seed = practice_library(collections=27, portfolios=160)
    with told(TO_ALMA, database, seed) as story:
        await story.run(Wanted())
        full = values(story)
        folio = story.systems.folio
        for number, held in enumerate(folio.resources()):
            if number % 3:
                folio.remove_resource(held.id)
        for number, one in enumerate(folio.packages()):
            if number % 4 == 1:
                folio.remove_package(one.id)
        gone = await story.run()
        assert gone.plan.summary.remove > 50
        assert len(values(story)) < len(full) - 50
        back = await take_back(story, gone)
        assert await not_done(story, back) == []
        same(values(story), full)


@pytest.mark.parametrize("license_is_gone", [False, True])
async def test_what_only_alma_knows_comes_back_with_a_portfolio_as_far_as_alma_takes_it(
    database: AsyncEngine, license_is_gone: bool
) -> None:
    with told(TO_ALMA, database, plain_library([2])) as story:
        await agreed(story)
        alma = story.systems.alma
        (own,) = story.portfolios(0)
        alma.edit_portfolio(own, license="LICENSE-1", authentication_note="ask at the desk")
        story.take(0)
        ended = await story.run()
        assert ended.plan.summary.remove == 0, "an edit wins over a removal"
        alma.edit_portfolio(own, authentication_note="")
        before = values(story)
        ended = await story.run()
        assert ended.plan.summary.remove == 1
        if license_is_gone:
            alma.state.institution.licenses.clear()

        back = await take_back(story, ended)
        assert all_done(back)
        (line,) = await changes(database, back)
        (now,) = story.portfolios(0)
        assert now != own
        license_now = next(one["license"]["value"] for one in alma.portfolios() if one["id"] == now)
        if not license_is_gone:
            same(values(story), before)
            assert line.outcome.reason == ""
        else:
            assert license_now == ""
            assert "license" in line.outcome.reason


async def test_the_real_command_makes_the_plan_asks_for_many_removals_and_says_what_is_kept_back(
    database: AsyncEngine, database_url: str, tmp_path: Path
) -> None:
    with told(TO_FOLIO, database, plain_library([30])) as story:
        desk = Place(folder=tmp_path)
        desk.configure(configuration(story.systems, database_url))
        assert (await desk.run("migrate", "--from", "alma", "--to", "folio", "--yes")).code == 0
        assert (await desk.run("undo", "1")).code == 1, "it does not guess without a terminal"

        looked = await desk.run("undo", "1", "--dry-run", "--format", "json")
        assert looked.code == 4
        assert (looked.json["takes_back"], looked.json["summary"]["withheld"]) == (1, 31)
        looked = await desk.run("undo", "1", "--dry-run", "--max-removals", "31")
        assert looked.code == 3
        assert "takes back plan 1" in looked.out

        done = await desk.run("undo", "1", "--yes", "--max-removals", "31")
        assert (done.code, values(story)) == (0, [])
        assert "31 of 31 changes" in done.err
        listed = await desk.run("plans")
        assert listed.out.count("takes back plan 1") == 3

        held = await desk.run("diff", "--from", "alma", "--to", "folio", "--format", "json")
        assert held.code == 4
        assert {one["name"] for one in held.json["guards"] if one["tripped"]} == {"taken-back"}
        plan_id = str(held.json["plan_id"])
        assert (await desk.run("plan", "approve", plan_id, "--guard", "taken-back")).code == 0
        assert (await desk.run("apply", plan_id, "--yes")).code == 0
        assert len(values(story)) == 31
        assert (await desk.run("undo", "99", "--yes")).code == 1
