"""The rate limit: as fast as permitted and hardly ever refused, in virtual time, whatever holds calls up.

The models and their goals are those of the facts (performance, the limiter). In real time: tests/bench.
"""

import asyncio
import bisect
import contextlib
import heapq
import itertools
import math
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from sync.errors import BugError
from sync.transport.limiter import CallLog, Limiter, Slot

PERMITTED = 25
SECONDS = 200.0
IN_FLIGHT = 10
Seconds = Callable[[random.Random], float]


def _always(seconds: float) -> Seconds:
    return lambda _: seconds


TEN_MS, TWENTY_MS = _always(0.01), _always(0.02)


def _lognormal(median: float, sigma: float) -> Seconds:
    return lambda chance: median * math.exp(chance.gauss(0, sigma))


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """How long things take: the way to the server and back, its work, late timers; and how often both stall."""

    way: Seconds = TEN_MS
    back: Seconds = TEN_MS
    work: Seconds = TWENTY_MS
    late: float = 0.0
    client_stalls: float = 0.0
    server_stalls: float = 0.0


MODELS = {
    "constant 40 ms": Model(),
    "10 ms more or less on the way": Model(way=lambda chance: chance.uniform(0.005, 0.025)),
    "a lognormal way": Model(way=_lognormal(0.01, 0.8)),
    "lognormal work at the server": Model(work=_lognormal(0.15, 0.6)),
    "the client stalls": Model(client_stalls=5),
    "the server stalls": Model(server_stalls=10),
    "a busy machine": Model(client_stalls=5, server_stalls=10, late=0.002),
    "timers 4 ms late": Model(late=0.004),
}


@dataclass(slots=True)
class Simulation:
    """A client that always has something to call, and a server that counts the calls of the last second."""

    model: Model
    seconds: float = SECONDS
    permitted: int = PERMITTED
    seed: int = 1
    refused: list[float] = field(default_factory=list)
    arrivals: list[float] = field(default_factory=list)
    served: int = 0
    _events: list[tuple[float, int, str, object]] = field(default_factory=list)
    _number: int = 0

    def run(self) -> "Simulation":
        model, chance, log = self.model, random.Random(self.seed), CallLog(self.permitted)  # noqa: S311
        client, server = self._stalls(chance, model.client_stalls), self._stalls(chance, model.server_stalls)
        counted: deque[float] = deque()
        in_flight = wake = 0
        self._at(0.0, "wake", wake)
        while self._events and self._events[0][0] <= self.seconds:
            now, _, what, about = heapq.heappop(self._events)
            if what == "arrives":
                while counted and now - counted[0] >= 1.0:
                    counted.popleft()
                over = len(counted) >= self.permitted
                counted.extend([] if over else [now])
                self.arrivals.append(now)
                self.refused.extend([now] if over else [])
                done = _after(now + (0.001 if over else model.work(chance)), server)
                self._at(_after(done + model.back(chance), client), "answered", (about, over))
                continue
            if what == "wake" and about != wake:
                continue
            if what == "answered":
                slot, over = about  # type: ignore[misc]
                in_flight -= 1
                self.served += not over
                log.answered(slot, now)
                if over:
                    log.refused(now, None)
            while in_flight < IN_FLIGHT and log.ready_at(now) <= now:
                in_flight += 1
                self._at(_after(now + model.way(chance), server), "arrives", log.let_go(now))
            if in_flight < IN_FLIGHT and (ready := log.ready_at(now)) < math.inf:
                wake += 1
                self._at(_after(ready + model.late, client), "wake", wake)
        return self

    @property
    def share(self) -> float:
        """Return how much of the permitted rate was served."""
        return self.served / self.seconds / self.permitted

    @property
    def busiest(self) -> int:
        """Return how many calls arrived in the busiest second."""
        return max(at - bisect.bisect_right(self.arrivals, one - 1.0) + 1 for at, one in enumerate(self.arrivals))

    def _at(self, moment: float, what: str, about: object) -> None:
        self._number += 1
        heapq.heappush(self._events, (moment, self._number, what, about))

    def _stalls(self, chance: random.Random, every: float) -> list[tuple[float, float]]:
        moments = [every * number for number in range(1, int(self.seconds / every) + 2)] if every else []
        return [(one, one + chance.uniform(0.05, 0.2)) for one in moments]


def _after(moment: float, stalls: Sequence[tuple[float, float]]) -> float:
    at = bisect.bisect_right(stalls, (moment, math.inf)) - 1
    return stalls[at][1] if at >= 0 and stalls[at][0] <= moment < stalls[at][1] else moment


@pytest.mark.parametrize("name", MODELS)
def test_the_rate_is_used_and_hardly_ever_exceeded_whatever_holds_calls_up(name: str) -> None:
    """5,000 calls: 97 of 100 permitted ones are served, with one refusal at most."""
    told = Simulation(MODELS[name]).run()

    assert told.share >= 0.97
    assert len(told.refused) <= 1


@pytest.mark.parametrize("name", [name for name, model in MODELS.items() if "way" not in name])
def test_where_it_can_be_known_when_calls_arrive_no_second_holds_too_many(name: str) -> None:
    told = Simulation(MODELS[name]).run()

    assert told.busiest <= PERMITTED
    assert not told.refused


@pytest.mark.parametrize("rate", [1, 2, 10, 500, 1000])
def test_other_rates_are_used_and_kept_as_well(rate: int) -> None:
    quick = Model(way=_always(0.0005), back=_always(0.0005), work=_always(0.001))
    told = Simulation(quick, seconds=max(10.0, 300 / rate), permitted=rate).run()

    assert told.busiest <= rate
    assert told.share >= 0.95


def _moments(log: CallLog, number: int, *, now: float = 1000.0, answer_seconds: float = 0.0) -> list[float]:
    """Let so many calls go, each as soon as it may, answered at once or after some time."""
    found = []
    for _ in range(number):
        now = log.ready_at(now)
        slot = log.let_go(now)
        log.answered(slot, now + answer_seconds)
        found.append(now)
    return found


@pytest.mark.parametrize("rate", [0.2, 0.5, 1.5])
def test_less_than_a_call_a_second_is_kept_too(rate: float) -> None:
    moments = _moments(CallLog(rate), 20)

    assert (len(moments) - 1) / (moments[-1] - moments[0]) == pytest.approx(rate, rel=0.03)


def test_a_call_without_an_answer_holds_its_place() -> None:
    log = CallLog(2)
    for _ in range(2):
        log.let_go(log.ready_at(1000.0))

    assert log.ready_at(1005.0) == math.inf


def test_a_call_that_never_left_gives_its_place_back() -> None:
    log = CallLog(2)
    slots = [log.let_go(log.ready_at(1000.0)) for _ in range(2)]
    log.forget(slots[0])

    assert log.ready_at(1005.0) == 1005.0


def test_what_a_stall_lost_is_caught_up_with_at_twice_the_rate() -> None:
    log = CallLog(10)
    _moments(log, 20)
    after = _moments(log, 20, now=1010.0)
    gaps = [other - one for one, other in itertools.pairwise(after)]

    assert gaps[:5] == pytest.approx([0.05] * 5)
    assert max(sum(start <= one < start + 1.0 for one in after) for start in after) <= 10


def test_after_a_refusal_nothing_leaves_before_all_before_it_can_no_longer_be_counted() -> None:
    log = CallLog(PERMITTED)
    last = _moments(log, 10)[-1]
    log.refused(last, None)

    assert log.ready_at(last) >= last + 1.0
    assert log.places(last) == PERMITTED, "the first refusal costs a second, not half a minute"


def test_a_server_that_asks_for_a_pause_gets_it_in_full_also_during_another_one() -> None:
    log = CallLog(PERMITTED)
    log.refused(1000.0, None)
    log.refused(1000.2, 90.0)
    log.refused(1000.4, 10.0)

    assert log.ready_at(1000.5) == pytest.approx(1090.2)


def test_refusals_of_calls_on_their_way_count_once_and_a_second_one_takes_a_place_for_a_minute() -> None:
    log = CallLog(PERMITTED)
    for _ in range(10):
        log.refused(1000.0, None)
    assert (log.places(1002.0), log.refusals) == (PERMITTED, 10)

    log.refused(1010.0, None)
    log.refused(1020.0, None)
    assert log.places(1025.0) == PERMITTED - 2
    assert log.places(1085.0) == PERMITTED


def test_so_many_places_always_stay() -> None:
    log = CallLog(PERMITTED)
    for number in range(60):
        log.refused(1000.0 + 2 * number, None)

    assert log.places(1119.0) == 5


class _Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_calls_leave_in_the_order_they_asked_but_what_is_urgent_comes_first() -> None:
    limiter = Limiter(1000)
    left: list[str] = []

    async def call(name: str, *, urgent: bool = False) -> None:
        limiter.answered(await limiter.acquire(urgent=urgent))
        left.append(name)

    calls = [asyncio.create_task(call(f"{number}")) for number in range(20)]
    await asyncio.sleep(0)
    calls.append(asyncio.create_task(call("urgent", urgent=True)))
    await asyncio.gather(*calls)

    assert left.index("urgent") <= 2
    assert [name for name in left if name != "urgent"] == [f"{number}" for number in range(20)]


async def test_zero_is_no_limit_and_knows_a_pause_all_the_same() -> None:
    clock = _Clock()
    limiter = Limiter(0, clock=clock)
    for _ in range(1000):
        await limiter.acquire()
    assert (limiter.statistics.acquired, limiter.statistics.waits, limiter.places) == (1000, 0, 0)

    limiter.refused(90.0)
    waiting = asyncio.create_task(limiter.acquire())
    await asyncio.sleep(0.01)
    assert not waiting.done()
    waiting.cancel()


async def test_a_negative_rate_is_refused() -> None:
    with pytest.raises(BugError):
        Limiter(-1)


async def test_a_refusal_also_pauses_calls_that_already_wait() -> None:
    clock = _Clock()
    limiter = Limiter(20, clock=clock)
    limiter.answered(await limiter.acquire())
    waiting = asyncio.create_task(limiter.acquire())
    await asyncio.sleep(0)
    limiter.refused(30.0)
    clock.now += 29.0
    await asyncio.sleep(0.1)
    assert not waiting.done()

    clock.now += 1.1
    limiter.answered(Slot(clock.now))
    slot = await asyncio.wait_for(waiting, 30)
    assert slot.waited == pytest.approx(30.1)


async def test_a_call_that_gives_up_waiting_does_not_block_the_others() -> None:
    limiter = Limiter(50)
    limiter.answered(await limiter.acquire())
    given_up = [asyncio.create_task(limiter.acquire()) for _ in range(3)]
    await asyncio.sleep(0)
    for one in given_up:
        one.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await one

    async with asyncio.timeout(30):
        await limiter.acquire()
