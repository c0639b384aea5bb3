"""What Prometheus reads of the daemon: what this process did, and where each pair stands by the database."""

from collections.abc import Mapping
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.engine.running import Ended
from sync.errors import error_kinds
from sync.settings import Pair
from sync.store.plans import waiting_plan
from sync.store.standing import Standing, first_run_of, last_in_step, standing
from sync.store.ticks import is_left
from sync.transport.connection import totals

PREFIX = "alma_folio_sync"
RUN_OUTCOMES = ("done", "paused", *(kind for kind in error_kinds() if kind != "quota"))
"""How a run can end; where it could not be done, by the kind of its error. Used-up calls are a pause."""
RECORD_OUTCOMES = ("verified", "failed", "parked", "skipped", "withheld", "conflict")
"""What becomes of records."""


class Metrics:
    """The numbers of one daemon, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._runs = self._counter("runs", "Scheduled runs by how they ended.", "pair", "outcome")
        self._records = self._counter("records", "Records by what became of them.", "pair", "outcome")
        self._phases = self._counter("phase_seconds", "Seconds spent in each phase of runs.", "pair", "phase")
        self._calls = self._gauge("calls", "Calls to a system since the daemon began.", "system", "sort")
        self._today = self._gauge("calls_today", "Calls of the day, all processes together.", "pair", "system")
        self._left = self._gauge("calls_left_today", "Calls the system says are left today.", "pair", "system")
        self._conflicts = self._gauge("open_conflicts", "Conflicts that wait for a decision.", "pair")
        self._waiting = self._gauge("waiting_changes", "Changes of a plan that wait for a person.", "pair")
        self._intents = self._gauge("open_intents", "Writes whose outcome is not known.", "pair")
        self._person = self._gauge("left_for_a_person", "1 where the latest run failed until it was left.", "pair")
        self._age = self._gauge("in_step_age_seconds", "Seconds since a pair was last in step, or began.", "pair")

    def _counter(self, name: str, words: str, *labels: str) -> Counter:
        return Counter(f"{PREFIX}_{name}", words, labels, registry=self.registry)

    def _gauge(self, name: str, words: str, *labels: str) -> Gauge:
        return Gauge(f"{PREFIX}_{name}", words, labels, registry=self.registry)

    def ended(self, pair: str, ended: Ended) -> None:
        """Count a run that ended, and its records."""
        self._runs.labels(pair, "paused" if ended.paused else "done").inc()
        summary, result = ended.plan.summary, ended.result
        numbers = {
            "verified": result.verified if result else 0,
            "failed": result.failed - result.parked if result else 0,
            "parked": ended.parked,
            "skipped": result.skipped if result else 0,
            "withheld": summary.withheld,
            "conflict": summary.conflict,
        }
        for outcome in RECORD_OUTCOMES:
            self._records.labels(pair, outcome).inc(numbers[outcome])

    def failed(self, pair: str, kind: str) -> None:
        """Count a run that could not be done."""
        self._runs.labels(pair, "paused" if kind == "quota" else kind).inc()

    def phase(self, pair: str, name: str, seconds: float) -> None:
        """Count the seconds of a phase."""
        self._phases.labels(pair, name).inc(seconds)

    async def text(self, database: AsyncEngine, pairs: Mapping[str, Pair]) -> bytes:
        """Return everything in Prometheus's text form.

        Raises:
            DBAPIError: when the database is away.
        """
        found = [(name, pair, await self._of_pair(database, name, pair)) for name, pair in pairs.items()]
        # from here on nothing is waited for, else another scrape would find the numbers half set
        for system, counts in totals().items():
            for sort, number in counts.items():
                self._calls.labels(system, sort).set(number)
        # what is not set below is no longer known: a pair that went, the calls of yesterday
        for gauge in (self._conflicts, self._waiting, self._intents, self._today, self._left, self._person, self._age):
            gauge.clear()
        for name, pair, (now, waiting, left, agreed) in found:
            self._begin_at_zero(name)
            self._conflicts.labels(name).set(now.open_conflicts)
            self._waiting.labels(name).set(waiting)
            self._intents.labels(name).set(now.open_writes)
            for one in now.calls:
                self._today.labels(name, one.system).set(one.used)
                if one.reported is not None:
                    self._left.labels(name, one.system).set(one.reported)
            if pair.schedule is not None:
                self._person.labels(name).set(left)
            if agreed is not None:
                self._age.labels(name).set((datetime.now(UTC) - agreed).total_seconds())
        return generate_latest(self.registry)

    async def _of_pair(
        self, database: AsyncEngine, name: str, pair: Pair
    ) -> tuple[Standing, int, bool, datetime | None]:
        now = await standing(database, name, pair.accounts)
        plan = await waiting_plan(database, name)
        waiting = plan.summary.withheld + plan.summary.writes if plan is not None else 0
        agreed = await last_in_step(database, name) or await first_run_of(database, name)
        return now, waiting, await is_left(database, name), agreed

    def _begin_at_zero(self, pair: str) -> None:
        """Show every counter of a pair from the beginning: Prometheus sees no growth in one that begins at 1."""
        for outcome in RUN_OUTCOMES:
            self._runs.labels(pair, outcome)
        for outcome in RECORD_OUTCOMES:
            self._records.labels(pair, outcome)
