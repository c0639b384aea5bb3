"""match: which records belong together, as a step of its own. Writes to neither system."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sync.cli.options import format_option, global_options, output_option
from sync.cli.output import output_file
from sync.cli.running import ExitCode, database_of, pair_of, run_async, settings_of

if TYPE_CHECKING:
    from sync.engine.match_report import MatchReport


@click.command(
    "match",
    epilog="""\b
Examples:
  alma-folio-sync match
  alma-folio-sync match --format json --output match.json
  alma-folio-sync match --output match.txt                     every record on its own line

Exit codes: 0 done · 1 error · 4 a guard, or names that several packages or collections bear, stopped part of it ·
5 another run is at work · 6 paused for quota""",
)
@global_options
@format_option
@output_option
@click.pass_context
def command(ctx: click.Context, form: str, output: Path | None) -> int:
    """Link the records that belong together, and report it; writes to neither system.

    The first step of a pair that both sides may change: what is matched and how, what is ambiguous, and what only one
    side has. Links that stand stay; nothing can be removed by it. Correct what is wrong with links import.
    """
    settings = settings_of(ctx)
    name, pair = pair_of(ctx, settings)

    async def work() -> int:
        from sync.cli.progress import ConsoleProgress
        from sync.engine.match_report import match_only

        async with database_of(settings) as database:
            with ConsoleProgress() as progress:
                report = await match_only(database, name, pair, progress)
        with closing(report):
            _print(report, form, output)
            return ExitCode.STOPPED_BY_GUARD if report.ambiguous else ExitCode.DONE

    return run_async(ctx, work)


def _print(report: "MatchReport", form: str, output: Path | None) -> None:
    from rich.console import Console

    from sync.report.match_report import match_text, write_match_json, write_match_text

    if form == "text" and output is None:
        Console().print(match_text(report))
        return
    with output_file(output) as file:
        if form == "json":
            write_match_json(file.write, report)
        else:
            write_match_text(Console(file=file, width=140), report)
