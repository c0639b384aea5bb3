"""What the commands that write have in common: asking before, and saying in a line how it ended."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sync.cli import asking
from sync.cli.running import ExitCode, database_of, run_async, settings_of
from sync.errors import ConfigurationError

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from sync.cli.progress import ConsoleProgress
    from sync.engine.running import Confirm, Ended
    from sync.store.plans import PlanInfo

    Start = Callable[[AsyncEngine, ConsoleProgress, Confirm], Awaitable[Ended]]
    Planner = Callable[[AsyncEngine, ConsoleProgress], Awaitable[Ended]]


def require_consent(*, yes: bool, command: str, writes_to: str, look: str = "diff") -> None:
    """Refuse to guess whether something may be written; `look` is what shows it before.

    Raises:
        ConfigurationError: without `--yes`, and without a terminal to ask on.
    """
    if not yes and not asking.on_terminal():
        raise ConfigurationError(
            f"{command} writes to {writes_to}, and there is no terminal to ask on.",
            advice=f"Look at the plan with {look} first; then run {command} with --yes.",
        )


def carry_out(ctx: click.Context, start: "Start", *, yes: bool, form: str, output: Path | None) -> ExitCode:
    """Start a run that writes, ask in it unless `yes`, print and keep its reports, and return its exit code."""
    settings = settings_of(ctx)

    async def work() -> "Ended":
        from sync.cli.progress import ConsoleProgress
        from sync.cli.reporting import print_ended, write_reports
        from sync.store.plans import PlanStatus

        async with database_of(settings) as database:
            with ConsoleProgress() as progress:

                async def confirm(plan: "PlanInfo") -> bool:
                    if plan.status == PlanStatus.BEGUN:
                        await progress.paused(lambda: _tell_going_on(database, plan))
                    return yes or await progress.paused(lambda: ask(database, plan))

                ended = await start(database, progress, confirm)
            await print_ended(database, ended, form, output)
            path = await write_reports(database, ended, settings.database.data_dir / "reports")
            click.echo(f"Report: {path} (and .json)", err=True)
            return ended

    return conclude(run_async(ctx, work))


def only_plan(ctx: click.Context, start: "Planner", *, form: str, output: Path | None) -> ExitCode:
    """Start a run that only makes a plan, print it, and return its exit code."""
    settings = settings_of(ctx)

    async def work() -> "Ended":
        from sync.cli.progress import ConsoleProgress
        from sync.cli.reporting import print_ended

        async with database_of(settings) as database:
            with ConsoleProgress() as progress:
                ended = await start(database, progress)
            await print_ended(database, ended, form, output)
            return ended

    ended = run_async(ctx, work)
    if any(guard.tripped for guard in ended.plan.guards) or ended.plan.summary.conflict:
        return ExitCode.STOPPED_BY_GUARD
    return ExitCode.CHANGES if ended.plan.summary.writes else ExitCode.DONE


async def _tell_going_on(database: "AsyncEngine", plan: "PlanInfo") -> None:
    """Say that the plan is that of a run which was interrupted."""
    from sync.store.changes import count_planned

    click.echo(
        f"Goes on with plan {plan.id} of {plan.created_at:%Y-%m-%d %H:%M} UTC, which run {plan.run_id} did not bring "
        f"to its end: {await count_planned(database, plan.id):,} changes are left. What changed since then comes with "
        "the next run.",
        err=True,
    )


async def ask(database: "AsyncEngine", plan: "PlanInfo") -> bool:
    """Show the plan and ask whether it may be carried out."""
    from rich.console import Console

    from sync.cli.asking import confirm
    from sync.cli.reporting import show_plan

    await show_plan(database, plan, Console(stderr=True))
    return await confirm("Carry this plan out?")


def conclude(ended: "Ended") -> ExitCode:
    """Say in a line how a run that writes ended, and return its exit code."""
    if ended.declined:
        click.echo(
            f"Nothing was written: the plan was not approved. Later: alma-folio-sync apply {ended.plan.id}", err=True
        )
        return ExitCode.DONE
    result, summary = ended.result, ended.plan.summary
    if result is None:
        return ExitCode.DONE
    if summary.writes:
        words = f"{result.verified:,} of {summary.writes:,} changes written, read back and verified"
    else:
        words = f"Nothing to do: {summary.unchanged:,} records agree"
    trouble = [
        f"{number:,} {what}"
        for number, what in (
            (result.failed - result.parked, "failed"),
            (result.skipped, "skipped"),
            (summary.withheld, "withheld"),
            (summary.conflict, "in conflict"),
            (result.parked, "parked"),
            (result.paused, "still to do"),
        )
        if number
    ]
    click.echo(words + ("; " + ", ".join(trouble) if trouble else "") + ".", err=True)
    if summary.withheld:
        click.echo(f"What is withheld, and why: alma-folio-sync plan show {ended.plan.id} --withheld", err=True)
    if summary.conflict:
        click.echo("Decide the conflicts: alma-folio-sync conflicts list", err=True)
    if ended.paused is not None:
        click.echo(f"{ended.paused.message}\nWhat to do: {ended.paused.advice}", err=True)
        return ExitCode.PAUSED
    if any(guard.tripped for guard in ended.plan.guards) or summary.conflict:
        return ExitCode.STOPPED_BY_GUARD
    return ExitCode.SOME_FAILED if result.failed or result.skipped else ExitCode.DONE
