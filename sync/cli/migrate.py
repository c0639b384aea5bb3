"""migrate: read, match, plan, show, ask, apply, verify."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sync.cli.options import (
    Asked,
    direction_options,
    format_option,
    global_options,
    output_option,
    removal_options,
    wanted_of,
)
from sync.cli.running import ExitCode, database_of, pair_of, run_async, settings_of
from sync.errors import ConfigurationError

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from sync.engine.migrate import Ended
    from sync.store.plans import PlanInfo


@click.command(
    "migrate",
    epilog="""\b
Examples:
  alma-folio-sync migrate --from alma --to folio          shows the plan and asks
  alma-folio-sync migrate --from folio --to alma --yes    the other way; does not ask
  alma-folio-sync migrate --from alma --to folio --remove --max-removals 50

Interrupted? Run the same command again: what is done is found and not done twice.

Exit codes: 0 done, or nothing to do · 1 error · 4 a guard stopped part of it · 5 another run is at work ·
6 paused for quota · 7 done, but some records failed or are parked""",
)
@global_options
@direction_options
@removal_options
@click.option("--yes", is_flag=True, help="Carry the plan out without asking.")
@format_option
@output_option
@click.pass_context
def command(
    ctx: click.Context,
    source: str,
    target: str,
    remove: bool,
    max_removals: int | None,
    yes: bool,
    form: str,
    output: Path | None,
) -> int:
    """Move holdings from one system to the other: read, match, plan, show, ask, write, verify.

    Nothing is removed without --remove. Then, after all other changes, what was linked and is gone at the source goes
    at the target too, within the limits of the configuration; above them removals are withheld, and --max-removals
    approves them up to a number.
    """
    asked = Asked(source, target, remove, max_removals)
    settings = settings_of(ctx)
    name, pair = pair_of(ctx, settings)
    wanted = wanted_of(asked, pair)
    if not yes and not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise ConfigurationError(
            f"migrate writes to {wanted.direction.target.label}, and there is no terminal to ask on.",
            advice="Look at the plan with diff first; then run migrate with --yes.",
        )

    async def work() -> "Ended":
        from sync.cli.progress import ConsoleProgress
        from sync.cli.reporting import print_ended, write_reports
        from sync.engine.migrate import migrate

        async with database_of(settings) as database:
            with ConsoleProgress() as progress:

                async def confirm(plan: "PlanInfo") -> bool:
                    return yes or await progress.paused(lambda: ask(database, plan))

                ended = await migrate(database, name, pair, progress, confirm, wanted=wanted)
            await print_ended(database, ended, form, output)
            path = await write_reports(database, ended, settings.database.data_dir / "reports")
            click.echo(f"Report: {path} (and .json)", err=True)
            return ended

    return conclude(run_async(ctx, work))


async def ask(database: "AsyncEngine", plan: "PlanInfo") -> bool:
    """Show the plan and ask whether it may be carried out."""
    from rich.console import Console

    from sync.cli.asking import confirm
    from sync.cli.reporting import show_plan

    await show_plan(database, plan, Console(stderr=True))
    return await confirm("Carry this plan out?")


def conclude(ended: "Ended") -> ExitCode:
    """Say in a line how a migration ended, and return its exit code."""
    if ended.declined:
        click.echo("Nothing was written: the plan was not approved.", err=True)
        return ExitCode.DONE
    result = ended.result
    if result is None:
        return ExitCode.DONE
    if ended.plan.summary.writes:
        words = f"{result.verified:,} of {ended.plan.summary.writes:,} changes written, read back and verified"
    else:
        words = f"Nothing to do: {ended.plan.summary.unchanged:,} records agree"
    trouble = [
        f"{number:,} {what}"
        for number, what in (
            (result.failed - ended.parked, "failed"),
            (result.skipped, "skipped"),
            (ended.plan.summary.withheld, "withheld"),
            (ended.parked, "parked"),
            (result.paused, "still to do"),
        )
        if number
    ]
    click.echo(words + ("; " + ", ".join(trouble) if trouble else "") + ".", err=True)
    if ended.paused is not None:
        click.echo(f"{ended.paused.message}\nWhat to do: {ended.paused.advice}", err=True)
        return ExitCode.PAUSED
    if any(guard.tripped for guard in ended.plan.guards):
        return ExitCode.STOPPED_BY_GUARD
    return ExitCode.SOME_FAILED if result.failed or result.skipped else ExitCode.DONE
