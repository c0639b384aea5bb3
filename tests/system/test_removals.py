"""What is gone at the source goes at the target: never more than was approved, and nothing that is not ours to remove."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.engine.migrate import Ended
from sync.engine.plan import Wanted
from sync.model import Kind
from sync.plan.changes import NOT_ASKED, REMOVALS, Action, Status
from sync.plan.direction import Direction
from sync.plan.guards import RemovalLimits
from sync.sandbox.alma import AlmaSwitches
from sync.sandbox.controls import Call, Faults
from sync.sandbox.folio import FolioSwitches, StoredResource
from sync.sandbox.folio.records import Coverage, Embargo
from sync.sandbox.seed import SeedKnowledgeBase, SeedLibrary, SeedRange, SeedService
from tests.support.commands import Place, configuration
from tests.support.libraries import collection, journal, knowledge_base, known_title, library, plain_library, portfolio
from tests.support.migrating import after_looking, all_done, changes, parked, run_diff, run_migration
from tests.support.practice import Exchange, Meddler, Systems, custom_title, practice_systems

BOTH = pytest.mark.parametrize("direction", list(Direction))
TO_FOLIO, TO_ALMA = Direction.ALMA_TO_FOLIO, Direction.FOLIO_TO_ALMA


def removing(direction: Direction, number: int = 1000, percent: float = 100.0, approved: int | None = None) -> Wanted:
    """Return the wish to remove; without limits, these guards are in nobody's way."""
    return Wanted(direction=direction, removals=RemovalLimits(number=number, percent=percent, approved=approved))


@dataclass(frozen=True, slots=True)
class Story:
    """Both systems, and which of them is the source. Titles are called by the numbers of their journals."""

    systems: Systems
    direction: Direction
    database: AsyncEngine

    @property
    def to_alma(self) -> bool:
        return self.direction is TO_ALMA

    # looking

    def portfolios(self, number: int) -> list[str]:
        mms_id = self.systems.alma.mms_id(f"bib:{number}")
        return [str(one["id"]) for one in self.systems.alma.portfolios(mms_id=mms_id)]

    def resources(self, number: int) -> list[StoredResource]:
        name = journal(number).title
        return [one for one in self.systems.folio.resources() if one.title.name == name and one.resource.is_selected]

    def collection(self, name: str) -> str:
        return next(str(one["id"]) for one in self.systems.alma.collections() if one["public_name"] == name)

    def package(self, name: str) -> str:
        return next(one.id for one in self.systems.folio.packages() if one.package.name == name)

    def ids_of(self, number: int) -> set[str]:
        """Return the target's records of a title."""
        return set(self.portfolios(number)) if self.to_alma else {one.id for one in self.resources(number)}

    def container(self, name: str) -> set[str]:
        """Return the target's record of a package, and its services."""
        if not self.to_alma:
            return {self.package(name)}
        found = self.collection(name)
        return {found, *(str(one["id"]) for one in self.systems.alma.services(found))}

    def target(self) -> set[str]:
        """Return the ids of all that the target holds, bibs and titles aside."""
        alma, folio = self.systems.alma, self.systems.folio
        if self.to_alma:
            return {str(one["id"]) for one in (*alma.collections(), *alma.services(), *alma.portfolios())}
        packages = {one.id for one in folio.packages() if one.package.is_selected}
        return packages | {one.id for one in folio.resources() if one.resource.is_selected}

    def writes(self, *methods: str) -> list[Call]:
        """Return the writes that arrived at the target, in their order."""
        controls = (self.systems.alma if self.to_alma else self.systems.folio).controls
        wanted = methods or ("POST", "PUT", "DELETE")
        return [one for one in controls.calls if one.method in wanted and not one.path.startswith("/authn")]

    def meddle(self, meddler: Meddler | None, *, at_source: bool = False) -> None:
        """Let somebody meddle with the answers of the target, or of the source."""
        front = self.systems.alma_front if self.to_alma is not at_source else self.systems.folio_front
        front.meddler = meddler

    # at the source

    def take(self, *numbers: int) -> None:
        """Remove titles at the source."""
        for number in numbers:
            for resource in self.resources(number) if self.to_alma else ():
                self.systems.folio.remove_resource(resource.id)
            for portfolio_id in () if self.to_alma else self.portfolios(number):
                self.systems.alma.remove_portfolio(portfolio_id)

    def take_package(self, name: str) -> None:
        """Remove a package at the source, with all it holds."""
        if self.to_alma:
            self.systems.folio.remove_package(self.package(name))
        else:
            self.systems.alma.remove_collection(self.collection(name))

    # at the target, or at the source

    def edit(self, number: int, *, at_source: bool = False) -> None:
        """Let a title begin in 1811."""
        if self.to_alma is not at_source:
            self.systems.alma.set_coverage(self.portfolios(number)[0], SeedRange(from_year="1811"))
        else:
            held = self.resources(number)[0]
            self.systems.folio.edit_resource(held.id, custom_coverages=(Coverage("1811-01-01", ""),))

    def add(self, number: int, package: str, *, at_source: bool = False) -> None:
        """Put a new title into a package."""
        alma, folio = self.systems.alma, self.systems.folio
        if self.to_alma is not at_source:
            alma.add_bib(journal(number))
            alma.add_portfolio(str(alma.services(self.collection(package))[0]["id"]), portfolio(number))
            return
        made = custom_title(folio, f"Only for {number}", journal(number).title)
        (held,) = [one.resource for one in folio.resources() if one.id == made]
        folio.state.put_resource(replace(held, package_id=int(self.package(package).rpartition("-")[2])))
        folio.remove_package(self.package(f"Only for {number}"))

    # running

    async def run(self, wanted: Wanted | None = None, *, alma: dict[str, Any] | None = None, **more: Any) -> Ended:
        """Migrate with removals and no limits, unless something else is wanted."""
        pair = self.systems.pair(alma={"settle_seconds": 0.1, "delete_wait_seconds": 0.5, **(alma or {})})
        return await run_migration(self.database, self.systems, pair, wanted=wanted or removing(self.direction), **more)

    async def words(self, ended: Ended, status: Status) -> dict[tuple[Kind, str], str]:
        """Return what is said of each removal at this status, with the advice, by its kind and name."""
        found = await changes(self.database, ended, status=status)
        return {
            (one.change.kind, one.change.name): f"{one.outcome.reason or one.change.reason} {one.outcome.advice}"
            for one in found
            if one.change.action in REMOVALS
        }

    async def nothing_more(self) -> None:
        """Assert that one more run, with removals, writes nothing in either direction."""
        before = self.systems.alma.controls.writes, self.systems.folio.controls.writes
        for direction in Direction:
            ended = await self.run(removing(direction))
            assert (ended.plan.summary.writes, ended.plan.summary.withheld) == (0, 0)
        assert (self.systems.alma.controls.writes, self.systems.folio.controls.writes) == before


@contextmanager
def told(
    direction: Direction, database: AsyncEngine, seed: SeedLibrary, known: SeedKnowledgeBase | None = None, **more: Any
) -> Iterator[Story]:
    with practice_systems(seed, known, **more) as systems:
        yield Story(systems, direction, database)


async def agreed(story: Story) -> None:
    """Move everything from Alma to FOLIO, so that both sides agree on it."""
    assert all_done(await run_migration(story.database, story.systems))


def tripped(ended: Ended) -> set[str]:
    return {one.name for one in ended.plan.guards if one.tripped}


def title(number: int) -> tuple[Kind, str]:
    return Kind.HOLDING, journal(number).title


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


@BOTH
async def test_what_is_gone_goes_as_far_as_it_was_approved_and_nothing_else(
    direction: Direction, database: AsyncEngine, database_url: str, tmp_path: Path
) -> None:
    with told(direction, database, NINETY) as story:
        place = Place(folder=tmp_path)
        place.configure(configuration(story.systems, database_url))
        count = 43 if story.to_alma else 41  # FOLIO has no services

        async def command(source: str, target: str, *more: str) -> tuple[int, Any]:
            common = ("migrate", "--from", source, "--to", target, "--yes", "--format", "json", *more)
            answer = await place.run(*common, PAIRS__MAIN__ALMA__SETTLE_SECONDS="0.1")
            assert "Traceback" not in answer.err
            return answer.code, answer.json

        async def remove(*more: str) -> tuple[int, Any, Counter[tuple[str, str]]]:
            code, answer = await command(direction.source, direction.target, "--remove", *more)
            found = [one for one in answer["changes"] if one["action"] in REMOVALS]
            return code, answer, Counter((one["kind"], one["status"]) for one in found)

        kinds = {"holding": 40, "package": 1, **({"service": 2} if story.to_alma else {})}
        assert (await command("alma", "folio"))[0] == 0
        bibs, before = [story.systems.alma.mms_id(f"bib:{number}") for number in range(90)], story.target()
        gone = story.container("Leaving").union(*(story.ids_of(number) for number in range(40)))
        assert len(gone) == count
        story.take_package("Leaving")
        story.take(*range(30, 40))
        story.edit(50, at_source=True)
        story.add(95, "Staying", at_source=True)

        # too many: nothing is removed, and everything else is done
        code, answer, removals = await remove()
        guard = {"name": "removals", "value": count, "limit": 20, "tripped": True}
        assert (code, [one for one in answer["guards"] if one["name"] == "removals"]) == (4, [guard])
        assert removals == {(kind, "withheld"): number for kind, number in kinds.items()}
        print("UNCH", answer["summary"])
        assert answer["summary"] == {
            "create": 2, "update": 1, "remove": 0, "unchanged": answer["summary"]["unchanged"], "conflict": 0,
            "withheld": count, "ambiguous": 0, "lossy": 0,
        }  # fmt: skip
        assert answer["result"] == {"applied": 3, "verified": 3, "skipped": 0, "failed": 0, "paused": 0}
        assert story.writes("DELETE") == []
        made = story.target() - before
        assert len(made) == 1
        assert before < story.target()
        writes = len(story.writes())
        code, answer, removals = await remove("--max-removals", str(count - 1))
        assert code == 4
        assert {status for _, status in removals} == {"withheld"}
        assert removals.total() == answer["summary"]["withheld"] == count
        assert len(story.writes()) == writes

        # approved: exactly these, from the bottom, after all that is written
        story.edit(51, at_source=True)
        story.add(96, "Staying", at_source=True)
        code, answer, removals = await remove("--max-removals", str(count))
        print("UNCH", answer["summary"])
        assert code == 0
        assert removals == {(kind, "verified"): number for kind, number in kinds.items()}
        assert answer["summary"]["remove"] == count
        assert before - story.target() == gone
        assert len(story.target() - before) == 2
        calls = story.writes()[writes:]
        removed = calls[-count:]
        assert {one.method for one in calls[:-count]} == {"POST", "PUT"}
        assert {one.method for one in removed} == {"DELETE"}
        if story.to_alma:
            depths = [one.path.count("/") for one in removed]
            assert depths == [9] * 40 + [7] * 2 + [5]
            assert all("bib=retain" in one.query.split("&") for one in removed[:40])
        else:
            assert ["/resources/" in one.path for one in removed] == [True] * 40 + [False]
        assert set(bibs) <= {one["mms_id"] for one in story.systems.alma.bibs()}
        code, answer, removals = await remove("--max-removals", "0")
        print("UNCH", answer["summary"])
        assert (code, removals.total()) == (0, 0)
        assert answer["result"]["applied"] == 0
        assert len(story.writes()) == writes + len(calls)
