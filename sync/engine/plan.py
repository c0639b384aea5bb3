"""plan: decide every record that the comparison in sets brings up, and store what is to be written, with its cost."""

from dataclasses import dataclass

import structlog

from sync.engine.planning import Matched, Planning
from sync.engine.read import Snapshot
from sync.engine.removals import plan_removals
from sync.engine.to_alma.decide import decide_for_alma
from sync.engine.to_folio.decide import decide_for_folio
from sync.engine.work import Work
from sync.model import Kind, System
from sync.plan.changes import REMOVALS, Action, Guard
from sync.plan.cost import DailyCalls, Limits, estimate
from sync.plan.direction import Direction
from sync.plan.guards import RemovalLimits
from sync.store.comparison import count_identities
from sync.store.plans import begin_plan, count_statuses, drop_needless_titles, finish_plan
from sync.store.runs import note_plan
from sync.store.snapshots import count_records
from sync.transport.budget import Budget

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a run is to plan: which way, and whether what is gone at the source is removed, within which limits."""

    direction: Direction = Direction.ALMA_TO_FOLIO
    removals: RemovalLimits | None = None


async def make_plan(work: Work, wanted: Wanted, alma: Snapshot, folio: Snapshot, matched: Matched) -> int:
    """Store the plan that makes the target what the source is; return its id."""
    direction = wanted.direction
    plan_id = await begin_plan(work.database, run_id=work.run_id, pair=work.name, direction=direction, rules=work.rules)
    await note_plan(work.database, work.run_id, plan_id)
    planning = Planning(work=work, direction=direction, plan_id=plan_id, alma=alma, folio=folio)
    work.progress.begin("plan", None)
    if direction is Direction.ALMA_TO_FOLIO:
        await decide_for_folio(planning, matched)
    else:
        await decide_for_alma(planning, matched)
    await plan_removals(planning, wanted.removals)
    await _finish(planning)
    work.progress.end("plan")
    return plan_id


async def _finish(planning: Planning) -> None:
    work = planning.work
    needless = await drop_needless_titles(work.database, planning.plan_id)
    planning.kinds[planning.direction.target, Kind.TITLE, Action.CREATE] -= needless
    planning.summary.create -= needless
    planning.summary.unchanged = max(0, await _source_records(planning) - await _decided(planning, needless))
    folio, alma = work.pair.folio, work.pair.alma
    cost = estimate(
        planning.kinds,
        alma=Limits(per_second=alma.requests_per_second, daily=_daily(work.alma.connection.budget, None)),
        folio=Limits(
            per_second=folio.requests_per_second, daily=_daily(work.folio.connection.budget, folio.daily_calls)
        ),
        tags=bool(work.pair.policy.tags),
    )
    guards = [*_reading_guards(planning), *planning.guards]
    log.info(
        "planned",
        action="plan.end",
        run_id=work.run_id,
        plan_id=planning.plan_id,
        create=planning.summary.create,
        update=planning.summary.update,
        remove=planning.summary.remove,
        unchanged=planning.summary.unchanged,
        withheld=planning.summary.withheld,
        parked=len(planning.parked),
    )
    await finish_plan(work.database, planning.plan_id, summary=planning.summary, guards=guards, cost=cost)


async def _source_records(planning: Planning) -> int:
    """Return how many records of the source were compared: packages, titles and holdings, each counted once."""
    counted = await count_records(planning.work.database, planning.source.id)
    if planning.direction.source is System.ALMA:
        totals = await count_identities(planning.work.database, planning.alma.id)
        return counted.get(Kind.PACKAGE, 0) + sum(totals.values())
    return sum(counted.get(kind, 0) for kind in (Kind.PACKAGE, Kind.TITLE, Kind.HOLDING))


async def _decided(planning: Planning, needless: int) -> int:
    """Return for how many records of the source something was decided, parked ones among them."""
    counts = await count_statuses(planning.work.database, planning.plan_id)
    # services are no records of the source, and what is to be removed is none either
    changes = sum(
        number for (kind, action, _), number in counts.items() if kind is not Kind.SERVICE and action not in REMOVALS
    )
    return changes + needless + len(planning.parked)


def _daily(budget: Budget, a_day: int | None) -> DailyCalls | None:
    if budget.remaining is None:
        return None
    return DailyCalls(left=budget.remaining - budget.reserve, a_day=(a_day or budget.remaining) - budget.reserve)


def _reading_guards(planning: Planning) -> list[Guard]:
    """Absence counts only from a complete reading (design: guards)."""
    return [
        Guard(
            name=name,
            value=len(snapshot.extraction.shortfalls),
            limit=0,
            tripped=not snapshot.complete,
            explanation="; ".join(snapshot.extraction.shortfalls[:3]),
        )
        for name, snapshot in (("source-complete", planning.source), ("target-complete", planning.target))
    ]
