"""A plan being carried out: what its steps share, and which records of FOLIO they have taken."""

from dataclasses import dataclass, field

from sync.engine.work import Work
from sync.errors import (
    SyncError,
)
from sync.folio.loader import FolioLoader, Origin
from sync.model import Kind
from sync.plan.changes import Change
from sync.store.comparison import SourceRecord
from sync.store.intents import Journal
from sync.store.links import Link, linked_from
from sync.store.plans import StoredChange


@dataclass(frozen=True, slots=True)
class Claims:
    """Which FOLIO records are taken by which title or package of Alma while a plan is carried out.

    `among` is Alma's snapshot where it is complete: what is not in it keeps its record from nobody.
    """

    work: Work
    kind: Kind
    owner: str
    own_keys: frozenset[str]
    taken: dict[str, str]
    among: int | None

    async def is_free(self, folio_id: str) -> bool:
        """Return whether nobody else is linked to the record or about to be."""
        if self.taken.get(folio_id, self.owner) != self.owner:
            return False
        owners = await linked_from(self.work.database, self.work.name, self.kind, [folio_id], among=self.among)
        return not owners.get(folio_id, set()) - self.own_keys

    def take(self, folio_id: str) -> bool:
        """Take the record; False when somebody else was faster."""
        return self.taken.setdefault(folio_id, self.owner) == self.owner


@dataclass(slots=True, kw_only=True)
class Application:
    """A plan being carried out.

    `made` tells how the resources that this plan wrote came into being; `stopped` is why nothing more is begun;
    `unreached` counts the changes in a row that failed because FOLIO did not answer.
    """

    work: Work
    plan_id: int
    alma_snapshot: int
    alma_complete: bool
    journal: Journal
    loader: FolioLoader
    packages: dict[str, Link] = field(default_factory=dict)
    taken: dict[Kind, dict[str, str]] = field(default_factory=lambda: {Kind.PACKAGE: {}, Kind.TITLE: {}})
    made: dict[str, Origin] = field(default_factory=dict)
    stopped: SyncError | None = None
    unreached: int = 0

    @property
    def settle_seconds(self) -> float:
        """Return how long a record just written may not be seen."""
        return self.work.pair.folio.settle_seconds

    def claims(self, change: Change, owner: str) -> Claims:
        """Return the claims of one change."""
        among = self.alma_snapshot if self.alma_complete else None
        return Claims(self.work, change.kind, owner, frozenset(change.source_keys), self.taken[change.kind], among)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some changes of one kind, with everything about them that is read from the database at once."""

    sources: dict[str, SourceRecord]
    titles: dict[str, Link]
    title_changes: dict[str, StoredChange]
    title_sources: dict[str, SourceRecord]
    places: dict[str, list[tuple[str, tuple[str, ...]]]]
