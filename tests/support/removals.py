"""Two systems that agreed, something that is gone at one of them, and the run that removes it at the other."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.engine.plan import Wanted
from sync.engine.running import Ended
from sync.model import Kind
from sync.plan.changes import REMOVALS, Status
from sync.plan.direction import Direction
from sync.plan.guards import RemovalLimits
from sync.sandbox.controls import Call
from sync.sandbox.folio import StoredResource
from sync.sandbox.folio.records import Coverage
from sync.sandbox.seed import SeedKnowledgeBase, SeedLibrary, SeedRange
from tests.support.libraries import journal, portfolio
from tests.support.migrating import all_done, changes, run_migration
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
        pair = self.systems.pair(
            alma={"settle_seconds": 0.1, "delete_wait_seconds": 0.5, **(alma or {})},
            policy={"max_shrink_percent": 100},
        )
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


def falls_short(story: Story, *numbers: int) -> Meddler:
    """Return a meddler that keeps titles of the source out of every list."""
    names, key = [journal(number).title for number in numbers], "data" if story.to_alma else "portfolio"

    def hide(exchange: Exchange) -> None:
        if exchange.path.endswith("/resources" if story.to_alma else "/portfolios") and exchange.status == 200:
            body = json.loads(exchange.body)
            body[key] = [one for one in body[key] if not any(name in json.dumps(one) for name in names)]
            exchange.body = json.dumps(body).encode()

    return hide
