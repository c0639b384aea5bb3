"""Runs that die as a killed process does: in the midst of a write, with the answer heard by nobody."""

import asyncio
import gc
import warnings
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from sync.engine import apply
from tests.support.practice import Exchange, Meddled

WRITES = ("POST", "PUT", "DELETE")


@contextmanager
def at_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let a run that is cancelled finish nothing of what is under way."""
    with monkeypatch.context() as patched:
        patched.setattr(apply, "DRAIN_SECONDS", 0)
        yield


def let_go() -> None:
    """Let go of the connections that a run left open when it died, without anybody's complaint."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


async def die(
    monkeypatch: pytest.MonkeyPatch,
    front: Meddled,
    run: Coroutine[Any, Any, Any],
    meant: Callable[[Exchange], bool],
) -> None:
    """Let a run die when a system has carried out a write that is `meant`; its answer comes when nobody waits."""
    loop, happened = asyncio.get_running_loop(), False
    task = asyncio.create_task(run)

    async def kill(exchange: Exchange) -> None:
        nonlocal happened
        if not happened and exchange.method in WRITES and exchange.status < 300 and meant(exchange):
            happened = True
            loop.call_soon_threadsafe(task.cancel)
            await asyncio.sleep(0.2)

    front.meddler = kill
    try:
        with at_once(monkeypatch), suppress(asyncio.CancelledError):
            await task
    finally:
        front.meddler = None
    let_go()
    assert happened, "the run ended before it could die"


def nth(number: int, method: str, end: str) -> Callable[[Exchange], bool]:
    """Return what is true of the write of that number with this method, whose path ends so."""
    seen = 0

    def meant(exchange: Exchange) -> bool:
        nonlocal seen
        seen += exchange.method == method and exchange.path.rstrip("/").endswith(end)
        return seen == number

    return meant
