"""A practice system as it is served: its own application, and beside it the paths that steer the rehearsal.

    GET  /_practice/state          what has been called so far, and the time of the practice clock
    PUT  /_practice/faults         what goes wrong from now on: the fields of `Faults`, those left out at their defaults
    POST /_practice/clock          {"seconds": 3600} moves the practice clock forward
    GET  /_practice/calls?since=0  the calls from that number on, at most `limit` (1000), and the number to go on with

These paths are outside the system's own application: no key, no limit and no fault applies to them, and they count as
no call.
"""

import dataclasses
import itertools
import json
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import TypeAdapter, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sync.sandbox.controls import Call, Controls, DropConnectionError, Faults, drop_connection

PREFIX = "/_practice/"
MOST_CALLS = 1000
MOST_SECONDS = 10 * 366 * 86_400
SHARES = ("fail_before", "fail_after", "drop_before", "drop_after", "slow")

_FAULTS = TypeAdapter(Faults)


class Practice(Protocol):
    """A practice system, as far as serving it goes."""

    @property
    def app(self) -> ASGIApp:
        """Return the ASGI application, faults and limits included."""
        ...

    @property
    def controls(self) -> Controls:
        """Return the faults, the clock and the counters."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeState:
    """What a practice system has seen so far. `now` is its practice clock, ISO 8601 in UTC.

    `counts` holds totals by name: "calls", "writes", "GET 200", "fault slow" and so on. `busiest_second` is the
    largest number of calls that arrived within any one second.
    """

    calls: int
    writes: int
    busiest_second: int
    counts: dict[str, int]
    now: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallsPage:
    """Calls in the order they ended. `next` is the `since` to go on with; `lost` calls before them are kept no more."""

    calls: tuple[Call, ...]
    next: int
    lost: int


def read_faults(values: object) -> Faults:
    """Return the faults a JSON object describes.

    Raises:
        ValueError: a field is unknown or of the wrong kind, or the shares are not between 0 and 1 together.
    """
    if not isinstance(values, dict):
        raise ValueError("the faults are not a JSON object")  # noqa: TRY004  (one error for everything in a body)
    unknown = set(values) - {field.name for field in dataclasses.fields(Faults)}
    if unknown:
        raise ValueError(f"unknown faults: {', '.join(sorted(map(str, unknown)))}")
    try:
        faults = _FAULTS.validate_python(values)
    except ValidationError as error:
        raise ValueError(str(error)) from None
    shares = [float(getattr(faults, name)) for name in SHARES]
    if not all(0 <= share <= 1 for share in (*shares, faults.truncate_pages)) or sum(shares) > 1:
        raise ValueError(f"{', '.join(SHARES)} are shares between 0 and 1, and at most 1 together")
    return faults


def write_faults(faults: Faults) -> dict[str, Any]:
    """Return the faults as a JSON object, for `read_faults`."""
    return {**dataclasses.asdict(faults), "methods": sorted(faults.methods), "skip_paths": list(faults.skip_paths)}


class PracticeEndpoints:
    """The ASGI application to serve: the practice system's, with the steering paths beside it.

    A connection the system drops is closed whatever the application had sent by then.
    """

    def __init__(self, practice: Practice) -> None:
        self._practice = practice
        self._steering = Starlette(
            routes=[
                Route(f"{PREFIX}state", self._state, methods=["GET"]),
                Route(f"{PREFIX}faults", self._set_faults, methods=["PUT"]),
                Route(f"{PREFIX}clock", self._forward, methods=["POST"]),
                Route(f"{PREFIX}calls", self._calls, methods=["GET"]),
            ]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            await self._steering(scope, receive, send)
            return
        started = False

        async def noting(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._practice.app(scope, receive, noting)
        except DropConnectionError:
            if started:
                raise
            await drop_connection(send)

    async def _state(self, _request: Request) -> JSONResponse:
        controls = self._practice.controls
        state = PracticeState(
            calls=controls.counts["calls"],
            writes=controls.writes,
            busiest_second=controls.busiest_second,
            counts=dict(controls.counts),
            now=controls.clock.now().isoformat(),
        )
        return JSONResponse(dataclasses.asdict(state))

    async def _set_faults(self, request: Request) -> JSONResponse:
        try:
            faults = read_faults(await _body(request))
        except ValueError as error:
            return _refusal(error)
        self._practice.controls.set_faults(faults)
        return JSONResponse(write_faults(faults))

    async def _forward(self, request: Request) -> JSONResponse:
        try:
            seconds = _read_seconds(await _body(request))
        except ValueError as error:
            return _refusal(error)
        clock = self._practice.controls.clock
        clock.forward(seconds=seconds)
        return JSONResponse({"now": clock.now().isoformat()})

    async def _calls(self, request: Request) -> JSONResponse:
        try:
            since = _read_number(request, "since", default=0, least=0)
            limit = _read_number(request, "limit", default=MOST_CALLS, least=1)
        except ValueError as error:
            return _refusal(error)
        controls = self._practice.controls
        gone = controls.counts["calls"] - len(controls.calls)
        first = max(since - gone, 0)
        chosen = list(itertools.islice(controls.calls, first, first + min(limit, MOST_CALLS)))
        return JSONResponse(
            {
                "calls": [dataclasses.asdict(call) for call in chosen],
                "next": gone + first + len(chosen) if chosen else since,
                "lost": max(gone - since, 0),
            }
        )


def _read_seconds(body: object) -> float:
    seconds = body.get("seconds") if isinstance(body, dict) and set(body) == {"seconds"} else None
    if not isinstance(seconds, int | float) or not 0 <= seconds <= MOST_SECONDS:
        raise ValueError(f'expected {{"seconds": number}}, from 0 to {MOST_SECONDS}')
    return float(seconds)


def _read_number(request: Request, name: str, *, default: int, least: int) -> int:
    text = request.query_params.get(name, str(default))
    if not text.isdecimal() or int(text) < least:
        raise ValueError(f"{name} is a whole number, {least} or more")
    return int(text)


async def _body(request: Request) -> Any:
    try:
        return json.loads(await request.body())
    except ValueError:
        raise ValueError("the body is not JSON") from None


def _refusal(error: Exception) -> JSONResponse:
    return JSONResponse({"error": str(error)}, status_code=400)
