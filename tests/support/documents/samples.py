"""One record of each kind with everything in it, as both systems send them, and other values for canonical fields."""

from typing import Any

from sync.alma.notes import join_note
from sync.model import (
    Contributor,
    CoverageRange,
    Embargo,
    EmbargoKind,
    EmbargoUnit,
    Identifier,
    IdentifierKind,
    Medium,
    PartialDate,
    Proxy,
)

COLLECTION: dict[str, Any] = {
    "is_local": True,
    "public_name": "Coast", "public_name_override": "", "type": {"value": "1"}, "access_type": {"value": "current"},
    "url": "https://one.invalid", "url_override": "", "description": "Words", "description_override": "",
    "proxy_enabled": {"value": "true"}, "proxy": "EZ",
    "public_note": "n", "authentication_note": "n", "internal_description": "n",
}  # fmt: skip
ZONE_COLLECTION: dict[str, Any] = {
    **COLLECTION, "is_local": False,
    "public_name_override": "Shore", "url_override": "https://two.invalid", "description_override": "More words",
}  # fmt: skip
SERVICE: dict[str, Any] = {"activation_status": {"value": "11"}}

RANGE = {
    "from_year": "1998", "from_month": "2", "from_day": "3", "from_volume": "1", "from_issue": "2",
    "until_year": "2005", "until_month": "4", "until_day": "5", "until_volume": "6", "until_issue": "7",
}  # fmt: skip
EMBARGO = {"embargo_operator": {"value": ">"}, "number_of_years": "1", "number_of_months": "6"}
PORTFOLIO: dict[str, Any] = {
    "is_local": True,
    "availability": {"value": "11"}, "access_type": {"value": "current"},
    "linking_details": {
        "url_type": {"value": "static"}, "static_url": "jkey=https://one.invalid", "static_url_override": "",
        "proxy_enabled": {"value": "true"}, "proxy": "EZ",
    },
    "coverage_details": {
        "coverage_in_use": {"value": "0"},
        "local_date_coverage_parameters": [RANGE], "local_embargo_information": EMBARGO,
    },
    "public_note": join_note("A note", "Print as well"), "authentication_note": "n", "internal_description": "n",
}  # fmt: skip
ZONE_PORTFOLIO: dict[str, Any] = {
    **PORTFOLIO, "is_local": False,
    "linking_details": {**PORTFOLIO["linking_details"], "static_url_override": "https://two.invalid"},
    "coverage_details": {
        "coverage_in_use": {"value": "1"},
        "global_date_coverage_parameters": [RANGE], "global_embargo_information": EMBARGO,
    },
}  # fmt: skip

MARC: dict[str, dict[str, str]] = {
    "portfolio": {"material_type": "NEWSPAPER"},
    "leader": {"06-07": "as"},
    "008": {"23": "o"},
    "020": {"a": "9780306406157", "q": "online"},
    "022": {"a": "0378-5955"},
    "100": {"a": "Roe, Jo"},
    "245": {"a": "Tide", "b": "Tables", "n": "Part 1", "p": "North"},
    "250": {"a": "Second"},
    "264": {"b": "Harbour Press"},
    "520": {"a": "Words"},
    "700": {"a": "Doe, Jo", "4": "edt"},
    "776": {"i": "Print version", "x": "0140-6736", "z": "9780306406157"},
}
OLD_MARC: dict[str, dict[str, str]] = {
    **MARC,
    "264": {},
    "portfolio": {"material_type": ""},
    "260": {"b": "Harbour Press"},
    "008": {},
    "338": {"b": "cr"},
}

FOLIO_PACKAGE: dict[str, Any] = {
    "id": "1-2",
    "attributes": {
        "name": "Coast", "isCustom": True, "contentType": "E-Journal", "isSelected": True,
        "visibilityData": {"isHidden": False}, "proxy": {"id": "EZProxy", "inherited": False},
        "url": "https://one.invalid", "customDescription": "Words",
    },
    "relationships": {"accessType": {"data": {"id": "type", "type": "accessTypes"}}},
}  # fmt: skip
FOLIO_TITLE: dict[str, Any] = {
    "id": "3",
    "attributes": {
        "name": "Tide Tables", "publicationType": "Journal", "isTitleCustom": True, "publisherName": "Harbour Press",
        "edition": "Second", "description": "Words",
        "identifiers": [{"id": "0378-5955", "type": "ISSN", "subtype": "Print"}],
        "contributors": [{"type": "author", "contributor": "Roe, Jo"}],
    },
}  # fmt: skip
FOLIO_RESOURCE: dict[str, Any] = {
    "id": "1-2-3",
    "attributes": {
        **FOLIO_TITLE["attributes"],
        "titleId": 3, "packageId": "1-2", "isPackageCustom": True, "isSelected": True, "url": "https://one.invalid",
        "visibilityData": {"isHidden": False}, "proxy": {"id": "EZProxy", "inherited": False},
        "customCoverages": [{"beginCoverage": "1998-01-01", "endCoverage": "2005-01-31"}],
        "customEmbargoPeriod": {"embargoUnit": "Months", "embargoValue": 6}, "coverageStatement": "Print as well",
        "userDefinedField1": "n", "userDefinedField2": "n", "userDefinedField3": "n",
    },
    "relationships": {"accessType": {"data": {"id": "type", "type": "accessTypes"}}},
}  # fmt: skip
MANAGED_RESOURCE: dict[str, Any] = {
    **FOLIO_RESOURCE,
    "attributes": {
        **FOLIO_RESOURCE["attributes"],
        "isPackageCustom": False, "customCoverages": [], "customEmbargoPeriod": None,
        "managedCoverages": FOLIO_RESOURCE["attributes"]["customCoverages"],
        "managedEmbargoPeriod": FOLIO_RESOURCE["attributes"]["customEmbargoPeriod"],
    },
}  # fmt: skip

NOTES = {"public_note": 1, "authentication_note": 2, "internal_description": 3}
"""The user-defined fields that hold notes, as a configuration may name them."""

OTHER_VALUES: dict[str, Any] = {
    "name": "Dunes", "content_type": "E-Book", "hidden": True, "proxy": Proxy(enabled=True, code="vpn"),
    "access_type": "trial", "url": "https://other.invalid", "description": "Other words",
    "publication_type": "Book", "identifiers": (Identifier(IdentifierKind.ISSN, "0140-6736", Medium.PRINT),),
    "publisher": "Dune Press", "edition": "Third", "contributors": (Contributor("author", "Poe, Al"),),
    "available": False, "coverage": (CoverageRange(begin=PartialDate(1977)),),
    "embargo": Embargo(EmbargoKind.DELAY, EmbargoUnit.YEARS, 3), "coverage_statement": "Not all of it",
    "public_note": "Other", "authentication_note": "Other", "internal_description": "Other",
}  # fmt: skip
