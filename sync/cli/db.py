"""db: the database's schema."""

import click

from sync.cli.options import format_option, global_options
from sync.cli.running import ExitCode, run_async, settings_of


@click.group(
    "db",
    epilog="""\b
Examples:
  alma-folio-sync db current
  alma-folio-sync db upgrade""",
)
@global_options
def command() -> None:
    """Look after the database's schema. Every other command brings it up to date by itself."""


@command.command(
    "upgrade",
    epilog="""\b
Examples:
  alma-folio-sync db upgrade
  alma-folio-sync db upgrade --format json""",
)
@global_options
@format_option
@click.pass_context
def upgrade(ctx: click.Context, form: str) -> int:
    """Bring the schema up to date."""
    return _run(ctx, form, upgrade=True)


@command.command(
    "current",
    epilog="""\b
Examples:
  alma-folio-sync db current
  alma-folio-sync db current --format json""",
)
@global_options
@format_option
@click.pass_context
def current(ctx: click.Context, form: str) -> int:
    """Show which schema the database has, and which one this version needs."""
    return _run(ctx, form, upgrade=False)


def _run(ctx: click.Context, form: str, *, upgrade: bool) -> int:
    settings = settings_of(ctx)

    async def work() -> int:
        from sync.report.json_report import json_text
        from sync.store.database import open_database
        from sync.store.schema import current_revision, upgrade_schema

        async with open_database(settings.database, upgrade=False) as database:
            before, newest = await upgrade_schema(database) if upgrade else await current_revision(database)
        now = newest if upgrade else before
        if form == "json":
            click.echo(json_text({"before": before, "current": now, "newest": newest}))
        elif upgrade:
            click.echo(f"schema {newest}" + (f", was {before or 'empty'}" if before != newest else ", as before"))
        else:
            click.echo(f"schema {now or 'empty'}; this version needs {newest}")
        return ExitCode.DONE

    return run_async(ctx, work)
