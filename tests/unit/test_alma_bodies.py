"""The bodies Alma takes: new ones with what it demands, changed ones whole, with only our fields in them changed."""

from dataclasses import replace
from typing import Any

import pytest

from sync.alma.bodies import (
    Parents,
    changed_collection,
    changed_portfolio,
    changed_service,
    embargo_body,
    new_collection,
    new_portfolio,
    new_service,
    range_body,
)
from sync.alma.codes import AlmaCodes, CoverageInUse, WriteCodes
from sync.alma.coverage import coverage_in_use
from sync.alma.wire import Portfolio
from sync.errors import DataError
from sync.model import (
    CoverageRange,
    Embargo,
    EmbargoKind,
    EmbargoUnit,
    Holding,
    Loss,
    Package,
    PartialDate,
    Proxy,
    Service,
)

CODES = WriteCodes(only_local="L", delay="D", rolling="R", collection_access_type="current")
PACKAGE = Package(key="1-2", name="Tides", managed=False, type_code="0", url="https://t.invalid", description=None)
HOLDING = Holding(key="1-2-17", package_key="61", title_key="99", url="https://dunes.invalid", public_note="Ask")
YEARS = CoverageRange(begin=PartialDate(2001), end=PartialDate(2003, 2))
GLOBAL = {"from_year": "1990"}
RAW = {
    "id": "53",
    "is_local": True,
    "availability": {"value": "10", "desc": "Not available"},
    "linking_details": {"url_type": {"value": "dynamic"}, "dynamic_url": "IF ()", "static_url_override": "jkey=old"},
    "coverage_details": {
        "coverage_in_use": {"value": "G"},
        "local_date_coverage_parameters": [{"from_year": "1800"}],
        "global_date_coverage_parameters": [GLOBAL],
        "local_embargo_information": None,
        "perpetual_date_coverage_parameters": [GLOBAL],
    },
    "public_note": "Old [FOLIO coverage: x]",
    "pda": {"value": "P"},
    "unknown": [None],
}


def _changed(holding: Holding, *fields: str, raw: dict[str, Any] = RAW, **current: Any) -> dict[str, Any]:
    before = replace(HOLDING, public_note="Old", coverage_statement="x", coverage=(YEARS,), **current)
    return changed_portfolio(raw, holding, before, frozenset(fields), CODES)


def test_a_new_collection_has_what_alma_demands() -> None:
    """facts: alma §2a — 60126 to 60128: name, type and access type."""
    assert new_collection(PACKAGE, CODES) == {
        "is_local": True,
        "public_name": "Tides",
        "type": {"value": "0"},
        "access_type": {"value": "current"},
        "url": "https://t.invalid",
        "description": "",
    }
    told = replace(PACKAGE, access_type="trial", proxy=Proxy(True, "EZP"))
    assert new_collection(told, CODES)["access_type"] == {"value": "trial"}
    assert (new_collection(told, CODES)["proxy_enabled"], new_collection(told, CODES)["proxy"]) == (
        {"value": "true"},
        "EZP",
    )


def test_a_collection_of_the_community_zone_gets_overrides_only() -> None:
    """facts: alma §4 — base fields come from the zone."""
    raw = {"is_local": False, "public_name": "Zone's", "url": "https://zone.invalid", "library": {"value": "MAIN"}}

    body = changed_collection(raw, PACKAGE, frozenset({"name", "url"}))

    assert body == {**raw, "public_name_override": "Tides", "url_override": "https://t.invalid"}


def test_an_override_of_a_local_collection_would_hide_what_is_written_and_is_emptied() -> None:
    raw = {"is_local": True, "url": "https://old.invalid", "url_override": "https://over.invalid", "description": "x"}

    body = changed_collection(raw, PACKAGE, frozenset({"url", "description"}))

    assert body == {**raw, "url": "https://t.invalid", "url_override": "", "description": ""}
    assert raw["url_override"] == "https://over.invalid"


@pytest.mark.parametrize(("available", "status"), [(True, "11"), (False, "10")])
def test_a_service_is_active_or_not(status: str, *, available: bool) -> None:
    """Row Package/hidden; row Package/services: getFullTxt, status 11."""
    service = Service(key="62", package_key="61", available=available, name="Tides")

    assert new_service(service) == {
        "is_local": True,
        "type": {"value": "getFullTxt"},
        "public_description": "Tides",
        "activation_status": {"value": status},
    }
    raw = {"type": {"value": "getSelectedFT"}, "proxy": "EZP"}
    assert changed_service(raw, service, frozenset({"available"})) == {**raw, "activation_status": {"value": status}}
    assert changed_service(raw, service, frozenset()) == raw


def test_a_new_portfolio_stands_below_its_service() -> None:
    body = new_portfolio(
        replace(HOLDING, coverage_statement="2001 –"),
        Parents(mms_id="99", collection_id="61", service_id="62"),
        "JOURNAL",
    )

    assert body["electronic_collection"] == {"id": {"value": "61"}, "service": {"value": "62"}}
    assert body["resource_metadata"] == {"mms_id": {"value": "99"}}
    assert body["is_standalone"] is False
    assert body["material_type"] == {"value": "JOURNAL"}
    assert body["public_note"] == "Ask [FOLIO coverage: 2001 –]"
    assert body["linking_details"] == {
        "url_type": {"value": "static"},
        "url": "jkey=https://dunes.invalid",
        "static_url": "jkey=https://dunes.invalid",
        "proxy_enabled": {"value": "false"},
        "proxy": "",
    }
    assert not {"access_type", "coverage_details"} & body.keys()


def test_a_standalone_portfolio_names_its_bib_only_and_leaves_out_what_has_no_code() -> None:
    body = new_portfolio(replace(HOLDING, url="", access_type="trial"), Parents(mms_id="99"), "")

    assert body["is_standalone"] is True
    assert body["linking_details"]["static_url"] == ""
    assert body["access_type"] == {"value": "trial"}
    assert "material_type" not in body


def test_a_portfolio_is_written_back_whole() -> None:
    """design: writing — GET, change our fields, PUT, all unknown keys kept."""
    assert _changed(HOLDING) == RAW
    assert _changed(HOLDING, "available") == {**RAW, "availability": {"value": "11"}}
    assert RAW["availability"] == {"value": "10", "desc": "Not available"}


def test_an_address_becomes_static_and_no_override_hides_it() -> None:
    """Row Holding/url."""
    linking = _changed(HOLDING, "url")["linking_details"]

    assert (linking["static_url"], linking["url_type"]) == ("jkey=https://dunes.invalid", {"value": "static"})
    assert (linking["static_url_override"], linking["url_type_override"]) == ("", {"value": ""})
    assert linking["dynamic_url"] == "IF ()"


def test_the_address_of_a_community_zone_portfolio_is_an_override() -> None:
    """Row Holding/url: `_override` when Community-Zone."""
    linking = _changed(HOLDING, "url", raw={**RAW, "is_local": False})["linking_details"]

    assert linking == RAW["linking_details"] | {
        "url_type_override": {"value": "static"},
        "static_url_override": "jkey=https://dunes.invalid",
    }


@pytest.mark.parametrize(
    ("fields", "note"),
    [
        (("public_note",), "Ask [FOLIO coverage: x]"),
        (("coverage_statement",), "Old"),
        (("public_note", "coverage_statement"), "Ask"),
    ],
)
def test_note_and_statement_share_a_place_and_do_not_touch_each_other(fields: tuple[str, ...], note: str) -> None:
    """Row Holding/coverage_statement."""
    assert _changed(replace(HOLDING, coverage_statement=""), *fields)["public_note"] == note


def test_where_global_coverage_was_in_use_local_ranges_take_the_place_of_all_of_it() -> None:
    """Row Holding/coverage: F→A writes local ranges and coverage_in_use = only local."""
    wall = Embargo(EmbargoKind.ROLLING, EmbargoUnit.MONTHS, 12)

    details = _changed(replace(HOLDING, embargo=None), "embargo", embargo=wall)["coverage_details"]

    assert details["coverage_in_use"] == {"value": "L"}
    assert details["local_date_coverage_parameters"] == [range_body(YEARS)]
    assert details["local_embargo_information"] == embargo_body(None, CODES)
    assert details["perpetual_date_coverage_parameters"] == details["global_date_coverage_parameters"] == [GLOBAL]
    kept = _changed(HOLDING, "coverage", embargo=wall)["coverage_details"]
    assert kept["local_embargo_information"] == embargo_body(wall, CODES)


def test_where_only_local_coverage_was_in_use_the_field_that_did_not_change_stays() -> None:
    raw = {**RAW, "coverage_details": {**RAW["coverage_details"], "coverage_in_use": {"value": "L"}}}

    details = _changed(HOLDING, "embargo", raw=raw)["coverage_details"]

    assert details["local_date_coverage_parameters"] == [{"from_year": "1800"}]
    assert _changed(HOLDING, "coverage", raw=raw)["coverage_details"]["local_embargo_information"] is None


def test_a_portfolio_that_does_not_say_what_is_in_use_is_read_and_written_as_only_local() -> None:
    """facts: alma §2c — the codes differ by institution, so "0" is no word for it."""
    raw = {**RAW, "coverage_details": {"local_date_coverage_parameters": [{"from_year": "1800"}]}}
    codes = AlmaCodes(coverage_in_use={"0": CoverageInUse.GLOBAL, "L": CoverageInUse.LOCAL})

    assert coverage_in_use(Portfolio.model_validate(raw), codes) is CoverageInUse.LOCAL
    assert _changed(HOLDING, "embargo", raw=raw)["coverage_details"] == {
        "local_date_coverage_parameters": [{"from_year": "1800"}],
        "local_embargo_information": embargo_body(None, CODES),
        "coverage_in_use": {"value": "L"},
    }


def test_an_embargo_that_is_not_understood_is_not_overwritten_with_the_coverage() -> None:
    loss = Loss("embargo", "'~' 1 years 0 months", "operator not understood: [pairs.NAME.maps.embargo_operators]")

    with pytest.raises(DataError, match="portfolio 1-2-17: its embargo is not understood") as caught:
        _changed(HOLDING, "coverage", losses=(loss,))
    assert "embargo_operators" in caught.value.advice
    assert _changed(HOLDING, "coverage", "embargo", losses=(loss,))["coverage_details"]["coverage_in_use"]
    local = {**RAW, "coverage_details": {"coverage_in_use": {"value": "L"}, "local_embargo_information": "kept"}}
    kept = _changed(HOLDING, "coverage", raw=local, losses=(loss,))["coverage_details"]
    assert kept["local_embargo_information"] == "kept"


def test_a_range_is_written_as_precisely_as_it_is_known() -> None:
    body = range_body(replace(YEARS, begin_volume="1", end_issue="suppl."))

    assert (body["from_year"], body["from_month"], body["from_day"]) == ("2001", {"value": ""}, {"value": ""})
    assert (body["until_year"], body["until_month"], body["until_day"]) == ("2003", {"value": "2"}, {"value": ""})
    assert (body["from_volume"], body["from_issue"], body["until_volume"], body["until_issue"]) == (
        "1", "", "", "suppl.",
    )  # fmt: skip
    assert range_body(CoverageRange())["from_year"] == ""


@pytest.mark.parametrize(
    ("embargo", "operator", "years", "months"),
    [
        (None, "", "", ""),
        (Embargo(EmbargoKind.DELAY, EmbargoUnit.YEARS, 2), "D", "2", ""),
        (Embargo(EmbargoKind.DELAY, EmbargoUnit.MONTHS, 6), "D", "", "6"),
        (Embargo(EmbargoKind.DELAY, EmbargoUnit.MONTHS, 18), "D", "1", "6"),
        (Embargo(EmbargoKind.ROLLING, EmbargoUnit.MONTHS, 24), "R", "", "24"),
    ],
)
def test_an_embargo_is_years_and_months(embargo: Embargo | None, operator: str, years: str, months: str) -> None:
    """Row Holding/embargo; 12 months told in months are Alma's own and stay so (facts: domain §3)."""
    assert embargo_body(embargo, CODES) == {
        "embargo_operator": {"value": operator},
        "number_of_years": years,
        "number_of_months": months,
    }
