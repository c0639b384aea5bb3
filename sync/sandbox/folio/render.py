"""The shapes of answers: JSON:API as the module writes it (facts: folio-eholdings-api §1.5).

Attributes that are null are left out, empty lists stay. Lists show less than a record by id.
"""

from typing import Any

from sync.sandbox.folio.errors import VERSION
from sync.sandbox.folio.knowledge_base import KnowledgeBase
from sync.sandbox.folio.records import Coverage, Embargo, Held, Package, Provider, Title
from sync.sandbox.folio.switches import FolioSwitches, ProxyKind

Json = dict[str, Any]
_NOT_INCLUDED = {"meta": {"included": False}}
_TOKEN = {"factName": "[[practice.customcode]]", "prompt": "/itweb/", "helpText": "Enter your site id."}


def document(item: Json, included: list[Json] | None = None) -> Json:
    """Return the answer for one record."""
    return {"data": item, "included": included or [], "jsonapi": VERSION}


def collection(items: list[Json], total: int, **more: Any) -> Json:
    """Return the answer for a page of records."""
    return {"data": items, "meta": {"totalResults": total}, **more, "jsonapi": VERSION}


def present(attributes: Json) -> Json:
    """Return the attributes that are not null."""
    return {name: value for name, value in attributes.items() if value is not None}


def many(kind: str, ids: list[str] | None) -> Json:
    """Return a relationship to many records; None: they are not included."""
    data = [{"type": kind, "id": one} for one in ids or []]
    return {"data": data, "meta": {"included": ids is not None}}


def coverage(value: Coverage) -> Json:
    """Return a range of dates."""
    return {"beginCoverage": value.begin, "endCoverage": value.end}


def embargo(value: Embargo) -> Json:
    """Return an embargo; without a unit when there is none."""
    return present({"embargoUnit": value.unit or None, "embargoValue": value.value})


def visibility(hidden: bool, reason: str) -> Json:
    """Return visibilityData."""
    return {"isHidden": hidden, "reason": "Set by system" if reason == "Hidden by EP" else ""}


class Renderer:
    """Makes the JSON of records; counts are those that lists have noticed."""

    def __init__(self, base: KnowledgeBase) -> None:
        self._base = base

    @property
    def _switches(self) -> FolioSwitches:
        return self._base.switches

    # --- providers

    def provider(self, provider: Provider, *, by_id: bool, packages: list[str] | None = None) -> Json:
        """Return a provider."""
        seen = self._base.seen
        own = seen.packages_of_provider.get(provider.id, {})
        token = {**_TOKEN, "value": provider.token} if provider.takes_token else None
        attributes = {
            "name": provider.name,
            "packagesTotal": len(own),
            "packagesSelected": sum(seen.packages[one].is_selected for one in own),
            "providerToken": present(token) if token else None,
            "supportsCustomPackages": provider.id == self._switches.customer_provider_id,
        }
        if by_id:
            own_proxy = provider.proxy is not None
            attributes["proxy"] = {"id": provider.proxy or self._switches.root_proxy, "inherited": not own_proxy}
        relationships = {"packages": many("packages", packages)}
        return _item(str(provider.id), "providers", present(attributes), relationships)

    # --- packages

    def package(self, package: Package, *, by_id: bool, resources: list[str] | None = None) -> Json:
        """Return a package."""
        attributes = self.package_brief(package)
        if self._switches.package_visibility == "visibilityData":
            attributes["visibilityData"] = visibility(bool(package.hidden), package.hidden_reason)
        else:
            attributes.update(_next_attributes(package))
        if by_id:
            attributes["allowKbToAddTitles"] = package.allow_kb_to_add_titles
            if package.token is not None:
                attributes["packageToken"] = {**_TOKEN, "value": package.token}
            inherited = self._base.inherited_proxy(package.provider_id)
            attributes["proxy"] = {"id": package.proxy or inherited, "inherited": package.proxy is None}
        relationships = {"resources": many("resources", resources), "provider": _NOT_INCLUDED}
        return _item(self.package_key(package), "packages", attributes, relationships)

    def package_brief(self, package: Package) -> Json:
        """Return the attributes that a bulk fetch has, too."""
        seen = self._base.seen
        return {
            "packageId": package.id,
            "name": package.name,
            "providerId": package.provider_id,
            "providerName": self._base.live.providers[package.provider_id].name,
            "packageType": package.package_type,
            "contentType": package.content_type,
            "customCoverage": coverage(package.coverage),
            "isCustom": package.is_custom,
            "isSelected": package.is_selected,
            "selectedCount": seen.selected_in_package.get(package.id, 0),
            "titleCount": len(seen.holdings.get(package.id, {})),
        }

    @staticmethod
    def package_key(package: Package) -> str:
        """Return the package's id in FOLIO."""
        return f"{package.provider_id}-{package.id}"

    # --- titles

    def title(self, title: Title, resources: list[str] | None = None) -> Json:
        """Return a title by its id."""
        attributes = {
            **_title_attributes(title),
            "edition": self._text(title.edition),
            "description": self._text(title.description),
            "isPeerReviewed": title.is_peer_reviewed,
            "hasSelectedResources": self._base.seen.selected_of_title.get(title.id, 0) > 0,
        }
        return _item(str(title.id), "titles", present(attributes), {"resources": many("resources", resources)})

    def listed_title(self, title: Title, resources: list[Json] | None) -> Json:
        """Return a title in a list: its relationships are inside the attributes, its resources inside the item."""
        ids = None if resources is None else [one["id"] for one in resources]
        attributes = {**present(_title_attributes(title)), "relationships": {"resources": many("resources", ids)}}
        return {"id": str(title.id), "type": "titles", "attributes": attributes, "included": resources or []}

    # --- resources

    def resource(self, held: Held, *, by_id: bool) -> Json:
        """Return a resource."""
        resource, title, package = held.resource, held.title, held.package
        described = by_id or self._switches.list_includes_description
        attributes = {
            **_title_attributes(title),
            "titleId": title.id,
            "edition": self._text(title.edition) if described else None,
            "description": self._text(title.description) if described else None,
            "isPeerReviewed": title.is_peer_reviewed if by_id else None,
            "titleHasSelectedResources": self._base.seen.selected_of_title.get(title.id, 0) > 0,
            "coverageStatement": self._text(resource.coverage_statement),
            "customEmbargoPeriod": embargo(resource.custom_embargo),
            "isPackageCustom": package.is_custom,
            "isSelected": resource.is_selected,
            "isTokenNeeded": False,
            "locationId": resource.location_id,
            "managedEmbargoPeriod": embargo(resource.managed_embargo),
            "packageId": held.package_key,
            "packageName": package.name,
            "url": self._text(resource.url),
            "providerId": held.provider.id,
            "providerName": held.provider.name,
            "visibilityData": visibility(resource.is_hidden, resource.hidden_reason),
            "managedCoverages": [coverage(one) for one in resource.managed_coverages],
            "customCoverages": [self._custom_coverage(one) for one in resource.custom_coverages],
            "proxy": self._resource_proxy(held) if by_id else None,
        }
        for number, value in enumerate(resource.user_fields, 1):
            attributes[f"userDefinedField{number}"] = self._text(value)
        relationships = {"provider": _NOT_INCLUDED, "title": _NOT_INCLUDED, "package": _NOT_INCLUDED}
        return {**_item(held.key, "resources", present(attributes), relationships), "included": []}

    def resource_brief(self, held: Held) -> Json:
        """Return the attributes of a bulk fetch: the complete list (facts: §1.5)."""
        resource = held.resource
        return present(
            {
                "titleId": held.title.id,
                "name": held.title.name,
                "publicationType": held.title.publication_type,
                "coverageStatement": self._text(resource.coverage_statement),
                "packageId": held.package_key,
                "providerId": held.provider.id,
                "providerName": held.provider.name,
                "managedCoverages": [coverage(one) for one in resource.managed_coverages],
                "customCoverages": [self._custom_coverage(one) for one in resource.custom_coverages],
            }
        )

    def effective_proxy(self, held: Held) -> str:
        """Return the proxy of a resource: its own, or else its package's, provider's or the root proxy."""
        package = held.package
        return held.resource.proxy or package.proxy or self._base.inherited_proxy(package.provider_id)

    def _resource_proxy(self, held: Held) -> Json:
        proxy = self.effective_proxy(held)
        kind = next((one for one in self._switches.proxies if one.id == proxy), None)
        inherited = held.resource.proxy is None
        return present({"id": proxy, "inherited": inherited, "proxiedUrl": _proxied(held.resource.url, kind)})

    def _custom_coverage(self, value: Coverage) -> Json:
        end = value.end or (self._switches.open_end_reads_back if value.begin else "")
        return {"beginCoverage": value.begin, "endCoverage": end}

    def _text(self, value: str | None) -> str | None:
        return None if value == "" and self._switches.empty_text_reads_back == "omitted" else value


def _proxied(url: str | None, kind: ProxyKind | None) -> str | None:
    if not url or kind is None or not kind.url_mask:
        return url or None
    if "{targetURL}" in kind.url_mask:
        return kind.url_mask.replace("{targetURL}", url)
    return kind.url_mask + url


def _item(key: str, kind: str, attributes: Json, relationships: Json) -> Json:
    return {"id": key, "type": kind, "attributes": attributes, "relationships": relationships}


def _title_attributes(title: Title) -> Json:
    return {
        "name": title.name,
        "publisherName": title.publisher,
        "isTitleCustom": title.is_custom,
        "subjects": [{"subject": subject, "type": kind} for subject, kind in title.subjects],
        "identifiers": [{"id": one.id, "subtype": one.subtype, "type": one.type} for one in title.identifiers],
        "publicationType": title.publication_type,
        "contributors": [{"type": one.type, "contributor": one.name} for one in title.contributors],
        "alternateTitles": [{"alternateTitle": name, "titleType": kind} for name, kind in title.alternate_titles],
    }


def _next_attributes(package: Package) -> Json:
    """Return the attributes that the release after v7.0.0 adds (facts: §1.4)."""
    reason = visibility(True, package.hidden_reason)["reason"]
    return present(
        {
            "visibility": [
                {"category": one, "hidden": one in package.hidden, "reason": reason if one in package.hidden else ""}
                for one in ("PF", "FTF", "MARC")
            ],
            "customAltNames": [{"altName": name} for name in package.alternative_names],
            "customDescription": package.description or None,
            "customDisplayName": package.display_name or None,
            "isFreeAccess": package.is_free_access,
            "isAvailableForSelection": True,
            "isPrimaryPackage": False,
            "managedAltNames": [],
            "url": package.url or None,
        }
    )
