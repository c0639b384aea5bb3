"""Migrations of small libraries: what librarians change meanwhile, what FOLIO refuses, and what is never written."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.engine.running import Ended
from sync.errors import GuardError, LockedError, QuotaError
from sync.folio.client import open_folio
from sync.folio.requests import TagsPut
from sync.model import Kind
from sync.plan.changes import Action, Status
from sync.sandbox.folio import FolioSwitches, ProxyKind, StoredResource
from sync.sandbox.folio.records import Coverage, Embargo
from sync.sandbox.seed import SeedEmbargo, SeedLibrary, SeedRange, SeedService
from sync.settings import Pair
from sync.store.runs import RunState, pair_lock, recent_runs
from tests.support.databases import psycopg_address
from tests.support.expectation import complaints, expect
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
from tests.support.migrating import (
    PAIR,
    IntentWatch,
    after_looking,
    all_done,
    changes,
    is_resource,
    parked,
    run_diff,
    run_migration,
)
from tests.support.practice import PROXIES, Exchange, Systems, custom_title, practice_systems

NO_PROXIES = (ProxyKind(id="<n>", name="None"),)


def resource_of(systems: Systems, number: int, package: str = "") -> StoredResource:
    """Return the one resource of the journal of this number, in the package named if there are several."""
    name = journal(number).title
    ids = {one.id for one in systems.folio.packages() if package in ("", one.package.name)}
    (found,) = [one for one in systems.folio.resources() if one.title.name == name and one.package_id in ids]
    return found


def portfolio_id(systems: Systems, number: int) -> str:
    """Return the id of the one portfolio of the journal of this number."""
    (found,) = systems.alma.portfolios(mms_id=systems.alma.mms_id(f"bib:{number}"))
    return str(found["id"])


def collection_id(systems: Systems, name: str) -> str:
    """Return the id of the collection of this name."""
    return next(str(one["id"]) for one in systems.alma.collections() if one["public_name"] == name)


async def outcomes(database: AsyncEngine, ended: Ended) -> set[tuple[str, str, str, frozenset[str]]]:
    """Return what a run's plan held: kind, action, name, and the fields of an update."""
    return {
        (one.change.kind.value, one.change.action.value, one.change.name, frozenset(_fields(one.change)))
        for one in await changes(database, ended)
    }


def _fields(change: Any) -> set[str]:
    return {one.field for one in change.fields} if change.action is Action.UPDATE else set()


async def nothing_more(database: AsyncEngine, systems: Systems, pair: Pair | None = None) -> None:
    """Assert that one more migration has nothing to write."""
    systems.folio_writes()
    again = await run_migration(database, systems, pair)
    assert again.plan.summary.writes == 0
    assert systems.folio_writes() == 0


async def count(database: AsyncEngine, query: str) -> int:
    async with database.connect() as connection:
        return int((await connection.execute(text(query))).scalar_one())


async def open_intents(database: AsyncEngine) -> int:
    return await count(database, "select count(*) from intent where state in ('open', 'unknown')")


# --- librarians at work in Alma


async def test_exactly_what_a_librarian_changed_in_alma_is_updated(database: AsyncEngine) -> None:
    with practice_systems(plain_library([9, 1, 1])) as systems:
        assert all_done(await run_migration(database, systems))
        alma, ids = systems.alma, [portfolio_id(systems, number) for number in range(9)]
        (service,) = alma.services(collection_id(systems, "Collection 1"))
        (second,) = alma.services(collection_id(systems, "Collection 2"))
        alma.rename_collection(collection_id(systems, "Collection 3"), "Collection 3, renamed")
        alma.edit_service(second["id"], activation_status="10")
        alma.set_coverage(ids[0], SeedRange(from_year="2001", until_year="2003"))
        alma.set_coverage(ids[1], SeedRange(from_year="1998"), embargo=SeedEmbargo(operator=">=", months="6"))
        alma.edit_portfolio(ids[2], linking_details={"static_url": "jkey=https://moved.example.org/2"})
        alma.edit_portfolio(ids[3], availability="10")
        alma.edit_portfolio(ids[4], linking_details={"proxy_enabled": "true", "proxy": "EZPROXY"})
        alma.edit_bib(alma.mms_id("bib:5"), journal(5, title="Journal 5, renamed", publisher="New Press"))
        alma.edit_portfolio(ids[6], internal_description="Nothing that FOLIO could hold")
        alma.add_bib(journal(20))
        alma.add_portfolio(service["id"], portfolio(20))
        alma.add_portfolio(
            service["id"],
            portfolio(
                7,
                url="https://journals.example.org/again",
                local_coverage=(SeedRange(from_year="1990", until_year="1993"),),
            ),
        )

        ended = await run_migration(database, systems)

        def update(kind: str, name: str, *fields: str) -> tuple[str, str, str, frozenset[str]]:
            return kind, "update", name, frozenset(fields)

        assert await outcomes(database, ended) == {
            update("package", "Collection 3, renamed", "name"),
            update("package", "Collection 2", "hidden"),
            update("holding", journal(0).title, "coverage"),
            update("holding", journal(1).title, "embargo"),
            update("holding", journal(2).title, "url"),
            update("holding", journal(3).title, "available"),
            update("holding", journal(4).title, "proxy"),
            update("title", "Journal 5, renamed", "name", "publisher"),
            update("holding", journal(7).title, "coverage"),
            ("title", "create", journal(20).title, frozenset()),
            ("holding", "create", journal(20).title, frozenset()),
        }
        assert all_done(ended)
        stored = resource_of(systems, 7).resource
        assert stored.url == "https://journals.example.org/bib/7"
        assert [(one.begin, one.end) for one in stored.custom_coverages] == [
            ("1998-01-01", ""), ("1990-01-01", "1993-12-31"),
        ]  # fmt: skip
        assert resource_of(systems, 4).resource.proxy == "EZProxy"
        assert resource_of(systems, 1).resource.custom_embargo == Embargo("Months", 6)
        await nothing_more(database, systems)


async def test_a_second_portfolio_of_a_bib_comes_and_goes(database: AsyncEngine) -> None:
    with practice_systems(plain_library([2])) as systems:
        await run_migration(database, systems)
        first = portfolio_id(systems, 0)
        (service,) = systems.alma.services()
        second = systems.alma.add_portfolio(
            service["id"],
            portfolio(0, url="https://second.example.org/", local_coverage=(SeedRange(from_year="1980"),)),
        )
        ended = await run_migration(database, systems)
        assert await outcomes(database, ended) == {("holding", "update", journal(0).title, frozenset({"coverage"}))}
        assert resource_of(systems, 0).resource.custom_coverages == (Coverage("1980-01-01", ""),)
        await nothing_more(database, systems)

        systems.alma.remove_portfolio(first)
        ended = await run_migration(database, systems)
        assert await outcomes(database, ended) == {("holding", "update", journal(0).title, frozenset({"url"}))}
        assert resource_of(systems, 0).resource.url == "https://second.example.org/"
        await nothing_more(database, systems)
        assert second in {one["id"] for one in systems.alma.portfolios()}


async def test_a_portfolio_that_leaves_without_changing_anything_costs_no_write(database: AsyncEngine) -> None:
    with practice_systems(plain_library([1])) as systems:
        (service,) = systems.alma.services()
        second = systems.alma.add_portfolio(service["id"], portfolio(0, url="https://second.example.org/"))
        await run_migration(database, systems)
        systems.alma.remove_portfolio(second)
        await nothing_more(database, systems)
        assert await count(database, "select count(*) from link where kind = 'holding' and closed_at is null") == 1
        await nothing_more(database, systems)


async def test_a_portfolio_whose_bib_was_merged_into_another_keeps_its_title(database: AsyncEngine) -> None:
    with practice_systems(plain_library([3])) as systems:
        await run_migration(database, systems)
        before = resource_of(systems, 1).id
        (service,) = systems.alma.services()
        systems.alma.remove_bib(systems.alma.mms_id("bib:1"))
        merged = journal(1, key="bib:merged")
        systems.alma.add_bib(merged)
        systems.alma.add_portfolio(service["id"], portfolio(merged, url="https://journals.example.org/bib/1"))
        await nothing_more(database, systems)
        assert resource_of(systems, 1).id == before
        assert complaints(expect(plain_library([3]), PROXIES), systems.folio) == []


async def test_a_collection_made_anew_keeps_the_package_of_the_one_before(database: AsyncEngine) -> None:
    seed = plain_library([2])
    with practice_systems(seed) as systems:
        await run_migration(database, systems)
        systems.alma.remove_collection(collection_id(systems, "Collection 1"))
        systems.alma.add_collection(seed.collections[0])
        await nothing_more(database, systems)
        assert complaints(expect(seed, PROXIES), systems.folio) == []


async def test_a_portfolio_put_under_another_bib_moves_to_that_bibs_title(database: AsyncEngine) -> None:
    with practice_systems(plain_library([2])) as systems:
        await run_migration(database, systems)
        other = systems.alma.add_bib(journal(30))
        state = systems.alma.state
        moved = state.portfolios[portfolio_id(systems, 1)]
        moved.bib.portfolios.pop(moved.id)
        moved.bib = state.bibs[other]
        moved.bib.portfolios[moved.id] = moved
        assert all_done(await run_migration(database, systems))
        assert resource_of(systems, 30).resource.url == "https://journals.example.org/bib/1"
        await nothing_more(database, systems)


@pytest.mark.parametrize("name", ["\x00", " \x00 ", "\ufeff\x07"])
async def test_a_collection_whose_name_is_no_name_is_parked_and_stops_nobody(name: str, database: AsyncEngine) -> None:
    with practice_systems(plain_library([1, 1])) as systems:
        systems.alma.rename_collection(collection_id(systems, "Collection 1"), name)
        ended = await run_migration(database, systems)
        if name.strip("\x00 "):
            assert all_done(ended)
            return
        assert [(one.kind, one.advice != "") for one in await parked(database, ended)][:1] == [(Kind.PACKAGE, True)]
        assert resource_of(systems, 1).resource.is_selected


async def test_a_plan_that_is_not_approved_writes_nothing(database: AsyncEngine) -> None:
    async def decline(_: object) -> bool:
        return False

    with practice_systems(plain_library([2])) as systems:
        ended = await run_migration(database, systems, confirm=decline)
        assert ended.declined
        assert systems.folio_writes() == 0
        assert all_done(await run_migration(database, systems))


async def test_two_runs_of_a_pair_never_work_at_once(database: AsyncEngine) -> None:
    with practice_systems(plain_library([2])) as systems:
        async with pair_lock(database, PAIR):
            with pytest.raises(LockedError):
                await run_migration(database, systems)
        assert systems.folio_writes() == 0
        assert all_done(await run_migration(database, systems))


# --- librarians at work in FOLIO


def _moves_away(systems: Systems) -> dict[str, Callable[[], None]]:
    folio, one = systems.folio, resource_of(systems, 0)
    package = one.package_id
    return {
        "url": lambda: folio.edit_resource(one.id, url="https://librarian.example.org/"),
        "coverage": lambda: folio.edit_resource(one.id, custom_coverages=(Coverage("1950-01-01", ""),)),
        "embargo taken off": lambda: folio.edit_resource(one.id, custom_embargo=Embargo()),
        "hidden": lambda: folio.edit_resource(one.id, is_hidden=True),
        "package name": lambda: folio.edit_package(package, name="The librarian's own name"),
        "package hidden": lambda: folio.edit_package(package, hidden=frozenset({"PF", "FTF", "MARC"})),
        "title publisher": lambda: folio.edit_title(str(one.resource.title_id), publisher="The librarian's press"),
    }


MOVES = ("url", "coverage", "embargo taken off", "hidden", "package name", "package hidden", "title publisher")


@pytest.mark.parametrize("move", MOVES)
async def test_what_a_folio_librarian_changed_after_the_plan_is_not_overwritten(
    move: str, database: AsyncEngine
) -> None:
    seed = library(
        [journal(0), journal(1)],
        collection("Both", [portfolio(0, local_embargo=SeedEmbargo(operator=">=", months="12")), portfolio(1)]),
    )
    with practice_systems(seed) as systems:
        await run_migration(database, systems)
        for number in (0, 1):
            edit = {"linking_details": {"static_url": f"jkey=https://moved.example.org/{number}"}}
            systems.alma.edit_portfolio(portfolio_id(systems, number), **edit)
        systems.alma.set_coverage(
            portfolio_id(systems, 0), SeedRange(from_year="1998"), embargo=SeedEmbargo(operator=">=", months="6")
        )
        systems.alma.edit_collection(collection_id(systems, "Both"), public_name="Both, renamed")
        systems.alma.edit_bib(systems.alma.mms_id("bib:0"), journal(0, publisher="Alma's press"))

        def look() -> object:
            return (
                [(one.package.name, one.package.hidden) for one in systems.folio.packages()],
                [(one.title.name, one.title.publisher) for one in systems.folio.titles()],
                resource_of(systems, 0).resource,
            )

        def move_away() -> None:
            _moves_away(systems)[move]()
            seen.append(look())

        seen: list[Any] = []
        ended = await run_migration(database, systems, confirm=after_looking(move_away))

        kind = {"package": Kind.PACKAGE, "title": Kind.TITLE}.get(move.split(" ", maxsplit=1)[0], Kind.HOLDING)
        (skipped,) = await changes(database, ended, status=Status.SKIPPED)
        assert skipped.change.kind is kind
        assert "when the plan was made" in skipped.outcome.reason
        assert ended.result is not None
        assert (ended.result.skipped, ended.result.verified, ended.result.failed) == (1, 3, 0)
        packages, titles, one = look()  # type: ignore[misc]
        if kind is Kind.PACKAGE:
            assert packages == seen[0][0]
        elif kind is Kind.TITLE:
            assert titles == seen[0][1]
        else:
            assert one == seen[0][2]
        assert resource_of(systems, 1).resource.url == "https://moved.example.org/1"

        # the next plan starts from the record as it is now, and says what it will overwrite
        assert all_done(await run_migration(database, systems))
        await nothing_more(database, systems)


async def test_a_resource_and_a_package_removed_in_folio_are_created_again(database: AsyncEngine) -> None:
    seed = plain_library([3, 2])
    with practice_systems(seed) as systems:
        await run_migration(database, systems)
        systems.folio.remove_resource(resource_of(systems, 0).id)
        systems.folio.remove_package(resource_of(systems, 4).package_id)
        ended = await run_migration(database, systems)
        assert all_done(ended)
        assert {one.change.name for one in await changes(database, ended, kind=Kind.HOLDING)} == {
            journal(number).title for number in (0, 3, 4)
        }
        assert complaints(expect(seed, PROXIES), systems.folio) == []
        await nothing_more(database, systems)


async def test_a_title_that_a_librarian_put_into_the_package_meanwhile_is_taken_as_it_is(
    database: AsyncEngine,
) -> None:
    switches = FolioSwitches(daily_calls=0, new_record_lag_seconds=0.4)
    with practice_systems(plain_library([1, 1]), folio=switches) as systems:
        pair = systems.pair(folio={"settle_seconds": 1.0})
        await run_migration(database, systems, pair)
        (service,) = systems.alma.services(collection_id(systems, "Collection 2"))
        systems.alma.add_portfolio(service["id"], portfolio(0, url="https://second.example.org/"))
        first, second = resource_of(systems, 0), resource_of(systems, 1)
        state, package_id, title_id = systems.folio.state, second.resource.package_id, first.resource.title_id

        def put_into_package() -> None:
            made = replace(first.resource, package_id=package_id, user_fields=("a librarian's", None, None, None, None))
            state.mark_new(package_id, title_id)
            state.put_resource(made)

        assert all_done(await run_migration(database, systems, pair, confirm=after_looking(put_into_package)))
        stored = resource_of(systems, 0, "Collection 2").resource
        assert stored.url == "https://second.example.org/"
        assert stored.user_fields[0] == "a librarian's"
        await nothing_more(database, systems, pair)


async def test_nobody_asks_for_a_resource_before_folio_can_know_it(database: AsyncEngine) -> None:
    bibs = [journal(number) for number in range(60)]
    everything = [portfolio(bib) for bib in bibs]
    seed = library(bibs, collection("First", everything), collection("Second", everything))
    switches = FolioSwitches(daily_calls=0, new_record_lag_seconds=0.2)
    with practice_systems(seed, folio=switches) as systems:
        pair = systems.pair(folio={"requests_per_second": 200, "settle_seconds": 1.0})
        assert all_done(await run_migration(database, systems, pair))
        assert systems.folio.controls.counts["PUT 404"] == 0
        assert systems.folio.controls.writes == 2 + 60 + 60 + 120


@asynccontextmanager
async def folio_client(pair: Pair) -> AsyncIterator[Any]:
    one = pair.folio
    async with open_folio(one.base_url, one.tenant, one.username, one.password, 0, daily_calls=0) as client:
        yield client


@pytest.mark.parametrize("visibility", ["visibilityData", "visibility"])
@pytest.mark.parametrize("keeps_omitted", [True, False])
async def test_what_belongs_to_folio_alone_survives_an_update(
    visibility: Any, keeps_omitted: bool, database: AsyncEngine
) -> None:
    switches = FolioSwitches(daily_calls=0, package_visibility=visibility, upstream_keeps_omitted=keeps_omitted)
    with practice_systems(plain_library([1]), folio=switches) as systems:
        pair = systems.pair()
        published = visibility == "visibilityData"  # there are no schemas yet of the release after it
        await run_migration(database, systems, pair, published=published)
        one = resource_of(systems, 0)
        own: dict[str, Any] = {"coverage": Coverage("1900-01-01", "")}
        if visibility == "visibility":
            own |= {"display_name": "Shown so"}
        systems.folio.edit_package(one.package_id, **own)
        systems.folio.edit_resource(one.id, user_fields=("kept 1", None, None, None, "kept 5"))
        systems.folio.edit_title(str(one.resource.title_id), is_peer_reviewed=True)
        async with folio_client(pair) as client:
            await client.put_package_tags(
                one.package_id, TagsPut(name="Collection 1", tags=("ours",), content_type="E-Journal")
            )
            await client.put_resource_tags(one.id, TagsPut(name="x", tags=("mine",)))

        systems.alma.rename_collection(collection_id(systems, "Collection 1"), "Renamed")
        systems.alma.edit_portfolio(portfolio_id(systems, 0), availability="10")
        systems.alma.edit_bib(systems.alma.mms_id("bib:0"), journal(0, publisher="Another press"))
        assert all_done(await run_migration(database, systems, pair, published=published))

        (package,) = systems.folio.packages()
        assert package.package.name == "Renamed"
        assert {name: getattr(package.package, name) for name in own} == own
        assert package.tags == ("ours",)
        stored = resource_of(systems, 0)
        assert stored.resource.is_hidden
        assert [one or "" for one in stored.resource.user_fields] == ["kept 1", "", "", "", "kept 5"]
        assert stored.tags == ("mine",)
        assert (stored.title.publisher, stored.title.is_peer_reviewed) == ("Another press", True)
        await nothing_more(database, systems, pair)


# --- failures stay with what failed


async def test_a_package_that_is_refused_takes_only_its_own_titles_with_it(database: AsyncEngine) -> None:
    seed = library(
        [journal(number) for number in range(4)],
        collection("Refused", [portfolio(0), portfolio(1)], proxy_enabled=True, proxy="EZPROXY"),
        collection("Fine", [portfolio(2), portfolio(3)]),
    )
    with practice_systems(seed) as systems:
        proxies = systems.folio.switches.proxies

        def forget_proxies() -> None:
            systems.folio.switches.proxies = NO_PROXIES

        ended = await run_migration(database, systems, confirm=after_looking(forget_proxies))
        (failed,) = await changes(database, ended, status=Status.FAILED)
        assert (failed.change.kind, failed.change.name) == (Kind.PACKAGE, "Refused")
        assert "Proxy" in failed.outcome.reason
        skipped = await changes(database, ended, status=Status.SKIPPED)
        assert {one.change.name for one in skipped} == {journal(0).title, journal(1).title}
        assert all("package" in one.outcome.reason and one.outcome.advice for one in skipped)
        assert {one.title.name for one in systems.folio.titles()} == {journal(2).title, journal(3).title}
        assert ended.result is not None
        assert ended.result.verified == 1 + 2 + 2

        systems.folio.switches.proxies = proxies
        assert all_done(await run_migration(database, systems))
        assert complaints(expect(seed, PROXIES), systems.folio) == []


async def test_a_proxy_that_folio_refuses_fails_with_its_reason_and_everything_else_is_done(
    database: AsyncEngine,
) -> None:
    bibs = [journal(number) for number in range(3)]
    portfolios = [portfolio(0), portfolio(1, proxy_enabled=True, proxy="EZPROXY"), portfolio(2)]
    with practice_systems(library(bibs, collection("One", portfolios))) as systems:
        proxies = systems.folio.switches.proxies

        def forget_proxies() -> None:
            systems.folio.switches.proxies = NO_PROXIES

        ended = await run_migration(database, systems, confirm=after_looking(forget_proxies))
        (failed,) = await changes(database, ended, status=Status.FAILED)
        assert (failed.change.kind, failed.change.name) == (Kind.HOLDING, journal(1).title)
        assert "Proxy" in failed.outcome.reason
        assert failed.outcome.advice
        assert {resource_of(systems, number).resource.url for number in (0, 2)} == {
            f"https://journals.example.org/bib/{number}" for number in (0, 2)
        }
        systems.folio.switches.proxies = proxies
        assert all_done(await run_migration(database, systems))
        await nothing_more(database, systems)


async def test_a_name_that_a_title_of_somebody_else_has_is_told_apart(database: AsyncEngine) -> None:
    with practice_systems(plain_library([2])) as systems:
        theirs = custom_title(systems.folio, "The librarian's own", journal(0).title, ((issn(900), "ISSN", "Online"),))
        before = next(one for one in systems.folio.resources() if one.id == theirs)
        assert all_done(await run_migration(database, systems))
        names = {one.title.name for one in systems.folio.titles()}
        assert names == {journal(0).title, f"{journal(0).title} (Press 0)", journal(1).title}
        assert next(one for one in systems.folio.resources() if one.id == theirs) == before
        await nothing_more(database, systems)


async def test_a_package_whose_name_two_collections_bear_waits_until_they_are_told_apart(database: AsyncEngine) -> None:
    seed = library([journal(0), journal(1)], collection("Taken", [portfolio(0)]), collection("TAKEN", [portfolio(1)]))
    with practice_systems(seed) as systems:
        theirs = custom_title(systems.folio, "Taken", "A title of the librarian's")
        ended = await run_migration(database, systems)
        waiting = await changes(database, ended, kind=Kind.PACKAGE, status=Status.WITHHELD)
        assert len(waiting) == 2
        assert all("bear this name" in one.change.reason for one in waiting)
        assert [one.id for one in systems.folio.resources()] == [theirs]

        (other,) = [str(one["id"]) for one in systems.alma.collections() if one["public_name"] == "TAKEN"]
        systems.alma.rename_collection(other, "Another")
        assert all_done(await run_migration(database, systems))
        assert sorted(one.package.name for one in systems.folio.packages()) == ["Another", "Taken"]
        assert theirs in {one.id for one in systems.folio.resources()}
        assert {one.package_id for one in systems.folio.resources()} == {one.id for one in systems.folio.packages()}
        await nothing_more(database, systems)


# --- titles that the knowledge base has


async def test_titles_of_the_knowledge_base_are_used_where_they_are_the_same_publication(
    database: AsyncEngine,
) -> None:
    bibs = [journal(number) for number in range(4)]
    known = knowledge_base(
        known_title(bibs[0], name=bibs[0].title.upper()),
        known_title(bibs[1], name="Zibaldone"),
        known_title(bibs[2], issn_print=""),
        known_title(bibs[2], issn_online=""),
    )
    with practice_systems(library(bibs, collection("One", [portfolio(bib) for bib in bibs])), known) as systems:
        assert all_done(await run_migration(database, systems))
        (custom,) = [one for one in systems.folio.packages() if one.package.is_custom]
        held = {one.title.name: one.title.is_custom for one in systems.folio.resources(custom.id)}
        assert held == {
            bibs[0].title.upper(): False,
            bibs[1].title: True,
            bibs[2].title: False,
            bibs[3].title: True,
        }
        assert len([one for one in systems.folio.titles() if one.title.is_custom]) == 2
        assert not [call for call in systems.folio_paths("PUT") if "/titles/" in call]
        await nothing_more(database, systems)


async def test_two_bibs_of_one_publication_meet_in_one_title(database: AsyncEngine) -> None:
    twin = journal(1, key="bib:twin", title=journal(0).title, issn_online=journal(0).issn_online, issn_print="")
    seed = library(
        [journal(0), twin],
        collection("Same package", [portfolio(0), portfolio(twin)]),
        collection("Other package", [portfolio(twin)]),
    )
    with practice_systems(seed) as systems:
        assert all_done(await run_migration(database, systems))
        (title,) = systems.folio.titles()
        assert len(title.packages) == 2
        assert len(systems.folio.resources()) == 2
        await nothing_more(database, systems)


async def test_a_title_that_the_knowledge_base_gave_up_is_made_anew(database: AsyncEngine) -> None:
    bib = journal(0)
    with practice_systems(plain_library([1]), knowledge_base(known_title(bib))) as systems:
        await run_migration(database, systems)
        (held,) = [one for one in systems.folio.resources() if one.resource.is_selected]
        assert not held.title.is_custom
        for one in list(systems.folio.resources()):
            systems.folio.remove_resource(one.id)
        systems.folio.state.change(lambda catalogue: catalogue.remove_title(held.title.id))

        await run_migration(database, systems)
        ended = await run_migration(database, systems)
        assert all_done(ended)
        assert resource_of(systems, 0).title.is_custom
        await nothing_more(database, systems)


# --- a server that stores something else


async def test_something_else_stored_than_was_sent_is_a_finding_and_not_a_base(database: AsyncEngine) -> None:
    with practice_systems(plain_library([3])) as systems:

        def tamper(exchange: Exchange) -> None:
            if exchange.method == "PUT" and is_resource(exchange.path):
                resource_id = exchange.path.rpartition("/")[2]
                if json.loads(exchange.body)["data"]["attributes"]["name"] == journal(1).title:
                    systems.folio.edit_resource(resource_id, custom_coverages=(Coverage("1777-01-01", ""),))

        systems.folio_front.meddler = tamper
        ended = await run_migration(database, systems)
        (failed,) = await changes(database, ended, status=Status.FAILED)
        assert (failed.change.kind, failed.change.name) == (Kind.HOLDING, journal(1).title)
        assert "1777" in failed.outcome.reason
        assert "1998" in failed.outcome.reason
        assert (
            await count(database, "select count(*) from base join link on link.id = link_id where kind = 'holding'")
            == 2
        )

        systems.folio_front.meddler = None
        again = await run_migration(database, systems)
        assert await outcomes(database, again) == {("holding", "update", journal(1).title, frozenset({"coverage"}))}
        assert all_done(again)
        await nothing_more(database, systems)


async def test_a_title_stored_with_another_name_is_a_finding_too(database: AsyncEngine) -> None:
    with practice_systems(plain_library([2])) as systems:

        def tamper(exchange: Exchange) -> None:
            if exchange.method == "POST" and exchange.path == "/eholdings/titles":
                item = json.loads(exchange.body)["data"]
                if item["attributes"]["name"] == journal(0).title:
                    systems.folio.edit_title(item["id"], publisher="Somebody else")

        systems.folio_front.meddler = tamper
        ended = await run_migration(database, systems)
        (failed,) = await changes(database, ended, status=Status.FAILED)
        assert failed.change.kind is Kind.TITLE
        assert "Somebody else" in failed.outcome.reason
        systems.folio_front.meddler = None
        again = await run_migration(database, systems)
        assert await outcomes(database, again) == {("title", "update", journal(0).title, frozenset({"publisher"}))}
        await nothing_more(database, systems)


# --- the day's calls


async def yesterday(database: AsyncEngine, systems: Systems) -> None:
    """Let a day pass: for FOLIO's clock, and for the calls counted so far."""
    systems.folio.controls.clock.forward(days=1)
    async with database.begin() as connection:
        await connection.execute(text("update budget set day = day - 1"))


async def test_at_the_reserve_a_run_pauses_and_goes_on_the_next_day(database: AsyncEngine) -> None:
    async def answer_late(exchange: Exchange) -> None:
        if exchange.method in ("POST", "PUT"):
            await asyncio.sleep(0.1)  # so that some writes are under way when the reserve is met

    seed = plain_library([4, 4])
    with practice_systems(seed, folio=FolioSwitches(daily_calls=60)) as systems:
        systems.folio_front.meddler = answer_late
        pair = systems.pair(folio={"daily_calls": 60, "daily_reserve": 15})
        ended = await run_migration(database, systems, pair)
        assert ended.paused is not None
        midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        assert ended.paused.resumes_at == midnight
        assert ended.result is not None
        assert ended.result.paused > 0
        assert ended.result.verified > 0
        assert ended.result.failed == 0
        assert systems.folio.state.quota.used <= 60 - 15
        assert not [name for name in systems.folio.controls.counts if name.endswith("429")]
        assert await open_intents(database) == 0
        (run, *_) = await recent_runs(database, pair=PAIR, limit=1)
        assert (run.state, run.resumes_at) == (RunState.PAUSED, midnight)

        for _ in range(3):
            await yesterday(database, systems)
            ended = await run_migration(database, systems, pair)
            if ended.paused is None:
                break
        assert all_done(ended)
        assert complaints(expect(seed, PROXIES), systems.folio) == []
        await yesterday(database, systems)
        await nothing_more(database, systems, pair)


async def test_a_quota_that_ends_sooner_than_was_said_pauses_the_run_too(database: AsyncEngine) -> None:
    seed = plain_library([4, 4])
    with practice_systems(seed, folio=FolioSwitches(daily_calls=0)) as systems:
        pair = systems.pair()

        def nearly_over() -> None:
            systems.folio.switches.daily_calls = systems.folio.state.quota.used + 21

        ended = await run_migration(database, systems, pair, confirm=after_looking(nearly_over))
        assert ended.paused is not None
        refused = sum(number for name, number in systems.folio.controls.counts.items() if name.endswith("429"))
        assert 1 <= refused <= pair.folio.calls_in_flight
        with contextlib.suppress(QuotaError):  # while it settles what was left open, or else while it goes on
            assert (await run_migration(database, systems, pair)).paused is not None

        systems.folio.switches.daily_calls = 0
        await yesterday(database, systems)
        assert all_done(await run_migration(database, systems, pair))
        assert complaints(expect(seed, PROXIES), systems.folio) == []
        assert await open_intents(database) == 0


# --- readings of FOLIO that fall short


def _without(path: str, hidden: Callable[[dict[str, Any]], bool]) -> Callable[[Exchange], None]:
    def withhold(exchange: Exchange) -> None:
        if exchange.method == "GET" and exchange.path == path and exchange.status == 200:
            body = json.loads(exchange.body)
            body["data"] = [one for one in body["data"] if not hidden(one)]
            exchange.body = json.dumps(body).encode()

    return withhold


async def test_a_list_of_packages_that_falls_short_stops_the_run_before_any_write(database: AsyncEngine) -> None:
    with practice_systems(plain_library([2, 2])) as systems:
        custom_title(systems.folio, "Collection 1", "Hidden from the lists")
        systems.folio_front.meddler = _without("/eholdings/packages", lambda one: True)
        with pytest.raises(GuardError, match="packages were not read completely"):
            await run_migration(database, systems)
        assert systems.folio_writes() == 0
        (run, *_) = await recent_runs(database, pair=PAIR, limit=1)
        assert run.state is RunState.FAILED
        systems.folio_front.meddler = None
        assert all_done(await run_migration(database, systems))


async def test_a_package_that_falls_short_gets_no_new_titles_and_the_rest_is_done(database: AsyncEngine) -> None:
    with practice_systems(plain_library([2, 2])) as systems:
        await run_migration(database, systems)
        short, hidden = resource_of(systems, 0).package_id, resource_of(systems, 0).id
        async with database.begin() as connection:
            await connection.execute(text("delete from link where kind in ('holding', 'title')"))
        for name, number in (("Collection 1", 40), ("Collection 2", 41)):
            (service,) = systems.alma.services(collection_id(systems, name))
            systems.alma.add_bib(journal(number))
            systems.alma.add_portfolio(service["id"], portfolio(number))
        systems.folio_front.meddler = _without(
            f"/eholdings/packages/{short}/resources", lambda one: one["id"] == hidden
        )
        ended = await run_migration(database, systems)
        withheld = await changes(database, ended, status=Status.WITHHELD)
        assert {(one.change.kind, one.change.name) for one in withheld} == {
            (Kind.HOLDING, journal(0).title), (Kind.HOLDING, journal(40).title),
        }  # fmt: skip
        assert all("not read completely" in one.change.reason for one in withheld)
        assert [one.tripped for one in ended.plan.guards if one.name == "target-complete"] == [True]
        assert resource_of(systems, 41).resource.is_selected
        assert journal(40).title not in {one.title.name for one in systems.folio.titles()}

        systems.folio_front.meddler = None
        assert all_done(await run_migration(database, systems))
        assert resource_of(systems, 40).resource.is_selected
        assert len(systems.folio.resources()) == 6


async def test_an_alma_that_falls_short_is_said_and_nothing_is_taken_for_gone(database: AsyncEngine) -> None:
    with practice_systems(plain_library([3])) as systems:
        await run_migration(database, systems)
        hidden = portfolio_id(systems, 1)

        def withhold(exchange: Exchange) -> None:
            if exchange.path.endswith("/portfolios"):
                body = json.loads(exchange.body)
                body["portfolio"] = [one for one in body["portfolio"] if one["id"] != hidden]
                exchange.body = json.dumps(body).encode()

        systems.alma_front.meddler = withhold
        ended = await run_diff(database, systems)
        assert [one.tripped for one in ended.plan.guards if one.name == "source-complete"] == [True]
        assert ended.plan.summary.writes == 0
        await nothing_more(database, systems)
        assert len(systems.folio.resources()) == 3


# --- intents


async def test_every_write_has_its_intent_committed_before_it_is_sent(database: AsyncEngine, database_url: str) -> None:
    bibs = [journal(number) for number in range(6)]
    seed = SeedLibrary(
        bibs=tuple(bibs),
        collections=(
            collection(
                "First",
                [portfolio(0), portfolio(1), portfolio(2, available=False)],
                proxy_enabled=True,
                proxy="EZPROXY",
            ),
            collection("Second", [portfolio(0), portfolio(3), portfolio(4)]),
            collection("Hidden", [portfolio(5)], services=(SeedService(activation_status="10"),)),
        ),
    )
    with practice_systems(seed, knowledge_base(known_title(bibs[1]))) as systems:
        pair = systems.pair(policy={"tags": ("from-alma",)})
        watch = IntentWatch(psycopg_address(database_url))
        try:
            assert all_done(await run_migration(database, systems, pair, observer=watch))
            systems.alma.rename_collection(collection_id(systems, "First"), "First, renamed")
            systems.alma.edit_bib(systems.alma.mms_id("bib:0"), replace(bibs[0], publisher="Another press"))
            systems.alma.edit_portfolio(portfolio_id(systems, 3), availability="10")
            assert all_done(await run_migration(database, systems, pair, observer=watch))
        finally:
            watch.close()
        assert watch.seen == systems.folio_writes()
        assert watch.seen == await count(database, "select count(*) from intent where state = 'done'")
        assert await open_intents(database) == 0
        tagged = [one for one in systems.folio.resources() if one.tags == ("from-alma",)]
        assert len(tagged) == len([one for one in systems.folio.resources() if one.resource.is_selected])
