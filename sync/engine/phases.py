"""How long each phase of a run takes, told when it ends."""

import time
from collections.abc import Callable

from sync.engine.work import Progress

Told = Callable[[str, float], None]
"""Hears the name of a phase that ended, and its seconds."""


class PhaseClock:
    """Watches a run for somebody who wants the seconds of its phases, and lets another one watch it too."""

    def __init__(self, told: Told, other: Progress | None = None) -> None:
        self._told = told
        self._other = other
        self._began: dict[str, float] = {}

    def begin(self, phase: str, total: int | None) -> None:
        """A phase begins."""
        self._began[phase] = time.monotonic()
        if self._other is not None:
            self._other.begin(phase, total)

    def expect(self, phase: str, total: int) -> None:
        """A phase turns out to have so many records."""
        if self._other is not None:
            self._other.expect(phase, total)

    def advance(self, phase: str, records: int) -> None:
        """So many more are done."""
        if self._other is not None:
            self._other.advance(phase, records)

    def end(self, phase: str) -> None:
        """The phase is over."""
        self._tell(phase)
        if self._other is not None:
            self._other.end(phase)

    def stop(self) -> None:
        """Tell of the phases that never ended, since the run broke off."""
        for phase in list(self._began):
            self._tell(phase)

    def _tell(self, phase: str) -> None:
        began = self._began.pop(phase, None)
        if began is not None:
            self._told(phase, time.monotonic() - began)
