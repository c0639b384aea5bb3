"""An interrupted run is gone on with: with its plan and its readings, each write it left open settled first."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from sync.engine import settle as settling
from sync.engine.adopting import Adopted
from sync.engine.crosswalk import import_links
from sync.engine.migrate import apply_stored
from sync.engine.plan import Wanted
from sync.engine.undo import plan_undo
from sync.engine.work import Work
from sync.errors import GuardError
from sync.model import Kind, System
from sync.plan.changes import Change, Status
from sync.plan.writes import Before, IntentState
from sync.settings import Pair
from sync.store import intents
from sync.store.crosswalk import Proposal
from sync.store.intents import Journal
from sync.store.links import Closing, Link, links_from_folio
from sync.store.queries import sql
from tests.support.dying import die, nth
from tests.support.libraries import collection, plain_library
from tests.support.migrating import PAIR, Quiet, all_done, approve, changes, run_migration
from tests.support.practice import Systems, practice_systems
from tests.support.to_alma import entry, know_proxy, package, to_alma

TITLES = 6


@pytest.fixture
def in_alma() -> Iterator[Systems]:
    """Give systems of which Alma holds everything."""
    with practice_systems(plain_library([TITLES])) as both:
        yield both


@pytest.fixture
def in_folio() -> Iterator[Systems]:
    """Give systems of which FOLIO holds everything, in two packages."""
    with practice_systems() as both:
        know_proxy(both)
        for name, first in (("Coast", 0), ("Dunes", TITLES // 2)):
            into = package(both, name)
            for number in range(first, first + TITLES // 2):
                entry(both, into, number)
        yield both


def once(systems: Systems) -> bool:
    """Return whether Alma holds everything of FOLIO's once."""
    state = systems.alma.state
    names = Counter(one.values["public_name"] for one in state.collections.values())
    held = Counter((one.service.collection.id, one.bib.mms_id) for one in state.portfolios.values() if one.service)
    bibs = set(state.bibs) - {one.bib.mms_id for one in state.collections.values()}
    counts = (dict(names), len(state.services), len(held), len(state.portfolios), len(bibs))
    return counts == ({"Coast": 1, "Dunes": 1}, 2, TITLES, TITLES, TITLES)


async def consent(_: Proposal) -> bool:
    return True


async def open_writes(database: AsyncEngine) -> int:
    async with database.connect() as connection:
        query = text("select count(*) from intent where state in ('open', 'unknown')")
        return int((await connection.execute(query)).scalar_one())


def readings(systems: Systems) -> int:
    """Return how many portfolios were read singly in Alma so far: a whole reading reads each."""
    return sum(call.method == "GET" and "/portfolios/" in call.path for call in tuple(systems.alma.controls.calls))


async def interrupted(
    monkeypatch: pytest.MonkeyPatch, database: AsyncEngine, systems: Systems, pair: Pair | None = None
) -> None:
    """Let a migration to FOLIO die while it writes holdings."""
    run = run_migration(database, systems, pair or systems.pair())
    await die(monkeypatch, systems.folio_front, run, nth(3, "PUT", ""))


# --- the plan, and the readings it was made of


async def test_it_goes_on_with_its_plan_and_reads_nothing_again(
    monkeypatch: pytest.MonkeyPatch, database: AsyncEngine, in_alma: Systems
) -> None:
    await interrupted(monkeypatch, database, in_alma)
    assert await open_writes(database) > 0
    before = readings(in_alma)
    ended = await run_migration(database, in_alma)
    assert readings(in_alma) == before
    assert all_done(ended)
    assert (ended.run_id, ended.plan.id) == (2, 1)
    assert await open_writes(database) == 0
    again = await run_migration(database, in_alma)
    assert readings(in_alma) > before, "the next one looks at what is there now"
    assert again.plan.summary.writes == 0


async def test_to_look_at_its_undo_does_not_keep_it_from_going_on(
    monkeypatch: pytest.MonkeyPatch, database: AsyncEngine, in_alma: Systems
) -> None:
    await interrupted(monkeypatch, database, in_alma)
    looked = await plan_undo(database, PAIR, in_alma.pair(), Quiet(), 1)
    assert looked.plan.takes_back == 1
    before = readings(in_alma)
    ended = await run_migration(database, in_alma)
    assert readings(in_alma) == before
    assert all_done(ended)
    assert ended.plan.id == 1


@pytest.mark.parametrize(
    "why", ["asked to", "readings too old", "another wish", "another policy", "links were corrected"]
)
async def test_it_begins_anew_where_it_must(
    why: str, monkeypatch: pytest.MonkeyPatch, database: AsyncEngine, in_alma: Systems
) -> None:
    await interrupted(monkeypatch, database, in_alma)
    if why == "readings too old":
        async with database.begin() as connection:
            await connection.execute(text("update snapshot set started_at = started_at - interval '73 hours'"))
    if why == "links were corrected":
        (made,) = [one.id for one in in_alma.folio.packages()]
        rows = [("kind", "alma_id", "folio_id"), ("package", str(in_alma.alma.collections()[0]["id"]), "")]
        await import_links(database, PAIR, rows, consent)
        in_alma.folio.remove_package(made)
    pair = in_alma.pair(policy={"tags": ["from-alma"]} if why == "another policy" else None)
    wanted = Wanted.both(pair.policy) if why == "another wish" else None
    before = readings(in_alma)
    ended = await run_migration(database, in_alma, pair, wanted=wanted, anew=why == "asked to")
    assert readings(in_alma) > before
    assert ended.plan.id == 2
    assert all_done(ended)
    with pytest.raises(GuardError, match="newer ones replaced"):
        await apply_stored(database, PAIR, pair, Quiet(), approve, 1)
    names = Counter(one.title.name for one in in_alma.folio.resources())
    assert len(names) == TITLES
    assert set(names.values()) == {1}


async def test_a_stored_plan_that_was_interrupted_is_gone_on_with_and_then_used_up(
    monkeypatch: pytest.MonkeyPatch, database: AsyncEngine, in_alma: Systems
) -> None:
    await interrupted(monkeypatch, database, in_alma)
    ended = await apply_stored(database, PAIR, in_alma.pair(), Quiet(), approve, 1)
    assert all_done(ended)
    with pytest.raises(Exception, match="single-use"):
        await apply_stored(database, PAIR, in_alma.pair(), Quiet(), approve, 1)


# --- what is left open, settled by its natural key


TO_ALMA_WRITES = {
    "collection": lambda: nth(2, "POST", "/e-collections"),
    "service": lambda: nth(1, "POST", "/e-services"),
    "bib": lambda: nth(2, "POST", "/bibs"),
    "portfolio": lambda: nth(2, "POST", "/portfolios"),
}


@pytest.mark.parametrize("what", list(TO_ALMA_WRITES))
@pytest.mark.parametrize("anew", [False, True], ids=["with its plan", "anew"])
async def test_what_was_made_in_alma_is_adopted(
    what: str, anew: bool, monkeypatch: pytest.MonkeyPatch, database: AsyncEngine, in_folio: Systems
) -> None:
    await die(monkeypatch, in_folio.alma_front, to_alma(database, in_folio), TO_ALMA_WRITES[what]())
    ended = await to_alma(database, in_folio, anew=anew)
    assert all_done(ended)
    assert once(in_folio)
    async with database.connect() as connection:
        states = Counter((await connection.execute(text("select state from intent"))).scalars())
    assert states["adopted"] >= 1
    assert not states["open"] + states["unknown"]
    again = await to_alma(database, in_folio)
    assert again.plan.summary.writes == 0


async def test_what_was_surely_not_made_is_sent_again(
    monkeypatch: pytest.MonkeyPatch, database: AsyncEngine, in_folio: Systems
) -> None:
    await die(monkeypatch, in_folio.alma_front, to_alma(database, in_folio), nth(2, "POST", "/portfolios"))
    async with database.begin() as connection:  # as though it had died before the call left
        bibs_of_open = "select split_part(natural_key, '/', 2) from intent where operation = 'create portfolio'"
        query = text(f"{bibs_of_open} and state in ('open', 'unknown')")
        bibs = set((await connection.execute(query)).scalars())
    assert bibs
    for one in [one for one in in_folio.alma.state.portfolios.values() if one.bib.mms_id in bibs]:
        in_folio.alma.remove_portfolio(one.id)
    assert all_done(await to_alma(database, in_folio))
    assert once(in_folio)


async def test_of_several_that_may_be_meant_a_person_decides(
    monkeypatch: pytest.MonkeyPatch, database: AsyncEngine, in_folio: Systems
) -> None:
    await die(monkeypatch, in_folio.alma_front, to_alma(database, in_folio), nth(1, "POST", "/e-collections"))
    alma = in_folio.alma
    async with database.connect() as connection:
        query = text("select natural_key from intent where state = 'open' and operation = 'create collection'")
        name = (await connection.execute(query)).scalars().first()
    twin = alma.add_collection(collection(name, services=()))
    for _ in range(2):
        ended = await to_alma(database, in_folio)
        waiting = await changes(database, ended, kind=Kind.PACKAGE, status=Status.WITHHELD)
        assert [one.change.name for one in waiting] == [name]
        reason = waiting[0].outcome.reason or waiting[0].change.reason
        assert f"there are 2 collections named {name!r}" in reason
        assert await open_writes(database) == 1
        assert Counter(one.values["public_name"] for one in alma.state.collections.values())[name] == 2
    alma.remove_collection(twin)
    await to_alma(database, in_folio, anew=True)
    assert all_done(await to_alma(database, in_folio, anew=True))
    assert once(in_folio)
    assert await open_writes(database) == 0


# --- what holds this together: without any one of these, something is made twice, or points nowhere


async def _nothing_is_looked_for(work: Work, change: Change, natural_key: str) -> Adopted | None:
    return None


async def _nothing_is_kept(
    self: Journal, change_id: str, system: System, operation: str, natural_key: str, before: Before | None = None
) -> str:
    if operation == "create portfolio":
        return FORGOTTEN
    return await REAL_INTEND(self, change_id, system, operation, natural_key, before)


REAL_INTEND, REAL_SETTLE, FORGOTTEN = Journal.intend, Journal.settle, "forgotten"


async def _only_what_was_kept_is_settled(
    self: Journal, intent_id: str, state: IntentState, answer_id: str = ""
) -> None:
    if intent_id != FORGOTTEN:
        await REAL_SETTLE(self, intent_id, state, answer_id)


@pytest.mark.parametrize("mutation", ["none", "skip the commit", "skip adoption"])
async def test_without_a_committed_intent_or_its_adoption_a_portfolio_would_be_there_twice(
    mutation: str, monkeypatch: pytest.MonkeyPatch, database: AsyncEngine, in_folio: Systems
) -> None:
    if mutation == "skip the commit":
        monkeypatch.setattr(Journal, "intend", _nothing_is_kept)
        monkeypatch.setattr(Journal, "settle", _only_what_was_kept_is_settled)
    if mutation == "skip adoption":
        searches = {System.FOLIO: {}, System.ALMA: {"create portfolio": _nothing_is_looked_for}}
        monkeypatch.setattr(settling, "SEARCHES", searches)
    await die(monkeypatch, in_folio.alma_front, to_alma(database, in_folio), nth(2, "POST", "/portfolios"))
    await to_alma(database, in_folio)
    assert once(in_folio) is (mutation == "none")


@pytest.mark.parametrize("mutation", ["none", "skip replacing an old link"])
async def test_without_replacing_the_old_link_it_would_point_nowhere(
    mutation: str, monkeypatch: pytest.MonkeyPatch, database: AsyncEngine, in_folio: Systems
) -> None:
    """A portfolio that went in Alma is made again, the run dies, and what it made is adopted."""
    assert all_done(await to_alma(database, in_folio))
    gone = min(in_folio.alma.state.portfolios)
    in_folio.alma.remove_portfolio(gone)
    if mutation != "none":

        async def add_only(connection: AsyncConnection, pair: str, run_id: int, items: Iterable[Link]) -> None:
            rows = [{**asdict(one), "pair": pair, "run_id": run_id, "managed": int(one.managed)} for one in items]
            if rows:
                await connection.execute(sql("add_link"), rows)

        async def close_none(connection: AsyncConnection, pair: str, closings: Iterable[Closing]) -> None:
            """Leave the links that end open."""

        monkeypatch.setattr(intents, "add_links", add_only)
        monkeypatch.setattr(intents, "close_links", close_none)
    await die(monkeypatch, in_folio.alma_front, to_alma(database, in_folio), nth(1, "POST", "/portfolios"))
    await to_alma(database, in_folio)
    linked = await links_from_folio(database, PAIR, Kind.HOLDING)
    there = set(in_folio.alma.state.portfolios)
    astray = [one.alma_id for several in linked.values() for one in several if one.alma_id not in there]
    assert (astray == []) is (mutation == "none")
