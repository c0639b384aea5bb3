"""A plan in the making: what its parts share, and how their changes and conflicts are stored."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sync.engine.read import Snapshot
from sync.engine.work import Work
from sync.errors import DataError
from sync.match.by_name import Doubt
from sync.model import Kind, Parked, System
from sync.plan.changes import Action, Change, Cost, Guard, Status, Summary
from sync.plan.cost import DailyCalls, Limits, Step, estimate
from sync.plan.direction import Direction
from sync.plan.guards import TAKEN_BACK, TAKEN_BACK_WORDS
from sync.store.changes import add_changes
from sync.store.comparison import Comparison
from sync.store.conflicts import Conflict, note_conflicts
from sync.store.snapshots import add_parked
from sync.transport.budget import Budget


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """What matching settled beside the links: names for Alma's packages and titles in FOLIO, by Alma key; and what
    waits for a person, since it may be there already: packages and collections that nothing tells apart, bibs and
    FOLIO's titles with the reason, each by its key.
    """

    package_names: Mapping[str, str] = field(default_factory=dict)
    title_names: Mapping[str, str] = field(default_factory=dict)
    doubts: tuple[Doubt, ...] = ()
    doubtful_bibs: Mapping[str, str] = field(default_factory=dict)
    doubtful_titles: Mapping[str, str] = field(default_factory=dict)

    @property
    def ambiguous(self) -> dict[str, str]:
        """Return which packages of FOLIO may be one of several collections, with the reason."""
        return {key: one.why for one in self.doubts for key in one.folio}

    @property
    def ambiguous_collections(self) -> dict[str, str]:
        """Return which collections may be one of several packages, with the reason."""
        return {key: one.why for one in self.doubts for key in one.alma}


@dataclass(slots=True)
class Tally:
    """What is counted while a plan is made: planned changes by kind, and by field what changed since both agreed.

    `parked` are the records that cannot take part as they stand; `taken_back` counts what waits for a person since an
    undo took it back.
    """

    next_seq: int = 1
    kinds: Counter[tuple[System, Kind, Action]] = field(default_factory=Counter)
    fields: Counter[tuple[System, Kind, str]] = field(default_factory=Counter)
    summary: Summary = field(default_factory=Summary)
    guards: list[Guard] = field(default_factory=list)
    parked: set[tuple[System, Kind, str]] = field(default_factory=set)
    taken_back: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Planning:
    """A plan in the making, or the half of a two-way plan that goes one way; both halves share the tally.

    Of a `dry_run` nothing is carried out. `doubts` are changes that may have been made already, by id: they wait.
    `apart` are records that an undo took apart from their partners, which only a person brings together again.
    """

    work: Work
    direction: Direction
    plan_id: int
    alma: Snapshot
    folio: Snapshot
    both_ways: bool = False
    dry_run: bool = False
    doubts: Mapping[str, DataError] = field(default_factory=dict)
    apart: Mapping[tuple[System, Kind], Collection[str]] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)

    @property
    def comparison(self) -> Comparison:
        """Return which two readings are compared, under which rules."""
        return Comparison(pair=self.work.name, alma=self.alma.id, folio=self.folio.id, rules=self.work.rules)

    @property
    def source(self) -> Snapshot:
        """Return the reading of the system that changes come from."""
        return self.alma if self.direction.source is System.ALMA else self.folio

    @property
    def target(self) -> Snapshot:
        """Return the reading of the system that is written to."""
        return self.alma if self.direction.target is System.ALMA else self.folio

    async def add(self, changes: Sequence[Change]) -> None:
        """Store changes, in the order of their packages and names, and count them."""
        ordered = sorted(map(self._held_back, changes), key=lambda one: (one.package_key, one.name, one.id))
        tally = self.tally
        tally.next_seq = await add_changes(self.work.database, self.plan_id, tally.next_seq, ordered)
        tally.summary.count(ordered)
        planned = [one for one in ordered if one.status is Status.PLANNED]
        tally.kinds.update((one.system, one.kind, one.action) for one in planned)
        tally.fields.update(
            (one.system, one.kind, change.field)
            for one in planned
            if one.action is Action.UPDATE and one.agreed
            for change in one.fields
        )

    def _held_back(self, change: Change) -> Change:
        if change.id in self.doubts:
            doubt = self.doubts[change.id]
            return replace(change, status=Status.WITHHELD, reason=f"{doubt.message}. {doubt.advice}")
        if change.status is Status.PLANNED and self._is_taken_back(change):
            self.tally.taken_back += 1
            return replace(change, status=Status.WITHHELD, reason=f"guard {TAKEN_BACK}: {TAKEN_BACK_WORDS}")
        return change

    def _is_taken_back(self, change: Change) -> bool:
        if change.action not in (Action.CREATE, Action.SELECT):
            return False
        source = System.ALMA if change.system is System.FOLIO else System.FOLIO
        # a service is made for its package
        kind = Kind.PACKAGE if change.kind is Kind.SERVICE else change.kind
        apart = self.apart.get((source, kind), ())
        inside = kind is Kind.HOLDING and change.package_key in self.apart.get((source, Kind.PACKAGE), ())
        return inside or any(key in apart for key in change.source_keys)

    async def add_conflicts(self, conflicts: Sequence[Conflict]) -> None:
        """Store conflicts, and count those that wait for a decision."""
        await note_conflicts(self.work.database, self.work.name, self.work.run_id, conflicts)
        self.tally.summary.conflict += sum(not one.settled for one in conflicts)

    async def park(self, kind: Kind, key: str, name: str, error: DataError) -> None:
        """Record that a record of the source cannot take part as it stands, with the reason."""
        if (self.direction.source, kind, key) in self.tally.parked:
            return
        self.tally.parked.add((self.direction.source, kind, key))
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


def taken_back_guard(tally: Tally) -> list[Guard]:
    """Return the guard on what an undo took back, where a plan would bring it again."""
    if not tally.taken_back:
        return []
    return [Guard(name=TAKEN_BACK, value=tally.taken_back, limit=0, tripped=True, explanation=TAKEN_BACK_WORDS)]


def cost_now(work: Work, kinds: Counter[Step]) -> Cost:
    """Return what so many changes cost, by the calls that are left of this day."""
    folio, alma = work.pair.folio, work.pair.alma
    return estimate(
        kinds,
        alma=Limits(per_second=alma.requests_per_second, daily=_daily(work.alma.connection.budget, None)),
        folio=Limits(
            per_second=folio.requests_per_second, daily=_daily(work.folio.connection.budget, folio.daily_calls)
        ),
        tags=bool(work.pair.policy.tags),
    )


def _daily(budget: Budget, a_day: int | None) -> DailyCalls | None:
    if budget.remaining is None:
        return None
    return DailyCalls(left=budget.remaining - budget.reserve, a_day=(a_day or budget.remaining) - budget.reserve)
