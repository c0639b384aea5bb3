"""FOLIO -> Alma: what is created, and which records are taken for the same."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.model import Kind
from sync.plan.changes import Status
from sync.sandbox.alma import AlmaSwitches
from sync.sandbox.folio.records import Contributor, Coverage, Embargo, Identifier
from sync.settings import Pair
from sync.store.database import engine_for
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
from tests.support.migrating import all_done, changes, parked, run_diff
from tests.support.practice import Systems, practice_systems
from tests.support.to_alma import (
    TO_ALMA,
    bib_of,
    bibs,
    collection_named,
    entry,
    inside,
    know_proxy,
    package,
    pair_of,
    portfolios,
    ranges,
    settled,
    title,
    to_alma,
    value,
)

SRU = "/view/sru/01PRACTICE_INST"
VENDOR = knowledge_base(*(known_title(journal(number)) for number in (10, 11)), selected=True)
VENDORS = "Vendor's Complete"


@pytest.fixture
def systems() -> Iterator[Systems]:
    with practice_systems() as both:
        yield both


# --- creating


@pytest.mark.parametrize(
    "switches",
    [
        {},
        {"put_clears_omitted": True, "put_null_clears": False, "coverage_on_create_ignored": False},
        {
            "month_form": "strings",
            "group_settings_key": "group_setting",
            "list_order": "shuffled",
            "unset_date": "absent",
        },
    ],
    ids=["as documented", "the other readings", "other bodies"],
)
async def test_an_empty_alma_gets_all_from_the_collection_down_to_the_coverage(
    database: AsyncEngine, switches: dict[str, Any]
) -> None:
    with practice_systems(knowledge_base=VENDOR, alma=AlmaSwitches(requests_per_second=0, **switches)) as systems:
        own, hidden = package(systems, "Own"), package(systems, "Hidden", hidden=frozenset({"PF", "FTF", "MARC"}))
        entry(systems, own, 0, custom_coverages=(Coverage("2010-03-05", "2012-02-29"), Coverage("2001-01-01", "")))
        entry(systems, own, 1, custom_embargo=Embargo("Months", 18), coverage_statement="Some years")
        entry(systems, own, 2, is_hidden=True, custom_embargo=Embargo("Years", 2), proxy="EZProxy", url=None)
        entry(systems, hidden, 3)
        package(systems, "Nothing in it")
        know_proxy(systems)

        ended = await to_alma(database, systems)
        assert all_done(ended)
        assert await parked(database, ended) == []

        for name, status in (("Own", "11"), ("Hidden", "10"), (VENDORS, "11"), ("Nothing in it", "11")):
            made = collection_named(systems, name)
            assert (made["is_local"], value(made, "type"), value(made, "access_type")) == (True, "0", "current")
            assert made["library"]["value"] == ""
            (service,) = systems.alma.services(made["id"])
            assert (value(service, "type"), value(service, "activation_status")) == ("getFullTxt", status)
        first, second, third = (portfolios(systems, "Own")[journal(number).title] for number in range(3))
        assert ranges(first) == ["2001-1-1 to", "2010-3-5 to 2012-2-29"]
        assert {value(one["coverage_details"], "coverage_in_use") for one in (first, second, third)} == {"0"}
        walls = [one["coverage_details"]["local_embargo_information"] for one in (first, second, third)]
        shown = [one and (value(one, "embargo_operator"), one["number_of_years"], one["number_of_months"])
                 for one in walls]  # fmt: skip
        assert shown == [None, (">=", "1", "6"), (">=", "2", "")]
        assert (
            first["linking_details"]["static_url"] == "jkey=https://journals.example.org/Journal-0-of-Harbour-Studies"
        )
        assert second["public_note"] == "[FOLIO coverage: Some years]"
        assert third["linking_details"]["static_url"] == ""
        assert [value(one, "availability") for one in (first, second, third)] == ["11", "11", "10"]
        assert [value(one["linking_details"], "proxy_enabled") for one in (first, third)] == ["false", "true"]
        assert third["linking_details"]["proxy"] == "EZPROXY"
        assert {value(one, "material_type") for one in (first, second, third)} == {"JOURNAL"}
        assert set(portfolios(systems, VENDORS)) == {journal(10).title, journal(11).title}
        assert all(one["is_local"] and ranges(one) for one in portfolios(systems, VENDORS).values())
        await settled(database, systems)


def _without_counts(systems: Systems, but: str = "") -> list[dict[str, Any]]:
    return [{**one, "portfolios": {}} for one in systems.alma.collections() if one["public_name"] != but]


@pytest.mark.parametrize("zone", [True, False], ids=["an activated one", "none"])
async def test_managed_packages_that_are_to_be_left_are_listed_and_not_even_read(
    database: AsyncEngine, *, zone: bool
) -> None:
    there = [collection(VENDORS, is_local=False)] if zone else []
    with practice_systems(library([], *there), VENDOR) as systems:
        entry(systems, package(systems, "Own"), 0)
        pair = pair_of(systems, managed_packages="leave")
        before = _without_counts(systems)
        ended = await to_alma(database, systems, pair)
        assert all_done(ended)
        (managed,) = [one for one in systems.folio.packages() if not one.package.is_custom]
        assert _without_counts(systems, but="Own") == before
        assert len(systems.alma.portfolios()) == (3 if zone else 1)
        withheld = await changes(database, ended, status=Status.WITHHELD)
        assert ended.plan.summary.withheld == len(withheld) == (0 if zone else 1)
        if not zone:
            assert (withheld[0].change.kind, withheld[0].change.name) == (Kind.PACKAGE, VENDORS)
            assert "left" in withheld[0].change.reason
            assert f"/eholdings/packages/{managed.id}/resources" not in systems.folio_paths("GET")
        await settled(database, systems, pair)


async def test_a_diff_says_what_a_migration_does_and_writes_nothing(database: AsyncEngine) -> None:
    with practice_systems(knowledge_base=VENDOR) as systems:
        entry(systems, package(systems, "Own"), 0)
        before = inside(systems)
        looked = await run_diff(database, systems, pair_of(systems), wanted=TO_ALMA)
        assert inside(systems) == before
        assert systems.alma.controls.writes == systems.folio.controls.writes == 0
        async with database.connect() as connection:
            assert (await connection.execute(text("select count(*) from intent"))).scalar_one() == 0
        kinds = Counter(one.change.kind for one in await changes(database, looked))
        assert kinds == {Kind.PACKAGE: 2, Kind.SERVICE: 2, Kind.TITLE: 3, Kind.HOLDING: 3}
        ended = await to_alma(database, systems)
        assert ended.plan.summary == looked.plan.summary
        assert all_done(ended)


# --- which collection


@pytest.mark.parametrize("zone", [True, False], ids=["Community Zone", "local"])
async def test_a_collection_of_the_same_name_is_taken_as_it_is(database: AsyncEngine, *, zone: bool) -> None:
    here = collection(VENDORS, [portfolio(10)], is_local=not zone, library="MAIN", description="In Alma only")
    with practice_systems(library([journal(10)], here), VENDOR) as systems:
        before, (service,) = _without_counts(systems), systems.alma.services()
        ended = await to_alma(database, systems)
        assert all_done(ended)
        assert not await changes(database, ended, kind=Kind.SERVICE)
        assert _without_counts(systems) == before
        found = portfolios(systems, VENDORS)
        assert set(found) == {journal(10).title, journal(11).title}
        assert {one["electronic_collection"]["service"]["value"] for one in found.values()} == {service["id"]}
        assert found[journal(11).title]["is_local"] is True
        await settled(database, systems)


@pytest.mark.parametrize("doubled", ["in Alma", "in FOLIO"])
async def test_a_name_that_several_bear_is_left_to_people(database: AsyncEngine, doubled: str) -> None:
    names = ("Coastal Complete", "COASTAL  complete") if doubled == "in Alma" else ("Coastal Complete",)
    with practice_systems(library([], *(collection(name) for name in names))) as systems:
        twins = [package(systems, "Coastal Complete") for _ in range(3 - len(names))]
        for number, twin in enumerate(twins):
            entry(systems, twin, number)
        entry(systems, package(systems, "Own"), 9)
        ended = await to_alma(database, systems)
        assert all_done(ended)
        assert ended.plan.summary.ambiguous == len(twins)
        withheld = await changes(database, ended, status=Status.WITHHELD)
        assert Counter(one.change.kind for one in withheld) == {Kind.PACKAGE: len(twins), Kind.HOLDING: len(twins)}
        assert all("names of their own" in one.change.reason for one in withheld)
        assert {one["public_name"] for one in systems.alma.collections()} == {*names, "Own"}
        assert len(systems.alma.portfolios()) == len(bibs(systems)) == 1


# --- which bib


async def _created(database: AsyncEngine, systems: Systems, pair: Pair | None = None) -> set[str]:
    """Migrate and return the bibs that came into being."""
    before = bibs(systems)
    assert all_done(await to_alma(database, systems, pair))
    assert before <= bibs(systems)
    return bibs(systems) - before


async def test_a_bib_is_found_by_its_link(database: AsyncEngine, systems: Systems) -> None:
    own = package(systems, "Own")
    entry(systems, own, 0)
    (bib,) = await _created(database, systems)
    systems.alma.remove_portfolio(systems.alma.portfolios()[0]["id"])
    systems.alma.edit_bib(bib, journal(50))  # nothing of it would match any longer, its 035 included
    resource = systems.folio.resources()[0].resource
    entry_in = package(systems, "Second")
    systems.folio.state.put_resource(replace(resource, package_id=entry_in.id))
    assert await _created(database, systems) == set()
    assert {bib_of(systems, name) for name in ("Own", "Second")} == {bib}


@pytest.mark.parametrize(
    ("about", "same"),
    [
        (title(0), True),
        (title(0, name="THE journal 0 of Harbour-Studies"), True),
        (title(0, identifiers=(Identifier(issn(0), "ISSN", "Online"),)), True),
        (title(0, identifiers=()), True),
        (title(0, name="Another publication"), False),
        (title(0, publication_type="Book", name="Handbook"), False),
        (title(0, identifiers=(Identifier(issn(40), "ISSN", "Online"),)), False),
    ],
    ids=["all", "words", "print as online", "name alone", "other name", "other type", "other number"],
)
async def test_a_bib_is_found_by_the_portfolios_of_this_library(
    database: AsyncEngine, about: dict[str, Any], *, same: bool
) -> None:
    with practice_systems(plain_library([2])) as systems:
        entry(systems, package(systems, "Own"), about)
        created = await _created(database, systems)
        assert len(created) == (0 if same else 1)
        assert (bib_of(systems, "Own") == systems.alma.mms_id("bib:0")) is same
        assert {bib_of(systems, "Own")} >= created


@pytest.mark.parametrize("miss", ["empty", "error"])
async def test_a_bib_that_was_made_from_the_title_before_is_found_by_its_own_number(
    database: AsyncEngine, databases: Databases, miss: Any
) -> None:
    with practice_systems(alma=AlmaSwitches(requests_per_second=0, bib_lookup_miss=miss)) as systems:
        resource = entry(systems, package(systems, "Own"), 0)
        (bib,) = await _created(database, systems)
        assert systems.alma.state.bibs[bib].other_ids == [f"(FOLIO-EH){resource.rsplit('-', 1)[1]}"]
        systems.alma.remove_collection(collection_named(systems, "Own")["id"])
        async with databases.fresh() as url, engine_for(url) as nothing_known:
            assert await _created(nothing_known, systems) == set()
            assert bib_of(systems, "Own") == bib
            await settled(nothing_known, systems)


@pytest.mark.parametrize(
    ("found_by", "hidden", "same"),
    [(SRU, False, True), (SRU, True, False), (None, False, False)],
    ids=["search", "suppressed", "no search"],
)
async def test_a_bib_without_portfolios_is_found_by_the_search(
    database: AsyncEngine, found_by: str | None, *, hidden: bool, same: bool
) -> None:
    with practice_systems(library([journal(0), journal(1)])) as systems:
        known = systems.alma.mms_id("bib:0")
        systems.alma.state.bibs[known].suppressed = hidden
        entry(systems, package(systems, "Own"), 0)
        pair = pair_of(systems, {"sru_url": systems.alma_url + found_by} if found_by else {})
        assert len(await _created(database, systems, pair)) == (0 if same else 1)
        assert (bib_of(systems, "Own") == known) is same
        await settled(database, systems, pair)


@pytest.mark.parametrize("same", [True, False], ids=["alike", "each with its own"])
async def test_two_portfolios_of_one_bib_are_one_resource(database: AsyncEngine, *, same: bool) -> None:
    url = "https://journals.example.org/Journal-0-of-Harbour-Studies"
    two = [portfolio(0, url=url), portfolio(0, url=url if same else "https://second.example.org/")]
    with practice_systems(library([journal(0)], collection("Own", two))) as systems:
        own = package(systems, "Own")
        resource = entry(systems, own, 0)
        entry(systems, own, 1)
        before = systems.alma.portfolios()
        ended = await to_alma(database, systems)
        assert all_done(ended)
        assert systems.alma.portfolios()[:2] == before
        assert [one.key for one in await parked(database, ended)] == ([] if same else [resource])
        assert len(systems.alma.portfolios()) == 3
        assert len(bibs(systems)) == 2
        assert (await to_alma(database, systems)).plan.summary.writes == 0


BOOK_NUMBERS = (Identifier("978-0-306-40615-7", "ISBN", "Print"), Identifier("9783161484100", "ISBN", "Online"))
PEOPLE = (Contributor("editor", "Tarn, D."), Contributor("author", "Quayle, B."))


@pytest.mark.parametrize(
    ("kind", "leader", "form", "numbers"),
    [
        ("Journal", "as", 23, {"022a": issn(1), "776x": issn(0)}),
        ("Book", "am", 23, {"020a": "9783161484100", "776z": "9780306406157"}),
        ("Streaming Audio", "jm", 23, {"020a": "9783161484100", "776z": "9780306406157"}),
        ("Streaming Video", "gm", 29, {"020a": "9783161484100", "776z": "9780306406157"}),
    ],
)
async def test_a_bib_tells_all_that_folio_knows_of_its_title(
    database: AsyncEngine, systems: Systems, kind: str, leader: str, form: int, numbers: dict[str, str]
) -> None:
    known = {} if kind == "Journal" else {"identifiers": BOOK_NUMBERS}
    about = title(
        0, publication_type=kind, edition="2nd ed.", description="Tides & <moons>", contributors=PEOPLE, **known
    )
    resource = entry(systems, package(systems, "Own"), about)
    (mms_id,) = await _created(database, systems)
    bib = systems.alma.state.bibs[mms_id]
    record = bib.record
    fixed = dict(record.control)
    assert (record.leader[6:8], len(record.leader), bib.suppressed) == (leader, 24, False)
    assert (len(fixed["008"]), fixed["008"][form], fixed["007"][:2]) == (40, "o", "cr")
    assert {tag: record.texts(tag[:3], tag[3]) for tag in numbers} == {tag: [one] for tag, one in numbers.items()}
    assert {tag: record.texts(tag, "ab") for tag in ("035", "100", "245", "250", "264", "520", "700")} == {
        "035": [f"(FOLIO-EH){resource.rsplit('-', 1)[1]}"],
        "100": ["Quayle, B."],
        "245": [about["name"]],
        "250": ["2nd ed."],
        "264": ["Press 0"],
        "520": ["Tides & <moons>"],
        "700": ["Tarn, D."],
    }
    assert [one.texts("e") for one in record.fields if one.tag in ("100", "700")] == [["author"], ["editor"]]
    await settled(database, systems)
