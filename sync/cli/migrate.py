"""migrate: read, match, plan, show, ask, apply, verify."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sync.cli.options import (
    Asked,
    direction_options,
    format_option,
    global_options,
    output_option,
    read_again_option,
    removal_options,
    wanted_of,
)
from sync.cli.running import pair_of, settings_of
from sync.cli.writing import carry_out, require_consent

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from sync.cli.progress import ConsoleProgress
    from sync.engine.running import Confirm, Ended


@click.command(
    "migrate",
    epilog="""\b
Examples:
  alma-folio-sync migrate --from alma --to folio          shows the plan and asks
  alma-folio-sync migrate --from folio --to alma --yes    the other way; does not ask
  alma-folio-sync migrate --from alma --to folio --remove --max-removals 50

Interrupted? Run the same command again: it goes on where it stopped, and nothing is done twice.

Exit codes: 0 done, or nothing to do · 1 error · 4 a guard stopped part of it · 5 another run is at work ·
6 paused for quota · 7 done, but some records failed or are parked""",
)
@global_options
@direction_options
@removal_options
@click.option("--yes", is_flag=True, help="Carry the plan out without asking.")
@read_again_option
@format_option
@output_option
@click.pass_context
def command(  # noqa: PLR0913, PLR0917  (each option of the command line is one)
    ctx: click.Context,
    source: str,
    target: str,
    remove: bool,
    max_removals: int | None,
    yes: bool,
    read_again: bool,
    form: str,
    output: Path | None,
) -> int:
    """Move holdings from one system to the other: read, match, plan, show, ask, write, verify.

    Nothing is removed without --remove. Then, after all other changes, what was linked and is gone at the source goes
    at the target too, within the limits of the configuration; above them removals are withheld, and --max-removals
    approves them up to a number.
    """
    asked = Asked(source, target, remove, max_removals)
    name, pair = pair_of(ctx, settings_of(ctx))
    wanted = wanted_of(asked, pair)
    require_consent(yes=yes, command="migrate", writes_to="Alma" if target == "alma" else "FOLIO")

    async def start(database: "AsyncEngine", progress: "ConsoleProgress", confirm: "Confirm") -> "Ended":
        from sync.engine.migrate import migrate

        return await migrate(database, name, pair, progress, confirm, wanted=wanted, anew=read_again)

    return carry_out(ctx, start, yes=yes, form=form, output=output)
