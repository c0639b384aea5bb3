"""Intents: the row committed before a write, so that a crash can be understood; and what is committed after it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import uuid4

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from sync.errors import LockedError
from sync.model import System
from sync.plan.changes import Change, Status
from sync.plan.writes import Before, IntentState
from sync.store.bases import Agreement, agree
from sync.store.befores import stored_before
from sync.store.changes import Outcome, changes_by_id, set_statuses
from sync.store.group_commit import GroupCommit
from sync.store.links import Closing, Link, add_links, close_links
from sync.store.plans import plan_info
from sync.store.queries import sql
from sync.store.runs import RunState
from sync.store.tables import intent, plan, run

CREATIONS = (
    "create package",
    "create title",
    "add title to package",
    "create collection",
    "create service",
    "create bib",
    "create portfolio",
)
"""The operations that make a record; all others change one."""

Row = dict[str, str | int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOpen:
    """A write of an earlier run whose outcome nobody recorded; `change` is None where its plan is no longer kept.

    `takes_back`: its plan takes another one back.
    """

    id: str
    system: System
    operation: str
    natural_key: str
    change: Change | None
    takes_back: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What is committed in one transaction once a change is done: its intents, links, base, what became of it.

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
    """Writes intents and results of one run. Every method returns only after its row is committed, but for `settle`.

    An answer is committed with the links and the base it leads to, when its change is concluded: until then the intent
    stays open, so that after a crash the record is looked for, and never made a second time.

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
        self._change_of: dict[str, tuple[str, str]] = {}
        self._answered: dict[str, list[Row]] = {}

    async def intend(
        self, change_id: str, system: System, operation: str, natural_key: str, before: Before | None = None
    ) -> str:
        """Store the intent of a write, with the record as it is, and return its id."""
        intent_id = str(uuid4())
        self._change_of[intent_id] = (change_id, operation)
        await self._intents.submit(
            {
                "id": intent_id,
                "run_id": self._run_id,
                "change_id": change_id,
                "system": system,
                "operation": operation,
                "natural_key": natural_key,
                "state": IntentState.OPEN,
                "before": stored_before(before),
            }
        )
        return intent_id

    async def settle(self, intent_id: str, state: IntentState, answer_id: str = "") -> None:
        """Record what became of a write: at once, or with its change where it made or changed something."""
        row: Row = {"id": intent_id, "state": state, "answer_id": answer_id}
        if state in (IntentState.DONE, IntentState.ADOPTED):
            change_id, operation = self._change_of.pop(intent_id)
            self._answered.setdefault(change_id, []).append({**row, "operation": operation})
            return
        await self._settlements.submit(row)
        if state is not IntentState.UNKNOWN:
            self._change_of.pop(intent_id, None)

    def made(self, change_id: str) -> str:
        """Return the id of the record that a change made in this run and was not concluded for, "" without one."""
        rows = [row for row in self._answered.get(change_id, ()) if row.get("operation") in CREATIONS]
        return str(rows[-1]["answer_id"]) if rows else ""

    async def conclude(self, result: Result) -> None:
        """Record what became of a change: status, links and base move together or not at all."""
        await self._results.submit(result)

    async def finish(self) -> None:
        """Return when everything that was asked for is committed, also for those who were cancelled meanwhile.

        What was answered for changes that were not brought to their end is recorded too: it can be gone on with.
        """
        answered = [row for rows in self._answered.values() for row in rows]
        self._answered.clear()
        for row in answered:
            await self._settlements.submit(row)
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
        answers = [row for one in every for row in self._answered.get(one.change_id, ())]
        async with self._engine.begin() as connection:
            await self._still_ours(connection)
            if answers:
                await connection.execute(sql("settle_intent"), answers)
            await add_links(connection, self._pair, self._run_id, [link for one in every for link in one.links])
            agreements = [agreement for one in every for agreement in one.agreements]
            await agree(connection, self._pair, self._run_id, self._rules, agreements)
            await close_links(connection, self._pair, [closing for one in every for closing in one.closings])
            statuses = [(one.change_id, one.status, one.outcome) for one in every]
            await set_statuses(connection, self._plan_id, statuses)
        for one in every:
            self._answered.pop(one.change_id, None)


async def open_intents(engine: AsyncEngine, pair: str) -> tuple[int, float]:
    """Return how many writes of a pair have an unknown outcome, and how many seconds ago the last one was meant."""
    query = select(
        func.count(), func.coalesce(func.extract("epoch", func.now() - func.max(intent.c.made_at)), 0.0)
    ).where(*_left_open(pair))
    async with engine.connect() as connection:
        count, seconds = (await connection.execute(query)).one()
    return int(count), float(seconds)


async def left_open(engine: AsyncEngine, pair: str) -> list[LeftOpen]:
    """Return the writes of a pair whose outcome nobody recorded, in the order in which they were meant."""
    query = (
        select(intent, run.c.plan_id, plan.c.takes_back)
        .join(run, run.c.id == intent.c.run_id)
        .outerjoin(plan, plan.c.id == run.c.plan_id)
        .where(*_left_open(pair))
        .order_by(intent.c.made_at)
    )
    async with engine.connect() as connection:
        rows = (await connection.execute(query)).all()
    found = []
    for row in rows:
        stored = (await changes_by_id(engine, row.plan_id or 0, [row.change_id])).get(row.change_id)
        found.append(
            LeftOpen(
                id=str(row.id),
                system=System(row.system),
                operation=row.operation,
                natural_key=row.natural_key,
                change=stored.change if stored is not None else None,
                takes_back=row.takes_back is not None,
            )
        )
    return found


async def settle_left_open(
    engine: AsyncEngine,
    pair: str,
    run_id: int,
    intent_id: str,
    state: IntentState,
    *,
    answer_id: str = "",
    links: Sequence[Link] = (),
    closings: Sequence[Closing] = (),
) -> None:
    """Record what became of a write of an earlier run, with the links it leads to, in one transaction."""
    async with engine.begin() as connection:
        row = {"id": intent_id, "state": state, "answer_id": answer_id}
        await connection.execute(sql("settle_intent"), row)
        await add_links(connection, pair, run_id, links)
        await close_links(connection, pair, closings)


def _left_open(pair: str) -> tuple[ColumnElement[bool], ...]:
    runs = select(run.c.id).where(run.c.pair == pair)
    return intent.c.run_id.in_(runs), intent.c.state.in_([IntentState.OPEN, IntentState.UNKNOWN])


@dataclass(frozen=True, slots=True)
class Made:
    """What earlier runs of a plan made: the new record's id by change, and the new service's id by collection.

    `since` is the first of these runs: links that it or a later one made are new. `keys` are the natural keys under
    which the records were made, `runs` all of these runs.
    """

    since: int
    records: dict[str, str]
    services: dict[str, str]
    keys: dict[str, str]
    runs: frozenset[int]


async def made_by(
    engine: AsyncEngine, plan_id: int, change_ids: Sequence[str] | None = None, *, made: Sequence[str] | None = None
) -> Made:
    """Return what was made for a plan so far, for these changes of it or for all; or only these ids that were `made`.

    Plans that take the same plan back go on with each other.
    """
    since = (await plan_info(engine, plan_id)).run_id
    undone = select(plan.c.takes_back).where(plan.c.id == plan_id).scalar_subquery()
    same = select(run.c.id).where(
        or_(run.c.plan_id == plan_id, run.c.plan_id.in_(select(plan.c.id).where(plan.c.takes_back == undone)))
    )
    query = select(intent.c.change_id, intent.c.operation, intent.c.natural_key, intent.c.answer_id).where(
        intent.c.run_id.in_(same),
        intent.c.operation.in_(CREATIONS),
        intent.c.answer_id != "",
        intent.c.state.in_([IntentState.DONE, IntentState.ADOPTED]),
    )
    if change_ids is not None:
        query = query.where(intent.c.change_id.in_(change_ids))
    if made is not None:
        query = query.where(intent.c.answer_id.in_(made))
    async with engine.connect() as connection:
        rows = (await connection.execute(query.order_by(intent.c.made_at))).all()
        runs = frozenset((await connection.execute(same)).scalars())
    return Made(
        since=since,
        records={row.change_id: row.answer_id for row in rows},
        services={row.natural_key: row.answer_id for row in rows if row.operation == "create service"},
        keys={row.change_id: row.natural_key for row in rows},
        runs=runs,
    )


async def services_made(engine: AsyncEngine, pair: str) -> frozenset[str]:
    """Return the ids of the services of Alma that runs of the pair have made."""
    async with engine.connect() as connection:
        rows = await connection.execute(sql("services_made"), {"pair": pair})
        return frozenset(row.answer_id for row in rows)
