"""The daemon: a clock, one worker for each pair that has a schedule, and what is seen from outside.

Runs of different pairs go side by side, one pair's never. SIGTERM lets what is under way come to its end; SIGHUP reads
the configuration anew, and a bad one is refused while the old one stays.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.engine.running import Ended
from sync.errors import BugError, ConfigurationError, SyncError
from sync.service.errands import Errand
from sync.service.watch import Watch
from sync.service.worker import Worker
from sync.settings import Settings
from sync.store.retention import forget
from sync.store.ticks import Tick
from sync.transport.redaction import scrub

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

AWAY_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0)
"""How long is waited for a database that is away, from one attempt to the next."""


@dataclass(slots=True, kw_only=True)
class Daemon:
    """Keeps pairs in step. `load` reads the configuration anew; `watch` sees what happens.

    `wakes` are what each pair's worker waits for, `workers` who works; `forgotten` is when a pair's old runs last went.
    """

    database: AsyncEngine
    settings: Settings
    load: Callable[[], Settings]
    watch: Watch
    clock: AsyncIOScheduler = field(default_factory=lambda: AsyncIOScheduler(timezone=UTC))
    wakes: dict[str, asyncio.Event] = field(default_factory=dict)
    workers: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    forgotten: dict[str, date] = field(default_factory=dict)

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until `stopping` is set; then let what is under way come to its end.

        Raises:
            ConfigurationError: when no pair has a schedule.
        """
        _require_schedules(self.settings)
        self.clock.start()
        self._follow()
        log.info("daemon began", action="daemon.begin", pairs=sorted(self.workers))
        try:
            await stopping.wait()
        finally:
            self.clock.shutdown(wait=False)
            for worker in self.workers.values():
                worker.cancel()
            await asyncio.gather(*self.workers.values(), return_exceptions=True)
            log.info("daemon ended", action="daemon.end")

    def reload(self) -> bool:
        """Read the configuration anew; return whether it was taken. Runs under way end under the old one."""
        try:
            settings = self.load()
            _require_schedules(settings)
            if _where(settings) != _where(self.settings):
                raise ConfigurationError(
                    "The database is another one in the new configuration.", advice="Start the daemon anew for that."
                )
        except SyncError as error:
            log.warning("the new configuration is refused", action="daemon.reload", reason=error.message)
            return False
        self.settings, self.watch.mail = settings, settings.mail
        self._follow()
        log.info("the new configuration is in force", action="daemon.reload", pairs=sorted(self.workers))
        return True

    @property
    def idle(self) -> list[str]:
        """Return the pairs with a schedule that nobody works on."""
        wanted = [name for name, pair in self.settings.pairs.items() if pair.schedule is not None]
        return [name for name in wanted if name not in self.workers or self.workers[name].done()]

    def _follow(self) -> None:
        """Let clock and workers be those of the configuration."""
        self.clock.remove_all_jobs()
        idle = self.idle
        for name, pair in self.settings.pairs.items():
            if pair.schedule is None:
                continue
            wake = self.wakes.setdefault(name, asyncio.Event())
            self.clock.add_job(
                _wake, pair.schedule.trigger(), args=(wake,), id=name, coalesce=True, misfire_grace_time=None
            )
            if name in idle:
                self.workers[name] = asyncio.create_task(self._serve(name), name=f"pair {name}")
            wake.set()

    async def _serve(self, name: str) -> None:
        """Work for one pair, for as long as the configuration has a schedule for it."""
        wake, away, since = self.wakes[name], 0, datetime.now(UTC)
        while (worker := self._worker(name, since)) is not None:
            wake.clear()
            try:
                again = await worker.work()
                await self._forget(name)
            except (DBAPIError, OSError) as error:
                seconds = AWAY_SECONDS[min(away, len(AWAY_SECONDS) - 1)]
                log.warning("the database is away", action="daemon.away", pair=name, error=type(error).__name__)
                away += 1
            except Exception as error:
                seconds = AWAY_SECONDS[-1]
                log.exception("unexpected error; the work is begun again", action="daemon.bug", pair=name)
                await self._tell_bug(name, error)
            else:
                seconds, away = max(0.0, (again - datetime.now(UTC)).total_seconds()), 0
            with suppress(TimeoutError):
                await asyncio.wait_for(wake.wait(), timeout=seconds)

    async def _tell_bug(self, name: str, error: Exception) -> None:
        """Tell of an error that nobody expected; telling it may fail as well, and stops nothing."""
        with suppress(Exception):
            await self.watch.tell(name, None, None, BugError(scrub(f"{type(error).__name__}: {error}")[:500]))

    async def _forget(self, name: str) -> None:
        """Once a day, forget what is older than the configuration wants it kept."""
        today = datetime.now(UTC).date()
        if self.forgotten.get(name) == today:
            return
        gone = await forget(self.database, name, timedelta(days=self.settings.database.keep_days))
        self.forgotten[name] = today
        log.info("forgotten", action="daemon.forget", pair=name, rows=gone.total())

    def _worker(self, name: str, since: datetime) -> Worker | None:
        pair = self.settings.pairs.get(name)
        if pair is None or pair.schedule is None:
            return None
        progress = self.watch.progress(name)

        async def tell(tick: Tick | None, ended: Ended | None, error: SyncError | None) -> None:
            await self.watch.tell(name, tick, ended, error)

        return Worker(
            errand=Errand(database=self.database, name=name, pair=pair, progress=progress),
            schedule=pair.schedule,
            settings=self.settings.daemon,
            tell=tell,
            since=since,
        )


def _where(settings: Settings) -> tuple[object, ...]:
    return settings.database.url, settings.database.data_dir


async def _wake(wake: asyncio.Event) -> None:
    wake.set()


def _require_schedules(settings: Settings) -> None:
    if not any(pair.schedule for pair in settings.pairs.values()):
        raise ConfigurationError(
            "No pair has a schedule: there is nothing for the daemon to do.",
            advice="Give a pair one: [pairs.NAME.schedule] with run and cron; alma-folio-sync init shows an example.",
        )
