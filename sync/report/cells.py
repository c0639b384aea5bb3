"""Cells of a CSV file as spreadsheets take them: written so that none is a formula, and read back as they were."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from sync.errors import ConfigurationError

MOST_BYTES = 100_000_000
"""Larger files are refused; corrections are few, and links that a file does not name stay anyway."""

_COMMAND = re.compile(r"'*[=+\-@\t\r]")
"""What a spreadsheet might carry out; with our mark before it, or that of whoever wrote the text."""

SEPARATORS = ",;\t"
"""Where the comma is the decimal sign, spreadsheets write semicolons, and leave no choice."""

_TOLD = re.compile(rf"\ufeff?\"?sep=([{SEPARATORS}])\"?[\r\n]*")
"""A first line by which a spreadsheet is told the separator; none of them counts it as a row."""

_MARKED = re.compile(r"'+[=+\-@\t\r]")


def neutral(text: str) -> str:
    """Return the text as a cell that no spreadsheet takes for a formula: with an apostrophe before such a one."""
    return f"'{text}" if _COMMAND.match(text) else text


def original(cell: str) -> str:
    """Return the text of which `neutral` made this cell."""
    return cell[1:] if _MARKED.match(cell) else cell


def line_of(texts: Iterable[str]) -> str:
    """Return the texts as a line of a CSV file (RFC 4180, its end included), each cell made neutral."""
    line = io.StringIO(newline="")
    csv.writer(line).writerow([neutral(one) for one in texts])
    return line.getvalue()


def read_rows(path: Path) -> Iterator[list[str]]:
    """Yield the rows of a CSV file, empty ones too, each cell as it was before `neutral`. Holds one row at a time.

    The cells are separated by commas, semicolons or tabs: by what stands most often between the names of the columns,
    or what a line `sep=` before them tells.

    Raises:
        ConfigurationError: when it cannot be read, is too large, not text in UTF-8, or not a CSV file.
    """
    row = 1
    try:
        lines = _lines(path)
        first = next(lines, "")
        told = _TOLD.fullmatch(first)
        separator = told[1] if told else max(SEPARATORS, key=first.count)
        reader = csv.reader(lines if told else chain([first], lines), strict=True, delimiter=separator)
        for row, cells in enumerate(reader, start=2):  # noqa: B007  (the row that is read next)
            yield [original(one) for one in cells]
    except UnicodeDecodeError:
        raise _refused(path, row, "it is not text in UTF-8") from None
    except csv.Error as error:
        raise _refused(path, row, f"this is not CSV ({error})") from None
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read: {error.strerror}.", advice="Name a CSV file that this account may read."
        ) from None


def _refused(path: Path, row: int, what: str) -> ConfigurationError:
    return ConfigurationError(
        f"{path} was refused as a whole, and nothing was changed.\n  row {row}: file: {what}",
        advice='In the spreadsheet, save it as "CSV UTF-8", then run the command again.',
    )


def _lines(path: Path) -> Iterator[str]:
    left = MOST_BYTES
    encoding = "utf-8-sig"  # spreadsheets put a mark before the first line
    with path.open("rb") as file:
        while line := file.readline(left + 1):
            left -= len(line)
            if left < 0:
                raise ConfigurationError(
                    f"{path} was refused, and nothing was changed: it has more than {MOST_BYTES // 1_000_000} MB.",
                    advice="Leave only the rows in it that are to change: links that it does not name stay.",
                )
            yield line.decode(encoding)
            encoding = "utf-8"
