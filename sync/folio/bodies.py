"""Canonical records as the bodies FOLIO takes (mapping: the FOLIO columns; facts: folio §1.4, §2.1).

A body holds the full set of attributes each time; what is stored is kept where it is not ours.
"""

from collections.abc import Sequence

from sync.folio import wire
from sync.folio.mapping import READER_CATEGORIES, UNITS, ranges, user_defined
from sync.folio.requests import PackagePost, PackagePut, ResourcePost, ResourcePut, TagsPut, TitlePost, TitlePut
from sync.model import (
    CoverageRange,
    Embargo,
    Holding,
    Identifier,
    IdentifierKind,
    Medium,
    Package,
    Proxy,
    Title,
    day_ranges,
)

WIRE_UNITS = {unit: name for name, unit in UNITS.items()}


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
        # an empty one is refused; to take an address off again null is sent (facts: folio §1.4)
        "url": (found.url if package.url is None else package.url) or None,
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
    kept = user_defined(stored.attributes) if stored else (None,) * 5
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


def _custom_coverages(holding: Holding, stored: wire.Resource | None) -> tuple[wire.Coverage, ...]:
    """Return the ranges, none when they are the managed ones: so the knowledge base goes on updating them."""
    managed = day_ranges(ranges(stored.attributes.managed_coverages)) if stored else ()
    if managed and managed == day_ranges(holding.coverage):
        return ()
    return tuple(_wire_coverage(one) for one in holding.coverage)


def _wire_coverage(one: CoverageRange) -> wire.Coverage:
    begin = one.begin.first_day().isoformat() if one.begin else ""
    end = one.end.last_day().isoformat() if one.end else ""
    return wire.Coverage(begin_coverage=begin, end_coverage=end)


def _wire_embargo(embargo: Embargo | None) -> wire.Embargo | None:
    if embargo is None:
        return None
    return wire.Embargo(embargo_unit=WIRE_UNITS[embargo.unit], embargo_value=embargo.value)


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
    for category in READER_CATEGORIES:
        kept[category] = wire.Visibility(category=category, hidden=hidden)
    return tuple(kept.values())
