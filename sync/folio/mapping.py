"""FOLIO's packages, titles and resources in canonical form.

mapping: the FOLIO columns; facts: folio §1.3, §1.5, §2.1, §2.4.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from sync.errors import DataError
from sync.folio import wire
from sync.folio.fit import NO_PROXY
from sync.model import (
    INHERITED,
    Contributor,
    CoverageRange,
    DayRange,
    Embargo,
    EmbargoKind,
    EmbargoUnit,
    Holding,
    Identifier,
    Medium,
    Package,
    Proxy,
    Record,
    Title,
    UserDefined,
    isbns_in,
    issns_in,
)
from sync.model.coverage import EARLIEST, OPEN_END_YEAR, PartialDate

UNITS = {
    wire.EmbargoUnit.DAYS: EmbargoUnit.DAYS,
    wire.EmbargoUnit.WEEKS: EmbargoUnit.WEEKS,
    wire.EmbargoUnit.MONTHS: EmbargoUnit.MONTHS,
    wire.EmbargoUnit.YEARS: EmbargoUnit.YEARS,
}
MEDIA = {"print": Medium.PRINT, "online": Medium.ONLINE}
READER_CATEGORIES = ("PF", "FTF")
"""Where readers see a package; the third, MARC, is about the export of records."""


def package_from_wire(record: wire.Package) -> Package:
    """Return the package. A list does not tell its proxy (None).

    Raises:
        DataError: when a date of its coverage does not exist.
    """
    found = record.attributes
    try:
        coverage = ranges([found.custom_coverage] if found.custom_coverage else [])
    except ValueError as error:
        raise DataError(f"package {record.id}: its coverage cannot be understood: {error}") from None
    return Package(
        key=record.id,
        name=found.name or "",
        managed=not found.is_custom,
        content_type=found.content_type or "Unknown",
        hidden=_package_hidden(found),
        selected=found.is_selected is not False,
        coverage=coverage,
        proxy=_proxy(found.proxy),
        url=found.url,
        description=found.custom_description,
        access_type=record.access_type_id or "",
        tags=found.tags.tag_list if found.tags else None,
        provider_name=found.provider_name or "",
    )


def title_from_resource(record: wire.Resource) -> Title:
    """Return the title that a resource is of.

    Raises:
        DataError: when it has no id or no name.
    """
    if record.attributes.title_id is None:
        raise DataError(f"resource {record.id} names no title")
    return _title(str(record.attributes.title_id), record.attributes)


def title_from_wire(record: wire.Title) -> Title:
    """Return the title.

    Raises:
        DataError: when it has no name.
    """
    return _title(record.id, record.attributes)


def holding_from_wire(record: wire.Resource) -> Holding:
    """Return the resource as a holding: custom coverage where there is any, else the managed one.

    Raises:
        DataError: when a date of it does not exist.
    """
    found = record.attributes
    hidden = bool(found.visibility_data and found.visibility_data.is_hidden)
    custom_package = bool(found.is_package_custom)
    own_embargo = _embargo(found.custom_embargo_period)
    try:
        coverage = ranges(found.custom_coverages or found.managed_coverages)
    except ValueError as error:
        raise DataError(f"resource {record.id}: its coverage cannot be understood: {error}") from None
    return Holding(
        key=record.id,
        package_key=found.package_id or record.id.rsplit("-", 1)[0],
        title_key=str(found.title_id or record.id.rsplit("-", 1)[-1]),
        available=not hidden if custom_package else bool(found.is_selected) and not hidden,
        managed=not custom_package,
        url=found.url or "",
        coverage=coverage,
        embargo=own_embargo or _embargo(found.managed_embargo_period),
        vendor_coverage=not found.custom_coverages and bool(found.managed_coverages),
        vendor_embargo=own_embargo is None and _embargo(found.managed_embargo_period) is not None,
        coverage_statement=found.coverage_statement or "",
        proxy=_proxy(found.proxy),
        access_type=record.access_type_id or "",
        user_defined=user_defined(found),
        tags=found.tags.tag_list if found.tags else None,
    )


def own_package(record: wire.Package) -> Package:
    """Return a package as it speaks for itself: with `INHERITED` for a proxy that is the provider's."""
    package = package_from_wire(record)
    return replace(package, proxy=INHERITED) if _inherited(record.attributes.proxy) else package


def own_holding(record: wire.Resource) -> Holding:
    """Return a resource as it speaks for itself: with `INHERITED` for a proxy that is its package's."""
    holding = holding_from_wire(record)
    return replace(holding, proxy=INHERITED) if _inherited(record.attributes.proxy) else holding


def _inherited(proxy: wire.Proxy | None) -> bool:
    """Return whether a proxy is that of the level above: then the record itself says nothing (facts: folio §1.5)."""
    return proxy is not None and proxy.inherited is not False


def listed(record: Record) -> Record:
    """Return the record as every list tells it, so that hashes of lists and of single records can be compared.

    Lists leave out proxies, and of titles what only a single record is known to tell (facts: folio §1.5, §2.4).
    """
    if isinstance(record, Package):
        return replace(record, proxy=None, access_type=None, tags=None, url=None, description=None)
    if isinstance(record, Title):
        return replace(record, edition=None, description=None, contributors=None)
    if isinstance(record, Holding):
        return replace(record, proxy=None, access_type=None, tags=None)
    return record


def _title(key: str, found: wire.ResourceAttributes | wire.TitleAttributes) -> Title:
    if not found.name:
        raise DataError(f"FOLIO title {key} has no name")
    return Title(
        key=key,
        name=found.name,
        publication_type=found.publication_type or "Unspecified",
        managed=not found.is_title_custom,
        identifiers=tuple(sorted(set(_identifiers(found.identifiers)))),
        publisher=found.publisher_name or "",
        edition=found.edition or "",
        description=found.description or "",
        contributors=tuple(Contributor(one.type.lower(), one.contributor) for one in found.contributors),
    )


def _identifiers(items: Iterable[wire.Identifier]) -> Iterable[Identifier]:
    for one in items:
        medium = MEDIA.get(one.subtype.lower(), Medium.UNKNOWN)
        parse = {"ISSN": issns_in, "ISBN": isbns_in}.get(one.type.upper())
        yield from parse(one.id, medium) if parse else ()


def ranges(items: Sequence[wire.Coverage]) -> tuple[CoverageRange, ...]:
    """Return FOLIO's ranges of coverage, the latest first; the year 9999 is no end.

    Raises:
        ValueError: when a date does not exist.
    """
    days = []
    for item in items:
        begin = date.fromisoformat(item.begin_coverage) if item.begin_coverage else EARLIEST
        end = date.fromisoformat(item.end_coverage) if item.end_coverage else None
        end = None if end and end.year >= OPEN_END_YEAR else end
        if begin != EARLIEST or end:
            days.append(DayRange(begin, end))
    found = [one.as_coverage() for one in sorted(days, key=lambda one: one.begin, reverse=True)]
    return tuple(replace(one, begin=None) if one.begin == PartialDate.from_date(EARLIEST) else one for one in found)


def _embargo(item: wire.Embargo | None) -> Embargo | None:
    if item is None or item.embargo_unit is None or item.embargo_value < 1:
        return None
    return Embargo(EmbargoKind.DELAY, UNITS[item.embargo_unit], item.embargo_value)


def _proxy(item: wire.Proxy | None) -> Proxy | None:
    if item is None or item.id is None:
        return None
    return Proxy(enabled=item.id != NO_PROXY, code=item.id)


def _package_hidden(found: wire.PackageAttributes) -> bool:
    if found.visibility is not None:
        places = [one.hidden for one in found.visibility if one.category in READER_CATEGORIES]
        return bool(places) and all(places)
    return bool(found.visibility_data and found.visibility_data.is_hidden)


def user_defined(found: wire.ResourceAttributes) -> UserDefined:
    """Return the five user-defined fields of a resource, "" where one was never filled."""
    return (
        found.user_defined_field1 or "",
        found.user_defined_field2 or "",
        found.user_defined_field3 or "",
        found.user_defined_field4 or "",
        found.user_defined_field5 or "",
    )
