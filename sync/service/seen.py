"""What is seen of the daemon from outside: /healthz, /readyz and /metrics."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from sync.errors import ConfigurationError
from sync.service.daemon import Daemon

MOST_CONNECTIONS = 32
ASKED_WITHIN_SECONDS = 10.0
ANSWER_SECONDS = 5.0


def application(daemon: Daemon) -> Starlette:
    """Return the application: alive, ready to work, and the numbers."""

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("alive\n")

    async def readyz(_: Request) -> Response:
        if not daemon.clock.running or daemon.idle:
            return PlainTextResponse(f"not ready: nobody works on {', '.join(daemon.idle) or 'anything'}\n", 503)
        try:
            async with asyncio.timeout(ANSWER_SECONDS), daemon.database.connect() as connection:
                await connection.execute(text("select 1"))
        except (SQLAlchemyError, OSError, TimeoutError):
            return PlainTextResponse("not ready: the database does not answer\n", 503)
        return PlainTextResponse("ready\n")

    async def metrics(_: Request) -> Response:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                body = await daemon.watch.metrics.text(daemon.database, daemon.settings.pairs)
        except (SQLAlchemyError, OSError, TimeoutError):
            return PlainTextResponse("the database does not answer\n", 503)
        return Response(body, media_type=CONTENT_TYPE_LATEST)

    return Starlette(routes=[Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)])


class _Bounded(H11Protocol):
    """A connection of few, which is closed when nothing is asked over it: idle ones would use up the descriptors."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, or close it where there are enough."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.close()
            return
        self.loop.call_later(ASKED_WITHIN_SECONDS, self._close_if_silent)

    def _close_if_silent(self) -> None:
        asked: object = self.cycle  # set with the first request, though uvicorn's types do not say so
        if asked is None and not self.transport.is_closing():
            self.transport.close()


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: the daemon decides what ends it."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()


@asynccontextmanager
async def seen(daemon: Daemon, listen: str) -> AsyncIterator[None]:
    """Serve the daemon's state at an address ("" for nowhere).

    Raises:
        ConfigurationError: when the address cannot be had.
    """
    if not listen:
        yield
        return
    host, _, port = listen.rpartition(":")
    config = uvicorn.Config(
        application(daemon), host=host.strip("[]"), port=int(port), log_config=None, log_level="critical",
        access_log=False, lifespan="off", http=_Bounded, ws="none", proxy_headers=False, timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = _Server(config)
    serving = asyncio.create_task(_serve(server, listen))
    try:
        while not server.started and not serving.done():  # noqa: ASYNC110  (uvicorn has no event for it)
            await asyncio.sleep(0.01)
        if serving.done():
            await serving
        yield
    finally:
        server.should_exit = True
        await asyncio.gather(serving, return_exceptions=True)


async def _serve(server: uvicorn.Server, listen: str) -> None:
    try:
        await server.serve()
    except SystemExit:
        raise ConfigurationError(
            f"{listen} cannot be had: somebody else listens there.",
            advice="Name another address in [daemon] listen, or end the other daemon.",
        ) from None
