"""What FOLIO can hold of a canonical record: each row Alma → FOLIO of the mapping, each limit, each loss."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.errors import DataError
from sync.folio.fit import FolioMaps, fit_holding, fit_package, fit_title
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
    Loss,
    Medium,
    Package,
    PartialDate,
    Proxy,
    Title,
    clean,
    day_ranges,
    parse_isbn,
    parse_issn,
)

UUID = "66d0b0c7-9a9d-4b0a-8a3e-1d0d8a1f6f11"
MAPS = FolioMaps(
    proxies={"EZP": "EZProxy", "OFF": "<n>"},
    access_types={"current": UUID},
    notes={"public_note": 1, "authentication_note": 5},
)
NO_MAPS = FolioMaps()
NEWER = replace(MAPS, package_texts=True)
"""FOLIO's interface 5.0."""
PACKAGE = Package(key="61", name="Tides", managed=True, content_type="E-Journal")
FITTED = replace(PACKAGE, managed=False, url=None, description=None)
"""As a package of FOLIO's interface 4.0, which has neither address nor description."""
TITLE = Title(key="99", name="Dunes", publication_type="Journal")
HOLDING = Holding(key="53", package_key="61", title_key="99", url="https://dunes.invalid")

CUT = "cut to {} characters"
CONTROL = "control characters taken out"


def _package(maps: FolioMaps = MAPS, **values: Any) -> tuple[Package, tuple[Loss, ...]]:
    fit = fit_package(replace(PACKAGE, **values), maps)
    return fit.record, fit.losses


def _title(**values: Any) -> tuple[Title, tuple[Loss, ...]]:
    fit = fit_title(replace(TITLE, **values))
    return fit.record, fit.losses


def _holding(maps: FolioMaps = MAPS, **values: Any) -> tuple[Holding, tuple[Loss, ...]]:
    fit = fit_holding(replace(HOLDING, **values), maps)
    return fit.record, fit.losses


def _range(begin: str, end: str = "", **numbers: str) -> CoverageRange:
    points = [PartialDate(*map(int, text.split("-"))) if text else None for text in (begin, end)]
    return CoverageRange(begin=points[0], end=points[1], **numbers)


def _days(holding: Holding) -> list[tuple[str, str]]:
    return [(str(one.begin), str(one.end or "")) for one in holding.coverage]


# Package


@pytest.mark.parametrize("length", [1, 199, 200])
def test_package_name_within_the_limit_is_kept(length: int) -> None:
    """Row Package/name: ≤200."""
    assert _package(name="x" * length) == (replace(FITTED, name="x" * length), ())


def test_package_name_over_200_is_cut_at_a_word_with_a_loss() -> None:
    """Row Package/name: "over 200: cut at a word, loss"."""
    long = "word " * 40 + "end"
    package, losses = _package(name=long)

    assert package.name == ("word " * 40).strip() + "…"
    assert len(package.name) == 200
    assert losses == (Loss("name", long, CUT.format(200)),)


@pytest.mark.parametrize("name", ["", " ", "\x00", "\t\n"])
def test_package_without_a_name_cannot_be(name: str) -> None:
    with pytest.raises(DataError, match="collection 61 has no name"):
        _package(name=name)


@pytest.mark.parametrize(
    "name",
    ["مجلات العلوم", "电子期刊", "<b>Bold</b> & <script>", "=HYPERLINK(1)", "Émile"],
)
def test_package_name_in_any_script_with_markup_or_formula_is_kept(name: str) -> None:
    assert _package(name=name)[0].name == name


def test_package_name_loses_its_control_characters_with_a_loss() -> None:
    assert _package(name="Ti\x00des")[0].name == "Ti des"
    assert _package(name="Ti\x00des")[1] == (Loss("name", "Ti des", CONTROL),)


def test_package_name_is_composed_without_a_loss() -> None:
    assert _package(name="E\u0301mile") == (replace(FITTED, name="Émile"), ())


@pytest.mark.parametrize("content_type", ["E-Journal", "E-Book", "Mixed Content", "Online Reference", "Unknown"])
def test_package_content_type_travels(content_type: str) -> None:
    """Row Package/content_type."""
    assert _package(content_type=content_type) == (replace(FITTED, content_type=content_type), ())


@pytest.mark.parametrize("hidden", [True, False])
def test_package_hidden_travels(*, hidden: bool) -> None:
    """Row Package/hidden."""
    assert _package(hidden=hidden)[0].hidden is hidden


def test_a_managed_collection_becomes_a_custom_package() -> None:
    assert not _package(managed=True)[0].managed


PROXIES = [
    (None, None, ()),
    (Proxy(False), Proxy(False, "<n>"), ()),
    (Proxy(True, "EZP"), Proxy(True, "EZProxy"), ()),
    (Proxy(True, "OFF"), Proxy(False, "<n>"), ()),
    (
        Proxy(True, "NEW"),
        None,
        (Loss("proxy", "NEW", "not named in the configuration: [pairs.NAME.maps.proxies]"),),
    ),
]


@pytest.mark.parametrize(("proxy", "fitted", "losses"), PROXIES)
def test_package_proxy_goes_through_the_map_or_is_a_loss(
    proxy: Proxy | None, fitted: Proxy | None, losses: tuple[Loss, ...]
) -> None:
    """Row Package/proxy: unmapped → loss, never guessed; `<n>` = none."""
    package, found = _package(proxy=proxy)

    assert (package.proxy, found) == (fitted, losses)


@pytest.mark.parametrize(("proxy", "fitted", "losses"), PROXIES)
def test_holding_proxy_goes_through_the_map_or_is_a_loss(
    proxy: Proxy | None, fitted: Proxy | None, losses: tuple[Loss, ...]
) -> None:
    """Row Holding/proxy."""
    holding, found = _holding(proxy=proxy)

    assert (holding.proxy, found) == (fitted, losses)


ACCESS_TYPES = [
    (None, None, ()),
    ("", None, ()),
    ("current", UUID, ()),
    (
        "trial",
        None,
        (Loss("access_type", "trial", "not named in the configuration: [pairs.NAME.maps.access_types]"),),
    ),
]


@pytest.mark.parametrize(("code", "fitted", "losses"), ACCESS_TYPES)
def test_package_access_type_goes_through_the_map_or_is_a_loss(
    code: str | None, fitted: str | None, losses: tuple[Loss, ...]
) -> None:
    """Row Package/access_type."""
    package, found = _package(access_type=code)

    assert (package.access_type, found) == (fitted, losses)


@pytest.mark.parametrize(("code", "fitted", "losses"), ACCESS_TYPES)
def test_holding_access_type_goes_through_the_map_or_is_a_loss(
    code: str | None, fitted: str | None, losses: tuple[Loss, ...]
) -> None:
    """Row Holding/access_type."""
    holding, found = _holding(access_type=code)

    assert (holding.access_type, found) == (fitted, losses)


@pytest.mark.parametrize("field", ["public_note", "authentication_note", "internal_description"])
def test_package_notes_are_a_loss(field: str) -> None:
    """Row Package/public_note, authentication_note, internal_description: else loss."""
    package, losses = _package(**{field: "only\x00here"})

    assert getattr(package, field) == ""
    assert losses == (Loss(field, "only here", "a FOLIO package has no such field"),)


@pytest.mark.parametrize(("field", "text"), [("url", "https://tides.invalid"), ("description", "About tides")])
def test_package_url_and_description_are_a_loss_where_this_folio_has_no_such_field(field: str, text: str) -> None:
    """Rows Package/url, description: by version (facts: folio §1.4)."""
    package, losses = _package(**{field: text})

    assert getattr(package, field) is None
    assert losses == (Loss(field, text, "a FOLIO package of this version has no such field"),)
    assert _package(NEWER, **{field: text}) == (replace(FITTED, **{"url": "", "description": "", field: text}), ())


def test_package_url_of_500_characters_is_kept_and_a_longer_one_is_a_loss() -> None:
    """Row Package/url; facts: folio §1.4: ≤500. A cut address would lead nowhere."""
    longest = "https://x.invalid/" + "a" * 482

    assert _package(NEWER, url=longest)[0].url == longest
    package, losses = _package(NEWER, url=longest + "a")
    assert package.url is None
    assert losses == (Loss("url", longest + "a", "no address of at most 500 characters that FOLIO takes"),)


def test_package_description_over_2000_is_cut_with_a_loss() -> None:
    """Row Package/description; facts: folio §1.4: ≤2000."""
    assert _package(NEWER, description="x" * 2000)[0].description == "x" * 2000

    package, losses = _package(NEWER, description="x" * 2001)

    assert package.description == "x" * 1999 + "…"
    assert losses == (Loss("description", "x" * 2001, CUT.format(2000)),)


# Title


@pytest.mark.parametrize("length", [399, 400])
def test_title_name_within_the_limit_is_kept(length: int) -> None:
    """Row Title/name: ≤400."""
    assert _title(name="x" * length) == (replace(TITLE, name="x" * length), ())


def test_title_name_over_400_is_cut_with_a_loss() -> None:
    """Row Title/name."""
    title, losses = _title(name="x" * 401)

    assert title.name == "x" * 399 + "…"
    assert losses == (Loss("name", "x" * 401, CUT.format(400)),)


def test_title_without_a_name_cannot_be() -> None:
    with pytest.raises(DataError, match="title 99 has no name"):
        _title(name="\x00 \x1f")


@pytest.mark.parametrize("name", ["أدب الرحلات", "数学物理学报", "<i>E. coli</i>", "+SUM(A1)", "A 😀"])
def test_title_name_in_any_script_with_markup_or_formula_is_kept(name: str) -> None:
    assert _title(name=name) == (replace(TITLE, name=name), ())


@pytest.mark.parametrize(("field", "limit"), [("publisher", 250), ("edition", 250), ("description", 400)], ids=str)
def test_title_texts_are_cut_at_their_limit_with_a_loss(field: str, limit: int) -> None:
    """Row Title/publisher ≤250, edition ≤250, description ≤400."""
    assert _title(**{field: "x" * limit}) == (replace(TITLE, **{field: "x" * limit}), ())

    title, losses = _title(**{field: "x" * (limit + 1)})

    assert getattr(title, field) == "x" * (limit - 1) + "…"
    assert losses == (Loss(field, "x" * (limit + 1), CUT.format(limit)),)


@pytest.mark.parametrize("field", ["publisher", "edition", "description"])
def test_title_texts_lose_their_control_characters_with_a_loss(field: str) -> None:
    title, losses = _title(**{field: "a\x00b"})

    assert getattr(title, field) == "a b"
    assert losses == (Loss(field, "a b", CONTROL),)


def test_contributors_travel_in_their_roles() -> None:
    """Row Title/contributors: author/editor/illustrator."""
    people = (Contributor("author", "Ibn Khaldūn"), Contributor("editor", "张三"), Contributor("illustrator", "C"))

    assert _title(contributors=people) == (replace(TITLE, contributors=people), ())


def test_a_bib_whose_details_were_not_read_has_empty_ones() -> None:
    title, losses = _title(edition=None, description=None, contributors=None)

    assert (title.edition, title.description, title.contributors) == ("", "", ())
    assert losses == ()


@pytest.mark.parametrize("kind", PUBLICATION_TYPES)
def test_publication_type_travels(kind: str) -> None:
    """Row Title/publication_type."""
    assert _title(publication_type=kind)[0].publication_type == kind


def test_identifiers_travel_with_print_and_online_told_apart() -> None:
    """Row Title/identifiers: an identifier of neither is online, for the holding is electronic."""
    title, losses = _title(
        identifiers=(
            Identifier(IdentifierKind.ISSN, "0317-8471", Medium.PRINT),
            Identifier(IdentifierKind.ISSN, "2434-561X", Medium.UNKNOWN),
            Identifier(IdentifierKind.ISSN, "2434-561X", Medium.ONLINE),
        )
    )

    assert title.identifiers == (
        Identifier(IdentifierKind.ISSN, "0317-8471", Medium.PRINT),
        Identifier(IdentifierKind.ISSN, "2434-561X", Medium.ONLINE),
    )
    assert losses == ()


def test_a_wrong_identifier_stays_in_alma_and_is_a_loss() -> None:
    """Row Title/identifiers: what FOLIO is given is never a piece of a number."""
    wrong = Identifier(IdentifierKind.ISSN, "0317-8472", Medium.ONLINE, valid=False)

    title, losses = _title(identifiers=(wrong,))

    assert title.identifiers == ()
    assert losses == (Loss("identifiers", "0317-8472", "no ISSN with a right check digit"),)


def test_an_identifier_over_20_characters_is_a_loss() -> None:
    """Row Title/identifiers: id ≤20."""
    longest = Identifier(IdentifierKind.ISBN, "x" * 20, Medium.ONLINE)
    longer = Identifier(IdentifierKind.ISBN, "x" * 21, Medium.ONLINE)

    title, losses = _title(identifiers=(longest, longer))

    assert title.identifiers == (longest,)
    assert losses == (Loss("identifiers", "x" * 21, "longer than 20 characters"),)


# Holding


@pytest.mark.parametrize("available", [True, False])
def test_available_travels(*, available: bool) -> None:
    """Row Holding/available."""
    assert _holding(available=available)[0].available is available


def test_an_address_of_600_characters_is_kept_and_one_of_601_parks_the_record() -> None:
    """Row Holding/url: ≤600."""
    longest = "https://x.invalid/" + "a" * 582

    assert len(longest) == 600
    assert _holding(NO_MAPS, url=longest) == (replace(HOLDING, url=longest), ())
    with pytest.raises(DataError, match="601 characters long; FOLIO takes 600"):
        _holding(url=longest + "a")


@pytest.mark.parametrize(
    "url",
    [
        "http://a.invalid/?x=1&y[]=2",
        "https://a.invalid/%7Bz%7D",
        "https://a.invalid/مجلة",
        "https://a.invalid/期刊",
        "https://a.invalid/e\u0301",
    ],
)
def test_any_web_address_is_kept(url: str) -> None:
    assert _holding(NO_MAPS, url=f" {url}\n") == (replace(HOLDING, url=url), ())


@pytest.mark.parametrize(
    "url",
    [
        "www.dunes.invalid",
        "ftp://dunes.invalid",
        "https://",
        "https://du nes.invalid/",
        "https://dunes.invalid/\x00",
        "https://dunes.invalid/\x9f",
        "https://dunes.invalid/a\nb",
        "=1+1",
    ],
)
def test_an_address_that_folio_refuses_parks_the_record_with_advice(url: str) -> None:
    """facts: folio §2.1 — "Should start with https:// or http://"."""
    with pytest.raises(DataError, match="the address of portfolio 53 is none that FOLIO takes") as caught:
        _holding(url=url)

    assert "https://" in caught.value.advice
    assert "\x00" not in caught.value.message


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://x.invalid/a b", "https://x.invalid/a%20b"),
        ("https://x.invalid/a|b", "https://x.invalid/a%7Cb"),
        ("https://x.invalid/{isbn}", "https://x.invalid/%7Bisbn%7D"),
        ('https://x.invalid/a"b<c>`^\\', "https://x.invalid/a%22b%3Cc%3E%60%5E%5C"),
        ("https://x.invalid/%zz/100%", "https://x.invalid/%25zz/100%25"),
        ("https://x.invalid/a[x]?b[]=1#c[1]", "https://x.invalid/a%5Bx%5D?b[]=1#c[1]"),
        ("https://[::1]/ä?q=ö", "https://[::1]/ä?q=ö"),
        ("https://x.invalid/a\u00a0b?x#y#z", "https://x.invalid/a%C2%A0b?x#y%23z"),
    ],
)
def test_what_java_does_not_take_is_encoded_and_compared_in_that_form(url: str, sent: str) -> None:
    """Cases: practice FOLIO, A2 — `URI.create(value).toURL()`; nothing is written twice."""
    assert _holding(NO_MAPS, url=url)[0].url == sent
    assert _holding(NO_MAPS, url=sent)[0].url == sent


@pytest.mark.parametrize("url", ["", "  "])
def test_no_address_is_no_address(url: str) -> None:
    assert _holding(url=url)[0].url == ""


def test_an_address_made_at_each_click_stays_unsaid_and_its_loss_comes_along() -> None:
    """Row Holding/url: dynamic linking has no FOLIO form."""
    loss = Loss("url", "bkey=10.1000/1", "the address is made by Alma at each click; there is none to hand on")

    holding, losses = _holding(url=None, losses=(loss,))

    assert holding.url is None
    assert holding.losses == ()
    assert losses == (loss,)


@pytest.mark.parametrize(
    ("ranges", "days"),
    [
        ((), []),
        ((_range("2001", "2003"),), [("2001-01-01", "2003-12-31")]),
        ((_range("2003-02", "2004-02"),), [("2003-02-01", "2004-02-29")]),
        ((_range("2001-02-03", "2002-03-04"),), [("2001-02-03", "2002-03-04")]),
        ((_range("2001"),), [("2001-01-01", "")]),
        ((_range("2001", "2002"), _range("2010")), [("2010-01-01", ""), ("2001-01-01", "2002-12-31")]),
        ((_range("2001", "2002"), _range("2003", "2004")), [("2001-01-01", "2004-12-31")]),
        ((_range("2001", "2004"), _range("2002", "2003")), [("2001-01-01", "2004-12-31")]),
    ],
    ids=["none", "years", "months, leap year", "days", "open end", "newest first", "touching", "overlapping"],
)
def test_coverage_becomes_full_dates_newest_first_without_overlap(
    ranges: tuple[CoverageRange, ...], days: list[tuple[str, str]]
) -> None:
    """Row Holding/coverage: begin → first day, end → last day; open end = ""; no overlaps."""
    holding, losses = _holding(coverage=ranges)

    assert _days(holding) == days
    assert holding.coverage_statement is None
    assert losses == ()


def test_a_range_without_a_begin_is_a_loss_and_is_told_to_readers() -> None:
    """Row Holding/coverage: FOLIO needs the day on which a range begins."""
    holding, losses = _holding(coverage=(_range("", "1999"), _range("2001", "2002")))

    assert _days(holding) == [("2001-01-01", "2002-12-31")]
    assert holding.coverage_statement == "– 1999; 2001 – 2002"
    assert losses == (Loss("coverage", "– 1999", "FOLIO needs the day on which a range begins; it is left out"),)


def test_the_only_range_begins_with_the_earliest_day_where_it_names_its_end_only() -> None:
    """A title that ends in 2005 never becomes one with all years (cases: open beginnings)."""
    holding, losses = _holding(coverage=(_range("", "2005"),))

    assert _days(holding) == [("1000-01-01", "2005-12-31")]
    assert [loss.field for loss in losses] == ["coverage"]


def test_volumes_and_issues_become_the_statement() -> None:
    """Row Holding/coverage: volumes/issues → statement text if room."""
    holding, losses = _holding(
        coverage=(_range("2001", "2003", begin_volume="1", begin_issue="2", end_volume="3"), _range("2005"))
    )

    assert _days(holding) == [("2005-01-01", ""), ("2001-01-01", "2003-12-31")]
    assert holding.coverage_statement == "2001 (v.1:no.2) – 2003 (v.3); 2005 –"
    assert losses == ()


def test_a_statement_of_200_characters_is_kept_and_a_longer_one_is_a_loss() -> None:
    """Row Holding/coverage: "if room, else loss"; EBSCO takes 200 (facts: folio §2.1)."""
    room = 200 - len("2001 (v.) –")
    kept, no_loss = _holding(coverage=(_range("2001", begin_volume="x" * room),))
    lost, losses = _holding(coverage=(_range("2001", begin_volume="x" * (room + 1)),))

    assert kept.coverage_statement is not None
    assert len(kept.coverage_statement) == 200
    assert no_loss == ()
    assert lost.coverage_statement is None
    assert _days(lost) == [("2001-01-01", "")]
    assert losses == (
        Loss("coverage", f"2001 (v.{'x' * (room + 1)}) –", "no room for it in the 200 characters of a statement"),
    )


def test_control_characters_in_a_volume_never_reach_folio() -> None:
    assert _holding(coverage=(_range("2001", begin_volume="1\x002"),))[0].coverage_statement == "2001 (v.1 2) –"


@pytest.mark.parametrize("unit", list(EmbargoUnit))
@pytest.mark.parametrize("value", [1, 12, 18, 999])
def test_a_delay_travels_in_its_own_unit(unit: EmbargoUnit, value: int) -> None:
    """Row Holding/embargo: a delay has the same form; 12 months stay 12 months."""
    delay = Embargo(EmbargoKind.DELAY, unit, value)

    assert _holding(NO_MAPS, embargo=delay) == (replace(HOLDING, embargo=delay), ())


@pytest.mark.parametrize(
    ("unit", "value", "statement"),
    [
        (EmbargoUnit.YEARS, 10, "Most recent 10 years only"),
        (EmbargoUnit.YEARS, 1, "Most recent 1 year only"),
        (EmbargoUnit.MONTHS, 6, "Most recent 6 months only"),
    ],
)
def test_a_rolling_wall_becomes_the_statement_and_a_loss(unit: EmbargoUnit, value: int, statement: str) -> None:
    """Row Holding/embargo: rolling walls have no FOLIO form: statement text + loss."""
    wall = Embargo(EmbargoKind.ROLLING, unit, value)

    holding, losses = _holding(embargo=wall)

    assert holding.embargo is None
    assert holding.coverage_statement == statement
    assert losses == (Loss("embargo", str(wall), "FOLIO knows no rolling wall"),)


def test_volumes_and_a_rolling_wall_share_the_statement() -> None:
    holding, _ = _holding(
        coverage=(_range("2001", begin_volume="1"),), embargo=Embargo(EmbargoKind.ROLLING, EmbargoUnit.YEARS, 2)
    )

    assert holding.coverage_statement == "2001 (v.1) –. Most recent 2 years only"


def test_where_volumes_leave_no_room_the_rolling_wall_is_still_told() -> None:
    holding, losses = _holding(
        coverage=(_range("2001", begin_volume="x" * 300),),
        embargo=Embargo(EmbargoKind.ROLLING, EmbargoUnit.YEARS, 2),
    )

    assert holding.coverage_statement == "Most recent 2 years only"
    assert [loss.field for loss in losses] == ["embargo", "coverage"]


def test_a_statement_the_record_has_already_is_kept() -> None:
    """Row Holding/coverage_statement."""
    assert _holding(coverage_statement="Ask us")[0].coverage_statement == "Ask us"
    assert _holding(coverage_statement="")[0].coverage_statement == ""
    assert _holding(coverage_statement=None)[0].coverage_statement is None


def test_notes_go_to_the_user_defined_fields_the_map_names() -> None:
    """Row Holding/public_note, authentication_note, internal_description: user-defined field when mapped, else loss."""
    holding, losses = _holding(public_note="on\ncampus", authentication_note="ask", internal_description="trial")

    assert holding.user_defined == ("on campus", None, None, None, "ask")
    assert (holding.public_note, holding.authentication_note, holding.internal_description) == ("", "", "")
    assert losses == (
        Loss("public_note", "on campus", CONTROL),
        Loss("internal_description", "trial", "no user-defined field named for it: [pairs.NAME.maps.notes]"),
    )


def test_an_empty_note_empties_its_user_defined_field_and_leaves_the_others_alone() -> None:
    assert _holding()[0].user_defined == ("", None, None, None, "")
    assert _holding(NO_MAPS)[0].user_defined == (None, None, None, None, None)


@pytest.mark.parametrize("field", ["public_note", "authentication_note", "internal_description"])
def test_without_a_map_each_note_is_a_loss(field: str) -> None:
    """Row Holding/public_note, authentication_note, internal_description."""
    holding, losses = _holding(NO_MAPS, **{field: "نص"})

    assert holding.user_defined == (None,) * 5
    assert losses == (Loss(field, "نص", "no user-defined field named for it: [pairs.NAME.maps.notes]"),)


def test_a_note_of_500_characters_is_kept_and_a_longer_one_is_cut_with_a_loss() -> None:
    """Row Holding/user-defined fields: ≤500."""
    assert _holding(public_note="x" * 500)[0].user_defined[0] == "x" * 500

    holding, losses = _holding(public_note="x" * 501)

    assert holding.user_defined[0] == "x" * 499 + "…"
    assert losses == (Loss("public_note", "x" * 501, CUT.format(500)),)


def test_losses_of_the_reading_come_along() -> None:
    loss = Loss("coverage", "1990–1999", "FOLIO knows no perpetual coverage")

    assert _holding(losses=(loss,))[1] == (loss,)


# Whatever Alma holds

TEXT = st.text(alphabet=st.characters(codec="utf-8"), max_size=30).map(lambda text: text * 25)
YEARS = st.dates(min_value=date(1990, 1, 1), max_value=date(2020, 12, 31))


@st.composite
def some_ranges(draw: st.DrawFn) -> CoverageRange:
    first, last = sorted((draw(YEARS), draw(YEARS)))
    return CoverageRange(
        begin=draw(st.sampled_from([None, PartialDate(first.year), PartialDate.from_date(first)])),
        end=draw(st.sampled_from([None, PartialDate(last.year), PartialDate(last.year, last.month)])),
        begin_volume=draw(st.sampled_from(["", "1\x00", "x" * 120])),
    )


PROXY = st.sampled_from([None, Proxy(False), Proxy(True, "EZP"), Proxy(True, "NEW")])
EMBARGO = st.none() | st.builds(
    Embargo, st.sampled_from(list(EmbargoKind)), st.sampled_from(list(EmbargoUnit)), st.integers(1, 99)
)
IDENTIFIERS = st.lists(
    st.one_of(st.text(max_size=25).map(parse_issn), st.text(max_size=25).map(parse_isbn)).filter(bool), max_size=4
).map(tuple)
HOLDINGS = st.builds(
    replace,
    st.just(HOLDING),
    available=st.booleans(),
    url=st.sampled_from([None, "", "https://a.invalid/"]),
    coverage=st.lists(some_ranges(), max_size=4).map(tuple),
    embargo=EMBARGO,
    coverage_statement=st.none() | TEXT,
    public_note=TEXT,
    internal_description=TEXT,
    proxy=PROXY,
    access_type=st.sampled_from([None, "", "current", "trial"]),
)


def _storable(text: str, limit: int) -> bool:
    return len(text) <= limit and text == clean(text)


@given(
    st.builds(replace, st.just(PACKAGE), name=TEXT, url=TEXT, description=TEXT, public_note=TEXT, proxy=PROXY),
    st.sampled_from([MAPS, NEWER]),
)
@settings(max_examples=60, deadline=2000)
def test_a_fitted_package_is_within_folios_limits_and_fits_again(package: Package, maps: FolioMaps) -> None:
    if not clean(package.name):
        with pytest.raises(DataError):
            fit_package(package, maps)
        return
    fitted = fit_package(package, maps).record

    assert _storable(fitted.name, 200)
    assert _storable(fitted.url or "", 500)
    assert _storable(fitted.description or "", 2000)
    again = fit_package(replace(fitted, proxy=package.proxy), maps)
    assert again.record == fitted
    assert not [loss for loss in again.losses if loss.field != "proxy"]


@given(
    st.builds(
        replace,
        st.just(TITLE),
        name=TEXT,
        publisher=TEXT,
        edition=st.none() | TEXT,
        description=st.none() | TEXT,
        identifiers=IDENTIFIERS,
        contributors=st.none() | st.lists(st.builds(Contributor, st.just("author"), TEXT), max_size=2).map(tuple),
    )
)
@settings(max_examples=60, deadline=2000)
def test_a_fitted_title_is_within_folios_limits_and_fits_again(title: Title) -> None:
    if not clean(title.name):
        with pytest.raises(DataError):
            fit_title(title)
        return
    fitted = fit_title(title).record

    assert _storable(fitted.name, 400)
    assert _storable(fitted.publisher, 250)
    assert _storable(fitted.edition or "", 250)
    assert _storable(fitted.description or "", 400)
    assert all(_storable(one.name, 400) for one in fitted.contributors or ())
    assert all(_storable(one.value, 20) for one in fitted.identifiers)
    assert all(one.medium is not Medium.UNKNOWN for one in fitted.identifiers)
    again = fit_title(fitted)
    assert (again.record, again.losses) == (fitted, ())


@given(HOLDINGS)
@settings(max_examples=80, deadline=2000)
def test_a_fitted_holding_is_within_folios_limits_and_fits_again(holding: Holding) -> None:
    fitted = fit_holding(holding, MAPS).record

    assert _storable(fitted.coverage_statement or "", 200)
    assert all(_storable(text or "", 500) for text in fitted.user_defined)
    assert fitted.embargo is None or fitted.embargo.kind is EmbargoKind.DELAY
    begins = [one.begin.first_day() for one in fitted.coverage if one.begin]
    assert begins == sorted(begins, reverse=True)
    assert len(begins) == len(fitted.coverage)
    begun = [one for one in holding.coverage if one.begin]
    assert day_ranges(fitted.coverage) == day_ranges(begun or holding.coverage)
    again = fit_holding(replace(fitted, proxy=holding.proxy, access_type=holding.access_type), MAPS)
    assert again.record == fitted
    assert not [loss for loss in again.losses if loss.field not in ("proxy", "access_type")]
