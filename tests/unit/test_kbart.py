"""Title lists as libraries: every quirk of real files by a small file, and the real files themselves where they are."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync.errors import DataError
from sync.sandbox.kbart import TitleList, library_from_title_lists, read_title_list
from sync.sandbox.seed import PublicationKind, SeedEmbargo, SeedRange

REAL_LISTS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "kbart"
REAL_FOLDERS = ("gokb", "kbplus", "mod-agreements", "gokb-validation")

HEADER = (
    "publication_title\tprint_identifier\tonline_identifier\tdate_first_issue_online\tnum_first_vol_online\t"
    "num_first_issue_online\tdate_last_issue_online\tnum_last_vol_online\tnum_last_issue_online\ttitle_url\t"
    "first_author\ttitle_id\tembargo_info\tcoverage_depth\tnotes\tpublisher_name\tpublication_type\t"
    "monograph_edition\tfirst_editor"
)
COLUMNS = HEADER.split("\t")

Reader = Callable[..., TitleList]


@pytest.fixture
def read(tmp_path: Path) -> Reader:
    """Return a function that writes rows, each a mapping of column to value, below the header and reads the list."""

    def read_rows(*rows: dict[str, str]) -> TitleList:
        lines = [HEADER]
        for row in rows:
            assert set(row) <= set(COLUMNS)
            lines.append("\t".join(row.get(column, "") for column in COLUMNS))
        return read_text("\n".join(lines) + "\n")

    def read_text(text: str) -> TitleList:
        path = tmp_path / "list.tsv"
        path.write_text(text, encoding="utf-8", newline="")
        return read_title_list(path)

    return read_rows


def _row(**values: str) -> dict[str, str]:
    return {"publication_title": "Tides", "title_url": "https://example.org/tides", **values}


def _write(tmp_path: Path, content: str | bytes, name: str = "list.tsv") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def _said(titles: TitleList, row: int, field: str) -> str:
    return " / ".join(item.text for item in titles.warnings if (item.row, item.field) == (row, field))


# ---------------------------------------------------------------------------------------------------------------------
# A row of KBART


def test_row_becomes_a_bib_and_a_portfolio(read: Reader) -> None:
    titles = read(
        _row(
            print_identifier="1234-5679",
            online_identifier="2345-6787",
            date_first_issue_online="1998-03-15",
            num_first_vol_online="4",
            num_first_issue_online="1&2",
            date_last_issue_online="2009-12",
            num_last_vol_online="15",
            embargo_info="P1Y",
            coverage_depth="fulltext",
            notes="gap in 2001",
            publisher_name="Saltmarrow Press",
            publication_type="serial",
        )
    )
    bib, portfolio = titles.bibs[0], titles.portfolios[0]
    assert (bib.title, bib.kind, bib.publisher) == ("Tides", PublicationKind.JOURNAL, "Saltmarrow Press")
    assert (bib.issn_print, bib.issn_online) == ("1234-5679", "2345-6787")
    assert portfolio.bib == bib.key
    assert (portfolio.url, portfolio.public_note) == ("https://example.org/tides", "gap in 2001")
    assert portfolio.coverage_in_use == "0"
    assert portfolio.local_embargo == SeedEmbargo(operator=">=", years="1")
    assert portfolio.local_coverage == (
        SeedRange(
            from_year="1998",
            from_month="3",
            from_day="15",
            from_volume="4",
            from_issue="1&2",
            until_year="2009",
            until_month="12",
            until_volume="15",
        ),
    )
    assert titles.warnings == ()


def test_monograph_has_its_people_and_edition(read: Reader) -> None:
    titles = read(
        _row(
            print_identifier="978-3-16-148410-0",
            publication_type="Monograph",
            first_author="Berg",
            first_editor="Costa",
            monograph_edition="2",
        )
    )
    bib = titles.bibs[0]
    assert bib.kind is PublicationKind.BOOK
    assert (bib.isbn_print, bib.issn_print) == ("978-3-16-148410-0", "")
    assert (bib.authors, bib.editors, bib.edition) == (("Berg",), ("Costa",), "2")
    assert titles.portfolios[0].local_coverage == ()


# ---------------------------------------------------------------------------------------------------------------------
# Dates


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1997", ("1997", "", "")),
        ("1997-04", ("1997", "4", "")),
        ("1997-04-09", ("1997", "4", "9")),
        ("1997-04-09 00:00:00", ("1997", "4", "9")),
        ("1997-04-09T10:30:00Z", ("1997", "4", "9")),
        ("09/04/1997", ("1997", "4", "9")),
        ("9/4/1997", ("1997", "4", "9")),
        (" 01/01/1994", ("1994", "1", "1")),
        ("04/1997", ("1997", "4", "")),
        ("2004-02-29", ("2004", "2", "29")),
    ],
)
def test_dates_are_read_to_their_own_precision(read: Reader, text: str, expected: tuple[str, str, str]) -> None:
    titles = read(_row(date_first_issue_online=text, date_last_issue_online=text))
    span = titles.portfolios[0].local_coverage[0]
    assert (span.from_year, span.from_month, span.from_day) == expected
    assert (span.until_year, span.until_month, span.until_day) == expected
    assert titles.warnings == ()


@pytest.mark.parametrize(
    ("text", "begins", "ends"),
    [
        ("2006/2007", ("2006", "", ""), ("2007", "", "")),
        ("1999-2004", ("1999", "", ""), ("2004", "", "")),
        ("01/01/1958-1959", ("1958", "1", "1"), ("1959", "", "")),
        ("1/25/2011", ("2011", "1", "25"), ("2011", "1", "25")),
        ("2003-02-30", ("2003", "2", ""), ("2003", "2", "")),
        ("2003-00-01", ("2003", "", ""), ("2003", "", "")),
        ("2003-13", ("2003", "", ""), ("2003", "", "")),
    ],
)
def test_odd_dates_are_used_as_far_as_they_go_and_named(
    read: Reader, text: str, begins: tuple[str, str, str], ends: tuple[str, str, str]
) -> None:
    titles = read(_row(date_first_issue_online=text, date_last_issue_online=text))
    span = titles.portfolios[0].local_coverage[0]
    assert (span.from_year, span.from_month, span.from_day) == begins
    assert (span.until_year, span.until_month, span.until_day) == ends
    assert text in _said(titles, 2, "date_first_issue_online")
    assert text in _said(titles, 2, "date_last_issue_online")


@pytest.mark.parametrize("text", ["9999", "9999-12-31", "31/12/9999"])
def test_year_9999_is_an_open_end(read: Reader, text: str) -> None:
    titles = read(_row(date_first_issue_online="2001", date_last_issue_online=text))
    assert titles.portfolios[0].local_coverage == (SeedRange(from_year="2001"),)
    assert titles.warnings == ()


@pytest.mark.parametrize("text", ["9999", "soon", "Vol. 3 (1999)", "12", "n/a"])
def test_what_is_no_date_is_left_empty_and_named(read: Reader, text: str) -> None:
    titles = read(_row(date_first_issue_online=text, num_first_vol_online="3"))
    assert titles.portfolios[0].local_coverage == (SeedRange(from_volume="3"),)
    assert text in _said(titles, 2, "date_first_issue_online")


def test_date_in_the_volume_column_is_no_volume(read: Reader) -> None:
    titles = read(_row(date_first_issue_online="2001", num_first_vol_online="31/12/2007"))
    assert titles.portfolios[0].local_coverage == (SeedRange(from_year="2001"),)
    assert "31/12/2007" in _said(titles, 2, "num_first_vol_online")


# ---------------------------------------------------------------------------------------------------------------------
# Identifiers


@pytest.mark.parametrize(
    "text", ["1111-1111", "7777-7777", "165-070X", "1234-5678", "12345679", "0003 4967", "2049-361x", "2049361X"]
)
def test_whatever_looks_like_an_issn_is_kept_as_it_stands(read: Reader, text: str) -> None:
    titles = read(_row(online_identifier=f" {text}\u00a0"))
    assert (titles.bibs[0].issn_online, titles.bibs[0].isbn_online) == (text, "")
    assert titles.warnings == ()


@pytest.mark.parametrize("text", ["9783161484100", "978-3-16-148410-0", "3-16-148410-X", "978-1-137-05446-9"])
def test_whatever_looks_like_an_isbn_is_kept_as_it_stands(read: Reader, text: str) -> None:
    titles = read(_row(print_identifier=text))
    assert (titles.bibs[0].isbn_print, titles.bibs[0].issn_print) == (text, "")
    assert titles.bibs[0].kind is PublicationKind.BOOK
    assert titles.warnings == ()


@pytest.mark.parametrize("text", ["n/a", "N/A", "#N/A", "-", "uri://example.org/x", "9.78E+12", "12345"])
def test_what_is_no_identifier_is_left_out_and_named(read: Reader, text: str) -> None:
    titles = read(_row(print_identifier=text, online_identifier="2345-6787"))
    assert (titles.bibs[0].issn_print, titles.bibs[0].issn_online) == ("", "2345-6787")
    assert text in _said(titles, 2, "print_identifier")


def test_same_value_in_print_and_online_stays_in_both(read: Reader) -> None:
    bib = read(_row(print_identifier="1234-5679", online_identifier="1234-5679")).bibs[0]
    assert bib.issn_print == bib.issn_online == "1234-5679"


def test_first_of_several_identifiers_is_taken(read: Reader) -> None:
    titles = read(_row(online_identifier="1234-5679; 2345-6787"))
    assert titles.bibs[0].issn_online == "1234-5679"
    assert "only 1234-5679" in _said(titles, 2, "online_identifier")


# ---------------------------------------------------------------------------------------------------------------------
# Embargo, depth, kind


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("P12M", SeedEmbargo(operator=">=", months="12")),
        ("P1Y", SeedEmbargo(operator=">=", years="1")),
        ("p6m", SeedEmbargo(operator=">=", months="6")),
        ("R10Y", SeedEmbargo(operator="<=", years="10")),
        ("", None),
    ],
)
def test_embargo_keeps_its_unit_and_its_direction(read: Reader, text: str, expected: SeedEmbargo | None) -> None:
    titles = read(_row(date_last_issue_online="2010", embargo_info=text))
    assert titles.portfolios[0].local_embargo == expected
    assert titles.portfolios[0].local_coverage == (SeedRange(until_year="2010"),)
    assert titles.warnings == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("R10Y;P6M", SeedEmbargo(operator=">=", months="6")),
        ("P30D", SeedEmbargo(operator=">=", months="1")),
        ("P31D", SeedEmbargo(operator=">=", months="2")),
        ("P0M", None),
        ("12 months", None),
    ],
)
def test_embargo_that_alma_cannot_hold_is_named(read: Reader, text: str, expected: SeedEmbargo | None) -> None:
    titles = read(_row(embargo_info=text))
    assert titles.portfolios[0].local_embargo == expected
    assert _said(titles, 2, "embargo_info")


@pytest.mark.parametrize("depth", ["fulltext", "Full text", "full text", "Volltext", "ebook", ""])
def test_full_text_has_many_names(read: Reader, depth: str) -> None:
    assert read(_row(coverage_depth=depth)).warnings == ()


def test_abstracts_are_named(read: Reader) -> None:
    assert "abstracts" in _said(read(_row(coverage_depth="abstracts")), 2, "coverage_depth")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Serial", PublicationKind.JOURNAL),
        ("MONOGRAPH", PublicationKind.BOOK),
        ("Audiobook", PublicationKind.AUDIO),
        ("video", PublicationKind.VIDEO),
    ],
)
def test_publication_type_is_read_in_any_case(read: Reader, text: str, kind: PublicationKind) -> None:
    assert read(_row(publication_type=text)).bibs[0].kind is kind


def test_unknown_publication_type_is_guessed_and_named(read: Reader) -> None:
    titles = read(_row(publication_type="scroll", online_identifier="9783161484100"))
    assert titles.bibs[0].kind is PublicationKind.BOOK
    assert "scroll" in _said(titles, 2, "publication_type")


# ---------------------------------------------------------------------------------------------------------------------
# Rows that belong together


def test_rows_of_one_title_become_one_portfolio_with_several_ranges(read: Reader) -> None:
    titles = read(
        _row(online_identifier="2345-6787", date_first_issue_online="1990", date_last_issue_online="1994"),
        _row(online_identifier="2345-6787", publication_title="TIDES ", date_first_issue_online="2001"),
    )
    assert titles.rows == 2
    assert len(titles.bibs) == len(titles.portfolios) == 1
    assert titles.portfolios[0].local_coverage == (
        SeedRange(from_year="1990", until_year="1994"),
        SeedRange(from_year="2001"),
    )


@pytest.mark.parametrize("differing", ["publication_title", "online_identifier", "publication_type"])
def test_titles_that_differ_in_name_identifier_or_type_stay_apart(read: Reader, differing: str) -> None:
    other = {"publication_title": "Ebbs", "online_identifier": "1234-5679", "publication_type": "monograph"}
    row = _row(online_identifier="2345-6787", publication_type="serial")
    assert len(read(row, {**row, differing: other[differing]}).bibs) == 2


def test_one_name_without_identifiers_is_one_title_only_with_the_same_title_id_or_publisher(read: Reader) -> None:
    assert len(read(_row(title_id="a"), _row(title_id="b")).bibs) == 2
    assert len(read(_row(publisher_name="a"), _row(publisher_name="b")).bibs) == 2
    assert (
        len(read(_row(title_id="a", num_first_vol_online="1"), _row(title_id="a", num_first_vol_online="5")).bibs) == 1
    )


def test_merged_rows_name_what_could_not_be_merged(read: Reader) -> None:
    titles = read(
        _row(date_first_issue_online="1990", embargo_info="P1Y", publisher_name="House"),
        _row(date_first_issue_online="1990", embargo_info="P1Y", publisher_name="House"),
        _row(
            date_first_issue_online="2001",
            embargo_info="P6M",
            publisher_name="House",
            title_url="https://example.org/other",
            first_editor="Costa",
        ),
    )
    assert len(titles.portfolios) == 1
    assert titles.portfolios[0].local_embargo == SeedEmbargo(operator=">=", years="1")
    assert titles.portfolios[0].url == "https://example.org/tides"
    assert "without a further range" in _said(titles, 3, "")
    assert "row 2" in _said(titles, 4, "embargo_info")
    assert "row 2" in _said(titles, 4, "title_url")
    assert "otherwise" in _said(titles, 4, "")


def test_rows_without_a_title_and_headings_are_left_out_and_named(read: Reader) -> None:
    titles = read(
        {"publication_title": "Section A"},
        {},
        {"online_identifier": "2345-6787"},
        dict(zip(COLUMNS, COLUMNS, strict=True)),
        _row(),
    )
    assert (titles.rows, len(titles.bibs)) == (1, 1)
    assert "heading" in _said(titles, 2, "publication_title")
    assert _said(titles, 3, "publication_title") == ""
    assert "no title" in _said(titles, 4, "publication_title")
    assert "header once more" in _said(titles, 5, "publication_title")


def test_blanks_and_control_characters_around_and_in_values_are_taken_off(read: Reader) -> None:
    titles = read(_row(publication_title="  \u00a0Ti\x07des\x00 ", publisher_name=" House "))
    assert (titles.bibs[0].title, titles.bibs[0].publisher) == ("Tides", "House")
    assert "control characters" in _said(titles, 2, "publication_title")


def test_list_without_rows_is_an_empty_collection(read: Reader) -> None:
    titles = read()
    assert (titles.rows, titles.bibs) == (0, ())
    assert "no row" in _said(titles, 0, "")


# ---------------------------------------------------------------------------------------------------------------------
# Files


ROW = "Tidës\t1234-5679\thttps://example.org/1"
SHORT_HEADER = "publication_title\tprint_identifier\ttitle_url"


@pytest.mark.parametrize(
    "content",
    [
        f"{SHORT_HEADER}\n{ROW}\n".encode(),
        f"\ufeff{SHORT_HEADER}\n{ROW}\n".encode(),
        f"{SHORT_HEADER}\r\n{ROW}\r\n".encode("latin-1"),
        f"{SHORT_HEADER}\r{ROW}".encode(),
        f"{SHORT_HEADER}\n{ROW}\n".encode("utf-16"),
        f"{SHORT_HEADER}\n{ROW}\n".replace("\t", ",").encode("cp1252"),
        f"{SHORT_HEADER}\n{ROW}\n".replace("\t", ";").encode(),
        '"publication_title"\t"print_identifier"\t"title_url"\n"Tidës"\t"1234-5679"\t"https://example.org/1"\n'.encode(),
        f"\n\n{SHORT_HEADER}\t\t\n\n{ROW}\t\t\n\t\t\t\t\n".encode(),
        f"Publication Title\tISSN\tURL\n{ROW}\n".encode(),
        f"title\tissn\tjournal_url\n{ROW}\n".encode(),
    ],
)
@pytest.mark.parametrize("name", ["list.tsv", "list.csv", "list.txt", "list"])
def test_encoding_separator_and_quoting_are_found_whatever_the_file_is_called(
    tmp_path: Path, content: bytes, name: str
) -> None:
    titles = read_title_list(_write(tmp_path, content, name))
    assert (titles.rows, titles.bibs[0].title, titles.bibs[0].issn_print) == (1, "Tidës", "1234-5679")
    assert titles.portfolios[0].url == "https://example.org/1"
    assert titles.warnings == ()
    assert titles.package_name == "list"


def test_typographic_quotes_of_windows_are_read(tmp_path: Path) -> None:
    content = f"{SHORT_HEADER}\n“Tides” – études\t1234-5679\t\n".encode("cp1252")
    assert read_title_list(_write(tmp_path, content)).bibs[0].title == "“Tides” – études"


def test_lone_quote_does_not_swallow_the_rows_after_it(tmp_path: Path) -> None:
    rows = '"Tides of War\t1234-5679\t\n"Fine, ""quoted"""\t2345-6787\t\nThe "Ebb"\t3456-7895\t\nEnd"\t4567-8903\t\n'
    titles = read_title_list(_write(tmp_path, f"{SHORT_HEADER}\n{rows}"))
    assert [bib.title for bib in titles.bibs] == ['"Tides of War', 'Fine, "quoted"', 'The "Ebb"', 'End"']


def test_quoted_line_end_is_part_of_a_value(tmp_path: Path) -> None:
    content = 'title,issn,publisher\n"Tides,\nEbbs",1234-5679,"Press, The"\n'
    bib = read_title_list(_write(tmp_path, content, "list.csv")).bibs[0]
    assert (bib.title, bib.publisher) == ("Tides, Ebbs", "Press, The")


@pytest.mark.parametrize("lines", [4, 8, 10])
def test_preamble_is_skipped_and_names_the_package(tmp_path: Path, lines: int) -> None:
    preamble = ["SO Name,House Journals 2013,,"] + [f"Agreement note {number},,," for number in range(lines - 1)]
    rows = ["\u00a0publication_title,ID.issn,date_first_issue_subscribed,platform_title_url", "Tides,1234-5679,1999,"]
    titles = read_title_list(_write(tmp_path, "\r\n".join(preamble + rows), "506_list.csv"))
    assert titles.package_name == "House Journals 2013"
    assert titles.bibs[0].issn_print == "1234-5679"
    assert titles.portfolios[0].local_coverage == (SeedRange(from_year="1999"),)
    assert read_title_list(tmp_path / "506_list.csv", package_name="Mine").package_name == "Mine"


def test_row_numbers_are_those_of_the_file(tmp_path: Path) -> None:
    content = "SO Name,x,\n\ntitle,issn,date_first_issue_online\nTides,n/a,1999\n,,\nEbbs,1234-5679,never\n"
    titles = read_title_list(_write(tmp_path, content, "list.csv"))
    assert [str(item).split(":")[0] for item in titles.warnings] == [
        "list.csv, row 4, print_identifier",
        "list.csv, row 6, date_first_issue_online",
    ]


def test_cufts_list_is_read(tmp_path: Path) -> None:
    header = "title\tissn\te_issn\tft_start_date\tft_end_date\tvol_ft_start\tiss_ft_end\tjournal_url\tpublisher"
    row = "Ebbs\t1234567X\t23456787\t1997-04-01\t2003-12-31\t3\t4\thttp://example.org/e\tHouse"
    columns = "embargo_months\tembargo_days\tcurrent_months\tcurrent_years"
    rows = [
        f"{row}\t\t\t\t",
        "Tides\t" + "\t" * 8 + "6\t\t\t",
        "Floods" + "\t" * 12 + "10",
        "Flows" + "\t" * 10 + "45\t\t",
    ]
    titles = read_title_list(_write(tmp_path, "\n".join([f"{header}\t{columns}", *rows])))
    bib, portfolio = titles.bibs[0], titles.portfolios[0]
    assert (bib.issn_print, bib.issn_online, bib.publisher) == ("1234567X", "23456787", "House")
    assert portfolio.local_coverage[0] == SeedRange(
        from_year="1997",
        from_month="4",
        from_day="1",
        from_volume="3",
        until_year="2003",
        until_month="12",
        until_day="31",
        until_issue="4",
    )
    assert [portfolio.local_embargo for portfolio in titles.portfolios] == [
        None,
        SeedEmbargo(operator=">=", months="6"),
        SeedEmbargo(operator="<=", years="10"),
        SeedEmbargo(operator=">=", months="2"),
    ]


def test_columns_without_a_place_and_cells_without_a_column_are_named(tmp_path: Path) -> None:
    titles = read_title_list(_write(tmp_path, "title\tissn\tcolour\nTides\t1234-5679\tblue\tstray\n"))
    assert "colour (1)" in _said(titles, 0, "")
    assert "1 cells" in _said(titles, 2, "")


def test_a_column_that_only_counts_the_rows_is_no_title(tmp_path: Path) -> None:
    titles = read_title_list(
        _write(
            tmp_path,
            '"Title #"\t"Title"\t"ISBN"\t"Author"\t"Publisher"\n'
            '1\t"LAMPS OF THE COAST"\t9787300000015\t"ROE, A."\t"QUIET PRESS"\n2\t"KNOTS"\t9787300000022\t\t\n',
        )
    )
    assert [(bib.title, bib.authors) for bib in titles.bibs] == [("LAMPS OF THE COAST", ("ROE, A.",)), ("KNOTS", ())]
    assert "title_number (2)" in _said(titles, 0, "")


def test_where_two_columns_may_be_the_title_and_differ_both_are_named(tmp_path: Path) -> None:
    titles = read_title_list(_write(tmp_path, "title\tjournal_title\tissn\nTides\tEbb\t1234-5679\n"))
    assert [bib.title for bib in titles.bibs] == ["Tides"]
    assert "columns title and journal_title may both mean the title, and differ in 1 rows" in _said(titles, 0, "")
    alike = read_title_list(_write(tmp_path, "title\tjournal_title\tissn\nTides\tTides\t1234-5679\n"))
    assert "may both mean" not in _said(alike, 0, "")


@pytest.mark.parametrize("slip", ["publicaton_title", "publication_titel", "Publication  Titlle"])
def test_a_misspelt_column_is_read_and_named(tmp_path: Path, slip: str) -> None:
    titles = read_title_list(_write(tmp_path, f"{slip}\tprint_identifier\nTides\t1234-5679\n"))
    assert [bib.title for bib in titles.bibs] == ["Tides"]
    assert f"column {slip!r} is taken for publication_title" in _said(titles, 0, "")


def test_a_column_is_no_slip_where_another_one_has_its_meaning(tmp_path: Path) -> None:
    titles = read_title_list(_write(tmp_path, "publicaton_title\ttitle\tissn\nEbb\tTides\t1234-5679\n"))
    assert [bib.title for bib in titles.bibs] == ["Tides"]
    assert "publicaton_title (1)" in _said(titles, 0, "")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n\n",
        b"Dear colleague,\nplease find the list attached.\n",
        b"name\tyear\ncats\t1999\n",
        b"title\tcolour\nTides\tblue\n",
        b'{"titles": [1, 2]}',
        b"PK\x03\x04\x00\x00binary",
        bytes(range(256)) * 20,
    ],
)
def test_what_is_no_title_list_is_refused_with_the_columns_looked_for(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DataError) as caught:
        read_title_list(_write(tmp_path, content, "letter.txt"))
    assert "letter.txt" in caught.value.message
    for column in ("publication_title", "print_identifier", "online_identifier", "title_url"):
        assert column in caught.value.advice


_FRAGMENTS = st.sampled_from(
    ["\t", ",", '"', "\n", "\r\n", "\x00", "\ufeff", " ", "9999", "1/2/3", "R1Y;P", "-", "2003-02-30", "é", *COLUMNS]
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.lists(_FRAGMENTS | st.text(max_size=5), max_size=60), with_header=st.booleans())
def test_no_text_ends_in_anything_but_a_list_or_a_refusal(tmp_path: Path, text: list[str], with_header: bool) -> None:
    path = _write(tmp_path, (HEADER + "\n" if with_header else "") + "".join(text).encode("utf-8", "replace").decode())
    try:
        titles = read_title_list(path)
    except DataError:
        return
    assert titles.rows >= len(titles.bibs) == len(titles.portfolios)


def test_missing_file_and_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.tsv", tmp_path):
        with pytest.raises(DataError, match="cannot be read"):
            read_title_list(path)


# ---------------------------------------------------------------------------------------------------------------------
# A library of several lists


def test_each_list_is_a_local_collection_and_a_title_in_two_lists_is_one_bib(tmp_path: Path) -> None:
    first = _write(tmp_path, "title\tissn\tpublisher\nTides\t1234-5679\tHouse\nNews\t\tHouse\n", "first.tsv")
    second = _write(tmp_path, "title\tissn\tpublisher\nTides\t1234-5679\tInn\nNews\t\tHouse\nX\tbad\t\n", "second.tsv")
    library = library_from_title_lists([first, second])
    assert [collection.name for collection in library.collections] == ["first", "second"]
    assert all(collection.is_local and len(collection.services) == 1 for collection in library.collections)
    portfolios = [collection.services[0].portfolios for collection in library.collections]
    assert [len(held) for held in portfolios] == [2, 3]
    assert portfolios[0][0].bib == portfolios[1][0].bib
    assert portfolios[0][1].bib != portfolios[1][1].bib
    assert len(library.bibs) == 4
    assert {portfolio.bib for held in portfolios for portfolio in held} == {bib.key for bib in library.bibs}
    assert any(text.startswith("second.tsv, row 4, print_identifier") for text in library.warnings)
    assert any("Tides" in text and "earlier list" in text for text in library.warnings)


def test_no_lists_are_an_empty_library() -> None:
    assert library_from_title_lists([]).collections == ()


# ---------------------------------------------------------------------------------------------------------------------
# Real files


def _real_files() -> Sequence[Path]:
    return [path for folder in REAL_FOLDERS for path in sorted((REAL_LISTS / folder).glob("*"))]


needs_real_lists = pytest.mark.skipif(not REAL_LISTS.is_dir(), reason="the folder of real title lists is missing")

# Counted with cut, sort -u and wc, without this reader. Titles: distinct name, print and online identifier.
COUNTED = {
    "gokb/KB_20151028145707.csv": (12_769, 12_769),
    "gokb/cufts_doaj.tsv": (10_602, 10_602),
    "gokb/ScienceDirectStandard_Global_EBook-AgriculturalAndBiologicalSciencesPre-2007_2016-05-23.txt": (262, 262),
    "gokb/Cambridge_University_Press_Master_2013.csv": (359, 359),
    "gokb/AnnualReviews_SciencesCollection34_2011-04-27.txt": (47, 47),
    "kbplus/580_IOP_option_1_2011_2012_Nesli2.csv": (45, 45),
    "kbplus/IEEE_IEEEIEL_2012_2012.csv": (414, 414),
    "kbplus/636_sage_collection_2012_2012_nesli2.csv": (610, 610),
    "mod-agreements/Testdata_KBART_AnnualReviews.tsv": (71, 66),
}


@needs_real_lists
def test_every_real_file_is_read() -> None:
    files = _real_files()
    assert files
    for path in files:
        titles = read_title_list(path)
        assert titles.rows >= len(titles.bibs) == len(titles.portfolios) > 0
        assert len({bib.key for bib in titles.bibs}) == len(titles.bibs)


@needs_real_lists
@pytest.mark.parametrize("name", COUNTED)
def test_real_file_has_the_rows_and_titles_counted_by_hand(name: str) -> None:
    titles = read_title_list(REAL_LISTS / name)
    assert (titles.rows, len(titles.bibs)) == COUNTED[name]


@needs_real_lists
def test_real_e_books_keep_their_identifiers() -> None:
    titles = read_title_list(REAL_LISTS / "gokb" / "KB_20151028145707.csv")
    first = titles.bibs[0]
    assert (first.title, first.isbn_print) == ("Maverick Heart: Between love and life", "9789382473008")
    assert {bib.kind for bib in titles.bibs} == {PublicationKind.BOOK}
    assert sum(bib.isbn_print == bib.isbn_online for bib in titles.bibs) == 88
    assert sum(bool(bib.isbn_print) for bib in titles.bibs) == 11_800


@needs_real_lists
def test_real_latin_1_list_keeps_its_accents() -> None:
    titles = read_title_list(REAL_LISTS / "gokb" / "cufts_doaj.tsv")
    assert titles.bibs[0].publisher == "Tallinna Ülikooli"
    assert sum(bool(bib.issn_print) for bib in titles.bibs) == 9_570
    assert sum(bool(bib.issn_online) for bib in titles.bibs) == 5_044


@needs_real_lists
def test_real_mixed_list_has_its_monographs_and_serials() -> None:
    name = "ScienceDirectStandard_Global_EBook-AgriculturalAndBiologicalSciencesPre-2007_2016-05-23.txt"
    kinds = [bib.kind for bib in read_title_list(REAL_LISTS / "gokb" / name).bibs]
    assert (kinds.count(PublicationKind.BOOK), kinds.count(PublicationKind.JOURNAL)) == (249, 13)


@needs_real_lists
def test_real_entitlement_sheet_is_named_by_its_preamble_and_its_misplaced_dates_are_reported() -> None:
    titles = read_title_list(REAL_LISTS / "kbplus" / "580_IOP_option_1_2011_2012_Nesli2.csv")
    assert titles.package_name == "IOP_option 1_2011_2012_Nesli2"
    assert next(item.row for item in titles.warnings if item.field == "num_first_vol_online") == 8


@needs_real_lists
def test_real_lists_make_one_library() -> None:
    names = (
        "gokb/AnnualReviews_SciencesCollection34_2011-04-27.txt",
        "mod-agreements/Testdata_KBART_AnnualReviews.tsv",
    )
    library = library_from_title_lists([REAL_LISTS / name for name in names])
    assert [len(collection.services[0].portfolios) for collection in library.collections] == [47, 66]
    assert len(library.bibs) < 47 + 66
