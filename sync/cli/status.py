"""status: what waits."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from sync.cli.options import format_option, global_options, globals_of
from sync.cli.plans import as_json as plan_as_json
from sync.cli.plans import waits_for
from sync.cli.running import ExitCode, database_of, run_async, settings_of
from sync.cli.runs import as_json, line

if TYPE_CHECKING:
    from sync.settings import Pair
    from sync.store.plans import PlanInfo
    from sync.store.runs import RunInfo
    from sync.store.standing import Standing
    from sync.store.ticks import Tick

TICKS = 5
"""So many of the latest due runs are looked at."""


@click.command(
    "status",
    epilog="""\b
Examples:
  alma-folio-sync status
  alma-folio-sync status --format json""",
)
@global_options
@format_option
@click.pass_context
def command(ctx: click.Context, form: str) -> int:
    """Show, for each pair, the last run, what it waits for, and the calls used today."""
    settings = settings_of(ctx)
    wanted = globals_of(ctx).pair
    names = [settings.pair(wanted)[0]] if wanted else sorted(settings.pairs)

    async def work() -> int:
        from sync.report.json_report import json_text
        from sync.store.plans import waiting_plan
        from sync.store.runs import recent_runs
        from sync.store.standing import last_in_step, standing
        from sync.store.ticks import recent_ticks

        found = []
        async with database_of(settings) as database:
            for name in names:
                pair = settings.pairs[name]
                runs = await recent_runs(database, pair=name, limit=1)
                one = _State(
                    name=name,
                    pair=pair,
                    run=runs[0] if runs else None,
                    now=await standing(database, name, pair.accounts),
                    ticks=await recent_ticks(database, name, TICKS),
                    in_step_at=await last_in_step(database, name),
                    plan=await waiting_plan(database, name),
                )
                found.append(one)
        if form == "json":
            click.echo(json_text({"pairs": [_as_json(one) for one in found]}))
        else:
            for one in found:
                _show(one)
                _show_schedule(one.pair, one.name, one.ticks)
        return ExitCode.DONE

    return run_async(ctx, work)


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """What there is to tell of a pair."""

    name: str
    pair: "Pair"
    run: "RunInfo | None"
    now: "Standing"
    ticks: "list[Tick]"
    in_step_at: datetime | None
    plan: "PlanInfo | None"


def _as_json(one: _State) -> dict[str, Any]:
    return {
        "pair": one.name,
        "last_run": as_json(one.run) if one.run else None,
        "in_step_at": one.in_step_at,
        "links": one.now.links,
        "open_writes": one.now.open_writes,
        "open_conflicts": one.now.open_conflicts,
        "decided_conflicts": one.now.decided_conflicts,
        "waiting_plan": plan_as_json(one.plan) if one.plan else None,
        "calls_today": one.now.calls,
        "schedule": _scheduled_as_json(one.pair, one.name, one.ticks),
    }


def _show(one: _State) -> None:
    from sync.store.runs import RunState

    run, now = one.run, one.now
    click.echo(f"Pair {one.name}")
    click.echo(f"  last run: {line(run) if run else 'none yet'}")
    if one.in_step_at:
        click.echo(f"  last in step: {one.in_step_at:%Y-%m-%d %H:%M} UTC")
    if run and run.resumes_at:
        click.echo(f"  waits for quota until {run.resumes_at:%Y-%m-%d %H:%M} UTC; then run the same command again")
    elif run and run.state == RunState.STOPPED:
        click.echo("  to go on where it stopped: run the same command again; a daemon goes on by itself")
    counts = ", ".join(f"{count:,} {kind}s" for kind, count in now.links.items()) or "none"
    click.echo(f"  linked: {counts}")
    if now.open_writes:
        click.echo(f"  {now.open_writes} writes of an interrupted run are open; the next migrate settles them first")
    if now.open_conflicts:
        click.echo(f"  {now.open_conflicts:,} conflicts wait for a decision: alma-folio-sync conflicts list")
    if now.decided_conflicts:
        click.echo(f"  {now.decided_conflicts:,} decided conflicts: the next sync follows them")
    if one.plan:
        click.echo(f"  plan {one.plan.id} waits: {waits_for(one.plan)}")
    for calls in now.calls:
        left = f", the system says {calls.reported:,} are left" if calls.reported is not None else ""
        click.echo(f"  calls today to {calls.system}: {calls.used:,}{left}")


def _scheduled_as_json(pair: "Pair", name: str, ticks: "list[Tick]") -> dict[str, Any] | None:
    """Return a pair's next run and its latest due ones, None where it has no schedule."""
    if pair.schedule is None:
        return None
    due = pair.schedule.next_due(datetime.now(UTC))
    return {
        "run": pair.schedule.run,
        "next_due": due,
        "next_begins": pair.schedule.begins(name, due),
        "due": [
            {"due_at": one.due_at, "state": one.state, "begins_at": one.begins_at, "run_id": one.run_id,
             "attempts": one.attempts, "message": one.message}
            for one in ticks
        ],
    }  # fmt: skip


def _show_schedule(pair: "Pair", name: str, ticks: "list[Tick]") -> None:
    from sync.logs import printable
    from sync.store.ticks import TickState

    if pair.schedule is None:
        return
    begins = pair.schedule.begins(name, pair.schedule.next_due(datetime.now(UTC)))
    click.echo(f"  next {pair.schedule.run}: {begins:%Y-%m-%d %H:%M} UTC, if the daemon runs")
    for one in ticks:
        due = f"the run due at {one.due_at:%Y-%m-%d %H:%M} UTC"
        if one.state is TickState.DUE and one.begins_at <= datetime.now(UTC):
            click.echo(f"  under way, or about to begin: {due}")
        elif one.state is TickState.DUE:
            why = f": {one.message}" if one.message else ""
            click.echo(printable(f"  waits: {due}, until {one.begins_at:%Y-%m-%d %H:%M} UTC{why}"))
        elif one.state is TickState.LEFT:
            click.echo(printable(f"  LEFT for you: {due}: {one.message}"))
