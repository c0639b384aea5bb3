"""plan: decide every record that the comparison in sets brings up, and store what is to be written, with its cost."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import structlog

from sync.engine.agreements import Agreed, store_agreements
from sync.engine.cases import Case, Scope, holding_cases, package_cases, park, title_cases
from sync.engine.current import Current, current_holding, current_package, current_title
from sync.engine.read import Snapshot
from sync.engine.work import Work
from sync.errors import DataError
from sync.model import Holding, Kind, Package, Record, System, Title
from sync.plan.changes import Action, Change, FieldChange, Guard, Status, Summary, change_id
from sync.plan.compare import differences, fields_of
from sync.plan.cost import DailyCalls, estimate
from sync.store.comparison import Comparison, count_identities
from sync.store.links import Link, written_records
from sync.store.plans import add_changes, begin_plan, drop_needless_titles, finish_plan
from sync.store.runs import note_plan
from sync.store.snapshots import count_records, records
from sync.transport.paging import in_parallel

CURRENT_AT_ONCE = 10

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class Planning:
    """A plan in the making."""

    scope: Scope
    plan_id: int
    next_seq: int = 1
    kinds: Counter[tuple[Kind, Action]] = field(default_factory=Counter)
    summary: Summary = field(default_factory=Summary)


async def plan_alma_to_folio(
    work: Work, alma: Snapshot, folio: Snapshot, package_names: Mapping[str, str], title_names: Mapping[str, str]
) -> int:
    """Store the plan that makes FOLIO's custom packages what Alma's collections are; return its id."""
    plan_id = await begin_plan(
        work.database, run_id=work.run_id, pair=work.name, direction="alma-to-folio", rules=work.rules
    )
    await note_plan(work.database, work.run_id, plan_id)
    scope = Scope(
        work=work,
        comparison=Comparison(pair=work.name, alma=alma.id, folio=folio.id, rules=work.rules),
        folio=folio,
        package_names=package_names,
        title_names=title_names,
    )
    planning = Planning(scope=scope, plan_id=plan_id)
    work.progress.begin("plan", None)
    for cases in (package_cases(scope), title_cases(scope), holding_cases(scope)):
        async for batch in cases:
            await _decide(planning, batch)
            work.progress.advance("plan", len(batch))
    await _finish(planning, alma)
    work.progress.end("plan")
    return plan_id


async def _finish(planning: Planning, alma: Snapshot) -> None:
    work = planning.scope.work
    needless = await drop_needless_titles(work.database, planning.plan_id)
    planning.kinds[Kind.TITLE, Action.CREATE] -= needless
    planning.summary.create -= needless
    totals = await count_identities(work.database, alma.id)
    packages = (await count_records(work.database, alma.id)).get(Kind.PACKAGE, 0)
    decided = planning.summary.writes + planning.summary.withheld + needless + len(planning.scope.parked)
    planning.summary.unchanged = max(0, packages + sum(totals.values()) - decided)
    cost = estimate(
        planning.kinds,
        folio_per_second=work.pair.folio.requests_per_second,
        tags=bool(work.pair.policy.tags),
        daily=_daily_calls(work),
    )
    guards = _guards(planning, alma)
    log.info(
        "planned",
        action="plan.end",
        run_id=work.run_id,
        plan_id=planning.plan_id,
        create=planning.summary.create,
        update=planning.summary.update,
        unchanged=planning.summary.unchanged,
        withheld=planning.summary.withheld,
        parked=len(planning.scope.parked),
    )
    await finish_plan(work.database, planning.plan_id, summary=planning.summary, guards=guards, cost=cost)


def _daily_calls(work: Work) -> DailyCalls | None:
    budget = work.folio.connection.budget
    if budget.remaining is None:
        return None
    a_day = (work.pair.folio.daily_calls or budget.remaining) - budget.reserve
    return DailyCalls(left=budget.remaining - budget.reserve, a_day=a_day)


def _guards(planning: Planning, alma: Snapshot) -> list[Guard]:
    """Absence counts only from a complete reading (design: guards)."""
    folio = planning.scope.folio
    return [
        Guard(
            name="source-complete",
            value=len(alma.extraction.shortfalls),
            limit=0,
            tripped=not alma.complete,
            explanation="; ".join(alma.extraction.shortfalls[:3]),
        ),
        Guard(
            name="target-complete",
            value=len(folio.extraction.shortfalls),
            limit=0,
            tripped=not folio.complete,
            explanation="; ".join(folio.extraction.shortfalls[:3]),
        ),
    ]


async def _decide(planning: Planning, cases: Sequence[Case]) -> None:
    """Turn cases into changes; those whose two sides agree move the base instead."""
    work = planning.scope.work
    linked = [case for case in cases if case.link is not None]
    listed = await records(
        work.database, planning.scope.folio.id, _kind(cases), [case.link.folio_id for case in linked if case.link]
    )
    written = await written_records(
        work.database, work.name, _kind(cases), [key for case in linked for key in list(case.sources)[:1]]
    )

    async def decide(case: Case) -> Change | Agreed | None:
        before = listed.get(case.link.folio_id) if case.link else None
        try:
            return await _decide_one(planning, case, before, written.get(next(iter(case.sources))))
        except DataError as error:
            await park(planning.scope, _kind([case]), min(case.sources), case.name, error)
            return None

    changes: list[Change] = []
    agreed: list[Agreed] = []
    async for outcome in in_parallel(cases, decide, width=CURRENT_AT_ONCE):
        if isinstance(outcome, Change):
            changes.append(outcome)
        elif outcome is not None:
            agreed.append(outcome)
    await store_agreements(work, agreed)
    changes.sort(key=lambda one: (one.package_key, one.name, one.id))
    planning.next_seq = await add_changes(work.database, planning.plan_id, planning.next_seq, changes)
    planning.summary.count(changes)
    planning.kinds.update((one.kind, one.action) for one in changes if one.status is Status.PLANNED)


async def _decide_one(
    planning: Planning, case: Case, listed: Record | None, written: Record | None
) -> Change | Agreed | None:
    """Decide one record: create it, change what differs, or note that both sides agree."""
    desired = _without_stale_statement(case.desired, written)
    current: Current | None = None
    if case.link is not None:
        current = await _current(planning.scope.work, desired, case.link, listed)
    if case.link is None or current is None:
        reason = "only in Alma" if case.link is None else "was in FOLIO, is there no longer"
        return _change(case, desired, Action.CREATE, reason, differences(desired, None, fields_of(desired)))
    found = differences(desired, current.record, fields_of(desired))
    if not found:
        return Agreed(kind=_kind([case]), sources=case.sources, link=case.link, current=current, desired=desired)
    reason = "changed in Alma or in FOLIO since both agreed" if written else "differs from Alma"
    return _change(case, desired, Action.UPDATE, reason, found)


async def _current(work: Work, desired: Record, link: Link, listed: Record | None) -> Current | None:
    if isinstance(desired, Package):
        return await current_package(work, desired, link.folio_id, cast("Package | None", listed))
    if isinstance(desired, Title):
        return await current_title(work, desired, link.folio_id, cast("Title | None", listed))
    return await current_holding(work, cast("Holding", desired), link.folio_id, cast("Holding | None", listed))


def _without_stale_statement(desired: Record, written: Record | None) -> Record:
    """A statement that an earlier run generated goes when nothing is to be stated any longer."""
    if not (isinstance(desired, Holding) and isinstance(written, Holding)):
        return desired
    stale = desired.coverage_statement is None and written.coverage_statement
    return replace(desired, coverage_statement="") if stale else desired


def _change(case: Case, desired: Record, action: Action, reason: str, fields: tuple[FieldChange, ...]) -> Change:
    kind = _kind([case])
    key = case.title_key if kind is Kind.TITLE else min(case.sources)
    withheld = case.withhold and action is Action.CREATE
    return Change(
        id=change_id(System.FOLIO, kind, key),
        system=System.FOLIO,
        kind=kind,
        action=action,
        name=case.name,
        desired=desired,
        source_keys=tuple(sorted(case.sources)),
        package_key=case.package_key,
        package_name=case.package_name,
        title_key=case.title_key,
        target_id=case.link.folio_id if case.link and action is Action.UPDATE else "",
        identifiers=case.identifiers,
        reason=case.withhold if withheld else reason,
        status=Status.WITHHELD if withheld else Status.PLANNED,
        fields=fields,
        losses=case.losses,
    )


def _kind(cases: Sequence[Case]) -> Kind:
    desired = cases[0].desired if cases else None
    return {Package: Kind.PACKAGE, Title: Kind.TITLE}.get(type(desired), Kind.HOLDING)
