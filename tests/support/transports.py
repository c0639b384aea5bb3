"""A network made of one function, and settings that make retries quick."""

from collections.abc import Callable, Sequence
from typing import Any

import httpx

from sync.transport.connection import Options
from sync.transport.http import Transport
from sync.transport.retry import RetryPolicy

QUICK = RetryPolicy(wait_initial=0.001, wait_max=0.002, wait_jitter=0, total_seconds=30)

Step = httpx.Response | Exception


class Script(httpx.MockTransport):
    """Plays the steps one after another, then the last one again and again; keeps the requests."""

    def __init__(self, *steps: Step) -> None:
        self.requests: list[httpx.Request] = []
        self._steps: Sequence[Step] = steps
        super().__init__(self._play)

    def _play(self, request: httpx.Request) -> httpx.Response:
        step = self._steps[min(len(self.requests), len(self._steps) - 1)]
        self.requests.append(request)
        if isinstance(step, Exception):
            raise step
        return httpx.Response(step.status_code, headers=step.headers, content=step.content)


class FolioScript(Script):
    """As Script, but logins succeed beside it and are only counted."""

    def __init__(self, *steps: Step) -> None:
        super().__init__(*steps)
        self.logins = 0

    def _play(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/authn/login-with-expiry":
            self.logins += 1
            return login_answer(f"token-{self.logins}-0123456789")
        return super()._play(request)


def login_answer(token: str, max_age: int = 600) -> httpx.Response:
    """Return what FOLIO answers to a good login."""
    return httpx.Response(
        201,
        headers=[
            ("Set-Cookie", f"folioAccessToken={token}; Max-Age={max_age}; Path=/; Secure; HttpOnly; SameSite=None"),
            ("Set-Cookie", "folioRefreshToken=never-used; Max-Age=604800; Path=/authn; Secure; HttpOnly"),
        ],
        json={"accessTokenExpiration": "2026-11-20T12:10:00Z", "refreshTokenExpiration": "2026-11-27T12:00:00Z"},
    )


def answer(status: int, body: Any = None, *, text: str | None = None, kind: str = "", **headers: str) -> httpx.Response:
    """Return an answer with a JSON body, or a text of some kind, or none."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if text is not None:
        return httpx.Response(status, content=text.encode(), headers={"Content-Type": kind or "text/plain", **named})
    if body is None:
        return httpx.Response(status, headers=named)
    response = httpx.Response(status, json=body, headers=named)
    if kind:
        response.headers["Content-Type"] = kind
    return response


def quick(transport: Transport, observer: Callable[[str, str, Any], None] | None = None, **changes: Any) -> Options:
    """Return options that use the transport and hardly wait between attempts."""
    return Options(transport=transport, observer=observer, **{"retry": QUICK, **changes})
