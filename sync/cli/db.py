"""db: the database's schema, and what is forgotten in it."""

from datetime import timedelta

import click

from sync.cli.options import format_option, global_options, globals_of
from sync.cli.running import ExitCode, database_of, run_async, settings_of


@click.group(
    "db",
    epilog="""\b
Examples:
  alma-folio-sync db current
  alma-folio-sync db upgrade
  alma-folio-sync db forget""",
)
@global_options
def command() -> None:
    """Look after the database. Every other command brings its schema up to date by itself."""


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


@command.command(
    "forget",
    epilog="""\b
Examples:
  alma-folio-sync db forget
  alma-folio-sync db forget --days 30

The daemon does this once a day. Links, what both sides agreed on, open conflicts, plans that wait and writes whose
outcome is not known stay, whatever their age.""",
)
@global_options
@click.option("--days", type=click.IntRange(7, 3650), help="Older than this  [default: keep_days of the configuration]")
@click.pass_context
def forget(ctx: click.Context, days: int | None) -> int:
    """Forget runs, their plans and the records before them that are older than they are to be kept."""
    settings = settings_of(ctx)
    wanted = globals_of(ctx).pair
    names = [settings.pair(wanted)[0]] if wanted else sorted(settings.pairs)

    async def work() -> int:
        from sync.store.retention import forget as forget_older

        async with database_of(settings) as database:
            for name in names:
                age = timedelta(days=days if days is not None else settings.database.keep_days)
                gone = await forget_older(database, name, age)
                parts = ", ".join(f"{number:,} {sort}" for sort, number in gone.items() if number)
                click.echo(f"{name}: {parts or 'nothing was that old'}")
        return ExitCode.DONE

    return run_async(ctx, work)


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
