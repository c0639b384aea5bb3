"""Cells of a CSV file: no spreadsheet carries one out, and each is read back as it was."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.errors import ConfigurationError
from sync.report import cells
from sync.report.cells import line_of, neutral, original, read_rows


@pytest.mark.parametrize("text", ["=1+1", "+49 30", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_what_a_spreadsheet_would_carry_out_is_text(text: str) -> None:
    assert neutral(text) == f"'{text}"
    assert neutral(f"'{text}") == f"''{text}"  # somebody's own apostrophe is not taken for ours


@pytest.mark.parametrize("text", ["", "Journal", "1-2-3", "a=b", "'s Gravenhage", "' =1"])
def test_anything_else_stays_as_it_is(text: str) -> None:
    assert neutral(text) == original(text) == text


@given(st.text(alphabet="'=+-@\t\ra,\"\n") | st.text())
def test_a_cell_is_read_back_as_it_was(text: str) -> None:
    assert original(neutral(text)) == text


def test_a_line_is_read_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    rows = [["kind", "name"], ["title", '=2, "Ärzte"\r\nzwei'], [], ["'", "-"]]
    path.write_bytes(b"\xef\xbb\xbf" + "".join(line_of(one) if one else "\r\n" for one in rows).encode())
    assert list(read_rows(path)) == rows
    assert line_of(["a", "b,c"]) == 'a,"b,c"\r\n'


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("told", [False, True])
def test_cells_are_separated_as_the_header_has_it_or_a_line_before_it_tells(
    tmp_path: Path, separator: str, *, told: bool
) -> None:
    path = tmp_path / "file.csv"
    lines = [f"sep={separator}"] * told + [separator.join(("kind", "name")), separator.join(("title", '"a;b,c\td"'))]
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    assert list(read_rows(path)) == [["kind", "name"], ["title", "a;b,c\td"]]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'kind,name\r\n"two\nlines",b\r\n\r\nMagasin d\xe9j\xe0,c\r\n', "row 4: file: it is not text in UTF-8"),
        (b"\xff\xfek\x00i\x00n\x00d\x00", "row 1: file: it is not text in UTF-8"),
        (b'kind,name\na,"b\nc,d\n', "row 2: file: this is not CSV (unexpected end of data)"),
        (b'kind,name\na,"b"c\n', "row 2: file: this is not CSV"),
        (b"kind,name\ra,b\r", "row 1: file: this is not CSV"),
        (b"kind\n" + b"x" * (csv.field_size_limit() + 1), "row 2: file: this is not CSV"),
    ],
)
def test_what_is_no_csv_in_utf8_is_refused_with_the_row(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError) as refused:
        list(read_rows(path))
    assert words in refused.value.message
    assert "nothing was changed" in refused.value.message
    assert "CSV UTF-8" in refused.value.advice


def test_a_file_of_too_many_bytes_is_refused_however_it_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "MOST_BYTES", 2_000_000)
    path = tmp_path / "file.csv"
    path.write_bytes(b"12345678\n" * 200_000)
    assert sum(1 for _ in read_rows(path)) == 200_000
    for content in (b"12345678\n" * 300_000, b"x" * 2_000_001):  # many lines, or one
        path.write_bytes(content)
        with pytest.raises(ConfigurationError, match="more than 2 MB"):
            list(read_rows(path))


def test_a_file_that_cannot_be_read_is_an_error_with_advice(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        list(read_rows(tmp_path / "file.csv"))
