"""The plan as one JSON object (the command line's contract), written piece by piece: its size does not matter."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec

from sync.logs import escaped
from sync.model import Parked
from sync.plan.changes import Change
from sync.report.rows import ReportRow
from sync.store.plans import Outcome, PlanInfo

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
    "parked"; after a run each change says what became of it.
    """
    head = {
        "run_id": run_id,
        "plan_id": plan.id,
        "pair": plan.pair,
        "direction": plan.direction,
        "created_at": plan.created_at.isoformat(timespec="seconds"),
        "summary": msgspec.to_builtins(plan.summary),
        "guards": [
            {"name": one.name, "value": one.value, "limit": one.limit, "tripped": one.tripped} for one in plan.guards
        ],
        "cost": msgspec.to_builtins(plan.cost),
    }
    write(json_text(head)[:-1] + ',"changes":[')
    first = True
    async for row in rows:
        write(("" if first else ",") + "\n" + json_text(_row(row, after_run=result is not None)))
        first = False
    write("]" if first else "\n]")
    write(f',"result":{json_text(result)}' if result is not None else "")
    write("}\n")


def _row(row: ReportRow, *, after_run: bool) -> dict[str, Any]:
    if row.parked is not None:
        return _parked(row.parked)
    if row.change is None:
        return {}
    return _change(row.change, row.outcome if after_run else None)


def _change(change: Change, outcome: Outcome | None) -> dict[str, Any]:
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
    if outcome is not None and outcome.reason:
        shown["outcome"] = {"reason": outcome.reason, "error": outcome.error, "advice": outcome.advice}
    return shown


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
