"""FOLIO -> Alma with bad records, missing rights and lost answers: nothing stops the rest, and nothing comes twice."""

from collections.abc import Iterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.errors import LoginRefusedError
from sync.model import Kind
from sync.plan.changes import Status
from sync.sandbox.alma import READ_ONLY_KEY, AlmaSwitches
from sync.sandbox.controls import Faults
from sync.sandbox.folio.records import Coverage, Embargo, Identifier
from tests.support.libraries import journal
from tests.support.migrating import all_done, changes, parked
from tests.support.practice import Exchange, Systems, practice_systems
from tests.support.to_alma import (
    bibs,
    collection_named,
    entry,
    package,
    pair_of,
    portfolios,
    settled,
    title,
    to_alma,
    value,
)


@pytest.fixture
def systems() -> Iterator[Systems]:
    with practice_systems() as both:
        yield both


# --- what cannot be carried out, or not in full


async def test_bad_records_are_parked_with_advice_and_stop_nobody(database: AsyncEngine, systems: Systems) -> None:
    own = package(systems, "Own")
    letters = (Identifier("none", "ISBN", "Print"),)
    bad = {
        entry(systems, own, title(0, name="")): "name",
        entry(systems, own, 1, url="https://long.example.org/" + "a" * 3000): "3025 characters",
        entry(systems, own, 2, url="javascript:alert(1)"): "address",
        entry(systems, own, title(3, identifiers=letters)): "ISBN",
        entry(systems, own, 4, proxy="WAM"): "NOWHERE",
        entry(systems, own, 5, custom_coverages=(Coverage("2003-02-30", ""),)): "coverage",
        entry(systems, own, 6, custom_coverages=(Coverage("2003-05-01", "2001-01-01"),)): "coverage",
    }
    nameless, lost = package(systems, "\x00"), package(systems, "Unreachable", proxy="WAM")
    inner = [entry(systems, one, 7 + at) for at, one in enumerate((nameless, lost))]
    entry(systems, own, 9)
    pair = pair_of(systems, maps={"proxies": {"NOWHERE": "WAM"}})
    for _ in range(2):
        ended = await to_alma(database, systems, pair)
        found = {one.key: one for one in await parked(database, ended)}
        assert all(one.advice for one in found.values())
        for key, words in bad.items():
            assert words in found[key].reason
        packages = {f"{one.provider_id}-{one.id}" for one in (nameless, lost)}
        assert packages <= set(found)
        assert all_done(ended)
        withheld = await changes(database, ended, status=Status.WITHHELD)
        assert [one.change.source_keys[0] for one in withheld] == inner
        assert {one["resource_metadata"]["title"] for one in systems.alma.portfolios()} == {journal(9).title}
        assert [one["public_name"] for one in systems.alma.collections()] == ["Own"]
        assert len(bibs(systems)) == 1
    assert ended.plan.summary.writes == 0


async def test_what_alma_cannot_hold_is_told_as_a_loss(database: AsyncEngine, systems: Systems) -> None:
    own = package(systems, "Own", coverage=Coverage("1990-01-01", "1999-12-31"), proxy="WAM")
    entry(
        systems, own, 0, proxy="WAM", custom_embargo=Embargo("Days", 45), user_fields=("one", None, "three", None, None)
    )
    entry(systems, own, 1, custom_embargo=Embargo("Weeks", 5), user_fields=("a note", None, None, None, None))
    key = f"{own.provider_id}-{own.id}"
    systems.folio._module.own.tags[("packages", key)] = ("ours",)
    systems.folio._module.own.tags[("resources", f"{key}-{systems.folio.resources()[0].title.id}")] = ("mine",)
    pair = pair_of(systems, maps={"proxies": {"A": "WAM", "B": "WAM"}, "notes": {"public_note": "userDefinedField1"}})
    ended = await to_alma(database, systems, pair)
    assert all_done(ended)
    losses = {
        (one.change.kind.value, loss.field, loss.value)
        for one in await changes(database, ended)
        for loss in one.change.losses
    }
    assert losses == {
        ("package", "coverage", "1990-01-01 – 1999-12-31"),
        ("package", "proxy", "WAM"),
        ("package", "tags", "ours"),
        ("holding", "proxy", "WAM"),
        ("holding", "tags", "mine"),
        ("holding", "userDefinedField3", "three"),
        ("holding", "embargo", "not the most recent 45 days"),
        ("holding", "embargo", "not the most recent 5 weeks"),
    }
    first, second = (portfolios(systems, "Own")[journal(number).title] for number in range(2))
    walls = [one["coverage_details"]["local_embargo_information"]["number_of_months"] for one in (first, second)]
    assert walls == ["2", "2"]
    assert [one["public_note"] for one in (first, second)] == ["one", "a note"]
    await settled(database, systems, pair)


async def test_without_an_access_type_collections_fail_with_advice_until_one_is_named(database: AsyncEngine) -> None:
    key = "limited"
    switches = AlmaSwitches(requests_per_second=0, api_key=key, key_areas={key: frozenset({"electronic", "bibs"})})
    with practice_systems(alma=switches) as systems:
        entry(systems, package(systems, "Own"), 0)
        ended = await to_alma(database, systems)
        (failed,) = await changes(database, ended, status=Status.FAILED)
        assert (failed.change.kind, failed.change.name) == (Kind.PACKAGE, "Own")
        assert "60128" in failed.outcome.reason
        assert "collection_access_type" in failed.outcome.advice
        assert systems.alma.collections() == []
        assert all_done(await to_alma(database, systems, pair_of(systems, {"collection_access_type": "perpetual"})))
        assert value(collection_named(systems, "Own"), "access_type") == "perpetual"


async def test_a_key_that_may_only_read_ends_the_run_and_names_the_area(
    database: AsyncEngine, systems: Systems
) -> None:
    entry(systems, package(systems, "Own"), 0)
    with pytest.raises(LoginRefusedError, match="the area Electronic with read/write permission"):
        await to_alma(database, systems, pair_of(systems, {"api_key": READ_ONLY_KEY}))
    assert systems.alma.collections() == systems.alma.bibs() == []
    assert all_done(await to_alma(database, systems))


# --- lost answers


def whole(systems: Systems) -> None:
    """Assert that three packages of two titles each stand in Alma, each thing once."""
    names = [one["public_name"] for one in systems.alma.collections()]
    assert sorted(names) == ["First", "Second", "Third"]
    assert [len(systems.alma.services(one["id"])) for one in systems.alma.collections()] == [1, 1, 1]
    assert [len(portfolios(systems, name)) for name in names] == [2, 2, 2]
    assert len(bibs(systems)) == 6


def three_packages(systems: Systems) -> None:
    for at, name in enumerate(("First", "Second", "Third")):
        one = package(systems, name)
        entry(systems, one, 2 * at)
        entry(systems, one, 2 * at + 1)


@pytest.mark.parametrize("fault", ["fail_after", "drop_after"])
async def test_answers_lost_at_random_create_nothing_twice(database: AsyncEngine, systems: Systems, fault: str) -> None:
    three_packages(systems)
    systems.alma.controls.set_faults(Faults(**{fault: 0.2}, methods=frozenset({"POST", "PUT"}), seed=3))
    assert all_done(await to_alma(database, systems))
    assert systems.alma.controls.counts[f"fault {fault}"] >= 3
    systems.alma.controls.set_faults(Faults())
    whole(systems)
    await settled(database, systems)


@pytest.mark.parametrize("what", ["/e-collections", "/e-services", "/bibs", "/portfolios"])
async def test_a_lost_answer_to_a_creation_does_not_repeat_it(
    database: AsyncEngine, systems: Systems, what: str
) -> None:
    def lose(exchange: Exchange) -> None:
        if exchange.method == "POST" and exchange.path.rstrip("/").endswith(what):
            lost.append(exchange.path)
            exchange.body = b"<html>upstream timed out</html>"

    lost: list[str] = []
    three_packages(systems)
    systems.alma_front.meddler = lose
    assert all_done(await to_alma(database, systems))
    systems.alma_front.meddler = None
    assert len(lost) == (3 if what.startswith("/e-") else 6)
    whole(systems)
    await settled(database, systems)


async def test_two_packages_of_one_name_never_take_each_others_collection(
    database: AsyncEngine, systems: Systems
) -> None:
    def lose_the_second(exchange: Exchange) -> None:
        if exchange.method == "POST" and exchange.path.endswith("/e-collections"):
            made.append(exchange.path)
            if len(made) == 2:
                exchange.body = b"<html>upstream timed out</html>"

    made: list[str] = []
    for number in range(2):
        entry(systems, package(systems, "Own"), number)
    systems.alma_front.meddler = lose_the_second
    assert all_done(await to_alma(database, systems))
    held = [systems.alma.portfolios(collection_id=one["id"]) for one in systems.alma.collections()]
    assert [len(one) for one in held] == [1, 1]
    assert len(bibs(systems)) == 2
    await settled(database, systems)


async def test_a_bib_that_was_removed_in_alma_is_made_anew_by_the_next_run(
    database: AsyncEngine, systems: Systems
) -> None:
    entry(systems, package(systems, "Own"), 0)
    assert all_done(await to_alma(database, systems))
    systems.alma.remove_bib(*bibs(systems))
    (failed,) = await changes(database, await to_alma(database, systems), status=Status.FAILED)
    assert "60172" in failed.outcome.reason
    assert "looked for anew" in failed.outcome.advice
    assert all_done(await to_alma(database, systems))
    assert len(bibs(systems)) == len(systems.alma.portfolios()) == 1
    await settled(database, systems)
