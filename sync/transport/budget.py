"""The day's calls to one system, counted against a limit, with a reserve that is never touched.

The day is the UTC day (facts: alma §3b; for EBSCO behind FOLIO the hour of the reset is not documented, and the UTC day
is assumed). Two sources are joined: our own count against the configured limit, and what the server says is left.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from typing import Protocol

from sync.errors import BugError, QuotaError

RESET_TOLERANCE = timedelta(minutes=15)
"""After midnight a server whose clock is behind still reports yesterday's rest; it is believed for this long only."""

TAKEN_AT_ONCE = 25
"""A second's calls at Alma's rate: the ledger is asked once a second."""

CALLS_ON_THEIR_WAY = 10
"""A reported rest this little above our own estimate is older than our latest calls, not good news."""


class BudgetLedger(Protocol):
    """Where the count survives the process. `system` names the account whose calls are counted."""

    async def load(self, system: str, day: date) -> int:
        """Return the calls that all processes took on that UTC day, 0 when none are known."""

    async def take(self, system: str, day: date, calls: int, *, at_most: int | None, reported: int | None) -> bool:
        """Add calls to those taken on that UTC day, unless there would be more than `at_most`; return whether.

        A negative number gives back. `reported` is the rest the server last reported (None: it does not say).
        """


class MemoryLedger:
    """A ledger for one process."""

    def __init__(self) -> None:
        self.days: dict[tuple[str, date], tuple[int, int | None]] = {}

    async def load(self, system: str, day: date) -> int:
        """Return the calls taken on that day."""
        return self.days.get((system, day), (0, None))[0]

    async def take(self, system: str, day: date, calls: int, *, at_most: int | None, reported: int | None) -> bool:
        """Add calls to those taken on that day."""
        taken = await self.load(system, day) + calls
        if at_most is not None and taken > at_most:
            return False
        self.days[(system, day)] = (taken, reported)
        return True


def utc_now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


class Budget:
    """Counts the calls of the UTC day. `daily_limit` None or 0: unknown, only the server's own count is heeded.

    Calls are taken from the ledger some at a time before they are made, and those that were not needed are given back:
    so several processes share a day, and one that dies has counted a few calls too many, never too few.
    """

    def __init__(
        self,
        system: str,
        *,
        daily_limit: int | None,
        reserve: int = 0,
        ledger: BudgetLedger | None = None,
        clock: Callable[[], datetime] = utc_now,
        take_at_once: int = TAKEN_AT_ONCE,
    ) -> None:
        self._system = system
        self._limit = daily_limit or None
        self._reserve = reserve
        self._ledger: BudgetLedger = ledger or MemoryLedger()
        self._clock = clock
        self._take_at_once = take_at_once
        self._day: date | None = None
        self._taken = 0
        self._in_hand = 0
        self._left: int | None = None
        self._left_valid_until: datetime | None = None
        self._lock = asyncio.Lock()

    @property
    def used(self) -> int:
        """Return the calls counted today, by this and other processes."""
        return self._taken - self._in_hand

    @property
    def reserve(self) -> int:
        """Return the calls a day that are never used."""
        return self._reserve

    @property
    def remaining(self) -> int | None:
        """Return the calls left today, the reserve included; None when no limit and no count of the server is known."""
        known = [left for left in (self._left_by_limit(), self._left_by_report()) if left is not None]
        return min(known, default=None)

    def now(self) -> datetime:
        """Return the present moment by the budget's own clock."""
        return self._clock()

    def resumes_at(self) -> datetime:
        """Return when the count starts anew: the next UTC midnight, or shortly after one that the server missed."""
        now = self._clock()
        midnight = datetime.combine(now.astimezone(UTC).date(), time_of_day(), UTC)
        stale_report = self._left_valid_until is not None and self._left_by_report() is not None
        by_limit = self._left_by_limit()
        if stale_report and (by_limit is None or by_limit > self._reserve):
            return midnight + RESET_TOLERANCE
        return midnight + timedelta(days=1)

    async def spend(self, calls: int) -> None:
        """Count the calls before they are made.

        Raises QuotaError, naming when the work can go on, if they would touch the reserve; nothing is counted then.
        """
        if calls < 0:
            raise BugError(f"a call cannot cost {calls}")
        async with self._lock:
            await self._turn_day()
            if calls == 0:
                return
            if not await self._take(calls):
                raise self.used_up()
            self._in_hand -= calls
            if self._left is not None:
                self._left = max(0, self._left - calls)

    def reported_remaining(self, remaining: int) -> None:
        """Take the server's own count of the calls left today (Alma: header X-Exl-Api-Remaining)."""
        own = self._left_by_report()
        if own is not None and own < remaining <= own + CALLS_ON_THEIR_WAY:
            return
        self._believe(max(0, remaining))

    def exhausted(self) -> None:
        """Take note that the server refused a call because the day's calls are used up."""
        self._believe(0)

    def used_up(self) -> QuotaError:
        """Return the error that pauses the work until the count starts anew."""
        resumes = self.resumes_at()
        counts = f"{self.remaining or 0} left, reserve {self._reserve}"
        return QuotaError(
            f"{self._system}: the calls of today are used up to the reserve ({counts}); "
            f"goes on at {resumes:%Y-%m-%d %H:%M} UTC",
            resumes_at=resumes,
        )

    async def flush(self) -> None:
        """Give back what was taken and not used."""
        async with self._lock:
            await self._give_back()

    def _believe(self, left: int) -> None:
        now = self._clock().astimezone(UTC)
        tolerated = datetime.combine(now.date(), time_of_day(), UTC) + RESET_TOLERANCE
        self._left = left
        self._left_valid_until = tolerated if now < tolerated else None

    def _left_by_limit(self) -> int | None:
        return None if self._limit is None else max(0, self._limit - self.used)

    def _left_by_report(self) -> int | None:
        expired = self._left_valid_until is not None and self._clock() >= self._left_valid_until
        return None if expired else self._left

    async def _turn_day(self) -> None:
        today = self._clock().astimezone(UTC).date()
        if today == self._day:
            return
        await self._give_back()
        self._taken = await self._ledger.load(self._system, today)
        if self._day is not None:
            self._left = None
            self._left_valid_until = None
        self._day = today

    async def _take(self, calls: int) -> bool:
        """Have so many calls in hand; return whether the day has them. Others may have taken some meanwhile."""
        if self._day is None:
            return False
        while True:
            left = self.remaining
            if left is not None and left - calls < self._reserve:
                return False
            if self._in_hand >= calls:
                return True
            most = None if self._limit is None else self._limit - self._reserve
            for wanted in dict.fromkeys((max(calls, self._take_at_once), calls - self._in_hand)):
                if await self._ledger.take(self._system, self._day, wanted, at_most=most, reported=self._left):
                    self._taken += wanted
                    self._in_hand += wanted
                    return True
            taken = await self._ledger.load(self._system, self._day)
            if taken == self._taken:
                return False
            self._taken = taken

    async def _give_back(self) -> None:
        if self._day is None:
            return
        rest, self._in_hand = self._in_hand, 0  # first: who is stopped in between counts too many, never too few
        self._taken -= rest
        await self._ledger.take(self._system, self._day, -rest, at_most=None, reported=self._left)
