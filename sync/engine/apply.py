"""apply: carry out a plan in order; one record that fails stops no other.

Creations from the top (packages, services, titles, holdings), updates with them, then removals from the bottom
(holdings, services, packages): a package is needed before what it holds, and empty before it can go (design: writing).
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType

import structlog

from sync.engine.application import Application, Batch, Step
from sync.engine.read import Snapshot
from sync.engine.stages import REMOVAL_STAGES, WRITE_STAGES, Stage, Way
from sync.engine.to_alma.hands import alma_hands
from sync.engine.to_alma.undo import UNDO_IN_ALMA
from sync.engine.to_alma.way import TO_ALMA
from sync.engine.to_folio.hands import folio_hands
from sync.engine.to_folio.undo import UNDO_IN_FOLIO
from sync.engine.to_folio.way import TO_FOLIO
from sync.engine.work import Work
from sync.errors import (
    AmbiguousError,
    ChangedSincePlanError,
    ConfigurationError,
    InProgressError,
    LockedError,
    QuotaError,
    StoppedError,
    SyncError,
    TransientError,
)
from sync.model import System
from sync.plan.changes import Change, Status
from sync.plan.direction import Direction
from sync.store.changes import Outcome, changes_of, count_statuses
from sync.store.intents import Journal, Result, made_by
from sync.transport.paging import in_parallel

BATCH = 1000
DRAIN_SECONDS = 20.0
"""How long a run that is stopped waits for the changes under way."""
CHANGES_AT_ONCE = 24
"""More than calls in flight, since each change also waits for the database."""

WAYS: Mapping[System, Way] = MappingProxyType({System.FOLIO: TO_FOLIO, System.ALMA: TO_ALMA})
WAYS_BACK: Mapping[System, Way] = MappingProxyType({System.FOLIO: UNDO_IN_FOLIO, System.ALMA: UNDO_IN_ALMA})
"""How a plan is carried out that takes another one back."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

UNREACHED_IN_A_ROW = 2 * CHANGES_AT_ONCE


async def apply_plan(
    work: Work,
    plan_id: int,
    directions: Sequence[Direction],
    alma: Snapshot,
    folio: Snapshot,
    ways: Mapping[System, Way],
) -> None:
    """Carry out every planned change of a plan; of a two-way plan those to FOLIO first, and all removals at the end.

    A record that fails is recorded with its reason and stops nobody else.

    Raises:
        QuotaError: at the day's reserve; what is left stays planned.
        ConfigurationError: when an account lost its rights meanwhile.
        TransientError: when the target does not answer any longer.
        LockedError: when another run took over.
    """
    journal = Journal(work.database, pair=work.name, run_id=work.run_id, plan_id=plan_id, rules=work.rules)
    already = await made_by(work.database, plan_id)
    to_folio, to_alma = folio_hands(work, journal), await alma_hands(work, journal, alma)
    halves = []
    for direction in directions:
        source, target = (alma, folio) if direction.source is System.ALMA else (folio, alma)
        halves.append(
            Application(
                work=work,
                plan_id=plan_id,
                direction=direction,
                source=source.id,
                source_complete=source.complete,
                target=target.id,
                journal=journal,
                already=already,
                folio=to_folio,
                alma=to_alma,
            )
        )
    applying = asyncio.ensure_future(_apply(halves, ways))
    try:
        await asyncio.shield(applying)
    except asyncio.CancelledError:
        await _drain(applying, halves)
        raise
    finally:
        await journal.finish()


async def _apply(halves: Sequence[Application], ways: Mapping[System, Way]) -> None:
    for stages in (WRITE_STAGES, REMOVAL_STAGES):
        for application in halves:
            await _apply_stages(application, ways[application.direction.target], stages)


async def _drain(applying: asyncio.Future[None], halves: Sequence[Application]) -> None:
    """Begin nothing more, and give what is under way the time to come to its end."""
    for application in halves:
        application.stopped = application.stopped or StoppedError("The run was stopped.")
    try:
        await asyncio.wait([applying], timeout=DRAIN_SECONDS)
    finally:
        applying.cancel()
        with suppress(asyncio.CancelledError, SyncError):
            await applying


async def _apply_stages(application: Application, way: Way, stages: Sequence[Stage]) -> None:
    work, target = application.work, application.direction.target
    planned = await count_statuses(work.database, application.plan_id, system=target)
    for stage in stages:
        total = sum(planned.get((stage.kind, action, Status.PLANNED), 0) for action in stage.actions)
        if total:
            words = f"{stage.words} in {target.label}"
            work.progress.begin(words, total)
            await _apply_stage(application, way, stage, words)
            work.progress.end(words)


async def _apply_stage(application: Application, way: Way, stage: Stage, words: str) -> None:
    application.packages = await way.package_links(application)
    pending: list[Change] = []
    changes = changes_of(
        application.work.database,
        application.plan_id,
        system=application.direction.target,
        kind=stage.kind,
        actions=stage.actions,
        status=Status.PLANNED,
        batch=BATCH,
    )
    async for stored in changes:
        pending.append(stored.change)
        if len(pending) >= BATCH:
            await _apply_batch(application, way, stage, pending, words)
            pending = []
    await _apply_batch(application, way, stage, pending, words)


async def _apply_batch(application: Application, way: Way, stage: Stage, changes: Sequence[Change], words: str) -> None:
    if not changes:
        return
    batch = await way.load(application, changes)
    for step in way.steps(stage):
        changes = await _carry_on(application, batch, changes, step, words)


async def _carry_on(
    application: Application, batch: Batch, changes: Sequence[Change], step: Step, phase: str
) -> list[Change]:
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
        except (ChangedSincePlanError, AmbiguousError) as error:
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
        application.work.progress.advance(phase, done)
    if application.stopped is not None:
        raise application.stopped
    return [change for change in changes if change.id in left]


def _note_unreached(application: Application, error: SyncError) -> None:
    """Stop where the target answers nobody any longer: a plan is not to be failed change by change."""
    silent = isinstance(error, TransientError) and not isinstance(error, InProgressError)
    application.unreached = application.unreached + 1 if silent else 0
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


def _not_done(change: Change, status: Status, error: SyncError) -> Result:
    return Result(
        change_id=change.id,
        status=status,
        outcome=Outcome(reason=error.message, error=error.kind, advice=error.advice),
    )
