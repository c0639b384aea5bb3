"""Fills a practice library from title lists: KBART files, and the non-standard lists that publishers really send.

A list becomes one local collection with one full-text service. Rows of one title become one portfolio with a coverage
range per row. Nothing is dropped in silence: every value that could not be used is named in a warning.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sync.sandbox.seed import (
    SeedBib,
    SeedCollection,
    SeedEmbargo,
    SeedLibrary,
    SeedPortfolio,
    SeedRange,
    SeedService,
)
from sync.sandbox.seed_coverage import DELAY, ROLLING
from sync.sandbox.title_tables import Field, TitleRow, read_title_table
from sync.sandbox.title_values import (
    DateParts,
    ListedIdentifier,
    clean,
    is_full_text,
    is_placeholder,
    make_embargo,
    read_date,
    read_embargo,
    read_identifier,
    read_kind,
)

_DATE_FORM = re.compile(r"\d{1,2}/\d{1,2}/\d{4}|\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TitleListWarning:
    """Something a file held that could not be used. `row` counts the file's rows from 1; 0 is the file as a whole."""

    file: str
    row: int
    field: str
    text: str

    def __str__(self) -> str:
        place = f"row {self.row}" if self.row else "whole file"
        return (
            f"{self.file}, {place}, {self.field}: {self.text}" if self.field else f"{self.file}, {place}: {self.text}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TitleList:
    """A title list as read. `rows` counts the rows used; `bibs` and `portfolios` have one entry for each title."""

    file: str
    package_name: str
    rows: int
    bibs: tuple[SeedBib, ...]
    portfolios: tuple[SeedPortfolio, ...]
    warnings: tuple[TitleListWarning, ...]


def read_title_list(path: Path, *, package_name: str | None = None) -> TitleList:
    """Return the titles of a file. Without `package_name` the preamble names the package, else the file's own name.

    Raises DataError, whose advice names the columns looked for, when the file is no title list.
    """
    table = read_title_table(path)
    reader = _Reader(file=path.name)
    for remark in table.remarks:
        reader.warn(0, "", remark)
    for row in table.rows:
        reader.take(row)
    reader.report_columns()
    if not reader.titles:
        reader.warn(0, "", "has a header, but no row that names a title")
    return TitleList(
        file=path.name,
        package_name=package_name or table.package_name or path.stem,
        rows=reader.rows,
        bibs=tuple(title.bib for title in reader.titles.values()),
        portfolios=tuple(title.portfolio() for title in reader.titles.values()),
        warnings=tuple(reader.warnings),
    )


def library_from_title_lists(paths: Sequence[Path]) -> SeedLibrary:
    """Return a library with one local collection for each file. A title with identifiers is one bib in all files.

    Raises DataError when a file is no title list.
    """
    bibs: dict[str, SeedBib] = {}
    collections = []
    warnings: list[str] = []
    for number, path in enumerate(paths, start=1):
        title_list = read_title_list(path)
        warnings.extend(map(str, title_list.warnings))
        keys = {}
        for bib in title_list.bibs:
            # A name alone may belong to different titles in different lists; with its identifiers it does not.
            identity = _identity(bib) if _has_identifier(bib) else f"{number}|{bib.key}"
            known = bibs.setdefault(identity, replace(bib, key=f"title:{len(bibs) + 1}"))
            keys[bib.key] = known.key
            if known != replace(bib, key=known.key):
                text = f"{bib.title!r} was described otherwise by an earlier list: that description stays"
                warnings.append(str(TitleListWarning(file=path.name, row=0, field=Field.TITLE, text=text)))
        portfolios = tuple(replace(portfolio, bib=keys[portfolio.bib]) for portfolio in title_list.portfolios)
        collections.append(SeedCollection(name=title_list.package_name, services=(SeedService(portfolios=portfolios),)))
    return SeedLibrary(bibs=tuple(bibs.values()), collections=tuple(collections), warnings=tuple(warnings))


def _has_identifier(bib: SeedBib) -> bool:
    return bool(bib.issn_print or bib.issn_online or bib.isbn_print or bib.isbn_online)


def _identity(bib: SeedBib) -> str:
    """Return what makes two rows the same title: kind, name in any case, and every identifier."""
    identifiers = (bib.issn_print, bib.issn_online, bib.isbn_print, bib.isbn_online)
    return "|".join((bib.kind.value, " ".join(bib.title.casefold().split()), *identifiers))


@dataclass(slots=True, kw_only=True)
class _Title:
    """A title while its rows are gathered."""

    bib: SeedBib
    first_row: int
    url: str = ""
    embargo: SeedEmbargo | None = None
    ranges: list[SeedRange] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def portfolio(self) -> SeedPortfolio:
        return SeedPortfolio(
            bib=self.bib.key,
            url=self.url,
            local_coverage=tuple(self.ranges),
            local_embargo=self.embargo,
            public_note="; ".join(self.notes),
        )


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Gathers the titles and the warnings of one file, row by row."""

    file: str
    titles: dict[str, _Title] = field(default_factory=dict)
    warnings: list[TitleListWarning] = field(default_factory=list)
    rows: int = 0
    unused_columns: dict[str, int] = field(default_factory=dict)

    def warn(self, row: int, name: str, text: str) -> None:
        if text:
            self.warnings.append(TitleListWarning(file=self.file, row=row, field=name, text=text))

    def take(self, row: TitleRow) -> None:
        for name in row.others:
            self.unused_columns[name] = self.unused_columns.get(name, 0) + 1
        if row.surplus:
            self.warn(row.number, "", f"{row.surplus} cells right of the last column left out")
        name = self._text(row, Field.TITLE)
        if not name or is_placeholder(name):
            self.warn(row.number, Field.TITLE, "no title: row left out")
        elif len(row.cells) == 1:
            self.warn(row.number, Field.TITLE, f"{name!r} stands alone, like a heading: row left out")
        elif name.casefold() == Field.TITLE:
            self.warn(row.number, Field.TITLE, "the header once more: row left out")
        else:
            self.rows += 1
            self._take_title(row, name)

    def report_columns(self) -> None:
        if self.unused_columns:
            columns = ", ".join(f"{name or '(no name)'} ({rows})" for name, rows in self.unused_columns.items())
            self.warn(0, "", f"columns a practice library has no place for, with their filled cells: {columns}")

    def _text(self, row: TitleRow, name: Field) -> str:
        text, remark = clean(row.text(name))
        self.warn(row.number, name, remark)
        return text

    def _take_title(self, row: TitleRow, name: str) -> None:
        bib = self._bib(row, name)
        url, note, embargo = self._text(row, Field.URL), self._text(row, Field.NOTES), self._embargo(row)
        coverage = self._range(row)
        self._check_depth(row)
        identity = _identity(bib)
        if not _has_identifier(bib):
            identity += self._text(row, Field.TITLE_ID) or bib.publisher
        title = self.titles.get(identity)
        if title is None:
            bib = replace(bib, key=f"title:{len(self.titles) + 1}")
            title = self.titles[identity] = _Title(bib=bib, first_row=row.number, url=url, embargo=embargo)
            if coverage != SeedRange():
                title.ranges.append(coverage)
        else:
            self._merge(title, row.number, coverage, bib)
            self._merge_details(title, row.number, url, embargo)
        if note and note not in title.notes:
            title.notes.append(note)

    def _merge(self, title: _Title, row: int, coverage: SeedRange, bib: SeedBib) -> None:
        if coverage == SeedRange() or coverage in title.ranges:
            self.warn(row, "", f"repeats the title of row {title.first_row} without a further range: merged into it")
        else:
            title.ranges.append(coverage)
        if replace(bib, key=title.bib.key) != title.bib:
            self.warn(
                row, "", f"describes the title otherwise than row {title.first_row}: the earlier description stays"
            )

    def _merge_details(self, title: _Title, row: int, url: str, embargo: SeedEmbargo | None) -> None:
        if url and title.url and url != title.url:
            self.warn(row, Field.URL, f"differs from that of row {title.first_row}: the earlier one stays")
        title.url = title.url or url
        if embargo != title.embargo:
            text = f"differs from that of row {title.first_row}; Alma holds one for all ranges: "
            self.warn(
                row, Field.EMBARGO, text + ("this one taken" if title.embargo is None else "the earlier one stays")
            )
        title.embargo = title.embargo or embargo

    def _bib(self, row: TitleRow, name: str) -> SeedBib:
        on_paper, online = self._identifier(row, Field.PRINT), self._identifier(row, Field.ONLINE)
        kind, remark = read_kind(self._text(row, Field.TYPE), (on_paper, online))
        self.warn(row.number, Field.TYPE, remark)
        return SeedBib(
            key="",  # given when the title turns out to be new
            title=name,
            kind=kind,
            issn_print=on_paper.issn,
            issn_online=online.issn,
            isbn_print=on_paper.isbn,
            isbn_online=online.isbn,
            publisher=self._text(row, Field.PUBLISHER),
            edition=self._text(row, Field.EDITION),
            authors=_as_tuple(self._text(row, Field.AUTHOR)),
            editors=_as_tuple(self._text(row, Field.EDITOR)),
        )

    def _identifier(self, row: TitleRow, name: Field) -> ListedIdentifier:
        """Return the first usable identifier among the columns that mean the same."""
        used = ListedIdentifier()
        for cell in row.cells.get(name, ()):
            text, remark = clean(cell)
            self.warn(row.number, name, remark)
            identifier, remark = read_identifier(text)
            self.warn(row.number, name, remark)
            if used == ListedIdentifier():
                used = identifier
            elif identifier not in {used, ListedIdentifier()}:
                self.warn(row.number, name, f"{text!r} is a second one: left out")
        return used

    def _range(self, row: TitleRow) -> SeedRange:
        begin, end = self._date(row, Field.FROM_DATE), self._date(row, Field.UNTIL_DATE)
        return SeedRange(
            from_year=begin.year,
            from_month=begin.month,
            from_day=begin.day,
            from_volume=self._number(row, Field.FROM_VOLUME),
            from_issue=self._number(row, Field.FROM_ISSUE),
            until_year=end.year,
            until_month=end.month,
            until_day=end.day,
            until_volume=self._number(row, Field.UNTIL_VOLUME),
            until_issue=self._number(row, Field.UNTIL_ISSUE),
        )

    def _date(self, row: TitleRow, name: Field) -> DateParts:
        text = self._text(row, name)
        if not text:
            return DateParts()
        parts, remark = read_date(text, is_end=name is Field.UNTIL_DATE)
        self.warn(row.number, name, remark)
        return parts

    def _number(self, row: TitleRow, name: Field) -> str:
        text = self._text(row, name)
        if is_placeholder(text):
            self.warn(row.number, name, f"{text!r} means no number: left empty")
            return ""
        if _DATE_FORM.fullmatch(text):
            self.warn(row.number, name, f"{text!r} is a date, not a number: left out")
            return ""
        return text

    def _embargo(self, row: TitleRow) -> SeedEmbargo | None:
        """Return the embargo by embargo_info, else by CUFTS' columns of months, days and years."""
        text = self._text(row, Field.EMBARGO)
        if text:
            embargo, remark = read_embargo(text)
            self.warn(row.number, Field.EMBARGO, remark)
            return embargo
        for name, operator, unit in _CUFTS_EMBARGOES:
            number = self._text(row, name)
            if number.isdecimal() and len(number) <= 5:
                embargo, remark = make_embargo(operator, int(number), unit)
                self.warn(row.number, name, remark)
                return embargo
            if number:
                self.warn(row.number, name, f"{number!r} is no usable number: left out")
        return None

    def _check_depth(self, row: TitleRow) -> None:
        depth = self._text(row, Field.DEPTH)
        if not is_full_text(depth):
            self.warn(
                row.number, Field.DEPTH, f"{depth!r} is not full text: listed in the full-text service all the same"
            )


# CUFTS' "current" months and years are a rolling wall: only the latest are available
_CUFTS_EMBARGOES = (
    (Field.EMBARGO_MONTHS, DELAY, "M"),
    (Field.EMBARGO_DAYS, DELAY, "D"),
    (Field.CURRENT_MONTHS, ROLLING, "M"),
    (Field.CURRENT_YEARS, ROLLING, "Y"),
)


def _as_tuple(text: str) -> tuple[str, ...]:
    return (text,) if text else ()
