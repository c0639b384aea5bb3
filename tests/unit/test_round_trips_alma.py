"""Canonical → Alma → canonical: what FOLIO tells arrives as it was fitted, and what does not fit has been said."""

from dataclasses import replace
from datetime import date
from typing import Any
from xml.etree import ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st

from sync.alma import wire
from sync.alma.bodies import (
    Parents,
    changed_collection,
    changed_portfolio,
    changed_service,
    new_collection,
    new_portfolio,
    new_service,
)
from sync.alma.codes import WriteCodes
from sync.alma.fit import fit_holding, fit_package, fit_title, source_words
from sync.alma.mapping import package_from_collection, service_from_wire
from sync.alma.marc import read_marc, title_from_marc
from sync.alma.marc_write import bib_xml, comes_back_as, material_type
from sync.model import PUBLICATION_TYPES, Holding, Package, Service, System, Title, clean
from sync.plan.compare import ALMA_HOLDING_FIELDS, TITLE_FIELDS, differences, fields_of
from tests.support.canonical import (
    ADDRESSES,
    ALMA_PORTFOLIOS,
    ANY_IDENTIFIERS,
    ANY_TEXT,
    EVERY_CODE,
    FOLIO_HOLDINGS,
    FOLIO_PACKAGES,
    FOLIO_TITLES,
    NOTES,
    PACKAGE_ID,
    READABLE_PORTFOLIOS,
    RESOURCE_ID,
    TEXTS,
    TITLE_ID,
    WORDS,
    WRITE_CODES,
    alma_maps,
    code,
    read_portfolio,
)
from tests.support.stored import alma_stores, only_helpful_errors, sendable, title_of_bib, unsaid

TODAY = date(2026, 11, 25)
PARENTS = Parents(mms_id="99", collection_id="61", service_id="62")
MAPS = alma_maps({"public_note": 1, "authentication_note": 5})
WORDS_OF_ALMA = {**MAPS.proxies, **MAPS.access_types}
some = settings(max_examples=100, deadline=None)

ALMA_COLLECTIONS = st.fixed_dictionaries(
    {
        "id": st.just("61"),
        "is_local": st.booleans(),
        "public_name": WORDS,
        "public_name_override": WORDS,
        "url": ADDRESSES,
        "url_override": ADDRESSES,
        "description": WORDS,
        "description_override": WORDS,
        "access_type": st.just(code("perpetual")),
        "proxy_enabled": st.just(code("")),
        "library": st.just({"value": "MAIN", "link": None}),
        "an_unknown_key": st.just([None, {"kept": "whole"}]),
    }
)


def _package(raw: dict[str, Any], services: list[wire.Service], kinds: list[str]) -> Package:
    return package_from_collection(wire.Collection.model_validate(raw), services, kinds)


@given(FOLIO_PACKAGES, st.lists(st.sampled_from(PUBLICATION_TYPES), max_size=2), WRITE_CODES)
@some
def test_a_new_collection_is_read_back_as_it_was_fitted(package: Package, kinds: list[str], codes: WriteCodes) -> None:
    """Rows Package/name, url, description, proxy, access_type, content_type, hidden, coverage, tags."""
    fit = fit_package(package, MAPS, EVERY_CODE, kinds)
    fitted = fit.record
    service = Service(key="", package_key="61", available=not fitted.hidden, name=fitted.name)

    stored_service = wire.Service.model_validate(alma_stores(new_service(service), "62"))
    bibs_say = [comes_back_as(kind, EVERY_CODE) for kind in kinds]
    back = _package(alma_stores(new_collection(fitted, codes), "61"), [stored_service], bibs_say)

    assert differences(fitted, back, fields_of(fitted, System.ALMA)) == ()
    assert (back.hidden, back.content_type) == (fitted.hidden, fitted.content_type)
    assert service_from_wire(stored_service, "61").name == fitted.name
    fields = (*fields_of(package, System.ALMA), "content_type", "hidden", "coverage", "tags")
    assert unsaid(package, fit, fields, WORDS_OF_ALMA) == []


@given(FOLIO_PACKAGES, ALMA_COLLECTIONS)
@some
def test_a_changed_collection_holds_what_was_meant_and_keeps_the_rest(package: Package, raw: dict[str, Any]) -> None:
    """Of a Community-Zone collection overrides only are written; an empty one lets the zone's own value through."""
    fitted = fit_package(package, MAPS, EVERY_CODE, ()).record
    current = _package(raw, [], [])
    if raw["is_local"] is False:
        fitted = replace(fitted, url=fitted.url or None, description=fitted.description or None)
    changed = frozenset(one.field for one in differences(fitted, current, fields_of(fitted, System.ALMA)))

    body = changed_collection(raw, fitted, changed)
    back = _package(alma_stores(body), [], [])

    assert differences(fitted, back, fields_of(fitted, System.ALMA)) == ()
    others = [one for one in fields_of(current, System.ALMA) if one not in changed]
    assert [getattr(back, one) for one in others] == [getattr(current, one) for one in others]
    assert (body["library"], body["an_unknown_key"]) == (raw["library"], raw["an_unknown_key"])
    if raw["is_local"] is False:
        assert all(body[key] == raw[key] for key in ("public_name", "url", "description"))


@given(st.booleans(), st.sampled_from(["11", "10", ""]))
@settings(max_examples=10, deadline=None)
def test_a_changed_service_is_as_available_as_was_meant(available: bool, status: str) -> None:
    """Row Package/hidden."""
    raw = {"id": "62", "type": code("getFullTxt"), "activation_status": code(status), "public_description": "Ours"}
    meant = Service(key="62", package_key="61", available=available, type_code="getSelectedFT", name="Other")

    back = service_from_wire(
        wire.Service.model_validate(alma_stores(changed_service(raw, meant, frozenset({"available"})))), "61"
    )

    assert (back.available, back.type_code, back.name) == (available, "getFullTxt", "Ours")


@given(FOLIO_TITLES, ANY_IDENTIFIERS, WRITE_CODES)
@some
def test_a_new_bib_is_read_back_as_it_was_fitted(title: Title, wrong: Any, codes: WriteCodes) -> None:
    """Each row of Title, F→A at creation."""
    with only_helpful_errors(TITLE_ID):
        fit = fit_title(title, codes)
        fitted = fit.record

        assert differences(fitted, title_of_bib(bib_xml(fitted, today=TODAY), fitted, codes), TITLE_FIELDS) == ()
        assert unsaid(title, fit, TITLE_FIELDS, {}) == []
        whole = replace(fitted, identifiers=(*fitted.identifiers, *wrong))
        assert differences(fitted, title_of_bib(bib_xml(whole, today=TODAY), fitted, codes), TITLE_FIELDS) == ()


@given(FOLIO_HOLDINGS, st.sampled_from(NOTES), WRITE_CODES)
@some
def test_a_new_portfolio_is_read_back_as_it_was_fitted(
    holding: Holding, notes: dict[str, int], codes: WriteCodes
) -> None:
    """Each row of Holding, F→A: created, then completed by a PUT."""
    told = source_words(holding, alma_maps(notes))
    fit = fit_holding(told, alma_maps(notes), codes)
    fitted = fit.record

    raw = alma_stores(new_portfolio(fitted, PARENTS, material_type("Journal", codes)), "53")
    created = read_portfolio(raw)
    missing = frozenset(one.field for one in differences(fitted, created, ALMA_HOLDING_FIELDS))
    back = read_portfolio(alma_stores(changed_portfolio(raw, fitted, created, missing, codes)))

    assert differences(fitted, back, ALMA_HOLDING_FIELDS) == ()
    assert (back.package_key, back.title_key, back.service_key) == ("61", "99", "62")
    assert unsaid(told, fit, (*ALMA_HOLDING_FIELDS, "tags"), WORDS_OF_ALMA) == []
    homeless = {at for at, text in enumerate(holding.user_defined, start=1) if text} - set(notes.values())
    assert {f"userDefinedField{at}" for at in homeless} <= {loss.field for loss in fit.losses}


@given(FOLIO_HOLDINGS, READABLE_PORTFOLIOS, st.sampled_from(NOTES), WRITE_CODES, st.data())
@some
def test_a_changed_portfolio_holds_what_was_meant_and_keeps_the_rest(
    holding: Holding, raw: dict[str, Any], notes: dict[str, int], codes: WriteCodes, data: st.DataObject
) -> None:
    """Whatever fields are written, the others stay exactly as they were, volumes and years included."""
    fitted = fit_holding(source_words(holding, alma_maps(notes)), alma_maps(notes), codes).record
    current = read_portfolio(raw)
    if raw["is_local"] is False:
        fitted = replace(fitted, url=fitted.url or None)
    differing = [one.field for one in differences(fitted, current, ALMA_HOLDING_FIELDS)]
    changed = frozenset(data.draw(st.sets(st.sampled_from(differing)) if differing else st.just(set())))

    body = changed_portfolio(raw, fitted, current, changed, codes)
    back = read_portfolio(alma_stores(body))

    assert differences(fitted, back, tuple(changed)) == ()
    others = [one for one in ALMA_HOLDING_FIELDS if one not in changed]
    assert {one: getattr(back, one) for one in others} == {one: getattr(current, one) for one in others}
    assert all(body[key] == raw[key] for key in ("license", "an_unknown_key", "is_local", "resource_metadata"))


# Bad input

ANYTHING = ANY_TEXT | WORDS | st.sampled_from(["https://a.invalid/" + "x" * 3000, "https://a\ud800.invalid", "\x00"])


@given(
    st.builds(replace, FOLIO_PACKAGES, name=ANYTHING, url=ANYTHING, description=ANYTHING),
    st.builds(
        replace, FOLIO_HOLDINGS, url=ANYTHING, coverage_statement=ANYTHING, user_defined=st.tuples(*[ANYTHING] * 5)
    ),
)
@some
def test_any_text_of_folio_ends_in_a_body_or_in_an_error_that_helps(package: Package, holding: Holding) -> None:
    with only_helpful_errors(PACKAGE_ID):
        sendable(new_collection(fit_package(package, MAPS, EVERY_CODE, ()).record, EVERY_CODE))
    with only_helpful_errors(RESOURCE_ID):
        fitted = fit_holding(source_words(holding, MAPS), MAPS, EVERY_CODE).record
        sendable(new_portfolio(fitted, PARENTS, ""))
        assert fitted.url == (holding.url or "").strip()


@given(st.builds(replace, FOLIO_TITLES, name=ANYTHING, publisher=ANYTHING), ANY_IDENTIFIERS)
@some
def test_any_text_of_folio_ends_in_xml_or_in_an_error_that_helps(title: Title, wrong: Any) -> None:
    whole = replace(title, identifiers=wrong)
    ET.fromstring(bib_xml(whole, today=TODAY))  # noqa: S314  (made by ourselves)
    with only_helpful_errors(TITLE_ID):
        ET.fromstring(bib_xml(fit_title(whole, EVERY_CODE).record, today=TODAY))  # noqa: S314


DATES = st.lists(st.tuples(st.sampled_from(["from_year", "from_month", "until_year"]), ANYTHING), max_size=3)


@given(ALMA_PORTFOLIOS, DATES, TEXTS)
@some
def test_any_text_of_a_portfolio_ends_in_a_holding_or_in_an_error_that_helps(
    raw: dict[str, Any], dates: list[tuple[str, str]], years: str
) -> None:
    details = {**raw["coverage_details"], "local_date_coverage_parameters": [{key: text} for key, text in dates]}
    details["local_embargo_information"] = {"embargo_operator": code(">"), "number_of_years": years}
    with only_helpful_errors("53"):
        assert read_portfolio({**raw, "coverage_details": details}).key == "53"


@given(ANYTHING)
@some
def test_any_text_in_a_bib_ends_in_a_title_or_in_an_error_that_helps(text: str) -> None:
    name = f'<datafield tag="245" ind1=" " ind2=" "><subfield code="a">{text}</subfield></datafield>'
    for xml in (text, f"<record>{name}</record>"):
        answer = wire.Bib.model_validate({"anies": [xml]})
        with only_helpful_errors(" bib" if xml == text else "bib"):
            assert clean(title_from_marc("99", read_marc(answer.marc_xml)).name)
