"""Canonical → FOLIO → canonical: what Alma tells arrives as it was fitted, and what does not fit has been said."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sync.folio import wire
from sync.folio.address import java_address
from sync.folio.bodies import package_post, package_put, resource_post, resource_put, title_post, title_put
from sync.folio.fit import fit_holding, fit_package, fit_title
from sync.folio.mapping import holding_from_wire, package_from_wire, title_from_resource, title_from_wire
from sync.model import (
    Contributor,
    CoverageRange,
    Embargo,
    EmbargoKind,
    EmbargoUnit,
    Holding,
    Package,
    PartialDate,
    Title,
    clean,
)
from sync.plan.compare import HOLDING_FIELDS, NOTE_FIELDS, PACKAGE_FIELDS, TITLE_FIELDS, differences
from tests.support.canonical import (
    ACCESS_TYPES,
    ALMA_PACKAGES,
    ALMA_TITLES,
    ANY_TEXT,
    NOTES,
    PACKAGE_ID,
    PROXIES,
    READABLE_PORTFOLIOS,
    RESOURCE_ID,
    TITLE_ID,
    WORDS,
    folio_maps,
    read_portfolio,
)
from tests.support.stored import (
    FRESH,
    folio_stores_package,
    folio_stores_resource,
    folio_stores_title,
    only_helpful_errors,
    sendable,
    unsaid,
)

WORDS_OF_FOLIO = {**PROXIES, **ACCESS_TYPES}
NEWER = {"visibility": [], "url": "", "customDescription": ""}
"""What a package of interface 5.0 tells (facts: folio §1.4)."""
some = settings(max_examples=100, deadline=None)
ANYTHING = ANY_TEXT | WORDS | st.sampled_from(["https://a.invalid/" + "x" * 3000, "https://a\ud800.invalid", "\x00"])


@given(ALMA_PACKAGES, st.booleans())
@some
def test_a_package_is_read_back_as_it_was_fitted(package: Package, newer: bool) -> None:
    """Each row of Package, A→F, in interface 4.0 and 5.0."""
    fit = fit_package(package, folio_maps({}, package_texts=newer))
    fitted = fit.record

    created = folio_stores_package(package_post(fitted).body(), **(NEWER if newer else {}))
    back = package_from_wire(folio_stores_package(package_put(fitted, created).body(), created))

    assert differences(fitted, back, PACKAGE_FIELDS) == ()
    assert unsaid(package, fit, (*PACKAGE_FIELDS, *NOTE_FIELDS), WORDS_OF_FOLIO) == []


@given(ALMA_TITLES)
@some
def test_a_title_is_read_back_as_it_was_fitted(title: Title) -> None:
    """Each row of Title, A→F, created and then written again."""
    with only_helpful_errors(TITLE_ID):
        fit = fit_title(title)
        fitted = fit.record

        created = folio_stores_title(title_post(fitted, PACKAGE_ID).body())

        assert differences(fitted, title_from_wire(created), TITLE_FIELDS) == ()
        written = folio_stores_title(title_put(fitted, created).body())
        assert differences(fitted, title_from_wire(written), TITLE_FIELDS) == ()
        assert unsaid(title, fit, TITLE_FIELDS, {}) == []


@given(READABLE_PORTFOLIOS, st.sampled_from(NOTES))
@some
def test_a_holding_is_read_back_as_it_was_fitted(raw: dict[str, Any], notes: dict[str, int]) -> None:
    """Each row of Holding, A→F; over a resource that held something else, too."""
    holding = read_portfolio(raw)
    with only_helpful_errors(holding.key):
        fit = fit_holding(holding, folio_maps(notes))
        fitted = fit.record

        created = folio_stores_resource(FRESH)
        back = holding_from_wire(folio_stores_resource(resource_put(fitted, created).body()))

        assert differences(fitted, back, HOLDING_FIELDS) == ()
        fields = ("available", "url", "coverage", "embargo", "proxy", "access_type")
        assert unsaid(holding, fit, fields, WORDS_OF_FOLIO) == []
        assert not _unsaid_words(holding, fitted, {loss.field for loss in fit.losses}, notes)


def _unsaid_words(holding: Holding, fitted: Holding, lost: set[str], notes: dict[str, int]) -> list[str]:
    """Notes are found in the field the map names, a statement as a part of what readers are told."""
    found = {note: fitted.user_defined[number - 1] or "" for note, number in notes.items()}
    found["coverage_statement"] = fitted.coverage_statement or ""
    return [
        name
        for name in (*NOTE_FIELDS, "coverage_statement")
        if name not in lost and clean(getattr(holding, name) or "") not in found.get(name, "")
    ]


# Bad input


@given(
    st.builds(replace, ALMA_PACKAGES, name=ANYTHING, url=ANYTHING, description=ANYTHING),
    st.builds(replace, ALMA_TITLES, name=ANYTHING, publisher=ANYTHING),
    READABLE_PORTFOLIOS,
    ANYTHING,
)
@some
def test_any_text_of_alma_ends_in_a_body_or_in_an_error_that_helps(
    package: Package, title: Title, raw: dict[str, Any], text: str
) -> None:
    with only_helpful_errors(package.key):
        sendable(package_post(fit_package(package, folio_maps({}, package_texts=True)).record).body())
    with only_helpful_errors(title.key):
        sendable(title_post(fit_title(title).record, PACKAGE_ID).body())
    holding = replace(read_portfolio(raw), url=text, public_note=text, coverage_statement=text)
    with only_helpful_errors(holding.key):
        fitted = fit_holding(holding, folio_maps({"public_note": 1})).record
        sendable(resource_post(fitted, PACKAGE_ID, TITLE_ID).body())
        sendable(resource_put(fitted, None).body())
        assert fitted.url == (java_address(text) if text.strip() else "")


@given(
    st.dictionaries(
        st.sampled_from(["name", "url", "publicationType", "coverageStatement", "userDefinedField1", "publisherName"]),
        ANYTHING,
    ),
    ANYTHING,
    st.sampled_from([RESOURCE_ID, "17", ""]),
)
@some
def test_any_text_of_a_resource_ends_in_records_or_in_an_error_that_helps(
    attributes: dict[str, Any], text: str, key: str
) -> None:
    people = [{"type": text, "contributor": text}, {"type": None, "contributor": None}]
    numbers = [{"id": text, "type": "ISSN", "subtype": text}, {"id": text, "type": "ISBN", "subtype": None}]
    whole = {
        **attributes,
        "titleId": 17,
        "contributors": people,
        "identifiers": numbers,
        "customCoverages": [{"beginCoverage": text, "endCoverage": "2001-01-01"}],
        "customEmbargoPeriod": {"embargoValue": 0},
    }
    for coverage in ([], whole["customCoverages"]):
        found = wire.Resource.model_validate({"id": key, "attributes": {**whole, "customCoverages": coverage}})
        with only_helpful_errors(key):
            assert holding_from_wire(found).key == key
        with only_helpful_errors("17"):
            assert title_from_resource(found).name


@given(ANYTHING, ANYTHING)
@some
def test_any_text_of_a_package_ends_in_a_record_or_in_an_error_that_helps(text: str, other: str) -> None:
    coverage = {"beginCoverage": text, "endCoverage": other}
    found = wire.Package.model_validate({"id": PACKAGE_ID, "attributes": {"name": text, "customCoverage": coverage}})
    with only_helpful_errors(PACKAGE_ID):
        assert package_from_wire(found).name == text


# What properties found


def test_a_statement_that_finds_no_room_is_its_own_loss_and_a_rolling_wall_the_embargos() -> None:
    """Row Holding/coverage_statement ≤200."""
    wall = Embargo(EmbargoKind.ROLLING, EmbargoUnit.YEARS, 2)
    long = Holding(key="53", package_key="61", title_key="99", embargo=wall, coverage_statement="x" * 201)
    full = replace(long, coverage_statement="x" * 176)

    fit, tight = fit_holding(long, folio_maps({})), fit_holding(full, folio_maps({}))

    assert fit.record.coverage_statement == tight.record.coverage_statement == "Most recent 2 years only"
    assert [loss.field for loss in fit.losses] == ["embargo", "coverage_statement"]


def test_a_statement_that_tells_the_volumes_already_is_not_told_them_twice() -> None:
    """FOLIO's statement in Alma's note returns: row Holding/coverage_statement."""
    volumes = CoverageRange(begin=PartialDate(2001), begin_volume="1")
    told = Holding(
        key="53", package_key="61", title_key="99", coverage=(volumes,), coverage_statement="Print: 2001 (v.1) –"
    )

    assert fit_holding(told, folio_maps({})).record.coverage_statement == "Print: 2001 (v.1) –"


def test_people_without_a_name_are_not_sent() -> None:
    title = Title(key="99", name="Tides", contributors=(Contributor("author", "\x00"), Contributor("editor", "Lee")))

    assert fit_title(title).record.contributors == (Contributor("editor", "Lee"),)
    assert [loss.field for loss in fit_title(title).losses] == ["contributors"]
