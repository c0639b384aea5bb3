"""The endpoints of resources (facts: folio-eholdings-api §1.1, §2.1)."""

from starlette.responses import Response

from sync.sandbox.folio import bodies, query, validation
from sync.sandbox.folio.changes import ResourceChange
from sync.sandbox.folio.errors import VERSION, RefusalError, VendorError, json_answer, plain
from sync.sandbox.folio.module import Module, Request
from sync.sandbox.folio.packages import bulk_answer, cached_resource, fits_java
from sync.sandbox.folio.records import NO_EMBARGO, Coverage, Embargo, Held, folded
from sync.sandbox.folio.render import Json, document
from sync.sandbox.folio.schema import read
from sync.sandbox.folio.vendor_lists import Wanted

_BRIEF = (
    "titleId",
    "name",
    "publicationType",
    "coverageStatement",
    "packageId",
    "providerId",
    "providerName",
    "managedCoverages",
    "customCoverages",
)
_DUPLICATES_LOOKED_AT = 100


def _ids(request: Request) -> list[int]:
    key = request.path["id"]
    return query.ids_of(key, 3, f"Resource id is invalid - {key}")


def one(module: Module, request: Request) -> Response:
    """Answer GET /eholdings/resources/{id}."""
    held = module.vendor.get_resource(*_ids(request))
    return _answer(module, held, request.includes)


def _answer(module: Module, held: Held, includes: frozenset[str] = frozenset()) -> Response:
    render = module.render
    item = render.resource(held, by_id=True)
    included: list[Json] = []
    relationships = item["relationships"] = dict(item["relationships"])
    if "title" in includes:
        relationships["title"] = {"data": {"type": "titles", "id": str(held.title.id)}}
        included.append(render.title(held.title))
    if "provider" in includes:
        with module.base.quota:
            relationships["provider"] = {"data": {"type": "providers", "id": str(held.provider.id)}}
            included.append(render.provider(held.provider, by_id=True))
    if "package" in includes:
        package = module.vendor.get_package(held.provider.id, held.package.id)
        relationships["package"] = {"data": {"type": "packages", "id": held.package_key}}
        included.append(render.package(package, by_id=True))
    included += module.with_own("resources", item)
    return json_answer(document(item, included))


def create(module: Module, request: Request) -> Response:
    """Answer POST /eholdings/resources: with 200. Five calls to EBSCO."""
    attributes = read(request.body, bodies.RESOURCE_POST)["data"]["attributes"]
    validation.resource_post(attributes)
    provider_id, package_id = query.package_ids(attributes["packageId"])
    (title_id,) = query.ids_of(attributes["titleId"], 1, f"Title id is invalid - {attributes['titleId']}")
    title = module.vendor.get_title(title_id)
    package = module.vendor.get_package(provider_id, package_id)
    if not package.is_custom:
        raise validation.invalid("Invalid PackageId", "Packageid Cannot associate Title with a managed Package")
    same_name = Wanted(text=folded(title.name), count=_DUPLICATES_LOOKED_AT)
    if any(held.title.id == title_id for held in module.lists.resources(provider_id, package_id, same_name).items):
        raise validation.invalid("Invalid Title", "Package already associated with Title")
    module.vendor.add_resource(provider_id, package_id, title_id, attributes.get("url") or None)
    return _answer(module, module.vendor.get_resource(provider_id, package_id, title_id, own=True))


def update(module: Module, request: Request) -> Response:
    """Answer PUT /eholdings/resources/{id}: with the resource as read again, or 404 when the PUT has removed it."""
    attributes = read(request.body, bodies.RESOURCE_PUT)["data"]["attributes"]
    ids = _ids(request)
    held = module.vendor.get_resource(*ids)
    if attributes["isSelected"] and "customCoverages" in attributes and attributes["customCoverages"] is None:
        # a list set to null is more than the module's code expects
        raise RefusalError(plain(500, "Internal Server Error"))
    validation.resource_put(attributes, title_is_custom=held.title.is_custom)
    access_type = module.access_type_of(attributes)
    module.vendor.update_resource(held, _change(module, held, attributes))
    module.forget_cached("titles", str(held.title.id))
    try:
        changed = module.vendor.get_resource(*ids, own=True)
    except VendorError as error:
        if error.status == 404:
            module.own.forget("resources", held.key)
            error.message = "Title is no longer in this package."
        raise
    module.own.set_access_type("resources", held.key, held.title.name, access_type)
    return _answer(module, changed)


def _change(module: Module, held: Held, attributes: Json) -> ResourceChange:
    """Return what the module sends: what is left out keeps its value, but for coverage and embargo, which go."""
    stored = held.resource
    embargo = attributes.get("customEmbargoPeriod") or {}
    value = embargo.get("embargoValue") or 0
    hidden = (attributes.get("visibilityData") or {}).get("isHidden")
    sent_fields = (attributes.get(name) for name in validation.USER_FIELDS)
    return ResourceChange(
        is_selected=attributes["isSelected"],
        is_hidden=stored.is_hidden if hidden is None else hidden,
        coverage_statement=_kept(attributes.get("coverageStatement"), stored.coverage_statement),
        custom_embargo=Embargo(embargo.get("embargoUnit") or "", value) if value > 0 else NO_EMBARGO,
        custom_coverages=tuple(
            Coverage(one.get("beginCoverage") or "", one.get("endCoverage") or "")
            for one in attributes.get("customCoverages") or []
        ),
        url=_kept(attributes.get("url"), stored.url),
        # always sent as the resource's own: an inherited proxy is not inherited after any PUT
        proxy=(attributes.get("proxy") or {}).get("id") or module.render.effective_proxy(held),
        user_fields=tuple(_kept(sent, old) for sent, old in zip(sent_fields, stored.user_fields, strict=True)),
    )


def _kept(sent: str | None, stored: str | None) -> str | None:
    return stored if sent is None else sent


def delete(module: Module, request: Request) -> Response:
    """Answer DELETE /eholdings/resources/{id}: with 204."""
    held = module.vendor.get_resource(*_ids(request))
    if not held.package.is_custom:
        raise query.bad("Resource cannot be deleted", "Resource is not in a custom package")
    module.vendor.update_resource(held, ResourceChange(is_selected=False))
    module.own.forget("resources", held.key)
    return Response(status_code=204)


def put_tags(module: Module, request: Request) -> Response:
    """Answer PUT /eholdings/resources/{id}/tags; whether there is such a resource is not asked."""
    attributes = read(request.body, bodies.OTHER_TAGS)["data"]["attributes"]
    key = "-".join(str(number) for number in _ids(request))
    validation.tags(attributes, needs_content_type=False)
    module.own.set_tags("resources", key, attributes["name"], attributes["tags"].get("tagList") or [])
    return json_answer({"data": {"type": "tags", "attributes": attributes}, "jsonapi": VERSION})


def bulk_fetch(module: Module, request: Request) -> Response:
    """Answer POST /eholdings/resources/bulk/fetch, from the cache."""
    keys: list[str] = read(request.body, bodies.RESOURCE_BULK).get("resources") or []
    found = [(key, cached_resource(module, key) if fits_java(key) else None) for key in keys]
    return bulk_answer("resources", found, _BRIEF)
