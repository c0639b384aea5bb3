"""The audit, beside practice systems: it finds every difference, and none that a rule explains."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from rich.console import Console
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.engine.audit import AuditReport, audit
from sync.engine.migrate import apply_stored
from sync.engine.plan import Wanted
from sync.model import Kind, System
from sync.plan.audit import Difference
from sync.plan.changes import FieldValue
from sync.report.audit_report import write_audit_text
from sync.sandbox.folio import FolioSwitches
from sync.sandbox.folio.records import HIDDEN_EVERYWHERE, Contributor, Coverage, Embargo, Identifier
from sync.sandbox.library import practice_library
from sync.sandbox.seed import PublicationKind, SeedEmbargo, SeedRange
from sync.settings import Pair
from sync.store.database import engine_for
from sync.store.plans import PlanStatus, plan_info
from tests.support.commands import Place, configuration, writes
from tests.support.databases import Databases
from tests.support.libraries import (
    collection,
    issn,
    journal,
    knowledge_base,
    known_title,
    library,
    plain_library,
    portfolio,
)
from tests.support.migrating import PAIR, Quiet, all_done, approve, run_diff, run_migration
from tests.support.practice import Exchange, Systems, practice_systems
from tests.support.removals import TO_ALMA, Story

NOTES = {"public_note": "userDefinedField1"}


@dataclass(frozen=True, slots=True)
class Found:
    """What an audit told, out of its files."""

    report: AuditReport
    differences: list[Difference]
    only: dict[System, list[tuple[Kind, str]]]


async def audited(database: AsyncEngine, systems: Systems, pair: Pair | None = None, *, in_full: bool = False) -> Found:
    """Audit, and make sure that nothing is written."""

    def refuse(method: str, path: str, body: Any) -> None:
        raise AssertionError(f"an audit wrote: {method} {path}")

    before = writes(systems)
    report = await audit(database, PAIR, pair or systems.pair(), Quiet(), refuse, in_full=in_full)
    only = {system: [(one.kind, one.name) for one in kept] for system, kept in report.only.items()}
    found = Found(report, list(report.differences), only)
    report.close()
    assert writes(systems) == before
    return found


# --- a library with every awkward case


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def awkward(databases: Databases) -> AsyncIterator[tuple[Systems, str, Pair]]:
    """Give a library with every awkward case, migrated to FOLIO, the address of its database, and the pair."""
    with practice_systems(practice_library(collections=27, portfolios=150)) as systems:
        pair = systems.pair(maps={"notes": NOTES})
        async with databases.fresh() as url, engine_for(url) as engine:
            await run_migration(engine, systems, pair)
            yield systems, url, pair


@pytest.mark.parametrize("in_full", [False, True], ids=["as listed", "in full"])
async def test_after_a_migration_a_rule_explains_every_difference(
    awkward: tuple[Systems, str, Pair], *, in_full: bool
) -> None:
    systems, url, pair = awkward
    async with engine_for(url) as database:
        found = await audited(database, systems, pair, in_full=in_full)
    assert found.differences == []
    assert found.only == {System.ALMA: [], System.FOLIO: []}
    assert found.report.not_judged == ()
    assert {one.name for one in found.report.parked} == {
        "Calendar of Errors", "Calendar of Reversals", "Journal of Longer Addresses",
    }  # fmt: skip
    tally = found.report.tally
    assert tally.compared[Kind.PACKAGE] == 27
    reasons = " ".join(one.reason for one in tally.explained)
    for words in ("rolling wall", "cut to 400 characters", "another portfolio has it", "since another record has"):
        assert words in reasons
    told = {name for _, name in tally.not_compared}
    assert told == (set() if in_full else {"proxy", "access_type", "url", "description", "edition", "contributors"})


# --- an edit of each field, on either side

ACCESS_TYPE = "perpetual"


@dataclass(frozen=True, slots=True)
class Desk:
    """A librarian's hands on both sides. Each edit has a journal of its own, one of a package a package too.

    `ids` are those of portfolio and resource, by the number of the edit.
    """

    systems: Systems
    access_type: str
    ids: dict[int, tuple[str, str]]

    def portfolio(self, number: int, **changes: Any) -> None:
        self.systems.alma.edit_portfolio(self.ids[number][0], **changes)

    def ranges(self, number: int, begin: str, embargo: SeedEmbargo | None = None) -> None:
        self.systems.alma.set_coverage(self.ids[number][0], SeedRange(from_year=begin), embargo=embargo)

    def bib(self, number: int, **changes: Any) -> None:
        self.systems.alma.edit_bib(self.systems.alma.mms_id(f"bib:{number}"), replace(journal(number), **changes))

    def collection(self, number: int, **changes: Any) -> None:
        service = self.systems.alma.state.portfolios[self.ids[number][0]].service
        assert service is not None
        self.systems.alma.edit_collection(service.collection.id, **changes)

    def service(self, number: int, **changes: Any) -> None:
        service = self.systems.alma.state.portfolios[self.ids[number][0]].service
        assert service is not None
        self.systems.alma.edit_service(service.id, **changes)

    def resource(self, number: int, **changes: Any) -> None:
        self.systems.folio.edit_resource(self.ids[number][1], **changes)

    def title(self, number: int, **changes: Any) -> None:
        self.systems.folio.edit_title(self.ids[number][1].rpartition("-")[2], **changes)

    def package(self, number: int, **changes: Any) -> None:
        self.systems.folio.edit_package(self.ids[number][1].rpartition("-")[0], **changes)

    def assign(self, kind: str, number: int) -> None:
        key = self.ids[number][1] if kind == "resources" else self.ids[number][1].rpartition("-")[0]
        self.systems.folio._module.own.assigned[kind, key] = self.access_type


def desk_of(systems: Systems, access_type: str) -> Desk:
    held = {one.title.name: one.id for one in systems.folio.resources()}
    ids = {}
    for number in EVERY_NUMBER:
        (there,) = systems.alma.portfolios(mms_id=systems.alma.mms_id(f"bib:{number}"))
        ids[number] = (str(there["id"]), held[journal(number).title])
    return Desk(systems, access_type, ids)


@dataclass(frozen=True, slots=True)
class Edit:
    """An edit of one field, and what both sides hold afterwards; None: not looked at."""

    kind: Kind
    field: str
    side: System
    make: Callable[[Desk, int], None]
    alma: FieldValue = None
    folio: FieldValue = None

    def __str__(self) -> str:
        return f"{self.kind} {self.field} in {self.side}"


IN_ALMA, IN_FOLIO = System.ALMA, System.FOLIO
PROXIED = {"proxy_enabled": "true", "proxy": "EZPROXY"}
WALL = SeedEmbargo(operator=">=", months="7")
OTHER_ISSN = issn(9_000)
EDITS = (
    Edit(Kind.HOLDING, "available", IN_ALMA, lambda desk, n: desk.portfolio(n, availability="10"), False, True),
    Edit(Kind.HOLDING, "available", IN_FOLIO, lambda desk, n: desk.resource(n, is_hidden=True), True, False),
    Edit(
        Kind.HOLDING, "url", IN_ALMA,
        lambda desk, n: desk.portfolio(n, linking_details={"static_url": "jkey=https://new.example.org/a"}),
        "https://new.example.org/a",
    ),
    Edit(
        Kind.HOLDING, "url", IN_FOLIO, lambda desk, n: desk.resource(n, url="https://new.example.org/f"), None,
        "https://new.example.org/f",
    ),
    Edit(Kind.HOLDING, "coverage", IN_ALMA, lambda desk, n: desk.ranges(n, "1950"), ("1950 –",), ("1998-01-01 –",)),
    Edit(
        Kind.HOLDING, "coverage", IN_FOLIO,
        lambda desk, n: desk.resource(n, custom_coverages=(Coverage("1998-01-01", "2003-12-31"),)),
        ("1998 –",), ("1998-01-01 – 2003-12-31",),
    ),
    Edit(
        Kind.HOLDING, "embargo", IN_ALMA, lambda desk, n: desk.ranges(n, "1998", WALL), "not the most recent 7 months"
    ),
    Edit(
        Kind.HOLDING, "embargo", IN_FOLIO, lambda desk, n: desk.resource(n, custom_embargo=Embargo("Weeks", 9)), None,
        "not the most recent 9 weeks",
    ),
    Edit(
        Kind.HOLDING, "coverage_statement", IN_ALMA,
        lambda desk, n: desk.portfolio(n, public_note="[FOLIO coverage: Some years]"), "Some years", "",
    ),
    Edit(
        Kind.HOLDING, "coverage_statement", IN_FOLIO, lambda desk, n: desk.resource(n, coverage_statement="All"), "",
        "All",
    ),
    Edit(Kind.HOLDING, "public_note", IN_ALMA, lambda desk, n: desk.portfolio(n, public_note="Ask us"), "Ask us", ""),
    Edit(
        Kind.HOLDING, "public_note", IN_FOLIO,
        lambda desk, n: desk.resource(n, user_fields=("Ask us", None, None, None, None)), "", "Ask us",
    ),
    Edit(Kind.HOLDING, "proxy", IN_ALMA, lambda desk, n: desk.portfolio(n, linking_details=PROXIED), "EZPROXY", "none"),
    Edit(Kind.HOLDING, "proxy", IN_FOLIO, lambda desk, n: desk.resource(n, proxy="EZProxy"), "none", "EZProxy"),
    Edit(Kind.HOLDING, "access_type", IN_ALMA, lambda desk, n: desk.portfolio(n, access_type=ACCESS_TYPE), ACCESS_TYPE),
    Edit(Kind.HOLDING, "access_type", IN_FOLIO, lambda desk, n: desk.assign("resources", n)),
    Edit(Kind.PACKAGE, "name", IN_ALMA, lambda desk, n: desk.collection(n, public_name="New in Alma"), "New in Alma"),
    Edit(Kind.PACKAGE, "name", IN_FOLIO, lambda desk, n: desk.package(n, name="New in FOLIO"), None, "New in FOLIO"),
    Edit(Kind.PACKAGE, "hidden", IN_ALMA, lambda desk, n: desk.service(n, activation_status="10"), True, False),
    Edit(Kind.PACKAGE, "hidden", IN_FOLIO, lambda desk, n: desk.package(n, hidden=HIDDEN_EVERYWHERE), False, True),
    Edit(Kind.PACKAGE, "proxy", IN_ALMA, lambda desk, n: desk.collection(n, **PROXIED), "EZPROXY"),
    Edit(Kind.PACKAGE, "proxy", IN_FOLIO, lambda desk, n: desk.package(n, proxy="EZProxy"), None, "EZProxy"),
    Edit(
        Kind.PACKAGE, "access_type", IN_ALMA, lambda desk, n: desk.collection(n, access_type=ACCESS_TYPE), ACCESS_TYPE
    ),
    Edit(Kind.PACKAGE, "access_type", IN_FOLIO, lambda desk, n: desk.assign("packages", n)),
    Edit(
        Kind.PACKAGE, "url", IN_ALMA, lambda desk, n: desk.collection(n, url="https://c.example.org"),
        "https://c.example.org",
    ),
    Edit(
        Kind.PACKAGE, "url", IN_FOLIO, lambda desk, n: desk.package(n, url="https://p.example.org"), "",
        "https://p.example.org",
    ),
    Edit(Kind.PACKAGE, "description", IN_ALMA, lambda desk, n: desk.collection(n, description="Of tides"), "Of tides"),
    Edit(
        Kind.PACKAGE, "description", IN_FOLIO, lambda desk, n: desk.package(n, description="Of dunes"), "", "Of dunes"
    ),
    Edit(Kind.TITLE, "name", IN_ALMA, lambda desk, n: desk.bib(n, title="Renamed in Alma"), "Renamed in Alma"),
    Edit(Kind.TITLE, "name", IN_FOLIO, lambda desk, n: desk.title(n, name="Renamed there"), None, "Renamed there"),
    Edit(Kind.TITLE, "publisher", IN_ALMA, lambda desk, n: desk.bib(n, publisher="Tide Press"), "Tide Press"),
    Edit(
        Kind.TITLE, "publisher", IN_FOLIO, lambda desk, n: desk.title(n, publisher="Dune Press"), None, "Dune Press"
    ),
    Edit(Kind.TITLE, "identifiers", IN_ALMA, lambda desk, n: desk.bib(n, issn_online=OTHER_ISSN)),
    Edit(
        Kind.TITLE, "identifiers", IN_FOLIO,
        lambda desk, n: desk.title(n, identifiers=(Identifier(OTHER_ISSN, "ISSN", "Online"),)),
    ),
    Edit(
        Kind.TITLE, "publication_type", IN_ALMA, lambda desk, n: desk.bib(n, kind=PublicationKind.BOOK), "Book",
        "Journal",
    ),
    Edit(Kind.TITLE, "publication_type", IN_FOLIO, lambda desk, n: desk.title(n, publication_type="Book")),
    Edit(Kind.TITLE, "edition", IN_ALMA, lambda desk, n: desk.bib(n, edition="2nd edition"), "2nd edition", ""),
    Edit(Kind.TITLE, "description", IN_ALMA, lambda desk, n: desk.bib(n, description="Of tides"), "Of tides", ""),
    Edit(Kind.TITLE, "contributors", IN_ALMA, lambda desk, n: desk.bib(n, authors=("Tide, A.",))),
)  # fmt: skip
NEVER_TO_ALMA = (
    lambda desk, n: desk.title(n, edition="2nd edition", description="Of dunes"),
    lambda desk, n: desk.title(n, contributors=(Contributor("author", "Dune, B."),)),
    lambda desk, n: desk.package(n, coverage=Coverage("2001-01-01", "")),
)
"""Edits in FOLIO that no rule lets travel, and that Alma has nothing against."""
UNTOLD = {"proxy", "access_type", "edition", "description", "contributors"}
EVERY_NUMBER = range(len(EDITS) + len(NEVER_TO_ALMA))


@dataclass(frozen=True, slots=True)
class Edited:
    """What an audit finds once every field was edited, in full and as listed, by the number of the edit."""

    in_full: dict[int, list[Difference]]
    listed: dict[int, list[Difference]]
    explained: set[str]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def edited(databases: Databases) -> AsyncIterator[Edited]:
    bibs = [journal(number) for number in EVERY_NUMBER]
    own = [number for number, one in enumerate(EDITS) if one.kind is Kind.PACKAGE]
    seeds = [collection(f"Collection {number}", [portfolio(number)]) for number in own]
    seeds.append(collection("Shared", [portfolio(number) for number in EVERY_NUMBER if number not in own]))
    folio = FolioSwitches(daily_calls=0, package_visibility="visibility")
    with practice_systems(library(bibs, *seeds), folio=folio) as systems:
        access_type = next(iter(systems.folio._module.own.access_types))
        pair = systems.pair(maps={"notes": NOTES, "access_types": {ACCESS_TYPE: access_type}})
        async with databases.fresh() as url, engine_for(url) as database:
            assert all_done(await run_migration(database, systems, pair, published=False))
            desk = desk_of(systems, access_type)
            for number, make in enumerate([*(one.make for one in EDITS), *NEVER_TO_ALMA]):
                make(desk, number)
            in_full = await audited(database, systems, pair, in_full=True)
            listed = await audited(database, systems, pair)
        assert in_full.report.read_singly == {Kind.PACKAGE: len(seeds), Kind.HOLDING: len(bibs)}
        assert in_full.only == {System.ALMA: [], System.FOLIO: []}
        numbers = {held: number for number, (_, held) in desk.ids.items()}
        yield Edited(
            _by_number(in_full.differences, numbers),
            _by_number(listed.differences, numbers),
            {one.field for one in in_full.report.tally.explained},
        )


def _by_number(differences: list[Difference], numbers: dict[str, int]) -> dict[int, list[Difference]]:
    found: dict[int, list[Difference]] = {}
    for one in differences:
        (number,) = [
            number
            for key, number in numbers.items()
            if one.folio_id in (key, key.rpartition("-")[2])
            or (one.folio_id == key.rpartition("-")[0] and EDITS[number].kind is Kind.PACKAGE)
        ]
        found.setdefault(number, []).append(one)
    return found


@pytest.mark.parametrize("number", range(len(EDITS)), ids=[str(one) for one in EDITS])
async def test_an_edit_of_a_field_is_found_on_either_side(edited: Edited, number: int) -> None:
    edit = EDITS[number]
    (found,) = edited.in_full[number]
    assert (found.kind, found.field, found.conflict) == (edit.kind, edit.field, None)
    assert found.alma != found.folio
    assert edit.alma in (None, found.alma)
    assert edit.folio in (None, found.folio)
    untold = edit.field in UNTOLD or (edit.kind, edit.field) == (Kind.PACKAGE, "url")
    assert edited.listed.get(number, []) == ([] if untold else [found])


async def test_what_only_folio_has_and_never_goes_to_alma_is_explained(edited: Edited) -> None:
    assert set(edited.in_full) == set(range(len(EDITS)))
    assert {"edition", "description", "contributors", "coverage"} <= edited.explained


# --- what one side alone holds


async def test_what_is_gone_on_one_side_is_listed_unless_the_reading_came_short(database: AsyncEngine) -> None:
    with practice_systems(plain_library((3, 2))) as systems:
        story = Story(systems, TO_ALMA, database)
        assert all_done(await run_migration(database, systems))
        story.take(0)
        story.take_package("Collection 2")
        systems.folio_front.meddler = declares_more(story.package("Collection 1"))
        short = await audited(database, systems)
        gone = [(Kind.PACKAGE, "Collection 2"), *((Kind.HOLDING, journal(number).title) for number in (3, 4))]
        assert short.only == {System.ALMA: gone, System.FOLIO: []}
        assert any("Collection 1" in one and "read completely in FOLIO" in one for one in short.report.not_judged)
        systems.folio_front.meddler = None
        systems.alma.remove_portfolio(story.portfolios(1)[0])
        whole = await audited(database, systems)
        assert sorted(whole.only[System.ALMA]) == sorted([*gone, (Kind.HOLDING, journal(0).title)])
        assert whole.only[System.FOLIO] == [(Kind.HOLDING, journal(1).title)]
        assert whole.report.not_judged == ()


def declares_more(package_id: str) -> Callable[[Exchange], None]:
    """Return a meddler that lets FOLIO declare one title more than it lists."""

    def meddle(exchange: Exchange) -> None:
        if exchange.path.endswith(f"/packages/{package_id}/resources") and exchange.status == 200:
            body = json.loads(exchange.body)
            body["meta"]["totalResults"] += 1
            exchange.body = json.dumps(body).encode()

    return meddle


async def test_without_all_packages_nothing_is_linked_and_no_absence_is_judged(database: AsyncEngine) -> None:
    with practice_systems(plain_library((2, 1))) as systems:
        assert all_done(await run_migration(database, systems))
        systems.alma.add_collection(collection("Made since"))
        systems.folio.edit_resource(systems.folio.resources()[0].id, url="https://new.example.org/")

        def hide(exchange: Exchange) -> None:
            if exchange.path.endswith("/eholdings/packages") and exchange.status == 200:
                body = json.loads(exchange.body)
                exchange.body = json.dumps({**body, "data": body["data"][1:]}).encode()

        systems.folio_front.meddler = hide
        found = await audited(database, systems)
        assert found.only == {System.ALMA: [], System.FOLIO: []}
        assert any("packages were never listed" in one for one in found.report.not_judged)


async def test_a_conflict_is_named_and_a_plan_that_waits_stays_good(database: AsyncEngine) -> None:
    with practice_systems(plain_library((3,))) as systems:
        assert all_done(await run_migration(database, systems))
        alma, folio = systems.alma, systems.folio
        (first, second, _) = [
            (alma.portfolios(mms_id=alma.mms_id(f"bib:{number}"))[0]["id"], held.id)
            for number in range(3)
            for held in folio.resources()
            if held.title.name == journal(number).title
        ]
        alma.set_coverage(first[0], SeedRange(from_year="1950"))
        folio.edit_resource(first[1], custom_coverages=(Coverage("1970-01-01", ""),))
        folio.edit_resource(second[1], url="https://new.example.org/")
        pair = systems.pair()
        planned = await run_diff(database, systems, wanted=Wanted.both(pair.policy))
        assert planned.plan.summary.conflict == 1
        found = await audited(database, systems)
        assert [(one.field, one.conflict is not None) for one in found.differences] == [
            ("coverage", True), ("url", False),
        ]  # fmt: skip
        assert (await plan_info(database, planned.plan.id)).status == PlanStatus.DRAFT
        ended = await apply_stored(database, PAIR, pair, Quiet(), approve, planned.plan.id)
        assert ended.result is not None
        assert ended.result.verified == 1
        assert [one.field for one in (await audited(database, systems)).differences] == ["coverage"]


async def test_a_fresh_database_can_audit_too(database: AsyncEngine, databases: Databases) -> None:
    with practice_systems(plain_library((2, 2))) as systems:
        assert all_done(await run_migration(database, systems))
        systems.folio.edit_resource(systems.folio.resources()[0].id, url="https://new.example.org/")
        async with databases.fresh() as url, engine_for(url) as empty:
            found = await audited(empty, systems)
        assert [one.field for one in found.differences] == ["url"]
        assert found.report.tally.compared == {Kind.PACKAGE: 2, Kind.TITLE: 4, Kind.HOLDING: 4}


@pytest.mark.parametrize("leave", [False, True], ids=["wanted in Alma", "left by the policy"])
async def test_a_managed_package_is_only_in_folio_unless_the_policy_leaves_it(
    database: AsyncEngine, *, leave: bool
) -> None:
    known = knowledge_base(known_title(journal(10)), selected=True)
    with practice_systems(plain_library((1,)), known) as systems:
        pair = systems.pair(policy={"managed_packages": "leave" if leave else "collection"})
        found = await audited(database, systems, pair)
        there = [] if leave else [(Kind.PACKAGE, "Vendor's Complete"), (Kind.HOLDING, journal(10).title)]
        assert found.only[System.FOLIO] == there
        assert [name for _, name in found.only[System.ALMA]] == ["Collection 1", journal(0).title]
        assert any("managed_packages" in one.reason for one in found.report.tally.explained) == leave


# --- the command


async def test_the_command_ends_with_3_and_tells_it_all(database_url: str, tmp_path: Path) -> None:
    place = Place(folder=tmp_path)
    nasty = replace(journal(0), title="Journal [bold]\x1b[31m of Tides")
    own, other = collection("Own", [portfolio(0), portfolio(1)]), collection("Other", [portfolio(2)])
    with practice_systems(library([nasty, journal(1), journal(2)], own, other)) as systems:
        place.configure(configuration(systems, database_url))
        async with engine_for(database_url) as database:
            assert all_done(await run_migration(database, systems))
        before = writes(systems)
        agreed = await place.run("audit")
        assert (agreed.code, "No difference that no rule explains." in agreed.out) == (0, True)
        for held in systems.folio.resources():
            systems.folio.edit_resource(held.id, url="https://new.example.org/[b]\x1b[0m")
        systems.folio.remove_package(systems.folio.packages()[1].id)
        told = await place.run("audit", "--format", "json")
        assert told.code == 3
        assert list(told.json) == [
            "run_id", "pair", "compared", "explained", "not_compared", "not_judged", "differences", "only_in_alma",
            "only_in_folio", "parked",
        ]  # fmt: skip
        assert told.json["compared"] == {"package": 1, "title": 2, "holding": 2}
        assert told.json["not_compared"]["holding"] == {"access_type": 2, "proxy": 2}
        assert [set(one) for one in told.json["differences"]] == [
            {"kind", "package", "name", "field", "alma", "folio", "alma_id", "folio_id", "conflict"}
        ] * 2
        assert [(one["kind"], one["name"]) for one in told.json["only_in_alma"]] == [
            ("package", "Other"), ("holding", journal(2).title),
        ]  # fmt: skip
        assert "\x1b" not in told.out
        assert writes(systems) == before
        async with engine_for(database_url) as database:
            report = await audit(database, PAIR, systems.pair(), Quiet())
        written = StringIO()
        write_audit_text(Console(file=written, width=140), report)
        report.close()
        for words in ("2 differences", "in FOLIO:  https://new.example.org/[b] [0m", "1 package and 1 title", "[bold]"):
            assert words in written.getvalue()
        assert "\x1b" not in written.getvalue()
