"""Where a command's output goes: standard output, or the file that was named."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from sync.errors import ConfigurationError


@contextmanager
def output_file(path: Path | None, *, newline: str | None = None) -> Iterator[TextIO]:
    """Yield the file to write to, standard output without one.

    Raises:
        ConfigurationError: when it cannot be written.
    """
    if path is None:
        yield sys.stdout
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w", encoding="utf-8", errors="backslashreplace", newline=newline)
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror}", advice="Name another file with --output."
        ) from None
    with file:
        yield file
