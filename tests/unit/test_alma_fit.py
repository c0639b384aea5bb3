"""What Alma can hold of a canonical record: each row FOLIO → Alma of the mapping, each loss, each refusal."""

from dataclasses import replace
from typing import Any

import pytest

from sync.alma.codes import WriteCodes
from sync.alma.fit import AlmaMaps, backwards, fit_holding, fit_package, fit_title, source_words
from sync.errors import DataError
from sync.model import (
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
)

UUID = "66d0b0c7-9a9d-4b0a-8a3e-1d0d8a1f6f11"
MAPS = AlmaMaps(proxies={"EZProxy": "EZP"}, access_types={UUID: "current"}, notes={"public_note": 1})
CODES = WriteCodes(material_types={"Journal": "JOURNAL", "Book": "BOOK", "Newspaper": "NEWSPAPER"})
PACKAGE = Package(key="1-2", name="Tides", managed=False, url=None, description=None)
TITLE = Title(key="17", name="Dunes", publication_type="Journal")
HOLDING = Holding(key="1-2-17", package_key="1-2", title_key="17", url="https://dunes.invalid")
TAKEN_OUT = "spacing, control characters or halves of characters taken out"


def _package(types: tuple[str, ...] = (), **values: Any) -> tuple[Package, tuple[Loss, ...]]:
    fit = fit_package(replace(PACKAGE, **values), MAPS, CODES, types)
    return fit.record, fit.losses


def _title(**values: Any) -> tuple[Title, tuple[Loss, ...]]:
    fit = fit_title(replace(TITLE, **values), CODES)
    return fit.record, fit.losses


def _holding(codes: WriteCodes = CODES, **values: Any) -> tuple[Holding, tuple[Loss, ...]]:
    fit = fit_holding(source_words(replace(HOLDING, **values), MAPS), MAPS, codes)
    return fit.record, fit.losses


def test_a_map_read_backwards_leaves_out_what_two_codes_lead_to() -> None:
    """Row Holding/proxy: unmapped → loss, never guessed."""
    assert backwards({"EZP": "one", "VPN": "two", "OLD": "two"}) == {"one": "EZP"}


@pytest.mark.parametrize(
    ("content_type", "types", "type_code", "derived"),
    [
        ("Aggregated Full Text", ("Journal",), "1", "Aggregated Full Text"),
        ("Online Reference", (), "6", "Online Reference"),
        ("Online Reference", ("Book",), "0", "E-Book"),
        ("E-Journal", ("Journal",), "0", "E-Journal"),
        ("E-Journal", ("Journal", "Book"), "0", "Mixed Content"),
        ("Print", (), "0", "Unknown"),
        ("Unknown", (), "0", "Unknown"),
    ],
)
def test_the_content_type_chooses_the_collection_type_as_far_as_it_can(
    content_type: str, types: tuple[str, ...], type_code: str, derived: str
) -> None:
    """Row Package/content_type: F→A chooses the collection type on creation; a Database cannot hold titles."""
    package, losses = _package(types, content_type=content_type)

    assert (package.type_code, package.content_type) == (type_code, derived)
    assert [loss.field for loss in losses] == (["content_type"] if derived != content_type else [])


def test_coverage_and_tags_of_a_package_are_losses() -> None:
    """Rows Package/coverage, tags: F only."""
    years = CoverageRange(begin=PartialDate(2001), end=PartialDate(2003))
    package, losses = _package(coverage=(years,), tags=("urgent",))

    assert (package.coverage, package.tags) == ((), None)
    assert losses == (
        Loss("coverage", "2001 – 2003", "an Alma collection has no coverage of its own"),
        Loss("tags", "urgent", "Alma has no tags"),
    )


@pytest.mark.parametrize("url", ["https://x.invalid/" + "a" * 2000, "https://x.invalid/a b", "https://x\x00.invalid"])
def test_an_address_of_a_package_that_leads_nowhere_is_a_loss(url: str) -> None:
    package, losses = _package(url=url)

    assert package.url is None
    assert [loss.field for loss in losses] == ["url"]


def test_texts_lose_what_no_system_holds_and_say_so() -> None:
    package, losses = _package(name="Ti\ndes ", description="a\ud800b")

    assert (package.name, package.description) == ("Ti des", "ab")
    assert [(loss.field, loss.reason) for loss in losses] == [("name", TAKEN_OUT), ("description", TAKEN_OUT)]


@pytest.mark.parametrize("name", ["", "\x00 \n", "\ud800"])
def test_without_a_name_nothing_is_created(name: str) -> None:
    with pytest.raises(DataError, match="package 1-2 has no name"):
        _package(name=name)
    with pytest.raises(DataError, match="title 17 has no name"):
        _title(name=name)


@pytest.mark.parametrize(
    ("proxy", "fitted", "lost"),
    [
        (None, None, False),
        (Proxy(False, "<n>"), Proxy(False), False),
        (Proxy(True, "EZProxy"), Proxy(True, "EZP"), False),
        (Proxy(True, "vpn"), None, True),
    ],
)
def test_a_proxy_goes_through_the_map_or_is_a_loss(proxy: Proxy | None, fitted: Proxy | None, *, lost: bool) -> None:
    """Rows Package/proxy, Holding/proxy: unmapped → loss, never guessed."""
    for record, losses in (_package(proxy=proxy), _holding(proxy=proxy)):
        assert record.proxy == fitted
        assert [loss.field for loss in losses] == ["proxy"] * lost


@pytest.mark.parametrize(
    ("code", "fitted", "lost"), [(None, None, False), ("", "", False), (UUID, "current", False), ("?", None, True)]
)
def test_an_access_type_goes_through_the_map_or_is_a_loss(code: str | None, fitted: str | None, *, lost: bool) -> None:
    """Rows Package/access_type, Holding/access_type. A portfolio may have none; a collection keeps the one it has."""
    for record, losses in (_package(access_type=code), _holding(access_type=code)):
        assert record.access_type == (fitted if isinstance(record, Holding) else fitted or None)
        assert [loss.field for loss in losses] == ["access_type"] * lost


@pytest.mark.parametrize(
    ("kind", "fitted"),
    [
        ("Journal", "Journal"),
        ("Newspaper", "Newspaper"),
        ("Newsletter", "Journal"),
        ("Report", "Book"),
        ("Unspecified", "Book"),
        ("Website", "Database"),
        ("Streaming Video", "Streaming Video"),
    ],
)
def test_the_publication_type_is_what_leader_and_material_type_say(kind: str, fitted: str) -> None:
    """Row Title/publication_type."""
    title, losses = _title(publication_type=kind)

    assert title.publication_type == fitted
    assert losses == (() if kind == fitted else (Loss("publication_type", kind, f"the bib will say {fitted}"),))


def test_identifiers_are_online_unless_they_say_else_and_wrong_ones_are_a_loss() -> None:
    """Row Title/identifiers: bad ones kept but never used to match."""
    issn = Identifier(IdentifierKind.ISSN, "0317-8471", Medium.UNKNOWN)
    wrong = Identifier(IdentifierKind.ISSN, "0317-8472", valid=False)
    other = Identifier(IdentifierKind.ISBN, "123", valid=False)

    title, losses = _title(identifiers=(issn, wrong, other))

    assert title.identifiers == (replace(issn, medium=Medium.ONLINE),)
    assert [(loss.field, loss.value) for loss in losses] == [("identifiers", "0317-8472"), ("identifiers", "123")]
    assert ["022 $y" in losses[0].reason, "020 $z" in losses[1].reason] == [True, True]


def test_an_identifier_without_a_digit_parks_the_title() -> None:
    none = Identifier(IdentifierKind.ISSN, "n/a", valid=False)

    with pytest.raises(DataError, match="title 17: 'n/a' is no ISSN") as caught:
        _title(identifiers=(none,))
    assert "FOLIO" in caught.value.advice


def test_texts_of_a_title_come_back_without_isbds_endings_and_say_so() -> None:
    """Row Title/name: 245 (ISBD cleaned)."""
    title, losses = _title(name="Dunes /", publisher="Sand Press,", edition="2nd", description="On\nsand :")

    assert (title.name, title.publisher, title.edition, title.description) == ("Dunes", "Sand Press", "2nd", "On sand")
    assert [loss.field for loss in losses] == ["name", "publisher", "description"]


def test_people_in_other_roles_become_authors_and_nameless_ones_are_left_out() -> None:
    """Row Title/contributors: author/editor/illustrator."""
    title, losses = _title(
        contributors=(Contributor("editor", "A."), Contributor("translator", "B."), Contributor("author", "/ "))
    )

    assert title.contributors == (Contributor("editor", "A."), Contributor("author", "B."))
    assert [(loss.field, loss.value) for loss in losses] == [("contributors", "B. (translator)"), ("contributors", "/")]


def test_notes_come_from_the_fields_the_map_names_and_the_others_are_losses() -> None:
    """Row Holding/user-defined fields: F only, or by map."""
    holding, losses = _holding(user_defined=("Ask us", "two", "", None, "five"), tags=("urgent",))

    assert (holding.public_note, holding.authentication_note, holding.internal_description) == ("Ask us", None, None)
    assert holding.user_defined == (None,) * 5
    assert [(loss.field, loss.value) for loss in losses] == [
        ("userDefinedField2", "two"),
        ("userDefinedField5", "five"),
        ("tags", "urgent"),
    ]


@pytest.mark.parametrize(
    ("unit", "value", "fitted"),
    [
        (EmbargoUnit.YEARS, 2, (EmbargoUnit.YEARS, 2)),
        (EmbargoUnit.MONTHS, 18, (EmbargoUnit.MONTHS, 18)),
        (EmbargoUnit.MONTHS, 24, (EmbargoUnit.YEARS, 2)),
        (EmbargoUnit.DAYS, 30, (EmbargoUnit.MONTHS, 1)),
        (EmbargoUnit.DAYS, 31, (EmbargoUnit.MONTHS, 2)),
        (EmbargoUnit.DAYS, 360, (EmbargoUnit.YEARS, 1)),
        (EmbargoUnit.WEEKS, 5, (EmbargoUnit.MONTHS, 2)),
    ],
)
def test_a_delay_is_told_in_years_and_months_and_is_never_shorter(
    unit: EmbargoUnit, value: int, fitted: tuple[EmbargoUnit, int]
) -> None:
    """Row Holding/embargo: Days/Weeks → months rounded up, loss."""
    holding, losses = _holding(embargo=Embargo(EmbargoKind.DELAY, unit, value))

    assert holding.embargo == Embargo(EmbargoKind.DELAY, *fitted)
    assert bool(losses) is (fitted != (unit, value))
    assert {loss.field for loss in losses} <= {"embargo"}


@pytest.mark.parametrize("kind", list(EmbargoKind))
def test_an_embargo_that_no_operator_means_is_a_loss(kind: EmbargoKind) -> None:
    wall = Embargo(kind, EmbargoUnit.YEARS, 1)

    assert (_holding(embargo=wall)[0].embargo, _holding(embargo=wall)[1]) == (wall, ())
    holding, losses = _holding(WriteCodes(delay="", rolling=""), embargo=wall)
    assert holding.embargo is None
    assert [(loss.field, loss.value) for loss in losses] == [("embargo", str(wall))]


@pytest.mark.parametrize(
    "url", ["https://x.invalid/" + "a" * 2000, "dunes.invalid", "https://a b", "https://a\x00", "https://a\ud800"]
)
def test_an_address_that_leads_nowhere_parks_the_holding(url: str) -> None:
    with pytest.raises(DataError, match="the address of 1-2-17 is") as caught:
        _holding(url=url)
    assert "Correct the address" in caught.value.advice


def test_coverage_that_begins_in_the_year_9999_parks_the_holding() -> None:
    """Row Holding/coverage: 9999 read as open, so Alma would cover everything."""
    with pytest.raises(DataError, match="the coverage of 1-2-17 begins in the year 9999"):
        _holding(coverage=(CoverageRange(begin=PartialDate(9999, 1, 1)),))


@pytest.mark.parametrize(("url", "fitted"), [(None, None), ("", ""), (" https://a.invalid\n", "https://a.invalid")])
def test_an_address_that_is_not_told_stays_untold(url: str | None, fitted: str | None) -> None:
    assert _holding(url=url)[0].url == fitted
