"""A bib's MARC 21 record, made from a title: what POST /bibs is given (facts: alma §4).

The fields are those `sync.alma.marc` reads back: 020/022 for online numbers, 776 for printed ones, 035 with our own
mark, by which the bib is found again, 100/700, 245, 250, 264, 520; leader, 007, 008 and 33x say that it is online.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from xml.etree import ElementTree as ET

import pymarc
from pymarc import Field, Indicators, Subfield

from sync.alma.codes import WriteCodes
from sync.alma.marc import LEADER_TYPES, without_ending
from sync.model import Contributor, Identifier, IdentifierKind, Medium, Title

OWN_MARK = "(FOLIO-EH)"
"""Stands before FOLIO's title id in an 035 of each bib that is made from one (facts: alma §4, finding a bib)."""

_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_NO_INDICATORS = Indicators(" ", " ")
_ONLINE, _PRINTED = "(online)", "Print version:"


@dataclass(frozen=True, slots=True)
class _Form:
    """How a kind of publication is catalogued: leader 06/07, 008/18-34, content type."""

    leader: str
    material: str
    content: tuple[str, str]


_SERIAL = _Form("as", "|| p o     0    0", ("text", "txt"))
_MONOGRAPH = _Form("am", "     o     000 0 ", ("text", "txt"))
_DATABASE = _Form("ai", "|| d o     0    0", ("text", "txt"))
_AUDIO = _Form("im", "nnn  o      n  n ", ("spoken word", "spw"))
_MUSIC = _Form("jm", "nnn  o      n  n ", ("performed music", "prm"))
_VIDEO = _Form("gm", "---        o   vl", ("two-dimensional moving image", "tdi"))
_FORMS = {
    "Journal": _SERIAL,
    "Newspaper": _SERIAL,
    "Newsletter": _SERIAL,
    "Proceedings": _SERIAL,
    "Book Series": _SERIAL,
    "Database": _DATABASE,
    "Website": _DATABASE,
    "Audiobook": _AUDIO,
    "Streaming Audio": _MUSIC,
    "Streaming Video": _VIDEO,
}
"""All other types are monographs."""


def own_number(title_id: str) -> str:
    """Return the 035 of the bib that is made from this FOLIO title."""
    return f"{OWN_MARK}{title_id}"


def without_punctuation(text: str) -> str:
    """Return the text as a field of MARC gives it back: characters XML cannot hold and ISBD's endings left out."""
    return without_ending(_NOT_IN_XML.sub("", text)).strip()


def comes_back_as(publication_type: str, codes: WriteCodes) -> str:
    """Return the publication type that the bib and its portfolio's material type will say together."""
    by_leader = LEADER_TYPES[_form(publication_type).leader]
    if by_leader in ("Journal", "Book") and publication_type in codes.material_types:
        return publication_type
    return by_leader


def material_type(publication_type: str, codes: WriteCodes) -> str:
    """Return the code of a portfolio's material type, "" where the institution has none for it."""
    return codes.material_types.get(publication_type) or codes.material_types.get(
        LEADER_TYPES[_form(publication_type).leader], ""
    )


def bib_xml(title: Title, *, today: date) -> bytes:
    """Return the body of POST /bibs for a title as `fit_title` made it, its invalid identifiers included."""
    record = pymarc.Record(leader=f"00000c{_form(title.publication_type).leader} a2200000 i 4500")
    record.add_field(*_control_fields(title, today))
    record.add_field(*_numbers(title))
    record.add_field(*_descriptive_fields(title))
    body = ET.Element("bib")
    ET.SubElement(body, "record_format").text = "marc21"
    ET.SubElement(body, "suppress_from_publishing").text = "false"
    body.append(pymarc.record_to_xml_node(record))
    return bytes(ET.tostring(body, encoding="utf-8", xml_declaration=True))


def holds_more(record: pymarc.Record, title: Title) -> bool:
    """Return whether a bib that was made from a title holds a field now that it was not made with.

    Control fields are Alma's own. What Alma itself adds counts as well: in doubt a bib was catalogued further.
    """
    made = {_content(one) for one in (*_numbers(title), *_descriptive_fields(title))}
    return any(_content(one) not in made for one in record.fields if not one.is_control_field())


def _content(field: Field) -> tuple[object, ...]:
    return field.tag, tuple(field.indicators or ()), tuple((one.code, one.value) for one in field.subfields)


def _form(publication_type: str) -> _Form:
    return _FORMS.get(publication_type, _MONOGRAPH)


def _control_fields(title: Title, today: date) -> Iterable[Field]:
    form = _form(title.publication_type)
    dates = "c||||9999" if form is _SERIAL or form is _DATABASE else "n||||||||"
    yield Field(tag="007", data="cr |||||||||||")
    yield Field(tag="008", data=f"{today:%y%m%d}{dates}|| {form.material}und d")


def _numbers(title: Title) -> Iterable[Field]:
    for one in title.identifiers:
        if one.kind is IdentifierKind.ISSN:
            code = ("a" if one.medium is not Medium.PRINT else "") if one.valid else "y"
            if code:
                yield _field("022", (code, one.value))
        elif not one.valid:
            yield _field("020", ("z", one.value))
        elif one.medium is not Medium.PRINT:
            yield _field("020", ("a", one.value), ("q", _ONLINE))
    yield _field("035", ("a", own_number(title.key)))


def _descriptive_fields(title: Title) -> Iterable[Field]:
    form = _form(title.publication_type)
    people = sorted(title.contributors or (), key=lambda one: one.role != "author")
    main = people[:1] if people and people[0].role == "author" else []
    for one in main:
        yield _person("100", one)
    yield _field("245", ("a", title.name), indicators=Indicators("1" if main else "0", "0"))
    if title.edition:
        yield _field("250", ("a", title.edition))
    if title.publisher:
        yield _field("264", ("b", title.publisher), indicators=Indicators(" ", "1"))
    yield _field("300", ("a", "1 online resource"))
    yield _field("336", ("a", form.content[0]), ("b", form.content[1]), ("2", "rdacontent"))
    yield _field("337", ("a", "computer"), ("b", "c"), ("2", "rdamedia"))
    yield _field("338", ("a", "online resource"), ("b", "cr"), ("2", "rdacarrier"))
    if title.description:
        yield _field("520", ("a", title.description))
    for one in people[len(main) :]:
        yield _person("700", one)
    yield from (_printed(title, one) for one in title.identifiers if one.valid and one.medium is Medium.PRINT)


def _printed(title: Title, one: Identifier) -> Field:
    code = "x" if one.kind is IdentifierKind.ISSN else "z"
    return _field("776", ("i", _PRINTED), ("t", title.name), (code, one.value), indicators=Indicators("0", "8"))


def _person(tag: str, one: Contributor) -> Field:
    return _field(tag, ("a", one.name), ("e", one.role), indicators=Indicators("1", " "))


def _field(tag: str, *subfields: tuple[str, str], indicators: Indicators = _NO_INDICATORS) -> Field:
    possible = [Subfield(code, _NOT_IN_XML.sub("", text)) for code, text in subfields]
    return Field(tag=tag, indicators=indicators, subfields=possible)
