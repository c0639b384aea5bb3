"""match on its own: two filled systems meet for the first time, beside practice systems."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.engine.match_report import MatchReport, match_only
from sync.errors import GuardError
from sync.model import Kind, System
from sync.report.match_report import match_text, write_match_text
from sync.sandbox.seed import SeedLibrary, SeedRange
from sync.store.database import engine_for
from sync.store.runs import RunState, recent_runs
from tests.support.commands import Place, configuration, writes
from tests.support.libraries import collection, journal, library, portfolio
from tests.support.migrating import PAIR, Quiet
from tests.support.practice import Exchange, Systems, practice_systems
from tests.support.to_alma import entry, package, title

IMPOSSIBLE = SeedRange(from_year="2003", from_month="2", from_day="30")


def filled_alma() -> SeedLibrary:
    """Return two titles that FOLIO has too, two collections of one name, one of its own, and a broken portfolio."""
    broken = portfolio(4, local_coverage=(IMPOSSIBLE,))
    return library(
        [journal(number) for number in range(7)],
        collection("Harbour", [portfolio(0), portfolio(1), portfolio(2), broken]),
        collection("Twins", [portfolio(3)]),
        collection("Twins", [portfolio(5)]),
        collection("Only in Alma", [portfolio(6)]),
    )


def fill_folio(systems: Systems) -> None:
    harbour = package(systems, "HARBOUR")
    entry(systems, harbour, 0)
    entry(systems, harbour, {**title(1), "name": f"{journal(1).title}: a subtitle \x1b[31m"})
    entry(systems, harbour, 10)
    entry(systems, package(systems, "Twins"), 11)
    entry(systems, package(systems, "Only in FOLIO"), 12)


async def matched(database: AsyncEngine, systems: Systems) -> MatchReport:
    """Match, and make sure that nothing is written."""

    def refuse(method: str, path: str, body: Any) -> None:
        raise AssertionError(f"matching wrote: {method} {path}")

    before = writes(systems)
    report = await match_only(database, PAIR, systems.pair(), Quiet(), refuse)
    assert writes(systems) == before
    return report


def ways(report: MatchReport) -> dict[tuple[Kind, str], tuple[int, int]]:
    """Return how many records were linked in each way: before, and now."""
    return {(one.kind, one.how): (one.records - one.fresh, one.fresh) for one in report.matched}


def alone(report: MatchReport, system: System) -> list[tuple[Kind, str, str]]:
    return [(one.kind, one.package, one.name) for one in report.only[system]]


async def test_two_filled_systems_meet(database: AsyncEngine) -> None:
    with practice_systems(filled_alma()) as systems:
        fill_folio(systems)
        report = await matched(database, systems)
        assert ways(report) == {
            (Kind.PACKAGE, "name"): (0, 1),
            (Kind.TITLE, "identifier and name"): (0, 2),
            (Kind.HOLDING, "title and package"): (0, 2),
        }
        (weak,) = report.other_names
        assert (weak.alma_name, weak.fresh) == (journal(1).title, True)
        assert weak.folio_name.startswith(f"{journal(1).title}: a subtitle")

        (twins,) = report.ambiguous
        assert twins.name == "Twins"
        collections = {str(one["id"]) for one in systems.alma.collections() if one["public_name"] == "Twins"}
        packages = {one.id for one in systems.folio.packages() if one.package.name == "Twins"}
        assert (set(twins.alma), set(twins.folio)) == (collections, packages)
        assert "1 packages of FOLIO and 2 collections of Alma" in twins.reason

        own, two = (Kind.PACKAGE, Kind.HOLDING)
        assert alone(report, System.ALMA) == [
            (own, "Only in Alma", "Only in Alma"), (own, "Twins", "Twins"), (own, "Twins", "Twins"),
            (two, "Harbour", journal(2).title), (two, "Only in Alma", journal(6).title),
            (two, "Twins", journal(3).title), (two, "Twins", journal(5).title),
        ]  # fmt: skip
        assert alone(report, System.FOLIO) == [
            (own, "Only in FOLIO", "Only in FOLIO"), (own, "Twins", "Twins"),
            (two, "HARBOUR", journal(10).title), (two, "Only in FOLIO", journal(12).title),
            (two, "Twins", journal(11).title),
        ]  # fmt: skip
        assert [(one.system, one.name) for one in report.parked] == [(System.ALMA, journal(4).title)]
        assert report.not_judged == ()

        written = StringIO()
        write_match_text(Console(file=written, width=140), report)
        for words in (
            "Ambiguous",
            "links import FILE",
            "a subtitle [31m",
            "Only in FOLIO",
            "Parked",
            journal(12).title,
        ):
            assert words in written.getvalue()
        assert "\x1b" not in written.getvalue()
        report.close()

        again = await matched(database, systems)
        assert ways(again) == {key: (now, 0) for key, (_, now) in ways(report).items()}
        assert len(again.ambiguous) == 1
        again.close()
        (newest, *_) = await recent_runs(database, pair=PAIR)
        assert (newest.command, newest.state) == ("match", RunState.DONE)
        assert newest.result == {"linked": 0, "ambiguous": 1, "only_in_alma": 7, "only_in_folio": 5}


async def test_what_stands_where_alma_could_not_be_read_is_not_called_only_in_folio(database: AsyncEngine) -> None:
    with practice_systems(filled_alma()) as systems:
        harbour = package(systems, "Harbour")
        for number in (0, 4):
            entry(systems, harbour, number)
        report = await matched(database, systems)
        assert alone(report, System.FOLIO) == []
        shown = StringIO()
        Console(file=shown, width=100).print(match_text(report))
        assert "Only in FOLIO" not in shown.getvalue()
        report.close()


async def test_nothing_is_matched_by_a_list_that_came_short(database: AsyncEngine) -> None:
    with practice_systems(filled_alma()) as systems:
        fill_folio(systems)

        def hide(exchange: Exchange) -> None:
            if exchange.path.endswith("/electronic/e-collections") and exchange.status == 200:
                body = json.loads(exchange.body)
                exchange.body = json.dumps(
                    {**body, "electronic_collection": body["electronic_collection"][1:]}
                ).encode()

        systems.alma_front.meddler = hide
        with pytest.raises(GuardError, match="declared collections were never listed"):
            await matched(database, systems)


async def test_a_large_library_is_told_page_by_page(database: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.engine.match_report.BATCH", 2)
    monkeypatch.setattr("sync.store.pairs.IN_MEMORY", 10)
    with practice_systems(filled_alma()) as systems:
        fill_folio(systems)
        bibs = [journal(number) for number in range(20, 27)]
        for bib in bibs:
            systems.alma.add_bib(bib)
        systems.alma.add_collection(collection("Large", [portfolio(bib) for bib in bibs]))
        report = await matched(database, systems)
        assert {name for _, place, name in alone(report, System.ALMA) if place == "Large"} == {
            "Large", *(bib.title for bib in bibs),
        }  # fmt: skip
        assert len(list(report.other_names)) == 1
        report.close()


async def test_the_command_ends_with_4_when_names_are_ambiguous(database_url: str, tmp_path: Path) -> None:
    place = Place(folder=tmp_path)
    with practice_systems(filled_alma()) as systems:
        fill_folio(systems)
        place.configure(configuration(systems, database_url))
        before = writes(systems)
        told = await place.run("match", "--format", "json", "--output", "out/match.json")
        assert (told.code, told.out) == (4, "")
        found = json.loads((tmp_path / "out" / "match.json").read_text(encoding="utf-8"))
        assert list(found) == [
            "run_id", "pair", "matched", "ambiguous", "not_judged", "other_names", "only_in_alma", "only_in_folio",
            "parked",
        ]  # fmt: skip
        assert {"kind": "package", "how": "name", "records": 1, "new": 1, "before": 0} in found["matched"]
        (twins,) = found["ambiguous"]
        assert (len(twins["alma"]), len(twins["folio"])) == (2, 1)
        assert "links import" in twins["what_to_do"]
        assert len(found["only_in_alma"]) == 7
        for one in systems.alma.collections():
            if one["public_name"] == "Twins":
                systems.alma.rename_collection(one["id"], f"Twin {one['id']}")
        shown = await place.run("match")
        assert shown.code == 0
        assert "Matched" in shown.out
        assert writes(systems) == before
    async with engine_for(database_url) as database:
        assert [one.command for one in await recent_runs(database)] == ["match", "match"]
