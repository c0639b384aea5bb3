"""check: prove that everything is fine before the first run."""

import click

from sync.cli.options import format_option, global_options
from sync.cli.running import ExitCode, database_of, pair_of, run_async, settings_of


@click.command(
    "check",
    epilog="""\b
Examples:
  alma-folio-sync check
  alma-folio-sync check --pair main --format json

Exit codes: 0 everything works (warnings included) · 1 something does not""",
)
@global_options
@format_option
@click.pass_context
def command(ctx: click.Context, form: str) -> int:
    """Prove that keys, rights, quota, database, code maps and clocks are fine. Writes to neither system."""
    settings = settings_of(ctx)
    name, pair = pair_of(ctx, settings)

    async def work() -> int:
        from sync.engine.check import CheckState, check
        from sync.logs import printable
        from sync.report.json_report import json_text

        async with database_of(settings) as database:
            checks = await check(database, pair)
        fine = all(one.state is not CheckState.FAILED for one in checks)
        if form == "json":
            click.echo(json_text({"pair": name, "ok": fine, "checks": checks}))
        else:
            marks = {CheckState.OK: "✓", CheckState.WARNING: "!", CheckState.FAILED: "✗"}
            for one in checks:
                click.echo(printable(f"{marks[one.state]} {one.name}: {one.detail}"))
                if one.advice:
                    click.echo(printable(f"    {one.advice}"))
        return ExitCode.DONE if fine else ExitCode.ERROR

    return run_async(ctx, work)
