"""Options that several commands share. The global ones may stand before or after the command."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

GLOBAL_KEY = "alma_folio_sync.globals"


@dataclass(slots=True)
class Globals:
    """The global options as given."""

    config: Path | None = None
    pair: str | None = None
    log_level: str = "warning"
    log_format: str = "text"


def globals_of(ctx: click.Context) -> Globals:
    """Return the global options, wherever they stood."""
    found: Globals = ctx.find_root().meta.setdefault(GLOBAL_KEY, Globals())
    return found


def _keep(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def keep(ctx: click.Context, _: click.Parameter, value: Any) -> None:
        if value is not None:
            setattr(globals_of(ctx), name, value)

    return keep


def global_options(command: F) -> F:
    """Add the options every command takes."""
    options = [
        click.option(
            "--config",
            type=click.Path(path_type=Path, dir_okay=False),
            callback=_keep("config"),
            expose_value=False,
            help="Configuration file  [default: $ALMA_FOLIO_SYNC_CONFIG, else ./alma-folio-sync.toml]",
        ),
        click.option(
            "--pair",
            callback=_keep("pair"),
            expose_value=False,
            help="Which pair of the configuration  [default: the only one]",
        ),
        click.option(
            "--log-level",
            type=click.Choice(["debug", "info", "warning", "error"]),
            callback=_keep("log_level"),
            expose_value=False,
            help="How much to log to standard error  [default: warning]",
        ),
        click.option(
            "--log-format",
            type=click.Choice(["text", "json"]),
            callback=_keep("log_format"),
            expose_value=False,
            help="Log for people or for machines  [default: text]",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Print for people, or one JSON object.",
)

output_option = click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the whole report to this file instead of printing it.",
)


def direction_options(command: F) -> F:
    """Add --from and --to."""
    systems = click.Choice(["alma", "folio"])
    command = click.option("--to", "target", type=systems, required=True, help="The system that is written to.")(
        command
    )
    return click.option("--from", "source", type=systems, required=True, help="The system that is read.")(command)


def check_direction(source: str, target: str) -> None:
    """Refuse directions that make no sense or are not available yet.

    Raises:
        click.UsageError: with what to write instead.
    """
    if source == target:
        raise click.UsageError(f"--from and --to are both {source}; name the other system in one of them.")
    if source == "folio":
        raise click.UsageError("FOLIO to Alma is not available in this version; use --from alma --to folio.")
