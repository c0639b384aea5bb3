"""The real process killed at random moments: what it leaves is gone on with, nothing is made twice, nothing is lost.

`make soak` kills many more (ALMA_FOLIO_SYNC_SOAK_KILLS of them).
"""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.plan.direction import Direction
from sync.sandbox.alma import AlmaSwitches
from sync.sandbox.controls import Faults
from sync.sandbox.folio import FolioSwitches
from sync.sandbox.seed import SeedKnowledgeBase, SeedLibrary
from sync.store.database import engine_for
from sync.transport.budget import TAKEN_AT_ONCE
from tests.support.commands import Place, configuration
from tests.support.databases import Databases
from tests.support.expectation import complaints, expect
from tests.support.libraries import plain_library
from tests.support.practice import PROXIES, Systems, practice_systems
from tests.support.to_alma import entry, know_proxy, package

SOAK_VARIABLE = "ALMA_FOLIO_SYNC_SOAK_KILLS"
SOAK_KILLS = 200
KILLS_A_STORY = 6
FEW_KILLS = 3
LAG_SECONDS, SETTLE_SECONDS = 0.2, 0.6
FAULTS = Faults(fail_before=0.01, fail_after=0.01, drop_before=0.005, drop_after=0.01)
LONGEST_SECONDS = 120.0
READING_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class Size:
    """So many packages with so many titles each."""

    packages: int
    titles: int


SMALL, WHOLE = Size(2, 10), Size(4, 30)


@dataclass(slots=True)
class Tally:
    """How many processes were started, killed, and killed with writes under way."""

    started: int = 0
    killed: int = 0
    left_open: int = 0
    stories: int = 0
    gone_on: int = 0
    by_state: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        return (
            f"{self.killed} kills in {self.stories} stories, {self.left_open} of them left writes open "
            f"(settled: {dict(self.by_state)}), {self.gone_on} runs went on with the plan of another"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One library, to be moved one way by a process that is killed again and again."""

    systems: Systems
    direction: Direction
    place: Place
    database: AsyncEngine
    chance: random.Random
    tally: Tally
    size: Size

    @property
    def command(self) -> tuple[str, ...]:
        source, target = ("alma", "folio") if self.direction is Direction.ALMA_TO_FOLIO else ("folio", "alma")
        return ("migrate", "--from", source, "--to", target, "--yes", "--format", "json")

    @property
    def writes(self) -> int:
        return self.systems.alma.controls.writes + self.systems.folio.controls.writes

    async def kill_once(self) -> bool:
        """Start the command and kill it at a random moment; return whether it was through before."""
        self.tally.started += 1
        before, wanted = self.writes, self.chance.randrange(self.size.packages * self.size.titles)
        begun = time.monotonic()
        async with self.place.started(*self.command) as process:
            while process.returncode is None:
                reading = time.monotonic() - begun < self.chance.uniform(0.3, READING_SECONDS)
                if self.writes - before >= wanted and not (wanted == 0 and reading):
                    break
                assert time.monotonic() - begun < LONGEST_SECONDS
                await asyncio.sleep(0.005)
            if process.returncode is not None:
                return True
            await asyncio.sleep(self.chance.uniform(0, 0.05))
            process.send_signal(signal.SIGKILL)
            await process.wait()
        self.tally.killed += 1
        self.tally.left_open += await self._count("select count(*) from intent where state in ('open', 'unknown')") > 0
        return False

    async def finish(self) -> None:
        """Let the command run until nothing is left to do, and the network be good by then."""
        for _ in range(4):
            self.tally.started += 1
            ended = await self.place.run(*self.command, seconds=LONGEST_SECONDS)
            if ended.code == 0 and not (ended.json["summary"]["create"] + ended.json["summary"]["update"]):
                break
            for practice in (self.systems.alma, self.systems.folio):
                practice.controls.set_faults(Faults())
        else:
            raise AssertionError(f"it does not come to an end: {ended.out[:2000]} {ended.err[:2000]}")

    async def check(self) -> None:
        """Assert that everything is there once, that links lead somewhere, and that every call was counted."""
        assert await self._count("select count(*) from intent where state in ('open', 'unknown')") == 0
        async with self.database.connect() as connection:
            states = await connection.execute(text("select state, count(*) from intent group by state"))
            self.tally.by_state.update({row.state: row.count for row in states})
        again = "select count(*) from run r join plan p on p.id = r.plan_id where p.run_id <> r.id"
        self.tally.gone_on += await self._count(again)
        await self._check_links()
        await self._check_calls()

    async def _check_links(self) -> None:
        alma, folio = self.systems.alma.state, self.systems.folio
        there = {
            "package": (set(alma.collections), {one.id for one in folio.packages()}),
            "title": (set(alma.bibs), {str(one.title.id) for one in folio.titles()}),
            "holding": (set(alma.portfolios), {one.id for one in folio.resources()}),
        }
        async with self.database.connect() as connection:
            rows = await connection.execute(text("select kind, alma_id, folio_id from link where closed_at is null"))
            found = [row for row in rows if row.kind in there]
        astray = [
            row for row in found if row.alma_id not in there[row.kind][0] or row.folio_id not in there[row.kind][1]
        ]
        assert astray == []
        assert len(found) == len({(row.kind, row.alma_id) for row in found})
        assert {row.folio_id for row in found if row.kind == "holding"} == there["holding"][1]

    async def _check_calls(self) -> None:
        """Too many may be counted, by as many as each killed process had in hand; too few never."""
        spare = TAKEN_AT_ONCE * self.tally.started
        alma = sum(not call.path.startswith("/view") for call in tuple(self.systems.alma.controls.calls))
        used = await self._count("select coalesce(sum(used), 0) from budget where account like 'Alma %'")
        assert alma <= used <= alma * 1.1 + spare
        used = await self._count("select coalesce(sum(used), 0) from budget where account like 'FOLIO %'")
        assert self.systems.folio.state.quota.used <= used

    async def _count(self, query: str) -> int:
        async with self.database.connect() as connection:
            return int((await connection.execute(text(query))).scalar_one())


def _switches() -> tuple[AlmaSwitches, FolioSwitches]:
    folio = FolioSwitches(daily_calls=0, search_lag_seconds=LAG_SECONDS, new_record_lag_seconds=LAG_SECONDS)
    return AlmaSwitches(requests_per_second=0), folio


def _arrived_in_alma(systems: Systems, size: Size) -> list[str]:
    """Return what is wrong in Alma: each title of each package has one portfolio, under one bib."""
    state = systems.alma.state
    names = Counter(one.values["public_name"] for one in state.collections.values())
    held = Counter(
        (one.service.collection.values["public_name"], one.bib.mms_id)
        for one in state.portfolios.values()
        if one.service is not None
    )
    own = {one.bib.mms_id for one in state.collections.values()}
    bibs = [one for one in state.bibs if one not in own]
    wrong = [f"{count} × {what}" for what, count in (*names.items(), *held.items()) if count != 1]
    if (len(names), len(held), len(bibs)) != (size.packages, size.packages * size.titles, size.titles):
        wrong.append(f"{len(names)} collections, {len(held)} portfolios, {len(bibs)} bibs")
    services = Counter(one.collection.id for one in state.services.values())
    return wrong + [f"{count} services of {key}" for key, count in services.items() if count != 1]


def _fill_folio(systems: Systems, size: Size) -> None:
    """Let FOLIO hold the same titles in several packages."""
    know_proxy(systems)
    resources: dict[int, int] = {}
    for number in range(size.packages):
        into = package(systems, f"Package {number}")
        for title in range(size.titles):
            if title not in resources:
                entry(systems, into, title)
                resources[title] = max(one.title.id for one in systems.folio.titles())
            else:
                _put(systems, into.id, resources[title], title)


def _put(systems: Systems, package_id: int, title_id: int, number: int) -> None:
    state = systems.folio.state
    like = next(one.resource for one in systems.folio.resources() if one.resource.title_id == title_id)
    state.put_resource(
        replace(like, package_id=package_id, location_id=state.new_location(), url=f"https://journals.invalid/{number}")
    )


async def _tell(
    databases: Databases, folder: Path, direction: Direction, kills: int, seed: int, tally: Tally, size: Size
) -> None:
    """Let a migration be killed so many times, in stories of a few kills each, and judge each of them."""
    chance = random.Random(seed)  # noqa: S311  (chooses moments, guards nothing)
    wanted = tally.killed + kills
    while tally.killed < wanted:
        tally.stories += 1
        library = (
            plain_library([size.titles] * size.packages) if direction is Direction.ALMA_TO_FOLIO else SeedLibrary()
        )
        alma, folio = _switches()
        own = Tally()
        place = Place(folder=folder)
        with practice_systems(library, SeedKnowledgeBase(), alma=alma, folio=folio) as systems:
            if direction is Direction.FOLIO_TO_ALMA:
                _fill_folio(systems, size)
            for practice in (systems.alma, systems.folio):
                practice.controls.set_faults(FAULTS)
            async with databases.fresh() as url, engine_for(url) as database:
                settle = f"settle_seconds = {SETTLE_SECONDS}"
                text_of_it = configuration(systems, url).replace("settle_seconds = 0", settle)
                place.configure(text_of_it.replace("[pairs.main.alma]", f"[pairs.main.alma]\n{settle}"))
                scene = Scene(
                    systems=systems,
                    direction=direction,
                    place=place,
                    database=database,
                    chance=chance,
                    tally=own,
                    size=size,
                )
                for _ in range(min(KILLS_A_STORY, wanted - tally.killed)):
                    if await scene.kill_once():
                        break
                await scene.finish()
                await scene.check()
            wrong = (
                complaints(expect(library, PROXIES), systems.folio)
                if direction is Direction.ALMA_TO_FOLIO
                else _arrived_in_alma(systems, size)
            )
            assert wrong == []
        tally.started += own.started
        tally.killed += own.killed
        tally.left_open += own.left_open
        tally.gone_on += own.gone_on
        tally.by_state.update(own.by_state)


BOTH = pytest.mark.parametrize("direction", list(Direction))


@BOTH
@pytest.mark.timeout(600)
async def test_a_process_killed_at_random_moments_ends_with_everything_once(
    direction: Direction, databases: Databases, tmp_path: Path
) -> None:
    tally = Tally()
    await _tell(databases, tmp_path, direction, FEW_KILLS, seed=11, tally=tally, size=SMALL)
    print(f"\nkilled: {tally}")


@BOTH
@pytest.mark.soak
@pytest.mark.timeout(0)
async def test_many_kills(direction: Direction, databases: Databases, tmp_path: Path) -> None:
    tally = Tally()
    kills = int(os.environ.get(SOAK_VARIABLE, SOAK_KILLS)) // len(Direction)
    try:
        await _tell(databases, tmp_path, direction, kills, seed=int(time.time()), tally=tally, size=WHOLE)
    finally:
        print(f"\nkilled: {tally}")
