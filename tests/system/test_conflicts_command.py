"""Conflicts as a person decides them: listed with their three values, decided, followed by the next sync, and over."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.cli import cli
from sync.engine.plan import Wanted
from sync.engine.running import Ended
from sync.model import Kind
from sync.plan.three_way import REMOVAL, Decision
from sync.store.conflicts import Conflict, decide, note_conflicts, open_conflicts
from tests.support.commands import Place, configuration, writes
from tests.support.libraries import collection, journal, library, portfolio
from tests.support.migrating import PAIR, all_done, run_diff, run_migration
from tests.support.practice import Systems, practice_systems

LIBRARY = library(
    [journal(0), journal(1, title="Annals of [bold red]Loud[/] Piers"), journal(2)],
    collection("Harbour Online", [portfolio(0), portfolio(1)]),
    collection("Freshwater Online", [portfolio(2)]),
)
AGREED = "https://journals.example.org/bib/{}"
IN_ALMA, IN_FOLIO = "https://alma.example.org/{}", "https://folio.example.org/{}"


@dataclass(frozen=True, slots=True)
class Desk:
    """Two systems that agree, the database that knows it, and the command."""

    systems: Systems
    database: AsyncEngine
    place: Place

    def edit_alma(self, number: int, url: str) -> None:
        portfolio_id = self.systems.alma.portfolios(mms_id=self.systems.alma.mms_id(f"bib:{number}"))[0]["id"]
        self.systems.alma.edit_portfolio(str(portfolio_id), linking_details={"static_url": f"jkey={url}"})

    def edit_folio(self, number: int, url: str) -> None:
        self.systems.folio.edit_resource(self._resource(number).id, url=url)

    def edit_both(self, *numbers: int) -> None:
        for number in numbers:
            self.edit_alma(number, IN_ALMA.format(number))
            self.edit_folio(number, IN_FOLIO.format(number))

    def urls(self, number: int) -> tuple[str, str]:
        """Return the address in Alma and in FOLIO."""
        (held,) = self.systems.alma.portfolios(mms_id=self.systems.alma.mms_id(f"bib:{number}"))
        return str(held["linking_details"]["static_url"]).removeprefix("jkey="), str(
            self._resource(number).resource.url
        )

    def _resource(self, number: int) -> Any:
        name = LIBRARY.bibs[number].title
        return next(one for one in self.systems.folio.resources() if one.title.name == name)

    async def plan(self) -> Ended:
        return await run_diff(self.database, self.systems, wanted=self._both())

    async def sync(self) -> tuple[int, int]:
        """Bring both to agree; return how many writes reached Alma and FOLIO."""
        before = self.systems.alma.controls.writes, self.systems.folio.controls.writes
        assert all_done(await run_migration(self.database, self.systems, wanted=self._both()))
        after = self.systems.alma.controls.writes, self.systems.folio.controls.writes
        return after[0] - before[0], after[1] - before[1]

    async def open(self) -> list[Conflict]:
        return await open_conflicts(self.database, PAIR)

    def _both(self) -> Wanted:
        return Wanted.both(self.systems.pair().policy)


@pytest.fixture
def systems() -> Iterator[Systems]:
    with practice_systems(LIBRARY) as running:
        yield running


@pytest.fixture
async def desk(systems: Systems, database: AsyncEngine, database_url: str, tmp_path: Path) -> Desk:
    assert all_done(await run_migration(database, systems))
    place = Place(folder=tmp_path)
    place.configure(configuration(systems, database_url))
    return Desk(systems, database, place)


def test_the_help_of_every_command_shows_examples() -> None:
    for command in ("conflicts", "conflicts list", "conflicts show", "conflicts resolve"):
        answer = CliRunner().invoke(cli, [*command.split(), "--help"])
        assert answer.exit_code == 0
        assert f"  alma-folio-sync {command} " in answer.output, command


async def test_a_conflict_is_listed_with_three_values_and_the_decision_is_followed(desk: Desk) -> None:
    desk.edit_both(1)
    before = writes(desk.systems)
    planned = await desk.place.run("diff", "--both", "--format", "json")
    assert planned.code == 4
    assert planned.json["summary"]["conflict"] == 1
    (conflict,) = planned.json["conflicts"]
    values = {"base": AGREED.format(1), "alma": IN_ALMA.format(1), "folio": IN_FOLIO.format(1)}
    assert conflict | values == conflict
    assert (conflict["field"], conflict["package"], conflict["decision"]) == ("url", "Harbour Online", None)

    number = str(conflict["id"])
    listed, wide, shown = await asyncio.gather(
        desk.place.run("conflicts", "list", "--format", "json"),
        desk.place.run("conflicts", "list", "--undecided", "--package", "HARBOUR"),
        desk.place.run("conflicts", "show", number),
    )
    assert listed.json == {"conflicts": [conflict]}
    assert listed.code == wide.code == 0
    assert "When both agreed" in wide.out
    assert all("red]Loud[/]" in answer.out for answer in (wide, shown))
    assert all(value in re.sub(r"\s", "", shown.out) for value in values.values())
    assert "FOLIO's value is written to Alma" in shown.out

    decided = await desk.place.run("conflicts", "resolve", number, "--take", "folio")
    assert decided.code == 0, decided.err
    assert "): FOLIO's value is written to Alma" in decided.err
    assert "until either side's value changes again" in decided.err
    assert writes(desk.systems) == before

    assert await desk.sync() == (1, 0)
    assert desk.urls(1) == (IN_FOLIO.format(1), IN_FOLIO.format(1))
    assert await desk.sync() == (0, 0)
    assert await desk.open() == []


async def test_a_decision_is_void_once_a_value_changes_again(desk: Desk) -> None:
    desk.edit_both(0)
    await desk.plan()
    (conflict,) = await desk.open()
    await decide(desk.database, PAIR, [conflict.id], Decision.FOLIO)
    desk.edit_alma(0, IN_ALMA.format("later"))
    assert await desk.sync() == (0, 0)
    (again,) = await desk.open()
    assert (again.id, again.decision, again.alma) == (conflict.id, None, IN_ALMA.format("later"))
    await decide(desk.database, PAIR, [conflict.id], Decision.ALMA)
    assert await desk.sync() == (0, 1)
    assert desk.urls(0) == (IN_ALMA.format("later"), IN_ALMA.format("later"))
    await desk.plan()
    assert await desk.open() == []


async def test_what_is_kept_stays_on_both_sides_until_one_of_them_changes(desk: Desk) -> None:
    desk.edit_both(0)
    await desk.plan()
    (conflict,) = await desk.open()
    await decide(desk.database, PAIR, [conflict.id], Decision.KEEP)
    assert await desk.sync() == (0, 0)
    assert desk.urls(0) == (IN_ALMA.format(0), IN_FOLIO.format(0))
    assert (await desk.plan()).plan.summary.conflict == 0
    assert await desk.open() == []
    desk.edit_folio(0, IN_FOLIO.format("later"))
    assert await desk.sync() == (1, 0)
    assert desk.urls(0) == (IN_FOLIO.format("later"), IN_FOLIO.format("later"))


# --- which conflicts are meant


def conflict(number: int, field: str, package: str, **values: Any) -> Conflict:
    """Return a conflict of a title whose number is that of its record on both sides."""
    told: dict[str, Any] = {"base": "then", "alma": "one", "folio": "other", **values}
    return Conflict(
        kind=Kind.HOLDING, alma_id=f"53{number}", folio_id=f"19-1-{number}", field=field,
        name=f"Journal {number} of Piers", package_name=package, **told,
    )  # fmt: skip


@pytest.fixture
async def listed(database: AsyncEngine, database_url: str, tmp_path: Path) -> tuple[Place, dict[str, int]]:
    """Give the command beside four open conflicts, whose ids go by field and title number."""
    items = [
        conflict(1, "url", "Harbour Online"),
        conflict(2, "url", "Freshwater Online"),
        conflict(2, "coverage", "Freshwater Online"),
        conflict(3, REMOVAL, "Harbour Online", base="in both", alma=("coverage: 1811-",), folio=("removed",)),
    ]
    await note_conflicts(database, PAIR, 1, items)
    place = Place(folder=tmp_path)
    nowhere = "http://127.0.0.1:9"

    @dataclass
    class Nobody:
        alma_url: str = nowhere
        folio_url: str = nowhere

    place.configure(configuration(Nobody(), database_url))
    return place, {f"{one.field} {one.alma_id[-1]}": one.id for one in await open_conflicts(database, PAIR)}


async def test_what_selects_is_combined_and_only_what_is_meant_is_decided(
    listed: tuple[Place, dict[str, int]], database: AsyncEngine
) -> None:
    place, ids = listed

    async def decided() -> dict[str, str]:
        found = await open_conflicts(database, PAIR, decided=True)
        return {f"{one.field} {one.alma_id[-1]}": str(one.decision) for one in found}

    one = await place.run(
        "conflicts", "resolve", "--field", "url", "--matching", "*[12] *", "--package", "freshwater", "--take", "alma",
        "--format", "json",
    )  # fmt: skip
    assert [found["id"] for found in one.json["conflicts"]] == [ids["url 2"]]
    assert await decided() == {"url 2": "alma"}
    several = await place.run("conflicts", "resolve", str(ids["url 1"]), str(ids["url 2"]), "--take", "keep", "--yes")
    assert several.code == 0
    assert await decided() == {"url 1": "keep", "url 2": "keep"}
    undone = await place.run("conflicts", "resolve", "--all", "--matching", "*1*", "--undo")
    assert undone.code == 0
    assert await decided() == {"url 2": "keep"}


async def test_what_is_not_clear_is_refused_and_nothing_is_decided(
    listed: tuple[Place, dict[str, int]], database: AsyncEngine
) -> None:
    place, ids = listed
    removal, known = str(ids["removal 3"]), str(ids["url 1"])
    nobody, unknown, unasked, kept = await asyncio.gather(
        place.run("conflicts", "resolve", "--take", "alma"),
        place.run("conflicts", "resolve", known, "987654", "--take", "alma", "--yes"),
        place.run("conflicts", "resolve", "--field", "url", "--take", "alma"),
        place.run("conflicts", "resolve", known, removal, "--take", "keep", "--yes"),
    )
    assert nobody.code == 2
    assert "--matching, or --all" in nobody.err
    assert unknown.code == unasked.code == kept.code == 1
    assert "There is no open conflict 987654" in unknown.err
    assert "2 conflicts are meant, and there is no terminal to ask on" in unasked.err
    assert f"conflict {removal} cannot be kept on both sides" in kept.err
    assert await open_conflicts(database, PAIR, decided=True) == []


async def test_on_a_terminal_several_are_decided_only_after_a_yes(
    listed: tuple[Place, dict[str, int]], database: AsyncEngine
) -> None:
    place, _ = listed
    async with place.on_terminal("conflicts", "resolve", "--field", "url", "--take", "folio") as terminal:
        await terminal.sees("2 conflicts are meant. Decide so? [y/N]")
        assert "Journal 1 of Piers" in terminal.shown
        terminal.type("n\n")
        assert await terminal.ended() == 0
        assert "Nothing was decided" in terminal.shown
    assert await open_conflicts(database, PAIR, decided=True) == []
