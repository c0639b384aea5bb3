"""What a file of corrected links may say: its form row by row, and in words what is wrong with it. No I/O."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from sync.model import Kind

COLUMNS = ("kind", "alma_id", "folio_id", "how", "package", "name")
"""The columns of the file. The first three decide; the others help whoever reads it, and are not read back."""

NEEDED = COLUMNS[:3]
KINDS = (Kind.PACKAGE, Kind.TITLE, Kind.HOLDING)
MOST_SHOWN = 20
LONGEST_VALUE = 40

_NUMBER = "[0-9]{1,30}"  # longer ones exist in neither system, and no index could hold them
_ALMA_ID = re.compile(_NUMBER)
_FOLIO_IDS = {
    Kind.PACKAGE: (re.compile(f"{_NUMBER}-{_NUMBER}"), "provider-package, such as 123-4567"),
    Kind.TITLE: (re.compile(_NUMBER), "digits, such as 98765"),
    Kind.HOLDING: (re.compile(f"{_NUMBER}-{_NUMBER}-{_NUMBER}"), "provider-package-title, such as 123-4567-98765"),
}


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """Something wrong with the file: where, what, and the remedy. Row 1 is the header, as a spreadsheet counts."""

    row: int
    field: str
    words: str

    def __str__(self) -> str:
        return f"row {self.row}: {self.field}: {self.words}"


@dataclass(slots=True)
class Mistakes:
    """What is wrong with a file: how many mistakes there are in all, and the first of them by row."""

    count: int = 0
    first: list[Mistake] = field(default_factory=list)

    def add(self, *found: Mistake, count: int | None = None) -> None:
        """Add mistakes; `count` says how many they stand for, where not all of them are at hand."""
        self.count += len(found) if count is None else count
        self.first = sorted((*self.first, *found))[:MOST_SHOWN]

    def lines(self) -> list[str]:
        """Return what to show: the first mistakes, and how many more there are."""
        more = self.count - len(self.first)
        return [str(one) for one in self.first] + ([f"… and {more:,} more"] if more else [])


@dataclass(frozen=True, slots=True)
class Row:
    """What one row wants. Where the FOLIO id is not `sound`, it was noted as a mistake, and is empty here."""

    number: int
    kind: Kind
    alma_id: str
    folio_id: str
    sound: bool = True


class Fault(StrEnum):
    """What only the readings and the other links tell to be wrong with a row."""

    TWICE = "twice"
    NOT_IN_ALMA = "not in alma"
    NOT_IN_FOLIO = "not in folio"
    SHARED_PACKAGE = "shared package"
    WRONG_PACKAGE = "wrong package"
    WRONG_TITLE = "wrong title"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A fault of a row. `other` is the record of Alma that shows it, `detail` that one's FOLIO id (twice: its row)."""

    row: int
    fault: Fault
    kind: Kind
    alma_id: str
    folio_id: str
    other: str
    detail: str


def rows_of(table: Iterable[Sequence[str]], mistakes: Mistakes, collections: Collection[str] = ()) -> Iterator[Row]:
    """Yield what the rows of a file want, and add to `mistakes` what is wrong with their form.

    `collections` are ids of Alma's collections that are not digits. Without the right columns no row is yielded.
    """
    numbered = enumerate(table, start=1)
    header = [cell.strip() for cell in next(numbered, (1, []))[1]]
    width = len(header)
    while header and not header[-1]:
        header.pop()  # spreadsheets keep empty columns at the right
    wrong = list(_wrong_columns(header))
    mistakes.add(*wrong)
    if wrong:
        return
    places = [header.index(name) for name in NEEDED]
    for number, cells in numbered:
        if not any(cell.strip() for cell in cells):
            continue  # a spreadsheet counts empty rows too, and leaves them behind
        if len(cells) != width or any(cell.strip() for cell in cells[len(header) :]):
            # a cell that was cut off is no empty cell: that would separate two records
            words = f"there are {len(cells)} cells, and {len(header)} columns; write one cell for each column"
            mistakes.add(Mistake(number, "cells", words))
            continue
        kind, alma_id, folio_id = (cells[place].strip() for place in places)
        row, found = _row(number, kind, alma_id, folio_id, collections)
        mistakes.add(*found)
        if row is not None:
            yield row


def _wrong_columns(header: Sequence[str]) -> Iterator[Mistake]:
    if not any(header):
        yield Mistake(1, "columns", f"there are none; the first row must name them: {','.join(COLUMNS)}")
    else:
        for name in dict.fromkeys(header):
            if name not in COLUMNS:
                yield Mistake(1, _shown(name), f"no such column; take it out, the columns are {', '.join(COLUMNS)}")
            elif header.count(name) > 1:
                yield Mistake(1, name, "this column is there twice; take one of them out")
        for name in NEEDED:
            if name not in header:
                yield Mistake(
                    1, name, "this column is missing; write the present links with: alma-folio-sync links export"
                )


def _row(
    number: int, kind: str, alma_id: str, folio_id: str, collections: Collection[str]
) -> tuple[Row | None, list[Mistake]]:
    found = []
    known = next((one for one in KINDS if one == kind), None)
    if kind == Kind.SERVICE:
        found.append(Mistake(number, "kind", "FOLIO has no services, so nothing can be set; take the row out"))
    elif known is None:
        found.append(Mistake(number, "kind", f"{_shown(kind)} is none; write {', '.join(KINDS[:-1])} or {KINDS[-1]}"))
    whole = bool(_ALMA_ID.fullmatch(alma_id)) or (known is Kind.PACKAGE and alma_id in collections)
    if not alma_id:
        found.append(Mistake(number, "alma_id", "it is empty; write Alma's id of the record, or take the row out"))
    elif not whole:
        words = "is no id of Alma, which are digits only; copy it from Alma into a column formatted as text"
        found.append(Mistake(number, "alma_id", f"{_shown(alma_id)} {words}"))
    if known is None:
        return None, found
    form, words = _FOLIO_IDS[known]
    sound = not folio_id or bool(form.fullmatch(folio_id))
    if not sound:
        words = f"is no id of a {known} in FOLIO; write {words}, or nothing if the two are not the same"
        found.append(Mistake(number, "folio_id", f"{_shown(folio_id)} {words}"))
    return (Row(number, known, alma_id, folio_id if sound else "", sound) if whole else None), found


def mistake_of(found: Found) -> Mistake:
    """Return the fault in words, with the remedy."""
    column, words = _FAULTS[found.fault]
    return Mistake(found.row, column, words(found))


def _twice(found: Found) -> str:
    return f"{found.kind} {found.alma_id} stands in row {found.detail} too; keep one of the two rows"


def _not_in_alma(found: Found) -> str:
    return (
        f"Alma, as it was last read, has no {found.kind} {found.alma_id}; correct the id, or if it is new there, read "
        "Alma again: alma-folio-sync diff --from alma --to folio"
    )


def _not_in_folio(found: Found) -> str:
    return (
        f"FOLIO, as it was last read, has no {found.kind} {found.folio_id}; correct the id, or if it is selected there "
        "by now, read FOLIO again: alma-folio-sync diff --from folio --to alma"
    )


def _shared_package(found: Found) -> str:
    return (
        f"collection {found.other} would be linked to {found.folio_id} too, and a package is one collection; give one "
        "of the two another package, or an empty folio_id"
    )


def _wrong_package(found: Found) -> str:
    if not found.detail:
        return f"its collection {found.other} is linked to no package; link that in the file too, or write nothing"
    return (
        f"its collection {found.other} is linked to package {found.detail}; write {found.detail}-…, or link the "
        "collection to the other package in the file too"
    )


def _wrong_title(found: Found) -> str:
    if not found.detail:
        return f"its bib {found.other} is linked to no title; link that in the file too, or write nothing"
    return (
        f"its bib {found.other} is linked to title {found.detail}; write …-{found.detail}, or link the bib to the "
        "other title in the file too"
    )


_FAULTS: Mapping[Fault, tuple[str, Callable[[Found], str]]] = {
    Fault.TWICE: ("alma_id", _twice),
    Fault.NOT_IN_ALMA: ("alma_id", _not_in_alma),
    Fault.NOT_IN_FOLIO: ("folio_id", _not_in_folio),
    Fault.SHARED_PACKAGE: ("folio_id", _shared_package),
    Fault.WRONG_PACKAGE: ("folio_id", _wrong_package),
    Fault.WRONG_TITLE: ("folio_id", _wrong_title),
}


def _shown(value: str) -> str:
    return repr(value if len(value) <= LONGEST_VALUE else value[: LONGEST_VALUE - 1] + "…")
