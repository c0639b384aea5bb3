"""Serves practice systems on ports of this machine: in a thread for tests, or both together until told to end."""

import asyncio
import logging
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from types import TracebackType

import uvicorn

from sync.errors import BugError, ConfigurationError
from sync.sandbox.controls import DropConnectionError
from sync.sandbox.endpoints import Practice, PracticeEndpoints

HOST = "127.0.0.1"
START_SECONDS = 10.0
STOP_SECONDS = 10.0
CANCEL_AFTER_SECONDS = 1
KEEP_ALIVE_SECONDS = 75
POLL_SECONDS = 0.01
BACKLOG = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeUrls:
    """Where the two practice systems answer, without a slash at the end."""

    alma: str
    folio: str


class _Expected(logging.Filter):
    """Lets through the server's complaints, but not about what a rehearsal does on purpose."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, DropConnectionError | asyncio.CancelledError):
            return False
        return "timeout graceful shutdown exceeded" not in record.getMessage()


_EXPECTED = _Expected()


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: who serves decides what ends it."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()


def _make_server(practice: Practice) -> _Server:
    config = uvicorn.Config(
        PracticeEndpoints(practice),
        log_config=None,
        log_level="warning",
        access_log=False,
        lifespan="off",
        ws="none",
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=CANCEL_AFTER_SECONDS,
    )
    logging.getLogger("uvicorn.error").addFilter(_EXPECTED)
    return _Server(config)


def _bind(port: int) -> socket.socket:
    # named as TCP, else asyncio leaves Nagle's algorithm on, and every second answer waits 40 ms for an acknowledgement
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        raise ConfigurationError(
            f"port {port} of {HOST} cannot be used: {error}", advice="Name another port, or 0 for any free one."
        ) from None
    return listener


def _url(listener: socket.socket) -> str:
    return f"http://{HOST}:{listener.getsockname()[1]}"


class PracticeServer:
    """One practice system on a port of this machine, served by a thread of this process while the context is open.

    `port` 0 is any free one; `url` has no slash at the end. The practice system belongs to that thread meanwhile:
    read its counters and set its faults as you like, but await nothing of it from another loop.

    Raises, on entering:
        ConfigurationError: the port is taken.
        BugError: the server did not start.
    """

    def __init__(self, practice: Practice, *, port: int = 0) -> None:
        self._practice = practice
        self._port = port
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self.url = ""

    def __enter__(self) -> "PracticeServer":
        """Start serving and return this server."""
        listener = _bind(self._port)
        self.url = _url(listener)
        server = _make_server(self._practice)
        thread = threading.Thread(target=_serve_in_thread, args=(server, listener), name="practice", daemon=True)
        self._server, self._thread = server, thread
        thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                self.stop()
                raise BugError(f"the practice system did not start on {self.url}")
            time.sleep(POLL_SECONDS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop serving."""
        self.stop()

    def stop(self) -> None:
        """Close the port and all connections; calls still being answered are cut off after a second.

        Raises:
            BugError: the thread did not end.
        """
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join(STOP_SECONDS)
        if self._thread.is_alive():
            raise BugError(f"the practice system on {self.url} does not stop")
        self._server = self._thread = None


def _serve_in_thread(server: _Server, listener: socket.socket) -> None:
    try:
        asyncio.run(server.serve(sockets=[listener]))
    finally:
        listener.close()


async def serve(
    alma: Practice,
    folio: Practice,
    *,
    alma_port: int = 0,
    folio_port: int = 0,
    ready: Callable[[PracticeUrls], None],
    stop: asyncio.Event | None = None,
) -> None:
    """Serve both practice systems until SIGTERM or SIGINT arrives or `stop` is set; port 0 is any free one.

    `ready` is called once, when both answer.

    Raises:
        ConfigurationError: a port is taken.
        BugError: a server did not start.
    """
    ending = stop or asyncio.Event()
    with _listening(alma_port, folio_port) as listeners, _set_by_signals(ending):
        servers = [_make_server(alma), _make_server(folio)]
        running = [
            asyncio.create_task(server.serve(sockets=[listener]))
            for server, listener in zip(servers, listeners, strict=True)
        ]
        try:
            await _until_started(servers, running)
            ready(PracticeUrls(alma=_url(listeners[0]), folio=_url(listeners[1])))
            waiting = asyncio.create_task(ending.wait())
            await asyncio.wait([waiting, *running], return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
        finally:
            for server in servers:
                server.should_exit = True
            await asyncio.wait(running, timeout=STOP_SECONDS)
        await asyncio.gather(*running)


async def _until_started(servers: list[_Server], running: list[asyncio.Task[None]]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not all(server.started for server in servers):
        if any(task.done() for task in running) or time.monotonic() > deadline:
            raise BugError("the practice systems did not start")
        await asyncio.sleep(POLL_SECONDS)


@contextmanager
def _listening(*ports: int) -> Iterator[list[socket.socket]]:
    listeners: list[socket.socket] = []
    try:
        for port in ports:
            listeners.append(_bind(port))  # noqa: PERF401  (those bound so far are closed if one is taken)
        yield listeners
    finally:
        for listener in listeners:
            listener.close()


@contextmanager
def _set_by_signals(ending: asyncio.Event) -> Iterator[None]:
    """Set the event at SIGTERM or SIGINT; elsewhere than in the main thread signals stay what they are."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGTERM, signal.SIGINT)
    for number in numbers:
        loop.add_signal_handler(number, ending.set)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
