"""Progress on standard error: bars on a terminal, a line now and then elsewhere."""

import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

SECONDS_BETWEEN_LINES = 10.0

T = TypeVar("T")


class ConsoleProgress:
    """Shows phases as they go. Use it as a context manager, so that the terminal is given back whole."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._bars = Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.description:<16}"),
            BarColumn(bar_width=32),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}
        self._done: dict[str, int] = {}
        self._totals: dict[str, int | None] = {}
        self._told: dict[str, float] = {}

    def __enter__(self) -> "ConsoleProgress":
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    async def paused(self, question: Callable[[], Awaitable[T]]) -> T:
        """Return the answer to a question, asked while the bars stand still."""
        self._bars.stop()
        try:
            return await question()
        finally:
            self._bars.start()

    def begin(self, phase: str, total: int | None) -> None:
        """Show a new phase."""
        self._tasks[phase] = self._bars.add_task(phase, total=total)
        self._done[phase] = 0
        self._totals[phase] = total
        self._told[phase] = time.monotonic()

    def expect(self, phase: str, total: int) -> None:
        """Correct how much a phase has to do."""
        self._totals[phase] = total
        self._bars.update(self._tasks[phase], total=total)

    def advance(self, phase: str, records: int) -> None:
        """Show that so much more is done."""
        self._done[phase] += records
        self._bars.advance(self._tasks[phase], records)
        if not self._console.is_terminal and time.monotonic() - self._told[phase] > SECONDS_BETWEEN_LINES:
            self._told[phase] = time.monotonic()
            self._line(phase, "…")

    def end(self, phase: str) -> None:
        """Show that a phase is over."""
        self._bars.update(self._tasks[phase], total=self._done[phase] or 1, completed=self._done[phase] or 1)
        if not self._console.is_terminal:
            self._line(phase, "done")

    def _line(self, phase: str, state: str) -> None:
        total = self._totals[phase]
        of = f" of {total:,}" if total and state != "done" else ""
        self._console.print(f"  {phase}: {self._done[phase]:,}{of} {state}", highlight=False, markup=False)
