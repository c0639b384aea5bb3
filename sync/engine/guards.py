"""The guards that look at a plan as a whole: what they find is withheld in it, and can be approved there.

Their numbers come from the database, their verdicts from `sync.plan.guards` (design: guards).
"""

from sync.engine.planning import Planning
from sync.model import Kind, System
from sync.plan.changes import Action, Guard
from sync.plan.guards import SAME_FIELD, judge_configuration, judge_same_field, same_field_name
from sync.store.approval import count_under_other_rules, withhold_in_field, withhold_under_other_rules
from sync.store.links import count_linked


async def judge_plan(halves: list[Planning]) -> list[Guard]:
    """Return the guards of a plan whose changes are all stored, with what tripped one withheld."""
    planning = halves[0]
    return [*await _configuration(planning), *await _same_field(planning)]


async def _configuration(planning: Planning) -> list[Guard]:
    work = planning.work
    number = await count_under_other_rules(work.database, planning.plan_id, pair=work.name, rules=work.rules)
    guard = judge_configuration(number, asks=planning.both_ways)
    if guard.tripped:
        withheld = await withhold_under_other_rules(
            work.database, planning.plan_id, pair=work.name, rules=work.rules, reason=_reason(guard)
        )
        _count(planning, withheld)
    return [guard]


async def _same_field(planning: Planning) -> list[Guard]:
    """Withhold what changes in one field of a large part of all records: the mapping changed, or an encoding."""
    work, policy = planning.work, planning.work.pair.policy
    linked = await count_linked(work.database, work.name)
    counted = sorted(planning.tally.fields.items())
    guards = []
    for (system, kind, name), number in counted:
        guard = judge_same_field(
            same_field_name(system, kind, name),
            number,
            linked.get(kind, 0),
            most=policy.max_changes_in_field,
            percent=policy.max_changes_in_field_percent,
        )
        if not guard.tripped:
            continue
        guards.append(guard)
        withheld = await withhold_in_field(
            work.database, planning.plan_id, system=system, kind=kind, field=name, reason=_reason(guard)
        )
        _count(planning, {(system, kind): withheld})
    highest = max((number for _, number in counted), default=0)
    return guards or [Guard(name=SAME_FIELD, value=highest, limit=policy.max_changes_in_field, tripped=False)]


def _reason(guard: Guard) -> str:
    return f"guard {guard.name}: {guard.explanation}"


def _count(planning: Planning, withheld: dict[tuple[System, Kind], int]) -> None:
    tally = planning.tally
    for (system, kind), number in withheld.items():
        tally.kinds[system, kind, Action.UPDATE] -= number
        tally.summary.update -= number
        tally.summary.withheld += number
