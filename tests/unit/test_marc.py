"""A bib's MARC record: name, identifiers told apart by print and online, publisher, edition, people, type."""

from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from sync.alma.marc import read_marc, title_from_marc
from sync.alma.wire import Bib
from sync.errors import DataError
from sync.model import Contributor, Identifier, IdentifierKind, Medium, Title

RECORDED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "alma"

SERIAL, BOOK = "00000cas a2200000 a 4500", "00000cam a2200000 a 4500"
NAME = ("245", "00", ("a", "Tides"))

Subfields = tuple[str, str]


def _xml(*fields: object, leader: str = SERIAL) -> str:
    parts = [f"<leader>{leader}</leader>"]
    for tag, *rest in fields:  # type: ignore[misc, attr-defined]
        if tag.startswith("00"):
            parts.append(f'<controlfield tag="{tag}">{escape(rest[0])}</controlfield>')
            continue
        inner = "".join(f'<subfield code="{code}">{escape(text)}</subfield>' for code, text in rest[1:])
        parts.append(f'<datafield tag="{tag}" ind1="{rest[0][0]}" ind2="{rest[0][1]}">{inner}</datafield>')
    return f'<record xmlns="http://www.loc.gov/MARC21/slim">{"".join(parts)}</record>'


def _title(*fields: object, leader: str = SERIAL, types: tuple[str, ...] = ()) -> Title:
    named = fields if any(field[0] == "245" for field in fields) else (*fields, NAME)  # type: ignore[index]
    return title_from_marc("99", read_marc(_xml(*named, leader=leader)), types)


def _identifiers(*fields: object, leader: str = SERIAL) -> list[tuple[str, str, bool]]:
    return [(one.value, str(one.medium), one.valid) for one in _title(*fields, leader=leader).identifiers]


ONLINE_338, ONLINE_007, ONLINE_008 = ("338", "  ", ("b", "cr")), ("007", "cr mn"), ("008", " " * 23 + "o" + " " * 16)


@pytest.mark.parametrize(
    ("subfields", "name"),
    [
        ([("a", "Tides /")], "Tides"),
        ([("a", "Tides :"), ("b", "the sea /"), ("c", "by A. Smith.")], "Tides: the sea"),
        ([("a", "Tides ="), ("b", "Les marées")], "Tides: Les marées"),
        ([("a", "Journal of tides."), ("n", "Part A,"), ("p", "Waves /")], "Journal of tides. Part A. Waves"),
        ([("a", "Journal of tides"), ("p", "Waves")], "Journal of tides. Waves"),
        ([("a", "Tides"), ("h", "[electronic resource] :"), ("b", "the sea")], "Tides: the sea"),
        ([("a", ""), ("b", "the sea")], "the sea"),
        ([("a", "مجلة العلوم /")], "مجلة العلوم"),
        ([("a", "自然科学 :"), ("b", "学报")], "自然科学: 学报"),
        ([("a", "<b>A</b> & =1+1")], "<b>A</b> & =1+1"),
        ([("a", "Who's who?")], "Who's who?"),
        ([("a", "Tides and Co.")], "Tides and Co."),
    ],
)
def test_the_name_is_245_without_its_punctuation(subfields: list[Subfields], name: str) -> None:
    """Row Title/name: 245 $a$b (ISBD cleaned), and the part that tells it from its siblings."""
    assert _title(("245", "00", *subfields)).name == name


@pytest.mark.parametrize("mark", [("\x98", "\x9c"), ("&#152;", "&#156;"), ("&#x98;", "&#x9C;")])
def test_marks_around_words_that_do_not_sort_are_no_part_of_the_name(mark: tuple[str, str]) -> None:
    xml = _xml(("245", "00", ("a", "{Der} Spiegel / {L'}Ami"))).replace("{", mark[0]).replace("}", mark[1])

    assert title_from_marc("99", read_marc(xml)).name == "Der Spiegel / L'Ami"


def test_the_first_245_counts() -> None:
    assert _title(("245", "00", ("a", "One")), ("245", "00", ("a", "Two"))).name == "One"


@pytest.mark.parametrize(
    "fields",
    [
        (("500", "  ", ("a", "x")),),
        (("245", "00", ("c", "by A.")),),
        (("245", "00", ("a", " /")),),
        (("245", "00", ("a", "\x80")),),
    ],
)
def test_a_bib_without_a_name_is_parked_with_advice(fields: tuple[object, ...]) -> None:
    with pytest.raises(DataError, match="bib 99 has no title in field 245") as caught:
        title_from_marc("99", read_marc(_xml(*fields)))

    assert caught.value.advice == "Add 245 $a in Alma, then run the command again."


@pytest.mark.parametrize(
    ("fields", "own", "other"),
    [
        ((), "print", "online"),
        ((ONLINE_338,), "online", "print"),
        ((ONLINE_007,), "online", "print"),
        ((ONLINE_008,), "online", "print"),
        ((("338", "  ", ("b", "nc")),), "print", "online"),
        ((("007", "ta"),), "print", "online"),
    ],
)
def test_the_bibs_own_form_tells_print_from_online(fields: tuple[object, ...], own: str, other: str) -> None:
    """Row Title/identifiers: print/online from 338/007 and 776."""
    found = _identifiers(*fields, ("022", "  ", ("a", "0317-8471")), ("776", "08", ("x", "2434-561X")))

    assert found == [("0317-8471", own, True), ("2434-561X", other, True)]


@pytest.mark.parametrize(
    ("subfields", "medium"),
    [
        ([("a", "9780306406157"), ("q", "(electronic bk.)")], "online"),
        ([("a", "9780306406157"), ("q", "pbk.")], "print"),
        ([("a", "9780306406157 (hardback)")], "print"),
        ([("a", "0306406152 (PDF ebook)")], "online"),
        ([("a", "9780306406157"), ("q", "gebunden")], "print"),
        ([("a", "9780306406157")], "online"),
    ],
)
def test_an_isbns_qualifier_tells_its_form(subfields: list[Subfields], medium: str) -> None:
    """Row Title/identifiers: print/online from $q."""
    assert _identifiers(ONLINE_338, ("020", "  ", *subfields), leader=BOOK) == [("9780306406157", medium, True)]


@pytest.mark.parametrize(
    ("subfields", "medium"),
    [
        ([("i", "Print version:"), ("x", "0317-8471")], "print"),
        ([("i", "Online version:"), ("x", "0317-8471")], "online"),
        ([("c", "Hardcover"), ("z", "0-306-40615-2")], "print"),
        ([("x", "0317-8471")], "print"),
    ],
)
def test_776_names_the_other_form_as_it_says_or_else_the_opposite(subfields: list[Subfields], medium: str) -> None:
    """Row Title/identifiers: 776 $x $z."""
    assert [one[1] for one in _identifiers(ONLINE_338, ("776", "08", *subfields))] == [medium]


def test_wrong_identifiers_are_kept_and_do_not_match() -> None:
    """Row Title/identifiers: bad ones kept but never used to match."""
    title = _title(("022", "  ", ("a", "0317-8472")), ("022", "  ", ("a", "")), ("022", "  ", ("y", "2434-5610")))

    assert title.identifiers == (Identifier(IdentifierKind.ISSN, "0317-8472", Medium.PRINT, valid=False),)
    assert title.match_keys() == frozenset()


def test_a_linking_issn_is_no_number_of_the_title_and_matches_all_the_same() -> None:
    """With 022 $a alone the printed number of an online journal is often not known (cases: spelled numbers)."""
    title = _title(("022", "  ", ("a", "0317-8471"), ("y", "2434-561X"), ("l", "2434-561X")))

    assert [one.value for one in title.identifiers] == ["0317-8471"]
    assert title.match_keys() == {"ISSN:0317-8471", "ISSN:2434-561X"}


def test_the_same_identifier_twice_is_one_and_the_order_is_always_the_same() -> None:
    fields = [
        ("022", "  ", ("a", "2434-561X")),
        ("022", "  ", ("a", "03178471")),
        ("022", "  ", ("a", "0317-8471")),
    ]

    assert _identifiers(*fields) == _identifiers(*fields[::-1])
    assert [one[0] for one in _identifiers(*fields)] == ["0317-8471", "2434-561X"]


@pytest.mark.parametrize(
    ("fields", "publisher"),
    [
        ([("264", " 1", ("a", "Paris :"), ("b", "Sand Press,"), ("c", "2001."))], "Sand Press"),
        ([("264", " 4", ("b", "Copyright holder")), ("260", "  ", ("b", "Old Press ;"))], "Old Press"),
        ([("264", "  ", ("b", "Some Press"))], "Some Press"),
        ([("260", "  ", ("b", "Old Press"))], "Old Press"),
        ([("264", " 2", ("b", "Distributor"))], ""),
        ([], ""),
    ],
)
def test_the_publisher_is_264_or_260(fields: list[object], publisher: str) -> None:
    """Row Title/publisher."""
    assert _title(*fields).publisher == publisher


def test_edition_and_description() -> None:
    """Rows Title/edition, description."""
    title = _title(("250", "  ", ("a", "2nd ed. /")), ("520", "  ", ("a", "")), ("520", "  ", ("a", "On sand & sea.")))

    assert (title.edition, title.description) == ("2nd ed.", "On sand & sea.")


@pytest.mark.parametrize(
    ("fields", "people"),
    [
        ([("100", "1 ", ("a", "Smith, John,"), ("d", "1950-"))], [("author", "Smith, John")]),
        ([("700", "1 ", ("a", "Lee, A."), ("4", "edt"))], [("editor", "Lee, A.")]),
        ([("700", "1 ", ("a", "Lee, A.,"), ("e", "editor."))], [("editor", "Lee, A.")]),
        ([("700", "1 ", ("a", "Lee, A."), ("e", "Illustrator"))], [("illustrator", "Lee, A.")]),
        ([("700", "1 ", ("a", "Lee, A."), ("4", "trl"))], [("author", "Lee, A.")]),
        ([("100", "1 ", ("a", "Same")), ("700", "1 ", ("a", "Same"))], [("author", "Same")]),
        ([("100", "1 ", ("a", "ابن خلدون"))], [("author", "ابن خلدون")]),
        ([("700", "1 ", ("4", "edt"))], []),
    ],
)
def test_people_are_authors_editors_or_illustrators(fields: list[object], people: list[tuple[str, str]]) -> None:
    """Row Title/contributors: 100/700."""
    assert _title(*fields).contributors == tuple(Contributor(*one) for one in people)


@pytest.mark.parametrize(
    ("leader", "types", "kind"),
    [
        ("as", (), "Journal"),
        ("am", (), "Book"),
        ("ai", (), "Database"),
        ("ab", (), "Journal"),
        ("gm", (), "Streaming Video"),
        ("jm", (), "Streaming Audio"),
        ("im", (), "Audiobook"),
        ("as", ("Newspaper",), "Newspaper"),
        ("am", ("Thesis & Dissertation",), "Thesis & Dissertation"),
        ("gm", ("Book",), "Streaming Video"),
        ("xx", ("Report",), "Report"),
        ("xx", (), "Unspecified"),
    ],
)
def test_the_type_follows_the_leader_and_the_portfolios(leader: str, types: tuple[str, ...], kind: str) -> None:
    """Row Title/publication_type: leader 06/07, material_type."""
    assert _title(leader=f"00000c{leader} a2200000 a 4500", types=types).publication_type == kind


@pytest.mark.parametrize(
    ("number", "managed"), [("(EXLCZ)9910000", True), ("(OCoLC)123", False), ("(EXLNZ-01)991", False)]
)
def test_a_bib_of_the_community_zone_is_managed(number: str, *, managed: bool) -> None:
    """facts: alma §4."""
    assert _title(("035", "  ", ("a", number))).managed is managed


def test_a_bib_with_a_name_only_is_enough() -> None:
    assert _title() == Title(key="99", name="Tides", publication_type="Journal")


@pytest.mark.parametrize(
    "xml",
    [
        "<!DOCTYPE x [<!ENTITY a 'b'>]>" + _xml(NAME),
        '<!DOCTYPE record SYSTEM "file:///etc/hostname"><record/>',
    ],
)
def test_a_record_with_a_document_type_is_not_even_parsed(xml: str) -> None:
    with pytest.raises(DataError, match="declares a document type"):
        read_marc(xml)


@pytest.mark.parametrize("xml", ["", "not xml", "<record>", _xml(NAME).replace("</record>", "\x00</record>"), "<a/>"])
def test_a_record_that_cannot_be_read_is_parked(xml: str) -> None:
    with pytest.raises(DataError, match="MARC record"):
        read_marc(xml)


def test_a_declaration_of_another_encoding_does_not_matter() -> None:
    """facts: alma §4 — the XML inside JSON claims UTF-16."""
    bib = Bib.model_validate({"anies": ['<?xml version="1.0" encoding="UTF-16"?>' + _xml(("245", "00", ("a", "Été")))]})

    assert title_from_marc("99", read_marc(bib.marc_xml)).name == "Été"


@pytest.mark.skipif(not RECORDED.is_dir(), reason="recorded bodies are not at hand (shared/data/alma)")
def test_a_recorded_bib_is_read() -> None:
    text = (RECORDED / "scriptotek-php-alma-client" / "bib_response.json").read_text(encoding="utf-8")
    bib = Bib.model_validate_json(text)

    title = title_from_marc(bib.mms_id, read_marc(bib.marc_xml))

    assert (title.key, title.publication_type, title.managed) == (bib.mms_id, "Book", False)
    assert bib.title.startswith(title.name)
    assert [one.medium for one in title.identifiers if one.valid] == [Medium.ONLINE]
