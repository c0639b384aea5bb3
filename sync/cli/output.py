"""Where a command's output goes: standard output, or the file that was named."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from sync.errors import ConfigurationError


@contextmanager
def output_file(path: Path | None, *, newline: str | None = None, private: bool = False) -> Iterator[TextIO]:
    """Yield the file to write to, standard output without one; `private`: nobody else may read it, nor its folder.

    Raises:
        ConfigurationError: when it cannot be written.
    """
    if path is None:
        yield sys.stdout
        return
    try:
        path.parent.mkdir(mode=0o700 if private else 0o777, parents=True, exist_ok=True)
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600 if private else 0o666)
        file = os.fdopen(made, "w", encoding="utf-8", errors="backslashreplace", newline=newline)
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror}", advice="Name another file with --output."
        ) from None
    with file:
        yield file
