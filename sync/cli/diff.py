"""diff: what a migration would change. Writes to neither system."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sync.cli.options import (
    Asked,
    format_option,
    global_options,
    output_option,
    removal_options,
    wanted_of,
    way_options,
)
from sync.cli.running import pair_of, settings_of
from sync.cli.writing import only_plan

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from sync.cli.progress import ConsoleProgress
    from sync.engine.running import Ended


@click.command(
    "diff",
    epilog="""\b
Examples:
  alma-folio-sync diff --from alma --to folio
  alma-folio-sync diff --from folio --to alma --remove       also what would be removed
  alma-folio-sync diff --both                                what a sync would do
  alma-folio-sync diff --from alma --to folio --format json --output plan.json

Exit codes: 0 nothing differs · 1 error · 3 changes found · 4 a guard or an open conflict stopped part of it ·
6 paused for quota""",
)
@global_options
@way_options
@removal_options
@format_option
@output_option
@click.pass_context
def command(
    ctx: click.Context,
    source: str | None,
    target: str | None,
    both: bool,
    remove: bool,
    max_removals: int | None,
    form: str,
    output: Path | None,
) -> int:
    """Show what a migration or a sync would change; writes to neither system."""
    asked = Asked(source, target, remove, max_removals, both)
    name, pair = pair_of(ctx, settings_of(ctx))
    wanted = wanted_of(asked, pair)

    async def start(database: "AsyncEngine", progress: "ConsoleProgress") -> "Ended":
        from sync.engine.migrate import diff

        return await diff(database, name, pair, progress, wanted=wanted)

    return only_plan(ctx, start, form=form, output=output)
