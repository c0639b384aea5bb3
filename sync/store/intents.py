"""Intents: the row committed before a write, so that a crash can be understood; and what is committed after it."""

from dataclasses import dataclass, field
from uuid import uuid4

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from sync.errors import LockedError
from sync.model import System
from sync.plan.changes import Status
from sync.plan.writes import IntentState
from sync.store.bases import Agreement, agree
from sync.store.group_commit import GroupCommit
from sync.store.links import Closing, Link, add_links, close_links
from sync.store.plans import Outcome, set_statuses
from sync.store.queries import sql
from sync.store.runs import RunState
from sync.store.tables import intent, run

Row = dict[str, str | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What is committed in one transaction once a change is done: its links, its base, what became of it.

    `closings` are links that end with it; `also` are changes settled with it.
    """

    change_id: str
    status: Status
    outcome: Outcome = field(default_factory=Outcome)
    links: tuple[Link, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    also: tuple["Result", ...] = ()
    closings: tuple[Closing, ...] = ()


class Journal:
    """Writes intents and results of one run. Every method returns only after its row is committed.

    What several changes ask for at the same moment is committed together, so that a commit's wait is shared.
    """

    def __init__(self, engine: AsyncEngine, *, pair: str, run_id: int, plan_id: int, rules: str) -> None:
        self._engine = engine
        self._pair = pair
        self._run_id = run_id
        self._plan_id = plan_id
        self._rules = rules
        self._intents = GroupCommit(self._store_intents)
        self._settlements = GroupCommit(self._store_settlements)
        self._results = GroupCommit(self._store_results)

    async def intend(self, change_id: str, system: System, operation: str, natural_key: str) -> str:
        """Store the intent of a write and return its id."""
        intent_id = str(uuid4())
        await self._intents.submit(
            {
                "id": intent_id,
                "run_id": self._run_id,
                "change_id": change_id,
                "system": system,
                "operation": operation,
                "natural_key": natural_key,
                "state": IntentState.OPEN,
            }
        )
        return intent_id

    async def settle(self, intent_id: str, state: IntentState, answer_id: str = "") -> None:
        """Record what became of a write."""
        await self._settlements.submit({"id": intent_id, "state": state, "answer_id": answer_id})

    async def conclude(self, result: Result) -> None:
        """Record what became of a change: status, links and base move together or not at all."""
        await self._results.submit(result)

    async def finish(self) -> None:
        """Return when everything that was asked for is committed, also for those who were cancelled meanwhile."""
        for commits in (self._intents, self._settlements, self._results):
            await commits.finish()

    async def _still_ours(self, connection: AsyncConnection) -> None:
        """Keep anybody from taking over the run until this transaction ends.

        Raises:
            LockedError: when another run has taken over: our lock was lost, and what we know may be out of date.
        """
        query = select(run.c.state).where(run.c.id == self._run_id).with_for_update(read=True)
        if (await connection.execute(query)).scalar_one() != RunState.RUNNING:
            raise LockedError(f"Run {self._run_id} was taken over by another run, and writes nothing more.")

    async def _store_intents(self, rows: list[Row]) -> None:
        async with self._engine.begin() as connection:
            await self._still_ours(connection)
            await connection.execute(sql("add_intent"), rows)

    async def _store_settlements(self, rows: list[Row]) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(sql("settle_intent"), rows)

    async def _store_results(self, results: list[Result]) -> None:
        every = [one for result in results for one in (result, *result.also)]
        async with self._engine.begin() as connection:
            await self._still_ours(connection)
            await add_links(connection, self._pair, self._run_id, [link for one in every for link in one.links])
            agreements = [agreement for one in every for agreement in one.agreements]
            await agree(connection, self._pair, self._run_id, self._rules, agreements)
            await close_links(connection, self._pair, [closing for one in every for closing in one.closings])
            statuses = [(one.change_id, one.status, one.outcome) for one in every]
            await set_statuses(connection, self._plan_id, statuses)


async def open_intents(engine: AsyncEngine, pair: str) -> tuple[int, float]:
    """Return how many writes of a pair have an unknown outcome, and how many seconds ago the last one was meant."""
    query = select(
        func.count(), func.coalesce(func.extract("epoch", func.now() - func.max(intent.c.made_at)), 0.0)
    ).where(*_left_open(pair))
    async with engine.connect() as connection:
        count, seconds = (await connection.execute(query)).one()
    return int(count), float(seconds)


async def supersede_intents(engine: AsyncEngine, pair: str, *, before_run: int) -> None:
    """Close the intents that earlier runs left open: the records they were about have been read anew."""
    async with engine.begin() as connection:
        await connection.execute(
            update(intent)
            .where(*_left_open(pair), intent.c.run_id < before_run)
            .values(state=IntentState.SUPERSEDED, settled_at=func.now())
        )


def _left_open(pair: str) -> tuple[ColumnElement[bool], ...]:
    runs = select(run.c.id).where(run.c.pair == pair)
    return intent.c.run_id.in_(runs), intent.c.state.in_([IntentState.OPEN, IntentState.UNKNOWN])


async def services_made(engine: AsyncEngine, pair: str) -> frozenset[str]:
    """Return the ids of the services of Alma that runs of the pair have made."""
    async with engine.connect() as connection:
        rows = await connection.execute(sql("services_made"), {"pair": pair})
        return frozenset(row.answer_id for row in rows)
