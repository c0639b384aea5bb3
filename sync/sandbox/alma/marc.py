"""MARC 21 bib records: made from a seed, written and read as MARCXML, and summarised as the API does."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

from sync.sandbox.seed import PublicationKind, SeedBib

KEY_PREFIX = "(PRACTICE)"
"""Stands before a seed's key in an 035, so that it can be found with other_system_id."""

COMMUNITY_ZONE_PREFIX = "(EXLCZ)"

_LEADERS = {
    PublicationKind.JOURNAL: "00000cas a2200000 i 4500",
    PublicationKind.BOOK: "00000cam a2200000 i 4500",
    PublicationKind.AUDIO: "00000cim a2200000 i 4500",
    PublicationKind.VIDEO: "00000cgm a2200000 i 4500",
}
_CONTENT_TYPES = {
    PublicationKind.JOURNAL: ("text", "txt"),
    PublicationKind.BOOK: ("text", "txt"),
    PublicationKind.AUDIO: ("spoken word", "spw"),
    PublicationKind.VIDEO: ("two-dimensional moving image", "tdi"),
}

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_MATERIAL = {  # 008 positions 18 to 34, which differ by kind
    PublicationKind.JOURNAL: "mr p o     0   a0",
    PublicationKind.BOOK: "     o     000 0 ",
    PublicationKind.AUDIO: "nnn  o      n  n ",
    PublicationKind.VIDEO: "---        o   vl",
}


@dataclass(frozen=True, slots=True)
class MarcField:
    """A data field: tag, two indicators together, and its subfields as (code, text)."""

    tag: str
    indicators: str
    subfields: tuple[tuple[str, str], ...]

    def texts(self, codes: str) -> list[str]:
        """Return the texts of those subfields, in the order they stand."""
        return [text for code, text in self.subfields if code in codes]


@dataclass(slots=True)
class MarcRecord:
    """A record: leader, control fields (tag, text) and data fields. The 001 is added when it is written."""

    leader: str
    control: list[tuple[str, str]] = field(default_factory=list)
    fields: list[MarcField] = field(default_factory=list)

    def texts(self, tag: str, codes: str) -> list[str]:
        """Return the texts of those subfields of every field with that tag."""
        return [text for each in self.fields if each.tag == tag for text in each.texts(codes)]

    def first(self, tag: str, codes: str) -> str:
        """Return the first such text, "" when there is none."""
        return next(iter(self.texts(tag, codes)), "")

    @property
    def title(self) -> str:
        """Return 245 $a$b with its punctuation, as the API's `title` has it."""
        return " ".join(self.texts("245", "ab"))

    @property
    def author(self) -> str:
        """Return the main entry."""
        return self.first("100", "a") or self.first("110", "a")

    @property
    def identifiers(self) -> list[tuple[str, str]]:
        """Return ("issn" or "isbn", text) of the fields a search by number looks into."""
        found = [("issn", text) for tag, codes in (("022", "aly"), ("776", "x")) for text in self.texts(tag, codes)]
        return found + [
            ("isbn", text) for tag, codes in (("020", "a"), ("776", "z")) for text in self.texts(tag, codes)
        ]


def from_seed(seed: SeedBib) -> MarcRecord:
    """Return the record a library would have catalogued for an electronic title (RDA, with ISBD punctuation)."""
    content, content_code = _CONTENT_TYPES[seed.kind]
    one_of = [
        *_numbers(seed),
        MarcField("035", "  ", (("a", f"{KEY_PREFIX}{seed.key}"),)),
        MarcField("040", "  ", (("a", "PRACTICE"), ("b", "eng"), ("e", "rda"), ("c", "PRACTICE"))),
        *_people("100", seed.authors[:1], "author"),
        MarcField("245", "10" if seed.authors else "00", _title(seed)),
        *([MarcField("250", "  ", (("a", seed.edition),))] if seed.edition else []),
        *([MarcField("264", " 1", (("b", seed.publisher),))] if seed.publisher else []),
        MarcField("300", "  ", (("a", "1 online resource"),)),
        MarcField("336", "  ", (("a", content), ("b", content_code), ("2", "rdacontent"))),
        MarcField("337", "  ", (("a", "computer"), ("b", "c"), ("2", "rdamedia"))),
        MarcField("338", "  ", (("a", "online resource"), ("b", "cr"), ("2", "rdacarrier"))),
        *([MarcField("520", "  ", (("a", seed.description),))] if seed.description else []),
        *_people("700", seed.authors[1:], "author"),
        *_people("700", seed.editors, "editor"),
        *_printed(seed),
    ]
    return MarcRecord(_LEADERS[seed.kind], [("007", "cr |||||||||||"), ("008", _fixed_length(seed.kind))], one_of)


def _numbers(seed: SeedBib) -> Iterable[MarcField]:
    if seed.isbn_online:
        yield MarcField("020", "  ", (("a", seed.isbn_online), ("q", "(electronic)")))
    if seed.issn_online:
        yield MarcField("022", "  ", (("a", seed.issn_online),))


def _printed(seed: SeedBib) -> Iterable[MarcField]:
    numbers = (("x", seed.issn_print), ("z", seed.isbn_print))
    given = tuple((code, number) for code, number in numbers if number)
    if given:
        yield MarcField("776", "08", (("i", "Print version:"), ("t", seed.title), *given))


def _people(tag: str, names: Iterable[str], role: str) -> Iterable[MarcField]:
    return (MarcField(tag, "1 ", (("a", f"{name},"), ("e", f"{role}."))) for name in names)


def _title(seed: SeedBib) -> tuple[tuple[str, str], ...]:
    people = ", ".join(seed.authors)
    end = " /" if people else ""
    title = (("a", f"{seed.title} :"), ("b", seed.subtitle + end)) if seed.subtitle else (("a", seed.title + end),)
    return (*title, ("c", f"{people}.")) if people else title


def _fixed_length(kind: PublicationKind) -> str:
    """Return an 008 of 40 characters; its form of item is "o", online."""
    dates = "c20009999" if kind is PublicationKind.JOURNAL else "s2000    "
    return f"250101{dates}xx {_MATERIAL[kind]}eng d"


def record_xml(record: MarcRecord, *, mms_id: str, version: str, more: Iterable[MarcField] = ()) -> str:
    """Return `<record>…</record>` with the local MMS ID in 001 and the version (last change) in 005."""
    parts = [f"<record><leader>{escape(record.leader)}</leader>"]
    control = [("001", mms_id), ("005", version), *record.control]
    parts += [f'<controlfield tag="{tag}">{escape(text)}</controlfield>' for tag, text in control]
    everything = sorted([*record.fields, *more], key=lambda each: (not each.tag.isdigit(), each.tag))
    parts += [_field_xml(each) for each in everything]
    return allowed("".join([*parts, "</record>"]))


def _field_xml(each: MarcField) -> str:
    ends = f'<datafield ind1="{each.indicators[0]}" ind2="{each.indicators[1]}" tag={quoteattr(each.tag)}>'
    inner = [f"<subfield code={quoteattr(code)}>{escape(text)}</subfield>" for code, text in each.subfields]
    return "".join([ends, *inner, "</datafield>"])


def allowed(xml: str) -> str:
    """Return XML without the characters it cannot hold in any form (control characters of JSON texts)."""
    return _FORBIDDEN.sub("", xml)


def local_name(element: ET.Element) -> str:
    """Return an element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def read_record(element: ET.Element) -> MarcRecord:
    """Return the record of a `<record>` element, its 001 and 005 left out.

    Raises:
        ValueError: it is no MARC record with a leader and a title.
    """
    record = MarcRecord("")
    for child in element:
        name = local_name(child)
        if name == "leader":
            record.leader = child.text or ""
        elif name == "controlfield" and child.get("tag") not in ("001", "005"):
            record.control.append((child.get("tag", ""), child.text or ""))
        elif name == "datafield":
            indicators = (child.get("ind1") or " ")[:1] + (child.get("ind2") or " ")[:1]
            subfields = tuple((part.get("code", ""), part.text or "") for part in child)
            record.fields.append(MarcField(child.get("tag", ""), indicators, subfields))
    if not record.leader or not record.title:
        raise ValueError("a MARC record needs a leader and a 245 $a")
    return record


def plain_number(text: str) -> str:
    """Return an ISSN or ISBN as an index has it: without hyphens, blanks and what follows the number."""
    return re.sub(r"[^0-9Xx]", "", re.split(r"[ (]", text.strip(), maxsplit=1)[0]).upper()
