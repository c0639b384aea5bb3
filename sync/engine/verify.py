"""verify: every write is read back and compared; a server that stored something else is a finding, not a success."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from sync.errors import NotFoundError
from sync.model import Record
from sync.plan.changes import FieldChange
from sync.plan.compare import differences, fields_of

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


def stored_otherwise(desired: Record, stored: Record) -> tuple[FieldChange, ...]:
    """Return the fields that were stored otherwise than meant: before is what was stored, after what was meant."""
    return differences(desired, stored, fields_of(desired))


def finding(otherwise: tuple[FieldChange, ...]) -> str:
    """Return in words what was stored otherwise than meant."""
    parts = [f"{one.field}: meant {one.after!r}, stored {one.before!r}" for one in otherwise[:3]]
    more = f" and {len(otherwise) - 3} more" if len(otherwise) > 3 else ""
    return f"FOLIO stored something else: {'; '.join(parts)}{more}"
