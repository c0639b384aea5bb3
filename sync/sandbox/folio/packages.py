"""The endpoints of packages (facts: folio-eholdings-api §1.1, §2.1)."""

from typing import Any

from starlette.responses import Response

from sync.sandbox.folio import bodies, query, validation
from sync.sandbox.folio.changes import PackageChange
from sync.sandbox.folio.errors import VERSION, VendorError, json_answer
from sync.sandbox.folio.module import Module, Request
from sync.sandbox.folio.records import HIDDEN_EVERYWHERE, NO_COVERAGE, Coverage, Package
from sync.sandbox.folio.render import Json, collection, document, many
from sync.sandbox.folio.schema import read
from sync.sandbox.folio.vendor_lists import Found, Wanted

_FIRST_INCLUDED = 25
_BRIEF = (
    "packageId",
    "name",
    "providerId",
    "providerName",
    "packageType",
    "contentType",
    "customCoverage",
    "isCustom",
    "isSelected",
    "selectedCount",
    "titleCount",
)


def listed(module: Module, request: Request) -> Response:
    """Answer GET /eholdings/packages."""
    asked = query.packages(request.query)
    if asked.tags or asked.access_types:
        return _local(module, asked)
    provider_id = module.customer_provider() if asked.custom_only else None
    return _page(module, module.lists.packages(asked.wanted, provider_id))


def listed_of_provider(module: Module, request: Request) -> Response:
    """Answer GET /eholdings/providers/{id}/packages."""
    (provider_id,) = query.ids_of(request.path["id"], 1, f"Provider id is invalid - {request.path['id']}")
    asked = query.packages(request.query)
    if asked.tags or asked.access_types:
        return _local(module, asked, provider_id)
    return _page(module, module.lists.packages(asked.wanted, provider_id))


def _page(module: Module, found: Found[Package]) -> Response:
    items, total = module.page(found.items, found.total)
    rendered = [module.render.package(package, by_id=False) for package in items]
    for item in rendered:
        module.with_own("packages", item, always=False)
    return json_answer(collection(rendered, total))


def _local(module: Module, asked: query.ListQuery, provider_id: int | None = None) -> Response:
    keys, total = module.local_page("packages", asked, "" if provider_id is None else f"{provider_id}-")
    items = [dict(item) for item in (_cached(module, key) for key in keys) if item is not None]
    for item in items:
        item["attributes"] = dict(item["attributes"])
        module.with_own("packages", item)
    return json_answer(collection(*module.page(items, total)))


def _cached(module: Module, key: str) -> Json | None:
    def fetch() -> Json:
        provider_id, package_id = query.package_ids(key)
        return module.render.package(module.vendor.get_package(provider_id, package_id), by_id=False)

    return module.cached("packages", key, fetch)


def one(module: Module, request: Request) -> Response:
    """Answer GET /eholdings/packages/{id}."""
    provider_id, package_id = query.package_ids(request.path["id"])
    package = module.vendor.get_package(provider_id, package_id)
    return _answer(module, package, request.includes)


def _answer(module: Module, package: Package, includes: frozenset[str] = frozenset()) -> Response:
    item = module.render.package(package, by_id=True)
    included = module.with_own("packages", item)
    if "resources" in includes:
        found = module.lists.resources(package.provider_id, package.id, Wanted(count=_FIRST_INCLUDED, sort="name"))
        resources = [module.render.resource(held, by_id=False) for held in found.items]
        item["relationships"]["resources"] = many("resources", [resource["id"] for resource in resources])
        included += resources
    if "provider" in includes:
        with module.base.quota:
            provider = module.base.live.providers[package.provider_id]
        item["relationships"]["provider"] = {"data": {"type": "providers", "id": str(provider.id)}}
        included.append(module.render.provider(provider, by_id=True))
    return json_answer(document(item, included))


def create(module: Module, request: Request) -> Response:
    """Answer POST /eholdings/packages: with 200."""
    attributes = read(request.body, bodies.package_post(module.switches))["data"]["attributes"]
    validation.package_post(attributes)
    access_type = module.access_type_of(attributes)
    provider_id = module.customer_provider()
    coverage = _coverage(attributes) or NO_COVERAGE
    created = module.vendor.create_package(attributes["name"], attributes["contentType"], coverage)
    package = module.vendor.get_package(provider_id, created.id)
    module.own.set_access_type("packages", module.render.package_key(package), package.name, access_type)
    return _answer(module, package)


def update(module: Module, request: Request) -> Response:
    """Answer PUT /eholdings/packages/{id}: with the package as read again, or 404 when the PUT has deleted it."""
    attributes = read(request.body, bodies.package_put(module.switches))["data"]["attributes"]
    provider_id, package_id = query.package_ids(request.path["id"])
    stored = module.vendor.get_package(provider_id, package_id)
    validation.package_is_custom(attributes, is_custom=stored.is_custom)
    if stored.is_custom:
        validation.custom_package_put(attributes)
    else:
        validation.managed_package_put(attributes)
    access_type = module.access_type_of(attributes)
    module.vendor.update_package(provider_id, package_id, _change(module, attributes, is_custom=stored.is_custom))
    key = module.render.package_key(stored)
    try:
        package = module.vendor.get_package(provider_id, package_id)
    except VendorError as error:
        if error.status == 404:
            module.own.forget("packages", key)
        raise
    module.own.set_access_type("packages", key, package.name, access_type)
    return _answer(module, package)


def _change(module: Module, attributes: Json, *, is_custom: bool) -> PackageChange:
    proxy = attributes.get("proxy") or {}
    alternatives = attributes.get("customAltNames")
    return PackageChange(
        is_selected=attributes.get("isSelected"),
        is_full_package=attributes.get("isFullPackage"),
        name=attributes["name"] if is_custom else None,
        content_type=attributes["contentType"] if is_custom else None,
        coverage=_coverage(attributes),
        hidden=_hidden(module, attributes),
        allow_kb_to_add_titles=None if is_custom else attributes.get("allowKbToAddTitles"),
        token=None if is_custom else (attributes.get("packageToken") or {}).get("value"),
        proxy=proxy.get("id"),
        proxy_inherited=bool(proxy.get("inherited")),
        url=attributes.get("url"),
        display_name=attributes.get("customDisplayName"),
        description=attributes.get("customDescription"),
        alternative_names=None if alternatives is None else tuple(entry["altName"] for entry in alternatives),
        is_free_access=attributes.get("isFreeAccess"),
    )


def _coverage(attributes: Json) -> Coverage | None:
    given: dict[str, Any] | None = attributes.get("customCoverage")
    if given is None:
        return None
    return Coverage(given.get("beginCoverage") or "", given.get("endCoverage") or "")


def _hidden(module: Module, attributes: Json) -> frozenset[str] | None:
    if module.switches.package_visibility == "visibility":
        entries = attributes.get("visibility")
        return None if entries is None else frozenset(one["category"] for one in entries if one["hidden"])
    hidden = (attributes.get("visibilityData") or {}).get("isHidden")
    if hidden is None:
        return None
    return HIDDEN_EVERYWHERE if hidden else frozenset()


def delete(module: Module, request: Request) -> Response:
    """Answer DELETE /eholdings/packages/{id}: with 204."""
    provider_id, package_id = query.package_ids(request.path["id"])
    package = module.vendor.get_package(provider_id, package_id)
    if not package.is_custom:
        raise query.bad("Package cannot be deleted", "Invalid package")
    module.vendor.update_package(provider_id, package_id, PackageChange(is_selected=False))
    module.own.forget("packages", module.render.package_key(package))
    return Response(status_code=204)


def resources(module: Module, request: Request) -> Response:
    """Answer GET /eholdings/packages/{id}/resources."""
    provider_id, package_id = query.package_ids(request.path["id"])
    asked = query.titles(request.query, in_package=True)
    if asked.tags or asked.access_types:
        return _local_resources(module, asked, f"{provider_id}-{package_id}-")
    found = module.lists.resources(provider_id, package_id, asked.wanted)
    items, total = module.page(found.items, found.total, droppable=True)
    rendered = [module.render.resource(held, by_id=False) for held in items]
    for item in rendered:
        item["included"] = module.with_own("resources", item, always=False)
    return json_answer(collection(rendered, total))


def _local_resources(module: Module, asked: query.ListQuery, prefix: str) -> Response:
    keys, total = module.local_page("resources", asked, prefix)
    page = (cached_resource(module, key) for key in keys)
    items = [{**item, "attributes": dict(item["attributes"])} for item in page if item is not None]
    for item in items:
        item["included"] = module.with_own("resources", item)
    return json_answer(collection(*module.page(items, total)))


def cached_resource(module: Module, key: str) -> Json | None:
    """Return a resource as the 24-hour cache has it."""

    def fetch() -> Json:
        provider_id, package_id, title_id = query.ids_of(key, 3, f"Resource id is invalid - {key}")
        return module.render.resource(module.vendor.get_resource(provider_id, package_id, title_id), by_id=True)

    return module.cached("resources", key, fetch)


def put_tags(module: Module, request: Request) -> Response:
    """Answer PUT /eholdings/packages/{id}/tags; whether there is such a package is not asked."""
    attributes = read(request.body, bodies.PACKAGE_TAGS)["data"]["attributes"]
    provider_id, package_id = query.package_ids(request.path["id"])
    validation.tags(attributes, needs_content_type=True)
    tags = attributes["tags"].get("tagList") or []
    module.own.set_tags("packages", f"{provider_id}-{package_id}", attributes["name"], tags)
    return json_answer({"data": {"type": "tags", "attributes": attributes}, "jsonapi": VERSION})


def bulk_fetch(module: Module, request: Request) -> Response:
    """Answer POST /eholdings/packages/bulk/fetch, from the cache."""
    keys: list[str] = read(request.body, bodies.PACKAGE_BULK).get("packages") or []
    found = [(key, _cached(module, key) if fits_java(key) else None) for key in keys]
    return bulk_answer("packages", found, _BRIEF)


def fits_java(key: str) -> bool:
    """Return whether all parts of an id are Java longs; a bulk fetch reports the others as failed."""
    return all(int(part) < 2**63 for part in key.split("-"))


def bulk_answer(kind: str, found: list[tuple[str, Json | None]], brief: tuple[str, ...]) -> Response:
    """Return the answer of a bulk fetch."""
    included = [
        {
            "id": key,
            "type": kind,
            "attributes": {name: item["attributes"][name] for name in brief if name in item["attributes"]},
        }
        for key, item in found
        if item is not None
    ]
    failed = [key for key, item in found if item is None]
    return json_answer({"included": included, "meta": {"failed": {kind: failed}}, "jsonapi": VERSION})
