"""Alma's collections, services and portfolios in canonical form: every row of the mapping's Alma columns."""

from typing import Any

import pytest

from sync.alma import wire
from sync.alma.codes import AlmaCodes
from sync.alma.mapping import (
    address,
    holding_from_portfolio,
    package_from_collection,
    publication_type,
    service_from_wire,
    standalone_package,
)
from sync.errors import DataError
from sync.folio.fit import FolioMaps, fit_holding
from sync.model import Holding, Loss, Package, Proxy

CODES = AlmaCodes()
CLICK = "the address is made by Alma at each click; there is none to hand on"


def _code(value: str) -> dict[str, Any]:
    return {"value": value, "desc": None}


def _collection(services: tuple[wire.Service, ...] = (), types: tuple[str, ...] = (), **values: Any) -> Package:
    whole = {"id": "61", "is_local": True, "public_name": "Tides", "type": _code("0"), **values}
    return package_from_collection(wire.Collection.model_validate(whole), services, types)


def _service(status: str = "11", **values: Any) -> wire.Service:
    whole = {"id": "62", "type": _code("getFullTxt"), "activation_status": _code(status), **values}
    return wire.Service.model_validate(whole)


def _holding(service: wire.Service | None = None, *, package_hidden: bool = False, **values: Any) -> Holding:
    whole = {"id": "53", "resource_metadata": {"mms_id": {"value": "99"}}, "availability": _code("11"), **values}
    return holding_from_portfolio(
        wire.Portfolio.model_validate(whole),
        collection_id="61",
        service=service or _service(),
        package_hidden=package_hidden,
        codes=CODES,
    )


def _linked(service: wire.Service | None = None, **values: Any) -> tuple[str | None, tuple[Loss, ...]]:
    return address(wire.LinkingDetails.model_validate(values), service)


# Package


@pytest.mark.parametrize(
    ("is_local", "override", "name"),
    [(True, "", "Tides"), (False, "", "Tides"), (False, "Ours", "Ours"), (True, "Ours", "Tides")],
)
def test_the_override_names_community_zone_collections_only(*, is_local: bool, override: str, name: str) -> None:
    """Row Package/name: `public_name` (`public_name_override` when Community-Zone)."""
    package = _collection(is_local=is_local, public_name_override=override)

    assert (package.name, package.managed) == (name, not is_local)


@pytest.mark.parametrize(
    ("type_code", "types", "content_type"),
    [
        ("6", (), "Online Reference"),
        ("6", ("Journal",), "Online Reference"),
        ("1", ("Journal", "Book"), "Aggregated Full Text"),
        ("0", ("Journal",), "E-Journal"),
        ("0", ("Book",), "E-Book"),
        ("0", ("Journal", "Book"), "Mixed Content"),
        ("0", ("Newspaper",), "Mixed Content"),
        ("0", (), "Unknown"),
        ("", ("Journal",), "E-Journal"),
    ],
)
def test_the_content_type_follows_the_collections_type_then_its_holdings(
    type_code: str, types: tuple[str, ...], content_type: str
) -> None:
    """Row Package/content_type."""
    package = _collection(types=types, type=_code(type_code))

    assert (package.content_type, package.type_code) == (content_type, type_code)


@pytest.mark.parametrize(
    ("statuses", "hidden"),
    [((), False), (("11",), False), (("10",), True), (("10", "10"), True), (("10", "11"), False), (("",), False)],
)
def test_a_collection_is_hidden_when_none_of_its_services_is_available(
    statuses: tuple[str, ...], *, hidden: bool
) -> None:
    """Row Package/hidden: status of the service as a whole: 10."""
    assert _collection(tuple(_service(one) for one in statuses)).hidden is hidden


@pytest.mark.parametrize(
    ("enabled", "code", "proxy"),
    [
        ("true", "EZP", Proxy(True, "EZP")),
        ("false", "", Proxy(False)),
        ("false", "EZP", Proxy(False)),
        ("", "EZP", None),
        ("true", "", Proxy(True, "")),
    ],
)
def test_a_proxy_is_on_off_or_left_to_the_level_above(enabled: str, code: str, proxy: Proxy | None) -> None:
    """Rows Package/proxy, Holding/proxy."""
    linking = {"proxy_enabled": _code(enabled), "proxy": code}

    assert _collection(proxy_enabled=_code(enabled), proxy=code).proxy == proxy
    assert _holding(linking_details=linking).proxy == proxy
    assert service_from_wire(_service(proxy_enabled=_code(enabled), proxy=code), "61").proxy == proxy


def test_a_collections_texts_travel() -> None:
    """Rows Package/url, description, public_note, authentication_note, internal_description, access_type."""
    texts = {
        "public_note": "نص",
        "authentication_note": "<b>ask</b>",
        "internal_description": "=1+1",
    }
    package = _collection(
        url="https://a.invalid",
        url_override="https://b.invalid",
        description="long",
        description_override="short",
        access_type=_code("current"),
        interface={"name": "Sea Press"},
        **texts,
    )

    assert (package.url, package.description) == ("https://b.invalid", "short")
    assert {field: getattr(package, field) for field in texts} == texts
    assert (package.access_type, package.interface_name) == ("current", "Sea Press")


def test_an_unset_collection_has_empty_texts() -> None:
    """facts: alma §2 — unset is null in lists, "" or an object of nulls in full records."""
    nulls = dict.fromkeys(("url", "description", "public_note", "library", "license", "proxy_enabled", "interface"))

    assert _collection(**nulls, access_type={"value": "", "desc": None}) == _collection(access_type=None)


@pytest.mark.parametrize(
    ("types", "content_type"), [((), "Unknown"), (("Journal",), "E-Journal"), (("Journal", "Book"), "Mixed Content")]
)
def test_portfolios_in_no_collection_go_to_the_package_named_for_them(
    types: tuple[str, ...], content_type: str
) -> None:
    """Holding: "Standalone portfolios … go to a FOLIO package named in the configuration"."""
    package = standalone_package("standalone", "Standalone e-resources", types)

    assert (package.name, package.content_type, package.managed) == ("Standalone e-resources", content_type, False)


# Service


def test_a_service_is_kept_on_the_alma_side() -> None:
    """Row Package/services."""
    service = service_from_wire(
        _service("10", public_description="Full text", public_description_override="Ours", public_note="n"), "61"
    )

    assert (service.key, service.package_key, service.type_code) == ("62", "61", "getFullTxt")
    assert (service.available, service.name, service.public_note) == (False, "Ours", "n")


# Holding


@pytest.mark.parametrize(("code", "available"), [("11", True), ("10", False), ("", True), ("99", False)])
def test_availability_eleven_is_available(code: str, *, available: bool) -> None:
    """Row Holding/available: `availability` 11 / 10."""
    assert _holding(availability=_code(code)).available is available


@pytest.mark.parametrize(
    ("service", "package_hidden", "available"),
    [("11", False, True), ("10", False, False), ("10", True, True)],
)
def test_an_unavailable_service_hides_its_portfolios_unless_the_package_is_hidden(
    service: str, *, package_hidden: bool, available: bool
) -> None:
    assert _holding(_service(service), package_hidden=package_hidden).available is available


@pytest.mark.parametrize(("is_local", "managed"), [(True, False), (False, True), (None, False)])
def test_a_portfolio_of_the_community_zone_is_managed(*, is_local: bool | None, managed: bool) -> None:
    assert _holding(is_local=is_local).managed is managed


def test_a_portfolio_knows_its_bib_collection_and_service() -> None:
    holding = _holding(_service(id="62007"))

    assert (holding.key, holding.package_key, holding.title_key, holding.service_key) == ("53", "61", "99", "62007")


@pytest.mark.parametrize(
    ("linking", "url"),
    [
        ({"static_url": "jkey=https://a.invalid/?jkey=1", "url_type": _code("static")}, "https://a.invalid/?jkey=1"),
        ({"static_url": "https://a.invalid", "url_type": _code("static")}, "https://a.invalid"),
        ({"static_url": " jkey= https://a.invalid "}, "https://a.invalid"),
        ({"static_url": "jkey=https://a.invalid", "static_url_override": "jkey=https://b.invalid"}, "https://b.invalid"),
        (
            {
                "url_type": _code("param"),
                "url_type_override": _code("static"),
                "static_url_override": "jkey=https://b.invalid",
            },
            "https://b.invalid",
        ),
        ({"url": "jkey=https://c.invalid", "url_type": _code("static")}, "https://c.invalid"),
        ({"url": "https://resolved.invalid", "url_type": _code("dynamic"), "dynamic_url": "IF()"}, "https://resolved.invalid"),
        ({}, ""),
        ({"url": "", "static_url": "", "url_type": _code("")}, ""),
    ],
    ids=[
        "prefix", "no prefix", "spaces", "override", "override of the type", "only the link", "resolved dynamic link",
        "nothing", "empty",
    ],
)  # fmt: skip
def test_the_static_address_is_handed_on_without_its_prefix(linking: dict[str, Any], url: str) -> None:
    """Row Holding/url: `jkey=` prefix stripped, `_override` first."""
    assert _linked(**linking) == (url, ())


@pytest.mark.parametrize(
    ("linking", "rule"),
    [
        ({"url_type": _code("dynamic"), "dynamic_url": "IF(rft.issn) http"}, "IF(rft.issn) http"),
        ({"url_type": _code("dynamic"), "dynamic_url": "a", "dynamic_url_override": "b"}, "b"),
        ({"url_type": _code("param"), "parser_parameters": "bkey=10.1000/1"}, "bkey=10.1000/1"),
        ({"url_type": _code("param"), "parser_parameters": "a", "parser_parameters_override": "b"}, "b"),
        ({"url_type": _code("param"), "url": "bkey=10.1000/1"}, "param"),
        ({"url_type": _code("static"), "url_type_override": _code("param"), "static_url": "jkey=https://a"}, "param"),
        ({"url_type": _code("dynamic")}, "dynamic"),
    ],
)
def test_an_address_made_at_each_click_is_a_loss(linking: dict[str, Any], rule: str) -> None:
    """Row Holding/url: dynamic or parser-based linking: the resolved address if there is one, else loss."""
    assert _linked(**linking) == (None, (Loss("url", rule, CLICK),))


@pytest.mark.parametrize(
    ("parser", "override", "named"), [("MUSE::BOOK", "", "MUSE::BOOK"), ("MUSE::BOOK", "OWN::ONE", "OWN::ONE")]
)
def test_an_address_made_by_the_services_parser_is_a_loss(parser: str, override: str, named: str) -> None:
    """Row Holding/url."""
    service = _service(parser=parser, parser_override=override)

    assert _linked(service) == (
        None,
        (Loss("url", named, "the address is made by the service's parser; there is none to hand on"),),
    )
    assert _linked(service, static_url="jkey=https://a.invalid") == ("https://a.invalid", ())


def test_a_portfolio_linked_dynamically_carries_the_loss() -> None:
    holding = _holding(linking_details={"url_type": _code("dynamic"), "dynamic_url": "IF()"})

    assert holding.url is None
    assert holding.losses == (Loss("url", "IF()", CLICK),)


def test_a_portfolios_texts_travel() -> None:
    """Rows Holding/public_note, authentication_note, internal_description, access_type."""
    texts = {"public_note": "公開", "authentication_note": "<i>", "internal_description": "-1"}
    holding = _holding(**texts, access_type=_code("perpetual"))

    assert {field: getattr(holding, field) for field in texts} == texts
    assert holding.access_type == "perpetual"


def test_coverage_embargo_and_their_losses_come_along() -> None:
    """Rows Holding/coverage, embargo."""
    holding = _holding(
        coverage_details={
            "coverage_in_use": _code("0"),
            "local_date_coverage_parameters": [{"from_year": "2001", "until_year": "2003"}],
            "local_embargo_information": {"embargo_operator": _code("?"), "number_of_years": "1"},
            "perpetual_date_coverage_parameters": [
                {"from_year": "1990", "until_year": "1999"},
                {"from_year": "2005"},
            ],
        }
    )

    assert [str(one) for one in holding.coverage] == ["2001 – 2003"]
    assert holding.embargo is None
    assert holding.losses == (
        Loss("embargo", "'?' 1 years 0 months", "operator not understood: [pairs.NAME.maps.embargo_operators]"),
        Loss("coverage", "1990–1999; 2005–", "FOLIO knows no perpetual coverage"),
    )


def test_a_portfolio_whose_coverage_cannot_be_understood_is_named() -> None:
    with pytest.raises(DataError, match="portfolio 53: its local coverage cannot be understood"):
        _holding(coverage_details={"local_date_coverage_parameters": [{"from_year": "2003", "until_year": "1990"}]})


def test_control_characters_of_alma_never_reach_folio() -> None:
    holding = _holding(
        public_note="a\x00b",
        linking_details={"static_url": "jkey=https://a.invalid"},
        coverage_details={"local_date_coverage_parameters": [{"from_year": "2001", "from_volume": "1\x00"}]},
    )

    fitted = fit_holding(holding, FolioMaps(notes={"public_note": 1})).record

    assert fitted.user_defined[0] == "a b"
    assert fitted.coverage_statement == "2001 (v.1 ) –"


@pytest.mark.parametrize(
    ("material_type", "kind"),
    [
        ("JOURNAL", "Journal"),
        ("journal", "Journal"),
        ("BOOK", "Book"),
        ("DISSERTATION", "Thesis & Dissertation"),
        ("DOCUMENT", ""),
        ("", ""),
    ],
)
def test_a_material_type_is_a_publication_type_or_unknown(material_type: str, kind: str) -> None:
    """Row Title/publication_type: JOURNAL ⇄ Journal, BOOK ⇄ Book, others through the code map."""
    assert publication_type(material_type, CODES) == kind
    assert publication_type("DOCUMENT", AlmaCodes(publication_types={"DOCUMENT": "Report"})) == "Report"
