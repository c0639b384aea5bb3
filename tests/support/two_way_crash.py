"""Cycles that die as a killed process does: at any call, before or after its effect, or at any commit; or in which
answers are lost after the effect.
"""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from unittest import mock

from sqlalchemy import Connection, event

from sync.engine import apply
from sync.errors import TransientError
from sync.sandbox.controls import Faults
from tests.support.dying import let_go
from tests.support.practice import Exchange
from tests.support.two_way_world import World

ANSWER_LATE_SECONDS = 0.05


class Death(StrEnum):
    """Where a cycle dies."""

    AT_A_CALL = "at a call"  # its effect is there, its answer is heard by nobody
    BEFORE_A_COMMIT = "before a commit"
    AFTER_A_COMMIT = "after a commit"
    LOST_ANSWERS = "lost answers"  # it lives, and finds out what became of them


@dataclass(frozen=True, slots=True)
class Crash:
    """How a cycle dies, and at which call or commit; of lost answers, how many in two hundred."""

    death: Death
    number: int


class DiedError(Exception):
    """Thrown where a process would be gone."""


def run_dying(world: World, crash: Crash, work: Coroutine[Any, Any, Any]) -> Any | None:
    """Return what a cycle returns, None where it died."""
    if crash.death is Death.LOST_ANSWERS:
        with _losing_answers(world, crash.number / 200), suppress(TransientError):
            return world.run(work)
        return None  # too many were lost to read at all
    with mock.patch.object(apply, "DRAIN_SECONDS", 0):
        ended = world.run(_dying(world, crash, work))
    let_go()
    return ended


async def _dying(world: World, crash: Crash, work: Coroutine[Any, Any, Any]) -> Any | None:
    task = asyncio.ensure_future(work)
    watch = _at_a_call if crash.death is Death.AT_A_CALL else _at_a_commit
    with watch(world, crash, task):
        try:
            return await task
        except (asyncio.CancelledError, DiedError):
            return None


@contextmanager
def _at_a_call(world: World, crash: Crash, task: "asyncio.Future[Any]") -> Iterator[None]:
    calls = 0

    async def kill(exchange: Exchange) -> None:
        nonlocal calls
        calls += 1
        if calls == crash.number:
            world.loop.call_soon_threadsafe(task.cancel)
            await asyncio.sleep(ANSWER_LATE_SECONDS)

    fronts = (world.alma_stage.front, world.folio_stage.front)
    for front in fronts:
        front.meddler = kill
    try:
        yield
    finally:
        for front in fronts:
            front.meddler = None


@contextmanager
def _at_a_commit(world: World, crash: Crash, task: "asyncio.Future[Any]") -> Iterator[None]:
    commits = 0

    def count(connection: Connection) -> None:
        nonlocal commits
        commits += 1
        if commits < crash.number:
            return
        task.cancel()
        if crash.death is Death.BEFORE_A_COMMIT:
            raise DiedError

    event.listen(world.database.sync_engine, "commit", count)
    try:
        yield
    finally:
        event.remove(world.database.sync_engine, "commit", count)


@contextmanager
def _losing_answers(world: World, share: float) -> Iterator[None]:
    for practice in (world.alma, world.folio):
        practice.controls.set_faults(
            Faults(drop_after=share / 2, fail_after=share / 2, seed=world.alma.controls.writes)
        )
    try:
        yield
    finally:
        for practice in (world.alma, world.folio):
            practice.controls.set_faults(Faults())
