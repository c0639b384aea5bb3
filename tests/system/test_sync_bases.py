"""What each side held when both agreed, record by record and field by field: nothing that waits is forgotten."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.engine.plan import Wanted
from sync.engine.running import Confirm, Ended
from sync.model import Kind, System
from sync.plan.changes import Status
from sync.plan.three_way import Decision
from sync.sandbox.folio.records import HIDDEN_EVERYWHERE, Coverage, Embargo
from sync.sandbox.seed import SeedEmbargo, SeedRange
from sync.store.conflicts import decide, open_conflicts
from sync.store.plans import PlanInfo
from tests.support.libraries import collection, journal, library, portfolio
from tests.support.migrating import PAIR, approve, changes, parked, run_diff, run_migration
from tests.support.practice import Exchange, Systems, custom_title, practice_systems

SINCE_1950 = Coverage("1950-01-01", "")
NOTES = {"public_note": "userDefinedField1"}


@pytest.fixture
def systems() -> Iterator[Systems]:
    seed = library(
        [journal(number) for number in range(6)],
        collection("Coast", [portfolio(0), portfolio(1), portfolio(2), portfolio(2, url="https://second.invalid")]),
        collection("Dunes", [portfolio(3), portfolio(4)]),
    )
    with practice_systems(seed) as both:
        yield both


async def sync(
    database: AsyncEngine, systems: Systems, *, confirm: Confirm = approve, notes: Mapping[str, str] | None = None
) -> Ended:
    pair = systems.pair(
        alma={"settle_seconds": 0.1, "delete_wait_seconds": 0.5},
        maps={"notes": notes or {}},
        policy={"max_removals": 100, "max_removals_percent": 100, "max_shrink_percent": 100},
    )
    return await run_migration(database, systems, pair, wanted=Wanted.both(pair.policy), confirm=confirm)


async def written(database: AsyncEngine, ended: Ended) -> set[tuple[System, str, str]]:
    """Return what a cycle wrote: on which side, what, and of which record."""
    done = await changes(database, ended, status=Status.VERIFIED)
    return {(one.change.system, str(one.change.action), one.change.name) for one in done}


async def quiet(database: AsyncEngine, systems: Systems) -> None:
    """Assert that one more cycle has nothing to do."""
    before = systems.alma.controls.writes, systems.folio.controls.writes
    ended = await sync(database, systems)
    assert (ended.plan.summary.writes, ended.plan.summary.withheld, ended.plan.summary.conflict) == (0, 0, 0)
    assert (systems.alma.controls.writes, systems.folio.controls.writes) == before


def held(systems: Systems, number: int) -> str:
    """Return the id of the first portfolio of a journal."""
    return str(systems.alma.portfolios(mms_id=systems.alma.mms_id(journal(number).key))[0]["id"])


def resource(systems: Systems, number: int):
    (found,) = [one for one in systems.folio.resources() if one.title.name == journal(number).title]
    return found


def readdress(systems: Systems, number: int, url: str) -> None:
    systems.alma.edit_portfolio(held(systems, number), linking_details={"static_url": f"jkey={url}"})


def put_into(systems: Systems, portfolio_id: str, service_id: str) -> None:
    """Move a portfolio to another service."""
    state = systems.alma.state
    moved = state.portfolios[portfolio_id]
    if moved.service is not None:
        del moved.service.portfolios[moved.id]
    moved.service = state.services[service_id]
    moved.service.portfolios[moved.id] = moved


async def test_where_one_sides_write_fails_its_field_is_tried_again_and_the_other_ones_is_done(
    database: AsyncEngine, systems: Systems
) -> None:
    await sync(database, systems)
    readdress(systems, 0, "https://new.invalid")
    systems.folio.edit_resource(resource(systems, 0).id, custom_coverages=(SINCE_1950,))

    def undo(exchange: Exchange) -> None:
        """Let Alma say yes to the change and lose it."""
        if exchange.method == "PUT" and "/portfolios/" in exchange.path:
            systems.alma.set_coverage(held(systems, 0), SeedRange(from_year="1998"))

    systems.alma_front.meddler = undo
    ended = await sync(database, systems)
    systems.alma_front.meddler = None
    assert await written(database, ended) == {(System.FOLIO, "update", journal(0).title)}
    assert ended.result is not None
    assert ended.result.failed == 1
    assert resource(systems, 0).resource.custom_coverages == (SINCE_1950,)
    assert resource(systems, 0).resource.url == "https://new.invalid"

    ended = await sync(database, systems)
    assert await written(database, ended) == {(System.ALMA, "update", journal(0).title)}
    details = systems.alma.portfolio(held(systems, 0))
    assert details["coverage_details"]["local_date_coverage_parameters"][0]["from_year"] == "1950"
    assert details["linking_details"]["static_url"] == "jkey=https://new.invalid"
    await quiet(database, systems)


async def test_a_portfolio_made_anew_in_place_of_a_removed_one_is_its_successor(
    database: AsyncEngine, systems: Systems
) -> None:
    await sync(database, systems)
    alma = systems.alma
    before = resource(systems, 1).id
    gone = alma.portfolio(held(systems, 1))
    alma.remove_portfolio(str(gone["id"]))
    service = str(gone["electronic_collection"]["service"]["value"])
    alma.add_portfolio(service, portfolio(1, url="https://successor.invalid"))
    ended = await sync(database, systems)
    assert await written(database, ended) == {(System.FOLIO, "update", journal(1).title)}
    assert resource(systems, 1).id == before
    assert resource(systems, 1).resource.url == "https://successor.invalid"
    await quiet(database, systems)


async def test_a_portfolio_that_moves_to_another_collection_moves_in_folio_and_comes_back_to_none(
    database: AsyncEngine, systems: Systems
) -> None:
    await sync(database, systems)
    alma = systems.alma
    put_into(systems, held(systems, 1), _service_of(systems, 3))
    for _ in range(2):
        ended = await sync(database, systems)
        assert not [one for one in await written(database, ended) if one[0] is System.ALMA]
    packages = {one.id: one.package.name for one in systems.folio.packages()}
    found = [one for one in systems.folio.resources() if one.title.name == journal(1).title]
    assert [packages[one.package_id] for one in found] == ["Dunes"]
    assert len(alma.portfolios()) == 6
    await quiet(database, systems)


def _service_of(systems: Systems, number: int) -> str:
    return str(systems.alma.portfolio(held(systems, number))["electronic_collection"]["service"]["value"])


async def test_a_title_that_moves_to_another_package_of_folio_moves_in_alma(
    database: AsyncEngine, systems: Systems
) -> None:
    await sync(database, systems)
    folio = systems.folio
    found = resource(systems, 3)
    (coast,) = [one for one in folio.packages() if one.package.name == "Coast"]
    folio.remove_resource(found.id)
    folio.state.put_title(found.title)
    folio.state.put_resource(replace(found.resource, package_id=int(coast.id.rpartition("-")[2])))
    ended = await sync(database, systems)
    assert await written(database, ended) == {
        (System.ALMA, "create", journal(3).title),
        (System.ALMA, "remove", journal(3).title),
    }
    (moved,) = systems.alma.portfolios(mms_id=systems.alma.mms_id(journal(3).key))
    into = systems.alma.collection(str(moved["electronic_collection"]["id"]["value"]))
    assert into["public_name"] == "Coast"
    await quiet(database, systems)


async def test_of_a_title_that_is_several_portfolios_alma_speaks_and_folio_is_told_where_to_turn(
    database: AsyncEngine, systems: Systems
) -> None:
    await sync(database, systems)
    alma = systems.alma
    for one in alma.portfolios(mms_id=alma.mms_id(journal(2).key)):
        alma.set_coverage(str(one["id"]), SeedRange(from_year="1960"))
    ended = await sync(database, systems)
    assert await written(database, ended) == {(System.FOLIO, "update", journal(2).title)}
    systems.folio.edit_resource(resource(systems, 2).id, url="https://folio.invalid")
    ended = await sync(database, systems)
    (one,) = await parked(database, ended)
    assert (one.system, one.name) == (System.FOLIO, journal(2).title)
    assert "several portfolios" in one.reason
    assert ended.plan.summary.writes == 0
    assert resource(systems, 2).resource.url == "https://folio.invalid"


async def test_an_address_that_is_made_at_each_click_and_then_is_not_arrives(
    database: AsyncEngine, systems: Systems
) -> None:
    alma = systems.alma
    alma.edit_portfolio(held(systems, 4), linking_details={"url_type": "dynamic", "static_url": ""})
    await sync(database, systems)
    alma.edit_portfolio(
        held(systems, 4),
        linking_details={"url_type": "static", "static_url": "jkey=https://static.invalid"},
    )
    await sync(database, systems)
    assert resource(systems, 4).resource.url == "https://static.invalid"
    await quiet(database, systems)


async def test_what_both_changed_to_the_same_is_written_nowhere_and_remembered(
    database: AsyncEngine, systems: Systems
) -> None:
    await sync(database, systems)
    readdress(systems, 0, "https://same.invalid")
    systems.folio.edit_resource(resource(systems, 0).id, url="https://same.invalid")
    ended = await sync(database, systems)
    assert ended.plan.summary.writes == 0
    assert await open_conflicts(database, PAIR) == []
    readdress(systems, 0, "https://later.invalid")
    ended = await sync(database, systems)
    assert await written(database, ended) == {(System.FOLIO, "update", journal(0).title)}, "the base had moved"
    assert json.dumps(resource(systems, 0).resource.url) == '"https://later.invalid"'


async def test_a_title_made_again_for_one_of_two_portfolios_has_that_ones_values_only(
    database: AsyncEngine, systems: Systems
) -> None:
    """Both were one title in FOLIO; it went there, one of them with it, and the other one was edited and comes back."""
    alma, folio = systems.alma, systems.folio
    first, second = (str(one["id"]) for one in alma.portfolios(mms_id=alma.mms_id(journal(2).key)))
    alma.set_coverage(second, SeedRange(from_year="1980", until_year="1990"))
    await sync(database, systems)
    assert len(resource(systems, 2).resource.custom_coverages) == 2
    folio.remove_resource(resource(systems, 2).id)
    readdress(systems, 2, "https://edited.invalid")
    await sync(database, systems)
    assert [str(one["id"]) for one in alma.portfolios(mms_id=alma.mms_id(journal(2).key))] == [first]
    (open_one,) = await open_conflicts(database, PAIR)
    await decide(database, PAIR, [open_one.id], Decision.ALMA)
    await sync(database, systems)
    assert resource(systems, 2).resource.custom_coverages == (Coverage("1998-01-01", ""),)
    await quiet(database, systems)


async def test_what_became_unavailable_in_a_hidden_collection_is_seen_once_it_is_shown(
    database: AsyncEngine, systems: Systems
) -> None:
    """In the same cycle the collection is shown, and another value of the portfolio travels."""
    alma, folio = systems.alma, systems.folio
    await sync(database, systems)
    (coast,) = [one for one in folio.packages() if one.package.name == "Coast"]
    folio.edit_package(coast.id, hidden=HIDDEN_EVERYWHERE)
    await sync(database, systems)
    alma.edit_portfolio(held(systems, 0), availability="10")
    alma.set_coverage(held(systems, 0), SeedRange(from_year="1950"))
    folio.edit_package(coast.id, hidden=frozenset())
    await sync(database, systems)
    assert resource(systems, 0).resource.custom_coverages == (SINCE_1950,)
    await sync(database, systems)
    assert resource(systems, 0).resource.is_hidden, "Alma's librarian said so"
    await quiet(database, systems)


async def test_a_package_that_is_hidden_shown_and_hidden_again_stays_hidden(
    database: AsyncEngine, systems: Systems
) -> None:
    """Each time both agree at once, so that the next edit is seen as one."""
    await sync(database, systems)
    folio, alma = systems.folio, systems.alma
    (coast,) = [one for one in folio.packages() if one.package.name == "Coast"]
    service = _service_of(systems, 0)
    for hidden in (True, False, True):
        folio.edit_package(coast.id, hidden=HIDDEN_EVERYWHERE if hidden else frozenset())
        await sync(database, systems)
        assert alma.service(service)["activation_status"]["value"] == ("10" if hidden else "11")
        (now,) = [one for one in folio.packages() if one.id == coast.id]
        assert bool(now.package.hidden) is hidden, "nobody in Alma said otherwise"
    await quiet(database, systems)


async def test_a_title_removed_in_folio_and_made_anew_elsewhere_goes_in_alma_and_is_not_made_again(
    database: AsyncEngine, systems: Systems
) -> None:
    await sync(database, systems)
    folio = systems.folio
    folio.remove_resource(resource(systems, 4).id)
    numbers = ((journal(4).issn_online, "ISSN", "Online"),)
    custom_title(folio, "Tide Tables", journal(4).title, numbers)
    ended = await sync(database, systems)
    assert (System.FOLIO, "create", journal(4).title) not in await written(database, ended)
    (moved,) = systems.alma.portfolios(mms_id=systems.alma.mms_id(journal(4).key))
    into = systems.alma.collection(str(moved["electronic_collection"]["id"]["value"]))
    assert into["public_name"] == "Tide Tables"
    again = await sync(database, systems)
    assert (again.plan.summary.writes, again.plan.summary.withheld) == (0, 0)
    assert {one.kind for one in await open_conflicts(database, PAIR)} <= {Kind.TITLE}, "as strangers that meet"


async def conflicts(database: AsyncEngine) -> dict[str, str]:
    """Return the fields in conflict by the name of their record."""
    return {one.name: one.field for one in await open_conflicts(database, PAIR)}


async def test_what_is_added_or_shown_in_alma_is_an_edit_that_wins_over_a_removal(
    database: AsyncEngine, systems: Systems
) -> None:
    service = _service_of(systems, 3)
    systems.alma.edit_service(service, activation_status="10")
    await sync(database, systems)
    (dunes,) = [one for one in systems.folio.packages() if one.package.name == "Dunes"]
    systems.folio.remove_package(dunes.id)
    systems.alma.edit_service(service, activation_status="11")
    systems.folio.remove_resource(resource(systems, 0).id)
    systems.alma.edit_portfolio(held(systems, 0), public_note="[FOLIO coverage: Print as well]")
    await sync(database, systems)
    found = await conflicts(database)
    assert found["Dunes"] == "removal"
    assert found[journal(0).title] == "removal"
    assert len(systems.alma.collections()) == 2
    assert held(systems, 0)


async def test_a_collection_in_the_place_of_a_removed_one_of_its_name_is_its_successor_on_both_ways(
    database: AsyncEngine, systems: Systems
) -> None:
    """Alma's new collection is shown, the package is hidden as its predecessor was: only Alma changed."""
    alma, folio = systems.alma, systems.folio
    alma.edit_service(_service_of(systems, 3), activation_status="10")
    await sync(database, systems)
    (before,) = [one for one in folio.packages() if one.package.name == "Dunes"]
    alma.remove_collection(str(alma.portfolio(held(systems, 3))["electronic_collection"]["id"]["value"]))
    alma.add_collection(collection("Dunes", [portfolio(3), portfolio(4)]))
    await sync(database, systems)
    await sync(database, systems)
    (now,) = [one for one in folio.packages() if one.package.name == "Dunes"]
    assert now.id == before.id
    assert not now.package.hidden
    assert alma.service(_service_of(systems, 3))["activation_status"]["value"] == "11"
    await quiet(database, systems)


async def test_a_statement_in_conflict_stays_so_though_what_it_is_made_of_is_agreed_on(
    database: AsyncEngine, systems: Systems
) -> None:
    await sync(database, systems)
    wall = SeedEmbargo(operator="<=", months="12")
    systems.alma.set_coverage(held(systems, 0), SeedRange(from_year="1998"), embargo=wall)
    systems.folio.edit_resource(resource(systems, 0).id, coverage_statement="Print as well")
    for _ in range(3):
        ended = await sync(database, systems)
        assert ended.plan.summary.writes == 0
        (conflict,) = await open_conflicts(database, PAIR)
        assert (conflict.field, conflict.alma, conflict.folio) == (
            "coverage_statement",
            "Most recent 12 months only",
            "Print as well",
        )


async def test_a_value_that_the_other_side_cannot_hold_is_named_though_nothing_is_written(
    database: AsyncEngine, systems: Systems
) -> None:
    """Once to whoever only looks, and once by the run that leaves it where it is."""
    await sync(database, systems)
    systems.alma.edit_portfolio(held(systems, 0), linking_details={"proxy_enabled": "true", "proxy": "elsewhere"})
    pair = systems.pair(policy={"max_removals": 100, "max_shrink_percent": 100})
    for ended in (
        await run_diff(database, systems, pair, wanted=Wanted.both(pair.policy)),
        await sync(database, systems),
    ):
        (noted,) = [one.change for one in await changes(database, ended)]
        assert (noted.system, noted.status, noted.fields) == (System.FOLIO, Status.NOTED, ())
        assert [(one.field, one.value) for one in noted.losses] == [("proxy", "elsewhere")]
        assert (ended.plan.summary.writes, ended.plan.summary.lossy) == (0, 1)
    ended = await sync(database, systems)
    assert await changes(database, ended) == []
    await quiet(database, systems)


async def test_a_dry_run_under_another_policy_decides_nothing_for_the_run_that_follows(
    database: AsyncEngine, systems: Systems
) -> None:
    await sync(database, systems)
    wall = SeedEmbargo(operator="<=", months="12")
    systems.alma.set_coverage(held(systems, 0), SeedRange(from_year="1998"), embargo=wall)
    systems.folio.edit_resource(resource(systems, 0).id, custom_embargo=Embargo("Months", 6))
    alma_is_right = systems.pair(policy={"conflicts": "alma", "max_shrink_percent": 100})
    await run_diff(database, systems, alma_is_right, wanted=Wanted.both(alma_is_right.policy))
    await sync(database, systems)
    assert (await conflicts(database))[journal(0).title] == "embargo"
    await run_migration(database, systems, alma_is_right, wanted=Wanted.both(alma_is_right.policy))
    assert resource(systems, 0).resource.custom_embargo == Embargo("", 0)
    assert resource(systems, 0).resource.coverage_statement == "Most recent 12 months only"
    await quiet(database, systems)


async def test_what_was_removed_in_folio_is_not_made_again_in_a_new_package_of_the_same_name(
    database: AsyncEngine, systems: Systems
) -> None:
    """The collection is the new package's; of its titles one was edited in Alma: that is for a person."""
    await sync(database, systems)
    folio = systems.folio
    (before,) = [one for one in folio.packages() if one.package.name == "Dunes"]
    folio.remove_package(before.id)
    custom_title(folio, "Dunes", journal(5).title, ((journal(5).issn_online, "ISSN", "Online"),))
    readdress(systems, 3, "https://edited.invalid")
    ended = await sync(database, systems)
    assert await written(database, ended) >= {
        (System.ALMA, "remove", journal(4).title),
        (System.ALMA, "create", journal(5).title),
    }
    assert (await conflicts(database))[journal(3).title] == "removal"
    (now,) = [one for one in folio.packages() if one.package.name == "Dunes"]
    assert [one.title.name for one in folio.resources(now.id)] == [journal(5).title]
    await sync(database, systems)
    assert [one.title.name for one in folio.resources(now.id)] == [journal(5).title]


async def test_a_portfolio_that_moves_while_its_title_is_removed_in_folio_is_for_a_person(
    database: AsyncEngine, systems: Systems
) -> None:
    await sync(database, systems)
    put_into(systems, held(systems, 1), _service_of(systems, 3))
    systems.folio.remove_resource(resource(systems, 1).id)
    for _ in range(2):
        await sync(database, systems)
        assert await conflicts(database) == {journal(1).title: "removal"}
        assert held(systems, 1), "it is still in Alma"
        assert journal(1).title not in {one.title.name for one in systems.folio.resources()}


async def test_a_statement_that_waits_for_what_it_is_made_of_is_not_taken_for_agreed(
    database: AsyncEngine, systems: Systems
) -> None:
    await sync(database, systems)
    systems.alma.set_coverage(held(systems, 0), SeedRange(from_year="1999", from_volume="1"))
    systems.folio.edit_resource(
        resource(systems, 0).id, custom_embargo=Embargo("Months", 6), coverage_statement="Print as well"
    )
    alma_is_right = systems.pair(policy={"conflicts": "alma", "max_shrink_percent": 100})
    await run_migration(database, systems, alma_is_right, wanted=Wanted.both(alma_is_right.policy))
    await sync(database, systems)
    assert await conflicts(database) == {journal(0).title: "coverage_statement"}
    assert resource(systems, 0).resource.coverage_statement == "Print as well"


@pytest.mark.parametrize("moment", ["once the plan is made", "once it is written", "as its answer is lost"])
async def test_a_note_typed_in_folio_while_another_value_is_written_there_arrives(
    database: AsyncEngine, systems: Systems, moment: str
) -> None:
    await sync(database, systems, notes=NOTES)
    systems.alma.set_coverage(held(systems, 0), SeedRange(from_year="1950"))

    def type_it() -> None:
        systems.folio.edit_resource(resource(systems, 0).id, user_fields=("Seats: 3", None, None, None, None))

    def when_written(exchange: Exchange) -> None:
        if exchange.method == "PUT" and "/resources/" in exchange.path:
            systems.folio_front.meddler = None
            type_it()
            if moment == "as its answer is lost":
                raise ConnectionError

    async def when_planned(plan: PlanInfo) -> bool:
        type_it()
        return True

    if moment == "once the plan is made":
        await sync(database, systems, confirm=when_planned, notes=NOTES)
    else:
        systems.folio_front.meddler = when_written
        await sync(database, systems, notes=NOTES)
    await sync(database, systems, notes=NOTES)
    assert systems.alma.portfolio(held(systems, 0))["public_note"] == "Seats: 3"
    assert resource(systems, 0).resource.custom_coverages == (SINCE_1950,)
    ended = await sync(database, systems, notes=NOTES)
    assert await written(database, ended) == set()


@pytest.mark.parametrize("before", ["false", ""], ids=["none", "left to the level above"])
@pytest.mark.parametrize("moment", ["once the plan is made", "as its answer is lost"])
async def test_a_proxy_switched_on_in_alma_while_another_value_is_written_there_arrives(
    database: AsyncEngine, systems: Systems, before: str, moment: str
) -> None:
    proxies = systems.alma.state.institution.proxies
    proxies["EZPROXY"] = replace(proxies["ezproxy"], id="110009", code="EZPROXY")
    systems.alma.edit_portfolio(held(systems, 0), linking_details={"proxy_enabled": before, "proxy": ""})
    await sync(database, systems)
    systems.folio.edit_resource(resource(systems, 0).id, custom_coverages=(SINCE_1950,))

    def switch_on() -> None:
        details = {"proxy_enabled": "true", "proxy": "EZPROXY"}
        systems.alma.edit_portfolio(held(systems, 0), linking_details=details)

    def when_written(exchange: Exchange) -> None:
        if exchange.method == "PUT" and "/portfolios/" in exchange.path:
            systems.alma_front.meddler = None
            switch_on()
            raise ConnectionError

    async def when_planned(plan: PlanInfo) -> bool:
        switch_on()
        return True

    if moment == "once the plan is made":
        await sync(database, systems, confirm=when_planned)
    else:
        systems.alma_front.meddler = when_written
        await sync(database, systems)
    await sync(database, systems)
    assert resource(systems, 0).resource.proxy == "EZProxy"
    details = systems.alma.portfolio(held(systems, 0))
    assert details["coverage_details"]["local_date_coverage_parameters"][0]["from_year"] == "1950"
    await quiet(database, systems)


async def test_an_edit_of_what_was_written_is_not_written_over_when_the_answer_is_lost(
    database: AsyncEngine, systems: Systems
) -> None:
    await sync(database, systems)
    systems.alma.set_coverage(held(systems, 0), SeedRange(from_year="1950"))

    def correct_it(exchange: Exchange) -> None:
        if exchange.method == "PUT" and "/resources/" in exchange.path:
            systems.folio_front.meddler = None
            systems.folio.edit_resource(resource(systems, 0).id, custom_coverages=(Coverage("1951-01-01", ""),))
            raise ConnectionError

    systems.folio_front.meddler = correct_it
    ended = await sync(database, systems)
    assert ended.result is not None
    assert (ended.result.verified, ended.result.skipped) == (0, 1)
    assert resource(systems, 0).resource.custom_coverages == (Coverage("1951-01-01", ""),)
    assert (await sync(database, systems)).plan.summary.conflict == 1
