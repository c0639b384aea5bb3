"""Strategies for records of the canonical model: as each system really tells them, and as nasty as they come."""

from dataclasses import replace
from datetime import date
from typing import Any

from hypothesis import strategies as st

from sync.alma import wire
from sync.alma.codes import AlmaCodes, write_codes
from sync.alma.fit import AlmaMaps, backwards
from sync.alma.mapping import holding_from_portfolio
from sync.errors import DataError
from sync.folio.fit import FolioMaps
from sync.model import (
    PUBLICATION_TYPES,
    Contributor,
    CoverageRange,
    Embargo,
    EmbargoKind,
    EmbargoUnit,
    Holding,
    Identifier,
    IdentifierKind,
    Medium,
    Package,
    PartialDate,
    Proxy,
    Title,
    day_ranges,
    parse_isbn,
    parse_issn,
)

PACKAGE_ID, TITLE_ID = "123355-2868997", "17059786"
RESOURCE_ID = f"{PACKAGE_ID}-{TITLE_ID}"
UUID, OTHER_UUID, UNKNOWN_UUID = (f"66d0b0c7-9a9d-4b0a-8a3e-1d0d8a1f6f1{digit}" for digit in "123")
CONTENT_TYPES = (
    "Aggregated Full Text", "Abstract and Index", "E-Book", "E-Journal", "Print", "Unknown", "Online Reference",
    "Streaming Media", "Mixed Content",
)  # fmt: skip

PROXIES = {"EZP": "EZProxy", "VPN": "vpn"}
ACCESS_TYPES = {"current": UUID, "trial": OTHER_UUID}
NOTES = ({}, {"public_note": 1, "authentication_note": 5}, {"public_note": 2, "internal_description": 3})
"""Which user-defined fields hold notes: none, some, others."""

CODES = AlmaCodes()
EVERY_CODE = write_codes(CODES, material_table=(), access_type_table={"current": True}, access_type="")
FEW_CODES = write_codes(
    AlmaCodes(publication_types={"JOURNAL": "Journal", "BOOK": "Book"}),
    material_table=("JOURNAL",),
    access_type_table={},
    access_type="trial",
)
WRITE_CODES = st.sampled_from([EVERY_CODE, FEW_CODES])


def alma_maps(notes: dict[str, int]) -> AlmaMaps:
    """Return the maps to Alma, with these notes."""
    return AlmaMaps(proxies=backwards(PROXIES), access_types=backwards(ACCESS_TYPES), notes=notes)


def folio_maps(notes: dict[str, int], *, package_texts: bool = False) -> FolioMaps:
    """Return the maps to FOLIO, with these notes; `package_texts` as in interface 5.0."""
    return FolioMaps(proxies=PROXIES, access_types=ACCESS_TYPES, notes=notes, package_texts=package_texts)


# Words

ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=[]), max_size=30)
"""Every character there is: controls, halves of surrogate pairs, right-to-left marks, combining ones."""

WORDS = st.sampled_from(
    [
        "", "Tides", "Tides /", "Tides : the sea =", "Tides,;", "Dunes and Co.", "Tides [electronic resource]",
        "[FOLIO coverage: 2001 –]", "Ask us [FOLIO coverage: x] first", "a [FOLIO coverage: b] [FOLIO coverage: c]",
        "[\\FOLIO coverage: x]", "[FOLIO coverage: ]", "x]", "[FOLIO coverage:", "jkey=", "&#152;Der&#x9c; Spiegel",
        "<!DOCTYPE x><b>&amp;</b>]]>", "=1+1", "مجلة العلوم", "\u200fעברית\u200f", "自然科学 学报", "e\u0301te\u0301",
        "\u0301", "A 😀", "two  spaces", " edges ", "line\r\nline\n", "nul\x00nul", "half \ud800 pair", "\ufffe\x9f",
        "x" * 401, "word " * 60, "/:;,=", "…",
    ]
)  # fmt: skip
TEXTS = WORDS | ANY_TEXT
NAMES = TEXTS.filter(lambda text: any(char.isalnum() for char in text))
ADDRESSES = st.sampled_from(
    ["", "https://a.invalid/مجلة?x=[1]&y", "http://b.invalid/", "https://c.invalid/jkey=1", "https://d.invalid/'"]
)

# Coverage and embargo

DAYS = st.dates(min_value=date(1700, 1, 1), max_value=date(2100, 12, 31))
VOLUMES = st.sampled_from(["", "", "1", "XII bis", "suppl. [1]", "x" * 120])


@st.composite
def days_of_folio(draw: st.DrawFn, most: int = 5) -> tuple[CoverageRange, ...]:
    """Ranges of days as FOLIO holds them: newest first, apart from each other, the newest perhaps open."""
    points = iter(sorted(draw(st.lists(DAYS, max_size=2 * most, unique=True))))
    pairs = [
        CoverageRange(begin=PartialDate.from_date(begin), end=PartialDate.from_date(end))
        for begin, end in zip(points, points, strict=False)
    ]
    if pairs and draw(st.booleans()):
        pairs[-1] = replace(pairs[-1], end=None)
    return tuple(one.as_coverage() for one in reversed(day_ranges(pairs)))


DELAYS = st.builds(
    Embargo,
    st.just(EmbargoKind.DELAY),
    st.sampled_from(list(EmbargoUnit)),
    st.sampled_from([1, 4, 11, 12, 18, 24, 30, 31]) | st.integers(1, 999),
)


@st.composite
def alma_range(draw: st.DrawFn) -> dict[str, Any]:
    """One range as Alma's JSON has it: years, months or days, overlapping others, open, 9999, or volumes only."""
    first, last = sorted((draw(DAYS), draw(DAYS)))
    found: dict[str, Any] = {}
    for which, day in (("from", first), ("until", last)):
        known = draw(st.integers(0, 3))
        wrap = draw(st.sampled_from([lambda text: text, lambda text: {"value": text, "desc": None}]))
        found[f"{which}_year"] = str(day.year) if known else ""
        found[f"{which}_month"] = wrap(str(day.month) if known > 1 else "")
        found[f"{which}_day"] = wrap(str(day.day) if known > 2 else "")
        found[f"{which}_volume"] = draw(VOLUMES)
        found[f"{which}_issue"] = draw(VOLUMES)
    if draw(st.integers(0, 4)) == 0:
        found |= {"until_year": "9999", "until_month": "12", "until_day": "31"}
    return found


ALMA_EMBARGO = st.fixed_dictionaries(
    {
        "embargo_operator": st.sampled_from([">", "<", ">=", "<="]).map(lambda code: {"value": code, "desc": "?"}),
        "number_of_years": st.sampled_from(["", "0", "1", "2"]),
        "number_of_months": st.sampled_from(["", "0", "3", "12", "18", "24"]),
    }
) | st.none()  # fmt: skip


# Alma's side


def code(value: str) -> dict[str, Any]:
    """Return a value of a code table as Alma answers it."""
    return {"value": value, "desc": None}


def _codes(*values: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.sampled_from(values).map(code)


ALMA_LINKING = st.fixed_dictionaries(
    {
        "url": st.sampled_from(["", "jkey=https://resolved.invalid/"]),
        "url_type": _codes("", "static", "static", "dynamic"),
        "url_type_override": _codes("", "", "static", "dynamic"),
        "static_url": ADDRESSES.map(lambda url: f"jkey={url}" if url else ""),
        "static_url_override": st.sampled_from(["", "", "jkey=https://over.invalid/"]),
        "dynamic_url": st.sampled_from(["", "IF () http://x"]),
        "parser_parameters": st.sampled_from(["", "bkey=1"]),
        "proxy_enabled": _codes("", "true", "false"),
        "proxy": st.sampled_from(["EZP", "VPN", "OLD"]),
    }
)
ALMA_COVERAGE = st.fixed_dictionaries(
    {
        "coverage_in_use": _codes("", "0", "0", "1", "2", "3"),
        "local_date_coverage_parameters": st.lists(alma_range(), max_size=4),
        "global_date_coverage_parameters": st.none() | st.lists(alma_range(), max_size=2),
        "local_embargo_information": ALMA_EMBARGO,
        "global_embargo_information": ALMA_EMBARGO,
    }
)
ALMA_PORTFOLIOS = st.fixed_dictionaries(
    {
        "id": st.just("53"),
        "is_local": st.sampled_from([True, True, False]),
        "resource_metadata": st.just({"mms_id": {"value": "99", "link": "x"}, "title": "Tides"}),
        "electronic_collection": st.just({"id": {"value": "61"}, "service": {"value": "62"}}),
        "availability": _codes("11", "10"),
        "linking_details": ALMA_LINKING,
        "coverage_details": ALMA_COVERAGE,
        "access_type": _codes("", "current", "trial", "perpetual"),
        "public_note": TEXTS | st.just("open to all\n[FOLIO coverage: 2001 – 2003]"),
        "authentication_note": TEXTS,
        "internal_description": TEXTS,
        "license": st.just({"value": "L1", "link": None}),
        "an_unknown_key": st.just({"kept": ["as", {"it": None}]}),
    }
)
"""Portfolios as Alma's JSON tells them, Community-Zone ones too."""


def read_portfolio(raw: dict[str, Any]) -> Holding:
    """Return the holding that a portfolio's JSON means."""
    return holding_from_portfolio(
        wire.Portfolio.model_validate(raw),
        collection_id="61",
        service=wire.Service.model_validate({"id": "62", "activation_status": code("11")}),
        package_hidden=False,
        codes=CODES,
    )


def understood(raw: dict[str, Any]) -> bool:
    """Return whether the portfolio can be read at all (two coverages in use together must have a day in common)."""
    try:
        read_portfolio(raw)
    except DataError:
        return False
    return True


READABLE_PORTFOLIOS = ALMA_PORTFOLIOS.filter(understood)

ALMA_PACKAGES = st.builds(
    Package,
    key=st.just("61"),
    name=NAMES,
    managed=st.booleans(),
    content_type=st.sampled_from(
        ["E-Journal", "E-Book", "Mixed Content", "Aggregated Full Text", "Online Reference", "Unknown"]
    ),
    hidden=st.booleans(),
    proxy=st.sampled_from([None, Proxy(False), Proxy(True, "EZP"), Proxy(True, "OLD")]),
    url=ADDRESSES | TEXTS,
    description=TEXTS,
    public_note=TEXTS,
    authentication_note=TEXTS,
    internal_description=TEXTS,
    access_type=st.sampled_from(["", "current", "perpetual"]),
)

# Titles


def _identifiers(media: list[Medium]) -> st.SearchStrategy[tuple[Identifier, ...]]:
    numbers = st.sampled_from(
        ["0317-8471", "03178471", "2434-561X", "0317-8472", "0000-0000", "ISSN 0317-8471", "1050-124x", "n.a. 7"]
    )
    books = st.sampled_from(
        ["9780306406157", "0-306-40615-2 (pbk.)", "978-0-306-40615-8", "0000000000", "9780306406157123456789012", "97"]
    )
    medium = st.sampled_from(media)
    one = st.builds(parse_issn, numbers, medium) | st.builds(parse_isbn, books, medium)
    return st.lists(one, max_size=5, unique=True).map(tuple)


def _titles(media: list[Medium], roles: list[str], unread: st.SearchStrategy[None]) -> st.SearchStrategy[Title]:
    return st.builds(
        Title,
        key=st.just(TITLE_ID),
        name=NAMES,
        publication_type=st.sampled_from(PUBLICATION_TYPES),
        managed=st.booleans(),
        identifiers=_identifiers(media),
        publisher=TEXTS,
        edition=unread | TEXTS,
        description=unread | TEXTS,
        contributors=unread
        | st.lists(st.builds(Contributor, st.sampled_from(roles), TEXTS), max_size=3, unique=True).map(tuple),
    )


ALMA_TITLES = _titles([Medium.PRINT, Medium.ONLINE], ["author", "editor", "illustrator"], st.nothing())
FOLIO_TITLES = _titles(list(Medium), ["author", "editor", "illustrator", "translator", ""], st.none())
ANY_IDENTIFIERS = st.lists(
    st.builds(Identifier, st.sampled_from(list(IdentifierKind)), TEXTS, st.sampled_from(list(Medium)), st.just(False)),
    max_size=3,
).map(tuple)

# FOLIO's side

FOLIO_PROXIES = st.sampled_from(
    [None, Proxy(False, "<n>"), Proxy(True, "EZProxy"), Proxy(True, "vpn"), Proxy(True, "?")]
)
FOLIO_ACCESS_TYPES = st.sampled_from([None, "", UUID, OTHER_UUID, UNKNOWN_UUID])
TAGS = st.none() | st.lists(st.sampled_from(["urgent", "ask Kim"]), max_size=2, unique=True).map(tuple)

FOLIO_PACKAGES = st.builds(
    Package,
    key=st.just(PACKAGE_ID),
    name=NAMES,
    managed=st.booleans(),
    content_type=st.sampled_from(CONTENT_TYPES),
    hidden=st.booleans(),
    coverage=days_of_folio(most=1),
    proxy=FOLIO_PROXIES,
    url=st.none() | ADDRESSES | TEXTS,
    description=st.none() | TEXTS,
    access_type=FOLIO_ACCESS_TYPES,
    tags=TAGS,
    provider_name=WORDS,
)
FOLIO_HOLDINGS = st.builds(
    Holding,
    key=st.just(RESOURCE_ID),
    package_key=st.just(PACKAGE_ID),
    title_key=st.just(TITLE_ID),
    available=st.booleans(),
    managed=st.booleans(),
    url=ADDRESSES,
    coverage=days_of_folio(),
    embargo=st.none() | DELAYS,
    coverage_statement=TEXTS,
    proxy=FOLIO_PROXIES,
    access_type=FOLIO_ACCESS_TYPES,
    user_defined=st.tuples(TEXTS, TEXTS, TEXTS, TEXTS, TEXTS),
    tags=TAGS,
)
