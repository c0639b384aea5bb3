"""The guards of a two-way sync: each bites where something large or strange comes at once, and normal work passes."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.engine.plan import Wanted
from sync.engine.running import Ended
from sync.errors import GuardError
from sync.model import System
from sync.plan.changes import Guard, Status
from sync.sandbox.seed import SeedRange
from sync.settings import Pair
from sync.store.standing import forget_pair
from tests.support.libraries import collection, journal, library, plain_library, portfolio
from tests.support.migrating import PAIR, changes, run_diff, run_migration
from tests.support.practice import Exchange, Systems, custom_title, practice_systems

MANY, FEW = 60, 5
QUICK = {"settle_seconds": 0.1, "delete_wait_seconds": 0.5}


@pytest.fixture
def systems() -> Iterator[Systems]:
    with practice_systems(plain_library([MANY, FEW])) as both:
        yield both


def pair_of(systems: Systems, **more: Any) -> Pair:
    return systems.pair(alma=QUICK, **more)


async def sync(
    database: AsyncEngine, systems: Systems, pair: Pair | None = None, *, approved: int | None = None
) -> Ended:
    """Run a cycle."""
    pair = pair or pair_of(systems)
    return await run_migration(database, systems, pair, wanted=Wanted.both(pair.policy, approved=approved))


def guard(ended: Ended, name: str) -> Guard:
    """Return the guard of that name; where both sides have one, the one that tripped."""
    found = sorted((one for one in ended.plan.guards if one.name == name), key=lambda one: not one.tripped)
    return found[0]


def tripped(ended: Ended) -> set[str]:
    return {one.name for one in ended.plan.guards if one.tripped}


async def written(database: AsyncEngine, ended: Ended) -> set[tuple[System, str]]:
    return {(one.change.system, one.change.name) for one in await changes(database, ended, status=Status.VERIFIED)}


async def reasons(database: AsyncEngine, ended: Ended) -> set[str]:
    """Return why changes are withheld."""
    found = await changes(database, ended, status=Status.WITHHELD)
    return {one.outcome.reason or one.change.reason for one in found}


def readdress_in_alma(systems: Systems, numbers: range) -> None:
    alma = systems.alma
    for number in numbers:
        (held,) = alma.portfolios(mms_id=alma.mms_id(journal(number).key))
        alma.edit_portfolio(str(held["id"]), linking_details={"static_url": f"jkey=https://new.invalid/{number}"})


def take_from_alma(systems: Systems, numbers: range) -> None:
    alma = systems.alma
    for number in numbers:
        (held,) = alma.portfolios(mms_id=alma.mms_id(journal(number).key))
        alma.remove_portfolio(str(held["id"]))


# --- everything changed at once in the same field


async def test_one_field_that_changes_everywhere_waits_while_other_changes_go_on(
    database: AsyncEngine, systems: Systems
) -> None:
    await sync(database, systems)
    readdress_in_alma(systems, range(MANY))
    alma = systems.alma
    (held,) = alma.portfolios(mms_id=alma.mms_id(journal(MANY).key))
    alma.set_coverage(str(held["id"]), SeedRange(from_year="1950"))
    ended = await sync(database, systems)
    found = guard(ended, "same-field:folio/holding/url")
    assert (found.tripped, found.value, found.limit) == (True, MANY, 50)
    assert (ended.plan.summary.withheld, ended.plan.summary.update) == (MANY, 1)
    assert await written(database, ended) == {(System.FOLIO, journal(MANY).title)}
    (reason,) = await reasons(database, ended)
    assert "same-field:folio/holding/url" in reason
    again = await sync(database, systems)
    assert again.plan.summary.withheld == MANY, "it waits as long as nobody approves it"


async def test_many_changes_of_one_field_that_are_not_most_of_all_pass(database: AsyncEngine, systems: Systems) -> None:
    await sync(database, systems)
    readdress_in_alma(systems, range(30))
    ended = await sync(database, systems)
    assert tripped(ended) == set()
    assert guard(ended, "same-field").value == 30
    assert len(await written(database, ended)) == 30


# --- configuration, tenant and scope


async def test_changes_that_come_of_new_settings_wait_and_new_records_go_on(
    database: AsyncEngine, systems: Systems
) -> None:
    alma = systems.alma
    (held,) = alma.portfolios(mms_id=alma.mms_id(journal(0).key))
    alma.edit_portfolio(str(held["id"]), public_note="Ask Ida")
    await sync(database, systems)
    alma.add_bib(journal(500))
    service = str(alma.services(str(alma.collections()[0]["id"]))[0]["id"])
    alma.add_portfolio(service, portfolio(500))
    mapped = pair_of(systems, maps={"notes": {"public_note": "userDefinedField1"}})
    ended = await sync(database, systems, mapped)
    found = guard(ended, "configuration-changed")
    assert (found.tripped, found.value, found.limit) == (True, 1, 0)
    assert {name for _, name in await written(database, ended)} == {journal(500).title}
    (reason,) = await reasons(database, ended)
    assert "configuration-changed" in reason
    one_way = await run_diff(database, systems, mapped)
    assert guard(one_way, "configuration-changed").value == 1
    assert tripped(one_way) == set(), "who names the direction has said which side is right"


async def test_the_same_settings_pass(database: AsyncEngine, systems: Systems) -> None:
    mapped = pair_of(systems, maps={"notes": {"public_note": "userDefinedField1"}})
    await sync(database, systems, mapped)
    alma = systems.alma
    (held,) = alma.portfolios(mms_id=alma.mms_id(journal(0).key))
    alma.edit_portfolio(str(held["id"]), public_note="Ask Ida")
    ended = await sync(database, systems, mapped)
    assert tripped(ended) == set()
    assert await written(database, ended) == {(System.FOLIO, journal(0).title)}


async def test_links_are_never_used_between_other_systems_than_they_were_made_for(
    database: AsyncEngine, systems: Systems
) -> None:
    await sync(database, systems)
    with practice_systems(plain_library([3])) as others:
        for strange in (pair_of(others), pair_of(systems, folio={"base_url": others.folio_url})):
            with pytest.raises(GuardError, match="systems-changed"):
                await sync(database, others, strange)
        assert (others.alma.controls.writes, others.folio.controls.writes) == (0, 0)
        await forget_pair(database, PAIR)
        ended = await sync(database, others)
        assert ended.plan.summary.create > 0, "a pair without links may begin anywhere"


async def test_what_is_not_read_any_longer_does_not_count_as_gone(database: AsyncEngine, systems: Systems) -> None:
    await sync(database, systems)
    folio = systems.folio
    folio.remove_resource(folio.resources()[0].id)
    narrower = pair_of(systems, policy={"managed_packages": "leave"})
    ended = await sync(database, systems, narrower)
    found = guard(ended, "scope-changed")
    assert (found.tripped, found.value, found.limit) == (True, 1, 0)
    assert (ended.plan.summary.withheld, ended.plan.summary.remove) == (1, 0)
    ended = await sync(database, systems)
    assert tripped(ended) == set()
    assert ended.plan.summary.remove == 1


# --- a side that is empty, much smaller, or not read completely


async def test_after_a_reading_that_is_much_smaller_than_the_last_one_nothing_goes(
    database: AsyncEngine, systems: Systems
) -> None:
    wide = pair_of(systems, policy={"max_removals": 1000})
    await sync(database, systems, wide)
    take_from_alma(systems, range(25))
    for _ in range(2):
        ended = await sync(database, systems, wide)
        found = guard(ended, "much-smaller")
        assert found.tripped
        assert found.value > found.limit
        assert (ended.plan.summary.withheld, ended.plan.summary.remove) == (25, 0), "nor the second time"
    ended = await sync(database, systems, approved=25)
    assert (ended.plan.summary.withheld, ended.plan.summary.remove) == (0, 25)
    take_from_alma(systems, range(25, 28))
    ended = await sync(database, systems, wide)
    assert tripped(ended) == set(), "from now on the smaller library is the measure"
    assert ended.plan.summary.remove == 3


async def test_a_few_titles_less_are_no_reason_to_wait(database: AsyncEngine, systems: Systems) -> None:
    await sync(database, systems)
    take_from_alma(systems, range(3))
    ended = await sync(database, systems)
    assert tripped(ended) == set()
    assert not guard(ended, "much-smaller").tripped
    assert len(await written(database, ended)) == 3


@pytest.mark.parametrize("empty", System)
async def test_an_empty_side_empties_nothing(empty: System, database: AsyncEngine, systems: Systems) -> None:
    await sync(database, systems)
    if empty is System.ALMA:
        for one in systems.alma.collections():
            systems.alma.remove_collection(str(one["id"]))
    else:
        for package in systems.folio.packages():
            systems.folio.remove_package(package.id)
    before = len(systems.alma.portfolios()), len(systems.folio.resources())
    ended = await sync(database, systems, approved=10_000)
    found = guard(ended, "empty-side")
    assert (found.tripped, found.value, found.limit) == (True, 0, 1)
    assert ended.plan.summary.writes == 0
    assert (len(systems.alma.portfolios()), len(systems.folio.resources())) == before


async def test_from_an_incomplete_reading_nothing_goes_and_the_rest_goes_on(
    database: AsyncEngine, systems: Systems
) -> None:
    await sync(database, systems)
    take_from_alma(systems, range(2))
    readdress_in_alma(systems, range(MANY, MANY + 1))

    def hide_one(exchange: Exchange) -> None:
        if exchange.path.endswith("/portfolios") and exchange.status == 200:
            body = json.loads(exchange.body)
            body["portfolio"] = [one for one in body["portfolio"] if journal(10).title not in json.dumps(one)]
            exchange.body = json.dumps(body).encode()

    systems.alma_front.meddler = hide_one
    ended = await sync(database, systems)
    systems.alma_front.meddler = None
    assert "alma-complete" in tripped(ended)
    assert (ended.plan.summary.remove, ended.plan.summary.withheld) == (0, 3)
    assert await written(database, ended) == {(System.FOLIO, journal(MANY).title)}


# --- removals, in each direction


async def test_too_many_removals_wait_in_the_direction_in_which_they_are_too_many(
    database: AsyncEngine, systems: Systems
) -> None:
    await sync(database, systems)
    take_from_alma(systems, range(4))
    folio = systems.folio
    titles = {journal(number).title for number in range(10, 40)}
    for one in folio.resources():
        if one.title.name in titles:
            folio.remove_resource(one.id)
    strict = pair_of(systems, policy={"max_shrink_percent": 100})
    ended = await sync(database, systems, strict)
    found = guard(ended, "removals")
    assert (found.tripped, found.value, found.limit) == (True, 30, 20)
    assert (ended.plan.summary.remove, ended.plan.summary.withheld) == (4, 30)
    assert {system for system, _ in await written(database, ended)} == {System.FOLIO}
    assert titles <= {str(one["resource_metadata"]["title"]) for one in systems.alma.portfolios()}


# --- first contact


async def test_at_first_contact_nothing_is_removed_and_no_value_that_differs_is_overwritten(
    database: AsyncEngine,
) -> None:
    seed = library([journal(0)], collection("Coast", [portfolio(0)]))
    with practice_systems(seed) as systems:
        numbers = ((journal(0).issn_online, "ISSN", "Online"),)
        made = custom_title(systems.folio, "Coast", journal(0).title, numbers)
        systems.folio.edit_resource(made, url="https://own.invalid")
        alone = custom_title(systems.folio, "Only in FOLIO", "Letters from the Quay")
        ended = await sync(database, systems)
        assert ended.plan.summary.remove == 0
        (resource,) = [one for one in systems.folio.resources() if one.id == made]
        assert resource.resource.url == "https://own.invalid"
        (held,) = systems.alma.portfolios(mms_id=systems.alma.mms_id(journal(0).key))
        assert held["linking_details"]["static_url"] == f"jkey={portfolio(0).url}"
        assert ended.plan.summary.conflict >= 1
        assert resource.resource.custom_coverages, "a gap is filled from the other side"
        assert "Letters from the Quay" in {str(one["resource_metadata"]["title"]) for one in systems.alma.portfolios()}
        assert alone in {one.id for one in systems.folio.resources()}
        again = await sync(database, systems)
        assert (again.plan.summary.writes, again.plan.summary.conflict) == (0, ended.plan.summary.conflict)
