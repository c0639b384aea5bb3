"""FOLIO's packages, titles and resources in canonical form, and canonical records as the bodies FOLIO takes.

mapping: the FOLIO columns; facts: folio §1.3, §1.5, §2.1, §2.4.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from sync.errors import DataError
from sync.folio import wire
from sync.folio.fit import NO_PROXY
from sync.folio.requests import PackagePost, PackagePut, ResourcePost, ResourcePut, TagsPut, TitlePost, TitlePut
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
    IdentifierKind,
    Medium,
    Package,
    Proxy,
    Record,
    Title,
    UserDefined,
    day_ranges,
    parse_isbn,
    parse_issn,
)
from sync.model.coverage import OPEN_END_YEAR

UNITS = {
    wire.EmbargoUnit.DAYS: EmbargoUnit.DAYS,
    wire.EmbargoUnit.WEEKS: EmbargoUnit.WEEKS,
    wire.EmbargoUnit.MONTHS: EmbargoUnit.MONTHS,
    wire.EmbargoUnit.YEARS: EmbargoUnit.YEARS,
}
WIRE_UNITS = {unit: name for name, unit in UNITS.items()}
MEDIA = {"print": Medium.PRINT, "online": Medium.ONLINE}
VISIBILITY_CATEGORIES = ("PF", "FTF", "MARC")


def package_from_wire(record: wire.Package) -> Package:
    """Return the package. A list does not tell its proxy (None).

    Raises:
        DataError: when a date of its coverage does not exist.
    """
    found = record.attributes
    try:
        coverage = _ranges([found.custom_coverage] if found.custom_coverage else [])
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
        coverage = _ranges(found.custom_coverages or found.managed_coverages)
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
        user_defined=_user_defined(found),
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


def package_post(package: Package) -> PackagePost:
    """Return the body that creates the package. Visibility and proxy follow by a PUT."""
    values = {"name": package.name, "content_type": package.content_type}
    return PackagePost.model_validate({**values, "access_type_id": package.access_type or None})


def package_put(package: Package, stored: wire.Package) -> PackagePut:
    """Return the body that writes the package over `stored`: the full set of attributes, ours changed."""
    found = stored.attributes
    form = wire.package_visibility_form(stored)
    values = {
        "is_custom": bool(found.is_custom),
        "is_selected": True,
        "name": package.name,
        "content_type": package.content_type,
        # without it a managed package would take in all titles, or none: nobody knows which (facts: folio §2.1)
        "is_full_package": found.is_full_package if found.is_custom else False,
        "custom_coverage": found.custom_coverage,
        "allow_kb_to_add_titles": found.allow_kb_to_add_titles,
        "package_token": found.package_token,
        "proxy": _wire_proxy(package.proxy) or _own_proxy(found.proxy),
        "visibility_data": _visibility_data(hidden=package.hidden) if form is wire.VisibilityForm.DATA else None,
        "visibility": _visibility_list(package.hidden, found) if form is wire.VisibilityForm.LIST else None,
        "access_type_id": (package.access_type if package.access_type is not None else stored.access_type_id) or None,
        "url": found.url if package.url is None else package.url,
        "custom_description": found.custom_description if package.description is None else package.description,
        "custom_display_name": found.custom_display_name,
        "custom_alt_names": found.custom_alt_names,
        "is_free_access": found.is_free_access,
    }
    return PackagePut.model_validate(values)


def deselected_package(stored: wire.Package) -> PackagePut:
    """Return the body that deselects a managed package, cleared of what FOLIO demands (facts: folio §2.1)."""
    form = wire.package_visibility_form(stored)
    return PackagePut(
        is_custom=False,
        is_selected=False,
        is_full_package=False,
        access_type_id=None,
        custom_coverage=wire.Coverage(),
        allow_kb_to_add_titles=False,
        visibility_data=_visibility_data(hidden=False) if form is wire.VisibilityForm.DATA else None,
        visibility=() if form is wire.VisibilityForm.LIST else None,
    )


def deselected_resource() -> ResourcePut:
    """Return the body that takes a title out of a managed package, cleared of what FOLIO demands (folio §2.1)."""
    return ResourcePut(
        is_selected=False,
        custom_coverages=(),
        custom_embargo_period=None,
        access_type_id=None,
        coverage_statement="",
        visibility_data=_visibility_data(hidden=False),
        user_defined_field1="",
        user_defined_field2="",
        user_defined_field3="",
        user_defined_field4="",
        user_defined_field5="",
    )


def title_post(title: Title, package_id: str) -> TitlePost:
    """Return the body that creates the custom title in one package."""
    return TitlePost.model_validate({**_title_values(title), "package_id": package_id})


def title_put(title: Title, stored: wire.Title) -> TitlePut:
    """Return the body that writes the custom title over `stored`."""
    values = _title_values(title)
    values["is_peer_reviewed"] = bool(stored.attributes.is_peer_reviewed)
    values["tags"] = stored.attributes.tags.tag_list if stored.attributes.tags else None
    return TitlePut.model_validate(values)


def resource_post(holding: Holding, package_id: str, title_id: str) -> ResourcePost:
    """Return the body that puts the title into the package."""
    return ResourcePost(package_id=package_id, title_id=title_id, url=holding.url or None)


def resource_put(holding: Holding, stored: wire.Resource | None) -> ResourcePut:
    """Return the body that writes the holding over `stored` (None: just created by us, nothing to keep)."""
    kept = _user_defined(stored.attributes) if stored else (None,) * 5
    fields = [text if text is not None else kept[at] for at, text in enumerate(holding.user_defined)]
    kept_access_type = stored.access_type_id if stored else None
    return ResourcePut(
        is_selected=True,
        custom_coverages=_custom_coverages(holding, stored),
        custom_embargo_period=_wire_embargo(holding.embargo),
        access_type_id=(holding.access_type if holding.access_type is not None else kept_access_type) or None,
        url=holding.url,
        coverage_statement=holding.coverage_statement,
        proxy=_wire_proxy(holding.proxy) or (_own_proxy(stored.attributes.proxy) if stored else None),
        visibility_data=_visibility_data(hidden=not holding.available),
        user_defined_field1=fields[0],
        user_defined_field2=fields[1],
        user_defined_field3=fields[2],
        user_defined_field4=fields[3],
        user_defined_field5=fields[4],
    )


def needs_details(holding: Holding) -> bool:
    """Return whether a resource just created, which has its address already, needs a PUT for anything else."""
    return bool(
        holding.coverage
        or holding.embargo
        or holding.coverage_statement
        or holding.proxy
        or holding.access_type
        or any(holding.user_defined)
        or not holding.available
    )


def tags_put(name: str, tags: Sequence[str], content_type: str | None = None) -> TagsPut:
    """Return the body that writes all tags of a package (with its content type) or a resource."""
    return TagsPut.model_validate({"name": name, "tags": tuple(tags), "content_type": content_type})


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
        parse = {"ISSN": parse_issn, "ISBN": parse_isbn}.get(one.type.upper())
        identifier = parse(one.id, medium) if parse else None
        if identifier:
            yield identifier


def _title_values(title: Title) -> dict[str, object]:
    return {
        "name": title.name,
        "publication_type": title.publication_type,
        "publisher_name": title.publisher,
        "edition": title.edition or "",
        "description": title.description or "",
        "contributors": tuple(
            wire.Contributor(type=one.role, contributor=one.name) for one in title.contributors or ()
        ),
        "identifiers": tuple(_wire_identifier(one) for one in title.identifiers),
    }


def _wire_identifier(one: Identifier) -> wire.Identifier:
    subtype = "Print" if one.medium is Medium.PRINT else "Online"
    return wire.Identifier(id=one.value, type="ISBN" if one.kind is IdentifierKind.ISBN else "ISSN", subtype=subtype)


def _ranges(items: Sequence[wire.Coverage]) -> tuple[CoverageRange, ...]:
    days = []
    for item in items:
        if not item.begin_coverage:
            continue
        end = date.fromisoformat(item.end_coverage) if item.end_coverage else None
        days.append(
            DayRange(date.fromisoformat(item.begin_coverage), None if end and end.year >= OPEN_END_YEAR else end)
        )
    return tuple(one.as_coverage() for one in sorted(days, key=lambda one: one.begin, reverse=True))


def _custom_coverages(holding: Holding, stored: wire.Resource | None) -> tuple[wire.Coverage, ...]:
    """Return the ranges, none when they are the managed ones: so the knowledge base goes on updating them."""
    managed = day_ranges(_ranges(stored.attributes.managed_coverages)) if stored else ()
    if managed and managed == day_ranges(holding.coverage):
        return ()
    return tuple(_wire_coverage(one) for one in holding.coverage)


def _wire_coverage(one: CoverageRange) -> wire.Coverage:
    begin = one.begin.first_day().isoformat() if one.begin else ""
    end = one.end.last_day().isoformat() if one.end else ""
    return wire.Coverage(begin_coverage=begin, end_coverage=end)


def _embargo(item: wire.Embargo | None) -> Embargo | None:
    if item is None or item.embargo_unit is None or item.embargo_value < 1:
        return None
    return Embargo(EmbargoKind.DELAY, UNITS[item.embargo_unit], item.embargo_value)


def _wire_embargo(embargo: Embargo | None) -> wire.Embargo | None:
    if embargo is None:
        return None
    return wire.Embargo(embargo_unit=WIRE_UNITS[embargo.unit], embargo_value=embargo.value)


def _proxy(item: wire.Proxy | None) -> Proxy | None:
    if item is None or item.id is None:
        return None
    return Proxy(enabled=item.id != NO_PROXY, code=item.id)


def _wire_proxy(proxy: Proxy | None) -> wire.Proxy | None:
    return wire.Proxy(id=proxy.code, inherited=False) if proxy else None


def _own_proxy(item: wire.Proxy | None) -> wire.Proxy | None:
    """Return a proxy set on the record itself; an inherited one is not written back, else it would stop being so."""
    return item if item and item.inherited is False else None


def _visibility_data(*, hidden: bool) -> wire.VisibilityData:
    return wire.VisibilityData(is_hidden=hidden)


def _visibility_list(hidden: bool, found: wire.PackageAttributes) -> tuple[wire.Visibility, ...]:
    """Hide or show in the places for readers; whether MARC records are exported is another question and stays."""
    kept = {one.category: one for one in found.visibility or ()}
    for category in VISIBILITY_CATEGORIES[:2]:
        kept[category] = wire.Visibility(category=category, hidden=hidden)
    return tuple(kept.values())


def _package_hidden(found: wire.PackageAttributes) -> bool:
    if found.visibility is not None:
        places = [one.hidden for one in found.visibility if one.category in VISIBILITY_CATEGORIES[:2]]
        return bool(places) and all(places)
    return bool(found.visibility_data and found.visibility_data.is_hidden)


def _user_defined(found: wire.ResourceAttributes) -> UserDefined:
    return (
        found.user_defined_field1 or "",
        found.user_defined_field2 or "",
        found.user_defined_field3 or "",
        found.user_defined_field4 or "",
        found.user_defined_field5 or "",
    )
