"""apply: carry out a plan, packages first, then titles, then holdings; one record that fails stops no other."""

from collections.abc import Awaitable, Callable, Sequence

import structlog

from sync.engine.application import Application, Batch
from sync.engine.steps import place_holding, write_holding, write_package, write_title
from sync.engine.work import Work
from sync.errors import (
    ChangedSincePlanError,
    ConfigurationError,
    LockedError,
    QuotaError,
    SyncError,
    TransientError,
)
from sync.folio.loader import FolioLoader
from sync.folio.sending import Sender
from sync.model import Kind, System
from sync.plan.changes import Change, Status, change_id
from sync.store.comparison import source_records
from sync.store.intents import Journal, Result
from sync.store.links import links, package_links
from sync.store.plans import Outcome, changes_by_id, changes_of, count_statuses, planned_places
from sync.store.snapshots import snapshot_info
from sync.transport.paging import in_parallel

BATCH = 1000
CHANGES_AT_ONCE = 24
"""More than calls in flight, since each change also waits for the database."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

UNREACHED_IN_A_ROW = 2 * CHANGES_AT_ONCE

ORDER = (Kind.PACKAGE, Kind.TITLE, Kind.HOLDING)


async def apply_plan(work: Work, plan_id: int, alma_snapshot: int) -> None:
    """Carry out every planned change of a plan.

    A record that fails is recorded with its reason and stops nobody else.

    Raises:
        QuotaError: at the day's reserve; what is left stays planned.
        ConfigurationError: when an account lost its rights meanwhile.
        TransientError: when FOLIO does not answer any longer.
        LockedError: when another run took over.
    """
    journal = Journal(work.database, pair=work.name, run_id=work.run_id, plan_id=plan_id, rules=work.rules)
    loader = FolioLoader(
        client=work.folio,
        sender=Sender(log=journal, settle_seconds=work.pair.folio.settle_seconds),
        tags=work.pair.policy.tags,
    )
    application = Application(
        work=work,
        plan_id=plan_id,
        alma_snapshot=alma_snapshot,
        alma_complete=(await snapshot_info(work.database, alma_snapshot)).complete,
        journal=journal,
        loader=loader,
    )
    try:
        await _apply_all(application)
    finally:
        await journal.finish()


async def _apply_all(application: Application) -> None:
    work = application.work
    planned = await count_statuses(work.database, application.plan_id)
    for kind in ORDER:
        total = planned.get((kind, Status.PLANNED), 0)
        if total:
            work.progress.begin(f"write {kind}s", total)
            await _apply_kind(application, kind)
            work.progress.end(f"write {kind}s")


async def _apply_kind(application: Application, kind: Kind) -> None:
    application.packages = await package_links(application.work.database, application.work.name)
    pending: list[Change] = []
    changes = changes_of(application.work.database, application.plan_id, kind=kind, status=Status.PLANNED, batch=BATCH)
    async for stored in changes:
        pending.append(stored.change)
        if len(pending) >= BATCH:
            await _apply_batch(application, pending)
            pending = []
    await _apply_batch(application, pending)


Step = Callable[[Application, Batch, Change], Awaitable[Result | None]]

STEPS: dict[Kind, tuple[Step, ...]] = {
    Kind.PACKAGE: (write_package,),
    Kind.TITLE: (write_title,),
    Kind.HOLDING: (place_holding, write_holding),
}


async def _apply_batch(application: Application, changes: Sequence[Change]) -> None:
    if not changes:
        return
    batch = await _load(application, changes)
    for step in STEPS[changes[0].kind]:
        changes = await _carry_on(application, batch, changes, step)


async def _carry_on(application: Application, batch: Batch, changes: Sequence[Change], step: Step) -> list[Change]:
    """Take each change one step further; return those that need another one."""
    left: dict[str, Change] = {}

    async def carry(change: Change) -> int:
        if application.stopped is not None:
            return 0
        try:
            result = await step(application, batch, change)
        except (QuotaError, ConfigurationError, LockedError) as error:
            # what is under way is brought to its end, so that it is known how it ended
            application.stopped = application.stopped or error
            return 0
        except ChangedSincePlanError as error:
            result = _not_done(change, Status.SKIPPED, error)
        except SyncError as error:
            result = _not_done(change, Status.FAILED, error)
            _note_unreached(application, error)
        else:
            application.unreached = 0
        if result is None:
            left[change.id] = change
            return 0
        await application.journal.conclude(result)
        _tell(application, change, result)
        return 1

    async for done in in_parallel(changes, carry, width=CHANGES_AT_ONCE):
        application.work.progress.advance(f"write {changes[0].kind}s", done)
    if application.stopped is not None:
        raise application.stopped
    return [change for change in changes if change.id in left]


def _note_unreached(application: Application, error: SyncError) -> None:
    """Stop where FOLIO answers nobody any longer: a plan is not to be failed change by change."""
    application.unreached = application.unreached + 1 if isinstance(error, TransientError) else 0
    if application.unreached >= UNREACHED_IN_A_ROW:
        application.stopped = application.stopped or error


def _tell(application: Application, change: Change, result: Result) -> None:
    tell = log.debug if result.status in (Status.VERIFIED, Status.APPLIED) else log.warning
    tell(
        result.outcome.reason or str(result.status),
        action="apply.change",
        run_id=application.work.run_id,
        change_id=change.id,
        change=change.action,
        status=result.status,
        error=result.outcome.error,
    )


async def _load(application: Application, changes: Sequence[Change]) -> Batch:
    database, kind = application.work.database, changes[0].kind
    keys = [key for change in changes for key in change.source_keys]
    sources = await source_records(database, application.alma_snapshot, kind, keys)
    title_keys = sorted({change.title_key for change in changes})
    if kind is not Kind.HOLDING:
        places = await planned_places(database, application.plan_id, title_keys) if kind is Kind.TITLE else {}
        return Batch(sources=sources, titles={}, title_changes={}, title_sources={}, places=places)
    title_ids = [change_id(System.FOLIO, Kind.TITLE, key) for key in title_keys]
    title_changes = await changes_by_id(database, application.plan_id, title_ids)
    all_keys = sorted({key for one in title_changes.values() for key in one.change.source_keys})
    return Batch(
        sources=sources,
        titles=await links(database, application.work.name, Kind.TITLE, title_keys),
        title_changes=title_changes,
        title_sources=await source_records(database, application.alma_snapshot, Kind.TITLE, all_keys),
        places={},
    )


def _not_done(change: Change, status: Status, error: SyncError) -> Result:
    return Result(
        change_id=change.id,
        status=status,
        outcome=Outcome(reason=error.message, error=error.kind, advice=error.advice),
    )
