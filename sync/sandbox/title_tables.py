"""Files that hold title lists, read into rows: encoding, separator, quoting, preamble and the names of the columns.

Real lists keep few of KBART's file rules (UTF-8, TAB, no quotes, header first; facts: KBART): this module takes them
as they come and hands on plain rows, whose cells are still the file's own text.
"""

import csv
import difflib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path

from sync.errors import DataError

MAXIMUM_BYTES = 256 * 1024 * 1024
HEADER_WITHIN_ROWS = 40
SEPARATORS = ("\t", ",", ";", "|")


class Field(StrEnum):
    """What a column means. Values are KBART's names, or CUFTS' where KBART has no such column."""

    TITLE = "publication_title"
    PRINT = "print_identifier"
    ONLINE = "online_identifier"
    FROM_DATE = "date_first_issue_online"
    FROM_VOLUME = "num_first_vol_online"
    FROM_ISSUE = "num_first_issue_online"
    UNTIL_DATE = "date_last_issue_online"
    UNTIL_VOLUME = "num_last_vol_online"
    UNTIL_ISSUE = "num_last_issue_online"
    URL = "title_url"
    AUTHOR = "first_author"
    TITLE_ID = "title_id"
    EMBARGO = "embargo_info"
    DEPTH = "coverage_depth"
    NOTES = "notes"
    PUBLISHER = "publisher_name"
    TYPE = "publication_type"
    EDITION = "monograph_edition"
    EDITOR = "first_editor"
    EMBARGO_MONTHS = "embargo_months"
    EMBARGO_DAYS = "embargo_days"
    CURRENT_MONTHS = "current_months"
    CURRENT_YEARS = "current_years"


_OTHER_NAMES: Mapping[Field, tuple[str, ...]] = {
    Field.TITLE: ("title", "title_name", "journal_title"),
    Field.PRINT: ("issn", "print_issn", "issn_print", "id_issn", "isbn", "print_isbn", "isbn_print"),
    Field.ONLINE: (
        *("e_issn", "eissn", "electronic_issn", "online_issn", "issn_online", "id_eissn", "online_identifier_issn"),
        *("e_isbn", "eisbn", "online_isbn", "isbn_online", "issn_isbn"),
    ),
    Field.FROM_DATE: ("date_first_issue_subscribed", "ft_start_date"),
    Field.FROM_VOLUME: ("num_first_vol_subscribed", "vol_ft_start"),
    Field.FROM_ISSUE: ("num_first_issue_subscribed", "iss_ft_start"),
    Field.UNTIL_DATE: ("date_last_issue_subscribed", "ft_end_date"),
    Field.UNTIL_VOLUME: ("num_last_vol_subscribed", "vol_ft_end"),
    Field.UNTIL_ISSUE: ("num_last_issue_subscribed", "iss_ft_end"),
    Field.URL: ("journal_url", "url", "platform_title_url", "platform_host_url"),
    Field.TITLE_ID: ("id_kbart_title_id", "db_identifier"),
    Field.NOTES: ("coverage_notes",),
    Field.PUBLISHER: ("publisher",),
    Field.AUTHOR: ("author", "authors"),
    Field.EDITION: ("edition",),
}
SHORTEST_SLIP = 8
_FIELD_OF_NAME = {field.value: field for field in Field} | {
    name: field for field, names in _OTHER_NAMES.items() for name in names
}
_TELLING = frozenset({Field.PRINT, Field.ONLINE, Field.URL, Field.FROM_DATE, Field.TITLE_ID})
_PACKAGE_NAME_LABELS = ("so name", "package name", "so identifier")

_ADVICE = (
    "A title list has a row of column names among its first "
    f"{HEADER_WITHIN_ROWS} rows. The columns looked for: publication_title (or title) together with at least one of "
    "print_identifier (issn), online_identifier (e_issn), title_url (journal_url), date_first_issue_online "
    "(ft_start_date), title_id. Save the list as text separated by tabs (.tsv, .txt) or commas (.csv)."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TitleRow:
    """One row below the header. `number` counts the file's rows from 1, preamble and header included."""

    number: int
    cells: Mapping[Field, tuple[str, ...]]  # only filled cells; several columns may mean the same field
    others: tuple[str, ...] = ()  # names of filled columns that mean nothing to a practice library
    surplus: int = 0  # filled cells to the right of the last named column

    def text(self, field: Field) -> str:
        """Return the first filled cell of the field, "" when there is none."""
        return next(iter(self.cells.get(field, ())), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class TitleTable:
    """A file's rows, the names of its columns, and the package name that its preamble gives ("" when none)."""

    rows: tuple[TitleRow, ...]
    columns: tuple[str, ...]
    package_name: str
    remarks: tuple[str, ...] = ()  # what the names of the columns were taken for


def read_title_table(path: Path) -> TitleTable:
    """Return the rows of a title list below its header; rows without any filled cell are left out.

    Raises DataError, with the columns that were looked for, when the file cannot be read or is no title list.
    """
    text = _decoded(path)
    found = _best_reading(text)
    if found is None:
        raise DataError(f"{path.name} is no title list: no row of column names was found.", advice=_ADVICE)
    records, header = found
    found_names = _names(records[header])
    columns = _without_counts(found_names, records[header + 1 :])
    rows = tuple(_rows(records, header, columns))
    slips = zip(records[header], found_names, strict=True)
    return TitleTable(
        rows=rows,
        columns=columns,
        package_name=_package_name(records[:header]),
        remarks=(
            *(f"column {cell!r} is taken for {name}" for cell, name in slips if _plain_name(cell) != name),
            *_two_titles(columns, rows),
        ),
    )


def _decoded(path: Path) -> str:
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= MAXIMUM_BYTES else b""
    except OSError as error:
        raise DataError(f"{path.name} cannot be read: {error.strerror}.", advice=_ADVICE) from error
    if size > MAXIMUM_BYTES:
        raise DataError(f"{path.name} has {size} bytes; at most {MAXIMUM_BYTES} are read.", advice="Split the file.")
    if content.startswith(b"PK\x03\x04"):
        raise DataError(f"{path.name} is a spreadsheet or an archive, not text.", advice=_ADVICE)
    # cp1252 before latin-1: both read every accent alike, but only cp1252 knows the typographic quotes of Windows
    encodings = ("utf-16",) if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def _best_reading(text: str) -> tuple[list[list[str]], int] | None:
    """Return all rows and the header's position, or None. A name like .csv promises nothing about the separator."""
    best, separator = max((_known_columns(text, separator), separator) for separator in SEPARATORS)
    if not best:
        return None
    records = _records(text, separator)
    header = _header(records)
    return None if header is None else (records, header)


def _known_columns(text: str, separator: str) -> int:
    """Return how many columns the header has that are known, read by this separator; 0 without any header."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        records = list(islice(reader, HEADER_WITHIN_ROWS))
    except csv.Error:
        return 0
    header = _header(records)
    return 0 if header is None else len(_known(records[header]))


def _records(text: str, separator: str) -> list[list[str]]:
    """Return all rows. Quotes are believed only where all of them are well formed, else row by row."""
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error:
        return [_record(line, separator) for line in io.StringIO(text, newline=None)]
    if any(_swallowed_rows(cell, separator) for record in records for cell in record if "\n" in cell or "\r" in cell):
        return [_record(line, separator) for line in io.StringIO(text, newline=None)]
    return records


def _swallowed_rows(cell: str, separator: str) -> bool:
    # A lone quote makes the cells up to the next quote one cell; prose holds commas, but no tabs.
    return cell.count(separator) > (0 if separator == "\t" else 5)


def _record(line: str, separator: str) -> list[str]:
    line = line.rstrip("\n")
    if separator != "\t":
        try:
            return next(csv.reader([line], delimiter=separator), [])
        except csv.Error:
            return line.split(separator)
    return [
        cell[1:-1].replace('""', '"') if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell
        for cell in line.split(separator)
    ]


def _plain_name(cell: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", cell.casefold()).strip("_")


def _names(record: Sequence[str]) -> tuple[str, ...]:
    """Return the plain names of columns; a misspelt one by the right name, if no other column has its meaning."""
    names = [_plain_name(cell) for cell in record]
    there = {_FIELD_OF_NAME[name] for name in names if name in _FIELD_OF_NAME}
    for position, name in enumerate(names):
        meant = _meant(name)
        if meant and _FIELD_OF_NAME[meant] not in there:
            names[position] = meant
            there.add(_FIELD_OF_NAME[meant])
    return tuple(names)


def _meant(name: str) -> str:
    """Return the known name of which this one is a slip of the pen, "" when it is known itself or no slip."""
    if name in _FIELD_OF_NAME or len(name) < SHORTEST_SLIP:
        return ""
    near = difflib.get_close_matches(name, _FIELD_OF_NAME, n=1, cutoff=0.9)
    return near[0] if near and abs(len(near[0]) - len(name)) <= 1 else ""


def _without_counts(names: tuple[str, ...], records: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return the names of the columns; of several that mean the title, those that only count the rows mean nothing."""
    titles = [at for at, name in enumerate(names) if _FIELD_OF_NAME.get(name) is Field.TITLE]
    counts = [at for at in titles if _counts([record[at].strip() for record in records if at < len(record)])]
    if len(counts) == len(titles):
        return names
    return tuple(f"{name}_number" if at in counts else name for at, name in enumerate(names))


def _counts(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell]
    return bool(filled) and filled == [str(number) for number in range(1, len(filled) + 1)]


def _two_titles(columns: Sequence[str], rows: Sequence[TitleRow]) -> Iterator[str]:
    """Yield a remark where several columns mean the title and differ: the first that is filled is taken."""
    titles = [name for name in columns if _FIELD_OF_NAME.get(name) is Field.TITLE]
    differing = sum(1 for row in rows if len({cell.strip() for cell in row.cells.get(Field.TITLE, ())}) > 1)
    if len(titles) > 1 and differing:
        named = " and ".join(titles)
        yield f"columns {named} may both mean the title, and differ in {differing} rows; the first is taken"


def _known(record: Sequence[str]) -> list[Field]:
    return [_FIELD_OF_NAME[name] for name in _names(record) if name in _FIELD_OF_NAME]


def _header(records: Sequence[Sequence[str]]) -> int | None:
    for position, record in enumerate(records[:HEADER_WITHIN_ROWS]):
        known = set(_known(record))
        if Field.TITLE in known and known & _TELLING:
            return position
    return None


def _package_name(preamble: Sequence[Sequence[str]]) -> str:
    labelled = {record[0].strip().casefold(): record[1].strip() for record in preamble if len(record) > 1}
    return next((labelled[label] for label in _PACKAGE_NAME_LABELS if labelled.get(label)), "")


def _rows(records: Sequence[Sequence[str]], header: int, columns: Sequence[str]) -> Iterator[TitleRow]:
    for number, record in enumerate(records[header + 1 :], start=header + 2):
        cells: dict[Field, tuple[str, ...]] = {}
        others = []
        for name, cell in zip(columns, record, strict=False):
            if not cell.strip():
                continue
            field = _FIELD_OF_NAME.get(name)
            if field is None:
                others.append(name)
            else:
                cells[field] = (*cells.get(field, ()), cell)
        surplus = sum(1 for cell in record[len(columns) :] if cell.strip())
        if cells or others or surplus:
            yield TitleRow(number=number, cells=cells, others=tuple(others), surplus=surplus)
