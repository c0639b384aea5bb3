"""The endpoints of titles (facts: folio-eholdings-api §1.1, §2.1)."""

from starlette.responses import Response

from sync.sandbox.folio import bodies, query, validation
from sync.sandbox.folio.changes import TitleFields
from sync.sandbox.folio.errors import RefusalError, json_answer, plain
from sync.sandbox.folio.module import Module, Request
from sync.sandbox.folio.records import PUBLICATION_TYPES, Contributor, Identifier, Title
from sync.sandbox.folio.render import Json, collection, document
from sync.sandbox.folio.schema import read


def _title_id(request: Request) -> int:
    key = request.path["id"]
    return query.ids_of(key, 1, f"Title id is invalid - {key}")[0]


def listed(module: Module, request: Request) -> Response:
    """Answer GET /eholdings/titles. A title in no package is dropped, and taken off the page's total."""
    asked = query.titles(request.query)
    with_resources = "resources" in request.includes
    if asked.tags or asked.access_types:
        keys, total = module.local_page("titles", asked)
        found = (_cached(module, key, with_resources=with_resources) for key in keys)
        return json_answer(collection(*module.page([item for item in found if item is not None], total)))
    page = module.lists.titles(asked.wanted)
    shelved = [title for title in page.items if module.base.seen.packages_of_title.get(title.id)]
    titles, total = module.page(shelved, page.total - (len(page.items) - len(shelved)), droppable=True)
    items = [_listed(module, title, with_resources=with_resources) for title in titles]
    facets = {"packages": [{"id": one, "name": name, "count": count} for one, name, count in page.facets]}
    return json_answer(collection(items, total, facets=facets))


def _listed(module: Module, title: Title, *, with_resources: bool) -> Json:
    resources = None
    if with_resources:
        resources = [module.render.resource(held, by_id=False) for held in module.base.seen.of_title(title.id)]
    return module.render.listed_title(title, resources)


def _cached(module: Module, key: str, *, with_resources: bool) -> Json | None:
    def fetch() -> Json:
        return _listed(module, module.vendor.get_title(int(key)), with_resources=True)

    item = module.cached("titles", key, fetch)
    if item is None or with_resources:
        return item
    return {**item, "included": []}


def one(module: Module, request: Request) -> Response:
    """Answer GET /eholdings/titles/{id}."""
    title = module.vendor.get_title(_title_id(request))
    return _answer(module, title, with_resources="resources" in request.includes)


def _answer(module: Module, title: Title, *, with_resources: bool = False) -> Response:
    included: list[Json] = []
    if with_resources:
        included = [module.render.resource(held, by_id=True) for held in module.base.live.of_title(title.id)]
        for resource in included:
            module.with_own("resources", resource)
    item = module.render.title(title, [resource["id"] for resource in included] if with_resources else None)
    module.with_own("titles", item)
    return json_answer(document(item, included))


def create(module: Module, request: Request) -> Response:
    """Answer POST /eholdings/titles: with 200 and the title; its resource is `{packageId}-{titleId}`."""
    body = read(request.body, bodies.TITLE_POST)
    attributes = body["data"]["attributes"]
    included = body.get("included") or []
    validation.title_post(attributes, included)
    fields = _fields(attributes)
    provider_id, package_id = query.package_ids(included[0]["attributes"]["packageId"])
    created = module.vendor.create_title(provider_id, package_id, fields)
    title = module.vendor.get_title(created.id)
    _store_tags(module, title, attributes)
    return _answer(module, title)


def update(module: Module, request: Request) -> Response:
    """Answer PUT /eholdings/titles/{id}. Of a managed title only the tags are stored, without a word."""
    attributes = read(request.body, bodies.TITLE_PUT)["data"]["attributes"]
    title_id = _title_id(request)
    validation.title_put(attributes)
    fields = _fields(attributes)
    title = module.vendor.get_title(title_id)
    if title.is_custom:
        module.vendor.update_title(title_id, fields)
        title = module.vendor.get_title(title_id)
    _store_tags(module, title, attributes)
    return _answer(module, title)


def _store_tags(module: Module, title: Title, attributes: Json) -> None:
    tags = attributes.get("tags")
    if tags is not None:
        module.own.set_tags("titles", str(title.id), title.name, tags.get("tagList") or [])


def _fields(attributes: Json) -> TitleFields:
    for name in ("identifiers", "contributors"):
        if name in attributes and attributes[name] is None:
            # a list set to null is more than the module's code expects
            raise RefusalError(plain(400, f"Cannot read the list {name} because it is null"))
    kind = attributes["publicationType"]
    return TitleFields(
        name=attributes["name"],
        publication_type=kind if kind in PUBLICATION_TYPES else None,
        is_peer_reviewed=attributes.get("isPeerReviewed"),
        publisher=attributes.get("publisherName"),
        edition=attributes.get("edition"),
        description=attributes.get("description"),
        contributors=tuple(
            Contributor(one.get("type") or "", one.get("contributor") or "")
            for one in attributes.get("contributors") or []
        ),
        identifiers=tuple(
            Identifier(one["id"], one.get("type") or "", one.get("subtype") or "")
            for one in attributes.get("identifiers") or []
            if one.get("type") and one.get("subtype")
        ),
        user_fields=tuple(attributes.get(name) for name in validation.USER_FIELDS),
    )
