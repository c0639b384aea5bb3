"""Where a command's output goes: standard output, or the file that was named."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click

from sync.cli.options import globals_of
from sync.errors import ConfigurationError
from sync.settings.loading import find_file


def _refuse_to_overwrite(path: Path) -> None:
    """Refuse a link to a file that exists, and the configuration in use.

    Raises:
        ConfigurationError: naming the file.
    """
    if path.is_symlink() and path.is_file():
        raise ConfigurationError(f"{path} is a link to another file", advice="Name that file itself with --output.")
    configuration = _configuration_in_use()
    if configuration is not None and path.exists() and path.samefile(configuration):
        raise ConfigurationError(
            f"{path} is the configuration in use, and was not written over", advice="Name another file with --output."
        )


def _configuration_in_use() -> Path | None:
    context = click.get_current_context(silent=True)
    if context is None:
        return None
    try:
        return find_file(globals_of(context).config)
    except ConfigurationError:
        return None


@contextmanager
def output_file(path: Path | None, *, newline: str | None = None, private: bool = False) -> Iterator[TextIO]:
    """Yield the file to write to, standard output without one. Nobody else may read it; `private`: nor its folder.

    Raises:
        ConfigurationError: when it cannot be written.
    """
    if path is None:
        yield sys.stdout
        return
    _refuse_to_overwrite(path)
    try:
        path.parent.mkdir(mode=0o700 if private else 0o777, parents=True, exist_ok=True)
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        file = os.fdopen(made, "w", encoding="utf-8", errors="backslashreplace", newline=newline)
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror}", advice="Name another file with --output."
        ) from None
    with file:
        yield file
