"""runs: what was run, and how it ended."""

from typing import TYPE_CHECKING, Any

import click

from sync.cli.options import format_option, global_options, globals_of
from sync.cli.running import ExitCode, database_of, run_async, settings_of

if TYPE_CHECKING:
    from sync.store.runs import RunInfo


@click.command(
    "runs",
    epilog="""\b
Examples:
  alma-folio-sync runs
  alma-folio-sync runs --limit 100 --format json""",
)
@global_options
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many, newest first.")
@format_option
@click.pass_context
def command(ctx: click.Context, limit: int, form: str) -> int:
    """List what was run, and how it ended."""
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


def as_json(one: "RunInfo") -> dict[str, Any]:
    """Return a run as JSON shows it."""
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
    }


def line(one: "RunInfo") -> str:
    """Return a run as a line."""
    from sync.logs import printable

    result = one.result or {}
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
