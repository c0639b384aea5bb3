"""runs: what was run, and how it ended."""

from typing import TYPE_CHECKING, Any

import click

from sync.cli.options import NUMBER, format_option, global_options, globals_of
from sync.cli.plans import as_json as plan_as_json
from sync.cli.plans import line as plan_line
from sync.cli.running import ExitCode, database_of, run_async, settings_of
from sync.errors import ConfigurationError

if TYPE_CHECKING:
    from sync.store.plans import PlanInfo
    from sync.store.runs import RunInfo
    from sync.store.ticks import Tick


@click.group(
    "runs",
    invoke_without_command=True,
    epilog="""\b
Examples:
  alma-folio-sync runs
  alma-folio-sync runs --limit 100 --format json
  alma-folio-sync runs show 12""",
)
@global_options
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many, newest first.")
@format_option
@click.pass_context
def command(ctx: click.Context, limit: int, form: str) -> int:
    """List what was run, and how it ended."""
    if ctx.invoked_subcommand is not None:
        return ExitCode.DONE
    settings = settings_of(ctx)

    async def work() -> int:
        from sync.report.json_report import json_text
        from sync.store.runs import recent_runs

        async with database_of(settings) as database:
            runs = await recent_runs(database, pair=globals_of(ctx).pair, limit=limit)
        if form == "json":
            click.echo(json_text({"runs": [as_json(one) for one in runs]}))
            return ExitCode.DONE
        if not runs:
            click.echo("Nothing was run yet. Begin with: alma-folio-sync check")
        for one in runs:
            click.echo(line(one))
        return ExitCode.DONE

    return run_async(ctx, work)


@command.command(
    "show",
    epilog="""\b
Examples:
  alma-folio-sync runs show 12
  alma-folio-sync runs show 12 --format json

What became of each record stands in the run's plan: alma-folio-sync plan show ID""",
)
@global_options
@click.argument("run_id", metavar="ID", type=NUMBER)
@format_option
@click.pass_context
def show(ctx: click.Context, run_id: int, form: str) -> int:
    """Show one run: what began it, how it ended, what became of its records, and what it took."""
    settings = settings_of(ctx)

    async def work() -> int:
        from sync.report.json_report import json_text
        from sync.store.plans import find_plan
        from sync.store.runs import find_run
        from sync.store.snapshots import count_parked
        from sync.store.ticks import tick_of_run

        async with database_of(settings) as database:
            found = await find_run(database, run_id)
            if found is None:
                raise ConfigurationError(f"There is no run {run_id}.", advice="List them with: alma-folio-sync runs")
            plan = await find_plan(database, found.pair, found.plan_id) if found.plan_id else None
            tick = await tick_of_run(database, run_id)
            parked = await count_parked(database, run_id)
        if form == "json":
            due = {"due_at": tick.due_at, "attempts": tick.attempts, "state": tick.state} if tick else None
            planned = plan_as_json(plan) if plan else None
            click.echo(json_text({**as_json(found), "parked": parked, "due": due, "plan": planned}))
        else:
            for words in _told(found, plan, tick, parked):
                click.echo(words)
        return ExitCode.DONE

    return run_async(ctx, work)


def _told(one: "RunInfo", plan: "PlanInfo | None", tick: "Tick | None", parked: int) -> list[str]:
    """Return a run as lines."""
    from sync.logs import printable

    ended = f", ended {one.ended_at:%Y-%m-%d %H:%M} UTC" if one.ended_at else ""
    lines = [line(one), f"  began {one.started_at:%Y-%m-%d %H:%M} UTC{ended}, on {one.owner or 'an unknown machine'}"]
    if tick:
        lines.append(f"  scheduled: due at {tick.due_at:%Y-%m-%d %H:%M} UTC, failed {tick.attempts} times")
    if one.resumes_at:
        lines.append(f"  waits for quota until {one.resumes_at:%Y-%m-%d %H:%M} UTC")
    if plan:
        lines.append(f"  {plan_line(plan)}")
    if parked:
        lines.append(f"  {parked:,} records are parked, since something is wrong with them")
    if one.measures:
        lines += [f"  {phase}: {seconds:,.1f} s" for phase, seconds in one.measures.phases.items()]
        for system, counts in one.measures.calls.items():
            repeats, waits = counts.get("repeats", 0), counts.get("waits", 0)
            lines.append(
                f"  calls to {system}: {counts.get('calls', 0):,}, of them {counts.get('writes', 0):,} writes and "
                f"{repeats:,} repeats; waited {waits:,} times, {counts.get('waited', 0):,} s"
            )
    if plan:
        lines.append(f"  what became of each record: alma-folio-sync --pair {one.pair} plan show {plan.id}")
    return [printable(words).replace("\n", " ") for words in lines]


def as_json(one: "RunInfo") -> dict[str, Any]:
    """Return a run as JSON shows it."""
    import msgspec

    return {
        "run_id": one.id,
        "pair": one.pair,
        "command": one.command,
        "direction": one.direction,
        "state": one.state,
        "started_at": one.started_at,
        "ended_at": one.ended_at,
        "plan_id": one.plan_id,
        "message": one.message,
        "result": one.result,
        "resumes_at": one.resumes_at,
        "owner": one.owner,
        "measures": msgspec.to_builtins(one.measures),
    }


def line(one: "RunInfo") -> str:
    """Return a run as a line."""
    from sync.logs import printable

    result = dict(one.result or {})
    result["failed"] = result.get("failed", 0) - result.get("parked", 0)  # there it counts both
    numbers = ", ".join(f"{number:,} {name}" for name, number in result.items() if number)
    parts = [
        f"run {one.id}",
        one.pair,
        one.command,
        f"{one.started_at:%Y-%m-%d %H:%M}",
        one.state,
        numbers,
        one.message,
    ]
    return printable("  ".join(part for part in parts if part)).replace("\n", " ")
