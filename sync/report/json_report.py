"""The plan as one JSON object (the command line's contract), written piece by piece: its size does not matter."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec

from sync.logs import escaped
from sync.model import Parked
from sync.plan.changes import Change, Status
from sync.plan.direction import BOTH_WAYS
from sync.report.rows import ReportRow
from sync.store.changes import Outcome
from sync.store.conflicts import Conflict
from sync.store.plans import PlanInfo

_encoder = msgspec.json.Encoder()

Write = Callable[[str], object]


def json_text(value: object) -> str:
    """Return the value as JSON without raw control characters: a name must not command the terminal it is shown on."""
    return escaped(_encoder.encode(value).decode())


async def write_json(
    write: Write,
    plan: PlanInfo,
    rows: AsyncIterator[ReportRow],
    *,
    run_id: int,
    result: dict[str, int] | None = None,
) -> None:
    """Write the object: the plan, its changes, and after a run the `result`.

    The same plan gives the same bytes, ids and times aside. Parked records stand among the changes with status
    "parked"; after a run each change says what became of it. A two-way plan has its open conflicts after them.
    """
    head = {
        "run_id": run_id,
        "plan_id": plan.id,
        "pair": plan.pair,
        "direction": plan.direction,
        "takes_back": plan.takes_back,
        "created_at": plan.created_at.isoformat(timespec="seconds"),
        "summary": msgspec.to_builtins(plan.summary),
        "guards": [
            {"name": one.name, "value": one.value, "limit": one.limit, "tripped": one.tripped} for one in plan.guards
        ],
        "cost": msgspec.to_builtins(plan.cost),
    }
    write(json_text(head)[:-1] + ',"changes":[')
    conflicts: list[dict[str, Any]] = []
    first = True
    async for row in rows:
        if row.conflict is not None:
            conflicts.append(conflict_as_json(row.conflict))
            continue
        write(("" if first else ",") + "\n" + json_text(_row(row, after_run=result is not None)))
        first = False
    write("]" if first else "\n]")
    write(f',"conflicts":{json_text(conflicts)}' if plan.direction == BOTH_WAYS else "")
    write(f',"result":{json_text(result)}' if result is not None else "")
    write("}\n")


def _row(row: ReportRow, *, after_run: bool) -> dict[str, Any]:
    if row.parked is not None:
        return _parked(row.parked)
    if row.change is None:
        return {}
    return _change(row.change, row.outcome, after_run=after_run)


def _change(change: Change, outcome: Outcome, *, after_run: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": change.id,
        "system": change.system,
        "kind": change.kind,
        "action": change.action,
        "name": change.name,
        "identifiers": change.identifiers,
        "target_id": change.target_id or None,
        "reason": change.reason,
        "status": change.status,
        "fields": [{"field": one.field, "before": one.before, "after": one.after} for one in change.fields],
        "losses": [{"field": one.field, "value": one.value, "reason": one.reason} for one in change.losses],
    }
    if outcome.reason and (after_run or change.status is Status.WITHHELD):
        shown["outcome"] = {"reason": outcome.reason, "error": outcome.error, "advice": outcome.advice}
    return shown


def conflict_as_json(conflict: Conflict) -> dict[str, Any]:
    """Return a conflict as JSON shows it, with the three values side by side."""
    return {
        "id": conflict.id,
        "kind": conflict.kind,
        "name": conflict.name,
        "package": conflict.package_name,
        "alma_id": conflict.alma_id,
        "folio_id": conflict.folio_id,
        "field": conflict.field,
        "base": conflict.base,
        "alma": conflict.alma,
        "folio": conflict.folio,
        "decision": conflict.decision,
    }


def _parked(parked: Parked) -> dict[str, Any]:
    return {
        "id": f"{parked.system}/{parked.kind}/{parked.key}",
        "system": parked.system,
        "kind": parked.kind,
        "action": "create",
        "name": parked.name,
        "identifiers": [],
        "target_id": None,
        "reason": f"{parked.reason}. {parked.advice}",
        "status": "parked",
        "fields": [],
        "losses": [],
    }
