"""Stored plans: shown, approved, parts of them let through or held back, and carried out once."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.cli import cli
from sync.engine.migrate import apply_stored
from sync.engine.plan import Wanted
from sync.engine.running import Ended
from sync.errors import ConfigurationError, GuardError
from sync.model import Kind
from sync.plan.approvable import BY_PERSON, Choice
from sync.plan.changes import Change, Status, Summary
from sync.plan.direction import Direction
from sync.sandbox.folio.records import Coverage
from sync.settings import Pair
from sync.store.approval import Decided, approve_changes, costs_today, withhold_changes
from sync.store.changes import changes_of
from sync.store.links import Link, store_links
from sync.store.plans import PlanInfo, find_plan
from tests.support.commands import Place, configuration, writes
from tests.support.libraries import collection, journal, library, plain_library, portfolio
from tests.support.migrating import PAIR, Quiet, approve, run_diff
from tests.support.removals import BOTH, Story, agreed, falls_short, removing, told
from tests.support.to_alma import entry, package

LIMITS = {"max_removals": 2, "max_removals_percent": 1.0}
SETTINGS = {"PAIRS__MAIN__POLICY__MAX_REMOVALS": "2", "PAIRS__MAIN__POLICY__MAX_REMOVALS_PERCENT": "1"}


@dataclass(frozen=True, slots=True)
class Desk:
    """A person at work on the plans of a story; `pair` is the configuration."""

    story: Story
    pair: Pair

    @property
    def database(self) -> AsyncEngine:
        return self.story.database

    async def plan(self, wanted: Wanted | None = None) -> int:
        """Make a plan both ways, or as wanted, and return its number."""
        ended = await run_diff(
            self.database, self.story.systems, self.pair, wanted=wanted or Wanted.both(self.pair.policy)
        )
        return ended.plan.id

    async def approve(self, plan_id: int, *changes: str, **choice: Any) -> Decided:
        chosen = Choice(changes=frozenset(changes), **choice)
        return await approve_changes(self.database, PAIR, plan_id, chosen, await self._costs())

    async def withhold(self, plan_id: int, *changes: str, **choice: Any) -> Decided:
        chosen = Choice(changes=frozenset(changes), **choice)
        return await withhold_changes(self.database, PAIR, plan_id, chosen, await self._costs())

    async def apply(self, plan_id: int) -> Ended:
        return await apply_stored(self.database, PAIR, self.pair, Quiet(), approve, plan_id)

    async def info(self, plan_id: int) -> PlanInfo:
        found = await find_plan(self.database, PAIR, plan_id)
        assert found is not None
        return found

    async def changes(self, plan_id: int, *statuses: Status) -> list[Change]:
        found = [one.change async for one in changes_of(self.database, plan_id)]
        return [one for one in found if not statuses or one.status in statuses]

    async def counts(self, plan_id: int) -> Counter[tuple[Kind, Status]]:
        return Counter((one.kind, one.status) for one in await self.changes(plan_id))

    async def _costs(self) -> Any:
        return await costs_today(self.database, PAIR, self.pair)


def desk_of(story: Story, **policy: Any) -> Desk:
    return Desk(story, story.systems.pair(alma={"settle_seconds": 0.1, "delete_wait_seconds": 0.5}, policy=policy))


def names(changes: list[Change]) -> set[tuple[Kind, str]]:
    return {(one.kind, one.name) for one in changes}


def test_the_help_of_every_command_shows_examples() -> None:
    for command in ("plans", "apply", "plan", "plan show", "plan approve", "plan withhold"):
        answer = CliRunner().invoke(cli, [*command.split(), "--help"])
        assert answer.exit_code == 0
        assert f"  alma-folio-sync {command} " in answer.output, command


# --- the whole story, by the real command


async def test_what_a_guard_withheld_is_shown_approved_and_removed_once(
    database: AsyncEngine, database_url: str, tmp_path: Path
) -> None:
    with told(Direction.ALMA_TO_FOLIO, database, plain_library([4, 8])) as story:
        place = Place(folder=tmp_path)
        place.configure(configuration(story.systems, database_url))
        await agreed(story)
        before, gone = story.target(), story.ids_of(0) | story.ids_of(1) | story.ids_of(5)
        story.take(0, 1, 5)
        planned = await place.run("diff", "--both", "--format", "json", **SETTINGS)
        assert (planned.code, planned.json["summary"]["withheld"]) == (4, 3)
        plan_id = str(planned.json["plan_id"])
        shown, same, unready = await asyncio.gather(
            place.run("plan", "show", plan_id, "--withheld", **SETTINGS),
            place.run("plan", "show", plan_id, "--format", "json", **SETTINGS),
            place.run("apply", plan_id, "--yes", **SETTINGS),
        )
        assert all(f"--change {one['id']}" in shown.out for one in planned.json["changes"])
        assert shown.out.count("guard removals: 3 removals of 12 linked records") == 3
        assert same.json == planned.json
        assert unready.code == 4
        assert "plan show" in unready.err

        approved = await place.run("plan", "approve", plan_id, "--guard", "removals", "--format", "json", **SETTINGS)
        assert approved.code == 0, approved.err
        summary = approved.json["summary"]
        assert (summary["remove"], summary["withheld"], approved.json["status"]) == (3, 0, "approved")
        assert (approved.json["changed"], approved.json["along"], approved.json["left"]) == (3, 0, {})
        listed = await place.run("plans", **SETTINGS)
        assert f"approved  3 removed  to be carried out: alma-folio-sync apply {plan_id}" in listed.out
        assert story.target() == before

        applied = await place.run("apply", plan_id, "--format", "json", **SETTINGS)
        assert applied.code == 0, applied.err
        assert applied.json["result"] == {
            "applied": 3,
            "verified": 3,
            "skipped": 0,
            "failed": 0,
            "parked": 0,
            "paused": 0,
        }
        assert before - story.target() == gone
        number = writes(story.systems)
        again = await place.run("apply", plan_id, "--yes", **SETTINGS)
        assert again.code == 4
        assert f"plan {plan_id} is applied, and a plan is carried out once" in again.err
        assert (writes(story.systems), again.out) == (number, "")


# --- what can be approved, and what cannot


@BOTH
async def test_a_package_goes_only_together_with_all_it_holds(direction: Direction, database: AsyncEngine) -> None:
    with told(direction, database, plain_library([3, 4])) as story:
        await agreed(story)
        desk = desk_of(story, **LIMITS)
        before, stays = story.target(), story.ids_of(3)
        gone = story.container("Collection 1").union(*map(story.ids_of, (0, 1, 2)))
        story.take_package("Collection 1")
        story.take(3)
        plan_id = await desk.plan()
        withheld = await desk.changes(plan_id, Status.WITHHELD)
        (package,) = [one for one in withheld if one.kind is Kind.PACKAGE]
        first = next(one for one in withheld if one.kind is Kind.HOLDING and one.package_key == package.package_key)
        for chosen in ([package.id], [package.id, first.id]):
            with pytest.raises(GuardError, match=f"'Collection 1' cannot go: it would still hold {4 - len(chosen)}"):
                await desk.approve(plan_id, *chosen)
        assert await desk.changes(plan_id, Status.PLANNED) == []
        assert (await desk.info(plan_id)).status == "draft"

        decided = await desk.approve(plan_id, guard="removals", package="collection 1")
        assert (decided.meant, decided.left) == (len(gone), {})
        info = await desk.info(plan_id)
        assert info.summary == Summary(remove=len(gone), withheld=1, unchanged=info.summary.unchanged)
        assert info.cost.alma_calls + info.cost.folio_calls > 3 * len(gone) - 1
        assert [one.tripped for one in info.guards if one.name == "removals" and one.value] == [True]
        ended = await desk.apply(plan_id)
        assert ended.result is not None
        assert ended.result.verified == len(gone)
        assert before - story.target() == gone
        assert stays <= story.target()


async def test_absence_that_says_nothing_is_never_approved(database: AsyncEngine) -> None:
    with told(Direction.ALMA_TO_FOLIO, database, plain_library([3, 4])) as story:
        await agreed(story)
        desk = desk_of(story)
        story.take(0)
        story.meddle(falls_short(story, 1), at_source=True)
        plan_id = await desk.plan(removing(Direction.ALMA_TO_FOLIO))
        (removal,) = [one for one in await desk.changes(plan_id, Status.WITHHELD) if one.target_id in story.ids_of(0)]
        for chosen in (Choice(changes=frozenset([removal.id])), Choice()):
            with pytest.raises(GuardError, match="absence from such a reading says nothing"):
                await approve_changes(database, PAIR, plan_id, chosen, await costs_today(database, PAIR, desk.pair))
        story.meddle(None, at_source=True)
        story.take_package("Collection 1")
        story.take_package("Collection 2")
        plan_id = await desk.plan(removing(Direction.ALMA_TO_FOLIO))
        with pytest.raises(GuardError, match="guard empty-side"):
            await desk.approve(plan_id, guard="empty-side")
        assert all(one.status is Status.WITHHELD for one in await desk.changes(plan_id))
        assert (await desk.info(plan_id)).status == "draft"


async def test_all_withheld_leaves_out_what_nobody_can_approve(database: AsyncEngine) -> None:
    seed = library(
        [journal(number) for number in range(4)],
        collection("Collection 1", [portfolio(0), portfolio(1), portfolio(2)]),
        collection("Zone", [portfolio(3)], is_local=False),
    )
    with told(Direction.FOLIO_TO_ALMA, database, seed) as story:
        await agreed(story)
        desk = desk_of(story, max_changes_in_field=1, max_changes_in_field_percent=10.0)
        story.edit(0, at_source=True)
        story.edit(1, at_source=True)
        story.take(2)
        story.take_package("Zone")
        story.edit(2)
        before, edited = story.target(), story.ids_of(2)
        plan_id = await desk.plan(removing(Direction.FOLIO_TO_ALMA))
        tripped = {one.name for one in (await desk.info(plan_id)).guards if one.tripped}
        assert tripped == {"same-field:alma/holding/coverage", "removals-held-back"}
        decided = await desk.approve(plan_id)
        assert decided.meant == 2, "what somebody edited is let go by its own name only, or by that of its guard"
        assert sum(decided.left.values()) == 3, "the portfolio, service and collection of the Community Zone"
        assert all("remove it in Alma itself" in why for why in decided.left)
        info = await desk.info(plan_id)
        assert (info.summary.update, info.summary.remove, info.summary.withheld) == (2, 0, 4)
        assert (await desk.approve(plan_id, guard="removals-held-back")).meant == 1
        info = await desk.info(plan_id)
        assert (info.summary.update, info.summary.remove, info.summary.withheld) == (2, 1, 3)
        assert {one.name for one in info.guards if one.tripped} == {"removals-held-back"}
        await desk.apply(plan_id)
        assert before - story.target() == edited


# --- what is held back


@BOTH
async def test_what_is_withheld_is_not_written_and_comes_back_with_what_it_needs(
    direction: Direction, database: AsyncEngine
) -> None:
    to_alma = direction is Direction.FOLIO_TO_ALMA
    with told(direction, database, library([]) if to_alma else plain_library([2, 3])) as story:
        if to_alma:
            for name, numbers in {"Collection 1": (0, 1), "Collection 2": (2, 3, 4)}.items():
                into = package(story.systems, name)
                for number in numbers:
                    entry(story.systems, into, number)
        desk = desk_of(story)
        plan_id = await desk.plan(Wanted(direction=direction))
        planned = len(await desk.changes(plan_id))
        costs = (await desk.info(plan_id)).cost.alma_calls, (await desk.info(plan_id)).cost.folio_calls
        second = [one for one in await desk.changes(plan_id) if one.package_name == "Collection 2"]
        decided = await desk.withhold(plan_id, *(one.id for one in second if one.kind is Kind.PACKAGE))
        services = int(to_alma)
        assert (decided.meant, decided.along) == (1, 6 + services), "its holdings, and their titles"
        info = await desk.info(plan_id)
        assert (info.summary.create, info.summary.withheld) == (planned - 7 - services, 7 + services)
        assert (info.cost.alma_calls, info.cost.folio_calls) < costs
        holding = next(one for one in await desk.changes(plan_id, Status.WITHHELD) if one.kind is Kind.HOLDING)
        title = next(one for one in await desk.changes(plan_id, Status.WITHHELD) if one.kind is Kind.TITLE)
        with pytest.raises(GuardError, match="a title is made for its holdings"):
            await desk.approve(plan_id, title.id)
        decided = await desk.approve(plan_id, holding.id)
        assert (decided.meant, decided.along) == (1, 2 + services), "its package and its title"
        ended = await desk.apply(plan_id)
        assert ended.result is not None
        assert ended.result.verified == ended.result.applied == planned - 4
        left = await desk.changes(plan_id, Status.WITHHELD)
        assert len({one.title_key for one in left}) == 2
        assert Counter(one.kind for one in left) == {Kind.TITLE: 2, Kind.HOLDING: 2}


@pytest.mark.parametrize("choice", [{"field": "url"}, {"package": "collection 1"}, {"kind": Kind.HOLDING}])
async def test_changes_are_withheld_by_field_package_and_kind(choice: dict[str, Any], database: AsyncEngine) -> None:
    with told(Direction.ALMA_TO_FOLIO, database, plain_library([2, 2])) as story:
        await agreed(story)
        desk = desk_of(story)
        for number in (0, 2):
            story.systems.alma.edit_portfolio(
                story.portfolios(number)[0], linking_details={"static_url": f"jkey=https://new.example.org/{number}"}
            )
        story.edit(3, at_source=True)
        plan_id = await desk.plan()
        expected = {"field": {0, 2}, "package": {0}, "kind": {0, 2, 3}}[next(iter(choice))]
        decided = await desk.withhold(plan_id, **choice)
        assert (decided.meant, decided.along) == (len(expected), 0)
        withheld = [one async for one in changes_of(database, plan_id, status=Status.WITHHELD)]
        assert {one.outcome.reason for one in withheld} == {BY_PERSON}
        ended = await desk.apply(plan_id)
        assert ended.result is not None
        assert ended.result.verified == 3 - len(expected)
        urls = {number: story.resources(number)[0].resource.url for number in (0, 2)}
        assert {number for number, url in urls.items() if "new" not in str(url)} == expected - {3}


async def test_a_removal_that_is_withheld_keeps_its_package(database: AsyncEngine) -> None:
    with told(Direction.FOLIO_TO_ALMA, database, plain_library([2, 4])) as story:
        await agreed(story)
        desk = desk_of(story, max_removals_percent=100)
        before, kept = story.target(), story.container("Collection 1") | story.ids_of(1)
        gone = story.ids_of(0)
        story.take_package("Collection 1")
        plan_id = await desk.plan()
        (portfolio_id,) = story.ids_of(1)
        decided = await desk.withhold(plan_id, f"alma/holding/{portfolio_id}")
        assert (decided.meant, decided.along) == (1, 2), "the service and the collection"
        await desk.apply(plan_id)
        assert before - story.target() == gone
        assert kept <= story.target()


# --- what is refused


async def test_a_plan_is_refused_once_its_ground_has_moved(database: AsyncEngine) -> None:
    with told(Direction.ALMA_TO_FOLIO, database, plain_library([2, 2])) as story:
        await agreed(story)
        desk = desk_of(story)
        story.edit(0, at_source=True)
        replaced = await desk.plan()
        plan_id = await desk.plan()
        with pytest.raises(GuardError, match=r"single-use: plan .* newer ones replaced"):
            await desk.approve(replaced)
        number = writes(story.systems)
        await store_links(database, PAIR, 1, [Link(kind=Kind.TITLE, alma_id="99", folio_id="99", how="imported")])
        with pytest.raises(GuardError, match="fingerprint"):
            await desk.apply(plan_id)
        with pytest.raises(ConfigurationError, match="No guard 'nonsense' has tripped"):
            await desk.approve(plan_id, guard="nonsense")
        with pytest.raises(ConfigurationError, match="There is no plan 4711"):
            await desk.withhold(4711, kind=Kind.TITLE)
        with pytest.raises(ConfigurationError, match=r"no planned change of plan .* is meant"):
            await desk.withhold(plan_id, kind=Kind.TITLE)
        with pytest.raises(ConfigurationError, match="folio/holding/1 is not there in plan"):
            await desk.withhold(plan_id, "folio/holding/1")
        assert writes(story.systems) == number


async def test_what_was_edited_since_the_plan_is_skipped_and_reported(
    database: AsyncEngine, database_url: str, tmp_path: Path
) -> None:
    with told(Direction.ALMA_TO_FOLIO, database, plain_library([3])) as story:
        place = Place(folder=tmp_path)
        place.configure(configuration(story.systems, database_url))
        await agreed(story)
        story.edit(0, at_source=True)
        story.edit(1, at_source=True)
        plan_id = str(await desk_of(story).plan())
        story.systems.folio.edit_resource(story.resources(1)[0].id, custom_coverages=(Coverage("1850-01-01", ""),))
        refused = await place.run("apply", plan_id)
        assert refused.code == 1
        assert "there is no terminal to ask on" in refused.err
        applied = await place.run("apply", plan_id, "--yes", "--format", "json")
        assert applied.code == 7
        assert applied.json["result"] == {
            "applied": 1,
            "verified": 1,
            "skipped": 1,
            "failed": 0,
            "parked": 0,
            "paused": 0,
        }
        (skipped,) = [one for one in applied.json["changes"] if one["status"] == "skipped"]
        assert skipped["name"] == journal(1).title
        assert "coverage" in skipped["outcome"]["reason"]
