"""audit: compare both sides directly. Writes to neither system."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sync.cli.options import format_option, global_options, output_option
from sync.cli.output import output_file
from sync.cli.running import ExitCode, database_of, pair_of, run_async, settings_of

if TYPE_CHECKING:
    from sync.engine.audit import AuditReport


@click.command(
    "audit",
    epilog="""\b
Examples:
  alma-folio-sync audit
  alma-folio-sync audit --output audit.txt                     every difference and every record of one side only
  alma-folio-sync audit --in-full --format json --output audit.json

Exit codes: 0 no difference that no rule explains · 1 error · 3 differences, or records on one side only ·
4 none, but not everything could be read, so that absence was not judged everywhere · 5 another run is at work ·
6 paused for quota""",
)
@global_options
@click.option(
    "--in-full",
    is_flag=True,
    help="Also compare what FOLIO's lists do not tell (proxies, access types, texts of packages and titles): each "
    "linked package and title is read singly, which costs one of EBSCO's daily calls each.",
)
@format_option
@output_option
@click.pass_context
def command(ctx: click.Context, in_full: bool, form: str, output: Path | None) -> int:
    """List every difference between both sides that no rule explains; writes to neither system.

    Compared is what both sides hold now, not what changed. A value that one side can only hold in a poorer form, or
    not at all, is explained, and counted with its reason. Records that belong together and are not linked yet are
    linked first, as match does.
    """
    settings = settings_of(ctx)
    name, pair = pair_of(ctx, settings)

    async def work() -> int:
        from sync.cli.progress import ConsoleProgress
        from sync.engine.audit import audit

        async with database_of(settings) as database:
            with ConsoleProgress() as progress:
                report = await audit(database, name, pair, progress, in_full=in_full)
        with closing(report):
            _print(report, form, output)
            if report.findings:
                return ExitCode.CHANGES
            return ExitCode.STOPPED_BY_GUARD if report.not_judged else ExitCode.DONE

    return run_async(ctx, work)


def _print(report: "AuditReport", form: str, output: Path | None) -> None:
    from rich.console import Console

    from sync.report.audit_report import audit_text, write_audit_json, write_audit_text

    if form == "text" and output is None:
        Console().print(audit_text(report))
        return
    with output_file(output) as file:
        if form == "json":
            write_audit_json(file.write, report)
        else:
            write_audit_text(Console(file=file, width=140), report)
