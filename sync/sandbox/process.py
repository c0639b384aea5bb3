"""Both practice systems in one process of their own, so that they and the product do not share a processor core.

That process (`main`) reads its setup from standard input, says where it answers on standard output, and ends when
standard input closes, that is with its parent at the latest.
"""

import asyncio
import http.client
import json
import os
import pickle
import sys
import tempfile
import threading
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Literal
from urllib.parse import urlencode, urlsplit

from sync.errors import BugError, ConfigurationError, SyncError, UnreachableError
from sync.sandbox.alma import AlmaSwitches, PracticeAlma
from sync.sandbox.controls import Call, Faults
from sync.sandbox.endpoints import PREFIX, CallsPage, PracticeState, write_faults
from sync.sandbox.folio import FolioSwitches, PracticeFolio
from sync.sandbox.seed import SeedKnowledgeBase, SeedLibrary
from sync.sandbox.serve import PracticeUrls, serve

START_SECONDS = 120.0
STOP_SECONDS = 5.0
CALL_SECONDS = 30.0
END_OF_LOG = 4000

System = Literal["alma", "folio"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeSetup:
    """How the two systems behave, what they hold at first, and on which ports they answer (0: any free one)."""

    alma: AlmaSwitches = field(default_factory=AlmaSwitches)
    folio: FolioSwitches = field(default_factory=FolioSwitches)
    library: SeedLibrary = field(default_factory=SeedLibrary)
    knowledge_base: SeedKnowledgeBase = field(default_factory=SeedKnowledgeBase)
    alma_port: int = 0
    folio_port: int = 0


class PracticeProcess:
    """Both practice systems in a process of their own, while the context is open.

    Raises, on entering:
        ConfigurationError: a port is taken.
        BugError: the process did not start within two minutes (with the end of what it printed).
    """

    def __init__(self, setup: PracticeSetup | None = None) -> None:
        self._setup = setup or PracticeSetup()
        self._process: Process | None = None
        self._log: BinaryIO | None = None
        self.alma_url = ""
        self.folio_url = ""

    async def __aenter__(self) -> "PracticeProcess":
        """Start the process and return when both systems answer."""
        self._log = await asyncio.to_thread(tempfile.TemporaryFile)
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process."""
        await self.stop()

    async def _start(self) -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            f"from {__name__} import main; main()",
            stdin=PIPE,
            stdout=PIPE,
            stderr=self._log,
            env=_environment(),
            start_new_session=True,  # Ctrl-C is for the product, which then ends this process in its own time
        )
        self._process = process
        try:
            line = await asyncio.wait_for(self._introduce(process), START_SECONDS)
        except (TimeoutError, ConnectionError):
            line = b""
        answer = json.loads(line) if line else {"bug": "it said nothing"}
        if "refused" in answer:
            raise ConfigurationError(answer["refused"], advice=answer["advice"])
        if "bug" in answer:
            raise BugError(f"the practice systems did not start: {answer['bug']}\n{self.log_end()}")
        self.alma_url, self.folio_url = answer["alma"], answer["folio"]

    async def _introduce(self, process: Process) -> bytes:
        if process.stdin is None or process.stdout is None:
            raise BugError("the practice process has no pipes")
        process.stdin.write(pickle.dumps(self._setup))
        await process.stdin.drain()
        return await process.stdout.readline()

    @property
    def pid(self) -> int:
        """Return the id of the process, 0 when it does not run."""
        return self._process.pid if self._process is not None else 0

    def log_end(self) -> str:
        """Return the last lines the process printed: its complaints, if it has any."""
        if self._log is None:
            return ""
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), END_OF_LOG, max(0, size - END_OF_LOG)).decode("utf-8", "replace").strip()

    async def state(self, system: System) -> PracticeState:
        """Return what the system has seen so far.

        Raises:
            UnreachableError: the process does not answer.
        """
        return PracticeState(**await self._call(system, "GET", "state"))

    async def calls(self, system: System, *, since: int = 0) -> CallsPage:
        """Return at most 1000 calls from number `since` on.

        Raises:
            UnreachableError: the process does not answer.
        """
        page = await self._call(system, "GET", f"calls?{urlencode({'since': since})}")
        calls = tuple(Call(**call) for call in page["calls"])
        return CallsPage(calls=calls, next=page["next"], lost=page["lost"])

    async def set_faults(self, system: System, faults: Faults) -> None:
        """Let this go wrong from the next call on.

        Raises:
            ValueError: the shares are not between 0 and 1 together.
            UnreachableError: the process does not answer.
        """
        await self._call(system, "PUT", "faults", write_faults(faults))

    async def forward(self, system: System, *, seconds: float) -> None:
        """Move the system's practice clock on, by 0 seconds to ten years.

        Raises:
            ValueError: the seconds are out of range.
            UnreachableError: the process does not answer.
        """
        await self._call(system, "POST", "clock", {"seconds": seconds})

    async def _call(self, system: System, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        url = self.alma_url if system == "alma" else self.folio_url
        return await asyncio.to_thread(_ask, url, method, PREFIX + path, None if body is None else json.dumps(body))

    async def stop(self) -> None:
        """End the process: asked first, then forced. It is safe to call this twice."""
        process, self._process = self._process, None
        if process is not None:
            if process.returncode is None:
                process.terminate()
            if process.stdin is not None:
                process.stdin.close()
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
            except TimeoutError:
                process.kill()
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
        log, self._log = self._log, None
        if log is not None:
            log.close()


def _environment() -> dict[str, str]:
    """Return this process's environment, with the product importable from wherever it was imported here."""
    root = str(Path(__file__).resolve().parents[2])
    return {**os.environ, "PYTHONPATH": os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])}


def _ask(url: str, method: str, path: str, body: str | None) -> Any:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=CALL_SECONDS)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        content = json.loads(answer.read())
    except (OSError, http.client.HTTPException) as error:
        raise UnreachableError(f"the practice systems do not answer on {url}: {error}") from error
    finally:
        connection.close()
    if answer.status != 200:
        raise ValueError(content["error"])
    return content


def main() -> None:
    """Serve as standard input says, until it closes."""
    setup = pickle.load(sys.stdin.buffer)  # noqa: S301  (written by the parent process, just above)
    if not isinstance(setup, PracticeSetup):
        raise BugError("the practice process was started without a setup")
    try:
        asyncio.run(_serve(setup))
    except SyncError as error:
        print(json.dumps({"refused": error.message, "advice": error.advice}), flush=True)


async def _serve(setup: PracticeSetup) -> None:
    alma, folio = PracticeAlma(switches=setup.alma), PracticeFolio(switches=setup.folio)
    alma.load(setup.library)
    folio.load(setup.knowledge_base)
    stop = asyncio.Event()
    threading.Thread(target=_end_with_parent, args=(asyncio.get_running_loop(), stop), daemon=True).start()
    await serve(alma, folio, alma_port=setup.alma_port, folio_port=setup.folio_port, ready=_announce, stop=stop)


def _announce(urls: PracticeUrls) -> None:
    print(json.dumps(asdict(urls)), flush=True)
    # Nobody reads standard output from here on: a full pipe would stop the servers.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())


def _end_with_parent(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Wait until the parent closes the pipe or ends, then end this process: in order, or by force."""
    # Not through sys.stdin, whose lock this thread would hold while the interpreter ends.
    while os.read(0, 4096):
        continue
    loop.call_soon_threadsafe(stop.set)
    threading.Event().wait(STOP_SECONDS)
    os._exit(1)
