"""Both systems meet for the first time: what is one record is linked, whatever its spelling; nothing is made twice."""

from collections.abc import Sequence

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.engine.plan import Wanted
from sync.model import Kind
from sync.plan.changes import Action, Status
from sync.plan.direction import Direction
from sync.sandbox.identifiers import IdentifierMint
from sync.sandbox.seed import (
    PublicationKind,
    SeedBib,
    SeedKnowledgeBase,
    SeedKnowledgeBasePackage,
    SeedKnowledgeBaseTitle,
)
from tests.support.commands import custom_titles, moved
from tests.support.libraries import collection, journal, library, portfolio
from tests.support.migrating import changes, run_migration
from tests.support.practice import Systems, custom_title, practice_systems

WAYS = {"there": Direction.ALMA_TO_FOLIO, "back": Direction.FOLIO_TO_ALMA, "both": None}
SPELLINGS = [
    ("Harbour Studies", "Harbour Studies."),
    ("Sailors' Journal", "Sailors’ Journal"),
    ("Sailors' Journal", "Sailors Journal"),
    ("E-Harbours", "E Harbours"),
    ("E-Harbours", "Eharbours"),
    ("Tides & Dunes", "Tides and Dunes"),
    ("Société et mer", "SOCIETE ET MER"),
    ("Łódź i morze", "Lodz i morze"),
    ("Harbours: a review", "Harbours / a review"),
]


def _without_numbers(number: int, title: str) -> SeedBib:
    return SeedBib(key=f"bib:{number}", title=title, publisher="")


async def _meet(database: AsyncEngine, systems: Systems, way: str):
    pair = systems.pair(folio={"settle_seconds": 0}, alma={"settle_seconds": 0})
    direction = WAYS[way]
    wanted = Wanted(direction=direction) if direction else Wanted.both(pair.policy)
    return await run_migration(database, systems, pair, wanted=wanted)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("in_alma", "in_folio"), SPELLINGS)
async def test_packages_and_titles_that_differ_in_spelling_only_are_the_same(
    in_alma: str, in_folio: str, way: str, database: AsyncEngine
) -> None:
    bib = _without_numbers(0, f"{in_alma} 1")
    with practice_systems(library([bib], collection(in_alma, [portfolio(bib)]))) as systems:
        custom_title(systems.folio, in_folio, f"{in_folio} 1")
        ended = await _meet(database, systems, way)

        assert not [one for one in await changes(database, ended) if one.change.action is Action.CREATE]
        assert len([one for one in systems.folio.packages() if one.package.is_custom]) == 1
        assert len(custom_titles(systems)) == 1
        assert len(systems.alma.collections()) == 1
        assert len(systems.alma.portfolios()) == 1


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("in_folio", ["The Harbours of Norway", "Norway, Harbours of"])
async def test_what_is_not_surely_different_waits_and_is_not_made_a_second_time(
    in_folio: str, way: str, database: AsyncEngine
) -> None:
    bib = _without_numbers(0, "Harbours of Norway")
    with practice_systems(library([bib], collection("Coast", [portfolio(bib)]))) as systems:
        custom_title(systems.folio, "Coast", in_folio)
        ended = await _meet(database, systems, way)

        waiting = await changes(database, ended, status=Status.WITHHELD)
        assert {one.change.kind for one in waiting} & {Kind.TITLE, Kind.HOLDING}
        assert all("links import" in one.change.reason for one in waiting)
        assert custom_titles(systems) == [in_folio]
        assert len(systems.alma.portfolios()) == 1


@pytest.mark.parametrize("way", WAYS)
async def test_packages_whose_names_may_be_one_wait(way: str, database: AsyncEngine) -> None:
    with practice_systems(library([journal(0)], collection("Harbours of Norway", [portfolio(0)]))) as systems:
        custom_title(systems.folio, "The Harbours of Norway", "Another title")
        ended = await _meet(database, systems, way)

        packages = await changes(database, ended, kind=Kind.PACKAGE)
        assert [one.change.status for one in packages] == [Status.WITHHELD] * len(packages) != []
        assert set(moved(systems)) == {"The Harbours of Norway"}
        assert len(systems.alma.collections()) == 1


# --- numbers that several records have

MINT = IdentifierMint(block=2)
SET_ISBN, ISSN, OTHER_ISSN = MINT.isbn(), MINT.issn(), MINT.issn()


def _book(number: int, title: str, *isbns: str) -> SeedBib:
    own = isbns[0] if isbns else ""
    return SeedBib(
        key=f"bib:{number}", title=title, kind=PublicationKind.BOOK, isbn_online=own, publisher="Quiet Press"
    )


THE_SET = SeedKnowledgeBaseTitle(
    name="History of the Sea.", publication_type="Book", isbn_online=SET_ISBN, publisher="Quiet Press"
)
VOLUMES = [_book(number, f"History of the sea. Vol. {number}", SET_ISBN) for number in (1, 2)]
WHOLE = _book(3, "History of the sea", SET_ISBN)


async def _moved_with(database: AsyncEngine, bibs: Sequence[SeedBib], known: Sequence[SeedKnowledgeBaseTitle]):
    seed = library(bibs, collection("Shelf", [portfolio(bib) for bib in bibs]))
    package = SeedKnowledgeBasePackage(
        name="Everything", provider="Vendor", content_type="Mixed Content", titles=tuple(range(len(known)))
    )
    with practice_systems(seed, SeedKnowledgeBase(titles=tuple(known), packages=(package,))) as systems:
        ended = await run_migration(database, systems, systems.pair(folio={"settle_seconds": 0}))
        own = next(one.id for one in systems.folio.packages() if one.package.name == "Shelf")
        there = [one for one in systems.folio.resources() if one.package_id == own]
        held = {one.title.name: one.title.is_custom for one in there}
        skipped = {
            one.change.name: one.outcome
            for one in await changes(database, ended, kind=Kind.TITLE, status=Status.SKIPPED)
        }
        return held, skipped


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
async def test_the_title_of_a_set_is_taken_by_the_set_and_volumes_get_their_own(
    order: tuple[int, ...], database: AsyncEngine
) -> None:
    bibs = [(*VOLUMES, WHOLE)[at] for at in order]
    held, skipped = await _moved_with(database, bibs, [THE_SET])

    assert held == {"History of the Sea.": False, VOLUMES[0].title: True, VOLUMES[1].title: True}
    assert skipped == {}


async def test_volumes_without_a_record_of_the_set_take_nobodys_title_and_are_listed(database: AsyncEngine) -> None:
    held, skipped = await _moved_with(database, VOLUMES, [THE_SET])

    assert held == {}
    assert {bib.title for bib in VOLUMES} <= set(skipped)
    assert "History of the Sea." in skipped[VOLUMES[0].title].reason
    assert "links import" in skipped[VOLUMES[0].title].advice


@pytest.mark.parametrize("former_first", [True, False])
async def test_a_former_name_leaves_the_title_to_the_record_of_that_name(
    former_first: bool, database: AsyncEngine
) -> None:
    former = SeedBib(key="bib:1", title="Tides Bulletin", issn_print=OTHER_ISSN, issn_online=ISSN)
    now = SeedBib(key="bib:2", title="Tides", issn_online=ISSN)
    title = SeedKnowledgeBaseTitle(name="Tides", publication_type="Journal", issn_print=OTHER_ISSN, issn_online=ISSN)
    held, skipped = await _moved_with(database, [former, now] if former_first else [now, former], [title])

    assert held == {"Tides": False, "Tides Bulletin": True}
    assert skipped == {}


async def test_the_same_bibs_in_any_order_give_the_same_links(database: AsyncEngine) -> None:
    """Two bibs that fit one title alike: neither takes it, and both are listed."""
    one = SeedBib(key="bib:1", title="Tides", issn_print=OTHER_ISSN)
    other = SeedBib(key="bib:2", title="Tides", issn_online=ISSN)
    title = SeedKnowledgeBaseTitle(name="Tides", publication_type="Journal", issn_print=OTHER_ISSN, issn_online=ISSN)
    held, skipped = await _moved_with(database, [one, other], [title])

    assert held == {}
    assert len(skipped) >= 2
