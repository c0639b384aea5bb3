"""A plan's way from draft to applied: what is withheld in it and approved, its fingerprint, and its single use."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec
from sqlalchemy import Text, cast, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from sync.errors import ConfigurationError, GuardError
from sync.model import Kind, System
from sync.plan.approvable import Choice, guards_after
from sync.plan.changes import REMOVALS, Action, Cost, Status
from sync.plan.cost import DailyCalls, Limits, Step, estimate
from sync.settings import Pair
from sync.store.changes import Outcome
from sync.store.choosing import Choosing, CostOf
from sync.store.encoding import encode
from sync.store.plans import PlanInfo, PlanStatus, plan_info
from sync.store.queries import sql
from sync.store.standing import standing
from sync.store.tables import change, link, plan, snapshot

WAITING = (PlanStatus.DRAFT, PlanStatus.APPROVED)
"""Plans that can still be carried out."""

NEW_PLAN = "Make a new plan: alma-folio-sync diff --both (or sync, or migrate)."


async def seal_plan(engine: AsyncEngine, plan_id: int, *, pair: str, configuration: str) -> None:
    """Give a plan the fingerprint of the links and the configuration it was made of, and let it take the older ones'
    place: their readings are gone.
    """
    async with engine.begin() as connection:
        of_it = select(plan.c.takes_back).where(plan.c.id == plan_id)
        takes_back = (await connection.execute(of_it)).scalar_one()
        # what only looks at an undo leaves a run that may be gone on with as it is
        replaced = WAITING if takes_back is not None else (*WAITING, PlanStatus.BEGUN)
        await _supersede_older(connection, plan_id, pair, replaced)
        fingerprint = await _fingerprint(connection, pair, configuration)
        await connection.execute(update(plan).where(plan.c.id == plan_id).values(fingerprint=fingerprint))


async def _supersede_older(
    connection: AsyncConnection, plan_id: int, pair: str, statuses: Sequence[PlanStatus]
) -> None:
    older = update(plan).where(plan.c.pair == pair, plan.c.id < plan_id, plan.c.status.in_(statuses))
    await connection.execute(older.values(status=PlanStatus.SUPERSEDED))


async def begin_applying(engine: AsyncEngine, plan_id: int, *, run_id: int, pair: str, configuration: str) -> None:
    """Take a plan for carrying it out, once and for all.

    Raises:
        GuardError: when it was taken before, a newer one took its place, or links or configuration are others now.
    """
    async with engine.begin() as connection:
        row = (await connection.execute(select(plan).where(plan.c.id == plan_id).with_for_update())).one()
        require_waiting(plan_id, row.status)
        if row.fingerprint != await _fingerprint(connection, pair, configuration):
            raise GuardError(
                f"Guard fingerprint: links or configuration have changed since plan {plan_id} was made.",
                advice=NEW_PLAN,
            )
        await _supersede_older(connection, plan_id, pair, (PlanStatus.BEGUN,))
        values = {"status": PlanStatus.BEGUN, "applied_by": run_id}
        await connection.execute(update(plan).where(plan.c.id == plan_id).values(values))


async def unfinished_plan(engine: AsyncEngine, pair: str, asked: str, within: timedelta) -> PlanInfo | None:
    """Return the plan that an interrupted run left half done, if it is the pair's latest, of the same wish, and made of
    readings that began `within` this time.
    """
    oldest = select(func.min(snapshot.c.started_at)).where(
        snapshot.c.id.in_([plan.c.alma_snapshot, plan.c.folio_snapshot])
    )
    only_looked = plan.c.takes_back.is_not(None) & plan.c.status.in_(WAITING)
    latest = select(func.max(plan.c.id)).where(plan.c.pair == pair, ~only_looked)
    query = select(plan.c.id).where(
        plan.c.id == latest.scalar_subquery(),
        plan.c.status == PlanStatus.BEGUN,
        plan.c.asked == asked,
        oldest.scalar_subquery() > func.now() - within,
    )
    async with engine.connect() as connection:
        plan_id = (await connection.execute(query)).scalar_one_or_none()
    return None if plan_id is None else await plan_info(engine, plan_id)


async def supersede_unfinished(engine: AsyncEngine, pair: str) -> None:
    """Let nobody go on with a plan that was left half done: what it was made of is true no longer."""
    unfinished = update(plan).where(plan.c.pair == pair, plan.c.status == PlanStatus.BEGUN)
    async with engine.begin() as connection:
        await connection.execute(unfinished.values(status=PlanStatus.SUPERSEDED))


async def go_on_applying(engine: AsyncEngine, plan_id: int, *, run_id: int) -> None:
    """Take over a plan that an interrupted run left half done. To be called with the pair's lock held.

    What failed since a system did not answer is tried again, and what was skipped for want of it.

    Raises:
        GuardError: when it is not half done.
    """
    query = update(plan).where(plan.c.id == plan_id, plan.c.status == PlanStatus.BEGUN)
    async with engine.begin() as connection:
        taken = await connection.execute(query.values(applied_by=run_id).returning(plan.c.id))
        if taken.one_or_none() is None:
            raise GuardError(f"Guard single-use: plan {plan_id} is not half done.", advice=NEW_PLAN)
        outcome = cast(change.c.outcome, Text)  # as text: Postgres refuses to take apart an object that holds a NUL
        again = change.c.status.in_([Status.FAILED, Status.SKIPPED]) & or_(
            *(outcome.contains(f'"error":"{error}"') for error in ("transient", "skipped"))
        )
        await connection.execute(
            update(change).where(change.c.plan_id == plan_id, again).values(status=Status.PLANNED, outcome=None)
        )


def require_waiting(plan_id: int, status: str) -> None:
    """Refuse a plan that is carried out already, or was replaced by a newer one.

    Raises:
        GuardError: for any status but draft and approved.
    """
    if status in WAITING:
        return
    words = "was made of readings that newer ones replaced"
    if status != PlanStatus.SUPERSEDED:
        words = f"is {status}, and a plan is carried out once"
    raise GuardError(f"Guard single-use: plan {plan_id} {words}.", advice=NEW_PLAN)


async def _fingerprint(connection: AsyncConnection, pair: str, configuration: str) -> str:
    """Return what changes whenever a link is made or ended, or the configuration is another one."""
    query = select(func.count(), func.count(link.c.closed_at), func.coalesce(func.max(link.c.id), 0))
    row = (await connection.execute(query.where(link.c.pair == pair))).one()
    return f"{configuration}/{row[0]}-{row[1]}-{row[2]}"


async def withhold_in_field(
    engine: AsyncEngine, plan_id: int, *, system: System, kind: Kind, field: str, reason: str
) -> int:
    """Withhold the planned changes of one field; return how many there were."""
    parameters = {
        "plan_id": plan_id,
        "system": system,
        "kind": kind,
        # looked for in the text: Postgres refuses to take apart an object that holds a NUL anywhere
        "field": f'%"field":{encode(field).decode()}%',
        "outcome": _guarded(reason),
    }
    async with engine.begin() as connection:
        result = await connection.execute(sql("withhold_in_field"), parameters)
        return len(result.all())


async def count_under_other_rules(engine: AsyncEngine, plan_id: int, *, pair: str, rules: str) -> int:
    """Return how many planned changes are of records on which both sides agreed under other rules than these."""
    parameters = {"plan_id": plan_id, "pair": pair, "rules": rules}
    async with engine.connect() as connection:
        return int((await connection.execute(sql("count_under_other_rules"), parameters)).scalar_one())


async def withhold_under_other_rules(
    engine: AsyncEngine, plan_id: int, *, pair: str, rules: str, reason: str
) -> dict[tuple[System, Kind], int]:
    """Withhold the planned changes of records agreed on under other rules; return how many, by system and kind."""
    parameters = {"plan_id": plan_id, "pair": pair, "rules": rules, "outcome": _guarded(reason)}
    async with engine.begin() as connection:
        result = await connection.execute(sql("withhold_under_other_rules"), parameters)
        return Counter((System(row.system), Kind(row.kind)) for row in result)


async def withhold_removals(
    engine: AsyncEngine, plan_id: int, system: System, package_key: str, reason: str
) -> Counter[tuple[Kind, Action]]:
    """Withhold the planned removals of a package; return how many, by kind and action."""
    removals = (
        change.c.plan_id == plan_id,
        change.c.system == system,
        change.c.package_key == package_key,
        change.c.action.in_(REMOVALS),
        change.c.status == Status.PLANNED,
    )
    withheld = update(change).where(*removals).values(status=Status.WITHHELD, outcome=json.loads(_guarded(reason)))
    async with engine.begin() as connection:
        rows = await connection.execute(withheld.returning(change.c.kind, change.c.action))
        return Counter((Kind(row.kind), Action(row.action)) for row in rows)


def _guarded(reason: str) -> str:
    advice = (
        "Look at it: alma-folio-sync plan show ID --withheld. To let it through: alma-folio-sync plan approve ID "
        "--guard NAME"
    )
    return encode(Outcome(reason=reason, error="guard", advice=advice)).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What a person's word did to a plan: so many changes that were meant moved, and so many more along with them.

    `left` counts by reason what was meant and nobody can approve.
    """

    plan: PlanInfo
    meant: int = 0
    along: int = 0
    left: Counter[str] = field(default_factory=Counter)


async def approve_plan(engine: AsyncEngine, pair: str, plan_id: int) -> Decided:
    """Approve a plan as it stands: carrying it out asks nobody any longer.

    Raises:
        ConfigurationError: when the pair has no such plan, or its making was interrupted.
        GuardError: when it was carried out already, or a newer one took its place.
    """
    async with engine.begin() as connection:
        await _lock(connection, pair, plan_id)
        await connection.execute(update(plan).where(plan.c.id == plan_id).values(status=PlanStatus.APPROVED))
    return Decided(plan=await plan_info(engine, plan_id))


async def approve_changes(engine: AsyncEngine, pair: str, plan_id: int, choice: Choice, cost_of: CostOf) -> Decided:
    """Plan the withheld changes that are meant, with what they cannot do without, and approve the plan.

    A guard that withholds nothing any longer has not tripped (`sync.plan.approvable`).

    Raises:
        ConfigurationError: as `approve_plan`; when nothing is meant, and when a change or a guard is not there.
        GuardError: as `approve_plan`; when nobody can approve a change that is named, or any that is meant.
    """
    async with engine.begin() as connection:
        await _lock(connection, pair, plan_id)
        info = await plan_info(engine, plan_id)
        _require_guard(info, choice)
        choosing = Choosing(connection=connection, plan=info, choice=choice, to=Status.PLANNED)
        await choosing.approve()
        await choosing.require_all()
        guards = guards_after(info.guards, choosing.before, choosing.after)
        await choosing.store(cost_of, status=PlanStatus.APPROVED, guards=msgspec.to_builtins(guards))
    return await _decided(engine, choosing)


async def withhold_changes(engine: AsyncEngine, pair: str, plan_id: int, choice: Choice, cost_of: CostOf) -> Decided:
    """Withhold the planned changes that are meant, and those that cannot be done or are not needed without them.

    Raises:
        ConfigurationError: as `approve_plan`; when nothing is meant, and when a change is not there.
        GuardError: as `approve_plan`.
    """
    async with engine.begin() as connection:
        await _lock(connection, pair, plan_id)
        choosing = Choosing(
            connection=connection, plan=await plan_info(engine, plan_id), choice=choice, to=Status.WITHHELD
        )
        await choosing.withhold()
        await choosing.require_all()
        await choosing.store(cost_of)
    return await _decided(engine, choosing)


async def _decided(engine: AsyncEngine, choosing: Choosing) -> Decided:
    return Decided(
        plan=await plan_info(engine, choosing.plan.id),
        meant=choosing.meant,
        along=choosing.moved.total() - choosing.meant,
        left=choosing.left,
    )


async def _lock(connection: AsyncConnection, pair: str, plan_id: int) -> None:
    """Keep everybody else from deciding about the plan, and from carrying it out, until this transaction ends."""
    query = select(plan.c.status, plan.c.fingerprint).where(plan.c.id == plan_id, plan.c.pair == pair)
    row = (await connection.execute(query.with_for_update())).one_or_none()
    if row is None:
        raise no_such_plan(pair, plan_id)
    require_waiting(plan_id, row.status)
    if not row.fingerprint:
        raise ConfigurationError(f"The making of plan {plan_id} was interrupted.", advice=NEW_PLAN)


def no_such_plan(pair: str, plan_id: int) -> ConfigurationError:
    """Return the error that a pair has no plan of this number."""
    return ConfigurationError(
        f"There is no plan {plan_id} of the pair {pair!r}.", advice="List them with: alma-folio-sync plans"
    )


def _require_guard(info: PlanInfo, choice: Choice) -> None:
    if choice.knows_guard(info.guards):
        return
    tripped = ", ".join(dict.fromkeys(one.name for one in info.guards if one.tripped)) or "none"
    raise ConfigurationError(
        f"No guard {choice.guard!r} has tripped in plan {info.id}; tripped have: {tripped}.",
        advice=f"What is withheld, and why: alma-folio-sync plan show {info.id} --withheld",
    )


async def costs_today(engine: AsyncEngine, name: str, pair: Pair) -> CostOf:
    """Return what says the cost of so many changes, by the calls that are left of this day."""
    used = {one.system: (one.used, one.reported) for one in (await standing(engine, name, pair.accounts)).calls}
    alma, folio = pair.alma, pair.folio
    in_alma = _left("Alma", 0, alma.daily_reserve, used)
    in_folio = _left("FOLIO", folio.daily_calls, folio.daily_reserve, used)

    def cost_of(kinds: Counter[Step]) -> Cost:
        return estimate(
            kinds,
            alma=Limits(per_second=alma.requests_per_second, daily=in_alma),
            folio=Limits(per_second=folio.requests_per_second, daily=in_folio),
            tags=bool(pair.policy.tags),
        )

    return cost_of


def _left(system: str, a_day: int, reserve: int, used: Mapping[str, tuple[int, int | None]]) -> DailyCalls | None:
    """Return what a day's limit leaves, None where neither the configuration nor the system names one."""
    today, reported = used.get(system, (0, None))
    known = [left for left in (a_day - today if a_day else None, reported) if left is not None]
    if not known:
        return None
    return DailyCalls(left=min(known) - reserve, a_day=(a_day or min(known)) - reserve)
