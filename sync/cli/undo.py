"""undo: take back what a run wrote, by a plan like any other."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sync.cli.options import NUMBER, format_option, global_options, output_option
from sync.cli.running import pair_of, settings_of
from sync.cli.writing import carry_out, only_plan, require_consent

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from sync.cli.progress import ConsoleProgress
    from sync.engine.running import Confirm, Ended


@click.command(
    "undo",
    epilog="""\b
Examples:
  alma-folio-sync runs                       find the run
  alma-folio-sync undo 12 --dry-run          make the plan and show it
  alma-folio-sync undo 12                    shows the plan and asks
  alma-folio-sync undo 12 --max-removals 900 --yes

What somebody edited since the run is left and listed. What cannot come back is listed too: the ids of what was
removed, and its history. Later runs do not create again what was taken back, until a person lets it
through: alma-folio-sync plan approve ID --guard taken-back. A value that was taken back on one side stays another than
on the other until either changes: alma-folio-sync audit lists these.

Exit codes: 0 done, or nothing to do · 1 error, such as an unknown run · 3 --dry-run found something ·
4 a guard stopped part of it · 5 another run is at work · 6 paused for quota ·
7 done, but some records failed or were skipped""",
)
@global_options
@click.argument("run_id", metavar="RUN", type=NUMBER)
@click.option("--yes", is_flag=True, help="Carry the plan out without asking.")
@click.option("--dry-run", is_flag=True, help="Only make the plan and show it; apply carries it out later.")
@click.option(
    "--max-removals",
    type=click.IntRange(min=0),
    help="Approve up to so many removals in each system  [default: the limits of the configuration]",
)
@format_option
@output_option
@click.pass_context
def command(
    ctx: click.Context,
    run_id: int,
    yes: bool,
    dry_run: bool,
    max_removals: int | None,
    form: str,
    output: Path | None,
) -> int:
    """Take back what a run wrote: remove what it created, restore what it changed, create again what it removed."""
    name, pair = pair_of(ctx, settings_of(ctx))

    if dry_run:

        async def plan(database: "AsyncEngine", progress: "ConsoleProgress") -> "Ended":
            from sync.engine.undo import plan_undo

            return await plan_undo(database, name, pair, progress, run_id, approved=max_removals)

        return only_plan(ctx, plan, form=form, output=output)
    require_consent(yes=yes, command="undo", writes_to="the systems the run wrote to", look=f"undo {run_id} --dry-run")

    async def start(database: "AsyncEngine", progress: "ConsoleProgress", confirm: "Confirm") -> "Ended":
        from sync.engine.undo import undo

        return await undo(database, name, pair, progress, confirm, run_id, approved=max_removals)

    return carry_out(ctx, start, yes=yes, form=form, output=output)
