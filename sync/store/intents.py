"""Intents: the row committed before a write, so that a crash can be understood; and what is committed after it."""

from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.model import Kind, System
from sync.plan.changes import Status
from sync.plan.writes import IntentState
from sync.store.links import Agreement, Link, add_links, agree, close_links
from sync.store.plans import Outcome, set_status
from sync.store.tables import intent, run

_INSERT = insert(intent).returning(intent.c.id)
_SETTLE = (
    update(intent)
    .where(intent.c.id == bindparam("intent_id"))
    .values(state=bindparam("new_state"), answer_id=bindparam("new_answer_id"), settled_at=func.now())
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What is committed in one transaction once a change is done: its links, its base, what became of it.

    `only_members` names a resource and the portfolios it stands for from now on; `also` are changes settled with it.
    """

    change_id: str
    status: Status
    outcome: Outcome = field(default_factory=Outcome)
    links: tuple[Link, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    also: tuple["Result", ...] = ()
    only_members: tuple[str, tuple[str, ...]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """Writes intents and results of one run. Every method commits before it returns."""

    engine: AsyncEngine
    pair: str
    run_id: int
    plan_id: int
    rules: str

    async def intend(self, change_id: str, system: System, operation: str, natural_key: str) -> int:
        """Store the intent of a write and return its id."""
        values = {
            "run_id": self.run_id,
            "change_id": change_id,
            "system": system,
            "operation": operation,
            "natural_key": natural_key,
            "state": IntentState.OPEN,
        }
        async with self.engine.begin() as connection:
            return int((await connection.execute(_INSERT, values)).scalar_one())

    async def settle(self, intent_id: int, state: IntentState, answer_id: str = "") -> None:
        """Record what became of a write."""
        values = {"intent_id": intent_id, "new_state": state, "new_answer_id": answer_id}
        async with self.engine.begin() as connection:
            await connection.execute(_SETTLE, values)

    async def conclude(self, result: Result) -> None:
        """Record what became of a change: status, links and base move together or not at all."""
        async with self.engine.begin() as connection:
            for one in (result, *result.also):
                await add_links(connection, self.pair, self.run_id, one.links)
                await agree(connection, self.pair, self.run_id, self.rules, one.agreements)
                if one.only_members is not None:
                    folio_id, members = one.only_members
                    await close_links(connection, self.pair, Kind.HOLDING, folio_id, keep=members)
                await set_status(connection, self.plan_id, one.change_id, one.status, one.outcome)


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
