"""What adopting a record means that a run made before it could say so."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sync.engine.work import Work
from sync.plan.changes import Change
from sync.store.links import Closing, Link


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """A record that is there after all, and what links it."""

    answer_id: str
    links: tuple[Link, ...] = ()
    closings: tuple[Closing, ...] = ()


Search = Callable[[Work, Change, str], Awaitable[Adopted | None]]
"""Looks for what a change may have made, by the natural key of its write."""
