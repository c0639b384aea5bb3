"""Both sides of one record compared directly: which differences are listed, and which a rule explains."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.alma import fit as to_alma
from sync.errors import DataError
from sync.folio import fit as to_folio
from sync.folio.bodies import resource_put
from sync.folio.mapping import holding_from_wire
from sync.model import (
    INHERITED,
    CoverageRange,
    Embargo,
    EmbargoKind,
    EmbargoUnit,
    Holding,
    Identifier,
    IdentifierKind,
    Kind,
    Loss,
    Package,
    PartialDate,
    Proxy,
    Record,
    Title,
)
from sync.plan import audit
from sync.plan.audit import Audited, Explanation, FieldDifference, Forms, Tally, audit_pair, united
from sync.plan.changes import Fit
from tests.support.canonical import (
    EVERY_CODE,
    FOLIO_HOLDINGS,
    NOTES,
    READABLE_PORTFOLIOS,
    alma_maps,
    folio_maps,
    read_portfolio,
)
from tests.support.stored import FRESH, folio_stores_resource

ALMA = Holding(
    key="53", package_key="61", title_key="99", url="https://a.invalid/", proxy=Proxy(False), access_type="",
    coverage=(CoverageRange(begin=PartialDate(1998)),),
)  # fmt: skip
FOLIO = Holding(
    key="1-2-3", package_key="1-2", title_key="3", url="https://a.invalid/", coverage_statement="",
    coverage=(CoverageRange(begin=PartialDate(1998, 1, 1)),), user_defined=("", "", "", "", ""),
)  # fmt: skip
COLLECTION = Package(key="61", name="Tides", managed=False, content_type="E-Journal", service_keys=("62",))
PACKAGE = Package(key="1-2", name="Tides", managed=False, content_type="E-Journal", url=None, description=None)
BIB = Title(key="99", name="Dunes", publication_type="Journal", publisher="Press")
TITLE = Title(
    key="3", name="Dunes", publication_type="Journal", publisher="Press", edition=None, description=None,
    contributors=None,
)  # fmt: skip
YEAR, MONTHS = (Embargo(EmbargoKind.DELAY, *unit) for unit in ((EmbargoUnit.YEARS, 1), (EmbargoUnit.MONTHS, 12)))
WALL = Embargo(EmbargoKind.ROLLING, EmbargoUnit.YEARS, 10)
DYNAMIC = Loss("url", "IF () x", "made at each click")


def forms(notes: dict[str, int], *, texts: bool = False) -> Forms:
    maps, back = folio_maps(notes, package_texts=texts), alma_maps(notes)

    def in_folio(record: Record) -> Fit:
        if isinstance(record, Package):
            return to_folio.fit_package(record, maps)
        if isinstance(record, Title):
            return to_folio.fit_title(record)
        assert isinstance(record, Holding)
        fit = to_folio.fit_holding(record, maps)
        return Fit(record=to_alma.source_words(fit.record, back), losses=fit.losses)

    def in_alma(record: Record) -> Fit:
        if isinstance(record, Package):
            return to_alma.fit_package(record, back, EVERY_CODE, {"Journal"})
        if isinstance(record, Title):
            return to_alma.fit_title(record, EVERY_CODE)
        assert isinstance(record, Holding)
        return to_alma.fit_holding(record, back, EVERY_CODE)

    return Forms(in_folio, in_alma)


def compared(
    *alma: Record, folio: Record, notes: dict[str, int] | None = None, texts: bool = False, **more: Any
) -> Audited:
    notes = {"public_note": 1} if notes is None else notes
    told = to_alma.source_words(folio, alma_maps(notes)) if isinstance(folio, Holding) else folio
    return audit_pair(united(alma), told, forms(notes, texts=texts), **more)


def fields(found: Audited) -> list[str]:
    return [one.field for one in found.differences]


def reasons(found: Audited) -> dict[str, str]:
    return {one.field: one.reason for one in found.explained}


# --- differences


@pytest.mark.parametrize(
    ("alma", "folio", "difference"),
    [
        ({"available": False}, {}, ("available", False, True)),
        ({}, {"url": "https://b.invalid/"}, ("url", "https://a.invalid/", "https://b.invalid/")),
        ({"url": ""}, {}, ("url", "", "https://a.invalid/")),
        ({"coverage": ()}, {}, ("coverage", (), ("1998-01-01 –",))),
        ({"embargo": YEAR}, {}, ("embargo", "not the most recent 1 year", None)),
        ({"embargo": WALL}, {"embargo": MONTHS}, ("embargo", str(WALL), str(MONTHS))),
        ({}, {"coverage_statement": "Some years"}, ("coverage_statement", "", "Some years")),
        ({"public_note": "Ask us"}, {}, ("public_note", "Ask us", "")),
        ({}, {"user_defined": ("Ask us", "", "", "", "")}, ("public_note", "", "Ask us")),
        ({"proxy": Proxy(True, "EZP")}, {"proxy": INHERITED}, ("proxy", "EZP", "none")),
        ({"proxy": Proxy(True, "EZP")}, {"proxy": Proxy(True, "vpn")}, ("proxy", "EZP", "vpn")),
        ({"proxy": Proxy(True, "OLD")}, {"proxy": Proxy(True, "vpn")}, ("proxy", "OLD", "vpn")),
        ({"proxy": Proxy(True, "EZP")}, {"proxy": Proxy(True, "?")}, ("proxy", "EZP", "?")),
        ({"access_type": "current"}, {"access_type": ""}, ("access_type", "current", "")),
    ],
)
def test_a_value_that_could_be_on_the_other_side_and_is_not_there_is_a_difference(
    alma: dict[str, Any], folio: dict[str, Any], difference: tuple[Any, ...]
) -> None:
    full = {"proxy": Proxy(False, "<n>"), "access_type": ""}
    found = compared(replace(ALMA, **alma), folio=replace(FOLIO, **full | folio), in_full=True)
    assert found.differences == (FieldDifference(*difference),)


@pytest.mark.parametrize(
    ("alma", "folio", "expected"),
    [
        (replace(COLLECTION, name="Dunes"), PACKAGE, "name"),
        (COLLECTION, replace(PACKAGE, hidden=True), "hidden"),
        (replace(COLLECTION, hidden=True, service_keys=()), PACKAGE, "hidden"),
        (replace(COLLECTION, content_type="Mixed Content"), PACKAGE, "content_type"),
        (replace(BIB, name="Dunes and tides"), TITLE, "name"),
        (BIB, replace(TITLE, publisher="Another"), "publisher"),
        (BIB, replace(TITLE, publication_type="Book"), "publication_type"),
        (replace(BIB, identifiers=(Identifier(IdentifierKind.ISSN, "0317-8471"),)), TITLE, "identifiers"),
    ],
)
def test_packages_and_custom_titles_are_compared_too(alma: Record, folio: Record, expected: str) -> None:
    assert fields(compared(alma, folio=folio)) == [expected]


def test_an_open_conflict_explains_nothing_and_is_named() -> None:
    unmapped = replace(FOLIO, proxy=Proxy(True, "?"))
    plain, marked = (
        compared(ALMA, folio=unmapped, in_full=True, conflicts=one) for one in ({}, {"proxy": 7, "url": 8})
    )
    assert fields(plain) == []
    assert marked.differences == (FieldDifference("proxy", "none", "?", 7),)


# --- explanations


@pytest.mark.parametrize(
    ("alma", "folio", "field", "reason"),
    [
        ({"embargo": YEAR}, {"embargo": MONTHS}, "embargo", "Alma counts whole years as such"),
        ({"embargo": WALL}, {}, "embargo", "no rolling wall"),
        (
            {"coverage": (CoverageRange(end=PartialDate(2001)), CoverageRange(begin=PartialDate(2005)))},
            {"coverage": (CoverageRange(begin=PartialDate(2005, 1, 1)),)},
            "coverage",
            "the day on which",
        ),
        ({"url": None, "losses": (DYNAMIC,)}, {"url": "https://b.invalid/"}, "url", "made at each click"),
        ({"url": None, "losses": (DYNAMIC,)}, {"url": ""}, "url", "made at each click"),
        ({"proxy": Proxy(True, "OLD")}, {"proxy": Proxy(False, "<n>")}, "proxy", "maps.proxies"),
        ({"proxy": Proxy(True, "EZP")}, {"proxy": Proxy(True, "EZProxy")}, "proxy", audit.IN_ANOTHER_FORM),
        ({"proxy": Proxy(True, "OLD")}, {"proxy": Proxy(True, "?")}, "proxy", "maps.proxies"),
        ({"access_type": "perpetual"}, {"access_type": ""}, "access_type", "maps.access_types"),
        ({"internal_description": "x"}, {}, "internal_description", "maps.notes"),
        ({}, {"tags": ("urgent",)}, "tags", "Alma has no tags"),
        ({}, {"managed": True, "url": "https://b.invalid/"}, "url", audit.VENDORS_ADDRESS),
        ({"managed": True, "coverage": ()}, {"vendor_coverage": True}, "coverage", audit.TWO_VENDORS),
        ({"managed": True}, {"vendor_embargo": True, "embargo": YEAR}, "embargo", audit.TWO_VENDORS),
    ],
)
def test_what_a_rule_explains_is_counted_with_its_reason(
    alma: dict[str, Any], folio: dict[str, Any], field: str, reason: str
) -> None:
    found = compared(replace(ALMA, **alma), folio=replace(FOLIO, **folio), in_full=True)
    assert fields(found) == []
    assert reason in reasons(found)[field]


@pytest.mark.parametrize(
    ("alma", "folio", "field", "reason", "more"),
    [
        (replace(COLLECTION, name="TIDES"), PACKAGE, "name", audit.SPELLED_OTHERWISE, {}),
        (COLLECTION, replace(PACKAGE, name="Tides (61)"), "name", audit.GIVEN_NAME, {"names": ("Tides", "Tides (61)")}),
        (COLLECTION, replace(PACKAGE, managed=True, name="Dunes"), "name", audit.MANAGED_PACKAGE, {}),
        (
            replace(COLLECTION, content_type="Unknown"), replace(PACKAGE, content_type="E-Book"), "content_type",
            audit.NEVER_TO_ALMA, {},
        ),
        (COLLECTION, replace(PACKAGE, content_type="E-Book"), "content_type", "Alma derives it", {}),
        (replace(COLLECTION, service_keys=()), replace(PACKAGE, hidden=True), "hidden", audit.NO_SERVICES, {}),
        (replace(COLLECTION, description="Of tides"), PACKAGE, "description", "no such field", {"in_full": True}),
        (replace(COLLECTION, public_note="x"), PACKAGE, "public_note", "no such field", {}),
        (COLLECTION, replace(PACKAGE, coverage=FOLIO.coverage), "coverage", "no coverage of its own", {}),
        (replace(ALMA, available=True), replace(FOLIO, available=False), "available", audit.HIDDEN_PACKAGE,
         {"shelved": True}),
        (BIB, replace(TITLE, managed=True, name="Sand", publisher="Another"), "name", audit.MANAGED_TITLE, {}),
        (replace(BIB, publisher=""), TITLE, "publisher", audit.NEVER_TO_ALMA, {}),
        (replace(BIB, name="x" * 450), replace(TITLE, name="x" * 399 + "…"), "name", "cut to 400 characters", {}),
    ],
)  # fmt: skip
def test_rules_of_packages_and_titles_explain_too(
    alma: Record, folio: Record, field: str, reason: str, more: dict[str, Any]
) -> None:
    found = compared(alma, folio=folio, **more)
    assert fields(found) == []
    assert reason in reasons(found)[field]


def test_a_name_that_was_given_once_is_no_excuse_after_the_record_was_renamed() -> None:
    found = compared(replace(COLLECTION, name="Dunes"), folio=PACKAGE, names=iter(("Dunes", "Dunes (61)")))
    assert fields(found) == ["name"]


def test_several_portfolios_are_compared_as_the_one_resource_they_are() -> None:
    other = replace(ALMA, key="54", url="https://c.invalid/", coverage=(CoverageRange(begin=PartialDate(1950)),))
    found = compared(ALMA, other, folio=FOLIO)
    assert fields(found) == ["coverage"]
    assert "another portfolio has it" in reasons(found)["portfolio"]
    assert fields(compared(ALMA, other, folio=replace(FOLIO, coverage=other.coverage))) == []


# --- what is not compared


def test_what_no_list_tells_is_not_compared_unless_read_in_full() -> None:
    alma = replace(ALMA, proxy=Proxy(True, "EZP"), access_type="current")
    found = compared(alma, folio=FOLIO)
    assert (fields(found), found.not_compared) == ([], ("proxy", "access_type"))
    assert compared(BIB, folio=TITLE).not_compared == ("edition", "description", "contributors")
    assert compared(COLLECTION, folio=PACKAGE).not_compared == ("proxy", "access_type", "url", "description")
    texts = replace(PACKAGE, url="https://old.invalid/", description="")
    found = compared(replace(COLLECTION, url="https://new.invalid/"), folio=texts, texts=True, in_full=True)
    assert (fields(found), found.not_compared) == (["url"], ())


def test_a_record_that_cannot_be_in_folio_as_it_is_now_is_compared_as_it_stands() -> None:
    long = replace(ALMA, url=f"https://a.invalid/{'x' * 700}")
    found = compared(long, folio=FOLIO)
    assert fields(found) == ["url"]
    assert isinstance(found.refused, DataError)
    assert fields(compared(ALMA, folio=replace(FOLIO, url="ftp://a.invalid/"))) == ["url"]


def test_the_tally_counts_records_and_reasons() -> None:
    tally = Tally()
    managed = replace(TITLE, managed=True, name="Sand")
    for kind, alma, folio in ((Kind.TITLE, BIB, managed), (Kind.TITLE, BIB, TITLE), (Kind.HOLDING, ALMA, FOLIO)):
        tally.add(kind, folio, compared(alma, folio=folio))
    assert tally.compared == {Kind.TITLE: 1, Kind.HOLDING: 1}
    assert tally.explained == {Explanation("name", audit.MANAGED_TITLE): 1}
    assert tally.not_compared[Kind.TITLE, "edition"] == tally.not_compared[Kind.HOLDING, "proxy"] == 1


# --- whatever was moved agrees

some = settings(max_examples=150, deadline=None)


@some
@given(READABLE_PORTFOLIOS.map(read_portfolio), st.sampled_from(NOTES))
def test_a_portfolio_agrees_with_the_resource_that_was_made_of_it(portfolio: Holding, notes: dict[str, int]) -> None:
    try:
        meant = to_folio.fit_holding(portfolio, folio_maps(notes)).record
    except DataError:
        return  # an address that FOLIO does not take
    stored = holding_from_wire(folio_stores_resource(resource_put(meant, folio_stores_resource(FRESH)).body()))
    assert compared(portfolio, folio=stored, notes=notes, in_full=True).differences == ()


@some
@given(FOLIO_HOLDINGS, st.sampled_from(NOTES))
def test_a_resource_agrees_with_the_portfolio_that_was_made_of_it(resource: Holding, notes: dict[str, int]) -> None:
    words = to_alma.source_words(resource, alma_maps(notes))
    portfolio = replace(to_alma.fit_holding(words, alma_maps(notes), EVERY_CODE).record, key="53")
    assert compared(portfolio, folio=resource, notes=notes, in_full=True).differences == ()
