"""Every awkward case of the practice library ends in FOLIO as the mapping page says, or parked, or with its losses."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from sync.engine.running import Ended
from sync.model import Loss, Parked
from sync.sandbox.awkward import COLLECTION_NAMES, HYPERLINK_FORMULA, AwkwardCase, cases_in, portfolios_of
from sync.sandbox.folio import StoredPackage, StoredResource, StoredTitle
from sync.sandbox.library import practice_library
from sync.sandbox.seed import SeedLibrary
from sync.store.changes import StoredChange
from sync.store.database import engine_for
from tests.support.databases import Databases
from tests.support.expectation import complaints, expect
from tests.support.migrating import all_done, changes, parked, run_diff, run_migration
from tests.support.practice import PROXIES, Systems, practice_systems

Case = AwkwardCase


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrated:
    """A library after its migration: the systems, the database, and what the run says of it."""

    library: SeedLibrary
    systems: Systems
    database_url: str
    ended: Ended
    changes: list[StoredChange]
    parked: list[Parked]

    def titles(self, name: str) -> list[StoredTitle]:
        """Return the titles of this name."""
        return [one for one in self.systems.folio.titles() if one.title.name == name]

    def resources(self, name: str) -> list[StoredResource]:
        """Return the resources of the title of this name."""
        return [one for one in self.systems.folio.resources() if one.title.name == name]

    def packages(self, name: str) -> list[StoredPackage]:
        """Return the packages of this name."""
        return [one for one in self.systems.folio.packages() if one.package.name == name]

    def losses(self, name: str) -> list[Loss]:
        """Return what the records of this name had to leave behind."""
        return [loss for one in self.changes if one.change.name == name for loss in one.change.losses]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def migrated(databases: Databases) -> AsyncIterator[Migrated]:
    """Give a library with every awkward case, migrated once."""
    library = practice_library(collections=27, portfolios=150)
    with practice_systems(library) as systems:
        async with databases.fresh() as url, engine_for(url) as engine:
            ended = await run_migration(engine, systems)
            yield Migrated(
                library=library,
                systems=systems,
                database_url=url,
                ended=ended,
                changes=await changes(engine, ended),
                parked=await parked(engine, ended),
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class InFolio:
    """How a case must stand in FOLIO; None is not looked at. `losses`: a field, and words of the value or reason."""

    title: str
    packages: int = 1
    coverages: tuple[tuple[str, str], ...] | None = None
    embargo: tuple[str, int] | None = None
    url: str | None = None
    hidden: bool | None = None
    proxy: str | None = None
    statement: str | None = None
    kind: str | None = None
    publisher: str | None = None
    identifiers: frozenset[tuple[str, str]] | None = None
    losses: tuple[tuple[str, str], ...] = ()
    check: Callable[[StoredTitle], bool] = field(default=lambda _: True)


@dataclass(frozen=True, slots=True, kw_only=True)
class InPackage:
    """How a collection must stand in FOLIO."""

    name: str
    content_type: str | None = None
    hidden: bool = False
    resources: int | None = None
    losses: tuple[tuple[str, str], ...] = ()


def _years(begin: int, end: int | None = None) -> tuple[tuple[str, str], ...]:
    return ((f"{begin}-01-01", "" if end is None else f"{end}-12-31"),)


NO_EMBARGO = ("", 0)
ADDRESS = "https://awkward.example.org"

TITLES: dict[AwkwardCase, tuple[InFolio, ...]] = {
    Case.SEVERAL_COLLECTIONS: (InFolio(title="Widely Held Journal of Estuaries", packages=3, coverages=_years(1998)),),
    Case.BOTH_SERVICES: (
        InFolio(
            title="Twice Served Journal of Quays", url=f"{ADDRESS}/both-services/11", coverages=_years(1998),
            losses=(("portfolio", "both-services/12"),),
        ),
    ),
    Case.TWICE_TOUCHING: (
        InFolio(
            title="Journal of Adjoining Fields", coverages=_years(1990), url=f"{ADDRESS}/twice-touching/11",
            losses=(("portfolio", "twice-touching/12"),),
        ),
    ),
    Case.TWICE_OVERLAPPING: (
        InFolio(
            title="Journal of Overlapping Fields", coverages=_years(1990, 2010),
            losses=(("portfolio", "twice-overlapping/12"),),
        ),
    ),
    Case.NO_IDENTIFIER: (InFolio(title="Nameless Newsletter for Bell Founders", identifiers=frozenset()),),
    Case.SAME_NAME_OTHER_PUBLISHER: (
        InFolio(title="Harbour Bulletin", publisher="Saltmarrow Press"),
        InFolio(title="Harbour Bulletin (Éditions Corvenna)", publisher="Éditions Corvenna"),
    ),
    Case.SAME_NAME_SAME_PUBLISHER: (
        InFolio(title="Parish Notes", url=f"{ADDRESS}/same-name-same-publisher/11"),
        InFolio(title="Parish Notes (Saltmarrow Press)", url=f"{ADDRESS}/same-name-same-publisher/21"),
    ),
    Case.AUDIO: (InFolio(title="Sounds of the Estuary", kind="Audiobook"),),
    Case.VIDEO: (InFolio(title="Building a Breakwater", kind="Streaming Video"),),
    Case.NINE_RANGES: (
        InFolio(
            title="Notes on Interrupted Publishing",
            coverages=tuple(_years(year, year + 1)[0] for year in range(2004, 1979, -3)),
        ),
    ),
    Case.YEARS_ONLY: (InFolio(title="Yearbook of Lighthouse Keeping", coverages=_years(1991, 2004)),),
    Case.MONTHS: (InFolio(title="Monthly Record of Tides", coverages=(("1996-04-01", "2008-02-29"),)),),
    Case.VOLUMES_AND_ISSUES: (
        InFolio(
            title="Numbered Proceedings in Ropemaking", coverages=(("1988-01-01", "2001-10-31"),), statement="v.12",
        ),
    ),
    Case.OPEN_END: (InFolio(title="Continuing Letters on Harbour Ice", coverages=(("2003-01-15", ""),)),),
    Case.NO_COVERAGE: (InFolio(title="Undated Leaflets on Beekeeping", coverages=()),),
    Case.ONLY_LOCAL: (InFolio(title="Coverage Studies, Local", coverages=_years(2000, 2010)),),
    Case.ONLY_GLOBAL: (InFolio(title="Coverage Studies, Global", coverages=_years(1995, 2005)),),
    # the institution's code table calls 2 "Global or local" and 3 "Global and local"
    Case.LOCAL_AND_GLOBAL: (InFolio(title="Coverage Studies, Shared", coverages=_years(1995, 2010)),),
    Case.LOCAL_OR_GLOBAL: (InFolio(title="Coverage Studies, Joint", coverages=_years(2000, 2005)),),
    Case.ONLY_LOCAL_EMPTY: (InFolio(title="Coverage Studies, Empty", coverages=()),),
    Case.EMBARGO_MONTHS: (InFolio(title="Delayed Reports on Kelp", embargo=("Months", 12), coverages=_years(1998)),),
    Case.EMBARGO_YEARS: (InFolio(title="Delayed Reports on Slate", embargo=("Years", 1)),),
    Case.EMBARGO_YEARS_AND_MONTHS: (InFolio(title="Delayed Reports on Peat", embargo=("Months", 18)),),
    Case.ROLLING_WALL: (
        InFolio(
            title="Ten Latest Years of Canal Traffic", embargo=NO_EMBARGO, statement="10 years",
            losses=(("embargo", "rolling"),),
        ),
    ),
    Case.EQUAL_WALL: (InFolio(title="Wharf and Crane Gazette", embargo=NO_EMBARGO, losses=(("embargo", "="),)),),
    Case.ENDED_WITH_EMBARGO: (
        InFolio(title="Closed Series on Salt Pans", coverages=_years(1990, 2012), embargo=("Months", 18)),
    ),
    Case.UNAVAILABLE: (InFolio(title="Withdrawn Journal of Millstones", hidden=True),),
    Case.PROXY: (InFolio(title="Proxied Journal of Dykes", proxy="EZProxy", hidden=False),),
    Case.UNMAPPED_PROXY: (InFolio(title="Proxied Journal of Weirs", losses=(("proxy", "OLDPROXY"),)),),
    Case.DYNAMIC_LINK: (InFolio(title="Resolved Journal of Ferries", url=""),),
    Case.URL_OVERRIDE: (
        InFolio(title="Journal of Moved Addresses", url="https://mirror.example.edu/moved-addresses"),
    ),
    Case.RAW_URL_WITH_JKEY: (InFolio(title="Journal of Prefixed Addresses", url=f"{ADDRESS}/prefixed"),),
    Case.RAW_URL_WITHOUT_JKEY: (InFolio(title="Journal of Plain Addresses", url=f"{ADDRESS}/plain"),),
    Case.JKEY_IN_QUERY: (InFolio(title="Journal of Queried Addresses", url=f"{ADDRESS}/get?jkey=A1&view=full"),),
    Case.URL_OF_600: (
        InFolio(
            title="Journal of Long Addresses", url=(f"{ADDRESS}/openurl?session=" + "a1b2c3d4e5" * 70)[:600],
        ),
    ),
    Case.WRONG_CHECK_DIGIT: (
        InFolio(title="Misprinted Journal of Locks", identifiers=frozenset(), losses=(("identifiers", ""),)),
    ),
    Case.PLACEHOLDER_ISSN: (
        InFolio(title="Placeholder Journal of Masts", identifiers=frozenset(), losses=(("identifiers", ""),)),
        InFolio(title="Placeholder Journal of Buoys", identifiers=frozenset(), losses=(("identifiers", ""),)),
    ),
    Case.PRINT_IS_ONLINE: (
        InFolio(
            title="Twofold Journal of Oars",
            check=lambda one: sorted(each.subtype for each in one.title.identifiers) == ["Online", "Print"]
            and len({each.id for each in one.title.identifiers}) == 1,
        ),
    ),
    Case.ISBN10: (
        InFolio(
            title="Knots, Splices and Hitches", kind="Book",
            check=lambda one: len(one.title.identifiers) == 2
            and all(len(each.id) == 13 and each.id.startswith("97") for each in one.title.identifiers),
        ),
    ),
    Case.ARABIC: (InFolio(title="مجلة دراسات الموانئ القديمة", publisher="دار تولفار"),),
    Case.CHINESE: (InFolio(title="港口工程与航运史研究", publisher="阿什奎尔出版社"),),
    Case.COMBINING: (InFolio(title="Cahiers d'\u00e9tudes portuaires g\u00e9n\u00e9rales, Z\u00fcrich"),),
    Case.MARKUP_IN_TITLE: (
        InFolio(
            title="The <b>Bold</b> & <i>Slanted</i> Journal of Type",
            losses=(("public_note", "<b>desk</b>"), ("authentication_note", "log in")),
        ),
    ),
    Case.SCRIPT_IN_TITLE: (
        InFolio(
            title="Scripts <script>alert('title')</script> Quarterly",
            losses=(("public_note", "<script>"), ("internal_description", "<img")),
        ),
    ),
    Case.FORMULA_HYPERLINK: (InFolio(title=HYPERLINK_FORMULA, losses=(("public_note", "=HYPERLINK"),)),),
    Case.FORMULA_PLUS: (InFolio(title="+1 Quarterly", losses=(("public_note", "+1"),)),),
    Case.FORMULA_AT: (InFolio(title="@SUM(A1:A9) Letters", losses=(("public_note", "@SUM"),)),),
    Case.CONTROLS_IN_TITLE: (
        InFolio(title="The Sorted Review of Files", losses=(("name", "control characters"),)),
    ),
    Case.CONTROLS_IN_NOTE: (
        InFolio(
            title="Journal of Silent Bells",
            losses=(("public_note", "ring twice then wait"), ("internal_description", "nul escape")),
        ),
    ),
    Case.LEADING_BLANKS: (InFolio(title="Indented Journal of Margins"),),
}  # fmt: skip

PARKED: dict[AwkwardCase, tuple[str, str]] = {
    Case.IMPOSSIBLE_DATE: ("Calendar of Errors", "coverage"),
    Case.UNTIL_BEFORE_FROM: ("Calendar of Reversals", "ends (2005) before it begins (2011)"),
    Case.URL_OVER_600: ("Journal of Longer Addresses", "640 characters"),
}

CUT: dict[AwkwardCase, tuple[str, int]] = {
    Case.LONG_TITLE: ("Transactions, Minutes and Correspondence", 400),
    Case.LONG_PUBLISHER: ("Papers of a Long-Named Society", 250),
}

PACKAGES: dict[AwkwardCase, tuple[InPackage, ...]] = {
    Case.TWO_SERVICES: (InPackage(name="Wexmarrow Journals, Full and Selected Text", content_type="E-Journal"),),
    Case.DATABASE: (
        InPackage(
            name="Wexmarrow Bibliography of Harbour Towns", content_type="Online Reference", resources=0,
            losses=(("url", "awkward.example.edu/bibliography"),),
        ),
    ),
    Case.EMPTY_COLLECTION: (
        InPackage(name="Jarnsund Pamphlets, Not Yet Loaded", content_type="Unknown", resources=0),
    ),
    Case.SAME_NAME_COLLECTIONS: (
        InPackage(name="Online Library"), InPackage(name="Online Library (Quillmoor Online)"),
    ),
    Case.UNAVAILABLE_SERVICE: (InPackage(name="Ostwick Journals, Cancelled", hidden=True),),
    Case.MARKUP_IN_COLLECTION: (
        InPackage(
            name="Reading <b>Room</b> & <script>alert('x')</script> Collection",
            losses=(("description", "<em>titles</em>"), ("public_note", "<script>")),
        ),
    ),
    Case.FORMULA_IN_COLLECTION: (
        InPackage(name=HYPERLINK_FORMULA, losses=(("description", "+1"), ("internal_description", "@SUM"))),
    ),
    Case.CONTROLS_IN_COLLECTION: (
        InPackage(
            name="Calderstane Digital Archive [31m Two",
            losses=(("name", "control characters"), ("public_note", "[31mred bell")),
        ),
    ),
    Case.BLANKS_IN_COLLECTION: (InPackage(name="Tolvarre Backfiles"),),
}  # fmt: skip


def _has_loss(losses: list[Loss], wanted: tuple[str, str]) -> bool:
    field_name, words = wanted
    return any(one.field == field_name and (words in one.value or words in one.reason) for one in losses)


async def test_everything_that_can_be_moved_was_moved_and_proved(migrated: Migrated) -> None:
    assert cases_in(migrated.library) == set(Case)
    assert all_done(migrated.ended)
    assert complaints(expect(migrated.library, PROXIES), migrated.systems.folio) == []


def test_every_awkward_case_is_looked_at_below() -> None:
    assert {*TITLES, *PARKED, *CUT, *PACKAGES, Case.LONG_COLLECTION_NAME} == set(Case)


@pytest.mark.parametrize("case", TITLES, ids=lambda case: case.name)
def test_an_awkward_title(case: AwkwardCase, migrated: Migrated) -> None:
    for wanted in TITLES[case]:
        (title,) = migrated.titles(wanted.title)
        assert wanted.check(title)
        assert wanted.kind in (None, title.title.publication_type)
        assert wanted.publisher in (None, title.title.publisher)
        known = {(one.id, one.subtype) for one in title.title.identifiers}
        assert wanted.identifiers in (None, known)
        resources = migrated.resources(wanted.title)
        assert len(resources) == len(title.packages) == wanted.packages
        for stored in resources:
            one = stored.resource
            assert wanted.coverages in (None, tuple((each.begin, each.end) for each in one.custom_coverages))
            assert wanted.embargo in (None, (one.custom_embargo.unit, one.custom_embargo.value))
            assert wanted.url in (None, one.url or "")
            assert wanted.hidden in (None, one.is_hidden)
            assert wanted.proxy in (None, one.proxy)
            assert wanted.statement is None or wanted.statement in (one.coverage_statement or "")
        missing = [loss for loss in wanted.losses if not _has_loss(migrated.losses(wanted.title), loss)]
        assert not missing, migrated.losses(wanted.title)


@pytest.mark.parametrize("case", PARKED, ids=lambda case: case.name)
def test_an_awkward_title_that_cannot_be_moved_is_parked_with_advice(case: AwkwardCase, migrated: Migrated) -> None:
    name, reason = PARKED[case]
    assert migrated.titles(name) == []
    (parked_one,) = [one for one in migrated.parked if one.name == name]
    assert reason in parked_one.reason
    assert "Alma" in parked_one.advice


@pytest.mark.parametrize("case", CUT, ids=lambda case: case.name)
def test_a_text_longer_than_folio_takes_is_cut_at_a_word_and_said(case: AwkwardCase, migrated: Migrated) -> None:
    start, limit = CUT[case]
    (place,) = portfolios_of(migrated.library, case)
    (title,) = [one.title for one in migrated.systems.folio.titles() if one.title.name.startswith(start)]
    text, whole = title.name, place.bib.title
    if case is Case.LONG_PUBLISHER:
        text, whole = title.publisher or "", place.bib.publisher
    assert len(text) <= limit
    assert text.endswith("…")
    assert whole.startswith(text[:-1])
    assert not whole[len(text) - 1].isalnum()
    field_name = "name" if case is Case.LONG_TITLE else "publisher"
    assert _has_loss(migrated.losses(title.name), (field_name, f"cut to {limit}"))


@pytest.mark.parametrize("case", PACKAGES, ids=lambda case: case.name)
def test_an_awkward_collection(case: AwkwardCase, migrated: Migrated) -> None:
    for wanted in PACKAGES[case]:
        (stored,) = migrated.packages(wanted.name)
        assert wanted.content_type in (None, stored.package.content_type)
        assert bool(stored.package.hidden) == wanted.hidden
        assert wanted.resources in (None, len(migrated.systems.folio.resources(stored.id)))
        missing = [loss for loss in wanted.losses if not _has_loss(migrated.losses(wanted.name), loss)]
        assert not missing, migrated.losses(wanted.name)


def test_a_collection_name_longer_than_folio_takes_is_cut_and_said(migrated: Migrated) -> None:
    whole = COLLECTION_NAMES[Case.LONG_COLLECTION_NAME]
    (stored,) = [one for one in migrated.systems.folio.packages() if one.package.name.startswith(whole[:90])]
    assert len(stored.package.name) <= 200
    assert whole.startswith(stored.package.name[:-1])
    assert _has_loss(migrated.losses(stored.package.name), ("name", "cut to 200"))


# --- the same library once more


async def test_a_second_migration_and_a_diff_write_nothing(migrated: Migrated) -> None:
    systems = migrated.systems
    systems.folio_writes()
    async with engine_for(migrated.database_url) as engine:
        again = await run_migration(engine, systems)
        assert again.plan.summary.writes == 0
        assert again.parked == migrated.ended.parked
        looked = await run_diff(engine, systems)
        assert looked.plan.summary.writes == 0
        assert looked.result is None
    assert systems.folio_writes() == 0
    assert systems.alma.controls.writes == 0


async def test_a_new_database_finds_everything_again_and_writes_nothing(
    migrated: Migrated, databases: Databases
) -> None:
    migrated.systems.folio_writes()
    async with databases.fresh() as url, engine_for(url) as engine:
        ended = await run_migration(engine, migrated.systems)
        assert [one.change.name for one in await changes(engine, ended)] == []
        assert ended.plan.summary.unchanged == len(migrated.changes)
        again = await run_migration(engine, migrated.systems)
        assert again.plan.summary.writes == 0
    assert migrated.systems.folio_writes() == 0
