"""plan: decide every record that the comparison in sets brings up, and store what is to be written, with its cost."""

from dataclasses import dataclass

import structlog

from sync.engine.guards import judge_plan
from sync.engine.planning import Matched, Planning, Tally, cost_now, taken_back_guard
from sync.engine.read import Snapshot
from sync.engine.removals import plan_removals
from sync.engine.settle import Doubts
from sync.engine.to_alma.decide import decide_for_alma
from sync.engine.to_folio.decide import decide_for_folio
from sync.engine.work import Work, configuration_of
from sync.model import Kind, System
from sync.plan.changes import REMOVALS, Action, Guard
from sync.plan.direction import BOTH_WAYS, Direction, directions_of
from sync.plan.guards import RemovalLimits
from sync.settings import Policy
from sync.store.bases import has_agreed
from sync.store.changes import count_statuses, drop_needless_titles
from sync.store.comparison import count_identities
from sync.store.conflicts import close_conflicts
from sync.store.links import close_gone_links, taken_back
from sync.store.plans import begin_plan, finish_plan
from sync.store.runs import note_plan
from sync.store.snapshots import count_records
from sync.store.standing import count_agreeing

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a run is to plan: which way (None: both), and whether what is gone is removed, within which limits."""

    direction: Direction | None = Direction.ALMA_TO_FOLIO
    removals: RemovalLimits | None = None

    @classmethod
    def both(cls, policy: Policy, *, approved: int | None = None) -> "Wanted":
        """Return a two-way plan, with removals within the limits of a policy, or up to an approved number."""
        return cls(direction=None, removals=policy.removal_limits(approved))

    @property
    def way(self) -> str:
        """Return which way the plan goes, as it is stored."""
        return BOTH_WAYS if self.direction is None else self.direction

    @property
    def directions(self) -> tuple[Direction, ...]:
        """Return the directions that are planned, in their order."""
        return directions_of(self.way)

    def under(self, configuration: str) -> str:
        """Return what stands for this wish under a configuration: the same wish gives the same text."""
        limits = self.removals
        removals = "none" if limits is None else f"{limits.number}/{limits.percent}/{limits.approved}"
        return f"{configuration}/{self.way}/{removals}"

    def writes_to(self, system: System) -> bool:
        """Return whether the plan may write to a system."""
        return any(direction.target is system for direction in self.directions)


async def make_plan(
    work: Work, wanted: Wanted, alma: Snapshot, folio: Snapshot, matched: Matched, *, dry_run: bool, doubts: Doubts
) -> int:
    """Store the plan that makes the target what the source is, or each side what the other changed; return its id."""
    database = work.database
    plan_id = await begin_plan(
        database,
        run_id=work.run_id,
        pair=work.name,
        direction=wanted.way,
        rules=work.rules,
        asked=wanted.under(configuration_of(work.pair)),
        alma=alma.id,
        folio=folio.id,
    )
    await note_plan(database, work.run_id, plan_id)
    tally = Tally()
    apart = await taken_back(database, work.name)
    halves = [
        Planning(
            work=work,
            direction=direction,
            plan_id=plan_id,
            alma=alma,
            folio=folio,
            both_ways=wanted.direction is None,
            dry_run=dry_run,
            doubts=doubts,
            apart=apart,
            tally=tally,
        )
        for direction in wanted.directions
    ]
    # before they agreed for the first time, absence says nothing
    may_remove = wanted.direction is not None or await has_agreed(database, work.name)
    work.progress.begin("plan", None)
    for planning in halves:
        decide = decide_for_folio if planning.direction is Direction.ALMA_TO_FOLIO else decide_for_alma
        await decide(planning, matched)
    for planning in halves if may_remove else ():
        await plan_removals(planning, wanted.removals)
    if wanted.direction is None and alma.complete and folio.complete:
        await close_gone_links(database, work.name, work.run_id, alma=alma.id, folio=folio.id)
        await close_conflicts(database, work.name, work.run_id)
    await _finish(halves)
    work.progress.end("plan")
    return plan_id


async def _finish(halves: list[Planning]) -> None:
    planning, work, tally = halves[0], halves[0].work, halves[0].tally
    needless, waiting = await drop_needless_titles(work.database, planning.plan_id)
    for system, number in (*needless.items(), *waiting.items()):
        tally.kinds[system, Kind.TITLE, Action.CREATE] -= number
        tally.summary.create -= number
    tally.summary.withheld += sum(waiting.values())
    guards = [*_reading_guards(halves), *tally.guards, *await judge_plan(halves), *taken_back_guard(tally)]
    tally.summary.unchanged = max(0, await _unchanged(planning, sum(needless.values())))
    summary = tally.summary
    log.info(
        "planned",
        action="plan.end",
        run_id=work.run_id,
        plan_id=planning.plan_id,
        create=summary.create,
        update=summary.update,
        remove=summary.remove,
        unchanged=summary.unchanged,
        conflict=summary.conflict,
        withheld=summary.withheld,
        parked=len(tally.parked),
    )
    await finish_plan(work.database, planning.plan_id, summary=summary, guards=guards, cost=cost_now(work, tally.kinds))


async def _unchanged(planning: Planning, needless: int) -> int:
    """Return how many records were compared and need nothing: linked pairs, or records of the one source."""
    database = planning.work.database
    if planning.both_ways:
        return await count_agreeing(
            database, planning.comparison, run_id=planning.work.run_id, plan_id=planning.plan_id
        )
    return await _source_records(planning) - await _decided(planning, needless)


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
    return changes + needless + len(planning.tally.parked)


def _reading_guards(halves: list[Planning]) -> list[Guard]:
    """Absence counts only from a complete reading (design: guards)."""
    planning = halves[0]
    names = (
        (("alma-complete", planning.alma), ("folio-complete", planning.folio))
        if planning.both_ways
        else (("source-complete", planning.source), ("target-complete", planning.target))
    )
    return [
        Guard(
            name=name,
            value=len(snapshot.extraction.shortfalls),
            limit=0,
            tripped=not snapshot.complete,
            explanation="; ".join(snapshot.extraction.shortfalls[:3]),
        )
        for name, snapshot in names
    ]
