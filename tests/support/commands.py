"""The real command in child processes, in a working directory of its own, beside practice systems in this process."""

import asyncio
import fcntl
import json
import os
import pty
import signal
import socket
import struct
import sys
import termios
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from sync.sandbox.alma import READ_WRITE_KEY
from sync.sandbox.folio import FolioSwitches
from tests.support.practice import Systems

REPOSITORY = Path(__file__).resolve().parents[2]
PREFIX = "ALMA_FOLIO_SYNC_"
DIRECTION = ("--from", "alma", "--to", "folio")
SECONDS = 120.0
POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its exit code and everything it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return what stands on standard output; it must be one JSON value and nothing else."""
        return json.loads(self.out)


def writes(systems: Systems) -> int:
    """Return how many POST, PUT and DELETE calls reached either system, logins aside."""
    return systems.alma.controls.writes + systems.folio.controls.writes


def logins(systems: Systems) -> int:
    """Return how many logins were tried at FOLIO."""
    return sum(call.path.startswith("/authn/login") for call in tuple(systems.folio.controls.calls))


def moved(systems: Systems) -> dict[str, list[str]]:
    """Return the names of the titles in each custom package of FOLIO, by the package's name."""
    names = {one.id: one.package.name for one in systems.folio.packages() if one.package.is_custom}
    assert len(set(names.values())) == len(names), f"packages that are there twice: {sorted(names.values())}"
    found: dict[str, list[str]] = {name: [] for name in names.values()}
    for resource in systems.folio.resources():
        if resource.package_id in names:
            found[names[resource.package_id]].append(resource.title.name)
    return {name: sorted(titles) for name, titles in found.items()}


def custom_titles(systems: Systems) -> list[str]:
    """Return the names of FOLIO's custom titles, one for each title."""
    return sorted(one.title.name for one in systems.folio.titles() if one.title.is_custom)


def free_port() -> int:
    """Return a port of this machine at which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Served(Protocol):
    """Practice systems that are served, in this process or in another."""

    @property
    def alma_url(self) -> str:
        """Return the address of Alma."""

    @property
    def folio_url(self) -> str:
        """Return the address of FOLIO."""


def configuration(
    served: Served,
    database_url: str,
    *,
    api_key: str = READ_WRITE_KEY,
    password: str = FolioSwitches().password,
) -> str:
    """Return a configuration with one pair, main, without limits, that leads to the practice systems."""
    switches = FolioSwitches()
    return f"""
[database]
url = "{database_url}"
data_dir = "data"

[pairs.main.alma]
base_url = "{served.alma_url}"
api_key = {json.dumps(api_key)}
requests_per_second = 0
daily_reserve = 0

[pairs.main.folio]
base_url = "{served.folio_url}"
tenant = "{switches.tenant}"
username = "{switches.username}"
password = {json.dumps(password)}
requests_per_second = 0
daily_calls = 0
daily_reserve = 0
settle_seconds = 0

[pairs.main.maps.proxies]
"EZPROXY" = "EZProxy"
"""


@asynccontextmanager
async def answering(status: int, body: str) -> AsyncIterator[str]:
    """Give the address of a server that answers every call with this status and this JSON body."""
    content = body.encode()
    head = f"HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n"
    answer = f"{head}Connection: close\r\n\r\n".encode() + content

    async def answer_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer_one, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()


@dataclass(slots=True, kw_only=True)
class Place:
    """A working directory in which commands are run. `command` is how the product is called."""

    folder: Path
    command: Sequence[str] = (sys.executable, "-m", "sync")
    environment: Mapping[str, str] = field(default_factory=lambda: {"PYTHONPATH": str(REPOSITORY)})

    def configure(self, text: str, name: str = "alma-folio-sync.toml") -> Path:
        """Write a configuration file, by default the one that is found without naming it."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    async def run(self, *arguments: str, seconds: float = SECONDS, **environment: str) -> Ended:
        """Run a command to its end, without a terminal; `environment` names settings without their prefix."""
        process = await self._start(arguments, environment, stdin=DEVNULL, stdout=PIPE, stderr=PIPE)
        return await ended(process, seconds=seconds)

    @asynccontextmanager
    async def started(self, *arguments: str, **environment: str) -> AsyncIterator[Process]:
        """Start a command without a terminal; it is killed if it still runs at the end."""
        process = await self._start(arguments, environment, stdin=DEVNULL, stdout=PIPE, stderr=PIPE)
        try:
            yield process
        finally:
            await _kill(process)

    @asynccontextmanager
    async def on_terminal(self, *arguments: str, **environment: str) -> AsyncIterator["Terminal"]:
        """Start a command on a pseudo-terminal of 24 lines with 100 columns."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
        try:
            process = await self._start(arguments, environment, stdin=slave, stdout=slave, stderr=slave)
        finally:
            os.close(slave)
        terminal = Terminal(process, master)
        try:
            yield terminal
        finally:
            await _kill(process)
            terminal.close()

    async def _start(self, arguments: Sequence[str], environment: Mapping[str, str], **streams: Any) -> Process:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        inherited.update({"TERM": "xterm", "COLUMNS": "100", **self.environment})
        own = {PREFIX + name: value for name, value in environment.items()}
        return await asyncio.create_subprocess_exec(
            *self.command, *arguments, cwd=self.folder, env={**inherited, **own}, **streams
        )


class Terminal:
    """What a person sees and types."""

    def __init__(self, process: Process, master: int) -> None:
        self.process = process
        self.shown = ""
        self._master = master
        os.set_blocking(master, False)
        asyncio.get_running_loop().add_reader(master, self._read)

    def _read(self) -> None:
        try:
            self.shown += os.read(self._master, 65536).decode("utf-8", "replace")
        except OSError:  # the other end is closed
            asyncio.get_running_loop().remove_reader(self._master)

    def type(self, text: str) -> None:
        """Type the text."""
        os.write(self._master, text.encode())

    async def sees(self, text: str, seconds: float = SECONDS) -> None:
        """Wait until the text was shown."""
        await until(lambda: text in self.shown or self.process.returncode is not None, seconds=seconds)
        assert text in self.shown, self.shown

    async def ended(self, seconds: float = SECONDS) -> int:
        """Wait for the end of the command and return its exit code."""
        code = await asyncio.wait_for(self.process.wait(), seconds)
        await asyncio.sleep(POLL_SECONDS)
        return code

    def close(self) -> None:
        """Take the terminal away."""
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)


async def ended(process: Process, seconds: float = SECONDS) -> Ended:
    """Wait for a command's end and return how it ended."""
    try:
        out, err = await asyncio.wait_for(process.communicate(), seconds)
    except BaseException:
        await _kill(process)
        raise
    return Ended(process.returncode or 0, out.decode(), err.decode())


async def until(happened: Callable[[], bool], *, within: Process | None = None, seconds: float = 60.0) -> None:
    """Wait until something has happened, while the process that is to do it runs."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert within is None or within.returncode is None, "the command ended before it happened"
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(POLL_SECONDS)


async def _kill(process: Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGKILL)
        await process.wait()
