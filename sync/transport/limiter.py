"""A rate limit that knows from the answers when calls can have been counted at the server (facts: performance).

A server that permits 25 calls a second counts those of the last second, each from the moment it arrives. When that
was, the client learns from the answer: not before the call was sent, and not later than one shortest round trip before
its answer came. So a call holds one of 25 places until a second after the latest moment at which it can have been
counted, and the next one leaves when a place is free. Evenly spaced calls alone are refused as soon as a few of them
are held up on their way.

`CallLog` decides, and knows no clock; `Limiter` waits.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from sync.errors import BugError
from sync.transport.turnstile import Turnstile

MARGIN_SECONDS = 0.005
"""The way to the server may be so much longer than half of the shortest round trip."""

WINDOW_SHARE = 1.003
"""What a server calls a second may be so much longer than ours."""

ROUND_TRIPS_KEPT = 400
RECKONED_EVERY = 20
COST_SHARE = 0.025
"""What not knowing may cost of the rate: answers that vary for reasons behind the counter hold places no longer."""
DEARER, DEAREST = 0.0025, 0.0325
"""Each refusal lets it cost more: then it is the way to the server that varies."""

CATCH_UP_SECONDS = 0.5
"""So much of what was lost by a late timer or a stall is made up for, at twice the rate."""

REMEMBERED_SECONDS = 60.0
"""A second refusal within this time takes a place away, for as long."""
FEWEST_PLACES = 5


@dataclass(slots=True, eq=False)
class Slot:
    """A call that holds a place: when it was let go, and until when it holds it (infinity: until it is answered)."""

    sent: float
    free_at: float = math.inf
    waited: float = 0.0


class CallLog:
    """Which calls may still be counted at a server that permits `rate` (above 0) calls a second.

    Every method takes the present moment in seconds, which never goes back.
    """

    def __init__(self, rate: float) -> None:
        self.refusals = 0
        self._places = max(1, math.ceil(rate))
        self._window = self._places / rate * WINDOW_SHARE
        self._spacing = 1 / rate
        self._held: list[Slot] = []
        self._due = 0.0
        self._next = 0.0
        self._paused_until = 0.0
        self._last_refusal = -math.inf
        self._places_lost = 0
        self._lost_until = 0.0
        self._round_trips: deque[float] = deque(maxlen=ROUND_TRIPS_KEPT)
        self._shortest = math.inf
        self._cap = math.inf
        self._cost_share = COST_SHARE

    def places(self, now: float) -> int:
        """Return how many calls may be counted within a second now: fewer for a while after several refusals."""
        lost = self._places_lost if now < self._lost_until else 0
        return max(min(FEWEST_PLACES, self._places), self._places - lost)

    def ready_at(self, now: float) -> float:
        """Return when the next call may leave: `now` or later, infinity when an answer has to come first."""
        self._held = [slot for slot in self._held if slot.free_at > now]
        ready = max(now, self._next, self._paused_until)
        over = len(self._held) - self.places(now)
        if over >= 0:
            ready = max(ready, sorted(slot.free_at for slot in self._held)[over])
        return ready

    def let_go(self, now: float) -> Slot:
        """Note that a call leaves now."""
        self._due = max(self._due, now - CATCH_UP_SECONDS) + self._spacing
        self._next = max(self._due, now + self._spacing / 2)
        slot = Slot(now)
        self._held.append(slot)
        self.sent(slot, now)
        return slot

    def sent(self, slot: Slot, now: float) -> None:
        """Note that a call was written to the network only now."""
        slot.sent = now
        slot.free_at = now + self._cap + self._window

    def answered(self, slot: Slot, now: float) -> None:
        """Note that a call was answered: it can have been counted no later than a shortest round trip before."""
        round_trip = max(0.0, now - slot.sent)
        if len(self._round_trips) == ROUND_TRIPS_KEPT and self._round_trips[0] <= self._shortest:
            self._shortest = min(list(self._round_trips)[1:])
        self._round_trips.append(round_trip)
        self._shortest = min(self._shortest, round_trip)
        if len(self._round_trips) % RECKONED_EVERY == 0 or len(self._round_trips) == ROUND_TRIPS_KEPT:
            self._reckon()
        slot.free_at = slot.sent + min(round_trip - self._shortest + MARGIN_SECONDS, self._cap) + self._window

    def forget(self, slot: Slot) -> None:
        """Give back the place of a call that surely never left."""
        slot.free_at = -math.inf

    def refused(self, now: float, retry_after: float | None) -> None:
        """Take note of a refusal (429): nothing leaves before all that came before can no longer be counted.

        `retry_after` is the pause the server asked for, in seconds, honoured in full. Refusals of calls that were on
        their way when the pause began are the same refusal.
        """
        self.refusals += 1
        if now >= self._paused_until:
            if now - self._last_refusal < REMEMBERED_SECONDS:
                lost = self._places_lost if now < self._lost_until else 0
                self._places_lost, self._lost_until = lost + 1, now + REMEMBERED_SECONDS
            self._last_refusal = now
            self._cost_share = min(DEAREST, self._cost_share + DEARER)
            self._reckon()
        self._paused_until = max(self._paused_until, now + max(self._window, retry_after or 0.0))

    def _reckon(self) -> None:
        """Settle how long not knowing may hold a place: the mean over the last answers may cost a small share only."""
        if not self._round_trips:
            return
        extras = sorted(one - self._shortest + MARGIN_SECONDS for one in self._round_trips)
        allowed = self._cost_share * self._window * len(extras)
        below = 0.0
        for at, extra in enumerate(extras):
            cap = (allowed - below) / (len(extras) - at)
            if cap < extra:
                self._cap = max(cap, 0.0)
                return
            below += extra
        self._cap = math.inf


@dataclass(slots=True, kw_only=True)
class LimiterStatistics:
    """What the limiter did: calls let through, how many had to wait and how long in all (seconds), refusals met."""

    acquired: int = 0
    waits: int = 0
    waited_seconds: float = 0.0
    refusals: int = 0


@dataclass(eq=False)
class Limiter:
    """Lets calls leave as fast as `requests_per_second` permits; 0 is no limit.

    First come, first served; what is urgent comes before all else. Raises BugError for a negative rate.
    """

    requests_per_second: float
    clock: Callable[[], float] = time.monotonic
    statistics: LimiterStatistics = field(default_factory=LimiterStatistics)
    _log: CallLog | None = field(init=False, default=None)
    _turn: Turnstile = field(init=False, default_factory=lambda: Turnstile(1))
    _paused_until: float = field(init=False, default=-math.inf)
    _answers: asyncio.Event = field(init=False, default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        if self.requests_per_second < 0:
            raise BugError(f"a rate limit cannot be negative: {self.requests_per_second}")
        if self.requests_per_second:
            self._log = CallLog(self.requests_per_second)

    @property
    def places(self) -> int:
        """Return how many calls may leave within a second now; 0: no limit."""
        return self._log.places(self.clock()) if self._log else 0

    async def acquire(self, *, urgent: bool = False) -> Slot:
        """Wait until a call may leave, and return the place it holds."""
        asked = self.clock()
        async with self._turn.through(urgent=urgent):
            while (now := self.clock()) < (ready := self._ready_at(now)):
                self._answers.clear()
                try:
                    await asyncio.wait_for(self._answers.wait(), None if ready == math.inf else ready - now)
                except TimeoutError:
                    continue
            slot = self._log.let_go(now) if self._log else Slot(now)
        slot.waited = max(0.0, now - asked)
        self.statistics.acquired += 1
        if slot.waited > 0.001:
            self.statistics.waits += 1
            self.statistics.waited_seconds += slot.waited
        return slot

    def sent(self, slot: Slot) -> None:
        """Note that the call was written to the network."""
        if self._log:
            self._log.sent(slot, self.clock())

    def answered(self, slot: Slot) -> None:
        """Note that the answer to a call began to arrive, or that it will not come any longer."""
        if self._log:
            self._log.answered(slot, self.clock())
            self._answers.set()

    def forget(self, slot: Slot) -> None:
        """Give back the place of a call that surely never left."""
        if self._log:
            self._log.forget(slot)
            self._answers.set()

    def refused(self, retry_after: float | None) -> None:
        """Take note of a refusal (429): no call leaves before the pause is over.

        `retry_after` is what the server asked for, in seconds, None where it did not say.
        """
        self.statistics.refusals += 1
        now = self.clock()
        if self._log:
            self._log.refused(now, retry_after)
        else:
            self._paused_until = max(self._paused_until, now + max(1.0, retry_after or 0.0))
        self._answers.set()

    def _ready_at(self, now: float) -> float:
        return self._log.ready_at(now) if self._log else max(now, self._paused_until)
