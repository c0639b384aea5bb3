"""What an extractor hands on: records as they were read, and how complete the reading was."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from sync.model.records import Kind, Parked, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One record as read: in full, as a list tells it (what its hash is made of), and raw as the system gave it."""

    kind: Kind
    record: Record
    listed: Record
    package_key: str = ""
    title_key: str = ""
    raw: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some records of a reading, and those that could not become one."""

    readings: tuple[Reading, ...] = ()
    parked: tuple[Parked, ...] = ()


Sink = Callable[[Batch], Awaitable[None]]
"""Takes each batch as it is read; the extractor waits for it, so that memory stays bounded."""


@dataclass(slots=True)
class Extraction:
    """How complete a reading was: what the system declared, and where fewer records came than that.

    `expected` grows while reading and serves progress bars; a reading without `shortfalls` is complete. What is
    missing is known by package, as far as it can be: `incomplete_packages`; `elsewhere` are the other shortfalls.
    """

    declared: int = 0
    expected: int = 0
    shortfalls: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    incomplete_packages: set[str] = field(default_factory=set)

    def fall_short(self, what: str, package: str = "") -> None:
        """Note that something was not read, in one package if it can be told."""
        self.shortfalls.append(what)
        if package:
            self.incomplete_packages.add(package)
        else:
            self.elsewhere.append(what)
