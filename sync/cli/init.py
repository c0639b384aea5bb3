"""init: write a commented configuration file."""

import os
from pathlib import Path

import click

from sync.cli.options import global_options, globals_of
from sync.cli.running import ExitCode
from sync.errors import ConfigurationError


@click.command(
    "init",
    epilog="""\b
Examples:
  alma-folio-sync init
  alma-folio-sync init --config /etc/alma-folio-sync.toml""",
)
@global_options
@click.option("--force", is_flag=True, help="Overwrite a file that is there already.")
@click.pass_context
def command(ctx: click.Context, force: bool) -> int:
    """Write a commented configuration file to begin with."""
    from sync.settings import DEFAULT_FILE, FILE_VARIABLE, example_configuration

    path = globals_of(ctx).config or Path(os.environ.get(FILE_VARIABLE, DEFAULT_FILE))
    try:
        flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if force else os.O_EXCL)
        with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
            file.write(example_configuration())
    except FileExistsError:
        raise ConfigurationError(
            f"{path} is there already; it was left as it is.", advice="Overwrite it with: alma-folio-sync init --force"
        ) from None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from None
    click.echo(f"Wrote {path} (readable by you only). Fill in addresses and keys, then run: alma-folio-sync check")
    return ExitCode.DONE
