"""The rate limit: as fast as permitted and never refused; after a refusal everything pauses and slows down."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from sync.alma.client import open_alma
from sync.errors import BugError
from sync.transport.limiter import Limiter

SECONDS = 3.5


class ManualClock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += max(seconds, 1e-6)
        await asyncio.sleep(0)


def manual(rate: float) -> tuple[Limiter, ManualClock]:
    clock = ManualClock()
    return Limiter(rate, clock=clock, sleep=clock.sleep), clock


class CountingServer:
    """Answers like Alma, and refuses the 26th arrival in any second."""

    def __init__(self, permitted: int) -> None:
        self.permitted = permitted
        self.arrivals: list[float] = []
        self.refused = 0
        self._recent: deque[float] = deque()
        self._open: set[asyncio.Task[None] | None] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(asyncio.current_task())
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(self._answer(time.monotonic()))
                await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    async def drained(self) -> None:
        await asyncio.wait(self._open, timeout=5)

    def _answer(self, now: float) -> bytes:
        while self._recent and now - self._recent[0] >= 1.0:
            self._recent.popleft()
        self._recent.append(now)
        self.arrivals.append(now)
        over = len(self._recent) > self.permitted
        self.refused += over
        body = b'{"total_record_count":0}'
        status = b"429 Too Many Requests" if over else b"200 OK"
        return b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
            status,
            len(body),
            body,
        )


@contextlib.asynccontextmanager
async def counting_server(permitted: int) -> AsyncIterator[tuple[CountingServer, str]]:
    counting = CountingServer(permitted)
    server = await asyncio.start_server(counting.serve, "127.0.0.1", 0)
    async with server:
        yield counting, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await counting.drained()


async def call_a_strict_server() -> CountingServer:
    """Return a server that permits 25 calls a second, after it was called as often as we permit ourselves."""
    async with (
        counting_server(permitted=25) as (server, address),
        open_alma(address, SecretStr("l8xx0123456789"), requests_per_second=25) as alma,
    ):

        async def keep_calling() -> None:
            while True:
                await alma.list_collections(0, 0)

        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SECONDS), asyncio.TaskGroup() as group:
                for _ in range(10):
                    group.create_task(keep_calling())
    return server


async def test_a_strict_server_refuses_nothing_and_the_rate_is_used() -> None:
    """In real time: a busy machine may hold a call up on its way, so that the best of three tells."""
    seen = []
    for _ in range(3):
        server = await call_a_strict_server()
        spanned = server.arrivals[-1] - server.arrivals[0]
        seen.append((server.refused, (len(server.arrivals) - 1) / spanned))
        if server.refused == 0 and seen[-1][1] >= 0.97 * 25:
            return
    raise AssertionError(f"refused, and calls a second: {seen}")


async def test_calls_leave_in_the_order_they_asked() -> None:
    limiter, _ = manual(100)
    left: list[int] = []

    async def call(number: int) -> None:
        await limiter.acquire()
        left.append(number)

    await asyncio.gather(*(call(number) for number in range(50)))

    assert left == list(range(50))


@pytest.mark.parametrize("rate", [0.5, 1, 10, 25, 1000])
async def test_no_sliding_second_holds_more_than_permitted(rate: float) -> None:
    limiter, clock = manual(rate)
    moments: list[float] = []
    for _ in range(int(rate * 3) + 3):
        await limiter.acquire()
        moments.append(clock.now)

    assert all(sum(start <= other < start + 1.0 for other in moments) <= max(rate, 1) for start in moments[:200])
    assert (len(moments) - 1) / (moments[-1] - moments[0]) >= 0.97 * rate


async def test_a_late_timer_is_made_up_for_without_a_burst() -> None:
    limiter, clock = manual(25)
    moments = []
    for _ in range(60):
        await limiter.acquire()
        clock.now += 0.005
        moments.append(clock.now)

    assert (len(moments) - 1) / (moments[-1] - moments[0]) == pytest.approx(24.5, rel=0.01)


async def test_zero_is_no_limit() -> None:
    limiter, clock = manual(0)
    began = clock()
    for _ in range(1000):
        await limiter.acquire()
    assert clock() == began
    assert (limiter.statistics.acquired, limiter.statistics.waits) == (1000, 0)


async def test_a_negative_rate_is_refused() -> None:
    with pytest.raises(BugError):
        Limiter(-1)


async def test_a_refusal_pauses_every_call_for_as_long_as_the_server_asked() -> None:
    limiter, clock = manual(25)
    await limiter.acquire()
    limiter.refused(90.0)
    refused_at = clock.now

    await asyncio.gather(*(limiter.acquire() for _ in range(5)))

    assert clock.now - refused_at >= 90.0
    assert limiter.statistics.waits == 5


async def test_a_refusal_also_pauses_calls_that_already_wait() -> None:
    limiter = Limiter(20)
    await limiter.acquire()
    waiting = asyncio.create_task(limiter.acquire())
    await asyncio.sleep(0)
    began = time.monotonic()
    limiter.refused(0.3)

    await waiting

    assert time.monotonic() - began >= 0.29


async def test_after_a_refusal_the_rate_is_lower_and_recovers_slowly() -> None:
    limiter, clock = manual(25)
    await limiter.acquire()
    limiter.refused(None)

    assert limiter.rate == pytest.approx(24.5 * 0.7)
    clock.now += 1 + 10
    assert 24.5 * 0.75 < limiter.rate < 24.5 * 0.85
    clock.now += 60
    assert limiter.rate == pytest.approx(24.5)


async def test_refusals_of_calls_already_on_their_way_count_once() -> None:
    limiter, _ = manual(25)
    for _ in range(10):
        limiter.refused(None)

    assert limiter.rate == pytest.approx(24.5 * 0.7)
    assert limiter.statistics.refusals == 10


async def test_pauses_grow_while_refusals_go_on() -> None:
    limiter, clock = manual(25)
    pauses = []
    for _ in range(7):
        limiter.refused(None)
        began = clock.now
        await limiter.acquire()
        pauses.append(round(clock.now - began))

    assert pauses[0] < pauses[1] < pauses[2]
    assert max(pauses) <= 30


async def test_a_call_that_gives_up_waiting_does_not_block_the_others() -> None:
    limiter = Limiter(50)
    await limiter.acquire()
    limiter.refused(0.2)
    given_up = asyncio.create_task(limiter.acquire())
    await asyncio.sleep(0.01)
    given_up.cancel()

    async with asyncio.timeout(2):
        await limiter.acquire()

    assert given_up.cancelled()
