"""One odd record, or one odd answer, costs that record a clear message; it never costs the run."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.engine import work
from sync.engine.running import Ended
from sync.errors import TransientError
from sync.plan.changes import Status
from sync.plan.direction import Direction
from sync.store.runs import RunState, recent_runs
from sync.transport.connection import Options
from tests.support.libraries import collection, journal, library, plain_library, portfolio
from tests.support.migrating import PAIR, changes, parked, run_migration
from tests.support.practice import Exchange, Refusal, practice_systems
from tests.support.removals import BOTH, Story, agreed, told
from tests.support.transports import QUICK

TITLES = 8
ODD = 3
SMALL = library(
    [journal(number) for number in range(TITLES)],
    collection("Harbour", [portfolio(number) for number in range(TITLES // 2)]),
    collection("Coast", [portfolio(number) for number in range(TITLES // 2, TITLES)]),
)
BROKEN = Refusal(500, "cannot", (("Content-Type", "text/plain"),))
UNDECODABLE = Refusal(200, '{"id": "531', (("Content-Type", "application/json"),))


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let calls that failed be repeated at once."""
    monkeypatch.setattr(work, "Options", lambda **more: Options(**{**more, "retry": QUICK}))


def _never(*endings: str, answer: Refusal = BROKEN) -> Callable[[str, str], Refusal | None]:
    return lambda method, path: answer if method == "GET" and path.endswith(endings) else None


async def _written(database: AsyncEngine, ended: Ended) -> list[str]:
    """Return the names of what was written; removals that wait do not count."""
    return [one.change.name for one in await changes(database, ended, status=Status.VERIFIED)]


def _source(story: Story):
    return story.systems.folio_front if story.to_alma else story.systems.alma_front


@pytest.mark.parametrize("answer", [BROKEN, UNDECODABLE], ids=["always 500", "half an answer"])
@pytest.mark.parametrize("what", ["portfolio", "bib", "collection", "service", "list of portfolios"])
async def test_what_alma_can_never_deliver_is_parked_and_counts_as_present(
    what: str, answer: Refusal, database: AsyncEngine
) -> None:
    with told(Direction.ALMA_TO_FOLIO, database, SMALL) as story:
        await agreed(story)
        alma = story.systems.alma
        held = story.target()
        collection_id = story.collection("Harbour")
        service_id = str(alma.services(collection_id)[0]["id"])
        ending = {
            "portfolio": story.portfolios(ODD)[0],
            "bib": "/almaws/v1/bibs",
            "collection": f"/{collection_id}",
            "service": f"/{service_id}",
            "list of portfolios": f"{service_id}/portfolios",
        }[what]
        front = story.systems.alma_front
        if what == "bib":
            front.meddler = _without(alma.mms_id(journal(ODD).key), answer)
        else:
            front.doorman = _never(ending, answer=answer)
        story.edit(TITLES - 1, at_source=True)
        ended = await story.run()

        assert story.target() == held, "nothing was removed, and nothing made again"
        assert await _written(database, ended) == [journal(TITLES - 1).title]
        if what != "list of portfolios":
            odd = [one for one in await parked(database, ended) if "could not deliver" in one.reason]
            assert len(odd) == 1
            assert "counts as present" in odd[0].advice
        else:
            assert any(one.tripped for one in ended.plan.guards)

        front.doorman = front.meddler = None
        await story.nothing_more()


def _without(mms_id: str, answer: Refusal) -> Callable[[Exchange], None]:
    """Fail whenever this bib is asked for, also among others."""

    def fail(exchange: Exchange) -> None:
        if exchange.path.endswith("/bibs") and mms_id in exchange.query:
            exchange.status, exchange.body = answer.status, answer.body.encode()

    return fail


async def test_what_folio_can_never_deliver_is_parked_or_its_package_comes_short(database: AsyncEngine) -> None:
    with told(Direction.FOLIO_TO_ALMA, database, SMALL) as story:
        await agreed(story)
        held = story.target()
        front = story.systems.folio_front
        front.doorman = _never(f"/{story.package('Harbour')}/resources")
        story.edit(TITLES - 1, at_source=True)
        ended = await story.run()
        assert story.target() == held
        assert await _written(database, ended) == [journal(TITLES - 1).title]

        front.doorman = _never(f"/resources/{story.resources(ODD)[0].id}")
        story.edit(ODD, at_source=True)
        story.edit(TITLES - 2, at_source=True)
        ended = await story.run()
        assert await _written(database, ended) == [journal(TITLES - 2).title]
        (odd,) = await parked(database, ended)
        assert "could not deliver" in odd.reason
        assert story.target() == held


@BOTH
async def test_a_system_that_answers_nobody_ends_the_run_early(direction: Direction, database: AsyncEngine) -> None:
    with told(direction, database, plain_library([40, 40])) as story:
        await agreed(story)
        calls: list[str] = []

        def down(method: str, path: str) -> Refusal | None:
            if "authn" in path or (not calls and method == "GET" and path.endswith(("e-collections", "packages"))):
                return None
            calls.append(path)
            return BROKEN

        _source(story).doorman = down
        with pytest.raises(TransientError):
            await story.run()
        assert len(calls) < 80 * QUICK.attempts
        assert (await recent_runs(database, pair=PAIR, limit=1))[0].state is RunState.FAILED


ODD_IDS = ["99²", "..", "5/3", "  ", "a\x00b", "\ud800", "9" * 5000, "?x=1", "a b"]


def _renamed(exchange: Exchange, path: str, key: str, old: str, new: str) -> None:
    if exchange.path.endswith(path) and exchange.status == 200:
        body: dict[str, Any] = json.loads(exchange.body)
        for one in body[key]:
            if one["id"] == old:
                one["id"] = new
        exchange.body = json.dumps(body).encode()


@pytest.mark.parametrize("odd", ODD_IDS, ids=[ascii(one)[:12] for one in ODD_IDS])
@BOTH
async def test_an_id_that_is_none_costs_its_record_only(direction: Direction, odd: str, database: AsyncEngine) -> None:
    with told(direction, database, SMALL) as story:
        await agreed(story)
        held = story.target()
        if story.to_alma:
            path, key, old = f"/{story.package('Harbour')}/resources", "data", story.resources(ODD)[0].id
        else:
            path, key, old = "/portfolios", "portfolio", story.portfolios(ODD)[0]
        story.meddle(lambda exchange: _renamed(exchange, path, key, old, odd), at_source=True)
        story.edit(TITLES - 1, at_source=True)
        ended = await story.run()

        assert story.target() == held
        assert await _written(database, ended) == [journal(TITLES - 1).title]
        assert [one for one in await parked(database, ended) if "no address can hold it" in one.reason]


@pytest.mark.parametrize("odd", ["99²", "9" * 5000, "", "12a"], ids=lambda one: one[:5])
async def test_a_portfolio_whose_bib_is_none_is_parked(odd: str, database: AsyncEngine) -> None:
    with told(Direction.ALMA_TO_FOLIO, database, SMALL) as story:
        await agreed(story)
        held = story.target()
        wanted = story.portfolios(ODD)[0]

        def rename(exchange: Exchange) -> None:
            if exchange.path.endswith(f"/{wanted}"):
                body = json.loads(exchange.body)
                body["resource_metadata"]["mms_id"] = {"value": odd}
                exchange.body = json.dumps(body).encode()

        story.meddle(rename, at_source=True)
        ended = await story.run()
        assert story.target() == held
        (one,) = await parked(database, ended)
        assert one.key == wanted


@BOTH
async def test_an_answer_under_another_id_than_asked_for_is_never_taken(
    direction: Direction, database: AsyncEngine
) -> None:
    with told(direction, database, SMALL) as story:
        await agreed(story)
        held = story.target()
        one, other = (
            (story.resources(ODD)[0].id, story.resources(0)[0].id)
            if story.to_alma
            else (story.portfolios(ODD)[0], story.portfolios(0)[0])
        )
        story.edit(ODD, at_source=True)

        def mix_up(exchange: Exchange) -> None:
            if exchange.method == "GET" and exchange.path.endswith(f"/{one}"):
                exchange.body = exchange.body.replace(one.encode(), other.encode())

        story.meddle(mix_up, at_source=True)
        ended = await story.run()
        assert await changes(database, ended) == []
        (left,) = await parked(database, ended)
        assert (left.key, "answers under another id" in left.reason) == (one, True)
        assert story.target() == held

        story.meddle(None, at_source=True)
        await story.run()
        await story.nothing_more()


LONG = [3000 * "A", 2500 * "Ж", 1500 * "海", 1_000_000 * "x"]


@pytest.mark.parametrize("name", LONG, ids=["latin", "cyrillic", "chinese", "a million letters"])
async def test_a_very_long_title_travels_as_far_as_it_fits(name: str, database: AsyncEngine) -> None:
    bibs = [journal(0, title=name), journal(1)]
    seed = library(bibs, collection("Coast" if len(name) > 10_000 else name, [portfolio(0), portfolio(1)]))
    with practice_systems(seed) as systems:
        ended = await run_migration(database, systems)
        assert ended.result is not None
        assert ended.result.failed == 0
        names = sorted(one.title.name for one in systems.folio.resources())
        assert len(names) == 2
        assert max(map(len, names)) <= 400
        again = await run_migration(database, systems)
        assert again.plan.summary.writes == 0


async def test_numbers_that_are_none_are_stored_and_read(database: AsyncEngine) -> None:
    """NaN, infinity and 2^64 in keys that nobody knows: Python's JSON has them, Postgres does not."""
    with practice_systems(SMALL) as systems:

        def add(exchange: Exchange) -> None:
            if b'"public_name"' in exchange.body or b'"linking_details"' in exchange.body:
                odd = b'{"odd": NaN, "odder": Infinity, "oddest": 18446744073709551616, "half": "\\ud800", '
                exchange.body = exchange.body.replace(b"{", odd, 1)

        systems.alma_front.meddler = add
        ended = await run_migration(database, systems)
        assert ended.plan.summary.create == 2 + 2 * TITLES


async def test_declared_totals_beyond_all_measure_end(database: AsyncEngine) -> None:
    with told(Direction.ALMA_TO_FOLIO, database, SMALL) as story:
        await agreed(story)
        held = story.target()
        asked = 0

        def lie(exchange: Exchange) -> None:
            nonlocal asked
            asked += 1
            for key in (b'"total_record_count": ', b'"total_record_count":'):
                exchange.body = exchange.body.replace(key, key + b"10000000000")

        story.meddle(lie, at_source=True)
        await story.run()
        assert story.target() == held
        assert asked < 1000
