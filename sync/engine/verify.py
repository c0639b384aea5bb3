"""verify: every write is read back and compared; a server that stored something else is a finding, not a success."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from sync.errors import DataError, NotFoundError
from sync.model import Record, System
from sync.plan.changes import Change, FieldChange, Status
from sync.plan.compare import differences, fields_of
from sync.store.changes import Outcome
from sync.store.intents import Result

LOOKS = (0.0, 0.1, 0.3, 0.6)
"""Shares of the settling time between two looks at a record that was just written (facts: folio §2.5)."""

T = TypeVar("T")


async def read_back(
    fetch: Callable[[], Awaitable[T]], agrees: Callable[[T], bool], *, settle_seconds: float
) -> T | None:
    """Return the record as the system holds it: as soon as it is what was meant, else as it was at the last look.

    None when it was never there.
    """
    seen: T | None = None
    for share in LOOKS:
        await asyncio.sleep(share * settle_seconds)
        try:
            seen = await fetch()
        except NotFoundError:
            continue
        if agrees(seen):
            return seen
    return seen


def stored_otherwise(desired: Record, stored: Record, system: System = System.FOLIO) -> tuple[FieldChange, ...]:
    """Return the fields that were stored otherwise than meant: before is what was stored, after what was meant."""
    return differences(desired, stored, fields_of(desired, system))


def finding(change: Change, otherwise: tuple[FieldChange, ...], system: System) -> Result:
    """Return the result of a write after which the system holds something else than was meant."""
    parts = [f"{one.field}: meant {one.after!r}, stored {one.before!r}" for one in otherwise[:3]]
    more = f" and {len(otherwise) - 3} more" if len(otherwise) > 3 else ""
    outcome = Outcome(
        reason=f"{system.label} stored something else: {'; '.join(parts)}{more}",
        error="data",
        advice=f"Look the record up in {system.label}; if it is right there, please report this line.",
    )
    return Result(change_id=change.id, status=Status.FAILED, outcome=outcome)


def missing(change: Change, system: System) -> Result:
    """Return the result of a write after which the system does not show the record."""
    words = f"written, but {system.label} does not show it"
    outcome = Outcome(reason=words, error="data", advice=DataError.advice)
    return Result(change_id=change.id, status=Status.FAILED, outcome=outcome)


def skipped(change: Change, reason: str) -> Result:
    """Return the result of a change that could not be tried, for want of something it needs."""
    outcome = Outcome(reason=reason, error="skipped", advice="Mend what that line names, then run the command again.")
    return Result(change_id=change.id, status=Status.SKIPPED, outcome=outcome)
