"""What every rendering of a plan shows: its changes in order, then parked records, then open conflicts."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncEngine

from sync.model import Kind, Parked
from sync.plan.changes import Change
from sync.plan.direction import BOTH_WAYS
from sync.store.changes import Outcome, changes_of
from sync.store.conflicts import Conflict, open_conflicts
from sync.store.plans import PlanInfo
from sync.store.snapshots import parked_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRow:
    """One line of a report: a change, a parked record, or an open conflict."""

    change: Change | None = None
    outcome: Outcome = field(default_factory=Outcome)
    parked: Parked | None = None
    conflict: Conflict | None = None


async def report_rows(database: AsyncEngine, plan: PlanInfo) -> AsyncIterator[ReportRow]:
    """Yield every line of the plan's report, always in the same order for the same plan."""
    for kind in Kind:
        async for stored in changes_of(database, plan.id, kind=kind):
            yield ReportRow(change=stored.change, outcome=stored.outcome)
    for parked in await parked_of(database, plan.run_id):
        yield ReportRow(parked=parked)
    if plan.direction == BOTH_WAYS:
        for conflict in await open_conflicts(database, plan.pair, decided=False):
            yield ReportRow(conflict=conflict)
