"""A plan being carried out: what its steps share, and which records of the target they have taken."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from sync.engine.to_alma.hands import AlmaHands
from sync.engine.to_folio.hands import FolioHands
from sync.engine.work import Work
from sync.errors import SyncError
from sync.model import Kind, Package, Title
from sync.plan.changes import Change
from sync.plan.direction import Direction
from sync.store.changes import StoredChange
from sync.store.comparison import SourceRecord
from sync.store.intents import Journal, Made, Result
from sync.store.links import Link


@dataclass(slots=True, kw_only=True)
class Application:
    """A plan being carried out. `source` and `source_complete` are the snapshot its records come from, `target` is the
    other one.

    `already` is what an interrupted run of the plan made. `packages` are the links of packages by their keys at the
    source; `taken` the records of the target that its changes took, by kind; `services_left` counts by package the
    services that are still to be hidden or shown with it; `stopped` is why nothing more is begun; `unreached` counts
    the changes in a row that failed because the target did not answer.
    """

    work: Work
    plan_id: int
    direction: Direction
    source: int
    source_complete: bool
    target: int
    journal: Journal
    already: Made
    folio: FolioHands
    alma: AlmaHands
    packages: dict[str, Link] = field(default_factory=dict)
    taken: dict[Kind, dict[str, str]] = field(default_factory=lambda: {kind: {} for kind in Kind})
    services_left: dict[str, int] = field(default_factory=dict)
    stopped: SyncError | None = None
    unreached: int = 0

    @property
    def among(self) -> int | None:
        """Return the source's snapshot where it is complete: what is not in it keeps its record from nobody."""
        return self.source if self.source_complete else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some changes of one kind, with everything about them that is read from the database at once.

    `bibs` are the bibs of portfolios that are removed, as they were read; or those that the plan taken back made.
    `wires` are whole records that are made again, by change.
    """

    sources: dict[str, SourceRecord] = field(default_factory=dict)
    titles: dict[str, Link] = field(default_factory=dict)
    resources: dict[str, Link] = field(default_factory=dict)
    title_changes: dict[str, StoredChange] = field(default_factory=dict)
    title_sources: dict[str, SourceRecord] = field(default_factory=dict)
    places: dict[str, list[tuple[str, tuple[str, ...]]]] = field(default_factory=dict)
    source_titles: dict[str, Title] = field(default_factory=dict)
    packages: dict[str, Package] = field(default_factory=dict)
    bibs: dict[str, Title] = field(default_factory=dict)
    wires: dict[str, str] = field(default_factory=dict)


Step = Callable[[Application, Batch, Change], Awaitable[Result | None]]
"""One step of a change; None: it needs another one."""
