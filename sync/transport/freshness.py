"""What is written over a record is made of a reading of it, and goes out soon after that reading or is made anew.

A call may wait: for its turn, for a system that said it is too fast, for the next attempt. Whoever edits the record
meanwhile would be overwritten by a body that is as old as the wait. So such a write is never sent again by itself, nor
sent late: `SendAnewError` tells whoever made its body to read the record again.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

FRESH_SECONDS = 2.0
"""So long after the reading a body may be sent; at slow rates, the time of three calls more."""

_read_at: ContextVar[float | None] = ContextVar("read_at", default=None)


@contextmanager
def made_of_reading(read_at: float) -> Iterator[None]:
    """Within this, writes are made of a reading that was taken at this moment (seconds of the monotonic clock)."""
    token = _read_at.set(read_at)
    try:
        yield
    finally:
        _read_at.reset(token)


def is_made_of_reading() -> bool:
    """Return whether the write at hand is made of a reading."""
    return _read_at.get() is not None


def is_stale(per_second: float) -> bool:
    """Return whether the reading is too old for its write to be sent, at so many calls a second (0: no limit)."""
    read_at = _read_at.get()
    patience = FRESH_SECONDS + (3 / per_second if per_second else 0.0)
    return read_at is not None and time.monotonic() - read_at > patience
