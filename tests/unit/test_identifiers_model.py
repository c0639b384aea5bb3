"""ISSN and ISBN: normalised and checked; bad ones are kept as they stood and never match."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.model import Identifier, IdentifierKind, Medium, isbns_in, issns_in, parse_isbn, parse_issn

ISSN = "0317-8471"
ISBN13 = "9780306406157"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0317-8471", "0317-8471"),
        ("03178471", "0317-8471"),
        (" 0317-8471 ", "0317-8471"),
        ("0317–8471", "0317-8471"),
        ("2434-561x", "2434-561X"),
        ("2434561X", "2434-561X"),
        ("0317\x00-8471", "0317-8471"),
    ],
)
def test_an_issn_is_normalised(text: str, value: str) -> None:
    """Row Title/identifiers: checksums verified, hyphens normalised."""
    assert parse_issn(text, Medium.ONLINE) == Identifier(IdentifierKind.ISSN, value, Medium.ONLINE)


@pytest.mark.parametrize("text", ["0317-8472", "1234-5678", "n/a", "0317-847", "0317-8471 (online)", "رقم"])
def test_a_wrong_issn_is_kept_as_it_stood_and_is_not_valid(text: str) -> None:
    """Row Title/identifiers: bad ones kept but never used to match."""
    found = parse_issn(text)

    assert found == Identifier(IdentifierKind.ISSN, text, Medium.UNKNOWN, valid=False)


@pytest.mark.parametrize("text", ["0000-0000", "00000000", "1111-1111", "9999-9999"])
def test_a_placeholder_never_matches(text: str) -> None:
    found = parse_issn(text)

    assert found is not None
    assert not found.valid


@pytest.mark.parametrize("text", ["", "  ", "\x00", "\n"])
def test_nothing_is_no_identifier(text: str) -> None:
    assert parse_issn(text) is None
    assert parse_isbn(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "9780306406157", "978-0-306-40615-7", "0306406152", "0-306-40615-2", "0306406152 (electronic bk.)",
        "9780306406157 (pbk.) :", "9780306406157(ebook)", "9780306406157.", "9780306406157\u00a0(hbk)",
    ],
)  # fmt: skip
def test_an_isbn_becomes_thirteen_digits(text: str) -> None:
    """Row Title/identifiers: ISBN-10→13, hyphens normalised, what follows in brackets left out."""
    assert parse_isbn(text, Medium.PRINT) == Identifier(IdentifierKind.ISBN, ISBN13, Medium.PRINT)


def test_an_isbn_may_end_in_x() -> None:
    assert parse_isbn("080442957x") == Identifier(IdentifierKind.ISBN, "9780804429573")


@pytest.mark.parametrize("text", ["9780306406158", "0306406153", "12345", "abc"])
def test_a_wrong_isbn_is_kept_as_it_stood_and_is_not_valid(text: str) -> None:
    assert parse_isbn(text) == Identifier(IdentifierKind.ISBN, text, Medium.UNKNOWN, valid=False)


@pytest.mark.parametrize("text", ["0000000000", "1111111111", "9999999999"])
def test_an_isbn_of_one_digit_is_a_placeholder_though_its_check_digit_is_right(text: str) -> None:
    found = parse_isbn(text)

    assert found is not None
    assert not found.valid


def test_print_and_online_of_one_number_match() -> None:
    online, print_ = parse_issn(ISSN, Medium.ONLINE), parse_issn(ISSN, Medium.PRINT)

    assert online is not None
    assert print_ is not None
    assert online != print_
    assert online.match_key == print_.match_key


def test_an_issn_and_an_isbn_of_the_same_digits_do_not_match() -> None:
    assert Identifier(IdentifierKind.ISSN, ISBN13).match_key != Identifier(IdentifierKind.ISBN, ISBN13).match_key


@given(st.text(max_size=30))
@settings(max_examples=100, deadline=2000)
def test_whatever_stands_there_reading_it_twice_gives_the_same(text: str) -> None:
    """What FOLIO gives back after we wrote an identifier must be what we wrote."""
    for parse in (parse_issn, parse_isbn):
        found = parse(text)
        if found is not None:
            assert parse(found.value) == found


SPELLED = [
    ("978 3 064 06200 9", ["9783064062009"]),
    ("ISBN 9783064062016", ["9783064062016"]),
    ("ISBN: 9783064062023 (electronic bk.)", ["9783064062023"]),
    ("ISBN9783064062030", ["9783064062030"]),
    ("9783064062047 ; 9783064062054", ["9783064062047", "9783064062054"]),
    ("9783064062061/9783064062078", ["9783064062061", "9783064062078"]),
    ("\u200e9783064062085", ["9783064062085"]),
    ("0 306 40615 2", ["9780306406157"]),
    ("978\u20133\u2013064\u201306200\u20139", ["9783064062009"]),
]


@pytest.mark.parametrize(("text", "numbers"), SPELLED)
def test_an_isbn_is_found_however_it_is_spelled(text: str, numbers: list[str]) -> None:
    found = isbns_in(text)

    assert [one.value for one in found] == numbers
    assert all(one.valid for one in found)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2300-0007 (online)", "2300-0007"),
        ("2300-0015 ;", "2300-0015"),
        ("ISSN 2300-0023", "2300-0023"),
        ("\u200e2300-0031", "2300-0031"),
        ("2300-004X\u200b", "2300-004X"),
        ("2300-0058=", "2300-0058"),
        ("23000066", "2300-0066"),
    ],
)
def test_an_issn_is_found_however_it_is_spelled(text: str, number: str) -> None:
    assert [(one.value, one.valid) for one in issns_in(text)] == [(number, True)]


@pytest.mark.parametrize("text", ["978", "ISBN", "0", "9783064062000", "978306406200912345"])
def test_a_text_without_a_right_number_is_none(text: str) -> None:
    assert [one.valid for one in isbns_in(text)] == [False]
