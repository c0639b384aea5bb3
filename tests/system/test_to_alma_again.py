"""FOLIO -> Alma, run again and again while records go, come back, cannot be read: nothing twice, nothing wiped."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.engine.plan import Wanted
from sync.errors import QuotaError
from sync.model import Kind
from sync.plan.changes import Status
from sync.plan.direction import Direction
from sync.plan.guards import RemovalLimits
from sync.sandbox.folio import FolioSwitches
from sync.sandbox.folio.records import Coverage
from sync.sandbox.seed import (
    SeedKnowledgeBasePackage,
    SeedRange,
    SeedService,
)
from tests.support.libraries import collection, journal, known_title, library, plain_library, portfolio
from tests.support.migrating import all_done, changes, parked, run_migration
from tests.support.practice import Exchange, Systems, practice_systems
from tests.support.to_alma import (
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

REMOVING = RemovalLimits(number=20, percent=5, approved=100)


@pytest.fixture
def systems() -> Iterator[Systems]:
    with practice_systems() as both:
        yield both


def counted(systems: Systems) -> tuple[int, int, int, int]:
    """Return how many collections, services, portfolios and bibs Alma has."""
    alma = systems.alma
    return len(alma.collections()), len(alma.services()), len(alma.portfolios()), len(bibs(systems))


async def reasons(database: AsyncEngine, ended: object, status: Status) -> dict[tuple[Kind, str], str]:
    found = await changes(database, ended, status=status)  # type: ignore[arg-type]
    return {(one.change.kind, one.change.name): one.change.reason for one in found}


# --- what goes, and what is made anew


async def test_a_collection_deleted_in_alma_comes_back_once_with_all_it_held(
    database: AsyncEngine, systems: Systems
) -> None:
    own = package(systems, "Own")
    for number in range(3):
        entry(systems, own, number)
    await to_alma(database, systems)
    before = counted(systems)
    systems.alma.remove_collection(collection_named(systems, "Own")["id"])
    assert all_done(await to_alma(database, systems))
    assert counted(systems) == before
    await settled(database, systems)


async def test_a_portfolio_deleted_and_made_anew_by_hand_is_taken_as_it_is(
    database: AsyncEngine, systems: Systems
) -> None:
    entry(systems, package(systems, "Own"), 0)
    await to_alma(database, systems)
    (old,) = systems.alma.portfolios()
    state = systems.alma.state
    bib, service = state.portfolios[old["id"]].bib, state.portfolios[old["id"]].service
    systems.alma.remove_portfolio(old["id"])
    state.add_portfolio(bib, service, {"availability": "11"}, is_local=True)
    assert all_done(await to_alma(database, systems))
    assert len(systems.alma.portfolios()) == 1
    await settled(database, systems)


async def test_a_package_made_anew_in_folio_finds_everything_it_had_in_alma(
    database: AsyncEngine, systems: Systems
) -> None:
    first = package(systems, "Own")
    entry(systems, first, 0)
    entry(systems, first, 1)
    await to_alma(database, systems)
    before, ids = counted(systems), {one["id"] for one in systems.alma.portfolios()}
    systems.folio.remove_package(f"{first.provider_id}-{first.id}")
    again = package(systems, "Own")
    entry(systems, again, 0)
    entry(systems, again, 1)
    removing = Wanted(direction=Direction.FOLIO_TO_ALMA, removals=REMOVING)
    for _ in range(2):
        assert all_done(await run_migration(database, systems, pair_of(systems), wanted=removing))
        assert counted(systems) == before
        assert {one["id"] for one in systems.alma.portfolios()} == ids


# --- what is there, and cannot be read


async def test_an_unreadable_portfolio_is_there_and_none_is_made_beside_it(
    database: AsyncEngine, systems: Systems
) -> None:
    own = package(systems, "Own")
    entry(systems, own, 0)
    await to_alma(database, systems)
    (only,) = systems.alma.portfolios()
    systems.alma.set_coverage(only["id"], SeedRange(from_year="2001", from_month="2", from_day="30"))
    for _ in range(2):
        ended = await to_alma(database, systems)
        assert [one.key for one in await parked(database, ended)] == [only["id"]]
        assert ended.plan.summary.writes == 0
    assert len(systems.alma.portfolios()) == 1


async def test_an_unreadable_portfolio_nobody_linked_keeps_its_place_too(database: AsyncEngine) -> None:
    bad = portfolio(0, local_coverage=(SeedRange(from_year="2001", from_month="13"),))
    with practice_systems(library([journal(0)], collection("Own", [bad]))) as systems:
        entry(systems, package(systems, "Own"), 0)
        ended = await to_alma(database, systems)
        withheld = await reasons(database, ended, Status.WITHHELD)
        assert "could not be read in Alma" in withheld[Kind.HOLDING, journal(0).title]
        assert len(systems.alma.portfolios()) == 1
        assert len(bibs(systems)) == 1


async def test_a_collection_that_cannot_be_read_is_not_made_again(database: AsyncEngine, systems: Systems) -> None:
    entry(systems, package(systems, "Own"), 0)
    await to_alma(database, systems)
    before, path = counted(systems), f"/e-collections/{collection_named(systems, 'Own')['id']}"

    def spoil(exchange: Exchange) -> None:
        if exchange.method == "GET" and exchange.path.endswith(path):
            exchange.body = json.dumps({"id": {"a": ["list"]}, "public_name": ["no", "name"]}).encode()

    systems.alma_front.meddler = spoil
    ended = await to_alma(database, systems)
    assert ended.plan.summary.writes == 0
    assert [one.kind for one in await parked(database, ended)] == [Kind.PACKAGE]
    systems.alma_front.meddler = None
    assert counted(systems) == before
    await settled(database, systems)


@pytest.mark.parametrize("direction", list(Direction))
async def test_a_list_entry_that_cannot_be_read_makes_the_reading_incomplete(
    database: AsyncEngine, direction: Direction
) -> None:
    with practice_systems(plain_library([3, 2])) as systems:
        await run_migration(database, systems, pair_of(systems))
        before = inside(systems)
        from_alma = direction is Direction.ALMA_TO_FOLIO

        def spoil(exchange: Exchange) -> None:
            if exchange.path.endswith("/e-collections" if from_alma else "/eholdings/packages"):
                body = json.loads(exchange.body)
                if from_alma:
                    body["electronic_collection"][0]["portfolios"] = {"value": "many"}
                else:
                    body["data"][0]["attributes"]["titleCount"] = "many"
                exchange.body = json.dumps(body).encode()

        (systems.alma_front if from_alma else systems.folio_front).meddler = spoil
        wanted = Wanted(direction=direction, removals=REMOVING)
        ended = await run_migration(database, systems, pair_of(systems), wanted=wanted)
        assert "source-complete" in {one.name for one in ended.plan.guards if one.tripped}
        assert inside(systems) == before


# --- first contact, and what belongs to a vendor


async def test_what_folio_does_not_say_is_not_wiped_at_first_contact(database: AsyncEngine) -> None:
    with practice_systems(plain_library([1])) as systems:
        (before,) = systems.alma.portfolios()
        entry(systems, package(systems, "Collection 1"), 0, url=None, custom_coverages=())
        assert (await to_alma(database, systems)).plan.summary.writes == 0
        assert systems.alma.portfolios() == [before]
        await settled(database, systems)


async def test_what_alma_does_not_say_is_not_wiped_at_first_contact(database: AsyncEngine) -> None:
    bare = portfolio(0, url="", local_coverage=(), coverage_in_use="0")
    with practice_systems(library([journal(0)], collection("Own", [bare]))) as systems:
        entry(systems, package(systems, "Own"), 0)
        before = systems.folio.resources()
        ended = await run_migration(database, systems, pair_of(systems))
        assert ended.plan.summary.writes == 0
        assert systems.folio.resources() == before
        await settled(database, systems)
        systems.alma.set_coverage(systems.alma.portfolios()[0]["id"], SeedRange(from_year="2003"))
        assert all_done(await run_migration(database, systems, pair_of(systems)))
        (after,) = systems.folio.resources()
        assert [one.begin for one in after.resource.custom_coverages] == ["2003-01-01"]
        assert after.resource.url == before[0].resource.url
        await settled(database, systems)


async def test_an_activated_collection_keeps_its_own_vendors_addresses_and_years(database: AsyncEngine) -> None:
    bib = journal(0)
    activated = collection(
        "Both Have It",
        [portfolio(0, local_coverage=(), global_coverage=(SeedRange(from_year="2001"),), coverage_in_use="1")],
        is_local=False,
    )
    with practice_systems(library([bib], activated)) as systems:
        systems.folio.add_managed_package(
            SeedKnowledgeBasePackage(name="Both Have It", provider="Vendor", titles=(0,), selected=True),
            (known_title(bib),),
        )
        before = systems.alma.portfolios()
        ended = await to_alma(database, systems)
        assert ended.plan.summary.writes == 0
        assert systems.alma.portfolios() == before
        resource = systems.folio.resources()[0]
        systems.folio.edit_resource(resource.id, custom_coverages=(Coverage("2005-01-01", ""),))
        assert all_done(await to_alma(database, systems))
        (after,) = systems.alma.portfolios()
        assert ranges(after) == ["2005-1-1 to"]  # what the library itself says does travel
        assert after["linking_details"] == before[0]["linking_details"]


async def test_showing_a_package_shows_the_services_that_were_hidden_with_it(database: AsyncEngine) -> None:
    services = (
        SeedService(portfolios=(portfolio(0),)),
        SeedService(activation_status="10", portfolios=(portfolio(1),)),
    )
    own = collection("Own", (), services=services)
    with practice_systems(library([journal(0), journal(1)], own)) as systems:
        await run_migration(database, systems, pair_of(systems))
        before, kept = systems.alma.services(), systems.alma.portfolios()
        (made,) = systems.folio.packages()
        for hidden in (frozenset({"PF", "FTF", "MARC"}), frozenset()):
            systems.folio.edit_package(made.id, hidden=hidden)
            assert all_done(await to_alma(database, systems))
            statuses = [value(one, "activation_status") for one in systems.alma.services()]
            assert statuses == (["10", "10"] if hidden else ["11", "10"])
            await settled(database, systems)
        assert systems.alma.services() == before
        assert systems.alma.portfolios() == kept


# --- maps, types and numbers


async def test_a_map_added_later_takes_effect(database: AsyncEngine, systems: Systems) -> None:
    entry(systems, package(systems, "Own"), 0, user_fields=("For staff", None, None, None, None))
    await to_alma(database, systems)
    assert value_of_note(systems) == ""
    mapped = pair_of(systems, maps={"notes": {"internal_description": "userDefinedField1"}})
    assert all_done(await to_alma(database, systems, mapped))
    assert value_of_note(systems) == "For staff"
    await settled(database, systems, mapped)


def value_of_note(systems: Systems) -> str:
    return str(next(iter(portfolios(systems, "Own").values()))["internal_description"])


async def test_titles_of_a_collection_that_holds_none_are_withheld_and_leave_no_bib(
    database: AsyncEngine, systems: Systems
) -> None:
    own = package(systems, "Own", content_type="Online Reference")
    await to_alma(database, systems)
    entry(systems, own, 0)
    for _ in range(2):
        ended = await to_alma(database, systems)
        withheld = await reasons(database, ended, Status.WITHHELD)
        assert "of the type Database" in withheld[Kind.HOLDING, journal(0).title]
        assert ended.plan.summary.writes == 0
        assert bibs(systems) == set()


async def test_a_bib_that_alma_finds_by_a_similar_number_is_not_ours(database: AsyncEngine, systems: Systems) -> None:
    entry(systems, package(systems, "Own"), 0)
    foreign = systems.alma.add_bib(journal(7))

    def loosely(exchange: Exchange) -> None:
        if exchange.method == "GET" and "other_system_id" in exchange.query:
            exchange.body = json.dumps({"bib": [systems.alma.bib(foreign)], "total_record_count": 1}).encode()

    systems.alma_front.meddler = loosely
    assert all_done(await to_alma(database, systems))
    (made,) = systems.alma.portfolios()
    assert made["resource_metadata"]["mms_id"]["value"] != foreign


async def test_a_title_without_an_address_is_made_once_whatever_becomes_of_the_answer(
    database: AsyncEngine, systems: Systems
) -> None:
    entry(systems, package(systems, "Own"), title(0), url=None)
    lost = []

    def lose(exchange: Exchange) -> None:
        if exchange.method == "POST" and exchange.path.endswith("/portfolios/") and not lost:
            lost.append(exchange.path)
            exchange.status, exchange.body = 502, b"<html>Bad Gateway</html>"

    systems.alma_front.meddler = lose
    systems.alma.state.institution.suffix = "4321"
    assert all_done(await to_alma(database, systems))
    assert lost
    assert len(systems.alma.portfolios()) == 1


async def test_a_plan_that_runs_out_of_ebscos_calls_goes_on_where_it_was(database: AsyncEngine) -> None:
    with practice_systems(folio=FolioSwitches(daily_calls=30)) as systems:
        own = package(systems, "Own")
        for number in range(40):
            entry(systems, own, number)
        pair = systems.pair(folio={"daily_calls": 30, "daily_reserve": 2, "settle_seconds": 0.3})
        paused = 0
        for _ in range(4):
            try:
                ended = await to_alma(database, systems, pair)
            except QuotaError:
                paused += 1
                await _next_day(database, systems)
            else:
                break
        assert paused == 1
        assert all_done(ended)
        assert len(systems.alma.portfolios()) == 40


async def _next_day(database: AsyncEngine, systems: Systems) -> None:
    systems.folio.controls.clock.offset += timedelta(days=1)
    async with database.begin() as connection:
        await connection.execute(text("delete from budget"))


# --- proxies, access types, hidden packages, names


async def test_a_proxy_of_its_own_after_an_inherited_one_reaches_alma(database: AsyncEngine, systems: Systems) -> None:
    know_proxy(systems)
    pair = pair_of(systems, maps={"proxies": {"EZPROXY": "EZProxy"}})
    own = package(systems, "Own")
    made = entry(systems, own, 0)
    assert all_done(await to_alma(database, systems, pair))
    systems.folio.edit_resource(made, proxy="EZProxy", url="https://new.example.org/")
    systems.folio.edit_package(f"{own.provider_id}-{own.id}", proxy="EZProxy", name="Renamed")
    assert all_done(await to_alma(database, systems, pair))
    linking = portfolios(systems, "Renamed")[journal(0).title]["linking_details"]
    assert (value(linking, "proxy_enabled"), linking["proxy"]) == ("true", "EZPROXY")
    assert collection_named(systems, "Renamed")["proxy"] == "EZPROXY"
    await settled(database, systems, pair)


async def test_an_access_type_taken_away_is_taken_away_in_alma(database: AsyncEngine, systems: Systems) -> None:
    own = systems.folio._module.own
    subscribed = next(key for key, name in own.access_types.items() if name == "Subscribed")
    pair = pair_of(systems, maps={"access_types": {"currper": subscribed}})
    made = entry(systems, package(systems, "Own"), 0)
    own.assigned["resources", made] = subscribed
    assert all_done(await to_alma(database, systems, pair))
    assert value(portfolios(systems, "Own")[journal(0).title], "access_type") == "currper"
    del own.assigned["resources", made]
    systems.folio.edit_resource(made, url="https://new.example.org/")
    assert all_done(await to_alma(database, systems, pair))
    assert value(portfolios(systems, "Own")[journal(0).title], "access_type") == ""
    await settled(database, systems, pair)


async def test_no_proxy_in_folio_leaves_almas_own_at_first_contact(database: AsyncEngine) -> None:
    proxied = portfolio(0, proxy_enabled="true", proxy="ezproxy")
    with practice_systems(library([journal(0)], collection("Own", [proxied]))) as systems:
        (before,) = systems.alma.portfolios()
        entry(systems, package(systems, "Own"), 0, proxy="<n>", url=None, custom_coverages=())
        assert (await to_alma(database, systems)).plan.summary.writes == 0
        assert systems.alma.portfolios() == [before]


async def test_a_hidden_package_that_alma_cannot_hide_stays_hidden_in_folio(
    database: AsyncEngine, systems: Systems
) -> None:
    package(systems, "Online", content_type="Online Reference", hidden=frozenset({"PF", "FTF", "MARC"}))
    ended = await to_alma(database, systems)
    (made,) = [one.change for one in await changes(database, ended)]
    assert [loss.field for loss in made.losses] == ["hidden"]
    assert (await run_migration(database, systems, pair_of(systems))).plan.summary.writes == 0
    await settled(database, systems)


async def test_a_packages_content_type_is_what_its_bibs_will_say(database: AsyncEngine, systems: Systems) -> None:
    own = package(systems, "Own", content_type="Unknown")
    entry(systems, own, title(0) | {"publication_type": "Book"})
    entry(systems, own, title(1) | {"publication_type": "Unspecified"})
    assert all_done(await to_alma(database, systems))
    assert (await run_migration(database, systems, pair_of(systems))).plan.summary.writes == 0
    await settled(database, systems)


async def test_a_bib_of_the_same_name_from_another_publisher_is_not_used(database: AsyncEngine) -> None:
    rome = replace(journal(0), title="Annals", publisher="Press of Rome", issn_print="", issn_online="")
    with practice_systems(library([rome], collection("Roman", [portfolio(0)]))) as systems:
        own = package(systems, "Own")
        entry(systems, own, title(rome) | {"publisher": "Press of Oslo"})
        assert all_done(await to_alma(database, systems))
        assert bib_of(systems, "Own") != bib_of(systems, "Roman")
        assert (await to_alma(database, systems)).plan.summary.writes == 0


async def test_an_address_may_shout_its_scheme(database: AsyncEngine, systems: Systems) -> None:
    entry(systems, package(systems, "Own"), 0, url="HTTPS://journals.example.org/0")
    assert all_done(await to_alma(database, systems))
    linking = portfolios(systems, "Own")[journal(0).title]["linking_details"]
    assert linking["static_url"] == "jkey=HTTPS://journals.example.org/0"
    await settled(database, systems)
