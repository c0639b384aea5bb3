"""Leases: a run may write until a moment that it puts off again and again, and that passes while its process sleeps.

The pair's lock alone is not enough: the server gives it to another run when our connection ends, and a process that
was frozen meanwhile (a suspended machine, a stopped container) wakes up and does not know. So each run has a lease,
renewed over the very connection that holds the lock, and asked for before each write is sent. A run that comes after
one which did not say that it ended waits until that one's lease is over, unless its process is surely gone.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import structlog
from sqlalchemy import case, func, select, text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from sync.errors import LockedError
from sync.store.tables import run

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

LEASE_SECONDS = 15.0
RENEWALS_A_LEASE = 4

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""On Linux the boot clock, on macOS the monotonic one: both go on while the machine sleeps."""

_LIVE: set[int] = set()
"""The runs of this process that hold a lease."""


def lease_clock() -> float:
    """Return seconds of a clock that goes on while this process, or the whole machine, sleeps."""
    return time.clock_gettime(_CLOCK)


class Lease:
    """The right of a run to write, as long as it can say so over the connection that holds its pair's lock."""

    def __init__(self, connection: AsyncConnection, run_id: int, seconds: float) -> None:
        self.lost = ""
        self._connection = connection
        self._run_id = run_id
        self._seconds = seconds
        self._ends_at = 0.0

    def check(self) -> None:
        """Return while the run may write.

        Raises:
            LockedError: once it may not: for good, whoever asks again.
        """
        if not self.lost and lease_clock() >= self._ends_at:
            self.lost = f"it could not renew its lease for {self._seconds:.0f} seconds (was this machine asleep?)"
        if self.lost:
            raise self.error()

    def error(self) -> LockedError:
        """Return the error of a run that must not write any longer."""
        return LockedError(
            f"Run {self._run_id} stopped, and writes nothing more: {self.lost}.",
            advice="See who works on the pair: alma-folio-sync runs. Then run the same command again.",
        )

    async def renew(self) -> None:
        """Put the end of the lease off, unless another run has taken over or the lock is gone.

        A run that has said that it ended takes no new lease, though it still has its connections to close.
        """
        began = lease_clock()
        until = func.now() + text(f"interval '{self._seconds:.3f} seconds'")
        # a run that comes next marks as stopped what did not say that it ended
        query = update(run).where(run.c.id == self._run_id, run.c.state != "stopped")
        query = query.values(leased_until=case((run.c.state == "running", until)))
        try:
            async with asyncio.timeout(self._seconds):
                renewed = (await self._connection.execute(query)).rowcount
                await self._connection.commit()
        except (SQLAlchemyError, OSError, TimeoutError):
            self.lost = self.lost or "its connection to the database, which held the pair's lock, has ended"
            return
        if not renewed:
            self.lost = self.lost or "another run has taken over"
        elif not self.lost:
            self._ends_at = began + self._seconds

    async def keep(self, over: asyncio.Event, on_lost: Callable[[], object]) -> None:
        """Renew the lease until the run is over, or the lease is lost; then tell."""
        while not self.lost:
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), self._seconds / RENEWALS_A_LEASE)
            if over.is_set():
                return
            with suppress(LockedError):
                self.check()
            if not self.lost:
                await self.renew()
        log.error("the run lost its lease", action="run.lease", run_id=self._run_id, reason=self.lost)
        on_lost()


@asynccontextmanager
async def lease_of(connection: AsyncConnection, run_id: int, *, seconds: float | None = None) -> AsyncIterator[Lease]:
    """Hold a lease for a run that has just begun, renewed over the connection that holds its pair's lock.

    When it is lost, whoever is within this is stopped at once.

    Raises:
        LockedError: when it was lost.
    """
    lease = Lease(connection, run_id, LEASE_SECONDS if seconds is None else seconds)
    _LIVE.add(run_id)
    owner, over = asyncio.current_task(), asyncio.Event()
    keeping: asyncio.Task[None] | None = None
    try:
        await lease.renew()
        if lease.lost:
            raise lease.error()
        keeping = asyncio.create_task(lease.keep(over, lambda: owner.cancel() if owner is not None else None))
        yield lease
    except asyncio.CancelledError:
        if lease.lost and owner is not None:
            owner.uncancel()
            raise lease.error() from None
        raise
    except SQLAlchemyError:
        lease.check()  # what broke the lease broke the other connections too: the run was overtaken, whatever they say
        raise
    finally:
        _LIVE.discard(run_id)
        over.set()  # rather than cancelled in the midst of a statement on the connection that is used after it
        if keeping is not None:
            await asyncio.shield(keeping)


async def lease_left(engine: AsyncEngine, pair: str) -> float:
    """Return for how many seconds an earlier run of the pair may still write, 0.0 when none may."""
    left = func.extract("epoch", run.c.leased_until - func.now())
    query = select(run.c.id, run.c.process, left.label("left")).where(
        run.c.pair == pair, run.c.leased_until > func.now()
    )
    async with engine.connect() as connection:
        rows = (await connection.execute(query)).all()
    return max((float(row.left) for row in rows if not _surely_gone(row.id, row.process)), default=0.0)


def this_process() -> str:
    """Return what tells this process from every other of this machine, "" where the system does not say."""
    return _process(os.getpid())


def _process(pid: int) -> str:
    """Return boot, namespace, number and beginning of a process, "" where there is none of that number."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        namespace = Path("/proc/self/ns/pid").readlink()
        started = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
    return f"{boot} {namespace} {pid} {started}"


def _surely_gone(run_id: int, process: str) -> bool:
    """Return whether a run's process of this machine is no longer there; of other machines nothing is sure."""
    own = this_process()
    if not process or not own or process.split()[:2] != own.split()[:2]:
        return False
    if process == own:
        return run_id not in _LIVE
    return _process(int(process.split()[2])) != process
