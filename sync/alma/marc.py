"""A bib's MARC record, read: name, identifiers told apart by print and online, publisher, edition, people."""

import io
import re
from collections.abc import Collection, Iterator, Sequence

import pymarc

from sync.errors import DataError
from sync.model import Contributor, Identifier, Medium, Title, clean, isbns_in, issns_in

ROLE_WORDS = {"edt": "editor", "editor": "editor", "ed": "editor", "ill": "illustrator", "illustrator": "illustrator"}
ROLES = frozenset({"author", *ROLE_WORDS.values()})
_PRINT_WORDS = re.compile(r"print|hbk|pbk|hardback|hardcover|paper|cloth|gebunden|broch", re.IGNORECASE)
_ONLINE_WORDS = re.compile(r"online|electronic|e-?book|e-?pub|web|pdf|digital|elektronisch", re.IGNORECASE)
_TRAILING_ISBD = re.compile(r"[\s/:;,=]+$")

_NON_SORTING = re.compile(r"[\x98\x9c]|&#(?:152|156|x98|x9c);", re.IGNORECASE)
"""MARC's marks around words that do not count in sorting ("\x98Der\x9c Spiegel"): no part of the name."""

LEADER_TYPES = {
    "as": "Journal",
    "am": "Book",
    "im": "Audiobook",
    "gm": "Streaming Video",
    "jm": "Streaming Audio",
    "ai": "Database",
    "ab": "Journal",
}
"""What leader positions 06 and 07 say of a title's publication type."""


def read_marc(marc_xml: str) -> pymarc.Record:
    """Return the record of a bib's MARCXML.

    Raises:
        DataError: when it cannot be read, or declares a document type (which no MARC record does).
    """
    if "<!DOCTYPE" in marc_xml or "<!ENTITY" in marc_xml:
        raise DataError("the bib's MARC record declares a document type; it was not read")
    try:
        records = pymarc.parse_xml_to_array(io.BytesIO(_NON_SORTING.sub("", marc_xml).encode("utf-8")))
    except Exception as error:  # noqa: BLE001  (pymarc passes on what its XML parser and leader checks raise)
        raise DataError(f"the bib's MARC record cannot be read: {error}") from None
    if not records:
        raise DataError("the bib holds no MARC record")
    record: pymarc.Record = records[0]
    return record


def without_ending(text: str) -> str:
    """Return the text without the ISBD punctuation that only leads to the next subfield."""
    return _TRAILING_ISBD.sub("", text)


def title_from_marc(mms_id: str, record: pymarc.Record, material_types: Sequence[str] = ()) -> Title:
    """Return the title of a bib.

    `material_types` are the publication types of its portfolios, already in FOLIO's words; the first one decides
    where the leader does not (mapping: publication_type).

    Raises:
        DataError: when the bib has no name in 245.
    """
    name = _name(record)
    if not clean(name):
        raise DataError(
            f"bib {mms_id} has no title in field 245", advice="Add 245 $a in Alma, then run the command again."
        )
    identifiers = tuple(sorted(set(_identifiers(record))))
    return Title(
        key=mms_id,
        name=name,
        publication_type=_publication_type(record, material_types),
        managed=_from_community_zone(record),
        identifiers=identifiers,
        publisher=_publisher(record),
        edition=_first(record, "250", "a"),
        description=_first(record, "520", "a"),
        contributors=tuple(dict.fromkeys(_contributors(record))),
        related=tuple(sorted(set(_related(record, identifiers)))),
    )


def _name(record: pymarc.Record) -> str:
    """245 $a $b, and $n $p, without which the parts of a journal would share one name; ISBD punctuation taken off."""
    for field in record.get_fields("245"):
        parts = [(one.code, _TRAILING_ISBD.sub("", one.value)) for one in field.subfields if one.code in "abnp"]
        words = ""
        for code, text in parts:
            if text and words:
                joint = {"b": ": ", "n": ". ", "p": ". "}.get(code, " ")
                words = (words.removesuffix(".") if code in "np" else words) + joint + text
            else:
                words += text
        return words.strip()
    return ""


def _first(record: pymarc.Record, tag: str, code: str) -> str:
    for field in record.get_fields(tag):
        for text in field.get_subfields(code):
            if text.strip():
                return _TRAILING_ISBD.sub("", text).strip()
    return ""


def _publisher(record: pymarc.Record) -> str:
    for tag in ("264", "260"):
        for field in record.get_fields(tag):
            if tag == "264" and field.indicator2 not in ("1", " "):
                continue
            for text in field.get_subfields("b"):
                return _TRAILING_ISBD.sub("", text).strip()
    return ""


def _contributors(record: pymarc.Record) -> Iterator[Contributor]:
    for field in record.get_fields("100", "700"):
        name = " ".join(_TRAILING_ISBD.sub("", text).strip() for text in field.get_subfields("a")).strip()
        roles = [text.strip(" .,").lower() for text in field.get_subfields("4", "e")]
        role = next((ROLE_WORDS[one] for one in roles if one in ROLE_WORDS), "author")
        if name:
            yield Contributor(role, name)


def _from_community_zone(record: pymarc.Record) -> bool:
    """A Community-Zone bib carries its id there as 035 with (EXLCZ) (facts: alma §4)."""
    return any(text.startswith("(EXLCZ)") for field in record.get_fields("035") for text in field.get_subfields("a"))


def _publication_type(record: pymarc.Record, material_types: Sequence[str]) -> str:
    leader = str(record.leader)
    by_leader = LEADER_TYPES.get(leader[6:8])
    if by_leader in ("Journal", "Book") and material_types:
        return material_types[0]
    return by_leader or (material_types[0] if material_types else "Unspecified")


def _is_online(record: pymarc.Record) -> bool:
    if any(text == "cr" for field in record.get_fields("338") for text in field.get_subfields("b")):
        return True
    if any((field.data or "")[:2] == "cr" for field in record.get_fields("007")):
        return True
    return any((field.data or "")[23:24] in ("o", "s") for field in record.get_fields("008"))


def _identifiers(record: pymarc.Record) -> Iterator[Identifier]:
    own, other = (Medium.ONLINE, Medium.PRINT) if _is_online(record) else (Medium.PRINT, Medium.ONLINE)
    for field in record.get_fields("022"):
        for text in field.get_subfields("a"):
            yield from issns_in(text, own)
    for field in record.get_fields("020"):
        for text in field.get_subfields("a"):
            qualifier = " ".join([*field.get_subfields("q"), text])
            yield from isbns_in(text, _medium_of(qualifier, own))
    for field in record.get_fields("776"):
        medium = _medium_of(" ".join(field.get_subfields("i", "c")), other)
        for text in field.get_subfields("x"):
            yield from issns_in(text, medium)
        for text in field.get_subfields("z"):
            yield from isbns_in(text, medium)


def _related(record: pymarc.Record, identifiers: Collection[Identifier]) -> Iterator[str]:
    """Yield the linking ISSN and the incorrect ones of 022: none of the title's own, but catalogues match by them."""
    own = {one.match_key for one in identifiers}
    for field in record.get_fields("022"):
        for text in field.get_subfields("l", "y"):
            yield from (one.match_key for one in issns_in(text) if one.valid and one.match_key not in own)


def _medium_of(words: str, default: Medium) -> Medium:
    if _ONLINE_WORDS.search(words):
        return Medium.ONLINE
    return Medium.PRINT if _PRINT_WORDS.search(words) else default
