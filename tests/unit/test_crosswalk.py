"""A file of corrected links: the form of its rows, and what is wrong with it in words."""

from collections.abc import Sequence

import pytest

from sync.model import Kind
from sync.plan.crosswalk import COLUMNS, MOST_SHOWN, Fault, Found, Mistake, Mistakes, Row, mistake_of, rows_of

NEEDED = ["kind", "alma_id", "folio_id"]


def read(*table: Sequence[str]) -> tuple[list[Row], list[str]]:
    mistakes = Mistakes()
    rows = list(rows_of(table, mistakes, collections=("standalone",)))
    return rows, mistakes.lines()


def test_a_row_says_what_belongs_together_and_rows_are_counted_as_a_spreadsheet_shows_them() -> None:
    rows, wrong = read(
        COLUMNS,
        ["package", "61", "1-2", "name", "Any", "Any"],
        [],
        ["holding", " 53 ", "1-2-3", "", "", ""],
        ["", " ", "", "", "", ""],
        ["title", "99", "", "", "", ""],
        ["package", "standalone", "1-3", "", "", ""],
    )
    assert wrong == []
    assert rows == [
        Row(2, Kind.PACKAGE, "61", "1-2"),
        Row(4, Kind.HOLDING, "53", "1-2-3"),
        Row(6, Kind.TITLE, "99", ""),
        Row(7, Kind.PACKAGE, "standalone", "1-3"),
    ]


def test_the_columns_may_stand_in_any_order_and_only_three_are_needed() -> None:
    assert read([" folio_id", "kind", "alma_id "], ["7", "title", "99"]) == ([Row(2, Kind.TITLE, "99", "7")], [])


def test_empty_columns_at_the_right_are_nothing_and_a_cell_below_them_is_a_mistake() -> None:
    header = [*NEEDED, "", ""]
    assert read(header, ["title", "99", "7", "", " "]) == ([Row(2, Kind.TITLE, "99", "7")], [])
    for cells in (["title", "99", "7", "", "x"], ["title", "99", "", ""], ["title", "99", "7"]):
        rows, (wrong,) = read(header, cells)
        assert rows == []
        assert wrong.startswith(f"row 2: cells: there are {len(cells)} cells, and 3 columns")


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (None, "row 1: columns: there are none"),
        ([], "row 1: columns: there are none"),
        (["kind|alma_id|folio_id"], "row 1: 'kind|alma_id|folio_id': no such column"),
        (["kind", "alma_id"], "row 1: folio_id: this column is missing"),
        ([*NEEDED, "colour"], "row 1: 'colour': no such column"),
        ([*NEEDED[:2], "", "folio_id"], "row 1: '': no such column"),
        ([*NEEDED, "kind"], "row 1: kind: this column is there twice"),
    ],
)
def test_without_the_right_columns_no_row_is_read(header: list[str] | None, words: str) -> None:
    table = [] if header is None else [header, ["title", "99", ""]]
    rows, (wrong, *_) = read(*table)
    assert rows == []
    assert wrong.startswith(words)


@pytest.mark.parametrize(
    ("cells", "words", "kept"),
    [
        (["jurnal", "99", "7"], "kind: 'jurnal' is none; write package, title or holding", None),
        (["Title", "99", "7"], "kind: 'Title' is none", None),
        (["service", "99", "1-2"], "kind: FOLIO has no services", None),
        (["title", "", "7"], "alma_id: it is empty", None),
        (["title", "9.9E+17", "7"], "alma_id: '9.9E+17' is no id of Alma", None),
        (["title", "٩٩", "7"], "alma_id: '٩٩' is no id of Alma", None),
        (["title", "9" * 31, "7"], f"alma_id: '{'9' * 31}' is no id of Alma", None),
        (["title", "standalone", "7"], "alma_id: 'standalone' is no id of Alma", None),
        (["title", "99", "7-1"], "folio_id: '7-1' is no id of a title in FOLIO; write digits", Kind.TITLE),
        (["package", "99", "7"], "folio_id: '7' is no id of a package in FOLIO; write provider-package", Kind.PACKAGE),
        (["holding", "99", "1-2"], "folio_id: '1-2' is no id of a holding in FOLIO", Kind.HOLDING),
        (["title", "99", "x" * 60], f"folio_id: '{'x' * 39}…' is no id", Kind.TITLE),
        (["title", "99"], "cells: there are 2 cells, and 3 columns", None),
        (["title", "99", "", ""], "cells: there are 4 cells, and 3 columns", None),
    ],
)
def test_a_row_of_the_wrong_form_is_named_with_the_remedy(cells: list[str], words: str, kept: Kind | None) -> None:
    rows, wrong = read(NEEDED, ["title", "1", "1"], cells)
    assert len(wrong) == 1
    assert wrong[0].startswith(f"row 3: {words}")
    # a record whose FOLIO id cannot be read is still known to be named
    assert rows[1:] == ([Row(3, kept, "99", "", sound=False)] if kept else [])


def test_every_cell_of_a_row_is_looked_at() -> None:
    _, wrong = read(NEEDED, ["holding", "a", "b"])
    assert [one.partition(" is no id")[0] for one in wrong] == ["row 2: alma_id: 'a'", "row 2: folio_id: 'b'"]


def test_the_first_twenty_are_shown_by_row_and_the_others_counted() -> None:
    mistakes = Mistakes()
    for row in range(40, 10, -1):
        mistakes.add(Mistake(row, "kind", "is none"))
    mistakes.add(Mistake(2, "alma_id", "stands there twice"), count=1000)
    assert mistakes.count == 1030
    *shown, last = mistakes.lines()
    assert len(shown) == MOST_SHOWN
    assert shown[:2] == ["row 2: alma_id: stands there twice", "row 11: kind: is none"]
    assert last == "… and 1,010 more"


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("detail", ["", "1-2"])
def test_every_fault_has_words_that_name_the_records(fault: Fault, detail: str) -> None:
    found = Found(row=7, fault=fault, kind=Kind.HOLDING, alma_id="53", folio_id="1-2-3", other="61", detail=detail)
    words = str(mistake_of(found))
    assert words.startswith(("row 7: alma_id: ", "row 7: folio_id: "))
    assert any(one in words for one in ("53", "1-2-3", "61"))
    assert ("; " in words) is True
