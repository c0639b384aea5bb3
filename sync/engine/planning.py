"""A plan in the making: what its parts share, and how their changes are stored."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sync.engine.read import Snapshot
from sync.engine.work import Work
from sync.errors import DataError
from sync.model import Kind, Parked, System
from sync.plan.changes import Action, Change, Guard, Status, Summary
from sync.plan.direction import Direction
from sync.store.comparison import Comparison
from sync.store.plans import add_changes
from sync.store.snapshots import add_parked


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """What matching settled beside the links: names for Alma's packages and titles in FOLIO, by Alma key; and which
    packages of FOLIO may be one of several collections, by FOLIO key, with the reason.
    """

    package_names: Mapping[str, str] = field(default_factory=dict)
    title_names: Mapping[str, str] = field(default_factory=dict)
    ambiguous: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Planning:
    """A plan in the making. `parked` are the keys of source records that cannot take part as they stand."""

    work: Work
    direction: Direction
    plan_id: int
    alma: Snapshot
    folio: Snapshot
    next_seq: int = 1
    kinds: Counter[tuple[System, Kind, Action]] = field(default_factory=Counter)
    summary: Summary = field(default_factory=Summary)
    guards: list[Guard] = field(default_factory=list)
    parked: list[str] = field(default_factory=list)

    @property
    def comparison(self) -> Comparison:
        """Return which two readings are compared, under which rules."""
        return Comparison(pair=self.work.name, alma=self.alma.id, folio=self.folio.id, rules=self.work.rules)

    @property
    def source(self) -> Snapshot:
        """Return the reading of the system that is only read."""
        return self.alma if self.direction.source is System.ALMA else self.folio

    @property
    def target(self) -> Snapshot:
        """Return the reading of the system that is written to."""
        return self.alma if self.direction.target is System.ALMA else self.folio

    async def add(self, changes: Sequence[Change]) -> None:
        """Store changes, in the order of their packages and names, and count them."""
        ordered = sorted(changes, key=lambda one: (one.package_key, one.name, one.id))
        self.next_seq = await add_changes(self.work.database, self.plan_id, self.next_seq, ordered)
        self.summary.count(ordered)
        self.kinds.update((one.system, one.kind, one.action) for one in ordered if one.status is Status.PLANNED)

    async def park(self, kind: Kind, key: str, name: str, error: DataError) -> None:
        """Record that a record of the source cannot take part as it stands, with the reason."""
        self.parked.append(key)
        parked = Parked(
            system=self.direction.source,
            kind=kind,
            key=key,
            name=name,
            field="",
            reason=error.message,
            advice=error.advice,
        )
        await add_parked(self.work.database, self.work.run_id, [parked])
