"""A bib made from a title: one well-formed MARC 21 record that says it is online, and reads back as the title."""

from dataclasses import replace
from datetime import date
from xml.etree import ElementTree as ET

import pymarc
import pytest

from sync.alma.codes import WriteCodes
from sync.alma.marc import read_marc
from sync.alma.marc_write import bib_xml, comes_back_as, material_type, own_number, without_punctuation
from sync.model import PUBLICATION_TYPES, Contributor, Identifier, IdentifierKind, Medium, Title

CODES = WriteCodes(material_types={"Journal": "JOURNAL", "Book": "BOOK", "Newspaper": "NEWSPAPER"})
ISSN, ISBN = IdentifierKind.ISSN, IdentifierKind.ISBN
TITLE = Title(key="17", name="Dunes", publication_type="Journal")
TODAY = date(2026, 2, 3)


def _body(title: Title) -> ET.Element:
    return ET.fromstring(bib_xml(title, today=TODAY))  # noqa: S314  (made by ourselves)


def _record(title: Title) -> pymarc.Record:
    record = next(one for one in _body(title) if one.tag.endswith("record"))
    return read_marc(ET.tostring(record, encoding="unicode"))


def _fields(title: Title, *tags: str) -> list[str]:
    return [str(field) for field in _record(title).get_fields(*tags)]


def test_the_body_is_a_bib_of_marc21_that_is_not_suppressed() -> None:
    """facts: alma §4."""
    body = _body(TITLE)

    assert body.tag == "bib"
    assert (body.findtext("record_format"), body.findtext("suppress_from_publishing")) == ("marc21", "false")


@pytest.mark.parametrize("kind", PUBLICATION_TYPES)
def test_every_kind_of_publication_gives_a_record_that_says_it_is_online(kind: str) -> None:
    """Row Title/publication_type: leader 06/07."""
    record = _record(replace(TITLE, publication_type=kind))

    assert len(str(record.leader)) == 24
    assert len(record["008"].data or "") == 40
    assert (record["008"].data or "").startswith("260203")
    assert (record["007"].data or "").startswith("cr")
    assert [field["b"] for field in record.get_fields("337", "338")] == ["c", "cr"]


def test_numbers_stand_where_they_are_read_and_wrong_ones_where_they_are_not() -> None:
    """Row Title/identifiers: 022 $a, 020 $a, 776 $x $z."""
    title = replace(
        TITLE,
        identifiers=(
            Identifier(ISSN, "0317-8471", Medium.ONLINE),
            Identifier(ISSN, "2434-561X", Medium.PRINT),
            Identifier(ISBN, "9780306406157", Medium.ONLINE),
            Identifier(ISBN, "9783161484100", Medium.PRINT),
            Identifier(ISSN, "0317-8472", Medium.PRINT, valid=False),
            Identifier(ISBN, "123", valid=False),
        ),
    )

    assert _fields(title, "022") == ["=022  \\\\$a0317-8471", "=022  \\\\$y0317-8472"]
    assert _fields(title, "020") == ["=020  \\\\$a9780306406157$q(online)", "=020  \\\\$z123"]
    assert _fields(title, "776") == [
        "=776  08$iPrint version:$tDunes$x2434-561X",
        "=776  08$iPrint version:$tDunes$z9783161484100",
    ]


def test_the_bib_carries_our_own_number() -> None:
    """facts: alma §4, finding a bib."""
    assert own_number("17") == "(FOLIO-EH)17"
    assert _fields(TITLE, "035") == ["=035  \\\\$a(FOLIO-EH)17"]


def test_the_first_author_is_the_main_entry_and_the_others_are_added() -> None:
    """Row Title/contributors."""
    people = (Contributor("editor", "Lee, A."), Contributor("author", "Smith, J"), Contributor("author", "Roe, B"))
    title = replace(TITLE, contributors=people)

    assert _fields(title, "100") == ["=100  1\\$aSmith, J$eauthor"]
    assert _fields(title, "700") == ["=700  1\\$aRoe, B$eauthor", "=700  1\\$aLee, A.$eeditor"]
    assert _fields(title, "245") == ["=245  10$aDunes"]
    assert _fields(TITLE, "245") == ["=245  00$aDunes"]


def test_what_a_title_does_not_tell_has_no_field() -> None:
    assert _fields(TITLE, "100", "700", "250", "264", "520", "020", "022", "776") == []
    told = replace(TITLE, edition="2nd", publisher="Sand Press", description="On sand")
    assert _fields(told, "250", "264", "520") == ["=250  \\\\$a2nd", "=264  \\1$bSand Press", "=520  \\\\$aOn sand"]


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b", "a\ufffeb", "a\x0bb"])
def test_what_xml_cannot_hold_is_left_out(text: str) -> None:
    nasty = replace(TITLE, key=text, name=text, identifiers=(Identifier(ISSN, text, valid=False),))

    assert _record(nasty)["245"]["a"] == "ab"


def test_markup_is_text() -> None:
    assert _record(replace(TITLE, name="<b>&amp;</b> ]]> <!DOCTYPE x>"))["245"]["a"] == "<b>&amp;</b> ]]> <!DOCTYPE x>"


@pytest.mark.parametrize(
    ("text", "left"),
    [("Dunes /", "Dunes"), ("Dunes : the sea =", "Dunes : the sea"), ("Co.", "Co."), (" ; ", ""), ("a\ufffe:", "a")],
)
def test_isbds_endings_are_no_part_of_a_text(text: str, left: str) -> None:
    assert without_punctuation(text) == left


@pytest.mark.parametrize(
    ("kind", "read", "code"),
    [
        ("Journal", "Journal", "JOURNAL"),
        ("Newspaper", "Newspaper", "NEWSPAPER"),
        ("Newsletter", "Journal", "JOURNAL"),
        ("Thesis & Dissertation", "Book", "BOOK"),
        ("Streaming Video", "Streaming Video", ""),
        ("Website", "Database", ""),
    ],
)
def test_the_kind_comes_back_by_leader_and_material_type(kind: str, read: str, code: str) -> None:
    """Row Title/publication_type: leader 06/07, material_type."""
    assert (comes_back_as(kind, CODES), material_type(kind, CODES)) == (read, code)
