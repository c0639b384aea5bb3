"""Reading a whole system: everything once whatever the pages do, no call too many, and honest about what is missing."""

import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import pytest
import pytest_asyncio

from sync.model import Holding, Kind
from sync.sandbox.alma import AlmaSwitches
from sync.sandbox.controls import Faults
from sync.sandbox.folio import FolioSwitches
from sync.sandbox.library import practice_library
from sync.sandbox.seed import (
    SeedKnowledgeBase,
    SeedKnowledgeBasePackage,
    SeedKnowledgeBaseTitle,
    SeedLibrary,
    SeedService,
)
from sync.transport.paging import ROUNDS
from tests.support.gathering import Gathered, gather_alma, gather_folio
from tests.support.libraries import (
    collection,
    journal,
    knowledge_base,
    known_title,
    library,
    plain_library,
    portfolio,
)
from tests.support.practice import Exchange, Meddler, Systems, practice_systems

CODE_TABLES = 2
LOGINS = 1


def alma_switches(**changes: Any) -> AlmaSwitches:
    return AlmaSwitches(**{"requests_per_second": 0, **changes})


def _pages(records: int) -> int:
    return max(1, -(-records // 100))


def _is_list(exchange: Exchange) -> bool:
    return exchange.method == "GET" and exchange.path.endswith("/portfolios")


def _changing(wanted: Callable[[Exchange], bool], change: Callable[[dict[str, Any]], None]) -> Meddler:
    """Return a meddler that changes the JSON of the answers wanted."""

    def meddle(exchange: Exchange) -> None:
        if wanted(exchange) and exchange.status == 200:
            body = json.loads(exchange.body)
            change(body)
            exchange.body = json.dumps(body).encode()

    return meddle


def _all_portfolios(systems: Systems) -> set[str]:
    return {one["id"] for one in systems.alma.portfolios()}


# --- Alma: what is called


async def test_alma_is_read_with_exactly_the_calls_it_takes() -> None:
    shared = [journal(number) for number in range(130)]
    seed = library(
        shared,
        collection("Large", [portfolio(bib) for bib in shared]),
        collection("Overlapping", [portfolio(bib) for bib in shared[100:]]),
        collection("Two services", services=(SeedService(portfolios=(portfolio(0),)), SeedService())),
        collection("Database", services=(), type="6"),
    )
    with practice_systems(seed) as systems:
        gathered = await gather_alma(systems.pair())
        assert gathered.complete
        collections, services, portfolios, bibs = 4, 4, 130 + 30 + 1, 130
        lists = _pages(collections) + collections + _pages(130) + _pages(30) + 1 + 1
        singles = collections + services + portfolios
        assert systems.alma.controls.counts["calls"] == CODE_TABLES + lists + singles + _pages(bibs)
        assert {kind: len(gathered.records(kind)) for kind in Kind} == {
            Kind.PACKAGE: collections, Kind.SERVICE: services, Kind.TITLE: bibs, Kind.HOLDING: portfolios,
        }  # fmt: skip
        assert max(Counter(systems.alma_calls()).values()) <= _pages(130)  # a page of the same list has the same path


async def test_bibs_are_read_a_hundred_at_a_time_and_each_once() -> None:
    bibs = [journal(number) for number in range(250)]
    halves = [collection(name, [portfolio(bib) for bib in bibs[at:]]) for at, name in ((0, "All"), (125, "Half"))]
    with practice_systems(library(bibs, *halves)) as systems:
        gathered = await gather_alma(systems.pair())
        calls = [call for call in systems.alma.controls.calls if call.path.endswith("/bibs")]
        asked = [parse_qs(call.query)["mms_id"][0].split(",") for call in calls]
        assert sorted(map(len, asked)) == [50, 100, 100]
        assert len({mms_id for ids in asked for mms_id in ids}) == len(gathered.records(Kind.TITLE)) == 250


async def test_more_collections_than_fit_on_a_page_are_all_read() -> None:
    seed = library([], *(collection(f"Collection {number}", services=(), type="6") for number in range(205)))
    with practice_systems(seed) as systems:
        gathered = await gather_alma(systems.pair())
        assert gathered.complete
        assert len(gathered.records(Kind.PACKAGE)) == 205
        assert len(systems.alma_calls("/e-collections")) == 3


# --- Alma: whatever its answers look like


FORMS: dict[str, dict[str, Any]] = {
    "months as strings": {"month_form": "strings"},
    "codes without descriptions": {"unset_form": "value_only"},
    "unset dates empty": {"unset_date": "empty"},
    "unset dates absent": {"unset_date": "absent"},
    "group_setting": {"group_settings_key": "group_setting"},
    "service list without total": {"service_list_total_null": True},
    "service list with whole records": {"service_list_brief": False},
    "bib list with total": {"bibs_total_null": False},
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def usual_form() -> tuple[SeedLibrary, Any]:
    """Give a library of awkward records and what comes out when the answers have their usual form."""
    seed = practice_library(seed=7, collections=12, portfolios=90)
    return seed, await _outcome(seed)


async def _outcome(seed: SeedLibrary, **changes: Any) -> Any:
    with practice_systems(seed, alma=alma_switches(**changes)) as systems:
        gathered = await gather_alma(systems.pair())
        assert gathered.complete
        return gathered.everything, sorted(one.key for one in gathered.parked)


@pytest.mark.parametrize("form", FORMS)
async def test_the_same_records_come_out_whatever_form_the_answers_have(form: str, usual_form: Any) -> None:
    seed, expected = usual_form
    assert await _outcome(seed, **FORMS[form]) == expected


async def test_answers_with_only_the_older_fields_are_read_too(usual_form: Any) -> None:
    seed, (expected, parked) = usual_form
    everything, parked_too = await _outcome(seed, later_fields=False)
    assert (set(everything), parked_too) == (set(expected), parked)


# --- Alma: whatever its pages do


async def test_records_in_another_order_on_every_page_are_all_read() -> None:
    with practice_systems(plain_library([230, 40])) as systems:
        systems.alma.controls.set_faults(Faults(shuffle_pages=True))
        gathered = await gather_alma(systems.pair())
        assert gathered.complete
        assert set(gathered.records(Kind.HOLDING)) == _all_portfolios(systems)


def _said_missing(gathered: Gathered) -> int:
    return sum(int(re.search(r"(\d+) of", one)[1]) for one in gathered.extraction.shortfalls)  # type: ignore[index]


async def test_a_list_in_a_new_order_at_every_call_is_never_taken_for_complete_when_it_is_not() -> None:
    with practice_systems(plain_library([450]), alma=alma_switches(list_order="shuffled")) as systems:
        gathered = await gather_alma(systems.pair())
        read = set(gathered.records(Kind.HOLDING))
        assert read <= _all_portfolios(systems)
        assert _said_missing(gathered) == 450 - len(read)
        assert len(systems.alma_calls("/portfolios")) <= ROUNDS * _pages(450)


@pytest.mark.parametrize("seed", range(4))
async def test_pages_cut_short_are_read_again_and_what_stays_missing_is_said(seed: int) -> None:
    with practice_systems(plain_library([230, 20, 20, 20, 20])) as systems:
        systems.alma.controls.set_faults(Faults(truncate_pages=0.2, seed=seed))
        gathered = await gather_alma(systems.pair())
        read = set(gathered.records(Kind.HOLDING))
        assert gathered.complete == (read == _all_portfolios(systems) and len(gathered.records(Kind.PACKAGE)) == 5)
        bibs = {one.title_key for one in gathered.records(Kind.HOLDING).values() if isinstance(one, Holding)}
        parked = {one.key for one in gathered.parked if one.kind is Kind.TITLE}
        assert set(gathered.records(Kind.TITLE)) | parked == bibs


async def test_bibs_left_out_of_an_answer_are_asked_for_again() -> None:
    left_out: list[str] = []

    def leave_out(body: dict[str, Any]) -> None:
        if not left_out:
            left_out.extend(one["mms_id"] for one in body["bib"][::3])
            del body["bib"][::3]

    with practice_systems(plain_library([30])) as systems:
        systems.alma_front.meddler = _changing(lambda one: one.path.endswith("/bibs"), leave_out)
        gathered = await gather_alma(systems.pair())
        assert left_out
        assert len(gathered.records(Kind.TITLE)) == 30
        assert gathered.parked == []
        assert len(systems.alma_calls("/bibs")) == 2


async def test_a_service_left_out_of_an_answer_is_asked_for_again() -> None:
    answered = 0

    def leave_out(body: dict[str, Any]) -> None:
        nonlocal answered
        answered += 1
        if answered == 1:
            body["electronic_service"] = []

    with practice_systems(plain_library([30]), alma=alma_switches(service_list_total_null=True)) as systems:
        systems.alma_front.meddler = _changing(lambda one: one.path.endswith("/e-services"), leave_out)
        gathered = await gather_alma(systems.pair())
        assert gathered.complete
        assert len(gathered.records(Kind.HOLDING)) == 30


async def test_a_service_that_is_never_listed_is_missed_by_its_portfolios() -> None:
    seed = library(
        [journal(number) for number in range(8)],
        collection(
            "Two services",
            services=(
                SeedService(portfolios=tuple(portfolio(number) for number in range(5))),
                SeedService(portfolios=tuple(portfolio(number) for number in range(5, 8))),
            ),
        ),
    )
    with practice_systems(seed, alma=alma_switches(service_list_total_null=True)) as systems:
        systems.alma_front.meddler = _changing(
            lambda one: one.path.endswith("/e-services"), lambda body: body["electronic_service"].pop()
        )
        gathered = await gather_alma(systems.pair())
        assert len(gathered.records(Kind.HOLDING)) == 5
        (collection_id,) = systems.alma.state.collections
        assert [one for one in gathered.extraction.shortfalls if "3 of" in one and collection_id in one]


async def test_a_record_that_is_always_withheld_makes_the_reading_incomplete_and_is_told_where() -> None:
    with practice_systems(plain_library([120])) as systems:
        (collection_id,) = systems.alma.state.collections
        (service_id,) = systems.alma.state.services
        hidden = sorted(_all_portfolios(systems))[50]

        def withhold(body: dict[str, Any]) -> None:
            body["portfolio"] = [one for one in body["portfolio"] if one["id"] != hidden]

        systems.alma_front.meddler = _changing(_is_list, withhold)
        gathered = await gather_alma(systems.pair())
        assert set(gathered.records(Kind.HOLDING)) == _all_portfolios(systems) - {hidden}
        (said,) = gathered.extraction.shortfalls
        assert "1 of" in said
        assert collection_id in said
        assert service_id in said
        assert len(systems.alma_calls("/portfolios")) == ROUNDS * 2


async def test_a_collection_that_is_always_withheld_makes_the_reading_incomplete() -> None:
    with practice_systems(plain_library([2, 2, 2])) as systems:
        systems.alma_front.meddler = _changing(
            lambda one: one.path.endswith("/e-collections"), lambda body: body["electronic_collection"].pop()
        )
        gathered = await gather_alma(systems.pair())
        assert len(gathered.records(Kind.PACKAGE)) == 2
        assert any("collections" in one for one in gathered.extraction.shortfalls)


async def test_portfolios_added_while_the_list_is_read_do_not_hide_others() -> None:
    with practice_systems(plain_library([205])) as systems:
        before = _all_portfolios(systems)
        (service_id,) = systems.alma.state.services

        def add(exchange: Exchange) -> None:
            if _is_list(exchange) and len(systems.alma.state.portfolios) < 215:
                systems.alma.add_portfolio(service_id, portfolio(0))

        systems.alma_front.meddler = add
        gathered = await gather_alma(systems.pair())
        assert before <= set(gathered.records(Kind.HOLDING)) <= _all_portfolios(systems)


async def test_a_portfolio_that_slips_a_page_forward_as_another_is_removed_is_still_read() -> None:
    with practice_systems(plain_library([205])) as systems:
        first = next(iter(systems.alma.state.portfolios))

        def remove(exchange: Exchange) -> None:
            if _is_list(exchange) and first in systems.alma.state.portfolios:
                systems.alma.remove_portfolio(first)

        systems.alma_front.meddler = remove
        gathered = await gather_alma(systems.pair())
        assert set(gathered.records(Kind.HOLDING)) == _all_portfolios(systems)
        assert gathered.complete


async def test_a_portfolio_that_slips_while_one_is_removed_and_one_added_is_still_read() -> None:
    with practice_systems(plain_library([205])) as systems:
        first = next(iter(systems.alma.state.portfolios))
        (service_id,) = systems.alma.state.services

        def exchange_one(exchange: Exchange) -> None:
            if _is_list(exchange) and first in systems.alma.state.portfolios:
                systems.alma.remove_portfolio(first)
                systems.alma.add_portfolio(service_id, portfolio(0))

        systems.alma_front.meddler = exchange_one
        gathered = await gather_alma(systems.pair())
        assert set(gathered.records(Kind.HOLDING)) == _all_portfolios(systems)


@pytest.mark.parametrize("moment", ["/e-collections", "/e-services", "/portfolios"])
async def test_a_collection_removed_while_it_is_read_stops_nobody(moment: str) -> None:
    with practice_systems(plain_library([3, 3, 3])) as systems:
        doomed = list(systems.alma.state.collections)[1]

        def remove(exchange: Exchange) -> None:
            at_it = moment == "/e-collections" or doomed in exchange.path
            if exchange.path.endswith(moment) and at_it and doomed in systems.alma.state.collections:
                systems.alma.remove_collection(doomed)

        systems.alma_front.meddler = remove
        gathered = await gather_alma(systems.pair())
        assert set(gathered.records(Kind.PACKAGE)) - {doomed} == set(systems.alma.state.collections)
        assert set(gathered.records(Kind.HOLDING)) >= _all_portfolios(systems)


# --- Alma: records that are not as they should be


async def test_a_record_of_a_list_that_cannot_be_read_is_parked_and_loses_no_other() -> None:
    with practice_systems(plain_library([25])) as systems:
        broken = sorted(_all_portfolios(systems))[7]

        def spoil(body: dict[str, Any]) -> None:
            for one in body["portfolio"]:
                if one["id"] == broken:
                    one["is_local"] = {"value": ["neither", "nor"]}

        systems.alma_front.meddler = _changing(_is_list, spoil)
        gathered = await gather_alma(systems.pair())
        assert set(gathered.records(Kind.HOLDING)) == _all_portfolios(systems) - {broken}
        (parked,) = gathered.parked
        assert (parked.kind, parked.key) == (Kind.HOLDING, broken)
        assert "is_local" in parked.reason
        assert parked.advice


@pytest.mark.parametrize("kind", [Kind.PACKAGE, Kind.SERVICE, Kind.HOLDING])
async def test_a_whole_record_that_cannot_be_read_is_parked_and_loses_no_other(kind: Kind) -> None:
    with practice_systems(plain_library([3, 3])) as systems:
        state = systems.alma.state
        records = {Kind.PACKAGE: state.collections, Kind.SERVICE: state.services, Kind.HOLDING: state.portfolios}
        first = next(iter(records[kind]))

        def spoil(body: dict[str, Any]) -> None:
            body["is_local"] = {"value": ["neither", "nor"]}

        systems.alma_front.meddler = _changing(lambda one: one.path.endswith(f"/{first}"), spoil)
        gathered = await gather_alma(systems.pair())
        # of a collection without one of its services nobody knows what it holds, and whether it is hidden
        half_read = [(Kind.PACKAGE, state.services[first].collection.id)] if kind is Kind.SERVICE else []
        assert [(one.kind, one.key) for one in gathered.parked] == [(kind, first), *half_read]
        assert "is_local" in gathered.parked[0].reason
        assert gathered.complete == (kind is Kind.HOLDING)
        spared = {one["id"] for one in systems.alma.portfolios(collection_id=list(state.collections)[1])}
        assert spared <= set(gathered.records(Kind.HOLDING))


@pytest.mark.parametrize("answer", ["omit", "error"])
async def test_a_bib_that_alma_does_not_give_is_parked_and_takes_no_other_with_it(answer: Any) -> None:
    with practice_systems(plain_library([130]), alma=alma_switches(unknown_mms_in_list=answer)) as systems:
        gone = systems.alma.mms_id("bib:40")

        def remove(exchange: Exchange) -> None:
            if _is_list(exchange):
                systems.alma.state.bibs.pop(gone, None)

        systems.alma_front.meddler = remove
        gathered = await gather_alma(systems.pair())
        assert len(gathered.records(Kind.TITLE)) == 129
        assert [(one.kind, one.key) for one in gathered.parked] == [(Kind.TITLE, gone)]
        assert len(gathered.records(Kind.HOLDING)) == 130
        assert len(systems.alma_calls("/bibs")) <= 2 + (2 if answer == "omit" else 16)


async def test_a_key_that_may_not_read_the_code_tables_reads_everything_else() -> None:
    areas = {"practice-alma-key": frozenset({"electronic", "bibs"})}
    with practice_systems(plain_library([3]), alma=alma_switches(key_areas=areas)) as systems:
        gathered = await gather_alma(systems.pair())
        assert gathered.complete
        assert len(gathered.records(Kind.HOLDING)) == 3


# --- FOLIO


def _vendor(size: int, *, selected: bool = True, other: int = 0) -> SeedKnowledgeBase:
    titles = tuple(SeedKnowledgeBaseTitle(name=f"Vendor title {number:05}") for number in range(size + other))
    packages = [SeedKnowledgeBasePackage(name="Chosen", provider="V", titles=tuple(range(size)), selected=selected)]
    if other:
        rest = tuple(range(size, size + other))
        packages.append(SeedKnowledgeBasePackage(name="Not chosen", provider="V", titles=rest))
    return SeedKnowledgeBase(titles=titles, packages=tuple(packages))


async def test_folio_is_read_with_exactly_the_calls_it_takes_and_only_what_is_selected() -> None:
    with practice_systems(knowledge_base=_vendor(250, other=30)) as systems:
        gathered = await gather_folio(systems.pair())
        assert gathered.complete
        assert [one.name for one in gathered.records(Kind.PACKAGE).values()] == ["Chosen"]  # type: ignore[union-attr]
        assert len(gathered.records(Kind.HOLDING)) == len(gathered.records(Kind.TITLE)) == 250
        assert systems.folio.controls.counts["calls"] == LOGINS + _pages(1) + _pages(250)


async def test_titles_of_managed_packages_are_read_only_when_they_are_wanted() -> None:
    bib = journal(1)
    with practice_systems(knowledge_base=knowledge_base(known_title(bib), selected=True)) as systems:
        chosen = next(one.id for one in systems.folio.packages())
        gathered = await gather_folio(systems.pair(), custom_only=True)
        assert set(gathered.records(Kind.PACKAGE)) == {chosen}
        assert gathered.records(Kind.HOLDING) == {}
        assert systems.folio.controls.counts["calls"] == LOGINS + 1


@pytest.mark.parametrize("seed", range(3))
async def test_titles_dropped_from_folios_pages_are_read_again_and_what_stays_missing_is_said(seed: int) -> None:
    switches = FolioSwitches(daily_calls=0, drop_random_items=0.15)
    with practice_systems(knowledge_base=_vendor(230), folio=switches) as systems:
        systems.folio.controls.set_faults(Faults(seed=seed, shuffle_pages=True))
        gathered = await gather_folio(systems.pair())
        read = set(gathered.records(Kind.HOLDING))
        assert _said_missing(gathered) == 230 - len(read)
        assert len(read) > 220
        assert bool(gathered.extraction.incomplete_packages) != gathered.complete


async def test_a_title_folio_always_withholds_makes_its_package_incomplete_unless_its_id_is_known() -> None:
    with practice_systems(knowledge_base=_vendor(120)) as systems:
        (package,) = systems.folio.packages()
        hidden = systems.folio.resources(package.id)[60].id

        def withhold(body: dict[str, Any]) -> None:
            body["data"] = [one for one in body["data"] if one["id"] != hidden]

        systems.folio_front.meddler = _changing(lambda one: one.path.endswith("/resources"), withhold)
        gathered = await gather_folio(systems.pair())
        assert gathered.extraction.incomplete_packages == {package.id}
        assert "1 of 120 titles of 'Chosen'" in gathered.extraction.shortfalls[0]

        known = [one.id for one in systems.folio.resources(package.id)]
        gathered = await gather_folio(systems.pair(), known_ids=known)
        assert gathered.complete
        assert set(gathered.records(Kind.HOLDING)) == set(known)


async def test_a_package_folio_always_withholds_makes_the_reading_incomplete() -> None:
    seed = SeedKnowledgeBase(
        packages=tuple(SeedKnowledgeBasePackage(name=f"P{n}", provider="V", selected=True) for n in range(3))
    )
    with practice_systems(knowledge_base=seed) as systems:
        systems.folio_front.meddler = _changing(
            lambda one: one.path == "/eholdings/packages", lambda body: body["data"].pop()
        )
        gathered = await gather_folio(systems.pair())
        assert "1 of the declared packages" in gathered.extraction.shortfalls[0]
        assert gathered.extraction.incomplete_packages == set()


async def test_a_resource_that_cannot_be_read_is_parked_and_loses_no_other() -> None:
    with practice_systems(knowledge_base=_vendor(20)) as systems:
        broken, impossible = (systems.folio.resources()[at].id for at in (3, 5))

        def spoil(body: dict[str, Any]) -> None:
            for one in body["data"]:
                if one["id"] == broken:
                    one["attributes"]["titleId"] = "not a number"
                if one["id"] == impossible:
                    one["attributes"]["managedCoverages"] = [{"beginCoverage": "2003-02-30", "endCoverage": ""}]

        systems.folio_front.meddler = _changing(lambda one: one.path.endswith("/resources"), spoil)
        gathered = await gather_folio(systems.pair())
        assert {one.key for one in gathered.parked} == {broken, impossible}
        assert all(one.reason and one.advice for one in gathered.parked)
        assert len(gathered.records(Kind.HOLDING)) == 18


async def test_a_package_removed_while_folio_is_read_stops_nobody() -> None:
    with practice_systems(knowledge_base=_vendor(5)) as systems:
        doomed = systems.folio.add_managed_package(
            SeedKnowledgeBasePackage(name="Doomed", provider="V", titles=(0,), selected=True),
            (SeedKnowledgeBaseTitle(name="In the doomed one"),),
        )

        def remove(exchange: Exchange) -> None:
            if exchange.path == "/eholdings/packages":
                systems.folio.remove_package(doomed)

        systems.folio_front.meddler = remove
        gathered = await gather_folio(systems.pair())
        assert len(gathered.records(Kind.HOLDING)) == 5
        assert gathered.extraction.incomplete_packages <= {doomed}


@pytest.mark.timeout(120)
async def test_titles_beyond_the_first_9999_are_read_singly_where_they_are_known() -> None:
    size, reachable = 10_030, 9_999
    with practice_systems(knowledge_base=_vendor(size)) as systems:
        (package,) = systems.folio.packages()
        known = [one.id for one in systems.folio.resources(package.id)]
        pair, counts = systems.pair(), systems.folio.controls.counts
        gathered = await gather_folio(pair)
        assert gathered.extraction.incomplete_packages == {package.id}
        assert _said_missing(gathered) == size - reachable
        assert len(gathered.records(Kind.HOLDING)) == reachable

        before = counts["calls"]
        systems.folio.switches.beyond_10000 = "400"
        gathered = await gather_folio(pair, known_ids=known)
        assert gathered.complete
        assert set(gathered.records(Kind.HOLDING)) == set(known)
        assert counts["calls"] - before == LOGINS + 1 + 100 + (size - reachable)
        assert counts["GET 400"] == 0
