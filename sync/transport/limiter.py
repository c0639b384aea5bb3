"""A smooth rate limit for the calls to one system.

Generic cell rate algorithm with room for one call: calls leave one by one, evenly spaced, in the order they asked.
A window counter would permit bursts, and a server that counts over a sliding second refuses those (facts: tech §5:
0 of 504 calls refused at 24.5 a second, 3.7 % at 25).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sync.errors import BugError

SHARE_USED = 0.98
"""The nominal rate as a share of the permitted one; the rest absorbs the jitter of the network."""

CATCH_UP_SECONDS = 0.003
"""How late a timer may wake without losing the slot. Below 2 % of a second: no sliding second holds too many."""

LOWERED_TO = 0.7
LOWEST_SHARE = 0.1
RECOVERY_PER_SECOND = 0.01
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
CALM_SECONDS = 10.0


@dataclass(slots=True, kw_only=True)
class LimiterStatistics:
    """What the limiter did: calls let through, how many had to wait and how long in all (seconds), refusals met."""

    acquired: int = 0
    waits: int = 0
    waited_seconds: float = 0.0
    refusals: int = 0


class Limiter:
    """Lets calls leave at 98 % of `requests_per_second`; 0 is no limit.

    Raises BugError for a negative rate.
    """

    def __init__(
        self,
        requests_per_second: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        if requests_per_second < 0:
            raise BugError(f"a rate limit cannot be negative: {requests_per_second}")
        self.statistics = LimiterStatistics()
        self._nominal = requests_per_second * SHARE_USED
        self._clock = clock
        self._sleep = sleep
        self._turn = asyncio.Lock()
        self._next_slot = clock()
        self._paused_until = self._next_slot
        self._lowered_to = self._nominal
        self._refusals_in_a_row = 0

    @property
    def rate(self) -> float:
        """Return the calls per second let through now: less than nominal for a while after a refusal; 0: no limit."""
        calm = max(0.0, self._clock() - self._paused_until)
        return min(self._nominal, self._lowered_to + self._nominal * RECOVERY_PER_SECOND * calm)

    async def acquire(self) -> float:
        """Wait for the next slot and return the seconds waited. First come, first served."""
        asked = self._clock()
        async with self._turn:
            while (now := self._clock()) < (due := max(self._next_slot, self._paused_until)):
                await self._sleep(due - now)
            if self._nominal:
                self._next_slot = max(self._next_slot, now - CATCH_UP_SECONDS) + 1 / self.rate
        waited = max(0.0, now - asked)
        self.statistics.acquired += 1
        if waited > 0.001:
            self.statistics.waits += 1
            self.statistics.waited_seconds += waited
        return waited

    def refused(self, retry_after: float | None) -> None:
        """Take note of a refusal (429): no call leaves before the pause is over, and the rate is lowered.

        `retry_after` is the pause the server asked for, in seconds, honoured in full; None: one second, doubled up to
        half a minute while refusals go on. The rate then recovers by one percent of the nominal rate per second.
        Refusals of calls that were already on their way when a pause began lower the rate only once.
        """
        self.statistics.refusals += 1
        now = self._clock()
        pausing = now < self._paused_until
        if pausing and retry_after is None:
            return
        if not pausing:
            calm = now - self._paused_until > CALM_SECONDS
            self._refusals_in_a_row = 0 if calm else self._refusals_in_a_row + 1
            self._lowered_to = max(self._nominal * LOWEST_SHARE, self.rate * LOWERED_TO)
        pause = self._own_pause() if retry_after is None else max(0.0, retry_after)
        self._paused_until = max(self._paused_until, now + pause)
        self._next_slot = max(self._next_slot, self._paused_until)

    def _own_pause(self) -> float:
        return min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** min(self._refusals_in_a_row, 10))
