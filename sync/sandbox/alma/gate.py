"""Who may call and how often: the key, the rate of the institution and its daily calls (facts: limits §3b, §3c)."""

import itertools
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import date

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sync.sandbox.alma.errors import AlmaError
from sync.sandbox.alma.world import World, header, parameters

UNAUTHORIZED = "UNAUTHORIZED"
NOT_ALLOWED = "API-key not defined or not configured to allow this API."
UNKNOWN_KEY = "Invalid API Key"
TOO_FAST = "HTTP requests are more than allowed per second. See https://goo.gl/2x1c1M "
USED_UP = "HTTP requests are more than allowed per day. "

OPEN_PATHS = "/view/"
"""The search service (SRU) has a host of its own in Alma: no key, no limits."""


@dataclass(slots=True)
class AlmaGate:
    """Counts one institution's calls and refuses what is over its limits."""

    world: World
    _arrivals: deque[float] = field(default_factory=deque)
    _day: date | None = None
    _used: int = 0
    _requests: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    @property
    def remaining(self) -> int:
        """Return how many calls are left until midnight UTC of the practice clock."""
        today = self.world.controls.clock.now().date()
        if today != self._day:
            self._day, self._used = today, 0
        return max(0, self.world.switches.daily_calls - self._used)

    def use_up(self, calls: int) -> None:
        """Use calls of the day, as another application of the institution would."""
        if self.remaining:
            self._used += calls

    async def __call__(self, request: Request) -> Response | None:
        """Return the refusal of a call, None when it may go on."""
        world = self.world
        if not request.scope["path"].startswith(OPEN_PATHS):
            try:
                self._check_key(request)
                self._check_limits()
            except AlmaError as error:
                return world.refusal(request, error)
        world.state.finish_deletes(world.controls.clock.now())
        return None

    def _check_key(self, request: Request) -> None:
        switches = self.world.switches
        scheme, _, named = header(request, b"authorization").partition(" ")
        key = named.strip() if scheme.lower() == "apikey" else parameters(request).get("apikey", "")
        if not key or (key != switches.api_key and key not in switches.read_only_keys):
            raise _unauthorized(UNKNOWN_KEY if key else NOT_ALLOWED, switches.unauthorized_status)
        area = request.scope["path"].removeprefix("/almaws/v1/").partition("/")[0]
        writes = request.method not in ("GET", "HEAD") and not request.scope["path"].endswith("/test")
        if (writes and key in switches.read_only_keys) or area not in switches.key_areas.get(key, (area,)):
            raise _unauthorized(NOT_ALLOWED, switches.unauthorized_status)

    def _check_limits(self) -> None:
        switches = self.world.switches
        left = self.remaining
        if self._too_fast(switches.requests_per_second):
            self._used += 1 if switches.refused_calls_use_quota else 0
            raise AlmaError("PER_SECOND_THRESHOLD", TOO_FAST, status=429, tracked=False)
        if not left:
            raise AlmaError("DAILY_THRESHOLD", USED_UP, status=switches.daily_status, tracked=False)
        self._used += 1

    def _too_fast(self, limit: int) -> bool:
        """Return whether this call is more than `limit` within the second that ends with it."""
        now = time.monotonic()
        arrivals = self._arrivals
        while arrivals and arrivals[0] <= now - 1.0:
            arrivals.popleft()
        too_fast = bool(limit) and len(arrivals) >= limit
        if not too_fast or self.world.switches.refused_calls_count:
            arrivals.append(now)
        return too_fast

    def with_headers(self, app: ASGIApp) -> ASGIApp:
        """Return the application with the headers every answer of Alma has."""

        async def answering(scope: Scope, receive: Receive, send: Send) -> None:
            async def adding(message: Message) -> None:
                if message["type"] == "http.response.start":
                    message["headers"] = [
                        *message.get("headers", ()),
                        (b"x-exl-api-remaining", b"%d" % self.remaining),
                        (b"x-request-id", b"%012x" % next(self._requests)),
                    ]
                await send(message)

            await app(scope, receive, adding)

        return answering


def _unauthorized(text: str, status: int) -> AlmaError:
    return AlmaError(UNAUTHORIZED, text, status=status, tracked=False, always_xml=True)
