"""A plan in numbers: per package, by kind of loss, and the few records a person must look at."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from sync.model import Kind, Parked, System
from sync.plan.changes import REMOVALS, Action, Change, Status
from sync.report.rows import ReportRow
from sync.store.changes import Outcome
from sync.store.conflicts import Conflict

MOST_SHOWN = 5


@dataclass(slots=True, kw_only=True)
class PackageRow:
    """What happens to the titles of one package, and how much of all that was planned in it is not done."""

    name: str
    create: int = 0
    update: int = 0
    remove: int = 0
    not_done: int = 0


@dataclass(slots=True, kw_only=True)
class LossRow:
    """Values of one field that are left behind for one reason, with one of them as an example."""

    count: int = 0
    example: str = ""


@dataclass(slots=True, kw_only=True)
class Overview:
    """The plan, folded. Lists are cut at MOST_SHOWN; the counters are whole. `planned` leaves out what is withheld."""

    kinds: Counter[tuple[Kind, Action]] = field(default_factory=Counter)
    planned: Counter[tuple[System, Kind, Action]] = field(default_factory=Counter)
    packages: dict[str, PackageRow] = field(default_factory=dict)
    losses: dict[tuple[str, str], LossRow] = field(default_factory=dict)
    updates: list[Change] = field(default_factory=list)
    removals: list[Change] = field(default_factory=list)
    not_done: list[tuple[Change, Outcome]] = field(default_factory=list)
    not_done_count: int = 0
    known_titles: int = 0
    parked: list[Parked] = field(default_factory=list)
    parked_count: int = 0
    conflicts: list[Conflict] = field(default_factory=list)
    conflict_count: int = 0


async def overview_of(rows: AsyncIterator[ReportRow]) -> Overview:
    """Return the plan, folded."""
    found = Overview()
    async for row in rows:
        if row.parked is not None:
            found.parked_count += 1
            if len(found.parked) < MOST_SHOWN:
                found.parked.append(row.parked)
        elif row.conflict is not None:
            found.conflict_count += 1
            if len(found.conflicts) < MOST_SHOWN:
                found.conflicts.append(row.conflict)
        elif row.change is not None:
            _add(found, row.change, row.outcome)
    return found


def _add(found: Overview, change: Change, outcome: Outcome) -> None:
    withheld = change.status is Status.WITHHELD
    for loss in change.losses:
        lost = found.losses.setdefault((loss.field, loss.reason), LossRow())
        lost.count += 1
        lost.example = lost.example or f"{loss.value} ({change.name})"
    if change.status is Status.NOTED:
        return
    found.kinds[change.kind, change.action] += 1
    found.planned[change.system, change.kind, change.action] += not withheld
    if change.action is Action.UPDATE and len(found.updates) < MOST_SHOWN:
        found.updates.append(change)
    if change.action in REMOVALS and not withheld and len(found.removals) < MOST_SHOWN:
        found.removals.append(change)
    not_done = change.status in (Status.FAILED, Status.SKIPPED, Status.WITHHELD)
    if not_done:
        found.not_done_count += 1
        if len(found.not_done) < MOST_SHOWN:
            found.not_done.append((change, outcome))
    found.known_titles += change.kind is Kind.TITLE and "has already is used" in outcome.reason
    if change.package_key:
        # by name: on the way to Alma and on the way to FOLIO a package has another key
        name = change.package_name or change.package_key
        package = found.packages.setdefault(name, PackageRow(name=change.package_name))
        package.not_done += not_done
        if change.kind is Kind.HOLDING and not withheld:
            package.create += change.action in (Action.CREATE, Action.SELECT)
            package.update += change.action is Action.UPDATE
            package.remove += change.action in REMOVALS
