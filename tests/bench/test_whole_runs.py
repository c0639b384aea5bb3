"""What whole commands take, against a real database: seconds, processor and memory, as the library grows."""

from pathlib import Path

import pytest

from sync.sandbox.alma import AlmaSwitches
from sync.sandbox.folio import FolioSwitches
from sync.sandbox.library import practice_knowledge_base, practice_library
from sync.sandbox.process import PracticeProcess, PracticeSetup
from tests.bench.measuring import Measured, Results, measure
from tests.support.commands import DIRECTION, Place, configuration

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]

SMALL, LARGE = 3_000, 20_000


def setup(portfolios: int) -> PracticeSetup:
    library = practice_library(portfolios=portfolios)
    return PracticeSetup(
        alma=AlmaSwitches(requests_per_second=0, daily_calls=10_000_000),
        folio=FolioSwitches(daily_calls=0),
        library=library,
        knowledge_base=practice_knowledge_base(library, seed=2026),
    )


def tell(results: Results, what: str, measured: Measured) -> None:
    phases = ", ".join(f"{phase} {seconds:.1f} s" for phase, seconds in measured.phases.items())
    results.add(what, f"{measured.seconds:.1f} s", phases)
    results.add(f"{what}: processor", f"{measured.processor_seconds:.1f} s")
    results.add(f"{what}: largest memory", f"{measured.memory:.0f} MB")


async def test_a_first_and_a_second_migration(results: Results, tmp_path: Path, database_url: str) -> None:
    async with PracticeProcess(setup(SMALL)) as practice:
        place = Place(folder=tmp_path)
        place.configure(configuration(practice, database_url))
        for what, arguments in (
            ("diff", ("diff", *DIRECTION)),
            ("migrate", ("migrate", *DIRECTION, "--yes")),
            ("migrate again", ("migrate", *DIRECTION, "--yes")),
            ("first sync", ("sync", "--yes")),
            ("quiet sync", ("sync", "--yes")),
        ):
            measured = measure(place, *arguments)
            assert measured.code in (0, 3, 4, 7), measured.said
            tell(results, f"{what}, {SMALL:,} portfolios", measured)


async def test_memory_as_the_library_grows(results: Results, tmp_path: Path, database_url: str) -> None:
    async with PracticeProcess(setup(LARGE)) as practice:
        place = Place(folder=tmp_path)
        place.configure(configuration(practice, database_url))
        measured = measure(place, "diff", *DIRECTION)
        assert measured.code == 3, measured.said
        tell(results, f"diff, {LARGE:,} portfolios", measured)
