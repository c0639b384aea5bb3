"""The switches every practice system shares: what goes wrong how often, what time it is, and who called what.

A practice system wraps its ASGI application in `Controls.wrap`. Each call is counted at its arrival, may be refused
by the system's own gate (rate, quota), and may then be hit by a fault: before the effect, after the effect, by a
dropped connection, or by a slow answer.
"""

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Item = TypeVar("Item")


class DropConnectionError(Exception):
    """Raised inside the application to close the connection without a whole answer."""


@dataclass(slots=True)
class Faults:
    """How large a share of the calls (0 to 1 each, added up at most 1) goes wrong, and how.

    `seed` makes the sequence repeatable; `methods` limits faults to those methods (empty: all); `skip_paths` are
    path prefixes that never fail (the login, in most tests).
    """

    fail_before: float = 0.0
    fail_after: float = 0.0
    drop_before: float = 0.0
    drop_after: float = 0.0
    slow: float = 0.0
    slow_seconds: float = 8.0
    shuffle_pages: bool = False
    truncate_pages: float = 0.0
    methods: frozenset[str] = frozenset()
    skip_paths: tuple[str, ...] = ("/_practice", "/authn")
    seed: int = 1


@dataclass(slots=True)
class Clock:
    """Wall clock that a test can move forward, so that tokens expire and days end without waiting."""

    offset: timedelta = timedelta()

    def now(self) -> datetime:
        """Return the practice time, in UTC."""
        return datetime.now(UTC) + self.offset

    def forward(self, **parts: float) -> None:
        """Move the time on; `parts` as for `timedelta` (seconds=, minutes=, hours=, days=)."""
        self.offset += timedelta(**parts)


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it arrived. `at` is the monotonic second of its arrival."""

    at: float
    method: str
    path: str
    query: str
    status: int
    fault: str


Gate = Callable[[Request], Awaitable[Response | None]]
"""Asked before each call: a response refuses the call (rate, quota), None lets it through."""

Breakage = Callable[[str, random.Random], Response]
"""Makes the answer of a broken call: "before" or "after" the effect, in one of the forms the system is known for."""


@dataclass(slots=True)
class Controls:
    """Faults, clock and counters of one practice system. Everything may be changed while it runs."""

    faults: Faults = field(default_factory=Faults)
    clock: Clock = field(default_factory=Clock)
    keep_calls: int = 200_000
    calls: deque[Call] = field(init=False)
    counts: Counter[str] = field(init=False, default_factory=Counter)
    _random: random.Random = field(init=False)
    _arrivals: deque[float] = field(init=False, default_factory=deque)
    busiest_second: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.calls = deque(maxlen=self.keep_calls)
        self._random = random.Random(self.faults.seed)  # noqa: S311  (chooses faults, guards nothing)

    def set_faults(self, faults: Faults) -> None:
        """Use these faults from the next call on, with the sequence started anew from their seed."""
        self.faults = faults
        self._random = random.Random(faults.seed)  # noqa: S311

    def roll(self, share: float) -> bool:
        """Return True for `share` (0 to 1) of the questions, in a repeatable sequence."""
        return share > 0 and self._random.random() < share

    def shuffled(self, items: list[Item]) -> list[Item]:
        """Return the items in another order."""
        return self._random.sample(items, len(items))

    @property
    def writes(self) -> int:
        """Return how many POST, PUT and DELETE calls arrived, logins aside."""
        return self.counts["writes"]

    def arrived(self, now: float) -> int:
        """Count an arrival and return how many calls arrived in the second up to and including it."""
        self._arrivals.append(now)
        while self._arrivals and self._arrivals[0] <= now - 1.0:
            self._arrivals.popleft()
        self.busiest_second = max(self.busiest_second, len(self._arrivals))
        return len(self._arrivals)

    def choose_fault(self, method: str, path: str) -> str:
        """Return the fault that hits this call: "", "fail_before", "fail_after", "drop_before", … or "slow"."""
        faults = self.faults
        if (faults.methods and method not in faults.methods) or path.startswith(faults.skip_paths):
            return ""
        point = self._random.random()
        for name in ("fail_before", "fail_after", "drop_before", "drop_after", "slow"):
            share: float = getattr(faults, name)
            if point < share:
                return name
            point -= share
        return ""

    def wrap(self, app: ASGIApp, *, gate: Gate, breakage: Breakage) -> ASGIApp:
        """Return the application with counting, gate and faults around it."""

        async def controlled(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or scope["path"].startswith("/_practice"):
                await app(scope, receive, send)
                return
            await self._call(app, gate, breakage, scope, receive, send)

        return controlled

    async def _call(
        self, app: ASGIApp, gate: Gate, breakage: Breakage, scope: Scope, receive: Receive, send: Send
    ) -> None:
        at = time.monotonic()
        method, path = str(scope["method"]), str(scope["path"])
        self.arrived(at)
        status, fault, counted, whole = 0, "", False, False

        async def receiving() -> Message:
            nonlocal counted, whole
            message = await receive()
            if message["type"] == "http.disconnect" and not whole:
                counted = True  # the client broke off within the request: there was no call
            whole = whole or not message.get("more_body", False)
            return message

        def count() -> None:
            nonlocal counted
            if not counted:
                counted = True
                self._count(Call(at, method, path, scope["query_string"].decode("latin-1"), status, fault))

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
            elif not message.get("more_body", False):
                count()  # before the client can know that it was answered
            await send(message)

        try:
            refusal = await gate(Request(scope))
            if refusal is not None:
                await refusal(scope, receiving, noting)
                return
            fault = self.choose_fault(method, path)
            await self._answer(fault, app, breakage, scope, receiving, noting)
        finally:
            count()

    def _count(self, call: Call) -> None:
        self.counts["calls"] += 1
        self.counts[f"{call.method} {call.status}"] += 1
        if call.fault:
            self.counts[f"fault {call.fault}"] += 1
        if call.method in ("POST", "PUT", "DELETE") and not call.path.startswith("/authn"):
            self.counts["writes"] += 1
        self.calls.append(call)

    async def _answer(
        self, fault: str, app: ASGIApp, breakage: Breakage, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if fault == "slow":
            await asyncio.sleep(self.faults.slow_seconds)
        if fault in ("", "slow"):
            await app(scope, receive, send)
            return
        if fault == "fail_before":
            await breakage("before", self._random)(scope, receive, send)
            return
        if fault in ("fail_after", "drop_after"):
            await app(scope, receive, _swallow)
        if fault == "fail_after":
            await breakage("after", self._random)(scope, receive, send)
            return
        await drop_connection(send)


async def _swallow(message: Message) -> None:
    """Take an answer that its caller shall never see."""


async def drop_connection(send: Send) -> None:
    """Begin an answer and break off, so that the caller sees the connection close in the middle.

    Raises:
        DropConnectionError: always; the server closes the connection because of it.
    """
    headers = [(b"content-type", b"application/json"), (b"content-length", b"1000")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"{", "more_body": True})
    raise DropConnectionError
