"""The work on one pair: note what is due, do it when it is time, and put it off when it cannot be done now.

A due run is one row of the table `tick`, whichever daemon saw it first; the daemon that holds the pair's scheduled work
does it. What fails is tried again at growing distances, and then left for a person.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.engine.running import Ended
from sync.errors import BugError, LockedError, QuotaError, SyncError
from sync.service.errands import Errand
from sync.settings import DaemonSettings
from sync.settings.schedules import Schedule
from sync.store.runs import recent_runs
from sync.store.ticks import Tick, TickState, add_tick, end_tick, last_tick, put_off, waiting_tick, work_of

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

LATER = timedelta(seconds=60)
"""When somebody else is at work on the pair, it is tried again after this time."""
CLOCK_TOLERANCE = timedelta(minutes=10)
"""What is due later than so was noted by a clock that was ahead."""
GROWTH = 5
"""Each failure is waited out so many times longer than the one before."""

Tell = Callable[[Tick | None, Ended | None, SyncError | None], Awaitable[None]]
"""Told what a run ended with, or why it failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """Does the scheduled work of one pair, from the moment `since` on; `tell` hears of every run that ended."""

    errand: Errand
    schedule: Schedule
    settings: DaemonSettings
    tell: Tell
    since: datetime

    async def work(self) -> datetime:
        """Do what is due now, if anything is, and return when to look again.

        Raises:
            DBAPIError: when the database is away; what was due stays due.
        """
        now = datetime.now(UTC)
        await note_due(self._database, self._name, self.schedule, now, since=self.since)
        async with work_of(self._database, self._name) as held:
            if not held:
                return now + timedelta(seconds=self.settings.poll_seconds)
            await self._carry_out_approved()
            tick = await waiting_tick(self._database, self._name)
            if tick is not None and tick.begins_at <= datetime.now(UTC):
                await self._carry_out(tick)
                tick = await waiting_tick(self._database, self._name)
        soon = datetime.now(UTC) + timedelta(seconds=self.settings.poll_seconds)
        return min(soon, tick.begins_at) if tick is not None else soon

    @property
    def _database(self) -> AsyncEngine:
        return self.errand.database

    @property
    def _name(self) -> str:
        return self.errand.name

    async def _carry_out_approved(self) -> None:
        try:
            ended = await self.errand.approved()
        except LockedError:
            return
        except SyncError as error:
            log.warning(error.message, action="daemon.approved", pair=self._name, advice=error.advice)
            await self.tell(None, None, error)
        else:
            if ended is not None:
                await self.tell(None, ended, None)

    async def _carry_out(self, tick: Tick) -> None:
        log.info("due", action="daemon.tick", pair=self._name, due_at=tick.due_at, what=tick.what)
        try:
            ended = await self.errand.scheduled(self.schedule)
        except LockedError as error:
            # the latest run is the one that holds the pair, not this tick's
            await self._put_off(tick, datetime.now(UTC) + LATER, tick.attempts, error, run_id=tick.run_id)
        except QuotaError as error:
            await self._pause(tick, error)
        except DBAPIError:
            raise
        except SyncError as error:
            await self._failed(tick, error)
        except Exception as error:
            log.exception("unexpected error", action="daemon.bug", pair=self._name)
            await self._failed(tick, BugError(f"{type(error).__name__}: {error}"))
        else:
            if ended.paused is not None:
                await self._pause(tick, ended.paused)
            else:
                await end_tick(self._database, tick, TickState.DONE, run_id=ended.run_id, message=told(ended))
                await self.tell(tick, ended, None)

    async def _pause(self, tick: Tick, error: QuotaError) -> None:
        """Go on after the quota is renewed; that is no failure."""
        begins_at = self.schedule.allowed(error.resumes_at)
        await self._put_off(tick, begins_at, tick.attempts, error, run_id=await self._last_run())
        await self.tell(tick, None, error)

    async def _failed(self, tick: Tick, error: SyncError) -> None:
        attempts = tick.attempts + 1
        log.warning(error.message, action="daemon.failed", pair=self._name, attempts=attempts, advice=error.advice)
        if attempts >= self.settings.attempts:
            message = f"{error.message} {error.advice}"
            run_id = await self._last_run()
            await end_tick(self._database, tick, TickState.LEFT, run_id=run_id, message=message)
        else:
            wait = timedelta(seconds=self.settings.retry_seconds * GROWTH ** (attempts - 1))
            begins_at = self.schedule.allowed(datetime.now(UTC) + wait)
            await self._put_off(tick, begins_at, attempts, error, run_id=await self._last_run())
        await self.tell(tick, None, error)

    async def _put_off(
        self, tick: Tick, until: datetime, attempts: int, error: SyncError, *, run_id: int | None
    ) -> None:
        await put_off(self._database, tick, until, attempts=attempts, run_id=run_id, message=error.message)

    async def _last_run(self) -> int | None:
        runs = await recent_runs(self._database, pair=self._name, limit=1)
        return runs[0].id if runs else None


async def note_due(database: AsyncEngine, name: str, schedule: Schedule, now: datetime, *, since: datetime) -> None:
    """Store the latest moment at which a run of the pair was due, if nobody has; what was missed is caught up once.

    Of a pair for which nothing was ever due, moments count `since` its daemon began.
    """
    ahead = await last_tick(database, name)
    last = await last_tick(database, name, until=now + CLOCK_TOLERANCE)
    if ahead is not None and ahead.due_at > now + CLOCK_TOLERANCE:
        log.warning(
            "a run is noted as due in the future: a clock was ahead; it keeps nothing from being due",
            action="daemon.clock",
            pair=name,
            due_at=ahead.due_at,
        )
    due = schedule.latest_due(last.due_at if last is not None else since, now)
    if due is not None:
        await add_tick(database, name, due, what=schedule.run, begins_at=schedule.begins(name, due))


def told(ended: Ended) -> str:
    """Return in a line how a run ended."""
    summary, result = ended.plan.summary, ended.result
    parts = [
        (result.verified if result else 0, "changes verified"),
        (result.failed - result.parked if result else 0, "failed"),
        (result.parked if result else 0, "parked"),
        (result.skipped if result else 0, "skipped"),
        (summary.writes if result is None else 0, "changes wait for approval"),
        (summary.withheld, "withheld"),
        (summary.conflict, "in conflict"),
    ]
    return ", ".join(f"{number:,} {words}" for number, words in parts if number) or "nothing to do"
