"""sync: one two-way cycle."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sync.cli.options import format_option, global_options, output_option, read_again_option
from sync.cli.running import pair_of, settings_of
from sync.cli.writing import carry_out, require_consent

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from sync.cli.progress import ConsoleProgress
    from sync.engine.running import Confirm, Ended


@click.command(
    "sync",
    epilog="""\b
Examples:
  alma-folio-sync sync                       shows the plan and asks
  alma-folio-sync sync --yes                 does not ask: conflicts and what guards withhold still wait for you
  alma-folio-sync sync --max-removals 50     approves up to 50 removals in each direction

Interrupted? Run the same command again: it goes on where it stopped, and nothing is done twice.

Exit codes: 0 done, or nothing to do · 1 error · 4 a guard or an open conflict stopped part of it ·
5 another run is at work · 6 paused for quota · 7 done, but some records failed or are parked""",
)
@global_options
@click.option("--yes", is_flag=True, help="Carry the plan out without asking.")
@read_again_option
@click.option(
    "--max-removals",
    type=click.IntRange(min=0),
    help="Approve up to so many removals in each direction  [default: the limits of the configuration]",
)
@format_option
@output_option
@click.pass_context
def command(
    ctx: click.Context, yes: bool, read_again: bool, max_removals: int | None, form: str, output: Path | None
) -> int:
    """Bring both systems to agree, once: what changed on one side goes to the other, field by field.

    What changed on both sides differently is a conflict: it is left on both sides and listed, unless the policy of
    the configuration decides. What is gone on one side goes on the other, within the limits of the configuration;
    what was edited there meanwhile stays, and is listed. The first time, when nothing was agreed on yet, nothing is
    removed, and no value that differs is overwritten.
    """
    name, pair = pair_of(ctx, settings_of(ctx))
    require_consent(yes=yes, command="sync", writes_to="both systems")

    async def start(database: "AsyncEngine", progress: "ConsoleProgress", confirm: "Confirm") -> "Ended":
        from sync.engine.migrate import migrate
        from sync.engine.plan import Wanted

        wanted = Wanted.both(pair.policy, approved=max_removals)
        return await migrate(database, name, pair, progress, confirm, wanted=wanted, anew=read_again)

    return carry_out(ctx, start, yes=yes, form=form, output=output)
