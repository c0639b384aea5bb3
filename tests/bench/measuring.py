"""Measuring a command from outside, and telling on which machine it was measured."""

import os
import platform
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.commands import Place

MEGABYTE = 1024 * 1024
LONGEST_SECONDS = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A command that has ended: exit code, seconds from start to end, processor seconds, and the largest memory (MB).

    `phases` are the seconds each phase took, as far as the command told on standard error when it was over.
    """

    code: int
    seconds: float
    processor_seconds: float
    memory: float
    phases: Mapping[str, float]
    said: str


@dataclass(slots=True)
class Results:
    """The rows of the table that is printed at the end."""

    rows: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, what: str, number: str, remark: str = "") -> None:
        """Add a row."""
        self.rows.append((what, number, remark))

    def lines(self) -> Iterator[str]:
        """Yield the table, the machine named above it."""
        yield from machine()
        widths = [max((len(row[column]) for row in self.rows), default=0) for column in range(2)]
        for what, number, remark in self.rows:
            yield f"  {what:<{widths[0]}}  {number:>{widths[1]}}  {remark}".rstrip()


def machine() -> Iterator[str]:
    """Yield lines that say what was measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    yield f"{platform.system()} {platform.machine()}, {_processor()}, {os.cpu_count()} cores, {memory:.0f} GB"
    yield f"Python {platform.python_version()}, load {os.getloadavg()[0]:.1f} when this was printed"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "processor unknown"


def measure(place: Place, *arguments: str) -> Measured:
    """Run a command to its end and return what it took."""
    began = time.monotonic()
    environment = {**os.environ, **place.environment}
    with subprocess.Popen(  # noqa: S603
        [*place.command, *arguments],
        cwd=place.folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        ends: list[tuple[float, str]] = []
        reader = threading.Thread(target=_read, args=(process, ends), daemon=True)
        reader.start()
        guard = threading.Timer(LONGEST_SECONDS, process.kill)
        guard.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        finally:
            guard.cancel()
        seconds = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        reader.join(10)
    return Measured(
        code=process.returncode,
        seconds=seconds,
        processor_seconds=usage.ru_utime + usage.ru_stime,
        memory=usage.ru_maxrss * (1 if platform.system() == "Darwin" else 1024) / MEGABYTE,
        phases=_phases(began, ends),
        said="".join(line for _, line in ends),
    )


def _read(process: "subprocess.Popen[str]", ends: list[tuple[float, str]]) -> None:
    ends.extend((time.monotonic(), line) for line in process.stderr or ())


def _phases(began: float, ends: Sequence[tuple[float, str]]) -> dict[str, float]:
    """Both systems are read at once; the other phases begin when the one before is over."""
    found: dict[str, float] = {}
    last = began
    for at, line in ends:
        phase, done, _ = line.strip().partition(": ")
        if done and line.rstrip().endswith("done"):
            found[phase] = at - (began if phase.startswith("read ") else last)
            last = at
    return found
