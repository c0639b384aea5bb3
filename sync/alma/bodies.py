"""The bodies Alma takes: whole records as they were read with our fields changed, and new ones (facts: alma §2, §2e).

Whether a PUT keeps or clears what is left out is documented both ways, so a body always holds every key that was
read; `""`, `[]` and an object of empty values clear. Of a Community-Zone record only overrides are changed: its base
fields come from the zone. A collection's library is never changed, since that starts an irreversible job (facts §4).
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from sync.alma.codes import WriteCodes
from sync.alma.mapping import AVAILABLE, STATIC_PREFIX
from sync.alma.notes import join_note
from sync.errors import DataError
from sync.model import CoverageRange, Embargo, EmbargoKind, EmbargoUnit, Holding, Package, PartialDate, Proxy, Service

UNAVAILABLE = "10"
FULL_TEXT = "getFullTxt"

Body = dict[str, Any]
Raw = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parents:
    """Where a portfolio belongs: its bib, and its collection and service ("" for a standalone one)."""

    mms_id: str
    collection_id: str = ""
    service_id: str = ""


def new_collection(package: Package, codes: WriteCodes) -> Body:
    """Return the body that creates a local collection. Name, type and access type are demanded (60126 to 60128)."""
    body: Body = {
        "is_local": True,
        "public_name": package.name,
        "type": {"value": package.type_code},
        "access_type": {"value": package.access_type or codes.collection_access_type},
        "url": package.url or "",
        "description": package.description or "",
    }
    return body | _proxy(package.proxy)


def changed_collection(raw: Raw, package: Package, fields: frozenset[str]) -> Body:
    """Return the whole collection with these fields of the package in it."""
    body = deepcopy(dict(raw))
    over = "_override" if raw.get("is_local") is False else ""
    for name, key in (("name", "public_name"), ("url", "url"), ("description", "description")):
        if name in fields:
            body[key + over] = getattr(package, name) or ""
            # an override would hide what is written here
            if not over and name != "name" and raw.get(f"{key}_override"):
                body[f"{key}_override"] = ""
    if "access_type" in fields:
        body["access_type"] = {"value": package.access_type or ""}
    if "proxy" in fields:
        body |= _proxy(package.proxy)
    return body


def new_service(service: Service) -> Body:
    """Return the body that creates a service (facts: alma §2b, the working minimal one)."""
    return {
        "is_local": True,
        "type": {"value": service.type_code or FULL_TEXT},
        "public_description": service.name,
        "activation_status": _status(service.available),
    }


def changed_service(raw: Raw, service: Service, fields: frozenset[str]) -> Body:
    """Return the whole service with these fields in it. Its type cannot change (60153)."""
    body = deepcopy(dict(raw))
    if "available" in fields:
        body["activation_status"] = _status(service.available)
    return settings_together(body)


def settings_together(service: Body) -> Body:
    """Return a service without what Alma refuses beside its other settings (facts: alma §2b)."""
    if service.get("delete_removed_portfolios") is not True:
        return service
    # Ex Libris's own program leaves this one out too
    return {name: value for name, value in service.items() if name != "deactivate_removed_portfolios"}


def new_portfolio(holding: Holding, parents: Parents, material_type: str) -> Body:
    """Return the body that creates a portfolio. Coverage follows by a PUT: sent here, it may be ignored (facts §2d)."""
    address = f"{STATIC_PREFIX}{holding.url}" if holding.url else ""
    linking: Body = {"url_type": {"value": "static"}, "url": address, "static_url": address}
    body: Body = {
        "is_local": True,
        "is_standalone": not parents.service_id,
        "resource_metadata": {"mms_id": {"value": parents.mms_id}},
        "electronic_collection": {"id": {"value": parents.collection_id}, "service": {"value": parents.service_id}},
        "availability": _status(holding.available),
        "linking_details": linking | (_proxy(holding.proxy) or _proxy(Proxy(enabled=False))),
        "public_note": join_note(holding.public_note or "", holding.coverage_statement),
        "authentication_note": holding.authentication_note or "",
        "internal_description": holding.internal_description or "",
    }
    if material_type:
        body["material_type"] = {"value": material_type}
    if holding.access_type:
        body["access_type"] = {"value": holding.access_type}
    return body


def changed_portfolio(raw: Raw, holding: Holding, current: Holding, fields: frozenset[str], codes: WriteCodes) -> Body:
    """Return the whole portfolio with these fields of the holding in it; `current` is it as read.

    Coverage is written as local ranges, in use alone (mapping: coverage).

    Raises:
        DataError: when an embargo that is not understood would have to be written anew for that.
    """
    body = deepcopy(dict(raw))
    if "available" in fields:
        body["availability"] = _status(holding.available)
    for name in ("authentication_note", "internal_description"):
        if name in fields:
            body[name] = getattr(holding, name) or ""
    if fields & {"public_note", "coverage_statement"}:
        note = holding.public_note if "public_note" in fields else current.public_note
        statement = holding.coverage_statement if "coverage_statement" in fields else current.coverage_statement
        body["public_note"] = join_note(note or "", statement)
    if "access_type" in fields:
        body["access_type"] = {"value": holding.access_type or ""}
    linking = dict(body.get("linking_details") or {})
    if "url" in fields:
        linking |= _address(holding.url or "", managed=raw.get("is_local") is False)
    if "proxy" in fields:
        linking |= _proxy(holding.proxy)
    if fields & {"url", "proxy"}:
        body["linking_details"] = linking
    if fields & {"coverage", "embargo"}:
        if "embargo" not in fields and not _only_local(raw.get("coverage_details") or {}, codes):
            _refuse_unknown_embargo(current)
        coverage = holding.coverage if "coverage" in fields else current.coverage
        embargo = holding.embargo if "embargo" in fields else current.embargo
        body["coverage_details"] = _coverage_details(
            body.get("coverage_details") or {}, coverage, embargo, fields, codes
        )
    return body


def _coverage_details(
    raw: Raw, coverage: tuple[CoverageRange, ...], embargo: Embargo | None, fields: frozenset[str], codes: WriteCodes
) -> Body:
    """Where something else than the local lists was in use, both are written: from now on only what is local counts."""
    details = dict(raw)
    only_local = _only_local(raw, codes)
    if "coverage" in fields or not only_local:
        details["local_date_coverage_parameters"] = [range_body(one) for one in coverage]
    if "embargo" in fields or not only_local:
        details["local_embargo_information"] = embargo_body(embargo, codes)
    details["coverage_in_use"] = {"value": codes.only_local}
    return details


def _only_local(details: Raw, codes: WriteCodes) -> bool:
    return (_code(details.get("coverage_in_use")) or codes.only_local) == codes.only_local


def _refuse_unknown_embargo(current: Holding) -> None:
    if current.embargo is None and any(loss.field == "embargo" for loss in current.losses):
        raise DataError(
            f"portfolio {current.key}: its embargo is not understood and would be lost with a new coverage",
            advice="Say what its operator means: [pairs.NAME.maps.embargo_operators]. Alma lists the operators in the "
            "code table MovingWallOperator.",
        )


def range_body(one: CoverageRange) -> Body:
    """Return a range as Alma takes it: years as text, months and days as codes, what is unset empty (facts: §2c)."""
    return {
        **_end("from", one.begin, one.begin_volume, one.begin_issue),
        **_end("until", one.end, one.end_volume, one.end_issue),
    }


def embargo_body(embargo: Embargo | None, codes: WriteCodes) -> Body:
    """Return an embargo as years and months; None as the object of empty values that clears it.

    Whole years told in months are Alma's own way to say so (`fit_holding` makes years of them) and stay months.
    """
    if embargo is None:
        return {"embargo_operator": {"value": ""}, "number_of_years": "", "number_of_months": ""}
    delay = embargo.kind is EmbargoKind.DELAY
    number = embargo.value - (codes.delay_more if delay else codes.rolling_more)
    years, months = (number, 0) if embargo.unit is EmbargoUnit.YEARS else divmod(number, 12)
    if not months and embargo.unit is EmbargoUnit.MONTHS:
        years, months = 0, number
    return {
        "embargo_operator": {"value": codes.delay if delay else codes.rolling},
        "number_of_years": str(years) if years else "",
        "number_of_months": str(months) if months else "",
    }


def _end(which: str, day: PartialDate | None, volume: str, issue: str) -> Body:
    return {
        f"{which}_year": str(day.year) if day else "",
        f"{which}_month": {"value": str(day.month) if day and day.month else ""},
        f"{which}_day": {"value": str(day.day) if day and day.day else ""},
        f"{which}_volume": volume,
        f"{which}_issue": issue,
    }


def _address(url: str, *, managed: bool) -> Body:
    address = f"{STATIC_PREFIX}{url}" if url else ""
    if managed:
        # without an address of its own it is led to that of the zone again, of whatever type that is
        return {"url_type_override": {"value": "static" if address else ""}, "static_url_override": address}
    # an override would hide the address written here (mapping: url)
    return {
        "url_type": {"value": "static"},
        "url": address,
        "static_url": address,
        "url_type_override": {"value": ""},
        "static_url_override": "",
    }


def _status(available: bool) -> Body:
    return {"value": AVAILABLE if available else UNAVAILABLE}


def _proxy(proxy: Proxy | None) -> Body:
    if proxy is None:
        return {}
    return {"proxy_enabled": {"value": "true" if proxy.enabled else "false"}, "proxy": proxy.code}


def _code(value: Any) -> str:
    return str((value.get("value") if isinstance(value, Mapping) else value) or "")
